//! Forwarding: whose are the facts in the data a host sends? Its own, or those of machines behind it?
//!
//! In: equipment statements by sender. A sender whose data names one machine is that machine, unless its
//! services show that it keeps or passes on the data of others; one that names several is an archive, an
//! interface engine, a middleware or a gateway, and each of the several is a device known through it. A machine
//! known through another that has an address of its own in the capture is that device.

use crate::assemble::Assembly;
use crate::clue::{Clue, WIRE};
use crate::identity::equipment::{Identity, Machines, Relation};
use crate::knowledge::Knowledge;
use crate::known::Known;
use crate::merge::{Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{About, Attribute, Confidence, Role, Subject, Timestamp};

/// That a sender forwards is concluded from what it sends: sure, but not said.
const FORWARDS_CONFIDENCE: Confidence = 85;

/// Facts about the sender's link or the act of sending, whoever made the data.
const OF_SENDER: &[Attribute] = &[
    Attribute::PatientDataInClear,
    Attribute::ClearCredential,
    Attribute::DefaultCredential,
    Attribute::Weakness,
    Attribute::TlsVersion,
    Attribute::TlsCipher,
    Attribute::HostKey,
    Attribute::ClockOffset,
];

/// Families of classes that stand at a bed.
const BEDSIDE: &[&str] = &["anes", "dial", "incub", "inf", "mon", "vent"];

/// What one statement says of the machine that made the data.
struct Said<'a> {
    sender: NodeId,
    clues: Vec<Clue<'a>>,
    identity: Identity,
    first: Timestamp,
}

/// The machine that a sender's data names, with what was said of it.
struct Behind {
    sender: NodeId,
    identity: Identity,
    said: Vec<usize>,
}

impl<'a> Assembly<'a> {
    /// Gives every equipment statement to the device it speaks of.
    pub(crate) fn take_equipment(&mut self, knowledge: &Knowledge<'_>) {
        let said = self.read_equipment(knowledge);
        let mut by_sender: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for (at, one) in said.iter().enumerate() {
            by_sender.entry(self.groups.root(one.sender)).or_default().push(at);
        }
        let known = Known::read(self, knowledge);
        let mut own: Vec<Behind> = Vec::new();
        let mut behind: Vec<Behind> = Vec::new();
        for (root, members) in by_sender {
            let identities: Vec<Identity> = members.iter().map(|&at| said[at].identity.clone()).collect();
            let machines = Machines::group(&identities);
            let forwards = match &machines.machines[..] {
                [] => known.keepers.contains(&root),
                [(identity, _)] => self.is_of_another(root, identity, &known),
                _ => true,
            };
            if forwards {
                for (identity, of) in machines.machines {
                    let said = of.into_iter().map(|at| members[at]).collect();
                    behind.push(Behind { sender: root, identity, said });
                }
                for at in machines.unassigned {
                    let one = &said[members[at]];
                    if one.clues.iter().all(|clue| clue.attribute == Attribute::AstmSender) {
                        self.keep(one, None);
                    }
                }
            } else {
                let identity = machines.machines.into_iter().next().map(|(identity, _)| identity);
                own.push(Behind { sender: root, identity: identity.unwrap_or_default(), said: members });
            }
        }
        self.settle_rivals(&said, &mut own, &mut behind, &known);
        for at in own.iter().flat_map(|own| &own.said) {
            self.keep(&said[*at], None);
        }
        let own_by_root = Known::of(own.iter().map(|own| (own.sender, own.identity.clone())), self);
        self.take_behind(&said, &behind, &known, &own_by_root);
    }

