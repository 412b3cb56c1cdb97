//! What a running sensor hands over every second or so: what has changed since the batch before.
//!
//! Counts are those of the batch, not of the run: whoever applies each batch once has the sums, in any order.
//! [`BatchId`] names a batch for ever: a batch that is delivered again has the same content, and applying it again
//! must have no effect. Sensors that read a file give the same ids when they read it again.
//! Limits: those of the sensor, which bounds each part and counts what it left out ([`SensorHealth::counters`]).

use crate::Sightings;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use wardline_model::{DetailKey, Endpoint, Timestamp, Transport};

/// Names a batch, whoever delivers it and however often.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId {
    /// Name of the sensor, as configured.
    pub sensor: Box<str>,
    /// Which run: drawn when a sensor starts to listen, or made of the content of the files it reads.
    pub run: u64,
    /// Number of the batch in its run, from 1. Every number is used once, in order; batches that waited long may
    /// have been joined under the last number.
    pub sequence: u64,
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:016x}/{}", self.sensor, self.run, self.sequence)
    }
}

/// What a sensor saw since its last batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SensorBatch {
    /// Its name.
    pub id: BatchId,
    /// Earliest moment it tells of.
    pub from: Timestamp,
    /// Latest moment it tells of.
    pub until: Timestamp,
    /// What the file numbers of its packets ([`wardline_model::PacketRef::file`]) stand for: interfaces, where the
    /// frame number is a sequence of the sensor, or capture files.
    pub sources: BTreeMap<u32, Box<str>>,
    /// Statements, hosts, stations, services and exchanges; new ones at once, known ones at intervals.
    pub sightings: Sightings,
    /// Who talked to whom, summed up.
    pub conversations: Conversations,
    /// How the sensor fares.
    pub health: SensorHealth,
}

/// Conversations, each with what has passed in it since the last batch.
pub type Conversations = BTreeMap<Conversation, Spoken>;

/// All flows of one client with one service: an edge of the map of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    /// Who began; without a port, which is another in each flow.
    pub client: Endpoint,
    /// Who was addressed. The port is left out where nobody answered and nothing was recognised: a sweep over all
    /// ports is one conversation.
    pub server: Endpoint,
    /// What carries it.
    pub transport: Transport,
    /// Outermost application recognised by its own bytes; `unknown` otherwise.
    pub protocol: &'static str,
    /// Whether the payload is encrypted after negotiation.
    pub encrypted: bool,
}

/// What passed in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Earliest packet of the flows told of.
    pub first: Timestamp,
    /// Latest packet.
    pub last: Timestamp,
    /// Flows told of for the first time.
    pub begun: u64,
    /// Flows that are over.
    pub ended: u64,
    /// Packets from client to server.
    pub packets_to_server: u64,
    /// Packets from server to client.
    pub packets_to_client: u64,
    /// IP bytes from client to server.
    pub bytes_to_server: u64,
    /// IP bytes from server to client.
    pub bytes_to_client: u64,
    /// VLAN ids seen, sorted.
    pub vlan: Vec<u16>,
    /// Known details, sorted, each value once.
    pub details: Vec<(DetailKey, Box<str>)>,
}

impl Spoken {
    /// Values kept of one detail; the lowest stay.
    pub const DETAIL_VALUES_MAX: usize = 16;
    /// VLAN ids kept; the lowest stay.
    pub const VLANS_MAX: usize = 8;

    /// Adds what passed in other flows, or later. Commutative and associative.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (into, more) in [
            (&mut self.begun, other.begun),
            (&mut self.ended, other.ended),
            (&mut self.packets_to_server, other.packets_to_server),
            (&mut self.packets_to_client, other.packets_to_client),
            (&mut self.bytes_to_server, other.bytes_to_server),
            (&mut self.bytes_to_client, other.bytes_to_client),
        ] {
            *into = into.saturating_add(more);
        }
        self.vlan.extend(&other.vlan);
        self.vlan.sort_unstable();
        self.vlan.dedup();
        self.vlan.truncate(Self::VLANS_MAX);
        if other.details.iter().any(|detail| self.details.binary_search(detail).is_err()) {
            self.details.extend(other.details.iter().cloned());
            self.details.sort_unstable();
            self.details.dedup();
            bound_details(&mut self.details);
        }
    }
}

/// Keeps the lowest values of each key.
fn bound_details(details: &mut Vec<(DetailKey, Box<str>)>) {
    let (mut of, mut count) = (None, 0_usize);
    details.retain(|(key, _)| {
        if of != Some(*key) {
            (of, count) = (Some(*key), 0);
        }
        count = count.saturating_add(1);
        count <= Spoken::DETAIL_VALUES_MAX
    });
}

