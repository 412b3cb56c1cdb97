//! What the sensor hands over: everything that was seen, already summed up, in no order that matters.
//!
//! Merging two [`Sightings`] is commutative and associative, so that any number of shards gives the same
//! result. Sizes are those of the network (addresses, services, pairs), not of the traffic; the sensor bounds
//! and counts them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use wardline_model::{Mac, Observations, Seen};

/// Everything that was seen in a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Statements of the dissectors.
    pub observations: Observations,
    /// Every address that sent at least one packet, with the source MAC of the frames that carried it.
    pub hosts: BTreeMap<Host, HostSeen>,
    /// Every source MAC that sent at least one frame, whatever it carried.
    pub stations: BTreeMap<Mac, Seen>,
    /// In which broadcast domains each station was seen, as far as its frames tell.
    pub domains: BTreeMap<(Mac, Domain), ()>,
    /// Services on which a host answered.
    pub services: BTreeMap<ServiceSeen, Seen>,
    /// Who asked whom in which protocol.
    pub exchanges: BTreeMap<Exchange, Seen>,
}

/// A broadcast domain, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain {
    /// Number of the capture or interface, as in [`wardline_model::PacketRef::file`].
    pub file: u32,
    /// VLAN identifier; 0 where frames carry none.
    pub vlan: u16,
}

/// A sender: its address and the MAC of its frames on the observed link, which may be a router's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    /// Network address, of the outermost IP packet.
    pub ip: IpAddr,
    /// Source MAC, where the link has any.
    pub mac: Option<Mac>,
}

/// How a sender was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSeen {
    /// When and in which packets.
    pub seen: Seen,
    /// Lowest time to live or hop limit.
    pub ttl_min: u8,
    /// Highest time to live or hop limit.
    pub ttl_max: u8,
}

impl HostSeen {
    /// Adds another's sightings.
    pub fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.ttl_min = self.ttl_min.min(other.ttl_min);
        self.ttl_max = self.ttl_max.max(other.ttl_max);
    }
}

/// A service on which a host answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceSeen {
    /// The server.
    pub server: Host,
    /// `tcp` or `udp`.
    pub transport: &'static str,
    /// Server's port.
    pub port: u16,
    /// Protocol recognised by its bytes; `unknown` otherwise.
    pub protocol: &'static str,
    /// Whether the payload was encrypted.
    pub encrypted: bool,
}

/// A client and a server that spoke a protocol with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exchange {
    /// Who asked.
    pub client: Host,
    /// Who answered, or was asked.
    pub server: Host,
    /// Protocol recognised by its bytes; `unknown` otherwise.
    pub protocol: &'static str,
}

impl Sightings {
    /// Adds what another shard saw.
    pub fn merge(&mut self, other: Self) {
        merge(&mut self.observations, other.observations, Seen::merge);
        merge(&mut self.hosts, other.hosts, HostSeen::merge);
        merge(&mut self.stations, other.stations, Seen::merge);
        self.domains.extend(other.domains);
        merge(&mut self.services, other.services, Seen::merge);
        merge(&mut self.exchanges, other.exchanges, Seen::merge);
    }
}

fn merge<K: Ord, V>(into: &mut BTreeMap<K, V>, from: BTreeMap<K, V>, add: impl Fn(&mut V, &V)) {
    for (key, value) in from {
        match into.entry(key) {
            Entry::Occupied(mut there) => add(there.get_mut(), &value),
            Entry::Vacant(free) => {
                free.insert(value);
            }
        }
    }
}
