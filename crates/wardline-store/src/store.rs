//! The handle: two concrete pools, opened by address.
//!
//! SQLite has one connection that writes (the database has one write lock anyway, and waiting for it in a queue is
//! kinder than failing) and several that read; the log is written ahead and flushed at every commit, so that what was
//! acknowledged survives a killed process and a lost machine. PostgreSQL has one pool.

use crate::dialect::Dialect;
use crate::tx::{Tx, WriteTx};
use crate::{StoreError, migrate};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{PgPool, SqlitePool};
use std::str::FromStr;
use std::time::Duration;

/// Connections that read SQLite at once: more than the cores of a small machine, few enough for its caches.
const SQLITE_READERS_MAX: u32 = 6;
/// Connections to PostgreSQL: several servers share its hundred.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// How long a caller waits for a connection before it is told that the database is busy.
const ACQUIRE_WAIT: Duration = Duration::from_secs(15);
/// How long SQLite waits for another process (a backup, a person's shell).
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 256;

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
}

#[derive(Clone)]
enum Pools {
    Postgres(PgPool),
    Sqlite { readers: SqlitePool, writer: SqlitePool },
}

impl Store {
    /// Opens the database at an address and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When the address says nothing, the database cannot be reached, or was made by a newer program.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = Self::connect(address).await?;
        migrate::run(&store, None).await?;
        Ok(store)
    }

    /// Opens without touching the schema.
    pub(crate) async fn connect(address: &str) -> Result<Self, StoreError> {
        let pools = if let Some(file) = address.strip_prefix("sqlite:") {
            open_sqlite(file.trim_start_matches("//")).await?
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(address)
                .map_err(|_| StoreError::Address { address: without_password(address) })?
                .application_name("wardline")
                .statement_cache_capacity(STATEMENTS_MAX);
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS_MAX)
                .acquire_timeout(ACQUIRE_WAIT)
                .connect_with(options)
                .await
                .map_err(|error| StoreError::of("open the database", error))?;
            Pools::Postgres(pool)
        } else {
            return Err(StoreError::Address { address: without_password(address) });
        };
        Ok(Self { pools })
    }

    /// Which database this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match &self.pools {
            Pools::Postgres(_) => Dialect::Postgres,
            Pools::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    /// Begins to read one moment of the database.
    ///
    /// # Errors
    ///
    /// When the database is away or busy for too long.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        let begin = self.dialect().begin_read();
        let begun = match &self.pools {
            Pools::Postgres(pool) => pool.begin_with(begin).await.map(Tx::postgres),
            Pools::Sqlite { readers, .. } => readers.begin_with(begin).await.map(Tx::sqlite),
        };
        begun.map_err(|error| StoreError::of("begin to read", error))
    }

    /// Begins to write.
    ///
    /// # Errors
    ///
    /// When the database is away or busy for too long.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let begin = self.dialect().begin_write();
        let begun = match &self.pools {
            Pools::Postgres(pool) => pool.begin_with(begin).await.map(Tx::postgres),
            Pools::Sqlite { writer, .. } => writer.begin_with(begin).await.map(Tx::sqlite),
        };
        begun.map(WriteTx::new).map_err(|error| StoreError::of("begin to write", error))
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

async fn open_sqlite(file: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        .statement_cache_capacity(STATEMENTS_MAX)
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_WAIT)
        .connect_with(options.clone())
        .await
        .map_err(|error| StoreError::of("open the database", error))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS_MAX)
        .acquire_timeout(ACQUIRE_WAIT)
        .connect_with(options.create_if_missing(false).pragma("query_only", "on"))
        .await
        .map_err(|error| StoreError::of("open the database", error))?;
    Ok(Pools::Sqlite { readers, writer })
}

/// An address that may be shown.
fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    match rest.split_once('@') {
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => address.to_owned(),
    }
}

/// An id for a new row: ordered by time, and different for everything made in the same millisecond. 41 bits of
/// milliseconds since 2020 reach to 2089; 22 bits are random.
#[must_use]
pub const fn new_id(now_us: i64, random: u64) -> i64 {
    const EPOCH_US: i64 = 1_577_836_800_000_000;
    let since_ms = if now_us > EPOCH_US { (now_us - EPOCH_US) / 1_000 } else { 0 };
    ((since_ms & ((1 << 41) - 1)) << 22) | (random & ((1 << 22) - 1)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(without_password("postgres://u:secret@h/db"), "postgres://u@h/db");
        assert_eq!(without_password("sqlite:file"), "sqlite:file");
    }

    #[test]
    fn ids_grow_with_time() {
        let (early, late) = (1_700_000_000_000_000, 1_700_000_000_001_000);
        assert!(new_id(early, u64::MAX) < new_id(late, 0));
        assert_ne!(new_id(early, 1), new_id(early, 2));
        assert!(new_id(i64::MAX, u64::MAX) > 0 && new_id(i64::MIN, 0) == 0);
    }
}
