//! The metrics of each version, in the order in which its specification writes them, with their values.

use super::{VectorError, Version};

/// Most metrics that a version has (4.0).
pub(super) const METRICS_MAX: usize = 32;

/// What part of a score a metric belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Mandatory.
    Base,
    /// Changes with time: temporal, in 4.0 threat.
    Threat,
    /// Of the place where the product stands.
    Environmental,
    /// Said beside the score (4.0).
    Supplemental,
}

/// One metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) group: Group,
    values: &'static [&'static str],
}

impl Metric {
    /// The value of that name.
    pub(super) fn value(&self, value: &str, version: Version) -> Result<&'static str, VectorError> {
        let undefined = (self.group != Group::Base).then(|| version.undefined());
        self.values.iter().copied().chain(undefined).find(|known| *known == value).ok_or_else(|| {
            VectorError::Value {
                metric: self.name,
                value: value.to_owned(),
                one_of: self.values.iter().copied().chain(undefined).collect::<Vec<_>>().join(", "),
            }
        })
    }
}

const fn metric(name: &'static str, group: Group, values: &'static [&'static str]) -> Metric {
    Metric { name, group, values }
}

const LEVELS_V2: &[&str] = &["N", "P", "C"];
const REQUIREMENT: &[&str] = &["L", "M", "H"];
const IMPACT: &[&str] = &["N", "L", "H"];
const SAFETY: &[&str] = &["N", "L", "H", "S"];
const VECTOR: &[&str] = &["N", "A", "L", "P"];
const COMPLEXITY: &[&str] = &["L", "H"];
const PRIVILEGES: &[&str] = &["N", "L", "H"];
const INTERACTION_V3: &[&str] = &["N", "R"];
const INTERACTION_V4: &[&str] = &["N", "P", "A"];
const SCOPE: &[&str] = &["U", "C"];
const REQUIREMENTS: &[&str] = &["N", "P"];

/// Version 2.0, sections 2.1 to 2.3.
pub(super) const V2: &[Metric] = &[
    metric("AV", Group::Base, &["L", "A", "N"]),
    metric("AC", Group::Base, &["H", "M", "L"]),
    metric("Au", Group::Base, &["M", "S", "N"]),
    metric("C", Group::Base, LEVELS_V2),
    metric("I", Group::Base, LEVELS_V2),
    metric("A", Group::Base, LEVELS_V2),
    metric("E", Group::Threat, &["U", "POC", "F", "H"]),
    metric("RL", Group::Threat, &["OF", "TF", "W", "U"]),
    metric("RC", Group::Threat, &["UC", "UR", "C"]),
    metric("CDP", Group::Environmental, &["N", "L", "LM", "MH", "H"]),
    metric("TD", Group::Environmental, &["N", "L", "M", "H"]),
    metric("CR", Group::Environmental, REQUIREMENT),
    metric("IR", Group::Environmental, REQUIREMENT),
    metric("AR", Group::Environmental, REQUIREMENT),
];

/// Versions 3.0 and 3.1, table 15 of section 6.
pub(super) const V3: &[Metric] = &[
    metric("AV", Group::Base, VECTOR),
    metric("AC", Group::Base, COMPLEXITY),
    metric("PR", Group::Base, PRIVILEGES),
    metric("UI", Group::Base, INTERACTION_V3),
    metric("S", Group::Base, SCOPE),
    metric("C", Group::Base, IMPACT),
    metric("I", Group::Base, IMPACT),
    metric("A", Group::Base, IMPACT),
    metric("E", Group::Threat, &["U", "P", "F", "H"]),
    metric("RL", Group::Threat, &["O", "T", "W", "U"]),
    metric("RC", Group::Threat, &["U", "R", "C"]),
    metric("CR", Group::Environmental, REQUIREMENT),
    metric("IR", Group::Environmental, REQUIREMENT),
    metric("AR", Group::Environmental, REQUIREMENT),
    metric("MAV", Group::Environmental, VECTOR),
    metric("MAC", Group::Environmental, COMPLEXITY),
    metric("MPR", Group::Environmental, PRIVILEGES),
    metric("MUI", Group::Environmental, INTERACTION_V3),
    metric("MS", Group::Environmental, SCOPE),
    metric("MC", Group::Environmental, IMPACT),
    metric("MI", Group::Environmental, IMPACT),
    metric("MA", Group::Environmental, IMPACT),
];

/// Version 4.0, table 23 of section 7.
pub(super) const V4: &[Metric] = &[
    metric("AV", Group::Base, VECTOR),
    metric("AC", Group::Base, COMPLEXITY),
    metric("AT", Group::Base, REQUIREMENTS),
    metric("PR", Group::Base, PRIVILEGES),
    metric("UI", Group::Base, INTERACTION_V4),
    metric("VC", Group::Base, IMPACT),
    metric("VI", Group::Base, IMPACT),
    metric("VA", Group::Base, IMPACT),
    metric("SC", Group::Base, IMPACT),
    metric("SI", Group::Base, IMPACT),
    metric("SA", Group::Base, IMPACT),
    metric("E", Group::Threat, &["A", "P", "U"]),
    metric("CR", Group::Environmental, REQUIREMENT),
    metric("IR", Group::Environmental, REQUIREMENT),
    metric("AR", Group::Environmental, REQUIREMENT),
    metric("MAV", Group::Environmental, VECTOR),
    metric("MAC", Group::Environmental, COMPLEXITY),
    metric("MAT", Group::Environmental, REQUIREMENTS),
    metric("MPR", Group::Environmental, PRIVILEGES),
    metric("MUI", Group::Environmental, INTERACTION_V4),
    metric("MVC", Group::Environmental, IMPACT),
    metric("MVI", Group::Environmental, IMPACT),
    metric("MVA", Group::Environmental, IMPACT),
    metric("MSC", Group::Environmental, IMPACT),
    metric("MSI", Group::Environmental, SAFETY),
    metric("MSA", Group::Environmental, SAFETY),
    metric("S", Group::Supplemental, &["N", "P"]),
    metric("AU", Group::Supplemental, &["N", "Y"]),
    metric("R", Group::Supplemental, &["A", "U", "I"]),
    metric("V", Group::Supplemental, &["D", "C"]),
    metric("RE", Group::Supplemental, &["L", "M", "H"]),
    metric("U", Group::Supplemental, &["Clear", "Green", "Amber", "Red"]),
];
