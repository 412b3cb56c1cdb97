//! Assembling: sightings and statements become clues of nodes; what identifies joins nodes.

use crate::clue::{Clue, Clues, WIRE};
use crate::identity::binding::Bindings;
use crate::knowledge::{Conclusions, Knowledge};
use crate::link::Link;
use crate::merge::{Groups, Node, NodeId};
use crate::place::Tenancies;
use crate::{Inventory, Sightings};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{About, Attribute, Confidence, Mac, Role, Seen, Subject, Timestamp, is_device_address};

/// A frame came from there: as sure as the link itself.
const FRAME_CONFIDENCE: Confidence = 99;
/// A MAC that carries the packets of others is a router's.
const ROUTER_CONFIDENCE: Confidence = 80;
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
    macs: HashMap<Mac, String>,
    ips: HashMap<IpAddr, String>,
    /// What the claimant and the holder of an address say against each other.
    pub(crate) conflicts: Vec<[String; 2]>,
}

impl Texts {
    fn of(sightings: &Sightings, bindings: &Bindings<'_>, link: &Link<'_>) -> Self {
        let macs = sightings.stations.keys().chain(bindings.on_link.keys().map(|(mac, _)| mac));
        let ips =
            sightings.hosts.keys().map(|host| host.ip).chain(bindings.on_link.keys().map(|(_, ip)| *ip));
        Self {
            macs: macs.map(|mac| (*mac, mac.to_string())).collect(),
            ips: ips.map(|ip| (ip, ip.to_string())).collect(),
            conflicts: link
                .conflicts
                .iter()
                .map(|c| [conflict(c.ip, c.holder), conflict(c.ip, c.claimant)])
                .collect(),
        }
    }
}

/// Devices of what was seen.
pub(crate) fn devices(sightings: &Sightings, knowledge: &Knowledge<'_>, threads: usize) -> Inventory {
    let bindings = Bindings::read(&sightings.observations);
    let clinical = named(sightings, CLINICAL_NAMING);
    let link = Link::survey(sightings, &bindings, &clinical);
    let tenancies = Tenancies::read(sightings, &bindings, &link);
    let texts = Texts::of(sightings, &bindings, &link);
    let conclusions =
        Conclusions::draw(knowledge, &sightings.observations, texts.macs.values().map(String::as_str));
    let mut assembly = Assembly {
        sightings,
        bindings: &bindings,
        link: &link,
        tenancies: &tenancies,
        texts: &texts,
        conclusions: &conclusions,
        groups: Groups::default(),
        clues: Clues::with_room(expected(sightings)),
        seen: Vec::new(),
        listed: BTreeSet::new(),
    };
    assembly.take_stations();
    assembly.take_hosts(&clinical);
    assembly.take_statements();
    assembly.keep_apart(knowledge);
    assembly.join_ports();
    assembly.join_declared_macs();
    let spoken = assembly.spoken_identities(knowledge);
    assembly.join_numbers(&spoken);
    assembly.join_host_keys();
    assembly.take_equipment(knowledge);
    assembly.join_as_told(knowledge);
    assembly.note_shared_keys();
    assembly.note_conflicts();
    assembly.note_patient_data();
    assembly.finish(knowledge, threads)
}

/// How many clues there will be, roughly: facts and frames, and half as many conclusions.
fn expected(sightings: &Sightings) -> usize {
    let facts: usize = sightings.observations.keys().map(|statement| statement.facts.len()).sum();
    let told = facts.saturating_add(sightings.stations.len()).saturating_add(sightings.hosts.len());
    told.saturating_add(told / 2)
}

/// Addresses of hosts that say one of these, of themselves or of what made their data.
fn named(sightings: &Sightings, naming: &[Attribute]) -> BTreeSet<IpAddr> {
    let names = sightings
        .observations
        .keys()
        .filter(|statement| statement.facts.iter().any(|fact| naming.contains(&fact.attribute)));
    names
        .filter_map(|statement| match statement.subject {
            Subject::Host { ip, .. } => Some(ip),
            Subject::Mac(_) | Subject::Named(_) => None,
        })
        .filter(|ip| !ip.is_multicast() && !ip.is_unspecified() && *ip != IpAddr::from([255; 4]))
        .collect()
}

/// Everything known so far, by node.
pub(crate) struct Assembly<'a> {
    pub(crate) sightings: &'a Sightings,
    pub(crate) bindings: &'a Bindings<'a>,
    pub(crate) link: &'a Link<'a>,
    pub(crate) tenancies: &'a Tenancies,
    pub(crate) texts: &'a Texts,
    pub(crate) conclusions: &'a Conclusions<'a>,
    pub(crate) groups: Groups,
    pub(crate) clues: Clues<'a>,
    /// When each node was seen: from, to.
    pub(crate) seen: Vec<(NodeId, Timestamp, Timestamp)>,
    /// Nodes that make their group a device.
    pub(crate) listed: BTreeSet<NodeId>,
}

