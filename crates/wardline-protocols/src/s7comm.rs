//! S7 communication of Siemens controllers over TPKT (RFC 1006) and COTP (RFC 905): who is controlled, and by whom.
//!
//! In: both streams. Out: order number, firmware, serial number and maker from the answers to reads of the
//! system status lists 0011 and 001C. Variables and programs are stepped over. The later protocol of the
//! S7-1200 and 1500 is recognised, no more. Limit: [`READ_MAX`] bytes of a packet. Refuses: MMS, RDP, H.323.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "s7comm",
    carriers: &[Carrier::Stream],
    ports: &[102],
    probe,
    start: |_| Box::new(S7::default()),
};

/// TPKT head, length and kind of the COTP unit.
const HEAD: usize = 6;
/// TPKT head and COTP data head: all that is before S7.
const DATA_HEAD: usize = 7;
/// TPKT head and COTP connection request or confirm without options.
const CONNECTION_HEAD: usize = 11;
/// Bytes of a packet that are read; a list of either kind takes less, controllers negotiate up to 960.
const READ_MAX: usize = 2_048;
/// Longest connection request: its length is one byte.
const CONNECTION_MAX: usize = 260;
const CONNECTION_REQUEST: u8 = 0xE0;
const CONNECTION_CONFIRM: u8 = 0xD0;
const DATA: u8 = 0xF0;
const CLASSIC: u8 = 0x32;
const PLUS: u8 = 0x72;
/// Kinds of classic messages.
const JOB: u8 = 1;
const ACKNOWLEDGEMENT: u8 = 2;
const ANSWER: u8 = 3;
const USER_DATA: u8 = 7;
/// System status lists: identification of the module and of its components.
const MODULE: u16 = 0x0011;
const COMPONENT: u16 = 0x001C;
/// Entries of a list.
const ENTRIES_MAX: u16 = 32;

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(&[version, reserved, high, low, indicator, kind]) = probe.bytes.first_chunk::<HEAD>() else {
        let start = matches!(probe.bytes, [3] | [3, 0, ..]);
        return if start { Verdict::More } else { Verdict::No };
    };
    if [version, reserved] != [3, 0] {
        return Verdict::No;
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    match kind {
        CONNECTION_REQUEST | CONNECTION_CONFIRM => {
            if length != usize::from(indicator).saturating_add(5) || length > CONNECTION_MAX {
                return Verdict::No;
            }
            match probe.bytes.get(CONNECTION_HEAD..length) {
                Some(options) if selectors(options) => Verdict::Maybe,
                None if length > CONNECTION_HEAD && plausible(probe.bytes) => Verdict::More,
                _ => Verdict::No,
            }
        }
        DATA if indicator == 2 => data(probe, length),
        _ => Verdict::No,
    }
}

/// Whether the first option is one of COTP, as far as it is there.
fn plausible(bytes: &[u8]) -> bool {
    matches!(bytes.get(CONNECTION_HEAD), None | Some(0xC0..=0xC2))
}

/// Whether options name both ends by selectors, and nothing is left over.
fn selectors(options: &[u8]) -> bool {
    let (mut rest, mut ends) = (options, [false; 2]);
    while let [code, length, after @ ..] = rest {
        match (code, length) {
            (0xC0, 1) => {}
            (0xC1, 2..=32) => ends[0] = true,
            (0xC2, 2..=32) => ends[1] = true,
            _ => return false,
        }
        let Some(next) = after.get(usize::from(*length)..) else { return false };
        rest = next;
    }
    rest.is_empty() && ends == [true; 2]
}

