//! One capture file: reads stretches of it into a batch and has the format find the packets in place.
//!
//! The rest of a stretch, a record that is not complete or not yet wanted, is carried into the next batch.
//! Limits: [`RECORD_BYTES_MAX`], [`STRETCH_BYTES_MAX`].

use super::error::Unreadable;
use super::pcap::Pcap;
use super::pcapng::PcapNg;
use super::source::{self, Opened, Stream};
use super::{BATCH_PACKETS_MAX, Batch, FileSummary, LinkType, PacketHead};
use std::io::{ErrorKind, Read};
use wardline_model::{PacketRef, Timestamp};

/// Largest captured packet: what libpcap and Wireshark accept; longer ones are not of networks.
pub(super) const RECORD_BYTES_MAX: u32 = 256 << 10;

/// Bytes read for a batch: fits the cache of a core and shares the cost of a read.
pub(super) const STRETCH_BYTES_MAX: usize = 1 << 20;

/// Least bytes read for a batch: what a full batch of empty records is made of.
pub(super) const STRETCH_BYTES_MIN: usize = 64 << 10;

/// Why a format stopped reading.
pub(super) enum Stop {
    /// The next record is not complete.
    More,
    /// The batch is full.
    Full,
    /// The next bytes are of no interest, however many.
    Skip(u64),
    /// Nothing from here on can be trusted.
    Corrupt(String),
}

/// How far a format came.
pub(super) struct Parsed {
    pub(super) consumed: usize,
    pub(super) stop: Stop,
}

/// Where a format puts what it finds.
pub(super) struct Sink<'a> {
    packets: &'a mut Vec<PacketHead>,
    summary: &'a mut FileSummary,
    frame: &'a mut u64,
    latest: &'a mut Timestamp,
    file: u32,
}

impl Sink<'_> {
    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        self.packets.len() >= BATCH_PACKETS_MAX
    }

    #[inline]
    pub(super) fn push(
        &mut self,
        time: Timestamp,
        link: LinkType,
        original: u32,
        start: usize,
        captured: u32,
    ) {
        self.skip_frame();
        let summary = &mut *self.summary;
        summary.packets = summary.packets.saturating_add(1);
        summary.bytes = summary.bytes.saturating_add(u64::from(original));
        summary.first = Some(summary.first.map_or(time, |first| first.min(time)));
        summary.last = Some(summary.last.map_or(time, |last| last.max(time)));
        *self.latest = time.max(*self.latest);
        let place = PacketRef::new(self.file, *self.frame, time);
        let offset = u32::try_from(start).unwrap_or(u32::MAX);
        self.packets.push(PacketHead { place, link, original, offset, captured });
    }

    /// Counts a frame that gives no packet.
    #[inline]
    pub(super) const fn skip_frame(&mut self) {
        *self.frame = self.frame.saturating_add(1);
    }

    /// Counts a frame that cannot be given, and says so once.
    pub(super) fn leave_out(&mut self, what: &str) {
        self.skip_frame();
        if self.summary.problem.is_none() {
            self.summary.problem = Some(format!("frame {}: {what}", *self.frame));
        }
    }

    pub(super) const fn dropped(&mut self, count: Option<u64>) {
        self.summary.dropped = count;
    }
}

enum Format {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// A file being read.
pub(super) struct FileReader {
    stream: Stream,
    format: Format,
    summary: FileSummary,
    file: u32,
    frame: u64,
    /// Bytes read and not yet used.
    carry: Vec<u8>,
    /// Place of the carry in the file, uncompressed.
    position: u64,
    compressed: bool,
    skip: u64,
    stretch: usize,
    stretch_max: usize,
    latest: Timestamp,
    /// Nothing more comes from the stream.
    drained: bool,
    /// Nothing more comes from here.
    ended: bool,
}

impl FileReader {
    /// Recognises a capture by its first bytes. An empty or cut header is a capture without packets.
    pub(super) fn open(name: &str, stream: Stream) -> Result<Self, Unreadable> {
        let Opened { head, stream, compressed } = source::open(stream)?;
        let (format, whole) = if Pcap::recognise(&head) {
            match Pcap::open(&head) {
                Some(pcap) if pcap.major() != 2 => return Err(Unreadable::unknown_version(pcap.major())),
                Some(pcap) => (Format::Pcap(pcap), true),
                None => (Format::PcapNg(PcapNg::default()), false),
            }
        } else if PcapNg::recognise(&head) {
            (Format::PcapNg(PcapNg::default()), true)
        } else if head.is_empty() {
            (Format::PcapNg(PcapNg::default()), false)
        } else {
            return Err(Unreadable::not_a_capture(&head));
        };
        let mut reader = Self {
            stream,
            format,
            summary: FileSummary { name: name.to_owned(), ..FileSummary::default() },
            file: 0,
            frame: 0,
            carry: Vec::new(),
            position: 0,
            compressed,
            skip: 0,
            stretch: STRETCH_BYTES_MIN,
            stretch_max: STRETCH_BYTES_MAX,
            latest: Timestamp(i64::MIN),
            drained: false,
            ended: !whole,
        };
        if !whole {
            let what = if head.is_empty() { "the file is empty" } else { "the file ends inside its header" };
            reader.summary.truncated = true;
            reader.summary.problem = Some(what.to_owned());
        } else if matches!(reader.format, Format::Pcap(_)) {
            reader.position = u64::try_from(head.len()).unwrap_or(0);
        } else {
            reader.carry = head;
        }
        Ok(reader)
    }

