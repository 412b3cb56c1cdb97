//! Accounts, sessions, tokens, invitations: who may come in, and who is in.
//!
//! Secrets never come here in clear: a password is its argon2id text, a TOTP secret is sealed, tokens and links are
//! digests. Whether somebody may do something is not decided here.

use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::word::words;
use crate::{Row, StoreError};

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// Somebody who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What is typed to sign in, lower case.
    pub name: String,
    /// What is shown.
    pub display_name: String,
    /// Roles, separated by a space.
    pub roles: String,
    /// What it is limited to, as the application writes it.
    pub reach: String,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Password, argon2id in PHC form.
    pub password: Option<String>,
    /// TOTP secret, sealed.
    pub totp: Option<Vec<u8>>,
    /// Last time step whose code was used.
    pub totp_step: i64,
    /// Failed attempts since the last success.
    pub failures: i64,
    /// Until when nothing is tried.
    pub locked_until_us: i64,
    /// When it was made.
    pub created_us: i64,
}

words! {
    /// How far somebody has come in.
    Stage {
        /// All factors were given.
        Full = "full",
        /// The password was right, the second factor is to come.
        Password = "password",
    }
}

/// Somebody who is in, or on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: i64,
    /// SHA-256 of what the browser holds.
    pub digest: Vec<u8>,
    /// Whose.
    pub account: AccountId,
    /// How far.
    pub stage: Stage,
    /// Since when.
    pub created_us: i64,
    /// Last used.
    pub last_us: i64,
    /// Until when at most.
    pub ends_us: i64,
    /// Where from.
    pub address: String,
    /// Until when emergency access holds; 0 without.
    pub elevated_until_us: i64,
}

/// What a program shows instead of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// SHA-256 of it.
    pub digest: Vec<u8>,
    /// Whose.
    pub account: AccountId,
    /// What it is for.
    pub name: String,
    /// Roles, separated by a space: some of the account's.
    pub roles: String,
    /// When it was made.
    pub created_us: i64,
    /// When it ends.
    pub expires_us: i64,
    /// Last used; 0 when never.
    pub last_us: i64,
}

/// Emergency access that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elevation {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub account: AccountId,
    /// Why.
    pub reason: String,
    /// From when.
    pub from_us: i64,
    /// Until when.
    pub until_us: i64,
    /// When it was looked at.
    pub reviewed_us: Option<i64>,
}

/// Most accounts, sessions, tokens of one list.
const LIST_MAX: u32 = 10_000;

const ACCOUNT: &str = "SELECT id, name, display_name, roles, reach, enabled, password, totp, totp_step, failures, \
    locked_until_us, created_us FROM account";
const SESSION: &str = "SELECT id, digest, account_id, stage, created_us, last_us, ends_us, address, elevated_until_us \
    FROM session";
