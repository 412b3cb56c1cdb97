//! The end of what is kept: what is past its time is erased, and that is audited.

use crate::App;
use crate::audit::Event;
use crate::error::AppError;

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
