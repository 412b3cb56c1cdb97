//! FTP control connections (RFC 959, RFC 4217): who serves files, and whether passwords travel in clear.
//!
//! In: both streams, line by line. Out: the greeting; a credential that the server accepted in clear, by name
//! only when it is a known factory default. After AUTH TLS the rest is handed over. Anonymous logins are no
//! credentials. Limits: [`LINE_MAX`], [`BANNER_MAX`], [`STRANGE_MAX`]. Never kept beyond the answer: users and
//! passwords. Never read: file names.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, credential};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ftp",
    carriers: &[Carrier::Stream],
    ports: &[21, 2121],
    probe,
    start: |_| Box::new(Ftp::default()),
};

/// Longest line read; the rest of longer ones is left out.
const LINE_MAX: usize = 2_048;
/// Greeting kept.
const BANNER_MAX: usize = 512;
/// User name or password kept for comparison.
const SECRET_MAX: usize = 64;
/// Lines that no FTP server would send before it is given up.
const STRANGE_MAX: u8 = 8;
/// Words in a greeting of code 220 that belong to mail servers.
const MAIL: &[&str] = &["smtp", "mail", "postfix", "exim", "lmtp"];
/// Commands that tell FTP from other protocols that greet with 220.
const COMMANDS: &[&str] =
    &["USER", "PASS", "AUTH", "FEAT", "SYST", "PBSZ", "OPTS", "PASV", "EPSV", "PORT", "EPRT", "TYPE", "CLNT"];

fn probe(probe: &Probe<'_>) -> Verdict {
    let line = match memchr::memchr(b'\n', probe.bytes) {
        Some(end) => probe.bytes.get(..end).unwrap_or_default(),
        None if b"220".starts_with(probe.bytes) => return Verdict::More,
        None if probe.bytes.starts_with(b"220 ") || probe.bytes.starts_with(b"220-") => {
            return if probe.bytes.len() < 512 { Verdict::More } else { Verdict::No };
        }
        None if probe.bytes == b"220" => return Verdict::More,
        None => return Verdict::No,
    };
    if !(line.starts_with(b"220 ") || line.starts_with(b"220-")) {
        return Verdict::No;
    }
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    match (line.contains("ftp"), MAIL.iter().any(|word| line.contains(word))) {
        (true, false) => Verdict::Yes,
        // A file server on a host named for its mail.
        (true, true) | (false, false) => Verdict::Maybe,
        (false, true) => Verdict::No,
    }
}

#[derive(Default)]
struct Ftp {
    server: Option<Side>,
    lanes: [Lane; 2],
    banner: String,
    greeted: bool,
    /// Code of a reply of several lines, until its last.
    reply: Option<[u8; 3]>,
    login: Login,
    tls_asked: bool,
    confirmed: bool,
    told: bool,
    strange: u8,
}

/// One direction.
#[derive(Default)]
struct Lane {
    /// The rest of a line is left out: it was too long, or its start was lost.
    broken: bool,
}

/// A login until it is answered.
#[derive(Default)]
struct Login {
    user: Option<String>,
    password: Option<String>,
}

impl Dissector for Ftp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let within = bytes.get(..LINE_MAX).unwrap_or(bytes);
        let lane = side.of(&mut self.lanes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < LINE_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            lane.broken = true;
            return Step::skip(within.len());
        };
        let consumed = Step::skip(end.saturating_add(1));
        if std::mem::take(&mut lane.broken) {
            return consumed;
        }
        let line = within.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let step = match self.server {
            Some(server) if server == side => self.answer(side, line, notes),
            None if line.first().is_some_and(u8::is_ascii_digit) => self.answer(side, line, notes),
            _ => self.command(side, line, notes),
        };
        step.unwrap_or(consumed)
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        side.of(&mut self.lanes).broken = true;
        self.reply = None;
        self.login = Login::default();
        self.tls_asked = false;
        Step::Skip(1)
    }
}

