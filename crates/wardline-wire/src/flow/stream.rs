//! One direction of a TCP connection, put in order.
//!
//! In: segments in the order captured. Out: their bytes in sequence order, gaps told. What was given once is
//! never given again: of overlapping bytes the first to arrive win. Early segments wait for the hole before
//! them within [`EARLY_BYTES_MAX`] and [`EARLY_SEGMENTS_MAX`]; then the hole is told as a gap.

use crate::frame::{TcpSegment, tcp_flag};

/// Bytes that may wait for a hole to be filled: what a mirror reorders is far less, and what is lost never comes.
pub const EARLY_BYTES_MAX: usize = 65_536;
/// Segments that may wait for a hole to be filled.
pub const EARLY_SEGMENTS_MAX: usize = 48;
/// Early segments after which an acknowledgement of the hole proves that only we missed it.
const EARLY_ACKNOWLEDGED: usize = 3;
/// What an early segment costs beside its bytes: its entry and its allocation.
const EARLY_COST: usize = 80;
/// A jump of the sequence further than the largest window (RFC 7323: 2^30) is not of this stream.
const JUMP_MAX: u32 = 1 << 30;

/// What a direction gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// The next bytes.
    Data(&'a [u8]),
    /// This many bytes were not captured.
    Gap(u64),
}

/// What went wrong on the way, for the totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounters {
    /// Segments that brought nothing new.
    pub repeated: u64,
    /// Segments that came before their turn.
    pub early: u64,
    /// Holes told as gaps.
    pub gaps: u64,
    /// Bytes in those holes.
    pub gap_bytes: u64,
    /// Segments far outside any window.
    pub stray: u64,
}

/// One direction of a TCP connection.
#[derive(Debug, Default)]
pub struct Stream {
    next: Option<u32>,
    /// Behind the last byte, from the FIN.
    end: Option<u32>,
    early: Vec<Early>,
    early_bytes: usize,
}

#[derive(Debug)]
struct Early {
    sequence: u32,
    bytes: Box<[u8]>,
    missing: u32,
}

impl Stream {
    /// A stream whose next sequence number is known, from its SYN.
    #[must_use]
    pub fn starting_at(next: Option<u32>) -> Self {
        Self { next, ..Self::default() }
    }

    /// Takes a segment; calls `give` for what is in order now.
    pub fn segment(
        &mut self,
        segment: &TcpSegment<'_>,
        counters: &mut StreamCounters,
        give: &mut dyn FnMut(Arrival<'_>),
    ) {
        let syn = segment.flags & tcp_flag::SYN != 0;
        let sequence = if syn { segment.sequence.wrapping_add(1) } else { segment.sequence };
        if segment.flags & tcp_flag::FIN != 0 {
            let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
            self.end = Some(sequence.wrapping_add(length).wrapping_add(segment.missing));
        }
        if segment.payload.is_empty() && segment.missing == 0 {
            if syn && self.next.is_none() {
                self.next = Some(sequence);
            }
            return;
        }
        let next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next);
        if ahead == 0 {
            self.deliver(segment.payload, segment.missing, counters, give);
            self.drain(counters, give);
        } else if ahead >= JUMP_MAX.wrapping_neg() {
            let behind = usize::try_from(ahead.wrapping_neg()).unwrap_or(usize::MAX);
            let known = segment.payload.len().saturating_add(usize::try_from(segment.missing).unwrap_or(0));
            if known <= behind {
                counters.repeated = counters.repeated.saturating_add(1);
                return;
            }
            let fresh = segment.payload.get(behind..).unwrap_or_default();
            let left = known.saturating_sub(behind).saturating_sub(fresh.len());
            self.deliver(fresh, u32::try_from(left).unwrap_or(u32::MAX), counters, give);
            self.drain(counters, give);
        } else if ahead > JUMP_MAX {
            counters.stray = counters.stray.saturating_add(1);
        } else {
            self.keep(sequence, segment, counters);
            if self.early.len() > EARLY_SEGMENTS_MAX || self.early_bytes > EARLY_BYTES_MAX {
                self.give_up_hole(counters, give);
            }
        }
    }

