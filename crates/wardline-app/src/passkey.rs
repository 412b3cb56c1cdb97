//! Passkeys: one's own, and the way in by one.
//!
//! A passkey counts as both factors: the authenticator verified its user by finger, face or PIN, and what it holds
//! cannot be typed into a false page. A question works once and for [`ASKED_US`]; it is used up by the first answer,
//! whatever that is worth. To add one, the password is asked again, so that a session left open gives no key away.

use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use crate::signin::Entered;
use crate::{App, credential};
use wardline_authority::Action;
use wardline_passkey::{House, PasskeyError, Proof};
use wardline_store::{Account, AccountId, Ceremony, PasskeyRow, Stage, Tx};

/// How long an answer may take: time to find the badge.
const ASKED_US: i64 = 5 * 60 * 1_000_000;
/// Most passkeys of an account: devices and badges of one person.
const PASSKEYS_MAX: usize = 20;
const ADD: &str = "passkey add";
const ENTER: &str = "passkey enter";

/// A question for the browser.
pub struct Asked {
    /// What comes back with the answer; used once.
    pub ticket: String,
    /// Options of `navigator.credentials`, JSON.
    pub ask: String,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPasskey {
    /// Its id.
    pub id: i64,
    /// Its owner's name for it.
    pub name: String,
    /// When it was made.
    pub created_us: i64,
    /// Last used; 0 when never.
    pub last_us: i64,
}

impl App {
    /// Says under which origin browsers see the pages, such as `https://wardline.example:8443`. Said once.
    ///
    /// # Errors
    ///
    /// [`AppError::Input`] for an address that can have no passkeys.
    pub fn seen_at(&self, origin: &str) -> Result<(), AppError> {
        let house = House::new(origin)
            .map_err(|error| AppError::Input { field: "address", why: error.to_string() })?;
        // Said twice, the first holds.
        let _ = self.inner.house.set(house);
        Ok(())
    }

    /// The origin at which passkeys work; absent when the house has no name that can have them.
    #[must_use]
    pub fn passkey_origin(&self) -> Option<&str> {
        self.inner.house.get().map(House::origin)
    }

    fn house(&self) -> Result<&House, AppError> {
        self.inner.house.get().ok_or(AppError::Hidden)
    }

    /// Asks for a new passkey of the caller's.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] or [`AppError::Locked`] when the password is not right.
    pub async fn passkey_add(&self, caller: &Caller, password: &str) -> Result<Asked, AppError> {
        let account = self.confirm(caller, password).await?;
        let mut tx = self.store().read().await?;
        let known: Vec<Vec<u8>> =
            tx.passkey_list(account.id).await?.into_iter().map(|one| one.credential).collect();
        tx.end().await?;
        if known.len() >= PASSKEYS_MAX {
            let why = format!("{PASSKEYS_MAX} at most; remove one first");
            return Err(AppError::Input { field: "passkeys", why });
        }
        let question = self
            .house()?
            .register(handle(account.id)?, &account.name, &account.display_name, &known)
            .map_err(|error| inside(&error))?;
        self.ask(ADD, Some(account.id), question.ask, &question.state).await
    }

