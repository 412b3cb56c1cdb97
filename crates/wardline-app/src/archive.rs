//! Archives: everything out, everything back in, both audited.

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

impl From<ArchiveError> for AppError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => Self::Store(error),
            ArchiveError::File(source) => Self::Inside(format!("the archive cannot be written: {source}")),
            other => Self::Inside(other.to_string()),
        }
    }
}
