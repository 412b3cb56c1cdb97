//! Dealing packets to shards, in the order of the capture.

use crate::flow_log::FlowLog;
use crate::gather::Gather;
use crate::shard::{Desk, Link, Shard, bump};
use wardline_model::Timestamp;
use wardline_protocols::Notes;
use wardline_wire::Frame;
use wardline_wire::capture::Batch;
use wardline_wire::flow::SHARDS;
use wardline_wire::frame::{Body, Fragments, Reassembled};

/// A step of the clock further back than this is told; mirrors with several queues reorder less.
const STEP_BACK: i64 = Timestamp::SECOND;

/// A batch of packets, and which worker reads which of them.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) batch: Batch,
    hands: Vec<Vec<Card>>,
    whole: Vec<Reassembled>,
}

/// One packet for a worker.
struct Card {
    packet: u32,
    shard: u16,
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

    /// Fills the hands of a load from its batch.
    pub(crate) fn deal(&mut self, load: &mut Load) {
        load.whole.clear();
        load.hands.resize_with(self.workers, Vec::new);
        load.hands.iter_mut().for_each(Vec::clear);
        for (number, head) in load.batch.packets.iter().enumerate() {
            self.watch_clock(head.place.file, head.place.time);
            let frame = Frame::decode(head.link, load.batch.packet(head));
            let mut whole = None;
            let key = match &frame.body {
                Body::Ip(ip) if ip.fragment.is_some() => {
                    let Some(complete) = self.fragments.add(ip, head.place.time) else { continue };
                    let key = complete
                        .packet()
                        .ok()
                        .and_then(|ip| Shard::key(&Frame { body: Body::Ip(ip), ..frame }));
                    whole = u32::try_from(load.whole.len()).ok();
                    load.whole.push(complete);
                    key
                }
                _ => Shard::key(&frame),
            };
            let shard = key.map_or(0, |(key, _)| key.shard());
            let card = Card {
                packet: u32::try_from(number).unwrap_or(u32::MAX),
                shard: u16::try_from(shard).unwrap_or(0),
                whole,
            };
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
            desk: Desk { gather: Gather::new(seed), notes: Notes::default(), records: FlowLog::default() },
        }
    }

    /// Reads its hand of a load.
    pub(crate) fn read(&mut self, load: &Load) {
        let Some(hand) = load.hands.get(self.number) else { return };
        for card in hand {
            let Some(head) = usize::try_from(card.packet).ok().and_then(|n| load.batch.packets.get(n)) else {
                continue;
            };
            let frame = Frame::decode(head.link, load.batch.packet(head));
            let link = Link { place: head.place, source: frame.source, vlans: frame.vlans };
            let shard = &mut self.shards[usize::from(card.shard) / self.workers];
            let whole = card.whole.and_then(|n| load.whole.get(usize::try_from(n).ok()?));
            match (frame.body, whole) {
                (Body::Ip(_), Some(whole)) => match whole.packet() {
                    Ok(ip) => shard.ip(link, &ip, &mut self.desk),
                    Err(_) => bump(&mut self.desk.gather.totals.undecoded_packets),
                },
                (Body::Ip(ip), None) => shard.ip(link, &ip, &mut self.desk),
                (Body::Link(protocol, payload), _) => match frame.destination {
                    Some(destination) => shard.link(link, destination, protocol, payload, &mut self.desk),
                    None => Shard::bare_station(link, &mut self.desk),
                },
                (Body::Undecoded(_), _) => {
                    bump(&mut self.desk.gather.totals.undecoded_packets);
                    Shard::bare_station(link, &mut self.desk);
                }
            }
        }
    }

    /// Ends every flow and hands over what was gathered.
    pub(crate) fn finish(mut self) -> (Gather, FlowLog) {
        for shard in &mut self.shards {
            shard.finish(&mut self.desk);
        }
        (self.desk.gather, self.desk.records)
    }
}
