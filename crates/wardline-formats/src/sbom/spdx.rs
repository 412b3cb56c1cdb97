//! SPDX 2.x (ISO/IEC 5962): JSON and YAML as a tree, and tag-value.

use super::{Builder, Component, Sbom, Unread, tags};
use crate::json::{Node, Pointer};

/// What says nothing.
fn said(text: &str) -> &str {
    if matches!(text, "NOASSERTION" | "NONE") { "" } else { text }
}

/// `Organization: Acme ()` is Acme.
fn party(text: &str) -> String {
    let text = said(text);
    let name = text.split_once(':').map_or(text, |(_, name)| name).trim();
    name.split_once(" (").map_or(name, |(name, _)| name).trim().to_owned()
}

/// Whether a relationship leads from the whole to the part (`Some(true)`), the other way round, or is none of these.
fn direction(kind: &str) -> Option<bool> {
    match kind {
        "CONTAINS" | "DEPENDS_ON" | "DESCRIBES" | "DYNAMIC_LINK" | "STATIC_LINK" | "HAS_PREREQUISITE"
        | "GENERATED_FROM" => Some(true),
        "CONTAINED_BY"
        | "DEPENDENCY_OF"
        | "DESCRIBED_BY"
        | "PREREQUISITE_FOR"
        | "PACKAGE_OF"
        | "OPTIONAL_COMPONENT_OF"
        | "BUILD_DEPENDENCY_OF"
        | "DEV_DEPENDENCY_OF"
        | "OPTIONAL_DEPENDENCY_OF"
        | "PROVIDED_DEPENDENCY_OF"
        | "RUNTIME_DEPENDENCY_OF"
        | "TEST_DEPENDENCY_OF"
        | "GENERATES" => Some(false),
        _ => None,
    }
}

/// Takes a relationship; the document's own id is no component, and says what it is about.
fn relate(
    [from, kind, to]: [&str; 3],
    document: &str,
    place: &str,
    about: &mut Vec<String>,
    builder: &mut Builder,
) -> Result<(), Unread> {
    let (whole, part) = match direction(kind) {
        Some(true) => (from, to),
        Some(false) => (to, from),
        None => return Ok(()),
    };
    if whole == document {
        about.push(part.to_owned());
        return Ok(());
    }
    // Files are no components; they and what other documents hold are not looked for.
    if matches!(part, "NOASSERTION" | "NONE") { Ok(()) } else { builder.relate(whole, part, place) }
}

pub(super) fn of_tree(root: &Node<'_>) -> Result<Sbom, Unread> {
    let mut builder = Builder::default();
    builder.sbom.format = "spdx";
    root.text_of("spdxVersion")
        .unwrap_or_default()
        .trim_start_matches("SPDX-")
        .clone_into(&mut builder.sbom.format_version);
    builder.sbom.serial = root.owned("documentNamespace");
    builder.sbom.timestamp = root.of("creationInfo").owned("created");
    builder.sbom.authors = root.of("creationInfo").texts_of("creators").map(party).collect();
    for (index, one) in root.list_of("packages").iter().enumerate() {
        let at = Pointer::of(&["packages"]).index(index);
        let references = one.list_of("externalRefs");
        let of_kind = |begins: &'static str| {
            references.iter().filter(move |r| {
                r.text_of("referenceType")
                    .is_some_and(|kind| kind.rsplit('/').next().is_some_and(|kind| kind.starts_with(begins)))
            })
        };
        let supplier =
            ["supplier", "originator"].iter().map(|name| party(one.text_of(name).unwrap_or_default()));
        let supplier = supplier.into_iter().find(|name| !name.is_empty());
        let hashes =
            one.list_of("checksums").iter().map(|sum| (sum.owned("algorithm"), sum.owned("checksumValue")));
        builder.add(Component {
            reference: one.owned("SPDXID"),
            name: one.owned("name"),
            version: said(one.text_of("versionInfo").unwrap_or_default()).to_owned(),
            supplier: supplier.unwrap_or_default(),
            purl: of_kind("purl").next().map(|r| r.owned("referenceLocator")).unwrap_or_default(),
            cpes: of_kind("cpe").map(|r| r.owned("referenceLocator")).collect(),
            hashes: hashes.collect(),
            place: at.to_string(),
        })?;
    }
    let mut about: Vec<String> = root.texts_of("documentDescribes").map(str::to_owned).collect();
    let document = root.text_of("SPDXID").unwrap_or("SPDXRef-DOCUMENT");
    for (index, one) in root.list_of("relationships").iter().enumerate() {
        let place = Pointer::of(&["relationships"]).index(index).to_string();
        let text = |name: &str| one.text_of(name).unwrap_or_default();
        let said = [text("spdxElementId"), text("relationshipType"), text("relatedSpdxElement")];
        relate(said, document, &place, &mut about, &mut builder)?;
    }
    Ok(finish(builder, &about))
}

/// Several things described are each a beginning; one is the subject.
fn finish(mut builder: Builder, about: &[String]) -> Sbom {
    let mut subjects: Vec<usize> = about.iter().filter_map(|id| builder.known.get(id)).copied().collect();
    subjects.sort_unstable();
    subjects.dedup();
    builder.sbom.subject = match subjects.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    builder.finish()
}

/// Reads tag-value.
pub(super) fn of_tags(text: &str) -> Result<Sbom, Unread> {
    let mut builder = Builder::default();
    builder.sbom.format = "spdx";
    let mut about = Vec::new();
    let mut open: Option<Component> = None;
    let mut in_file = false;
    for tag in tags(text) {
        match (tag.name, tag.value) {
            ("SPDXVersion", value) => {
                value.trim_start_matches("SPDX-").clone_into(&mut builder.sbom.format_version);
            }
            ("DocumentNamespace", value) => value.clone_into(&mut builder.sbom.serial),
            ("Created", value) => value.clone_into(&mut builder.sbom.timestamp),
            ("Creator", value) => builder.sbom.authors.push(party(value)),
            ("PackageName", value) => {
                in_file = false;
                let place = format!("{}:1", tag.line);
                let next = Component { name: value.to_owned(), place, ..Component::default() };
                if let Some(done) = open.replace(next) {
                    builder.add(done)?;
                }
            }
            ("FileName" | "SnippetSPDXID" | "LicenseID", _) => in_file = true,
            ("Relationship", value) => {
                let mut words = value.split_whitespace();
                let mut next = || words.next().unwrap_or_default();
                let said = [next(), next(), next()];
                relate(said, "SPDXRef-DOCUMENT", &format!("{}:1", tag.line), &mut about, &mut builder)?;
            }
            (name, value) if !in_file => {
                open.iter_mut().for_each(|component| package(component, name, value));
            }
            _ => {}
        }
    }
    if let Some(done) = open {
        builder.add(done)?;
    }
    Ok(finish(builder, &about))
}

fn package(component: &mut Component, name: &str, value: &str) {
    match name {
        "SPDXID" => value.clone_into(&mut component.reference),
        "PackageVersion" => said(value).clone_into(&mut component.version),
        "PackageSupplier" => component.supplier = party(value),
        "PackageOriginator" if component.supplier.is_empty() => component.supplier = party(value),
        "PackageChecksum" => {
            component
                .hashes
                .extend(value.split_once(':').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned())));
        }
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            match (words.next(), words.next()) {
                (Some("purl"), Some(locator)) => locator.clone_into(&mut component.purl),
                (Some(kind), Some(locator)) if kind.starts_with("cpe") => {
                    component.cpes.push(locator.to_owned());
                }
                _ => {}
            }
        }
        _ => {}
    }
}
