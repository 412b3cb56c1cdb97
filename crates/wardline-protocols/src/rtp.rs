//! RTP (RFC 3550): speech and pictures between telephones, cameras and their servers.
//!
//! In: datagrams. Out: the protocol's name. Twelve bytes of which most may be anything are no signature: a flow is
//! only recognised after [`IN_ORDER_MIN`] packets of one source in order, with times that fit and one kind of
//! payload. Never read: the payload.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, rtcp};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rtp",
    carriers: &[Carrier::Datagram],
    ports: &[],
    probe,
    start: |_| Box::new(Rtp::default()),
};

/// Packets of one source that must follow each other.
const IN_ORDER_MIN: u8 = 3;
/// Packets that may lack between two: a mirror port loses some.
const LOST_MAX: u16 = 3;
/// Ticks between two packets: two seconds of the fastest clock in use, 90 kHz; silence is not sent.
const TICKS_MAX: u32 = 180_000;
/// Packets that do not fit before the claim is given up.
const STRANGE_MAX: u8 = 2;
/// Packets of both sides looked at before the claim is given up.
const PACKETS_MAX: u8 = 32;

/// The head of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    kind: u8,
    number: u16,
    time: u32,
    source: u32,
}

fn head(bytes: &[u8]) -> Option<Head> {
    let mut reader = Reader::new(bytes);
    let [first, second] = reader.array("RTP flags").ok()?;
    let kind = second & 0x7f;
    // Payload types of RFC 3551, the dynamic ones; between them stand RTCP's and reserved ones.
    if first >> 6 != 2 || !(matches!(kind, 0..=34) || matches!(kind, 96..=127)) {
        return None;
    }
    let number = reader.u16("RTP number").ok()?;
    let (time, source) = (reader.u32("RTP time").ok()?, reader.u32("RTP source").ok()?);
    reader.skip(usize::from(first & 15).saturating_mul(4), "contributing sources").ok()?;
    if first & 0x10 != 0 {
        reader.skip(2, "RTP extension").ok()?;
        let words = usize::from(reader.u16("RTP extension length").ok()?);
        reader.skip(words.saturating_mul(4), "RTP extension").ok()?;
    }
    if first & 0x20 != 0 {
        let padding = usize::from(*bytes.last()?);
        (1..=reader.len()).contains(&padding).then_some(())?;
    }
    // A source of zero, or time, number and source of one pattern, is a head of something else.
    let plain = source == 0 || source == u32::MAX || (time == 0 && number == 0 && source < 0x1_0000);
    (!plain && !reader.is_empty()).then_some(Head { kind, number, time, source })
}

fn probe(probe: &Probe<'_>) -> Verdict {
    // Media go between ports that the two sides agreed on, never a well-known one.
    let chosen = probe.ports.iter().all(|port| *port >= 1024);
    if chosen && head(probe.bytes).is_some() { Verdict::Maybe } else { Verdict::No }
}

#[derive(Default)]
struct Rtp {
    lanes: [Lane; 2],
    packets: u8,
    strange: u8,
}

/// One direction.
#[derive(Default)]
struct Lane {
    last: Option<Head>,
    in_order: u8,
}

impl Dissector for Rtp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.packets = self.packets.saturating_add(1);
        if rtcp::is_compound(bytes) {
            return Step::skip(bytes.len());
        }
        let lane = side.of(&mut self.lanes);
        let fits = match (head(bytes), lane.last) {
            (None, _) => false,
            (Some(head), None) => {
                *lane = Lane { last: Some(head), in_order: 1 };
                true
            }
            (Some(head), Some(last)) => {
                let follows = head.follows(last);
                // The mirror port may deliver a packet twice.
                if head != last {
                    *lane = Lane {
                        last: Some(head),
                        in_order: if follows { lane.in_order.saturating_add(1) } else { 1 },
                    };
                }
                follows || head == last
            }
        };
        self.strange = self.strange.saturating_add(u8::from(!fits));
        if self.strange > STRANGE_MAX || self.packets > PACKETS_MAX {
            return Step::Withdraw;
        }
        if side.of(&mut self.lanes).in_order >= IN_ORDER_MIN {
            notes.confirmed = true;
            return Step::Done;
        }
        Step::skip(bytes.len())
    }
}

impl Head {
    /// Whether this is the next packet of the same source, or nearly the next.
    fn follows(self, last: Self) -> bool {
        let step = self.number.wrapping_sub(last.number);
        let ticks = self.time.wrapping_sub(last.time);
        self.source == last.source
            && (1..=LOST_MAX.saturating_add(1)).contains(&step)
            && ticks <= TICKS_MAX
            && self.kind == last.kind
    }
}
