//! Knowledge of vulnerabilities: records as their sources gave them, found by product.
//!
//! A record keeps its text (packed by the caller), its digest and where it came from: file and place. Several records
//! of a batch are put at once; what is put replaces the record of that source and id, and its products with it. The
//! text is kept and not what was read out of it, so that a better reader needs no new import.

use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};
use std::fmt::Write as _;

/// Records asked for at once.
pub const KNOWLEDGE_BATCH_MAX: usize = 500;
/// Products of one maker that a list gives.
const PRODUCTS_MAX: i64 = 100_000;

/// A record of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeRecord {
    /// The kind of document: `csaf`, `nvd`.
    pub source: String,
    /// Its id within the source.
    pub id: String,
    /// Digest of its text.
    pub digest: Vec<u8>,
    /// Its text, packed.
    pub body: Vec<u8>,
    /// When the source changed it last, as written; empty where not told.
    pub updated: String,
    /// The file it came in.
    pub file: String,
    /// Where in the file.
    pub place: String,
    /// When it was taken in.
    pub imported_us: i64,
    /// The products it speaks of: maker's key and product's key.
    pub products: Vec<(String, String)>,
}

/// What tells whether a record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeMark {
    /// Its id.
    pub id: String,
    /// Digest of its text.
    pub digest: Vec<u8>,
    /// When the source changed it last.
    pub updated: String,
    /// The file it came in.
    pub file: String,
}

/// A file that was taken in whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeFile {
    /// Digest of its bytes.
    pub digest: Vec<u8>,
    /// Its name.
    pub file: String,
    /// The kind of document.
    pub kind: String,
    /// Records in it.
    pub records: i64,
    /// When it was taken in.
    pub imported_us: i64,
}

/// How fresh a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeFeed {
    /// The kind of document.
    pub source: String,
    /// The newest date that the source tells of itself.
    pub dated: String,
    /// When it was last taken in or found unchanged.
    pub checked_us: i64,
    /// What went wrong the last time; empty when nothing did.
    pub problem: String,
    /// Records of it.
    pub records: i64,
}

/// A person's word on two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeAlias {
    /// The product's key.
    pub product: String,
    /// The other key.
    pub other: String,
    /// Whether they are one product.
    pub same: bool,
    /// Who says so.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub decided_us: i64,
}

fn places(count: usize, first: usize) -> String {
    let mut text = String::new();
    for place in 0..count {
        let _ = write!(text, "{}${}", if place == 0 { "" } else { "," }, place + first);
    }
    text
}

