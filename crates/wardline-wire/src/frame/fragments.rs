//! Fragmented IP packets put together again (RFC 791 3.2, RFC 8200 4.5).
//!
//! In: fragments in the order of the capture. Out: whole payloads, owned. Like receivers of today, a packet whose
//! pieces overlap is dropped whole (RFC 5722, RFC 8200 4.5): which bytes count would be a guess. Pieces that come
//! twice with the same bytes are normal on a mirror. The result depends on packets and their times alone.
//! Limits: [`ENTRIES_MAX`], [`BYTES_MAX`], [`PIECES_MAX`], [`TIMEOUT`]; what they cost is in [`FragmentCounters`].

use super::{Body, Fragment, Frame, IpPacket, Tunnels, ip, length_of};
use crate::Fault;
use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use wardline_model::Timestamp;

/// Packets in the making: loss of pieces on a busy mirror for [`TIMEOUT`], far from what a flood can send.
const ENTRIES_MAX: usize = 4096;

/// Captured bytes held: 256 packets of the largest size, and the price of a flood.
const BYTES_MAX: usize = 16 << 20;

/// Pieces of one packet: 64 KiB over links of 576 bytes are 119.
const PIECES_MAX: usize = 128;

/// What a piece costs beside its bytes; counted so that tiny pieces cannot fill memory unseen.
const PIECE_COST: usize = 64;

/// How long pieces wait for the rest, in packet time: RFC 791 proposes 15 s, Linux waits 30, RFC 8200 60.
const TIMEOUT: i64 = 30 * Timestamp::SECOND;

/// Largest payload of an IP packet that can be fragmented: offsets have 13 bits of 8 bytes.
const PAYLOAD_MAX: u32 = 65_535;

/// A first piece shorter than this hides the ports or flags (RFC 1858).
const FIRST_MIN: u32 = 16;

/// What became of fragments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentCounters {
    /// Fragments seen.
    pub fragments: u64,
    /// Packets put together.
    pub reassembled: u64,
    /// Pieces that came again with the same bytes, left out.
    pub duplicates: u64,
    /// Packets dropped because pieces overlapped or contradicted one another.
    pub overlapping: u64,
    /// Pieces dropped because their place or length is impossible.
    pub malformed: u64,
    /// Packets dropped because they had more pieces than the bound.
    pub pieces_exceeded: u64,
    /// Packets dropped, oldest first, because too many or too large ones were in the making.
    pub evicted: u64,
    /// Packets dropped because the rest did not come in time.
    pub timed_out: u64,
    /// First pieces too short for the ports and flags of their transport: kept, and a sign of evasion.
    pub tiny: u64,
}

/// A packet put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassembled {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Time to live of the first piece that came.
    pub ttl: u8,
    /// Identification of the pieces.
    pub identification: u32,
    /// Protocol at the start of the payload; in IPv6 possibly a further extension header.
    pub protocol: u8,
    /// Sum of the IP lengths of the pieces, as on the wire.
    pub length: u32,
    /// The payload, up to the first byte that the capture cut.
    pub payload: Vec<u8>,
    /// Payload bytes from there on.
    pub missing: u32,
    /// When the first piece came.
    pub first: Timestamp,
}

impl Reassembled {
    /// The whole packet as a view, further extension headers read.
    ///
    /// # Errors
    /// A [`Fault`] when those headers are wrong.
    pub fn packet(&self) -> Result<IpPacket<'_>, Fault> {
        ip::extensions(IpPacket {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            identification: self.identification,
            fragment: None,
            length: self.length,
            protocol: self.protocol,
            payload: &self.payload,
            missing: self.missing,
        })
    }
}

/// A packet put together, and the frame that brought its last piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    around: Frame<'static>,
    packet: Reassembled,
}

impl Whole {
    /// The frame with the whole packet in it, tunnels opened.
    ///
    /// # Errors
    /// A [`Fault`] when the packet's extension headers are wrong.
    pub fn frame(&self) -> Result<Frame<'_>, Fault> {
        Ok(self.around.with_packet(self.packet.packet()?))
    }
}

/// Which packet a piece belongs to. In IPv6 the protocol is not part of it (RFC 8200 4.5) and left 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

/// A piece: its place on the wire, and the bytes of it that were captured.
#[derive(Debug)]
struct Piece {
    start: u32,
    end: u32,
    bytes: Box<[u8]>,
}

