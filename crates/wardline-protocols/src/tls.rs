//! TLS over TCP: SSL 2.0 hellos, SSL 3.0 (RFC 6101), TLS 1.0 to 1.3 (RFC 2246, 4346, 5246, 8446).
//!
//! In: both streams, records split anywhere, handshake messages across records and several in one. Out: who
//! asks for which name, versions, cipher, application protocol, JA3 and JA4 of the client, the first
//! certificate of either side (none is in clear from TLS 1.3 on). After the handshake bytes are only counted.
//! Limits: a handshake message is read up to [`MESSAGE_MAX`], of a certificate chain only the first is.
//! Refuses: to decrypt.

mod certificate;
mod cipher;
pub(crate) mod client;
mod fingerprint;
mod hello;

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use hello::{ClientHello, ServerHello};
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::Fault;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "tls",
    carriers: &[Carrier::Stream],
    ports: &[443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 2762, 4843, 5061, 6514, 8443, 8883],
    probe,
    start: |_| Box::new(Tls::default()),
};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;

/// Longest record: 2^14 bytes and what compression and encryption may add (RFC 5246 section 6.2.3).
const RECORD_MAX: u16 = 16_384 + 2_048;
/// Longest part of a handshake message that is kept: hellos and single certificates are far below.
const MESSAGE_MAX: usize = 16_384;
const TLS_1_3: u16 = 0x0304;
/// Shortest encrypted record: one byte and a tag.
const ENCRYPTED_MIN: u16 = 17;
/// Longest encrypted record that is waited for: what ends a conversation fits into one packet.
const TAIL_MAX: u16 = 1_400;

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let at = |at: usize, fits: fn(u8) -> bool| bytes.get(at).is_none_or(|b| fits(*b));
    let hello_ssl2 = probe.from_start
        && at(0, |b| b & 0x80 != 0)
        && at(2, |b| b == 1)
        && at(3, |b| b == 3 || b == 0)
        && at(4, |b| b <= 4);
    if hello_ssl2 {
        return match hello::ssl2_client(bytes) {
            Ok(_) => Verdict::Yes,
            Err(Fault::Truncated(_)) => Verdict::More,
            Err(_) => Verdict::No,
        };
    }
    if !(at(0, |b| (20..=23).contains(&b)) && at(1, |b| b == 3) && at(2, |b| b <= 4)) {
        return Verdict::No;
    }
    let Some(&[kind, _, _, high, low]) = bytes.first_chunk::<5>() else { return Verdict::More };
    let length = u16::from_be_bytes([high, low]);
    if length == 0 || length > RECORD_MAX {
        return Verdict::No;
    }
    match kind {
        HANDSHAKE => probe_handshake(bytes, length, probe.from_start),
        CHANGE_CIPHER_SPEC if length == 1 => Verdict::Maybe,
        ALERT if length == 2 && at(5, |level| level == 1 || level == 2) => Verdict::Maybe,
        // Encrypted alerts close most conversations.
        ALERT if !probe.from_start && (16..=64).contains(&length) => Verdict::Maybe,
        APPLICATION_DATA if !probe.from_start => Verdict::Maybe,
        _ => Verdict::No,
    }
}

/// A handshake record: `16 03 0v LL LL` and a hello of matching version; picked up later, any message of the
/// handshake whose length is in bounds.
fn probe_handshake(bytes: &[u8], length: u16, from_start: bool) -> Verdict {
    let Some(&kind) = bytes.get(5) else { return Verdict::More };
    if !from_start && matches!(kind, 4 | CERTIFICATE..=16 | 20 | 22) {
        return match bytes.get(6) {
            None => Verdict::More,
            Some(0) => Verdict::Maybe,
            Some(_) => Verdict::No,
        };
    }
    if !matches!(kind, CLIENT_HELLO | SERVER_HELLO) {
        return Verdict::No;
    }
    // Hellos cut into tiny records are legal; their version stands further on.
    if length < 6 {
        return Verdict::Maybe;
    }
    match bytes.get(9) {
        None => Verdict::More,
        Some(3 | 0x7F) => Verdict::Yes,
        Some(_) => Verdict::No,
    }
}

#[derive(Default)]
struct Tls {
    lanes: [Lane; 2],
    /// Records that followed one another as they should.
    records: u32,
    /// Application protocols offered, until the server chooses or the handshake ends.
    offered: String,
    /// The server asked for another ClientHello.
    retry: bool,
    fingerprinted: bool,
    is_over: bool,
    /// The only record seen so far is encrypted, of usual size, and filled its packet.
    fills: bool,
}

/// One direction.
#[derive(Default)]
struct Lane {
    /// Start of a handshake message that is not whole yet.
    message: Vec<u8>,
    /// Bytes of handshake messages still to be left out.
    skip: usize,
    is_client: bool,
    is_server: bool,
    /// Bytes were lost: the next need not be a record's first.
    lost: bool,
    /// What follows is encrypted.
    finished: bool,
    certificate: bool,
}

