//! What can go wrong with a database, told so that the caller knows whether to try again.

use thiserror::Error;

/// A failed operation on the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The address names no database that we know.
    #[error("`{address}` names no database: write sqlite:FILE or postgres://USER@HOST/NAME")]
    Address {
        /// What was given, without its password.
        address: String,
    },
    /// The rule that something is there only once was broken.
    #[error("{what}: already there")]
    Conflict {
        /// The operation.
        what: &'static str,
    },
    /// The database holds something that this program would never have written.
    #[error("{what}: the database holds what cannot be read: {why}")]
    Damaged {
        /// The operation.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The schema is not one that this program can work with.
    #[error("the database's schema cannot be used: {why}")]
    Schema {
        /// What is wrong and what to do.
        why: String,
    },
    /// The database refused or could not be reached.
    #[error("{what}: the database failed")]
    Sql {
        /// The operation.
        what: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// An error of the driver, as what it means.
    pub(crate) fn of(what: &'static str, source: sqlx::Error) -> Self {
        match source.as_database_error() {
            Some(error) if error.is_unique_violation() => Self::Conflict { what },
            _ => Self::Sql { what, source },
        }
    }

    /// Whether the same operation may succeed a little later: the database was away, busy or in a conflict.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        let Self::Sql { source, .. } = self else { return false };
        match source {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => {
                // SQLite: busy (5), locked (6), full (13). PostgreSQL: serialisation, deadlock, shutdown, no space.
                let code = error.code().unwrap_or_default();
                let sqlite = code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 13));
                let postgres = ["40001", "40P01", "53100", "53300", "57P01", "57P02", "57P03"];
                (code.len() < 5 && sqlite) || postgres.contains(&code.as_ref())
            }
            _ => false,
        }
    }
}
