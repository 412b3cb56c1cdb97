//! Comma-separated values (RFC 4180), with the separators and habits of spreadsheets.
//!
//! In: text. Out: rows of fields with their line. The separator is that of comma, semicolon, tab and bar which the
//! first line has most of; quotes may hold separators, line ends and doubled quotes; what follows a closing quote is
//! kept. Limits: [`FIELDS_MAX`], [`FIELD_BYTES_MAX`].

/// Columns of a list: exports of large systems have two hundred.
const FIELDS_MAX: usize = 1_000;
/// Longest field kept; comments can be pages long.
const FIELD_BYTES_MAX: usize = 4_096;

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its fields, trimmed.
    pub(crate) fields: Vec<String>,
}

impl Row {
    /// The field of that column; empty where there is none.
    pub(crate) fn field(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }

    fn end_field(&mut self, field: &mut String) {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push(field.trim().to_owned());
        }
        field.clear();
    }
}

/// The separator of a text.
pub(crate) fn separator(text: &str) -> char {
    let first =
        text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let most = [',', ';', '\t', '|'].into_iter().rev().max_by_key(|c| count(*c));
    most.unwrap_or(',')
}

/// The rows that are not empty; `#TYPE …`, the line that PowerShell puts first, is left out.
pub(crate) fn rows(text: &str, separator: char) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut row, mut field) = (Row { line: 1, ..Row::default() }, String::new());
    let (mut line, mut quoted) = (1_u64, false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        if c == '\n' {
            line = line.saturating_add(1);
        }
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = true;
            }
            '\n' if !quoted => {
                row.end_field(&mut field);
                rows.push(std::mem::replace(&mut row, Row { line, ..Row::default() }));
            }
            c if c == separator && !quoted => row.end_field(&mut field),
            c if field.len() < FIELD_BYTES_MAX => field.push(c),
            _ => {}
        }
    }
    row.end_field(&mut field);
    rows.push(row);
    rows.retain(|row| row.fields.iter().any(|field| !field.is_empty()) && !row.field(0).starts_with("#TYPE"));
    rows
}
