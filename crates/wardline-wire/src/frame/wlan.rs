//! Wireless frames: IEEE 802.11-2020 9.3 data frames, their header and what they carry.
//!
//! In: a frame from its frame control field, and what the capture says of its layout. Out: the addresses of the
//! stations (not of the access points between them) and the body. Of an aggregate (A-MSDU) the first unit is read.
//! Refused, and said in the fault: management and control frames, frames without data, pieces, encrypted frames;
//! of encrypted ones the addresses are kept.

use super::{Body, Frame, link};
use crate::Fault;
use wardline_model::Mac;

/// Bits of the second byte of the frame control.
const TO_SYSTEM: u8 = 0x01;
const FROM_SYSTEM: u8 = 0x02;
const MORE_PIECES: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// Length of the fixed header.
const HEADER: usize = 24;
/// Checksum at the end of a frame.
const CHECKSUM: usize = 4;

/// What the capture says of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// The frame ends with its checksum.
    pub(super) checksum: bool,
    /// The header is followed by padding to a multiple of four bytes.
    pub(super) padded: bool,
}

/// The frame control, and whether its bytes and those of the sequence were swapped: some controllers deliver them so.
fn control(bytes: &[u8]) -> Option<([u8; 2], bool)> {
    let &[a, b, ..] = bytes else { return None };
    // The version is 0 in every frame.
    let swapped = a & 0x03 != 0 && b & 0x03 == 0;
    Some((if swapped { [b, a] } else { [a, b] }, swapped))
}

/// Whether the bytes begin as a data frame that carries something.
pub(super) fn is_data(bytes: &[u8]) -> bool {
    bytes.len() > HEADER && control(bytes).is_some_and(|([kind, _], _)| kind & 0x4f == 0x08)
}

/// Reads a frame.
pub(super) fn read<'a>(bytes: &'a [u8], layout: Layout, frame: &mut Frame<'a>) {
    frame.body = Body::Undecoded(match data(bytes, layout, frame) {
        Ok(payload) => return link::logical(payload, frame),
        Err(fault) => fault,
    });
}

/// The payload of a data frame, from its LLC header; addresses go into the frame.
fn data<'a>(bytes: &'a [u8], layout: Layout, frame: &mut Frame<'_>) -> Result<&'a [u8], Fault> {
    let short = Fault::Truncated("802.11 header");
    let ([kind, flags], swapped) = control(bytes).ok_or(short)?;
    match kind & 0x0f {
        0x08 => {}
        0x00 => return Err(Fault::Unsupported("802.11 management frame")),
        0x04 => return Err(Fault::Unsupported("802.11 control frame")),
        0x0c => return Err(Fault::Unsupported("802.11 extension frame")),
        _ => return Err(Fault::Malformed("802.11 version")),
    }
    let &[_, _, _, _, ref addresses @ .., s0, s1] = bytes.first_chunk::<HEADER>().ok_or(short)?;
    let (quality, bridged) = (kind & 0x80 != 0, flags & (TO_SYSTEM | FROM_SYSTEM) == TO_SYSTEM | FROM_SYSTEM);
    let address = |from: usize| {
        let bytes = addresses.get(from..).and_then(<[u8]>::first_chunk::<6>);
        bytes.copied().map(Mac)
    };
    let fourth = || bytes.get(HEADER..).and_then(<[u8]>::first_chunk::<6>).copied().map(Mac);
    (frame.destination, frame.source) = match (flags & TO_SYSTEM != 0, flags & FROM_SYSTEM != 0) {
        (false, false) => (address(0), address(6)),
        (true, false) => (address(12), address(6)),
        (false, true) => (address(0), address(12)),
        (true, true) => (address(12), fourth()),
    };
    if kind & 0x40 != 0 {
        return Err(Fault::Unsupported("802.11 frame without data"));
    }
    if flags & PROTECTED != 0 {
        return Err(Fault::Unsupported("encrypted 802.11 frame"));
    }
    if flags & MORE_PIECES != 0 || (if swapped { s1 } else { s0 }) & 0x0f != 0 {
        return Err(Fault::Unsupported("piece of an 802.11 frame"));
    }
    let mut header = if bridged { HEADER.saturating_add(6) } else { HEADER };
    let aggregate = quality && !swapped && bytes.get(header).ok_or(short)? & 0x80 != 0;
    if quality {
        header = header.saturating_add(if flags & ORDER != 0 { 6 } else { 2 });
    }
    if layout.padded {
        header = header.next_multiple_of(4);
    }
    let end = bytes.len().saturating_sub(if layout.checksum { CHECKSUM } else { 0 });
    let payload = bytes.get(header..end).ok_or(short)?;
    if aggregate { first_unit(payload, frame) } else { Ok(payload) }
}

/// The first unit of an aggregate: destination, source, length.
fn first_unit<'a>(bytes: &'a [u8], frame: &mut Frame<'_>) -> Result<&'a [u8], Fault> {
    let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, l0, l1], rest)) =
        bytes.split_first_chunk::<14>()
    else {
        return Err(Fault::Truncated("802.11 aggregate"));
    };
    frame.destination = Some(Mac([d0, d1, d2, d3, d4, d5]));
    frame.source = Some(Mac([s0, s1, s2, s3, s4, s5]));
    Ok(rest.get(..usize::from(u16::from_be_bytes([l0, l1]))).unwrap_or(rest))
}
