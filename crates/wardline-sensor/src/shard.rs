//! One logical shard: its flows, in the order of their packets.

mod sweep;

use crate::flow::{Flow, Passing, Work, link_identity};
use crate::gather::Gather;
use crate::syn::Syns;
use std::net::IpAddr;
use wardline_inventory::Host;
use wardline_model::{
    About, DetailKey, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp, Transport as Carried,
};
use wardline_protocols::{Carrier, Dissection, Notes, Said, Side, Trouble, Who, note_vendor};
use wardline_wire::flow::{
    Arrival, Direction, FLOWS_PER_SHARD_MAX, FlowKey, Slot, Stream, StreamCounters, Table,
};
use wardline_wire::frame::{IpPacket, LinkProtocol, TcpSegment, Transport, Tunnels, Vlans, tcp_flag};

/// Silence after which datagrams between the same ends are another flow (contract: 120 s).
const DATAGRAM_SILENCE: i64 = 120 * Timestamp::SECOND;
/// Silence after which a closed connection is over; what comes later is not of it (RFC 9293 3.6.1: two minutes
/// at most, and stacks keep to 60 s).
const CLOSED_SILENCE: i64 = 60 * Timestamp::SECOND;
/// After how many packets one flow is looked at to see whether it is over.
const PACKETS_PER_TURN: u32 = 8;
/// Bytes that the flows of one logical shard may hold while they are looked into: 256 shards hold 40 MiB, some 40,000
/// conversations at once; those idle longest are looked into no further.
const HELD_PER_SHARD_MAX: usize = 160 * 1024;
/// What is left of them when there were too many: the longest idle give way, some at once.
const HELD_PER_SHARD_LEFT: usize = 128 * 1024;

/// One logical shard.
pub(crate) struct Shard {
    flows: Table<Flow>,
    held: usize,
    packets: u32,
    syns: Syns,
}

/// What the shards of one worker share.
pub(crate) struct Desk {
    pub(crate) gather: Gather,
    pub(crate) notes: Notes,
    pub(crate) records: Records,
}

/// Where finished flows go.
#[derive(Debug)]
pub(crate) enum Records {
    /// Each by itself, to be read when all is over.
    Log(crate::flow_log::FlowLog),
    /// Into the sums of their conversations.
    Sums(crate::live::Sums),
}

/// Where a frame came from and when.
#[derive(Clone, Copy)]
pub(crate) struct Link {
    pub(crate) place: PacketRef,
    pub(crate) source: Option<Mac>,
    pub(crate) vlans: Vlans,
    pub(crate) tunnels: Tunnels,
}

impl Shard {
    pub(crate) fn new(seed: u64) -> Self {
        Self { flows: Table::with_seed(seed), held: 0, packets: 0, syns: Syns::default() }
    }

    /// A frame with a link protocol, addresses known.
    pub(crate) fn link(
        &mut self,
        link: Link,
        key: &FlowKey,
        direction: Direction,
        protocol: LinkProtocol,
        payload: &[u8],
        desk: &mut Desk,
    ) {
        let passing = Passing {
            place: link.place,
            direction,
            mac: link.source,
            ttl: 0,
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            has_payload: true,
            mark: 0,
            identified: false,
            repeatable: true,
        };
        let Some(slot) = self.flow(key, None, &passing, None, desk) else { return };
        let Some(flow) = self.flows.get(slot) else { return };
        flow.named_by_header(link_identity(protocol).1);
        let _ = flow.count(&passing, link.vlans.ids());
        flow.carried_in(link.tunnels);
        self.start_work(slot, key, Carrier::Link(protocol), true);
        self.read(slot, key, direction, Piece::Whole(payload), link.place, desk);
    }

    /// Where the flow of that key stands now, if it is there.
    pub(crate) fn look(&self, key: &FlowKey) -> Option<Slot> {
        self.flows.look(key)
    }

