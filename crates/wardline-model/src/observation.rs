//! Observations: facts with their packet.

use crate::{Attribute, Mac, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Confidence in a fact, in percent (0 to 100).
pub type Confidence = u8;

/// Where a packet stands: which file, which frame of it (from 1), when.
///
/// There is one with every sighting, a million in a large capture: file and frame share a word.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketRef {
    /// The file above, the frame below.
    place: u64,
    /// Capture time.
    pub time: Timestamp,
}

impl PacketRef {
    /// Bits of a frame number.
    const FRAME_BITS: u32 = 44;
    /// Highest frame number told apart: 17 million million.
    pub const FRAME_MAX: u64 = (1 << Self::FRAME_BITS) - 1;
    /// Highest file index told apart: a million; the last stands for none.
    pub const FILE_MAX: u32 = (1 << (u64::BITS - Self::FRAME_BITS)) - 2;

    /// A packet of the file with that index in the order of analysis, by its frame number. What is higher than
    /// [`Self::FILE_MAX`] or [`Self::FRAME_MAX`] counts as that.
    #[must_use]
    pub fn new(file: u32, frame: u64, time: Timestamp) -> Self {
        let file = u64::from(file.min(Self::FILE_MAX)) << Self::FRAME_BITS;
        Self { place: file | frame.min(Self::FRAME_MAX), time }
    }

    /// Index of the file in the order of analysis.
    #[must_use]
    pub fn file(self) -> u32 {
        u32::try_from(self.place >> Self::FRAME_BITS).unwrap_or(Self::FILE_MAX)
    }

    /// Frame number in the file, from 1.
    #[must_use]
    pub const fn frame(self) -> u64 {
        self.place & Self::FRAME_MAX
    }
}

impl std::fmt::Debug for PacketRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PacketRef({}, {}, {:?})", self.file(), self.frame(), self.time)
    }
}

/// One fact: an attribute, its value, how sure, by which rule.
///
/// Values are limited to [`Fact::VALUE_BYTES_MAX`] bytes of printable text; control characters are gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// What the fact is about.
    pub attribute: Attribute,
    /// The value as text.
    pub value: Box<str>,
    /// The version, for `os` and `software`.
    pub version: Option<Box<str>>,
    /// How sure the rule is, in percent.
    pub confidence: Confidence,
    /// The rule that read it, `dicom.manufacturer`: a word of the program, of which there are a few hundred.
    pub rule: &'static str,
}

impl Fact {
    /// Longest value kept; device fields are short, and longer text is cut here.
    pub const VALUE_BYTES_MAX: usize = 256;

    /// A fact with `value` cleaned: control characters dropped, ends trimmed, cut at a character boundary.
    /// `None` when nothing is left.
    #[must_use]
    pub fn new(
        attribute: Attribute,
        value: &str,
        confidence: Confidence,
        rule: &'static str,
    ) -> Option<Self> {
        let value = clean(value)?;
        Some(Self { attribute, value, version: None, confidence, rule })
    }

    /// The same fact with a version (ignored when nothing is left after cleaning).
    #[must_use]
    pub fn with_version(mut self, version: &str) -> Self {
        self.version = clean(version);
        self
    }
}

/// Text from a device as it may be stored and shown: printable, trimmed, bounded; `None` when empty.
fn clean(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    // Nearly all texts: nothing in them to leave out.
    if text.len() <= Fact::VALUE_BYTES_MAX && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return (!text.is_empty()).then(|| text.into());
    }
    let mut kept = String::new();
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c.is_control() || is_invisible(c) {
            continue;
        }
        if kept.len() + c.len_utf8() > Fact::VALUE_BYTES_MAX {
            break;
        }
        kept.push(c);
    }
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.into())
}

/// Bidirectional controls, zero-width marks and the like: they make one name look like another.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Who a statement speaks of, relative to who was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The station at the subject's address itself (its host key, its DHCP name, its DICOM toolkit).
    Speaker,
    /// The equipment that made the data the subject sends: itself, or one of several devices behind it
    /// (a C-STORE data set, an ASTM header, an OBX-18). Inventory decides which.
    Equipment,
}

/// The address that a statement is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A station known by its MAC only (LLDP, CDP, ARP probe).
    Mac(Mac),
    /// A host, with the MAC its frames carried, where the link has any: that may be a router's.
    Host {
        /// Network address.
        ip: IpAddr,
        /// MAC of the frames on the observed link.
        mac: Option<Mac>,
    },
    /// A host named by somebody else (a DNS answer, a DHCP lease told by its server): address only.
    Named(IpAddr),
}