/// How a sensor fares, since its last batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SensorHealth {
    /// Packets read.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// What was counted and everything that was left out, by name; only what is not 0.
    pub counters: BTreeMap<&'static str, u64>,
    /// Each source: an interface, a folder, a file.
    pub sources: BTreeMap<Box<str>, SourceHealth>,
}

/// How a source of packets fares, since the last batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    /// Packets read.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Packets that the kernel, or whoever wrote the capture, says it dropped.
    pub dropped: u64,
    /// Times that the ring was found full.
    pub full: u64,
    /// What is wrong with it now, in words.
    pub problem: Option<Box<str>>,
}

impl SensorBatch {
    /// Adds a later batch of the same run, when both waited; the name becomes the later one's.
    pub fn join(&mut self, later: Self) {
        self.id = later.id;
        self.from = self.from.min(later.from);
        self.until = self.until.max(later.until);
        self.sources.extend(later.sources);
        self.sightings.merge(later.sightings);
        for (conversation, spoken) in later.conversations {
            match self.conversations.entry(conversation) {
                Entry::Occupied(mut there) => there.get_mut().merge(&spoken),
                Entry::Vacant(free) => {
                    free.insert(spoken);
                }
            }
        }
        self.health.join(later.health);
    }

    /// Entries of all kinds.
    #[must_use]
    pub fn entries(&self) -> usize {
        let Sightings { observations, hosts, stations, domains, services, exchanges } = &self.sightings;
        let of_stations = stations.len().saturating_add(domains.len());
        [observations.len(), hosts.len(), of_stations, services.len(), exchanges.len()]
            .into_iter()
            .fold(self.conversations.len(), usize::saturating_add)
    }
}

impl SensorHealth {
    fn join(&mut self, later: Self) {
        self.packets = self.packets.saturating_add(later.packets);
        self.bytes = self.bytes.saturating_add(later.bytes);
        for (name, count) in later.counters {
            let sum = self.counters.entry(name).or_default();
            *sum = sum.saturating_add(count);
        }
        for (name, more) in later.sources {
            let source = self.sources.entry(name).or_default();
            source.packets = source.packets.saturating_add(more.packets);
            source.bytes = source.bytes.saturating_add(more.bytes);
            source.dropped = source.dropped.saturating_add(more.dropped);
            source.full = source.full.saturating_add(more.full);
            source.problem = more.problem;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(value: &str, vlan: u16, at: i64) -> Spoken {
        Spoken {
            first: Timestamp(at),
            last: Timestamp(at + 5),
            begun: 1,
            ended: 0,
            packets_to_server: 3,
            packets_to_client: 2,
            bytes_to_server: 300,
            bytes_to_client: 200,
            vlan: vec![vlan],
            details: vec![(DetailKey::CallingAe, value.into())],
        }
    }

    #[test]
    fn what_passed_adds_up_in_any_order_and_details_stay_bounded() {
        let all: Vec<_> =
            (0..40_u16).map(|n| spoken(&format!("AE{n:02}"), 100 + n, i64::from(n) * 7)).collect();
        let sum = |order: &mut dyn Iterator<Item = &Spoken>| {
            let mut sum = order.next().unwrap().clone();
            order.for_each(|one| sum.merge(one));
            sum
        };
        let forward = sum(&mut all.iter());
        assert_eq!(forward, sum(&mut all.iter().rev()));
        assert_eq!((forward.begun, forward.packets_to_server), (40, 120));
        assert_eq!((forward.first, forward.last), (Timestamp(0), Timestamp(39 * 7 + 5)));
        assert_eq!(
            (forward.details.len(), forward.vlan.len()),
            (Spoken::DETAIL_VALUES_MAX, Spoken::VLANS_MAX)
        );
        assert_eq!(&*forward.details[0].1, "AE00");
    }

    #[test]
    fn batches_that_waited_are_joined_under_the_later_name() {
        let batch = |sequence, at| SensorBatch {
            id: BatchId { sensor: "ward".into(), run: 10, sequence },
            from: Timestamp(at),
            until: Timestamp(at + 1),
            health: SensorHealth {
                packets: 4,
                counters: BTreeMap::from([("shed_facts", 2)]),
                sources: BTreeMap::from([("eth1".into(), SourceHealth { dropped: 3, ..Default::default() })]),
                ..SensorHealth::default()
            },
            ..SensorBatch::default()
        };
        let mut first = batch(1, 5);
        first.join(batch(2, 9));
        assert_eq!(first.id.to_string(), "ward/000000000000000a/2");
        assert_eq!((first.from, first.until), (Timestamp(5), Timestamp(10)));
        assert_eq!((first.health.packets, first.health.counters["shed_facts"]), (8, 4));
        assert_eq!(first.health.sources["eth1"].dropped, 6);
    }
}
