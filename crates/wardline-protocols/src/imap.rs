//! IMAP (RFC 3501, RFC 9051, RFC 2971): who keeps mail, by which software, and whether passwords travel in
//! clear.
//!
//! In: both streams, line by line, up to the first mailbox. Out: the greeting, what both ends say in ID, a
//! password accepted in clear. After STARTTLS the rest is handed over. Literals are stepped over by their
//! length. Never read: mailboxes and messages. Limits: [`LINE_MAX`], [`LITERAL_MAX`], [`STRANGE_MAX`].

use crate::line::{Conduct, Lines, verb};
use crate::sasl::{self, Login};
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "imap",
    carriers: &[Carrier::Stream],
    ports: &[143],
    probe,
    start: |_| Box::new(Imap::default()),
};

/// Longest line read; those that matter are short, capabilities take some hundred bytes.
const LINE_MAX: usize = 4_096;
/// Longest literal stepped over; a message larger than this ends the reading.
const LITERAL_MAX: u64 = 1 << 32;
/// Lines out of place before the flow is given up.
const STRANGE_MAX: u8 = 64;
/// Bytes of a greeting that are waited for.
const GREETING_MAX: usize = 512;
/// Bytes by which a client's first command is told, tag and all.
const COMMAND_MAX: usize = 22;
/// Longest tag of a command.
const TAG_MAX: usize = 32;
/// Fields of an ID that are read (RFC 2971 allows 30).
const FIELDS_MAX: usize = 30;

/// Commands that come before mailboxes.
const COMMANDS: &[&str] = &[
    "AUTHENTICATE",
    "CAPABILITY",
    "COMPRESS",
    "ENABLE",
    "ID",
    "LOGIN",
    "LOGOUT",
    "NAMESPACE",
    "NOOP",
    "STARTTLS",
];
/// Commands after which nothing about the machines follows.
const MAILBOX: &[&str] = &["APPEND", "EXAMINE", "IDLE", "SELECT", "STATUS", "UID", "FETCH", "LIST", "LSUB"];

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let starts = [&b"* OK "[..], b"* PREAUTH ", b"* BYE ", b"* CAPABILITY IMAP4"];
    if !starts.iter().any(|start| bytes.starts_with(start)) {
        let short = starts.iter().any(|start| start.starts_with(bytes));
        let waits =
            probe.port(143) && bytes.len() < COMMAND_MAX && bytes.iter().all(|b| matches!(b, b' '..=b'z'));
        return if short || (waits && client(bytes) == Verdict::No) { Verdict::More } else { client(bytes) };
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return if bytes.len() < GREETING_MAX { Verdict::More } else { Verdict::No };
    };
    let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    if line.contains("imap") { Verdict::Yes } else { Verdict::Maybe }
}

/// A client's line: a tag and a command that no other protocol has.
fn client(bytes: &[u8]) -> Verdict {
    let Some((tag, rest)) = tag(bytes) else { return Verdict::No };
    if tag.len() > 8 || !tag.iter().any(u8::is_ascii_digit) {
        return Verdict::No;
    }
    let words = [&b"CAPABILITY"[..], b"STARTTLS", b"AUTHENTICATE ", b"LOGIN "];
    let start = |word: &&[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if words.iter().any(start) { Verdict::Maybe } else { Verdict::No }
}

/// The tag of a command or of its answer, and what follows the blank.
fn tag(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let within = line.get(..TAG_MAX).unwrap_or(line);
    let end = memchr::memchr(b' ', within).filter(|end| *end > 0)?;
    let (tag, rest) = line.split_at_checked(end)?;
    let good = tag.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    good.then_some((tag, rest.get(1..)?))
}

#[derive(Default)]
struct Imap {
    server: Option<Side>,
    lanes: [Lines; 2],
    /// What comes after a literal belongs to the line before it.
    continued: [bool; 2],
    greeted: bool,
    /// The greeting, until it is certain to be one.
    banner: Option<String>,
    login: Login,
    /// The command that waits, by its tag.
    asked: Option<(Asked, Vec<u8>)>,
    conduct: Conduct,
    /// Software was said of the opener, of the accepter.
    named: [bool; 2],
}

/// What the client waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Tls,
    Login,
    Compress,
}

