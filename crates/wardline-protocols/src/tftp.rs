//! TFTP (RFC 1350; options RFC 2347): that files are loaded without any login, often firmware and settings.
//!
//! In: datagrams. A request goes to port 69 and is answered from a fresh port: that is another flow, recognised
//! when it begins with block 1 or an acknowledgement of options and the other side acknowledges exactly that.
//! Out: the protocol's name. Never kept: names of files and what is in them.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "tftp",
    carriers: &[Carrier::Datagram],
    ports: &[69],
    probe,
    start: |_| Box::new(Tftp::default()),
};

/// Options known (RFC 2348, RFC 2349, RFC 7440, RFC 2090), by which an acknowledgement of them is recognised.
const OPTIONS: [&[u8]; 6] = [b"blksize", b"timeout", b"tsize", b"windowsize", b"multicast", b"blksize2"];
/// Kinds of packet (RFC 1350 section 5, RFC 2347).
const DATA: u8 = 3;
const ACKNOWLEDGE: u8 = 4;
const FAILED: u8 = 5;
/// Packets after which a transfer that was not acknowledged is something else.
const PACKETS_MAX: u8 = 8;

#[derive(Default)]
struct Tftp {
    packets: u8,
    /// What was sent last and by whom: kind and block.
    last: Option<(Side, u8, u16)>,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some((&[0, kind], rest)) = probe.bytes.split_first_chunk::<2>() else { return Verdict::No };
    // Only a transfer's own flow begins with its first block.
    let fresh = probe.from_start && probe.ports.iter().all(|port| *port >= 1024);
    match kind {
        1 | 2 if is_request(rest) => Verdict::Yes,
        DATA if fresh && rest.starts_with(&[0, 1]) && rest.len() > 2 => Verdict::Maybe,
        ACKNOWLEDGE if fresh && rest == [0, 0] => Verdict::Maybe,
        FAILED if fresh && is_error(rest) => Verdict::Yes,
        6 if fresh && is_options(rest) => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// Strings that each end with a zero, up to the end.
fn strings(bytes: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    bytes.strip_suffix(&[0]).map(|bytes| bytes.split(|byte| *byte == 0))
}

fn is_request(rest: &[u8]) -> bool {
    let Some(mut strings) = strings(rest) else { return false };
    let (Some(name), Some(mode)) = (strings.next(), strings.next()) else { return false };
    let mode = [&b"octet"[..], b"netascii", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known));
    mode && !name.is_empty() && name.iter().all(|byte| *byte >= 0x20)
}

fn is_options(rest: &[u8]) -> bool {
    let Some(mut strings) = strings(rest) else { return false };
    let mut count = 0_u8;
    while let Some(name) = strings.next() {
        let Some(value) = strings.next() else { return false };
        let known = OPTIONS.iter().any(|known| name.eq_ignore_ascii_case(known));
        let number = value.iter().all(|byte| byte.is_ascii_digit() || b".,".contains(byte));
        if !known || !number || value.is_empty() {
            return false;
        }
        count = count.saturating_add(1);
    }
    count > 0
}

fn is_error(rest: &[u8]) -> bool {
    let [0, 0..=8, text @ .., 0] = rest else { return false };
    text.len() >= 4 && text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

impl Dissector for Tftp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let mut reader = Reader::new(bytes);
        let (Ok(kind), Ok(number)) = (reader.u16("kind"), reader.u16("block")) else {
            return Step::Withdraw;
        };
        let kind = u8::try_from(kind).unwrap_or(u8::MAX);
        match kind {
            1 | 2 => {
                notes.requester = Some(side);
                notes.encrypted = Some(false);
                return Step::Done;
            }
            FAILED | 6 => {
                // Sent by the server, in answer to a request on its well-known port.
                notes.requester.get_or_insert(side.peer());
                return Step::Done;
            }
            _ => {}
        }
        self.packets = self.packets.saturating_add(1);
        let acknowledged = matches!((kind, self.last), (ACKNOWLEDGE, Some((sender, DATA, block)))
            if sender != side && block == number && bytes.len() == 4);
        match self.last {
            // The first packet of this flow is the server's.
            None => {
                notes.requester.get_or_insert(side.peer());
            }
            Some(_) if acknowledged => {
                notes.confirmed = true;
                return Step::Done;
            }
            Some(_) if !matches!(kind, DATA | ACKNOWLEDGE) || self.packets > PACKETS_MAX => {
                return Step::Withdraw;
            }
            Some((sender, DATA, _)) if sender != side => return Step::Withdraw,
            Some(_) => {}
        }
        self.last = Some((side, kind, number));
        Step::skip(bytes.len())
    }
}
