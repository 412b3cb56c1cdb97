//! RFB, the protocol of VNC (RFC 6143): who lets himself be controlled from afar, and whether he asks for proof.
//!
//! In: both streams, up to the choice of security. Out: the server's version; that it lets anybody in; that
//! passwords travel in clear; whether what follows is encrypted. TLS (types 18 and 19) is handed over. Never
//! read: the desktop's name, which may be a person's, screens and keys. Lists are counted in one byte.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "vnc",
    carriers: &[Carrier::Stream],
    ports: &[5900, 5901, 5902, 5800],
    probe,
    start: |_| Box::new(Vnc::default()),
};

/// Bytes of a version line.
const VERSION: usize = 12;
/// Security types (IANA registry of RFB).
const NONE: u8 = 1;
const TLS: u8 = 18;
const VENCRYPT: u8 = 19;
/// Kinds within VeNCrypt: a password in clear, and the first of those over TLS.
const PLAIN: u32 = 256;
const OVER_TLS: u32 = 257;
const OVER_TLS_LAST: u32 = 262;

/// The minor version out of a version line, with the major.
fn version(line: &[u8]) -> Option<(u16, u16)> {
    let rest = line.strip_prefix(b"RFB ")?.strip_suffix(b"\n")?;
    let &[a, b, c, b'.', d, e, f] = rest.first_chunk::<7>()? else { return None };
    let number = |digits: [u8; 3]| {
        digits.iter().try_fold(0_u16, |sum, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            sum.checked_mul(10)?.checked_add(u16::from(digit))
        })
    };
    Some((number([a, b, c])?, number([d, e, f])?))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.starts_with(b"RFB ") {
        Verdict::Yes => match probe.bytes.get(..VERSION) {
            None => Verdict::More,
            Some(line) if version(line).is_some_and(|(major, _)| (3..=5).contains(&major)) => Verdict::Yes,
            Some(_) => Verdict::No,
        },
        verdict => verdict,
    }
}

#[derive(Default)]
struct Vnc {
    /// Who greeted first: the server.
    server: Option<Side>,
    versions: [Option<(u16, u16)>; 2],
    stage: Stage,
}

/// What comes next, once the versions are exchanged.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The server's security types.
    #[default]
    Types,
    /// The client's choice.
    Choice,
    /// VeNCrypt: the server's version, the client's, the answer, the kinds, the choice, the go-ahead.
    Versions(u8),
    Kinds,
    KindChoice,
    GoAhead,
}

impl Dissector for Vnc {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if side.of(&mut self.versions).is_none() {
            return self.greeting(side, bytes, notes);
        }
        let Some(server) = self.server else { return Step::Done };
        let from_server = side == server;
        match self.stage {
            Stage::Types if from_server => self.types(server, bytes, notes),
            Stage::Choice if !from_server => self.choice(bytes, notes),
            Stage::Versions(0) if from_server => self.after(Stage::Versions(1), 2, bytes),
            Stage::Versions(1) if !from_server => self.after(Stage::Versions(2), 2, bytes),
            Stage::Versions(2) if from_server => self.after(Stage::Kinds, 1, bytes),
            Stage::Kinds if from_server => self.kinds(bytes),
            Stage::KindChoice if !from_server => self.kind(server, bytes, notes),
            Stage::GoAhead if from_server => {
                if bytes.first() == Some(&1) {
                    notes.handover = true;
                    return Step::Skip(1);
                }
                Step::Done
            }
            // Not in turn: bytes are missing.
            _ => Step::Done,
        }
    }
}

impl Vnc {
    fn greeting(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(line) = bytes.get(..VERSION) else { return Step::More(VERSION) };
        let Some(version) = version(line) else {
            notes.malformed = true;
            return Step::Done;
        };
        *side.of(&mut self.versions) = Some(version);
        if self.server.is_none() {
            self.server = Some(side);
            notes.requester = Some(side.peer());
            let text = format!("RFB {}.{}", version.0, version.1);
            notes.speaker(side, [Fact::new(Attribute::VncServer, &text, 90, "vnc.version")]);
        }
        Step::skip(VERSION)
    }

    /// Up to 3.6 the server decides with one number, from 3.7 on it offers a list (RFC 6143 section 7.1.2).
    fn types(&mut self, server: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let [opener, accepter] = self.versions;
        let (Some(one), Some(other)) = (opener, accepter) else { return Step::Done };
        let list = one.min(other) >= (3, 7);
        if !list {
            let Some(number) = bytes.first_chunk::<4>() else { return Step::More(4) };
            if u32::from_be_bytes(*number) == u32::from(NONE) {
                open(server, notes);
            }
            notes.encrypted = Some(false);
            return Step::Done;
        }
        let count = bytes.first().map_or(0, |count| usize::from(*count));
        if count == 0 {
            return Step::Done;
        }
        let end = count.saturating_add(1);
        let Some(types) = bytes.get(1..end) else { return Step::More(end) };
        self.stage = Stage::Choice;
        if types.contains(&NONE) {
            open(server, notes);
        }
        Step::skip(end)
    }

    fn choice(&mut self, bytes: &[u8], notes: &mut Notes) -> Step {
        match bytes.first() {
            Some(&TLS) => {
                notes.handover = true;
                return Step::Skip(1);
            }
            Some(&VENCRYPT) => {
                self.stage = Stage::Versions(0);
                return Step::Skip(1);
            }
            // RA2 and RA2-256 encrypt the session; Apple's and others only the password.
            Some(5 | 13 | 129 | 133) => notes.encrypted = Some(true),
            Some(_) => notes.encrypted = Some(false),
            None => {}
        }
        Step::Done
    }

    fn after(&mut self, next: Stage, count: usize, bytes: &[u8]) -> Step {
        if bytes.len() < count {
            return Step::More(count);
        }
        self.stage = next;
        Step::skip(count)
    }

    fn kinds(&mut self, bytes: &[u8]) -> Step {
        let count = bytes.first().map_or(0, |count| usize::from(*count));
        if count == 0 {
            return Step::Done;
        }
        let end = count.saturating_mul(4).saturating_add(1);
        if bytes.len() < end {
            return Step::More(end);
        }
        self.stage = Stage::KindChoice;
        Step::skip(end)
    }

    fn kind(&mut self, server: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(kind) = bytes.first_chunk::<4>() else { return Step::More(4) };
        match u32::from_be_bytes(*kind) {
            PLAIN => {
                notes.encrypted = Some(false);
                notes.speaker(
                    server,
                    [Fact::new(Attribute::ClearCredential, "VNC Plain", 90, "vnc.security")],
                );
                Step::Done
            }
            OVER_TLS..=OVER_TLS_LAST => {
                self.stage = Stage::GoAhead;
                Step::Skip(4)
            }
            _ => Step::Done,
        }
    }
}

/// Whoever connects sees and controls the screen.
fn open(server: Side, notes: &mut Notes) {
    let fact = Fact::new(Attribute::Weakness, "vnc-without-authentication", 90, "vnc.security");
    notes.speaker(server, [fact]);
}
