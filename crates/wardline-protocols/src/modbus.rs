//! Modbus/TCP (Modbus Messaging on TCP/IP 1.0b, Modbus Application Protocol 1.1b3): who is controlled, and by whom.
//!
//! In: both streams of requests and answers. Out: maker, model and revision from the answers to Read Device
//! Identification, said of the equipment behind the address (a gateway's units share one). Registers and coils
//! are stepped over. Limit: 260 bytes a message, by the standard. Refuses: Modbus RTU inside TCP, other
//! ports than 502.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "modbus",
    carriers: &[Carrier::Stream],
    ports: &[502],
    probe,
    start: |_| Box::new(Modbus::default()),
};

/// Bytes up to and including the function.
const HEAD: usize = 8;
/// Bytes before those that the length counts.
const UNCOUNTED: usize = 6;
/// Unit and function, at least, and the longest message of the standard.
const LENGTH_MIN: u16 = 2;
const LENGTH_MAX: u16 = 254;
/// Encapsulated transport and, in it, device identification.
const ENCAPSULATED: u8 = 0x2B;
const IDENTIFICATION: u8 = 0x0E;
/// Objects of an identification read.
const OBJECTS_MAX: u8 = 32;

fn probe(probe: &Probe<'_>) -> Verdict {
    // Two zero bytes and a length are too little to claim another port.
    if !probe.port(502) {
        return Verdict::No;
    }
    match probe.bytes {
        [] => Verdict::No,
        [_] | [_, _] | [_, _, 0] | [_, _, 0, 0] => Verdict::More,
        [_, _, 0, 0, 0, ..] if probe.bytes.len() < HEAD => Verdict::More,
        [_, _, 0, 0, high, low, _, function, data @ ..] => {
            shape(u16::from_be_bytes([*high, *low]), *function, data)
        }
        _ => Verdict::No,
    }
}

/// Whether length, function and what follows agree as a request or an answer.
fn shape(length: u16, function: u8, data: &[u8]) -> Verdict {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
        return Verdict::No;
    }
    // After unit and function.
    let count = usize::from(length.saturating_sub(2));
    let counted = |at: usize| {
        let told = data.get(at).map(|n| usize::from(*n).saturating_add(at).saturating_add(1));
        told == Some(count)
    };
    if data.len() < count.min(5) {
        return Verdict::More;
    }
    let fits = match function {
        1..=4 => (count == 4 && quantity(data)) || counted(0),
        5 => count == 4 && matches!(data.get(2..4), Some([0 | 0xFF, 0])),
        6 => count == 4,
        7 | 0x0B | 0x0C | 0x11 => count == 0 || counted(0) || count == 1 || count == 4,
        8 => count >= 4 && count.is_multiple_of(2),
        0x0F | 0x10 => count == 4 || counted(4),
        0x14 | 0x15 => counted(0),
        0x16 => count == 6,
        0x17 => counted(0) || count >= 9,
        0x18 => count == 2 || count >= 4,
        ENCAPSULATED => matches!(data.first(), Some(&(IDENTIFICATION | 0x0D))),
        0x81..=0xC8 => count == 1 && matches!(data.first(), Some(1..=11)),
        _ => false,
    };
    if fits { Verdict::Yes } else { Verdict::No }
}

/// A request's number of registers or coils.
fn quantity(data: &[u8]) -> bool {
    matches!(data.get(2..4), Some(&[high, low]) if (1..=2000).contains(&u16::from_be_bytes([high, low])))
}

#[derive(Default)]
struct Modbus {
    said: Once,
    /// Transaction, unit and function that each side last sent.
    last: [Option<(u16, u8, u8)>; 2],
}

impl Dissector for Modbus {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(&[a, b, c, d, high, low, unit, function]) = bytes.first_chunk::<HEAD>() else {
            return Step::More(HEAD);
        };
        let length = u16::from_be_bytes([high, low]);
        let whole = usize::from(length).saturating_add(UNCOUNTED);
        if [c, d] != [0, 0] || !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
            notes.malformed = true;
            // Where the next message starts cannot be told.
            return Step::skip(bytes.len());
        }
        let Some(message) = bytes.get(..whole) else { return Step::More(whole) };
        let key = (u16::from_be_bytes([a, b]), unit, function & 0x7F);
        *side.of(&mut self.last) = Some(key);
        let answers = *side.peer().of(&mut self.last) == Some(key);
        notes.encrypted = Some(false);
        let data = message.get(HEAD..).unwrap_or_default();
        // Some clients give every request one number: the form tells who asks, not the order.
        let asks = match function {
            1..=4 => Some(data.len() == 4 && quantity(data)),
            ENCAPSULATED => Some(data.len() == 3),
            0x81..=0xFF => Some(false),
            _ => None,
        };
        if let Some(asks) = asks {
            notes.requester.get_or_insert(if asks { side } else { side.peer() });
        }
        if function == ENCAPSULATED && asks == Some(false) && answers {
            notes.malformed |= self.identification(side, unit, data, notes).is_err();
        }
        Step::skip(whole)
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}

impl Modbus {
    fn identification(&mut self, side: Side, unit: u8, data: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(data);
        if reader.u8("transport")? != IDENTIFICATION {
            return Ok(());
        }
        reader.skip(4, "code, conformity, more and next")?;
        let count = reader.u8("objects")?;
        let mut objects: [Option<&str>; 6] = [None; 6];
        for _ in 0..count.min(OBJECTS_MAX) {
            let (id, length) = (reader.u8("object")?, reader.u8("object length")?);
            let value = text::utf8(reader.take(length.into(), "object value")?);
            if let Some(place) = objects.get_mut(usize::from(id)) {
                *place = value;
            }
        }
        let [maker, code, revision, _, _, model] = objects;
        let fact = |attribute, value: Option<&str>, rule| Fact::new(attribute, value?, 95, rule);
        let firmware = Fact::new(Attribute::Software, "firmware", 95, "modbus.revision");
        let facts = [
            fact(Attribute::Vendor, maker, "modbus.vendor-name"),
            match model {
                Some(_) => fact(Attribute::Model, model, "modbus.model-name"),
                None => fact(Attribute::Model, code, "modbus.product-code"),
            },
            firmware.zip(revision).map(|(fact, revision)| fact.with_version(revision)),
        ];
        if self.said.is_new((side, unit, &facts)) {
            notes.equipment(side, facts);
        }
        Ok(())
    }
}
