//! Regular expressions over bytes, matched in linear time, compiled when first needed.
//!
//! `\d`, `\w` and `\s` are ASCII; letters of other scripts match themselves (not inside brackets). Compiling is
//! what costs, so a built-in pattern waits until a capture holds its clue; a test compiles them all. A pattern
//! from outside is compiled at the door.
//!
//! Limits: [`PATTERN_BYTES_MAX`], [`PROGRAM_BYTES_MAX`], [`SET_BYTES_MAX`].

use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::sync::OnceLock;

/// Longest pattern; the longest of public collections are below 1,500 bytes.
const PATTERN_BYTES_MAX: usize = 2_048;
/// Largest compiled pattern: a hundred times the usual, and a thousand of them still fit a small machine.
const PROGRAM_BYTES_MAX: usize = 1 << 20;
/// Largest compiled set of patterns; a set above it is matched pattern by pattern.
const SET_BYTES_MAX: usize = 1 << 25;

/// A pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// As compiled, flags in front.
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern with `flags` (of `ims`) that is known to be good: it is compiled when first used.
    pub(crate) fn trusted(text: &str, flags: &str) -> Self {
        let text = if flags.is_empty() { text.to_owned() } else { format!("(?{flags}:{text})") };
        Self { text, compiled: OnceLock::new() }
    }

    /// The same, compiled now.
    pub(crate) fn checked(text: &str, flags: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("pattern is longer than {PATTERN_BYTES_MAX} bytes"));
        }
        let pattern = Self::trusted(text, flags);
        let regex = build(&pattern.text).map_err(|error| format!("pattern `{text}`: {error}"))?;
        Ok(Self { compiled: OnceLock::from(Some(regex)), ..pattern })
    }

    /// Number of groups; 0 for a pattern that cannot be compiled.
    pub(crate) fn groups(&self) -> usize {
        self.regex().map_or(0, |regex| regex.captures_len().saturating_sub(1))
    }

    /// Whether the text matches.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text.as_bytes()))
    }

    /// What the groups hold.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex()?.captures(text.as_bytes())
    }

    /// Whether it can be compiled.
    #[cfg(test)]
    pub(crate) fn compiles(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| build(&self.text).ok()).as_ref()
    }
}

fn build(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(PROGRAM_BYTES_MAX)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())
}

/// Many patterns asked at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct PatternSet(OnceLock<Option<RegexSet>>);

impl PatternSet {
    /// Indices of the patterns that match; `patterns` must be the same at every call.
    pub(crate) fn matching<'p>(
        &self,
        patterns: impl Iterator<Item = &'p Pattern> + Clone,
        text: &str,
    ) -> Vec<usize> {
        let set = self.0.get_or_init(|| {
            let texts = patterns.clone().map(|pattern| &pattern.text);
            RegexSetBuilder::new(texts).unicode(false).size_limit(SET_BYTES_MAX).build().ok()
        });
        match set {
            Some(set) => set.matches(text.as_bytes()).into_iter().collect(),
            None => patterns
                .enumerate()
                .filter(|(_, pattern)| pattern.is_match(text))
                .map(|(index, _)| index)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_hold_for_the_whole_pattern() {
        let pattern = Pattern::checked("^a|b$", "i").unwrap();
        assert!(pattern.is_match("Axx") && pattern.is_match("xxB") && !pattern.is_match("xAx"));
    }

    #[test]
    fn a_pattern_beyond_its_limits_is_refused() {
        for wrong in ["(", "a{1000}{1000}", "(?=a)", r"(a)\1", &"a".repeat(PATTERN_BYTES_MAX + 1)] {
            assert!(Pattern::checked(wrong, "").is_err());
        }
    }

    #[test]
    fn a_set_answers_like_its_patterns_one_by_one() {
        let patterns = [Pattern::trusted("^a", ""), Pattern::trusted("(", ""), Pattern::trusted("b", "i")];
        let set = PatternSet::default();
        assert_eq!(set.matching(patterns.iter(), "aB"), [0, 2], "one of them cannot be compiled");
        let set = PatternSet::default();
        assert_eq!(set.matching(patterns.iter().take(1), "aB"), [0]);
    }
}
