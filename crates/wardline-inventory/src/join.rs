//! Joining: what stations say of themselves makes two nodes one device.
//!
//! In: statements of speakers. Joined are: a port and its chassis (LLDP), a host behind a router and the MAC
//! it declares, groups with the same serial number or unique identification, the two address families of one
//! host key. Two stations may share a number (two network cards); three have a factory default.

use crate::assemble::Assembly;
use crate::clue::{Clue, WIRE};
use crate::identity::binding::read_mac;
use crate::identity::equipment::{Identity, Machines};
use crate::identity::host_key::{self, Shape};
use crate::knowledge::Knowledge;
use crate::merge::{Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{About, Attribute, Confidence, Evidence, Mac, Subject};

/// Stations that may say the same serial number: the network cards of one device.
const STATIONS_OF_DEVICE_MAX: usize = 2;

/// Both stations were heard.
const CONFLICT_CONFIDENCE: Confidence = 90;

/// How a key on several devices is called among the weaknesses.
const SHARED_KEY: &str = "shared-host-key";

impl<'a> Assembly<'a> {
    /// Ports and chassis of LLDP and CDP, and their management addresses.
    pub(crate) fn join_ports(&mut self) {
        for (mac, other) in self.bindings.chassis.keys() {
            let [a, b] = [mac, other].map(|mac| self.groups.number(Node::Station(*mac)));
            self.groups.join(a, b);
        }
        for (&(mac, ip), seen) in &self.bindings.told {
            let here = self.groups.number(Node::Station(mac));
            for seen in seen {
                let there = self.tenancies.address(self.link, ip, seen);
                if matches!(there, Node::Station(_)) {
                    let there = self.groups.number(there);
                    self.groups.join(here, there);
                }
            }
        }
    }

    /// Hosts without a MAC on this link that declare one: theirs, when nobody else declares it.
    pub(crate) fn join_declared_macs(&mut self) {
        let mut declared: BTreeMap<Mac, BTreeSet<NodeId>> = BTreeMap::new();
        for (statement, seen) in &self.sightings.observations {
            let Subject::Host { ip, mac } = statement.subject else { continue };
            if statement.about != About::Speaker {
                continue;
            }
            let node = self.tenancies.host(self.link, crate::Host { ip, mac }, seen);
            let macs = statement.facts.iter().filter(|fact| fact.attribute == Attribute::Mac);
            for mac in macs.filter_map(|fact| read_mac(&fact.value)) {
                if matches!(node, Node::Remote(..)) && !mac.is_local() && !mac.is_virtual_router() {
                    declared.entry(mac).or_default().insert(self.groups.number(node));
                }
            }
        }
        for (mac, nodes) in declared {
            if let Some(&node) = nodes.first().filter(|_| nodes.len() == 1)
                && !self.link.routers.contains(&mac)
            {
                let station = self.groups.number(Node::Station(mac));
                self.groups.join(node, station);
            }
        }
    }

    /// What speakers say of themselves that identifies: by node.
    pub(crate) fn spoken_identities(&mut self, knowledge: &Knowledge<'_>) -> Vec<(NodeId, Identity)> {
        let mut spoken = Vec::new();
        let mut clues: Vec<Clue<'a>> = Vec::new();
        let numbered = |a: Attribute| matches!(a, Attribute::Serial | Attribute::Udi);
        for (statement, seen) in &self.sightings.observations {
            // A number that was copied into two rows of a list makes no device of two.
            if statement.about != About::Speaker || Evidence::TESTIMONY.contains(&statement.protocol) {
                continue;
            }
            clues.clear();
            for fact in &statement.facts {
                let clue = Clue::of_fact(fact, statement.protocol, seen);
                clue.with_conclusions(self.conclusions, |clue| clues.push(clue));
            }
            if clues.iter().any(|clue| numbered(clue.attribute)) {
                let identity = Identity { mac: None, ..Identity::read(&clues, knowledge) };
                if identity.has_number() {
                    let node = self.tenancies.subject(self.link, &mut self.groups, statement.subject, seen);
                    spoken.push((node, identity));
                }
            }
        }
        spoken
    }

    /// Joins groups that say the same number of themselves.
    pub(crate) fn join_numbers(&mut self, spoken: &[(NodeId, Identity)]) {
        let identities: Vec<Identity> = spoken.iter().map(|(_, identity)| identity.clone()).collect();
        let stations = self.stations_by_root();
        for (_, members) in Machines::group(&identities).machines {
            let roots: BTreeSet<NodeId> = members.iter().map(|&at| self.groups.root(spoken[at].0)).collect();
            let with_mac = roots.iter().filter(|root| stations.contains(root)).count();
            if with_mac <= STATIONS_OF_DEVICE_MAX {
                for pair in roots.iter().zip(roots.iter().skip(1)) {
                    self.groups.join(*pair.0, *pair.1);
                }
            }
        }
    }

    /// A long-lived key on two devices or more is a sign of both: it came from one factory.
    pub(crate) fn note_shared_keys(&mut self) {
        let mut holders: BTreeMap<&str, BTreeMap<NodeId, Clue<'a>>> = BTreeMap::new();
        for (node, clue) in self.clues.iter() {
            if clue.attribute == Attribute::HostKey {
                holders.entry(clue.value).or_default().entry(self.groups.root(node)).or_insert(clue);
            }
        }
        holders.retain(|_, nodes| nodes.len() > 1);
        for (root, clue) in holders.into_values().flatten() {
            let shared = Clue {
                attribute: Attribute::Weakness,
                value: SHARED_KEY,
                rule: "inventory.shared-host-key",
                ..clue
            };
            self.clues.put(root, shared);
        }
    }

    /// An address that two stations say is theirs is a sign of both.
    pub(crate) fn note_conflicts(&mut self) {
        for (conflict, [of_claimant, of_holder]) in self.link.conflicts.iter().zip(&self.texts.conflicts) {
            for (mac, text) in [(conflict.claimant, of_claimant), (conflict.holder, of_holder)] {
                let node = self.groups.number(Node::Station(mac));
                let clue = Clue {
                    attribute: Attribute::AddressConflict,
                    value: text,
                    version: None,
                    confidence: CONFLICT_CONFIDENCE,
                    protocol: conflict.protocol,
                    rule: "inventory.address-conflict",
                    source: WIRE,
                    origin: Attribute::AddressConflict,
                    seen: conflict.seen,
                    via: None,
                };
                self.clues.put(node, clue);
            }
        }
    }

    /// Joins the two address families of one host key.
    pub(crate) fn join_host_keys(&mut self) {
        let mut holders: BTreeMap<&str, BTreeSet<NodeId>> = BTreeMap::new();
        for (node, clue) in self.clues.iter() {
            if clue.attribute == Attribute::HostKey {
                holders.entry(clue.value).or_default().insert(self.groups.root(node));
            }
        }
        holders.retain(|_, nodes| nodes.len() == 2);
        if holders.is_empty() {
            return;
        }
        let mut shapes: BTreeMap<NodeId, Shape> = BTreeMap::new();
        for root in self.stations_by_root() {
            shapes.entry(root).or_default().station = true;
        }
        for (host, seen) in &self.sightings.hosts {
            let node = self.groups.number(self.tenancies.host(self.link, *host, &seen.seen));
            let shape = shapes.entry(self.groups.root(node)).or_default();
            shape.v4 |= host.ip.is_ipv4();
            shape.v6 |= host.ip.is_ipv6();
        }
        for (a, b) in host_key::pairs(&holders, |node| shapes.get(&node).copied().unwrap_or_default()) {
            self.groups.join(a, b);
        }
    }

    /// Groups that have a MAC of their own.
    fn stations_by_root(&mut self) -> BTreeSet<NodeId> {
        (0..self.groups.len())
            .filter(|&id| matches!(self.groups.node(id), Node::Station(_)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|id| self.groups.root(id))
            .collect()
    }
}
