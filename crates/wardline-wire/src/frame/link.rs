//! Links: Ethernet II and 802.3 with LLC/SNAP, tags, Linux cooked, BSD loopback, raw IP.
//!
//! In: captured bytes of one link type (IEEE 802.3, 802.1Q, 802.1ad, RFC 1042; tcpdump.org LINKTYPE pages).
//! Out: addresses, VLANs and the body. Limits: [`TAGS_MAX`] tags, [`LABELS_MAX`] MPLS labels.
//! Refused: tag protocols of single switches (DSA), ISL, pseudo-wires.

use super::{Body, Frame, LinkProtocol, Vlans, ip, serial};
use crate::Fault;
use wardline_model::Mac;

/// Tags and SNAP headers stepped over: twice what any network stacks, so that a frame made of tags ends.
const TAGS_MAX: usize = 8;

/// MPLS labels stepped over: deeper stacks are not seen outside of attacks.
const LABELS_MAX: usize = 16;

/// Largest 802.3 length field; from 0600 on the field is an ethertype.
const LENGTH_MAX: u16 = 1500;

/// Ethernet II or 802.3, from the destination address.
#[inline]
pub(super) fn ethernet(bytes: &[u8]) -> Frame<'_> {
    ethernet_frame(bytes, false)
}

/// An Ethernet frame, possibly inside another: Cisco FabricPath, 802.1ah. Inside of those no further one is read.
fn ethernet_frame(bytes: &[u8], inner: bool) -> Frame<'_> {
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1], rest)) =
        bytes.split_first_chunk::<14>()
    else {
        return Frame::bare(Body::Undecoded(Fault::Truncated("Ethernet header")));
    };
    let kind = u16::from_be_bytes([t0, t1]);
    // A whole frame inside a backbone's: the addresses of the stations are those inside.
    match kind {
        0x8903 if !inner => return ethernet_frame(rest.get(2..).unwrap_or_default(), true),
        0x88e7 if !inner => return ethernet_frame(rest.get(4..).unwrap_or_default(), true),
        _ => {}
    }
    let mut vlans = Vlans::default();
    let body = payload(kind, rest, &mut vlans);
    Frame {
        source: Some(Mac([s0, s1, s2, s3, s4, s5])),
        destination: Some(Mac([d0, d1, d2, d3, d4, d5])),
        vlans,
        body,
    }
}

/// Linux cooked v1: packet type, ARPHRD, address length, address, protocol.
pub(super) fn cooked(bytes: &[u8]) -> Frame<'_> {
    let Some((&[_, _, _, _, l0, l1, a0, a1, a2, a3, a4, a5, _, _, p0, p1], rest)) =
        bytes.split_first_chunk::<16>()
    else {
        return Frame::bare(Body::Undecoded(Fault::Truncated("Linux cooked header")));
    };
    let source = ([l0, l1] == [0, 6]).then_some(Mac([a0, a1, a2, a3, a4, a5]));
    cooked_body(source, u16::from_be_bytes([p0, p1]), rest)
}

/// Linux cooked v2: protocol, reserved, interface, ARPHRD, packet type, address length, address.
pub(super) fn cooked2(bytes: &[u8]) -> Frame<'_> {
    let Some((&[p0, p1, _, _, _, _, _, _, _, _, _, length, a0, a1, a2, a3, a4, a5, _, _], rest)) =
        bytes.split_first_chunk::<20>()
    else {
        return Frame::bare(Body::Undecoded(Fault::Truncated("Linux cooked header")));
    };
    let source = (length == 6).then_some(Mac([a0, a1, a2, a3, a4, a5]));
    cooked_body(source, u16::from_be_bytes([p0, p1]), rest)
}

/// The protocol field of a cooked header is an ethertype, or a small number of Linux's own.
fn cooked_body(source: Option<Mac>, protocol: u16, rest: &[u8]) -> Frame<'_> {
    let mut vlans = Vlans::default();
    let body = match protocol {
        0x0004 => match llc(rest) {
            Step::Done(body) => body,
            Step::Next(kind, rest) => payload(kind, rest, &mut vlans),
        },
        0x0000..=LENGTH_MAX => Body::Undecoded(Fault::Unsupported("Linux cooked protocol")),
        kind => payload(kind, rest, &mut vlans),
    };
    Frame { source, destination: None, vlans, body }
}

/// BSD loopback: four bytes of address family, in the order of whichever machine wrote them.
pub(super) fn loopback(bytes: &[u8]) -> Body<'_> {
    let Some((family, rest)) = bytes.split_first_chunk::<4>() else {
        return Body::Undecoded(Fault::Truncated("loopback header"));
    };
    let little = u32::from_le_bytes(*family);
    let family = if little > 0xffff { u32::from_be_bytes(*family) } else { little };
    match family {
        2 => Body::of(ip::v4(rest)),
        // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS: each numbers IPv6 its own way.
        10 | 23 | 24 | 28 | 30 => Body::of(ip::v6(rest)),
        _ => Body::Undecoded(Fault::Unsupported("loopback address family")),
    }
}

/// Raw IP. Old OpenBSD files number their loopback as others number raw IP: a family precedes the packet there.
pub(super) fn raw(bytes: &[u8]) -> Body<'_> {
    match bytes.first() {
        Some(first) if first >> 4 == 4 => Body::of(ip::v4(bytes)),
        Some(first) if first >> 4 == 6 => Body::of(ip::v6(bytes)),
        Some(0) => loopback(bytes),
        Some(_) => Body::Undecoded(Fault::Malformed("IP version")),
        None => Body::Undecoded(Fault::Truncated("IP header")),
    }
}

