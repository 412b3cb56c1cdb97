//! PostgreSQL's frontend/backend protocol, version 3, up to the end of the login.
//!
//! In: both streams. Out: the server's version, whether the password is sent in clear or as MD5; after an agreed
//! request for TLS the rest is handed over. Users, databases and queries are never read. Limits: [`STARTUP_MAX`],
//! [`MESSAGES_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "postgres",
    carriers: &[Carrier::Stream],
    ports: &[5432],
    probe,
    start: |_| Box::new(Postgres::default()),
};

/// Longest first packet (the server's own bound).
const STARTUP_MAX: usize = 10_000;
/// Longest message of a login waited for.
const WANTED_MAX: usize = 4_096;
/// Messages of a side that a login may take.
const MESSAGES_MAX: u8 = 64;

/// Longest message of an answer by which a flow is recognised in its middle.
const FIRST_ANSWERS_MAX: usize = 2_048;

/// Codes in the place of a version: cancel, TLS, GSSAPI.
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// The version, minor numbers apart.
const VERSION_3: u32 = 0x0003_0000;

/// A first packet: its length and its code.
fn startup(bytes: &[u8]) -> Option<(usize, u32)> {
    let mut reader = Reader::new(bytes);
    let length = usize::try_from(reader.u32("length").ok()?).ok()?;
    let code = reader.u32("version").ok()?;
    let fits = match code {
        TLS | GSS => length == 8,
        CANCEL => length == 16,
        code => code & 0xffff_0000 == VERSION_3 && code & 0xffff <= 9 && (10..=STARTUP_MAX).contains(&length),
    };
    fits.then_some((length, code))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes {
        [0, 0, ..] => {
            let Some((first, rest)) = bytes.split_first_chunk::<8>() else { return Verdict::More };
            match startup(first) {
                Some((_, TLS | GSS | CANCEL)) => Verdict::Yes,
                // The first parameter's name is a word.
                Some(_) => match rest.first() {
                    None => Verdict::More,
                    Some(letter) if letter.is_ascii_lowercase() || *letter == b'_' => Verdict::Yes,
                    Some(_) => Verdict::No,
                },
                None => Verdict::No,
            }
        }
        [0] => Verdict::More,
        // Picked up in the middle: a query in words, or answers up to the one that says who is next.
        [b'Q', 0, ..] | [b'Q'] if !probe.from_start => query(bytes),
        _ if !probe.from_start => answers(bytes),
        _ => Verdict::No,
    }
}

