//! Until when an operating system gets security updates.
//!
//! An entry's `ended` is the day after which *no* edition of that release gets updates in the normal course
//! (long-term editions included, paid extensions not): a modality on a long-term edition must not be
//! called old by the calendar of the home edition.

use super::pattern::Pattern;
use crate::Date;
use serde::Deserialize;

/// A release of an operating system.
#[derive(Clone, Debug)]
pub struct OsRelease {
    /// Unique name.
    pub id: String,
    /// Last day with security updates for any edition in the normal course.
    pub ended: Date,
    /// Last day for the usual editions, where long-term editions live longer.
    pub ended_usual: Option<Date>,
    /// What to know before acting: long-term editions, paid extensions.
    pub note: Option<String>,
    /// Where the date comes from.
    pub source: String,
    name: Pattern,
    version: Option<Pattern>,
}

/// All known releases.
#[derive(Clone, Debug, Default)]
pub struct OsLifecycle {
    releases: Vec<OsRelease>,
}

impl OsLifecycle {
    pub(crate) fn new(releases: Vec<OsRelease>) -> Self {
        Self { releases }
    }

    /// Every release.
    pub fn iter(&self) -> impl Iterator<Item = &OsRelease> {
        self.releases.iter()
    }

    /// The release of that name and version. Where several fit, the one supported longest: a system is called
    /// old only when every reading of its name is.
    #[must_use]
    pub fn find(&self, name: &str, version: Option<&str>) -> Option<&OsRelease> {
        self.releases.iter().filter(|release| release.is(name, version)).max_by_key(|release| release.ended)
    }

    /// The release of that name and version, when its support had ended before the day `at`.
    #[must_use]
    pub fn ended(&self, name: &str, version: Option<&str>, at: Date) -> Option<&OsRelease> {
        self.find(name, version).filter(|release| release.ended < at)
    }
}

impl OsRelease {
    #[cfg(test)]
    pub(crate) fn compiles(&self) -> bool {
        self.name.compiles() && self.version.as_ref().is_none_or(Pattern::compiles)
    }

    fn is(&self, name: &str, version: Option<&str>) -> bool {
        self.name.is_match(name)
            && self
                .version
                .as_ref()
                .is_none_or(|wanted| version.is_some_and(|version| wanted.is_match(version)))
    }
}

/// A release as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOsRelease {
    pub(crate) id: String,
    name: String,
    version: Option<String>,
    ended: String,
    ended_usual: Option<String>,
    note: Option<String>,
    source: Option<String>,
}

impl RawOsRelease {
    pub(crate) fn check(self, source: Option<&str>, trusted: bool) -> Result<OsRelease, String> {
        let pattern = |text: &str| {
            if trusted { Ok(Pattern::trusted(text, "i")) } else { Pattern::checked(text, "i") }
        };
        let day = |text: &str| Date::parse(text).ok_or_else(|| format!("`{text}` is not a day"));
        Ok(OsRelease {
            id: self.id,
            ended: day(&self.ended)?,
            ended_usual: self.ended_usual.as_deref().map(day).transpose()?,
            note: self.note,
            source: self.source.or(source.map(str::to_owned)).ok_or("names no source")?,
            name: pattern(&self.name)?,
            version: self.version.as_deref().map(pattern).transpose()?,
        })
    }
}