    /// Reads a little of all that the next packet of a flow will need; the sum means nothing.
    pub(crate) fn touch(&self, slot: Option<Slot>) -> u64 {
        slot.and_then(|slot| self.flows.peek(slot)).map_or(0, Flow::touch)
    }

    /// An IP packet, whole; `slot` is where its flow stood a moment ago.
    pub(crate) fn ip(
        &mut self,
        link: Link,
        ip: &IpPacket<'_>,
        transport: &Transport<'_>,
        (key, direction, slot): (&FlowKey, Direction, Option<Slot>),
        desk: &mut Desk,
    ) {
        let passing = passing(link, ip, transport, direction);
        let segment = if let Transport::Tcp(segment) = transport { Some(segment) } else { None };
        let Some(slot) = self.flow(key, slot, &passing, segment, desk) else { return };
        let Some(flow) = self.flows.get(slot) else { return };
        if flow.is_duplicate(&passing) {
            bump(&mut desk.gather.totals.duplicated_frames);
            return;
        }
        flow.carried_in(link.tunnels);
        if let Some((mac, seen)) = flow.count(&passing, link.vlans.ids()) {
            desk.gather.host(Host { ip: ip.source, mac }, &seen, false);
            if let Some(mac) = mac {
                desk.gather.station(mac, &seen.seen, false);
            }
        }
        match transport {
            Transport::Tcp(segment) => {
                if segment.flags & tcp_flag::SYN != 0
                    && let Some(fact) = self.syns.note(ip.source, ip.ttl, segment)
                {
                    desk.gather.statement(opening(ip.source, link.source, fact), link.place, false);
                }
                self.tcp(slot, key, direction, segment, link.place, desk);
            }
            Transport::Udp(datagram) => {
                let cut = datagram.missing > 0;
                self.start_work(slot, key, Carrier::Datagram, true);
                let piece = if cut { Piece::Cut(datagram.payload) } else { Piece::Whole(datagram.payload) };
                self.read(slot, key, direction, piece, link.place, desk);
            }
            Transport::Other(number, payload) => {
                flow.named_by_header(header_name(*number));
                self.start_work(slot, key, Carrier::Ip(*number), true);
                self.read(slot, key, direction, Piece::Whole(payload), link.place, desk);
            }
            Transport::Undecoded(_) => bump(&mut desk.gather.totals.undecoded_packets),
        }
    }

    /// A station whose frame carried nothing that makes a flow.
    pub(crate) fn bare_station(link: Link, desk: &mut Desk) {
        if let Some(mac) = link.source {
            desk.gather.station(mac, &Seen::once(link.place), false);
        }
    }

    /// Ends every flow.
    pub(crate) fn finish(&mut self, desk: &mut Desk) {
        while let Some((key, flow)) = self.flows.take_oldest() {
            self.record(&key, flow, desk);
        }
    }

    /// The flow of a packet: an old one, or a new one when ports are used again, silence was long, or it is new.
    fn flow(
        &mut self,
        key: &FlowKey,
        near: Option<Slot>,
        passing: &Passing,
        segment: Option<&TcpSegment<'_>>,
        desk: &mut Desk,
    ) -> Option<Slot> {
        self.packets = self.packets.wrapping_add(1);
        if self.packets.is_multiple_of(PACKETS_PER_TURN) {
            self.end_if_over(passing.place.time, desk);
        }
        if let Some(slot) = self.flows.find_near(key, near) {
            let flow = self.flows.get(slot)?;
            let reopened = |s: &TcpSegment<'_>| flow.is_reopened_by(passing.direction, s.flags, s.sequence);
            if !is_over(flow, passing.place.time) && !segment.is_some_and(reopened) {
                return Some(slot);
            }
            self.end(slot, desk);
        }
        if self.flows.len() >= FLOWS_PER_SHARD_MAX {
            self.make_room(passing.place.time, desk);
        }
        self.flows.insert(*key, Flow::new(key, passing.direction, segment.map(|s| s.flags)))
    }

