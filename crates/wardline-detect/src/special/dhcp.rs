//! Servers that contradict each other in what they hand out on one network: one of them is wrong, or hostile.
//! Servers that share the work hand out the same.

use crate::{Shows, matcher};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Device, Evidence};

/// What is handed out on each network, by whom.
#[derive(Debug, Default)]
pub(crate) struct Rivals<'a> {
    networks: BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<&'a str>>>,
}

/// Network, and router with name servers.
fn parts(evidence: &Evidence) -> (&str, &str) {
    evidence.value.split_once(' ').unwrap_or((&evidence.value, ""))
}

impl<'a> Rivals<'a> {
    /// Gathers what all devices hand out.
    pub(crate) fn among(devices: &'a [Device]) -> Self {
        let mut rivals = Self::default();
        for device in devices {
            for evidence in matcher::of(device, Attribute::DhcpServer) {
                let (network, offer) = parts(evidence);
                let offers = rivals.networks.entry(network).or_default();
                offers.entry(offer).or_default().insert(device.id.as_str());
            }
        }
        rivals
    }

    /// What a device hands out that another contradicts.
    pub(crate) fn look<'d>(&self, device: &'d Device) -> Shows<'d> {
        let contradicted = |evidence: &&Evidence| {
            let (network, offer) = parts(evidence);
            let of_others = self.networks.get(network).into_iter().flatten();
            of_others
                .filter(|(other, _)| **other != offer)
                .any(|(_, by)| by.iter().any(|id| *id != device.id))
        };
        let evidence: Vec<_> = matcher::of(device, Attribute::DhcpServer).filter(contradicted).collect();
        let mut shows = Shows::of(evidence);
        let networks: BTreeSet<&str> = shows.evidence.iter().map(|evidence| parts(evidence).0).collect();
        shows.remark = networks.first().map(|network| format!("The network is {network}."));
        shows
    }
}
