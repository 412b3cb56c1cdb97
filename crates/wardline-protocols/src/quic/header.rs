//! Heads of QUIC packets: those that every version shares (RFC 8999), and the long ones of the versions we know
//! (RFC 9000 section 17.2, RFC 9369 section 3.2, the drafts from 23 on, Google's with TLS).

use wardline_wire::{Fault, Reader};

/// Longest connection id of a known version (RFC 9000 section 17.2).
const ID_MAX: usize = 20;
/// Shortest id that a client may choose for its server (RFC 9000 section 7.2).
const ID_MIN: usize = 8;
/// Shortest datagram with a client's first packet (RFC 9000 section 14.1).
const DATAGRAM_MIN: usize = 1_200;
/// Tag of a Retry, and of every encrypted payload.
const TAG: usize = 16;
/// Payload that a protected packet has at least: four bytes of number and text, and the tag.
const PAYLOAD_MIN: usize = 4 + TAG;

/// Versions whose packets we can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Google's own handshake in QUIC's packets.
    Q050,
    /// Google's with TLS, in its own frames.
    T050,
    /// Google's with TLS, the later.
    T051,
    /// Drafts 23 to 28.
    Draft23,
    /// Drafts 29 to 32.
    Draft29,
    /// RFC 9000, and the last two drafts, which differ in the number alone.
    One,
    /// RFC 9369.
    Two,
}

impl Version {
    pub(super) const fn of(number: u32) -> Option<Self> {
        Some(match number {
            0x0000_0001 | 0xFF00_0021 | 0xFF00_0022 => Self::One,
            0x6B33_43CF => Self::Two,
            0xFF00_001D..=0xFF00_0020 => Self::Draft29,
            // The second is the form that one big site spoke while draft 27 was current.
            0xFF00_0017..=0xFF00_001C | 0xFACE_B002 => Self::Draft23,
            0x5130_3530 => Self::Q050,
            0x5430_3530 => Self::T050,
            0x5430_3531 => Self::T051,
            _ => return None,
        })
    }

    /// Whether its frames are numbered as in the standard.
    pub(super) const fn has_frames_of_standard(self) -> bool {
        !matches!(self, Self::Q050 | Self::T050 | Self::T051)
    }
}

/// Numbers that nobody will ever speak, sent to keep peers tolerant (RFC 9000 section 15).
const fn is_reserved(number: u32) -> bool {
    number & 0x0F0F_0F0F == 0x0A0A_0A0A
}

/// What a packet with a long head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The server lists the versions it speaks.
    Negotiation,
    /// A version that nobody speaks; whether it looks like the Initial packet of version 1 and fills a datagram
    /// as the first of a client must.
    Reserved(bool),
    /// Hello of either side; the number of bytes before its packet number.
    Initial(usize),
    /// Data ahead of the handshake, or the rest of the handshake.
    Protected,
    /// The server asks to start again with its token.
    Retry,
}

/// A packet with a long head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    /// 0 in a negotiation.
    pub(super) version: u32,
    pub(super) destination: &'a [u8],
    pub(super) source: &'a [u8],
    /// The packet from its first byte to its last.
    pub(super) bytes: &'a [u8],
}

/// Whether `bytes` may start a packet with a long head of a version we know: no more than two looks.
pub(super) fn may_be_long(bytes: &[u8]) -> bool {
    let Some(&[first, a, b, c, d]) = bytes.first_chunk::<5>() else { return false };
    let number = u32::from_be_bytes([a, b, c, d]);
    first & 0x80 != 0
        && (number == 0 || (first & 0x40 != 0 && (Version::of(number).is_some() || is_reserved(number))))
}

