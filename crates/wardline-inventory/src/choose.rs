//! Choosing: many clues, one value; what speaks against it stays in the evidence.
//!
//! Independent clues add up: `1 - (1-a)(1-b)…`, at most 99 %; clues of the same protocol read from the same
//! kind of fact are one witness, of which the surest counts. The surest value wins, then the one seen last,
//! then the first in the alphabet.

use crate::clue::Clue;
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Confidence, Timestamp};

/// Nothing that is inferred is certain.
const CONFIDENCE_MAX: u32 = 99;

/// A value with all that speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The value, as its surest clue writes it.
    pub(crate) value: String,
    /// All clues together, in percent.
    pub(crate) confidence: Confidence,
    /// When it was seen first.
    pub(crate) first: Timestamp,
    /// When it was seen last.
    pub(crate) last: Timestamp,
}

/// Who says so: clues of one witness are not independent. What is concluded from the names, the network card, the
/// DHCP options, the toolkit, … of a device is one witness each, whatever messages carried it.
pub(crate) type Witness = (&'static str, Attribute);

/// The witness that a clue is of.
pub(crate) const fn witness(clue: &Clue<'_>) -> Witness {
    use Attribute as A;
    if clue.attribute as u32 == clue.origin as u32 {
        return (clue.protocol, clue.origin);
    }
    match clue.origin {
        A::Domain | A::FriendlyName | A::Hostname | A::NetbiosName => ("", A::Hostname),
        A::Mac => ("", A::Mac),
        A::DhcpParameters | A::DhcpVendorClass => ("", A::DhcpVendorClass),
        A::DicomImplementationUid | A::DicomImplementationVersion => ("", A::DicomImplementationUid),
        A::DicomModality | A::DicomService => ("", A::DicomModality),
        A::AeTitle => ("", A::AeTitle),
        A::DnsQuery => ("", A::DnsQuery),
        A::SnmpDescription | A::SnmpObjectId | A::SnmpEngine => ("snmp", A::SnmpDescription),
        A::SmbNativeOs | A::SmbNativeLanManager => ("smb", A::SmbNativeOs),
        other => (clue.protocol, other),
    }
}

#[derive(Default)]
struct Candidate {
    witnesses: BTreeMap<Witness, Confidence>,
    span: Option<(Timestamp, Timestamp)>,
    /// How its surest clue spells it.
    spelling: Option<(Confidence, Timestamp, String)>,
}

/// The values of an attribute, the chosen one first. `key` is what makes two spellings one value. A value that
/// begins with another and a space says the same more precisely (`Windows 7` and `Windows`): it has the other's
/// witnesses too, and the other is left out where it is no surer.
pub(crate) fn rank<'a>(clues: impl Iterator<Item = Clue<'a>>, key: impl Fn(&str) -> String) -> Vec<Choice> {
    let mut clues = clues.peekable();
    let Some(first) = clues.next() else { return Vec::new() };
    if clues.peek().is_none() {
        return vec![only(&first)];
    }
    let candidates = gather(std::iter::once(first).chain(clues), key);
    let mut together = BTreeMap::new();
    for (name, candidate) in &candidates {
        let mut witnesses = candidate.witnesses.clone();
        for general in generalisations(&candidates, name) {
            for (witness, confidence) in &candidates[general].witnesses {
                let held = witnesses.entry(*witness).or_default();
                *held = (*held).max(*confidence);
            }
        }
        together.insert(name.as_str(), combine(witnesses.into_values()));
    }
    let vague: BTreeSet<&str> = candidates
        .keys()
        .flat_map(|name| generalisations(&candidates, name).map(move |general| (general, name.as_str())))
        .filter(|(general, name)| together[name] >= together[general])
        .map(|(general, _)| general)
        .collect();
    let kept = candidates.iter().filter(|(name, _)| !vague.contains(name.as_str()));
    sorted(kept.filter_map(|(name, candidate)| candidate.choice(together[name.as_str()])).collect())
}

/// Every value for itself, the surest first: for what a device has several of.
pub(crate) fn list<'a>(clues: impl Iterator<Item = Clue<'a>>, key: impl Fn(&str) -> String) -> Vec<Choice> {
    let mut clues = clues.peekable();
    let Some(first) = clues.next() else { return Vec::new() };
    if clues.peek().is_none() {
        return vec![only(&first)];
    }
    let candidates = gather(std::iter::once(first).chain(clues), key);
    let choice = |candidate: &Candidate| candidate.choice(combine(candidate.witnesses.values().copied()));
    sorted(candidates.values().filter_map(choice).collect())
}

/// What a single clue says: most attributes of most devices have no more.
fn only(clue: &Clue<'_>) -> Choice {
    Choice {
        value: clue.value.to_owned(),
        confidence: combine(std::iter::once(clue.confidence)),
        first: clue.seen.first,
        last: clue.seen.last,
    }
}

