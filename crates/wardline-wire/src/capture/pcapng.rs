//! pcapng (draft-ietf-opsawg-pcapng): sections of blocks.
//!
//! In: stretches of blocks. Out: packet heads that point into them, and what the writer says it lost. Sections in
//! either byte order, each with its own interfaces, link types and clocks. Unknown blocks are stepped over by
//! their length. A block whose length is impossible, or not repeated at its end, ends the reading there.
//! Limits: [`BLOCK_BYTES_MAX`], [`INTERFACES_MAX`], [`OPTIONS_MAX`].

use super::LinkType;
use super::file::{Parsed, RECORD_BYTES_MAX, Sink, Stop};
use crate::Reader;
use wardline_model::Timestamp;

/// Largest block looked at: a packet of the largest size and a page of options. Larger ones are stepped over.
const BLOCK_BYTES_MAX: u32 = RECORD_BYTES_MAX.saturating_add(64 << 10);

/// Interfaces of a section: an index of 16 bits in the first version of the format, and far from any machine.
const INTERFACES_MAX: usize = 1 << 16;

/// Options looked at in one block; the standard knows two dozen.
const OPTIONS_MAX: usize = 64;

/// Block types.
mod block {
    /// Section header, the same in both byte orders.
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    /// Interface description.
    pub(super) const INTERFACE: u32 = 1;
    /// Packet, obsolete.
    pub(super) const PACKET: u32 = 2;
    /// Simple packet.
    pub(super) const SIMPLE: u32 = 3;
    /// Interface statistics.
    pub(super) const STATISTICS: u32 = 5;
    /// Enhanced packet.
    pub(super) const ENHANCED: u32 = 6;
    /// An entry of the system journal, which counts as a frame.
    pub(super) const JOURNAL: u32 = 9;
}

/// How many nanoseconds a tick of an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    Multiply(u64),
    Divide(u64),
    /// Ticks of two to the minus this.
    Shift(u32),
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snap: u32,
    resolution: Resolution,
    /// Nanoseconds to add.
    offset: i64,
    dropped: Option<u64>,
}

/// The state of a section.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    big: bool,
    interfaces: Vec<Interface>,
    /// Dropped by all interfaces of all sections so far.
    dropped: Option<u64>,
    /// Time of the packet before, for those that have none.
    time: Timestamp,
}

/// Why a block ends the reading.
type Broken = String;

impl PcapNg {
    /// Whether these are the first bytes of a pcapng file.
    pub(super) fn recognise(head: &[u8]) -> bool {
        let magic = head.get(8..).map(|rest| rest.get(..4).unwrap_or(rest)).unwrap_or_default();
        head.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
            && ([0x1a, 0x2b, 0x3c, 0x4d].starts_with(magic) || [0x4d, 0x3c, 0x2b, 0x1a].starts_with(magic))
    }

    /// Reads blocks from the start of `bytes`, which stand at `offset` of the batch.
    pub(super) fn parse(&mut self, bytes: &[u8], offset: usize, sink: &mut Sink<'_>) -> Parsed {
        let mut consumed = 0_usize;
        loop {
            if sink.is_full() {
                return Parsed { consumed, stop: Stop::Full };
            }
            let rest = bytes.get(consumed..).unwrap_or_default();
            let Some((kind, total)) = self.head(rest) else {
                return Parsed { consumed, stop: Stop::More };
            };
            if total < 12 || !total.is_multiple_of(4) {
                let what = format!("a block says that it has {total} bytes");
                return Parsed { consumed, stop: Stop::Corrupt(what) };
            }
            if total > BLOCK_BYTES_MAX {
                if matches!(kind, block::PACKET | block::SIMPLE | block::ENHANCED) {
                    sink.leave_out(&format!("a packet block of {total} bytes was left out"));
                }
                return Parsed { consumed, stop: Stop::Skip(u64::from(total)) };
            }
            let length = usize::try_from(total).unwrap_or(usize::MAX);
            let Some(whole) = rest.get(..length) else {
                return Parsed { consumed, stop: Stop::More };
            };
            if let Err(what) = self.block(kind, total, whole, offset.saturating_add(consumed), sink) {
                return Parsed { consumed, stop: Stop::Corrupt(what) };
            }
            consumed = consumed.saturating_add(length);
        }
    }

