//! IEEE 11073-20601 personal health devices over TCP, as gateways and test benches carry them: which meter.
//!
//! In: APDUs (20601 annex A, MDER): association, configuration and attributes of the medical device system. Out:
//! maker, model, serial number, versions, kind and system identification of the agent. Limit: [`APDU_READ_MAX`]
//! bytes of an APDU are read. Measurements and persons are never read. Samples are built from the standard, not
//! recorded: unverified.

use crate::hl7::eui64_mac;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "phd",
    carriers: &[Carrier::Stream],
    ports: &[6024],
    probe,
    start: |_| Box::new(Phd::default()),
};

/// APDU choices.
const ASSOCIATE: u16 = 0xE200;
const ANSWER: u16 = 0xE300;
const RELEASE: u16 = 0xE400;
const RELEASED: u16 = 0xE500;
const ABORT: u16 = 0xE600;
const PRESENT: u16 = 0xE700;
/// Bytes of an APDU that are read: descriptions have some hundred, an agent sends at most 64,512.
const APDU_READ_MAX: usize = 8_192;
/// The identifier of data exchange by 20601.
const DATA_PROTOCOL: [u8; 2] = [0x50, 0x79];
/// Services within a presentation APDU that carry attributes: confirmed and unconfirmed events, and answers
/// to a get.
const EVENTS: [u16; 2] = [0x0100, 0x0101];
const GOT: u16 = 0x0203;
/// The event of a configuration, which describes other objects than the system.
const CONFIGURATION: u16 = 0x0D1C;
/// Attributes of the medical device system.
const MODEL: u16 = 0x0928;
const PRODUCTION: u16 = 0x092D;
const SYSTEM: u16 = 0x0984;
const SPECIALISATIONS: u16 = 0x0A5A;
/// Standard configurations: a hundred for each specialisation 10400 + n.
const STANDARD_CONFIGURATIONS: std::ops::RangeInclusive<u16> = 400..=7_299;
/// Block of infrastructure codes, with the profile of specialisation 0.
const PROFILE: u32 = (8 << 16) | 0x1000;

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let at = |at: usize, byte: u8| bytes.get(at).is_none_or(|b| *b == byte);
    let magic = match bytes.first() {
        // Protocol list of one or more, the first 20601.
        Some(0xE2) => at(4, 0x80) && at(5, 0) && at(8, 0) && at(12, 0x50) && at(13, 0x79),
        Some(0xE3) => at(4, 0) && at(6, 0x50) && at(7, 0x79),
        Some(0xE7) if !probe.from_start => return present(bytes),
        _ => return Verdict::No,
    };
    match (at(1, 0) && magic, bytes.len()) {
        (false, _) => Verdict::No,
        (true, 0..14) => Verdict::More,
        (true, _) => Verdict::Yes,
    }
}

