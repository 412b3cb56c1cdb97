//! The state of one flow.

mod spoken;

use std::net::IpAddr;
use wardline_inventory::{Domain, Exchange, Host, HostSeen, ServiceSeen};
use wardline_model::{
    DetailKey, Endpoint, Exemplars, FlowRecord, Mac, PacketRef, Seen, Timestamp, Transport,
};
use wardline_protocols::{Dissection, Side};
use wardline_wire::flow::{Direction, FlowKey, Stream};
use wardline_wire::frame::{LinkProtocol, Tunnels, tcp_flag};

/// Recent packets of a direction kept to recognise frames that the mirror delivers twice.
const RECENT: usize = 4;
/// A packet with an IP identification of its own that returns within this time was delivered twice; no stack
/// retransmits the same packet so soon (RFC 6298: 200 ms in practice).
const DUPLICATE_WITHIN: u32 = 20_000_000 / TICK;
/// Without an identification (IPv6, or 0) only a nearly simultaneous copy counts.
const DUPLICATE_WITHIN_BARE: u32 = 500_000 / TICK;
/// Nanoseconds of one unit in which the times of recent packets are kept.
const TICK: u32 = 1 << 12;
/// Where TFTP serves (RFC 1350 section 4).
const TFTP_PORT: u16 = 69;
/// From where an FTP server opens data connections (RFC 959 section 8).
const FTP_DATA_PORT: u16 = 20;
/// What looking into a flow costs beside the bytes it holds: dissection, streams, dissector.
const WORK_COST: usize = 1024;
/// Values kept of one detail.
const DETAIL_VALUES_MAX: usize = 16;
/// VLAN ids kept of a flow.
const VLANS_MAX: usize = 8;

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    /// The direction of the opener: sender of the SYN, else the first seen.
    pub(crate) opener: Direction,
    /// Whether a SYN told the opener.
    pub(crate) sure: bool,
    pub(crate) transport: Transport,
    ends: [End; 2],
    start: Timestamp,
    end: Timestamp,
    /// The packet seen last.
    pub(crate) last_place: PacketRef,
    /// Next sequence number per direction, from its SYN.
    pub(crate) expect: [Option<u32>; 2],
    fin: [bool; 2],
    reset: bool,
    pub(crate) work: Option<Box<Work>>,
    pub(crate) worked: bool,
    /// Name of the protocol: by its bytes, else by its header.
    name: &'static str,
    /// Whether the bytes told the name.
    recognised: bool,
    pub(crate) encrypted: bool,
    pub(crate) malformed: bool,
    pub(crate) requester: Option<Side>,
    /// What most flows have nothing of.
    rare: Option<Box<Rare>>,
    /// What was told of it while it lives; nothing where all is told at the end.
    told: Option<Box<spoken::Told>>,
}

/// What few packets change and most flows lack: it stands apart from what every packet needs.
#[derive(Debug, Default)]
struct Rare {
    vlans: Vec<u16>,
    /// The tunnels around the packet seen last that had any.
    tunnels: Tunnels,
    details: Vec<(DetailKey, Box<str>)>,
}

