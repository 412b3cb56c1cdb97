//! Documents that must stay true: the code map, the licences of data, the changelog.

use super::Tree;
use std::collections::BTreeSet;

/// Longest ARCHITECTURE.md: a newcomer reads it in one sitting.
const ARCHITECTURE_LINES_MAX: usize = 200;

/// Documents a reader expects at the top.
const TOP: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "DATA-LICENSES.md",
    "CHANGELOG.md",
];

/// The crates of the code map are the crates of the tree, and the documents stand where they are expected.
pub(super) fn code_map(tree: &Tree) -> Vec<String> {
    let mut breaches: Vec<String> = TOP
        .iter()
        .filter(|name| tree.text(name).is_none())
        .map(|name| format!("{name}: is missing"))
        .collect();
    let text = tree.text("ARCHITECTURE.md").unwrap_or_default();
    if text.lines().count() > ARCHITECTURE_LINES_MAX {
        breaches.push(format!("ARCHITECTURE.md: longer than {ARCHITECTURE_LINES_MAX} lines"));
    }
    let mapped: BTreeSet<&str> = section(text, "## Code map")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let real: BTreeSet<&str> = tree.crates().into_iter().collect();
    for name in mapped.difference(&real) {
        breaches.push(format!("ARCHITECTURE.md: the code map names {name}, which does not exist"));
    }
    for name in real.difference(&mapped) {
        breaches.push(format!("ARCHITECTURE.md: the code map lacks {name}"));
    }
    breaches
}

/// Every data file has a licence line; the changelog has a place for today's change.
pub(super) fn records(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    let licences = tree.text("DATA-LICENSES.md").unwrap_or_default();
    for (name, _) in tree.iter().filter(|(name, _)| name.starts_with("data/")) {
        if !licensed(licences, name) {
            breaches.push(format!("{name}: no line in DATA-LICENSES.md"));
        }
    }
    let changelog = tree.text("CHANGELOG.md").unwrap_or_default();
    if !changelog.lines().any(|line| matches!(line.trim(), "## Unreleased" | "## [Unreleased]")) {
        breaches.push("CHANGELOG.md: no `## Unreleased`".to_owned());
    }
    breaches
}

/// Whether a row of the table names the file: its first cell holds paths in backticks, with one `*` inside a folder,
/// with `{a,b}`, and without a folder where that is the one before.
fn licensed(text: &str, name: &str) -> bool {
    let cells = text.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    cells.into_iter().any(|cell| {
        let mut folder = "";
        cell.split('`').skip(1).step_by(2).any(|path| {
            let whole = if path.contains('/') { path.to_owned() } else { format!("{folder}{path}") };
            if let Some((before, _)) = path.rsplit_once('/') {
                folder = path.split_at(before.len() + 1).0;
            }
            expand(&whole).iter().any(|pattern| matches(pattern, name))
        })
    })
}

/// `a{b,c}d` as `abd` and `acd`.
fn expand(path: &str) -> Vec<String> {
    let parts = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (inner, after))) => {
            inner.split(',').map(|part| format!("{before}{}{after}", part.trim())).collect()
        }
        None => vec![path.to_owned()],
    }
}

/// Whether a path with at most one `*` is that of the file. The star needs a folder below `data/`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let middle = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let inside = before.strip_prefix("data/").is_some_and(|rest| rest.contains('/'));
    inside && middle.is_some_and(|part| !part.contains('/'))
}

/// Text of one section, up to the next heading of the same depth.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let Some((_, rest)) = text.split_once(heading) else { return "" };
    rest.split_once("\n## ").map_or(rest, |(body, _)| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_map_must_name_what_exists_and_only_that() {
        let map = "## Code map\n| `wardline-ghost` | x |\n## Next\n| `wardline-wire` | x |\n";
        let tree = Tree::of(&[("ARCHITECTURE.md", map), ("crates/wardline-wire/Cargo.toml", "")]);
        let breaches: Vec<String> =
            code_map(&tree).into_iter().filter(|breach| breach.contains("code map")).collect();
        assert_eq!(breaches.len(), 2, "{breaches:?}");
    }

    #[test]
    fn missing_documents_are_breaches() {
        assert_eq!(code_map(&Tree::of(&[])).len(), TOP.len());
    }

    #[test]
    fn data_needs_a_licence_line_or_a_pattern_of_its_folder() {
        let table = "| `data/a/oui.tsv` | x |\n| `data/b/*.toml` | x |\n| `data/c/{one,two}.toml`, `three.toml` | x |";
        for good in
            ["data/a/oui.tsv", "data/b/ssh.toml", "data/c/one.toml", "data/c/two.toml", "data/c/three.toml"]
        {
            assert!(licensed(table, good), "{good}");
        }
        for bad in ["data/a/oui", "data/b/x.tsv", "data/b/deep/x.toml", "data/c/four.toml", "data/three.toml"]
        {
            assert!(!licensed(table, bad), "{bad}");
        }
        assert!(!licensed("| `data/*` | x |", "data/makers.toml"));
        assert!(!licensed("All of `data/makers.toml` is ours.", "data/makers.toml"));
    }

    #[test]
    fn a_changelog_without_unreleased_is_a_breach() {
        assert_eq!(records(&Tree::of(&[("CHANGELOG.md", "# Changelog\n")])).len(), 1);
    }
}
