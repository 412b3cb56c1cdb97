//! Secrets at rest: sealed with a key that stands in a file outside the database.
//!
//! AES-256-GCM with a random nonce and the purpose as associated data, so that a sealed value cannot be moved to
//! another place. The key file holds 32 bytes as hexadecimal, a line each; the first line seals, all of them open, so
//! that a key is changed by putting a new one in front.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Most keys in a file: the newest and a few that rotation has not finished with.
const KEYS_MAX: usize = 16;

/// A key file cannot be used, or a value cannot be opened with it.
#[derive(Debug, Error)]
pub enum SealError {
    /// The text is no key file.
    #[error("a key file holds up to 16 lines of 64 hexadecimal digits: {0}")]
    Keys(String),
    /// No key opens the value.
    #[error("a sealed value opens with none of the keys: is it the key file of this database?")]
    Value,
}

/// The keys.
pub struct Seal {
    keys: Vec<LessSafeKey>,
    seed: [u8; 32],
}

impl Seal {
    /// Keys out of the text of a key file.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let raw: Vec<[u8; 32]> = lines
            .iter()
            .map(|line| {
                unhex(line).ok_or_else(|| SealError::Keys(format!("a line has {} characters", line.len())))
            })
            .collect::<Result<_, _>>()?;
        // The ledger's signature must outlive a change of the key that seals: it comes from the oldest.
        let Some(oldest) = raw.last().filter(|_| raw.len() <= KEYS_MAX) else {
            return Err(SealError::Keys(format!("{} lines", raw.len())));
        };
        let seed =
            Sha256::new().chain_update(b"wardline ledger signature").chain_update(oldest).finalize().into();
        let keys = raw
            .iter()
            .filter_map(|key| UnboundKey::new(&AES_256_GCM, key).ok())
            .map(LessSafeKey::new)
            .collect();
        Ok(Self { keys, seed })
    }

    /// A key file with a new key.
    #[must_use]
    pub fn new_text(random: &[u8; 32]) -> String {
        format!("{}\n", hex(random))
    }

    /// The seed of the ledger's signing key.
    pub(crate) const fn ledger_seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Seals a value for a purpose.
    pub(crate) fn seal(&self, purpose: &str, value: &[u8], nonce: [u8; NONCE_LEN]) -> Option<Vec<u8>> {
        let mut sealed = value.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        self.keys
            .first()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for a purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Value)?;
        for key in &self.keys {
            let mut value = sealed.to_vec();
            let aad = Aad::from(purpose.as_bytes());
            if let Ok(opened) = key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut value) {
                return Ok(opened.to_vec());
            }
        }
        Err(SealError::Value)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
        text
    })
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_for_its_purpose_with_its_key_and_after_a_change_of_keys() {
        let (old, new) = (Seal::new_text(&[1; 32]), Seal::new_text(&[2; 32]));
        let sealed = Seal::parse(&old).unwrap().seal("totp 1", b"secret", [3; 12]).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let rotated = Seal::parse(&format!("{new}{old}")).unwrap();
        assert_eq!(rotated.open("totp 1", &sealed).unwrap(), b"secret");
        assert!(rotated.open("totp 2", &sealed).is_err());
        assert!(Seal::parse(&new).unwrap().open("totp 1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(rotated.open("totp 1", &changed).is_err());
        }
        assert_eq!(rotated.ledger_seed(), Seal::parse(&old).unwrap().ledger_seed());
        assert!(Seal::parse("").is_err() && Seal::parse("abc").is_err());
    }
}
