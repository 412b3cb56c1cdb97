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

impl Kind {
    /// SQLite's word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blob => "BLOB",
            Self::Int => "INT",
            Self::Real => "REAL",
            Self::Text => "TEXT",
        }
    }

    /// The kind that SQLite's word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Blob, Self::Int, Self::Real, Self::Text].into_iter().find(|kind| kind.word() == word)
    }
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
    /// The same, but of a row that others count on only its words go: the row itself stays.
    SixYearsOfWords {
        /// The time from which it counts.
        since: &'static str,
        /// What is set when they go.
        set: &'static str,
        /// Whether they are still there and may go.
        until_erased: &'static str,
    },
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

use Kind::{Blob, Int, Text};

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
    Table {
        name: "account",
        columns: &[
            ("id", Int),
            ("name", Text),
            ("display_name", Text),
            ("roles", Text),
            ("reach", Text),
            ("enabled", Int),
            ("password", Text),
            ("totp", Blob),
            ("totp_step", Int),
            ("failures", Int),
            ("locked_until_us", Int),
            ("created_us", Int),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "recovery_code",
        columns: &[("account_id", Int), ("digest", Blob)],
        key: &["account_id", "digest"],
        keep: Keep::Always,
    },
    Table {
        name: "invitation",
        columns: &[("digest", Blob), ("account_id", Int), ("expires_us", Int)],
        key: &["digest"],
        keep: Keep::Days(30, "expires_us"),
    },
    Table {
        name: "session",
        columns: &[
            ("id", Int),
            ("digest", Blob),
            ("account_id", Int),
            ("stage", Text),
            ("created_us", Int),
            ("last_us", Int),
            ("ends_us", Int),
            ("address", Text),
            ("elevated_until_us", Int),
        ],
        key: &["id"],
        keep: Keep::Days(30, "ends_us"),
    },
    Table {
        name: "token",
        columns: &[
            ("id", Int),
            ("digest", Blob),
            ("account_id", Int),
            ("name", Text),
            ("roles", Text),
            ("created_us", Int),
            ("expires_us", Int),
            ("last_us", Int),
        ],
        key: &["id"],
        keep: Keep::Days(365, "expires_us"),
    },
    Table {
        name: "passkey",
        columns: &[
            ("id", Int),
            ("account_id", Int),
            ("credential", Blob),
            ("name", Text),
            ("content", Text),
            ("counter", Int),
            ("created_us", Int),
            ("last_us", Int),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "ceremony",
        columns: &[
            ("digest", Blob),
            ("kind", Text),
            ("account_id", Int),
            ("state", Blob),
            ("expires_us", Int),
        ],
        key: &["digest"],
        keep: Keep::Days(1, "expires_us"),
    },
    Table {
        name: "role_rule",
        columns: &[("role", Text), ("second_factor", Int)],
        key: &["role"],
        keep: Keep::Always,
    },
    Table {
        name: "elevation",
        columns: &[
            ("id", Int),
            ("account_id", Int),
            ("reason", Text),
            ("from_us", Int),
            ("until_us", Int),
            ("reviewed_us", Int),
            ("reviewed_by", Int),
            ("verdict", Text),
        ],
        key: &["id"],
        keep: Keep::SixYears("until_us"),
    },
    Table {
        name: "audit",
        columns: &[
            ("id", Int),
            ("at_us", Int),
            ("actor", Text),
            ("action", Text),
            ("outcome", Text),
            ("record", Text),
            ("digest", Blob),
            ("position", Int),
        ],
        key: &["id"],
        keep: Keep::SixYearsOfWords {
            since: "at_us",
            set: "record = NULL, actor = ''",
            until_erased: "record IS NOT NULL AND position IS NOT NULL",
        },
    },
    Table {
        name: "ledger_node",
        columns: &[("level", Int), ("number", Int), ("hash", Blob)],
        key: &["level", "number"],
        keep: Keep::Always,
    },
    Table {
        name: "ledger_checkpoint",
        columns: &[("size", Int), ("at_us", Int), ("note", Text)],
        key: &["size"],
        keep: Keep::Always,
    },
    Table {
        name: "outbox",
        columns: &[
            ("id", Int),
            ("topic", Text),
            ("body", Text),
            ("created_us", Int),
            ("attempts", Int),
            ("next_us", Int),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "lease",
        columns: &[("name", Text), ("owner", Text), ("until_us", Int)],
        key: &["name"],
        keep: Keep::Always,
    },
    Table {
        name: "evidence",
        columns: &[
            ("device_id", Text),
            ("attribute", Text),
            ("value", Text),
            ("version", Text),
            ("rule", Text),
            ("source", Text),
            ("via", Text),
            ("protocol", Text),
            ("confidence", Int),
            ("first_us", Int),
            ("last_us", Int),
            ("seen", Int),
            ("packets", Text),
        ],
        key: &["device_id", "attribute", "value", "version", "rule", "source", "via"],
        keep: Keep::Always,
    },
    Table {
        name: "conversation",
        columns: &[
            ("id", Int),
            ("site_id", Int),
            ("client", Text),
            ("server", Text),
            ("transport", Text),
            ("port", Int),
            ("protocol", Text),
            ("encrypted", Int),
            ("first_us", Int),
            ("last_us", Int),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "conversation_day",
        columns: &[
            ("conversation_id", Int),
            ("day_us", Int),
            ("flows", Int),
            ("bytes_to_server", Int),
            ("bytes_to_client", Int),
        ],
        key: &["conversation_id", "day_us"],
        keep: Keep::Days(400, "day_us"),
    },
    Table {
        name: "conversation_hour",
        columns: &[
            ("conversation_id", Int),
            ("hour_us", Int),
            ("flows", Int),
            ("bytes_to_server", Int),
            ("bytes_to_client", Int),
        ],
        key: &["conversation_id", "hour_us"],
        keep: Keep::Days(35, "hour_us"),
    },
    Table {
        name: "sensor_run",
        columns: &[("sensor", Text), ("run", Int), ("sequence", Int), ("last_us", Int)],
        key: &["sensor", "run"],
        keep: Keep::Days(90, "last_us"),
    },
    Table {
        name: "knowledge_record",
        columns: &[
            ("source", Text),
            ("id", Text),
            ("digest", Blob),
            ("body", Blob),
            ("updated", Text),
            ("file", Text),
            ("place", Text),
            ("imported_us", Int),
        ],
        key: &["source", "id"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_product",
        columns: &[("product", Text), ("source", Text), ("id", Text), ("maker", Text)],
        key: &["product", "source", "id"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_file",
        columns: &[("digest", Blob), ("file", Text), ("kind", Text), ("records", Int), ("imported_us", Int)],
        key: &["digest"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_feed",
        columns: &[("source", Text), ("dated", Text), ("checked_us", Int), ("problem", Text)],
        key: &["source"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_alias",
        columns: &[
            ("product", Text),
            ("other", Text),
            ("same", Int),
            ("person", Text),
            ("reason", Text),
            ("decided_us", Int),
        ],
        key: &["product", "other"],
        keep: Keep::Always,
    },
    Table {
        name: "suppression",
        columns: &[
            ("id", Text),
            ("vulnerability", Text),
            ("vendor", Text),
            ("product", Text),
            ("versions", Text),
            ("site", Text),
            ("justification", Text),
            ("reason", Text),
            ("author", Text),
            ("until", Text),
            ("made_us", Int),
            ("ended_us", Int),
            ("ended_by", Text),
            ("ended_why", Text),
        ],
        key: &["id"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_source",
        columns: &[
            ("name", Text),
            ("address", Text),
            ("tried_us", Int),
            ("success_us", Int),
            ("problem", Text),
            ("reached", Text),
        ],
        key: &["name"],
        keep: Keep::Always,
    },
    Table {
        name: "knowledge_fetch",
        columns: &[
            ("address", Text),
            ("source", Text),
            ("etag", Text),
            ("modified", Text),
            ("listed", Text),
            ("digest", Blob),
            ("signature", Text),
            ("fetched_us", Int),
        ],
        key: &["address"],
        keep: Keep::Always,
    },
];
