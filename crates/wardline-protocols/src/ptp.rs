//! PTP (IEEE 1588-2002, -2008, -2019) over UDP and Ethernet: exact time.
//!
//! In: datagrams and frames. Out: the protocol's name. Refuses: clock
//! identities, which transparent clocks pass on as others wrote them.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_wire::frame::LinkProtocol;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ptp",
    carriers: &[Carrier::Datagram, Carrier::Link(LinkProtocol::EtherType(0x88f7))],
    ports: &[319, 320],
    probe,
    start: |_| Box::new(Ptp),
};

/// Bytes that IPv6 senders may add (IEEE 1588-2008 annex E.3).
const ADDED_MAX: usize = 2;
/// Bytes of a message of version 1 up to its flags.
const ONE_MIN: usize = 40;

struct Ptp;

/// Shortest length of a message of version 2, by its kind (IEEE 1588-2019 section 13).
const fn least(kind: u8) -> Option<u16> {
    match kind {
        // Sync, delay request, follow-up.
        0 | 1 | 8 => Some(44),
        // Path delay request and response, delay response, path delay follow-up.
        2 | 3 | 9 | 10 => Some(54),
        // Announce.
        11 => Some(64),
        // Signalling, management.
        12 => Some(44),
        13 => Some(48),
        _ => None,
    }
}

fn is_two(bytes: &[u8]) -> bool {
    let &[first, version, a, b, _, _, ..] = bytes else { return false };
    let length = u16::from_be_bytes([a, b]);
    let whole = usize::from(length);
    let fits = bytes.len() >= whole && bytes.len() <= whole.saturating_add(ADDED_MAX);
    version & 0x0f == 2
        && version >> 4 <= 1
        && fits
        && least(first & 0x0f).is_some_and(|least| length >= least)
}

fn is_one(bytes: &[u8]) -> bool {
    let Some((&[0, 1, 0, 1], rest)) = bytes.split_first_chunk::<4>() else { return false };
    // The subdomain's name, then event or general, then a medium.
    let named = rest.first().is_some_and(u8::is_ascii_graphic);
    named && bytes.len() >= ONE_MIN && matches!(rest.get(16), Some(1 | 2))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let usual = probe.port(319) || probe.port(320);
    if usual && (is_two(probe.bytes) || is_one(probe.bytes)) { Verdict::Yes } else { Verdict::No }
}

impl Dissector for Ptp {
    fn read(&mut self, _side: Side, _bytes: &[u8], _notes: &mut Notes) -> Step {
        Step::Done
    }
}
