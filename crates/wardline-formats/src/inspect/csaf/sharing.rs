//! Tests of sharing groups and licences (2.1: 6.1.38 to 6.1.41, 6.1.54, 6.1.55).

use super::{Document, Edition};
use crate::json::Pointer;

const LICENCES: &str = include_str!("../licences.txt");
const MAX: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const NIL: &str = "00000000-0000-0000-0000-000000000000";
const PUBLIC: &str = "Public";
const NONE_ALLOWED: &str = "No sharing allowed";

pub(super) fn test(document: &mut Document<'_>) {
    if document.edition == Edition::V21 {
        group(document);
        licence(document);
    }
}

fn group(document: &mut Document<'_>) {
    let distribution = document.head.of("distribution");
    let Some(group) = distribution.get("sharing_group") else { return };
    let label = distribution.of("tlp").text_of("label").unwrap_or_default();
    let (id, name) = (group.text_of("id").unwrap_or_default(), group.text_of("name"));
    let place = Pointer::of(&["document", "distribution", "sharing_group"]);
    if id == MAX && label != "CLEAR" {
        let tlp = Pointer::of(&["document", "distribution", "tlp", "label"]);
        document.tell("6.1.38", &tlp, format!("the public group with TLP:{label}"));
    }
    if id == MAX {
        document.tell("6.2.28", &place.member("id"), "the group is everyone");
    }
    let draft = id == NIL && document.status() == "draft";
    if label == "CLEAR" && id != MAX && !draft {
        document.tell("6.1.39", &place.member("id"), "TLP:CLEAR is for everyone, the group is not");
    }
    let reserved = [(PUBLIC, MAX), (NONE_ALLOWED, NIL)];
    if reserved.iter().any(|(reserved, own)| name == Some(reserved) && id != *own) {
        document.tell("6.1.40", &place.member("name"), "this name is reserved for another id");
    }
    if reserved.iter().any(|(reserved, own)| id == *own && name != Some(reserved)) {
        document.tell("6.1.41", &place, "this id has a name of its own, which is missing");
    }
}

fn licence(document: &mut Document<'_>) {
    let Some(text) = document.head.text_of("license_expression") else {
        document.tell("6.2.43", &Pointer::of(&["document"]), "the licence of the document is not said");
        return;
    };
    let place = Pointer::of(&["document", "license_expression"]);
    if !expression(text) || text.contains("DocumentRef-") {
        document.tell("6.1.54", &place, "no SPDX license expression");
        return;
    }
    let english = document.head.text_of("lang").is_none_or(|lang| lang.to_lowercase().starts_with("en"));
    if english && text.contains("LicenseRef-") && !text.contains("LicenseRef-scancode-") {
        let notes =
            document.head.list_of("notes").iter().filter(|note| note.text_of("title") == Some("License"));
        let categories: Vec<_> = notes.map(|note| note.text_of("category")).collect();
        if categories != [Some("legal_disclaimer")] {
            let why = "a licence of its own needs exactly one note \"License\" of category legal_disclaimer";
            document.tell("6.1.55", &Pointer::of(&["document", "notes"]), why);
        }
    }
}

/// Whether a text is a license expression by its form (SPDX 3.0.1, annex B).
fn expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_licence) = (0_i64, true);
    let listed = |token: &str| {
        LICENCES.lines().skip(1).flat_map(|line| line.split(' ')).any(|id| id.eq_ignore_ascii_case(token))
    };
    let own =
        |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let word = |token: &str| match token
        .strip_prefix("LicenseRef-")
        .or_else(|| token.strip_prefix("AdditionRef-"))
    {
        Some(id) => own(id),
        None => listed(token) || token.strip_suffix('+').is_some_and(listed),
    };
    let mut after_with = false;
    for token in spaced.split_whitespace() {
        match (token, wants_licence) {
            ("(", true) if !after_with => depth = depth.saturating_add(1),
            (")", false) => depth = depth.saturating_sub(1),
            ("AND" | "OR" | "and" | "or", false) => wants_licence = true,
            ("WITH" | "with", false) => (wants_licence, after_with) = (true, true),
            (token, true) if word(token) => (wants_licence, after_with) = (false, false),
            _ => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0 && !wants_licence
}
