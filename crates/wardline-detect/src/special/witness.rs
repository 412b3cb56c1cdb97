//! Contradictions between what other documents say of a device (an inventory list, a scan) and what the wire shows.
//!
//! Compared are serial number, model, and the version of the same software. Two spellings of one thing are no
//! contradiction: a model's name may be a part of the other, a version may go on where the other ends. Where either
//! side says nothing, nothing is compared.

use crate::Shows;
use std::collections::BTreeSet;
use wardline_model::{Attribute, Confidence, Device, Evidence};

/// Evidence below this contradicts nobody.
const CONFIDENCE_MIN: Confidence = 50;
/// Names of a version that a list gives without a name.
const OWN: &[&str] = &["software", "firmware"];

pub(crate) fn look(device: &Device) -> Shows<'_> {
    let mut shows = Shows::default();
    if !device.evidence.iter().any(Evidence::is_testimony) {
        return shows;
    }
    for (attribute, word) in [(Attribute::Serial, "serial number"), (Attribute::Model, "model")] {
        let of = |testified: bool| {
            let said = device.evidence.iter().filter(move |e| e.attribute == attribute && counts(e));
            said.filter(move |e| e.is_testimony() == testified).collect::<Vec<_>>()
        };
        let (told, seen) = (of(true), of(false));
        let agree = |a: &&Evidence| seen.iter().any(|b| is_same(attribute, &a.value, &b.value));
        if !told.is_empty() && !seen.is_empty() && !told.iter().any(agree) {
            let (a, b) = (said(&told, |e| e.value.clone()), said(&seen, |e| e.value.clone()));
            add(&mut shows, told.into_iter().chain(seen), &format!("The {word}: {a}; the wire says {b}."));
        }
    }
    versions(device, &mut shows);
    shows
}

/// Versions of the same software.
fn versions<'a>(device: &'a Device, shows: &mut Shows<'a>) {
    let with_version = || {
        device
            .evidence
            .iter()
            .filter(|e| e.attribute == Attribute::Software && e.version.is_some() && counts(e))
    };
    for told in with_version().filter(|e| e.is_testimony()) {
        let seen: Vec<&Evidence> =
            with_version().filter(|e| !e.is_testimony() && is_same_software(told, e, device)).collect();
        let version = |e: &Evidence| e.version.clone().unwrap_or_default();
        if !seen.is_empty() && !seen.iter().any(|e| is_same_version(&version(told), &version(e))) {
            let text =
                format!("The version: {}; the wire says {}.", said(&[told], version), said(&seen, version));
            add(shows, std::iter::once(told).chain(seen), &text);
        }
    }
}

fn counts(evidence: &Evidence) -> bool {
    evidence.confidence >= CONFIDENCE_MIN
}

fn add<'a>(shows: &mut Shows<'a>, evidence: impl Iterator<Item = &'a Evidence>, remark: &str) {
    let held = shows.remark.take().map(|held| held + " ").unwrap_or_default();
    shows.remark = Some(held + remark);
    shows.met = true;
    shows.evidence.extend(evidence);
}

/// Different values, and who gives them where it is not the wire: `cmms says 2.1`.
fn said(evidence: &[&Evidence], value: impl Fn(&Evidence) -> String) -> String {
    let words: BTreeSet<String> = evidence
        .iter()
        .map(|e| if e.is_testimony() { format!("{} says {}", e.protocol, value(e)) } else { value(e) })
        .collect();
    words.into_iter().collect::<Vec<_>>().join(", ")
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_same(attribute: Attribute, a: &str, b: &str) -> bool {
    let (a, b) = (compact(a), compact(b));
    a == b || attribute == Attribute::Model && (a.contains(&b) || b.contains(&a))
}

/// Whether two names may mean one software: the same name, or the device's own, which a list calls `software` and
/// the device by its model.
fn is_same_software(told: &Evidence, seen: &Evidence, device: &Device) -> bool {
    let (told, seen) = (told.value.to_lowercase(), seen.value.to_lowercase());
    let own = || {
        let model = device.model.as_deref().map(compact).filter(|model| !model.is_empty());
        let name = compact(seen.trim_end_matches("software"));
        OWN.contains(&seen.as_str()) || model.is_some_and(|model| !name.is_empty() && model.contains(&name))
    };
    told == seen || OWN.contains(&told.as_str()) && own()
}

/// Whether two versions are one, written with other zeros, a letter in front, or less exactly.
fn is_same_version(a: &str, b: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let text = text.trim().trim_start_matches(['v', 'V', ' ']);
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.trim_start_matches('0').to_lowercase()).collect()
    };
    let (a, b) = (parts(a), parts(b));
    a.starts_with(&b) || b.starts_with(&a)
}

#[cfg(test)]
mod tests {
    use super::is_same_version;

    #[test]
    fn versions_agree_across_zeros_and_letters() {
        for (a, b) in
            [("2.1", "v2.1"), ("05.12.00", "5.12"), ("8.9p1", "8.9p1 Ubuntu-3"), ("M.04.00", "m.4.0")]
        {
            assert!(is_same_version(a, b), "{a} {b}");
        }
        for (a, b) in [("2.1", "1.8"), ("2.1", "2.10"), ("12", "1.2")] {
            assert!(!is_same_version(a, b), "{a} {b}");
        }
    }
}
