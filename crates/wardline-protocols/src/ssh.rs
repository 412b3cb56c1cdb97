//! SSH (RFC 4253, RFC 4419, RFC 5656, RFC 9142): who runs what, and the key by which a server is known.
//!
//! In: both streams up to NEWKEYS. Out: identification strings, the server's host key out of the key exchange and
//! whether it is too short, weak choices of the negotiation, HASSH of both sides (Salesforce, 2018: digests of
//! the algorithm lists). What follows is encrypted and only counted. Limits: [`LINE_MAX`],
//! [`LINES_MAX`], [`PACKET_MAX`]. Refuses: SSH 1 beyond its greeting.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, base64, text};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use wardline_model::{Attribute, DetailKey, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    carriers: &[Carrier::Stream],
    ports: &[22, 2222],
    probe,
    start: |_| Box::new(Ssh::default()),
};

/// Longest line before and of the identification; the standard allows 255 bytes of the latter.
const LINE_MAX: usize = 1_024;
/// Lines a server may send before its identification.
const LINES_MAX: u8 = 32;
/// Longest packet of the key exchange (RFC 4253 section 6.1).
const PACKET_MAX: usize = 35_000;

const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const KEX_INIT: u8 = 30;
/// Reply of Diffie-Hellman and of its elliptic form; in a group exchange the group.
const KEX_REPLY: u8 = 31;
const GROUP_INIT: u8 = 32;
const GROUP_REPLY: u8 = 33;
const GROUP_REQUEST: u8 = 34;

/// Key exchanges that RFC 9142 says should not or must not be used.
const WEAK_EXCHANGES: &[&str] =
    &["diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1", "rsa1024-sha1"];
/// Ciphers without strength (RFC 8758, RFC 4253 section 6.3).
const WEAK_CIPHERS: &[&str] = &[
    "none",
    "arcfour",
    "arcfour128",
    "arcfour256",
    "des-cbc",
    "des-cbc@ssh.com",
    // Blocks of 64 bits: a long session repeats them.
    "3des-cbc",
    "blowfish-cbc",
    "cast128-cbc",
    "idea-cbc",
];
/// Bytes of the modulus of an RSA key that is long enough (NIST SP 800-131A): 2,048 bits.
const MODULUS_MIN: usize = 256;

fn probe(probe: &Probe<'_>) -> Verdict {
    let starts = [&b"SSH-2.0-"[..], b"SSH-1.99-", b"SSH-1.5-", b"SSH-1.3-"];
    starts.iter().map(|start| probe.starts_with(start)).max().unwrap_or(Verdict::No)
}

#[derive(Default)]
struct Ssh {
    lanes: [Lane; 2],
    exchange: Option<String>,
    key_told: bool,
}

/// One direction.
#[derive(Default)]
struct Lane {
    identified: bool,
    lines: u8,
    finished: bool,
    lists: Option<Lists>,
}

/// What a side offers, in the order of preference.
struct Lists {
    exchanges: String,
    /// Towards the server.
    ciphers: String,
    /// HASSH as a client, and as a server.
    hassh: [String; 2],
}

impl Lists {
    /// Of the body of a KEXINIT (RFC 4253 section 7.1).
    fn read(payload: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(payload);
        reader.skip(16, "cookie")?;
        let exchanges = string(&mut reader, "key exchanges")?;
        string(&mut reader, "host key types")?;
        let ciphers = [string(&mut reader, "ciphers")?, string(&mut reader, "ciphers")?];
        let digests = [string(&mut reader, "digests")?, string(&mut reader, "digests")?];
        let packings = [string(&mut reader, "compressions")?, string(&mut reader, "compressions")?];
        let text = |bytes| text::ascii(bytes).unwrap_or_default().to_owned();
        let [towards_server, towards_client] = ciphers;
        let hassh = |ciphers, digests, packings| {
            let lists: [&[u8]; 4] = [exchanges, ciphers, digests, packings];
            Md5::digest(lists.join(&b";"[..])).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            })
        };
        let ([digests_to, digests_back], [packings_to, packings_back]) = (digests, packings);
        Ok(Self {
            exchanges: text(exchanges),
            ciphers: text(towards_server),
            hassh: [
                hassh(towards_server, digests_to, packings_to),
                hassh(towards_client, digests_back, packings_back),
            ],
        })
    }
}

impl Dissector for Ssh {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        if lane.finished {
            return Step::Skip(u64::MAX);
        }
        if !lane.identified {
            return self.identification(side, bytes, notes);
        }
        let Some(&[a, b, c, d, padding, message]) = bytes.first_chunk::<6>() else { return Step::More(6) };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > PACKET_MAX || length < usize::from(padding).saturating_add(2) {
            notes.malformed = true;
            return Step::Done;
        }
        let whole = length.saturating_add(4);
        let Some(packet) = bytes.get(..whole) else { return Step::More(whole) };
        let payload = packet.get(6..whole.saturating_sub(usize::from(padding))).unwrap_or_default();
        if self.packet(side, message, payload, notes).is_err() {
            notes.malformed = true;
        }
        if self.lanes.iter().all(|lane| lane.finished) {
            return Step::Done;
        }
        if side.of(&mut self.lanes).finished { Step::Skip(u64::MAX) } else { Step::skip(whole) }
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        // Where the next packet starts cannot be told.
        side.of(&mut self.lanes).finished = true;
        if self.lanes.iter().all(|lane| lane.finished) { Step::Done } else { Step::Skip(1) }
    }
}

