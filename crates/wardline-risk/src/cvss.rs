//! CVSS, the Common Vulnerability Scoring System of FIRST: versions 2.0, 3.0, 3.1 and 4.0.
//!
//! In: a vector string as its version's specification writes it (2.0 section 2.4, 3.0 and 3.1 section 6, 4.0
//! section 7). Out: a [`Vector`], which cannot be wrong, and its [`Rating`]. Scores are exact tenths: 2.0 and 4.0
//! round half up, 3.0 and 3.1 round up, all over integers or far from the noise of floating point.
//!
//! Refused, with the reason: another version, an unknown metric or value, a metric twice, a mandatory one missing,
//! and in 4.0 metrics out of the order that section 7 prescribes; the others may come in any order. 2.0 may stand in
//! parentheses, as NVD once wrote it. Limit: [`VECTOR_BYTES_MAX`].

mod metric;
mod v2;
mod v3;
mod v4;

use metric::{Group, METRICS_MAX, Metric};
use std::fmt;
use thiserror::Error;

/// Longest text read as a vector: the longest valid one, 4.0 with every metric, has 215.
pub const VECTOR_BYTES_MAX: usize = 512;

/// A version of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// CVSS 2.0 (2007).
    V2,
    /// CVSS 3.0 (2015).
    V30,
    /// CVSS 3.1 (2019).
    V31,
    /// CVSS 4.0 (2023).
    V4,
}

impl Version {
    /// As the standard numbers it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V4 => "4.0",
        }
    }

    const fn metrics(self) -> &'static [Metric] {
        match self {
            Self::V2 => metric::V2,
            Self::V30 | Self::V31 => metric::V3,
            Self::V4 => metric::V4,
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "",
            Self::V30 => "CVSS:3.0/",
            Self::V31 => "CVSS:3.1/",
            Self::V4 => "CVSS:4.0/",
        }
    }

    /// How the standard says that nothing was said of a metric.
    const fn undefined(self) -> &'static str {
        match self {
            Self::V2 => "ND",
            Self::V30 | Self::V31 | Self::V4 => "X",
        }
    }
}

/// Why a text is no vector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VectorError {
    /// Nothing there.
    #[error("empty")]
    Empty,
    /// More than [`VECTOR_BYTES_MAX`].
    #[error("longer than any vector ({VECTOR_BYTES_MAX} bytes)")]
    TooLong,
    /// It starts as a version that does not exist.
    #[error("unknown version \"{0}\"; there are 3.0, 3.1 and 4.0, and 2.0 without prefix")]
    Version(String),
    /// Not `NAME:VALUE`.
    #[error("\"{0}\" is not of the form METRIC:VALUE")]
    Form(String),
    /// A metric that this version does not have.
    #[error("CVSS {version} has no metric \"{metric}\"")]
    Unknown {
        /// Version of the vector.
        version: &'static str,
        /// What stood there.
        metric: String,
    },
    /// A value that this metric does not have.
    #[error("metric {metric} has no value \"{value}\"; it is one of {one_of}")]
    Value {
        /// The metric.
        metric: &'static str,
        /// What stood there.
        value: String,
        /// What may stand there.
        one_of: String,
    },
    /// The same metric twice.
    #[error("metric {0} is given twice")]
    Twice(&'static str),
    /// A metric before one that it must follow (4.0 section 7).
    #[error("metric {0} is out of order; CVSS 4.0 prescribes one")]
    Order(&'static str),
    /// Mandatory metrics that are not there.
    #[error("mandatory metrics missing: {0}")]
    Missing(String),
}

/// A score in tenths, 0.0 to 10.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u8);

impl Score {
    /// The greatest score.
    pub const MAX: Self = Self(100);

    /// Tenths, no more than 100.
    #[must_use]
    pub const fn from_tenths(tenths: u8) -> Self {
        if tenths > 100 { Self::MAX } else { Self(tenths) }
    }

    /// The nearest tenth to `value`, within the scale.
    fn nearest(value: f64) -> Self {
        // Products of two-digit weights lie on a grid far coarser than this; the noise of floating point far finer.
        Self::clamp((value * 10.0 + 0.5 + 1e-9).floor())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the scale before"
    )]
    fn clamp(tenths: f64) -> Self {
        Self(tenths.clamp(0.0, 100.0) as u8)
    }

    /// Tenths.
    #[must_use]
    pub const fn tenths(self) -> u8 {
        self.0
    }

    /// As a number.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// The qualitative scale: 3.0 section 5, 4.0 section 6; for 2.0 the ranges that NVD uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// 0.0 (not in 2.0).
    None,
    /// Up to 3.9.
    Low,
    /// Up to 6.9.
    Medium,
    /// Up to 8.9; in 2.0 up to 10.0.
    High,
    /// From 9.0 (not in 2.0).
    Critical,
}

impl Severity {
    /// What a score is called in a version.
    #[must_use]
    pub const fn of(score: Score, version: Version) -> Self {
        match (version, score.0) {
            (Version::V2, 0..40) | (_, 1..40) => Self::Low,
            (_, 0) => Self::None,
            (_, 40..70) => Self::Medium,
            (Version::V2, _) | (_, 70..90) => Self::High,
            (_, 90..) => Self::Critical,
        }
    }

