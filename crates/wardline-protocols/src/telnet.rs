//! Telnet (RFC 854, RFC 855): greetings, and passwords in clear.
//!
//! In: both streams, option negotiation taken out. Out: the text a device sends before it asks who is there,
//! without terminal controls (some print model and serial number); that a password was typed, by name only
//! when user and password are a known factory default that got in. Limits: [`BANNER_MAX`], [`TAIL_MAX`],
//! [`TYPED_MAX`], [`HEARD_MAX`]. TN3270 (RFC 1576, RFC 2355) is named; its screens are passed over. What an
//! instrument says behind a terminal server (RFC 2217) is handed over. Never kept: what is typed, beyond the answer
//! to it. Without negotiation only a login prompt on the port of telnet is taken for it.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, credential};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "telnet",
    carriers: &[Carrier::Stream],
    ports: &[PORT],
    probe,
    start: |_| Box::new(Telnet::default()),
};

const PORT: u16 = 23;
/// Greeting kept.
const BANNER_MAX: usize = 1_024;
/// Letters and digits that make a greeting out of text without a prompt.
const GREETING_MIN: usize = 16;
/// End of the server's text in which a prompt is looked for.
const TAIL_MAX: usize = 64;
/// Of a typed line kept until it is answered.
const TYPED_MAX: usize = 64;
/// Text heard from one side without a login after which there is none to come.
const HEARD_MAX: usize = 16_384;
/// Longest subnegotiation.
const SUBNEGOTIATION_MAX: usize = 2_048;

const ESCAPE: u8 = 0x1B;
const IAC: u8 = 255;
const SUBNEGOTIATION: u8 = 250;
const SUBNEGOTIATION_END: u8 = 240;
/// The option of serial ports, and the signature of its server (RFC 2217).
const COM_PORT: u8 = 44;
const SIGNATURE: u8 = 100;
/// How instruments begin to speak.
const ENQ: u8 = 0x05;
const BLOCK_START: u8 = 0x0B;
const NEGOTIATION: std::ops::RangeInclusive<u8> = 251..=254;

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.bytes {
        [IAC] => Verdict::More,
        [IAC, kind] if NEGOTIATION.contains(kind) => Verdict::More,
        [IAC, kind, option, ..] if NEGOTIATION.contains(kind) && is_option(*option) => Verdict::Maybe,
        [IAC, ..] => Verdict::No,
        // Without negotiation: text that ends in a login prompt.
        bytes if probe.port(PORT) && probe.from_start && bytes.iter().copied().all(is_text) => {
            match prompt(bytes) {
                Some(Prompt::User) => Verdict::Yes,
                _ if bytes.len() < BANNER_MAX => Verdict::More,
                _ => Verdict::No,
            }
        }
        _ => Verdict::No,
    }
}

/// Whether a subnegotiation settles on terminals of the IBM 3270 family (RFC 1576, RFC 2355): their type told, or
/// the option of TN3270E.
fn is_3270(content: &[u8]) -> bool {
    match content {
        [24, 0, name @ ..] => {
            let name = name.to_ascii_uppercase();
            [&b"IBM-327"[..], b"IBM-328", b"IBM-DYNAMIC", b"DYNAMIC"]
                .iter()
                .any(|start| name.starts_with(start))
        }
        [40, 0..=8, ..] => true,
        _ => false,
    }
}

/// Whether IANA has an option of that number.
const fn is_option(option: u8) -> bool {
    matches!(option, 0..=49 | 138..=140 | 255)
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E | b'\r' | b'\n' | b'\t' | 0x1B | 0 | 7 | 8 | 0x80..=0xFE)
}

/// Whether text is that of a greeting: some words and the end of a line.
fn is_greeting(text: &[u8]) -> bool {
    text.contains(&b'\n') && text.iter().filter(|b| b.is_ascii_alphanumeric()).count() >= GREETING_MIN
}

/// What a server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    User,
    Password,
    /// A shell: whoever typed is in.
    Command,
}

/// The prompt that `text` ends with.
fn prompt(text: &[u8]) -> Option<Prompt> {
    let tail = text.get(text.len().saturating_sub(TAIL_MAX)..)?;
    let tail: String = tail.iter().map(|b| char::from(b.to_ascii_lowercase())).collect();
    let line = tail.rsplit(['\n', '\r']).next()?.trim_end_matches([' ', '\0']);
    let ends = |words: &[&str]| words.iter().any(|word| line.ends_with(word));
    if line.ends_with("last login:") {
        None
    } else if ends(&["login:", "username:", "user name:", "login as:", "user:"]) {
        Some(Prompt::User)
    } else if ends(&["password:", "passwort:", "passcode:"]) {
        Some(Prompt::Password)
    } else {
        (line.len() > 1 || line == "$" || line == "#").then_some(())?;
        ends(&["$", "#", ">", "%"]).then_some(Prompt::Command)
    }
}

