//! Answers of the endpoint mapper (C706 appendix O, appendix L for towers): which interfaces a host has.
//!
//! In: an answer in one fragment, numbers in little endian, pointers of 32 bits; others are left out. Limit:
//! [`TOWERS_MAX`].

use super::interface::Uuid;
use wardline_wire::{Fault, Reader};

/// Longest answer waited for: clients ask for a few towers of some 80 bytes.
pub(super) const ANSWER_MAX: usize = 4_096;
/// Towers read of an answer; clients ask for one or four.
const TOWERS_MAX: u32 = 64;
/// Bytes before what the call returns: the head, its hint, its context.
const BEFORE: usize = 24;
/// Length of a floor that names an interface, and the kind of what is named.
const FLOOR: u16 = 19;
const UUID: u8 = 0x0d;

/// The interfaces of the towers in an answer.
pub(super) fn towers(answer: &[u8]) -> Result<Vec<Uuid>, Fault> {
    let mut reader = Reader::new(answer);
    reader.skip(BEFORE.saturating_add(20), "head and handle")?;
    let count = reader.u32_le("tower count")?;
    let most = reader.u32_le("most towers")?;
    let offset = reader.u32_le("tower offset")?;
    let actual = reader.u32_le("towers")?;
    if count != actual || offset != 0 || count > TOWERS_MAX.min(most) {
        return Err(Fault::Malformed("tower count"));
    }
    for _ in 0..count {
        if reader.u32_le("tower pointer")? == 0 {
            return Err(Fault::Unsupported("tower pointer"));
        }
    }
    let mut interfaces = Vec::new();
    for _ in 0..count {
        let most = reader.u32_le("most bytes")?;
        let length = reader.u32_le("tower length")?;
        if most != length {
            return Err(Fault::Malformed("tower length"));
        }
        let length = usize::try_from(length).map_err(|_| Fault::TooLarge("tower length"))?;
        let tower = reader.sub(length, "tower")?;
        reader.take_up_to(length.next_multiple_of(4).saturating_sub(length));
        interfaces.extend(interface(tower)?);
    }
    Ok(interfaces)
}

/// The interface that a tower's first floor names.
fn interface(mut tower: Reader<'_>) -> Result<Option<Uuid>, Fault> {
    tower.skip(2, "floor count")?;
    if tower.u16_le("floor length")? != FLOOR || tower.u8("floor kind")? != UUID {
        return Ok(None);
    }
    Uuid::read(&mut tower, true).map(Some)
}
