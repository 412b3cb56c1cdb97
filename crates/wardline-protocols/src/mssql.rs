//! SQL Server's TDS (MS-TDS) over TCP, and its browser's answers over UDP (MC-SQLR).
//!
//! In: a stream of packets, or datagrams. Out: versions of server and client, whether the login and the rest are
//! encrypted, name of the client's machine, names inside NTLM logins, a password that was accepted in clear (it
//! is only disguised). Queries and results are stepped over; users and databases are never read. Limits:
//! [`WANTED_MAX`], [`TOKENS_MAX`].

mod browser;
mod login;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, ntlm};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mssql",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[1433, 1434],
    probe,
    start,
};

/// Longest packet waited for: the size that is negotiated reaches 32 KiB, logins are sent in 4 KiB.
const WANTED_MAX: usize = 32_768;
/// Bytes of a packet's head.
const HEAD: usize = 8;
/// Options of a prelogin read; the standard defines eight.
const OPTIONS_MAX: usize = 16;
/// Tokens read of the answer to a login before it is given up.
const TOKENS_MAX: usize = 32;

/// Types of packets.
const BATCH: u8 = 0x01;
const CALL: u8 = 0x03;
const ANSWER: u8 = 0x04;
const LOGIN: u8 = 0x10;
const SSPI: u8 = 0x11;
const PRELOGIN: u8 = 0x12;
/// Encryption that a server answers with: for the login only, for all, none at all, for all and required.
const LOGIN_ONLY: u8 = 0;
const NONE: u8 = 2;