impl Ftp {
    fn command(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        let line = String::from_utf8_lossy(line);
        // The sequence of RFC 959 section 4.1.3 before ABOR is telnet's.
        let line = line.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        if !COMMANDS.contains(&verb.as_str()) {
            let mail = matches!(verb.as_str(), "EHLO" | "HELO" | "LHLO" | "MAIL");
            return (mail && !self.confirmed).then_some(Step::Withdraw);
        }
        self.confirm(notes);
        notes.requester = Some(side);
        let secret = || Some(rest.chars().take(SECRET_MAX).collect::<String>());
        match verb.as_str() {
            "USER" => self.login = Login { user: secret(), password: None },
            "PASS" => self.login.password = secret(),
            "AUTH" => {
                self.tls_asked =
                    ["TLS", "SSL", "TLS-C", "TLS-P"].contains(&rest.to_ascii_uppercase().as_str());
            }
            _ => {}
        }
        None
    }

    fn answer(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Option<Step> {
        let code = line.first_chunk::<3>().copied().filter(|code| code.iter().all(u8::is_ascii_digit));
        let more = line.get(3) == Some(&b'-');
        let ends = line.get(3).is_none_or(|b| *b == b' ');
        let text = line.get(4..).unwrap_or_default();
        if let Some(first) = self.reply {
            let last = code == Some(first) && ends;
            self.greeting(if code == Some(first) { text } else { line });
            if !last {
                return None;
            }
            self.reply = None;
        } else {
            let code = code.filter(|_| more || ends);
            let Some(code) = code else { return self.strange(notes) };
            self.server = Some(side);
            self.greeting(text);
            if more {
                self.reply = Some(code);
                return None;
            }
        }
        self.replied(side, code.unwrap_or_default(), notes);
        None
    }

    fn strange(&mut self, notes: &mut Notes) -> Option<Step> {
        if !self.confirmed && !self.greeted {
            return Some(Step::Withdraw);
        }
        notes.malformed = true;
        self.strange = self.strange.saturating_add(1);
        (self.strange > STRANGE_MAX).then_some(Step::Done)
    }

    fn greeting(&mut self, text: &[u8]) {
        if self.greeted || self.banner.len() >= BANNER_MAX {
            return;
        }
        self.banner.extend(String::from_utf8_lossy(text).trim().chars().take(BANNER_MAX));
        self.banner.push(' ');
    }

    /// A whole reply.
    fn replied(&mut self, server: Side, code: [u8; 3], notes: &mut Notes) {
        if !std::mem::replace(&mut self.greeted, true) && code == *b"220" {
            let banner = std::mem::take(&mut self.banner);
            notes.speaker(server, [Fact::new(Attribute::FtpBanner, &banner, 90, "ftp.banner")]);
            if banner.to_ascii_lowercase().contains("ftp") {
                self.confirm(notes);
            }
        }
        self.banner = String::new();
        match &code {
            b"230" | b"232" => self.accepted(server, notes),
            b"530" | b"430" => self.login = Login::default(),
            b"234" if self.tls_asked => {
                notes.requester = Some(server.peer());
                notes.handover = true;
            }
            _ => {}
        }
    }

    fn accepted(&mut self, server: Side, notes: &mut Notes) {
        let Login { user: Some(user), password } = std::mem::take(&mut self.login) else { return };
        let anonymous = user.eq_ignore_ascii_case("anonymous") || user.eq_ignore_ascii_case("ftp");
        if anonymous || std::mem::replace(&mut self.told, true) {
            return;
        }
        let known = credential::known_default(&user, password.as_deref().unwrap_or_default());
        notes.speaker(
            server,
            [
                password.and_then(|_| Fact::new(Attribute::ClearCredential, "FTP", 95, "ftp.login")),
                known.and_then(|name| Fact::new(Attribute::DefaultCredential, &name, 95, "ftp.login")),
            ],
        );
    }

    fn confirm(&mut self, notes: &mut Notes) {
        self.confirmed = true;
        notes.confirmed = true;
    }
}
