//! Checkpoints: what a log was at a moment, signed (C2SP tlog-checkpoint in a signed note, Ed25519).
//!
//! A note is text, an empty line, and lines `— NAME BASE64` where the bytes are four of the key's id and the
//! signature over the text. A checkpoint's text is origin, size and root, a line each.

use crate::{Hash, base64};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use thiserror::Error;

/// Longest note that is read: a checkpoint with some witnesses has a few hundred bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The kind of an Ed25519 signature of a note.
const ED25519_KIND: u8 = 1;

/// What is wrong with a note or a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not a key: says what of it.
    #[error("not a key: {0}")]
    Key(&'static str),
    /// Not a note of a checkpoint: says what of it.
    #[error("not a signed checkpoint: {0}")]
    Note(&'static str),
    /// No signature of the key, or one that does not fit.
    #[error("the signature of {0} is missing or wrong")]
    Signature(String),
}

/// What a log was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Signs for a log.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

/// Checks what a [`Signer`] signed; may be given to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: Vec<u8>,
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

fn key_id(name: &str, key: &[u8]) -> [u8; 4] {
    let digest =
        Sha256::new().chain_update(name).chain_update(b"\n").chain_update([ED25519_KIND]).chain_update(key);
    let digest: Hash = digest.finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}

impl Signer {
    /// A signer of that name with a secret seed of 32 bytes.
    ///
    /// # Errors
    ///
    /// When name or seed cannot be one.
    pub fn new(name: &str, seed: &[u8]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("a name is not empty and has no spaces and no plus"));
        }
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key("a seed has 32 bytes"))?;
        Ok(Self { name: name.to_owned(), pair })
    }

    /// What checks this signer.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier { name: self.name.clone(), key: self.pair.public_key().as_ref().to_vec() }
    }

    /// The signed note of a checkpoint.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let mut note = checkpoint.text();
        let mut signed = key_id(&self.name, self.pair.public_key().as_ref()).to_vec();
        signed.extend(self.pair.sign(note.as_bytes()).as_ref());
        let _ = writeln!(note, "\n\u{2014} {} {}", self.name, base64::encode(&signed));
        note
    }
}

impl Verifier {
    /// The key as one word, `NAME+ID+BASE64`, as verifiers everywhere take it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let id = key_id(&self.name, &self.key).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let key = [&[ED25519_KIND], self.key.as_slice()].concat();
        format!("{}+{id}+{}", self.name, base64::encode(&key))
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("NAME+ID+BASE64 is expected"));
        };
        let key = base64::decode(key).ok_or(NoteError::Key("its last part is not base64"))?;
        let key = match key.split_first() {
            Some((&ED25519_KIND, key)) if key.len() == 32 => key.to_vec(),
            _ => return Err(NoteError::Key("only Ed25519 keys are known")),
        };
        let read = Self { name: name.to_owned(), key };
        if read.to_text() == text.trim() { Ok(read) } else { Err(NoteError::Key("its id does not fit")) }
    }

    /// The checkpoint of a note that this key signed.
    ///
    /// # Errors
    ///
    /// When it is no checkpoint or the signature is missing or wrong.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Note("it is too long"));
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Note("it has no signatures"))?;
        let text = format!("{text}\n");
        let id = key_id(&self.name, &self.key);
        let signed = signatures.lines().any(|line| {
            let rest = line.strip_prefix("\u{2014} ").and_then(|rest| rest.strip_prefix(self.name.as_str()));
            let bytes = rest.and_then(|rest| rest.strip_prefix(' ')).and_then(base64::decode);
            bytes
                .and_then(|bytes| {
                    let signature = bytes.strip_prefix(&id)?;
                    UnparsedPublicKey::new(&ED25519, &self.key).verify(text.as_bytes(), signature).ok()
                })
                .is_some()
        });
        if !signed {
            return Err(NoteError::Signature(self.name.clone()));
        }
        Checkpoint::parse(&text)
    }
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64::encode(&self.root))
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let origin =
            lines.next().filter(|origin| !origin.is_empty()).ok_or(NoteError::Note("it has no origin"))?;
        let size = lines.next().unwrap_or_default();
        let number: u64 = size.parse().map_err(|_| NoteError::Note("its size is no number"))?;
        if number.to_string() != size {
            return Err(NoteError::Note("its size is no number"));
        }
        let root = lines.next().and_then(base64::decode).and_then(|root| Hash::try_from(root).ok());
        let root = root.ok_or(NoteError::Note("its root is no hash"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_opens_with_its_key_and_not_when_a_byte_differs() {
        let signer = Signer::new("wardline.test/1", &[7; 32]).unwrap();
        let checkpoint = Checkpoint { origin: "wardline.test/1".into(), size: 42, root: [9; 32] };
        let note = signer.sign(&checkpoint);
        let verifier = signer.verifier();
        assert_eq!(verifier.open(&note).unwrap(), checkpoint);
        assert_eq!(Verifier::parse(&verifier.to_text()).unwrap(), verifier);
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(verifier.open(&changed).is_err(), "byte {at}");
            }
        }
        let other = Signer::new("wardline.test/1", &[8; 32]).unwrap();
        assert!(other.verifier().open(&note).is_err());
        assert!(Signer::new("a b", &[7; 32]).is_err() && Signer::new("a", &[7; 31]).is_err());
    }

    #[test]
    fn a_key_that_another_tool_made_is_read() {
        // The verifier key of the example of golang.org/x/mod/sumdb/note.
        let known = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let verifier = Verifier::parse(known).unwrap();
        assert_eq!(verifier.to_text(), known);
        assert!(
            Verifier::parse("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").is_err()
        );
    }
}