    /// Looks at the flow whose turn it is, and ends it when nothing more is to be expected of it: so finished
    /// flows leave, and only those alive take room.
    fn end_if_over(&mut self, now: Timestamp, desk: &mut Desk) {
        let Some((slot, flow)) = self.flows.next_in_turn() else { return };
        if is_over(flow, now) {
            self.end(slot, desk);
        }
    }

    fn make_room(&mut self, now: Timestamp, desk: &mut Desk) {
        let Some((key, flow)) = self.flows.take_oldest() else { return };
        if is_alive(&flow, now) {
            bump(&mut desk.gather.totals.evicted_flows);
        }
        self.record(&key, flow, desk);
    }

    fn start_work(&mut self, slot: Slot, key: &FlowKey, carrier: Carrier, from_start: bool) {
        let Some(flow) = self.flows.get(slot) else { return };
        if flow.worked {
            return;
        }
        flow.worked = true;
        let port = |direction| key.source(direction).map_or(0, |(_, port)| port);
        let ports = match carrier {
            Carrier::Stream | Carrier::Datagram => [port(flow.opener), port(flow.opener.reverse())],
            Carrier::Link(_) | Carrier::Ip(_) => [0; 2],
        };
        let work = Work::new(carrier, ports, from_start, flow.expect);
        self.held = self.held.saturating_add(work.held());
        flow.work = Some(Box::new(work));
    }

    fn tcp(
        &mut self,
        slot: Slot,
        key: &FlowKey,
        direction: Direction,
        segment: &TcpSegment<'_>,
        place: PacketRef,
        desk: &mut Desk,
    ) {
        let Some(flow) = self.flows.get(slot) else { return };
        flow.tcp(direction, segment.flags, segment.sequence, segment.acknowledgement);
        if flow.worked && flow.work.is_none() {
            return;
        }
        let closed = flow.is_closed();
        let waited_for = flow.work.as_ref().is_some_and(|work| work.waits(direction.reverse()));
        let from_start = flow.expect.iter().any(Option::is_some);
        if waited_for && segment.flags & tcp_flag::ACK != 0 {
            let acknowledged = Piece::Acknowledged(segment.acknowledgement);
            self.read(slot, key, direction.reverse(), acknowledged, place, desk);
        }
        if !segment.payload.is_empty() || segment.missing > 0 || segment.flags & tcp_flag::FIN != 0 {
            self.start_work(slot, key, Carrier::Stream, from_start);
            self.read(slot, key, direction, Piece::Segment(segment), place, desk);
        }
        if closed {
            self.stop_work(slot);
        }
    }

    /// Gives a piece to the dissection of a flow and takes its notes.
    fn read(
        &mut self,
        slot: Slot,
        key: &FlowKey,
        direction: Direction,
        piece: Piece<'_, '_>,
        place: PacketRef,
        desk: &mut Desk,
    ) {
        let Some(flow) = self.flows.get(slot) else { return };
        let Some(mut work) = flow.work.take() else { return };
        let before = work.held();
        (desk.notes.time, desk.notes.source) = (place.time, key.source(direction).map(|(ip, _)| ip));
        let trouble = work.read(flow, direction, piece, desk);
        take_notes(flow, key, &work.dissection, place, desk);
        count_trouble(trouble, desk);
        self.held = self.held.saturating_sub(before);
        if work.dissection.is_over() {
            return;
        }
        self.held = self.held.saturating_add(work.held());
        flow.work = Some(work);
        if self.held > HELD_PER_SHARD_MAX {
            self.shed(place.time, desk);
        }
    }