impl Ssh {
    fn identification(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let within = bytes.get(..LINE_MAX).unwrap_or(bytes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < LINE_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            notes.malformed = true;
            return Step::Done;
        };
        let consumed = end.saturating_add(1);
        let line = within.get(..end).unwrap_or_default();
        let lane = side.of(&mut self.lanes);
        let Some(rest) = line.strip_prefix(b"SSH-") else {
            lane.lines = lane.lines.saturating_add(1);
            if lane.lines > LINES_MAX {
                notes.malformed = true;
                return Step::Done;
            }
            return Step::skip(consumed);
        };
        lane.identified = true;
        let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        let Some((version, software)) = str::from_utf8(rest).ok().and_then(|rest| rest.split_once('-'))
        else {
            notes.malformed = true;
            return Step::Done;
        };
        notes.speaker(side, [Fact::new(Attribute::SshBanner, software, 95, "ssh.banner")]);
        let key = if side == Side::Opener { DetailKey::SshClient } else { DetailKey::SshServer };
        notes.detail(key, software);
        if version.starts_with("1.") {
            notes.speaker(side, [Fact::new(Attribute::Weakness, "ssh-1", 95, "ssh.banner")]);
        }
        if version.starts_with("1.") && version != "1.99" {
            lane.finished = true;
            notes.encrypted = Some(true);
        }
        if self.lanes.iter().all(|lane| lane.finished) {
            return Step::Done;
        }
        Step::skip(consumed)
    }

    fn packet(&mut self, side: Side, message: u8, payload: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        match message {
            KEXINIT => {
                let lane = side.of(&mut self.lanes);
                if lane.lists.is_none() {
                    lane.lists = Some(Lists::read(payload)?);
                }
            }
            NEWKEYS => {
                side.of(&mut self.lanes).finished = true;
                notes.encrypted = Some(true);
            }
            KEX_INIT | GROUP_INIT | GROUP_REQUEST => self.negotiated(side, notes),
            KEX_REPLY if self.is_group_exchange(side) => {}
            KEX_REPLY | GROUP_REPLY => {
                self.negotiated(side.peer(), notes);
                self.host_key(side, payload, notes)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn is_group_exchange(&mut self, server: Side) -> bool {
        let client = server.peer();
        self.choice(client, |lists| &lists.exchanges)
            .is_some_and(|exchange| exchange.starts_with("diffie-hellman-group-exchange"))
    }

    /// The client's first choice that the server knows too (RFC 4253 section 7.1).
    fn choice(&self, client: Side, list: fn(&Lists) -> &str) -> Option<String> {
        let [opener, accepter] = &self.lanes;
        let (client, server) = if client == Side::Opener { (opener, accepter) } else { (accepter, opener) };
        let server = list(server.lists.as_ref()?);
        let both = |name: &&str| server.split(',').any(|known| known == *name);
        list(client.lists.as_ref()?).split(',').find(both).map(str::to_owned)
    }

    /// The roles are known: what the two lists come to is the server's to answer for.
    fn negotiated(&mut self, client: Side, notes: &mut Notes) {
        notes.requester = Some(client);
        if self.exchange.is_some() {
            return;
        }
        let roles = [(client, Attribute::Hassh), (client.peer(), Attribute::HasshServer)];
        for (at, (side, attribute)) in roles.into_iter().enumerate() {
            let lists = side.of(&mut self.lanes).lists.as_ref();
            let hassh = lists.and_then(|lists| lists.hassh.get(at));
            let fact = hassh.and_then(|hassh| Fact::new(attribute, hassh, 95, "ssh.kexinit"));
            notes.speaker(side, [fact]);
        }
        self.exchange = self.choice(client, |lists| &lists.exchanges);
        let weakness = |name| Fact::new(Attribute::Weakness, name, 90, "ssh.kexinit");
        let is_in = |choice: Option<&str>, list: &[&str]| choice.is_some_and(|choice| list.contains(&choice));
        let cipher = self.choice(client, |lists| &lists.ciphers);
        notes.speaker(
            client.peer(),
            [
                is_in(self.exchange.as_deref(), WEAK_EXCHANGES)
                    .then(|| weakness("ssh-weak-key-exchange"))
                    .flatten(),
                is_in(cipher.as_deref(), WEAK_CIPHERS).then(|| weakness("ssh-weak-cipher")).flatten(),
            ],
        );
    }

    /// The server's public key: a string that starts with the name of its kind.
    fn host_key(&mut self, server: Side, payload: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let key = string(&mut Reader::new(payload), "host key")?;
        let mut parts = Reader::new(key);
        let kind = string(&mut parts, "host key type")?;
        let kind = text::ascii(kind).filter(|kind| kind.len() <= 64 && !kind.contains(' '));
        let kind = kind.ok_or(Fault::Malformed("host key type"))?;
        if !std::mem::replace(&mut self.key_told, true) {
            let value = format!("{kind} SHA256:{}", base64::encode(&Sha256::digest(key)));
            let weak = match kind {
                "ssh-rsa" => is_short(parts)?,
                // Always of 1,024 bits (RFC 4253 section 6.6).
                "ssh-dss" => true,
                _ => false,
            };
            let weakness = || Fact::new(Attribute::Weakness, "ssh-weak-host-key", 90, "ssh.host-key");
            notes.speaker(
                server,
                [Fact::new(Attribute::HostKey, &value, 98, "ssh.host-key"), weak.then(weakness).flatten()],
            );
            notes.detail(DetailKey::HostKey, &value);
        }
        Ok(())
    }
}

/// Whether the modulus of an RSA key, after its exponent, is too short.
fn is_short(mut parts: Reader<'_>) -> Result<bool, Fault> {
    string(&mut parts, "exponent")?;
    let modulus = string(&mut parts, "modulus")?;
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    Ok(digits.len() < MODULUS_MIN)
}

fn string<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<&'a [u8], Fault> {
    let length = reader.u32(field)?;
    reader.take(usize::try_from(length).unwrap_or(usize::MAX), field)
}
