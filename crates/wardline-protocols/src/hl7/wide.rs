//! HL7 in UTF-16, which some senders put on the wire whole though MLLP forbids it: as UTF-8 to the reader.
//!
//! In: a stream that begins with a header in one- or two-byte characters. Out: what the reader of messages says.
//! Block characters stand alone or as characters. Limit: [`HELD_MAX`] bytes of an unfinished segment are held.

use super::Hl7;
use super::segment::{Header, header};
use crate::{Dissector, Notes, Side, Step, Verdict};

/// Bytes of an unfinished segment held per side: as many as the reader looks at, and some.
const HELD_MAX: usize = 8_192;
/// Bytes of a header that are narrowed to look at its separators.
const HEADER_MAX: usize = 32;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    /// Of the first bytes of a header: a mark, or the place of the zero beside an `M`, `F` or `B`.
    const fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFE, 0xFF, ..] | [0, b'M' | b'F' | b'B', 0, ..] => Some(Self::Big),
            [0xFF, 0xFE, ..] | [b'M' | b'F' | b'B', 0, ..] => Some(Self::Little),
            _ => None,
        }
    }

    /// Whether a block character or line end stands here as a single byte, between messages; as a first byte of
    /// a character it would belong to a script that names no device.
    const fn is_lone(self, pair: [u8; 2]) -> bool {
        let [first, second] = pair;
        matches!(first, 0x0B | 0x1C | b'\r') && (matches!(self, Self::Big) || second != 0)
    }

    const fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(pair),
            Self::Little => u16::from_le_bytes(pair),
        }
    }
}

/// Whether a header in two-byte characters begins here; `None` when it is none.
pub(super) fn probe(bytes: &[u8]) -> Option<Verdict> {
    if matches!(bytes, [0] | [0xFE | 0xFF]) {
        return Some(Verdict::More);
    }
    let order = Order::of(bytes)?;
    let (pairs, _) = bytes.get(..HEADER_MAX.min(bytes.len()))?.as_chunks::<2>();
    let units = pairs.iter().map(|pair| order.unit(*pair)).filter(|unit| *unit != 0xFEFF);
    let narrow: Option<Vec<u8>> = units.map(|unit| u8::try_from(unit).ok()).collect();
    Some(match header(&narrow?) {
        Header::Is(_) => Verdict::Yes,
        Header::Cut => Verdict::More,
        Header::Not => return None,
    })
}

/// A reader of either kind of stream.
#[derive(Default)]
pub(super) struct Wide {
    inner: Hl7,
    /// Whether the streams were looked at, and how they are written.
    order: Option<Option<Order>>,
    lanes: [Vec<u8>; 2],
}

impl Dissector for Wide {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let order = *self.order.get_or_insert_with(|| {
            let start = bytes.iter().position(|b| !super::DELIMITERS.contains(b)).unwrap_or_default();
            let start = bytes.get(start..).unwrap_or_default();
            probe(start).and_then(|_| Order::of(start))
        });
        let Some(order) = order else { return self.inner.read(side, bytes, notes) };
        let (pairs, rest) = bytes.as_chunks::<2>();
        match (pairs.first(), rest) {
            (Some(&[first, second]), _) if order.is_lone([first, second]) => {
                self.narrow(side, &[u16::from(first)], notes);
                return Step::Skip(1);
            }
            (None, &[byte]) if order.is_lone([byte, 0]) => {
                self.narrow(side, &[u16::from(byte)], notes);
                return Step::Skip(1);
            }
            (None, _) => return Step::More(2),
            _ => {}
        }
        let end = pairs.iter().position(|pair| order.is_lone(*pair)).unwrap_or(pairs.len());
        let units: Vec<u16> = pairs.iter().take(end).map(|pair| order.unit(*pair)).collect();
        self.narrow(side, &units, notes);
        Step::skip(end.saturating_mul(2))
    }

    fn gap(&mut self, side: Side, count: Option<u64>, notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).clear();
        let step = self.inner.gap(side, count, notes);
        // Whether a character was cut cannot be told unless an even count is missing.
        let whole = count.is_some_and(|count| count.is_multiple_of(2));
        if whole || !matches!(self.order, Some(Some(_))) { step } else { Step::Done }
    }
}

impl Wide {
    /// Gives characters to the reader, and holds what it waits with.
    fn narrow(&mut self, side: Side, units: &[u16], notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        let mut held = std::mem::take(lane);
        let mut room = [0_u8; 4];
        for c in char::decode_utf16(units.iter().copied()) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            if c != '\u{FEFF}' {
                held.extend_from_slice(c.encode_utf8(&mut room).as_bytes());
            }
        }
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            match self.inner.next(side, rest, notes) {
                0 => break,
                read => rest = rest.get(read..).unwrap_or_default(),
            }
        }
        *side.of(&mut self.lanes) = rest.get(..HELD_MAX.min(rest.len())).unwrap_or_default().to_vec();
    }
}