impl Dissector for Imap {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let (line, consumed) = match side.of(&mut self.lanes).next(bytes, LINE_MAX) {
            Ok(line) => line,
            Err(step) => return step,
        };
        let is_server = match self.server {
            Some(server) => server == side,
            None => line.starts_with(b"* "),
        };
        let step = match is_server {
            _ if std::mem::take(side.of(&mut self.continued)) || line.is_empty() => None,
            true => self.answer(side, line, notes),
            false => self.command(side, line, notes),
        };
        if let Some(step) = step {
            return step;
        }
        let Some(literal) = literal(line) else { return Step::skip(consumed) };
        if literal > LITERAL_MAX {
            return Step::Done;
        }
        *side.of(&mut self.continued) = true;
        Step::Skip(literal.saturating_add(u64::try_from(consumed).unwrap_or(u64::MAX)))
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).lose();
        *side.of(&mut self.continued) = false;
        self.login = Login::default();
        self.asked = None;
        Step::Skip(1)
    }
}

impl Imap {
    fn command(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        if matches!(self.asked, Some((Asked::Login, _))) {
            if self.login.waits() {
                self.login.answer(line);
                return None;
            }
            if let Some(message) = sasl::ntlm(line) {
                notes.speaker(side, message.facts(notes.time));
                return None;
            }
        }
        let Some((tag, words)) = tag(line) else { return self.conduct.strange(false, STRANGE_MAX) };
        let (verb, rest) = verb(words);
        if MAILBOX.contains(&verb.as_str()) && self.conduct.is_confirmed() && self.asked.is_none() {
            return Some(Step::Done);
        }
        if !COMMANDS.contains(&verb.as_str()) {
            return self.conduct.strange(false, STRANGE_MAX);
        }
        self.server = Some(side.peer());
        notes.requester = Some(side);
        // A server greeted with `* OK` before: the two together are this protocol's alone.
        if self.greeted {
            self.conduct.confirm(notes);
        }
        if let Some(banner) = self.banner.take() {
            notes.speaker(side.peer(), [Fact::new(Attribute::ImapBanner, &banner, 90, "imap.banner")]);
        }
        match verb.as_str() {
            "LOGIN" => {
                self.login = login(rest);
                self.asked = Some((Asked::Login, tag.to_vec()));
            }
            "AUTHENTICATE" => {
                self.login = Login::by_words(rest);
                self.asked = Some((Asked::Login, tag.to_vec()));
            }
            "STARTTLS" => self.asked = Some((Asked::Tls, tag.to_vec())),
            "COMPRESS" => self.asked = Some((Asked::Compress, tag.to_vec())),
            "ID" => self.identity(side, rest, notes),
            _ => {}
        }
        None
    }

    fn answer(&mut self, server: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        let said = verb(line);
        let (word, text) = verb(said.1);
        match said.0.as_str() {
            "*" => {
                self.untagged(server, &word, text, notes);
                None
            }
            "+" => {
                if let Some(message) = sasl::ntlm(line) {
                    notes.speaker(server, message.facts(notes.time));
                }
                None
            }
            _ if matches!(word.as_str(), "OK" | "NO" | "BAD") => {
                self.tagged(server, line, word == "OK", notes)
            }
            _ => self.conduct.strange(false, STRANGE_MAX),
        }
    }

    fn untagged(&mut self, server: Side, word: &str, text: &[u8], notes: &mut Notes) {
        self.server = Some(server);
        let greets = matches!(word, "OK" | "PREAUTH" | "BYE");
        if !std::mem::replace(&mut self.greeted, true) && greets && self.asked.is_none() {
            let text = String::from_utf8_lossy(text);
            if text.to_ascii_lowercase().contains("imap") {
                self.conduct.confirm(notes);
                notes.speaker(server, [Fact::new(Attribute::ImapBanner, &text, 90, "imap.banner")]);
            } else {
                self.banner = Some(text.chars().take(GREETING_MAX).collect());
            }
            return;
        }
        self.banner = None;
        if word == "CAPABILITY" && text.starts_with(b"IMAP4") {
            self.conduct.confirm(notes);
        }
        if word == "ID" && self.conduct.is_confirmed() {
            self.identity(server, text, notes);
        }
    }

