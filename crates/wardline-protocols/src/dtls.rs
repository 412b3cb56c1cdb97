//! DTLS 1.0 to 1.3 (RFC 4347, 6347, 9147), and the form that OpenSSL spoke before the standard.
//!
//! In: datagrams of whole records. Out: the name asked for, version and cipher, where a hello comes in one piece;
//! that the rest is encrypted. Known by a hello whose lengths add up within records that fill the datagram; picked
//! up later, by [`AGREE_MIN`] such records of one version. Refuses: to decrypt, to join fragments. Limits:
//! [`RECORDS_MAX`], [`DATAGRAMS_MAX`].

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, tls};
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dtls",
    carriers: &[Carrier::Datagram],
    ports: &[443, 4433, 5349, 5684],
    probe,
    start: |_| Box::new(Dtls::default()),
};

/// Records in a datagram: a flight of a handshake has about ten.
const RECORDS_MAX: usize = 32;
/// Records of one version that must be seen where no hello is.
const AGREE_MIN: usize = 3;
/// Datagrams of a handshake looked at.
const DATAGRAMS_MAX: u8 = 64;
/// Key changes in one conversation: each new handshake or key update is one.
const EPOCH_MAX: u16 = 64;
/// Longest record: 2^14 bytes and what compression and encryption may add.
const RECORD_MAX: u16 = 16_384 + 2_048;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY: u8 = 3;

/// One record.
#[derive(Clone, Copy)]
struct Record<'a> {
    kind: u8,
    version: u16,
    epoch: u16,
    body: Reader<'a>,
}

/// The records of a datagram, which they fill.
fn records(bytes: &[u8]) -> Option<Vec<Record<'_>>> {
    let starts = matches!(bytes, [20..=23, 0xFE, 0xFD | 0xFF, ..] | [20..=23, 1, 0, ..]);
    if !starts {
        return None;
    }
    let mut reader = Reader::new(bytes);
    let mut records = Vec::new();
    while !reader.is_empty() && records.len() < RECORDS_MAX {
        let kind = reader.u8("content type").ok()?;
        // The short records of 1.3 and those with a connection's name may follow, never come first.
        if kind == 25 || kind & 0xE0 == 0x20 {
            break;
        }
        let version = reader.u16("version").ok()?;
        let epoch = reader.u16("epoch").ok()?;
        let high = reader.u16("sequence").ok()?;
        reader.skip(4, "sequence").ok()?;
        let length = reader.u16("length").ok()?;
        let body = reader.sub(usize::from(length), "record").ok()?;
        let known = matches!(kind, CHANGE_CIPHER_SPEC..=APPLICATION_DATA | 24)
            && matches!(version, 0xFEFD | 0xFEFF | 0x0100)
            && epoch <= EPOCH_MAX
            && high == 0
            && (1..=RECORD_MAX).contains(&length)
            && (kind != APPLICATION_DATA || epoch > 0)
            && (kind != ALERT || epoch > 0 || length == 2);
        known.then_some(())?;
        records.push(Record { kind, version, epoch, body });
    }
    Some(records)
}

/// The first handshake message of a record in clear: its kind, and its body when it is in one piece.
fn handshake<'a>(record: &Record<'a>) -> Option<(u8, Option<&'a [u8]>)> {
    if record.kind != HANDSHAKE || record.epoch != 0 {
        return None;
    }
    let mut body = record.body;
    let kind = body.u8("handshake kind").ok()?;
    let length = body.u24("handshake length").ok()?;
    body.skip(2, "handshake number").ok()?;
    let offset = body.u24("fragment offset").ok()?;
    let piece = body.u24("fragment length").ok()?;
    let bytes = body.take(usize::try_from(piece).ok()?, "fragment").ok()?;
    let fits = offset.saturating_add(piece) <= length && matches!(kind, 0..=4 | 8 | 11..=16 | 20..=24);
    fits.then_some((kind, (offset == 0 && piece == length).then_some(bytes)))
}

/// Whether a record is a hello in clear, with the version where it should be.
fn is_hello(record: &Record<'_>) -> bool {
    match handshake(record) {
        Some((CLIENT_HELLO | SERVER_HELLO | HELLO_VERIFY, Some(body))) => {
            matches!(body, [0xFE, 0xFD..=0xFF, ..] | [1, 0, ..])
        }
        // The first piece of a long one.
        Some((CLIENT_HELLO, None)) => {
            record.body.rest().get(12..14).is_some_and(|v| matches!(v, [0xFE, 0xFD..=0xFF]))
        }
        _ => false,
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    match records(probe.bytes).as_deref() {
        Some([first, ..]) if is_hello(first) => Verdict::Yes,
        Some([_, ..]) => Verdict::Maybe,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Dtls {
    version: Option<u16>,
    agreed: usize,
    certain: bool,
    named: bool,
    datagrams: u8,
}

impl Dissector for Dtls {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        let Some(records) = records(bytes) else {
            // Media and STUN share the flow (RFC 7983).
            return match self.certain {
                true if self.datagrams <= DATAGRAMS_MAX => Step::skip(bytes.len()),
                true => Step::Done,
                false => Step::Withdraw,
            };
        };
        let mut encrypted = false;
        for record in &records {
            let same = self.version.replace(record.version) == Some(record.version);
            self.agreed = if same { self.agreed.saturating_add(1) } else { 1 };
            encrypted |= record.epoch > 0;
            if is_hello(record) {
                self.certain = true;
            }
            match handshake(record) {
                Some((CLIENT_HELLO, Some(body))) => self.client(side, body, notes),
                Some((SERVER_HELLO, Some(body))) => encrypted |= server(side, body, notes),
                _ => {}
            }
        }
        self.certain |= self.agreed >= AGREE_MIN;
        notes.confirmed |= self.certain;
        if encrypted {
            notes.encrypted = Some(true);
        }
        if self.certain && (encrypted || self.datagrams > DATAGRAMS_MAX) {
            Step::Done
        } else {
            Step::skip(bytes.len())
        }
    }
}

impl Dtls {
    fn client(&mut self, side: Side, body: &[u8], notes: &mut Notes) {
        notes.requester = Some(side);
        if self.named {
            return;
        }
        match tls::client::note_datagrams(body, side, notes) {
            Ok(()) => self.named = true,
            Err(_) => notes.malformed = true,
        }
    }
}

/// What the server selected; whether all that follows is encrypted.
fn server(side: Side, body: &[u8], notes: &mut Notes) -> bool {
    notes.requester = Some(side.peer());
    let Ok(hello) = tls::client::server(body) else {
        notes.malformed = true;
        return false;
    };
    let Some((version, cipher)) = hello else { return false };
    let name = match version {
        0xFEFF => "DTLS 1.0",
        0xFEFD => "DTLS 1.2",
        0xFEFC => "DTLS 1.3",
        // Before the standard.
        _ => return false,
    };
    notes.detail(DetailKey::TlsVersion, name);
    notes.detail(DetailKey::Cipher, &cipher);
    notes.speaker(
        side,
        [
            Fact::new(Attribute::TlsVersion, name, 95, "dtls.server-hello"),
            Fact::new(Attribute::TlsCipher, &cipher, 95, "dtls.server-hello"),
        ],
    );
    version == 0xFEFC
}
