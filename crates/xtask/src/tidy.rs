//! The rules of the tree, as checks.
//!
//! In: the tracked files of the workspace. Out: one line per breach, each naming the file and the rule.
//! `cargo test` runs every check on the real tree, and every check on a tree that breaks its rule.

mod documents;
mod layers;
mod manifests;
mod text;

use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The files a check looks at: path relative to the root, with `/`, to content. Binary files are empty text.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the tracked and the new, not ignored files of the workspace.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for name in names(root)? {
            let path = root.join(&name);
            if path.is_file() {
                let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
                files.insert(name, String::from_utf8(bytes).unwrap_or_default());
            }
        }
        Ok(Self { files })
    }

    /// A tree made up by a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect() }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Folders below `crates/`.
    fn crates(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .files
            .keys()
            .filter_map(|name| name.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
            .filter(|name| !name.contains('/'))
            .collect();
        names.sort_unstable();
        names
    }
}

/// Root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Names of the files git knows or would add; without git (a tarball) those a walk finds.
fn names(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    if let Ok(output) = listed
        && output.status.success()
    {
        return Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect());
    }
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(path.file_name().and_then(|name| name.to_str()), Some("target" | ".git")) {
                walk(root, &path, found)?;
            }
        } else {
            found.push(name);
        }
    }
    Ok(())
}

/// A check: a tree in, breaches out.
type Check = fn(&Tree) -> Vec<String>;

/// All checks, with the rule each holds.
const CHECKS: &[(&str, Check)] = &[
    ("arrows point down, every crate has a layer", layers::check),
    ("every crate has the workspace's lints, serde and tokio stay at the edge", manifests::check),
    ("dependencies have reasons and one source", manifests::dependencies),
    ("parser crates carry the strict lints", manifests::strict),
    ("the code map names what exists", documents::code_map),
    ("data has a licence line, the changelog an Unreleased part", documents::records),
    ("files fit, nothing is silenced, nothing is left for later", text::shape),
    ("the text speaks of the project alone", text::words),
];

/// `cargo xtask tidy`.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::load(&root())?;
    let mut breaches = 0;
    for (rule, check) in CHECKS {
        for breach in check(&tree) {
            println!("{breach}\n    rule: {rule}");
            breaches += 1;
        }
    }
    if breaches > 0 {
        bail!("{breaches} breaches of the house rules");
    }
    println!("tidy: {} checks hold over {} files", CHECKS.len(), tree.files.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_its_rules() {
        let tree = Tree::load(&root()).unwrap();
        let breaches: Vec<String> = CHECKS.iter().flat_map(|(_, check)| check(&tree)).collect();
        assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
    }

    #[test]
    fn the_tree_is_really_read() {
        let tree = Tree::load(&root()).unwrap();
        assert!(tree.text("Cargo.toml").unwrap().contains("[workspace]"));
        assert!(tree.crates().contains(&"wardline-wire"));
    }
}