/// A presentation APDU picked up in the middle: two lengths that fit and a service.
fn present(bytes: &[u8]) -> Verdict {
    match *bytes {
        [0xE7, 0, high, low, inner_high, inner_low, _, _, 1 | 2, 0..=7, ..] => {
            let (outer, inner) =
                (u16::from_be_bytes([high, low]), u16::from_be_bytes([inner_high, inner_low]));
            if outer == inner.saturating_add(2) && outer >= 8 { Verdict::Maybe } else { Verdict::No }
        }
        [0xE7] | [0xE7, 0] => Verdict::More,
        [0xE7, 0, ..] if bytes.len() < 10 => Verdict::More,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Phd {
    said: Once,
    /// APDUs that followed one another as they should.
    units: u8,
    /// The side whose system is described.
    agent: Option<Side>,
}

impl Dissector for Phd {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let mut reader = Reader::new(bytes);
        let (Ok(choice), Ok(length)) = (reader.u16("choice"), reader.u16("length")) else {
            return Step::More(4);
        };
        if !matches!(choice, ASSOCIATE | ANSWER | RELEASE | RELEASED | ABORT | PRESENT) {
            notes.malformed = self.units > 1;
            return if self.units > 1 { Step::Done } else { Step::Withdraw };
        }
        let whole = usize::from(length).saturating_add(4);
        let wanted = whole.min(APDU_READ_MAX);
        let Some(unit) = bytes.get(4..wanted) else { return Step::More(wanted) };
        self.units = self.units.saturating_add(1);
        notes.confirmed |= self.units > 1 || choice != PRESENT;
        notes.encrypted = Some(false);
        let unit = Reader::new(unit);
        let read = match choice {
            ASSOCIATE => self.associate(side, unit, notes),
            ANSWER => {
                notes.requester.get_or_insert(side.peer());
                Ok(())
            }
            PRESENT => self.present(side, unit, notes),
            _ => Ok(()),
        };
        notes.malformed |= read.is_err() && wanted == whole;
        Step::skip(whole)
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        // Lengths alone lead from one APDU to the next.
        Step::Done
    }
}

impl Phd {
    /// An agent asks for an association: its kind and its identification.
    fn associate(&mut self, side: Side, mut unit: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        notes.requester.get_or_insert(side);
        unit.skip(8, "association version and protocols")?;
        if unit.array("data protocol")? != DATA_PROTOCOL {
            return Err(Fault::Unsupported("data protocol"));
        }
        let length = unit.u16("protocol information length")?;
        let mut information = unit.sub(length.into(), "protocol information")?;
        information.skip(14, "versions, encoding and functional units")?;
        let agent = information.u32("system type")? & 0x0080_0000 != 0;
        let system = label(&mut information)?;
        let configuration = information.u16("configuration")?;
        if !agent {
            return Ok(());
        }
        self.agent = Some(side);
        let kind = STANDARD_CONFIGURATIONS.contains(&configuration).then(|| {
            let specialisation = u32::from(configuration).checked_div(100).unwrap_or_default();
            kind(PROFILE.saturating_add(specialisation))
        });
        self.tell(side, vec![address(system), kind.flatten()], notes);
        Ok(())
    }

    /// A service on the system or on its measurements: only attributes of the system, object 0, are read.
    fn present(&mut self, side: Side, mut unit: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let length = unit.u16("data length")?;
        let mut data = unit.sub(length.into(), "data")?;
        data.skip(2, "invocation")?;
        let service = data.u16("service")?;
        let length = data.u16("service length")?;
        let mut service_data = data.sub(length.into(), "service")?;
        if service_data.len() < 2 || service_data.u16("object")? != 0 {
            return Ok(());
        }
        if EVENTS.contains(&service) {
            service_data.skip(4, "time")?;
            // Events tell measurements and configurations: who sends them is the agent.
            if service_data.u16("event")? == CONFIGURATION {
                self.agent = Some(side);
            }
            return Ok(());
        }
        if service != GOT {
            return Ok(());
        }
        self.agent = Some(side);
        let mut list = counted(&mut service_data)?;
        let mut facts = Vec::new();
        while !list.is_empty() {
            let attribute = list.u16("attribute")?;
            let length = list.u16("attribute length")?;
            self.attribute(attribute, list.sub(length.into(), "attribute value")?, &mut facts)?;
        }
        self.tell(side, facts, notes);
        Ok(())
    }

    fn attribute(
        &self,
        attribute: u16,
        mut value: Reader<'_>,
        facts: &mut Vec<Option<Fact>>,
    ) -> Result<(), Fault> {
        match attribute {
            MODEL => {
                let (maker, model) = (label(&mut value)?, label(&mut value)?);
                let fact = |attribute, words, rule| Fact::new(attribute, text::utf8(words)?, 90, rule);
                facts.push(fact(Attribute::Vendor, maker, "phd.manufacturer"));
                facts.push(fact(Attribute::Model, model, "phd.model"));
            }
            PRODUCTION => {
                let mut list = counted(&mut value)?;
                while !list.is_empty() {
                    let (kind, component) = (list.u16("specification")?, list.u16("component")?);
                    let words = text::utf8(label(&mut list)?);
                    // Component 0 is the device, or unnamed; others are parts of it.
                    facts.push(words.filter(|_| component == 0).and_then(|words| specification(kind, words)));
                }
            }
            SYSTEM => facts.push(address(label(&mut value)?)),
            SPECIALISATIONS => {
                let mut list = counted(&mut value)?;
                let (first, _) = (list.u16("specialisation")?, list.u16("version")?);
                // A device of several specialisations is of none of them alone.
                facts.push(kind((8 << 16) | u32::from(first)).filter(|_| list.is_empty()));
            }
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, side: Side, facts: Vec<Option<Fact>>, notes: &mut Notes) {
        if facts.iter().any(Option::is_some) && self.said.is_new((side, &facts)) {
            notes.equipment(side, facts);
        }
    }
}

/// What one production specification says.
fn specification(kind: u16, words: &str) -> Option<Fact> {
    let software =
        |name, rule| Fact::new(Attribute::Software, name, 90, rule).map(|fact| fact.with_version(words));
    match kind {
        1 => Fact::new(Attribute::Serial, words, 90, "phd.serial"),
        4 => software("software", "phd.software"),
        5 => software("firmware", "phd.firmware"),
        _ => None,
    }
}

/// Kind of the device by its code in IEEE 11073-10101.
fn kind(code: u32) -> Option<Fact> {
    Fact::new(Attribute::MdcDevice, &code.to_string(), 85, "phd.specialisation")
}

/// The MAC inside a system identification that is made of one.
fn address(system: &[u8]) -> Option<Fact> {
    let digits = system.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02X}"));
    let mac = (system.len() == 8).then(|| eui64_mac(&digits))??;
    Fact::new(Attribute::Mac, &mac.to_string(), 75, "phd.system-id")
}

/// A list with its count and its length in bytes; the length counts.
fn counted<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Fault> {
    let (_, length) = (reader.u16("count")?, reader.u16("list length")?);
    reader.sub(length.into(), "list")
}

/// Bytes with their length before them.
fn label<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let length = reader.u16("text length")?;
    reader.take(length.into(), "text")
}