    /// In lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a vector comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Version of the standard.
    pub version: Version,
    /// The base score; in 4.0, which has only one, the score with all that the vector says.
    pub base: Score,
    /// The temporal score, when the vector carries such metrics (never in 4.0).
    pub temporal: Option<Score>,
    /// The environmental score, when the vector carries such metrics (never in 4.0).
    pub environmental: Option<Score>,
}

impl Rating {
    /// The most specific score given.
    #[must_use]
    pub fn score(&self) -> Score {
        self.environmental.or(self.temporal).unwrap_or(self.base)
    }

    /// What the most specific score is called.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::of(self.score(), self.version)
    }
}

/// A vector that holds by its specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    version: Version,
    /// What each metric of the version's table was given, by position.
    given: [Option<&'static str>; METRICS_MAX],
}

impl Vector {
    /// Reads a vector string.
    ///
    /// # Errors
    /// When it breaks its specification, and how.
    pub fn parse(text: &str) -> Result<Self, VectorError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(VectorError::Empty);
        }
        if text.len() > VECTOR_BYTES_MAX {
            return Err(VectorError::TooLong);
        }
        let (version, fields) = head(text)?;
        let mut vector = Self { version, given: [None; METRICS_MAX] };
        let mut last = 0;
        for field in fields.split('/') {
            let position = vector.field(field)?;
            if version == Version::V4 && position < last {
                return Err(VectorError::Order(version.metrics()[position].name));
            }
            last = position;
        }
        let missing =
            |(metric, given): &(&Metric, &Option<_>)| metric.group == Group::Base && given.is_none();
        let missing: Vec<&str> = version
            .metrics()
            .iter()
            .zip(&vector.given)
            .filter(missing)
            .map(|(metric, _)| metric.name)
            .collect();
        if missing.is_empty() { Ok(vector) } else { Err(VectorError::Missing(missing.join(", "))) }
    }

    /// Takes one `METRIC:VALUE` and says where in the table it stands.
    fn field(&mut self, field: &str) -> Result<usize, VectorError> {
        let (name, value) = field.split_once(':').ok_or_else(|| VectorError::Form(field.to_owned()))?;
        let metrics = self.version.metrics();
        let position = metrics.iter().position(|metric| metric.name == name).ok_or_else(|| {
            VectorError::Unknown { version: self.version.as_str(), metric: name.to_owned() }
        })?;
        let metric = &metrics[position];
        let value = metric.value(value, self.version)?;
        if self.given[position].replace(value).is_some() {
            return Err(VectorError::Twice(metric.name));
        }
        Ok(position)
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What a metric was given, as written.
    #[must_use]
    pub fn given(&self, metric: &str) -> Option<&'static str> {
        let position = self.version.metrics().iter().position(|known| known.name == metric)?;
        self.given[position]
    }

    /// The same with one metric said otherwise: how a site's circumstances enter.
    ///
    /// # Errors
    /// When the version has no such metric or value.
    pub fn with(mut self, metric: &str, value: &str) -> Result<Self, VectorError> {
        if let Some(position) = self.version.metrics().iter().position(|known| known.name == metric) {
            self.given[position] = None;
        }
        self.field(&format!("{metric}:{value}"))?;
        Ok(self)
    }

    /// The scores.
    #[must_use]
    pub fn rating(&self) -> Rating {
        match self.version {
            Version::V2 => v2::rate(self),
            Version::V30 | Version::V31 => v3::rate(self),
            Version::V4 => v4::rate(self),
        }
    }

    /// What a metric says; what nothing was said of counts as not defined.
    fn value(&self, metric: &str) -> &'static str {
        self.given(metric).unwrap_or(self.version.undefined())
    }

    /// What holds where the vector was adapted to a site: the modified metric, else the base metric.
    fn modified(&self, base: &str) -> &'static str {
        match self.given(&format!("M{base}")) {
            None | Some("X") => self.value(base),
            Some(value) => value,
        }
    }

    /// Whether any metric of a group is written in the vector.
    fn carries(&self, group: Group) -> bool {
        self.version.metrics().iter().zip(&self.given).any(|(m, given)| m.group == group && given.is_some())
    }
}

/// In the order of the specification, metrics that are not defined left out.
impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version.prefix())?;
        let mut between = "";
        for (metric, given) in self.version.metrics().iter().zip(&self.given) {
            if let Some(value) = given.filter(|value| *value != self.version.undefined()) {
                write!(f, "{between}{}:{value}", metric.name)?;
                between = "/";
            }
        }
        Ok(())
    }
}

/// Version and metrics of a text.
fn head(text: &str) -> Result<(Version, &str), VectorError> {
    for version in [Version::V30, Version::V31, Version::V4] {
        if let Some(fields) = text.strip_prefix(version.prefix()) {
            return Ok((version, fields));
        }
    }
    if let Some(rest) = text.strip_prefix("CVSS:") {
        return Err(VectorError::Version(rest.split('/').next().unwrap_or(rest).to_owned()));
    }
    let bare = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(text);
    Ok((Version::V2, bare))
}

#[cfg(test)]
mod tests;
