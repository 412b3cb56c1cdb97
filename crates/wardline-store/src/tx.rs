//! Transactions: the only way to the data.
//!
//! [`Tx`] reads one moment of the database; [`WriteTx`] reads and writes, and what it wrote is there for others when
//! [`WriteTx::commit`] returned, or not at all. A transaction that is dropped leaves nothing. Each resource's file
//! adds its queries to these two; a query is one SQL text for both databases.

use crate::StoreError;
use crate::dialect::Dialect;
use crate::value::{Row, Value};
use sqlx::{Arguments as _, AssertSqlSafe, Executor as _, Postgres, Sqlite, Transaction};
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};

type Result<T> = std::result::Result<T, StoreError>;

/// A transaction that reads.
pub struct Tx {
    inner: Inner,
}

enum Inner {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

/// A transaction that reads and writes.
pub struct WriteTx {
    tx: Tx,
}

/// Rows per statement of a bulk write: past some hundreds nothing is gained (measured, docs/operate/store.md).
const BULK_ROWS_MAX: usize = 500;

macro_rules! bind {
    ($values:expr, $arguments:ty) => {{
        let mut arguments = <$arguments>::default();
        for value in $values {
            let added = match *value {
                Value::Int(value) => arguments.add(value),
                Value::Real(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::Blob(value) => arguments.add(value),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok::<_, sqlx::Error>(arguments)
    }};
}

fn bind_postgres(values: &[Value<'_>]) -> std::result::Result<sqlx::postgres::PgArguments, sqlx::Error> {
    bind!(values, sqlx::postgres::PgArguments)
}

fn bind_sqlite(values: &[Value<'_>]) -> std::result::Result<sqlx::sqlite::SqliteArguments, sqlx::Error> {
    bind!(values, sqlx::sqlite::SqliteArguments)
}

impl Tx {
    pub(crate) const fn postgres(transaction: Transaction<'static, Postgres>) -> Self {
        Self { inner: Inner::Postgres(transaction) }
    }

    pub(crate) const fn sqlite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self { inner: Inner::Sqlite(transaction) }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match &self.inner {
            Inner::Postgres(_) => Dialect::Postgres,
            Inner::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// All rows of a query. `sql` is a text of ours: what a person wrote is in `values`.
    pub(crate) async fn rows(
        &mut self,
        what: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>> {
        let sql = AssertSqlSafe(sql.to_owned());
        let rows = match &mut self.inner {
            Inner::Postgres(tx) => {
                let arguments = bind_postgres(values).map_err(|error| StoreError::of(what, error))?;
                let query = sqlx::query_with::<Postgres, _>(sql, arguments);
                let rows = tx.fetch_all(query).await.map_err(|error| StoreError::of(what, error))?;
                rows.into_iter().map(|row| Row::postgres(what, row)).collect()
            }
            Inner::Sqlite(tx) => {
                let arguments = bind_sqlite(values).map_err(|error| StoreError::of(what, error))?;
                let query = sqlx::query_with::<Sqlite, _>(sql, arguments);
                let rows = tx.fetch_all(query).await.map_err(|error| StoreError::of(what, error))?;
                rows.into_iter().map(|row| Row::sqlite(what, row)).collect()
            }
        };
        Ok(rows)
    }

    /// Every row of a query, read by `read`.
    pub(crate) async fn all<T>(
        &mut self,
        what: &'static str,
        sql: &str,
        values: &[Value<'_>],
        read: fn(&mut Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.rows(what, sql, values).await?.iter_mut().map(read).collect()
    }

    /// The first row of a query, read by `read`.
    pub(crate) async fn one<T>(
        &mut self,
        what: &'static str,
        sql: &str,
        values: &[Value<'_>],
        read: fn(&mut Row) -> Result<T>,
    ) -> Result<Option<T>> {
        self.rows(what, sql, values).await?.first_mut().map(read).transpose()
    }

    /// Ends a transaction that only read.
    ///
    /// # Errors
    ///
    /// When the database is gone.
    pub async fn end(self) -> Result<()> {
        self.finish("end").await
    }

    async fn finish(self, what: &'static str) -> Result<()> {
        let done = match self.inner {
            Inner::Postgres(tx) => tx.commit().await,
            Inner::Sqlite(tx) => tx.commit().await,
        };
        done.map_err(|error| StoreError::of(what, error))
    }
}

impl Deref for WriteTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

impl WriteTx {
    pub(crate) const fn new(tx: Tx) -> Self {
        Self { tx }
    }

    /// One statement; how many rows it changed.
    pub(crate) async fn change(
        &mut self,
        what: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64> {
        let sql = AssertSqlSafe(sql.to_owned());
        let changed = match &mut self.tx.inner {
            Inner::Postgres(tx) => match bind_postgres(values) {
                Ok(arguments) => tx
                    .execute(sqlx::query_with::<Postgres, _>(sql, arguments))
                    .await
                    .map(|done| done.rows_affected()),
                Err(error) => Err(error),
            },
            Inner::Sqlite(tx) => match bind_sqlite(values) {
                Ok(arguments) => tx
                    .execute(sqlx::query_with::<Sqlite, _>(sql, arguments))
                    .await
                    .map(|done| done.rows_affected()),
                Err(error) => Err(error),
            },
        };
        changed.map_err(|error| StoreError::of(what, error))
    }

    /// Many rows: `head` is `INSERT INTO table (a, b)`, `tail` is what follows the rows, such as `ON CONFLICT …`.
    /// `values` are the rows one after the other, `columns` values each. No two rows of one call may meet in the
    /// same conflict: PostgreSQL refuses to change a row twice in one statement.
    pub(crate) async fn bulk(
        &mut self,
        what: &'static str,
        head: &str,
        columns: usize,
        tail: &str,
        values: &[Value<'_>],
    ) -> Result<u64> {
        debug_assert!(columns > 0 && values.len().is_multiple_of(columns), "{what}: whole rows");
        let rows = BULK_ROWS_MAX.min(Dialect::BINDS_MAX / columns);
        let mut changed = 0;
        for chunk in values.chunks(rows * columns) {
            changed +=
                self.change(what, &bulk_text(head, columns, chunk.len() / columns, tail), chunk).await?;
        }
        Ok(changed)
    }

    /// A statement of a schema, which binds nothing.
    pub(crate) async fn define(&mut self, what: &'static str, sql: String) -> Result<()> {
        let done = match &mut self.tx.inner {
            Inner::Postgres(tx) => tx.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()),
            Inner::Sqlite(tx) => tx.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()),
        };
        done.map_err(|error| StoreError::of(what, error))
    }

    /// Changes rows behind the program's back, as somebody with the database in hand could: for tests of what notices.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    #[doc(hidden)]
    pub async fn tamper(&mut self, sql: &'static str) -> Result<()> {
        self.define("tamper", sql.to_owned()).await
    }

    /// Makes everything written in this transaction true for everybody.
    ///
    /// # Errors
    ///
    /// When the database could not promise it; then nothing of it is there.
    pub async fn commit(self) -> Result<()> {
        self.tx.finish("commit").await
    }
}

fn bulk_text(head: &str, columns: usize, rows: usize, tail: &str) -> String {
    let mut text = String::with_capacity(head.len() + tail.len() + rows * columns * 8);
    text.push_str(head);
    text.push_str(" VALUES ");
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { "," };
            let _ = write!(text, "{comma}${}", row * columns + column);
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(tail);
    text
}

#[cfg(test)]
mod tests {
    use super::bulk_text;

    #[test]
    fn rows_are_numbered_through() {
        assert_eq!(
            bulk_text("INSERT INTO t (a, b)", 2, 2, "ON CONFLICT DO NOTHING"),
            "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ON CONFLICT DO NOTHING"
        );
    }
}
