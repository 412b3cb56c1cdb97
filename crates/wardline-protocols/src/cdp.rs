//! Cisco Discovery Protocol (SNAP 00000C/2000): a station's own description.
//!
//! In: one advertisement per call, from its version. Out: device id, platform, software version text, own
//! addresses, location, whether it routes or switches. Limits: [`ELEMENTS_MAX`], [`ADDRESSES_MAX`].

use crate::lldp::own_address;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict, text};
use std::net::IpAddr;
use wardline_model::{Attribute, Fact, Role};
use wardline_wire::frame::LinkProtocol;
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "cdp",
    carriers: &[Carrier::Link(LinkProtocol::Cdp)],
    ports: &[],
    probe: |_| Verdict::No,
    start: |_| Box::new(Cdp::default()),
};

/// Elements read of an advertisement: some 30 kinds are known.
const ELEMENTS_MAX: usize = 128;
/// Addresses read of one element: a router may list dozens of interfaces.
const ADDRESSES_MAX: usize = 32;
/// Capability bits.
const ROUTER: u32 = 0x01;
const BRIDGES: u32 = 0x02 | 0x04 | 0x08;
const HOST_OR_PHONE: u32 = 0x10 | 0x80;

#[derive(Default)]
struct Cdp {
    said: Once,
}

impl Dissector for Cdp {
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
    if !matches!(reader.u8("CDP version")?, 1 | 2) {
        return Err(Fault::Unsupported("CDP version"));
    }
    reader.skip(3, "CDP time to live and checksum")?;
    for _ in 0..ELEMENTS_MAX {
        // Link padding may follow, too short for an element or all zero.
        if reader.len() < 4 || reader.rest().iter().all(|b| *b == 0) {
            return Ok(());
        }
        let kind = reader.u16("CDP element type")?;
        let length = usize::from(reader.u16("CDP element length")?);
        let length = length.checked_sub(4).ok_or(Fault::Malformed("CDP element length"))?;
        let mut value = reader.sub(length, "CDP element")?;
        match kind {
            0x01 => facts.push(named(Attribute::Hostname, value, 85, "cdp.device-id")),
            0x02 | 0x16 => addresses(value, facts)?,
            0x04 => facts.extend(capabilities(value)?),
            0x05 => facts.push(named(Attribute::CdpVersion, value, 95, "cdp.version")),
            0x06 => facts.push(named(Attribute::CdpPlatform, value, 95, "cdp.platform")),
            0x14 => facts.push(named(Attribute::Hostname, value, 85, "cdp.system-name")),
            0x17 => {
                value.skip(1, "CDP location kind")?;
                facts.push(named(Attribute::Location, value, 85, "cdp.location"));
            }
            _ => {}
        }
    }
    Err(Fault::TooLarge("CDP element count"))
}

fn named(attribute: Attribute, value: Reader<'_>, confidence: u8, rule: &'static str) -> Option<Fact> {
    text::utf8(value.rest()).and_then(|text| Fact::new(attribute, text, confidence, rule))
}

fn addresses(mut value: Reader<'_>, facts: &mut Vec<Option<Fact>>) -> Result<(), Fault> {
    let count = usize::try_from(value.u32("CDP address count")?).unwrap_or(usize::MAX);
    for _ in 0..count.min(ADDRESSES_MAX) {
        value.skip(1, "CDP protocol type")?;
        let length = usize::from(value.u8("CDP protocol length")?);
        let protocol = value.take(length, "CDP protocol")?;
        let length = usize::from(value.u16("CDP address length")?);
        let mut address = value.sub(length, "CDP address")?;
        let ip = match (protocol, length) {
            // NLPID of IPv4; LLC/SNAP of IPv6.
            ([0xcc], 4) => IpAddr::from(address.array::<4>("CDP IPv4 address")?),
            ([0xaa, 0xaa, 0x03, 0, 0, 0, 0x86, 0xdd], 16) => {
                IpAddr::from(address.array::<16>("CDP IPv6 address")?)
            }
            _ => continue,
        };
        facts.push(own_address(ip, "cdp.address"));
    }
    Ok(())
}

fn capabilities(mut value: Reader<'_>) -> Result<[Option<Fact>; 2], Fault> {
    let bits = value.u32("CDP capabilities")?;
    let routes = bits & ROUTER != 0;
    let switches = bits & BRIDGES != 0 && bits & HOST_OR_PHONE == 0;
    Ok([
        routes.then(|| Fact::new(Attribute::Role, Role::Router.as_str(), 85, "cdp.capabilities")).flatten(),
        switches.then(|| Fact::new(Attribute::Class, "it.net", 60, "cdp.capabilities")).flatten(),
    ])
}