fn start(carrier: Carrier) -> Box<dyn Dissector> {
    match carrier {
        Carrier::Datagram => Box::new(browser::Browser::default()),
        _ => Box::new(Mssql::default()),
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Datagram {
        return browser::probe(probe);
    }
    let bytes = probe.bytes;
    let at = |at: usize, fits: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
    let shape = at(0, &|b| matches!(b, BATCH | CALL | ANSWER | LOGIN | PRELOGIN))
        && at(1, &|b| b <= 1 || (b & 0x18 != 0 && b & 0xe6 == 0))
        && at(7, &|b| b == 0);
    if !shape {
        return Verdict::No;
    }
    let Some((&[kind, _, high, low, _, _, _, _], body)) = bytes.split_first_chunk::<HEAD>() else {
        return Verdict::More;
    };
    let length = usize::from(u16::from_be_bytes([high, low])).saturating_sub(HEAD);
    let fits = match kind {
        PRELOGIN | ANSWER => is_prelogin(body, length),
        LOGIN => login::is_login(body),
        // A batch or call begins with headers: all of 22 bytes, one of 18, of the kind that all must have.
        _ => {
            const HEADERS: [u8; 10] = [22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
            body.first_chunk().map(|start| *start == HEADERS && !probe.from_start)
        }
    };
    match fits {
        Some(true) => Verdict::Yes,
        Some(false) => Verdict::No,
        None if body.len() >= length => Verdict::No,
        None => Verdict::More,
    }
}

/// Whether options begin here, the version first, its value right behind the list of them; `None` when that
/// cannot be told yet.
fn is_prelogin(body: &[u8], length: usize) -> Option<bool> {
    let mut reader = Reader::new(body);
    let first = reader.array::<5>("first option").ok()?;
    let [0, high, low, 0, 6] = first else { return Some(false) };
    let version = usize::from(u16::from_be_bytes([high, low]));
    // The list is of five bytes for each option and one for its end.
    if version % 5 != 1 || version > OPTIONS_MAX.saturating_mul(5) || version.saturating_add(6) > length {
        return Some(false);
    }
    Some(*body.get(version.checked_sub(1)?)? == 0xff)
}

#[derive(Default)]
struct Mssql {
    said: Once,
    client: Option<Side>,
    /// What the server answered about encryption.
    encryption: Option<u8>,
    /// A login with a password was sent in clear and waits for its answer.
    clear: bool,
    logged_in: bool,
}

impl Dissector for Mssql {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some((&[kind, status, high, low, _, _, _, window], _)) = bytes.split_first_chunk::<HEAD>() else {
            return Step::More(HEAD);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        // TLS records after its handshake stand alone.
        if matches!(kind, 0x14..=0x17) && status == 3 {
            notes.encrypted = Some(true);
            return Step::Done;
        }
        if length < HEAD || window != 0 || !matches!(kind, 1..=0x12) {
            notes.malformed = true;
            return Step::Done;
        }
        notes.requester.get_or_insert(if kind == ANSWER { side.peer() } else { side });
        let wanted = matches!(kind, LOGIN | SSPI | PRELOGIN) || (kind == ANSWER && !self.logged_in);
        if !wanted || length > WANTED_MAX {
            notes.encrypted.get_or_insert(false);
            return Step::skip(length);
        }
        let Some(body) = bytes.get(HEAD..length) else { return Step::More(length) };
        let read = match kind {
            PRELOGIN if matches!(body, [0x14..=0x17, 3, ..]) => return self.tls(notes),
            PRELOGIN => self.prelogin(side, body, notes),
            ANSWER if is_prelogin(body, body.len()) == Some(true) => self.prelogin(side, body, notes),
            ANSWER if matches!(body, [0x14..=0x17, 3, ..]) => return self.tls(notes),
            ANSWER => self.answer(side, body, notes),
            LOGIN => self.login(side, body, notes),
            _ => {
                self.ntlm(side, body, notes);
                Ok(())
            }
        };
        notes.malformed |= read.is_err();
        Step::skip(length)
    }
}

impl Mssql {
    /// TLS within packets: of the login alone, or of all that follows.
    fn tls(&mut self, notes: &mut Notes) -> Step {
        notes.encrypted = Some(self.encryption != Some(LOGIN_ONLY));
        Step::Done
    }

    /// Options of either side (MS-TDS section 2.2.6.5).
    fn prelogin(&mut self, side: Side, body: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let server = self.client.is_some_and(|client| client != side);
        self.client.get_or_insert(side);
        let mut list = Reader::new(body);
        for _ in 0..OPTIONS_MAX {
            let option = list.u8("option")?;
            if option == 0xff {
                break;
            }
            let offset = usize::from(list.u16("option offset")?);
            let length = usize::from(list.u16("option length")?);
            let value = body.get(offset..offset.saturating_add(length)).ok_or(Fault::Truncated("option"))?;
            match (option, value) {
                (0, [major, minor, high, low, _, _]) if server => {
                    let build = u16::from_be_bytes([*high, *low]);
                    self.version(side, *major, *minor, build, "mssql.prelogin", notes);
                }
                (1, [encryption]) if server => self.encryption = Some(*encryption),
                _ => {}
            }
        }
        Ok(())
    }

    fn version(
        &mut self,
        side: Side,
        major: u8,
        minor: u8,
        build: u16,
        rule: &'static str,
        notes: &mut Notes,
    ) {
        // SQL Server 7 is the first that speaks this way; a version of nothing is no version.
        if major < 7 || build == 0 {
            return;
        }
        let version = format!("{major}.{minor}.{build}");
        let facts = [
            Fact::new(Attribute::DatabaseServer, &format!("mssql {version}"), 90, rule),
            Fact::new(Attribute::Software, "Microsoft SQL Server", 90, rule)
                .map(|fact| fact.with_version(&version)),
        ];
        self.tell(side, facts, notes);
    }

    fn login(&mut self, side: Side, body: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let login = login::read(body)?;
        notes.encrypted = Some(false);
        self.clear = login.password && matches!(self.encryption, None | Some(NONE));
        let host = login.host.filter(|host| crate::text::is_host_name(host));
        let fact = host.and_then(|host| Fact::new(Attribute::Hostname, &host, 75, "mssql.login-host"));
        self.tell(side, [fact], notes);
        self.ntlm(side, body, notes);
        Ok(())
    }

    /// The answer to a login (section 2.2.7): refused, a challenge, or accepted with the server's version.
    fn answer(&mut self, side: Side, body: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        const CHALLENGE: u8 = 0xed;
        const ERROR: u8 = 0xaa;
        const ACCEPTED: u8 = 0xad;
        let mut reader = Reader::new(body);
        for _ in 0..TOKENS_MAX {
            if reader.is_empty() {
                break;
            }
            let token = reader.u8("token")?;
            // Changes, information, order and the three above carry their length.
            if !matches!(token, 0xe3 | 0xab | 0xa9 | CHALLENGE | ERROR | ACCEPTED) {
                break;
            }
            let length = usize::from(reader.u16_le("token length")?);
            let content = reader.take(length, "token")?;
            match token {
                CHALLENGE => self.ntlm(side, content, notes),
                ERROR => self.clear = false,
                ACCEPTED => {
                    self.logged_in = true;
                    if std::mem::take(&mut self.clear) {
                        let fact =
                            Fact::new(Attribute::ClearCredential, "SQL Server login", 95, "mssql.login");
                        self.tell(side, [fact], notes);
                    }
                    if let Some((major, minor, build)) = login::accepted_version(content) {
                        self.version(side, major, minor, build, "mssql.login-answer", notes);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn ntlm(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        if let Some(message) = ntlm::find(bytes) {
            self.tell(side, message.facts(notes.time), notes);
        }
    }

    fn tell<const N: usize>(&mut self, side: Side, facts: [Option<Fact>; N], notes: &mut Notes) {
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}