impl Dissector for Tls {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.fills = false;
        if self.records == 0 && bytes.first().is_some_and(|b| b & 0x80 != 0) {
            return self.ssl2(side, bytes, notes);
        }
        let Some(&[kind, major, minor, high, low]) = bytes.first_chunk::<5>() else { return Step::More(5) };
        let length = u16::from_be_bytes([high, low]);
        let known = (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&kind);
        if !known || major != 3 || minor > 4 || length > RECORD_MAX {
            return self.no_record(side, notes);
        }
        let record = usize::from(length).saturating_add(5);
        match kind {
            HANDSHAKE | ALERT => {
                let Some(fragment) = bytes.get(5..record) else { return Step::More(record) };
                if kind == HANDSHAKE {
                    self.handshake(side, fragment, notes);
                } else {
                    self.alert(side, fragment, notes);
                }
            }
            // In TLS 1.3 it means nothing and may stand between two hellos.
            CHANGE_CIPHER_SPEC if !self.retry => self.finish(side, notes),
            // Picked up in the middle: whether a short one fills its packet tells more than its head.
            APPLICATION_DATA if self.records == 0 && length <= TAIL_MAX && bytes.len() < record => {
                return Step::More(record);
            }
            APPLICATION_DATA if self.records > 0 => self.finish(side, notes),
            _ => {}
        }
        let encrypted = matches!(kind, APPLICATION_DATA | ALERT) && length >= ENCRYPTED_MIN;
        self.fills =
            self.records == 0 && encrypted && minor > 0 && length <= TAIL_MAX && record == bytes.len();
        self.records = self.records.saturating_add(1);
        notes.confirmed |= self.records > 1;
        side.of(&mut self.lanes).lost = false;
        self.go_on(side, record, notes)
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, notes: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        lane.message = Vec::new();
        lane.skip = 0;
        lane.lost = true;
        // What the missing bytes were cannot be told; the offer stands as it was seen.
        self.tell_offer(notes);
        Step::Skip(1)
    }

    /// The tail of a conversation may be one record: type, version and a length that is its packet's.
    fn end(&mut self, notes: &mut Notes) {
        if self.fills {
            notes.confirmed = true;
            notes.encrypted = Some(true);
        }
    }
}

impl Tls {
    fn go_on(&mut self, side: Side, record: usize, notes: &mut Notes) -> Step {
        let [opener, accepter] = &self.lanes;
        if self.is_over || (opener.finished && accepter.finished) {
            notes.confirmed = true;
            self.tell_offer(notes);
            return Step::Done;
        }
        if side.of(&mut self.lanes).finished && self.records > 1 {
            return Step::Skip(u64::MAX);
        }
        Step::skip(record)
    }

    /// Bytes that are no record: a wrong claim, the end of what can be told, or the middle of a record.
    fn no_record(&mut self, side: Side, notes: &mut Notes) -> Step {
        if side.of(&mut self.lanes).lost {
            return Step::Skip(u64::MAX);
        }
        if self.lanes.iter().any(|lane| lane.is_client || lane.is_server) || self.records > 1 {
            notes.malformed = true;
            return Step::Done;
        }
        Step::Withdraw
    }

    /// What `side` sends from here is encrypted.
    fn finish(&mut self, side: Side, notes: &mut Notes) {
        side.of(&mut self.lanes).finished = true;
        notes.encrypted = Some(true);
        self.tell_offer(notes);
    }

    fn alert(&mut self, side: Side, fragment: &[u8], notes: &mut Notes) {
        if let (&[2, reason], false) = (fragment, side.of(&mut self.lanes).finished)
            && self.lanes.iter().any(|lane| lane.is_client || lane.is_server)
        {
            notes.detail(DetailKey::Rejected, &format!("tls alert {reason}"));
            self.tell_offer(notes);
        }
    }

    fn handshake(&mut self, side: Side, fragment: &[u8], notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        if lane.finished {
            return;
        }
        let mut skip = lane.skip;
        let mut held = std::mem::take(&mut lane.message);
        let mut rest = fragment;
        if !held.is_empty() {
            held.extend_from_slice(fragment);
            rest = &held;
        }
        loop {
            let leave = skip.min(rest.len());
            skip = skip.saturating_sub(leave);
            rest = rest.get(leave..).unwrap_or_default();
            let Some((&[kind, a, b, c], body)) = rest.split_first_chunk::<4>() else { break };
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
            let wanted = wanted(kind, length, body);
            let whole = length.saturating_add(4);
            if kind > 25 || wanted > MESSAGE_MAX {
                notes.malformed |= kind > 25;
                skip = if kind > 25 { rest.len() } else { whole };
                continue;
            }
            let Some(body) = body.get(..wanted) else { break };
            if self.message(side, kind, body, notes).is_err() {
                notes.malformed = true;
            }
            skip = whole;
        }
        let lane = side.of(&mut self.lanes);
        lane.message = rest.to_vec();
        lane.skip = skip;
    }