#[derive(Default)]
struct Telnet {
    /// The side that prompts, or that greeted at length before the opener said a word.
    server: Option<Side>,
    /// The side whose text came first.
    first: Option<Side>,
    /// Both sides wrote before it was clear who is who: only a prompt tells, and there is no greeting.
    muddled: bool,
    got_in: bool,
    negotiations: u8,
    /// Text of the server before the first prompt, without terminal controls.
    banner: Vec<u8>,
    banner_told: bool,
    escape: Escape,
    /// End of what the server wrote last.
    tail: Vec<u8>,
    typed: Vec<u8>,
    /// What the line being typed answers.
    answers: Option<Prompt>,
    user: Option<String>,
    password: Option<String>,
    credential_told: bool,
    heard: [usize; 2],
    /// Screens of a mainframe follow, in blocks and EBCDIC: no text, no prompts.
    is_3270: bool,
}

/// Where in a terminal control sequence (ECMA-48) the banner is.
#[derive(Clone, Copy, Default)]
enum Escape {
    #[default]
    No,
    Started,
    Control,
}

impl Dissector for Telnet {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match bytes {
            [IAC] => Step::More(2),
            [IAC, IAC, ..] => Step::Skip(2),
            [IAC, SUBNEGOTIATION, ..] => self.subnegotiation(side, bytes, notes),
            [IAC, kind, rest @ ..] if NEGOTIATION.contains(kind) => match rest.first() {
                None => Step::More(3),
                Some(option) if is_option(*option) => {
                    self.negotiated(notes);
                    Step::Skip(3)
                }
                Some(_) => self.strange(notes),
            },
            [IAC, 240..=249, ..] => Step::Skip(2),
            [IAC, ..] => self.strange(notes),
            _ => {
                let end = memchr::memchr(IAC, bytes).unwrap_or(bytes.len());
                self.text(side, bytes.get(..end).unwrap_or(bytes), notes)
            }
        }
    }

    fn gap(&mut self, _side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        self.tail.clear();
        self.typed.clear();
        self.answers = None;
        (self.user, self.password) = (None, None);
        Step::Skip(1)
    }
}

impl Telnet {
    fn negotiated(&mut self, notes: &mut Notes) {
        self.negotiations = self.negotiations.saturating_add(1);
        notes.confirmed |= self.negotiations >= 2;
    }

    fn strange(&self, notes: &mut Notes) -> Step {
        if self.negotiations < 2 && self.server.is_none() {
            return Step::Withdraw;
        }
        notes.malformed = true;
        Step::Done
    }

    fn subnegotiation(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let within = bytes.get(..SUBNEGOTIATION_MAX).unwrap_or(bytes);
        match memchr::memmem::find(within, &[IAC, SUBNEGOTIATION_END]) {
            Some(end) => {
                self.negotiated(notes);
                let block_mode = within.get(2..end).is_some_and(is_3270);
                if block_mode && !std::mem::replace(&mut self.is_3270, true) {
                    notes.detail(DetailKey::Application, "tn3270");
                }
                if let Some([COM_PORT, SIGNATURE, text @ ..]) = within.get(2..end) {
                    self.serial_port(side, text, notes);
                }
                Step::skip(end.saturating_add(2))
            }
            None if bytes.len() < SUBNEGOTIATION_MAX => Step::More(bytes.len().saturating_add(1)),
            None => self.strange(notes),
        }
    }

    /// A server of serial ports (RFC 2217) says what it is.
    fn serial_port(&mut self, side: Side, text: &[u8], notes: &mut Notes) {
        let banner = String::from_utf8_lossy(text);
        if !self.banner_told && !banner.trim().is_empty() {
            self.banner_told = true;
            notes.confirmed = true;
            notes.requester = Some(side.peer());
            let facts = [
                Fact::new(Attribute::TelnetBanner, &banner, 80, "telnet.com-port-signature"),
                Fact::new(Attribute::Class, "ser", 70, "telnet.com-port-signature"),
            ];
            notes.speaker(side, facts);
        }
    }

    fn text(&mut self, side: Side, text: &[u8], notes: &mut Notes) -> Step {
        if self.is_3270 {
            return Step::Done;
        }
        // Behind a terminal server an instrument speaks: ENQ of ASTM, or the block start of HL7. What follows is its.
        if self.negotiations > 0 && self.server.is_none() && matches!(text, [ENQ | BLOCK_START, ..]) {
            notes.confirmed = true;
            notes.handover = true;
            notes.requester.get_or_insert(side);
            return Step::Skip(1);
        }
        if !text.iter().copied().all(is_text) && self.negotiations < 2 && self.server.is_none() {
            return Step::Withdraw;
        }
        let heard = side.of(&mut self.heard);
        *heard = heard.saturating_add(text.len());
        if *heard > HEARD_MAX {
            self.tell_banner(notes);
            return Step::Done;
        }
        for byte in text {
            self.byte(side, *byte, notes);
        }
        if self.got_in { Step::Done } else { Step::skip(text.len()) }
    }

