//! Dealing packets to shards, in the order of the capture.

mod listening;

use crate::flow::link_identity;
use crate::flow_log::FlowLog;
use crate::gather::Gather;
use crate::shard::{Desk, Link, Records, Shard, bump};
use wardline_model::{PacketRef, Timestamp};
use wardline_protocols::Notes;
use wardline_wire::Frame;
use wardline_wire::capture::Batch;
use wardline_wire::flow::{Direction, FlowKey, SHARDS, Slot};
use wardline_wire::frame::{Body, Fragments, IpPacket, Transport, Whole};

/// A step of the clock further back than this is told; mirrors with several queues reorder less.
const STEP_BACK: i64 = Timestamp::SECOND;

/// Packets whose flows are looked for together: what one of them waits for from memory, the others need not.
const TOGETHER: usize = 16;

/// A batch of packets, and which worker reads which of them.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) batch: Batch,
    hands: Vec<Vec<Card>>,
    whole: Vec<Whole>,
}

/// One packet for a worker.
struct Card {
    packet: u32,
    /// Index into the reassembled packets, when the packet completed one.
    whole: Option<u32>,
}

/// The dealer: sees every packet once, in order.
pub(crate) struct Dealer {
    workers: usize,
    fragments: Fragments,
    last: Vec<Timestamp>,
    pub(crate) clock_steps_back: u64,
}

impl Dealer {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, fragments: Fragments::default(), last: Vec::new(), clock_steps_back: 0 }
    }

    /// Gives every packet of a batch to the only worker there is.
    pub(crate) fn deal_alone(&mut self, batch: &Batch, worker: &mut Worker) {
        let mut group = Group::default();
        for head in &batch.packets {
            self.watch_clock(head.place.file(), head.place.time);
            let packet = group.free();
            packet.place = head.place;
            packet.frame.read(head.link, batch.packet(head));
            match &packet.frame.body {
                Body::Ip(ip) if ip.fragment.is_some() => {
                    let whole = self.fragments.complete(&packet.frame, head.place.time);
                    if let Some(whole) = whole {
                        worker.go(&mut group);
                        worker.whole(head.place, &whole);
                    }
                }
                _ => worker.come(&mut group),
            }
        }
        worker.go(&mut group);
    }

    /// Fills the hands of a load from its batch.
    pub(crate) fn deal(&mut self, load: &mut Load) {
        load.whole.clear();
        load.hands.resize_with(self.workers, Vec::new);
        load.hands.iter_mut().for_each(Vec::clear);
        let mut frame = Frame::default();
        for (number, head) in load.batch.packets.iter().enumerate() {
            self.watch_clock(head.place.file(), head.place.time);
            frame.read(head.link, load.batch.packet(head));
            let mut whole = None;
            let key = match &frame.body {
                Body::Ip(ip) if ip.fragment.is_some() => {
                    let Some(complete) = self.fragments.complete(&frame, head.place.time) else { continue };
                    let key = complete.frame().ok().and_then(|frame| key(&frame));
                    whole = u32::try_from(load.whole.len()).ok();
                    load.whole.push(complete);
                    key
                }
                _ => key(&frame),
            };
            let shard = key.map_or(0, |key| key.shard());
            let card = Card { packet: u32::try_from(number).unwrap_or(u32::MAX), whole };
            load.hands[shard % self.workers].push(card);
        }
    }

    /// Counters of the fragments.
    pub(crate) fn into_totals(self, totals: &mut crate::Totals) {
        let c = self.fragments.counters();
        let pending = u64::try_from(self.fragments.pending()).unwrap_or(u64::MAX);
        totals.fragments = c.fragments;
        totals.reassembled_packets = c.reassembled;
        totals.dropped_fragments =
            [c.overlapping, c.malformed, c.pieces_exceeded, c.evicted, c.timed_out, pending]
                .into_iter()
                .fold(0, u64::saturating_add);
        totals.clock_steps_back = self.clock_steps_back;
    }

    fn watch_clock(&mut self, file: u32, time: Timestamp) {
        let file = usize::try_from(file).unwrap_or(0);
        if self.last.len() <= file {
            self.last.resize(file + 1, Timestamp(i64::MIN));
        }
        if self.last[file].0 != i64::MIN && self.last[file].since(time) > STEP_BACK {
            bump(&mut self.clock_steps_back);
        }
        self.last[file] = time;
    }
}

/// Packets whose flows are looked for together, each in a place that is used again.
#[derive(Default)]
struct Group<'a> {
    packets: Vec<Ahead<'a>>,
    count: usize,
}

impl<'a> Group<'a> {
    /// The place of the next packet; it is taken when the packet comes to its worker.
    fn free(&mut self) -> &mut Ahead<'a> {
        if self.packets.len() == self.count {
            self.packets.push(Ahead::default());
        }
        &mut self.packets[self.count]
    }
}

/// A packet read as far as what flow it belongs to.
#[derive(Default)]
struct Ahead<'a> {
    place: PacketRef,
    frame: Frame<'a>,
    way: Option<Way<'a>>,
}

/// The flow of an IP packet.
struct Way<'a> {
    transport: Transport<'a>,
    key: FlowKey,
    direction: Direction,
    shard: usize,
    /// Where the flow stood when it was looked for.
    slot: Option<Slot>,
}

impl Ahead<'_> {
    fn find_way(&mut self) {
        self.way = match &self.frame.body {
            Body::Ip(ip) => Some(Way::new(ip)),
            Body::Link(..) | Body::Undecoded(_) => None,
        };
    }
}

