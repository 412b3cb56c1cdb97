//! QUIC: version 1 (RFC 9000, 9001), version 2 (RFC 9369), the drafts from 23 on, and Google's last ones.
//!
//! In: datagrams, several packets in one. Out: who asks, for which name, with which application protocols, JA3
//! and JA4 of the client, version and cipher that the server selects, an error at the start. The Initial
//! packets of both sides are opened with the keys that anyone can derive from them, until both hellos are
//! whole; their pieces may come in any order over several datagrams. Certain when a packet opens, or when two
//! packets agree on version and connection; a flow of short heads alone stays unknown. Limits:
//! [`DATAGRAMS_MAX`], [`DERIVED_MAX`]. Refuses: to read anything behind the Initial packets.

mod crypto;
mod header;
mod keys;

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, tls};
use crypto::{Crypto, Frames};
use header::{Kind, Packet, Version};
use keys::Keys;
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "quic",
    carriers: &[Carrier::Datagram],
    ports: &[443, 784, 853, 4433, 8443],
    probe,
    start: |_| Box::new(Quic::default()),
};

/// Datagrams looked at: hellos of 4,000 bytes with everything sent twice stay below.
const DATAGRAMS_MAX: u8 = 24;
/// Datagrams in which the second packet that agrees with the first must come.
const UNCERTAIN_MAX: u8 = 8;
/// Packets in one datagram.
const PACKETS_MAX: usize = 8;
/// Times that keys are derived: the first hello, one after a Retry or with another version, and some strays.
const DERIVED_MAX: u8 = 6;
/// A connection id of fewer bytes may be the same by accident.
const TELLING_ID_MIN: usize = 4;
/// Errors from here on are alerts of TLS (RFC 9000 section 20.1).
const CRYPTO_ERROR: u64 = 0x100;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

fn probe(probe: &Probe<'_>) -> Verdict {
    // Certainty comes with the first packet that opens.
    if header::may_be_long(probe.bytes) && Packet::read(probe.bytes).is_ok() {
        Verdict::Maybe
    } else {
        Verdict::No
    }
}

/// What a side's last packet with a long head was about.
#[derive(Debug, Default)]
struct Lane {
    version: u32,
    destination: Box<[u8]>,
    source: Box<[u8]>,
    crypto: Crypto,
    /// Its hello was told.
    told: bool,
}

#[derive(Default)]
struct Quic {
    lanes: [Lane; 2],
    keys: Option<Box<Keys>>,
    /// What the keys were derived from.
    origin: (u32, Box<[u8]>),
    client: Option<Side>,
    derived: u8,
    datagrams: u8,
    certain: bool,
}

impl Dissector for Quic {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        let mut rest = bytes;
        for _ in 0..PACKETS_MAX {
            // Short heads and filling end the datagram.
            let Ok(packet) = Packet::read(rest) else { break };
            self.packet(side, &packet, notes);
            rest = rest.get(packet.bytes.len()..).unwrap_or_default();
        }
        if self.certain {
            notes.confirmed = true;
            notes.encrypted = Some(true);
        }
        let told = self.lanes.iter().all(|lane| lane.told);
        let until = if self.certain { DATAGRAMS_MAX } else { UNCERTAIN_MAX };
        match self.certain {
            _ if !told && self.datagrams < until => Step::skip(bytes.len()),
            true => Step::Done,
            false => Step::Withdraw,
        }
    }
}

impl Quic {
    fn packet(&mut self, side: Side, packet: &Packet<'_>, notes: &mut Notes) {
        self.certain |= self.agrees(side, packet);
        let lane = side.of(&mut self.lanes);
        if lane.version != packet.version || *lane.source != *packet.source {
            lane.source = packet.source.into();
        }
        if *lane.destination != *packet.destination {
            lane.destination = packet.destination.into();
        }
        lane.version = packet.version;
        match packet.kind {
            Kind::Initial(before) => self.initial(side, packet, before, notes),
            // The client begins again, with keys of the id that the server gave it.
            Kind::Retry if self.client == Some(side.peer()) => self.keys = None,
            Kind::Negotiation if self.certain => notes.requester = Some(side.peer()),
            _ => {}
        }
    }

    /// Whether a packet belongs to the same connection as one before it, of the same version.
    fn agrees(&mut self, side: Side, packet: &Packet<'_>) -> bool {
        let [opener, accepter] = &self.lanes;
        let (own, peer) = if side == Side::Opener { (opener, accepter) } else { (accepter, opener) };
        let same = |one: &[u8], other: &[u8]| one.len() >= TELLING_ID_MIN && one == other;
        if packet.kind == Kind::Negotiation {
            // The answer swaps the two ids (RFC 8999 section 6).
            return same(packet.source, &peer.destination) && packet.destination == &*peer.source;
        }
        let with_own = own.version == packet.version
            && (same(packet.source, &own.source) || same(packet.destination, &own.destination));
        let with_peer = peer.version == packet.version && same(packet.destination, &peer.source);
        match packet.kind {
            Kind::Reserved(fills) => fills,
            _ => with_own || with_peer,
        }
    }

