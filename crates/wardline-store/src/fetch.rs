//! Sources that are fetched: how the last time went, and where what was taken in came from.

use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};

/// Sources that a list gives.
const SOURCES_MAX: i64 = 10_000;

/// A source and how fetching it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnowledgeSource {
    /// Its name.
    pub name: String,
    /// Where it is fetched.
    pub address: String,
    /// When it was tried last.
    pub tried_us: i64,
    /// When everything of it was here last; 0 when never.
    pub success_us: i64,
    /// What went wrong the last time; empty when nothing did.
    pub problem: String,
    /// Until when its changes are here, as the source counts; empty where it does not.
    pub reached: String,
}

/// A file that was fetched and taken in whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnowledgeFetch {
    /// Where it was fetched; the records' file.
    pub address: String,
    /// The source's name.
    pub source: String,
    /// `ETag`, as the server sent it.
    pub etag: String,
    /// `Last-Modified`, as the server sent it.
    pub modified: String,
    /// When it was changed last, as the source's list says.
    pub listed: String,
    /// SHA-256 of it.
    pub digest: Vec<u8>,
    /// What its signature and hash say; empty where there are none by design.
    pub signature: String,
    /// When it was fetched.
    pub fetched_us: i64,
}

impl Tx {
    /// Every source that was ever fetched.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_sources(&mut self) -> Result<Vec<KnowledgeSource>, StoreError> {
        let sql = format!(
            "SELECT name, address, tried_us, success_us, problem, reached FROM knowledge_source ORDER BY name LIMIT {SOURCES_MAX}"
        );
        self.all("list sources", &sql, &[], read_source).await
    }

    /// One source; nothing when it was never fetched.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_source(&mut self, name: &str) -> Result<Option<KnowledgeSource>, StoreError> {
        let sql = "SELECT name, address, tried_us, success_us, problem, reached FROM knowledge_source WHERE name = $1";
        self.one("find a source", sql, &[name.into()], read_source).await
    }

    /// What was fetched from an address and taken in; nothing when nothing was.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_fetch(&mut self, address: &str) -> Result<Option<KnowledgeFetch>, StoreError> {
        let sql = "SELECT address, source, etag, modified, listed, digest, signature, fetched_us \
                   FROM knowledge_fetch WHERE address = $1";
        self.one("find a fetched file", sql, &[address.into()], |row| {
            Ok(KnowledgeFetch {
                address: row.text()?,
                source: row.text()?,
                etag: row.text()?,
                modified: row.text()?,
                listed: row.text()?,
                digest: row.blob()?,
                signature: row.text()?,
                fetched_us: row.int()?,
            })
        })
        .await
    }
}

impl WriteTx {
    /// Remembers how fetching a source went.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_source_put(&mut self, source: &KnowledgeSource) -> Result<(), StoreError> {
        let sql = "INSERT INTO knowledge_source (name, address, tried_us, success_us, problem, reached) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET address = excluded.address, \
                   tried_us = excluded.tried_us, success_us = excluded.success_us, problem = excluded.problem, \
                   reached = excluded.reached";
        let values = [
            Value::from(&source.name),
            Value::from(&source.address),
            source.tried_us.into(),
            source.success_us.into(),
            Value::from(&source.problem),
            Value::from(&source.reached),
        ];
        self.change("remember a source", sql, &values).await.map(drop)
    }

    /// Remembers that a file was fetched and taken in whole.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_fetch_put(&mut self, fetch: &KnowledgeFetch) -> Result<(), StoreError> {
        let sql = "INSERT INTO knowledge_fetch (address, source, etag, modified, listed, digest, signature, fetched_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (address) DO UPDATE SET source = excluded.source, \
             etag = excluded.etag, modified = excluded.modified, listed = excluded.listed, digest = excluded.digest, \
             signature = excluded.signature, fetched_us = excluded.fetched_us";
        let values = [
            Value::from(&fetch.address),
            Value::from(&fetch.source),
            Value::from(&fetch.etag),
            Value::from(&fetch.modified),
            Value::from(&fetch.listed),
            Value::from(&fetch.digest),
            Value::from(&fetch.signature),
            fetch.fetched_us.into(),
        ];
        self.change("remember a fetched file", sql, &values).await.map(drop)
    }
}

fn read_source(row: &mut Row) -> Result<KnowledgeSource, StoreError> {
    Ok(KnowledgeSource {
        name: row.text()?,
        address: row.text()?,
        tried_us: row.int()?,
        success_us: row.int()?,
        problem: row.text()?,
        reached: row.text()?,
    })
}
