//! What a ClientHello says of its sender, whatever carries it: a stream, datagrams, QUIC.

use super::cipher;
use super::fingerprint;
use super::hello::{ClientHello, ServerHello};
use crate::{Notes, Side};
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::{Fault, Reader};

/// Application protocols of a client that are listed.
const ALPN_MAX: usize = 8;

/// What carries a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// TLS over a stream.
    Stream,
    /// DTLS.
    Datagrams,
    /// QUIC.
    Quic,
}

impl Over {
    /// The first letter of a JA4.
    pub(super) const fn letter(self) -> char {
        match self {
            Self::Stream => 't',
            Self::Datagrams => 'd',
            Self::Quic => 'q',
        }
    }

    /// Names of the rules for JA3 and JA4.
    const fn rules(self) -> [&'static str; 2] {
        match self {
            Self::Stream => ["tls.ja3", "tls.ja4"],
            Self::Datagrams => ["dtls.ja3", "dtls.ja4"],
            Self::Quic => ["quic.ja3", "quic.ja4"],
        }
    }
}

/// Notes name and fingerprints; returns the application protocols offered.
pub(super) fn note(hello: &ClientHello<'_>, over: Over, side: Side, notes: &mut Notes) -> String {
    if let Some(name) = hello.server_name.and_then(|name| str::from_utf8(name).ok()) {
        notes.detail(DetailKey::Sni, &name.to_ascii_lowercase());
    }
    let (ja3, ja4) = (fingerprint::ja3(hello), fingerprint::ja4(hello, over));
    let [ja3_rule, ja4_rule] = over.rules();
    notes.detail(DetailKey::Ja3, &ja3);
    notes.detail(DetailKey::Ja4, &ja4);
    notes.speaker(
        side,
        [
            Fact::new(Attribute::Ja3, &ja3, 95, ja3_rule), //
            Fact::new(Attribute::Ja4, &ja4, 95, ja4_rule),
        ],
    );
    let text = |protocol: &&[u8]| str::from_utf8(protocol).map(str::to_owned).ok();
    let offered: Vec<String> = hello.alpn.iter().take(ALPN_MAX).filter_map(text).collect();
    offered.join(", ")
}

/// Notes what the body of a ClientHello in QUIC says.
pub(crate) fn note_quic(body: &[u8], side: Side, notes: &mut Notes) -> Result<(), Fault> {
    let offered = note(&ClientHello::read(body)?, Over::Quic, side, notes);
    notes.detail(DetailKey::Alpn, &offered);
    Ok(())
}

/// Notes what the body of a ClientHello of DTLS says: that of TLS with a cookie behind the session (RFC 6347
/// section 4.2.1).
pub(crate) fn note_datagrams(body: &[u8], side: Side, notes: &mut Notes) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    reader.skip(34, "client version and random")?;
    let session = reader.u8("session id length")?;
    reader.skip(usize::from(session), "session id")?;
    let before = body.len().saturating_sub(reader.len());
    let cookie = reader.u8("cookie length")?;
    reader.skip(usize::from(cookie), "cookie")?;
    let mut plain = body.get(..before).unwrap_or_default().to_vec();
    plain.extend_from_slice(reader.rest());
    let offered = note(&ClientHello::read(&plain)?, Over::Datagrams, side, notes);
    notes.detail(DetailKey::Alpn, &offered);
    Ok(())
}

/// Version and cipher that the ServerHello of a carrier other than a stream selects; none when it asks for
/// another hello.
pub(crate) fn server(body: &[u8]) -> Result<Option<(u16, Box<str>)>, Fault> {
    let hello = ServerHello::read(body)?;
    Ok((!hello.retry).then(|| (hello.version, cipher::name(hello.cipher))))
}
