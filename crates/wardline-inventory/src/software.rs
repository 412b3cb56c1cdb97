//! Software of a device: what runs on it in which version, and which version followed which.
//!
//! In: clues of software and systems. Out: each software with every version seen, the surest witness and when it was
//! heard and confirmed; and the changes. A change needs one witness that said one version, then another, and never the
//! first again: two versions said in turn are two copies, not an update.

use crate::clue::Clue;
use crate::device::CONFIDENCE_MIN;
use crate::knowledge::Knowledge;
use std::collections::BTreeMap;
use wardline_model::{
    Attribute, Component, Confidence, PacketRef, Software, Timestamp, VersionChange, normal_version,
};

/// Changes listed of one device: more is a device that tells nonsense.
const CHANGES_MAX: usize = 64;
/// Kinds of clues that tell the programs of whoever works at a device, not the device: one of many, in any order.
const OF_PROGRAMS: &[Attribute] = &[
    Attribute::HttpUserAgent,
    Attribute::SyslogProgram,
    Attribute::Ja3,
    Attribute::Ja4,
    Attribute::SipAgent,
];

/// What was said of one version.
struct Said<'a> {
    confidence: Confidence,
    name: &'a str,
    witness: &'static str,
    first: Timestamp,
    last: Timestamp,
}

/// Every software with every version that was seen; one without version only where none has any.
pub(crate) fn list<'a>(clues: impl Iterator<Item = Clue<'a>>, knowledge: &Knowledge<'_>) -> Vec<Software> {
    let mut found: BTreeMap<String, BTreeMap<&str, Said<'a>>> = BTreeMap::new();
    for clue in clues.filter(|clue| clue.confidence >= CONFIDENCE_MIN) {
        let versions = found.entry(clue.value.to_lowercase()).or_default();
        let said = versions.entry(clue.version.unwrap_or_default()).or_insert(Said {
            confidence: 0,
            name: clue.value,
            witness: clue.protocol,
            first: clue.seen.first,
            last: clue.seen.last,
        });
        if (clue.confidence, clue.value) > (said.confidence, said.name) || said.confidence == 0 {
            (said.confidence, said.name, said.witness) = (clue.confidence, clue.value, clue.protocol);
        }
        said.first = said.first.min(clue.seen.first);
        said.last = said.last.max(clue.seen.last);
    }
    let mut software: Vec<Software> = Vec::new();
    for mut versions in found.into_values() {
        if versions.len() > 1 {
            versions.remove("");
        }
        software.extend(versions.into_iter().map(|(version, said)| Software {
            name: said.name.to_owned(),
            version: (!version.is_empty()).then(|| version.to_owned()),
            normal: normal_version(version),
            component: knowledge.component(said.name),
            witness: said.witness,
            first: said.first,
            last: said.last,
        }));
    }
    software.sort();
    software
}

/// The versions that followed each other, in order of time.
pub(crate) fn changes(clues: &[Clue<'_>], knowledge: &Knowledge<'_>) -> Vec<VersionChange> {
    type Span = (Timestamp, Timestamp, Option<PacketRef>);
    let mut told: BTreeMap<(Attribute, String, &'static str), BTreeMap<&str, Span>> = BTreeMap::new();
    for clue in clues {
        let versioned = matches!(clue.attribute, Attribute::Software | Attribute::Os);
        let Some(version) = clue.version.filter(|_| versioned && clue.confidence >= CONFIDENCE_MIN) else {
            continue;
        };
        if OF_PROGRAMS.contains(&clue.origin) {
            continue;
        }
        let key = (clue.attribute, clue.value.to_lowercase(), clue.protocol);
        let seen = (clue.seen.first, clue.seen.last, clue.seen.exemplars.first());
        let span = told.entry(key).or_default().entry(version).or_insert(seen);
        *span = (span.0.min(seen.0), span.1.max(seen.1), span.2.min(seen.2));
    }
    let mut changes: Vec<VersionChange> = Vec::new();
    for ((attribute, name, witness), versions) in told.into_iter().filter(|(_, versions)| versions.len() > 1)
    {
        let mut order: Vec<(&str, Span)> = versions.into_iter().collect();
        order.sort_by_key(|(version, span)| (span.0, span.1, *version));
        if order.windows(2).any(|pair| pair[0].1.1 >= pair[1].1.0) {
            continue;
        }
        let is_system = attribute == Attribute::Os;
        changes.extend(order.windows(2).map(|pair| VersionChange {
            name: spelled(clues, attribute, &name).to_owned(),
            component: if is_system { Component::System } else { knowledge.component(&name) },
            from: pair[0].0.to_owned(),
            to: pair[1].0.to_owned(),
            at: pair[1].1.0,
            packet: pair[1].1.2,
            witness,
        }));
    }
    changes.sort_by(|a, b| (a.at, &a.name, a.witness).cmp(&(b.at, &b.name, b.witness)));
    changes.dedup_by(|a, b| a.name.eq_ignore_ascii_case(&b.name) && a.from == b.from && a.to == b.to);
    changes.truncate(CHANGES_MAX);
    changes
}

/// A name as it was said first of all its spellings.
fn spelled<'a>(clues: &[Clue<'a>], attribute: Attribute, name: &str) -> &'a str {
    let same = |clue: &&Clue<'a>| clue.attribute == attribute && clue.value.eq_ignore_ascii_case(name);
    clues.iter().filter(same).map(|clue| clue.value).min().unwrap_or_default()
}