/// A packet in the making; pieces are in order and do not overlap.
#[derive(Debug)]
struct Entry {
    serial: u64,
    first: Timestamp,
    ttl: u8,
    protocol: u8,
    length: u32,
    covered: u32,
    total: Option<u32>,
    cost: usize,
    pieces: Vec<Piece>,
}

/// How a piece fits into a packet.
enum Fit {
    /// At this place of the list.
    At(usize),
    /// It is there already.
    Duplicate,
    /// It contradicts what is there.
    Conflict,
}

/// Packets in the making.
#[derive(Debug, Default)]
pub struct Fragments {
    entries: HashMap<Key, Entry>,
    /// Oldest first; entries that are gone are recognised by their serial number.
    queue: VecDeque<(Key, u64)>,
    serial: u64,
    bytes: usize,
    counters: FragmentCounters,
}

impl Fragments {
    /// What became of the fragments so far.
    #[must_use]
    pub const fn counters(&self) -> FragmentCounters {
        self.counters
    }

    /// Packets that still wait for pieces.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.entries.len()
    }

    /// Takes a fragment; returns the packet that it completes. A packet that is no fragment gives none.
    pub fn add(&mut self, packet: &IpPacket<'_>, time: Timestamp) -> Option<Reassembled> {
        let fragment = packet.fragment?;
        bump(&mut self.counters.fragments);
        self.expire(time);
        let wire = length_of(packet.payload).saturating_add(packet.missing);
        let end = fragment.offset.saturating_add(wire);
        if wire == 0 || end > PAYLOAD_MAX || (fragment.more && !wire.is_multiple_of(8)) {
            bump(&mut self.counters.malformed);
            return None;
        }
        if fragment.offset == 0 && wire < FIRST_MIN && matches!(packet.protocol, 6 | 17) {
            bump(&mut self.counters.tiny);
        }
        let key = Key {
            source: packet.source,
            destination: packet.destination,
            identification: packet.identification,
            protocol: if packet.source.is_ipv4() { packet.protocol } else { 0 },
        };
        self.start(key, packet, time);
        if self.insert(&key, packet, fragment, end) { self.finish(&key, packet) } else { None }
    }

    /// Takes the piece that a frame holds; returns the packet that it completes. What a tunnel carried in pieces is
    /// put together too, when the tunnel's own are.
    pub fn complete(&mut self, frame: &Frame<'_>, time: Timestamp) -> Option<Whole> {
        let Body::Ip(piece) = frame.body else { return None };
        let mut whole = Whole { packet: self.add(&piece, time)?, around: frame.emptied() };
        for _ in 0..Tunnels::MAX {
            let inner = match whole.frame() {
                Ok(inner @ Frame { body: Body::Ip(packet), .. }) if packet.fragment.is_some() => inner,
                Ok(_) | Err(_) => break,
            };
            let Body::Ip(piece) = inner.body else { break };
            let around = inner.emptied();
            whole = Whole { packet: self.add(&piece, time)?, around };
        }
        Some(whole)
    }

    /// Makes an entry for a packet of which nothing is there.
    fn start(&mut self, key: Key, packet: &IpPacket<'_>, time: Timestamp) {
        if self.entries.get(&key).is_some_and(|entry| entry.stale(time)) {
            self.remove(&key);
            bump(&mut self.counters.timed_out);
        }
        if self.entries.contains_key(&key) {
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.evict();
        }
        self.serial = self.serial.wrapping_add(1);
        self.queue.push_back((key, self.serial));
        let entry = Entry {
            serial: self.serial,
            first: time,
            ttl: packet.ttl,
            protocol: packet.protocol,
            length: 0,
            covered: 0,
            total: None,
            cost: 0,
            pieces: Vec::new(),
        };
        self.entries.insert(key, entry);
    }

    /// Puts the piece where it belongs; false when the packet cannot be complete now.
    fn insert(&mut self, key: &Key, packet: &IpPacket<'_>, fragment: Fragment, end: u32) -> bool {
        let cost = packet.payload.len().saturating_add(PIECE_COST);
        let Some(entry) = self.entries.get_mut(key) else { return false };
        match entry.fit(fragment, end, packet.payload) {
            Fit::Duplicate => {
                bump(&mut self.counters.duplicates);
                return false;
            }
            Fit::Conflict => {
                bump(&mut self.counters.overlapping);
                self.remove(key);
                return false;
            }
            Fit::At(_) if entry.pieces.len() >= PIECES_MAX => {
                bump(&mut self.counters.pieces_exceeded);
                self.remove(key);
                return false;
            }
            Fit::At(index) => {
                let bytes = Box::from(packet.payload);
                entry.pieces.insert(index, Piece { start: fragment.offset, end, bytes });
            }
        }
        if !fragment.more {
            entry.total = Some(end);
        }
        if fragment.offset == 0 {
            entry.protocol = packet.protocol;
        }
        entry.covered = entry.covered.saturating_add(end.saturating_sub(fragment.offset));
        entry.length = entry.length.saturating_add(packet.length);
        entry.cost = entry.cost.saturating_add(cost);
        let complete = entry.total == Some(entry.covered);
        self.bytes = self.bytes.saturating_add(cost);
        while !complete && self.bytes > BYTES_MAX && self.evict() {}
        complete
    }

    /// Takes out a complete packet.
    fn finish(&mut self, key: &Key, packet: &IpPacket<'_>) -> Option<Reassembled> {
        let entry = self.remove(key)?;
        bump(&mut self.counters.reassembled);
        // At most PAYLOAD_MAX, and all of it is here.
        let mut payload = Vec::with_capacity(entry.pieces.iter().map(|piece| piece.bytes.len()).sum());
        for piece in &entry.pieces {
            payload.extend_from_slice(&piece.bytes);
            if length_of(&payload) < piece.end {
                break;
            }
        }
        let missing = entry.covered.saturating_sub(length_of(&payload));
        Some(Reassembled {
            source: key.source,
            destination: key.destination,
            ttl: entry.ttl,
            identification: packet.identification,
            protocol: entry.protocol,
            length: entry.length,
            payload,
            missing,
            first: entry.first,
        })
    }

    /// Drops what has waited too long, from the oldest on.
    fn expire(&mut self, time: Timestamp) {
        while let Some((key, serial)) = self.queue.front() {
            match self.entries.get(key).filter(|entry| entry.serial == *serial) {
                Some(entry) if !entry.stale(time) => break,
                Some(_) => {
                    let key = *key;
                    self.remove(&key);
                    bump(&mut self.counters.timed_out);
                }
                None => {}
            }
            self.queue.pop_front();
        }
        // Completed packets behind one that waits: the queue stays within twice its live part.
        if self.queue.len() > ENTRIES_MAX.saturating_mul(2) {
            let entries = &self.entries;
            self.queue.retain(|(key, serial)| entries.get(key).is_some_and(|entry| entry.serial == *serial));
        }
    }

    /// Drops the oldest packet; false when there is none.
    fn evict(&mut self) -> bool {
        while let Some((key, serial)) = self.queue.pop_front() {
            if self.entries.get(&key).is_some_and(|entry| entry.serial == serial) {
                self.remove(&key);
                bump(&mut self.counters.evicted);
                return true;
            }
        }
        false
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.bytes = self.bytes.saturating_sub(entry.cost);
        Some(entry)
    }
}

