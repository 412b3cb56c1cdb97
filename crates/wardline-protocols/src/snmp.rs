//! SNMP versions 1, 2c and 3 (RFC 1157, RFC 3416, RFC 3412, RFC 3414): what an agent says of itself.
//!
//! In: datagrams. Out: system group, inventory of the chassis (RFC 6933), engine identity, weak versions, that
//! a community travelled in clear and whether it is a factory default that was answered. Never told:
//! communities that are not factory defaults, user names. Limit: [`BINDINGS_MAX`].

use crate::ber::{ADDRESS, INTEGER, OBJECT, OCTETS, Object, SEQUENCE, element, expect, integer, object};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use std::net::{IpAddr, Ipv4Addr};
use wardline_model::{Attribute, DetailKey, Fact, Mac, is_device_address};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "snmp",
    carriers: &[Carrier::Datagram],
    ports: &[161, 162],
    probe,
    start: |_| Box::new(Snmp::default()),
};

/// Variable bindings read of one message; a bulk answer of 64 KiB may hold more, all of one table.
const BINDINGS_MAX: usize = 256;
/// Protocol data units.
const GET_RESPONSE: u8 = 0xa2;
const TRAP_ONE: u8 = 0xa4;
const INFORM: u8 = 0xa6;
const TRAP: u8 = 0xa7;
const REPORT: u8 = 0xa8;
/// Flags of a version 3 message.
const AUTHENTICATED: u8 = 1;
const PRIVATE: u8 = 2;
const REPORTABLE: u8 = 4;
/// The arcs of private enterprises.
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

#[derive(Default)]
struct Snmp {
    said: Once,
    /// Index of the chassis in the table of physical entities, once told.
    chassis: Option<u32>,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let shape = || -> Result<bool, Fault> {
        let mut all = Reader::new(probe.bytes);
        let mut message = expect(&mut all, SEQUENCE)?;
        let fits = match integer(&mut message)? {
            0 | 1 => {
                expect(&mut message, OCTETS)?;
                (0xa0..=REPORT).contains(&element(&mut message)?.0)
            }
            3 => {
                let mut head = expect(&mut message, SEQUENCE)?;
                integer(&mut head)?;
                integer(&mut head)?;
                let flags = expect(&mut head, OCTETS)?;
                expect(&mut message, OCTETS)?;
                flags.len() == 1
            }
            _ => false,
        };
        Ok(fits && (all.is_empty() || probe.port(161) || probe.port(162)))
    };
    if shape() == Ok(true) { Verdict::Yes } else { Verdict::No }
}

impl Dissector for Snmp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.malformed |= self.message(side, bytes, notes).is_err();
        Step::skip(bytes.len())
    }
}

