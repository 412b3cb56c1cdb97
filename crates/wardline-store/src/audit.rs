//! What was done and refused, the ledger over it, the outbox, and leases.
//!
//! An audit row is written in the transaction of its action. Whoever holds the lease of the sequencer gives rows their
//! positions in the ledger afterwards, in the order of their ids; the row's digest is the leaf's entry.

use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id, ordered by time.
    pub id: i64,
    /// When.
    pub at_us: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// How it went: `done`, `denied`, `failed`.
    pub outcome: String,
    /// The whole record as text with its salt; absent once it was erased.
    pub record: Option<String>,
    /// SHA-256 of the record.
    pub digest: Vec<u8>,
    /// Where it stands in the ledger; absent until it was sequenced.
    pub position: Option<i64>,
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: i64,
    /// What sort.
    pub topic: String,
    /// What.
    pub body: String,
    /// When it was decided.
    pub created_us: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_us: i64,
}

const AUDIT: &str = "SELECT id, at_us, actor, action, outcome, record, digest, position FROM audit";

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl Tx {
    /// The latest rows before a time and id, newest first.
    pub async fn audit_list(
        &mut self,
        before: Option<(i64, i64)>,
        rows: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let (at, id) = before.unwrap_or((i64::MAX, i64::MAX));
        let rows = rows.clamp(1, crate::PAGE_ROWS_MAX);
        let sql = format!("{AUDIT} WHERE (at_us, id) < ($1, $2) ORDER BY at_us DESC, id DESC LIMIT {rows}");
        self.all("list the audit", &sql, &[at.into(), id.into()], read_audit).await
    }

    /// Rows without position, in the order of their ids.
    pub async fn audit_unsequenced(&mut self, rows: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = format!("{AUDIT} WHERE position IS NULL ORDER BY id LIMIT {rows}");
        self.all("list the tail", &sql, &[], read_audit).await
    }

    /// Rows from a position on, in the order of the ledger.
    pub async fn audit_sequenced(&mut self, from: i64, rows: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = format!("{AUDIT} WHERE position >= $1 ORDER BY position LIMIT {rows}");
        self.all("read the ledger", &sql, &[from.into()], read_audit).await
    }

    /// Nodes of a level from a number on.
    pub async fn ledger_nodes(
        &mut self,
        level: u32,
        from: i64,
        count: u32,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let sql = format!(
            "SELECT number, hash FROM ledger_node WHERE level = $1 AND number >= $2 ORDER BY number LIMIT {count}"
        );
        let read = |row: &mut Row| Ok((row.int()?, row.blob()?));
        self.all("read nodes", &sql, &[level.into(), from.into()], read).await
    }

    /// The latest checkpoint: its size and its note.
    pub async fn ledger_checkpoint(&mut self) -> Result<Option<(i64, String)>, StoreError> {
        let sql = "SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1";
        self.one("read the checkpoint", sql, &[], |row| Ok((row.int()?, row.text()?))).await
    }

    /// What is due to be told, oldest first.
    pub async fn outbox_due(&mut self, now_us: i64, rows: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = format!(
            "SELECT id, topic, body, created_us, attempts, next_us FROM outbox WHERE next_us <= $1 \
             ORDER BY next_us, id LIMIT {rows}"
        );
        let read = |row: &mut Row| {
            Ok(OutboxRow {
                id: row.int()?,
                topic: row.text()?,
                body: row.text()?,
                created_us: row.int()?,
                attempts: row.int()?,
                next_us: row.int()?,
            })
        };
        self.all("read the outbox", &sql, &[now_us.into()], read).await
    }
}

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl WriteTx {
    /// Enters a row, without position.
    pub async fn audit_insert(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (id, at_us, actor, action, outcome, record, digest) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            row.id.into(),
            row.at_us.into(),
            Value::from(&row.actor),
            Value::from(&row.action),
            Value::from(&row.outcome),
            row.record.as_deref().into(),
            row.digest.as_slice().into(),
        ];
        self.change("write the audit", sql, &values).await.map(drop)
    }

    /// Gives a row its position.
    pub async fn audit_place(&mut self, id: i64, position: i64) -> Result<(), StoreError> {
        let sql = "UPDATE audit SET position = $1 WHERE id = $2 AND position IS NULL";
        match self.change("sequence a row", sql, &[position.into(), id.into()]).await? {
            1 => Ok(()),
            _ => Err(StoreError::Conflict { what: "sequence a row" }),
        }
    }

    /// Keeps complete nodes of the tree.
    pub async fn ledger_insert(&mut self, nodes: &[(u32, i64, Vec<u8>)]) -> Result<(), StoreError> {
        let values: Vec<Value<'_>> = nodes
            .iter()
            .flat_map(|(level, number, hash)| [(*level).into(), (*number).into(), hash.as_slice().into()])
            .collect();
        self.bulk("keep nodes", "INSERT INTO ledger_node (level, number, hash)", 3, "", &values)
            .await
            .map(drop)
    }

    /// Keeps a checkpoint.
    pub async fn ledger_sign(&mut self, size: i64, at_us: i64, note: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO ledger_checkpoint (size, at_us, note) VALUES ($1, $2, $3)";
        self.change("keep a checkpoint", sql, &[size.into(), at_us.into(), note.into()]).await.map(drop)
    }

    /// Puts something into the outbox.
    pub async fn outbox_insert(&mut self, row: &OutboxRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO outbox (id, topic, body, created_us, attempts, next_us) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            row.id.into(),
            Value::from(&row.topic),
            Value::from(&row.body),
            row.created_us.into(),
            row.attempts.into(),
            row.next_us.into(),
        ];
        self.change("write the outbox", sql, &values).await.map(drop)
    }

    /// Takes something that was told out of the outbox: `false` when somebody else did.
    pub async fn outbox_done(&mut self, id: i64) -> Result<bool, StoreError> {
        Ok(self.change("clear the outbox", "DELETE FROM outbox WHERE id = $1", &[id.into()]).await? == 1)
    }

    /// Takes or renews a lease: `false` while somebody else has it.
    pub async fn lease_take(
        &mut self,
        name: &str,
        owner: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO lease (name, owner, until_us) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
                   owner = excluded.owner, until_us = excluded.until_us \
                   WHERE lease.owner = excluded.owner OR lease.until_us <= $4";
        let values = [name.into(), owner.into(), until_us.into(), now_us.into()];
        Ok(self.change("take a lease", sql, &values).await? == 1)
    }
}

fn read_audit(row: &mut Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: row.int()?,
        at_us: row.int()?,
        actor: row.text()?,
        action: row.text()?,
        outcome: row.text()?,
        record: row.text_opt()?,
        digest: row.blob()?,
        position: row.int_opt()?,
    })
}
