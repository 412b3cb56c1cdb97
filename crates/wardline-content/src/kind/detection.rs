//! The catalogue of findings: what counts as weak, how bad it is, and what to do about it.
//!
//! Conditions are data; the detection crate evaluates them over a device's evidence and services.

use super::pattern::Pattern;
use serde::Deserialize;
use wardline_model::{Attribute, FindingKind, Severity};

/// A condition that a table of values cannot say; the detection crate knows how to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Special {
    /// The clock differs from what most clocks of the network say.
    ClockWrong,
    /// The operating system's support has ended at the time of the capture ([`crate::OsLifecycle`]).
    EndOfLifeOs,
    /// What is known of the device's products names it; the risk crate judges that, not the detection crate.
    KnownVulnerability,
    /// The same long-lived key on two devices or more.
    SharedHostKey,
    /// Two servers hand out addresses of one network with different routers or name servers.
    RivalDhcpServers,
    /// Another document (an inventory list, a scan) says otherwise than the wire.
    WitnessContradiction,
}

/// A pattern that a rule looks for.
#[derive(Clone, Debug)]
pub struct ValuePattern(Pattern);

impl ValuePattern {
    /// Whether the value holds it.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

/// When a rule applies.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Evidence of the attribute, whatever its value.
    Present(Attribute),
    /// Evidence of the attribute with one of these values, compared without regard to ASCII case.
    Value(Attribute, Vec<String>),
    /// Evidence of the attribute whose value matches.
    Pattern(Attribute, ValuePattern),
    /// A service of this protocol, provided by the device; `Some(false)` asks for one in clear.
    Service(String, Option<bool>),
    /// Something that needs code.
    Special(Special),
}

impl Condition {
    /// Whether evidence of `attribute` with `value` meets the condition; never for services and specials.
    #[must_use]
    pub fn is_met_by(&self, attribute: Attribute, value: &str) -> bool {
        match self {
            Self::Present(wanted) => *wanted == attribute,
            Self::Value(wanted, values) => {
                *wanted == attribute && values.iter().any(|v| v.eq_ignore_ascii_case(value))
            }
            Self::Pattern(wanted, pattern) => *wanted == attribute && pattern.is_match(value),
            Self::Service(..) | Self::Special(_) => false,
        }
    }
}

/// A rule of the catalogue.
#[derive(Clone, Debug)]
pub struct Weakness {
    /// Unique name, `findings[].rule`.
    pub id: String,
    /// What sort of finding.
    pub kind: FindingKind,
    /// How bad.
    pub severity: Severity,
    /// One step worse for devices of this criticality or above.
    pub raise_at_criticality: Option<u8>,
    /// One line.
    pub title: String,
    /// Why it matters, patient harm first, in plain words.
    pub why: String,
    /// What to do next, safe for a device in use.
    pub next_step: String,
    /// Why it may be harmless.
    pub benign: String,
    /// Ids in other catalogues: `D-49`, `E T1040`, `I T0842`, `CWE-319`.
    pub references: Vec<String>,
    /// The rule applies when any of these holds.
    pub when: Vec<Condition>,
}

impl Weakness {
    /// The severity for a device of this criticality.
    #[must_use]
    pub fn severity_at(&self, criticality: Option<u8>) -> Severity {
        match (self.raise_at_criticality, criticality) {
            (Some(limit), Some(criticality)) if criticality >= limit => one_worse(self.severity),
            _ => self.severity,
        }
    }
}

const fn one_worse(severity: Severity) -> Severity {
    match severity {
        Severity::Critical | Severity::High => Severity::Critical,
        Severity::Medium => Severity::High,
        Severity::Low => Severity::Medium,
        Severity::Info => Severity::Low,
    }
}

/// A condition as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    attribute: Option<String>,
    values: Option<Vec<String>>,
    pattern: Option<String>,
    service: Option<String>,
    encrypted: Option<bool>,
    special: Option<Special>,
}

/// A rule as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWeakness {
    pub(crate) id: String,
    kind: String,
    severity: String,
    raise_at_criticality: Option<u8>,
    title: String,
    why: String,
    next_step: String,
    benign: String,
    #[serde(default)]
    references: Vec<String>,
    when: Vec<RawCondition>,
}

impl RawWeakness {
    pub(crate) fn check(self) -> Result<Weakness, String> {
        let severity = Severity::ALL.iter().copied().find(|s| s.as_str() == self.severity);
        let severity = severity.ok_or_else(|| format!("`{}` is not a severity", self.severity))?;
        let kind = kind_of(&self.kind).ok_or_else(|| format!("`{}` is not a kind", self.kind))?;
        if self.raise_at_criticality.is_some_and(|c| !(1..=5).contains(&c)) {
            return Err("criticality is from 1 to 5".to_owned());
        }
        for (name, text) in [
            ("title", &self.title),
            ("why", &self.why),
            ("next_step", &self.next_step),
            ("benign", &self.benign),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name} is empty"));
            }
        }
        if self.when.is_empty() {
            return Err("has no condition".to_owned());
        }
        Ok(Weakness {
            id: self.id,
            kind,
            severity,
            raise_at_criticality: self.raise_at_criticality,
            title: self.title,
            why: self.why,
            next_step: self.next_step,
            benign: self.benign,
            references: self.references,
            when: self.when.into_iter().map(RawCondition::check).collect::<Result<_, _>>()?,
        })
    }
}

fn kind_of(text: &str) -> Option<FindingKind> {
    use FindingKind::{Alert, Change, Violation, Vulnerability, Weakness};
    [Weakness, Vulnerability, Violation, Alert, Change].into_iter().find(|kind| kind.as_str() == text)
}

impl RawCondition {
    fn check(self) -> Result<Condition, String> {
        match self {
            Self {
                attribute: Some(name),
                service: None,
                special: None,
                encrypted: None,
                values,
                pattern,
            } => {
                let attribute =
                    Attribute::parse(&name).ok_or_else(|| format!("`{name}` is not an attribute"))?;
                match (values, pattern) {
                    (None, None) => Ok(Condition::Present(attribute)),
                    (Some(values), None) if !values.is_empty() => Ok(Condition::Value(attribute, values)),
                    (None, Some(pattern)) => {
                        Ok(Condition::Pattern(attribute, ValuePattern(Pattern::checked(&pattern, "")?)))
                    }
                    _ => Err("a condition has either values or a pattern".to_owned()),
                }
            }
            Self {
                service: Some(service),
                attribute: None,
                values: None,
                pattern: None,
                special: None,
                encrypted,
            } => Ok(Condition::Service(service, encrypted)),
            Self {
                special: Some(special),
                attribute: None,
                values: None,
                pattern: None,
                service: None,
                encrypted: None,
            } => Ok(Condition::Special(special)),
            _ => Err("a condition is about one attribute, one service or one special".to_owned()),
        }
    }
}
