//! What is wrong with a file of content, and where.

use std::fmt;

/// One thing wrong: file, entry, what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File as it was named to us.
    pub file: String,
    /// Id of the entry, or `line 12`; empty when the whole file is meant.
    pub entry: String,
    /// What is wrong, in words.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(file: &str, entry: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), entry: entry.to_owned(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entry.is_empty() {
            write!(f, "{}: {}", self.file, self.what)
        } else {
            write!(f, "{}: {}: {}", self.file, self.entry, self.what)
        }
    }
}

/// Content that cannot be used: everything wrong with it, in the order read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.problems))]
pub struct ContentError {
    /// What is wrong; never empty.
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("  {p}")).collect();
    format!("content has {} wrong entries:\n{}", problems.len(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_entry_and_fault() {
        let error = ContentError { problems: vec![Problem::new("site.toml", "a", "no pattern")] };
        assert_eq!(error.to_string(), "content has 1 wrong entries:\n  site.toml: a: no pattern");
    }
}
