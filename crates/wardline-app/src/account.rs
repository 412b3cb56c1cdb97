//! Accounts, sessions and tokens as others manage them.

use crate::audit::Event;
use crate::caller::{Caller, Reaches};
use crate::error::AppError;
use crate::{App, credential};
use wardline_authority::{Action, Role};
use wardline_store::{Account, AccountId, Scope, Session, Token};

/// How long a one-time link works.
const LINK_US: i64 = 24 * 3_600 * 1_000_000;
/// Longest life of a token, in days.
const TOKEN_DAYS_MAX: i64 = 366;

/// Somebody to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// What is typed to sign in.
    pub name: String,
    /// What is shown.
    pub display_name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// What may be seen.
    pub scope: Scope,
}

/// An account as others may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: i64,
    /// What is typed to sign in.
    pub name: String,
    /// What is shown.
    pub display_name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Whether it has a second factor.
    pub second_factor: bool,
}

impl App {
    /// The one-time link of the first start: makes the first administrator when there is no account at all.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn first_start(&self) -> Result<Option<String>, AppError> {
        let mut tx = self.store().read().await?;
        let empty = tx.account_list().await?.is_empty();
        tx.end().await?;
        if !empty {
            return Ok(None);
        }
        let first = NewAccount {
            name: "admin".to_owned(),
            display_name: "First administrator".to_owned(),
            roles: vec![Role::Administrator],
            scope: Scope::ALL,
        };
        self.account_create(&Caller::console(), &first).await.map(Some)
    }

    /// Lets somebody in: gives the secret of a one-time link.
    ///
    /// # Errors
    ///
    /// [`AppError::Input`] for a name that cannot be one or is taken.
    pub async fn account_create(&self, caller: &Caller, new: &NewAccount) -> Result<String, AppError> {
        self.authorise(caller, Action::AccountWrite, &new.name).await?;
        let name = new.name.trim().to_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if !(1..=64).contains(&name.len()) || !name.chars().all(plain) {
            let why = "1 to 64 letters, digits, dots, dashes, underscores or @".to_owned();
            return Err(AppError::Input { field: "name", why });
        }
        let account = Account {
            id: AccountId(self.new_id()),
            name: name.clone(),
            display_name: new.display_name.trim().chars().take(100).collect(),
            roles: new.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" "),
            reach: Reaches::to_text(&new.scope),
            enabled: true,
            password: None,
            totp: None,
            totp_step: 0,
            failures: 0,
            locked_until_us: 0,
            created_us: self.now(),
        };
        let secret = crate::seal::hex(&self.random::<32>());
        let mut tx = self.store().write().await?;
        if tx.account_named(&name).await?.is_some() {
            return Err(AppError::Input { field: "name", why: "somebody has it already".to_owned() });
        }
        tx.account_save(&account).await?;
        tx.invitation_insert(&credential::digest(&secret), account.id, self.now() + LINK_US).await?;
        let event = Event::by(caller, Action::AccountWrite).object(&name).detail(&account.roles);
        self.audit(&mut tx, event).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// A new one-time link for somebody: password and second factor are gone, sessions end.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when there is no such account.
    pub async fn account_reset(&self, caller: &Caller, name: &str) -> Result<String, AppError> {
        self.authorise(caller, Action::AccountReset, name).await?;
        let secret = crate::seal::hex(&self.random::<32>());
        let mut tx = self.store().write().await?;
        let mut account = tx.account_named(name).await?.ok_or(AppError::Hidden)?;
        account.password = None;
        account.totp = None;
        account.failures = 0;
        account.locked_until_us = 0;
        tx.account_save(&account).await?;
        tx.session_end_all(account.id).await?;
        tx.recovery_set(account.id, &[]).await?;
        tx.invitation_insert(&credential::digest(&secret), account.id, self.now() + LINK_US).await?;
        self.audit(&mut tx, Event::by(caller, Action::AccountReset).object(name)).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Opens or closes an account; a closed one's sessions end at once.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when there is no such account.
    pub async fn account_enable(&self, caller: &Caller, name: &str, enabled: bool) -> Result<(), AppError> {
        self.authorise(caller, Action::AccountWrite, name).await?;
        let mut tx = self.store().write().await?;
        let mut account = tx.account_named(name).await?.ok_or(AppError::Hidden)?;
        account.enabled = enabled;
        tx.account_save(&account).await?;
        if !enabled {
            tx.session_end_all(account.id).await?;
        }
        let detail = if enabled { "opened" } else { "closed" };
        self.audit(&mut tx, Event::by(caller, Action::AccountWrite).object(name).detail(detail)).await?;
        Ok(tx.commit().await?)
    }

    /// Accounts by name.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not.
    pub async fn account_list(&self, caller: &Caller) -> Result<Vec<Person>, AppError> {
        self.authorise(caller, Action::AccountRead, "").await?;
        let mut tx = self.store().read().await?;
        let accounts = tx.account_list().await?;
        tx.end().await?;
        Ok(accounts
            .into_iter()
            .map(|account| Person {
                id: account.id.0,
                roles: crate::signin::roles(&account.roles),
                name: account.name,
                display_name: account.display_name,
                enabled: account.enabled,
                second_factor: account.totp.is_some(),
            })
            .collect())
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
        Ok(sessions)
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

    /// Makes a token of the caller's, with some of the caller's roles and an end. Gives its secret, once.
    ///
    /// # Errors
    ///
    /// [`AppError::Input`] for roles the caller has not, or a life that is none.
    pub async fn token_create(
        &self,
        caller: &Caller,
        name: &str,
        roles: &[Role],
        days: i64,
    ) -> Result<String, AppError> {
        self.authorise(caller, Action::TokenOwn, name).await?;
        if !(1..=TOKEN_DAYS_MAX).contains(&days) {
            return Err(AppError::Input { field: "days", why: format!("1 to {TOKEN_DAYS_MAX}") });
        }
        if roles.is_empty() || roles.iter().any(|role| !caller.roles.contains(role)) {
            return Err(AppError::Input { field: "roles", why: "some of your own, at least one".to_owned() });
        }
        let secret = format!("wardline_{}", crate::seal::hex(&self.random::<32>()));
        let token = Token {
            id: self.new_id(),
            digest: credential::digest(&secret),
            account: caller.account.ok_or(AppError::Hidden)?,
            name: name.trim().chars().take(64).collect(),
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
}
