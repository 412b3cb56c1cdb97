//! SMTP (RFC 5321, RFC 3207, RFC 4954): who carries mail, and whether passwords travel in clear.
//!
//! In: both streams, line by line, up to the first message. Out: the greeting, the host names that both ends
//! give themselves, a password accepted in clear. After STARTTLS the rest is handed over. Never read: what
//! follows DATA or BDAT, addresses. Limits: [`LINE_MAX`], [`BANNER_MAX`], [`STRANGE_MAX`]. Refuses: LMTP,
//! whose LHLO tells it.

use crate::line::{Conduct, Lines, verb};
use crate::sasl::{self, Login};
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "smtp",
    carriers: &[Carrier::Stream],
    ports: &[25, 587, 2525],
    probe,
    start: |_| Box::new(Smtp::default()),
};

/// Longest line read: RFC 4954 allows 12,288 bytes of a login; longer ones carry tickets, which are not read.
const LINE_MAX: usize = 2_048;
/// Greeting kept.
const BANNER_MAX: usize = 512;
/// Lines that no mail server or client would send before the flow is given up.
const STRANGE_MAX: u8 = 16;
/// Bytes of a greeting that are waited for.
const GREETING_MAX: usize = 512;

/// Commands before a message.
const COMMANDS: &[&str] =
    &["EHLO", "HELO", "MAIL", "RCPT", "AUTH", "STARTTLS", "RSET", "VRFY", "EXPN", "XCLIENT"];
/// Extensions that only the answer to EHLO lists.
const EXTENSIONS: &[&str] = &[
    "8BITMIME",
    "AUTH",
    "CHUNKING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "PIPELINING",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
];

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes.first() {
        Some(b'2' | b'4' | b'5') => greeting(bytes),
        Some(b'E' | b'e' | b'H' | b'h' | b'M' | b'm') => command(bytes),
        _ => Verdict::No,
    }
}

/// A server's first line: `220` and a word of mail, or a refusal with an enhanced code (RFC 3463).
fn greeting(bytes: &[u8]) -> Verdict {
    let refused = [&b"421 4."[..], b"421-4.", b"554 5.", b"554-5."];
    if refused.iter().any(|start| bytes.starts_with(start)) {
        return match bytes.get(6..9) {
            None => Verdict::More,
            Some([subject, b'.', detail]) if subject.is_ascii_digit() && detail.is_ascii_digit() => {
                Verdict::Yes
            }
            Some(_) => Verdict::No,
        };
    }
    let starts = [&b"220 "[..], b"220-"];
    if !starts.iter().any(|start| bytes.starts_with(start)) {
        let short = starts.iter().chain(&refused).any(|start| start.starts_with(bytes));
        return if short { Verdict::More } else { Verdict::No };
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < GREETING_MAX { Verdict::More } else { Verdict::No };
    };
    // The answer to STARTTLS has an enhanced code; what follows it is another protocol.
    let is_answer = bytes.get(4..6) == Some(b"2.");
    let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    if line.contains("lmtp") || is_answer {
        Verdict::No
    } else if line.contains("smtp") && !line.contains("ftp") {
        Verdict::Yes
    } else {
        Verdict::Maybe
    }
}

/// A client's line: a greeting that names it, or the start of a message.
fn command(bytes: &[u8]) -> Verdict {
    let has = |word: &[u8]| bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let short = |word: &[u8]| {
        bytes.len() < word.len()
            && word.get(..bytes.len()).is_some_and(|start| start.eq_ignore_ascii_case(bytes))
    };
    if has(b"MAIL FROM:") {
        return Verdict::Yes;
    }
    if has(b"EHLO ") || has(b"HELO ") {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            return if bytes.len() < GREETING_MAX { Verdict::More } else { Verdict::No };
        };
        let name = bytes.get(5..end).unwrap_or_default().trim_ascii();
        let good = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic());
        return match (good, has(b"EHLO ")) {
            (false, _) => Verdict::No,
            (true, true) => Verdict::Yes,
            (true, false) => Verdict::Maybe,
        };
    }
    if short(b"MAIL FROM:") || short(b"EHLO ") || short(b"HELO ") { Verdict::More } else { Verdict::No }
}