impl Tx {
    /// What tells whether the records of a source changed, of those ids that are known; at most
    /// [`KNOWLEDGE_BATCH_MAX`] ids.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_marks(
        &mut self,
        source: &str,
        ids: &[&str],
    ) -> Result<Vec<KnowledgeMark>, StoreError> {
        let ids = ids.get(..KNOWLEDGE_BATCH_MAX).unwrap_or(ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id, digest, updated, file FROM knowledge_record WHERE source = $1 AND id IN ({})",
            places(ids.len(), 2)
        );
        let values: Vec<Value<'_>> =
            std::iter::once(source).chain(ids.iter().copied()).map(Value::from).collect();
        self.all("compare records", &sql, &values, |row| {
            Ok(KnowledgeMark {
                id: row.text()?,
                digest: row.blob()?,
                updated: row.text()?,
                file: row.text()?,
            })
        })
        .await
    }

    /// The records that speak of any of the products; at most [`KNOWLEDGE_BATCH_MAX`] products.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_of_products(
        &mut self,
        products: &[&str],
    ) -> Result<Vec<KnowledgeRecord>, StoreError> {
        let products = products.get(..KNOWLEDGE_BATCH_MAX).unwrap_or(products);
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT source, id, digest, body, updated, file, place, imported_us FROM knowledge_record \
             WHERE (source, id) IN (SELECT source, id FROM knowledge_product WHERE product IN ({})) \
             ORDER BY source, id",
            places(products.len(), 1)
        );
        let values: Vec<Value<'_>> = products.iter().copied().map(Value::from).collect();
        self.all("find records by product", &sql, &values, read_record).await
    }

    /// The records of a source with those ids; at most [`KNOWLEDGE_BATCH_MAX`] ids.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_of_ids(
        &mut self,
        source: &str,
        ids: &[&str],
    ) -> Result<Vec<KnowledgeRecord>, StoreError> {
        let ids = ids.get(..KNOWLEDGE_BATCH_MAX).unwrap_or(ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT source, id, digest, body, updated, file, place, imported_us FROM knowledge_record \
             WHERE source = $1 AND id IN ({}) ORDER BY id",
            places(ids.len(), 2)
        );
        let values: Vec<Value<'_>> =
            std::iter::once(source).chain(ids.iter().copied()).map(Value::from).collect();
        self.all("find records by id", &sql, &values, read_record).await
    }

    /// Records after that source and id, in their order: everything, a batch at a time.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_after(
        &mut self,
        source: &str,
        id: &str,
    ) -> Result<Vec<KnowledgeRecord>, StoreError> {
        let sql = format!(
            "SELECT source, id, digest, body, updated, file, place, imported_us FROM knowledge_record \
             WHERE (source, id) > ($1, $2) ORDER BY source, id LIMIT {KNOWLEDGE_BATCH_MAX}"
        );
        self.all("list records", &sql, &[source.into(), id.into()], read_record).await
    }

    /// The products of a maker of which anything is known.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_products_of(&mut self, maker: &str) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT product FROM knowledge_product WHERE maker = $1 ORDER BY product LIMIT {PRODUCTS_MAX}"
        );
        self.all("list products", &sql, &[maker.into()], |row| row.text()).await
    }

    /// The file of that digest, when it was taken in whole.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_file(&mut self, digest: &[u8]) -> Result<Option<KnowledgeFile>, StoreError> {
        let sql = "SELECT digest, file, kind, records, imported_us FROM knowledge_file WHERE digest = $1";
        self.one("find a file", sql, &[digest.into()], |row| {
            Ok(KnowledgeFile {
                digest: row.blob()?,
                file: row.text()?,
                kind: row.text()?,
                records: row.int()?,
                imported_us: row.int()?,
            })
        })
        .await
    }

    /// Every source with its age and how many records it has.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_feeds(&mut self) -> Result<Vec<KnowledgeFeed>, StoreError> {
        let sql = "SELECT source, dated, checked_us, problem, (SELECT count(*) FROM knowledge_record r \
                   WHERE r.source = f.source) FROM knowledge_feed f ORDER BY source";
        self.all("list sources", sql, &[], |row| {
            Ok(KnowledgeFeed {
                source: row.text()?,
                dated: row.text()?,
                checked_us: row.int()?,
                problem: row.text()?,
                records: row.int()?,
            })
        })
        .await
    }

    /// What people said of names.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_aliases(&mut self) -> Result<Vec<KnowledgeAlias>, StoreError> {
        let sql = format!(
            "SELECT product, other, same, person, reason, decided_us FROM knowledge_alias ORDER BY product, other LIMIT {PRODUCTS_MAX}"
        );
        self.all("list names", &sql, &[], |row| {
            Ok(KnowledgeAlias {
                product: row.text()?,
                other: row.text()?,
                same: row.truth()?,
                person: row.text()?,
                reason: row.text()?,
                decided_us: row.int()?,
            })
        })
        .await
    }
}

