//! LLDP (IEEE 802.1AB) with LLDP-MED (ANSI/TIA-1057): a station's own description, down to its serial number.
//!
//! In: one advertisement per call. Out: names, description, management addresses, inventory, location of the
//! speaker; whether it routes or bridges. Refuses: other organisations' elements. Limits: [`ELEMENTS_MAX`],
//! [`CIVIC_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict, text};
use std::net::IpAddr;
use wardline_model::{Attribute, Fact, Mac, Role};
use wardline_wire::frame::LinkProtocol;
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "lldp",
    carriers: &[Carrier::Link(LinkProtocol::Lldp)],
    ports: &[],
    probe: |_| Verdict::No,
    start: |_| Box::new(Lldp::default()),
};

/// Elements read of an advertisement: a frame of 1,500 bytes rarely has 40.
const ELEMENTS_MAX: usize = 256;
/// Elements of a civic address read (RFC 4776 defines below 40).
const CIVIC_MAX: usize = 48;
/// The organisation of LLDP-MED.
const MEDIA_ENDPOINT: [u8; 3] = [0x00, 0x12, 0xbb];
/// Capability bits (802.1AB table 8-4).
const BRIDGE: u16 = 0x04;
const ACCESS_POINT: u16 = 0x08;
const ROUTER: u16 = 0x10;
const TELEPHONE: u16 = 0x20;
const STATION_ONLY: u16 = 0x80;

#[derive(Default)]
struct Lldp {
    said: Once,
}

impl Dissector for Lldp {
    fn read(&mut self, _side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.said.is_new(bytes) {
            let mut facts = Vec::new();
            if advertisement(bytes, &mut facts).is_err() {
                notes.malformed = true;
            }
            if self.said.is_new(&facts) {
                notes.speaker(Side::Opener, facts);
            }
        }
        Step::skip(bytes.len())
    }
}

/// Reads the elements up to the end or the first that cannot be read.
fn advertisement(bytes: &[u8], facts: &mut Vec<Option<Fact>>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    for place in 0..ELEMENTS_MAX {
        let head = reader.u16("LLDP element")?;
        let (kind, length) = (head >> 9, usize::from(head & 0x01ff));
        let value = reader.sub(length, "LLDP element")?;
        // Chassis, port and time to live come first, in this order (802.1AB section 8.2).
        if place < 3 && usize::from(kind) != place.saturating_add(1) {
            return Err(Fault::Malformed("LLDP element order"));
        }
        match kind {
            0 => return Ok(()),
            1 => facts.push(chassis(value)),
            5 => facts.push(named(Attribute::Hostname, value, 90, "lldp.system-name")),
            6 => facts.push(named(Attribute::LldpDescription, value, 95, "lldp.system-description")),
            7 => facts.extend(capabilities(value)?),
            8 => facts.push(management(value)?),
            127 => organisation(value, facts)?,
            _ => {}
        }
    }
    Err(Fault::TooLarge("LLDP element count"))
}

fn named(attribute: Attribute, value: Reader<'_>, confidence: u8, rule: &'static str) -> Option<Fact> {
    text::utf8(value.rest()).and_then(|text| Fact::new(attribute, text, confidence, rule))
}

fn chassis(mut value: Reader<'_>) -> Option<Fact> {
    // Subtype 4 is a MAC address (802.1AB table 8-2); others are names of local meaning.
    let subtype = value.u8("chassis subtype").ok()?;
    let mac = Mac(value.array("chassis MAC").ok()?);
    (subtype == 4 && value.is_empty() && mac.is_station())
        .then(|| Fact::new(Attribute::Mac, &mac.to_string(), 85, "lldp.chassis"))?
}

fn capabilities(mut value: Reader<'_>) -> Result<[Option<Fact>; 2], Fault> {
    value.skip(2, "LLDP capabilities")?;
    let enabled = value.u16("LLDP enabled capabilities")?;
    let routes = enabled & ROUTER != 0;
    let switches = enabled & (BRIDGE | ACCESS_POINT) != 0 && enabled & (TELEPHONE | STATION_ONLY) == 0;
    Ok([
        routes.then(|| Fact::new(Attribute::Role, Role::Router.as_str(), 85, "lldp.capabilities")).flatten(),
        switches.then(|| Fact::new(Attribute::Class, "it.net", 40, "lldp.capabilities")).flatten(),
    ])
}

fn management(mut value: Reader<'_>) -> Result<Option<Fact>, Fault> {
    let length = usize::from(value.u8("management address length")?);
    let mut address = value.sub(length, "management address")?;
    let ip = match address.u8("management address family")? {
        1 => IpAddr::from(address.array::<4>("management address")?),
        2 => IpAddr::from(address.array::<16>("management address")?),
        _ => return Ok(None),
    };
    Ok(own_address(ip, "lldp.management-address"))
}

/// A fact of the speaker's own address, when it can be one.
pub(crate) fn own_address(ip: IpAddr, rule: &'static str) -> Option<Fact> {
    if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() {
        return None;
    }
    Fact::new(Attribute::Ip, &ip.to_string(), 85, rule)
}

fn organisation(mut value: Reader<'_>, facts: &mut Vec<Option<Fact>>) -> Result<(), Fault> {
    let organisation: [u8; 3] = value.array("LLDP organisation")?;
    let subtype = value.u8("LLDP organisation subtype")?;
    if organisation != MEDIA_ENDPOINT {
        return Ok(());
    }
    let software = |name: &str, value: Reader<'_>, rule: &'static str| {
        let version = text::utf8(value.rest())?;
        Fact::new(Attribute::Software, name, 90, rule).map(|fact| fact.with_version(version))
    };
    facts.push(match subtype {
        3 => location(value)?,
        6 => software("firmware", value, "lldp-med.firmware"),
        7 => software("software", value, "lldp-med.software"),
        8 => named(Attribute::Serial, value, 95, "lldp-med.serial"),
        9 => named(Attribute::Vendor, value, 95, "lldp-med.manufacturer"),
        10 => named(Attribute::Model, value, 95, "lldp-med.model"),
        _ => None,
    });
    Ok(())
}

/// A location: civic address elements that tell a place inside a hospital, or an emergency number.
fn location(mut value: Reader<'_>) -> Result<Option<Fact>, Fault> {
    match value.u8("location format")? {
        2 => {
            let length = usize::from(value.u8("civic length")?);
            civic(value.sub(length, "civic address")?)
        }
        3 => Ok(text::ascii(value.rest())
            .and_then(|line| Fact::new(Attribute::Location, &format!("line {line}"), 85, "lldp-med.line"))),
        _ => Ok(None),
    }
}

fn civic(mut value: Reader<'_>) -> Result<Option<Fact>, Fault> {
    value.skip(3, "civic subject and country")?;
    let mut place = Vec::new();
    for _ in 0..CIVIC_MAX {
        if value.is_empty() {
            break;
        }
        let kind = value.u8("civic element type")?;
        let length = usize::from(value.u8("civic element length")?);
        let element = value.take(length, "civic element")?;
        let name = match kind {
            21 => "landmark",
            22 => "at",
            25 => "building",
            26 => "unit",
            27 => "floor",
            28 => "room",
            33 => "seat",
            _ => continue,
        };
        place.extend(text::utf8(element).map(|text| format!("{name} {text}")));
    }
    Ok(Fact::new(Attribute::Location, &place.join(", "), 85, "lldp-med.civic"))
}
