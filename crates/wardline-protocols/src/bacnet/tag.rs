//! Tagged values of BACnet (ASHRAE 135 clause 20.2.1).

use crate::text;
use wardline_wire::{Fault, Reader};

/// A tag with its content.
pub(super) struct Tag<'a> {
    pub(super) id: u8,
    pub(super) of_context: bool,
    pub(super) opens: bool,
    pub(super) closes: bool,
    pub(super) content: &'a [u8],
}

impl<'a> Tag<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let first = reader.u8("tag")?;
        let of_context = first & 0x08 != 0;
        let id = if first >> 4 == 15 { reader.u8("tag number")? } else { first >> 4 };
        let (opens, closes) = (of_context && first & 7 == 6, of_context && first & 7 == 7);
        let length = match first & 7 {
            _ if opens || closes => 0,
            // The value of an application's boolean is its length.
            _ if !of_context && id == 1 => 0,
            5 => match reader.u8("length")? {
                254 => usize::from(reader.u16("length")?),
                255 => usize::try_from(reader.u32("length")?).unwrap_or(usize::MAX),
                short => usize::from(short),
            },
            short => usize::from(short),
        };
        Ok(Self { id, of_context, opens, closes, content: reader.take(length, "value")? })
    }

    /// The content as an unsigned number of up to four bytes.
    pub(super) fn number(&self) -> Option<u32> {
        let fits = (1..=4).contains(&self.content.len()) && !self.opens && !self.closes;
        fits.then(|| self.content.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
    }

    /// The content as an object identifier: type above, instance below.
    pub(super) fn object(&self) -> Option<u32> {
        self.number().filter(|_| self.content.len() == 4)
    }
}

/// A character string: its set, then its bytes.
pub(super) fn words(content: &[u8]) -> Option<String> {
    let (set, bytes) = content.split_first()?;
    match set {
        0 => text::utf8(bytes).map(str::to_owned),
        // ISO 8859-1.
        5 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        4 => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let swapped: Vec<u8> = pairs.iter().flat_map(|&[high, low]| [low, high]).collect();
            text::utf16_le(&swapped)
        }
        _ => None,
    }
}
