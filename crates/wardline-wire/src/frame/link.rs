//! Links: Ethernet II and 802.3 with LLC/SNAP, tags, Linux cooked, BSD loopback, raw IP.
//!
//! In: captured bytes of one link type (IEEE 802.3, 802.1Q, 802.1ad, RFC 1042; tcpdump.org LINKTYPE pages).
//! Out: addresses, VLANs and the body. Limits: [`TAGS_MAX`] tags. Refused: tag protocols of single switches (DSA), ISL.

use super::{Body, Frame, LinkProtocol, Vlans, ip};
use crate::Fault;
use wardline_model::Mac;

/// Tags and SNAP headers stepped over: twice what any network stacks, so that a frame made of tags ends.
const TAGS_MAX: usize = 8;

/// Largest 802.3 length field; from 0600 on the field is an ethertype.
const LENGTH_MAX: u16 = 1500;

/// Ethernet II or 802.3, from the destination address.
#[inline(always)]
pub(super) fn ethernet<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1], rest)) =
        bytes.split_first_chunk::<14>()
    else {
        frame.body = Body::Undecoded(Fault::Truncated("Ethernet header"));
        return;
    };
    frame.source = Some(Mac([s0, s1, s2, s3, s4, s5]));
    frame.destination = Some(Mac([d0, d1, d2, d3, d4, d5]));
    payload(u16::from_be_bytes([t0, t1]), rest, frame);
}

/// Ethernet out of line, where speed does not matter.
#[inline(never)]
pub(super) fn ethernet_apart<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    ethernet(bytes, frame);
}

/// Linux cooked v1: packet type, ARPHRD, address length, address, protocol.
pub(super) fn cooked<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    let Some((&[_, _, _, _, l0, l1, a0, a1, a2, a3, a4, a5, _, _, p0, p1], rest)) =
        bytes.split_first_chunk::<16>()
    else {
        frame.body = Body::Undecoded(Fault::Truncated("Linux cooked header"));
        return;
    };
    frame.source = ([l0, l1] == [0, 6]).then_some(Mac([a0, a1, a2, a3, a4, a5]));
    cooked_body(u16::from_be_bytes([p0, p1]), rest, frame);
}

/// Linux cooked v2: protocol, reserved, interface, ARPHRD, packet type, address length, address.
pub(super) fn cooked2<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    let Some((&[p0, p1, _, _, _, _, _, _, _, _, _, length, a0, a1, a2, a3, a4, a5, _, _], rest)) =
        bytes.split_first_chunk::<20>()
    else {
        frame.body = Body::Undecoded(Fault::Truncated("Linux cooked header"));
        return;
    };
    frame.source = (length == 6).then_some(Mac([a0, a1, a2, a3, a4, a5]));
    cooked_body(u16::from_be_bytes([p0, p1]), rest, frame);
}

/// The protocol field of a cooked header is an ethertype, or a small number of Linux's own.
fn cooked_body<'a>(protocol: u16, rest: &'a [u8], frame: &mut Frame<'a>) {
    match protocol {
        0x0004 => logical(rest, frame),
        0x0000..=LENGTH_MAX => frame.body = Body::Undecoded(Fault::Unsupported("Linux cooked protocol")),
        kind => payload(kind, rest, frame),
    }
}

/// LLC and what is below it.
pub(super) fn logical<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    follow(&llc(bytes), frame);
}

/// SNAP, where something else than LLC announced it.
pub(super) fn snap_behind<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) {
    follow(&snap(bytes), frame);
}

fn follow<'a>(step: &Step<'a>, frame: &mut Frame<'a>) {
    match *step {
        Step::Done(body) => frame.body = body,
        Step::Next(kind, rest) => stack(kind, rest, frame),
    }
}

/// What follows an ethertype, where speed does not matter.
pub(super) fn payload_apart<'a>(kind: u16, rest: &'a [u8], frame: &mut Frame<'a>) {
    stack(kind, rest, frame);
}

