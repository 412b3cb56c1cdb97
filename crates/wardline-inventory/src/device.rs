//! A device out of its clues.

use crate::choose::{self, Choice};
use crate::clue::Clue;
use crate::knowledge::Knowledge;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{
    Attribute, Confidence, Device, Evidence, Mac, OperatingSystem, Role, Seen, Service, Software, Timestamp,
};

/// Below this a name is not shown, only its evidence: a wrong name is worse than no name.
const CONFIDENCE_MIN: Confidence = 30;

/// What belongs to one device.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) macs: BTreeSet<Mac>,
    pub(crate) ips: BTreeSet<IpAddr>,
    pub(crate) clues: Vec<Clue<'a>>,
    pub(crate) services: BTreeSet<Service>,
    pub(crate) sightings: Vec<&'a Seen>,
}

/// Makes the device; its id and the ids in `via` come later, when all are known.
pub(crate) fn build(parts: Parts<'_>, knowledge: &Knowledge<'_>) -> Device {
    let clues = &parts.clues;
    let of = |attribute: Attribute| clues.iter().copied().filter(move |clue| clue.attribute == attribute);
    let best = |attribute, key: fn(&str) -> String| {
        choose::rank(of(attribute), key).into_iter().find(|choice| choice.confidence >= CONFIDENCE_MIN)
    };
    let value = |choice: Option<Choice>| choice.map(|choice| choice.value);
    let seen = || clues.iter().map(|clue| clue.seen).chain(parts.sightings.iter().copied());
    Device {
        id: String::new(),
        macs: parts.macs.iter().copied().collect(),
        ips: parts.ips.iter().copied().collect(),
        hostnames: names(of(Attribute::Hostname), str::to_lowercase),
        ae_titles: names(of(Attribute::AeTitle), str::to_owned),
        vendor: vendor(of(Attribute::Vendor), knowledge),
        model: value(best(Attribute::Model, str::to_lowercase)),
        serial: value(best(Attribute::Serial, str::to_lowercase)),
        udi: value(best(Attribute::Udi, str::to_owned)),
        class: best(Attribute::Class, str::to_owned).map(|c| (c.value, c.confidence)),
        os: best(Attribute::Os, str::to_lowercase).map(|choice| system(&choice, of(Attribute::Os))),
        software: software(of(Attribute::Software)),
        roles: vec![Role::Unknown],
        location: value(best(Attribute::Location, str::to_lowercase)),
        first_seen: seen().map(|s| s.first).min().unwrap_or(Timestamp(0)),
        last_seen: seen().map(|s| s.last).max().unwrap_or(Timestamp(0)),
        patient_data_in_clear: of(Attribute::PatientDataInClear).next().is_some(),
        evidence: evidence(clues),
        services: parts.services.into_iter().collect(),
    }
}

fn vendor<'a>(clues: impl Iterator<Item = Clue<'a>>, knowledge: &Knowledge<'_>) -> Option<String> {
    let best = choose::rank(clues, |word| knowledge.maker(word))
        .into_iter()
        .find(|choice| choice.confidence >= CONFIDENCE_MIN)?;
    Some(knowledge.maker(&best.value))
}

fn names<'a>(clues: impl Iterator<Item = Clue<'a>>, key: fn(&str) -> String) -> Vec<String> {
    let mut names: Vec<String> = choose::rank(clues, key)
        .into_iter()
        .filter(|choice| choice.confidence >= CONFIDENCE_MIN)
        .map(|choice| choice.value)
        .collect();
    names.sort();
    names
}

/// The chosen system with the version that was said of it most surely, then last.
fn system<'a>(choice: &Choice, clues: impl Iterator<Item = Clue<'a>>) -> OperatingSystem {
    let version = clues
        .filter(|clue| clue.value.eq_ignore_ascii_case(&choice.value))
        .filter_map(|clue| Some((clue.confidence, clue.seen.last, clue.version?)))
        .max();
    OperatingSystem { name: choice.value.clone(), version: version.map(|(.., version)| version.to_owned()) }
}

/// Every software with every version that was seen; one without version only where none has any.
fn software<'a>(clues: impl Iterator<Item = Clue<'a>>) -> Vec<Software> {
    let mut found: BTreeMap<String, BTreeMap<&str, (Confidence, &str)>> = BTreeMap::new();
    for clue in clues.filter(|clue| clue.confidence >= CONFIDENCE_MIN) {
        let versions = found.entry(clue.value.to_lowercase()).or_default();
        let spelling = versions.entry(clue.version.unwrap_or_default()).or_default();
        *spelling = (*spelling).max((clue.confidence, clue.value));
    }
    let mut software: Vec<Software> = Vec::new();
    for mut versions in found.into_values() {
        if versions.len() > 1 {
            versions.remove("");
        }
        software.extend(versions.into_iter().map(|(version, (_, name))| Software {
            name: name.to_owned(),
            version: (!version.is_empty()).then(|| version.to_owned()),
        }));
    }
    software.sort();
    software
}

/// Clues of equal word and rule as one piece of evidence.
fn evidence(clues: &[Clue<'_>]) -> Vec<Evidence> {
    let mut merged: BTreeMap<_, (Confidence, Seen)> = BTreeMap::new();
    for clue in clues {
        let key = (clue.attribute, clue.value, clue.version, clue.protocol, clue.rule, clue.source, clue.via);
        merged
            .entry(key)
            .and_modify(|(confidence, seen)| {
                *confidence = (*confidence).max(clue.confidence);
                seen.merge(clue.seen);
            })
            .or_insert_with(|| (clue.confidence, clue.seen.clone()));
    }
    merged
        .into_iter()
        .map(|((attribute, value, version, protocol, rule, source, via), (confidence, seen))| Evidence {
            attribute,
            value: value.to_owned(),
            version: version.map(str::to_owned),
            confidence,
            protocol,
            rule: rule.to_owned(),
            source: source.to_owned(),
            seen,
            via: via.map(|node| node.to_string()),
        })
        .collect()
}
