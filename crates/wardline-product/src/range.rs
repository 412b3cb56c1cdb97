//! Which versions a statement speaks of.
//!
//! In: spans (all, one version, from, to) and a device's version. Out: yes, no or unknown with the reason in words.
//! Unknown is what cannot be compared, a release of a line that a list names (`9.33.1` of `9.33`), and a version
//! that one of several bounds covers while the bound of its own line does not (`< 19.0.1, < 18.0.1` and 18.0.2).

use crate::truth::Truth;
use crate::version::{Scheme, Version};
use std::cmp::Ordering;
use std::fmt;

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The version at the end.
    pub version: Version,
    /// Whether that version itself is meant.
    pub inclusive: bool,
}

/// Versions that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Every version.
    All,
    /// One version, or all that a pattern stands for.
    One(Version),
    /// Between two ends, either of which may be open.
    Range {
        /// From here.
        low: Option<Bound>,
        /// To here.
        high: Option<Bound>,
    },
}

/// How exactly bounds are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As a person's words: `9.33` may be the whole line of 9.33.
    Words,
    /// As a machine's statement: `9.33` is 9.33.0 and no other.
    Exact,
}

/// Whether a version is meant, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Yes, no, or unknown.
    pub truth: Truth,
    /// Why, in words.
    pub why: String,
}

impl Span {
    /// Everything below the version.
    #[must_use]
    pub fn below(version: Version) -> Self {
        Self::Range { low: None, high: Some(Bound { version, inclusive: false }) }
    }

    /// Everything up to the version, itself included.
    #[must_use]
    pub fn up_to(version: Version) -> Self {
        Self::Range { low: None, high: Some(Bound { version, inclusive: true }) }
    }

    /// The version and everything after it.
    #[must_use]
    pub fn from(version: Version) -> Self {
        Self::Range { low: Some(Bound { version, inclusive: true }), high: None }
    }

    /// Whether the span holds the version.
    #[must_use]
    pub fn holds(&self, version: &Version, scheme: Scheme, reading: Reading) -> Truth {
        match self {
            Self::All => Truth::True,
            Self::One(one) => match version.compare(one, scheme) {
                Some(Ordering::Equal) => Truth::True,
                Some(_) if reading == Reading::Words && version.extends(one) => Truth::Unknown,
                Some(_) => Truth::False,
                None => Truth::Unknown,
            },
            Self::Range { low, high } => {
                let low = low.as_ref().map_or(Truth::True, |bound| bound.at_least(version, scheme));
                let high = high.as_ref().map_or(Truth::True, |bound| bound.at_most(version, scheme, reading));
                low.and(high)
            }
        }
    }

    /// The end of a span that is open below, when the version itself is no longer meant.
    fn line_end(&self) -> Option<&Version> {
        match self {
            Self::Range { low: None, high: Some(Bound { version, .. }) } => Some(version),
            _ => None,
        }
    }
}

impl Bound {
    fn at_least(&self, version: &Version, scheme: Scheme) -> Truth {
        match version.compare(&self.version, scheme) {
            Some(Ordering::Greater) => Truth::True,
            Some(Ordering::Equal) => self.inclusive.into(),
            Some(Ordering::Less) => Truth::False,
            None => Truth::Unknown,
        }
    }

    fn at_most(&self, version: &Version, scheme: Scheme, reading: Reading) -> Truth {
        match version.compare(&self.version, scheme) {
            Some(Ordering::Less) => Truth::True,
            Some(Ordering::Equal) => self.inclusive.into(),
            Some(Ordering::Greater)
                if self.inclusive && reading == Reading::Words && version.extends(&self.version) =>
            {
                Truth::Unknown
            }
            Some(Ordering::Greater) => Truth::False,
            None => Truth::Unknown,
        }
    }
}