/// What follows an ethertype (or 802.3 length) field, tags stepped over.
#[inline]
pub(super) fn payload<'a>(mut kind: u16, mut rest: &'a [u8], vlans: &mut Vlans) -> Body<'a> {
    for _ in 0..=TAGS_MAX {
        match kind {
            0x0800 => return Body::of(ip::v4(rest)),
            0x86dd => return Body::of(ip::v6(rest)),
            0x0806 => return Body::Link(LinkProtocol::Arp, rest),
            0x888e => return Body::Link(LinkProtocol::Eapol, rest),
            0x88cc => return Body::Link(LinkProtocol::Lldp, rest),
            0x8847 | 0x8848 => return mpls(kind, rest),
            0x8864 => return serial::pppoe(rest),
            0x0000..=LENGTH_MAX => match llc(rest.get(..usize::from(kind)).unwrap_or(rest)) {
                Step::Done(body) => return body,
                Step::Next(inner, after) => (kind, rest) = (inner, after),
            },
            0x05dd..=0x05ff => return Body::Undecoded(Fault::Malformed("Ethernet length")),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let Some((&[i0, i1, t0, t1], after)) = rest.split_first_chunk::<4>() else {
                    return Body::Undecoded(Fault::Truncated("VLAN tag"));
                };
                let id = u16::from_be_bytes([i0, i1]) & 0x0fff;
                if id != 0 {
                    vlans.push(id);
                }
                (kind, rest) = (u16::from_be_bytes([t0, t1]), after);
            }
            // VN-Tag, 802.1BR E-Tag, Cisco metadata (TrustSec group): no VLAN in them, an ethertype behind.
            0x8926 => match tag::<6>(rest) {
                Ok((inner, after)) => (kind, rest) = (inner, after),
                Err(fault) => return Body::Undecoded(fault),
            },
            0x893f | 0x8909 => match tag::<8>(rest) {
                Ok((inner, after)) => (kind, rest) = (inner, after),
                Err(fault) => return Body::Undecoded(fault),
            },
            other => return Body::Link(LinkProtocol::EtherType(other), rest),
        }
    }
    Body::Undecoded(Fault::TooLarge("stack of tags"))
}

/// A tag of `N` bytes whose last two are the ethertype of what follows.
fn tag<const N: usize>(bytes: &[u8]) -> Result<(u16, &[u8]), Fault> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(Fault::Truncated("tag"))?;
    let kind = head.last_chunk::<2>().ok_or(Fault::Truncated("tag"))?;
    Ok((u16::from_be_bytes(*kind), rest))
}

/// What an LLC header leads to.
enum Step<'a> {
    /// The end of the link layer.
    Done(Body<'a>),
    /// An ethertype and what follows it.
    Next(u16, &'a [u8]),
}

/// An 802.2 LLC header, with SNAP where it announces it.
fn llc(bytes: &[u8]) -> Step<'_> {
    let Some((&[destination, source, control], rest)) = bytes.split_first_chunk::<3>() else {
        return Step::Done(Body::Undecoded(Fault::Truncated("LLC header")));
    };
    if (destination, source, control) == (0xaa, 0xaa, 0x03) {
        return snap(rest);
    }
    // Information and supervisory frames carry a second control byte.
    let rest = if control & 0x03 == 0x03 { rest } else { rest.get(1..).unwrap_or_default() };
    Step::Done(match (destination, control) {
        (0x42, 0x03) => Body::Link(LinkProtocol::Stp, rest),
        (0x06, 0x03) => Body::of(ip::v4(rest)),
        _ => Body::Link(LinkProtocol::Llc(destination), rest),
    })
}

/// A SNAP header: an organisation and its protocol (RFC 1042, 802.1H).
fn snap(bytes: &[u8]) -> Step<'_> {
    let Some((&[o0, o1, o2, p0, p1], rest)) = bytes.split_first_chunk::<5>() else {
        return Step::Done(Body::Undecoded(Fault::Truncated("SNAP header")));
    };
    let protocol = u16::from_be_bytes([p0, p1]);
    match u32::from_be_bytes([0, o0, o1, o2]) {
        // A length is not allowed here: it would send us round for nothing.
        0x00_0000 | 0x00_00f8 if protocol > LENGTH_MAX => Step::Next(protocol, rest),
        0x00_000c if protocol == 0x2000 => Step::Done(Body::Link(LinkProtocol::Cdp, rest)),
        organisation => Step::Done(Body::Link(LinkProtocol::Snap(organisation, protocol), rest)),
    }
}

/// IP below MPLS labels (RFC 3032); what else is below them is not said in the frame, and is not guessed.
fn mpls(kind: u16, bytes: &[u8]) -> Body<'_> {
    let mut rest = bytes;
    for _ in 0..LABELS_MAX {
        let Some((&[_, _, bottom, _], after)) = rest.split_first_chunk::<4>() else {
            return Body::Undecoded(Fault::Truncated("MPLS label"));
        };
        rest = after;
        if bottom & 1 == 1 {
            return match rest.first().map(|first| first >> 4) {
                Some(4) => Body::of(ip::v4(rest)),
                Some(6) => Body::of(ip::v6(rest)),
                _ => Body::Link(LinkProtocol::EtherType(kind), bytes),
            };
        }
    }
    Body::Undecoded(Fault::TooLarge("stack of MPLS labels"))
}