impl<'a> Assembly<'a> {
    /// Stations: whoever sent a frame is there, save the shared addresses of redundant routers.
    fn take_stations(&mut self) {
        for (mac, seen) in &self.sightings.stations {
            if !mac.is_station() || mac.is_virtual_router() || self.link.rewritten.contains(mac) {
                continue;
            }
            let node = self.groups.number(Node::Station(*mac));
            self.listed.insert(node);
            self.seen.push((node, seen.first, seen.last));
            self.add(node, frame_clue(Attribute::Mac, &self.texts.macs[mac], "link", seen));
            if self.link.routers.contains(mac) {
                let role = frame_clue(Attribute::Role, Role::Router.as_str(), "link", seen);
                self.add(node, Clue { confidence: ROUTER_CONFIDENCE, rule: "link.forwards", ..role });
            }
        }
    }

    /// Hosts: those with a MAC of their own belong to it; those without are devices when the link has no MACs
    /// or when they name themselves.
    fn take_hosts(&mut self, clinical: &BTreeSet<IpAddr>) {
        let named = named(self.sightings, NAMING);
        for (host, seen) in &self.sightings.hosts {
            let node = self.groups.number(self.tenancies.host(self.link, *host, &seen.seen));
            self.seen.push((node, seen.seen.first, seen.seen.last));
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

    /// What speakers say of themselves, or others of an address.
    fn take_statements(&mut self) {
        for (statement, seen) in &self.sightings.observations {
            if statement.about == About::Equipment {
                continue;
            }
            let node = self.tenancies.subject(self.link, &mut self.groups, statement.subject, seen);
            for fact in &statement.facts {
                self.add(node, Clue::of_fact(fact, statement.protocol, seen));
            }
            // A client that asked through a DHCP relay, a switch: it spoke, though its frames were not seen.
            let more = |a: Attribute| !matches!(a, Attribute::Mac | Attribute::Ip);
            if let Subject::Mac(mac) = statement.subject
                && mac.is_station()
                && !mac.is_virtual_router()
                && statement.facts.iter().any(|fact| more(fact.attribute))
            {
                self.listed.insert(node);
            }
        }
    }

    /// Patient data reaches the other end: where a sender has only one server or one client in that protocol, it
    /// is known which.
    fn note_patient_data(&mut self) {
        let in_clear = self.clues.iter().filter(|(_, clue)| clue.attribute == Attribute::PatientDataInClear);
        let in_clear: Vec<(NodeId, Clue<'a>)> = in_clear.collect();
        let protocols: BTreeSet<&str> = in_clear.iter().map(|(_, clue)| clue.protocol).collect();
        let mut servers: BTreeMap<(NodeId, &str), BTreeSet<NodeId>> = BTreeMap::new();
        let mut clients = servers.clone();
        // Most conversations of a network are in protocols that never carry such data.
        let exchanges = self.sightings.exchanges.iter();
        for (exchange, seen) in exchanges.filter(|(exchange, _)| protocols.contains(exchange.protocol)) {
            let ends = [exchange.client, exchange.server].map(|host| {
                let node = self.groups.number(self.tenancies.host(self.link, host, seen));
                self.groups.root(node)
            });
            let [client, server] = ends;
            if client != server {
                servers.entry((client, exchange.protocol)).or_default().insert(server);
                clients.entry((server, exchange.protocol)).or_default().insert(client);
            }
        }
        for (node, clue) in in_clear {
            let sender = self.groups.root(node);
            for peers in [&servers, &clients] {
                let reached = peers.get(&(sender, clue.protocol)).filter(|peers| peers.len() == 1);
                for &peer in reached.into_iter().flatten() {
                    self.clues.put(peer, Clue { rule: "inventory.peer", via: Some(node), ..clue });
                }
            }
        }
    }

    /// Adds a clue with what is concluded from it.
    pub(crate) fn add(&mut self, node: NodeId, clue: Clue<'a>) {
        clue.with_conclusions(self.conclusions, |clue| self.clues.put(node, clue));
    }

    /// Whether a node's frames were seen, or it named itself.
    pub(crate) fn is_listed(&self, node: NodeId) -> bool {
        self.listed.contains(&node)
    }

    /// Makes a host that names itself a device, wherever it is.
    pub(crate) fn list_named(&mut self, node: NodeId) {
        let unicast = |ip: IpAddr| !ip.is_multicast() && !ip.is_unspecified() && ip != IpAddr::from([255; 4]);
        if let Node::Remote(ip, _) = self.groups.node(node)
            && unicast(ip)
        {
            self.listed.insert(node);
        }
    }
}

/// How a conflict is written: the address, and the other station that says it is its own.
fn conflict(ip: IpAddr, other: Mac) -> String {
    format!("{ip} also claimed by {other}")
}

/// A clue that a frame from there is.
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
