//! The audit: a record of every change and every refusal, in the transaction of what it records.

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::seal::hex;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use wardline_authority::Action;
use wardline_store::{AuditRow, OutboxRow, WriteTx};

/// Longest text of one field of a record.
const FIELD_CHARS_MAX: usize = 512;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    action: &'static str,
    actor: String,
    address: String,
    object: String,
    outcome: &'static str,
    detail: String,
}

impl Event {
    /// Something that somebody not yet known does.
    pub(crate) fn of(action: &'static str, actor: &str, address: &str) -> Self {
        Self {
            action,
            actor: actor.to_owned(),
            address: address.to_owned(),
            object: String::new(),
            outcome: "done",
            detail: String::new(),
        }
    }

    /// Something that a caller does.
    pub(crate) fn by(caller: &Caller, action: Action) -> Self {
        Self::of(action.as_str(), &caller.actor, &caller.address)
    }

    pub(crate) fn object(mut self, object: &str) -> Self {
        self.object = object.to_owned();
        self
    }

    pub(crate) fn detail(mut self, detail: &str) -> Self {
        self.detail = detail.to_owned();
        self
    }

    pub(crate) const fn outcome(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    /// The record: one line of JSON, with a salt, so that nobody can guess an erased record from its digest.
    fn record(&self, id: i64, at_us: i64, salt: &[u8; 16]) -> String {
        let mut text = format!("{{\"id\":{id},\"at_us\":{at_us}");
        let fields = [
            ("actor", self.actor.as_str()),
            ("address", &self.address),
            ("action", self.action),
            ("object", &self.object),
            ("outcome", self.outcome),
            ("detail", &self.detail),
            ("salt", &hex(salt)),
        ];
        for (name, value) in fields {
            let _ = write!(text, ",\"{name}\":\"");
            for c in value.chars().take(FIELD_CHARS_MAX) {
                match c {
                    '"' | '\\' => text.extend(['\\', c]),
                    c if c.is_control() => {
                        let _ = write!(text, "\\u{:04x}", u32::from(c));
                    }
                    c => text.push(c),
                }
            }
            text.push('"');
        }
        text.push('}');
        text
    }
}

impl App {
    /// Permits or refuses; a refusal is audited in a transaction of its own.
    pub(crate) async fn authorise(
        &self,
        caller: &Caller,
        action: Action,
        object: &str,
    ) -> Result<(), AppError> {
        if self.inner.authority.judge(&caller.roles, caller.emergency, action).permitted {
            return Ok(());
        }
        self.audit_alone(Event::by(caller, action).object(object).outcome("denied")).await?;
        Err(AppError::Hidden)
    }

    /// Writes a record into the transaction of what it records.
    pub(crate) async fn audit(&self, tx: &mut WriteTx, event: Event) -> Result<(), AppError> {
        let (id, at_us) = (self.new_id(), self.now());
        let record = event.record(id, at_us, &self.random());
        let row = AuditRow {
            id,
            at_us,
            actor: event.actor.chars().take(FIELD_CHARS_MAX).collect(),
            action: event.action.to_owned(),
            outcome: event.outcome.to_owned(),
            digest: Sha256::digest(record.as_bytes()).to_vec(),
            record: Some(record),
            position: None,
        };
        Ok(tx.audit_insert(&row).await?)
    }

    /// Writes a record of something that changed nothing else.
    pub(crate) async fn audit_alone(&self, event: Event) -> Result<(), AppError> {
        let mut tx = self.store().write().await?;
        self.audit(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Puts something to be told into the transaction that decided it.
    pub(crate) async fn tell(&self, tx: &mut WriteTx, topic: &str, body: &str) -> Result<(), AppError> {
        let (id, now) = (self.new_id(), self.now());
        let row = OutboxRow {
            id,
            topic: topic.to_owned(),
            body: body.to_owned(),
            created_us: now,
            attempts: 0,
            next_us: now,
        };
        Ok(tx.outbox_insert(&row).await?)
    }

    /// The latest records, newest first. Looking is audited.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not.
    pub async fn audit_list(
        &self,
        caller: &Caller,
        before: Option<(i64, i64)>,
        rows: u32,
    ) -> Result<Vec<AuditRow>, AppError> {
        self.authorise(caller, Action::AuditRead, "").await?;
        self.audit_alone(Event::by(caller, Action::AuditRead)).await?;
        let mut tx = self.store().read().await?;
        let found = tx.audit_list(before, rows).await?;
        tx.end().await?;
        Ok(found)
    }
}
