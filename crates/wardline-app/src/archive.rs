//! Archives, and the end of what is kept: everything out, everything back in, what is past its time erased; audited.

use crate::App;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use std::io::Write;
use wardline_authority::Action;
use wardline_store::{ArchiveError, Archived};

impl App {
    /// Writes an archive of this moment while others go on working. That it was made stands in it.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] when not permitted; when the database fails or the file cannot be written.
    pub async fn backup(&self, caller: &Caller, out: impl Write + Send) -> Result<Archived, AppError> {
        self.authorise(caller, Action::BackupMake, "").await?;
        self.audit_alone(Event::by(caller, Action::BackupMake).detail("written")).await?;
        Ok(self.store().archive(self.now(), out).await?)
    }

    /// After an archive was read back: ends every session, which may have been ended since it was made, and audits.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn restored(&self, caller: &Caller, archived: Archived) -> Result<(), AppError> {
        self.authorise(caller, Action::BackupMake, "").await?;
        let mut tx = self.store().write().await?;
        for account in tx.account_list().await? {
            tx.session_end_all(account.id).await?;
        }
        let detail = format!("read back: {} rows of {} tables", archived.rows, archived.tables);
        self.audit(&mut tx, Event::by(caller, Action::BackupMake).detail(&detail)).await?;
        Ok(tx.commit().await?)
    }
}

/// Rows of a table erased in one transaction.
const ERASED_ROWS: u32 = 2_000;
/// How long one process erases before another may.
const LEASE_US: i64 = 600 * 1_000_000;

impl App {
    /// Erases what is past its time, as `owner` of the lease, a little at a time; how many rows. Audited when there were
    /// any.
    ///
    /// # Errors
    ///
    /// When the database fails; what was erased until then stays erased.
    pub async fn retain(&self, owner: &str) -> Result<u64, AppError> {
        let mut erased = 0;
        loop {
            let now = self.now();
            let mut tx = self.store().write().await?;
            if !tx.lease_take("retention", owner, now, now + LEASE_US).await? {
                return Ok(erased);
            }
            let round = tx.retain(now, ERASED_ROWS).await?;
            erased += round;
            if round == 0 && erased > 0 {
                let detail = format!("{erased} rows past their time");
                self.audit(&mut tx, Event::of("data.erase", "retention", "").detail(&detail)).await?;
            }
            tx.commit().await?;
            if round == 0 {
                return Ok(erased);
            }
        }
    }
}

impl From<ArchiveError> for AppError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => Self::Store(error),
            ArchiveError::File(source) => Self::Inside(format!("the archive cannot be written: {source}")),
            other => Self::Inside(other.to_string()),
        }
    }
}