/// What a flow needs only while it is looked into.
pub(crate) struct Work {
    pub(crate) dissection: Dissection,
    pub(crate) streams: [Stream; 2],
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl Work {
    /// Bytes held for this flow.
    pub(crate) fn held(&self) -> usize {
        let [up, down] = &self.streams;
        let early = up.held().saturating_add(down.held());
        WORK_COST.saturating_add(self.dissection.held()).saturating_add(early)
    }

    /// Whether bytes are held that were not yet read.
    pub(crate) fn is_waiting(&self) -> bool {
        self.held() > WORK_COST
    }

    /// Whether bytes of that direction wait for others before them.
    pub(crate) fn waits(&self, direction: Direction) -> bool {
        direction.of_ref(&self.streams).held() > 0
    }

    /// Whether nothing that was sent is still to come; after a reset, nothing that has come is to be read.
    pub(crate) fn is_read_out(&self, reset: bool) -> bool {
        self.streams.iter().all(|stream| stream.held() == 0 && (reset || stream.is_at_end()))
    }
}

/// One end of a flow: what it sent.
#[derive(Debug, Default)]
struct End {
    packets: u64,
    bytes: u64,
    payload: bool,
    mac: Option<Mac>,
    /// The packet seen first with this MAC; of none before there was a packet.
    first: PacketRef,
    last: Timestamp,
    ttl: [u8; 2],
    /// Digest and time of the last packets, the time in units of [`TICK`] and cut to 32 bits.
    recent: [(u32, u32); RECENT],
    /// Which of them is overwritten next.
    turn: u8,
}

/// What one packet brings to its flow, besides payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
    pub(crate) place: PacketRef,
    pub(crate) direction: Direction,
    pub(crate) mac: Option<Mac>,
    pub(crate) ttl: u8,
    pub(crate) length: u32,
    pub(crate) has_payload: bool,
    /// A digest of the header fields that a copy shares and a retransmission does not.
    pub(crate) mark: u32,
    /// Whether the IP header has an identification.
    pub(crate) identified: bool,
    /// Whether equal packets may rightly follow each other at once (an acknowledgement without data).
    pub(crate) repeatable: bool,
}

impl Flow {
    pub(crate) fn new(key: &FlowKey, direction: Direction, tcp_flags: Option<u8>) -> Self {
        let flags = tcp_flags.unwrap_or(0);
        let syn = flags & tcp_flag::SYN != 0;
        let answer = syn && flags & tcp_flag::ACK != 0;
        Self {
            opener: if answer { direction.reverse() } else { direction },
            sure: syn,
            transport: transport(key),
            ends: [End::default(), End::default()],
            start: Timestamp(i64::MAX),
            end: Timestamp(i64::MIN),
            last_place: PacketRef::default(),
            expect: [None; 2],
            fin: [false; 2],
            reset: false,
            work: None,
            worked: false,
            name: "unknown",
            recognised: false,
            encrypted: false,
            malformed: false,
            requester: None,
            rare: None,
            told: None,
        }
    }

    /// Reads a little of each part that the next packet will need, so that it is brought near.
    pub(crate) fn touch(&self) -> u64 {
        let ends = self.ends[0].packets.wrapping_add(self.ends[1].packets);
        let work = self.work.as_ref().map_or(0, |work| u64::from(work.dissection.is_over()));
        ends.wrapping_add(self.last_place.frame()).wrapping_add(work)
    }

    /// Latest packet; before any, the beginning of time.
    pub(crate) const fn last(&self) -> Timestamp {
        self.end
    }

    /// Names the flow by its header, where no bytes need to be recognised.
    pub(crate) const fn named_by_header(&mut self, name: &'static str) {
        if !self.recognised {
            self.name = name;
        }
    }

    /// Names the flow by its bytes, once they tell. A name that a dissector has taken back leaves none.
    pub(crate) const fn named_by_bytes(&mut self, name: Option<&'static str>) {
        match name {
            Some(name) => (self.name, self.recognised) = (name, true),
            None if self.recognised => (self.name, self.recognised) = ("unknown", false),
            None => {}
        }
    }