/// Facts said together, in one message, about one thing: they belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Statement {
    /// The address heard.
    pub subject: Subject,
    /// Who it speaks of.
    pub about: About,
    /// Protocol name as in `FlowRecord::protocol`.
    pub protocol: &'static str,
    /// The facts, sorted.
    pub facts: Vec<Fact>,
}

/// First and last sighting, how often, and up to [`Exemplars::MAX`] packets that show it.
///
/// Merging is commutative and associative, so that any number of threads gives the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Earliest sighting.
    pub first: Timestamp,
    /// Latest sighting.
    pub last: Timestamp,
    /// Number of sightings.
    pub count: u64,
    /// The earliest packets that show it.
    pub exemplars: Exemplars,
}

impl Seen {
    /// Seen once, in `packet`.
    #[must_use]
    pub fn once(packet: PacketRef) -> Self {
        Self { first: packet.time, last: packet.time, count: 1, exemplars: Exemplars::one(packet) }
    }

    /// Seen once more, in `packet`.
    pub fn again(&mut self, packet: PacketRef) {
        self.first = self.first.min(packet.time);
        self.last = self.last.max(packet.time);
        self.count = self.count.saturating_add(1);
        self.exemplars.add(packet);
    }

    /// Adds another's sightings.
    pub fn merge(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        for &packet in other.exemplars.iter() {
            self.exemplars.add(packet);
        }
    }
}

/// The lowest few packet references added, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemplars {
    /// Those that are there stand before those that are not.
    packets: [PacketRef; Self::MAX],
}

/// Stands for no packet: above all others.
const NONE: PacketRef = PacketRef { place: u64::MAX, time: Timestamp(i64::MAX) };

impl Default for Exemplars {
    fn default() -> Self {
        Self { packets: [NONE; Self::MAX] }
    }
}

impl Exemplars {
    /// How many packets are kept to show a fact.
    pub const MAX: usize = 3;

    /// A single exemplar.
    #[must_use]
    pub const fn one(packet: PacketRef) -> Self {
        Self { packets: [packet, NONE, NONE] }
    }

    /// The packets, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = &PacketRef> {
        self.packets.iter().take_while(|packet| **packet != NONE)
    }

    /// The lowest packet, if any was added.
    #[must_use]
    pub fn first(&self) -> Option<PacketRef> {
        self.iter().next().copied()
    }

    /// Adds a packet; the highest falls out when there are too many.
    pub fn add(&mut self, packet: PacketRef) {
        let at = self.packets.iter().take_while(|p| **p < packet).count();
        if at >= Self::MAX || self.packets[at] == packet {
            return;
        }
        self.packets[at..].rotate_right(1);
        self.packets[at] = packet;
    }
}

/// All statements of a capture, with their sightings.
pub type Observations = BTreeMap<Statement, Seen>;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(frame: u64) -> PacketRef {
        PacketRef::new(0, frame, Timestamp(i64::try_from(frame).unwrap()))
    }

    #[test]
    fn merging_does_not_depend_on_order() {
        let frames = [9, 2, 7, 2, 1, 8];
        let mut forward = Seen::once(packet(5));
        let mut backward = Seen::once(packet(8));
        for f in frames {
            forward.again(packet(f));
        }
        for f in [1, 2, 7, 2, 9, 5] {
            backward.again(packet(f));
        }
        assert_eq!(forward, backward);
        assert_eq!(forward.exemplars.iter().map(|p| p.frame()).collect::<Vec<_>>(), [1, 2, 5]);
    }

    #[test]
    fn places_are_kept_whole_and_in_order() {
        let at = |file, frame| PacketRef::new(file, frame, Timestamp(0));
        assert_eq!((at(7, 9_000_000_000).file(), at(7, 9_000_000_000).frame()), (7, 9_000_000_000));
        assert_eq!(at(u32::MAX, u64::MAX).file(), PacketRef::FILE_MAX);
        assert!(at(0, 2) < at(1, 1) && at(1, 1) < at(1, 2));
        let mut some = Exemplars::default();
        assert_eq!(some.first(), None);
        some.add(at(u32::MAX, u64::MAX));
        assert_eq!(some.iter().count(), 1);
    }

    #[test]
    fn values_are_cleaned_and_bounded() {
        let fact = Fact::new(Attribute::Model, " A\u{1b}[31m\tB\u{202e}\0 ", 50, "r").unwrap();
        assert_eq!(&*fact.value, "A[31m B");
        let long = Fact::new(Attribute::Model, &"é".repeat(500), 50, "r").unwrap();
        assert_eq!(long.value.len(), Fact::VALUE_BYTES_MAX);
        assert_eq!(Fact::new(Attribute::Model, " \0 ", 50, "r"), None);
    }
}
