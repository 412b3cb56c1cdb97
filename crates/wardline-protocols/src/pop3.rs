//! POP3 (RFC 1939, RFC 2449, RFC 2595, RFC 5034): who keeps mail, and whether passwords travel in clear.
//!
//! In: both streams, line by line, up to the login. Out: the greeting, the server's own name for its software,
//! a password accepted in clear. After STLS the rest is handed over. Never read: messages and their lists.
//! Limits: [`LINE_MAX`], [`STRANGE_MAX`].

use crate::line::{Conduct, Lines, verb};
use crate::sasl::{self, Login};
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "pop3",
    carriers: &[Carrier::Stream],
    ports: &[110],
    probe,
    start: |_| Box::new(Pop3::default()),
};

/// Longest line read: RFC 2449 allows 255 bytes of a command and 512 of a reply; logins may be longer.
const LINE_MAX: usize = 2_048;
/// Lines out of place before the flow is given up; an answer to CAPA or LIST has many of its own.
const STRANGE_MAX: u8 = 200;
/// Bytes of a greeting that are waited for.
const GREETING_MAX: usize = 512;
/// Commands before the login is through.
const COMMANDS: &[&str] = &["APOP", "AUTH", "CAPA", "LANG", "PASS", "STLS", "USER", "UTF8"];
/// Commands after it.
const TRANSACTION: &[&str] = &["DELE", "LAST", "LIST", "RETR", "STAT", "TOP", "UIDL"];
/// Mechanisms of SASL that mail servers offer.
const MECHANISMS: &[&[u8]] = &[
    b"ANONYMOUS",
    b"CRAM-MD5",
    b"DIGEST-MD5",
    b"EXTERNAL",
    b"GSSAPI",
    b"GSS-SPNEGO",
    b"KERBEROS_V4",
    b"LOGIN",
    b"MSN",
    b"NTLM",
    b"OAUTHBEARER",
    b"OTP",
    b"PLAIN",
    b"SPA",
    b"XOAUTH2",
];

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if !bytes.starts_with(b"+OK") {
        return if b"+OK".starts_with(bytes) { Verdict::More } else { Verdict::No };
    }
    // A client that spoke first in the words of a key-value store.
    if probe.other.first().is_some_and(|b| !b.is_ascii_alphabetic()) {
        return Verdict::No;
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < GREETING_MAX { Verdict::More } else { Verdict::No };
    };
    let Some(text) = bytes.get(3..end).map(<[u8]>::trim_ascii) else { return Verdict::No };
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    // The stamp for APOP: `<process.clock@host>`.
    let stamped = lower.contains('<') && lower.contains('@') && lower.ends_with('>');
    if probe.from_start && bytes.get(3) == Some(&b' ') && (lower.contains("pop") || stamped) {
        Verdict::Yes
    } else {
        Verdict::Maybe
    }
}

#[derive(Default)]
struct Pop3 {
    server: Option<Side>,
    lanes: [Lines; 2],
    greeted: bool,
    /// The greeting, until it is certain to be one.
    banner: Option<String>,
    login: Login,
    asked: Asked,
    conduct: Conduct,
}

/// What the client waits for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    Capabilities,
    Tls,
    User,
    Login,
}

impl Dissector for Pop3 {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        let is_server = match self.server {
            Some(server) => server == side,
            None => line.starts_with(b"+OK") || line.starts_with(b"-ERR"),
        };
        let step = if is_server { self.answer(side, line, notes) } else { self.command(side, line, notes) };
        step.unwrap_or(Step::skip(consumed))
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).lose();
        self.login = Login::default();
        self.asked = Asked::Nothing;
        Step::Skip(1)
    }
}