fn gather<'a>(
    clues: impl Iterator<Item = Clue<'a>>,
    key: impl Fn(&str) -> String,
) -> BTreeMap<String, Candidate> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    for clue in clues {
        let candidate = candidates.entry(key(clue.value)).or_default();
        let witness = candidate.witnesses.entry(witness(&clue)).or_default();
        *witness = (*witness).max(clue.confidence);
        let span = candidate.span.get_or_insert((clue.seen.first, clue.seen.last));
        *span = (span.0.min(clue.seen.first), span.1.max(clue.seen.last));
        let spelling = (clue.confidence, clue.seen.last, clue.value.to_owned());
        if candidate.spelling.as_ref().is_none_or(|held| is_better(&spelling, held)) {
            candidate.spelling = Some(spelling);
        }
    }
    candidates
}

impl Candidate {
    fn choice(&self, confidence: Confidence) -> Option<Choice> {
        let (_, _, value) = self.spelling.clone()?;
        let (first, last) = self.span?;
        Some(Choice { value, confidence, first, last })
    }
}

fn sorted(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by(|a, b| {
        (b.confidence, b.last).cmp(&(a.confidence, a.last)).then_with(|| a.value.cmp(&b.value))
    });
    choices
}

fn is_better(a: &(Confidence, Timestamp, String), b: &(Confidence, Timestamp, String)) -> bool {
    (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| b.2.cmp(&a.2)).is_gt()
}

/// Names of the candidates that say the same as `name`, less precisely.
fn generalisations<'c>(
    candidates: &'c BTreeMap<String, Candidate>,
    name: &'c str,
) -> impl Iterator<Item = &'c str> {
    let heads = name.match_indices(' ').map(|(at, _)| &name[..at]);
    heads.filter(|head| candidates.contains_key(*head))
}

/// Independent confidences together, in percent.
pub(crate) fn combine(confidences: impl Iterator<Item = Confidence>) -> Confidence {
    // In parts of a million, so that the order of many clues does not show in the rounding.
    let mut sorted: Vec<u32> = confidences.map(|c| u32::from(c.min(100))).collect();
    sorted.sort_unstable();
    let doubt = sorted.iter().fold(1_000_000_u32, |doubt, c| doubt / 100 * (100 - c));
    let sure = ((1_000_000 - doubt) / 10_000).min(CONFIDENCE_MAX);
    u8::try_from(sure).unwrap_or(99)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_model::{PacketRef, Seen};

    fn ranked(clues: &[(&'static str, &str, Confidence, i64)]) -> Vec<(String, Confidence)> {
        let at = |time| Seen::once(PacketRef::new(0, 1, Timestamp(time)));
        let seen: Vec<Seen> = clues.iter().map(|clue| at(clue.3)).collect();
        let clues = clues.iter().zip(&seen).map(|(&(protocol, value, confidence, _), seen)| Clue {
            attribute: Attribute::Os,
            value,
            version: None,
            confidence,
            protocol,
            rule: "r",
            source: "s",
            origin: Attribute::Os,
            seen,
            via: None,
        });
        rank(clues, str::to_lowercase).into_iter().map(|choice| (choice.value, choice.confidence)).collect()
    }

    fn pair(value: &str, confidence: Confidence) -> (String, Confidence) {
        (value.to_owned(), confidence)
    }

    #[test]
    fn independent_witnesses_add_up_and_one_witness_counts_once() {
        assert_eq!(ranked(&[("smb", "A", 60, 1), ("http", "a", 50, 2)]), [pair("A", 80)]);
        assert_eq!(ranked(&[("smb", "A", 60, 1), ("smb", "a", 50, 2)]), [pair("A", 60)]);
        assert_eq!(ranked(&[("smb", "A", 100, 1), ("http", "A", 90, 2)]), [pair("A", 99)]);
    }

    #[test]
    fn the_surest_wins_then_the_latest_then_the_first_in_the_alphabet() {
        assert_eq!(ranked(&[("a", "X", 50, 9), ("b", "Y", 90, 1)]), [pair("Y", 90), pair("X", 50)]);
        assert_eq!(ranked(&[("a", "X", 50, 1), ("b", "Y", 50, 2)]), [pair("Y", 50), pair("X", 50)]);
        assert_eq!(ranked(&[("a", "Y", 50, 1), ("b", "X", 50, 1)]), [pair("X", 50), pair("Y", 50)]);
    }

    #[test]
    fn a_more_precise_name_has_the_witnesses_of_the_vague_one() {
        assert_eq!(ranked(&[("a", "Windows", 60, 1), ("b", "Windows 7", 50, 1)]), [pair("Windows 7", 80)]);
        assert_eq!(
            ranked(&[("a", "Windows", 60, 1), ("b", "Linux", 70, 1)]),
            [pair("Linux", 70), pair("Windows", 60)]
        );
    }
}
