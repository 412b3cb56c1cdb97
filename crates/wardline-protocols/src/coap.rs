//! CoAP: web requests of small devices over UDP (RFC 7252, with observation RFC 7641, blocks RFC 7959 and FETCH
//! RFC 8132) and over TCP (RFC 8323).
//!
//! In: datagrams of one message each; streams from their first byte. Out: who asks; nothing in it names a
//! device. A message holds together when version, type, code and token fit one another and its options are
//! known, in order, as long as they may be, and fill it. Certain when a request names a path or a host, or when
//! an answer bears the token or the number of what it answers; over TCP when both sides begin with their
//! capabilities. Options that nobody knows and nobody need know are let pass on the usual port only. Refuses: paths, bodies. Limits: [`MESSAGES_MAX`], [`OPTIONS_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "coap",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[PORT],
    probe,
    start: |carrier| Box::new(Coap { stream: carrier == Carrier::Stream, ..Coap::default() }),
};

const PORT: u16 = 5683;
/// Messages in which an answer must come.
const MESSAGES_MAX: u8 = 8;
/// Options of a message: a path has a handful of parts.
const OPTIONS_MAX: usize = 32;
/// Longest token (RFC 7252 section 3).
const TOKEN_MAX: u8 = 8;
/// Tokens of fewer bytes may be the same by accident.
const TELLING_TOKEN_MIN: usize = 2;
/// Capabilities and settings: the first message of either side of a stream (RFC 8323 section 5.3).
const CAPABILITIES: u8 = 0xE1;
/// Bytes of host and path that make a request certain by itself on any port.
const NAMES_MIN: usize = 3;
/// Marks the body.
const BODY: u8 = 0xFF;

/// Options by number, with the bytes they may have and whether they are text (RFC 7252 section 5.10 and the
/// registry).
const OPTIONS: &[(u32, usize, usize, bool)] = &[
    (1, 0, 8, false),    // If-Match
    (3, 1, 255, true),   // Uri-Host
    (4, 1, 8, false),    // ETag
    (5, 0, 0, false),    // If-None-Match
    (6, 0, 3, false),    // Observe
    (7, 0, 2, false),    // Uri-Port
    (8, 0, 255, true),   // Location-Path
    (9, 0, 255, false),  // OSCORE
    (11, 0, 255, true),  // Uri-Path
    (12, 0, 2, false),   // Content-Format
    (14, 0, 4, false),   // Max-Age
    (15, 0, 255, true),  // Uri-Query
    (16, 1, 1, false),   // Hop-Limit
    (17, 0, 2, false),   // Accept
    (20, 0, 255, true),  // Location-Query
    (23, 0, 3, false),   // Block2
    (27, 0, 3, false),   // Block1
    (28, 0, 4, false),   // Size2
    (35, 1, 1034, true), // Proxy-Uri
    (39, 1, 255, true),  // Proxy-Scheme
    (60, 0, 4, false),   // Size1
    (252, 1, 40, false), // Echo
    (258, 0, 1, false),  // No-Response
    (292, 0, 8, false),  // Request-Tag
];
/// Options that name what is asked for.
const NAMES: [u32; 2] = [3, 11];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Empty,
    Request,
    Response,
}

#[derive(Debug)]
struct Message<'a> {
    code: Code,
    /// The answer to the message of the same number.
    acknowledges: bool,
    number: u16,
    token: &'a [u8],
    /// Bytes of the host and the path that it names.
    names: usize,
}

impl Message<'_> {
    fn is_telling_request(&self) -> bool {
        self.code == Code::Request && self.names >= NAMES_MIN
    }
}

/// A code that is registered.
fn code(byte: u8) -> Option<Code> {
    match byte {
        0 => Some(Code::Empty),
        1..=7 => Some(Code::Request),
        // 2.01 to 2.05 and 2.31; 4.00 to 4.06, 4.08, 4.09, 4.12, 4.13, 4.15, 4.22, 4.29; 5.00 to 5.05, 5.08.
        0x41..=0x45 | 0x5F | 0x80..=0x86 | 0x88 | 0x89 | 0x8C | 0x8D | 0x8F | 0x96 | 0x9D => {
            Some(Code::Response)
        }
        0xA0..=0xA5 | 0xA8 => Some(Code::Response),
        _ => None,
    }
}

/// The message that a datagram is; `lenient` when unknown options may stand in it.
fn message(bytes: &[u8], lenient: bool) -> Option<Message<'_>> {
    let (&[first, code_byte, high, low], rest) = bytes.split_first_chunk::<4>()?;
    let token = first & 0x0F;
    if first >> 6 != 1 || token > TOKEN_MAX {
        return None;
    }
    let code = code(code_byte)?;
    let kind = (first >> 4) & 3;
    let fits = match code {
        // A ping, an acknowledgement, a reset.
        Code::Empty => kind != 1 && token == 0 && rest.is_empty(),
        Code::Request => kind <= 1,
        Code::Response => kind <= 2,
    };
    fits.then_some(())?;
    let mut reader = Reader::new(rest);
    let token = reader.take(usize::from(token), "token").ok()?;
    let names = options(&mut reader, lenient)?;
    let number = u16::from_be_bytes([high, low]);
    Some(Message { code, acknowledges: kind >= 2, number, token, names })
}

