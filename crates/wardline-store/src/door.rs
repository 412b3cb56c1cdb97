//! Further ways in: passkeys, what was asked of a browser, rules of roles.
//!
//! A ceremony (what was asked) is taken out by its first answer, so that no answer counts twice.

use crate::account::AccountId;
use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};

/// A passkey of an account (W3C WebAuthn, "public key credential source" as the server keeps it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// The authenticator's name for it.
    pub credential: Vec<u8>,
    /// Its owner's name for it.
    pub name: String,
    /// Public key and what else its checks need, as the application writes it.
    pub content: String,
    /// Signatures made, as far as the authenticator counts them; 0 when it does not.
    pub counter: i64,
    /// When it was made.
    pub created_us: i64,
    /// Last used; 0 when never.
    pub last_us: i64,
}

/// What was asked of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// SHA-256 of what the browser sends back with its answer.
    pub digest: Vec<u8>,
    /// What for.
    pub kind: String,
    /// Of whom, when that was known.
    pub account: Option<AccountId>,
    /// What the answer is held against, sealed.
    pub state: Vec<u8>,
    /// Until when an answer counts.
    pub expires_us: i64,
}

/// Most passkeys, rules of one list.
const LIST_MAX: u32 = 1_000;

const PASSKEY: &str =
    "SELECT id, account_id, credential, name, content, counter, created_us, last_us FROM passkey";

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl Tx {
    /// Passkeys of an account, oldest first.
    pub async fn passkey_list(&mut self, account: AccountId) -> Result<Vec<PasskeyRow>, StoreError> {
        let sql = format!("{PASSKEY} WHERE account_id = $1 ORDER BY id LIMIT {LIST_MAX}");
        self.all("list passkeys", &sql, &[account.0.into()], read_passkey).await
    }

    /// The passkey that an authenticator calls so.
    pub async fn passkey_find(&mut self, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
        let sql = format!("{PASSKEY} WHERE credential = $1");
        self.one("find a passkey", &sql, &[credential.into()], read_passkey).await
    }

    /// Roles that depart from what is usual, and whether they need a second factor.
    pub async fn role_rules(&mut self) -> Result<Vec<(String, bool)>, StoreError> {
        let sql = format!("SELECT role, second_factor FROM role_rule ORDER BY role LIMIT {LIST_MAX}");
        self.all("list rules of roles", &sql, &[], |row| Ok((row.text()?, row.truth()?))).await
    }
}

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl WriteTx {
    /// Enters a passkey. [`StoreError::Conflict`] when it is somebody's already.
    pub async fn passkey_insert(&mut self, passkey: &PasskeyRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO passkey (id, account_id, credential, name, content, counter, created_us, last_us) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            passkey.id.into(),
            passkey.account.0.into(),
            passkey.credential.as_slice().into(),
            Value::from(&passkey.name),
            Value::from(&passkey.content),
            passkey.counter.into(),
            passkey.created_us.into(),
            passkey.last_us.into(),
        ];
        self.change("keep a passkey", sql, &values).await.map(drop)
    }

    /// Notes a use of a passkey: `false` when it is gone, or when its counter did not go forward meanwhile.
    pub async fn passkey_used(
        &mut self,
        id: i64,
        content: &str,
        counter: i64,
        now_us: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE passkey SET content = $1, counter = $2, last_us = $3 \
                   WHERE id = $4 AND (counter < $5 OR (counter = 0 AND $6 = 0))";
        let values =
            [content.into(), counter.into(), now_us.into(), id.into(), counter.into(), counter.into()];
        Ok(self.change("use a passkey", sql, &values).await? == 1)
    }

    /// Takes a passkey from an account: `false` when it has none of that id.
    pub async fn passkey_end(&mut self, account: AccountId, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM passkey WHERE id = $1 AND account_id = $2";
        Ok(self.change("remove a passkey", sql, &[id.into(), account.0.into()]).await? == 1)
    }

    /// Takes all passkeys from an account.
    pub async fn passkey_end_all(&mut self, account: AccountId) -> Result<u64, StoreError> {
        self.change("remove passkeys", "DELETE FROM passkey WHERE account_id = $1", &[account.0.into()]).await
    }

    /// Remembers what was asked, and forgets what nobody answered in time.
    pub async fn ceremony_insert(&mut self, ceremony: &Ceremony, now_us: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM ceremony WHERE expires_us <= $1";
        self.change("forget what was asked", sql, &[now_us.into()]).await?;
        let sql =
            "INSERT INTO ceremony (digest, kind, account_id, state, expires_us) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            ceremony.digest.as_slice().into(),
            Value::from(&ceremony.kind),
            ceremony.account.map(|account| account.0).into(),
            ceremony.state.as_slice().into(),
            ceremony.expires_us.into(),
        ];
        self.change("remember what was asked", sql, &values).await.map(drop)
    }

    /// Takes out what was asked, when it was for this and in time. It is gone whatever the answer is worth.
    pub async fn ceremony_use(
        &mut self,
        digest: &[u8],
        kind: &str,
        now_us: i64,
    ) -> Result<Option<Ceremony>, StoreError> {
        let sql =
            "DELETE FROM ceremony WHERE digest = $1 RETURNING digest, kind, account_id, state, expires_us";
        let read = |row: &mut Row| {
            Ok(Ceremony {
                digest: row.blob()?,
                kind: row.text()?,
                account: row.int_opt()?.map(AccountId),
                state: row.blob()?,
                expires_us: row.int()?,
            })
        };
        let found = self.one("take what was asked", sql, &[digest.into()], read).await?;
        Ok(found.filter(|one| one.kind == kind && one.expires_us > now_us))
    }

    /// Says whether a role needs a second factor.
    pub async fn role_rule_set(&mut self, role: &str, second_factor: bool) -> Result<(), StoreError> {
        let sql = "INSERT INTO role_rule (role, second_factor) VALUES ($1, $2) \
                   ON CONFLICT (role) DO UPDATE SET second_factor = excluded.second_factor";
        self.change("set a rule of a role", sql, &[role.into(), second_factor.into()]).await.map(drop)
    }
}

fn read_passkey(row: &mut Row) -> Result<PasskeyRow, StoreError> {
    Ok(PasskeyRow {
        id: row.int()?,
        account: AccountId(row.int()?),
        credential: row.blob()?,
        name: row.text()?,
        content: row.text()?,
        counter: row.int()?,
        created_us: row.int()?,
        last_us: row.int()?,
    })
}