const TOKEN: &str = "SELECT id, digest, account_id, name, roles, created_us, expires_us, last_us FROM token";

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl Tx {
    /// The account of that name.
    pub async fn account_named(&mut self, name: &str) -> Result<Option<Account>, StoreError> {
        self.one("find an account", &format!("{ACCOUNT} WHERE name = $1"), &[name.into()], read_account).await
    }

    /// The account of that id.
    pub async fn account_find(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.one("find an account", &format!("{ACCOUNT} WHERE id = $1"), &[id.0.into()], read_account).await
    }

    /// Accounts by name.
    pub async fn account_list(&mut self) -> Result<Vec<Account>, StoreError> {
        let sql = format!("{ACCOUNT} ORDER BY name LIMIT {LIST_MAX}");
        self.all("list accounts", &sql, &[], read_account).await
    }

    /// The session of that digest, whatever its state.
    pub async fn session_find(&mut self, digest: &[u8]) -> Result<Option<Session>, StoreError> {
        self.one("find a session", &format!("{SESSION} WHERE digest = $1"), &[digest.into()], read_session)
            .await
    }

    /// Sessions of an account, newest first.
    pub async fn session_list(&mut self, account: AccountId) -> Result<Vec<Session>, StoreError> {
        let sql = format!("{SESSION} WHERE account_id = $1 ORDER BY id DESC LIMIT {LIST_MAX}");
        self.all("list sessions", &sql, &[account.0.into()], read_session).await
    }

    /// The token of that digest, whatever its state.
    pub async fn token_find(&mut self, digest: &[u8]) -> Result<Option<Token>, StoreError> {
        self.one("find a token", &format!("{TOKEN} WHERE digest = $1"), &[digest.into()], read_token).await
    }

    /// Tokens of an account, newest first.
    pub async fn token_list(&mut self, account: AccountId) -> Result<Vec<Token>, StoreError> {
        let sql = format!("{TOKEN} WHERE account_id = $1 ORDER BY id DESC LIMIT {LIST_MAX}");
        self.all("list tokens", &sql, &[account.0.into()], read_token).await
    }

    /// Emergency access that nobody has looked at yet, oldest first.
    pub async fn elevation_unreviewed(&mut self) -> Result<Vec<Elevation>, StoreError> {
        let sql = format!(
            "SELECT id, account_id, reason, from_us, until_us, reviewed_us FROM elevation WHERE reviewed_us IS NULL \
             ORDER BY id LIMIT {LIST_MAX}"
        );
        let read = |row: &mut Row| {
            Ok(Elevation {
                id: row.int()?,
                account: AccountId(row.int()?),
                reason: row.text()?,
                from_us: row.int()?,
                until_us: row.int()?,
                reviewed_us: row.int_opt()?,
            })
        };
        self.all("list emergency access", &sql, &[], read).await
    }
}

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl WriteTx {
    /// Enters or changes an account. [`StoreError::Conflict`] when another has the name.
    pub async fn account_save(&mut self, account: &Account) -> Result<(), StoreError> {
        let sql = "INSERT INTO account (id, name, display_name, roles, reach, enabled, password, totp, totp_step, \
                   failures, locked_until_us, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                   ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name, \
                   roles = excluded.roles, reach = excluded.reach, enabled = excluded.enabled, \
                   password = excluded.password, totp = excluded.totp, totp_step = excluded.totp_step, \
                   failures = excluded.failures, locked_until_us = excluded.locked_until_us";
        let values = [
            account.id.0.into(),
            Value::from(&account.name),
            Value::from(&account.display_name),
            Value::from(&account.roles),
            Value::from(&account.reach),
            account.enabled.into(),
            account.password.as_deref().into(),
            account.totp.as_deref().into(),
            account.totp_step.into(),
            account.failures.into(),
            account.locked_until_us.into(),
            account.created_us.into(),
        ];
        self.change("save an account", sql, &values).await.map(drop)
    }

    /// Counts a failed attempt, whoever else counts at the same time, and says how many there are now.
    pub async fn account_failed(&mut self, id: AccountId) -> Result<i64, StoreError> {
        let sql = "UPDATE account SET failures = failures + 1 WHERE id = $1 RETURNING failures";
        Ok(self.one("count a failure", sql, &[id.0.into()], Row::int).await?.unwrap_or(0))
    }

    /// Locks an account until a time.
    pub async fn account_lock(&mut self, id: AccountId, until_us: i64) -> Result<(), StoreError> {
        let sql = "UPDATE account SET locked_until_us = $1 WHERE id = $2";
        self.change("lock an account", sql, &[until_us.into(), id.0.into()]).await.map(drop)
    }

    /// Uses up a time step: `false` when it, or a later one, was used before.
    pub async fn account_step(&mut self, id: AccountId, step: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE account SET totp_step = $1, failures = 0 WHERE id = $2 AND totp_step < $3";
        Ok(self.change("use a code", sql, &[step.into(), id.0.into(), step.into()]).await? == 1)
    }

    /// Replaces the recovery codes of an account.
    pub async fn recovery_set(&mut self, id: AccountId, digests: &[Vec<u8>]) -> Result<(), StoreError> {
        self.change("drop recovery codes", "DELETE FROM recovery_code WHERE account_id = $1", &[id.0.into()])
            .await?;
        let values: Vec<Value<'_>> =
            digests.iter().flat_map(|digest| [id.0.into(), digest.as_slice().into()]).collect();
        self.bulk("keep recovery codes", "INSERT INTO recovery_code (account_id, digest)", 2, "", &values)
            .await
            .map(drop)
    }

    /// Uses up a recovery code: `false` when it is not there.
    pub async fn recovery_use(&mut self, id: AccountId, digest: &[u8]) -> Result<bool, StoreError> {
        let sql = "DELETE FROM recovery_code WHERE account_id = $1 AND digest = $2";
        Ok(self.change("use a recovery code", sql, &[id.0.into(), digest.into()]).await? == 1)
    }

    /// Makes a one-time link.
    pub async fn invitation_insert(
        &mut self,
        digest: &[u8],
        id: AccountId,
        ends: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO invitation (digest, account_id, expires_us) VALUES ($1, $2, $3)";
        self.change("make a link", sql, &[digest.into(), id.0.into(), ends.into()]).await.map(drop)
    }

    /// Uses up a one-time link: whose it was, when it was there and not too old.
    pub async fn invitation_use(
        &mut self,
        digest: &[u8],
        now_us: i64,
    ) -> Result<Option<AccountId>, StoreError> {
        let sql = "DELETE FROM invitation WHERE digest = $1 RETURNING account_id, expires_us";
        let read = |row: &mut Row| Ok((AccountId(row.int()?), row.int()?));
        let used = self.one("use a link", sql, &[digest.into()], read).await?;
        Ok(used.filter(|(_, expires_us)| *expires_us > now_us).map(|(id, _)| id))
    }

    /// Enters a session.
    pub async fn session_insert(&mut self, session: &Session) -> Result<(), StoreError> {
        let sql = "INSERT INTO session (id, digest, account_id, stage, created_us, last_us, ends_us, address, \
                   elevated_until_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = [
            session.id.into(),
            session.digest.as_slice().into(),
            session.account.0.into(),
            session.stage.as_str().into(),
            session.created_us.into(),
            session.last_us.into(),
            session.ends_us.into(),
            Value::from(&session.address),
            session.elevated_until_us.into(),
        ];
        self.change("open a session", sql, &values).await.map(drop)
    }

    /// Notes that a session was used.
    pub async fn session_touch(&mut self, id: i64, now_us: i64) -> Result<(), StoreError> {
        let sql = "UPDATE session SET last_us = $1 WHERE id = $2";
        self.change("touch a session", sql, &[now_us.into(), id.into()]).await.map(drop)
    }

    /// Gives a session emergency access until a time.
    pub async fn session_elevate(&mut self, id: i64, elevation: &Elevation) -> Result<(), StoreError> {
        let sql = "UPDATE session SET elevated_until_us = $1 WHERE id = $2";
        self.change("elevate a session", sql, &[elevation.until_us.into(), id.into()]).await?;
        let sql =
            "INSERT INTO elevation (id, account_id, reason, from_us, until_us) VALUES ($1, $2, $3, $4, $5)";
        let values = [
            elevation.id.into(),
            elevation.account.0.into(),
            Value::from(&elevation.reason),
            elevation.from_us.into(),
            elevation.until_us.into(),
        ];
        self.change("keep emergency access", sql, &values).await.map(drop)
    }

    /// Says what a look at emergency access found: `false` when it is not there or was looked at before.
    pub async fn elevation_review(
        &mut self,
        id: i64,
        by: AccountId,
        now_us: i64,
        verdict: &str,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE elevation SET reviewed_us = $1, reviewed_by = $2, verdict = $3 \
                   WHERE id = $4 AND reviewed_us IS NULL AND account_id <> $5";
        let values = [now_us.into(), by.0.into(), verdict.into(), id.into(), by.0.into()];
        Ok(self.change("review emergency access", sql, &values).await? == 1)
    }

    /// Ends a session of an account: `false` when it has none of that id.
    pub async fn session_end(&mut self, account: AccountId, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM session WHERE id = $1 AND account_id = $2";
        Ok(self.change("end a session", sql, &[id.into(), account.0.into()]).await? == 1)
    }

    /// Ends every session of an account.
    pub async fn session_end_all(&mut self, account: AccountId) -> Result<u64, StoreError> {
        self.change("end sessions", "DELETE FROM session WHERE account_id = $1", &[account.0.into()]).await
    }

    /// Ends the sessions of an account but for one.
    pub async fn session_end_others(&mut self, account: AccountId, id: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM session WHERE account_id = $1 AND id <> $2";
        self.change("end other sessions", sql, &[account.0.into(), id.into()]).await
    }

    /// Notes that a token was used.
    pub async fn token_touch(&mut self, id: i64, now_us: i64) -> Result<(), StoreError> {
        let sql = "UPDATE token SET last_us = $1 WHERE id = $2";
        self.change("touch a token", sql, &[now_us.into(), id.into()]).await.map(drop)
    }

    /// Enters a token.
    pub async fn token_insert(&mut self, token: &Token) -> Result<(), StoreError> {
        let sql = "INSERT INTO token (id, digest, account_id, name, roles, created_us, expires_us, last_us) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            token.id.into(),
            token.digest.as_slice().into(),
            token.account.0.into(),
            Value::from(&token.name),
            Value::from(&token.roles),
            token.created_us.into(),
            token.expires_us.into(),
            token.last_us.into(),
        ];
        self.change("make a token", sql, &values).await.map(drop)
    }

    /// Ends a token of an account: `false` when it has none of that id.
    pub async fn token_end(&mut self, account: AccountId, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM token WHERE id = $1 AND account_id = $2";
        Ok(self.change("end a token", sql, &[id.into(), account.0.into()]).await? == 1)
    }
}

fn read_account(row: &mut Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(row.int()?),
        name: row.text()?,
        display_name: row.text()?,
        roles: row.text()?,
        reach: row.text()?,
        enabled: row.truth()?,
        password: row.text_opt()?,
        totp: row.blob_opt()?,
        totp_step: row.int()?,
        failures: row.int()?,
        locked_until_us: row.int()?,
        created_us: row.int()?,
    })
}

fn read_session(row: &mut Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.int()?,
        digest: row.blob()?,
        account: AccountId(row.int()?),
        stage: row.word(Stage::parse)?,
        created_us: row.int()?,
        last_us: row.int()?,
        ends_us: row.int()?,
        address: row.text()?,
        elevated_until_us: row.int()?,
    })
}

fn read_token(row: &mut Row) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.int()?,
        digest: row.blob()?,
        account: AccountId(row.int()?),
        name: row.text()?,
        roles: row.text()?,
        created_us: row.int()?,
        expires_us: row.int()?,
        last_us: row.int()?,
    })
}