    /// Looks no further into the flows that were idle longest, until there is room.
    fn shed(&mut self, now: Timestamp, desk: &mut Desk) {
        let (held, shed) = (&mut self.held, &mut desk.gather.totals.shed_dissections);
        self.flows.from_oldest(|flow| {
            if let Some(work) = flow.work.take() {
                *held = held.saturating_sub(work.held());
                if work.is_waiting() || is_alive(flow, now) {
                    bump(shed);
                }
            }
            *held > HELD_PER_SHARD_LEFT
        });
    }

    /// A closed connection is looked into no more, unless a piece of it is still to come.
    fn stop_work(&mut self, slot: Slot) {
        let Some(flow) = self.flows.get(slot) else { return };
        if flow.work.as_ref().is_some_and(|work| work.is_read_out(flow.is_reset()))
            && let Some(work) = flow.work.take()
        {
            self.held = self.held.saturating_sub(work.held());
        }
    }

    /// The flow in a slot is over.
    fn end(&mut self, slot: Slot, desk: &mut Desk) {
        if let Some((key, flow)) = self.flows.take(slot) {
            self.record(&key, flow, desk);
        }
    }

    /// What ports and addresses of makers say where no dissector recognised anything: weak clues.
    fn note_vendor(key: &FlowKey, flow: &Flow, desk: &mut Desk) {
        let ends = [flow.opener, flow.opener.reverse()].map(|direction| key.source(direction));
        let known = flow.is_recognised() || !flow.is_mutual();
        if let [Some(opener), Some(accepter)] = ends
            && note_vendor(flow.transport, [opener, accepter], known, &mut desk.notes)
        {
            take_said(flow, key, flow.last_place, desk);
        }
    }

    /// A flow is over: what waits is read, and it is recorded.
    fn record(&mut self, key: &FlowKey, mut flow: Flow, desk: &mut Desk) {
        if let Some(mut work) = flow.work.take() {
            self.held = self.held.saturating_sub(work.held());
            let place = flow.last_place;
            desk.notes.time = place.time;
            for direction in [flow.opener, flow.opener.reverse()] {
                let trouble = work.read(&flow, direction, Piece::End, desk);
                count_trouble(trouble, desk);
            }
            let trouble = work.dissection.end(&mut desk.notes);
            count_trouble(trouble, desk);
            take_notes(&mut flow, key, &work.dissection, place, desk);
        }
        Self::note_vendor(key, &flow, desk);
        let mutual = flow.is_mutual();
        for direction in [Direction::Up, Direction::Down] {
            let Some(seen) = flow.sender(direction) else { continue };
            if let Some((ip, _)) = key.source(direction).filter(|(ip, _)| is_sender(*ip)) {
                desk.gather.host(Host { ip, mac: flow.mac(direction) }, &seen, mutual);
            }
            if let Some(mac) = flow.mac(direction) {
                desk.gather.station(mac, &seen.seen, mutual);
                flow.domains(&seen.seen).for_each(|domain| desk.gather.domain(mac, domain));
            }
        }
        if let Some((service, seen)) = flow.service(key) {
            desk.gather.service(service, seen);
        }
        if let Some((exchange, seen)) = flow.exchange(key) {
            desk.gather.exchange(exchange, seen, mutual);
        }
        let totals = &mut desk.gather.totals;
        totals.one_way_connections = totals.one_way_connections.saturating_add(u64::from(flow.is_one_way()));
        totals.malformed_flows = totals.malformed_flows.saturating_add(u64::from(flow.malformed));
        match &mut desk.records {
            Records::Log(log) => log.push(flow.record(key)),
            Records::Sums(sums) => sums.add(flow.spoken(key, true)),
        }
    }
}

/// That a host opens connections in a certain way.
fn opening(ip: IpAddr, mac: Option<Mac>, fact: Fact) -> Statement {
    Statement {
        subject: Subject::Host { ip, mac },
        about: About::Speaker,
        protocol: "tcp",
        facts: vec![fact],
    }
}

