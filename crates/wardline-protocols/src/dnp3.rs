//! DNP3 (IEEE 1815) over TCP and UDP: that it is spoken, and which side is the master.
//!
//! In: link frames, each head with its own checksum. Out: the roles by the direction bit. Everything above the
//! link layer is stepped over.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dnp3",
    carriers: &[Carrier::Stream, Carrier::Datagram],
    ports: &[20_000, 19_999],
    probe,
    start: |_| Box::new(Dnp3),
};

/// Bytes of a link head with its checksum.
const HEAD: usize = 10;
/// Data bytes between two checksums.
const BLOCK: usize = 16;
/// Control bit: sent by a master.
const FROM_MASTER: u8 = 0x80;
/// The polynomial of IEEE 1815 section 9.2.4.3, bits reversed.
const POLYNOMIAL: u16 = 0xA6BC;

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.bytes {
        [0x05] | [0x05, 0x64] => Verdict::More,
        [0x05, 0x64, ..] if probe.bytes.len() < HEAD => Verdict::More,
        bytes if head(bytes).is_some() => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// Control byte and whole length of the frame, when its head is right.
fn head(bytes: &[u8]) -> Option<(u8, usize)> {
    let &[first, second, length, control, a, b, c, d, low, high] = bytes.first_chunk::<HEAD>()?;
    let right = checksum(&[first, second, length, control, a, b, c, d]) == u16::from_le_bytes([low, high]);
    let data = usize::from(length).checked_sub(5)?;
    let checks = data.div_ceil(BLOCK).saturating_mul(2);
    (right && [first, second] == [5, 0x64])
        .then_some((control, HEAD.saturating_add(data).saturating_add(checks)))
}

fn checksum(bytes: &[u8]) -> u16 {
    !bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(
            sum ^ u16::from(*byte),
            |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 }
            },
        )
    })
}

struct Dnp3;

impl Dissector for Dnp3 {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        if bytes.len() < HEAD && bytes.first() == Some(&5) {
            return Step::More(HEAD);
        }
        if let Some((control, length)) = head(bytes) {
            let master = if control & FROM_MASTER == 0 { side.peer() } else { side };
            notes.requester.get_or_insert(master);
            return Step::skip(length);
        }
        notes.malformed = true;
        // On to the next head.
        let next = memchr::memchr(5, bytes.get(1..).unwrap_or_default()).map(|at| at.saturating_add(1));
        Step::skip(next.unwrap_or(bytes.len()))
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}
