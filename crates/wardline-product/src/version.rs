//! Versions as makers write them, and which of two came later.
//!
//! In: a version's text and the scheme of its product. Out: an order, or nothing where the two cannot be
//! compared: `U61` and `L81` of a pump are two countries' releases, not an earlier and a later one.
//!
//! A version is read into numbers, letters and words. Numbers compare by value and missing ones are zero
//! (`1.0` is `1.0.0`), so a text is first brought to a form without them. At one place the order is
//!
//! ```text
//!  beta, rc  <  nothing  <  letter, build, hotfix, update, service pack  <  a further number
//! ```
//!
//! which makes `8.0 beta < 8.0 < 8.0 SP2 < 8.0 SP2 HF9 < 8.0.1`, `5.89.05 < 5.89.05b` and `7.0U3 < 7.0U3o`. A word
//! nobody knows is equal to itself and otherwise incomparable. The relation is a partial order (property tests).
//! Limits: [`VERSION_BYTES_MAX`].

mod date;
mod order;
mod scheme;
mod token;

pub use date::Day;
pub(crate) use date::month;
pub use scheme::Scheme;
pub(crate) use token::{Token, tokens, written_tokens};

use std::cmp::Ordering;

/// Longest version text looked at, in bytes: longer texts are prose.
pub const VERSION_BYTES_MAX: usize = 128;

/// A version: its text as it was written, and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    text: Box<str>,
    tokens: Box<[Token]>,
}

impl Version {
    /// The version of that text; nothing when the text is empty, too long to be one, or says no version at all.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > VERSION_BYTES_MAX {
            return None;
        }
        let tokens = tokens(text);
        Some(Self { text: text.into(), tokens: tokens.into() })
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which of the two came later under that scheme; nothing where they cannot be compared.
    #[must_use]
    pub fn compare(&self, other: &Self, scheme: Scheme) -> Option<Ordering> {
        if self.text.eq_ignore_ascii_case(&other.text) {
            return Some(Ordering::Equal);
        }
        scheme.compare(self, other)
    }

    /// Whether a number or letter of it stands for any (`12.x`, `5.x.x`).
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.tokens.contains(&Token::Any)
    }

    /// Whether it is a release of the line that `line` names: `9.33.1` of `9.33`.
    #[must_use]
    pub fn extends(&self, line: &Self) -> bool {
        let (own, line) = (written_tokens(&self.text), written_tokens(&line.text));
        own.len() > line.len() && own.starts_with(&line)
    }

    /// The number it begins with, where it does.
    pub(crate) fn major(&self) -> Option<u64> {
        match written_tokens(&self.text).first() {
            Some(Token::Number(major)) => Some(*major),
            _ => None,
        }
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }
}

#[cfg(test)]
mod tests;
