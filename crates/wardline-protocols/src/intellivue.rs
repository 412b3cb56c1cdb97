//! Philips IntelliVue Data Export (Data Export Interface Programming Guide, the LAN part): which monitor speaks.
//!
//! In: datagrams: the monitor's connect indications, the association, events and polled attributes. Out: maker,
//! model, serial number, software, MAC and bed label of the monitor, and that it told of a patient. Numeric values
//! and waves are stepped over, patients' attributes are looked at only for being there. Refuses: the
//! serial form of the protocol. The real layout was checked against published clients, not against a capture.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact, Mac};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "intellivue",
    carriers: &[Carrier::Datagram],
    ports: &[24_105, 24_005],
    probe,
    start: |_| Box::new(Intellivue::default()),
};

/// Session headers of the association (guide, "Association Control Protocol").
const CONNECT: u8 = 0x0D;
const ACCEPT: u8 = 0x0E;
const REFUSE: u8 = 0x0C;
const FINISH: u8 = 0x09;
const DISCONNECT: u8 = 0x0A;
const ABORT: u8 = 0x19;
/// First bytes of data: the session and its presentation context.
const DATA: [u8; 4] = [0xE1, 0, 0, 2];
/// What follows the session head of an association request or acceptance.
const SESSION: &[u8] = &[5, 8, 0x13, 1, 0, 0x16, 1, 2, 0x80, 0, 0x14, 2, 0, 2, 0xC1];
/// The object identifier below which the protocol's syntaxes stand: 1.2.840.10004.2.1.0.0.
const SYNTAX: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x14, 2, 1, 0, 0];

/// Remote operations.
const INVOKE: u16 = 1;
const RESULT: u16 = 2;
const FAILED: u16 = 3;
const LINKED_RESULT: u16 = 5;
/// Commands: event reports, confirmed or not, and the action by which objects are polled.
const EVENTS: [u16; 2] = [0, 1];
const ACTION: u16 = 7;
/// Actions: a poll, and the extended one whose answers carry a sequence number.
const POLL: u16 = 0x0C16;
const POLL_EXTENDED: u16 = 0xF13B;
/// Events: the monitor offers itself, an association begins.
const CONNECT_INDICATION: u16 = 0x0D17;
const SYSTEM_CREATED: u16 = 0x0D06;
/// Commands above this are none.
const COMMAND_MAX: u16 = 7;

/// Attributes.
const MODEL: u16 = 0x0928;
const PRODUCTION: u16 = 0x092D;
const BED_LABEL: u16 = 0x091E;
const NETWORK_ADDRESS: u16 = 0xF100;
/// Patient identifier, family and given name, date of birth.
const PATIENT: [u16; 4] = [0x095A, 0x095C, 0x095D, 0x0958];
/// The component of a production specification that is the whole product, and the application software.
const PRODUCT: u16 = 0x0008;
const APPLICATION: u16 = 0x0058;

fn probe(probe: &Probe<'_>) -> Verdict {
    let fits = match probe.bytes {
        [0xE1, ..] => probe.bytes.strip_prefix(&DATA).is_some_and(is_operation),
        [0, 0, version, _, rest @ ..] if (1..=9).contains(version) => is_indication(rest),
        [CONNECT | ACCEPT, ..] => {
            session_content(probe.bytes).is_some_and(|content| content.starts_with(SESSION))
                && memchr::memmem::find(probe.bytes, SYNTAX).is_some()
        }
        _ => false,
    };
    if fits { Verdict::Yes } else { Verdict::No }
}

/// A remote operation whose lengths add up to the datagram's.
fn is_operation(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let (Ok(kind), Ok(length)) = (reader.u16("operation"), reader.u16("length")) else { return false };
    let commands = match kind {
        INVOKE | RESULT => 2,
        LINKED_RESULT => 4,
        FAILED => return reader.len() == usize::from(length) && length >= 6,
        _ => return false,
    };
    let whole = reader.len() == usize::from(length) && reader.skip(commands, "invocation").is_ok();
    let (command, inner) = (reader.u16("command"), reader.u16("length"));
    whole && command.is_ok_and(|c| c <= COMMAND_MAX) && inner.is_ok_and(|l| usize::from(l) == reader.len())
}

