//! NetBIOS datagrams (RFC 1002 section 4.4) with the browser's announcements (MS-BRWS section 2.2): hosts that
//! name themselves.
//!
//! In: datagrams. Out: the source name; the name in a host's or master browser's announcement, that it is a
//! domain controller or a server, and its Windows by version and kind. Refuses: what is announced of others
//! (domains), comments, versions of those that say they are Unix or claim an old one, as other makers do.
//! Fragments are not put together: announcements fit in one.

use crate::nbns::NetbiosName;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact, Role};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "nbdgm",
    carriers: &[Carrier::Datagram],
    ports: &[138],
    probe,
    start: |_| Box::new(Nbdgm::default()),
};

/// Bits of a server's type (MS-BRWS section 2.2.1).
const CONTROLLER: u32 = 0x08;
const BACKUP_CONTROLLER: u32 = 0x10;
const UNIX: u32 = 0x800;
const NT: u32 = 0x1000;
const NT_SERVER: u32 = 0x8000;
/// What stands before the comment.
const SIGNATURE: u16 = 0xaa55;

/// A host as it announces itself.
struct Host<'a> {
    name: &'a str,
    version: [u8; 2],
    kind: u32,
}

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
            Ok(Some(host)) => {
                let facts = host.facts();
                if self.said.is_new((side, &facts)) {
                    notes.speaker(side, facts);
                }
            }
            Ok(None) => {}
            Err(_) => notes.malformed = true,
        }
    }
}

/// The name of the host that announces itself in a transaction to the browser's mail slot.
fn announcement(payload: &[u8]) -> Result<Option<Host<'_>>, Fault> {
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
    let version = data.array("version")?;
    let kind = data.u32_le("server type")?;
    let signed = data.skip(2, "browser version").is_ok() && data.u16_le("signature") == Ok(SIGNATURE);
    Ok(text::ascii(name).map(|name| Host { name, version, kind: if signed { kind } else { 0 } }))
}

impl Host<'_> {
    fn facts(&self) -> [Option<Fact>; 3] {
        let rule = "nbdgm.announcement";
        let has = |bits: u32| self.kind & bits != 0;
        let windows = has(NT) && !has(UNIX);
        let serves = windows && (has(CONTROLLER | BACKUP_CONTROLLER) || has(NT_SERVER));
        let system =
            if windows { self.windows(has(NT_SERVER | CONTROLLER | BACKUP_CONTROLLER)) } else { None };
        [
            Fact::new(Attribute::Hostname, self.name, 80, rule),
            serves.then(|| Fact::new(Attribute::Role, Role::Server.as_str(), 70, rule)).flatten(),
            system.and_then(|name| Fact::new(Attribute::Os, name, 55, rule)),
        ]
    }

    /// The release, where version and kind leave one.
    const fn windows(&self, server: bool) -> Option<&'static str> {
        match (self.version, server) {
            ([5, 1], false) => Some("Windows XP"),
            ([5, 2], true) => Some("Windows Server 2003"),
            ([6, 0], false) => Some("Windows Vista"),
            ([6, 0], true) => Some("Windows Server 2008"),
            ([6, 1], false) => Some("Windows 7"),
            ([6, 1], true) => Some("Windows Server 2008 R2"),
            ([6, 2], false) => Some("Windows 8"),
            ([6, 2], true) => Some("Windows Server 2012"),
            ([6, 3], false) => Some("Windows 8.1"),
            ([6, 3], true) => Some("Windows Server 2012 R2"),
            _ => None,
        }
    }
}
