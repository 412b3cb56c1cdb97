//! What a vulnerability means at this device: the environment of its score, and what to do how soon.
//!
//! In: the device's class (how much patients depend on it, which patient data it holds). Out: the environmental metrics
//! of a CVSS vector, in the manner of MITRE's rubric for medical devices (FDA MDDT, 2020): what treats or watches
//! patients must work and must be right, what holds patient data must keep them; and the decision of CISA's SSVC tree. A
//! class that is not known sets nothing: an unknown device is never scored down.

use crate::cvss::{Vector, Version};
use crate::knowledge::Exploited;
use crate::ssvc::{Decision, Exploitation, Points, WellBeing};
use wardline_content::{Content, PatientData};
use wardline_model::Device;

/// What depends on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// From 5 (keeps a patient alive or treats now) to 1 (facility and office).
    pub criticality: Option<u8>,
    /// The patient data it holds.
    pub data: Option<PatientData>,
}

impl Context {
    /// The context of a device, by its class.
    #[must_use]
    pub fn of(device: &Device, content: &Content) -> Self {
        let class = device.class.as_ref().and_then(|(code, _)| content.classes.get(code));
        class.map_or_else(Self::default, |class| Self {
            criticality: class.criticality,
            data: class.patient_data,
        })
    }

    /// How much depends on it, for SSVC's mission and well-being.
    #[must_use]
    pub fn depends(self) -> Option<WellBeing> {
        self.criticality.map(|criticality| match criticality {
            4.. => WellBeing::High,
            3 => WellBeing::Medium,
            _ => WellBeing::Low,
        })
    }

    /// The vector with the environment of this device; nothing where the class sets none, or where the vector has an
    /// environment of its own.
    #[must_use]
    pub fn environment(self, base: &Vector) -> Option<Vector> {
        let needs =
            [self.requirement_of_data(), self.requirement_of_function(), self.requirement_of_function()];
        let mut vector = base.clone();
        let mut set = false;
        for (metric, need) in ["CR", "IR", "AR"].into_iter().zip(needs) {
            if let (Some(need), None) = (need, base.given(metric)) {
                vector = vector.with(metric, need).ok()?;
                set = true;
            }
        }
        if self.criticality == Some(5) {
            vector = harm(&vector);
        }
        set.then_some(vector)
    }

    /// Why the environment is what it is, in words.
    #[must_use]
    pub fn words(self) -> String {
        let depends = match self.criticality {
            Some(5) => "it keeps patients alive or treats them",
            Some(4) => "diagnosis or watching over patients depends on it",
            Some(3) => "work on patients waits when it fails",
            Some(_) => "no patient depends on it",
            None => "what depends on it is not known",
        };
        let data = match self.data {
            Some(PatientData::Record | PatientData::Results) => "it holds patient data",
            Some(PatientData::Little) => "it holds little of patients",
            Some(PatientData::None) => "it holds nothing of patients",
            None => "which patient data it holds is not known",
        };
        format!("{depends}; {data}")
    }

    fn requirement_of_data(self) -> Option<&'static str> {
        self.data.map(|data| match data {
            PatientData::Record | PatientData::Results => "H",
            PatientData::Little => "M",
            PatientData::None => "L",
        })
    }

    fn requirement_of_function(self) -> Option<&'static str> {
        self.criticality.map(|criticality| match criticality {
            4.. => "H",
            2 | 3 => "M",
            _ => "L",
        })
    }

    /// What to do how soon. What the catalogue of exploited vulnerabilities lists is exploited, whatever the points say.
    #[must_use]
    pub fn decide(self, points: Option<Points>, exploited: Option<&Exploited>) -> Option<Decision> {
        let mut points = points?;
        if exploited.is_some() {
            points.exploitation = Exploitation::Active;
        }
        Some(points.decide(self.depends()?))
    }
}

/// Harm to people beyond the device, where the vector's standard has a word for it: safety in CVSS 4.0, collateral
/// damage in 2.0.
fn harm(vector: &Vector) -> Vector {
    let high = |metric: &str| vector.given(metric) == Some("H");
    let sets: &[(&str, &str, bool)] = match vector.version() {
        Version::V4 => &[("MSI", "S", high("VI")), ("MSA", "S", high("VA"))],
        Version::V2 => &[("CDP", "H", true)],
        _ => &[],
    };
    let mut harmed = vector.clone();
    for (metric, value, holds) in sets {
        if *holds
            && vector.given(metric).is_none()
            && let Ok(with) = harmed.clone().with(metric, value)
        {
            harmed = with;
        }
    }
    harmed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pump() -> Context {
        Context { criticality: Some(5), data: Some(PatientData::Little) }
    }

    #[test]
    fn what_patients_depend_on_scores_higher() {
        let base = Vector::parse("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H").unwrap();
        let here = pump().environment(&base).unwrap();
        assert_eq!(here.to_string(), "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/CR:M/IR:H/AR:H");
        assert!(here.rating().score() > base.rating().score());
        let printer = Context { criticality: Some(1), data: Some(PatientData::None) };
        assert!(printer.environment(&base).unwrap().rating().score() < base.rating().score());
    }

    #[test]
    fn an_unknown_device_is_never_scored_down() {
        let base = Vector::parse("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").unwrap();
        assert_eq!(Context::default().environment(&base), None);
        assert_eq!(Context::default().decide(Points::read("active", "yes", "total"), None), None);
    }

    #[test]
    fn harm_has_its_word_in_other_standards() {
        let four = Vector::parse("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:L/SC:N/SI:N/SA:N").unwrap();
        let here = pump().environment(&four).unwrap();
        assert_eq!((here.given("MSI"), here.given("MSA")), (Some("S"), None));
        assert!(here.rating().score() > four.rating().score());
        let two = Vector::parse("AV:N/AC:L/Au:N/C:N/I:N/A:P").unwrap();
        assert_eq!(pump().environment(&two).unwrap().given("CDP"), Some("H"));
    }

    #[test]
    fn known_exploitation_outranks_older_points() {
        let points = Points::read("none", "yes", "total");
        assert_eq!(pump().decide(points, None), Some(Decision::Attend));
        assert_eq!(pump().decide(points, Some(&Exploited::default())), Some(Decision::Act));
    }
}
