//! Putting together: sightings and statements to nodes, nodes to groups, groups to devices.

use crate::clue::{Clue, WIRE};
use crate::device::{self, Parts};
use crate::id;
use crate::identity::binding::Bindings;
use crate::knowledge::{Conclusions, Knowledge};
use crate::link::Link;
use crate::merge::{Groups, Node, NodeId};
use crate::place::Tenancies;
use crate::{Host, Inventory, Sightings};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{About, Attribute, Confidence, Device, Mac, Seen, Service, Subject, is_device_address};

/// A frame came from there: as sure as the link itself.
const FRAME_CONFIDENCE: Confidence = 99;
/// Facts by which a host behind a router names itself as a device.
const NAMING: &[Attribute] = &[
    Attribute::AeTitle,
    Attribute::AstmSender,
    Attribute::Hl7Application,
    Attribute::Hostname,
    Attribute::MdnsModel,
    Attribute::Model,
    Attribute::NetbiosName,
    Attribute::Serial,
    Attribute::SnmpDescription,
    Attribute::Udi,
    Attribute::Vendor,
];
/// Those among them that only clinical devices say: they name a host with a public address too.
const CLINICAL_NAMING: &[Attribute] = &[
    Attribute::AeTitle,
    Attribute::AstmSender,
    Attribute::Hl7Application,
    Attribute::Serial,
    Attribute::Udi,
];

/// Addresses as text, kept so that clues can borrow it.
#[derive(Default)]
pub(crate) struct Texts {
    macs: BTreeMap<Mac, String>,
    ips: BTreeMap<IpAddr, String>,
}

impl Texts {
    fn of(sightings: &Sightings, bindings: &Bindings<'_>) -> Self {
        let macs = sightings.stations.keys().chain(bindings.on_link.keys().map(|(mac, _)| mac));
        let ips =
            sightings.hosts.keys().map(|host| host.ip).chain(bindings.on_link.keys().map(|(_, ip)| *ip));
        Self {
            macs: macs.map(|mac| (*mac, mac.to_string())).collect(),
            ips: ips.map(|ip| (ip, ip.to_string())).collect(),
        }
    }
}

/// Devices of what was seen.
pub(crate) fn devices(sightings: &Sightings, knowledge: &Knowledge<'_>) -> Inventory {
    let bindings = Bindings::read(&sightings.observations);
    let link = Link::survey(sightings, &bindings, &named(sightings, CLINICAL_NAMING));
    let tenancies = Tenancies::read(sightings, &bindings, &link);
    let texts = Texts::of(sightings, &bindings);
    let conclusions = Conclusions::draw(knowledge, &sightings.observations, texts.macs.keys());
    let mut assembly = Assembly {
        sightings,
        bindings: &bindings,
        link: &link,
        tenancies: &tenancies,
        texts: &texts,
        conclusions: &conclusions,
        groups: Groups::default(),
        clues: Vec::new(),
        seen: Vec::new(),
        listed: BTreeSet::new(),
    };
    assembly.take_frames();
    assembly.take_statements();
    assembly.join_bindings();
    assembly.finish(knowledge)
}

/// Addresses of hosts that say one of these of themselves.
fn named(sightings: &Sightings, naming: &[Attribute]) -> BTreeSet<IpAddr> {
    let names = sightings.observations.keys().filter(|statement| {
        statement.about == About::Speaker && statement.facts.iter().any(|f| naming.contains(&f.attribute))
    });
    names
        .filter_map(|statement| match statement.subject {
            Subject::Host { ip, .. } => Some(ip),
            Subject::Mac(_) | Subject::Named(_) => None,
        })
        .collect()
}