impl Snmp {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut message = expect(&mut Reader::new(bytes), SEQUENCE)?;
        match integer(&mut message)? {
            0 => self.with_community(side, "snmp-v1", message, notes),
            1 => self.with_community(side, "snmp-v2c", message, notes),
            3 => self.version_three(side, message, notes),
            _ => Err(Fault::Unsupported("SNMP version")),
        }
    }

    fn with_community(
        &mut self,
        side: Side,
        version: &str,
        mut message: Reader<'_>,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        notes.encrypted = Some(false);
        let community = expect(&mut message, OCTETS)?.rest();
        let (kind, unit) = element(&mut message)?;
        let default = match community {
            b"public" => Some("public"),
            b"private" => Some("private"),
            _ => None,
        };
        if !community.is_empty() {
            let fact = Fact::new(Attribute::ClearCredential, "SNMP community", 95, "snmp.community");
            self.tell(side, [fact], notes);
        }
        if let Some(name) = default.filter(|name| self.said.is_new(("detail", name))) {
            notes.detail(DetailKey::Community, name);
        }
        if matches!(kind, GET_RESPONSE | TRAP_ONE | INFORM | TRAP) {
            // A wrong community is not answered: this one is right.
            let answered = default.filter(|_| kind == GET_RESPONSE).map(|name| format!("snmp-{name}"));
            let facts = [
                Fact::new(Attribute::Weakness, version, 95, "snmp.version"),
                answered.and_then(|a| Fact::new(Attribute::DefaultCredential, &a, 95, "snmp.community")),
            ];
            self.tell(side, facts, notes);
        }
        self.unit(side, kind, unit, notes)
    }

    fn version_three(&mut self, side: Side, mut message: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let mut head = expect(&mut message, SEQUENCE)?;
        integer(&mut head)?;
        integer(&mut head)?;
        let flags = expect(&mut head, OCTETS)?.u8("SNMP flags")?;
        let model = integer(&mut head)?;
        let mut security = expect(&mut message, OCTETS)?;
        let private = flags & PRIVATE != 0;
        notes.encrypted = Some(private);
        // The user-based model; the engine that answers is the one named (RFC 3414 section 3.1).
        let mut named = false;
        if model == 3 {
            let mut security = expect(&mut security, SEQUENCE)?;
            let engine = expect(&mut security, OCTETS)?.rest();
            expect(&mut security, INTEGER)?;
            expect(&mut security, INTEGER)?;
            let user = expect(&mut security, OCTETS)?;
            named = !user.is_empty();
            if flags & REPORTABLE == 0 {
                self.tell(side, engine_facts(engine), notes);
            }
        }
        if private {
            notes.requester.get_or_insert(if flags & REPORTABLE == 0 { side.peer() } else { side });
            return Ok(());
        }
        let mut scoped = expect(&mut message, SEQUENCE)?;
        expect(&mut scoped, OCTETS)?;
        expect(&mut scoped, OCTETS)?;
        let (kind, unit) = element(&mut scoped)?;
        if kind == GET_RESPONSE && named && flags & AUTHENTICATED == 0 {
            let name = "snmp-v3-without-authentication";
            self.tell(side, [Fact::new(Attribute::Weakness, name, 90, "snmp.security-level")], notes);
        }
        self.unit(side, kind, unit, notes)
    }

    fn unit(&mut self, side: Side, kind: u8, mut unit: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let answers = matches!(kind, GET_RESPONSE | REPORT);
        notes.requester.get_or_insert(if answers { side.peer() } else { side });
        match kind {
            TRAP_ONE => self.trap_one(side, unit, notes),
            GET_RESPONSE | INFORM | TRAP => {
                for _ in 0..3 {
                    expect(&mut unit, INTEGER)?;
                }
                let facts = self.bindings(expect(&mut unit, SEQUENCE)?)?;
                self.tell(side, facts, notes);
                Ok(())
            }
            0xa0..=REPORT => Ok(()),
            _ => Err(Fault::Malformed("SNMP data unit")),
        }
    }

    /// A version 1 trap names its agent: a proxy may have passed it on (RFC 1157 section 4.1.6).
    fn trap_one(&mut self, side: Side, mut unit: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let enterprise = object(expect(&mut unit, OBJECT)?)?;
        let agent = Ipv4Addr::from(expect(&mut unit, ADDRESS)?.array("agent address")?);
        for _ in 0..3 {
            element(&mut unit)?;
        }
        let mut facts = self.bindings(expect(&mut unit, SEQUENCE)?)?;
        facts.push(enterprise_fact(&enterprise, "snmp.trap-enterprise"));
        if is_device_address(IpAddr::from(agent)) {
            if self.said.is_new((agent, &facts)) {
                notes.address(agent.into(), facts);
            }
        } else {
            self.tell(side, facts, notes);
        }
        Ok(())
    }

    fn bindings(&mut self, mut list: Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
        let mut facts = Vec::new();
        for _ in 0..BINDINGS_MAX {
            if list.is_empty() {
                break;
            }
            let mut binding = expect(&mut list, SEQUENCE)?;
            let name = object(expect(&mut binding, OBJECT)?)?;
            let (tag, value) = element(&mut binding)?;
            facts.push(self.binding(&name, tag, value));
        }
        Ok(facts)
    }

    fn binding(&mut self, name: &Object, tag: u8, value: Reader<'_>) -> Option<Fact> {
        let words = || (tag == OCTETS).then(|| text::utf8(value.rest())).flatten();
        let fact = |attribute, confidence, rule| Fact::new(attribute, words()?, confidence, rule);
        match name.0.as_slice() {
            [1, 3, 6, 1, 2, 1, 1, 1, 0] => fact(Attribute::SnmpDescription, 95, "snmp.description"),
            [1, 3, 6, 1, 2, 1, 1, 2, 0] if tag == OBJECT => {
                let identity = object(value).ok()?;
                let fits = identity.0.len() > 2 && identity.0.iter().any(|arc| *arc != 0);
                fits.then(|| Fact::new(Attribute::SnmpObjectId, &identity.dotted(), 95, "snmp.object-id"))?
            }
            [1, 3, 6, 1, 2, 1, 1, 5, 0] => fact(Attribute::Hostname, 80, "snmp.name"),
            [1, 3, 6, 1, 2, 1, 1, 6, 0] => fact(Attribute::Location, 80, "snmp.location"),
            [1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1] => fact(Attribute::Serial, 95, "snmp.printer-serial"),
            [1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0] if tag == OBJECT => {
                enterprise_fact(&object(value).ok()?, "snmp.trap-enterprise")
            }
            [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, column, index] => self.entity(*column, *index, value, words()),
            _ => None,
        }
    }

    /// A cell of the table of physical entities: only the chassis is the device, not its fans and modules.
    fn entity(&mut self, column: u32, index: u32, value: Reader<'_>, words: Option<&str>) -> Option<Fact> {
        // Contained in nothing, or of class chassis.
        if matches!((column, value.rest()), (4, [0]) | (5, [3])) {
            self.chassis.get_or_insert(index);
        }
        if index != self.chassis.unwrap_or(1) {
            return None;
        }
        let software = |name, rule| {
            Fact::new(Attribute::Software, name, 90, rule).map(|fact| fact.with_version(words.unwrap_or("")))
        };
        let words = words?;
        match column {
            9 => software("firmware", "snmp.entity-firmware"),
            10 => software("software", "snmp.entity-software"),
            11 => Fact::new(Attribute::Serial, words, 95, "snmp.entity-serial"),
            12 => Fact::new(Attribute::Vendor, words, 95, "snmp.entity-manufacturer"),
            13 => Fact::new(Attribute::Model, words, 95, "snmp.entity-model"),
            _ => None,
        }
    }

    fn tell(&mut self, side: Side, facts: impl Into<Vec<Option<Fact>>>, notes: &mut Notes) {
        let facts = facts.into();
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

/// The maker's number, from an object below the private enterprises.
fn enterprise_fact(object: &Object, rule: &'static str) -> Option<Fact> {
    let private = object.0.starts_with(&ENTERPRISES) && object.0.len() > ENTERPRISES.len();
    private.then(|| Fact::new(Attribute::SnmpObjectId, &object.dotted(), 70, rule))?
}

/// What an engine id tells: itself, an address of the agent, and whose software it is (RFC 3411 section 5).
fn engine_facts(engine: &[u8]) -> [Option<Fact>; 3] {
    let Some((&[first, b, c, d], rest)) = engine.split_first_chunk::<4>() else { return [None, None, None] };
    let number = u32::from_be_bytes([first & 0x7f, b, c, d]);
    let modern = first & 0x80 != 0;
    if number == 0 || engine.len() > 32 || (!modern && engine.len() != 12) || (modern && rest.is_empty()) {
        return [None, None, None];
    }
    let object = format!("1.3.6.1.4.1.{number}");
    let address = match rest {
        [1, address @ ..] if modern => {
            let ip = address.try_into().ok().map(|a: [u8; 4]| IpAddr::from(a));
            let ip = ip.filter(|ip| is_device_address(*ip));
            ip.and_then(|ip| Fact::new(Attribute::Ip, &ip.to_string(), 70, "snmp.engine-address"))
        }
        [2, address @ ..] if modern => {
            let ip = address.try_into().ok().map(|a: [u8; 16]| IpAddr::from(a));
            let ip = ip.filter(|ip| is_device_address(*ip));
            ip.and_then(|ip| Fact::new(Attribute::Ip, &ip.to_string(), 70, "snmp.engine-address"))
        }
        [3, address @ ..] if modern => {
            let mac = address.try_into().ok().map(Mac).filter(|mac| mac.is_station());
            mac.and_then(|mac| Fact::new(Attribute::Mac, &mac.to_string(), 85, "snmp.engine-mac"))
        }
        _ => None,
    };
    let digits = engine.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    [
        address,
        Fact::new(Attribute::SnmpObjectId, &object, 70, "snmp.engine"),
        Fact::new(Attribute::SnmpEngine, &digits, 80, "snmp.engine"),
    ]
}