    /// Whether its bytes have told its name.
    pub(crate) const fn is_recognised(&self) -> bool {
        self.recognised
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn vlans(&self) -> &[u16] {
        self.rare.as_ref().map_or(&[], |rare| &rare.vlans)
    }

    /// Which side sends in `direction`.
    pub(crate) fn side(&self, direction: Direction) -> Side {
        if direction == self.opener { Side::Opener } else { Side::Accepter }
    }

    /// The direction in which `side` sends.
    pub(crate) fn direction(&self, side: Side) -> Direction {
        if side == Side::Opener { self.opener } else { self.opener.reverse() }
    }

    /// Whether this packet was delivered before.
    pub(crate) fn is_duplicate(&mut self, passing: &Passing) -> bool {
        let end = passing.direction.of(&mut self.ends);
        let now = ticks(passing.place.time);
        let within = if passing.identified { DUPLICATE_WITHIN } else { DUPLICATE_WITHIN_BARE };
        let near = |time: u32| now.wrapping_sub(time).min(time.wrapping_sub(now)) <= within;
        let again = (passing.identified || !passing.repeatable)
            && end.recent.iter().any(|(mark, time)| *mark == passing.mark && near(*time));
        if !again {
            end.recent[usize::from(end.turn) % RECENT] = (passing.mark, now);
            end.turn = end.turn.wrapping_add(1);
        }
        again
    }

    /// Counts a packet. Returns who sent before, when the frames of that end now carry another MAC.
    pub(crate) fn count(&mut self, passing: &Passing, vlans: &[u16]) -> Option<(Option<Mac>, HostSeen)> {
        let time = passing.place.time;
        self.start = self.start.min(time);
        self.end = self.end.max(time);
        self.last_place = passing.place;
        for vlan in vlans {
            let seen = &mut self.rare().vlans;
            if seen.len() < VLANS_MAX && !seen.contains(vlan) {
                seen.push(*vlan);
            }
        }
        let end = passing.direction.of(&mut self.ends);
        // A tunnel may carry the same packets without their frames.
        let moved = end.mac != passing.mac && passing.mac.is_some() && end.packets > 0;
        let moved = if moved { end.seen() } else { None };
        let moved = moved.map(|seen| (end.mac, seen));
        if end.packets == 0 || moved.is_some() {
            let counted = (end.packets, end.bytes, end.payload, end.recent, end.turn);
            *end = End {
                mac: passing.mac,
                first: passing.place,
                last: time,
                ttl: [passing.ttl; 2],
                ..End::default()
            };
            (end.packets, end.bytes, end.payload, end.recent, end.turn) = counted;
        }
        end.packets = end.packets.saturating_add(1);
        end.bytes = end.bytes.saturating_add(u64::from(passing.length));
        end.payload |= passing.has_payload;
        end.last = end.last.max(time);
        end.ttl = [end.ttl[0].min(passing.ttl), end.ttl[1].max(passing.ttl)];
        moved
    }

    /// Notes the tunnels around a packet.
    pub(crate) fn carried_in(&mut self, tunnels: Tunnels) {
        if !tunnels.is_empty() && self.rare().tunnels != tunnels {
            self.rare().tunnels = tunnels;
            self.detail(DetailKey::Tunnel, &tunnels.to_string());
        }
    }

    /// Notes the flags and sequence of a TCP segment.
    pub(crate) fn tcp(&mut self, direction: Direction, flags: u8, sequence: u32, acknowledgement: u32) {
        if flags & tcp_flag::SYN != 0 {
            *direction.of(&mut self.expect) = Some(sequence.wrapping_add(1));
            // The answer tells the number of a SYN that the mirror lost, or delivers after it.
            if flags & tcp_flag::ACK != 0 {
                direction.reverse().of(&mut self.expect).get_or_insert(acknowledgement);
            }
        }
        if flags & tcp_flag::FIN != 0 {
            *direction.of(&mut self.fin) = true;
        }
        self.reset |= flags & tcp_flag::RST != 0;
    }

    /// Whether both ends have closed, or one has reset.
    pub(crate) const fn is_closed(&self) -> bool {
        self.reset || (self.fin[0] && self.fin[1])
    }

    /// Whether an end has reset.
    pub(crate) const fn is_reset(&self) -> bool {
        self.reset
    }

    /// Whether a SYN with this sequence number in `direction` opens another connection on the same ports.
    pub(crate) fn is_reopened_by(&self, direction: Direction, flags: u8, sequence: u32) -> bool {
        let pure = flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN;
        let known = *direction.of_ref(&self.expect);
        let established = direction.reverse().of_ref(&self.ends).packets > 0 || known.is_none();
        pure && known != Some(sequence.wrapping_add(1)) && (established || self.is_closed())
    }

    /// Whether only one direction was seen of a connection that carried data.
    pub(crate) fn is_one_way(&self) -> bool {
        let [up, down] = &self.ends;
        self.transport == Transport::Tcp
            && ((up.packets == 0 && down.payload) || (down.packets == 0 && up.payload))
    }

    /// Whether both ends took part: in TCP, more than the first packet of the opener was seen.
    pub(crate) fn is_mutual(&self) -> bool {
        let sent = |direction: Direction| direction.of_ref(&self.ends).packets;
        let first = u64::from(self.transport == Transport::Tcp);
        sent(self.opener) > first && sent(self.opener.reverse()) > 0
    }

    /// Adds a detail, each value once, within bounds.
    pub(crate) fn detail(&mut self, key: DetailKey, value: &str) {
        let details = &mut self.rare().details;
        let mut same = details.iter().filter(|(k, _)| *k == key);
        if same.clone().count() < DETAIL_VALUES_MAX && !same.any(|(_, v)| **v == *value) {
            details.push((key, value.into()));
        }
    }

    /// MAC of the end that sends in `direction`.
    pub(crate) fn mac(&self, direction: Direction) -> Option<Mac> {
        direction.of_ref(&self.ends).mac
    }

    /// Name of the protocol: by its bytes, else by its header.
    pub(crate) const fn protocol_name(&self) -> &'static str {
        self.name
    }

