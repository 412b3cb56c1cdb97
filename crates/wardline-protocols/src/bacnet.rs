//! BACnet/IP (ASHRAE 135, annex J and clauses 6, 15, 16, 20): which controller of the building answers.
//!
//! In: datagrams. Out: the maker's number from I-Am; model, maker, versions, location and serial number of a
//! device object from the answers to ReadProperty and ReadPropertyMultiple. What a router passes on from another
//! network is true of another device and says nothing. Refuses: segmented answers.

mod tag;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use std::net::{IpAddr, Ipv4Addr};
use tag::{Tag, words};
use wardline_model::{Attribute, Fact, is_device_address};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "bacnet",
    carriers: &[Carrier::Datagram],
    ports: &[47_808],
    probe,
    start: |_| Box::new(Bacnet::default()),
};

/// Functions of the virtual link that carry a message, and the last of all.
const FORWARDED: u8 = 4;
const DISTRIBUTE: u8 = 9;
const UNICAST: u8 = 10;
const BROADCAST: u8 = 11;
/// Values read of one answer; a datagram holds no more of use.
const VALUES_MAX: usize = 128;
/// The object type of a device.
const DEVICE: u32 = 8;
const READ_PROPERTY: u8 = 12;
const READ_MULTIPLE: u8 = 14;

fn probe(probe: &Probe<'_>) -> Verdict {
    let &[0x81, function, high, low, ref rest @ ..] = probe.bytes else { return Verdict::No };
    let at_usual = |port: &u16| (47_808..=47_823).contains(port);
    if usize::from(u16::from_be_bytes([high, low])) != probe.bytes.len() {
        // Some devices count wrong; between the usual ports what follows tells enough.
        let tells = matches!(function, UNICAST | BROADCAST) && is_message(rest);
        return if tells && probe.ports.iter().all(at_usual) { Verdict::Yes } else { Verdict::No };
    }
    let usual = probe.ports.iter().any(at_usual);
    let fits = match function {
        FORWARDED => rest.get(6) == Some(&1),
        DISTRIBUTE | UNICAST | BROADCAST => rest.first() == Some(&1) && rest.len() >= 3,
        0 | 5 => usual && rest.len() == 2,
        1 | 3 | 7 | 8 => usual,
        2 | 6 => usual && rest.is_empty(),
        _ => false,
    };
    if fits { Verdict::Yes } else { Verdict::No }
}

/// Whether these are the heads of the network layer and of an application message of known kind.
const fn is_message(bytes: &[u8]) -> bool {
    // Version 1, nothing reserved, no addresses; a request with its sizes, or an announcement or answer.
    match bytes {
        [1, control, 0, sizes, _, service, ..] if *control & 0xFB == 0 => {
            *sizes & 0x80 == 0 && *service <= 34
        }
        [1, control, 0x10, service, ..] if *control & 0xFB == 0 => *service <= 11,
        [1, control, 0x20 | 0x30 | 0x50, _, service, ..] if *control & 0xFB == 0 => *service <= 34,
        _ => false,
    }
}

#[derive(Default)]
struct Bacnet {
    said: Once,
}

impl Dissector for Bacnet {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        notes.malformed |= self.message(side, bytes, notes).is_err();
        Step::skip(bytes.len())
    }
}

impl Bacnet {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(bytes);
        if reader.u8("link type")? != 0x81 {
            return Err(Fault::Malformed("link type"));
        }
        let function = reader.u8("function")?;
        let length = reader.u16("length")?;
        notes.malformed |= usize::from(length) != bytes.len();
        let origin = match function {
            FORWARDED => {
                let origin = Ipv4Addr::from(reader.array::<4>("origin")?);
                reader.skip(2, "origin port")?;
                Some(IpAddr::from(origin))
            }
            DISTRIBUTE | UNICAST | BROADCAST => None,
            _ => return Ok(()),
        };
        reader.skip(1, "network version")?;
        let control = reader.u8("control")?;
        let has_destination = control & 0x20 != 0;
        let has_source = control & 0x08 != 0;
        if has_destination {
            skip_address(&mut reader)?;
        }
        if has_source {
            skip_address(&mut reader)?;
        }
        if has_destination {
            reader.skip(1, "hop count")?;
        }
        // A message of the network layer, or one of a device behind this router.
        if control & 0x80 != 0 {
            return Ok(());
        }
        let first = reader.u8("unit")?;
        let facts = match first >> 4 {
            0 => {
                notes.requester.get_or_insert(side);
                return Ok(());
            }
            1 => announcement(&mut reader)?,
            3 => {
                notes.requester.get_or_insert(side.peer());
                if first & 0x08 != 0 {
                    return Ok(());
                }
                reader.skip(1, "invocation")?;
                match reader.u8("service")? {
                    READ_PROPERTY => property(&mut reader)?,
                    READ_MULTIPLE => properties(&mut reader)?,
                    _ => return Ok(()),
                }
            }
            _ => return Ok(()),
        };
        if has_source || !self.said.is_new((side, origin, &facts)) {
            return Ok(());
        }
        match origin {
            Some(origin) if is_device_address(origin) => notes.address(origin, facts),
            Some(_) => {}
            None => notes.speaker(side, facts),
        }
        Ok(())
    }
}

