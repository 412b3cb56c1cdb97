//! SIP (RFC 3261 and its extensions) over UDP and TCP: telephones, nurse call and their servers.
//!
//! In: datagrams, or a stream of messages with `Content-Length`. Out: `User-Agent` and `Server` of the side that
//! wrote them: a request that passed no proxy, an answer that no proxy recorded itself on; whether a password
//! travelled in clear. Refuses: names, numbers and addresses of users, and bodies, which are never read.
//! Limits: [`HEAD_MAX`], [`LINES_MAX`], [`AGENTS_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "sip",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[5060, 5061],
    probe,
    start: |carrier| Box::new(Sip { stream: carrier == Carrier::Stream, ..Sip::default() }),
};

/// Longest head read; a datagram cannot be longer, and streams carry the same messages.
const HEAD_MAX: usize = 16_384;
/// Most lines of a head: many proxies add two each.
const LINES_MAX: usize = 256;
/// First bytes in which a first line must end.
const FIRST_LINE_MAX: usize = 1_024;
/// Agents told of one flow; a proxy's callers are many.
const AGENTS_MAX: u8 = 8;
/// Longest method name (RFC 3261 section 7.1 sets none; registered ones have at most nine letters).
const METHOD_MAX: usize = 16;
/// How the addresses of requests begin (RFC 3261 section 19, RFC 3966, RFC 3860).
const SCHEMES: [&[u8]; 6] = [b"sip:", b"sips:", b"tel:", b"im:", b"pres:", b"urn:"];

#[derive(Default)]
struct Sip {
    stream: bool,
    said: Once,
    told: u8,
    /// The start of a message was lost: find the next.
    broken: [bool; 2],
}

/// A first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Request,
    Answer(u16),
}

fn first(line: &[u8]) -> Option<First> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let (code, rest) = rest.split_first_chunk::<3>()?;
        let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
        let fits = (100..700).contains(&code) && rest.first().is_none_or(|byte| *byte == b' ');
        return fits.then_some(First::Answer(code));
    }
    let (method, rest) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
    let token = (1..=METHOD_MAX).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase);
    let uri = rest.strip_prefix(b" ")?.strip_suffix(b" SIP/2.0")?;
    let known =
        SCHEMES.iter().any(|scheme| uri.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)));
    (token && known).then_some(First::Request)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let stream = probe.carrier == Carrier::Stream;
    // Empty lines keep a path open before the first message (RFC 5626 section 4.4.1).
    let blank = probe.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = probe.bytes.get(blank..).unwrap_or_default();
    if bytes.is_empty() {
        return if stream && blank < 64 && probe.port(5060) { Verdict::More } else { Verdict::No };
    }
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let starts = match bytes.get(letters..) {
        None | Some([]) => letters <= METHOD_MAX,
        Some(rest @ [b'/', ..]) => letters == 3 && (rest.starts_with(b"/2.0 ") || b"/2.0 ".starts_with(rest)),
        Some([b' ', rest @ ..]) => {
            let scheme = |scheme: &&[u8]| {
                let head = rest.get(..scheme.len()).unwrap_or(rest);
                scheme.get(..head.len()).is_some_and(|start| head.eq_ignore_ascii_case(start))
            };
            (1..=METHOD_MAX).contains(&letters) && SCHEMES.iter().any(scheme)
        }
        Some(_) => false,
    };
    if !starts {
        return Verdict::No;
    }
    match memchr::memchr(b'\n', bytes) {
        Some(end) if first(bytes.get(..end).unwrap_or_default()).is_some() => Verdict::Yes,
        None if stream && bytes.len() < FIRST_LINE_MAX => Verdict::More,
        _ => Verdict::No,
    }
}

impl Dissector for Sip {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        if blank > 0 {
            return if self.stream { Step::skip(blank) } else { self.datagram(side, bytes, blank, notes) };
        }
        if !self.stream {
            return self.datagram(side, bytes, 0, notes);
        }
        if *side.of(&mut self.broken) {
            if let Some(step) = resume(bytes) {
                return step;
            }
            *side.of(&mut self.broken) = false;
        }
        let within = bytes.get(..HEAD_MAX).unwrap_or(bytes);
        let Some(end) = memchr::memmem::find(within, b"\r\n\r\n") else {
            if bytes.len() < HEAD_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            notes.malformed = true;
            return Step::Done;
        };
        let head = within.get(..end).unwrap_or_default();
        let Some(length) = self.message(side, head, notes) else {
            notes.malformed = true;
            *side.of(&mut self.broken) = true;
            return Step::Skip(1);
        };
        let head = u64::try_from(end.saturating_add(4)).unwrap_or(u64::MAX);
        Step::Skip(length.saturating_add(head))
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        *side.of(&mut self.broken) = true;
        Step::Skip(1)
    }
}

