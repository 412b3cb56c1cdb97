//! Lexemes into spans.

use super::lex::{Lexeme, is_turn};
use crate::range::{Bound, Span};
use crate::version::{Scheme, Version};
use std::cmp::Ordering;

/// What lexemes say.
pub(super) struct Parsed {
    pub(super) spans: Vec<Span>,
    /// Whose versions are meant, where that was said.
    pub(super) conditions: Vec<String>,
    /// Words that did not fit.
    pub(super) unread: Vec<String>,
}

/// The spans, and the words that did not fit.
pub(super) fn parse(lexemes: Vec<Lexeme>) -> Parsed {
    let mut parser = Parser::default();
    for lexeme in lexemes {
        parser.take(lexeme);
    }
    parser.finish()
}

#[derive(Default)]
struct Parser {
    spans: Vec<Span>,
    unread: Vec<String>,
    conditions: Vec<String>,
    /// Words after a sign, before its version: whose version it is (`< loader 7.55`).
    whose: Vec<String>,
    /// A sign that waits for its version.
    sign: Option<Lexeme>,
    /// `all` was said: it stands for every version unless a limit follows.
    all: bool,
    /// The last thing was a version: a second one beside it without a separator is a list whose commas were lost.
    limited: bool,
    /// A sign took the last version, and nothing separated it from what follows.
    glued: bool,
    /// The last thing was a version with no sign of its own.
    bare: bool,
    /// The sign that waits follows such a version: `A.01 <= C.0x` is a range.
    between: bool,
}

impl Parser {
    fn take(&mut self, lexeme: Lexeme) {
        let glued = std::mem::take(&mut self.glued);
        let bare = std::mem::take(&mut self.bare);
        match lexeme {
            Lexeme::All => self.all = true,
            Lexeme::Separator => {}
            Lexeme::Below | Lexeme::UpTo | Lexeme::After | Lexeme::From | Lexeme::Through => {
                self.between = bare;
                if let Some(sign) = self.sign.replace(lexeme) {
                    self.unread.push(sign_text(&sign).to_owned());
                    self.unread.append(&mut self.whose);
                }
            }
            Lexeme::AndEarlier => self.widen(Span::up_to, "and earlier"),
            Lexeme::AndLater => self.widen(Span::from, "and later"),
            Lexeme::Version(text) if glued => self.unread.push(text),
            Lexeme::Version(text) => match Version::new(&text) {
                Some(version) => self.version(version),
                None => self.unread.push(text),
            },
            Lexeme::Word(word) if self.sign.is_some() && !is_turn(&word) => self.whose.push(word),
            Lexeme::Word(word) => self.unread.push(word),
        }
    }

    fn version(&mut self, version: Version) {
        self.limited = true;
        if !self.whose.is_empty() {
            self.conditions.push(format!("the version is that of {}", self.whose.join(" ")));
            self.whose.clear();
        }
        let sign = self.sign.take();
        self.glued = matches!(sign, Some(Lexeme::Below | Lexeme::UpTo | Lexeme::After | Lexeme::From));
        self.bare = sign.is_none();
        let ends = if std::mem::take(&mut self.between) { Ends::Any } else { Ends::Low };
        let span = match sign {
            None => Span::One(version),
            Some(Lexeme::From) => Span::from(version),
            Some(Lexeme::After) => Span::Range { low: Some(Bound { version, inclusive: false }), high: None },
            Some(Lexeme::Through) => return self.close(Bound { version, inclusive: true }, Ends::Any),
            Some(Lexeme::UpTo) => return self.close(Bound { version, inclusive: true }, ends),
            Some(_) => return self.close(Bound { version, inclusive: false }, ends),
        };
        self.spans.push(span);
    }

    /// An upper end: of the span that is open above, or of one of its own.
    fn close(&mut self, bound: Bound, ends: Ends) {
        match self.spans.pop() {
            Some(Span::Range { low: Some(low), high: None }) if fits(&low.version, &bound.version) => {
                self.spans.push(Span::Range { low: Some(low), high: Some(bound) });
            }
            Some(Span::One(version)) if ends == Ends::Any => {
                let low = Bound { version, inclusive: true };
                self.spans.push(Span::Range { low: Some(low), high: Some(bound) });
            }
            last => {
                self.spans.extend(last);
                self.spans.push(Span::Range { low: None, high: Some(bound) });
            }
        }
    }

    /// `and earlier` turns the version before it into a range.
    fn widen(&mut self, into: impl Fn(Version) -> Span, words: &str) {
        match self.spans.pop() {
            Some(Span::One(version)) => self.spans.push(into(version)),
            last => {
                self.spans.extend(last);
                self.unread.push(words.to_owned());
            }
        }
    }

    fn finish(mut self) -> Parsed {
        self.unread.extend(self.sign.take().map(|sign| sign_text(&sign).to_owned()));
        self.unread.append(&mut self.whose);
        if self.all && !self.limited {
            self.spans.push(Span::All);
        }
        Parsed { spans: self.spans, conditions: self.conditions, unread: self.unread }
    }
}

/// What may be the lower end of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// A version that stands there, or an open span.
    Any,
    /// An open span only.
    Low,
}

/// Whether the lower end can be below the upper one.
fn fits(low: &Version, high: &Version) -> bool {
    low.compare(high, Scheme::Revision) != Some(Ordering::Greater)
}

fn sign_text(sign: &Lexeme) -> &'static str {
    match sign {
        Lexeme::Below => "before",
        Lexeme::UpTo => "up to",
        Lexeme::After => "after",
        Lexeme::From => "from",
        _ => "through",
    }
}
