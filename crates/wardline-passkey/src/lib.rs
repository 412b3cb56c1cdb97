//! Passkeys (W3C WebAuthn level 2): what is asked of an authenticator, and whether its answer is right.
//!
//! In: the house's name and origin, an account's number and names, what a browser answered. Out: what to ask of the
//! browser, what to hold its answer against, a key to keep; all as JSON text, so that nobody above needs the library.
//!
//! Held here: the challenge, the origin and the house's name in every answer; that the authenticator verified its user
//! (a fingerprint, a face, a PIN) and can find the key without a name; the signature; a counter that goes back. Held by
//! whoever calls: that a state is used once and in time, and that a removed key is not handed in.
//!
//! Limits: an answer is at most [`ANSWER_BYTES_MAX`] bytes. No attestation is asked: which make of authenticator it is
//! stays its owner's affair.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// Longest answer of a browser: a key with the longest identifier and extensions is under 8 KiB.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Why there is no passkey, or no way in by it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasskeyError {
    /// The house's address cannot have passkeys.
    #[error("passkeys need a host name and https, like https://wardline.example:8443, and {0} is not so")]
    Origin(String),
    /// The answer is not right; the words are for the log.
    #[error("the passkey's answer is not right: {0}")]
    Answer(String),
    /// Its counter went back: there may be a copy of the authenticator.
    #[error("the passkey's counter went back: there may be a copy of it")]
    Copied,
    /// What was kept cannot be read.
    #[error("what was kept of a passkey cannot be read: {0}")]
    Kept(String),
}

/// A question to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// For the browser: options of `navigator.credentials`, JSON, bytes as base64url.
    pub ask: String,
    /// What the answer is held against. It stays with the house and is used once.
    pub state: String,
}

/// A key to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The authenticator's name for it.
    pub credential: Vec<u8>,
    /// Public key, counter and what else its checks need.
    pub content: String,
}

/// Whom an answer claims to be of. Not proved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The account's number, as it was given when the key was made.
    pub account: u64,
    /// The authenticator's name of the key.
    pub credential: Vec<u8>,
}

/// An answer that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key as it is to be kept now.
    pub content: String,
    /// Signatures made, as far as the authenticator counts them.
    pub counter: u32,
}

/// The house as authenticators know it.
pub struct House {
    webauthn: Webauthn,
    origin: String,
}

impl House {
    /// The house at this origin, such as `https://wardline.example:8443`.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Origin`] for an address instead of a name, or without TLS.
    pub fn new(origin: &str) -> Result<Self, PasskeyError> {
        let wrong = || PasskeyError::Origin(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| wrong())?;
        let host = url.domain().filter(|_| url.scheme() == "https").ok_or_else(wrong)?;
        let builder = WebauthnBuilder::new(host, &url).map_err(|_| wrong())?;
        let webauthn = builder.rp_name("Wardline").build().map_err(|_| wrong())?;
        Ok(Self { webauthn, origin: url.origin().ascii_serialization() })
    }

    /// The origin, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Asks for a new key of an account; `known` are the names of those it has.
    ///
    /// # Errors
    ///
    /// When the library cannot make the question.
    pub fn register(
        &self,
        account: u64,
        name: &str,
        display_name: &str,
        known: &[Vec<u8>],
    ) -> Result<Question, PasskeyError> {
        let known = known.to_vec();
        let (ask, state) = self
            .webauthn
            .start_passkey_registration(handle(account), name, display_name, Some(known))
            .map_err(answer)?;
        Ok(Question { ask: findable(&ask)?, state: text(&state)? })
    }

    /// A browser's new key.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Answer`] when it is not for this question, this house, or its user was not verified.
    pub fn registered(&self, state: &str, given: &str) -> Result<Key, PasskeyError> {
        let state: PasskeyRegistration = kept(state)?;
        let given: RegisterPublicKeyCredential = received(given)?;
        let key = self.webauthn.finish_passkey_registration(&given, &state).map_err(answer)?;
        Ok(Key { credential: key.cred_id().to_vec(), content: text(&key)? })
    }

    /// Asks whoever is there to come in.
    ///
    /// # Errors
    ///
    /// When the library cannot make the question.
    pub fn enter(&self) -> Result<Question, PasskeyError> {
        let (mut ask, state) = self.webauthn.start_discoverable_authentication().map_err(answer)?;
        // A button was pressed: the browser may ask at once, not only in a list of suggestions.
        ask.mediation = None;
        Ok(Question { ask: text(&ask)?, state: text(&state)? })
    }

    /// Whom a browser's answer claims to be of, so that the key can be found.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Answer`] when it claims nothing.
    pub fn claim(&self, given: &str) -> Result<Claim, PasskeyError> {
        let given: PublicKeyCredential = received(given)?;
        let (handle, credential) =
            self.webauthn.identify_discoverable_authentication(&given).map_err(answer)?;
        let (zero, account) = handle.as_u64_pair();
        if zero != 0 {
            return Err(PasskeyError::Answer("its user handle is none of ours".to_owned()));
        }
        Ok(Claim { account, credential: credential.to_vec() })
    }