/// A data unit: S7 by its head and lengths.
fn data(probe: &Probe<'_>, length: usize) -> Verdict {
    let usual = probe.port(102);
    let Some(count) = length.checked_sub(DATA_HEAD) else { return Verdict::No };
    match probe.bytes.get(DATA_HEAD..).unwrap_or_default() {
        _ if count == 0 => {
            if usual {
                Verdict::Maybe
            } else {
                Verdict::No
            }
        }
        [] => Verdict::More,
        [CLASSIC | PLUS, rest @ ..] if rest.len() < 9.min(count.saturating_sub(1)) => Verdict::More,
        [CLASSIC, kind, 0, 0, _, _, a, b, c, d, ..] => {
            let head = match *kind {
                JOB | USER_DATA => 10,
                ACKNOWLEDGEMENT | ANSWER => 12,
                _ => return Verdict::No,
            };
            let told = [[*a, *b], [*c, *d]].map(|n| usize::from(u16::from_be_bytes(n)));
            let told = told.iter().fold(head, |sum: usize, n| sum.saturating_add(*n));
            if told == count { Verdict::Yes } else { Verdict::No }
        }
        [PLUS, version @ 1..=3, high, low, ..] => {
            let told = usize::from(u16::from_be_bytes([*high, *low])).saturating_add(4);
            let end = probe.bytes.get(DATA_HEAD.saturating_add(told)..length);
            match end {
                Some(end) if *end == [PLUS, *version, 0, 0] => Verdict::Yes,
                None if usual && told.saturating_add(4) == count => Verdict::Yes,
                _ => Verdict::No,
            }
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct S7 {
    said: Once,
    proven: bool,
}

impl Dissector for S7 {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(&[version, reserved, high, low, _, kind]) = bytes.first_chunk::<HEAD>() else {
            return Step::More(HEAD);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if version != 3 || reserved != 0 || length < DATA_HEAD {
            return self.strange(bytes, notes);
        }
        let wanted = length.min(READ_MAX);
        let Some(packet) = bytes.get(..wanted) else { return Step::More(wanted) };
        match kind {
            CONNECTION_REQUEST => notes.requester = Some(side),
            CONNECTION_CONFIRM => notes.requester = Some(side.peer()),
            DATA => match packet.get(DATA_HEAD..).unwrap_or_default() {
                [CLASSIC, message @ ..] => {
                    self.prove(notes);
                    notes.encrypted = Some(false);
                    notes.malformed |= self.classic(side, message, notes).is_err();
                }
                [PLUS, 1..=3, ..] => self.prove(notes),
                // A fragment of nothing, or one that goes on with an earlier.
                [] => {}
                _ if self.proven => {}
                _ => return Step::Withdraw,
            },
            _ if self.proven => {}
            _ => return Step::Withdraw,
        }
        Step::skip(length)
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}

impl S7 {
    fn prove(&mut self, notes: &mut Notes) {
        self.proven = true;
        notes.confirmed = true;
    }

    fn strange(&self, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.proven {
            return Step::Withdraw;
        }
        notes.malformed = true;
        // Where the next packet starts cannot be told.
        Step::skip(bytes.len())
    }

    fn classic(&mut self, side: Side, message: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(message);
        let kind = reader.u8("kind")?;
        match kind {
            JOB => {
                notes.requester.get_or_insert(side);
            }
            ANSWER => {
                notes.requester.get_or_insert(side.peer());
            }
            _ => {}
        }
        if kind != USER_DATA {
            return Ok(());
        }
        reader.skip(4, "reserved and reference")?;
        let count = reader.u16("parameter length")?;
        reader.skip(2, "data length")?;
        let parameters = reader.take(count.into(), "parameters")?;
        // An answer of the processor's functions to a read of a list, without error.
        if let [0, 1, 0x12, 8, 0x12, 0x84, 1, _, _, _, 0, 0] = parameters {
            self.list(side, reader, notes)?;
        }
        Ok(())
    }

    fn list(&mut self, side: Side, mut reader: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        if reader.u8("return code")? != 0xFF {
            return Ok(());
        }
        reader.skip(3, "transport and length")?;
        let list = reader.u16("list")?;
        reader.skip(2, "list index")?;
        let (size, count) = (usize::from(reader.u16("entry length")?), reader.u16("entries")?);
        let entry = match list & 0x00FF {
            MODULE => module,
            COMPONENT => component,
            _ => return Ok(()),
        };
        for _ in 0..count.min(ENTRIES_MAX) {
            // The rest of a long list comes in another message.
            let Ok(bytes) = reader.take(size, "entry") else { break };
            let fact = entry(bytes)?;
            if fact.is_some() && self.said.is_new((side, list, &fact)) {
                notes.equipment(side, [fact]);
            }
        }
        Ok(())
    }
}

/// An entry of the module's identification.
fn module(entry: &[u8]) -> Result<Option<Fact>, Fault> {
    let mut reader = Reader::new(entry);
    let index = reader.u16("index")?;
    let order = text::utf8(reader.take(20, "order number")?).map(str::trim);
    reader.skip(2, "module type")?;
    let version: [u8; 4] = reader.array("version")?;
    Ok(match (index, version) {
        (1, _) => order.and_then(|order| Fact::new(Attribute::Model, order, 95, "s7comm.order-number")),
        (7, [b'V', major, minor, patch]) => Fact::new(Attribute::Software, "firmware", 95, "s7comm.firmware")
            .map(|fact| fact.with_version(&format!("{major}.{minor}.{patch}"))),
        _ => None,
    })
}

/// An entry of the components' identification.
fn component(entry: &[u8]) -> Result<Option<Fact>, Fault> {
    let mut reader = Reader::new(entry);
    let index = reader.u16("index")?;
    let value = reader.take_up_to(32);
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    let value = text::utf8(value.get(..end).unwrap_or_default()).map_or("", str::trim);
    Ok(match index {
        4 if value == "Original Siemens Equipment" => {
            Fact::new(Attribute::Vendor, "Siemens AG", 95, "s7comm.copyright")
        }
        5 if value.bytes().any(|byte| byte.is_ascii_digit()) => {
            Fact::new(Attribute::Serial, value, 95, "s7comm.serial")
        }
        _ => None,
    })
}