struct Assembly<'a> {
    sightings: &'a Sightings,
    bindings: &'a Bindings<'a>,
    link: &'a Link,
    tenancies: &'a Tenancies,
    texts: &'a Texts,
    conclusions: &'a Conclusions,
    groups: Groups,
    clues: Vec<(NodeId, Clue<'a>)>,
    seen: Vec<(NodeId, &'a Seen)>,
    /// Nodes that make their group a device.
    listed: BTreeSet<NodeId>,
}

impl<'a> Assembly<'a> {
    fn take_frames(&mut self) {
        for (mac, seen) in &self.sightings.stations {
            if mac.is_station() && !mac.is_virtual_router() && !self.link.rewritten.contains(mac) {
                let node = self.groups.number(Node::Station(*mac));
                self.listed.insert(node);
                self.seen.push((node, seen));
                let text = &self.texts.macs[mac];
                self.add(node, frame_clue(Attribute::Mac, text, "link", seen));
            }
        }
        let named = named(self.sightings, NAMING);
        let clinical = named_clinical(self.sightings);
        for (host, seen) in &self.sightings.hosts {
            let node = self.groups.number(self.tenancies.host(self.link, *host, &seen.seen));
            self.seen.push((node, &seen.seen));
            if !host.ip.is_unspecified() {
                self.add(node, frame_clue(Attribute::Ip, &self.texts.ips[&host.ip], "ip", &seen.seen));
            }
            let without_link = host.mac.is_none_or(|m| !m.is_station() || self.link.rewritten.contains(&m));
            let local = is_device_address(host.ip);
            if local && (without_link || named.contains(&host.ip)) || clinical.contains(&host.ip) {
                self.listed.insert(node);
            }
        }
    }

    fn take_statements(&mut self) {
        for (statement, seen) in &self.sightings.observations {
            if statement.about == About::Equipment {
                continue;
            }
            let node = self.tenancies.subject(self.link, &mut self.groups, statement.subject, seen);
            for fact in &statement.facts {
                self.add(node, Clue::of_fact(fact, statement.protocol, seen));
            }
        }
    }

    fn join_bindings(&mut self) {
        for (mac, other) in self.bindings.chassis.keys() {
            let [a, b] = [mac, other].map(|mac| self.groups.number(Node::Station(*mac)));
            self.groups.join(a, b);
        }
    }

    fn add(&mut self, node: NodeId, clue: Clue<'a>) {
        self.clues.extend(clue.with_conclusions(self.conclusions).into_iter().map(|clue| (node, clue)));
    }

    fn finish(mut self, knowledge: &Knowledge<'_>) -> Inventory {
        let roots: BTreeSet<NodeId> = self.listed.clone().into_iter().map(|n| self.groups.root(n)).collect();
        let mut parts: BTreeMap<NodeId, Parts<'a>> =
            roots.iter().map(|root| (*root, Parts::default())).collect();
        for id in 0..self.groups.len() {
            let root = self.groups.root(id);
            if let (Some(parts), node) = (parts.get_mut(&root), self.groups.node(id)) {
                match node {
                    Node::Station(mac) if !mac.is_virtual_router() => _ = parts.macs.insert(mac),
                    Node::Remote(ip) => _ = parts.ips.insert(ip),
                    Node::Station(_) => {}
                }
            }
        }
        for (mac, ip) in self.link.own() {
            self.with_root(&mut parts, Node::Station(mac), |parts| _ = parts.ips.insert(ip));
        }
        for (service, seen) in &self.sightings.services {
            let node = self.tenancies.host(self.link, service.server, seen);
            let service = Service {
                transport: service.transport,
                port: service.port,
                protocol: service.protocol,
                encrypted: service.encrypted,
            };
            self.with_root(&mut parts, node, |parts| _ = parts.services.insert(service));
        }
        for (id, seen) in std::mem::take(&mut self.seen) {
            self.with_root(&mut parts, self.groups.node(id), |parts| parts.sightings.push(seen));
        }
        for (id, clue) in std::mem::take(&mut self.clues) {
            self.with_root(&mut parts, self.groups.node(id), |parts| parts.clues.push(clue));
        }
        let mut built: Vec<(NodeId, Device)> =
            parts.into_iter().map(|(root, parts)| (root, device::build(parts, knowledge))).collect();
        self.name(&mut built);
        let owners = self.owners(&built);
        Inventory::new(built.into_iter().map(|(_, device)| device).collect(), owners)
    }

    fn with_root(
        &mut self,
        parts: &mut BTreeMap<NodeId, Parts<'a>>,
        node: Node,
        act: impl FnOnce(&mut Parts<'a>),
    ) {
        if let Some(id) = self.groups.get(node)
            && let Some(parts) = parts.get_mut(&self.groups.root(id))
        {
            act(parts);
        }
    }

    /// Gives every device its id, and evidence told by others theirs; sorts devices by id.
    fn name(&mut self, built: &mut [(NodeId, Device)]) {
        let mut taken = BTreeSet::new();
        for (_, device) in built.iter_mut() {
            let id = (0..).map(|salt| id::of(device, salt)).find(|id| !taken.contains(id));
            device.id = id.unwrap_or_default();
            taken.insert(device.id.clone());
        }
        built.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
    }

    fn owners(&mut self, built: &[(NodeId, Device)]) -> BTreeMap<Host, String> {
        let ids: BTreeMap<NodeId, &str> = built.iter().map(|(root, d)| (*root, d.id.as_str())).collect();
        let mut owners = BTreeMap::new();
        for (host, seen) in &self.sightings.hosts {
            if let Some(node) = self.groups.get(self.tenancies.host(self.link, *host, &seen.seen))
                && let Some(id) = ids.get(&self.groups.root(node))
            {
                owners.insert(*host, (*id).to_owned());
            }
        }
        owners
    }
}

fn named_clinical(sightings: &Sightings) -> BTreeSet<IpAddr> {
    let mut named = named(sightings, CLINICAL_NAMING);
    named.retain(|ip| !ip.is_multicast() && !ip.is_unspecified() && *ip != IpAddr::from([255; 4]));
    named
}

fn frame_clue<'a>(attribute: Attribute, value: &'a str, protocol: &'static str, seen: &'a Seen) -> Clue<'a> {
    Clue {
        attribute,
        value,
        version: None,
        confidence: FRAME_CONFIDENCE,
        protocol,
        rule: "frame.source",
        source: WIRE,
        origin: attribute,
        seen,
        via: None,
    }
}
