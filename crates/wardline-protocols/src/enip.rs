//! EtherNet/IP encapsulation (CIP volume 2, chapter 2) over TCP and UDP: which controller or drive answers.
//!
//! In: encapsulated commands of both sides. Out: product name, revision and serial number from the answers to
//! ListIdentity. Services and data of CIP are stepped over, and so is cyclic I/O, which has another form.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "enip",
    carriers: &[Carrier::Stream, Carrier::Datagram],
    ports: &[44_818],
    probe,
    start: |_| Box::new(Enip::default()),
};

/// Bytes of the encapsulation head.
const HEAD: usize = 24;
/// Longest data read: an identity takes some hundred bytes; others are stepped over.
const IDENTITY_MAX: usize = 4_096;
/// Identities in one answer: one, as a rule.
const ITEMS_MAX: u16 = 8;

const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const UNREGISTER: u16 = 0x66;
const SEND_DATA: u16 = 0x6F;
const SEND_UNIT: u16 = 0x70;
/// The item type of an identity.
const IDENTITY: u16 = 0x0C;

/// The head of a command.
#[derive(Clone, Copy)]
struct Head {
    command: u16,
    length: u16,
    session: u32,
    status: u32,
}

impl Head {
    fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let command = u16::from_le_bytes(reader.array("command")?);
        let length = u16::from_le_bytes(reader.array("length")?);
        let session = u32::from_le_bytes(reader.array("session")?);
        let status = u32::from_le_bytes(reader.array("status")?);
        reader.skip(8, "context")?;
        if reader.u32("options")? != 0 {
            return Err(Fault::Malformed("options"));
        }
        Ok(Self { command, length, session, status })
    }

    /// Whether the fields agree with one another.
    fn fits(self) -> bool {
        let status = matches!(self.status, 0..=3 | 0x64 | 0x65 | 0x69);
        status
            && match self.command {
                LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES => self.session == 0 || self.length == 0,
                REGISTER => self.length == 4 || (self.length == 0 && self.status != 0),
                UNREGISTER => self.length == 0,
                SEND_DATA | SEND_UNIT => self.session != 0 && (self.length >= 8 || self.status != 0),
                _ => false,
            }
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let known = matches!(bytes, [4 | 0x63..=0x66 | 0x6F | 0x70] | [4 | 0x63..=0x66 | 0x6F | 0x70, 0, ..]);
    if !known {
        return Verdict::No;
    }
    if bytes.len() < HEAD {
        return if probe.carrier == Carrier::Stream { Verdict::More } else { Verdict::No };
    }
    let Ok(head) = Head::of(bytes) else { return Verdict::No };
    let data = bytes.get(HEAD..).unwrap_or_default();
    let whole = probe.carrier == Carrier::Stream || data.len() == usize::from(head.length);
    // Sent data begins with the interface, which is that of CIP: zero.
    let interface = match (head.command, data) {
        (SEND_DATA | SEND_UNIT, [a, b, c, d, ..]) => [a, b, c, d] == [&0; 4],
        (SEND_DATA | SEND_UNIT, [] | [_] | [_, _] | [_, _, _]) => {
            head.length == 0 || data.iter().all(|b| *b == 0)
        }
        _ => true,
    };
    if whole && head.fits() && interface { Verdict::Yes } else { Verdict::No }
}

#[derive(Default)]
struct Enip {
    said: Once,
}

impl Dissector for Enip {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        if bytes.len() < HEAD {
            return Step::More(HEAD);
        }
        let Ok(head) = Head::of(bytes) else {
            // Where the next command starts cannot be told.
            notes.malformed = true;
            return Step::skip(bytes.len());
        };
        let length = usize::from(head.length);
        let whole = HEAD.saturating_add(length);
        match head.command {
            LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES => {
                notes.requester.get_or_insert(if length == 0 { side } else { side.peer() });
            }
            REGISTER => {
                notes.requester.get_or_insert(if head.session == 0 { side } else { side.peer() });
            }
            _ => {}
        }
        if head.command != LIST_IDENTITY || length == 0 || length > IDENTITY_MAX {
            return Step::skip(whole);
        }
        let Some(data) = bytes.get(HEAD..whole) else { return Step::More(whole) };
        notes.malformed |= self.identities(side, data, notes).is_err();
        Step::skip(whole)
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}

impl Enip {
    fn identities(&mut self, side: Side, data: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(data);
        let count = u16::from_le_bytes(reader.array("items")?);
        for _ in 0..count.min(ITEMS_MAX) {
            let kind = u16::from_le_bytes(reader.array("item")?);
            let length = u16::from_le_bytes(reader.array("item length")?);
            let mut item = reader.sub(length.into(), "item")?;
            if kind != IDENTITY {
                continue;
            }
            item.skip(24, "version, address, maker, type and product code")?;
            let [major, minor] = item.array("revision")?;
            item.skip(2, "status")?;
            let serial = u32::from_le_bytes(item.array("serial number")?);
            let length = item.u8("name length")?;
            let name = text::utf8(item.take(length.into(), "name")?);
            let told = (1..u32::MAX).contains(&serial).then(|| format!("{serial:08X}"));
            let firmware = Fact::new(Attribute::Software, "firmware", 95, "enip.revision");
            let facts = [
                name.and_then(|name| Fact::new(Attribute::Model, name, 95, "enip.product-name")),
                told.and_then(|serial| Fact::new(Attribute::Serial, &serial, 90, "enip.serial")),
                firmware.map(|fact| fact.with_version(&format!("{major}.{minor:03}"))),
            ];
            if self.said.is_new((side, &facts)) {
                notes.speaker(side, facts);
            }
        }
        Ok(())
    }
}
