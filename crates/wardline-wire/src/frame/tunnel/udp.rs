//! Carriers with a port: VXLAN (RFC 7348), VXLAN-GPE, GENEVE (RFC 8926), GTP-U (3GPP TS 29.281), CAPWAP data
//! (RFC 5415, 5416), Teredo (RFC 4380), L2TP (RFC 2661, 3931), MPLS (RFC 7510), GRE (RFC 8086), TZSP.
//!
//! The port says which header to look for, and the header and what follows have to be right. Teredo clients talk to
//! one another and to relays from any port: there the prefix of its addresses stands for the port.

use super::fit::{self, Header};
use super::{Content, Inner, Opened, Tunnel, gre, link};
use crate::Reader;
use crate::frame::{UdpDatagram, wlan};

const L2TP: u16 = 1701;
const GTP: u16 = 2152;
const TEREDO: u16 = 3544;
const GRE: u16 = 4754;
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const CAPWAP: u16 = 5247;
const GENEVE: u16 = 6081;
const MPLS: u16 = 6635;
/// VXLAN as Linux and several switches number it.
const VXLAN_LINUX: u16 = 8472;
const TZSP: u16 = 37008;

pub(super) const PORTS: [u16; 11] =
    [L2TP, GTP, TEREDO, GRE, VXLAN, VXLAN_GPE, CAPWAP, GENEVE, MPLS, VXLAN_LINUX, TZSP];

/// The ports by their low six bits: what is not in here needs no further look.
const FILTER: u64 = {
    let (mut filter, mut rest): (u64, &[u16]) = (0, &PORTS);
    while let [port, after @ ..] = rest {
        filter |= 1 << (*port & 63);
        rest = after;
    }
    filter
};

/// Extension headers of GTP stepped over; two are defined for packets of users.
const GTP_EXTENSIONS_MAX: usize = 8;
/// Tagged fields of TZSP stepped over; a dozen are defined.
const TZSP_TAGS_MAX: usize = 32;
/// First four bytes of a Teredo address.
const TEREDO_PREFIX: [u8; 4] = [0x20, 0x01, 0, 0];

/// Whether a datagram, from its header, may be a carrier.
#[inline(always)]
pub(super) fn may_carry(datagram: &[u8]) -> bool {
    let Some(&[p0, p1, q0, q1, _, _, _, _, first]) = datagram.first_chunk::<9>() else { return false };
    let [p, q] = [u16::from_be_bytes([p0, p1]), u16::from_be_bytes([q0, q1])];
    (FILTER >> (p & 63) | FILTER >> (q & 63)) & 1 == 1 || first == 0x60
}

/// The carrier that a datagram is, if it is one.
pub(super) fn recognised<'a>(datagram: &UdpDatagram<'a>) -> Opened<'a> {
    let content = Content::cut(datagram.payload, datagram.missing);
    let by = |port| by_port(port, content);
    by(datagram.destination).or_else(|| by(datagram.source)).or_else(|| teredo_peer(content))
}

fn by_port(port: u16, content: Content<'_>) -> Opened<'_> {
    match port {
        VXLAN | VXLAN_LINUX => vxlan(content),
        VXLAN_GPE => vxlan_gpe(content),
        GENEVE => geneve(content),
        GTP => gtp(content),
        CAPWAP => capwap(content),
        TEREDO => teredo(content),
        L2TP => l2tp(content),
        MPLS => link::labels(content),
        GRE => gre::recognised(content),
        TZSP => tzsp(content),
        _ => None,
    }
}

fn ethernet(tunnel: Tunnel, frame: Content<'_>, header: Header) -> Opened<'_> {
    fit::ethernet(frame, header).then_some((tunnel, Inner::Ethernet(frame)))
}

fn ip(tunnel: Tunnel, packet: Content<'_>, fits: fn(Content<'_>) -> bool) -> Opened<'_> {
    fits(packet).then_some((tunnel, Inner::Ip(packet)))
}

