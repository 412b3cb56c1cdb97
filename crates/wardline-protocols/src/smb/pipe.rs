//! Where messages carry what is written to and read from named pipes (MS-SMB2 sections 2.2.19 to 2.2.32, MS-CIFS
//! sections 2.2.4.33, 2.2.4.42 and 2.2.4.43). The same messages carry files: whether it is a pipe is told by
//! what is found.

use super::Kind;
use wardline_wire::{Fault, Reader};

/// Commands of SMB 2.
const READ: u16 = 8;
const WRITE: u16 = 9;
const CONTROL: u16 = 11;
/// A control code: write to a pipe and read its answer.
const TRANSCEIVE: u32 = 0x0011_c017;
/// Commands of SMB 1: transaction, read and write.
const TRANSACTION_ONE: u8 = 0x25;
const READ_ONE: u8 = 0x2e;
const WRITE_ONE: u8 = 0x2f;
/// Bytes of a message in which the place of its content stands.
const PLACES_MAX: usize = 112;
/// Bytes of the heads.
const HEAD_ONE: usize = 32;
const HEAD_TWO: usize = 64;

/// Whether messages of this kind may carry the content of a pipe.
pub(super) const fn carries(kind: Kind) -> bool {
    matches!(kind, Kind::Two(READ | WRITE | CONTROL) | Kind::One(TRANSACTION_ONE | READ_ONE | WRITE_ONE))
}

/// What is known of the content of a message, by its first bytes.
pub(super) enum Content<'a> {
    /// It opens no interface.
    Other,
    /// So many bytes of the message are needed to tell.
    Wanted(usize),
    /// It opens one, or answers that.
    Opening(&'a [u8]),
}

/// What the message of `whole` bytes carries, of which `part` is there.
pub(super) fn content(kind: Kind, part: &[u8], whole: usize) -> Content<'_> {
    let place = match kind {
        Kind::Two(command) => place_two(command, part),
        Kind::One(command) => place_one(command, part),
        Kind::Encrypted | Kind::Compressed => return Content::Other,
    };
    let (offset, length) = match place {
        Ok(place) => place,
        Err(Fault::Truncated(_)) if part.len() < whole => {
            return Content::Wanted(PLACES_MAX.min(whole));
        }
        Err(_) => return Content::Other,
    };
    let end = offset.saturating_add(length);
    if end > whole {
        return Content::Other;
    }
    match part.get(offset..).unwrap_or_default() {
        [5, 0 | 1, 11..=16, ..] if part.len() < end => Content::Wanted(end),
        [5, 0 | 1, 11..=16, ..] => part.get(offset..end).map_or(Content::Other, Content::Opening),
        [] | [5] | [5, 0 | 1] if part.len() < end => Content::Wanted(offset.saturating_add(3).min(end)),
        _ => Content::Other,
    }
}

fn size(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn place_two(command: u16, message: &[u8]) -> Result<(usize, usize), Fault> {
    let mut body = Reader::new(message);
    body.skip(HEAD_TWO, "SMB 2 head")?;
    match (command, body.u16_le("structure size")?) {
        (WRITE, 49) => {
            let offset = body.u16_le("data offset")?;
            Ok((usize::from(offset), size(body.u32_le("data length")?)))
        }
        (READ, 17) => {
            let offset = body.u8("data offset")?;
            body.skip(1, "reserved")?;
            Ok((usize::from(offset), size(body.u32_le("data length")?)))
        }
        // A request's input stands at 24, an answer's output at 32.
        (CONTROL, structure @ (57 | 49)) => {
            body.skip(2, "reserved")?;
            if body.u32_le("control code")? != TRANSCEIVE {
                return Err(Fault::Unsupported("control code"));
            }
            body.skip(if structure == 57 { 16 } else { 24 }, "file")?;
            let offset = size(body.u32_le("offset")?);
            Ok((offset, size(body.u32_le("length")?)))
        }
        _ => Err(Fault::Unsupported("structure size")),
    }
}

fn place_one(command: u8, message: &[u8]) -> Result<(usize, usize), Fault> {
    let mut body = Reader::new(message);
    body.skip(HEAD_ONE, "SMB head")?;
    let words = body.u8("word count")?;
    // Before the length of the content, which its offset follows.
    let before = match (command, words) {
        (WRITE_ONE, 12 | 14) => 20,
        (READ_ONE, 12) => 10,
        (TRANSACTION_ONE, 14..) => 22,
        (TRANSACTION_ONE, 10..) => 12,
        _ => return Err(Fault::Unsupported("word count")),
    };
    body.skip(before, "words")?;
    let length = usize::from(body.u16_le("data length")?);
    Ok((usize::from(body.u16_le("data offset")?), length))
}
