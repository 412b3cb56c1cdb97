//! Days that stand in the place of a version: `July 1 2017`, `8/30/2024`, `2024-08-30`.
//!
//! A day must be told whole. `1/2/2024` is read month first when that is possible, as the advisories write it.

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Day {
    /// The day, when the text is one and nothing else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let parts: Vec<&str> = lower.split([' ', ',', '/', '-']).filter(|part| !part.is_empty()).collect();
        let [a, b, c] = parts.as_slice() else { return None };
        if let Some(month) = month(a) {
            return Self::new(c.parse().ok()?, month, ordinal(b)?);
        }
        if let Some(month) = month(b) {
            return Self::new(c.parse().ok()?, month, ordinal(a)?);
        }
        let (slashes, dashes) = (lower.contains('/'), lower.contains('-'));
        if dashes && !slashes && a.len() == 4 && b.len() == 2 && c.len() == 2 {
            return Self::new(a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
        }
        if slashes && !dashes && c.len() == 4 {
            let (first, second) = (a.parse().ok()?, b.parse().ok()?);
            return Self::new(c.parse().ok()?, first, second)
                .or_else(|| Self::new(c.parse().ok()?, second, first));
        }
        None
    }

    fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let sane = (1970..=2199).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        sane.then_some(Self { year, month, day })
    }
}

/// Whether the word is a month's name.
pub(crate) fn month(word: &str) -> Option<u8> {
    let word = word.trim_end_matches('.');
    let place = MONTHS
        .iter()
        .position(|name| *name == word)
        .or_else(|| MONTH_NAMES.iter().position(|name| *name == word))?;
    u8::try_from(place).ok()?.checked_add(1)
}

fn ordinal(text: &str) -> Option<u8> {
    text.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']).parse().ok()
}