impl Entry {
    /// Whether the packet has waited too long. A clock that stepped back further than that is a new time.
    fn stale(&self, time: Timestamp) -> bool {
        time.since(self.first).saturating_abs() > TIMEOUT
    }

    fn fit(&self, fragment: Fragment, end: u32, bytes: &[u8]) -> Fit {
        let start = fragment.offset;
        let index = self.pieces.partition_point(|piece| piece.start <= start);
        let before = index.checked_sub(1).and_then(|index| self.pieces.get(index));
        if let Some(before) = before.filter(|before| before.end > start) {
            return if before.end >= end && before.agrees(start, bytes) && (fragment.more || before.end == end)
            {
                Fit::Duplicate
            } else {
                Fit::Conflict
            };
        }
        let overlaps = self.pieces.get(index).is_some_and(|after| after.start < end);
        // The end, once known, stands; and a last piece has nothing behind it.
        let beyond = self.total.is_some_and(|total| end > total || !fragment.more)
            || (!fragment.more && self.pieces.last().is_some_and(|last| last.end > end));
        if overlaps || beyond { Fit::Conflict } else { Fit::At(index) }
    }
}

impl Piece {
    /// Whether the bytes from `start` on are those of this piece, as far as both were captured.
    fn agrees(&self, start: u32, bytes: &[u8]) -> bool {
        let skip = usize::try_from(start.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let ours = self.bytes.get(skip..).unwrap_or_default();
        ours.iter().zip(bytes).all(|(ours, theirs)| ours == theirs)
    }
}

fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
