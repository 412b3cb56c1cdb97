//! The mirror port: puts a station's packets on the wire as the core switch sees them.
//!
//! The mirror copies what enters the switch: a station on an observed network keeps its own MAC, also when it
//! talks to another network (the frame is addressed to the router). Stations in a distant building enter through
//! their building's router: its MAC, one hop less to live. Now and then the mirror delivers a frame twice.

use crate::fault::Fault;
use crate::packet::{self, BROADCAST, Ip, Segment};
use crate::rng::Rng;
use crate::truth::{Begun, Mark, Weakness};
use std::net::{IpAddr, Ipv4Addr};
use wardline_model::{About, Attribute, Endpoint, Mac, Timestamp, Transport};

/// Frames in a thousand that the mirror delivers twice.
const TWICE_PER_MILLE: u64 = 2;
/// How long a station that goes on talking need not be reported as heard again.
const HEARD_NANOS: i64 = 3600 * Timestamp::SECOND;

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
    /// Routers between it and the mirror.
    pub(crate) hops: u8,
    pub(crate) stack: Stack,
    /// What is broken about it.
    pub(crate) fault: Option<Fault>,
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

    /// The MAC that its frames carry where the mirror sees them.
    pub(crate) fn seen_mac(&self) -> Mac {
        self.behind.unwrap_or(self.mac)
    }

    pub(crate) fn endpoint(&self, port: Option<u16>) -> Endpoint {
        Endpoint { ip: Some(self.ip.into()), port, mac: Some(self.seen_mac()) }
    }
}

/// What a moment puts on the wire.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Nothing: only something becomes true.
    None,
    /// A frame of this length, which nobody wants to read.
    Length(u32),
    Bytes(Vec<u8>),
}

/// The part of a conversation that a packet is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) flow: u64,
    pub(crate) to_server: bool,
    /// Bytes of the IP packet.
    pub(crate) length: u32,
}

