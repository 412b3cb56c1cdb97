//! Erases what is past its time, by what the list of tables says.

use crate::table::{Keep, TABLES, Table};
use crate::tx::WriteTx;
use crate::{StoreError, Value};

const DAY_US: i64 = 86_400 * 1_000_000;
/// Six years with the most leap days they can have.
const SIX_YEARS_DAYS: u32 = 6 * 365 + 2;

impl WriteTx {
    /// Erases at most `rows` rows of each table whose time was over at `now_us`; how many in all. Called again, in
    /// another transaction, until it gives 0: so nobody waits long. Of an audit row its words are erased and the row
    /// stays: the ledger holds its digest.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn retain(&mut self, now_us: i64, rows: u32) -> Result<u64, StoreError> {
        let mut erased = 0;
        for table in TABLES {
            let (days, column, words) = match table.keep {
                Keep::Always => continue,
                Keep::Days(days, column) => (days, column, None),
                Keep::SixYears(column) => (SIX_YEARS_DAYS, column, None),
                Keep::SixYearsOfWords { since, set, until_erased } => {
                    (SIX_YEARS_DAYS, since, Some((set, until_erased)))
                }
            };
            let sql = statement(table, column, words, rows);
            let cutoff = now_us.saturating_sub(i64::from(days).saturating_mul(DAY_US));
            erased += self.change("erase what is past its time", &sql, &[Value::from(cutoff)]).await?;
        }
        Ok(erased)
    }
}

fn statement(table: &Table, column: &str, words: Option<(&str, &str)>, rows: u32) -> String {
    let (name, key) = (table.name, table.key.join(", "));
    let still = words.map_or_else(String::new, |(_, still)| format!(" AND {still}"));
    let over = format!("({key}) IN (SELECT {key} FROM {name} WHERE {column} < $1{still} LIMIT {rows})");
    match words {
        Some((set, _)) => format!("UPDATE {name} SET {set} WHERE {over}"),
        None => format!("DELETE FROM {name} WHERE {over}"),
    }
}