    /// Two senders whose data names the same one machine: they are two network cards of it when they use the
    /// same AE title; otherwise the machine is the one that asks for a worklist, or was first, and the other
    /// passes its data on.
    fn settle_rivals(
        &mut self,
        said: &[Said<'a>],
        own: &mut Vec<Behind>,
        behind: &mut Vec<Behind>,
        known: &Known,
    ) {
        let identities: Vec<Identity> = own.iter().map(|own| own.identity.clone()).collect();
        let mut losers = BTreeSet::new();
        for (identity, members) in Machines::group(&identities).machines {
            if !identity.has_number() || members.len() < 2 {
                continue;
            }
            let first = |at: usize| own[at].said.iter().map(|&s| said[s].first).min();
            let rank =
                |at: usize| (!known.asks_worklist.contains(&own[at].sender), first(at), own[at].sender);
            let Some(winner) = members.iter().copied().min_by_key(|&at| rank(at)) else { continue };
            for at in members {
                if at == winner || own[at].identity.relation(&own[winner].identity) != Relation::Same {
                    continue;
                }
                if known.share_ae_title(own[at].sender, own[winner].sender) {
                    self.groups.join(own[at].sender, own[winner].sender);
                } else {
                    losers.insert(at);
                }
            }
        }
        for at in losers.into_iter().rev() {
            behind.push(own.swap_remove(at));
        }
    }

    fn read_equipment(&mut self, knowledge: &Knowledge<'_>) -> Vec<Said<'a>> {
        let mut said = Vec::new();
        for (statement, seen) in &self.sightings.observations {
            if statement.about != About::Equipment {
                continue;
            }
            let sender = self.tenancies.subject(self.link, &mut self.groups, statement.subject, seen);
            let mut clues = Vec::new();
            for fact in &statement.facts {
                let clue = Clue::of_fact(fact, statement.protocol, seen);
                if OF_SENDER.contains(&fact.attribute) {
                    self.add(sender, clue);
                } else {
                    clue.with_conclusions(self.conclusions, |clue| clues.push(clue));
                }
            }
            if matches!(statement.subject, Subject::Host { .. }) {
                self.list_named(sender);
            }
            let identity = Identity::read(&clues, knowledge);
            said.push(Said { sender, clues, identity, first: seen.first });
        }
        said
    }

    /// Whether the one machine that a sender's data names is not the sender.
    fn is_of_another(&mut self, root: NodeId, identity: &Identity, known: &Known) -> bool {
        let other_station = identity.mac.is_some_and(|mac| {
            let there = self.groups.get(Node::Station(mac));
            let elsewhere = there.is_some_and(|node| self.groups.root(node) != root && self.is_listed(node));
            let has_other = there.is_none_or(|node| self.groups.root(node) != root);
            elsewhere || has_other && known.with_station.contains(&root)
        });
        let numbered_elsewhere = known.by_number(identity).is_some_and(|other| other != root);
        other_station || numbered_elsewhere || known.keepers.contains(&root)
    }

    /// Gives a statement's clues to its sender, or to the device it speaks of with the sender as witness.
    fn keep(&mut self, said: &Said<'a>, of: Option<NodeId>) {
        let via = of.map(|_| said.sender);
        let node = of.unwrap_or(said.sender);
        said.clues.iter().for_each(|clue| self.clues.put(node, Clue { via, ..*clue }));
    }

    fn take_behind(&mut self, said: &[Said<'a>], behind: &[Behind], known: &Known, own: &Known) {
        let identities: Vec<Identity> = behind.iter().map(|one| one.identity.clone()).collect();
        for (number, (identity, members)) in Machines::group(&identities).machines.into_iter().enumerate() {
            let senders: BTreeSet<NodeId> = members.iter().map(|&at| behind[at].sender).collect();
            let found = known.find(&identity, &senders).or_else(|| own.find(&identity, &senders));
            let node = self.groups.number(Node::Equipment(number));
            if let Some(found) = found {
                self.groups.join(node, found);
            } else if let Some(mac) = identity.mac {
                let station = self.groups.number(Node::Station(mac));
                self.groups.join(node, station);
            }
            self.listed.insert(node);
            for &at in members.iter().flat_map(|&machine| &behind[machine].said) {
                self.keep(&said[at], Some(node));
                self.note_forwarding(&said[at], known);
            }
        }
    }

    fn note_forwarding(&mut self, said: &Said<'a>, known: &Known) {
        let Some(first) = said.clues.first() else { return };
        let keeps = known.keepers.contains(&self.groups.root(said.sender));
        let role = match first.protocol {
            "dicom" if keeps => Role::Archive,
            "hl7" if keeps && !is_bedside(said) => Role::InterfaceEngine,
            "astm" | "poct1a" => Role::Middleware,
            _ => Role::Gateway,
        };
        let clue = Clue {
            attribute: Attribute::Role,
            value: role.as_str(),
            version: None,
            confidence: FORWARDS_CONFIDENCE,
            rule: "inventory.forwards",
            source: WIRE,
            origin: Attribute::Role,
            ..*first
        };
        self.clues.put(said.sender, clue);
    }
}

/// Whether the machine that made the data stands at a bed: who passes on its measurements is a gateway of devices,
/// not the engine between the hospital's systems.
fn is_bedside(said: &Said<'_>) -> bool {
    let classes = said.clues.iter().filter(|clue| clue.attribute == Attribute::Class);
    let families = classes.filter_map(|clue| clue.value.split('.').next());
    families.into_iter().any(|family| BEDSIDE.contains(&family))
}

impl Assembly<'_> {
    /// Hosts that serve ASTM to some and are served by others: they pass results on.
    pub(crate) fn astm_relays(&mut self) -> BTreeSet<NodeId> {
        let (mut clients, mut servers) = (BTreeSet::new(), BTreeSet::new());
        for (exchange, seen) in &self.sightings.exchanges {
            if exchange.protocol == "astm" && exchange.client != exchange.server {
                for (host, side) in [(exchange.client, &mut clients), (exchange.server, &mut servers)] {
                    let node = self.groups.number(self.tenancies.host(self.link, host, seen));
                    side.insert(self.groups.root(node));
                }
            }
        }
        clients.intersection(&servers).copied().collect()
    }
}
