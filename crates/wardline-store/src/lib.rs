//! What Wardline remembers, in SQLite or in PostgreSQL, by the same queries.
//!
//! In: records of the resources below, inside a transaction. Out: the same, one page at a time, within a [`Scope`].
//! [`Store::open`] takes an address (`sqlite:FILE`, `postgres://…`), brings the schema up to date and hands out
//! transactions: [`Tx`] reads, [`WriteTx`] also writes. Nothing is read or written outside of one, and only the crate
//! above opens them.
//!
//! Limits: a page has at most [`PAGE_ROWS_MAX`] rows and continues by its last key, never by counting; a list takes a
//! scope by type, so that what a person may not see is never loaded. Text and bytes are bounded by who writes them.
//!
//! # How to add a resource
//!
//! 1. A migration, `migrations/NNNN_what.sql`, the next number, and its line in `MIGRATIONS` (`migrate.rs`). Written in
//!    SQLite's strict types (INT, REAL, TEXT, BLOB); every table ends in `STRICT` or `STRICT, WITHOUT ROWID`. Times are
//!    INT microseconds and end in `_us`. A landed migration is never edited: its digest is kept with the data.
//!    Ids are made by the caller (`new_id`), not by the database, so that an archive fits into either.
//! 2. A line per table in `TABLES` (`table.rs`): columns with their kinds, key, how long rows are kept. A test holds it
//!    against both databases; backup, restore and retention work from it.
//! 3. `<resource>.rs`: plain records without serialisation, and `impl Tx { … }` for what reads, `impl WriteTx { … }`
//!    for what writes, resource first: `device_list`, `finding_close`. One SQL text with `$1`, `$2` …; where the two
//!    databases differ, a method of [`Dialect`]. Sums need `CAST(sum(x) AS BIGINT)`. Many rows go through
//!    `WriteTx::bulk`, without two rows of one key in a call. What a person wrote is bound, never pasted.
//! 4. Cases in `suite/<resource>.rs`: functions `async fn claim(store: Store)`, and their lines in `suite!`
//!    (`suite.rs`). Each runs on an empty SQLite file and on an empty PostgreSQL database.

mod account;
mod archive;
mod audit;
mod conversation;
mod device;
mod dialect;
mod door;
mod error;
mod fetch;
mod knowledge;
mod migrate;
mod page;
mod retention;
mod scope;
mod site;
mod store;
#[cfg(test)]
mod suite;
mod suppression;
mod table;
mod tx;
mod value;
mod word;

pub use account::{Account, AccountId, Elevation, Session, Stage, Token};
pub use archive::{ArchiveError, Archived};
pub use audit::{AuditRow, OutboxRow};
pub use conversation::{Edge, EvidenceRow, Passed};
pub use device::{DeviceFilter, DeviceOrder, DeviceRecord, DeviceValue, LifeCycle, ValueKind};
pub use dialect::Dialect;
pub use door::{Ceremony, PasskeyRow};
pub use error::StoreError;
pub use fetch::{KnowledgeFetch, KnowledgeSource};
pub use knowledge::{
    KNOWLEDGE_BATCH_MAX, KnowledgeAlias, KnowledgeFeed, KnowledgeFile, KnowledgeMark, KnowledgeRecord,
};
pub use page::{Cursor, PAGE_ROWS_MAX, Page, Rows};
pub use scope::{Reach, Scope};
pub use site::{Department, DepartmentId, Site, SiteId};
pub use store::{Store, new_id};
pub use suppression::StoredSuppression;
pub use table::{Column, Keep, Kind, TABLES, Table};
pub use tx::{Tx, WriteTx};
pub use value::{Row, Value};
