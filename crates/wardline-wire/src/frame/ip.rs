//! IPv4 (RFC 791) and IPv6 (RFC 8200) with extension headers.
//!
//! In: bytes from the version nibble, with whatever padding the link left behind. Out: [`IpPacket`].
//! A total length of 0 is taken from the capture: machines that let the card cut segments write it so, and so
//! do packets above 64 KiB. Limits: [`EXTENSIONS_MAX`]. Refused: what is encrypted (ESP).

use super::{Body, Fragment, IpPacket, length_of};
use crate::Fault;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Extension headers read: RFC 8504 5.3 lets hosts stop at 8; more only ever hide something.
const EXTENSIONS_MAX: usize = 16;

/// Length of the fixed IPv6 header.
const IPV6_HEADER: u32 = 40;

/// Protocol numbers of extension headers.
pub(super) mod extension {
    /// Hop-by-hop options.
    pub(in crate::frame) const HOP_BY_HOP: u8 = 0;
    /// Routing.
    pub(in crate::frame) const ROUTING: u8 = 43;
    /// Fragment.
    pub(in crate::frame) const FRAGMENT: u8 = 44;
    /// Authentication header, RFC 4302; also in IPv4.
    pub(in crate::frame) const AUTHENTICATION: u8 = 51;
    /// Destination options.
    pub(in crate::frame) const DESTINATION: u8 = 60;
    /// Mobility, RFC 6275.
    pub(in crate::frame) const MOBILITY: u8 = 135;
    /// Host identity, RFC 7401.
    pub(in crate::frame) const HOST_IDENTITY: u8 = 139;
    /// Shim6, RFC 5533.
    pub(in crate::frame) const SHIM6: u8 = 140;
}

/// Reads an IPv4 packet, where speed does not matter.
#[inline(never)]
pub(super) fn packet4(bytes: &[u8]) -> Body<'_> {
    let mut body = Body::Undecoded(Fault::Truncated("IPv4 header"));
    v4(bytes, &mut body);
    body
}

/// Reads an IPv6 packet, where speed does not matter.
#[inline(never)]
pub(super) fn packet6(bytes: &[u8]) -> Body<'_> {
    let mut body = Body::Undecoded(Fault::Truncated("IPv6 header"));
    v6(bytes, &mut body);
    body
}

/// Reads an IPv4 packet into its place.
#[inline(always)]
pub(super) fn v4<'a>(bytes: &'a [u8], body: &mut Body<'a>) {
    let Some((fixed, _)) = bytes.split_first_chunk::<20>() else {
        *body = Body::Undecoded(match bytes.first() {
            Some(first) if first >> 4 != 4 => Fault::Malformed("IPv4 version"),
            _ => Fault::Truncated("IPv4 header"),
        });
        return;
    };
    let &[first, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, ref addresses @ ..] = fixed;
    let &[s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let header = u16::from(first & 0x0f).saturating_mul(4);
    if first >> 4 != 4 || header < 20 {
        let what = if first >> 4 != 4 { "IPv4 version" } else { "IPv4 header length" };
        *body = Body::Undecoded(Fault::Malformed(what));
        return;
    }
    let length = match u16::from_be_bytes([l0, l1]) {
        0 => length_of(bytes),
        length => u32::from(length),
    };
    let captured = bytes.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(bytes);
    let Some(payload) = captured.get(usize::from(header)..) else {
        let lies = length < u32::from(header);
        let fault =
            if lies { Fault::Malformed("IPv4 total length") } else { Fault::Truncated("IPv4 options") };
        *body = Body::Undecoded(fault);
        return;
    };
    let place = u16::from_be_bytes([f0, f1]);
    let offset = u32::from(place & 0x1fff).saturating_mul(8);
    let fragment = Fragment { offset, more: place & 0x2000 != 0 };
    *body = Body::Ip(IpPacket {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        ttl,
        identification: u32::from(u16::from_be_bytes([i0, i1])),
        fragment: if place & 0x3fff == 0 { None } else { Some(fragment) },
        length,
        protocol,
        payload,
        missing: length.saturating_sub(length_of(captured)),
    });
    if protocol == extension::AUTHENTICATION && place & 0x3fff == 0 {
        extend(body);
    }
}

