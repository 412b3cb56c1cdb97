//! Where the two databases differ in words.
//!
//! Schemas are written once, in SQLite's strict types; [`Dialect::schema`] says the same to PostgreSQL. Queries are
//! written once with `$1` placeholders, which both understand; the few words that differ are methods here.

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL 13 or newer.
    Postgres,
    /// SQLite, the version that is built in.
    Sqlite,
}

impl Dialect {
    /// Most values one statement may bind: SQLite's limit is 32,766, PostgreSQL's 65,535.
    pub(crate) const BINDS_MAX: usize = 32_000;

    /// The statements of a schema text, in this database's words. A statement marked `-- only sqlite` or
    /// `-- only postgres` in its first line is for that one alone.
    pub(crate) fn schema(self, text: &str) -> Vec<String> {
        // Comments first: what they say may hold any sign.
        let mut plain = String::with_capacity(text.len());
        for line in text.lines() {
            let marker = line.trim().strip_prefix("-- only ");
            plain.push_str(if marker.is_some() { line } else { line.split("--").next().unwrap_or(line) });
            plain.push('\n');
        }
        let other = match self {
            Self::Postgres => "-- only sqlite",
            Self::Sqlite => "-- only postgres",
        };
        let mut statements = Vec::new();
        for statement in plain.split(';') {
            let only_other = statement.lines().any(|line| line.trim() == other);
            let lines: Vec<&str> =
                statement.lines().filter(|line| !line.trim().starts_with("-- only ")).collect();
            let statement = lines.join("\n").trim().to_owned();
            if !statement.is_empty() && !only_other {
                statements.push(if self == Self::Sqlite { statement } else { to_postgres(&statement) });
            }
        }
        statements
    }

    /// The smaller of two, as a function.
    pub(crate) const fn least(self) -> &'static str {
        match self {
            Self::Postgres => "LEAST",
            Self::Sqlite => "min",
        }
    }

    /// The larger of two, as a function.
    pub(crate) const fn greatest(self) -> &'static str {
        match self {
            Self::Postgres => "GREATEST",
            Self::Sqlite => "max",
        }
    }

    /// What begins a transaction that writes. SQLite takes its one write lock at once.
    pub(crate) const fn begin_write(self) -> &'static str {
        match self {
            Self::Postgres => "BEGIN",
            Self::Sqlite => "BEGIN IMMEDIATE",
        }
    }

    /// What begins a transaction that reads one moment of the database.
    pub(crate) const fn begin_read(self) -> &'static str {
        match self {
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Sqlite => "BEGIN",
        }
    }
}

/// Types and table options in PostgreSQL's words. Text compares by its bytes, as in SQLite.
fn to_postgres(statement: &str) -> String {
    let translated: Vec<String> = statement
        .lines()
        .map(|line| {
            line.split(' ')
                .map(|word| {
                    let (bare, end) = match word.strip_suffix(',') {
                        Some(bare) => (bare, ","),
                        None => (word, ""),
                    };
                    let word = match bare {
                        "BLOB" => "BYTEA",
                        "INT" => "BIGINT",
                        "REAL" => "DOUBLE PRECISION",
                        "TEXT" => "TEXT COLLATE \"C\"",
                        other => other,
                    };
                    format!("{word}{end}")
                })
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let text = translated.join("\n");
    let text = text.trim_end();
    let text = text.strip_suffix("STRICT, WITHOUT ROWID").unwrap_or(text);
    text.strip_suffix("STRICT").unwrap_or(text).trim_end().to_owned()
}

/// The pattern that finds `text` anywhere, with `\` as the escape character of `LIKE`.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_said_in_both_dialects() {
        let text = "-- a table; `t`\nCREATE TABLE t (\n  a INT NOT NULL, -- why\n  b BLOB,\n  PRIMARY KEY (a)\n) STRICT, WITHOUT ROWID;\n\
                    -- only sqlite\nPRAGMA x;\n-- only postgres\nSELECT 1;\n";
        let sqlite = Dialect::Sqlite.schema(text);
        assert_eq!(sqlite.len(), 2);
        assert!(sqlite[0].ends_with("STRICT, WITHOUT ROWID") && sqlite[1] == "PRAGMA x");
        let postgres = Dialect::Postgres.schema(text);
        assert_eq!(postgres[0], "CREATE TABLE t (\n  a BIGINT NOT NULL, \n  b BYTEA,\n  PRIMARY KEY (a)\n)");
        assert_eq!(postgres[1], "SELECT 1");
    }

    #[test]
    fn a_pattern_finds_only_what_was_written() {
        assert_eq!(like_pattern("50%_a\\"), "%50\\%\\_a\\\\%");
    }
}
