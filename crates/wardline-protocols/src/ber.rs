//! The Basic Encoding Rules as SNMP, LDAP and Kerberos use them (RFC 3417 section 8, RFC 4511 section 5.1):
//! definite lengths, single-byte tags.
//!
//! Limits: lengths of [`LENGTH_BYTES_MAX`] bytes, [`ARCS_MAX`] arcs of an object identifier. Depth is bounded
//! by the caller, who names every level.

use wardline_wire::{Fault, Reader};

/// Bytes of a long length: a datagram needs two, some agents and directories always write four.
const LENGTH_BYTES_MAX: u8 = 4;
/// Arcs of an object identifier (RFC 3416 section 4.1).
const ARCS_MAX: usize = 128;

/// Universal and application tags. The address is SNMP's.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const OBJECT: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const ADDRESS: u8 = 0x40;

/// An object identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object(pub(crate) Vec<u32>);

impl Object {
    /// Dotted, as people write it.
    pub(crate) fn dotted(&self) -> String {
        self.0.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
    }
}

/// Tag and length of the next element, whose content need not be there yet.
pub(crate) fn head(reader: &mut Reader<'_>) -> Result<(u8, usize), Fault> {
    let tag = reader.u8("BER tag")?;
    let first = reader.u8("BER length")?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = first & 0x7f;
        if count == 0 || count > LENGTH_BYTES_MAX {
            return Err(Fault::Malformed("BER length"));
        }
        length = 0;
        for _ in 0..count {
            length = length.checked_shl(8).unwrap_or(usize::MAX) | usize::from(reader.u8("BER length")?);
        }
    }
    Ok((tag, length))
}

/// The next element: its tag and a reader over its content.
pub(crate) fn element<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Fault> {
    let (tag, length) = head(reader)?;
    Ok((tag, reader.sub(length, "BER content")?))
}

/// The content of the next element, which must have that tag.
pub(crate) fn expect<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Fault> {
    let (found, content) = element(reader)?;
    if found == tag { Ok(content) } else { Err(Fault::Malformed("BER tag")) }
}

/// The next element as an integer that is not negative; larger ones than 64 bits are malformed.
pub(crate) fn integer(reader: &mut Reader<'_>) -> Result<u64, Fault> {
    let content = expect(reader, INTEGER)?;
    let bytes = content.rest();
    let digits = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    if bytes.first().is_none_or(|first| *first >= 0x80) || digits.len() > 8 {
        return Err(Fault::Malformed("integer"));
    }
    Ok(digits.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

/// The content of an integer or enumeration of up to eight bytes, which may be negative.
pub(crate) fn signed(content: Reader<'_>) -> Result<i64, Fault> {
    let (first, rest) = content.rest().split_first().ok_or(Fault::Malformed("integer"))?;
    if rest.len() > 7 {
        return Err(Fault::Malformed("integer"));
    }
    let start = i64::from(i8::from_be_bytes([*first]));
    Ok(rest.iter().fold(start, |value, byte| (value << 8) | i64::from(*byte)))
}

/// The content of an object identifier.
pub(crate) fn object(mut content: Reader<'_>) -> Result<Object, Fault> {
    let mut arcs = Vec::new();
    while !content.is_empty() {
        let mut arc = 0_u32;
        loop {
            let byte = content.u8("object arc")?;
            arc = arc.checked_mul(128).ok_or(Fault::Malformed("object arc"))? | u32::from(byte & 0x7f);
            if byte < 0x80 {
                break;
            }
        }
        if arcs.is_empty() {
            let root = arc.checked_div(40).unwrap_or(0).min(2);
            arcs.push(root);
            arc = arc.saturating_sub(root.saturating_mul(40));
        }
        arcs.push(arc);
        if arcs.len() > ARCS_MAX {
            return Err(Fault::TooLarge("object arcs"));
        }
    }
    Ok(Object(arcs))
}
