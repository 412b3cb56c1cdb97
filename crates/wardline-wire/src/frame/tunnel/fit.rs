//! Whether bytes are an IP packet or a frame, so that nothing is opened that only looks like a carrier.

use super::Content;

/// Tags of a frame looked through: as many as are kept of one.
const TAGS_MAX: usize = 4;
/// Longest packet whose header can say so; longer ones exist in captures of machines that let the card cut them.
const LENGTH_MAX: u32 = 65_535;
/// Length of the fixed IPv6 header.
const IPV6_HEADER: u32 = 40;

/// Whether the bytes are an IP packet of either version.
pub(super) fn ip(content: Content<'_>) -> bool {
    match content.bytes.first().map(|first| first >> 4) {
        Some(4) => v4(content),
        Some(6) => v6(content),
        _ => false,
    }
}

/// Whether the bytes are an IPv4 packet that ends within the carrier.
pub(super) fn v4(content: Content<'_>) -> bool {
    let Some([first @ 0x45..=0x4f, _, l0, l1, ..]) = content.head::<20>() else { return false };
    let header = u32::from(first & 0x0f).saturating_mul(4);
    match u32::from(u16::from_be_bytes([*l0, *l1])) {
        0 => content.wire > LENGTH_MAX,
        length => header <= length && length <= content.wire,
    }
}

/// Whether the bytes are an IPv6 packet that ends within the carrier.
pub(super) fn v6(content: Content<'_>) -> bool {
    let Some([first, _, _, _, l0, l1, next, ..]) = content.head::<40>() else { return false };
    let length = match u32::from(u16::from_be_bytes([*l0, *l1])) {
        // Longer than can be said (RFC 2675), or nothing.
        0 => return first >> 4 == 6 && (matches!(next, 0 | 59) || content.wire > LENGTH_MAX),
        length => length.saturating_add(IPV6_HEADER),
    };
    first >> 4 == 6 && length <= content.wire
}

/// How sure the carrier's own header makes us of a frame within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It names the content: any ethertype is believed.
    Telling,
    /// It says nothing: the frame has to speak for itself.
    Mute,
}

/// Whether the bytes are a frame of Ethernet.
pub(super) fn ethernet(content: Content<'_>, header: Header) -> bool {
    let Some(&[_, _, _, _, _, _, s0, s1, s2, s3, s4, s5, t0, t1]) = content.head::<14>() else {
        return false;
    };
    // A group does not send, and nobody is zero.
    if s0 & 1 == 1 || [s0, s1, s2, s3, s4, s5] == [0; 6] && header == Header::Mute {
        return false;
    }
    let (mut kind, mut rest) = (u16::from_be_bytes([t0, t1]), content.after(14));
    for _ in 0..=TAGS_MAX {
        let Some(payload) = rest else { return false };
        match kind {
            0x8100 | 0x88a8 | 0x9100 => {
                let Some(&[_, _, k0, k1]) = payload.head::<4>() else { return false };
                (kind, rest) = (u16::from_be_bytes([k0, k1]), payload.after(4));
            }
            other => return carries(other, payload, header),
        }
    }
    false
}

/// Whether a payload is what its ethertype says.
fn carries(kind: u16, payload: Content<'_>, header: Header) -> bool {
    match kind {
        0x0800 => v4(payload),
        0x86dd => v6(payload),
        0x0806 => matches!(payload.bytes, [0, 1, 8, 0, 6, 4, 0, 1..=9, ..]),
        0x0000..=0x05dc => {
            // 802.3: unnumbered information of an even service access point, the length that is there.
            let fits = kind > 2 && u32::from(kind) <= payload.wire;
            fits && matches!(payload.bytes, [d, s, 0x03, ..] if d & 1 == 0 && s & 1 == 0)
        }
        0x05dd..=0x05ff => false,
        // Discovery, authentication, labels, PPPoE, time, loop tests.
        0x8847 | 0x8848 | 0x8863 | 0x8864 | 0x888e | 0x88cc | 0x88f7 | 0x9000 => true,
        _ => header == Header::Telling,
    }
}
