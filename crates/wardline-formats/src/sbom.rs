//! Software bills of materials as one model, whatever wrote them: CycloneDX 1.0 to 1.7 (JSON, XML), SPDX 2.x (JSON,
//! YAML, tag-value) and SPDX 3.0 (JSON-LD).
//!
//! In: the text of a document. Out: an [`Sbom`]: components with what identifies them and their place, and edges from
//! a whole to its part or from what needs to what is needed. From these: how complete it is by the minimum elements
//! of the NTIA (2021), the way from the device to a component, what changed since another version, and where a
//! component is in many documents ([`find::Index`]). Licences are left aside.
//!
//! Limits: [`COMPONENTS_MAX`], [`EDGES_MAX`]. Edges may form circles; every walk visits a component once.

pub mod compare;
mod cyclonedx;
pub mod find;
mod spdx;
mod spdx3;
mod tags;

pub(crate) use tags::{Tag, tags};

use crate::json::{self, Node};
use std::collections::{BTreeSet, HashMap, VecDeque};
use thiserror::Error;

/// Components of one document: operating systems of devices have some ten thousand packages.
pub const COMPONENTS_MAX: usize = 500_000;
/// Edges of one document.
pub const EDGES_MAX: usize = 4_000_000;

/// A component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// How the document refers to it; empty when it cannot.
    pub reference: String,
    /// Its name, with the group or namespace before it where the format has one.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who supplies it.
    pub supplier: String,
    /// Package URL.
    pub purl: String,
    /// CPE names.
    pub cpes: Vec<String>,
    /// Hashes: algorithm and value.
    pub hashes: Vec<(String, String)>,
    /// JSON Pointer, or line and column, of where it stands.
    pub place: String,
}

/// A bill of materials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbom {
    /// `cyclonedx` or `spdx`.
    pub format: &'static str,
    /// Version of the format.
    pub format_version: String,
    /// The document's own identifier.
    pub serial: String,
    /// Who or what made the document.
    pub authors: Vec<String>,
    /// When, as written.
    pub timestamp: String,
    /// What it is about: a place in the components.
    pub subject: Option<usize>,
    /// All components, nested ones too.
    pub components: Vec<Component>,
    /// Places in the components: the whole or what needs, and the part or what is needed. Sorted, each once.
    pub edges: Vec<(usize, usize)>,
    /// Edges that name a component that is not there.
    pub loose: usize,
}

/// Why a document is no bill of materials that is read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place}: {why}")]
pub struct Unread {
    /// Line and column, or a JSON Pointer.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

impl Unread {
    #[expect(clippy::needless_pass_by_value, reason = "places are made for this and for nothing else")]
    fn new(place: impl ToString, why: impl Into<String>) -> Self {
        Self { place: place.to_string(), why: why.into() }
    }
}

/// Reads a document of any of the formats.
///
/// # Errors
/// When it is none of them, stops in the middle, or has more than the limits.
pub fn read(bytes: &[u8]) -> Result<Sbom, Unread> {
    let none = || Unread::new("1:1", "no bill of materials: neither CycloneDX nor SPDX");
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {
            let tree =
                json::parse(bytes).map_err(|fault| Unread::new(json::place(bytes, fault.at), fault.why))?;
            of_tree(&tree.root)?.ok_or_else(none)
        }
        Some(b'<') => {
            let root = crate::inspect::xml_root(bytes).map_err(|(place, why)| Unread::new(place, why))?;
            if root.name == "bom" { cyclonedx::of_xml(&root, bytes) } else { Err(none()) }
        }
        _ => {
            let text = String::from_utf8_lossy(bytes);
            if text.contains("SPDXVersion:") {
                return spdx::of_tags(&text);
            }
            let yaml = if text.contains("spdxVersion:") { crate::yaml::parse(&text).ok() } else { None };
            yaml.as_ref().map_or_else(|| Err(none()), |root| of_tree(root)?.ok_or_else(none))
        }
    }
}

/// Reads a document that is a tree already; nothing when it is no bill of materials.
///
/// # Errors
/// When it has more than the limits.
pub fn of_tree(root: &Node<'_>) -> Result<Option<Sbom>, Unread> {
    if root.get("bomFormat").is_some() {
        cyclonedx::of_tree(root).map(Some)
    } else if root.get("spdxVersion").is_some() {
        spdx::of_tree(root).map(Some)
    } else if root.get("@graph").is_some() {
        spdx3::of_tree(root).map(Some)
    } else {
        Ok(None)
    }
}

/// Reads a document of XML that is a tree already.
pub(crate) fn of_xml(root: &crate::inspect::Element, bytes: &[u8]) -> Result<Sbom, Unread> {
    cyclonedx::of_xml(root, bytes)
}

/// A document while it is read: edges are named before what they name is known.
#[derive(Default)]
struct Builder {
    sbom: Sbom,
    known: HashMap<String, usize>,
    named: Vec<(String, String)>,
}

impl Builder {
    fn add(&mut self, component: Component) -> Result<usize, Unread> {
        let index = self.sbom.components.len();
        if index >= COMPONENTS_MAX {
            return Err(Unread::new(component.place, "more than 500000 components"));
        }
        if !component.reference.is_empty() {
            self.known.entry(component.reference.clone()).or_insert(index);
        }
        self.sbom.components.push(component);
        Ok(index)
    }

