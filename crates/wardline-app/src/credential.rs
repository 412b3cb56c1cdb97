//! Passwords: argon2id (RFC 9106), and whether one is good enough.

use crate::error::AppError;
use crate::totp;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};

/// 19 MiB, two passes, one lane: the first choice of OWASP's password storage advice.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Shortest password (NIST SP 800-63B-4 asks for 15 where it is the only factor).
pub(crate) const LENGTH_MIN: usize = 12;
/// Longest: a whole sentence fits, a book does not.
pub(crate) const LENGTH_MAX: usize = 256;

/// Why a password is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// Too easy to guess; the words say why.
    Guessable(String),
    /// Not between the lengths.
    Length,
}

fn hasher() -> Result<Argon2<'static>, AppError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| AppError::Inside(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The text to keep of a password.
pub(crate) fn hash(password: &str, salt: &[u8; 16]) -> Result<String, AppError> {
    let wrong = |error: argon2::password_hash::Error| AppError::Inside(error.to_string());
    let hash: PasswordHash = hasher()?.hash_password_with_salt(password.as_bytes(), salt).map_err(wrong)?;
    Ok(hash.to_string())
}

/// Whether a password is the one kept. Takes as long for a wrong one.
pub(crate) fn verify(password: &str, kept: &str) -> bool {
    let (Ok(hasher), Ok(kept)) = (hasher(), PasswordHash::new(kept)) else { return false };
    hasher.verify_password(password.as_bytes(), &kept).is_ok()
}

/// Whether a password is good enough for somebody of these names.
pub(crate) fn check(password: &str, names: &[&str]) -> Result<(), PasswordFault> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.chars().count()) {
        return Err(PasswordFault::Length);
    }
    let judged = zxcvbn::zxcvbn(password, names);
    if judged.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let words = judged.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    Err(PasswordFault::Guessable(words.unwrap_or_else(|| "it is guessed within days".to_owned())))
}

/// What is kept of a token, a link, a recovery code: they are long enough to need no salt.
pub(crate) fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A recovery code out of randomness: 80 bits in groups that can be read to somebody.
pub(crate) fn recovery_code(random: &[u8; 10]) -> String {
    let text = totp::base32(random);
    let groups: Vec<&str> =
        [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|range| text.get(range)).collect();
    groups.join("-")
}

/// A recovery code as it was written down, however it is typed.
pub(crate) fn recovery_digest(text: &str) -> Vec<u8> {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    digest(&plain)
}