    /// The client's direction: the SYN tells, else the first request, else who was seen first.
    fn client(&self) -> Direction {
        match self.requester {
            Some(side) if !self.sure => self.direction(side),
            _ => self.opener,
        }
    }

    /// How the end that sends in `direction` was seen, if it sent and as far as that was not told.
    pub(crate) fn sender(&self, direction: Direction) -> Option<HostSeen> {
        let seen = direction.of_ref(&self.ends).seen()?;
        match &self.told {
            None => Some(seen),
            Some(told) => told.rest_of_sender(direction, seen),
        }
    }

    /// The same, for what is told of the conversation.
    fn speaker(&self, direction: Direction) -> Option<HostSeen> {
        let seen = direction.of_ref(&self.ends).seen()?;
        match &self.told {
            None => Some(seen),
            Some(told) => told.rest_of_speaker(direction, seen),
        }
    }

    /// The broadcast domains in which its frames were seen. Routed packets that were seen on both sides of the router
    /// have those of both, and neither says which station stands where.
    pub(crate) fn domains(&self, seen: &Seen) -> impl Iterator<Item = Domain> {
        let file = seen.exemplars.first().map_or(0, PacketRef::file);
        let told = self.transport == Transport::Link || self.vlans().len() <= 1;
        let untagged = self.vlans().is_empty().then_some(0);
        let vlans = self.vlans().iter().copied().chain(untagged);
        vlans.filter(move |_| told).map(move |vlan| Domain { file, vlan })
    }

    fn host(&self, key: &FlowKey, direction: Direction) -> Option<Host> {
        key.source(direction).map(|(ip, _)| Host { ip, mac: self.mac(direction) })
    }

