//! A site's own statements that a vulnerability does not count here.
//!
//! They lie apart from what feeds bring, so that no feed changes or removes one. A statement is never deleted: it ends,
//! by its day or by a person, and stays as what was once decided.

use crate::StoreError;
use crate::tx::{Tx, WriteTx};
use crate::value::Value;

/// Statements that a list gives.
const LIST_MAX: i64 = 100_000;

/// A statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSuppression {
    /// Its id.
    pub id: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// The vendor, by any of its names.
    pub vendor: String,
    /// The product, by any of its names.
    pub product: String,
    /// The versions it was written for, as an advisory writes them; empty for every version.
    pub versions: String,
    /// The site it was written for; empty for every site.
    pub site: String,
    /// One of the justifications of OpenVEX.
    pub justification: String,
    /// Why, in words.
    pub reason: String,
    /// Who says so.
    pub author: String,
    /// The last day it holds, as an RFC 3339 date; empty where it has no end.
    pub until: String,
    /// When it was made, in microseconds since 1970.
    pub made_us: i64,
    /// When a person ended it; 0 while nobody did.
    pub ended_us: i64,
    /// Who ended it.
    pub ended_by: String,
    /// Why.
    pub ended_why: String,
}

impl Tx {
    /// Every statement, the oldest first; those that ended too.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn suppressions(&mut self) -> Result<Vec<StoredSuppression>, StoreError> {
        let sql = format!(
            "SELECT id, vulnerability, vendor, product, versions, site, justification, reason, author, until, made_us, \
             ended_us, ended_by, ended_why FROM suppression ORDER BY made_us, id LIMIT {LIST_MAX}"
        );
        self.all("list suppressions", &sql, &[], |row| {
            Ok(StoredSuppression {
                id: row.text()?,
                vulnerability: row.text()?,
                vendor: row.text()?,
                product: row.text()?,
                versions: row.text()?,
                site: row.text()?,
                justification: row.text()?,
                reason: row.text()?,
                author: row.text()?,
                until: row.text()?,
                made_us: row.int()?,
                ended_us: row.int()?,
                ended_by: row.text()?,
                ended_why: row.text()?,
            })
        })
        .await
    }
}

impl WriteTx {
    /// Keeps a new statement.
    ///
    /// # Errors
    ///
    /// When there is one with that id, or the database fails.
    pub async fn suppression_put(&mut self, one: &StoredSuppression) -> Result<(), StoreError> {
        let sql = "INSERT INTO suppression (id, vulnerability, vendor, product, versions, site, justification, reason, \
                   author, until, made_us, ended_us, ended_by, ended_why) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let values = [
            Value::from(&one.id),
            Value::from(&one.vulnerability),
            Value::from(&one.vendor),
            Value::from(&one.product),
            Value::from(&one.versions),
            Value::from(&one.site),
            Value::from(&one.justification),
            Value::from(&one.reason),
            Value::from(&one.author),
            Value::from(&one.until),
            one.made_us.into(),
            one.ended_us.into(),
            Value::from(&one.ended_by),
            Value::from(&one.ended_why),
        ];
        self.change("keep a suppression", sql, &values).await.map(drop)
    }

    /// Ends a statement. Says whether there was one that nobody had ended.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn suppression_end(
        &mut self,
        id: &str,
        by: &str,
        why: &str,
        at_us: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE suppression SET ended_us = $1, ended_by = $2, ended_why = $3 WHERE id = $4 AND ended_us = 0";
        let values = [at_us.into(), Value::from(by), Value::from(why), Value::from(id)];
        Ok(self.change("end a suppression", sql, &values).await? > 0)
    }
}