    /// The peer acknowledged up to `acknowledgement`: when it has what we miss, the hole stays a hole.
    pub fn acknowledged(
        &mut self,
        acknowledgement: u32,
        counters: &mut StreamCounters,
        give: &mut dyn FnMut(Arrival<'_>),
    ) {
        if self.early.len() < EARLY_ACKNOWLEDGED {
            return;
        }
        let Some(next) = self.next else { return };
        let ahead = acknowledgement.wrapping_sub(next);
        if (1..JUMP_MAX).contains(&ahead) {
            self.give_up_hole(counters, give);
        }
    }

    /// No more will come: tells the holes and gives what waits behind them.
    pub fn finish(&mut self, counters: &mut StreamCounters, give: &mut dyn FnMut(Arrival<'_>)) {
        while !self.early.is_empty() {
            self.give_up_hole(counters, give);
        }
    }

    /// Memory of what waits for a hole; 0 when nothing does.
    #[must_use]
    pub fn held(&self) -> usize {
        self.early.len().saturating_mul(EARLY_COST).saturating_add(self.early_bytes)
    }

    /// Whether everything up to the FIN was given; also when none came, or nothing but it.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        match (self.next, self.end) {
            (Some(next), Some(end)) => !(1..JUMP_MAX).contains(&end.wrapping_sub(next)),
            _ => true,
        }
    }

    /// Keeps of an early segment what is not kept yet: of overlapping bytes the first to arrive stand.
    fn keep(&mut self, sequence: u32, segment: &TcpSegment<'_>, counters: &mut StreamCounters) {
        counters.early = counters.early.saturating_add(1);
        let next = self.next.unwrap_or(sequence);
        let distance = |s: u32| s.wrapping_sub(next);
        let mut from = distance(sequence);
        let until = from.saturating_add(length_of(segment.payload)).saturating_add(segment.missing);
        let mut at = 0_usize;
        while from < until {
            let there = self.early.get(at).map(|e| (distance(e.sequence), e.length()));
            match there {
                Some((start, length)) if start <= from => {
                    from = from.max(start.saturating_add(length));
                }
                other => {
                    let stop = other.map_or(until, |(start, _)| start.min(until));
                    let skip = from.saturating_sub(distance(sequence));
                    let piece = Early::cut(segment, next.wrapping_add(from), skip, stop.saturating_sub(from));
                    self.early_bytes = self.early_bytes.saturating_add(piece.bytes.len());
                    self.early.insert(at, piece);
                    from = stop;
                }
            }
            at = at.saturating_add(1);
        }
    }

    fn deliver(
        &mut self,
        bytes: &[u8],
        missing: u32,
        counters: &mut StreamCounters,
        give: &mut dyn FnMut(Arrival<'_>),
    ) {
        let next = self.next.unwrap_or(0);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.next = Some(next.wrapping_add(length).wrapping_add(missing));
        if !bytes.is_empty() {
            give(Arrival::Data(bytes));
        }
        if missing > 0 {
            tell_gap(missing, counters, give);
        }
    }

    fn drain(&mut self, counters: &mut StreamCounters, give: &mut dyn FnMut(Arrival<'_>)) {
        while let (Some(next), Some(first)) = (self.next, self.early.first()) {
            let behind = next.wrapping_sub(first.sequence);
            if behind > JUMP_MAX {
                return;
            }
            let first = self.early.remove(0);
            self.early_bytes = self.early_bytes.saturating_sub(first.bytes.len());
            let behind = usize::try_from(behind).unwrap_or(usize::MAX);
            let whole = first.bytes.len().saturating_add(usize::try_from(first.missing).unwrap_or(0));
            let fresh = first.bytes.get(behind..).unwrap_or_default();
            let left = whole.saturating_sub(behind).saturating_sub(fresh.len());
            if whole > behind {
                self.deliver(fresh, u32::try_from(left).unwrap_or(u32::MAX), counters, give);
            }
        }
    }

    fn give_up_hole(&mut self, counters: &mut StreamCounters, give: &mut dyn FnMut(Arrival<'_>)) {
        let (Some(next), Some(first)) = (self.next, self.early.first()) else { return };
        let hole = first.sequence.wrapping_sub(next);
        if hole > 0 && hole <= JUMP_MAX {
            self.next = Some(first.sequence);
            tell_gap(hole, counters, give);
        }
        self.drain(counters, give);
    }
}

impl Early {
    /// `length` bytes of a segment from `skip` on, which stand at `sequence`.
    fn cut(segment: &TcpSegment<'_>, sequence: u32, skip: u32, length: u32) -> Self {
        let from = usize::try_from(skip).unwrap_or(usize::MAX);
        let most = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = segment.payload.get(from..).unwrap_or_default();
        let bytes: Box<[u8]> = bytes.get(..most).unwrap_or(bytes).into();
        let missing = length.saturating_sub(length_of(&bytes));
        Self { sequence, bytes, missing }
    }

    fn length(&self) -> u32 {
        length_of(&self.bytes).saturating_add(self.missing)
    }
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn tell_gap(bytes: u32, counters: &mut StreamCounters, give: &mut dyn FnMut(Arrival<'_>)) {
    counters.gaps = counters.gaps.saturating_add(1);
    counters.gap_bytes = counters.gap_bytes.saturating_add(u64::from(bytes));
    give(Arrival::Gap(u64::from(bytes)));
}

#[cfg(test)]
mod tests;