/// How to go on to the next line that is the first of a message; `None` when this one is.
fn resume(bytes: &[u8]) -> Option<Step> {
    match memchr::memchr(b'\n', bytes) {
        Some(end) if first(bytes.get(..end).unwrap_or_default()).is_some() => None,
        Some(end) => Some(Step::skip(end.saturating_add(1))),
        // A line may come in pieces; of longer ones nothing is wanted.
        None if bytes.len() < FIRST_LINE_MAX => Some(Step::More(bytes.len().saturating_add(1))),
        None => Some(Step::skip(bytes.len())),
    }
}

impl Sip {
    fn datagram(&mut self, side: Side, bytes: &[u8], blank: usize, notes: &mut Notes) -> Step {
        let message = bytes.get(blank..).unwrap_or_default();
        let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
        let head = message.get(..end.min(HEAD_MAX)).unwrap_or_default();
        if !head.is_empty() && self.message(side, head, notes).is_none() {
            notes.malformed = true;
        }
        Step::skip(bytes.len())
    }

    /// Reads a head; returns the length of the body, 0 where none is told.
    fn message(&mut self, side: Side, head: &[u8], notes: &mut Notes) -> Option<u64> {
        let mut lines = head.split(|byte| *byte == b'\n');
        let first = first(lines.next()?)?;
        notes.encrypted = Some(false);
        notes.requester.get_or_insert(if first == First::Request { side } else { side.peer() });
        let mut fields = Fields::default();
        for line in lines.take(LINES_MAX) {
            fields.line(line);
        }
        self.tell(side, first, &fields, notes);
        Some(fields.length)
    }

    fn tell(&mut self, side: Side, first: First, fields: &Fields<'_>, notes: &mut Notes) {
        if fields.password && self.said.is_new("password") {
            let fact = Fact::new(Attribute::ClearCredential, "SIP Basic", 90, "sip.authorization");
            notes.speaker(side, [fact]);
        }
        let Some(agent) = fields.agent.and_then(text::utf8) else { return };
        // The writer of a request with one Via is its sender; whoever passes a message on adds his own line.
        let (own, key, confidence) = match first {
            First::Request => (fields.vias == 1, DetailKey::UserAgent, 85),
            First::Answer(100) => (true, DetailKey::Server, 80),
            First::Answer(_) => (fields.vias == 1 && !fields.recorded, DetailKey::Server, 70),
        };
        if own && self.told < AGENTS_MAX && self.said.is_new((side, agent)) {
            self.told = self.told.saturating_add(1);
            notes.speaker(side, [Fact::new(Attribute::SipAgent, agent, confidence, "sip.agent")]);
            notes.detail(key, agent);
        }
    }
}

/// What is read of the lines of a head.
#[derive(Default)]
struct Fields<'a> {
    agent: Option<&'a [u8]>,
    vias: u8,
    recorded: bool,
    password: bool,
    length: u64,
}

impl<'a> Fields<'a> {
    fn line(&mut self, line: &'a [u8]) {
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
        let is = |full: &str, compact: &str| {
            let name = name.trim_ascii();
            name.eq_ignore_ascii_case(full.as_bytes()) || name.eq_ignore_ascii_case(compact.as_bytes())
        };
        if is("via", "v") {
            let more = memchr::memchr_iter(b',', value).count();
            let count = u8::try_from(more).unwrap_or(u8::MAX).saturating_add(1);
            self.vias = self.vias.saturating_add(count);
        } else if is("record-route", "record-route") {
            self.recorded = true;
        } else if is("user-agent", "server") {
            self.agent.get_or_insert(value);
        } else if is("authorization", "proxy-authorization") {
            self.password |= value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "));
        } else if is("content-length", "l") {
            let digits = std::str::from_utf8(value).ok();
            self.length = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        }
    }
}