/// A query that fills the packet, all of it words.
fn query(bytes: &[u8]) -> Verdict {
    let Some((&[_, a, b, c, d], text)) = bytes.split_first_chunk::<5>() else { return Verdict::More };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX).checked_sub(4);
    let words = |text: &[u8]| text.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
    match (length, text.split_last()) {
        (Some(4..), _) if length > Some(text.len()) && words(text) => Verdict::More,
        (Some(4..), Some((0, query))) if length == Some(text.len()) && words(query) => {
            if std::str::from_utf8(query).is_ok() { Verdict::Yes } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}

/// Messages that fill the packet, the last one ready for a query.
fn answers(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let (mut last, mut count) = (0, 0_usize);
    while !reader.is_empty() {
        let Ok(kind) = reader.u8("kind") else { return Verdict::No };
        if !b"123ACDEGHIKNSTWZdfnst".contains(&kind) {
            return Verdict::No;
        }
        let Ok(length) = reader.u32("length") else { return Verdict::More };
        let Some(body) = usize::try_from(length).ok().and_then(|length| length.checked_sub(4)) else {
            return Verdict::No;
        };
        if body > FIRST_ANSWERS_MAX || (kind == b'Z' && body != 1) {
            return Verdict::No;
        }
        if reader.skip(body, "message").is_err() {
            return Verdict::More;
        }
        last = kind;
        count = count.saturating_add(1);
    }
    match (last, bytes.last()) {
        (b'Z', Some(b'I' | b'T' | b'E')) if count > 1 => Verdict::Yes,
        (b'Z', _) => Verdict::No,
        _ => Verdict::More,
    }
}

#[derive(Default)]
struct Postgres {
    client: Option<Side>,
    /// The client asked for encryption and waits for one letter.
    asked: Option<u32>,
    started: bool,
    /// Kind of password the server asked for.
    password: Password,
    messages: u8,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Password {
    #[default]
    Other,
    Clear,
    Md5,
}

impl Dissector for Postgres {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.client.is_none() && !matches!(bytes, [0, ..]) {
            // Picked up in the middle: nothing of the login is left to see.
            notes.requester = Some(if bytes.first() == Some(&b'Q') { side } else { side.peer() });
            notes.encrypted = Some(false);
            return Step::Done;
        }
        let client = *self.client.get_or_insert(side);
        notes.requester.get_or_insert(client);
        if side == client { self.asks(bytes, notes) } else { self.answers(side, bytes, notes) }
    }
}

impl Postgres {
    fn asks(&mut self, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.started {
            return self.step_over(bytes);
        }
        let Some((first, _)) = bytes.split_first_chunk::<8>() else { return Step::More(8) };
        let Some((length, code)) = startup(first) else {
            notes.malformed = true;
            return Step::Done;
        };
        match code {
            CANCEL => return Step::Done,
            TLS | GSS => self.asked = Some(code),
            _ => {
                self.started = true;
                notes.encrypted = Some(false);
            }
        }
        Step::skip(length)
    }

    fn answers(&mut self, server: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if let Some(code) = self.asked.take() {
            match bytes.first() {
                Some(b'S') if code == TLS => {
                    notes.handover = true;
                    return Step::Skip(1);
                }
                Some(b'G') if code == GSS => {
                    notes.encrypted = Some(true);
                    return Step::Done;
                }
                Some(b'N') => return Step::Skip(1),
                // An error instead of a letter.
                _ => {}
            }
        }
        let Some((&[kind, a, b, c, d], _)) = bytes.split_first_chunk::<5>() else { return Step::More(5) };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let whole = length.saturating_add(1);
        if length < 4 || !b"ERSKZNv".contains(&kind) || whole > WANTED_MAX {
            notes.malformed |= length < 4;
            return Step::Done;
        }
        let Some(body) = bytes.get(5..whole) else { return Step::More(whole) };
        match kind {
            b'R' => self.authentication(server, body, notes),
            b'S' => parameter(server, body, notes),
            b'Z' | b'E' => return Step::Done,
            _ => {}
        }
        self.counted(whole)
    }

    fn authentication(&mut self, server: Side, body: &[u8], notes: &mut Notes) {
        let fact = match (body.first_chunk::<4>().map(|code| u32::from_be_bytes(*code)), self.password) {
            (Some(3), _) => {
                self.password = Password::Clear;
                None
            }
            (Some(5), _) => {
                self.password = Password::Md5;
                None
            }
            (Some(0), Password::Clear) => {
                Fact::new(Attribute::ClearCredential, "PostgreSQL password", 95, "postgres.login")
            }
            (Some(0), Password::Md5) => {
                Fact::new(Attribute::Weakness, "postgres-md5-password", 90, "postgres.login")
            }
            _ => None,
        };
        notes.speaker(server, [fact]);
    }

    fn step_over(&mut self, bytes: &[u8]) -> Step {
        let Some((&[_, a, b, c, d], _)) = bytes.split_first_chunk::<5>() else { return Step::More(5) };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length < 4 {
            return Step::Done;
        }
        self.counted(length.saturating_add(1))
    }

    fn counted(&mut self, whole: usize) -> Step {
        self.messages = self.messages.saturating_add(1);
        if self.messages > MESSAGES_MAX { Step::Done } else { Step::skip(whole) }
    }
}

/// A parameter of the session: the server's version is one.
fn parameter(server: Side, body: &[u8], notes: &mut Notes) {
    let mut parts = body.split(|byte| *byte == 0);
    let (Some(b"server_version"), Some(version)) = (parts.next(), parts.next()) else { return };
    let Some(version) = text::utf8(version) else { return };
    let number = version.split_whitespace().next().unwrap_or_default();
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && number.contains('.');
    let software = || Fact::new(Attribute::Software, "PostgreSQL", 90, "postgres.version");
    notes.speaker(
        server,
        [
            Fact::new(Attribute::DatabaseServer, &format!("postgres {version}"), 95, "postgres.version"),
            plain.then(software).flatten().map(|fact| fact.with_version(number)),
        ],
    );
}