/// Network number, length of the address, address.
fn skip_address(reader: &mut Reader<'_>) -> Result<(), Fault> {
    reader.skip(2, "network")?;
    let length = reader.u8("address length")?;
    reader.skip(length.into(), "address")
}

/// I-Am: device, longest message, segmentation, maker.
fn announcement(reader: &mut Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
    if reader.u8("service")? != 0 {
        return Ok(Vec::new());
    }
    let object = Tag::read(reader)?;
    Tag::read(reader)?;
    Tag::read(reader)?;
    let maker = Tag::read(reader)?.number().filter(|_| object.object().is_some_and(|o| o >> 22 == DEVICE));
    let maker = maker.map(|maker| maker.to_string());
    Ok(vec![maker.and_then(|maker| Fact::new(Attribute::BacnetVendor, &maker, 95, "bacnet.i-am"))])
}

/// The answer to ReadProperty: object, property, index where it is a list, value.
fn property(reader: &mut Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
    let object = Tag::read(reader)?.object();
    let property = Tag::read(reader)?.number();
    let mut opening = Tag::read(reader)?;
    if !opening.opens {
        opening = Tag::read(reader)?;
    }
    if !opening.opens {
        return Err(Fault::Malformed("value"));
    }
    let value = Tag::read(reader)?;
    Ok(vec![fact(object, property, &value)])
}

/// The answer to ReadPropertyMultiple: objects, each with a list of properties and their values or errors.
fn properties(reader: &mut Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
    let (mut facts, mut object, mut property) = (Vec::new(), None, None);
    // Opening tags that are not closed: the list, then a value, then what a value is made of.
    let mut depth = 0_usize;
    let mut values = 0_usize;
    while !reader.is_empty() && values < VALUES_MAX {
        values = values.saturating_add(1);
        let tag = Tag::read(reader)?;
        match depth {
            _ if tag.opens => depth = depth.saturating_add(1),
            _ if tag.closes => depth = depth.saturating_sub(1),
            0 => object = tag.object(),
            1 if tag.of_context && tag.id == 2 => property = tag.number(),
            1 => {}
            2 => facts.push(fact(object, property.take(), &tag)),
            _ => {}
        }
    }
    Ok(facts)
}

fn fact(object: Option<u32>, property: Option<u32>, value: &Tag<'_>) -> Option<Fact> {
    if object? >> 22 != DEVICE || value.of_context {
        return None;
    }
    let (attribute, rule) = match property? {
        44 => (Attribute::Software, "bacnet.firmware-revision"),
        12 => (Attribute::Software, "bacnet.application-software-version"),
        58 => (Attribute::Location, "bacnet.location"),
        70 => (Attribute::Model, "bacnet.model-name"),
        120 => {
            let maker = (value.id == 2).then(|| value.number()).flatten()?.to_string();
            return Fact::new(Attribute::BacnetVendor, &maker, 95, "bacnet.vendor-identifier");
        }
        121 => (Attribute::Vendor, "bacnet.vendor-name"),
        372 => (Attribute::Serial, "bacnet.serial-number"),
        _ => return None,
    };
    let words = (value.id == 7).then(|| words(value.content)).flatten()?;
    match property? {
        44 => Some(Fact::new(attribute, "firmware", 95, rule)?.with_version(&words)),
        12 => Some(Fact::new(attribute, "software", 95, rule)?.with_version(&words)),
        _ => Fact::new(attribute, &words, if attribute == Attribute::Location { 80 } else { 95 }, rule),
    }
}