    /// Whether an answer is right for the question and the key.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Answer`] when it is not: another question, another house, another key, no user verified;
    /// [`PasskeyError::Copied`] for a counter that went back.
    pub fn entered(&self, state: &str, given: &str, key: &str) -> Result<Proof, PasskeyError> {
        let state: DiscoverableAuthentication = kept(state)?;
        let given: PublicKeyCredential = received(given)?;
        let mut key: Passkey = kept(key)?;
        let found = self
            .webauthn
            .finish_discoverable_authentication_v2(&given, state, DiscoverableKey::from(&key))
            .map_err(answer)?;
        if !found.user_verified() {
            return Err(PasskeyError::Answer("its user was not verified".to_owned()));
        }
        key.update_credential(&found);
        Ok(Proof { content: text(&key)?, counter: found.counter() })
    }
}

/// The account's number as authenticators keep it: it tells nothing of who it is.
fn handle(account: u64) -> Uuid {
    Uuid::from_u64_pair(0, account)
}

/// Demands a key that is found without a name: the library asks for less.
fn findable(ask: &CreationChallengeResponse) -> Result<String, PasskeyError> {
    let wrong = |error: serde_json::Error| PasskeyError::Kept(error.to_string());
    let mut value = serde_json::to_value(ask).map_err(wrong)?;
    if let Some(wanted) = value.pointer_mut("/publicKey/authenticatorSelection") {
        wanted["residentKey"] = "required".into();
        wanted["requireResidentKey"] = true.into();
    }
    text(&value)
}

fn answer(error: WebauthnError) -> PasskeyError {
    match error {
        WebauthnError::CredentialPossibleCompromise => PasskeyError::Copied,
        other => PasskeyError::Answer(format!("{other:?}")),
    }
}

fn text<T: Serialize>(value: &T) -> Result<String, PasskeyError> {
    serde_json::to_string(value).map_err(|error| PasskeyError::Kept(error.to_string()))
}

fn kept<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyError> {
    serde_json::from_str(text).map_err(|error| PasskeyError::Kept(error.to_string()))
}

fn received<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyError> {
    if text.len() > ANSWER_BYTES_MAX {
        return Err(PasskeyError::Answer(format!("it is longer than {ANSWER_BYTES_MAX} bytes")));
    }
    serde_json::from_str(text).map_err(|error| PasskeyError::Answer(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_needs_a_name_and_tls() {
        let house = House::new("https://wardline.example:8443").unwrap();
        assert_eq!(house.origin(), "https://wardline.example:8443");
        assert!(House::new("https://localhost:8443").is_ok());
        for bad in ["https://10.0.0.1:8443", "https://[::1]", "http://wardline.example", "wardline", ""] {
            assert!(matches!(House::new(bad), Err(PasskeyError::Origin(_))), "{bad}");
        }
    }

    #[test]
    fn a_key_is_asked_for_that_verifies_its_user_and_is_found_without_a_name() {
        let house = House::new("https://wardline.example").unwrap();
        let question = house.register(77, "ana", "Ana", &[vec![1, 2, 3]]).unwrap();
        let ask: serde_json::Value = serde_json::from_str(&question.ask).unwrap();
        let wanted = &ask["publicKey"]["authenticatorSelection"];
        assert_eq!(wanted["residentKey"], "required");
        assert_eq!(wanted["requireResidentKey"], true);
        assert_eq!(wanted["userVerification"], "required");
        assert_eq!(ask["publicKey"]["rp"]["id"], "wardline.example");
        assert_eq!(ask["publicKey"]["excludeCredentials"][0]["id"], "AQID");
        let enter: serde_json::Value = serde_json::from_str(&house.enter().unwrap().ask).unwrap();
        assert_eq!(enter["publicKey"]["userVerification"], "required");
        assert!(enter.get("mediation").is_none_or(serde_json::Value::is_null));
        let other: serde_json::Value = serde_json::from_str(&house.enter().unwrap().ask).unwrap();
        assert_ne!(enter["publicKey"]["challenge"], other["publicKey"]["challenge"]);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let house = House::new("https://wardline.example").unwrap();
        let question = house.enter().unwrap();
        let long = "x".repeat(ANSWER_BYTES_MAX + 1);
        for bad in ["", "{}", "[]", "null", &long] {
            assert!(matches!(house.claim(bad), Err(PasskeyError::Answer(_))));
            assert!(matches!(house.entered(&question.state, bad, "{}"), Err(PasskeyError::Answer(_))));
        }
        assert!(matches!(house.registered("{}", "{}"), Err(PasskeyError::Kept(_))));
    }
}
