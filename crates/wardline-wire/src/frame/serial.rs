//! Point to point links: PPP, Cisco HDLC.
//!
//! In: captured bytes (RFC 1661, 1662, 3032; tcpdump.org LINKTYPE pages). Out: the body.
//! Refused: control protocols (LCP, IPCP) and compressed headers: they name no device.

use super::{Body, Frame, LinkProtocol, ip, link};
use crate::Fault;

/// PPP, with or without the address and control bytes of HDLC; Cisco HDLC where those say so.
pub(super) fn ppp(bytes: &[u8]) -> Body<'_> {
    match bytes {
        [0xff, 0x03, rest @ ..] => protocol(rest),
        [0x0f | 0x8f, 0x00, ..] => cisco_hdlc(bytes),
        _ => protocol(bytes),
    }
}

/// PPP behind a byte that says which way it went; that byte may stand for the address of HDLC.
pub(super) fn ppp_directed(bytes: &[u8]) -> Body<'_> {
    match bytes {
        [_, 0x03, rest @ ..] => protocol(rest),
        [_, rest @ ..] => ppp(rest),
        [] => Body::Undecoded(Fault::Truncated("PPP direction")),
    }
}

/// Cisco HDLC: address, control, ethertype.
pub(super) fn cisco_hdlc(bytes: &[u8]) -> Body<'_> {
    let Some((&[_, _, t0, t1], rest)) = bytes.split_first_chunk::<4>() else {
        return Body::Undecoded(Fault::Truncated("HDLC header"));
    };
    match u16::from_be_bytes([t0, t1]) {
        0x2000 => Body::Link(LinkProtocol::Cdp, rest),
        kind if kind >= 0x0600 => {
            let mut frame = Frame::bare(Body::Undecoded(Fault::Unsupported("HDLC protocol")));
            link::payload(kind, rest, &mut frame);
            frame.body
        }
        _ => Body::Undecoded(Fault::Unsupported("HDLC protocol")),
    }
}

/// The protocol field of PPP: two bytes, or one odd byte when compressed.
fn protocol(bytes: &[u8]) -> Body<'_> {
    match bytes {
        [0x00, 0x21, rest @ ..] | [0x21, rest @ ..] => ip::packet4(rest),
        [0x00, 0x57, rest @ ..] | [0x57, rest @ ..] => ip::packet6(rest),
        [0x02, 0x81 | 0x83, rest @ ..] => Body::Link(LinkProtocol::EtherType(0x8847), rest),
        [_, _, ..] => Body::Undecoded(Fault::Unsupported("PPP protocol")),
        _ => Body::Undecoded(Fault::Truncated("PPP protocol")),
    }
}
