//! Pages of lists: bounded, and continued by the last key.

use crate::value::Value;

/// Most rows of one page: what a table shows or a program fetches at once.
pub const PAGE_ROWS_MAX: u32 = 1_000;

/// Where a page begins: after the row with these keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// A number and an id.
    Number(i64, String),
    /// A text and an id.
    Text(String, String),
}

impl Cursor {
    pub(crate) fn values(&self) -> [Value<'_>; 2] {
        match self {
            Self::Number(number, id) => [Value::from(*number), Value::from(id)],
            Self::Text(text, id) => [Value::from(text), Value::from(id)],
        }
    }
}

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// After which row; from the start when absent.
    pub after: Option<Cursor>,
    /// How many rows; 0 and more than [`PAGE_ROWS_MAX`] mean that many.
    pub rows: u32,
}

impl Page {
    /// The first page.
    #[must_use]
    pub const fn first(rows: u32) -> Self {
        Self { after: None, rows }
    }

    pub(crate) fn limit(&self) -> usize {
        let rows = if self.rows == 0 { PAGE_ROWS_MAX } else { self.rows.min(PAGE_ROWS_MAX) };
        usize::try_from(rows).unwrap_or(1)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub next: Option<Cursor>,
}

impl<T> Rows<T> {
    /// A page out of one row more than was asked for.
    pub(crate) fn cut(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> Cursor) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { rows, next }
    }
}