impl<'a> Way<'a> {
    #[inline]
    fn new(ip: &IpPacket<'a>) -> Self {
        let transport = ip.transport();
        let (key, direction) = ip_key(ip, &transport);
        Self { transport, key, direction, shard: key.shard(), slot: None }
    }
}

/// A worker: the shards it holds, and what it gathers.
pub(crate) struct Worker {
    number: usize,
    workers: usize,
    shards: Vec<Shard>,
    desk: Desk,
}

impl Worker {
    pub(crate) fn new(number: usize, workers: usize, seed: u64) -> Self {
        let held = (0..SHARDS).filter(|shard| shard % workers == number);
        Self {
            number,
            workers,
            shards: held.map(|_| Shard::new(seed)).collect(),
            desk: Desk {
                gather: Gather::new(seed),
                notes: Notes::default(),
                records: Records::Log(FlowLog::default()),
            },
        }
    }

    /// Which of the workers it is.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// Reads its hand of a load.
    pub(crate) fn read(&mut self, load: &Load) {
        let Some(hand) = load.hands.get(self.number) else { return };
        let mut group = Group::default();
        for card in hand {
            let Some(head) = usize::try_from(card.packet).ok().and_then(|n| load.batch.packets.get(n)) else {
                continue;
            };
            match card.whole.and_then(|n| load.whole.get(usize::try_from(n).ok()?)) {
                None => {
                    let packet = group.free();
                    packet.place = head.place;
                    packet.frame.read(head.link, load.batch.packet(head));
                    self.come(&mut group);
                }
                Some(whole) => {
                    self.go(&mut group);
                    self.whole(head.place, whole);
                }
            }
        }
        self.go(&mut group);
    }

    /// Takes the packet in the free place; reads those at hand when they are enough.
    fn come(&mut self, group: &mut Group<'_>) {
        group.packets[group.count].find_way();
        group.count += 1;
        if group.count >= TOGETHER {
            self.go(group);
        }
    }

    /// Reads the packets at hand in their order, once all their flows were looked for.
    fn go(&mut self, group: &mut Group<'_>) {
        let packets = &mut group.packets[..std::mem::take(&mut group.count)];
        for way in packets.iter_mut().filter_map(|packet| packet.way.as_mut()) {
            way.slot = self.shards[way.shard / self.workers].look(&way.key);
        }
        let flows = packets.iter().filter_map(|packet| packet.way.as_ref());
        let touched = flows.map(|way| self.shards[way.shard / self.workers].touch(way.slot)).sum::<u64>();
        // Nobody asks for the sum: it only has the flows brought near.
        std::hint::black_box(touched);
        packets.iter().for_each(|packet| self.packet(packet));
    }

    /// Reads a packet put together.
    fn whole(&mut self, place: PacketRef, whole: &Whole) {
        match whole.frame() {
            Ok(frame) => {
                let mut packet = Ahead { place, frame, way: None };
                packet.find_way();
                self.packet(&packet);
            }
            Err(_) => bump(&mut self.desk.gather.totals.undecoded_packets),
        }
    }

    /// Reads a packet.
    fn packet(&mut self, packet: &Ahead<'_>) {
        let Ahead { place, frame, way } = packet;
        let link = Link { place: *place, source: frame.source, vlans: frame.vlans, tunnels: frame.tunnels };
        match (&frame.body, way) {
            (Body::Ip(ip), Some(way)) => {
                let Way { transport, key, direction, shard, slot } = way;
                let shard = &mut self.shards[shard / self.workers];
                shard.ip(link, ip, transport, (key, *direction, *slot), &mut self.desk);
            }
            (Body::Link(protocol, payload), _) => {
                let (Some(source), Some(destination)) = (frame.source, frame.destination) else {
                    return Shard::bare_station(link, &mut self.desk);
                };
                let (number, _) = link_identity(*protocol);
                let (key, direction) = FlowKey::link(number, source, destination);
                let shard = &mut self.shards[key.shard() / self.workers];
                shard.link(link, &key, direction, *protocol, payload, &mut self.desk);
            }
            (Body::Ip(_) | Body::Undecoded(_), _) => {
                bump(&mut self.desk.gather.totals.undecoded_packets);
                Shard::bare_station(link, &mut self.desk);
            }
        }
    }

    /// Ends every flow and hands over what was gathered. A shard's table goes before the next shard ends its flows:
    /// what they leave takes its room.
    pub(crate) fn finish(self) -> (Gather, FlowLog) {
        let Self { shards, mut desk, .. } = self;
        for mut shard in shards {
            shard.finish(&mut desk);
        }
        let records = match desk.records {
            Records::Log(log) => log,
            Records::Sums(_) => FlowLog::default(),
        };
        (desk.gather, records)
    }
}

/// The key of what a frame carries; `None` when it cannot belong to a flow.
fn key(frame: &Frame<'_>) -> Option<FlowKey> {
    match &frame.body {
        Body::Ip(ip) => Some(ip_key(ip, &ip.transport()).0),
        Body::Link(protocol, _) => {
            Some(FlowKey::link(link_identity(*protocol).0, frame.source?, frame.destination?).0)
        }
        Body::Undecoded(_) => None,
    }
}

fn ip_key(ip: &IpPacket<'_>, transport: &Transport<'_>) -> (FlowKey, Direction) {
    let (source, destination) = match transport {
        Transport::Tcp(segment) => (segment.source, segment.destination),
        Transport::Udp(datagram) => (datagram.source, datagram.destination),
        Transport::Other(..) | Transport::Undecoded(_) => (0, 0),
    };
    FlowKey::ip(ip.protocol, (ip.source, source), (ip.destination, destination))
}
