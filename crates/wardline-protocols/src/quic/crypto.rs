//! Frames of Initial packets (RFC 9000 section 12.4), and the handshake bytes that their CRYPTO frames carry in
//! any order.

use super::header::varint;
use wardline_wire::{Fault, Reader};

/// Handshake bytes of one side that are put together: hellos with post-quantum keys have about 2,000.
const MESSAGE_MAX: usize = 16_384;
/// Pieces with holes between them: clients that scramble their hello on purpose make about 20.
const PIECES_MAX: usize = 64;

/// Handshake bytes of one side, as far as they came.
#[derive(Debug, Default)]
pub(super) struct Crypto {
    bytes: Vec<u8>,
    /// What of them is there: disjoint, in order.
    pieces: Vec<(usize, usize)>,
    /// Where the next message starts.
    next: usize,
}

/// What the frames of a packet said besides.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frames {
    /// Error with which the connection is closed.
    pub(super) closed: Option<u64>,
}

impl Crypto {
    /// Takes the frames of a packet of the standard.
    pub(super) fn take(&mut self, text: &[u8]) -> Result<Frames, Fault> {
        let mut frames = Frames::default();
        let mut reader = Reader::new(text);
        while !reader.is_empty() {
            match reader.u8("frame type")? {
                // Padding, ping.
                0 | 1 => {}
                kind @ (2 | 3) => acknowledgement(&mut reader, kind == 3)?,
                6 => self.data(&mut reader)?,
                0x1C => {
                    frames.closed = Some(varint(&mut reader)?);
                    return Ok(frames);
                }
                _ => return Err(Fault::Malformed("frame in an Initial packet")),
            }
        }
        Ok(frames)
    }

    /// Takes the CRYPTO frames that a packet of Google's starts with, by its own numbering.
    pub(super) fn take_google(&mut self, text: &[u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(text);
        while !reader.is_empty() {
            match reader.u8("frame type")? {
                0 => {}
                8 => self.data(&mut reader)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// The next handshake message, when it is whole: its kind and body.
    pub(super) fn message(&mut self) -> Option<(u8, &[u8])> {
        let there = match self.pieces.first() {
            Some(&(0, end)) => self.bytes.get(self.next..end)?,
            _ => return None,
        };
        let (&[kind, a, b, c], rest) = there.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        let body = rest.get(..length)?;
        self.next = self.next.saturating_add(length).saturating_add(4);
        Some((kind, body))
    }

    fn data(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let offset = usize::try_from(varint(reader)?).unwrap_or(usize::MAX);
        let length = usize::try_from(varint(reader)?).unwrap_or(usize::MAX);
        self.piece(offset, reader.take(length, "CRYPTO data")?);
        Ok(())
    }

    fn piece(&mut self, offset: usize, data: &[u8]) {
        let end = offset.saturating_add(data.len());
        if data.is_empty() || end > MESSAGE_MAX || self.pieces.len() >= PIECES_MAX {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(room) = self.bytes.get_mut(offset..end) {
            room.copy_from_slice(data);
        }
        self.pieces.push((offset, end));
        self.pieces.sort_unstable();
        self.pieces.dedup_by(|next, kept| {
            let joins = next.0 <= kept.1;
            if joins {
                kept.1 = kept.1.max(next.1);
            }
            joins
        });
    }
}

fn acknowledgement(reader: &mut Reader<'_>, counts: bool) -> Result<(), Fault> {
    varint(reader)?;
    varint(reader)?;
    let ranges = varint(reader)?;
    varint(reader)?;
    // Each takes at least two bytes, so that the packet bounds them.
    for _ in 0..ranges {
        varint(reader)?;
        varint(reader)?;
    }
    if counts {
        for _ in 0..3 {
            varint(reader)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_in_any_order() {
        let mut crypto = Crypto::default();
        let first = [0, 6, 3, 3, b'd', b'e', b'f', 1, 6, 0x40, 6, 1, b'!'];
        assert_eq!(crypto.take(&first), Ok(Frames::default()));
        assert_eq!(crypto.message(), None);
        assert_eq!(crypto.take(&[6, 0, 4, 1, 0, 0, 3]), Ok(Frames::default()));
        assert_eq!(crypto.message(), Some((1, &b"ef!"[..])));
    }

    #[test]
    fn what_is_too_far_or_no_frame_is_refused() {
        let mut crypto = Crypto::default();
        assert!(crypto.take(&[6, 0x80, 0, 0x40, 0, 1, 9]).is_ok());
        assert!(crypto.bytes.is_empty());
        assert!(crypto.take(&[8, 0]).is_err());
        assert!(crypto.take(&[2, 0, 0, 0xBF, 0xFF, 0xFF, 0xFF, 0]).is_err());
        assert_eq!(crypto.take(&[2, 0, 0, 0, 0, 0x1C, 0x41, 0x28, 0, 0]), Ok(Frames { closed: Some(0x128) }));
    }

    #[test]
    fn pieces_are_bounded() {
        let mut crypto = Crypto::default();
        for at in 0..1000 {
            crypto.piece(at * 3 + 1, &[1]);
        }
        assert_eq!(crypto.pieces.len(), PIECES_MAX);
    }
}