/// BSD loopback: four bytes of address family, in the order of whichever machine wrote them.
pub(super) fn loopback(bytes: &[u8]) -> Body<'_> {
    let Some((family, rest)) = bytes.split_first_chunk::<4>() else {
        return Body::Undecoded(Fault::Truncated("loopback header"));
    };
    let little = u32::from_le_bytes(*family);
    let family = if little > 0xffff { u32::from_be_bytes(*family) } else { little };
    match family {
        2 => ip::packet4(rest),
        // Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS: each numbers IPv6 its own way.
        10 | 23 | 24 | 28 | 30 => ip::packet6(rest),
        _ => Body::Undecoded(Fault::Unsupported("loopback address family")),
    }
}

/// Raw IP. Old OpenBSD files number their loopback as others number raw IP: a family precedes the packet there.
pub(super) fn raw(bytes: &[u8]) -> Body<'_> {
    match bytes.first() {
        Some(first) if first >> 4 == 4 => ip::packet4(bytes),
        Some(first) if first >> 4 == 6 => ip::packet6(bytes),
        Some(0) => loopback(bytes),
        Some(_) => Body::Undecoded(Fault::Malformed("IP version")),
        None => Body::Undecoded(Fault::Truncated("IP header")),
    }
}

/// What follows an ethertype (or 802.3 length) field. Nearly all frames are IP: that path is in line, so that the
/// packet is written where it stays.
#[inline(always)]
pub(super) fn payload<'a>(kind: u16, rest: &'a [u8], frame: &mut Frame<'a>) {
    match kind {
        0x0800 => ip::v4(rest, &mut frame.body),
        0x86dd => ip::v6(rest, &mut frame.body),
        _ => stack(kind, rest, frame),
    }
}

/// Tags, LLC and what is below them.
#[inline(never)]
fn stack<'a>(mut kind: u16, mut rest: &'a [u8], frame: &mut Frame<'a>) {
    for _ in 0..=TAGS_MAX {
        let step = match kind {
            0x0800 => return ip::v4(rest, &mut frame.body),
            0x86dd => return ip::v6(rest, &mut frame.body),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => vlan(rest, &mut frame.vlans),
            // VN-Tag, 802.1BR E-Tag, Cisco metadata (TrustSec group): no VLAN in them, an ethertype behind.
            0x8926 => tag::<6>(rest),
            0x893f | 0x8909 => tag::<8>(rest),
            0x0000..=LENGTH_MAX => llc(rest.get(..usize::from(kind)).unwrap_or(rest)),
            other => Step::Done(protocol(other, rest)),
        };
        match step {
            Step::Next(inner, after) => (kind, rest) = (inner, after),
            Step::Done(body) => {
                frame.body = body;
                return;
            }
        }
    }
    frame.body = Body::Undecoded(Fault::TooLarge("stack of tags"));
}

/// A protocol on the link by its ethertype.
fn protocol(kind: u16, bytes: &[u8]) -> Body<'_> {
    match kind {
        0x0806 => Body::Link(LinkProtocol::Arp, bytes),
        0x888e => Body::Link(LinkProtocol::Eapol, bytes),
        0x88cc => Body::Link(LinkProtocol::Lldp, bytes),
        0x0000..0x0600 => Body::Undecoded(Fault::Malformed("Ethernet length")),
        other => Body::Link(LinkProtocol::EtherType(other), bytes),
    }
}

/// An 802.1Q tag.
#[inline(always)]
fn vlan<'a>(bytes: &'a [u8], vlans: &mut Vlans) -> Step<'a> {
    let Some((&[i0, i1, t0, t1], rest)) = bytes.split_first_chunk::<4>() else {
        return Step::Done(Body::Undecoded(Fault::Truncated("VLAN tag")));
    };
    let id = u16::from_be_bytes([i0, i1]) & 0x0fff;
    if id != 0 {
        vlans.push(id);
    }
    Step::Next(u16::from_be_bytes([t0, t1]), rest)
}

/// A tag of `N` bytes whose last two are the ethertype of what follows.
fn tag<const N: usize>(bytes: &[u8]) -> Step<'_> {
    let split = bytes.split_first_chunk::<N>();
    match split.and_then(|(head, rest)| Some((head.last_chunk::<2>()?, rest))) {
        Some((kind, rest)) => Step::Next(u16::from_be_bytes(*kind), rest),
        None => Step::Done(Body::Undecoded(Fault::Truncated("tag"))),
    }
}

/// What a header of the link leads to.
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
        (0x06, 0x03) => ip::packet4(rest),
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
