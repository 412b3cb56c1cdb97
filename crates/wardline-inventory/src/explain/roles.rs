//! Roles explained: they come of more than evidence of roles.

use super::Answer;
use crate::roles;
use std::collections::BTreeSet;
use wardline_model::{Attribute, Device, Role};

/// Says what each role of the device stands on, and why others that something speaks for were not taken.
pub(super) fn explain(device: &Device, answer: &mut Answer<'_>) {
    let class = device.class.as_ref().map(|(code, _)| code.as_str());
    let mut words = Vec::new();
    for role in &device.roles {
        let mut grounds = Vec::new();
        let said = |e: &&wardline_model::Evidence| e.attribute == Attribute::Role && e.value == role.as_str();
        if device.evidence.iter().any(|e| said(&e)) {
            grounds.push("what it says and does".to_owned());
        }
        let services = device.evidence.iter().filter(|e| e.attribute == Attribute::DicomService);
        let services: BTreeSet<&str> = services.map(|e| e.value.as_str()).collect();
        if roles::by_dicom(&services).contains(role) {
            grounds.push("the DICOM services it uses and offers".to_owned());
        }
        if let Some(class) = class.filter(|class| roles::by_class(class) == Some(*role)) {
            grounds.push(format!("its class, {class}"));
        }
        let served: BTreeSet<&str> = device.services.iter().map(|service| service.protocol).collect();
        if grounds.is_empty() {
            grounds.push(match role {
                Role::Server => {
                    format!("the services it offers: {}", served.into_iter().collect::<Vec<_>>().join(", "))
                }
                Role::Client => format!("what it asks of others: {}", device.asks.join(", ")),
                _ => "nothing: it neither offers nor asks for a service".to_owned(),
            });
        }
        words.push(format!("{} by {}", role.as_str(), grounds.join(", ")));
    }
    let taken = |value: &str| device.roles.iter().any(|role| role.as_str() == value);
    let left: Vec<String> = answer
        .candidates
        .iter()
        .filter(|candidate| !taken(&candidate.value))
        .map(|candidate| format!("{} ({} %)", candidate.value, candidate.confidence))
        .collect();
    if !left.is_empty() {
        words.push(format!("not taken, being too weak or outranked: {}", left.join(", ")));
    }
    answer.remark = Some(words.join("; "));
    answer.confidence = None;
}