/// Reads an IPv6 packet into its place.
#[inline(always)]
pub(super) fn v6<'a>(bytes: &'a [u8], body: &mut Body<'a>) {
    let Some((&[first, _, _, _, l0, l1, protocol, ttl, ref addresses @ ..], rest)) =
        bytes.split_first_chunk::<40>()
    else {
        *body = Body::Undecoded(match bytes.first() {
            Some(first) if first >> 4 != 6 => Fault::Malformed("IPv6 version"),
            _ => Fault::Truncated("IPv6 header"),
        });
        return;
    };
    let (Some(source), Some(destination)) = (addresses.first_chunk::<16>(), addresses.last_chunk::<16>())
    else {
        return;
    };
    if first >> 4 != 6 {
        *body = Body::Undecoded(Fault::Malformed("IPv6 version"));
        return;
    }
    let promised = match u16::from_be_bytes([l0, l1]) {
        0 => unsaid_length(protocol, rest),
        length => u32::from(length),
    };
    let payload = rest.get(..usize::try_from(promised).unwrap_or(usize::MAX)).unwrap_or(rest);
    *body = Body::Ip(IpPacket {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination)),
        ttl,
        identification: 0,
        fragment: None,
        length: promised.saturating_add(IPV6_HEADER),
        protocol,
        payload,
        missing: promised.saturating_sub(length_of(payload)),
    });
    if is_extension(protocol) {
        extend(body);
    }
}

/// The payload length of an IPv6 packet whose header says 0.
#[inline(never)]
fn unsaid_length(protocol: u8, payload: &[u8]) -> u32 {
    match protocol {
        extension::HOP_BY_HOP => jumbo_length(payload).unwrap_or_else(|| length_of(payload)),
        // No next header: there is nothing, and what follows is padding of the link.
        59 => 0,
        _ => length_of(payload),
    }
}

/// Reads the extension headers of a packet in its place.
#[inline(never)]
fn extend(body: &mut Body<'_>) {
    if let Body::Ip(packet) = *body {
        *body = extensions(packet).map_or_else(Body::Undecoded, Body::Ip);
    }
}

/// Whether a protocol number is that of an extension header that is read here.
#[inline]
pub(super) const fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::FRAGMENT
            | extension::AUTHENTICATION
            | extension::DESTINATION
            | extension::MOBILITY
            | extension::HOST_IDENTITY
            | extension::SHIM6
    )
}

/// Steps over extension headers up to a fragment or the transport. A header that the capture cut stays in
/// place as the protocol, so that the addresses are not lost.
#[inline(never)]
pub(super) fn extensions(mut packet: IpPacket<'_>) -> Result<IpPacket<'_>, Fault> {
    let v6 = packet.source.is_ipv6();
    for _ in 0..EXTENSIONS_MAX {
        let stop =
            if v6 { !is_extension(packet.protocol) } else { packet.protocol != extension::AUTHENTICATION };
        if stop {
            return Ok(packet);
        }
        let Some((next, length)) = extension_head(packet.protocol, packet.payload) else {
            return cut(packet);
        };
        let Some((header, rest)) = packet.payload.split_at_checked(length) else { return cut(packet) };
        if packet.protocol == extension::FRAGMENT {
            fragment(&mut packet, header);
        }
        packet.protocol = next;
        packet.payload = rest;
        if packet.fragment.is_some() {
            return Ok(packet);
        }
    }
    Err(Fault::TooLarge("chain of IPv6 extension headers"))
}

/// Next header and length of the extension header at the start of `bytes`.
fn extension_head(protocol: u8, bytes: &[u8]) -> Option<(u8, usize)> {
    let &[next, length, ..] = bytes else { return None };
    let length = usize::from(length);
    Some(match protocol {
        extension::FRAGMENT => (next, 8),
        extension::AUTHENTICATION => (next, length.saturating_add(2).saturating_mul(4)),
        _ => (next, length.saturating_add(1).saturating_mul(8)),
    })
}

/// An extension header longer than what there is: the capture's fault or the sender's.
const fn cut(packet: IpPacket<'_>) -> Result<IpPacket<'_>, Fault> {
    if packet.missing > 0 { Ok(packet) } else { Err(Fault::Malformed("IPv6 extension header")) }
}

/// Reads a fragment header. One that is first and last at once is no fragment (RFC 6946).
fn fragment(packet: &mut IpPacket<'_>, header: &[u8]) {
    if let &[_, _, o0, o1, i0, i1, i2, i3] = header {
        let place = u16::from_be_bytes([o0, o1]);
        let (offset, more) = (u32::from(place & 0xfff8), place & 1 == 1);
        packet.identification = u32::from_be_bytes([i0, i1, i2, i3]);
        packet.fragment = (offset != 0 || more).then_some(Fragment { offset, more });
    }
}

/// The jumbo payload length of a hop-by-hop header (RFC 2675): option C2, four bytes.
fn jumbo_length(bytes: &[u8]) -> Option<u32> {
    let &[_, length, ref rest @ ..] = bytes else { return None };
    let end = usize::from(length).saturating_mul(8).saturating_add(6);
    let mut rest = rest.get(..end).unwrap_or(rest);
    // Every turn consumes a byte at least, of at most 2 KiB.
    loop {
        rest = match rest {
            [0xc2, 4, a, b, c, d, ..] => return Some(u32::from_be_bytes([*a, *b, *c, *d])),
            [0, after @ ..] => after,
            [_, length, after @ ..] => after.get(usize::from(*length)..)?,
            _ => return None,
        };
    }
}
