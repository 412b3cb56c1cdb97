//! Choosing: many clues, one value; what speaks against it stays in the evidence.
//!
//! Independent clues add up: `1 - (1-a)(1-b)…`, at most 99 %; clues of the same protocol read from the same
//! kind of fact are one witness, of which the surest counts. The surest value wins, then the one seen last,
//! then the first in the alphabet.

use crate::clue::Clue;
use std::collections::BTreeMap;
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
    /// When it was seen last.
    pub(crate) last: Timestamp,
}

#[derive(Default)]
struct Candidate {
    witnesses: BTreeMap<(&'static str, Attribute), Confidence>,
    last: Timestamp,
    /// Spelling by how sure its clue is, the surest last.
    spelling: Option<(Confidence, Timestamp, String)>,
}

/// The values of an attribute, the chosen one first. `key` is what makes two spellings one value; a value that
/// begins with another and a space is the same, said more precisely (`Windows 7` and `Windows`).
pub(crate) fn rank<'a>(clues: impl Iterator<Item = Clue<'a>>, key: impl Fn(&str) -> String) -> Vec<Choice> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    for clue in clues {
        let candidate = candidates.entry(key(clue.value)).or_default();
        let witness = candidate.witnesses.entry((clue.protocol, clue.origin)).or_default();
        *witness = (*witness).max(clue.confidence);
        candidate.last = candidate.last.max(clue.seen.last);
        let spelling = (clue.confidence, clue.seen.last, clue.value.to_owned());
        if candidate.spelling.as_ref().is_none_or(|held| is_better(&spelling, held)) {
            candidate.spelling = Some(spelling);
        }
    }
    let mut choices: Vec<(usize, Choice)> = candidates
        .iter()
        .filter_map(|(name, candidate)| {
            let mut witnesses = candidate.witnesses.clone();
            for (_, general) in generalisations(&candidates, name) {
                for (witness, confidence) in &general.witnesses {
                    let held = witnesses.entry(*witness).or_default();
                    *held = (*held).max(*confidence);
                }
            }
            let confidence = combine(witnesses.into_values());
            let (_, _, value) = candidate.spelling.clone()?;
            Some((name.len(), Choice { value, confidence, last: candidate.last }))
        })
        .collect();
    choices.sort_by(|(a_len, a), (b_len, b)| {
        (b.confidence, b_len, b.last).cmp(&(a.confidence, a_len, a.last)).then_with(|| a.value.cmp(&b.value))
    });
    choices.into_iter().map(|(_, choice)| choice).collect()
}

fn is_better(a: &(Confidence, Timestamp, String), b: &(Confidence, Timestamp, String)) -> bool {
    (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| b.2.cmp(&a.2)).is_gt()
}

/// The candidates that say the same as `name`, less precisely.
fn generalisations<'c>(
    candidates: &'c BTreeMap<String, Candidate>,
    name: &'c str,
) -> impl Iterator<Item = (&'c str, &'c Candidate)> {
    name.match_indices(' ').filter_map(|(at, _)| {
        let (name, candidate) = candidates.get_key_value(&name[..at])?;
        Some((name.as_str(), candidate))
    })
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