/// A packet waiting for its time.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) time: Timestamp,
    pub(crate) frame: Frame,
    pub(crate) marks: Vec<Mark>,
    pub(crate) step: Option<Step>,
    /// Number of the attack that it belongs to.
    pub(crate) attack: Option<usize>,
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
    /// When each station was last reported as heard, and with which address.
    heard: Vec<(i64, Ipv4Addr)>,
    /// Whether frames are only counted, because messages are wanted.
    quiet: bool,
    /// The attack whose frames these are.
    pub(crate) attack: Option<usize>,
    next_flow: u64,
    /// The datagram conversation under way: its number and its client.
    datagrams: (u64, Ipv4Addr),
    /// What is spoken now.
    protocol: &'static str,
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
    pub(crate) fn new(mut rng: Rng, core: Mac, stations: usize, quiet: bool) -> Self {
        let ids = (0..stations).map(|_| rng.next() as u16).collect();
        let ports = (0..stations).map(|_| rng.range(49_152, 60_000) as u16).collect();
        Self {
            rng,
            core,
            ids,
            ports,
            heard: vec![(i64::MIN, Ipv4Addr::UNSPECIFIED); stations],
            quiet,
            attack: None,
            next_flow: 0,
            datagrams: (0, Ipv4Addr::UNSPECIFIED),
            protocol: "unknown",
            out: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// A second set of counters for attacks, so that the stations' own traffic stays what it is without them.
    pub(crate) fn beside(&self, rng: Rng, stations: usize) -> Self {
        let mut beside = Self::new(rng, self.core, stations, self.quiet);
        // Far from the numbers that the hospital's own flows can reach.
        beside.next_flow = 1 << 62;
        beside
    }

    /// The packets made since the last call.
    pub(crate) fn take(&mut self) -> Vec<Queued> {
        std::mem::take(&mut self.out)
    }

    /// Becomes true with the next frame.
    pub(crate) fn mark(&mut self, mark: Mark) {
        if let Mark::Speaks(_, protocol) = mark {
            self.protocol = protocol;
        }
        self.pending.push(mark);
    }

    /// A device tells attributes of itself in what is spoken now.
    pub(crate) fn told(&mut self, device: u32, attributes: &[Attribute]) {
        self.told_by(device, About::Speaker, device, attributes);
    }

    /// A device tells attributes of the equipment that made what it sends.
    pub(crate) fn told_of(&mut self, speaker: u32, device: u32, attributes: &[Attribute]) {
        self.told_by(speaker, About::Equipment, device, attributes);
    }

    /// Somebody else says the name of a device with that address.
    pub(crate) fn named(&mut self, device: u32) {
        let (about, protocol, attribute) = (About::Speaker, self.protocol, Attribute::Hostname);
        self.pending.push(Mark::Told { speaker: None, about, device, protocol, attribute });
    }

    fn told_by(&mut self, speaker: u32, about: About, device: u32, attributes: &[Attribute]) {
        let protocol = self.protocol;
        let told = |attribute: &Attribute| Mark::Told {
            speaker: Some(speaker),
            about,
            device,
            protocol,
            attribute: *attribute,
        };
        self.pending.extend(attributes.iter().map(told));
    }

    pub(crate) fn weak(&mut self, device: u32, weakness: Weakness) {
        self.pending.push(Mark::Weak(device, weakness, self.protocol));
    }

    pub(crate) fn patient_data(&mut self, device: u32) {
        self.pending.push(Mark::PatientData(device, self.protocol));
    }

    /// A datagram conversation between two stations begins with the next frame.
    pub(crate) fn flow(
        &mut self,
        client: &Station,
        server: &Station,
        ports: (u16, u16),
        protocol: &'static str,
    ) {
        let transport = if ports.1 == 0 { Transport::Icmp } else { Transport::Udp };
        let flow = self.conversation((client, server), transport, ports, (protocol, false));
        self.datagrams = (flow, client.ip);
    }

    /// The datagram conversation ends with the next frame.
    pub(crate) fn flow_over(&mut self) {
        self.pending.push(Mark::FlowOver(self.datagrams.0));
    }

    /// A conversation begins with the next frame; answers its number.
    pub(crate) fn conversation(
        &mut self,
        ends: (&Station, &Station),
        transport: Transport,
        ports: (u16, u16),
        carries: (&'static str, bool),
    ) -> u64 {
        let (client, server) = ends;
        let (protocol, encrypted) = carries;
        self.next_flow += 1;
        self.protocol = protocol;
        let port = |port: u16| (transport != Transport::Icmp).then_some(port);
        self.pending.push(Mark::Flow(Box::new(Begun {
            flow: self.next_flow,
            devices: (client.index, server.index),
            client: client.endpoint(port(ports.0)),
            server: server.endpoint(port(ports.1)),
            transport,
            protocol,
            encrypted,
        })));
        self.next_flow
    }

    /// What is spoken now, on a conversation taken up again.
    pub(crate) const fn speak(&mut self, protocol: &'static str) {
        self.protocol = protocol;
    }

    /// A conversation is never continued.
    pub(crate) fn abandon(&mut self, at: i64, flow: u64) {
        self.happens(at, Mark::FlowOver(flow));
    }

    /// Something becomes true without a frame.
    pub(crate) fn happens(&mut self, at: i64, mark: Mark) {
        let marks = vec![mark];
        self.out.push(Queued {
            time: Timestamp(at),
            frame: Frame::None,
            marks,
            step: None,
            attack: self.attack,
        });
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
        let frame = if self.quiet { Frame::Length(bytes.len() as u32) } else { Frame::Bytes(bytes) };
        self.put(at, frame, None);
    }

    fn put(&mut self, at: i64, frame: Frame, step: Option<Step>) {
        let marks = std::mem::take(&mut self.pending);
        self.out.push(Queued { time: Timestamp(at), frame, marks, step, attack: self.attack });
    }

    /// What was made stays, and the mirror delivers it twice.
    fn twice(&mut self, at: i64, frame: Frame) {
        let later = at + self.rng.range(1_000, 30_000);
        self.pending.push(Mark::DeliveredTwice);
        self.put(later, frame, None);
    }

    /// Reports a station as heard, once an hour while it talks.
    fn heard(&mut self, at: i64, from: &Station, ttl: u8) {
        let last = &mut self.heard[from.index as usize];
        if self.quiet && (at.saturating_sub(last.0) >= HEARD_NANOS || last.1 != from.ip) {
            *last = (at, from.ip);
            self.pending.push(Mark::Heard { ip: IpAddr::V4(from.ip), mac: from.seen_mac(), ttl });
        }
    }

    /// An IP packet between two stations; `body` writes what it carries, when it is wanted.
    fn ip(
        &mut self,
        at: i64,
        ends: (&Station, &Station),
        protocol: u8,
        flow: Option<(u64, bool)>,
        body: (usize, impl Fn() -> Vec<u8>),
    ) {
        let (from, to) = ends;
        let (length, body) = body;
        let id = self.next_id(from);
        let ttl = from.stack.ttl() - from.hops;
        self.heard(at, from, ttl);
        let ip = Ip { from: from.ip, to: to.ip, protocol, ttl, id, dont_fragment: protocol == 6 };
        let beside = from.is_beside(to);
        let step = flow.map(|(flow, to_server)| Step { flow, to_server, length: (length + 20) as u32 });
        let copied = self.rng.per_mille(TWICE_PER_MILLE);
        if self.quiet {
            let length = (34 + length).max(packet::FRAME_BYTES_MIN) as u32;
            self.put(at, Frame::Length(length), step);
            if copied {
                self.twice(at, Frame::Length(length));
            }
            return;
        }
        let body = body();
        let target = if beside { to.mac } else { self.core };
        let frame = packet::ethernet(target, from.seen_mac(), 0x0800, &packet::ipv4(ip, &body));
        let copy = copied.then(|| {
            if beside {
                frame.clone()
            } else {
                let routed = packet::ipv4(Ip { ttl: ttl - 1, ..ip }, &body);
                packet::ethernet(to.seen_mac(), self.core, 0x0800, &routed)
            }
        });
        self.put(at, Frame::Bytes(frame), step);
        if let Some(copy) = copy {
            self.twice(at, Frame::Bytes(copy));
        }
    }

    pub(crate) fn udp(&mut self, at: i64, datagram: &Datagram<'_>) {
        let Datagram { from, from_port, to, to_port, payload } = *datagram;
        let flow = Some((self.datagrams.0, self.datagrams.1 == from.ip));
        let body = || packet::udp((from.ip, from_port), (to.ip, to_port), payload);
        self.ip(at, (from, to), 17, flow, (8 + payload.len(), body));
    }

    /// A datagram to everybody on the station's network, or to a multicast group. Not seen through a router.
    pub(crate) fn udp_group(
        &mut self,
        at: i64,
        from: &Station,
        ports: (u16, u16),
        group: (Mac, Ipv4Addr, u8),
        payload: &[u8],
    ) {
        let (mac, address, ttl) = group;
        let id = self.next_id(from);
        self.heard(at, from, ttl);
        let ip = Ip { from: from.ip, to: address, protocol: 17, ttl, id, dont_fragment: false };
        let body = packet::ipv4(ip, &packet::udp((from.ip, ports.0), (address, ports.1), payload));
        self.frame(at, packet::ethernet(mac, from.mac, 0x0800, &body));
    }

    /// A segment of the conversation `flow`; whether it goes to the server.
    pub(crate) fn tcp(
        &mut self,
        at: i64,
        ends: (&Station, &Station),
        flow: (u64, bool),
        segment: &Segment<'_>,
    ) {
        // The driver of an interface that sums up in hardware leaves only the sum of the pseudo header.
        let offloaded = ends.0.fault == Some(Fault::Checksums);
        let length = 20 + segment.options.len() + segment.payload.len();
        self.ip(at, ends, 6, Some(flow), (length, || packet::tcp(segment, offloaded)));
    }

    pub(crate) fn icmp(&mut self, at: i64, from: &Station, to: &Station, body: &[u8]) {
        let flow = Some((self.datagrams.0, self.datagrams.1 == from.ip));
        self.ip(at, (from, to), 1, flow, (body.len(), || body.to_vec()));
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
        self.heard(at, from, from.stack.ttl());
        if self.quiet && owner.0 == self.core {
            let (mac, ip) = (owner.0, IpAddr::V4(owner.1));
            self.pending.push(Mark::Heard { ip, mac, ttl: Stack::Embedded.ttl() });
        }
        self.frame(later, packet::ethernet(from.mac, owner.0, 0x0806, &answer));
    }
}