#[derive(Default)]
struct Smtp {
    server: Option<Side>,
    lanes: [Lines; 2],
    /// The greeting, until it is whole and certain to be one.
    banner: String,
    greeted: bool,
    /// First word of the greeting, until the answer to EHLO says it again.
    name: Option<String>,
    /// Code of a reply of several lines, until its last.
    reply: Option<[u8; 3]>,
    login: Login,
    asked: Asked,
    conduct: Conduct,
}

/// What the client waits for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    Hello,
    Tls,
    Login,
}

impl Dissector for Smtp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        if line.is_empty() {
            return Step::skip(consumed);
        }
        let is_server = match self.server {
            Some(server) => server == side,
            None => line.first().is_some_and(u8::is_ascii_digit),
        };
        let step = if is_server { self.answer(side, line, notes) } else { self.command(side, line, notes) };
        step.unwrap_or(Step::skip(consumed))
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).lose();
        self.reply = None;
        self.login = Login::default();
        self.asked = Asked::Nothing;
        Step::Skip(1)
    }
}

impl Smtp {
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
        match verb.as_str() {
            "DATA" | "BDAT" if self.conduct.is_confirmed() => return Some(Step::Done),
            "NOOP" | "HELP" | "QUIT" => return None,
            "X-ANONYMOUSTLS" => {}
            word if COMMANDS.contains(&word) => {}
            _ => return self.conduct.strange(false, STRANGE_MAX),
        }
        self.server = Some(side.peer());
        // A lone HELO greets in other dialogues too.
        if verb != "HELO" || self.greeted {
            self.conduct.confirm(notes);
        }
        notes.requester = Some(side);
        match verb.as_str() {
            "EHLO" | "HELO" => {
                self.asked = Asked::Hello;
                self.tell_banner(notes);
                let name = text::ascii(rest).and_then(|rest| host_name(rest.split(' ').next()?));
                let fact = name.and_then(|name| Fact::new(Attribute::Hostname, &name, 50, "smtp.ehlo"));
                notes.speaker(side, [fact]);
            }
            "STARTTLS" | "X-ANONYMOUSTLS" => self.asked = Asked::Tls,
            "AUTH" => {
                self.asked = Asked::Login;
                self.login = Login::by_words(rest);
                if let Some(message) = sasl::ntlm(rest) {
                    notes.speaker(side, message.facts(notes.time));
                }
            }
            _ => {}
        }
        None
    }

    fn answer(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        let code = line.first_chunk::<3>().copied().filter(|code| {
            let [first, rest @ ..] = code;
            (b'2'..=b'5').contains(first) && rest.iter().all(u8::is_ascii_digit)
        });
        let more = line.get(3) == Some(&b'-');
        let text = line.get(4..).unwrap_or_default();
        let code = code.filter(|_| more || line.get(3).is_none_or(|b| *b == b' '));
        let Some(code) = code else {
            notes.malformed |= self.conduct.is_confirmed();
            return self.conduct.strange(false, STRANGE_MAX);
        };
        self.server = Some(side);
        if !self.greeted && self.banner.len() < BANNER_MAX {
            self.banner.extend(String::from_utf8_lossy(text).trim().chars().take(BANNER_MAX));
            self.banner.push(' ');
        }
        if self.asked == Asked::Hello {
            self.hello(side, code, text, notes);
        }
        self.reply = more.then_some(code);
        if !more {
            self.replied(side, code, text, notes);
        }
        None
    }

    /// A line of the answer to EHLO: the server's name first, then what it knows.
    fn hello(&mut self, server: Side, code: [u8; 3], text: &[u8], notes: &mut Notes) {
        if code != *b"250" {
            return;
        }
        let (word, _) = verb(text);
        if EXTENSIONS.contains(&word.split('=').next().unwrap_or_default()) {
            self.conduct.confirm(notes);
        }
        let Some(name) = self.name.take().filter(|_| self.reply.is_none()) else { return };
        let again = text::ascii(text).and_then(|text| host_name(text.split(' ').next()?));
        if again.as_ref() == Some(&name) && name.contains('.') {
            notes.speaker(server, [Fact::new(Attribute::Hostname, &name, 60, "smtp.greeting")]);
        }
    }

    /// A whole reply.
    fn replied(&mut self, server: Side, code: [u8; 3], text: &[u8], notes: &mut Notes) {
        let first = !std::mem::replace(&mut self.greeted, true);
        if !first || code != *b"220" || self.asked != Asked::Nothing {
            self.banner = String::new();
        } else if self.banner.to_ascii_lowercase().contains("smtp") {
            self.tell_banner(notes);
        }
        if first && matches!(&code, b"421" | b"554") {
            self.conduct.confirm(notes);
        }
        let asked = self.asked;
        let goes_on = code.starts_with(b"3");
        if !goes_on {
            self.asked = Asked::Nothing;
        }
        match (asked, &code) {
            (Asked::Tls, b"220") => {
                notes.requester = Some(server.peer());
                notes.handover = true;
            }
            // An answer to what was asked before it, in a row of commands.
            (Asked::Tls, b"250") => self.asked = Asked::Tls,
            (Asked::Login, b"235") => {
                let facts = std::mem::take(&mut self.login).accepted("SMTP", "smtp.login");
                notes.speaker(server, facts);
            }
            (Asked::Login, b"250") => self.asked = Asked::Login,
            (Asked::Login, b"334") => {
                if let Some(message) = sasl::ntlm(text) {
                    notes.speaker(server, message.facts(notes.time));
                }
            }
            _ => {}
        }
    }

    /// A greeting is one by its words, or by the client's greeting that answers it.
    fn tell_banner(&mut self, notes: &mut Notes) {
        let banner = std::mem::take(&mut self.banner);
        if let Some(server) = self.server.filter(|_| !banner.is_empty()) {
            notes.speaker(server, [Fact::new(Attribute::SmtpBanner, &banner, 90, "smtp.banner")]);
            self.name = banner.split(' ').next().and_then(host_name);
            self.conduct.confirm(notes);
        }
    }
}

