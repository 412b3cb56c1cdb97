//! Keys of QUIC's Initial packets, which anyone can derive from the client's first destination connection id
//! (RFC 9001 section 5, RFC 9369 section 3.3). They hide nothing; they keep middleboxes from meddling.

use super::header::Version;
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{self, HKDF_SHA256, KeyType, Prk, Salt};

/// Longest Initial packet opened: larger than any path carries, and as long as a handshake message may be.
const PACKET_MAX: usize = 16_384;
/// Longest label: `tls13 quicv2 key`.
const INFO_MAX: usize = 32;

impl Version {
    const fn salt(self) -> [u8; 20] {
        match self {
            Self::Q050 => {
                *b"\x50\x45\x74\xEF\xD0\x66\xFE\x2F\x9D\x94\x5C\xFC\xDB\xD3\xA7\xF0\xD3\xB5\x6B\x45"
            }
            Self::T050 => {
                *b"\x7F\xF5\x79\xE5\xAC\xD0\x72\x91\x55\x80\x30\x4C\x43\xA2\x36\x7C\x60\x48\x83\x10"
            }
            Self::T051 => {
                *b"\x7A\x4E\xDE\xF4\xE7\xCC\xEE\x5F\xA4\x50\x6C\x19\x12\x4F\xC8\xCC\xDA\x6E\x03\x3D"
            }
            Self::Draft23 => {
                *b"\xC3\xEE\xF7\x12\xC7\x2E\xBB\x5A\x11\xA7\xD2\x43\x2B\xB4\x63\x65\xBE\xF9\xF5\x02"
            }
            Self::Draft29 => {
                *b"\xAF\xBF\xEC\x28\x99\x93\xD2\x4C\x9E\x97\x86\xF1\x9C\x61\x11\xE0\x43\x90\xA8\x99"
            }
            Self::One => *b"\x38\x76\x2C\xF7\xF5\x59\x34\xB3\x4D\x17\x9A\xE6\xA4\xC8\x0C\xAD\xCC\xBB\x7F\x0A",
            Self::Two => *b"\x0D\xED\xE3\xDE\xF7\x00\xA6\xDB\x81\x93\x81\xBE\x6E\x26\x9D\xCB\xF9\xBD\x2E\xD9",
        }
    }

    /// Labels of key, nonce and header protection.
    const fn labels(self) -> [&'static str; 3] {
        match self {
            Self::Two => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        }
    }
}

/// The keys of both sides.
pub(super) struct Keys {
    pub(super) client: Key,
    pub(super) server: Key,
}

impl Keys {
    /// From the destination connection id of the client's first Initial, or of its first after a Retry.
    pub(super) fn derive(version: Version, id: &[u8]) -> Result<Self, Unspecified> {
        let initial = Salt::new(HKDF_SHA256, &version.salt()).extract(id);
        let key = |label: &str| -> Result<Key, Unspecified> {
            let mut secret = [0; 32];
            expand(&initial, label, &mut secret)?;
            Key::new(version, &Prk::new_less_safe(HKDF_SHA256, &secret))
        };
        Ok(Self { client: key("client in")?, server: key("server in")? })
    }
}

/// The keys of one side.
pub(super) struct Key {
    text: LessSafeKey,
    nonce: [u8; 12],
    head: quic::HeaderProtectionKey,
}

impl Key {
    fn new(version: Version, secret: &Prk) -> Result<Self, Unspecified> {
        let [text_label, nonce_label, head_label] = version.labels();
        let (mut text, mut nonce, mut head) = ([0; 16], [0; 12], [0; 16]);
        expand(secret, text_label, &mut text)?;
        expand(secret, nonce_label, &mut nonce)?;
        expand(secret, head_label, &mut head)?;
        Ok(Self {
            text: LessSafeKey::new(UnboundKey::new(&aead::AES_128_GCM, &text)?),
            nonce,
            head: quic::HeaderProtectionKey::new(&quic::AES_128, &head)?,
        })
    }

    /// The frames of an Initial packet whose packet number stands after `before` bytes; `None` when these are
    /// not its keys, or something was changed on the way.
    pub(super) fn open(&self, packet: &[u8], before: usize) -> Option<Vec<u8>> {
        let sample = packet.get(before.checked_add(4)?..before.checked_add(20)?)?;
        let mask = self.head.new_mask(sample).ok()?;
        let mut bytes = packet.get(..packet.len().min(PACKET_MAX))?.to_vec();
        let (flags, number_mask) = mask.split_first()?;
        let first = bytes.first_mut()?;
        *first ^= flags & 0x0F;
        let number_length = usize::from(*first & 3).saturating_add(1);
        let head = before.checked_add(number_length)?;
        let mut number = 0_u32;
        for (byte, mask) in bytes.get_mut(before..head)?.iter_mut().zip(number_mask) {
            *byte ^= mask;
            number = (number << 8) | u32::from(*byte);
        }
        let mut nonce = self.nonce;
        // Initials are few and counted from 0: the number is never cut.
        for (byte, part) in nonce.iter_mut().rev().zip(number.to_be_bytes().iter().rev()) {
            *byte ^= part;
        }
        let mut text = bytes.split_off(head);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.text.open_in_place(nonce, Aad::from(&bytes), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Length of a key, for the derivation.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) with an empty context.
fn expand(secret: &Prk, label: &str, out: &mut [u8]) -> Result<(), Unspecified> {
    let mut info = Vec::with_capacity(INFO_MAX);
    info.extend_from_slice(&u16::try_from(out.len()).map_err(|_| Unspecified)?.to_be_bytes());
    let label = ["tls13 ", label].concat();
    info.push(u8::try_from(label.len()).map_err(|_| Unspecified)?);
    info.extend_from_slice(label.as_bytes());
    info.push(0);
    let info: &[&[u8]] = &[&info];
    let okm: hkdf::Okm<'_, Length> = secret.expand(info, Length(out.len()))?;
    okm.fill(out)
}
