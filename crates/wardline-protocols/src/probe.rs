//! Recognition by first bytes.

use crate::{Carrier, Side};

/// A protocol's answer to a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is not.
    No,
    /// It may be, more bytes are needed to tell; asked again when there are more.
    More,
    /// It may be: start the dissector, whose notes are held until it confirms.
    Maybe,
    /// It is.
    Yes,
}

/// The first bytes of a flow, or of its next packet when picked up in the middle.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// What carries the flow.
    pub carrier: Carrier,
    /// The side whose bytes have just arrived.
    pub side: Side,
    /// Those bytes: for streams up to 2 KiB from the side's first, for datagrams the whole.
    pub bytes: &'a [u8],
    /// What the other side sent before, from its first byte; often empty.
    pub other: &'a [u8],
    /// Ports, opener's and accepter's. They only rank guesses; never claim on a port alone.
    pub ports: [u16; 2],
    /// Whether the first byte of the stream is the first of `bytes` (a SYN was seen, or a datagram).
    pub from_start: bool,
}

impl Probe<'_> {
    /// Whether either end uses the port.
    #[must_use]
    pub fn port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// `Yes` when the bytes start with `magic`, `More` when they are a shorter start of it, `No` otherwise.
    #[must_use]
    pub fn starts_with(&self, magic: &[u8]) -> Verdict {
        if self.bytes.starts_with(magic) {
            Verdict::Yes
        } else if magic.starts_with(self.bytes) {
            Verdict::More
        } else {
            Verdict::No
        }
    }
}
