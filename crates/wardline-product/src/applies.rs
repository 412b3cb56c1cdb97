//! The version text of an advisory, read into spans.
//!
//! In: what an advisory writes in the place of a version (`vers:all/*`, `Versions 9.33 and prior`, `>= 4.01 | <= 4.34`,
//! `2.3.6 and below`, `A.01 <= C.0x | 4.0`, `8.x (with Wireless Battery Modules v17)`). Out: spans, the conditions
//! beyond a version, and the words that were not understood; with such words the text is not decided, and nothing
//! is guessed over them. Texts beyond [`TEXT_BYTES_MAX`] are prose and not read.

mod lex;
mod parse;

use crate::range::{Membership, Reading, Span, membership};
use crate::truth::Truth;
use crate::version::{Scheme, Version};

/// Longest text read, in bytes: the longest version text of the medical advisories has 180.
pub const TEXT_BYTES_MAX: usize = 600;

/// What a version text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applies {
    /// The versions meant.
    pub spans: Vec<Span>,
    /// What must hold besides the version, in the advisory's words.
    pub conditions: Vec<String>,
    /// Words that were not understood.
    pub unread: Vec<String>,
}

impl Applies {
    /// Reads a version text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text.len() > TEXT_BYTES_MAX {
            return Self { unread: vec![format!("a text of {} bytes", text.len())], ..Self::default() };
        }
        let (lexemes, conditions) = lex::lex(text);
        if let Some(name) = lex::name(&lexemes) {
            // A variant, a part, an edition: whatever its version, on condition that it is that.
            let conditions = std::iter::once(name).chain(conditions).collect();
            return Self { spans: vec![Span::All], conditions, unread: Vec::new() };
        }
        let parsed = parse::parse(lexemes);
        let conditions: Vec<String> = parsed.conditions.into_iter().chain(conditions).collect();
        let mut spans = parsed.spans;
        if spans.is_empty() && parsed.unread.is_empty() && !conditions.is_empty() {
            // Only a condition, such as a day of distribution: every version that fulfils it.
            spans.push(Span::All);
        }
        Self { spans, conditions, unread: parsed.unread }
    }

    /// Every version, without condition.
    #[must_use]
    pub fn all() -> Self {
        Self { spans: vec![Span::All], ..Self::default() }
    }

    /// Whether every word was understood and versions were named.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.unread.is_empty() && !self.spans.is_empty()
    }

    /// Whether every version is meant without condition.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.spans.contains(&Span::All) && self.conditions.is_empty()
    }

    /// Whether the version is meant, and why: a condition or a word that was not understood makes it unknown.
    #[must_use]
    pub fn holds(&self, version: &Version, scheme: Scheme) -> Membership {
        let found = membership(&self.spans, version, scheme, Reading::Words);
        match found.truth {
            Truth::True if !self.conditions.is_empty() => Membership {
                truth: Truth::Unknown,
                why: format!("{}, on condition: {}", found.why, self.conditions.join("; ")),
            },
            Truth::True if !self.unread.is_empty() => Membership {
                truth: Truth::Unknown,
                why: format!(
                    "{}, beside words that were not understood: {}",
                    found.why,
                    self.unread.join(" ")
                ),
            },
            Truth::False if !self.is_decided() => {
                let words: Vec<&str> =
                    self.unread.iter().chain(&self.conditions).map(String::as_str).collect();
                let why = format!("the advisory's words were not understood: {}", words.join(", "));
                Membership { truth: Truth::Unknown, why }
            }
            _ => found,
        }
    }
}

#[cfg(test)]
mod tests;
