//! SPDX 3.0: what each class of the graph must say, and whether references lead anywhere.

use super::super::{Report, Severity};
use crate::json::{Node, Pointer};
use std::collections::BTreeMap;

/// Members that a class must have (SPDX 3.0.1, properties of least count one); classes of elements also need
/// `spdxId` and `creationInfo`.
const MUST: &[(&str, &[&str])] = &[
    ("Annotation", &["annotationType", "subject"]),
    ("CreationInfo", &["specVersion", "created", "createdBy"]),
    ("ExternalIdentifier", &["externalIdentifierType", "identifier"]),
    ("ExternalMap", &["externalSpdxId"]),
    ("Hash", &["algorithm", "hashValue"]),
    ("LifecycleScopedRelationship", &["from", "relationshipType"]),
    ("NamespaceMap", &["prefix", "namespace"]),
    ("Relationship", &["from", "relationshipType"]),
    ("simplelicensing_LicenseExpression", &["simplelicensing_licenseExpression"]),
    ("software_File", &["name"]),
    ("software_Package", &["name"]),
    ("software_Snippet", &["software_snippetFromFile"]),
];
/// Classes that are no elements: they have no `spdxId`.
const PLAIN: [&str; 8] = [
    "CreationInfo",
    "DictionaryEntry",
    "ExternalIdentifier",
    "ExternalMap",
    "ExternalRef",
    "Hash",
    "NamespaceMap",
    "PackageVerificationCode",
];
/// Members that refer to other elements.
const REFERENCES: [&str; 12] = [
    "from",
    "to",
    "rootElement",
    "element",
    "suppliedBy",
    "originatedBy",
    "createdBy",
    "createdUsing",
    "creationInfo",
    "subject",
    "software_snippetFromFile",
    "verifiedBy",
];

/// Judges the graph.
pub(super) fn judge(graph: &[Node<'_>], report: &mut Report) {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, one) in graph.iter().enumerate() {
        let id = one.text_of("spdxId").or_else(|| one.text_of("@id"));
        if let Some(id) = id
            && let Some(first) = known.insert(id, index)
        {
            let why = format!("\"{id}\" names something else already, /@graph/{first}");
            report.error("spdxId", Pointer::of(&["@graph"]).index(index), why);
        }
    }
    // What other documents hold is named by the document's list of imports.
    let imported: Vec<&str> = graph
        .iter()
        .flat_map(|one| one.list_of("import"))
        .filter_map(|map| map.text_of("externalSpdxId"))
        .collect();
    for (index, one) in graph.iter().enumerate() {
        let at = Pointer::of(&["@graph"]).index(index);
        members(one, &at, report);
        for name in REFERENCES {
            let node = one.of(name);
            let ids = node.text().into_iter().chain(node.list().iter().filter_map(Node::text));
            for id in ids.filter(|id| !known.contains_key(id) && !imported.contains(id)) {
                reference(id, &at.member(name), report);
            }
        }
    }
}

fn members(one: &Node<'_>, at: &Pointer, report: &mut Report) {
    let kind = one.text_of("type").or_else(|| one.text_of("@type")).unwrap_or_default();
    if kind.is_empty() {
        return report.error("schema", at, "\"type\" is missing");
    }
    let must = MUST.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, must)| must);
    let element: &[&str] = if PLAIN.contains(&kind) { &[] } else { &["spdxId", "creationInfo"] };
    for name in must.iter().chain(element) {
        let aliased = *name == "spdxId" && one.get("@id").is_some();
        if one.get(name).is_none() && !aliased {
            report.error("schema", at, format!("\"{name}\" is missing, which a {kind} must have"));
        }
    }
    for list in ["verifiedUsing", "externalIdentifier", "import", "namespaceMap"] {
        for (index, inner) in one.list_of(list).iter().enumerate().filter(|(_, inner)| inner.is_map()) {
            let kind = inner.text_of("type").unwrap_or_default();
            let must = MUST.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, must)| must);
            for name in must.iter().filter(|name| inner.get(name).is_none()) {
                report.error(
                    "schema",
                    at.member(list).index(index),
                    format!("\"{name}\" is missing, which a {kind} must have"),
                );
            }
        }
    }
}

/// A name that is local to the document (`_:`) leads nowhere; another one may be known elsewhere.
fn reference(id: &str, at: &Pointer, report: &mut Report) {
    // Individuals of the model itself, in full or by their short names.
    if id.contains("spdx.org/rdf/") || matches!(id, "NoAssertionElement" | "NoneElement" | "SpdxOrganization")
    {
        return;
    }
    let why = format!("\"{}\" names nothing in this document", id.chars().take(100).collect::<String>());
    if id.starts_with("_:") {
        report.error("spdxId", at, why);
    } else {
        report.tell(Severity::Warning, "spdxId", at, why);
    }
}