    fn message(&mut self, side: Side, kind: u8, body: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        match kind {
            CLIENT_HELLO => self.client_hello(side, &ClientHello::read(body)?, notes),
            SERVER_HELLO => self.server_hello(side, &ServerHello::read(body)?, notes),
            CERTIFICATE if body.len() > 6 && !side.of(&mut self.lanes).certificate => {
                let [opener, accepter] = &self.lanes;
                let (own, other) = if side == Side::Opener { (opener, accepter) } else { (accepter, opener) };
                let is_server = own.is_server || other.is_client;
                side.of(&mut self.lanes).certificate = true;
                let is_certificate =
                    certificate::note(body.get(6..).unwrap_or_default(), side, is_server, notes);
                notes.malformed |= !is_certificate;
                notes.confirmed |= is_certificate;
            }
            _ => {}
        }
        Ok(())
    }

    fn client_hello(&mut self, side: Side, hello: &ClientHello<'_>, notes: &mut Notes) {
        side.of(&mut self.lanes).is_client = true;
        notes.requester = Some(side);
        notes.confirmed = true;
        if std::mem::replace(&mut self.fingerprinted, true) {
            return;
        }
        self.offered = client::note(hello, client::Over::Stream, side, notes);
    }

    fn server_hello(&mut self, side: Side, hello: &ServerHello<'_>, notes: &mut Notes) {
        side.of(&mut self.lanes).is_server = true;
        notes.requester = Some(side.peer());
        notes.confirmed = true;
        self.retry |= hello.retry;
        if hello.retry {
            return;
        }
        if let Some(chosen) = hello.alpn.and_then(|protocol| str::from_utf8(protocol).ok()) {
            chosen.clone_into(&mut self.offered);
            notes.detail(DetailKey::Application, application(chosen));
        }
        self.tell_offer(notes);
        let (version, cipher) = (version_name(hello.version), cipher::name(hello.cipher));
        notes.detail(DetailKey::TlsVersion, &version);
        notes.detail(DetailKey::Cipher, &cipher);
        notes.speaker(
            side,
            [
                Fact::new(Attribute::TlsVersion, &version, 95, "tls.server-hello"),
                Fact::new(Attribute::TlsCipher, &cipher, 95, "tls.server-hello"),
            ],
        );
        if hello.version >= TLS_1_3 {
            self.finish(side, notes);
            self.is_over = side.peer().of(&mut self.lanes).is_client;
        }
    }

    fn tell_offer(&mut self, notes: &mut Notes) {
        let offered = std::mem::take(&mut self.offered);
        notes.detail(DetailKey::Alpn, &offered);
    }

    /// The hellos of SSL 2.0; that of the client may ask for a later version, whose records then follow.
    fn ssl2(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(&[high, low]) = bytes.first_chunk::<2>() else { return Step::More(2) };
        let record = usize::from(u16::from_be_bytes([high, low]) & 0x7FFF).saturating_add(2);
        let Some(bytes) = bytes.get(..record) else { return Step::More(record) };
        if let Ok(version) = hello::ssl2_client(bytes) {
            side.of(&mut self.lanes).is_client = true;
            notes.requester = Some(side);
            notes.confirmed = true;
            if version > 2 {
                self.records = 1;
            }
            return Step::skip(record);
        }
        let asked = side.peer().of(&mut self.lanes).is_client;
        match hello::ssl2_server(bytes) {
            Ok(certificate) if asked => {
                notes.detail(DetailKey::TlsVersion, "SSL 2.0");
                notes.speaker(side, [Fact::new(Attribute::TlsVersion, "SSL 2.0", 95, "tls.server-hello")]);
                notes.malformed |=
                    !certificate.is_empty() && !certificate::note(certificate, side, true, notes);
                notes.encrypted = Some(true);
                Step::Done
            }
            _ => self.no_record(side, notes),
        }
    }
}

/// What is spoken inside, by the application protocol that the server chose (IANA's list of ALPN identifiers).
fn application(chosen: &str) -> &'static str {
    match chosen.to_ascii_lowercase().as_str() {
        "dicom" => "dicom",
        "h2" | "http/1.1" | "http/1.0" => "http",
        "mqtt" => "mqtt",
        "imap" => "imap",
        "pop3" => "pop3",
        "ftp" => "ftp",
        "dot" => "dns",
        "sip/2" => "sip",
        "smb" => "smb",
        "tds/8.0" => "mssql",
        "postgresql" => "postgres",
        "coap" => "coap",
        "ntske/1" => "ntp",
        "radius/1.0" | "radius/1.1" => "radius",
        _ => "",
    }
}

/// How much of a handshake message's body is read: hellos whole, of a certificate chain the first.
fn wanted(kind: u8, length: usize, body: &[u8]) -> usize {
    match kind {
        CLIENT_HELLO | SERVER_HELLO => length,
        CERTIFICATE => match body.first_chunk::<6>() {
            Some(&[_, _, _, a, b, c]) if length > 6 => {
                let first = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
                first.saturating_add(6).min(length)
            }
            _ => length.min(6),
        },
        _ => 0,
    }
}

/// As people write it; drafts of TLS 1.3 are TLS 1.3.
fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        0x0301..=0x0304 => format!("TLS 1.{}", version.saturating_sub(0x0301)),
        0x7F00..=0x7FFF => "TLS 1.3".into(),
        _ => format!("0x{version:04X}"),
    }
}