    /// Type and length of the block at the start of `bytes`. A section header tells the byte order, also of its
    /// own length.
    fn head(&mut self, bytes: &[u8]) -> Option<(u32, u32)> {
        let (&[k0, k1, k2, k3, l0, l1, l2, l3], rest) = bytes.split_first_chunk::<8>()?;
        let kind = self.word([k0, k1, k2, k3]);
        if kind == block::SECTION {
            match *rest.first_chunk::<4>()? {
                [0x1a, 0x2b, 0x3c, 0x4d] => self.big = true,
                [0x4d, 0x3c, 0x2b, 0x1a] => self.big = false,
                // Length 0 is impossible: the reading ends here.
                _ => return Some((kind, 0)),
            }
        }
        Some((kind, self.word([l0, l1, l2, l3])))
    }

    const fn word(&self, bytes: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    const fn half(&self, bytes: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    /// Reads one whole block, which stands at `offset` of the batch.
    fn block(
        &mut self,
        kind: u32,
        total: u32,
        whole: &[u8],
        offset: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Broken> {
        let Some((&repeated, body)) = whole.split_last_chunk::<4>().map(|(rest, end)| (end, rest)) else {
            return Err("a block has no end".to_owned());
        };
        if self.word(repeated) != total {
            return Err(format!("a block of {total} bytes ends with a length of {}", self.word(repeated)));
        }
        let body = body.get(8..).unwrap_or_default();
        match kind {
            block::ENHANCED => self.enhanced(body, offset, sink),
            block::PACKET => self.obsolete(body, offset, sink),
            block::SIMPLE => self.simple(body, offset, sink),
            block::SECTION => {
                self.interfaces.clear();
                Ok(())
            }
            block::INTERFACE => self.interface(body),
            block::STATISTICS => {
                self.statistics(body);
                sink.dropped(self.dropped);
                Ok(())
            }
            block::JOURNAL => {
                sink.skip_frame();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn enhanced(&mut self, body: &[u8], offset: usize, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let Some((&[i0, i1, i2, i3, h0, h1, h2, h3, t0, t1, t2, t3, c0, c1, c2, c3, o0, o1, o2, o3], data)) =
            body.split_first_chunk::<20>()
        else {
            return Err("a packet block is too short".to_owned());
        };
        let ticks = (self.word([h0, h1, h2, h3]), self.word([t0, t1, t2, t3]));
        let lengths = (self.word([c0, c1, c2, c3]), self.word([o0, o1, o2, o3]));
        self.packet(self.word([i0, i1, i2, i3]), ticks, lengths, data, offset.saturating_add(28), sink)
    }

    fn obsolete(&mut self, body: &[u8], offset: usize, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let Some((&[i0, i1, _, _, h0, h1, h2, h3, t0, t1, t2, t3, c0, c1, c2, c3, o0, o1, o2, o3], data)) =
            body.split_first_chunk::<20>()
        else {
            return Err("a packet block is too short".to_owned());
        };
        let ticks = (self.word([h0, h1, h2, h3]), self.word([t0, t1, t2, t3]));
        let lengths = (self.word([c0, c1, c2, c3]), self.word([o0, o1, o2, o3]));
        self.packet(u32::from(self.half([i0, i1])), ticks, lengths, data, offset.saturating_add(28), sink)
    }

    fn packet(
        &mut self,
        interface: u32,
        (high, low): (u32, u32),
        (captured, original): (u32, u32),
        data: &[u8],
        start: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), Broken> {
        if usize::try_from(captured).unwrap_or(usize::MAX) > data.len() {
            return Err(format!("a packet of {captured} bytes is in a block of {} bytes", data.len()));
        }
        let Some(interface) = usize::try_from(interface).ok().and_then(|index| self.interfaces.get(index))
        else {
            sink.leave_out(&format!(
                "a packet of interface {interface}, which was not described, was left out"
            ));
            return Ok(());
        };
        self.time = interface.time((u64::from(high) << 32) | u64::from(low));
        sink.push(self.time, interface.link, original, start, captured);
        Ok(())
    }

    /// A packet of the first interface with neither time nor captured length.
    fn simple(&mut self, body: &[u8], offset: usize, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let Some((original, data)) = body.split_first_chunk::<4>() else {
            return Err("a packet block is too short".to_owned());
        };
        let original = self.word(*original);
        let Some(interface) = self.interfaces.first() else {
            sink.leave_out("a packet without an interface was left out");
            return Ok(());
        };
        let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
        let held = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let captured = original.min(snap).min(held);
        sink.push(self.time, interface.link, original, offset.saturating_add(12), captured);
        Ok(())
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), Broken> {
        let Some((&[l0, l1, _, _, s0, s1, s2, s3], options)) = body.split_first_chunk::<8>() else {
            return Err("an interface block is too short".to_owned());
        };
        if self.interfaces.len() >= INTERFACES_MAX {
            return Err(format!("a section has more than {INTERFACES_MAX} interfaces"));
        }
        let mut interface = Interface {
            link: LinkType(self.half([l0, l1])),
            snap: self.word([s0, s1, s2, s3]),
            resolution: Resolution::Multiply(1000),
            offset: 0,
            dropped: None,
        };
        self.options(options, |code, value| match (code, value) {
            (9, [resolution, ..]) => interface.resolution = Resolution::read(*resolution),
            (14, value) => {
                if let Some(seconds) = self.long(value) {
                    interface.offset =
                        i64::from_ne_bytes(seconds.to_ne_bytes()).saturating_mul(Timestamp::SECOND);
                }
            }
            _ => {}
        });
        self.interfaces.push(interface);
        Ok(())
    }

    /// What an interface says it lost: on the card and in the system.
    fn statistics(&mut self, body: &[u8]) {
        let Some((&[i0, i1, i2, i3, ..], options)) = body.split_first_chunk::<12>() else { return };
        let (mut card, mut system) = (None, None);
        self.options(options, |code, value| match code {
            5 => card = self.long(value),
            7 => system = self.long(value),
            _ => {}
        });
        let index = usize::try_from(self.word([i0, i1, i2, i3])).unwrap_or(usize::MAX);
        if let (Some(dropped), Some(interface)) = (sum(card, system), self.interfaces.get_mut(index)) {
            // The counters of an interface run on: the last one stands.
            let others = self.dropped.unwrap_or(0).saturating_sub(interface.dropped.unwrap_or(0));
            interface.dropped = Some(dropped);
            self.dropped = Some(others.saturating_add(dropped));
        }
    }

    fn long(&self, value: &[u8]) -> Option<u64> {
        let bytes = *value.first_chunk::<8>()?;
        Some(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// Hands over the options of a block until one does not fit.
    fn options(&self, bytes: &[u8], mut each: impl FnMut(u16, &[u8])) {
        let mut reader = Reader::new(bytes);
        for _ in 0..OPTIONS_MAX {
            let Ok([c0, c1, l0, l1]) = reader.array::<4>("option") else { return };
            let (code, length) = (self.half([c0, c1]), usize::from(self.half([l0, l1])));
            let Ok(value) = reader.take(length, "option") else { return };
            if code == 0 {
                return;
            }
            each(code, value);
            reader.take_up_to(length.next_multiple_of(4).saturating_sub(length));
        }
    }
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Timestamp {
        let nanoseconds = match self.resolution {
            Resolution::Multiply(factor) => ticks.saturating_mul(factor),
            Resolution::Divide(divisor) => ticks.checked_div(divisor).unwrap_or(0),
            Resolution::Shift(bits) => {
                let scaled = u128::from(ticks).saturating_mul(1_000_000_000).checked_shr(bits);
                u64::try_from(scaled.unwrap_or(0)).unwrap_or(u64::MAX)
            }
        };
        Timestamp(i64::try_from(nanoseconds).unwrap_or(i64::MAX).saturating_add(self.offset))
    }
}

impl Resolution {
    /// if_tsresol: ten or, with the high bit, two to the minus this.
    fn read(byte: u8) -> Self {
        let exponent = u32::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            return Self::Shift(exponent);
        }
        match 9_u32.checked_sub(exponent) {
            Some(up) => Self::Multiply(10_u64.saturating_pow(up)),
            None => Self::Divide(10_u64.saturating_pow(exponent.saturating_sub(9))),
        }
    }
}