    fn tagged(&mut self, server: Side, line: &[u8], good: bool, notes: &mut Notes) -> Option<Step> {
        self.server = Some(server);
        let (tag, _) = tag(line)?;
        let (asked, _) = self.asked.take_if(|(_, asked)| asked == tag)?;
        self.conduct.confirm(notes);
        let login = std::mem::take(&mut self.login);
        match asked {
            Asked::Tls if good => {
                notes.requester = Some(server.peer());
                notes.handover = true;
            }
            Asked::Login if good => notes.speaker(server, login.accepted("IMAP", "imap.login")),
            // What follows is deflated.
            Asked::Compress if good => return Some(Step::Done),
            _ => {}
        }
        None
    }

    /// An ID: pairs of quoted strings; what says nothing is NIL.
    fn identity(&mut self, side: Side, list: &[u8], notes: &mut Notes) {
        let mut values = quoted(list);
        let mut fields: [Option<String>; 4] = [const { None }; 4];
        let [name, version, system, release] = &mut fields;
        for _ in 0..FIELDS_MAX {
            let (Some(key), Some(value)) = (values.next(), values.next()) else { break };
            let field = match key.unwrap_or_default().to_ascii_lowercase().as_str() {
                "name" => &mut *name,
                "version" => &mut *version,
                "os" => &mut *system,
                "os-version" => &mut *release,
                _ => continue,
            };
            *field = value;
        }
        if std::mem::replace(side.of(&mut self.named), true) {
            return;
        }
        let fact = |attribute, value: &Option<String>, version: &Option<String>, confidence| {
            let fact = Fact::new(attribute, value.as_deref()?, confidence, "imap.id")?;
            Some(fact.with_version(version.as_deref().unwrap_or_default()))
        };
        notes.speaker(
            side,
            [
                fact(Attribute::Software, name, version, 80), //
                fact(Attribute::Os, system, release, 60),
            ],
        );
    }
}

/// The arguments of LOGIN: words, quoted or not; what is given as a literal is not read.
fn login(arguments: &[u8]) -> Login {
    let mut login = Login::default();
    let mut words = quoted(arguments).flatten();
    let user = words.next().unwrap_or_default();
    login.user(user.as_bytes());
    login.password(words.next().unwrap_or_default().as_bytes());
    login
}

/// The strings of a list: quoted, or words of their own; NIL is none.
fn quoted(list: &[u8]) -> impl Iterator<Item = Option<String>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|b| !matches!(b, b' ' | b'(' | b')'))?;
        rest = rest.get(start..)?;
        let Some(mut text) = rest.strip_prefix(b"\"") else {
            let end = rest.iter().position(|b| matches!(b, b' ' | b')')).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end)?;
            rest = after;
            let nil = word.eq_ignore_ascii_case(b"NIL");
            return Some((!nil).then(|| String::from_utf8_lossy(word).into_owned()));
        };
        let mut value = Vec::new();
        loop {
            let (&byte, after) = text.split_first()?;
            text = after;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (&escaped, after) = text.split_first()?;
                    value.push(escaped);
                    text = after;
                }
                byte => value.push(byte),
            }
        }
        rest = text;
        Some(Some(String::from_utf8_lossy(&value).into_owned()))
    })
}

/// The length of the literal that follows a line: `{123}`, `{123+}` or `~{123}` at its end.
fn literal(line: &[u8]) -> Option<u64> {
    let digits = line.strip_suffix(b"}")?;
    let start = memchr::memrchr(b'{', digits)?.saturating_add(1);
    let digits = digits.get(start..)?;
    let digits = digits.strip_suffix(b"+").or(digits.strip_suffix(b"-")).unwrap_or(digits);
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_counted_and_strings_unquoted() {
        assert_eq!(literal(b"a1 LOGIN bob {5}"), Some(5));
        assert_eq!(literal(b"a1 APPEND x {310+}"), Some(310));
        assert_eq!(literal(b"a1 LOGIN bob}"), None);
        assert_eq!(literal(b"{99999999999999999999999}"), None);
        let values: Vec<_> = quoted(br#"("name" "A \"b\"" "version" NIL)"#).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(values, [text("name"), text("A \"b\""), text("version"), None]);
        assert_eq!(quoted(b"\"never closed").count(), 0);
    }
}
