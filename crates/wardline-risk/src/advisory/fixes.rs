//! Versions that a remedy's words name as free of a vulnerability.
//!
//! In: the words of a `vendor_fix` and what is affected. Out: versions that the words offer (`update to 12.5.1`,
//! `released Version 6.2.2`, `v8.0 SP2 Patch 1`), each outside of what is affected and beyond it. Sentences about what
//! is planned give none, nor do versions to upgrade from.

use std::cmp::Ordering;
use wardline_product::{Applies, Reading, Scheme, Span, Truth, Version};

/// Longest text searched, in bytes.
const TEXT_BYTES_MAX: usize = 8_192;
/// Fixes taken from one text.
const FIXES_MAX: usize = 8;

/// Words by which a sentence speaks of the future.
const FUTURE: &[&str] = &[
    "plans",
    "planned",
    "plan",
    "will",
    "expected",
    "expects",
    "upcoming",
    "scheduled",
    "anticipates",
    "future",
    "next",
];

/// Words before a version that offer it.
const OFFER: &[&str] = &[
    "version", "versions", "release", "to", "in", "revision", "rev", "software", "firmware", "patch",
    "update", "is",
];

/// Words before a version that take it back.
const NOT: &[&str] = &["than", "before", "from", "prior", "below", "supporting", "through"];

/// The fixes that the words offer, against what is affected.
#[must_use]
pub fn fixes(words: &str, affected: &[&Applies], scheme: Scheme) -> Vec<String> {
    let mut end = words.len().min(TEXT_BYTES_MAX);
    while !words.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let mut found: Vec<String> = Vec::new();
    for sentence in sentences(words.get(..end).unwrap_or_default()) {
        let lower = sentence.to_lowercase();
        let mut each = lower.split(|c: char| !c.is_alphanumeric());
        if each.any(|word| FUTURE.contains(&word)) || lower.contains("://") && !lower.contains("update to") {
            continue;
        }
        found.extend(offered(sentence).into_iter().filter(|text| is_beyond(text, affected, scheme)));
    }
    found.dedup();
    found.truncate(FIXES_MAX);
    found
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', ';'])
        .flat_map(|line| line.split(". "))
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
}

/// The versions a sentence offers.
fn offered(sentence: &str) -> Vec<String> {
    let words: Vec<&str> = sentence.split([' ', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let word = word.trim_end_matches(['.', ':', '"']);
        let bare =
            word.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let Some(before) = words.get(..place).map(|before| before.last().map_or("", |word| word)) else {
            continue;
        };
        let before = before.to_lowercase();
        let next = words.get(place.saturating_add(1)).map_or("", |word| word).to_lowercase();
        let after = words.get(place.saturating_add(2)).map_or("", |word| word).to_lowercase();
        let is_end = matches!(next.as_str(), "and" | "or")
            && matches!(
                after.as_str(),
                "prior" | "earlier" | "below" | "lower" | "previous" | "older" | "all"
            );
        let offered = OFFER.contains(&before.trim_end_matches(':')) || bare.is_some() || is_dotted(word);
        if !is_version(bare.unwrap_or(word)) || !offered || is_end || NOT.contains(&before.as_str()) {
            continue;
        }
        let mut text = bare.unwrap_or(word).to_owned();
        // "8.0 SP2 Patch 1" is one version.
        for next in words.iter().skip(place.saturating_add(1)) {
            let lower = next.trim_end_matches(['.', ':']).to_lowercase();
            let letters = lower.trim_end_matches(|c: char| c.is_ascii_digit());
            let pack = matches!(letters, "sp" | "hf" | "patch" | "build" | "update" | "gma");
            let of_pack = letters.is_empty() && text.to_lowercase().ends_with(['h', 'd', 'e', 'a']);
            if !pack && !of_pack {
                break;
            }
            text = format!("{text} {}", next.trim_end_matches(['.', ':']));
        }
        found.push(text);
    }
    found
}

fn is_dotted(word: &str) -> bool {
    word.split('.').count() >= 3
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A word that may be a version: digits and dots, letters at most six, no address, no telephone number, no year.
fn is_version(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let year = word.len() == 4 && word.starts_with("20") && letters == 0;
    let shape = word.contains('.') || letters > 0 || digits <= 3;
    digits > 0
        && letters <= 6
        && !year
        && shape
        && !word.contains(['/', '@', '+', '%'])
        && !word.starts_with("CVE")
        && !word.starts_with(['-', '.'])
}

/// Whether it is a version outside of what is affected and after all of it.
fn is_beyond(text: &str, affected: &[&Applies], scheme: Scheme) -> bool {
    let Some(version) = Version::new(text) else { return false };
    affected.iter().all(|applies| {
        // What is offered as a fix is none of what is affected, though it be of the same line (1.52.01 of 1.52).
        applies.is_decided()
            && applies.spans.iter().all(|span| {
                if span.holds(&version, scheme, Reading::Exact) != Truth::False {
                    return false;
                }
                let last = match span {
                    Span::All => return false,
                    Span::One(one) => one,
                    Span::Range { high: Some(end), .. } => &end.version,
                    Span::Range { high: None, .. } => return false,
                };
                matches!(version.compare(last, scheme), Some(Ordering::Greater | Ordering::Equal))
            })
    })
}