/// Flag I, and all else zero but for the group policy extension; a receiver ignores the rest, and so the frame has
/// to speak for itself there.
fn vxlan(content: Content<'_>) -> Opened<'_> {
    let &[flags, a, b, c, _, _, _, last] = content.head::<8>()?;
    let usual = flags == 0x08 && [a, b, c, last] == [0; 4] || flags == 0x88 && last == 0;
    let header = if usual { Header::Telling } else { Header::Mute };
    ethernet(Tunnel::Vxlan, content.after(8).filter(|_| flags & 0x08 != 0)?, header)
}

fn vxlan_gpe(content: Content<'_>) -> Opened<'_> {
    let &[flags, a, b, kind, _, _, _, _] = content.head::<8>()?;
    if flags & 0x0c != 0x0c || flags & 0xc0 != 0 || [a, b] != [0; 2] {
        return vxlan(content);
    }
    let inner = content.after(8)?;
    match kind {
        1 => ip(Tunnel::VxlanGpe, inner, fit::v4),
        2 => ip(Tunnel::VxlanGpe, inner, fit::v6),
        3 => ethernet(Tunnel::VxlanGpe, inner, Header::Telling),
        _ => None,
    }
}

/// Version 0, reserved bits 0, options of the length said.
fn geneve(content: Content<'_>) -> Opened<'_> {
    let &[first, flags, p0, p1, _, _, _, _] = content.head::<8>()?;
    if first >> 6 != 0 || flags & 0x3f != 0 {
        return None;
    }
    let inner = content.after(usize::from(first & 0x3f).saturating_mul(4).saturating_add(8))?;
    match u16::from_be_bytes([p0, p1]) {
        0x0800 => ip(Tunnel::Geneve, inner, fit::v4),
        0x86dd => ip(Tunnel::Geneve, inner, fit::v6),
        0x6558 => ethernet(Tunnel::Geneve, inner, Header::Telling),
        _ => None,
    }
}

/// Version 1, protocol type GTP, message G-PDU, the length that is there.
fn gtp(content: Content<'_>) -> Opened<'_> {
    let &[first, 0xff, l0, l1, _, _, _, _] = content.head::<8>()? else { return None };
    let inner = content.after(8)?;
    if first & 0xf8 != 0x30 || u32::from(u16::from_be_bytes([l0, l1])) != inner.wire {
        return None;
    }
    if first & 0x07 == 0 {
        return ip(Tunnel::Gtp, inner, fit::ip);
    }
    let &[_, _, _, next] = inner.head::<4>()?;
    let (mut next, mut inner) = (if first & 0x04 == 0 { 0 } else { next }, inner.after(4)?);
    for _ in 0..GTP_EXTENSIONS_MAX {
        if next == 0 {
            return ip(Tunnel::Gtp, inner, fit::ip);
        }
        let length = usize::from(*inner.bytes.first()?).saturating_mul(4);
        next = *inner.bytes.get(length.checked_sub(1)?)?;
        inner = inner.after(length)?;
    }
    None
}

/// Preamble 0 (1 is DTLS), a header of the length said, no piece of a frame, no keep-alive.
fn capwap(content: Content<'_>) -> Opened<'_> {
    let &[preamble, a, b, c, _, _, _, _] = content.head::<8>()?;
    let length = usize::from(a >> 3).saturating_mul(4);
    let (piece, keep_alive, reserved) = (c & 0xc0 != 0, c & 0x08 != 0, c & 0x07 != 0);
    if preamble != 0 || length < 8 || piece || keep_alive || reserved {
        return None;
    }
    let inner = content.after(length)?;
    match (b & 1, (b >> 1) & 0x1f) {
        (0, _) => ethernet(Tunnel::Capwap, inner, Header::Telling),
        (_, 1) => wlan::is_data(inner.bytes).then_some((Tunnel::Capwap, Inner::Wlan(inner))),
        _ => None,
    }
}

/// Authentication and origin, where they are; then IPv6.
fn teredo(content: Content<'_>) -> Opened<'_> {
    let mut packet = content;
    if let [0, 1, id, authentication, ..] = packet.bytes {
        let lengths = usize::from(*id).saturating_add(usize::from(*authentication));
        packet = packet.after(lengths.saturating_add(13))?;
    }
    if let [0, 0, ..] = packet.bytes {
        packet = packet.after(8)?;
    }
    let &[_, _, _, _, _, _, _, _, ref addresses @ ..] = packet.head::<40>()?;
    let known = |address: &[u8]| {
        let prefix = address.first_chunk::<4>();
        prefix.is_some_and(|prefix| *prefix == TEREDO_PREFIX || matches!(prefix, [0xfe, 0x80, 0, 0]))
    };
    let (source, destination) = addresses.split_at_checked(16)?;
    ip(Tunnel::Teredo, packet, fit::v6).filter(|_| known(source) || known(destination))
}

/// Between clients and relays: nothing but a packet, of one of its addresses.
fn teredo_peer(content: Content<'_>) -> Opened<'_> {
    let &[_, _, _, _, l0, l1, _, _, ref addresses @ ..] = content.head::<40>()?;
    let (source, destination) = addresses.split_at_checked(16)?;
    let known = source.starts_with(&TEREDO_PREFIX) || destination.starts_with(&TEREDO_PREFIX);
    let whole = u32::from(u16::from_be_bytes([l0, l1])).saturating_add(40) == content.wire;
    ip(Tunnel::Teredo, content, fit::v6).filter(|_| known && whole)
}

/// Version 2: flags, length, tunnel and session, sequence and offset where flagged, PPP. Version 3: a session.
fn l2tp(content: Content<'_>) -> Opened<'_> {
    let mut reader = Reader::new(content.bytes);
    let flags = reader.u16("L2TP flags").ok()?;
    if flags == 3 {
        return l2tp_session(content.after(4)?);
    }
    // Reserved bits are 0, and so is that of control messages.
    if flags & 0xb4ff != 0x0002 {
        return None;
    }
    if flags & 0x4000 != 0 && u32::from(reader.u16("L2TP length").ok()?) != content.wire {
        return None;
    }
    let ids = reader.u32("L2TP tunnel and session").ok()?;
    if flags & 0x0800 != 0 {
        reader.skip(4, "L2TP sequence").ok()?;
    }
    if flags & 0x0200 != 0 {
        let offset = reader.u16("L2TP offset").ok()?;
        reader.skip(usize::from(offset), "L2TP offset").ok()?;
    }
    let ppp = content.after(content.bytes.len().checked_sub(reader.len())?)?;
    (ids >> 16 != 0 && ids & 0xffff != 0).then_some((Tunnel::L2tp, Inner::Ppp(ppp)))
}

/// Version 3: a session, a cookie of 0, 4 or 8 bytes and a sublayer of 0 or 4, as was agreed beforehand; a frame.
pub(super) fn l2tp_session(content: Content<'_>) -> Opened<'_> {
    let session = u32::from_be_bytes(*content.head::<4>()?);
    let frames = [4, 8, 12, 16].into_iter().filter_map(|count| content.after(count));
    let frame = frames.into_iter().find(|frame| fit::ethernet(*frame, Header::Mute))?;
    (session != 0).then_some((Tunnel::L2tp, Inner::Ethernet(frame)))
}

/// Version 1, a packet received or to be sent, the kind of frame, tagged fields.
fn tzsp(content: Content<'_>) -> Opened<'_> {
    let mut reader = Reader::new(content.bytes);
    let [1, 0 | 1, k0, k1] = reader.array::<4>("TZSP header").ok()? else { return None };
    for _ in 0..TZSP_TAGS_MAX {
        match reader.u8("TZSP tag").ok()? {
            0 => {}
            1 => {
                let inner = content.after(content.bytes.len().checked_sub(reader.len())?)?;
                return match u16::from_be_bytes([k0, k1]) {
                    1 => ethernet(Tunnel::Tzsp, inner, Header::Telling),
                    18 => wlan::is_data(inner.bytes).then_some((Tunnel::Tzsp, Inner::Wlan(inner))),
                    _ => None,
                };
            }
            _ => {
                let length = reader.u8("TZSP length").ok()?;
                reader.skip(usize::from(length), "TZSP field").ok()?;
            }
        }
    }
    None
}