    /// Sets the index of the file in the order of analysis.
    pub(super) const fn set_file(&mut self, file: u32) {
        self.file = file;
    }

    /// Bounds what is held of this file, for one of many that are open.
    pub(super) fn hold_at_most(&mut self, bytes: usize) {
        self.stretch_max = bytes.max(STRETCH_BYTES_MIN);
        self.stretch = self.stretch.min(self.stretch_max);
    }

    /// Whether nothing comes after the batch filled last.
    pub(super) const fn ended(&self) -> bool {
        self.ended
    }

    /// Latest packet of the batch filled last.
    pub(super) const fn latest(&self) -> Timestamp {
        self.latest
    }

    pub(super) fn into_summary(self) -> FileSummary {
        self.summary
    }

    /// Fills the batch with the next packets of the file; false when there are none.
    pub(super) fn fill(&mut self, batch: &mut Batch) -> bool {
        batch.packets.clear();
        self.latest = Timestamp(i64::MIN);
        if self.ended {
            return false;
        }
        // Used bytes and filled bytes of the batch; what is behind them is of an earlier use.
        let (mut used, mut filled) = (0_usize, self.carry.len());
        grow(&mut batch.bytes, filled);
        if let Some(start) = batch.bytes.get_mut(..filled) {
            start.copy_from_slice(&self.carry);
        }
        self.carry.clear();
        loop {
            let want = self.stretch.saturating_sub(filled.saturating_sub(used)).max(STRETCH_BYTES_MIN);
            filled = self.read(&mut batch.bytes, filled, want);
            match self.parse(batch, &mut used, filled) {
                Stop::Full => {
                    self.stretch = used.clamp(STRETCH_BYTES_MIN, self.stretch_max);
                    break;
                }
                Stop::Corrupt(what) => {
                    self.end_at(used, &format!("{what}; nothing after it was read"));
                    break;
                }
                Stop::More | Stop::Skip(_) if self.drained => {
                    if self.skip > 0 || used < filled {
                        self.end_at(used, "the file ends inside a record");
                    }
                    self.ended = true;
                    break;
                }
                Stop::More | Stop::Skip(_) => {
                    let more = self.stretch.saturating_add(self.stretch >> 2);
                    self.stretch = more.min(self.stretch_max);
                    if !batch.packets.is_empty() {
                        break;
                    }
                    // Nothing points into the batch yet: begin it anew with the rest.
                    batch.bytes.copy_within(used..filled, 0);
                    self.advance(used);
                    (used, filled) = (0, filled.saturating_sub(used));
                }
            }
        }
        if !self.ended {
            self.carry.extend_from_slice(batch.bytes.get(used..filled).unwrap_or_default());
            self.advance(used);
        }
        !batch.packets.is_empty()
    }

    fn advance(&mut self, bytes: usize) {
        self.position = self.position.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Finds packets between `used` and `filled`.
    fn parse(&mut self, batch: &mut Batch, used: &mut usize, filled: usize) -> Stop {
        loop {
            let step = usize::try_from(self.skip).unwrap_or(usize::MAX).min(filled.saturating_sub(*used));
            *used = used.saturating_add(step);
            self.skip = self.skip.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX));
            let bytes = batch.bytes.get(*used..filled).unwrap_or_default();
            let mut sink = Sink {
                packets: &mut batch.packets,
                summary: &mut self.summary,
                frame: &mut self.frame,
                latest: &mut self.latest,
                file: self.file,
            };
            let parsed = match &mut self.format {
                Format::Pcap(pcap) => pcap.parse(bytes, *used, &mut sink),
                Format::PcapNg(pcapng) => pcapng.parse(bytes, *used, &mut sink),
            };
            *used = used.saturating_add(parsed.consumed);
            match parsed.stop {
                // What is here of it is stepped over at once; every turn consumes a block.
                Stop::Skip(bytes) => self.skip = bytes,
                stop => return stop,
            }
        }
    }

    /// Reads up to `want` bytes behind the filled ones; returns how many are filled then.
    fn read(&mut self, bytes: &mut Vec<u8>, filled: usize, want: usize) -> usize {
        let end = filled.saturating_add(want);
        grow(bytes, end);
        let mut filled = filled;
        while !self.drained && filled < end {
            let Some(space) = bytes.get_mut(filled..end) else { break };
            match self.stream.read(space) {
                Ok(0) => self.drained = true,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.drained = true;
                    let place = self.place(filled);
                    self.summary.truncated = true;
                    self.summary.problem.get_or_insert(format!("{place}: cannot be read further ({error})"));
                }
            }
        }
        filled
    }

    /// Ends the file at a place of the batch.
    fn end_at(&mut self, used: usize, what: &str) {
        let place = self.place(used);
        self.ended = true;
        self.summary.truncated = true;
        self.summary.problem.get_or_insert(format!("{place}: {what}"));
    }

    fn place(&self, used: usize) -> String {
        let at = self.position.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        format!("byte {at}{}", if self.compressed { " uncompressed" } else { "" })
    }
}

/// Makes room without clearing what is there already.
fn grow(bytes: &mut Vec<u8>, length: usize) {
    if bytes.len() < length {
        bytes.resize(length, 0);
    }
}
