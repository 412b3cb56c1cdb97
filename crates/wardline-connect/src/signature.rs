//! OpenPGP signatures (RFC 9580) of advisories, against the keys that their publisher names.
//!
//! Believed is a signature over the very bytes, by the primary key or by a subkey that is bound to it for signing, of a
//! key that was not revoked and had not expired when it signed, nor now, by a hash that still counts (not MD5, SHA-1 or
//! RIPEMD-160).

use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, VerifyingKey};
use std::fmt;
use thiserror::Error;

/// Keys read of one file.
const KEYS_MAX: usize = 50;

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Good,
    /// There is none.
    Missing,
    /// It is none, or not over these bytes.
    Wrong,
    /// It, or its key, has expired.
    Expired,
    /// Its key was revoked.
    Revoked,
    /// By a key that the publisher does not name.
    UnknownKey,
    /// By a hash that no longer proves anything.
    Weak,
}

impl Verdict {
    /// The word that is kept and printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::Revoked => "key revoked",
            Self::UnknownKey => "unknown key",
            Self::Weak => "weak hash",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Why a key is none.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("no OpenPGP public key: {0}")]
    Unreadable(String),
    /// Not the key that the publisher names.
    #[error("its fingerprint is {found}, the publisher names {wanted}")]
    OtherFingerprint {
        /// Of the key.
        found: String,
        /// As the publisher writes it.
        wanted: String,
    },
}

/// A publisher's keys.
#[derive(Default)]
pub struct Keys(Vec<SignedPublicKey>);

impl Keys {
    /// Adds the keys of a file, armoured or not; with a fingerprint, the one of that fingerprint and no other.
    ///
    /// # Errors
    /// When there is no such key in it.
    pub fn add(&mut self, bytes: &[u8], fingerprint: &str) -> Result<(), KeyError> {
        let unreadable = |error: pgp::errors::Error| KeyError::Unreadable(error.to_string());
        let (keys, _) = SignedPublicKey::from_reader_many(bytes).map_err(unreadable)?;
        let keys: Vec<SignedPublicKey> = keys.take(KEYS_MAX).filter_map(Result::ok).collect();
        let wanted = hex_only(fingerprint);
        let mut found = String::new();
        let before = self.0.len();
        for key in keys {
            found = hex_only(&key.primary_key.fingerprint().to_string());
            if wanted.is_empty() || found == wanted {
                self.0.push(key);
            }
        }
        match () {
            () if self.0.len() > before => Ok(()),
            () if found.is_empty() => Err(KeyError::Unreadable("the file has none".to_owned())),
            () => Err(KeyError::OtherFingerprint { found, wanted: fingerprint.to_owned() }),
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a detached signature says of the bytes, at a time in seconds since 1970.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &[u8], now: u64) -> Verdict {
        let Ok((signatures, _)) = DetachedSignature::from_reader_many(signature) else {
            return Verdict::Wrong;
        };
        let mut worst = Verdict::Wrong;
        for signature in signatures.take(KEYS_MAX).filter_map(Result::ok) {
            match self.one(bytes, &signature.signature, now) {
                Verdict::Good => return Verdict::Good,
                other => worst = other,
            }
        }
        worst
    }

    fn one(&self, bytes: &[u8], signature: &Signature, now: u64) -> Verdict {
        let Some(hash) = signature.hash_alg() else { return Verdict::Wrong };
        if matches!(hash, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160) {
            return Verdict::Weak;
        }
        let mut named = false;
        for key in &self.0 {
            if names(signature, &key.primary_key) {
                named = true;
                if signature.verify(&key.primary_key, bytes).is_ok() {
                    return standing(key, None, signature, now);
                }
            }
            for subkey in &key.public_subkeys {
                if names(signature, &subkey.key) {
                    named = true;
                    if signature.verify(&subkey.key, bytes).is_ok() {
                        return standing(key, Some(subkey), signature, now);
                    }
                }
            }
        }
        if named { Verdict::Wrong } else { Verdict::UnknownKey }
    }
}

/// Whether a signature says that it is by a key, or does not say by whom.
fn names<K: VerifyingKey + KeyDetails>(signature: &Signature, key: &K) -> bool {
    let (ids, fingerprints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    (ids.is_empty() && fingerprints.is_empty())
        || ids.iter().any(|id| **id == key.legacy_key_id())
        || fingerprints.iter().any(|fingerprint| **fingerprint == key.fingerprint())
}

/// Whether a key that made a signature may be believed.
fn standing(
    key: &SignedPublicKey,
    subkey: Option<&SignedPublicSubKey>,
    signature: &Signature,
    now: u64,
) -> Verdict {
    if key.verify_bindings().is_err() {
        return Verdict::Wrong;
    }
    if !key.details.revocation_signatures.is_empty() {
        return Verdict::Revoked;
    }
    let made = signature.created().map_or(0, |made| u64::from(made.as_secs()));
    if signature.signature_expiration_time().is_some_and(|life| ended(made, life.as_secs(), now)) {
        return Verdict::Expired;
    }
    let born = u64::from(key.primary_key.created_at().as_secs());
    let own =
        key.details.users.iter().flat_map(|user| &user.signatures).chain(&key.details.direct_signatures);
    if own.clone().any(|one| one.typ() == Some(SignatureType::CertRevocation)) {
        return Verdict::Revoked;
    }
    if let Some(life) = newest_life(own)
        && ended(born, life, now)
    {
        return Verdict::Expired;
    }
    if let Some(subkey) = subkey {
        let binding = &subkey.signatures;
        if binding.iter().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation)) {
            return Verdict::Revoked;
        }
        // RFC 9580 section 5.2.3.29: a subkey signs only when its binding says so.
        if !binding.iter().any(|one| one.key_flags().sign()) {
            return Verdict::Wrong;
        }
        let born = u64::from(subkey.key.created_at().as_secs());
        if newest_life(binding.iter()).is_some_and(|life| ended(born, life, now)) {
            return Verdict::Expired;
        }
    }
    if made > now.saturating_add(DAY) { Verdict::Wrong } else { Verdict::Good }
}

/// Seconds by which a publisher's clock may be ahead of ours.
const DAY: u64 = 86_400;

/// Seconds of life that the newest word on a key gives it; nothing when it lives on.
fn newest_life<'a>(words: impl Iterator<Item = &'a Signature>) -> Option<u64> {
    let newest = words.max_by_key(|word| word.created().map_or(0, |made| made.as_secs()))?;
    newest.key_expiration_time().map(|life| u64::from(life.as_secs())).filter(|life| *life > 0)
}

fn ended(born: u64, life: impl Into<u64>, now: u64) -> bool {
    let life: u64 = life.into();
    life > 0 && born.saturating_add(life) < now
}

fn hex_only(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect()
}
