//! GRE (RFC 1701, 2784, 2890), its enhanced version for PPTP (RFC 2637), NVGRE (RFC 7637), WCCP redirection
//! (draft-wilson-wrec-wccp-v2), ERSPAN (draft-foschiano-erspan).

use super::fit::{self, Header};
use super::{Content, Inner, Opened, Tunnel, link};
use crate::Reader;

/// Bits of the first byte: checksum, routing, key, sequence.
const CHECKSUM: u8 = 0x80;
const ROUTING: u8 = 0x40;
const KEY: u8 = 0x20;
const SEQUENCE: u8 = 0x10;
/// Bits of the second byte: acknowledgement (version 1), and the version.
const ACKNOWLEDGEMENT: u8 = 0x80;
const VERSION: u8 = 0x07;

/// Protocols carried.
const TRANSPARENT_ETHERNET: u16 = 0x6558;
const PPP: u16 = 0x880b;
const PPP_OLD: u16 = 0x880a;
const WCCP: u16 = 0x883e;
const CISCO_METADATA: u16 = 0x8909;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

/// Frame types of ERSPAN III.
const ERSPAN_ETHERNET: u16 = 0;
const ERSPAN_IP: u16 = 2;

/// What a GRE header carries.
pub(super) fn recognised(content: Content<'_>) -> Opened<'_> {
    let &[flags, version, p0, p1] = content.head::<4>()?;
    let kind = u16::from_be_bytes([p0, p1]);
    match version & VERSION {
        0 if flags & ROUTING == 0 => {
            let options = [CHECKSUM, KEY, SEQUENCE].iter().filter(|bit| flags & **bit != 0).count();
            carried(kind, flags, content.after(options.saturating_mul(4).saturating_add(4))?)
        }
        1 if kind == PPP && flags & (CHECKSUM | ROUTING | KEY) == KEY => enhanced(flags, version, content),
        _ => None,
    }
}

/// Version 1: length and call, sequence and acknowledgement where flagged, then PPP.
fn enhanced(flags: u8, version: u8, content: Content<'_>) -> Opened<'_> {
    let mut reader = Reader::new(content.bytes);
    reader.skip(4, "GRE header").ok()?;
    let length = u32::from(reader.u16("GRE length").ok()?);
    let options = [flags & SEQUENCE != 0, version & ACKNOWLEDGEMENT != 0].iter().filter(|set| **set).count();
    let payload = content.after(options.saturating_mul(4).saturating_add(8))?;
    let ppp = Content { wire: payload.wire.min(length), ..payload };
    (length > 0 && length <= payload.wire).then_some((Tunnel::Gre, Inner::Ppp(ppp)))
}

/// What a version 0 header's protocol means.
fn carried(kind: u16, flags: u8, payload: Content<'_>) -> Opened<'_> {
    let fits = |tunnel, fits: bool, inner| fits.then_some((tunnel, inner));
    match kind {
        0x0800 => fits(Tunnel::Gre, fit::v4(payload), Inner::Ip(payload)),
        0x86dd => fits(Tunnel::Gre, fit::v6(payload), Inner::Ip(payload)),
        link::MPLS | link::MPLS_UPSTREAM => link::labels(payload).map(|(_, inner)| (Tunnel::Gre, inner)),
        PPP | PPP_OLD => Some((Tunnel::Gre, Inner::Ppp(payload))),
        CISCO_METADATA => Some((Tunnel::Gre, Inner::Tagged(kind, payload))),
        TRANSPARENT_ETHERNET => ethernet(Tunnel::Gre, payload),
        WCCP if fit::v4(payload) => Some((Tunnel::Gre, Inner::Ip(payload))),
        WCCP => {
            let packet = payload.after(4)?;
            fits(Tunnel::Gre, fit::ip(packet), Inner::Ip(packet))
        }
        ERSPAN if flags & SEQUENCE == 0 => ethernet(Tunnel::Erspan, payload),
        ERSPAN => erspan_2(payload),
        ERSPAN_III => erspan_3(payload),
        _ => None,
    }
}

fn ethernet(tunnel: Tunnel, frame: Content<'_>) -> Opened<'_> {
    fit::ethernet(frame, Header::Telling).then_some((tunnel, Inner::Ethernet(frame)))
}

/// Type II: version 1, eight bytes. Some senders flag a sequence and leave the header of type I.
fn erspan_2(payload: Content<'_>) -> Opened<'_> {
    let version = payload.bytes.first()? >> 4;
    let frame = payload.after(8).filter(|_| version == 1);
    let second = frame.and_then(|frame| ethernet(Tunnel::Erspan, frame));
    let first = || fit::ethernet(payload, Header::Mute).then_some((Tunnel::Erspan, Inner::Ethernet(payload)));
    second.or_else(first)
}

/// Type III: version 2, twelve bytes, and eight of the platform where flagged.
fn erspan_3(payload: Content<'_>) -> Opened<'_> {
    let &[version, _, _, _, _, _, _, _, _, _, a, b] = payload.head::<12>()?;
    if version >> 4 != 2 {
        return None;
    }
    let last = u16::from_be_bytes([a, b]);
    let content = payload.after(if last & 1 == 1 { 20 } else { 12 })?;
    match (last >> 10) & 0x1f {
        ERSPAN_ETHERNET => ethernet(Tunnel::Erspan, content),
        ERSPAN_IP => fit::ip(content).then_some((Tunnel::Erspan, Inner::Ip(content))),
        _ => None,
    }
}