impl<'a> Packet<'a> {
    /// The packet that `bytes` start with; more may follow it in the same datagram.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        // The second bit is 0 where both sides agreed on it (RFC 9287).
        let first = reader.u8("first byte")?;
        let version = reader.u32("version")?;
        if first & 0x80 == 0 || !(version == 0 || Version::of(version).is_some() || is_reserved(version)) {
            return Err(Fault::Unsupported("QUIC version"));
        }
        let destination = id(&mut reader)?;
        let source = id(&mut reader)?;
        let mut packet = Self { kind: Kind::Reserved(false), version, destination, source, bytes };
        let Some(known) = Version::of(version) else {
            packet.kind = if version == 0 {
                negotiation(&mut reader)?
            } else {
                let telling = first & 0x30 == 0 && destination.len() >= ID_MIN && bytes.len() >= DATAGRAM_MIN;
                Kind::Reserved(telling && fills(reader).is_ok_and(|left| left == 0))
            };
            return Ok(packet);
        };
        let kind = (first >> 4) & 3;
        // Version 2 counts from Retry on.
        let kind = if known == Version::Two { kind.wrapping_sub(1) & 3 } else { kind };
        if kind == 3 {
            reader.skip(TAG, "retry tag")?;
            packet.kind = Kind::Retry;
            return Ok(packet);
        }
        if kind == 0 {
            let token = varint(&mut reader)?;
            reader.skip(usize::try_from(token).unwrap_or(usize::MAX), "token")?;
        }
        let length = usize::try_from(varint(&mut reader)?).unwrap_or(usize::MAX);
        if length < PAYLOAD_MIN {
            return Err(Fault::Malformed("QUIC length"));
        }
        let before = bytes.len().saturating_sub(reader.len());
        reader.skip(length, "QUIC payload")?;
        packet.bytes = bytes.get(..before.saturating_add(length)).unwrap_or(bytes);
        packet.kind = if kind == 0 { Kind::Initial(before) } else { Kind::Protected };
        Ok(packet)
    }
}

/// Bytes behind token and payload of an Initial packet.
fn fills(mut reader: Reader<'_>) -> Result<usize, Fault> {
    for field in ["token", "QUIC payload"] {
        let length = varint(&mut reader)?;
        reader.skip(usize::try_from(length).unwrap_or(usize::MAX), field)?;
    }
    Ok(reader.len())
}

/// A list of versions of which one is known to us or reserved, to the end of the datagram.
fn negotiation(reader: &mut Reader<'_>) -> Result<Kind, Fault> {
    let mut known = false;
    while !reader.is_empty() {
        let number = reader.u32("version offered")?;
        known |= Version::of(number).is_some();
    }
    if known { Ok(Kind::Negotiation) } else { Err(Fault::Unsupported("QUIC versions offered")) }
}

fn id<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let length = usize::from(reader.u8("connection id length")?);
    if length > ID_MAX {
        return Err(Fault::Malformed("connection id length"));
    }
    reader.take(length, "connection id")
}

/// A number of one, two, four or eight bytes (RFC 9000 section 16).
pub(super) fn varint(reader: &mut Reader<'_>) -> Result<u64, Fault> {
    let first = reader.u8("variable integer")?;
    let more = match first >> 6 {
        0 => 0,
        1 => 1,
        2 => 3,
        _ => 7,
    };
    let rest = reader.take(more, "variable integer")?;
    Ok(rest.iter().fold(u64::from(first & 0x3F), |sum, byte| (sum << 8) | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_integers_are_those_of_the_standard() {
        // RFC 9000 appendix A.1.
        for (bytes, value) in [
            (&[0xC2, 0x19, 0x7C, 0x5E, 0xFF, 0x14, 0xE8, 0x8C][..], 151_288_809_941_952_652),
            (&[0x9D, 0x7F, 0x3E, 0x7D], 494_878_333),
            (&[0x7B, 0xBD], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(varint(&mut Reader::new(bytes)), Ok(value));
        }
        assert!(varint(&mut Reader::new(&[0x9D, 0x7F])).is_err());
    }

    #[test]
    fn only_versions_that_we_can_read_are_taken() {
        assert!(may_be_long(&[0xC0, 0, 0, 0, 1]));
        assert!(may_be_long(&[0xD0, 0x6B, 0x33, 0x43, 0xCF]));
        assert!(may_be_long(&[0x80, 0, 0, 0, 0]));
        for other in [&[0x40, 0, 0, 0, 1][..], &[0x80, 0, 0, 0, 1], &[0xC0, 0, 0, 0, 2], &[0xC0, 0, 0]] {
            assert!(!may_be_long(other), "{other:?}");
        }
    }
}
