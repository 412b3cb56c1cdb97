//! Syslog (RFC 3164, RFC 5424) over UDP (RFC 5426) and TCP (RFC 6587): which host logs, and its programs.
//!
//! In: datagrams, or a stream of messages counted in octets or ended by a line feed. Out: host name and programs
//! of the sender, when the flow is over and told of one host only: a relay repeats others' words and is named
//! after nobody; whether an audit message carried a patient in clear. Never kept: the text of messages.
//! Limits: [`HEAD_MAX`], [`MESSAGE_MAX`], [`PROGRAMS_MAX`].

mod head;

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use head::{Head, Shape};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "syslog",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[514, 601, 1514, 5514],
    probe,
    start: |carrier| Box::new(Syslog { stream: carrier == Carrier::Stream, ..Syslog::default() }),
};

/// Bytes of a message read: head, structured data and the start of an audit message.
const HEAD_MAX: usize = 8_192;
/// Longest message stepped over in a stream; audit messages have tens of kilobytes.
const MESSAGE_MAX: u64 = 1 << 20;
/// Programs of one host told of a flow.
const PROGRAMS_MAX: usize = 16;
/// Digits of a count of octets: [`MESSAGE_MAX`] has seven.
const DIGITS_MAX: usize = 7;

fn probe(probe: &Probe<'_>) -> Verdict {
    let usual = probe.port(514) || (probe.carrier == Carrier::Stream && probe.port(601));
    if probe.carrier == Carrier::Stream {
        return match count(probe.bytes) {
            Counted::Short => Verdict::More,
            Counted::Octets(_, at) => stream(probe.bytes.get(at..).unwrap_or_default(), usual),
            Counted::No => stream(probe.bytes, usual),
        };
    }
    match head::shape(probe.bytes) {
        Shape::Dated => Verdict::Yes,
        Shape::Bare if usual => Verdict::Yes,
        // Some senders leave out the priority (RFC 3164 section 4.3.3).
        _ if usual && head::starts_with_date(probe.bytes) => Verdict::Yes,
        _ => Verdict::No,
    }
}

fn stream(bytes: &[u8], usual: bool) -> Verdict {
    match head::shape(bytes) {
        Shape::Dated => Verdict::Yes,
        Shape::Short => Verdict::More,
        Shape::Bare if usual && memchr::memchr(b'\n', bytes).is_some() => Verdict::Yes,
        Shape::Bare if usual && bytes.len() < 1_024 => Verdict::More,
        Shape::Bare | Shape::Other => Verdict::No,
    }
}

/// How a message in a stream begins.
enum Counted {
    /// So many octets, from there.
    Octets(u64, usize),
    /// Not to be told yet.
    Short,
    /// Not counted.
    No,
}

fn count(bytes: &[u8]) -> Counted {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > DIGITS_MAX || bytes.first() == Some(&b'0') {
        return Counted::No;
    }
    match bytes.get(digits..) {
        None | Some([] | [b' ']) => Counted::Short,
        Some([b' ', b'<', ..]) => {
            let octets = bytes.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
            let octets =
                octets.and_then(|digits| digits.parse().ok()).filter(|octets| *octets <= MESSAGE_MAX);
            octets.map_or(Counted::No, |octets| Counted::Octets(octets, digits.saturating_add(1)))
        }
        Some(_) => Counted::No,
    }
}

#[derive(Default)]
struct Syslog {
    stream: bool,
    ends: [End; 2],
    /// The rest of a message without count is left out, up to its line feed.
    broken: [bool; 2],
}

/// What one side told so far.
#[derive(Default)]
struct End {
    /// The host, and how often it was named beyond doubt or again.
    host: Option<(String, u8)>,
    several: bool,
    programs: Vec<String>,
    audit: bool,
}

impl Dissector for Syslog {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.requester.get_or_insert(side);
        if !self.stream {
            self.message(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        let broken = std::mem::take(side.of(&mut self.broken));
        match count(bytes) {
            Counted::Short if !broken => Step::More(bytes.len().saturating_add(1)),
            Counted::Octets(octets, at) if !broken => {
                let length = usize::try_from(octets).unwrap_or(usize::MAX);
                let end = at.saturating_add(length);
                let least = end.min(at.saturating_add(HEAD_MAX));
                let Some(message) = bytes.get(at..least) else { return Step::More(least) };
                self.message(side, message, notes);
                Step::skip(end)
            }
            _ => self.line(side, bytes, broken, notes),
        }
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        *side.of(&mut self.broken) = true;
        Step::Skip(1)
    }

    fn end(&mut self, notes: &mut Notes) {
        for side in [Side::Opener, Side::Accepter] {
            std::mem::take(side.of(&mut self.ends)).tell(side, notes);
        }
    }
}

impl Syslog {
    /// A message that a line feed (or a zero, RFC 6587 section 3.4.2) ends.
    fn line(&mut self, side: Side, bytes: &[u8], broken: bool, notes: &mut Notes) -> Step {
        let within = bytes.get(..HEAD_MAX).unwrap_or(bytes);
        match memchr::memchr2(b'\n', 0, within) {
            Some(end) => {
                if !broken {
                    self.message(side, within.get(..end).unwrap_or_default(), notes);
                }
                Step::skip(end.saturating_add(1))
            }
            None if broken || bytes.len() >= HEAD_MAX => {
                if !broken {
                    self.message(side, within, notes);
                }
                *side.of(&mut self.broken) = true;
                Step::skip(within.len())
            }
            None => Step::More(bytes.len().saturating_add(1)),
        }
    }

    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let end = side.of(&mut self.ends);
        let Some(head) = head::read(bytes) else { return };
        if head.audits && !end.audit && names_patient(bytes) {
            end.audit = true;
            notes.speaker(side, [Fact::new(Attribute::PatientDataInClear, "syslog", 85, "syslog.audit")]);
        }
        end.take(&head);
    }
}

/// Whether an audit message has a patient among its objects (DICOM PS3.15 section A.5: a person in the role of
/// patient).
fn names_patient(bytes: &[u8]) -> bool {
    let has = |words: &[u8]| memchr::memmem::find(bytes, words).is_some();
    has(b"ParticipantObjectTypeCode=\"1\"") && has(b"ParticipantObjectTypeCodeRole=\"1\"")
}

impl End {
    fn take(&mut self, head: &Head<'_>) {
        if let Some(host) = head.host {
            match &mut self.host {
                Some((name, times)) if name.eq_ignore_ascii_case(host) => *times = times.saturating_add(1),
                Some(_) => self.several = true,
                None => self.host = Some((host.to_owned(), u8::from(head.sure))),
            }
        }
        if let Some(program) = head.program.filter(|_| head.sure && self.programs.len() < PROGRAMS_MAX)
            && !self.programs.iter().any(|known| known == program)
        {
            self.programs.push(program.to_owned());
        }
    }

    /// One host in the whole flow is the sender, or a relay with one client: not much trust.
    fn tell(self, side: Side, notes: &mut Notes) {
        if self.several {
            return;
        }
        let host = self.host.as_ref().filter(|(_, times)| *times > 0).map(|(name, _)| name.as_str());
        let named = host.filter(|name| !head::is_address(name));
        let mut facts =
            vec![named.and_then(|name| Fact::new(Attribute::Hostname, name, 60, "syslog.host-name"))];
        for program in &self.programs {
            facts.push(Fact::new(Attribute::SyslogProgram, program, 60, "syslog.program"));
        }
        if let Some(name) = named {
            notes.detail(DetailKey::Hostname, name);
        }
        notes.speaker(side, facts);
    }
}
