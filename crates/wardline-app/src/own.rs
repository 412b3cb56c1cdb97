//! What is one's own: the password, the sessions, the tokens.

use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use crate::{App, credential};
use wardline_authority::{Action, Role};
use wardline_store::{Account, AccountId, Session, Token};

/// Longest life of a token, in days.
const TOKEN_DAYS_MAX: i64 = 366;

impl App {
    /// The account of a person in a session; a token is none, so that it cannot make itself last.
    pub(crate) async fn own(&self, caller: &Caller) -> Result<AccountId, AppError> {
        self.authorise(caller, Action::CredentialOwn, "").await?;
        caller.account.filter(|_| caller.session.is_some()).ok_or(AppError::Hidden)
    }

    /// The caller's account, when the password is right. A wrong one counts like one at the door.
    pub(crate) async fn confirm(&self, caller: &Caller, password: &str) -> Result<Account, AppError> {
        let id = self.own(caller).await?;
        let mut tx = self.store().read().await?;
        let account = tx.account_find(id).await?.ok_or(AppError::Hidden)?;
        tx.end().await?;
        self.not_locked(&account)?;
        let kept = account.password.clone().unwrap_or_else(|| self.inner.decoy.clone());
        if self.verify(password, kept).await? && account.password.is_some() {
            return Ok(account);
        }
        let mut tx = self.store().write().await?;
        self.failed(&mut tx, id).await?;
        let event = Event::by(caller, Action::CredentialOwn).outcome("denied");
        self.audit(&mut tx, event.detail("wrong password")).await?;
        tx.commit().await?;
        Err(AppError::Credential)
    }

    /// A new password for the caller. Their other sessions end.
    ///
    /// # Errors
    ///
    /// [`AppError::Credential`] or [`AppError::Locked`] for the old one, [`AppError::Input`] for a weak new one.
    pub async fn password_change(&self, caller: &Caller, old: &str, new: &str) -> Result<(), AppError> {
        let mut account = self.confirm(caller, old).await?;
        let session = caller.session.ok_or(AppError::Hidden)?;
        if old == new {
            return Err(AppError::Input { field: "password", why: "it is the one you have".to_owned() });
        }
        account.password = Some(self.new_password(new, &account)?);
        account.failures = 0;
        let mut tx = self.store().write().await?;
        tx.account_save(&account).await?;
        tx.session_end_others(account.id, session).await?;
        let event = Event::by(caller, Action::CredentialOwn).detail("password changed");
        self.audit(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// The caller's own sessions.
    ///
    /// # Errors
    ///
    /// [`AppError::SignIn`] for who has none.
    pub async fn session_list(&self, caller: &Caller) -> Result<Vec<Session>, AppError> {
        self.authorise(caller, Action::SessionOwn, "").await?;
        let mut tx = self.store().read().await?;
        let sessions = tx.session_list(caller.account.ok_or(AppError::SignIn)?).await?;
        tx.end().await?;
        let now = self.now();
        Ok(sessions.into_iter().filter(|one| crate::signin::holds(one, now)).collect())
    }

    /// Ends one of the caller's own sessions.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when it is not one.
    pub async fn session_end(&self, caller: &Caller, id: i64) -> Result<(), AppError> {
        self.authorise(caller, Action::SessionOwn, "").await?;
        let mut tx = self.store().write().await?;
        if !tx.session_end(caller.account.ok_or(AppError::SignIn)?, id).await? {
            return Err(AppError::Hidden);
        }
        self.audit(&mut tx, Event::by(caller, Action::SessionOwn).detail("session ended")).await?;
        Ok(tx.commit().await?)
    }

    /// Ends every session of the caller's but the one they are in.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who is in none.
    pub async fn session_end_others(&self, caller: &Caller) -> Result<(), AppError> {
        let account = self.own(caller).await?;
        let session = caller.session.ok_or(AppError::Hidden)?;
        let mut tx = self.store().write().await?;
        let ended = tx.session_end_others(account, session).await?;
        let event = Event::by(caller, Action::SessionOwn).detail(&format!("{ended} other sessions ended"));
        self.audit(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// The caller's tokens, newest first.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may have none.
    pub async fn token_list(&self, caller: &Caller) -> Result<Vec<Token>, AppError> {
        self.authorise(caller, Action::TokenOwn, "").await?;
        let account = self.own(caller).await?;
        let mut tx = self.store().read().await?;
        let tokens = tx.token_list(account).await?;
        tx.end().await?;
        Ok(tokens)
    }

    /// Makes a token of the caller's, with some of the caller's roles and an end. Gives its secret, once.
    ///
    /// # Errors
    ///
    /// [`AppError::Input`] for roles the caller has not, or a life that is none; [`AppError::Hidden`] for a token.
    pub async fn token_create(
        &self,
        caller: &Caller,
        name: &str,
        roles: &[Role],
        days: i64,
    ) -> Result<String, AppError> {
        self.authorise(caller, Action::TokenOwn, name).await?;
        let account = self.own(caller).await?;
        if !(1..=TOKEN_DAYS_MAX).contains(&days) {
            return Err(AppError::Input { field: "days", why: format!("1 to {TOKEN_DAYS_MAX}") });
        }
        if roles.is_empty() || roles.iter().any(|role| !caller.roles.contains(role)) {
            return Err(AppError::Input { field: "roles", why: "some of your own, at least one".to_owned() });
        }
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
        if name.is_empty() {
            return Err(AppError::Input { field: "name", why: "say what the token is for".to_owned() });
        }
        let secret = format!("wardline_{}", crate::seal::hex(&self.random::<32>()));
        let token = Token {
            id: self.new_id(),
            digest: credential::digest(&secret),
            account,
            name,
            roles: roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" "),
            created_us: self.now(),
            expires_us: self.now() + days * 86_400_000_000,
            last_us: 0,
        };
        let mut tx = self.store().write().await?;
        tx.token_insert(&token).await?;
        self.audit(&mut tx, Event::by(caller, Action::TokenOwn).object(&token.name).detail(&token.roles))
            .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Ends one of the caller's tokens, at once.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when it is not one.
    pub async fn token_end(&self, caller: &Caller, id: i64) -> Result<(), AppError> {
        self.authorise(caller, Action::TokenOwn, "").await?;
        let account = self.own(caller).await?;
        let mut tx = self.store().write().await?;
        if !tx.token_end(account, id).await? {
            return Err(AppError::Hidden);
        }
        let event = Event::by(caller, Action::TokenOwn).object(&id.to_string()).detail("ended");
        self.audit(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }
}