    /// The service used, when its server answered.
    pub(crate) fn service(&self, key: &FlowKey) -> Option<(ServiceSeen, Seen)> {
        let direction = self.client().reverse();
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Icmp | Transport::Igmp | Transport::Ip(_) | Transport::Link => return None,
        };
        let answered = direction.of_ref(&self.expect).is_some() || direction.of_ref(&self.ends).payload;
        let seen = self.speaker(direction).filter(|_| answered)?.seen;
        let (_, port) = key.source(direction)?;
        let (_, from) = key.source(direction.reverse())?;
        let asked = self.requester.is_some() && self.transport == Transport::Udp;
        if !self.sure && !asked && from < port {
            // Seen from the middle: neither who was seen first nor who sends the requests (an HL7 server may
            // use a client's connection) tells who serves; the higher port is the client's.
            return None;
        }
        let (protocol, encrypted) = (self.protocol_name(), self.encrypted);
        let port = match protocol {
            // Media go between ports that both sides agreed on for one call.
            "rtp" | "rtcp" => return None,
            // The server calls the client back to hand over a file (RFC 959 section 3.2).
            "unknown" if from == FTP_DATA_PORT && self.transport == Transport::Tcp => return None,
            // Files come from a fresh port each; they are asked for at the well-known one.
            "tftp" => TFTP_PORT,
            _ => port,
        };
        Some((ServiceSeen { server: self.host(key, direction)?, transport, port, protocol, encrypted }, seen))
    }

    /// Who asked whom.
    pub(crate) fn exchange(&self, key: &FlowKey) -> Option<(Exchange, Seen)> {
        let client = self.client();
        let seen = self.speaker(client).or_else(|| self.speaker(client.reverse()))?.seen;
        let (from, to) = (self.host(key, client)?, self.host(key, client.reverse())?);
        Some((Exchange { client: from, server: to, protocol: self.protocol_name() }, seen))
    }

    /// The finished record.
    pub(crate) fn record(self, key: &FlowKey) -> FlowRecord {
        let client = self.client();
        let endpoint = |direction: Direction| {
            let ports = matches!(self.transport, Transport::Tcp | Transport::Udp);
            let source: Option<(IpAddr, u16)> = key.source(direction);
            Endpoint {
                ip: source.map(|(ip, _)| ip),
                port: source.filter(|_| ports).map(|(_, port)| port),
                mac: self.mac(direction).or_else(|| key.source_mac(direction)),
            }
        };
        let (from, to) = (client.of_ref(&self.ends), client.reverse().of_ref(&self.ends));
        let mut vlan = self.vlans().to_vec();
        vlan.sort_unstable();
        FlowRecord {
            start: self.start,
            end: self.end,
            client: endpoint(client),
            server: endpoint(client.reverse()),
            transport: self.transport,
            vlan,
            protocol: self.protocol_name(),
            encrypted: self.encrypted,
            packets_to_server: from.packets,
            packets_to_client: to.packets,
            bytes_to_server: from.bytes,
            bytes_to_client: to.bytes,
            details: self.rare.map_or_else(Vec::new, |rare| joined(rare.details)),
        }
    }
}

/// A time in units of [`TICK`], cut to 32 bits: it comes around after five hours.
const fn ticks(time: Timestamp) -> u32 {
    let [a, b, c, d, ..] = (time.0 >> TICK.trailing_zeros()).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl End {
    fn seen(&self) -> Option<HostSeen> {
        if self.packets == 0 {
            return None;
        }
        let first = self.first;
        let seen = Seen {
            first: first.time.min(self.last),
            last: self.last,
            count: self.packets,
            exemplars: Exemplars::one(first),
        };
        Some(HostSeen { seen, ttl_min: self.ttl[0], ttl_max: self.ttl[1] })
    }
}

/// One entry per key, values in the order seen, separated by `, `.
fn joined(details: Vec<(DetailKey, Box<str>)>) -> Vec<(DetailKey, Box<str>)> {
    let mut joined: Vec<(DetailKey, Box<str>)> = Vec::new();
    for (key, value) in details {
        match joined.iter_mut().find(|(k, _)| *k == key) {
            Some((_, there)) => *there = format!("{there}, {value}").into(),
            None => joined.push((key, value)),
        }
    }
    joined.sort();
    joined
}

fn transport(key: &FlowKey) -> Transport {
    match key.ip_protocol() {
        None => Transport::Link,
        Some(1 | 58) => Transport::Icmp,
        Some(2) => Transport::Igmp,
        Some(6) => Transport::Tcp,
        Some(17) => Transport::Udp,
        Some(other) => Transport::Ip(other),
    }
}

/// The number that tells link protocols apart in a key, and the name in documents.
pub(crate) const fn link_identity(protocol: LinkProtocol) -> (u16, &'static str) {
    match protocol {
        LinkProtocol::Arp => (0x0806, "arp"),
        LinkProtocol::Cdp => (0x2000, "cdp"),
        LinkProtocol::Eapol => (0x888e, "eapol"),
        LinkProtocol::Lldp => (0x88cc, "lldp"),
        LinkProtocol::Stp => (0x0042, "stp"),
        LinkProtocol::EtherType(0x88f7) => (0x88f7, "ptp"),
        LinkProtocol::EtherType(number) => (number, "unknown"),
        LinkProtocol::Llc(number) => (u16::from_be_bytes([0, number]), "unknown"),
        LinkProtocol::Snap(0x0c, 0x010b) => (0x010b, "stp"),
        LinkProtocol::Snap(_, number) => (number, "unknown"),
    }
}
