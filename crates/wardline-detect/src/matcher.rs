//! Conditions over one device: evidence of an attribute, or a service it provides.

use crate::Shows;
use wardline_content::{Condition, Special};
use wardline_model::{Attribute, Confidence, Device, Evidence};

/// Evidence below this does not make a finding: an accusation needs more than a hint.
const CONFIDENCE_MIN: Confidence = 50;

/// Which attributes a device has evidence of that counts, and whether it offers services: a bit each. Most rules
/// ask for what most devices do not have, and are done with here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(u128);

/// The bit of services; attributes take theirs from below.
const SERVICES: u128 = 1 << 127;

impl Told {
    const fn of(attribute: Attribute) -> u128 {
        // Attributes beyond the bits there are share the last one below that of services.
        let number = attribute as u32;
        1 << if number < 126 { number } else { 126 }
    }

    /// What a device tells.
    pub(crate) fn by(device: &Device) -> Self {
        let evidence = device.evidence.iter().filter(|evidence| counts(evidence));
        let services = if device.services.is_empty() { 0 } else { SERVICES };
        Self(evidence.fold(services, |all, evidence| all | Self::of(evidence.attribute)))
    }

    /// What must be told for any of these to hold.
    pub(crate) fn wanted_by(conditions: &[Condition]) -> Self {
        let bit = |condition: &Condition| match condition {
            Condition::Present(attribute)
            | Condition::Value(attribute, _)
            | Condition::Pattern(attribute, _) => Self::of(*attribute),
            Condition::Service(..) => SERVICES,
            Condition::Special(Special::ClockWrong) => Self::of(Attribute::ClockOffset),
            Condition::Special(Special::EndOfLifeOs) => Self::of(Attribute::Os),
            Condition::Special(Special::SharedHostKey) => Self::of(Attribute::HostKey),
            Condition::Special(Special::RivalDhcpServers) => Self::of(Attribute::DhcpServer),
            Condition::Special(Special::KnownVulnerability) => 0,
            Condition::Special(Special::WitnessContradiction) => {
                let compared = [Attribute::Serial, Attribute::Model, Attribute::Software];
                Self(compared.into_iter().map(Self::of).fold(0, |all, bit| all | bit)).0
            }
        };
        Self(conditions.iter().map(bit).fold(0, |all, bit| all | bit))
    }

    /// Whether any of it is told.
    pub(crate) const fn meets(self, told: Self) -> bool {
        self.0 & told.0 != 0
    }
}

/// Evidence of an attribute that counts: sure enough, and the device's own.
pub(crate) fn of(device: &Device, attribute: Attribute) -> impl Iterator<Item = &Evidence> {
    device.evidence.iter().filter(move |evidence| evidence.attribute == attribute && counts(evidence))
}

fn counts(evidence: &Evidence) -> bool {
    evidence.confidence >= CONFIDENCE_MIN && evidence.via.is_none()
}

/// Whether a condition that is a table holds.
pub(crate) fn look<'a>(device: &'a Device, condition: &Condition) -> Shows<'a> {
    if let Condition::Service(protocol, encrypted) = condition {
        let offers = device.services.iter().any(|service| {
            service.protocol == protocol && encrypted.is_none_or(|encrypted| service.encrypted == encrypted)
        });
        let said = |evidence: &&Evidence| counts(evidence) && evidence.protocol == protocol;
        let evidence = if offers { device.evidence.iter().filter(said).collect() } else { Vec::new() };
        return Shows { met: offers, evidence, remark: None };
    }
    let meets =
        |evidence: &&Evidence| counts(evidence) && condition.is_met_by(evidence.attribute, &evidence.value);
    Shows::of(device.evidence.iter().filter(meets).collect())
}
