//! STUN and TURN: how telephones and browsers find a way through address translation (RFC 5389, 8489, 8656;
//! the classic form RFC 3489; framed over TCP as RFC 4571 says).
//!
//! In: datagrams, or streams of messages and channel data. Out: the software that an agent or a server names. A
//! message is known by its cookie, a known kind and lengths that add up; the classic form, which has no cookie,
//! by attributes that are all known, have the layout they should and end where the message ends. Media in the
//! same flow are left out: the flow stays what it began as. Refuses: user names, realms, addresses, and what is
//! relayed. Limit: [`MESSAGES_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "stun",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: PORTS,
    probe,
    start: |carrier| Box::new(Stun { stream: carrier == Carrier::Stream, ..Stun::default() }),
};

const PORTS: &[u16] = &[3478, 19_302];
const COOKIE: u32 = 0x2112_A442;
/// Bytes of a message before its attributes.
const HEAD: usize = 20;
/// Longest message: a TURN server that sends on a datagram of 1,500 bytes stays far below.
const LENGTH_MAX: usize = 4_096;
/// Messages, and packets of media among them, that are read: both sides name themselves in the first few.
const MESSAGES_MAX: u8 = 64;
const SOFTWARE: u16 = 0x8022;

/// What a message does (RFC 8489 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Request,
    Indication,
    Answer,
}

/// A message that holds together.
struct Message<'a> {
    class: Class,
    /// With the cookie's place, which is random in the classic form.
    transaction: [u8; 16],
    attributes: Reader<'a>,
    /// Its bytes alone say that it is STUN.
    strong: bool,
}

/// The class of a message's kind, when its method is known.
fn class(kind: u16) -> Option<Class> {
    let method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2);
    // Binding to connection attempt, and the short ping of some browsers.
    if kind >= 0x4000 || !matches!(method, 1..=12 | 0x80) {
        return None;
    }
    Some(match kind & 0x0110 {
        0 => Class::Request,
        0x0010 => Class::Indication,
        _ => Class::Answer,
    })
}

/// The message that `bytes` are, from the first to the last.
fn message(bytes: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(bytes);
    let kind = reader.u16("STUN kind").ok()?;
    let class = class(kind)?;
    let length = usize::from(reader.u16("STUN length").ok()?);
    if length % 4 != 0 || length > LENGTH_MAX || bytes.len() != length.saturating_add(HEAD) {
        return None;
    }
    let transaction: [u8; 16] = reader.array("STUN transaction").ok()?;
    let attributes = reader;
    if transaction.starts_with(&COOKIE.to_be_bytes()) {
        while !reader.is_empty() {
            attribute(&mut reader)?;
        }
        return Some(Message { class, transaction, attributes, strong: true });
    }
    let classic = matches!(kind, 1..=4 | 0x0101..=0x0104 | 0x0111..=0x0115);
    let random = transaction.iter().filter(|b| **b != 0).count() >= 4;
    if !classic || !random {
        return None;
    }
    let mut strong = false;
    while !reader.is_empty() {
        let (kind, value) = attribute(&mut reader)?;
        strong |= classic_attribute(kind, value)?;
    }
    Some(Message { class, transaction, attributes, strong })
}

/// The next attribute: its kind and its value, which is filled up to four bytes.
fn attribute<'a>(reader: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let kind = reader.u16("STUN attribute").ok()?;
    let length = usize::from(reader.u16("STUN attribute length").ok()?);
    let value = reader.take(length, "STUN attribute value").ok()?;
    let filling = length.next_multiple_of(4).saturating_sub(length);
    reader.skip(filling, "STUN filling").ok()?;
    Some((kind, value))
}

/// Whether an attribute of the classic form has a layout that is telling; `None` when it is none.
fn classic_attribute(kind: u16, value: &[u8]) -> Option<bool> {
    let is_address = || matches!((value.len(), value), (8, [0, 1, ..]) | (20, [0, 2, ..]));
    match kind {
        // Addresses: mapped, of response, source, changed, reflected.
        1 | 2 | 4 | 5 | 0x0B => is_address().then_some(true),
        // What the server is to change of its answer.
        3 => matches!(value, [0, 0, 0, change] if change & !6 == 0).then_some(true),
        // User name, where it is text.
        6 => Some(text::utf8(value).is_some()),
        // Integrity.
        8 => (value.len() == 20).then_some(true),
        // Error code: class and number.
        9 => matches!(value, [0, 0, 1..=6, 0..=99, ..]).then_some(true),
        // Cookie of the drafts of TURN.
        0x0F => (value == [0x72, 0xC6, 0x4B, 0xC6]).then_some(true),
        7 | 0x0A | 0x0C..=0x0E | 0x10..=0x15 | 0x20..=0x2A | 0x8000..=0x80FF => Some(false),
        _ => None,
    }
}

