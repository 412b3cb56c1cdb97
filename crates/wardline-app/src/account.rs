//! Accounts as others manage them.

use crate::audit::Event;
use crate::caller::{Caller, Reaches};
use crate::error::AppError;
use crate::{App, credential};
use wardline_authority::{Action, Role};
use wardline_store::{Account, AccountId, Scope};

/// How long a one-time link works.
const LINK_US: i64 = 24 * 3_600 * 1_000_000;

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

    /// A new one-time link for somebody: password, second factor and passkeys are gone, sessions end.
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
        tx.passkey_end_all(account.id).await?;
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
}
