//! TLS handshakes: version 1.2 (RFC 5246) with ephemeral elliptic curves (RFC 8422), and 1.0 (RFC 2246) with RSA.
//!
//! Goes out: records. Everything after the change of cipher is random bytes of plausible length.

use crate::rng::Rng;

/// What a server agrees to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// RSA key exchange, AES-128-CBC, SHA-1.
    Tls10,
    /// ECDHE-RSA, AES-128-GCM, SHA-256.
    Tls12,
}

const TLS10: [u8; 2] = [3, 1];
const TLS12: [u8; 2] = [3, 3];
const HANDSHAKE: u8 = 22;

fn record(kind: u8, version: [u8; 2], contents: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, version[0], version[1]];
    out.extend_from_slice(&(contents.len() as u16).to_be_bytes());
    out.extend_from_slice(contents);
    out
}

fn handshake(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = ((u32::from(kind) << 24) | contents.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(contents);
    out
}

/// A list with a two-byte length.
fn list(contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u16).to_be_bytes()[..], contents].concat()
}

fn extension(kind: u16, contents: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &list(contents)].concat()
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

impl Version {
    const fn bytes(self) -> [u8; 2] {
        match self {
            Self::Tls10 => TLS10,
            Self::Tls12 => TLS12,
        }
    }

    const fn cipher(self) -> [u8; 2] {
        match self {
            Self::Tls10 => [0x00, 0x2f],
            Self::Tls12 => [0xc0, 0x2f],
        }
    }
}

/// A client's hello: a browser of today, or an embedded client that knows only 1.0.
pub(crate) fn client_hello(version: Version, server_name: Option<&str>, rng: &mut Rng) -> Vec<u8> {
    let ciphers: &[u16] = match version {
        Version::Tls10 => &[0x002f, 0x0035, 0x000a, 0x0005],
        Version::Tls12 => {
            &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035]
        }
    };
    let mut body = version.bytes().to_vec();
    body.extend_from_slice(&rng.bytes(32));
    body.push(0);
    body.extend_from_slice(&list(&words(ciphers)));
    body.extend_from_slice(&[1, 0]);
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        let entry = [&[0][..], &list(name.as_bytes())].concat();
        extensions.extend_from_slice(&extension(0, &list(&entry)));
    }
    if version == Version::Tls12 {
        extensions.extend_from_slice(&extension(23, &[]));
        extensions.extend_from_slice(&extension(0xff01, &[0]));
        extensions.extend_from_slice(&extension(10, &list(&words(&[0x001d, 0x0017, 0x0018]))));
        extensions.extend_from_slice(&extension(11, &[1, 0]));
        extensions.extend_from_slice(&extension(35, &[]));
        extensions.extend_from_slice(&extension(16, &list(b"\x02h2\x08http/1.1")));
        let schemes = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0201];
        extensions.extend_from_slice(&extension(13, &list(&words(&schemes))));
    }
    if !extensions.is_empty() {
        body.extend_from_slice(&list(&extensions));
    }
    record(HANDSHAKE, TLS10, &handshake(1, &body))
}

/// Hello, certificate, key exchange and done of a server, each in its own record.
pub(crate) fn server_flight(version: Version, certificate: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut hello = version.bytes().to_vec();
    hello.extend_from_slice(&rng.bytes(32));
    hello.push(32);
    hello.extend_from_slice(&rng.bytes(32));
    hello.extend_from_slice(&version.cipher());
    hello.push(0);
    if version == Version::Tls12 {
        let extensions =
            [extension(0xff01, &[0]), extension(23, &[]), extension(16, &list(b"\x08http/1.1"))].concat();
        hello.extend_from_slice(&list(&extensions));
    }
    let long = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    let mut out = record(HANDSHAKE, version.bytes(), &handshake(2, &hello));
    out.extend_from_slice(&record(HANDSHAKE, version.bytes(), &handshake(11, &long(&long(certificate)))));
    if version == Version::Tls12 {
        let mut exchange = vec![3, 0x00, 0x1d, 32];
        exchange.extend_from_slice(&rng.bytes(32));
        exchange.extend_from_slice(&[0x08, 0x04]);
        exchange.extend_from_slice(&list(&rng.bytes(256)));
        out.extend_from_slice(&record(HANDSHAKE, version.bytes(), &handshake(12, &exchange)));
    }
    out.extend_from_slice(&record(HANDSHAKE, version.bytes(), &handshake(14, &[])));
    out
}

/// Key exchange, change of cipher and finished of a client.
pub(crate) fn client_finish(version: Version, rng: &mut Rng) -> Vec<u8> {
    let exchange = match version {
        Version::Tls10 => list(&rng.bytes(128)),
        Version::Tls12 => [&[32][..], &rng.bytes(32)].concat(),
    };
    [record(HANDSHAKE, version.bytes(), &handshake(16, &exchange)), finish(version, rng)].concat()
}

/// Change of cipher and finished.
pub(crate) fn finish(version: Version, rng: &mut Rng) -> Vec<u8> {
    let length = if version == Version::Tls12 { 40 } else { 48 };
    // The first byte must not look like a handshake type in clear.
    let mut sealed = rng.bytes(length);
    sealed[0] = 0;
    [record(20, version.bytes(), &[1]), record(HANDSHAKE, version.bytes(), &sealed)].concat()
}

/// Application data of a length, in records of at most 16 KiB.
pub(crate) fn application(version: Version, length: usize, rng: &mut Rng) -> Vec<u8> {
    rng.bytes(length).chunks(16_384).flat_map(|piece| record(23, version.bytes(), piece)).collect()
}
