//! GTP (3GPP TS 29.060, 29.274, 29.281): tunnels and their control between the nodes of mobile networks.
//!
//! In: datagrams. Out: the protocol's name. Refuses: everything inside; control messages name subscribers, their
//! numbers and where they are.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "gtp",
    carriers: &[Carrier::Datagram],
    ports: &[2123, 2152, 3386],
    probe,
    start: |_| Box::new(Gtp),
};

/// Bytes before those that the length of version 1 counts.
const HEAD_ONE: usize = 8;
/// The same of version 2.
const HEAD_TWO: usize = 4;
/// A user's packet.
const USER_PACKET: u8 = 255;

struct Gtp;

fn probe(probe: &Probe<'_>) -> Verdict {
    let usual = PROTOCOL.ports.iter().any(|port| probe.port(*port));
    let Some((&[first, kind, a, b], _)) = probe.bytes.split_first_chunk::<4>() else { return Verdict::No };
    let length = usize::from(u16::from_be_bytes([a, b]));
    let user = probe.port(2152);
    let fits = match (first >> 5, kind) {
        // Version 1, not primed, reserved bit clear.
        (1, USER_PACKET) => {
            user && first & 0x18 == 0x10 && length.saturating_add(HEAD_ONE) == probe.bytes.len()
        }
        (1, 1..=129) => first & 0x18 == 0x10 && length.saturating_add(HEAD_ONE) == probe.bytes.len(),
        // Version 2, not piggybacked, spare bits clear.
        (2, 1..=211) => first & 0x13 == 0 && length.saturating_add(HEAD_TWO) == probe.bytes.len(),
        _ => false,
    };
    if usual && fits { Verdict::Yes } else { Verdict::No }
}

impl Dissector for Gtp {
    fn read(&mut self, _side: Side, _bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        Step::Done
    }
}