    fn relate(&mut self, from: &str, to: &str, place: impl ToString) -> Result<(), Unread> {
        if self.named.len() >= EDGES_MAX {
            return Err(Unread::new(place, "more than 4000000 relationships"));
        }
        self.named.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn finish(mut self) -> Sbom {
        for (from, to) in &self.named {
            match (self.known.get(from), self.known.get(to)) {
                (Some(from), Some(to)) if from != to => self.sbom.edges.push((*from, *to)),
                (Some(_), Some(_)) => {}
                _ => self.sbom.loose = self.sbom.loose.saturating_add(1),
            }
        }
        self.sbom.edges.sort_unstable();
        self.sbom.edges.dedup();
        self.sbom
    }
}

/// How complete a document is by the minimum elements of the NTIA, and beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Components.
    pub components: usize,
    /// With a name.
    pub named: usize,
    /// With a version.
    pub versioned: usize,
    /// With a supplier.
    pub supplied: usize,
    /// With a package URL or a CPE name.
    pub identified: usize,
    /// That stand in a relationship.
    pub related: usize,
    /// With a hash; recommended, not of the seven.
    pub hashed: usize,
    /// How many steps the furthest component is from what the document is about.
    pub depth: usize,
    /// Whether it says who made the document.
    pub author: bool,
    /// Whether it says when.
    pub timestamp: bool,
}

impl Completeness {
    /// The mean of the seven minimum elements, in percent, rounded down: 100 only when nothing is missing.
    #[must_use]
    pub fn percent(&self) -> usize {
        let share = |count: usize| count.saturating_mul(1_000_000).checked_div(self.components).unwrap_or(0);
        let shares = [self.named, self.versioned, self.supplied, self.identified, self.related].map(share);
        let said = [self.author, self.timestamp].map(|said| if said { 1_000_000 } else { 0 });
        let sum = shares.into_iter().chain(said).fold(0_usize, usize::saturating_add);
        // A share is cut, so that seven whole ones and nothing else give a hundred.
        sum / 70_000
    }
}

impl Sbom {
    /// How complete it is.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        let count = |has: fn(&Component) -> bool| self.components.iter().filter(|one| has(one)).count();
        let related: BTreeSet<usize> = self.edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
        let ways = self.ways();
        Completeness {
            components: self.components.len(),
            named: count(|one| !one.name.is_empty()),
            versioned: count(|one| !one.version.is_empty()),
            supplied: count(|one| !one.supplier.is_empty()),
            identified: count(|one| !one.purl.is_empty() || !one.cpes.is_empty()),
            related: related.len(),
            hashed: count(|one| !one.hashes.is_empty()),
            depth: ways.steps.iter().flatten().copied().max().unwrap_or(0),
            author: !self.authors.is_empty(),
            timestamp: !self.timestamp.is_empty(),
        }
    }

    /// The shortest way to each component from what the document is about, else from what nothing else needs.
    #[must_use]
    pub fn ways(&self) -> Ways {
        let count = self.components.len();
        let mut ways = Ways { before: vec![None; count], steps: vec![None; count] };
        let mut needed = vec![false; count];
        for (_, to) in &self.edges {
            needed.get_mut(*to).into_iter().for_each(|needed| *needed = true);
        }
        let mut queue: VecDeque<usize> = match self.subject {
            Some(subject) => VecDeque::from([subject]),
            None => {
                needed.iter().enumerate().filter(|(_, needed)| !**needed).map(|(index, _)| index).collect()
            }
        };
        for root in &queue {
            ways.steps.get_mut(*root).into_iter().for_each(|steps| *steps = Some(0));
        }
        while let Some(from) = queue.pop_front() {
            let steps = ways.steps.get(from).copied().flatten().unwrap_or(0).saturating_add(1);
            for to in self.parts(from) {
                if let (Some(slot @ None), Some(before)) = (ways.steps.get_mut(to), ways.before.get_mut(to)) {
                    *slot = Some(steps);
                    *before = Some(from);
                    queue.push_back(to);
                }
            }
        }
        ways
    }

    /// What a component has or needs.
    pub fn parts(&self, of: usize) -> impl Iterator<Item = usize> {
        let start = self.edges.partition_point(|(from, _)| *from < of);
        self.edges.iter().skip(start).take_while(move |(from, _)| *from == of).map(|(_, to)| *to)
    }
}

/// Ways to components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    before: Vec<Option<usize>>,
    steps: Vec<Option<usize>>,
}

impl Ways {
    /// The components from the beginning to one, both included; only itself when no way leads there.
    #[must_use]
    pub fn to(&self, component: usize) -> Vec<usize> {
        let mut way = vec![component];
        let mut at = component;
        while let Some(before) =
            self.before.get(at).copied().flatten().filter(|_| way.len() <= self.before.len())
        {
            way.push(before);
            at = before;
        }
        way.reverse();
        way
    }
}

/// A name with its group before it.
fn grouped(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") }
}

#[cfg(test)]
mod tests;