    fn byte(&mut self, side: Side, byte: u8, notes: &mut Notes) {
        if self.server.is_none() && (byte > b' ' || byte == ESCAPE) && self.first != Some(side) {
            match self.first {
                Some(Side::Accepter) if !self.muddled && is_greeting(&self.banner) => {
                    self.server = self.first;
                    notes.requester = Some(side);
                }
                Some(_) => {
                    self.muddled = true;
                    self.banner.clear();
                    self.tail.clear();
                }
                None => {}
            }
            self.first = Some(side);
        }
        match self.server {
            Some(server) if server == side => self.written(side, byte, notes),
            Some(server) => self.key(server, byte, notes),
            None if self.first == Some(side) => self.written(side, byte, notes),
            None => {}
        }
    }

    /// A byte of the server's.
    fn written(&mut self, server: Side, byte: u8, notes: &mut Notes) {
        if self.tail.len() >= TAIL_MAX.saturating_mul(2) {
            self.tail.drain(..TAIL_MAX);
        }
        self.tail.push(byte);
        self.collect(byte);
        let prompt = if matches!(byte, b':' | b'$' | b'#' | b'>' | b'%') { prompt(&self.tail) } else { None };
        match prompt {
            Some(Prompt::User | Prompt::Password) => {
                self.server = Some(server);
                notes.confirmed = true;
                notes.requester = Some(server.peer());
                self.tell_banner(notes);
                // Asked again: what was typed did not get in.
                if prompt == Some(Prompt::User) {
                    (self.user, self.password) = (None, None);
                }
            }
            Some(Prompt::Command) if self.password.is_some() => self.got_in(server, notes),
            _ => {}
        }
    }

    /// A key pressed at the client.
    fn key(&mut self, server: Side, byte: u8, notes: &mut Notes) {
        if self.typed.is_empty() && self.answers.is_none() {
            self.answers = prompt(&self.tail);
            self.tail.clear();
            self.tell_banner(notes);
        }
        if !matches!(byte, b'\r' | b'\n') {
            if self.typed.len() < TYPED_MAX && byte >= 0x20 {
                self.typed.push(byte);
            }
            return;
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.typed)).into_owned();
        match self.answers.take() {
            Some(Prompt::User) => self.user = Some(line),
            Some(Prompt::Password) => {
                self.password = Some(line);
                if !std::mem::replace(&mut self.credential_told, true) {
                    notes.confirmed = true;
                    notes.speaker(
                        server,
                        [Fact::new(Attribute::ClearCredential, "Telnet", 90, "telnet.password")],
                    );
                }
            }
            Some(Prompt::Command) | None => {}
        }
    }

    fn got_in(&mut self, server: Side, notes: &mut Notes) {
        self.got_in = true;
        let (user, password) = (self.user.take(), self.password.take());
        let known = credential::known_default(&user.unwrap_or_default(), &password.unwrap_or_default());
        notes.speaker(
            server,
            [known.and_then(|name| Fact::new(Attribute::DefaultCredential, &name, 85, "telnet.password"))],
        );
    }

    /// Adds to the banner what is no terminal control.
    fn collect(&mut self, byte: u8) {
        if self.banner_told || self.muddled || self.banner.len() >= BANNER_MAX {
            return;
        }
        self.escape = match (self.escape, byte) {
            (Escape::No, ESCAPE) => Escape::Started,
            (Escape::No, _) => {
                self.banner.push(byte);
                Escape::No
            }
            (Escape::Started, b'[') => Escape::Control,
            (Escape::Control, 0x20..=0x3F) => Escape::Control,
            (Escape::Started | Escape::Control, _) => Escape::No,
        };
    }

    /// Tells the banner up to the line of the prompt.
    fn tell_banner(&mut self, notes: &mut Notes) {
        let Some(server) = self.server else { return };
        if std::mem::replace(&mut self.banner_told, true) {
            return;
        }
        let banner = std::mem::take(&mut self.banner);
        let prompted = prompt(&banner).is_some_and(|prompt| prompt != Prompt::Command);
        let lines = String::from_utf8_lossy(&banner);
        let lines = lines.trim_end();
        // A prompt may carry the device's name before its word: that much of its line stays.
        let text = if prompted {
            lines.trim_end_matches(':').trim_end_matches(|c: char| !c.is_whitespace())
        } else {
            lines
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        notes.speaker(server, [Fact::new(Attribute::TelnetBanner, &words.join(" "), 80, "telnet.banner")]);
    }
}