/// Reads options to the body; how many bytes of them name a host or a path.
fn options(reader: &mut Reader<'_>, lenient: bool) -> Option<usize> {
    let mut number = 0_u32;
    let mut names = 0_usize;
    for _ in 0..OPTIONS_MAX {
        if reader.is_empty() {
            return Some(names);
        }
        let head = reader.u8("option").ok()?;
        if head == BODY {
            return (!reader.is_empty()).then_some(names);
        }
        number = number.saturating_add(extended(reader, head >> 4).ok()?);
        let length = usize::try_from(extended(reader, head & 0x0F).ok()?).ok()?;
        let value = reader.take(length, "option value").ok()?;
        let fits = match OPTIONS.iter().find(|option| option.0 == number) {
            Some((_, least, most, is_text)) => {
                (*least..=*most).contains(&length) && (!is_text || is_name(value))
            }
            // Even numbers may be left out by who does not know them (RFC 7252 section 5.4.1).
            None => lenient && number.is_multiple_of(2) && is_name(value),
        };
        fits.then_some(())?;
        if NAMES.contains(&number) || OPTIONS.iter().all(|option| option.0 != number) {
            names = names.saturating_add(length);
        }
    }
    None
}

fn is_name(value: &[u8]) -> bool {
    text::utf8(value).is_some_and(|text| !text.chars().any(char::is_control))
}

/// A number of an option, of which the larger go on in further bytes (RFC 7252 section 3.1).
fn extended(reader: &mut Reader<'_>, nibble: u8) -> Result<u32, Fault> {
    match nibble {
        13 => Ok(u32::from(reader.u8("option")?).saturating_add(13)),
        14 => Ok(u32::from(reader.u16("option")?).saturating_add(269)),
        15 => Err(Fault::Malformed("option")),
        _ => Ok(u32::from(nibble)),
    }
}

/// The length of a stream's first message, when it is one of capabilities.
fn capabilities(bytes: &[u8]) -> Result<usize, Fault> {
    let mut reader = Reader::new(bytes);
    let head = reader.u8("length")?;
    // No token, and never as long as the longest forms are for.
    if head & 0x0F != 0 || head >> 4 > 13 {
        return Err(Fault::Unsupported("first message"));
    }
    let length = extended(&mut reader, head >> 4)?;
    if reader.u8("code")? != CAPABILITIES {
        return Err(Fault::Unsupported("first message"));
    }
    let mut options = reader.sub(usize::try_from(length).unwrap_or(usize::MAX), "options")?;
    let whole = bytes.len().saturating_sub(reader.len());
    let mut number = 0_u32;
    while !options.is_empty() {
        let head = options.u8("option")?;
        number = number.saturating_add(extended(&mut options, head >> 4)?);
        let length = usize::from(head & 0x0F);
        options.skip(length, "option value")?;
        // Longest message, blocks of any size, longest token.
        if !matches!((number, length), (2, 1..=4) | (4, 0) | (6, 1..=3)) {
            return Err(Fault::Malformed("option of capabilities"));
        }
    }
    Ok(whole)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Stream {
        return match capabilities(probe.bytes) {
            _ if !probe.from_start => Verdict::No,
            Ok(_) => Verdict::Maybe,
            Err(Fault::Truncated(_)) => Verdict::More,
            Err(_) => Verdict::No,
        };
    }
    match message(probe.bytes, probe.port(PORT)) {
        Some(message) if message.is_telling_request() => Verdict::Yes,
        // On its port a name may be shorter, and come alone.
        Some(message) if message.code == Code::Request && message.names > 0 && probe.port(PORT) => {
            Verdict::Yes
        }
        Some(_) => Verdict::Maybe,
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Coap {
    stream: bool,
    /// Number and token of the last message of either side that may be answered.
    asked: [Option<(u16, Box<[u8]>)>; 2],
    /// Sides of a stream that told their capabilities.
    told: [bool; 2],
    messages: u8,
}

impl Dissector for Coap {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.messages = self.messages.saturating_add(1);
        if self.stream {
            return self.stream(side, bytes, notes);
        }
        let Some(message) = message(bytes, true) else { return Step::Withdraw };
        let certain = match (&message.code, &*side.peer().of(&mut self.asked)) {
            (Code::Request, _) => message.is_telling_request(),
            (Code::Empty | Code::Response, Some((number, token))) => {
                let same_token = message.token == &**token;
                let telling = token.len() >= TELLING_TOKEN_MIN;
                let of_number = message.acknowledges && message.number == *number;
                match message.code {
                    Code::Response => same_token && (of_number || telling),
                    _ => of_number,
                }
            }
            (_, None) => false,
        };
        let requester = match message.code {
            Code::Request => Some(side),
            Code::Response => Some(side.peer()),
            Code::Empty => None,
        };
        notes.requester = requester.or(notes.requester);
        if certain {
            notes.confirmed = true;
            notes.encrypted = Some(false);
            // Nothing that follows would name a device.
            return if requester.is_some() { Step::Done } else { Step::skip(bytes.len()) };
        }
        if !message.acknowledges {
            *side.of(&mut self.asked) = Some((message.number, message.token.into()));
        }
        if self.messages >= MESSAGES_MAX { Step::Withdraw } else { Step::skip(bytes.len()) }
    }
}

impl Coap {
    fn stream(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if *side.of(&mut self.told) {
            return Step::skip(bytes.len());
        }
        match capabilities(bytes) {
            Ok(_) => *side.of(&mut self.told) = true,
            Err(Fault::Truncated(_)) => return Step::More(bytes.len().saturating_add(1)),
            Err(_) => return Step::Withdraw,
        }
        if self.told != [true, true] {
            return Step::skip(bytes.len());
        }
        notes.confirmed = true;
        notes.encrypted = Some(false);
        Step::Done
    }
}
