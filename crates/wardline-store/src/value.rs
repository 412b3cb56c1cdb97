//! What goes into a statement and what comes out of a row, the same for both databases.
//!
//! There are four kinds, those of SQLite's strict tables: whole numbers of 64 bits, real numbers, text, bytes. Times
//! are whole microseconds since 1970, truth is 0 or 1. PostgreSQL wants to know the kind of a null, so that a value
//! that is not there still has a kind.

use crate::StoreError;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A value to bind, borrowed from the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A whole number, a time, a truth.
    Int(Option<i64>),
    /// A real number.
    Real(Option<f64>),
    /// Text.
    Text(Option<&'a str>),
    /// Bytes.
    Blob(Option<&'a [u8]>),
}

macro_rules! from {
    ($($kind:ident: $($source:ty => $convert:expr),+;)+) => {
        $($(impl<'a> From<$source> for Value<'a> {
            fn from(value: $source) -> Self {
                Self::$kind($convert(value))
            }
        })+)+
    };
}

from! {
    Int: i64 => Some, Option<i64> => |v| v, bool => |v| Some(i64::from(v)), u32 => |v| Some(i64::from(v)),
        u8 => |v| Some(i64::from(v)), u16 => |v| Some(i64::from(v));
    Real: f64 => Some, Option<f64> => |v| v;
    Text: &'a str => Some, Option<&'a str> => |v| v, &'a String => |v: &'a String| Some(v.as_str());
    Blob: &'a [u8] => Some, Option<&'a [u8]> => |v| v, &'a Vec<u8> => |v: &'a Vec<u8>| Some(v.as_slice());
}

/// A row that is read from its first column to its last.
pub struct Row {
    what: &'static str,
    at: usize,
    inner: Inner,
}

enum Inner {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

macro_rules! read {
    ($($(#[$doc:meta])* $name:ident -> $kind:ty;)+) => {
        $($(#[$doc])*
        ///
        /// # Errors
        ///
        /// When the column is not of that kind, which the suite would have found.
        pub fn $name(&mut self) -> Result<$kind, StoreError> {
            let at = self.at;
            self.at += 1;
            let read = match &self.inner {
                Inner::Postgres(row) => row.try_get::<$kind, usize>(at),
                Inner::Sqlite(row) => row.try_get::<$kind, usize>(at),
            };
            read.map_err(|source| StoreError::Sql { what: self.what, source })
        })+
    };
}

impl Row {
    pub(crate) fn postgres(what: &'static str, row: PgRow) -> Self {
        Self { what, at: 0, inner: Inner::Postgres(row) }
    }

    pub(crate) fn sqlite(what: &'static str, row: SqliteRow) -> Self {
        Self { what, at: 0, inner: Inner::Sqlite(row) }
    }

    read! {
        /// The next column, a whole number.
        int -> i64;
        /// The next column, a whole number or nothing.
        int_opt -> Option<i64>;
        /// The next column, a real number or nothing.
        real_opt -> Option<f64>;
        /// The next column, text.
        text -> String;
        /// The next column, text or nothing.
        text_opt -> Option<String>;
        /// The next column, bytes.
        blob -> Vec<u8>;
        /// The next column, bytes or nothing.
        blob_opt -> Option<Vec<u8>>;
    }

    /// The next column, a truth.
    ///
    /// # Errors
    ///
    /// When it is neither 0 nor 1.
    pub fn truth(&mut self) -> Result<bool, StoreError> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.damaged(format!("{other} is no truth"))),
        }
    }

    /// The next column, one of a closed set of words.
    ///
    /// # Errors
    ///
    /// When the word is not in the set.
    pub fn word<T>(&mut self, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text()?;
        parse(&text).ok_or_else(|| self.damaged(format!("`{text}` is none of the words known")))
    }

    /// The row holds what this program would never have written.
    pub fn damaged(&self, why: String) -> StoreError {
        StoreError::Damaged { what: self.what, why }
    }
}
