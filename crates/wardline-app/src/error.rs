//! Refusals and failures, in words for the person who meets them.

use thiserror::Error;
use wardline_store::StoreError;

/// Why something was not done.
#[derive(Debug, Error)]
pub enum AppError {
    /// Not permitted, or not there for this caller: which of both is not said.
    #[error("this is not there, or not for you")]
    Hidden,
    /// Who is asking is not known.
    #[error("sign in first")]
    SignIn,
    /// Name, password or code is wrong; which one is not said.
    #[error("name, password or code is not right")]
    Credential,
    /// Too many attempts.
    #[error("too many attempts: wait {seconds} seconds, or ask an administrator for a new link")]
    Locked {
        /// How long nothing is tried.
        seconds: i64,
    },
    /// What was entered cannot be taken.
    #[error("{field}: {why}")]
    Input {
        /// The field.
        field: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// Something in the program or its files is not as it must be.
    #[error("{0}")]
    Inside(String),
    /// The store.
    #[error("the database could not do it")]
    Store(#[from] StoreError),
}
