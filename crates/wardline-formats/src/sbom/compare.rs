//! What changed between two bills of materials of one product.

use super::{Component, Sbom};
use std::collections::{BTreeMap, BTreeSet};

/// A component whose versions are other ones now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The component's name.
    pub name: String,
    /// Versions that were there and are not.
    pub before: Vec<String>,
    /// Versions that are there and were not.
    pub after: Vec<String>,
}

/// The difference, each list by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Components that were not there: name and version.
    pub added: Vec<(String, String)>,
    /// Components that are not there any more: name and version.
    pub removed: Vec<(String, String)>,
    /// Components of other versions.
    pub changed: Vec<Change>,
    /// How many components are the same.
    pub same: usize,
}

/// What makes a component the same one in another version: its package URL or CPE name without version, else its name.
#[must_use]
pub fn identity(component: &Component) -> String {
    if !component.purl.is_empty() {
        let plain = component.purl.split(['?', '#']).next().unwrap_or_default();
        let slash = plain.rfind('/').unwrap_or(0);
        let at = plain.rfind('@').filter(|at| *at > slash).unwrap_or(plain.len());
        return plain.get(..at).unwrap_or(plain).to_lowercase();
    }
    let cpe = component.cpes.first().map(|cpe| {
        let parts = cpe.strip_prefix("cpe:2.3:").or_else(|| cpe.strip_prefix("cpe:/")).unwrap_or(cpe);
        format!("cpe:{}", parts.split(':').take(3).collect::<Vec<_>>().join(":"))
    });
    cpe.unwrap_or_else(|| component.name.trim().to_lowercase())
}

/// What changed from one document to a later one.
#[must_use]
pub fn compare(before: &Sbom, after: &Sbom) -> Difference {
    let (old, new) = (versions(before), versions(after));
    let mut difference = Difference::default();
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = (String::new(), BTreeSet::new());
    for key in keys {
        let (old_name, old) = old.get(key).unwrap_or(&none);
        let (new_name, new) = new.get(key).unwrap_or(&none);
        let gone: Vec<String> = old.difference(new).cloned().collect();
        let come: Vec<String> = new.difference(old).cloned().collect();
        difference.same = difference.same.saturating_add(old.intersection(new).count());
        if !gone.is_empty() && !come.is_empty() {
            difference.changed.push(Change { name: new_name.clone(), before: gone, after: come });
            continue;
        }
        difference.removed.extend(gone.into_iter().map(|version| (old_name.clone(), version)));
        difference.added.extend(come.into_iter().map(|version| (new_name.clone(), version)));
    }
    difference.added.sort();
    difference.removed.sort();
    difference.changed.sort_by(|a, b| a.name.cmp(&b.name));
    difference
}

/// The versions of each component; what the document is about is no component of itself.
fn versions(sbom: &Sbom) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut all: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for (index, one) in sbom.components.iter().enumerate() {
        if Some(index) != sbom.subject {
            let (name, versions) = all.entry(identity(one)).or_default();
            one.name.clone_into(name);
            versions.insert(one.version.clone());
        }
    }
    all
}
