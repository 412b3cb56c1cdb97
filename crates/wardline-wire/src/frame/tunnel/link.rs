//! Carriers with an ethertype: MPLS (RFC 3032) with its pseudo-wires (RFC 4385, 4448), PPP over Ethernet (RFC 2516),
//! frames in frames (802.1ah, Cisco FabricPath).

use super::fit::{self, Header};
use super::{Content, Inner, Opened, Tunnel};
use crate::Fault;

/// Ethertype of labels.
pub(super) const MPLS: u16 = 0x8847;
/// Ethertype of labels assigned upstream (RFC 5332).
pub(super) const MPLS_UPSTREAM: u16 = 0x8848;
/// Ethertype of PPPoE sessions.
const PPPOE: u16 = 0x8864;
/// Ethertypes of frames in frames.
const FABRIC_PATH: u16 = 0x8903;
const PROVIDER_BACKBONE: u16 = 0x88e7;

/// Labels stepped over: deeper stacks are not seen outside of attacks.
const LABELS_MAX: usize = 16;

/// The carrier that a link protocol is, if it is one.
pub(super) fn recognised(kind: u16, content: Content<'_>) -> Opened<'_> {
    match kind {
        MPLS | MPLS_UPSTREAM => labels(content),
        PPPOE => session(content),
        FABRIC_PATH => frame(Tunnel::FabricPath, content.after(2)?),
        // Priority and flags, instance; then the frame of the customer.
        PROVIDER_BACKBONE => frame(Tunnel::Backbone, content.after(4)?),
        _ => None,
    }
}

const fn frame(tunnel: Tunnel, content: Content<'_>) -> Opened<'_> {
    Some((tunnel, Inner::Ethernet(content)))
}

/// Below the bottom of the stack nothing says what follows: a packet, or a frame with or without a control word.
/// What fits is taken; where both kinds of frame fit, that with a control word, which begins with four zero bits.
pub(super) fn labels(content: Content<'_>) -> Opened<'_> {
    let mut rest = content;
    for _ in 0..LABELS_MAX {
        let &[_, _, bottom, _] = rest.head::<4>()?;
        rest = rest.after(4)?;
        if bottom & 1 == 1 {
            return below(rest);
        }
    }
    Some((Tunnel::Mpls, Inner::Refused(Fault::TooLarge("stack of MPLS labels"))))
}

fn below(content: Content<'_>) -> Opened<'_> {
    let first = *content.bytes.first()?;
    let packet = || Some((Tunnel::Mpls, Inner::Ip(content)));
    let looks = matches!(first, 0x45..=0x4f | 0x60..=0x6f);
    if looks && fit::ip(content) {
        return packet();
    }
    let word = content.after(4).filter(|frame| first >> 4 == 0 && fit::ethernet(*frame, Header::Mute));
    let bare = || Some(content).filter(|frame| fit::ethernet(*frame, Header::Mute));
    let frame = word.or_else(bare).map(|frame| (Tunnel::Mpls, Inner::Ethernet(frame)));
    frame.or_else(|| packet().filter(|_| looks && is_cut(content)))
}

/// Whether a packet begins here that a snap length cut: its header says more than there is, and nothing else in it
/// is wrong.
fn is_cut(content: Content<'_>) -> bool {
    let wire = u32::MAX;
    content.bytes.len() < 20 || fit::ip(Content { wire, ..content })
}

/// A session of PPPoE: version and type 1, code 0, a length within the frame.
fn session(content: Content<'_>) -> Opened<'_> {
    let &[version, code, _, _, l0, l1] = content.head::<6>()?;
    let ppp = content.after(6)?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let bytes = ppp.bytes.get(..length).unwrap_or(ppp.bytes);
    // The frame's own length on the wire is not known here.
    (version == 0x11 && code == 0)
        .then_some((Tunnel::Pppoe, Inner::Ppp(Content { bytes, wire: u32::try_from(length).ok()? })))
}
