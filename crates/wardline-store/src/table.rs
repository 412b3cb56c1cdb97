//! Every table with its columns, its key and how long its rows are kept.
//!
//! Backup, restore and retention work from this list; a test holds it against the schema of both databases.

use std::fmt;

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes.
    Blob,
    /// A whole number of 64 bits.
    Int,
    /// A real number.
    Real,
    /// Text.
    Text,
}

/// How long rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// While what it belongs to is there.
    Always,
    /// Days after the time in the column.
    Days(u32, &'static str),
    /// Six years after the time in the column: documentation (45 CFR 164.316(b)(2)(i)).
    SixYears(&'static str),
}

/// A column.
pub type Column = (&'static str, Kind);

/// A table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in the order of the schema.
    pub columns: &'static [Column],
    /// Its primary key.
    pub key: &'static [&'static str],
    /// How long its rows are kept.
    pub keep: Keep,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

use Kind::{Int, Text};

/// All tables, those that others refer to first.
pub const TABLES: &[Table] = &[
    Table {
        name: "site",
        columns: &[("id", Int), ("name", Text), ("created_us", Int)],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "department",
        columns: &[("id", Int), ("site_id", Int), ("name", Text), ("created_us", Int)],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "device",
        columns: &[
            ("id", Text),
            ("site_id", Int),
            ("department_id", Int),
            ("life_cycle", Text),
            ("name", Text),
            ("maker", Text),
            ("model", Text),
            ("serial", Text),
            ("udi", Text),
            ("class", Text),
            ("class_confidence", Int),
            ("os_name", Text),
            ("os_version", Text),
            ("location", Text),
            ("roles", Text),
            ("patient_data_in_clear", Int),
            ("first_us", Int),
            ("last_us", Int),
            ("search", Text),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "device_value",
        columns: &[("device_id", Text), ("kind", Text), ("value", Text), ("version", Text), ("last_us", Int)],
        key: &["device_id", "kind", "value", "version"],
        keep: Keep::Always,
    },
];
