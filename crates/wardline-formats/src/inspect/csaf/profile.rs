//! Tests of categories and profiles (6.1.26, 6.1.27).

use super::{AFFECTED, Document, Edition, in_status};
use crate::json::{Node, Pointer};
use std::collections::BTreeSet;

const PROFILES_2_0: &[&str] = &[
    "csaf_base",
    "csaf_security_incident_response",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_vex",
];
const PROFILES_2_1: &[&str] = &[
    "csaf_base",
    "csaf_security_incident_response",
    "csaf_informational_advisory",
    "csaf_security_advisory",
    "csaf_vex",
    "csaf_deprecated_security_advisory",
    "csaf_withdrawn",
    "csaf_superseded",
];

pub(super) fn test(document: &mut Document<'_>) {
    prohibited(document);
    let category = document.category();
    let vulnerabilities = Pointer::of(&["vulnerabilities"]);
    let has = |name: &str| document.root.get(name).is_some();
    let (tree, list) = (has("product_tree"), has("vulnerabilities"));
    let advisory =
        matches!(category, "csaf_security_advisory" | "csaf_vex" | "csaf_deprecated_security_advisory");
    let told = matches!(category, "csaf_informational_advisory" | "csaf_security_incident_response");
    let gone = matches!(category, "csaf_withdrawn" | "csaf_superseded");
    if told {
        notes_and_references(document);
    }
    if list && (category == "csaf_informational_advisory" || gone) {
        document.tell("6.1.27.3", &vulnerabilities, "a document of this category has no vulnerabilities");
    }
    if advisory && !tree {
        document.tell("6.1.27.4", &Pointer::default(), "the product tree is missing");
    }
    if advisory && !list {
        document.tell("6.1.27.11", &Pointer::default(), "the vulnerabilities are missing");
    }
    if advisory {
        for (place, vulnerability) in document.vulnerabilities() {
            each(document, &place, vulnerability, category);
        }
    }
    if gone && tree {
        document.tell(
            "6.1.27.15",
            &Pointer::of(&["product_tree"]),
            "a document of this category has no product tree",
        );
    }
    if gone && document.edition == Edition::V21 {
        withdrawn(document, category);
    }
}

/// Names that look like a profile's and are none.
fn prohibited(document: &mut Document<'_>) {
    let category = document.category();
    let profiles = if document.edition == Edition::V21 { PROFILES_2_1 } else { PROFILES_2_0 };
    if profiles.contains(&category) {
        if category.starts_with("csaf_deprecated_") {
            document.tell("6.2.38", &Pointer::of(&["document", "category"]), "a profile that is deprecated");
        }
        return;
    }
    let plain = |text: &str| {
        text.chars()
            .filter(|c| !matches!(c, '-' | '_' | ' ' | '\u{2013}' | '\t'))
            .collect::<String>()
            .to_lowercase()
    };
    let own = plain(category);
    let close = profiles.iter().skip(1).any(|profile| {
        let profile = plain(profile);
        own == profile || Some(own.as_str()) == profile.strip_prefix("csaf")
    });
    if category.starts_with("csaf_deprecated_") {
        document.tell("6.2.38", &Pointer::of(&["document", "category"]), "a profile that is deprecated");
    }
    if close || own == "csafbase" || category.to_lowercase().starts_with("csaf_") {
        let why = format!("\"{category}\" is easily taken for the name of a profile");
        document.tell("6.1.26", &Pointer::of(&["document", "category"]), why);
    }
}

fn notes_and_references(document: &mut Document<'_>) {
    const TELLING: [&str; 4] = ["description", "details", "general", "summary"];
    let notes = document.head.list_of("notes").iter();
    if !notes.filter_map(|note| note.text_of("category")).any(|category| TELLING.contains(&category)) {
        document.tell(
            "6.1.27.1",
            &Pointer::of(&["document"]),
            "a note of category description, details, general or summary is missing",
        );
    }
    let references = document.head.list_of("references").iter();
    if !references.filter_map(|one| one.text_of("category")).any(|category| category == "external") {
        document.tell("6.1.27.2", &Pointer::of(&["document"]), "an external reference is missing");
    }
}