    fn initial(&mut self, side: Side, packet: &Packet<'_>, before: usize, notes: &mut Notes) {
        let wanted = self.keys.is_none() || !side.of(&mut self.lanes).told;
        if !wanted {
            return;
        }
        let Some(text) = self.open(side, packet, before) else { return };
        self.certain = true;
        notes.requester = self.client;
        let lane = side.of(&mut self.lanes);
        if lane.told {
            return;
        }
        let standard = Version::of(packet.version).is_some_and(Version::has_frames_of_standard);
        let frames = if standard {
            lane.crypto.take(&text)
        } else {
            lane.crypto.take_google(&text).map(|()| Frames::default())
        };
        let Ok(frames) = frames else {
            notes.malformed = true;
            return;
        };
        self.closed(&frames, notes);
        self.hello(side, notes);
    }

    /// Opens a packet with the keys of this connection, or makes them from it.
    fn open(&mut self, side: Side, packet: &Packet<'_>, before: usize) -> Option<Vec<u8>> {
        let version = Version::of(packet.version)?;
        let is_client = self.client.is_none_or(|client| client == side);
        if let Some(keys) = &self.keys {
            let key = if is_client { &keys.client } else { &keys.server };
            if let Some(text) = key.open(packet.bytes, before) {
                return Some(text);
            }
        }
        // A server may go on in another version, with keys of the same id (RFC 9368 section 2.3).
        let other_version = self.client.is_some() && self.origin.0 != packet.version;
        if self.derived >= DERIVED_MAX || !(is_client || other_version) {
            return None;
        }
        self.derived = self.derived.saturating_add(1);
        let origin = std::mem::take(&mut self.origin.1);
        let id = if is_client { packet.destination } else { &origin };
        let keys = Keys::derive(version, id).ok();
        let opened = keys.and_then(|keys| {
            let key = if is_client { &keys.client } else { &keys.server };
            key.open(packet.bytes, before).map(|text| (id.into(), keys, text))
        });
        let Some((id, keys, text)) = opened else {
            self.origin.1 = origin;
            return None;
        };
        self.keys = Some(Box::new(keys));
        self.origin = (packet.version, id);
        if is_client {
            self.client = Some(side);
            // After a Retry, or with another id, the hello begins anew.
            side.of(&mut self.lanes).crypto = Crypto::default();
        }
        Some(text)
    }

    fn hello(&mut self, side: Side, notes: &mut Notes) {
        let is_client = self.client == Some(side);
        let lane = side.of(&mut self.lanes);
        while !lane.told {
            let Some((kind, body)) = lane.crypto.message() else { return };
            lane.told = match kind {
                CLIENT_HELLO if is_client => {
                    notes.malformed |= tls::client::note_quic(body, side, notes).is_err();
                    true
                }
                SERVER_HELLO if !is_client => server(side, body, notes),
                // Google's own hello, or nothing known.
                _ => true,
            };
        }
        lane.crypto = Crypto::default();
    }

    fn closed(&mut self, frames: &Frames, notes: &mut Notes) {
        let reason = match frames.closed {
            Some(error) if error >= CRYPTO_ERROR => {
                format!("tls alert {}", error.saturating_sub(CRYPTO_ERROR))
            }
            Some(error) if error > 0 => format!("quic error {error}"),
            _ => return,
        };
        notes.detail(DetailKey::Rejected, &reason);
        for lane in &mut self.lanes {
            lane.told = true;
        }
    }
}

/// What the server selected; `false` when it asks for another hello.
fn server(side: Side, body: &[u8], notes: &mut Notes) -> bool {
    let Ok(hello) = tls::client::server(body) else {
        notes.malformed = true;
        return true;
    };
    let Some((version, cipher)) = hello else { return false };
    // Drafts of TLS 1.3 went along with drafts of QUIC; there is no other version in it.
    if !matches!(version, 0x0304 | 0x7F00..=0x7FFF) {
        notes.malformed = true;
        return true;
    }
    notes.detail(DetailKey::TlsVersion, "TLS 1.3");
    notes.detail(DetailKey::Cipher, &cipher);
    notes.speaker(
        side,
        [
            Fact::new(Attribute::TlsVersion, "TLS 1.3", 95, "quic.server-hello"),
            Fact::new(Attribute::TlsCipher, &cipher, 95, "quic.server-hello"),
        ],
    );
    true
}
