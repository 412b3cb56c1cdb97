//! The one door: authorise, decide, save, audit, in one transaction.
//!
//! In: a [`Caller`], what is wanted. Out: it, or a refusal that says what to do. Pages, the API, jobs and sensors come
//! through here and nowhere else; nothing above knows the store. Every change is written together with its audit row
//! and what is to be told (outbox); every refusal is audited as well, in a transaction of its own. What is only looked
//! at is not audited, except the audit itself.
//!
//! Time and randomness come with [`Outside`], which the binary provides. Secrets at rest are sealed with a key that
//! stands outside the database ([`Seal`]).

mod account;
mod archive;
mod audit;
mod caller;
mod credential;
mod device;
mod emergency;
mod error;
mod ingest;
mod ledger;
mod need;
mod outside;
mod own;
mod passkey;
mod retention;
mod rules;
mod seal;
mod signin;
#[cfg(test)]
mod tests;
mod totp;

pub use account::{NewAccount, Person};
pub use caller::{Caller, Reaches};
pub use credential::PasswordFault;
pub use emergency::Emergency;
pub use error::AppError;
pub use ingest::{IngestReport, Watch};
pub use ledger::LedgerReport;
pub use need::{JOBS, Need};
pub use outside::{Outside, System};
pub use passkey::{Asked, OwnPasskey};
pub use rules::RoleRule;
pub use seal::{Seal, SealError};
pub use signin::{Entered, SecondStep, SignIn};
pub use wardline_authority::{Action, Role};
pub use wardline_store::{
    ArchiveError, Archived, AuditRow, Cursor, Department, DepartmentId, DeviceFilter, DeviceOrder,
    DeviceRecord, DeviceValue, Elevation, EvidenceRow, LifeCycle, Page, Reach, Rows, Scope, Session, Site,
    SiteId, Stage, Store, StoreError, Token, ValueKind,
};

use std::sync::{Arc, OnceLock};
use wardline_authority::Authority;

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    authority: Authority,
    outside: Box<dyn Outside>,
    seal: Seal,
    /// Compared with when there is no such account, so that guessing names takes as long as guessing passwords.
    decoy: String,
    /// The house as authenticators know it, once its origin is said.
    house: OnceLock<wardline_passkey::House>,
}

impl App {
    /// The use cases over a store.
    ///
    /// # Errors
    ///
    /// When the policies cannot be used.
    pub fn new(store: Store, outside: Box<dyn Outside>, seal: Seal) -> Result<Self, AppError> {
        let authority = Authority::new().map_err(|error| AppError::Inside(error.to_string()))?;
        let mut salt = [0; 16];
        outside.random(&mut salt);
        let decoy = credential::hash("nobody has this password", &salt)?;
        Ok(Self { inner: Arc::new(Inner { store, authority, outside, seal, decoy, house: OnceLock::new() }) })
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.outside.now_us()
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.inner.outside.random(&mut bytes);
        bytes
    }

    pub(crate) fn new_id(&self) -> i64 {
        wardline_store::new_id(self.now(), u64::from_be_bytes(self.random()))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The minute it is, for those who count by it.
    #[must_use]
    pub fn minute(&self) -> i64 {
        self.now() / 60_000_000
    }

    /// Permits or refuses before anything is loaded: a route's need. Use cases ask again for themselves.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`], audited.
    pub async fn permit(&self, caller: &Caller, action: Action) -> Result<(), AppError> {
        self.authorise(caller, action, "").await
    }

    /// Whether the database answers: what the readiness check asks.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ready(&self) -> Result<(), AppError> {
        let mut tx = self.store().read().await?;
        tx.site_list(&Scope::nothing()).await?;
        Ok(tx.end().await?)
    }
}