/// Bytes of the message whose head a stream shows: the frame before it (RFC 4571) and the whole. `Err` with the
/// number of bytes wanted when there are too few to tell.
fn stream_head(bytes: &[u8]) -> Result<Option<(usize, usize)>, usize> {
    let kind_at = |at: usize| match (bytes.get(at), bytes.get(at.saturating_add(1))) {
        (Some(high), Some(low)) => class(u16::from_be_bytes([*high, *low])).is_some(),
        (Some(high), None) => *high < 0x40,
        _ => true,
    };
    let mut wanted = None;
    for frame in [0, 2] {
        if !kind_at(frame) {
            continue;
        }
        let mut reader = Reader::new(bytes);
        let framed = if frame == 2 { reader.u16("frame").ok() } else { None };
        let _ = reader.skip(2, "STUN kind");
        let (Ok(length), Ok(cookie)) = (reader.u16("STUN length"), reader.u32("STUN cookie")) else {
            wanted = wanted.or(Some(frame.saturating_add(8)));
            continue;
        };
        let whole = usize::from(length).saturating_add(HEAD);
        let adds_up = framed.is_none_or(|framed| usize::from(framed) == whole);
        if cookie == COOKIE && length % 4 == 0 && usize::from(length) <= LENGTH_MAX && adds_up {
            return Ok(Some((frame, whole)));
        }
    }
    wanted.map_or(Ok(None), Err)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Stream {
        return match stream_head(probe.bytes) {
            Ok(Some((frame, whole))) => match probe.bytes.get(frame..frame.saturating_add(whole)) {
                Some(bytes) if message(bytes).is_some() => Verdict::Yes,
                Some(_) => Verdict::No,
                None => Verdict::More,
            },
            Ok(None) => Verdict::No,
            Err(_) => Verdict::More,
        };
    }
    if probe.bytes.first().is_none_or(|first| *first >= 0x40) {
        return Verdict::No;
    }
    match message(probe.bytes) {
        Some(message) if message.strong || PORTS.iter().any(|port| probe.port(*port)) => Verdict::Yes,
        // Without attributes only the answer to the same transaction tells.
        Some(message) if message.class == Class::Request && message.attributes.is_empty() => Verdict::Maybe,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Stun {
    stream: bool,
    said: Once,
    asked: Option<(Side, [u8; 16])>,
    certain: bool,
    directed: bool,
    messages: u8,
}

impl Dissector for Stun {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.messages = self.messages.saturating_add(1);
        if self.messages > MESSAGES_MAX {
            return Step::Done;
        }
        if self.stream {
            return self.stream(side, bytes, notes);
        }
        match message(bytes) {
            Some(message) => self.message(side, &message, notes),
            // Channel data, media, DTLS.
            None if self.certain => {}
            None => return Step::Withdraw,
        }
        Step::skip(bytes.len())
    }
}

impl Stun {
    fn stream(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if let Some(&[number @ 0x40..=0x7F, _, high, low]) = bytes.first_chunk::<4>() {
            // Channel data, filled up to four bytes (RFC 8656 section 12.5); 50 and above are no channels any
            // more, but were.
            let length = usize::from(u16::from_be_bytes([high, low]));
            notes.malformed |= number == 0x7F && length == 0;
            return Step::skip(length.next_multiple_of(4).saturating_add(4));
        }
        match stream_head(bytes) {
            Ok(Some((frame, whole))) => {
                let end = frame.saturating_add(whole);
                let Some(bytes) = bytes.get(frame..end) else { return Step::More(end) };
                match message(bytes) {
                    Some(message) => self.message(side, &message, notes),
                    None => notes.malformed = true,
                }
                Step::skip(end)
            }
            Err(wanted) if wanted > bytes.len() => Step::More(wanted),
            // Media, or what is read no more.
            Ok(None) | Err(_) => Step::Done,
        }
    }

    fn message(&mut self, side: Side, message: &Message<'_>, notes: &mut Notes) {
        let answers =
            message.class == Class::Answer && self.asked == Some((side.peer(), message.transaction));
        self.certain |= message.strong || answers;
        notes.confirmed |= self.certain;
        match message.class {
            Class::Request => self.asked = Some((side, message.transaction)),
            Class::Indication | Class::Answer => {}
        }
        if message.class != Class::Indication && !std::mem::replace(&mut self.directed, true) {
            notes.requester = Some(if message.class == Class::Request { side } else { side.peer() });
        }
        let mut attributes = message.attributes;
        while let Some((kind, value)) = attribute(&mut attributes) {
            if kind == SOFTWARE
                && let Some(fact) = text::ascii(value).and_then(software)
                && self.said.is_new((side, &fact))
            {
                notes.speaker(side, [Some(fact)]);
            }
        }
    }
}

/// Name and version, when the last word is a number; a name in quotes behind it is the version's nickname.
fn software(value: &str) -> Option<Fact> {
    let value = value.split_once(" '").map_or(value, |(value, _)| value).trim();
    if !value.starts_with(|c: char| c.is_ascii_alphabetic()) || value.eq_ignore_ascii_case("none") {
        return None;
    }
    let fact = |name| Fact::new(Attribute::Software, name, 50, "stun.software");
    match value.rsplit_once([' ', '/', '-']) {
        Some((name, version))
            if version.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit()) =>
        {
            fact(name.trim()).map(|fact| fact.with_version(version))
        }
        _ => fact(value),
    }
}
