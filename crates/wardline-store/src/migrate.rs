//! The schema's history: numbered texts, applied once each, in order, forward only.
//!
//! Each text runs in a transaction of its own together with the row that remembers it. That row keeps the digest of
//! the text: a database whose history is not ours, or is longer than ours, is refused and left alone.

use crate::dialect::Dialect;
use crate::store::Store;
use crate::tx::WriteTx;
use crate::{Row, StoreError};
use sha2::{Digest, Sha256};

/// A step of the schema.
pub(crate) struct Migration {
    /// From 1, without gaps.
    pub(crate) number: i64,
    /// What it adds.
    pub(crate) title: &'static str,
    /// Statements, in SQLite's words.
    pub(crate) text: &'static str,
}

macro_rules! migrations {
    ($($number:literal $title:literal,)+) => {
        &[$(Migration {
            number: $number,
            title: $title,
            text: include_str!(concat!("../migrations/", $title, ".sql")),
        },)+]
    };
}

/// All of them. A landed one is never edited.
pub(crate) const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_sites_and_devices",
    2 "0002_accounts_and_audit",
    3 "0003_evidence_and_conversations",
    4 "0004_knowledge",
    5 "0005_suppressions",
    6 "0006_feeds",
    7 "0007_doors",
};

const REMEMBER: &str = "CREATE TABLE IF NOT EXISTS migration (\n  number INT NOT NULL PRIMARY KEY,\n  \
                        title TEXT NOT NULL,\n  digest BLOB NOT NULL\n) STRICT";
/// A number that PostgreSQL's advisory lock knows us by: `ward` in ASCII.
const LOCK: i64 = 0x7761_7264;

/// The last step that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |last| last.number)
}

/// The last step that a database has taken; 0 when it is new.
pub(crate) async fn reached(store: &Store) -> Result<i64, StoreError> {
    let mut tx = store.write().await?;
    let known = history(&mut tx).await?;
    tx.commit().await?;
    Ok(known.iter().map(|(number, _)| *number).max().unwrap_or(0))
}

/// Applies what is missing, up to `until` (a test's way to stop early).
pub(crate) async fn run(store: &Store, until: Option<i64>) -> Result<(), StoreError> {
    for migration in MIGRATIONS.iter().filter(|migration| until.is_none_or(|until| migration.number <= until))
    {
        let mut tx = store.write().await?;
        lock(&mut tx).await?;
        let known = history(&mut tx).await?;
        if let Some(last) = known.iter().map(|(number, _)| *number).max()
            && last > newest()
        {
            let why =
                format!("a newer program wrote it (step {last}); install that one or restore an archive");
            return Err(StoreError::Schema { why });
        }
        let digest = Sha256::digest(migration.text.as_bytes()).to_vec();
        match known.iter().find(|(number, _)| *number == migration.number) {
            Some((_, applied)) if *applied == digest => {}
            Some(_) => {
                let why = format!("step {} is not the one this program knows", migration.title);
                return Err(StoreError::Schema { why });
            }
            None => apply(&mut tx, migration, &digest).await?,
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn lock(tx: &mut WriteTx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        tx.rows("lock the schema", "SELECT 1 FROM pg_advisory_xact_lock($1)", &[LOCK.into()]).await?;
    }
    Ok(())
}

async fn history(tx: &mut WriteTx) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    for statement in tx.dialect().schema(REMEMBER) {
        tx.define("remember migrations", statement).await?;
    }
    let read = |row: &mut Row| Ok((row.int()?, row.blob()?));
    tx.all("list migrations", "SELECT number, digest FROM migration ORDER BY number", &[], read).await
}

async fn apply(tx: &mut WriteTx, migration: &Migration, digest: &[u8]) -> Result<(), StoreError> {
    for statement in tx.dialect().schema(migration.text) {
        tx.define(migration.title, statement).await?;
    }
    let sql = "INSERT INTO migration (number, title, digest) VALUES ($1, $2, $3)";
    tx.change("remember a migration", sql, &[migration.number.into(), migration.title.into(), digest.into()])
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (at, migration) in (1i64..).zip(MIGRATIONS) {
            assert_eq!(migration.number, at);
            assert!(migration.title.starts_with(&format!("{at:04}_")), "{}", migration.title);
        }
    }
}
