//! Emergency access ("break glass"): at once, with a reason, for an hour, told, and judged afterwards by somebody else.

use crate::App;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use wardline_authority::Action;
use wardline_store::Elevation;

/// How long emergency access lasts.
const EMERGENCY_US: i64 = 60 * 60 * 1_000_000;

/// Emergency access that nobody has judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Its id.
    pub id: i64,
    /// Who took it.
    pub name: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub from_us: i64,
    /// Until when.
    pub until_us: i64,
    /// Whether the one who looks took it, and may not judge it.
    pub own: bool,
}

impl App {
    /// Emergency access that waits to be judged, oldest first.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not judge.
    pub async fn emergency_list(&self, caller: &Caller) -> Result<Vec<Emergency>, AppError> {
        self.authorise(caller, Action::EmergencyReview, "").await?;
        let mut tx = self.store().read().await?;
        let mut waiting = Vec::new();
        for taken in tx.elevation_unreviewed().await? {
            let account = tx.account_find(taken.account).await?;
            waiting.push(Emergency {
                id: taken.id,
                name: account.map_or_else(|| "somebody who is gone".to_owned(), |account| account.name),
                reason: taken.reason,
                from_us: taken.from_us,
                until_us: taken.until_us,
                own: caller.account == Some(taken.account),
            });
        }
        tx.end().await?;
        Ok(waiting)
    }

    /// Somebody takes emergency access: at once, for an hour, with a reason; privacy is told and looks at it later.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not, [`AppError::Input`] without a reason.
    pub async fn emergency_take(&self, caller: &Caller, reason: &str) -> Result<(), AppError> {
        self.authorise(caller, Action::EmergencyTake, "").await?;
        let reason = reason.trim();
        if !(10..=500).contains(&reason.chars().count()) {
            let why = "say in 10 to 500 characters what happened; it will be read afterwards".to_owned();
            return Err(AppError::Input { field: "reason", why });
        }
        let (Some(account), Some(session)) = (caller.account, caller.session) else {
            return Err(AppError::Hidden);
        };
        let now = self.now();
        let taken = Elevation {
            id: self.new_id(),
            account,
            reason: reason.to_owned(),
            from_us: now,
            until_us: now + EMERGENCY_US,
            reviewed_us: None,
        };
        let mut tx = self.store().write().await?;
        tx.session_elevate(session, &taken).await?;
        self.tell(&mut tx, "emergency.taken", &format!("{}: {reason}", caller.actor)).await?;
        self.audit(&mut tx, Event::by(caller, Action::EmergencyTake).detail(reason)).await?;
        Ok(tx.commit().await?)
    }

    /// Somebody else judges emergency access that was taken.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not, for one's own, and for what was judged before.
    pub async fn emergency_review(&self, caller: &Caller, id: i64, verdict: &str) -> Result<(), AppError> {
        self.authorise(caller, Action::EmergencyReview, "").await?;
        let by = caller.account.ok_or(AppError::Hidden)?;
        let verdict = verdict.trim();
        if !(3..=500).contains(&verdict.chars().count()) {
            let why = "say in 3 to 500 characters what you found".to_owned();
            return Err(AppError::Input { field: "verdict", why });
        }
        let mut tx = self.store().write().await?;
        if !tx.elevation_review(id, by, self.now(), verdict).await? {
            return Err(AppError::Hidden);
        }
        self.audit(
            &mut tx,
            Event::by(caller, Action::EmergencyReview).object(&id.to_string()).detail(verdict),
        )
        .await?;
        Ok(tx.commit().await?)
    }
}
