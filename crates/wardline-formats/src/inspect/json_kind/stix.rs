//! STIX 2.x: what each kind of object must say, times in order, references of the right kind, patterns that parse.

use super::super::{Report, Severity};
use super::pattern;
use crate::json::{Node, Pointer};
use std::collections::BTreeSet;

/// What each kind of STIX object must say beside its type and id (STIX 2.1, sections 4 to 6).
const STIX_MUST: &[(&str, &[&str])] = &[
    ("attack-pattern", &["name"]),
    ("campaign", &["name"]),
    ("course-of-action", &["name"]),
    ("grouping", &["context", "object_refs"]),
    ("identity", &["name"]),
    ("incident", &["name"]),
    ("indicator", &["pattern", "pattern_type", "valid_from"]),
    ("infrastructure", &["name"]),
    ("intrusion-set", &["name"]),
    ("location", &[]),
    ("malware", &["is_family"]),
    ("malware-analysis", &["product"]),
    ("note", &["content", "object_refs"]),
    ("observed-data", &["first_observed", "last_observed", "number_observed"]),
    ("opinion", &["opinion", "object_refs"]),
    ("report", &["name", "published", "object_refs"]),
    ("threat-actor", &["name"]),
    ("tool", &["name"]),
    ("vulnerability", &["name"]),
    ("relationship", &["relationship_type", "source_ref", "target_ref"]),
    ("sighting", &["sighting_of_ref"]),
    ("language-content", &["object_ref", "contents"]),
];

/// Judges a bundle or an object alone.
pub(super) fn inspect(root: &Node<'_>) -> Report {
    let mut report = Report::new("stix");
    let bundle = root.text_of("type") == Some("bundle");
    let objects = if bundle { root.list_of("objects") } else { std::slice::from_ref(root) };
    let versions =
        objects.iter().filter_map(|one| one.text_of("spec_version")).chain(root.text_of("spec_version"));
    report.format_version = versions.max().map(str::to_owned);
    report.count("objects", objects.len());
    if bundle {
        report.misfits("schema", super::SHAPES.check_as("stix-bundle", root, &Pointer::default()));
    }
    for (index, one) in objects.iter().enumerate() {
        let at = if bundle { super::super::at(&["objects"], index) } else { Pointer::default() };
        report.misfits("schema", super::SHAPES.check_as("stix-object", one, &at));
        let kind = one.text_of("type").unwrap_or_default();
        let id = one.text_of("id").unwrap_or_default();
        if !id.starts_with(&format!("{kind}--")) {
            report.error("id", at.member("id"), format!("\"{id}\" does not begin with its type"));
        }
        let Some((_, must)) = STIX_MUST.iter().find(|(name, _)| *name == kind) else { continue };
        let old = one.text_of("spec_version").is_none();
        for name in ["spec_version", "created", "modified"].iter().chain(*must) {
            let excused = old && matches!(*name, "spec_version" | "pattern_type" | "is_family");
            if one.get(name).is_none() && !excused {
                report.error("schema", &at, format!("\"{name}\" is missing"));
            }
        }
        times(one, &at, &mut report);
        references(one, &at, &mut report);
        if let Some(text) = one.text_of("pattern")
            && matches!(one.text_of("pattern_type"), Some("stix") | None)
            && kind == "indicator"
            && let Some((character, why)) = pattern::fault(text)
        {
            report.error("pattern", at.member("pattern"), format!("character {character}: {why}"));
        }
    }
    twice(objects, bundle, &mut report);
    report
}

/// What must not lie before what (STIX 2.1, the properties of each object).
const ORDER: [(&str, &str, bool); 5] = [
    ("created", "modified", false),
    ("valid_from", "valid_until", true),
    ("first_seen", "last_seen", false),
    ("first_observed", "last_observed", false),
    ("start_time", "stop_time", true),
];

fn times(one: &Node<'_>, at: &Pointer, report: &mut Report) {
    for (first, last, later) in ORDER {
        let instant = |name: &str| one.text_of(name).and_then(super::super::time::instant);
        let Some((a, b)) = instant(first).zip(instant(last)) else { continue };
        if b < a || (later && b == a) {
            report.error(last, at.member(last), format!("not after {first}"));
        }
    }
}

/// References must be identifiers, and of the type that their name tells.
fn references(one: &Node<'_>, at: &Pointer, report: &mut Report) {
    for member in one.members() {
        let (single, list) = (member.name.ends_with("_ref"), member.name.ends_with("_refs"));
        if !single && !list {
            continue;
        }
        let place = at.member(&member.name);
        let ids = member.node.text().into_iter().chain(member.node.list().iter().filter_map(Node::text));
        for id in ids {
            // Within observed data of 2.0 references are keys of the object beside.
            let Some((kind, _)) = id.split_once("--") else { continue };
            let wanted = match &*member.name {
                "created_by_ref" => "identity",
                "object_marking_refs" => "marking-definition",
                _ => continue,
            };
            if kind != wanted {
                report.error("reference", &place, format!("\"{id}\" is no {wanted}"));
            }
        }
    }
}

/// One version of one object stands once in a bundle.
fn twice(objects: &[Node<'_>], bundle: bool, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, one) in objects.iter().enumerate().filter(|_| bundle) {
        let Some(id) = one.text_of("id") else { continue };
        if !seen.insert((id, one.text_of("modified"))) {
            let why = format!("\"{id}\" stands in the bundle twice in one version");
            report.tell(Severity::Warning, "id", super::super::at(&["objects"], index), why);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::inspect::tests::check;

    #[test]
    fn objects_contradict_themselves_at_a_place() {
        let id = "11111111-1111-4111-8111-111111111111";
        let indicator = format!(
            r#"{{"type":"bundle","id":"bundle--{id}","objects":[{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","created":"2024-01-02T00:00:00Z","modified":"2024-01-01T00:00:00Z","pattern":"[a:b = ]","pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z","valid_until":"2024-01-01T00:00:00Z","created_by_ref":"tool--{id}"}}]}}"#
        );
        let want = [
            "error modified /objects/0/modified",
            "error valid_until /objects/0/valid_until",
            "error reference /objects/0/created_by_ref",
            "error pattern /objects/0/pattern",
        ];
        check(&indicator, "stix", &want);
    }
}