impl WriteTx {
    /// Puts records, each in place of the one of its source and id. No two of a call have the same source and id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_put(&mut self, records: &[KnowledgeRecord]) -> Result<(), StoreError> {
        for chunk in records.chunks(KNOWLEDGE_BATCH_MAX) {
            let values: Vec<Value<'_>> = chunk.iter().flat_map(record_values).collect();
            self.bulk(
                "keep records",
                "INSERT INTO knowledge_record (source, id, digest, body, updated, file, place, imported_us)",
                8,
                "ON CONFLICT (source, id) DO UPDATE SET digest = excluded.digest, body = excluded.body, \
                 updated = excluded.updated, file = excluded.file, place = excluded.place, \
                 imported_us = excluded.imported_us",
                &values,
            )
            .await?;
            self.knowledge_products_put(chunk).await?;
        }
        Ok(())
    }

    async fn knowledge_products_put(&mut self, records: &[KnowledgeRecord]) -> Result<(), StoreError> {
        let mut by_source: std::collections::BTreeMap<&str, Vec<Value<'_>>> =
            std::collections::BTreeMap::new();
        for record in records {
            by_source.entry(&record.source).or_default().push(Value::from(&record.id));
        }
        for (source, ids) in by_source {
            let sql = format!(
                "DELETE FROM knowledge_product WHERE source = $1 AND id IN ({})",
                places(ids.len(), 2)
            );
            let values: Vec<Value<'_>> = std::iter::once(Value::from(source)).chain(ids).collect();
            self.change("forget products", &sql, &values).await?;
        }
        let values: Vec<Value<'_>> = records
            .iter()
            .flat_map(|record| {
                record.products.iter().flat_map(|(maker, product)| {
                    [
                        Value::from(product),
                        Value::from(&record.source),
                        Value::from(&record.id),
                        Value::from(maker),
                    ]
                })
            })
            .collect();
        if !values.is_empty() {
            let head = "INSERT INTO knowledge_product (product, source, id, maker)";
            self.bulk("keep products", head, 4, "ON CONFLICT DO NOTHING", &values).await?;
        }
        Ok(())
    }

    /// Remembers that a file was taken in whole.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_file_put(&mut self, file: &KnowledgeFile) -> Result<(), StoreError> {
        let sql = "INSERT INTO knowledge_file (digest, file, kind, records, imported_us) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (digest) DO UPDATE SET file = excluded.file, imported_us = excluded.imported_us";
        let values = [
            Value::from(&file.digest),
            Value::from(&file.file),
            Value::from(&file.kind),
            file.records.into(),
            file.imported_us.into(),
        ];
        self.change("remember a file", sql, &values).await.map(drop)
    }

    /// Forgets that a file was taken in whole: another one has changed its records.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_file_forget(&mut self, file: &str) -> Result<(), StoreError> {
        self.change("forget a file", "DELETE FROM knowledge_file WHERE file = $1", &[file.into()])
            .await
            .map(drop)
    }

    /// Remembers how fresh a source is.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_feed_put(
        &mut self,
        source: &str,
        dated: &str,
        checked_us: i64,
        problem: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO knowledge_feed (source, dated, checked_us, problem) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (source) DO UPDATE SET checked_us = excluded.checked_us, problem = excluded.problem, \
                   dated = CASE WHEN excluded.dated > knowledge_feed.dated THEN excluded.dated \
                   ELSE knowledge_feed.dated END";
        let values = [source.into(), dated.into(), checked_us.into(), problem.into()];
        self.change("remember a source", sql, &values).await.map(drop)
    }

    /// Keeps a person's word on two names.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn knowledge_alias_put(&mut self, alias: &KnowledgeAlias) -> Result<(), StoreError> {
        let sql = "INSERT INTO knowledge_alias (product, other, same, person, reason, decided_us) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (product, other) DO UPDATE SET same = excluded.same, \
                   person = excluded.person, reason = excluded.reason, decided_us = excluded.decided_us";
        let values = [
            Value::from(&alias.product),
            Value::from(&alias.other),
            alias.same.into(),
            Value::from(&alias.person),
            Value::from(&alias.reason),
            alias.decided_us.into(),
        ];
        self.change("keep a word on names", sql, &values).await.map(drop)
    }
}

fn record_values(record: &KnowledgeRecord) -> [Value<'_>; 8] {
    [
        Value::from(&record.source),
        Value::from(&record.id),
        Value::from(&record.digest),
        Value::from(&record.body),
        Value::from(&record.updated),
        Value::from(&record.file),
        Value::from(&record.place),
        record.imported_us.into(),
    ]
}

fn read_record(row: &mut Row) -> Result<KnowledgeRecord, StoreError> {
    Ok(KnowledgeRecord {
        source: row.text()?,
        id: row.text()?,
        digest: row.blob()?,
        body: row.blob()?,
        updated: row.text()?,
        file: row.text()?,
        place: row.text()?,
        imported_us: row.int()?,
        products: Vec::new(),
    })
}