fn each<'n>(document: &mut Document<'n>, place: &Pointer, vulnerability: &'n Node<'n>, category: &str) {
    let has = |name: &str| vulnerability.get(name).is_some();
    if !has("notes") {
        document.tell("6.1.27.5", place, "the notes are missing");
    }
    let status = vulnerability.of("product_status");
    if category == "csaf_vex" {
        const ENOUGH: [&str; 4] = ["fixed", "known_affected", "known_not_affected", "under_investigation"];
        if !ENOUGH.iter().any(|name| status.get(name).is_some()) {
            document.tell(
                "6.1.27.7",
                place,
                "none of fixed, known_affected, known_not_affected, under_investigation",
            );
        }
        let ids = vulnerability.list_of("ids");
        let covered = |product: &str| {
            ids.iter().any(|id| !Document::names_any(id) || document.named(id).contains(product))
        };
        let all = status.members().iter().flat_map(|member| member.node.list()).filter_map(Node::text);
        if !has("cve") && (ids.is_empty() || all.into_iter().any(|product| !covered(product))) {
            document.tell("6.1.27.8", place, "neither a CVE nor another id for every product");
        }
        impact_and_action(document, place, vulnerability);
        return;
    }
    if !has("product_status") {
        document.tell("6.1.27.6", place, "the product status is missing");
    }
    if document.edition == Edition::V21 && category == "csaf_security_advisory" {
        let affected = in_status(vulnerability, &AFFECTED);
        if affected.is_empty() && has("product_status") {
            document.tell("6.1.27.12", place, "no affected product is named");
        }
        missing_fixed(document, place, vulnerability, &affected);
    }
}

/// 6.2.39.1 (2.1): what is affected and has a vendor fix names what fixes it.
fn missing_fixed<'n>(
    document: &mut Document<'n>,
    place: &Pointer,
    vulnerability: &'n Node<'n>,
    affected: &BTreeSet<&'n str>,
) {
    let fixes = vulnerability.list_of("remediations").iter();
    let fixes = fixes.filter(|one| one.text_of("category") == Some("vendor_fix"));
    let fixable = fixes.flat_map(|one| document.named(one)).any(|product| affected.contains(product));
    if fixable && in_status(vulnerability, &super::FIXED).is_empty() && !affected.is_empty() {
        document.tell("6.2.39.1", place, "a vendor fix is named and no fixed product");
    }
}

fn impact_and_action<'n>(document: &mut Document<'n>, place: &Pointer, vulnerability: &'n Node<'n>) {
    let threats = vulnerability.list_of("threats").iter();
    let impacts = threats.filter(|threat| threat.text_of("category") == Some("impact"));
    let stated: BTreeSet<&str> =
        vulnerability.list_of("flags").iter().chain(impacts).flat_map(|one| document.named(one)).collect();
    for product in in_status(vulnerability, &["known_not_affected"]) {
        if !stated.contains(product) {
            document.tell("6.1.27.9", place, format!("why product \"{product}\" is not affected is missing"));
        }
    }
    let remedied: BTreeSet<&str> =
        vulnerability.list_of("remediations").iter().flat_map(|one| document.named(one)).collect();
    for product in in_status(vulnerability, &["known_affected"]) {
        if !remedied.contains(product) {
            document.tell("6.1.27.10", place, format!("what to do about product \"{product}\" is missing"));
        }
    }
}

/// 2.1: documents that were taken back say so (6.1.27.14, 6.1.27.16 to 6.1.27.19).
fn withdrawn(document: &mut Document<'_>, category: &str) {
    let head = Pointer::of(&["document"]);
    let notes = document.head.list_of("notes");
    if !notes.iter().any(|note| note.text_of("category") == Some("description")) {
        document.tell("6.1.27.14", &head, "a note of category description is missing");
    }
    if document.tracking.list_of("revision_history").len() < 2 {
        document.tell(
            "6.1.27.16",
            &Pointer::of(&["document", "tracking", "revision_history"]),
            "a document that was taken back has two revisions at least",
        );
    }
    let english = document.head.text_of("lang").is_none_or(|lang| lang.to_lowercase().starts_with("en"));
    let (title, test) = if category == "csaf_withdrawn" {
        ("Reasoning for Withdrawal", "6.1.27.17")
    } else {
        ("Reasoning for Supersession", "6.1.27.18")
    };
    if english {
        let reasons: Vec<_> = notes.iter().filter(|note| note.text_of("title") == Some(title)).collect();
        let right =
            reasons.len() == 1 && reasons.iter().all(|note| note.text_of("category") == Some("description"));
        if !right {
            document.tell(
                test,
                &head,
                format!("exactly one note \"{title}\" of category description is needed"),
            );
        }
    }
    if category == "csaf_superseded" && english {
        let references = document.head.list_of("references").iter();
        let next = references.filter(|one| one.text_of("category") == Some("external"));
        if !next
            .filter_map(|one| one.text_of("summary"))
            .any(|summary| summary.starts_with("Superseding Document"))
        {
            document.tell("6.1.27.19", &head, "an external reference to the superseding document is missing");
        }
    }
}
