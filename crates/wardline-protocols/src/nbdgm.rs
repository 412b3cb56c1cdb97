//! NetBIOS datagrams (RFC 1002 section 4.4) with the browser's announcements (MS-BRWS section 2.2): hosts that
//! name themselves.
//!
//! In: datagrams. Out: the source name; the name in a host's or master browser's announcement. Refuses: what
//! is announced of others (domains), operating system versions (other makers claim Windows's). Fragments are
//! not put together: announcements fit in one.

use crate::nbns::NetbiosName;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "nbdgm",
    carriers: &[Carrier::Datagram],
    ports: &[138],
    probe,
    start: |_| Box::new(Nbdgm::default()),
};

#[derive(Default)]
struct Nbdgm {
    said: Once,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    // Direct unique, direct group, broadcast: the only ones with names.
    let kind = matches!(probe.bytes, [0x10..=0x12, 0..=0x0f, ..]);
    if kind && names(probe.bytes).is_ok() { Verdict::Yes } else { Verdict::No }
}

/// The source name, if it is text, and what follows both names.
fn names(bytes: &[u8]) -> Result<(Option<NetbiosName>, &[u8]), Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(14, "datagram head")?;
    let mut source = None;
    for place in 0..2 {
        if reader.u8("name length")? != 32 {
            return Err(Fault::Malformed("name length"));
        }
        let letters = reader.take(32, "name")?;
        if !letters.iter().all(|letter| (b'A'..=b'P').contains(letter)) {
            return Err(Fault::Malformed("name"));
        }
        if place == 0 {
            source = std::str::from_utf8(letters).ok().and_then(NetbiosName::from_label);
        }
        if reader.u8("name end")? != 0 {
            return Err(Fault::Unsupported("name scope"));
        }
    }
    Ok((source, reader.rest()))
}

impl Dissector for Nbdgm {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match names(bytes) {
            Ok((source, payload)) => {
                notes.requester.get_or_insert(side);
                let facts = source.map(|name| name.facts(80, "nbdgm.source"));
                if let Some(facts) = facts.filter(|facts| self.said.is_new((side, facts))) {
                    notes.speaker(side, facts);
                }
                if payload.starts_with(b"\xffSMB\x25") {
                    self.transaction(side, payload, notes);
                }
            }
            Err(Fault::Unsupported(_)) => {}
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Nbdgm {
    fn transaction(&mut self, side: Side, payload: &[u8], notes: &mut Notes) {
        match announcement(payload) {
            Ok(Some(name)) => {
                let fact = Fact::new(Attribute::Hostname, name, 80, "nbdgm.announcement");
                if self.said.is_new((side, &fact)) {
                    notes.speaker(side, [fact]);
                }
            }
            Ok(None) => {}
            Err(_) => notes.malformed = true,
        }
    }
}

/// The name of the host that announces itself in a transaction to the browser's mail slot.
fn announcement(payload: &[u8]) -> Result<Option<&str>, Fault> {
    let mut reader = Reader::new(payload);
    reader.skip(32, "SMB head")?;
    let words = usize::from(reader.u8("word count")?).saturating_mul(2);
    let mut words = reader.sub(words, "words")?;
    words.skip(22, "transaction sizes")?;
    let length = usize::from(words.u16_le("data count")?);
    let offset = usize::from(words.u16_le("data offset")?);
    reader.skip(2, "byte count")?;
    if !reader.rest().starts_with(b"\\MAILSLOT\\BROWSE\0") {
        return Ok(None);
    }
    let end = offset.checked_add(length).ok_or(Fault::TooLarge("data offset"))?;
    let mut data = Reader::new(payload.get(offset..end).ok_or(Fault::Truncated("data"))?);
    // Host announcement, local master announcement: of the sender itself.
    if !matches!(data.u8("browser command")?, 1 | 15) {
        return Ok(None);
    }
    data.skip(5, "update count and period")?;
    let name = data.take(16, "server name")?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(text::ascii(name))
}