/// Whether any of the spans holds the version, and why.
#[must_use]
pub fn membership(spans: &[Span], version: &Version, scheme: Scheme, reading: Reading) -> Membership {
    let each: Vec<(&Span, Truth)> =
        spans.iter().map(|span| (span, span.holds(version, scheme, reading))).collect();
    let text = version.text();
    if let Some((span, _)) = each.iter().find(|(_, truth)| *truth == Truth::True) {
        if let Some(own) = own_line(&each, version, span) {
            let why = format!("{text} is {span}, but its own line ends at {own}");
            return Membership { truth: Truth::Unknown, why };
        }
        let why = match span {
            Span::All => "every version is meant".to_owned(),
            Span::One(_) => format!("{text} is named"),
            Span::Range { .. } => format!("{text} is {span}"),
        };
        return Membership { truth: Truth::True, why };
    }
    if let Some((span, _)) = each.iter().find(|(_, truth)| *truth == Truth::Unknown) {
        let why = match span {
            Span::One(one) | Span::Range { high: Some(Bound { version: one, .. }), .. }
                if version.extends(one) =>
            {
                format!("{text} is a release of {one}, which may or may not take it in")
            }
            _ => format!("{text} cannot be compared with {span}"),
        };
        return Membership { truth: Truth::Unknown, why };
    }
    let all: Vec<String> = spans.iter().map(ToString::to_string).collect();
    Membership { truth: Truth::False, why: format!("{text} is not {}", all.join(" nor ")) }
}

/// The end of the version's own line, where several lines have ends and that one is past.
fn own_line<'a>(each: &[(&'a Span, Truth)], version: &Version, span: &Span) -> Option<&'a Version> {
    let major = version.major()?;
    span.line_end().filter(|end| end.major() != Some(major))?;
    each.iter()
        .filter(|(_, truth)| *truth == Truth::False)
        .filter_map(|(span, _)| span.line_end())
        .find(|end| end.major() == Some(major))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("any version"),
            Self::One(version) => write!(f, "{version}"),
            Self::Range { low: None, high: None } => f.write_str("any version"),
            Self::Range { low: None, high: Some(high) } => write!(f, "{}", End(high)),
            Self::Range { low: Some(low), high: None } => write!(f, "{}", Start(low)),
            Self::Range { low: Some(low), high: Some(high) } => write!(f, "{} and {}", Start(low), End(high)),
        }
    }
}

struct Start<'a>(&'a Bound);
struct End<'a>(&'a Bound);

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.0.inclusive { "at or after" } else { "after" }, self.0.version)
    }
}

impl fmt::Display for End<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.0.inclusive { "at or before" } else { "before" }, self.0.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::new(text).unwrap()
    }

    fn check(spans: &[Span], text: &str, reading: Reading) -> Truth {
        membership(spans, &version(text), Scheme::Dotted, reading).truth
    }

    #[test]
    fn ends_are_meant_or_not() {
        let below = [Span::below(version("2.0"))];
        let up_to = [Span::up_to(version("2.0"))];
        for (text, in_below, in_up_to) in [
            ("1.9", Truth::True, Truth::True),
            ("2.0.0", Truth::False, Truth::True),
            ("2.1", Truth::False, Truth::False),
            ("B.02", Truth::Unknown, Truth::Unknown),
        ] {
            assert_eq!(check(&below, text, Reading::Words), in_below, "{text}");
            assert_eq!(check(&up_to, text, Reading::Words), in_up_to, "{text}");
        }
    }

    #[test]
    fn words_may_mean_a_whole_line_and_machines_do_not() {
        let spans = [Span::up_to(version("9.33")), Span::One(version("12.1"))];
        for text in ["9.33.1", "12.1.3"] {
            assert_eq!(check(&spans, text, Reading::Words), Truth::Unknown, "{text}");
            assert_eq!(check(&spans, text, Reading::Exact), Truth::False, "{text}");
        }
    }

    #[test]
    fn the_bound_of_its_own_line_casts_doubt() {
        let spans = ["19.0.1", "18.0.1", "8.0.7"].map(|end| Span::below(version(end)));
        assert_eq!(check(&spans, "18.0.0", Reading::Words), Truth::True);
        assert_eq!(check(&spans, "18.0.1", Reading::Words), Truth::Unknown);
        assert_eq!(check(&spans, "17.3", Reading::Words), Truth::True);
        assert_eq!(check(&spans, "19.0.1", Reading::Words), Truth::False);
    }
}