/// Whether a packet that comes now is of another flow than the one that had its ends last.
pub(crate) fn is_over(flow: &Flow, now: Timestamp) -> bool {
    let silence = now.since(flow.last());
    match flow.transport {
        Carried::Tcp => flow.is_closed() && silence > CLOSED_SILENCE,
        Carried::Udp => silence > DATAGRAM_SILENCE,
        Carried::Link | Carried::Icmp | Carried::Igmp | Carried::Ip(_) => false,
    }
}

/// Whether more is to be expected of a flow.
const fn is_alive(flow: &Flow, now: Timestamp) -> bool {
    match flow.transport {
        Carried::Tcp => !flow.is_closed(),
        Carried::Udp => now.since(flow.last()) <= DATAGRAM_SILENCE,
        Carried::Link | Carried::Icmp | Carried::Igmp | Carried::Ip(_) => false,
    }
}

/// Something for a flow's dissection.
#[derive(Clone, Copy)]
enum Piece<'a, 'b> {
    /// A datagram or a frame's payload.
    Whole(&'a [u8]),
    /// A datagram that the capture cut.
    Cut(&'a [u8]),
    /// A TCP segment.
    Segment(&'a TcpSegment<'b>),
    /// The peer has everything of this direction up to here.
    Acknowledged(u32),
    /// Nothing more will come.
    End,
}

impl Work {
    fn new(carrier: Carrier, ports: [u16; 2], from_start: bool, expect: [Option<u32>; 2]) -> Self {
        Self {
            dissection: Dissection::new(carrier, ports, from_start),
            streams: expect.map(Stream::starting_at),
        }
    }

    fn read(
        &mut self,
        flow: &Flow,
        direction: Direction,
        piece: Piece<'_, '_>,
        desk: &mut Desk,
    ) -> Option<Trouble> {
        let side = flow.side(direction);
        let (dissection, notes) = (&mut self.dissection, &mut desk.notes);
        let mut counters = StreamCounters::default();
        let mut trouble = None;
        let mut give = |arrival: Arrival<'_>| {
            trouble = trouble.or(match arrival {
                Arrival::Data(bytes) => dissection.data(side, bytes, notes),
                Arrival::Gap(count) => dissection.gap(side, Some(count), notes),
            });
        };
        let stream = direction.of(&mut self.streams);
        match piece {
            Piece::Whole(bytes) | Piece::Cut(bytes) => give(Arrival::Data(bytes)),
            Piece::Segment(segment) => stream.segment(segment, &mut counters, &mut give),
            Piece::Acknowledged(number) => stream.acknowledged(number, &mut counters, &mut give),
            Piece::End => stream.finish(&mut counters, &mut give),
        }
        let totals = &mut desk.gather.totals;
        totals.repeated_segments = totals.repeated_segments.saturating_add(counters.repeated);
        totals.early_segments = totals.early_segments.saturating_add(counters.early);
        totals.stray_segments = totals.stray_segments.saturating_add(counters.stray);
        totals.stream_gaps = totals.stream_gaps.saturating_add(counters.gaps);
        totals.stream_gap_bytes = totals.stream_gap_bytes.saturating_add(counters.gap_bytes);
        trouble
    }
}

/// Moves what a dissector noted into the flow and the gatherings.
fn take_notes(flow: &mut Flow, key: &FlowKey, dissection: &Dissection, place: PacketRef, desk: &mut Desk) {
    flow.named_by_bytes(dissection.protocol());
    if let Some(application) = dissection.application() {
        flow.detail(DetailKey::Application, application);
    }
    let notes = &mut desk.notes;
    if notes.is_silent() {
        return;
    }
    flow.encrypted = notes.encrypted.unwrap_or(flow.encrypted);
    flow.malformed |= notes.malformed;
    flow.requester = flow.requester.or(notes.requester);
    for (key, value) in notes.details.drain(..) {
        flow.detail(key, value.as_ref());
    }
    take_said(flow, key, place, desk);
}

/// Moves what was said into the gatherings.
fn take_said(flow: &Flow, key: &FlowKey, place: PacketRef, desk: &mut Desk) {
    for said in desk.notes.said.drain(..) {
        if let Some(statement) = statement(said, flow, key) {
            desk.gather.statement(statement, place, flow.is_mutual());
        }
    }
    desk.notes.clear();
}

fn statement(said: Said, flow: &Flow, key: &FlowKey) -> Option<Statement> {
    let subject = match said.who {
        Who::Side(side) => subject(flow, key, side)?,
        Who::Address(ip) => Subject::Named(ip),
        Who::Station(mac) => Subject::Mac(mac),
    };
    let mut facts = said.facts;
    facts.sort();
    facts.dedup();
    Some(Statement { subject, about: said.about, protocol: flow.protocol_name(), facts })
}

fn subject(flow: &Flow, key: &FlowKey, side: Side) -> Option<Subject> {
    let direction = flow.direction(side);
    let mac = flow.mac(direction);
    match key.source(direction) {
        Some((ip, _)) => Some(Subject::Host { ip, mac }),
        None => mac.or_else(|| key.source_mac(direction)).map(Subject::Mac),
    }
}

fn passing(link: Link, ip: &IpPacket<'_>, transport: &Transport<'_>, direction: Direction) -> Passing {
    let (detail, has_payload, bare) = match transport {
        Transport::Tcp(s) => {
            let empty = s.payload.is_empty() && s.missing == 0;
            // Every segment after the end is answered by the same reset.
            let plain = s.flags & (tcp_flag::SYN | tcp_flag::FIN) == 0;
            let numbers = u64::from(s.sequence) << 32 | u64::from(s.acknowledgement);
            (numbers ^ (u64::from(s.checksum) << 16 | u64::from(s.flags)), !empty, empty && plain)
        }
        Transport::Udp(d) => {
            (u64::from(d.checksum) ^ some_bytes(d.payload), !d.payload.is_empty(), d.checksum == 0)
        }
        Transport::Other(_, payload) => (some_bytes(payload), !payload.is_empty(), false),
        Transport::Undecoded(_) => (0, false, true),
    };
    let mixed =
        (detail ^ u64::from(ip.length).rotate_left(40) ^ u64::from(ip.identification).rotate_left(20))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Passing {
        place: link.place,
        direction,
        mac: link.source,
        ttl: ip.ttl,
        length: ip.length,
        has_payload,
        mark: u32::try_from(mixed >> 32).unwrap_or(0),
        identified: ip.identification != 0,
        repeatable: bare,
    }
}

/// First, middle and last bytes: where a card fills the checksum in, it does not tell datagrams apart, and the
/// first bytes of encrypted ones are often the same.
fn some_bytes(payload: &[u8]) -> u64 {
    let middle = payload.get(payload.len() / 2..).unwrap_or_default();
    [payload.first_chunk::<8>(), middle.first_chunk::<8>(), payload.last_chunk::<8>()]
        .into_iter()
        .flatten()
        .fold(0, |mixed: u64, bytes| {
            (mixed.rotate_left(23) ^ u64::from_be_bytes(*bytes)).wrapping_mul(0xff51_afd7_ed55_8ccd)
        })
}

const fn header_name(ip_protocol: u8) -> &'static str {
    match ip_protocol {
        1 => "icmp",
        2 => "igmp",
        58 => "icmpv6",
        _ => "unknown",
    }
}

fn count_trouble(trouble: Option<Trouble>, desk: &mut Desk) {
    match trouble {
        None => {}
        Some(Trouble::Overrun) => bump(&mut desk.gather.totals.dissector_overruns),
        Some(Trouble::Panicked | Trouble::Stalled) => bump(&mut desk.gather.totals.dissector_faults),
    }
}

/// Counts one.
pub(crate) const fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// Whether an address can be a sender: not unspecified, not a group.
fn is_sender(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast()
}
