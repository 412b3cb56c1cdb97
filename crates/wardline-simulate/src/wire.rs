//! The mirror port: puts a station's packets on the wire as the core switch sees them.
//!
//! The mirror copies what enters the switch: a station on an observed network keeps its own MAC, also when it
//! talks to another network (the frame is addressed to the router). Stations in a distant building enter through
//! their building's router: its MAC, one hop less to live. Now and then the mirror delivers a frame twice.

use crate::packet::{self, BROADCAST, Ip, Segment};
use crate::rng::Rng;
use crate::truth::{FlowKey, Mark, Weakness};
use std::net::Ipv4Addr;
use wardline_model::{Attribute, Mac, Timestamp, Transport};

/// Frames in a thousand that the mirror delivers twice.
const TWICE_PER_MILLE: u64 = 2;

/// The TCP/IP implementation of a station, as far as headers show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    Embedded,
    Linux,
    Windows10,
    Windows7,
    WindowsXp,
}

impl Stack {
    pub(crate) const fn ttl(self) -> u8 {
        match self {
            Self::Embedded | Self::Linux => 64,
            Self::Windows10 | Self::Windows7 | Self::WindowsXp => 128,
        }
    }
}

/// A station: where frames come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Station {
    /// Index of the device.
    pub(crate) index: u32,
    pub(crate) mac: Mac,
    pub(crate) ip: Ipv4Addr,
    /// The router that hides it from the mirror.
    pub(crate) behind: Option<Mac>,
    pub(crate) stack: Stack,
}

impl Station {
    /// Whether two stations share a broadcast domain: every network of the plan is a /24.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        self.ip.octets()[..3] == other.ip.octets()[..3]
    }

    pub(crate) fn network_broadcast(&self) -> Ipv4Addr {
        let [a, b, c, _] = self.ip.octets();
        Ipv4Addr::new(a, b, c, 255)
    }

    /// The router's address on this station's network.
    pub(crate) fn gateway(&self) -> Ipv4Addr {
        let [a, b, c, _] = self.ip.octets();
        Ipv4Addr::new(a, b, c, 1)
    }
}

/// A packet waiting for its time.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) time: Timestamp,
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: Vec<Mark>,
}

/// The wire and the state that its stations' stacks keep.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) rng: Rng,
    /// MAC of the core router.
    pub(crate) core: Mac,
    /// Next IP identification of each station.
    ids: Vec<u16>,
    /// Next ephemeral port of each station.
    ports: Vec<u16>,
    out: Vec<Queued>,
    pending: Vec<Mark>,
}

/// A datagram's ends and payload.
pub(crate) struct Datagram<'a> {
    pub(crate) from: &'a Station,
    pub(crate) from_port: u16,
    pub(crate) to: &'a Station,
    pub(crate) to_port: u16,
    pub(crate) payload: &'a [u8],
}

impl Wire {
    pub(crate) fn new(mut rng: Rng, core: Mac, stations: usize) -> Self {
        let ids = (0..stations).map(|_| rng.next() as u16).collect();
        let ports = (0..stations).map(|_| rng.range(49_152, 60_000) as u16).collect();
        Self { rng, core, ids, ports, out: Vec::new(), pending: Vec::new() }
    }

    /// The packets made since the last call.
    pub(crate) fn take(&mut self) -> Vec<Queued> {
        std::mem::take(&mut self.out)
    }

    /// Becomes true with the next frame.
    pub(crate) fn mark(&mut self, mark: Mark) {
        self.pending.push(mark);
    }

    pub(crate) fn told(&mut self, device: u32, attributes: &[Attribute]) {
        self.pending.extend(attributes.iter().map(|attribute| Mark::Told(device, *attribute)));
    }

    pub(crate) fn weak(&mut self, device: u32, weakness: Weakness) {
        self.pending.push(Mark::Weak(device, weakness));
    }

    /// A datagram conversation between two stations begins with the next frame.
    pub(crate) fn flow(&mut self, client: &Station, server: &Station, port: u16, protocol: &'static str) {
        let transport = if port == 0 { Transport::Icmp } else { Transport::Udp };
        self.conversation((client, server), transport, port, protocol, false);
    }