impl Pop3 {
    fn command(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        if self.asked == Asked::Login && self.login.waits() {
            self.login.answer(line);
            return None;
        }
        if let Some(message) = (self.asked == Asked::Login).then(|| sasl::ntlm(line)).flatten() {
            notes.speaker(side, message.facts(notes.time));
            return None;
        }
        let (verb, rest) = verb(line);
        let transaction = TRANSACTION.contains(&verb.as_str());
        if !transaction && !COMMANDS.contains(&verb.as_str()) {
            return match verb.as_str() {
                "QUIT" | "NOOP" | "" => None,
                // A client that is not yet known to speak this speaks something else.
                _ if !self.conduct.is_confirmed() => Some(Step::Withdraw),
                _ => self.conduct.strange(self.greeted, STRANGE_MAX),
            };
        }
        // Key-value stores log in with the same word, followed by a password.
        if !self.conduct.is_confirmed() && verb == "AUTH" && !is_mechanism(rest) {
            return Some(Step::Withdraw);
        }
        // A server greeted with +OK before: the two together are this protocol's alone.
        if self.greeted {
            self.conduct.confirm(notes);
        }
        self.server = Some(side.peer());
        let banner = self.banner.take().filter(|_| !transaction && verb != "PASS");
        if let Some(banner) = banner {
            notes.speaker(side.peer(), [Fact::new(Attribute::Pop3Banner, &banner, 90, "pop3.banner")]);
        }
        notes.requester = Some(side);
        match verb.as_str() {
            "USER" => {
                self.login.user(rest);
                self.asked = Asked::User;
            }
            "PASS" => {
                self.login.password(rest);
                self.asked = Asked::Login;
            }
            "AUTH" => {
                self.login = Login::by_words(rest);
                self.asked = if rest.is_empty() { Asked::Capabilities } else { Asked::Login };
            }
            "APOP" => {
                self.login = Login::default();
                self.asked = Asked::Login;
            }
            "STLS" => self.asked = Asked::Tls,
            "CAPA" => self.asked = Asked::Capabilities,
            // Messages follow.
            _ if transaction && self.conduct.is_confirmed() && self.asked == Asked::Nothing => {
                return Some(Step::Done);
            }
            _ => {}
        }
        None
    }

    fn answer(&mut self, server: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        let (word, text) = verb(line);
        let good = match word.as_str() {
            "+OK" => true,
            "-ERR" => false,
            // The mechanism goes on.
            "+" if self.asked == Asked::Login => {
                if let Some(message) = sasl::ntlm(text) {
                    notes.speaker(server, message.facts(notes.time));
                }
                return None;
            }
            "IMPLEMENTATION" if self.asked == Asked::Nothing && self.conduct.is_confirmed() => {
                let text = String::from_utf8_lossy(text);
                notes.speaker(server, [Fact::new(Attribute::Pop3Banner, &text, 85, "pop3.implementation")]);
                return None;
            }
            _ => {
                self.banner = None;
                return self.conduct.strange(self.greeted, STRANGE_MAX);
            }
        };
        self.server = Some(server);
        self.banner = None;
        if !std::mem::replace(&mut self.greeted, true) && good && self.asked == Asked::Nothing {
            let text = unstamped(&String::from_utf8_lossy(text));
            // Picked up in the middle it may be the answer to something else.
            if is_greeting(&text.to_ascii_lowercase()) {
                notes.speaker(server, [Fact::new(Attribute::Pop3Banner, &text, 90, "pop3.banner")]);
            } else {
                self.banner = Some(text);
            }
        }
        let asked = std::mem::take(&mut self.asked);
        match (asked, good) {
            (Asked::Tls, true) => {
                notes.requester = Some(server.peer());
                notes.handover = true;
            }
            (Asked::Login, true) => {
                let facts = std::mem::take(&mut self.login).accepted("POP3", "pop3.login");
                notes.speaker(server, facts);
                // What follows are messages.
                return Some(Step::Done);
            }
            (Asked::Login, false) => self.login = Login::default(),
            _ => {}
        }
        None
    }
}

/// Whether what follows AUTH is nothing, or a mechanism of SASL and perhaps its first answer.
fn is_mechanism(words: &[u8]) -> bool {
    let name = words.split(|b| *b == b' ').next().unwrap_or_default().to_ascii_uppercase();
    let family = |family: &&[u8]| name.starts_with(family);
    words.is_empty()
        || MECHANISMS.contains(&name.as_slice())
        || [&b"SCRAM-"[..], b"GS2-", b"ECDH-"].iter().any(family)
}

/// Whether the words are those of a greeting and of nothing else.
fn is_greeting(lower: &str) -> bool {
    lower.contains("pop")
        && (lower.contains("ready") || lower.contains("server") || lower.contains("service"))
}

/// A greeting without its stamp for APOP, which is another each time.
fn unstamped(text: &str) -> String {
    match (text.rfind('<'), text.trim_end().ends_with('>')) {
        (Some(at), true) => text.chars().take(text.get(..at).map_or(0, |t| t.chars().count())).collect(),
        _ => text.to_owned(),
    }
}
