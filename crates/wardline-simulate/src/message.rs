//! The same hospital without bytes: what dissectors would have read, message by message, for months at a time.
//!
//! Comes in: a plan and attacks, as for [`Simulation`](crate::Simulation). Goes out, in time order: who was heard,
//! what was said of whom, and every conversation when it is over, in the types that the sensor makes of packets.
//! The same turns are taken at the same times; frames are counted and not written.
//!
//! Said are identity (names, makers, models, serial numbers, software, systems, titles, places) and weaknesses.
//! Not said: fingerprints of stacks, key material but shared host keys, certificates.

use crate::attack::Attack;
use crate::hospital::{Host, World};
use crate::plan::{Plan, PlanError};
use crate::truth::{Mark, TrueFlow, Truth, Weakness};
use crate::{Simulation, wire::Queued};
use std::collections::VecDeque;
use std::net::IpAddr;
use wardline_model::{About, Attribute, Fact, Mac, Statement, Subject, Timestamp};

/// How sure a dissector is of what a device says of itself, and of what others say.
const SURE: u8 = 90;
const HEARSAY: u8 = 50;

/// Something that a sensor learnt at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub time: Timestamp,
    /// What.
    pub event: Event,
}

/// What a sensor learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A station sends: reported again every hour while it goes on.
    Heard {
        /// Its address.
        ip: IpAddr,
        /// MAC of its frames.
        mac: Mac,
        /// Time to live of its packets.
        ttl: u8,
    },
    /// Facts were said together.
    Said(Statement),
    /// A conversation is over.
    Flow(Box<TrueFlow>),
}

/// A running hospital: an iterator of messages.
#[derive(Debug)]
pub struct Messages {
    simulation: Simulation,
    ready: VecDeque<Message>,
    over: bool,
}

impl Messages {
    /// Builds the hospital and those who attack it; nothing is said yet.
    ///
    /// # Errors
    /// When the plan cannot be carried out.
    pub fn new(plan: &Plan, attacks: &[Attack]) -> Result<Self, PlanError> {
        let mut simulation = Simulation::prepare(plan, attacks, true)?;
        simulation.follow_flows();
        Ok(Self { simulation, ready: VecDeque::new(), over: false })
    }

    /// What is true of the messages taken so far; identities are complete from the start.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        self.simulation.truth()
    }

    /// Says what a moment has to say.
    fn read(&mut self, queued: &Queued) {
        let time = queued.time;
        let world = &self.simulation.world;
        let mut said: Vec<(Subject, About, &'static str, Fact)> = Vec::new();
        for mark in &queued.marks {
            match mark {
                Mark::Heard { ip, mac, ttl } => {
                    let event = Event::Heard { ip: *ip, mac: *mac, ttl: *ttl };
                    self.ready.push_back(Message { time, event });
                }
                Mark::Told { speaker, about, device, protocol, attribute } => {
                    let subject = match speaker {
                        Some(speaker) => subject(world.host(*speaker)),
                        None => Subject::Named(world.station(*device).ip.into()),
                    };
                    let sure = if speaker.is_some() { SURE } else { HEARSAY };
                    let facts = facts(world.host(*device), *attribute, protocol, sure);
                    said.extend(facts.into_iter().map(|fact| (subject, *about, *protocol, fact)));
                }
                Mark::PatientData(device, protocol) => {
                    let attribute = Attribute::PatientDataInClear;
                    let fact = fact(attribute, protocol, SURE, protocol);
                    let subject = subject(world.host(*device));
                    said.extend(fact.map(|fact| (subject, About::Speaker, *protocol, fact)));
                }
                Mark::Weak(device, weakness, protocol) => {
                    let subject = subject(world.host(*device));
                    let fact = weak(world, *weakness, protocol);
                    said.extend(fact.map(|fact| (subject, About::Speaker, *protocol, fact)));
                }
                Mark::Flow(_)
                | Mark::FlowOver(_)
                | Mark::DeliveredTwice
                | Mark::Moved(..)
                | Mark::Reordered
                | Mark::Retransmitted
                | Mark::Speaks(..)
                | Mark::Victim(_) => {}
            }
        }
        // Said together: one statement per subject.
        said.sort();
        for together in said.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            let Some((subject, about, protocol, _)) = together.first() else { continue };
            let facts = together.iter().map(|(.., fact)| fact.clone()).collect();
            let statement = Statement { subject: *subject, about: *about, protocol, facts };
            self.ready.push_back(Message { time, event: Event::Said(statement) });
        }
    }
}

impl Iterator for Messages {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Some(message);
            }
            if self.over {
                return None;
            }
            let end = self.simulation.truth.end;
            let queued = self.simulation.step();
            if let Some(queued) = &queued {
                self.read(queued);
            }
            self.over = queued.is_none();
            let time = queued.map_or(end, |queued| queued.time);
            for flow in self.simulation.take_flows() {
                self.ready.push_back(Message { time, event: Event::Flow(Box::new(flow)) });
            }
        }
    }
}

fn subject(host: &Host) -> Subject {
    Subject::Host { ip: host.station.ip.into(), mac: Some(host.station.seen_mac()) }
}

fn fact(attribute: Attribute, value: &str, confidence: u8, protocol: &'static str) -> Option<Fact> {
    Fact::new(attribute, value, confidence, protocol)
}

/// What a device, or another for it, says of an attribute.
fn facts(host: &Host, attribute: Attribute, protocol: &'static str, confidence: u8) -> Vec<Fact> {
    let one = |value: &str| fact(attribute, value, confidence, protocol).into_iter().collect();
    match attribute {
        Attribute::Hostname => one(&host.hostname),
        Attribute::AeTitle => one(&host.ae),
        Attribute::Vendor => one(host.vendor()),
        Attribute::Model => one(host.model_name()),
        Attribute::Serial => one(&host.serial),
        Attribute::Location => one(&host.place().replace('^', " / ")),
        Attribute::Mac => one(&host.station.mac.to_string()),
        Attribute::Software => {
            let parts = host.model.software.iter();
            parts
                .filter_map(|(name, version)| {
                    Some(fact(attribute, name, confidence, protocol)?.with_version(version))
                })
                .collect()
        }
        Attribute::Os => {
            let system = host.model.os.into_iter();
            system
                .filter_map(|(name, version)| {
                    Some(fact(attribute, name, confidence, protocol)?.with_version(version))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What shows a weakness.
fn weak(world: &World, weakness: Weakness, protocol: &'static str) -> Option<Fact> {
    let (attribute, value) = match weakness {
        Weakness::ClearCredentials => (Attribute::ClearCredential, protocol.to_uppercase()),
        Weakness::ClearPatientData => (Attribute::PatientDataInClear, protocol.to_owned()),
        Weakness::DefaultCredential => (Attribute::DefaultCredential, "snmp-public".to_owned()),
        // Its system was told, which says it.
        Weakness::EndOfLifeOs => return None,
        Weakness::ObsoleteTls => (Attribute::TlsVersion, "TLS 1.0".to_owned()),
        Weakness::RdpWithoutNla => (Attribute::Weakness, "rdp-without-nla".to_owned()),
        Weakness::SharedHostKey => {
            let key: String = world.factory_key.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            (Attribute::HostKey, format!("ssh-rsa sha256:{key}"))
        }
        Weakness::Smb1 => (Attribute::SmbDialect, "NT LM 0.12".to_owned()),
    };
    fact(attribute, &value, SURE, protocol)
}