    /// Keeps the new passkey that a browser made.
    ///
    /// # Errors
    ///
    /// [`AppError::Input`] when the answer is not right or came too late.
    pub async fn passkey_keep(
        &self,
        caller: &Caller,
        ticket: &str,
        name: &str,
        given: &str,
    ) -> Result<(), AppError> {
        let account = self.own(caller).await?;
        let wrong = |why: String| AppError::Input { field: "passkey", why };
        let (asked, state) = self.asked(ADD, ticket).await?.ok_or_else(|| wrong(late()))?;
        if asked.account != Some(account) {
            return Err(AppError::Hidden);
        }
        let key = self.house()?.registered(&state, given).map_err(|error| wrong(error.to_string()))?;
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
        let row = PasskeyRow {
            id: self.new_id(),
            account,
            credential: key.credential,
            name: if name.is_empty() { "Passkey".to_owned() } else { name },
            content: key.content,
            counter: 0,
            created_us: self.now(),
            last_us: 0,
        };
        let mut tx = self.store().write().await?;
        if tx.passkey_find(&row.credential).await?.is_some() {
            return Err(wrong("this one is somebody's already".to_owned()));
        }
        tx.passkey_insert(&row).await?;
        self.audit(
            &mut tx,
            Event::by(caller, Action::CredentialOwn).object(&row.name).detail("passkey added"),
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// The caller's passkeys, oldest first.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who is no person in a session.
    pub async fn passkey_list(&self, caller: &Caller) -> Result<Vec<OwnPasskey>, AppError> {
        let account = self.own(caller).await?;
        let mut tx = self.store().read().await?;
        let rows = tx.passkey_list(account).await?;
        tx.end().await?;
        let own = |row: PasskeyRow| OwnPasskey {
            id: row.id,
            name: row.name,
            created_us: row.created_us,
            last_us: row.last_us,
        };
        Ok(rows.into_iter().map(own).collect())
    }

    /// Removes one of the caller's passkeys.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when it is not one.
    pub async fn passkey_end(&self, caller: &Caller, id: i64) -> Result<(), AppError> {
        let account = self.own(caller).await?;
        let mut tx = self.store().write().await?;
        if !tx.passkey_end(account, id).await? {
            return Err(AppError::Hidden);
        }
        let event = Event::by(caller, Action::CredentialOwn).object(&id.to_string());
        self.audit(&mut tx, event.detail("passkey removed")).await?;
        Ok(tx.commit().await?)
    }

    /// Asks whoever is at the browser for a passkey.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] where there can be none.
    pub async fn passkey_ask(&self) -> Result<Asked, AppError> {
        let question = self.house()?.enter().map_err(|error| inside(&error))?;
        self.ask(ENTER, None, question.ask, &question.state).await
    }

    /// Somebody comes in by a passkey, all the way.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`], which does not say what was wrong; the audit does.
    pub async fn passkey_enter(&self, ticket: &str, given: &str, address: &str) -> Result<Entered, AppError> {
        let Some((_, state)) = self.asked(ENTER, ticket).await? else {
            return self.turned_away("", address, &late()).await;
        };
        let claim = match self.house()?.claim(given) {
            Ok(claim) => claim,
            Err(error) => return self.turned_away("", address, &error.to_string()).await,
        };
        let mut tx = self.store().read().await?;
        let key = tx.passkey_find(&claim.credential).await?;
        let key = key.filter(|key| handle(key.account).ok() == Some(claim.account));
        let account = match &key {
            Some(key) => tx.account_find(key.account).await?.filter(|account| account.enabled),
            None => None,
        };
        tx.end().await?;
        let (Some(key), Some(account)) = (key, account) else {
            return self.turned_away("", address, "no such passkey, or not of that account").await;
        };
        match self.house()?.entered(&state, given, &key.content) {
            Ok(proof) => self.passkey_entered(&account, &key, &proof, address).await,
            Err(PasskeyError::Copied) => self.copied(&account, &key, address).await,
            Err(error) => self.turned_away(&account.name, address, &error.to_string()).await,
        }
    }

    async fn passkey_entered(
        &self,
        account: &Account,
        key: &PasskeyRow,
        proof: &Proof,
        address: &str,
    ) -> Result<Entered, AppError> {
        let mut tx = self.store().write().await?;
        let used = tx.passkey_used(key.id, &proof.content, i64::from(proof.counter), self.now()).await?;
        tx.commit().await?;
        if !used {
            return self.copied(account, key, address).await;
        }
        let event = Event::of("session.open", &account.name, address).object(&key.name).detail("passkey");
        self.open(account, Stage::Full, address, event).await
    }

    /// A counter went back: somebody may hold a copy. Refused, and told.
    async fn copied(&self, account: &Account, key: &PasskeyRow, address: &str) -> Result<Entered, AppError> {
        let mut tx = self.store().write().await?;
        self.tell(&mut tx, "passkey.copied", &format!("{}: {}", account.name, key.name)).await?;
        let event = Event::of("session.open", &account.name, address).object(&key.name).outcome("denied");
        self.audit(&mut tx, event.detail(&PasskeyError::Copied.to_string())).await?;
        tx.commit().await?;
        Err(AppError::Credential)
    }

    async fn turned_away(&self, actor: &str, address: &str, why: &str) -> Result<Entered, AppError> {
        let event = Event::of("session.open", actor, address).outcome("denied");
        self.audit_alone(event.detail(&format!("passkey: {why}"))).await?;
        Err(AppError::Credential)
    }

    async fn ask(
        &self,
        kind: &'static str,
        account: Option<AccountId>,
        ask: String,
        state: &str,
    ) -> Result<Asked, AppError> {
        let ticket = crate::seal::hex(&self.random::<32>());
        let sealed = self.inner.seal.seal(kind, state.as_bytes(), self.random());
        let ceremony = Ceremony {
            digest: credential::digest(&ticket),
            kind: kind.to_owned(),
            account,
            state: sealed.ok_or_else(|| AppError::Inside("a question could not be sealed".to_owned()))?,
            expires_us: self.now() + ASKED_US,
        };
        let mut tx = self.store().write().await?;
        tx.ceremony_insert(&ceremony, self.now()).await?;
        tx.commit().await?;
        Ok(Asked { ticket, ask })
    }

    /// What was asked, used up; nothing when it was never asked, answered before, or too long ago.
    async fn asked(&self, kind: &str, ticket: &str) -> Result<Option<(Ceremony, String)>, AppError> {
        let mut tx = self.store().write().await?;
        let found = tx.ceremony_use(&credential::digest(ticket), kind, self.now()).await?;
        tx.commit().await?;
        let Some(found) = found else { return Ok(None) };
        let state = self.inner.seal.open(kind, &found.state);
        let state = state.map_err(|error| AppError::Inside(error.to_string()))?;
        let state = String::from_utf8(state).map_err(|error| AppError::Inside(error.to_string()))?;
        Ok(Some((found, state)))
    }
}

/// Whether an account has a passkey.
pub(crate) async fn has_passkey(tx: &mut Tx, account: AccountId) -> Result<bool, AppError> {
    Ok(!tx.passkey_list(account).await?.is_empty())
}

fn handle(account: AccountId) -> Result<u64, AppError> {
    u64::try_from(account.0).map_err(|error| AppError::Inside(error.to_string()))
}

fn late() -> String {
    "answered before, or too late: begin again".to_owned()
}

fn inside(error: &PasskeyError) -> AppError {
    AppError::Inside(error.to_string())
}