/// The name that a host gives itself: labels of letters, digits and hyphens. Address literals, numbers, the
/// names that every machine has, and bare domains (which name an owner, not a host) are none.
fn host_name(word: &str) -> Option<String> {
    let name = word.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let good = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    let (first, last) = (labels.first()?, labels.last()?);
    let everyones =
        ["localhost", "localdomain", "unknown", "none", "user", "client", "server", "mail", "smtp"];
    let inside = ["local", "lan", "internal", "intern", "intra", "corp", "home"];
    let fits = match labels.len() {
        1 => !everyones.contains(first),
        2 => inside.contains(last) && !everyones.contains(first),
        _ => last.bytes().all(|b| b.is_ascii_alphabetic()) && !everyones.contains(last),
    };
    let has_letter = first.bytes().any(|b| b.is_ascii_alphabetic());
    let example = matches!(*last, "example" | "invalid" | "test");
    let default = *first == "localhost" || example;
    ((2..=253).contains(&name.len()) && labels.iter().all(good) && fits && has_letter && !default)
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn a_host_name_is_what_names_one_host() {
        for name in ["PC-0123", "ward3.clinic.lan", "mx1.hospital.org", "scanner.local", "MX1.hospital.org."]
        {
            assert!(host_name(name).is_some(), "{name}");
        }
        let others = [
            "[10.0.0.5]",
            "10.0.0.5",
            "localhost",
            "localhost.localdomain",
            "hospital.org",
            "user@x",
            "12345",
            "",
            "a..b.c",
            "mail.clinic.example",
        ];
        for other in others {
            assert_eq!(host_name(other), None, "{other}");
        }
    }
}