fn is_indication(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let event = || -> Result<bool, Fault> {
        let invoke = reader.u16("operation")? == INVOKE;
        reader.skip(4, "length and invocation")?;
        let command = reader.u16("command")?;
        reader.skip(12, "length, object and time")?;
        Ok(invoke && EVENTS.contains(&command) && reader.u16("event")? == CONNECT_INDICATION)
    };
    let mut event = event;
    is_operation(bytes) && event() == Ok(true)
}

/// What follows a session head whose length is the datagram's.
fn session_content(bytes: &[u8]) -> Option<&[u8]> {
    let (length, content) = match bytes {
        [_, 0xFF, high, low, content @ ..] => (u16::from_be_bytes([*high, *low]), content),
        [_, length, content @ ..] => (u16::from(*length), content),
        _ => return None,
    };
    (content.len() == usize::from(length)).then_some(content)
}

#[derive(Default)]
struct Intellivue {
    said: Once,
}

impl Dissector for Intellivue {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        match bytes {
            [0xE1, ..] => match bytes.strip_prefix(&DATA) {
                Some(operation) => notes.malformed |= self.operation(side, operation, notes).is_err(),
                None => notes.malformed = true,
            },
            [0, 0, _, _, operation @ ..] => {
                notes.malformed |= self.operation(side, operation, notes).is_err();
            }
            [CONNECT | FINISH, ..] => {
                notes.requester.get_or_insert(side);
            }
            [ACCEPT | REFUSE | DISCONNECT, ..] => {
                notes.requester.get_or_insert(side.peer());
            }
            [ABORT, ..] => {}
            _ => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Intellivue {
    fn operation(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u16("operation")?;
        let length = reader.u16("operation length")?;
        let mut operation = reader.sub(length.into(), "operation")?;
        if kind == LINKED_RESULT {
            operation.skip(2, "link")?;
        }
        operation.skip(2, "invocation")?;
        if !matches!(kind, INVOKE | RESULT | LINKED_RESULT) {
            return Ok(());
        }
        let command = operation.u16("command")?;
        let length = operation.u16("command length")?;
        let mut argument = operation.sub(length.into(), "argument")?;
        if kind == INVOKE && EVENTS.contains(&command) {
            return self.event(side, &mut argument, notes);
        }
        if command != ACTION {
            return Ok(());
        }
        // Who polls is the client; the results are the monitor's.
        notes.requester.get_or_insert(if kind == INVOKE { side } else { side.peer() });
        if kind == INVOKE { Ok(()) } else { self.polled(side, &mut argument, notes) }
    }

    fn event(&mut self, side: Side, argument: &mut Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        argument.skip(10, "object and time")?;
        let event = argument.u16("event")?;
        let length = argument.u16("event length")?;
        let mut content = argument.sub(length.into(), "event")?;
        if event == SYSTEM_CREATED {
            content.skip(6, "object")?;
        } else if event != CONNECT_INDICATION {
            return Ok(());
        }
        self.attributes(side, &mut content, notes)
    }

    /// The answer to a poll: contexts, their objects, their attributes.
    fn polled(&mut self, side: Side, argument: &mut Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        argument.skip(6, "object")?;
        let action = argument.u16("action")?;
        let length = argument.u16("action length")?;
        let mut reply = argument.sub(length.into(), "poll reply")?;
        match action {
            POLL => reply.skip(2, "poll number")?,
            POLL_EXTENDED => reply.skip(4, "poll and sequence number")?,
            _ => return Ok(()),
        }
        reply.skip(18, "times, object type and attribute group")?;
        let mut contexts = counted(&mut reply)?;
        while !contexts.is_empty() {
            contexts.skip(2, "context")?;
            let mut objects = counted(&mut contexts)?;
            while !objects.is_empty() {
                objects.skip(2, "object")?;
                self.attributes(side, &mut objects, notes)?;
            }
        }
        Ok(())
    }

    fn attributes(&mut self, side: Side, reader: &mut Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let mut list = counted(reader)?;
        while !list.is_empty() {
            let attribute = list.u16("attribute")?;
            let length = list.u16("attribute length")?;
            let mut value = list.sub(length.into(), "attribute value")?;
            self.attribute(side, attribute, &mut value, notes)?;
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        side: Side,
        attribute: u16,
        value: &mut Reader<'_>,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        match attribute {
            MODEL => {
                let (maker, model) = (label(value)?, label(value)?);
                let fact = |attribute, words, rule| Fact::new(attribute, text::utf8(words)?, 95, rule);
                let maker = fact(Attribute::Vendor, maker, "intellivue.manufacturer");
                self.tell(side, vec![maker, fact(Attribute::Model, model, "intellivue.model")], notes);
            }
            PRODUCTION => {
                let facts = production(value)?;
                self.tell(side, facts, notes);
            }
            BED_LABEL => {
                let bed = wide(label(value)?);
                let fact =
                    bed.and_then(|bed| Fact::new(Attribute::Location, &bed, 90, "intellivue.bed-label"));
                self.tell(side, vec![fact], notes);
            }
            NETWORK_ADDRESS => {
                let mac = Mac(value.array("MAC")?);
                let fact = mac.is_station().then(|| mac.to_string());
                let fact = fact.and_then(|mac| Fact::new(Attribute::Mac, &mac, 95, "intellivue.mac"));
                self.tell(side, vec![fact], notes);
            }
            _ if PATIENT.contains(&attribute) && is_filled(attribute, value.rest()) => {
                let name = "intellivue";
                let fact = Fact::new(Attribute::PatientDataInClear, name, 95, "intellivue.patient");
                self.tell(side, vec![fact], notes);
            }
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, side: Side, facts: Vec<Option<Fact>>, notes: &mut Notes) {
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

/// Whether an attribute of a patient says anything: a text has characters, a date its digits.
fn is_filled(attribute: u16, value: &[u8]) -> bool {
    let content = if attribute == 0x0958 { value } else { value.get(2..).unwrap_or_default() };
    content.iter().any(|&byte| !matches!(byte, 0 | 0x20 | 0xFF))
}

/// A list with its count and its length in bytes; the length counts.
fn counted<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Fault> {
    let (count, length) = (reader.u16("count")?, reader.u16("list length")?);
    if count == 0 && length != 0 {
        return Err(Fault::Malformed("list length"));
    }
    reader.sub(length.into(), "list")
}

/// Bytes with their length before them.
fn label<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let length = reader.u16("text length")?;
    reader.take(length.into(), "text")
}

/// Text of two bytes a character, high byte first.
fn wide(bytes: &[u8]) -> Option<String> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let swapped: Vec<u8> = pairs.iter().flat_map(|&[high, low]| [low, high]).collect();
    text::utf16_le(&swapped)
}

/// Serial number and software of the product, or the only ones told; of several boards and parts nothing.
fn production(value: &mut Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
    let mut list = counted(value)?;
    let mut told = Vec::new();
    while !list.is_empty() {
        let (kind, component) = (list.u16("specification")?, list.u16("component")?);
        told.extend(text::utf8(label(&mut list)?).map(|words| (kind, component, words)));
    }
    let find = |kind, components: &[u16]| {
        let mut of_kind = told.iter().filter(|(k, ..)| *k == kind);
        let exact = components.iter().find_map(|c| of_kind.clone().find(|(_, component, _)| component == c));
        let only = of_kind.next().filter(|_| of_kind.next().is_none());
        exact.or(only).map(|(.., words)| *words)
    };
    let software = |name, version: Option<&str>, rule| {
        Some(Fact::new(Attribute::Software, name, 95, rule)?.with_version(version?))
    };
    Ok(vec![
        find(1, &[PRODUCT]).and_then(|serial| Fact::new(Attribute::Serial, serial, 95, "intellivue.serial")),
        software("software", find(4, &[APPLICATION, PRODUCT]), "intellivue.software"),
        software("firmware", find(5, &[PRODUCT]), "intellivue.firmware"),
    ])
}
