//! BGP-4 (RFC 4271; capabilities RFC 5492): routers that tell each other of networks.
//!
//! In: both streams. Out: that the speaker routes; its name and software, when its capabilities tell them.
//! Refuses: routes, autonomous systems. Done after both have opened. Limit: [`LENGTH_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact, Role};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "bgp",
    carriers: &[Carrier::Stream],
    ports: &[179],
    probe,
    start: |_| Box::new(Bgp::default()),
};

/// What every message begins with.
const MARKER: [u8; 16] = [0xff; 16];
/// Bytes of a head.
const HEAD: usize = 19;
/// Longest message (RFC 8654); an OPEN has at most 4,096.
const LENGTH_MAX: usize = 65_535;
/// Longest OPEN.
const OPEN_MAX: usize = 4_096;
/// Kinds of message.
const OPEN: u8 = 1;
/// Capabilities that tell of the speaker (IANA registry): its host name, its software.
const HOST_NAME: u8 = 73;
const SOFTWARE: u8 = 75;
/// Messages read of a side before it is left: the OPEN is the first.
const MESSAGES_MAX: u8 = 8;

#[derive(Default)]
struct Bgp {
    messages: [u8; 2],
    opened: [bool; 2],
}

/// Length and kind of a message.
fn head(bytes: &[u8]) -> Option<(usize, u8)> {
    let rest = bytes.strip_prefix(&MARKER)?;
    let &[a, b, kind] = rest.first_chunk::<3>()?;
    let length = usize::from(u16::from_be_bytes([a, b]));
    let fits = match kind {
        OPEN => (29..=OPEN_MAX).contains(&length),
        2 => (23..=LENGTH_MAX).contains(&length),
        3 => (21..=LENGTH_MAX).contains(&length),
        4 => length == HEAD,
        5 => length >= 23,
        _ => false,
    };
    fits.then_some((length, kind))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.starts_with(&MARKER) {
        Verdict::Yes if probe.bytes.len() < HEAD => Verdict::More,
        Verdict::Yes if head(probe.bytes).is_some() => Verdict::Yes,
        Verdict::More => Verdict::More,
        _ => Verdict::No,
    }
}

impl Dissector for Bgp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if bytes.len() < HEAD {
            return Step::More(HEAD);
        }
        let Some((length, kind)) = head(bytes) else {
            notes.malformed = true;
            return Step::Done;
        };
        if kind == OPEN {
            let Some(message) = bytes.get(HEAD..length) else { return Step::More(length) };
            notes.encrypted = Some(false);
            self.opened(side, message, notes);
        }
        let messages = side.of(&mut self.messages);
        *messages = messages.saturating_add(1);
        let over = self.opened == [true; 2] || self.messages.iter().all(|count| *count >= MESSAGES_MAX);
        if over { Step::Done } else { Step::skip(length) }
    }
}

impl Bgp {
    fn opened(&mut self, side: Side, message: &[u8], notes: &mut Notes) {
        if std::mem::replace(side.of(&mut self.opened), true) {
            return;
        }
        let mut facts = vec![Fact::new(Attribute::Role, Role::Router.as_str(), 60, "bgp.open")];
        notes.malformed |= capabilities(message, &mut facts).is_err();
        notes.speaker(side, facts);
    }
}

/// Reads the optional parameters of an OPEN.
fn capabilities(message: &[u8], facts: &mut Vec<Option<Fact>>) -> Result<(), Fault> {
    let mut reader = Reader::new(message);
    reader.skip(9, "version, system, hold time, identifier")?;
    let length = usize::from(reader.u8("parameters length")?);
    // Long ones have two bytes of length behind a marker (RFC 9072 section 2).
    let long = length == 255 && reader.rest().first() == Some(&255);
    let mut parameters = if long {
        reader.skip(1, "parameters marker")?;
        let length = usize::from(reader.u16("parameters length")?);
        reader.sub(length, "parameters")?
    } else {
        reader.sub(length, "parameters")?
    };
    while !parameters.is_empty() {
        let kind = parameters.u8("parameter")?;
        let length = if long {
            usize::from(parameters.u16("parameter length")?)
        } else {
            usize::from(parameters.u8("parameter length")?)
        };
        let mut parameter = parameters.sub(length, "parameter")?;
        while kind == 2 && !parameter.is_empty() {
            let code = parameter.u8("capability")?;
            let length = usize::from(parameter.u8("capability length")?);
            facts.push(capability(code, parameter.sub(length, "capability")?));
        }
    }
    Ok(())
}

fn capability(code: u8, mut value: Reader<'_>) -> Option<Fact> {
    if !matches!(code, HOST_NAME | SOFTWARE) {
        return None;
    }
    let length = usize::from(value.u8("text length").ok()?);
    let words = text::utf8(value.take(length, "text").ok()?)?;
    if code == HOST_NAME {
        return Fact::new(Attribute::Hostname, words, 85, "bgp.host-name");
    }
    let (name, version) = words.split_once(['/', ' ']).unwrap_or((words, ""));
    Fact::new(Attribute::Software, name, 90, "bgp.software").map(|fact| fact.with_version(version))
}