    /// A conversation begins with the next frame.
    pub(crate) fn conversation(
        &mut self,
        ends: (&Station, &Station),
        transport: Transport,
        port: u16,
        protocol: &'static str,
        encrypted: bool,
    ) {
        let (client, server) = ends;
        let key = FlowKey { client: client.ip.into(), server: server.ip.into(), port, transport, protocol };
        self.pending.push(Mark::Flow { key, client: client.index, server: server.index, encrypted });
    }

    pub(crate) fn ephemeral_port(&mut self, station: &Station) -> u16 {
        let next = &mut self.ports[station.index as usize];
        let port = *next;
        *next = if port >= 65_500 { 49_152 } else { port + 1 };
        port
    }

    fn next_id(&mut self, station: &Station) -> u16 {
        let id = &mut self.ids[station.index as usize];
        *id = id.wrapping_add(1);
        *id
    }

    /// A frame that entered the switch.
    pub(crate) fn frame(&mut self, at: i64, bytes: Vec<u8>) {
        let marks = std::mem::take(&mut self.pending);
        self.out.push(Queued { time: Timestamp(at), bytes, marks });
    }

    fn twice(&mut self, at: i64, bytes: Vec<u8>) {
        let later = at + self.rng.range(1_000, 30_000);
        self.out.push(Queued { time: Timestamp(later), bytes, marks: vec![Mark::DeliveredTwice] });
    }

    fn ip(&mut self, at: i64, from: &Station, to: &Station, protocol: u8, body: &[u8]) {
        let id = self.next_id(from);
        let hop = u8::from(from.behind.is_some());
        let ttl = from.stack.ttl() - hop;
        let ip = Ip { from: from.ip, to: to.ip, protocol, ttl, id, dont_fragment: protocol == 6 };
        let source = from.behind.unwrap_or(from.mac);
        let beside = from.is_beside(to);
        let target = if beside { to.mac } else { self.core };
        let frame = packet::ethernet(target, source, 0x0800, &packet::ipv4(ip, body));
        let copied = self.rng.per_mille(TWICE_PER_MILLE);
        let copy = copied.then(|| {
            if beside {
                frame.clone()
            } else {
                let routed = packet::ipv4(Ip { ttl: ttl - 1, ..ip }, body);
                packet::ethernet(to.behind.unwrap_or(to.mac), self.core, 0x0800, &routed)
            }
        });
        self.frame(at, frame);
        if let Some(copy) = copy {
            self.twice(at, copy);
        }
    }

    pub(crate) fn udp(&mut self, at: i64, datagram: &Datagram<'_>) {
        let Datagram { from, to, .. } = datagram;
        let body = packet::udp((from.ip, datagram.from_port), (to.ip, datagram.to_port), datagram.payload);
        self.ip(at, from, to, 17, &body);
    }

    /// A datagram to everybody on the station's network, or to a multicast group. Not seen through a router.
    pub(crate) fn udp_group(
        &mut self,
        at: i64,
        from: &Station,
        port: u16,
        group: (Mac, Ipv4Addr, u8),
        payload: &[u8],
    ) {
        let (mac, address, ttl) = group;
        let id = self.next_id(from);
        let ip = Ip { from: from.ip, to: address, protocol: 17, ttl, id, dont_fragment: false };
        let body = packet::ipv4(ip, &packet::udp((from.ip, port), (address, port), payload));
        self.frame(at, packet::ethernet(mac, from.mac, 0x0800, &body));
    }

    pub(crate) fn tcp(&mut self, at: i64, from: &Station, to: &Station, segment: &Segment<'_>) {
        self.ip(at, from, to, 6, &packet::tcp(segment));
    }

    pub(crate) fn icmp(&mut self, at: i64, from: &Station, to: &Station, body: &[u8]) {
        self.ip(at, from, to, 1, body);
    }

    /// A station asks its network for an address; the owner answers.
    pub(crate) fn arp(&mut self, at: i64, from: &Station, owner: (Mac, Ipv4Addr)) {
        if from.behind.is_some() {
            return;
        }
        let question = packet::arp(1, (from.mac, from.ip), (Mac::default(), owner.1));
        self.mark(Mark::Speaks(from.index, "arp"));
        self.frame(at, packet::ethernet(BROADCAST, from.mac, 0x0806, &question));
        let answer = packet::arp(2, owner, (from.mac, from.ip));
        let later = at + self.rng.range(80_000, 900_000);
        self.frame(later, packet::ethernet(from.mac, owner.0, 0x0806, &answer));
    }
}
