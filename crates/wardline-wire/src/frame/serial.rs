//! Point to point links: PPP, PPP over Ethernet, Cisco HDLC.
//!
//! In: captured bytes (RFC 1661, 1662, 2516; tcpdump.org LINKTYPE pages). Out: the body.
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

/// PPP over Ethernet, session stage, from its own header.
pub(super) fn pppoe(bytes: &[u8]) -> Body<'_> {
    let Some((&[version, code, _, _, l0, l1], rest)) = bytes.split_first_chunk::<6>() else {
        return Body::Undecoded(Fault::Truncated("PPPoE header"));
    };
    if version != 0x11 || code != 0 {
        return Body::Link(LinkProtocol::EtherType(0x8864), bytes);
    }
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    match protocol(rest.get(..length).unwrap_or(rest)) {
        Body::Undecoded(Fault::Unsupported(_)) => Body::Link(LinkProtocol::EtherType(0x8864), bytes),
        body => body,
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
        [_, _, ..] => Body::Undecoded(Fault::Unsupported("PPP protocol")),
        _ => Body::Undecoded(Fault::Truncated("PPP protocol")),
    }
}
