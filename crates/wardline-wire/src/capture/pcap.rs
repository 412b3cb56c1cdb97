//! Classic pcap (draft-ietf-opsawg-pcap): a file header, then records.
//!
//! In: the file header and stretches of records. Out: packet heads that point into them. Both byte orders, micro-
//! and nanoseconds, and the records of 24 bytes of a Linux libpcap of the nineties. A record longer than
//! [`RECORD_BYTES_MAX`] means that we are not where a record begins: nothing after it can be trusted.

use super::LinkType;
use super::file::{Parsed, RECORD_BYTES_MAX, Sink, Stop};
use super::source::HEAD_BYTES;
use wardline_model::Timestamp;

/// How the records of a file are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcap {
    big: bool,
    /// Nanoseconds in a unit of the fraction.
    unit: i64,
    /// Bytes behind the usual 16 of a record head.
    extra: usize,
    link: LinkType,
    major: u16,
}

impl Pcap {
    /// Whether these are the first bytes of a pcap file.
    pub(super) fn recognise(head: &[u8]) -> bool {
        Self::magic(head).is_some()
    }

    fn magic(head: &[u8]) -> Option<(bool, i64, usize)> {
        let magic = head.first_chunk::<4>()?;
        let read = |magic| match magic {
            0xa1b2_c3d4 => Some((1000, 0)),
            0xa1b2_3c4d => Some((1, 0)),
            0xa1b2_cd34 => Some((1000, 8)),
            _ => None,
        };
        let (big, little) = (read(u32::from_be_bytes(*magic)), read(u32::from_le_bytes(*magic)));
        big.map(|(unit, extra)| (true, unit, extra)).or(little.map(|(unit, extra)| (false, unit, extra)))
    }

    /// Reads a whole file header.
    pub(super) fn open(head: &[u8]) -> Option<Self> {
        let (big, unit, extra) = Self::magic(head)?;
        let &[_, _, _, _, v0, v1, _, _, _, _, _, _, _, _, _, _, _, _, _, _, l0, l1, l2, l3] =
            head.first_chunk::<HEAD_BYTES>()?;
        let link = if big { [l2, l3] } else { [l1, l0] };
        let major = if big { [v0, v1] } else { [v1, v0] };
        // The upper half of the link type tells how long the checksum of a frame is: not needed.
        let link = LinkType(u16::from_be_bytes(link));
        Some(Self { big, unit, extra, link, major: u16::from_be_bytes(major) })
    }

    /// Version of the format; 2 since 1996.
    pub(super) const fn major(&self) -> u16 {
        self.major
    }

    /// Reads records from the start of `bytes`, which stand at `offset` of the batch.
    pub(super) fn parse(&self, bytes: &[u8], offset: usize, sink: &mut Sink<'_>) -> Parsed {
        let head_bytes = self.extra.saturating_add(16);
        let word = |bytes: [u8; 4]| {
            if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        let mut consumed = 0_usize;
        let mut rest = bytes;
        loop {
            if sink.is_full() {
                return Parsed { consumed, stop: Stop::Full };
            }
            let Some((&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, o0, o1, o2, o3], _)) =
                rest.split_first_chunk::<16>()
            else {
                return Parsed { consumed, stop: Stop::More };
            };
            let captured = word([c0, c1, c2, c3]);
            if captured > RECORD_BYTES_MAX {
                let what = format!("a record says that it has {captured} bytes");
                return Parsed { consumed, stop: Stop::Corrupt(what) };
            }
            let length = usize::try_from(captured).unwrap_or(usize::MAX).saturating_add(head_bytes);
            let Some(after) = rest.get(length..) else {
                return Parsed { consumed, stop: Stop::More };
            };
            let seconds = i64::from(word([s0, s1, s2, s3])).saturating_mul(Timestamp::SECOND);
            let fraction = i64::from(word([f0, f1, f2, f3])).saturating_mul(self.unit);
            let start = offset.saturating_add(consumed).saturating_add(head_bytes);
            let time = Timestamp(seconds.saturating_add(fraction));
            sink.push(time, self.link, word([o0, o1, o2, o3]), start, captured);
            consumed = consumed.saturating_add(length);
            rest = after;
        }
    }
}
