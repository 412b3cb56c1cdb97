//! Conditions over one device: evidence of an attribute, or a service it provides.

use crate::Shows;
use wardline_content::Condition;
use wardline_model::{Attribute, Confidence, Device, Evidence};

/// Evidence below this does not make a finding: an accusation needs more than a hint.
const CONFIDENCE_MIN: Confidence = 50;

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
