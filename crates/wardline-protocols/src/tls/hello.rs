//! ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1, RFC 6101), and the hellos of
//! SSL 2.0.
//!
//! In: the body of one handshake message. Out: its lists, borrowed. Limits: a list is as long as its message,
//! at most 16 KiB; names are cut by [`Fact`](wardline_model::Fact).

use wardline_wire::{Fault, Reader};

const SERVER_NAME: u16 = 0;
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// Random of a ServerHello that asks for another ClientHello (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2,
    0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// What a client offers.
#[derive(Debug, Default)]
pub(super) struct ClientHello<'a> {
    /// Version field of the hello itself.
    pub(super) version: u16,
    pub(super) ciphers: Vec<u16>,
    /// Extension types in the order sent.
    pub(super) extensions: Vec<u16>,
    pub(super) groups: Vec<u16>,
    pub(super) point_formats: &'a [u8],
    pub(super) signature_algorithms: Vec<u16>,
    pub(super) versions: Vec<u16>,
    /// Application protocols in the order sent.
    pub(super) alpn: Vec<&'a [u8]>,
    pub(super) server_name: Option<&'a [u8]>,
}

/// What a server selects.
#[derive(Debug)]
pub(super) struct ServerHello<'a> {
    pub(super) version: u16,
    pub(super) cipher: u16,
    pub(super) alpn: Option<&'a [u8]>,
    /// It asks for another ClientHello; nothing is selected for good but the cipher.
    pub(super) retry: bool,
}

/// Values reserved to keep peers tolerant (RFC 8701): they say nothing.
pub(super) const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0F == 0x0A
}

impl<'a> ClientHello<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(body);
        let mut hello = Self { version: reader.u16("client version")?, ..Self::default() };
        reader.skip(32, "client random")?;
        let session = reader.u8("session id length")?;
        reader.skip(usize::from(session), "session id")?;
        let ciphers = reader.u16("cipher suites length")?;
        hello.ciphers = u16s(reader.take(usize::from(ciphers), "cipher suites")?);
        let compressions = reader.u8("compression methods length")?;
        reader.skip(usize::from(compressions), "compression methods")?;
        if reader.is_empty() {
            return Ok(hello);
        }
        let mut extensions = extensions(&mut reader)?;
        while !extensions.is_empty() {
            let kind = extensions.u16("extension type")?;
            let length = extensions.u16("extension length")?;
            let data = extensions.sub(usize::from(length), "extension")?;
            hello.extensions.push(kind);
            // A broken extension is left out; its type still counts.
            let _ = hello.extension(kind, data);
        }
        Ok(hello)
    }

    fn extension(&mut self, kind: u16, mut data: Reader<'a>) -> Result<(), Fault> {
        match kind {
            SERVER_NAME => {
                let mut list = list16(&mut data, "server names")?;
                if list.u8("server name type")? == 0 {
                    let length = list.u16("server name length")?;
                    self.server_name = Some(list.take(usize::from(length), "server name")?);
                }
            }
            GROUPS => self.groups = u16s(list16(&mut data, "groups")?.rest()),
            POINT_FORMATS => {
                let length = data.u8("point formats length")?;
                self.point_formats = data.take(usize::from(length), "point formats")?;
            }
            SIGNATURE_ALGORITHMS => {
                self.signature_algorithms = u16s(list16(&mut data, "signature algorithms")?.rest());
            }
            ALPN => {
                let mut list = list16(&mut data, "application protocols")?;
                while !list.is_empty() {
                    let length = list.u8("protocol length")?;
                    self.alpn.push(list.take(usize::from(length), "protocol")?);
                }
            }
            SUPPORTED_VERSIONS => {
                let length = data.u8("versions length")?;
                self.versions = u16s(data.take(usize::from(length), "versions")?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The newest version offered; those of DTLS count down.
    pub(super) fn newest(&self) -> u16 {
        let age = |version: &u16| if *version >= 0xFE00 { !*version } else { *version };
        self.versions.iter().copied().filter(|v| !is_grease(*v)).max_by_key(age).unwrap_or(self.version)
    }
}

impl<'a> ServerHello<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(body);
        let mut version = reader.u16("server version")?;
        let random = reader.array::<32>("server random")?;
        // The drafts of TLS 1.3 up to 21 name themselves in the version field and carry no session id.
        let early_draft = (0x7F00..0x7F16).contains(&version);
        if !early_draft {
            let session = reader.u8("session id length")?;
            reader.skip(usize::from(session), "session id")?;
        }
        let cipher = reader.u16("cipher suite")?;
        if !early_draft {
            reader.skip(1, "compression method")?;
        }
        let mut alpn = None;
        let mut extensions = if reader.is_empty() { reader } else { extensions(&mut reader)? };
        while !extensions.is_empty() {
            let kind = extensions.u16("extension type")?;
            let length = extensions.u16("extension length")?;
            let mut data = extensions.sub(usize::from(length), "extension")?;
            match kind {
                SUPPORTED_VERSIONS => version = data.u16("selected version")?,
                ALPN => {
                    let mut list = list16(&mut data, "application protocol")?;
                    let length = list.u8("protocol length")?;
                    alpn = Some(list.take(usize::from(length), "protocol")?);
                }
                _ => {}
            }
        }
        Ok(Self { version, cipher, alpn, retry: random == RETRY })
    }
}

/// The version that an SSL 2.0 ClientHello asks for: `8L LL 01 VV VV` and three lengths that add up.
pub(super) fn ssl2_client(record: &[u8]) -> Result<u16, Fault> {
    let mut reader = Reader::new(record);
    let length = usize::from(reader.u16("record length")? & 0x7FFF);
    let kind = reader.u8("message type")?;
    let version = reader.u16("version")?;
    let ciphers = reader.u16("cipher specs length")?;
    let session = reader.u16("session id length")?;
    let challenge = reader.u16("challenge length")?;
    let sum =
        [ciphers, session, challenge].iter().map(|n| usize::from(*n)).fold(9_usize, usize::saturating_add);
    let adds_up = sum == length && ciphers % 3 == 0 && ciphers > 0 && (16..=32).contains(&challenge);
    if kind != 1 || !matches!(version, 0x0002 | 0x0300..=0x0304) || !adds_up {
        return Err(Fault::Malformed("SSL 2.0 hello"));
    }
    Ok(version)
}

/// The certificate in an SSL 2.0 ServerHello.
pub(super) fn ssl2_server(record: &[u8]) -> Result<&[u8], Fault> {
    let mut reader = Reader::new(record);
    reader.skip(2, "record length")?;
    if reader.u8("message type")? != 4 {
        return Err(Fault::Unsupported("SSL 2.0 message"));
    }
    reader.skip(2, "session id hit, certificate type")?;
    if reader.u16("version")? != 2 {
        return Err(Fault::Malformed("SSL 2.0 version"));
    }
    let certificate = reader.u16("certificate length")?;
    let ciphers = reader.u16("cipher specs length")?;
    let connection = reader.u16("connection id length")?;
    let (ciphers, connection) = (usize::from(ciphers), usize::from(connection));
    let certificate = reader.take(usize::from(certificate), "certificate")?;
    if reader.len() != ciphers.saturating_add(connection) {
        return Err(Fault::Malformed("SSL 2.0 lengths"));
    }
    Ok(certificate)
}

fn extensions<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Fault> {
    let length = reader.u16("extensions length")?;
    reader.sub(usize::from(length), "extensions")
}

fn list16<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<Reader<'a>, Fault> {
    let length = reader.u16(field)?;
    reader.sub(usize::from(length), field)
}

fn u16s(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().copied().map(u16::from_be_bytes).collect()
}
