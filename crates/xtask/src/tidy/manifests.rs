//! Manifests: lints for every crate, few doors for serde and tokio, a reason beside every dependency.

use super::{Tree, layers};
use toml::Table;

/// Where documents are read and written; everything else converts.
const SERDE: &[&str] = &[
    "wardline-content",
    "wardline-formats",
    "wardline-store",
    "wardline-passkey",
    "wardline-connect",
    "wardline-web",
    "wardline",
    "xtask",
];

/// Where waiting is allowed; everything below is synchronous.
const TOKIO: &[&str] = &[
    "wardline-app",
    "wardline-store",
    "wardline-connect",
    "wardline-sensor",
    "wardline-gateway",
    "wardline-web",
    "wardline",
];

/// Crates that read what strangers wrote: cargo allows no lint table beside the workspace's, so the strict
/// set stands at the head of their `lib.rs`.
const STRICT_CRATES: &[&str] =
    &["wardline-capture", "wardline-wire", "wardline-protocols", "wardline-content", "wardline-formats"];

const STRICT_LINTS: &[&str] = &[
    "indexing_slicing",
    "string_slice",
    "unwrap_used",
    "expect_used",
    "panic",
    "unreachable",
    "arithmetic_side_effects",
    "as_conversions",
];

/// Most dependencies that one comment may speak for.
const GROUP_MAX: usize = 3;

/// Lints inherited, one `clippy.toml`, serde and tokio behind their doors.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, _) in tree.iter() {
        if name.ends_with("clippy.toml") && name != "clippy.toml" {
            breaches.push(format!("{name}: a second clippy.toml replaces the first one silently"));
        }
    }
    for name in tree.crates() {
        let manifest = format!("crates/{name}/Cargo.toml");
        let Ok(table) = tree.text(&manifest).unwrap_or_default().parse::<Table>() else {
            breaches.push(format!("{manifest}: is not TOML"));
            continue;
        };
        let inherited = table.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        if inherited != Some(true) {
            breaches.push(format!("{manifest}: lacks [lints] workspace = true"));
        }
        for (_, dependency) in layers::dependencies(&table) {
            if dependency.starts_with("serde") && !SERDE.contains(&name) {
                breaches.push(format!("{manifest}: {dependency} belongs to the edge crates"));
            }
            if dependency.starts_with("tokio") && !TOKIO.contains(&name) {
                breaches.push(format!("{manifest}: {dependency} below the service line"));
            }
        }
        private_versions(&manifest, &table, &mut breaches);
    }
    breaches
}

fn private_versions(manifest: &str, table: &Table, breaches: &mut Vec<String>) {
    for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (key, value) in table.get(section).and_then(|value| value.as_table()).into_iter().flatten() {
            if value.get("workspace").and_then(|value| value.as_bool()) != Some(true) {
                breaches.push(format!("{manifest}: {key} needs `workspace = true`: versions stand once"));
            }
        }
    }
}

/// A reason above or beside each dependency; one registry and nothing else in the lock files.
pub(super) fn dependencies(tree: &Tree) -> Vec<String> {
    let mut breaches = reasons(tree.text("Cargo.toml").unwrap_or_default());
    let mut registry = None;
    for (name, text) in tree.iter().filter(|(name, _)| name.ends_with("Cargo.lock")) {
        for line in text.lines().filter(|line| line.starts_with("source = ")) {
            let first = *registry.get_or_insert(line);
            if line != first || !line.starts_with("source = \"registry+") {
                breaches.push(format!("{name}: {line} is not the one registry"));
            }
        }
    }
    breaches
}

fn reasons(manifest: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut inside = false;
    let mut covered = 0;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        }
        if line.starts_with('#') {
            covered = GROUP_MAX;
        } else if line.is_empty() || line.starts_with('[') {
            covered = 0;
        } else if inside && !line.contains("path = ") && !line.contains('#') {
            if covered == 0 {
                breaches.push(format!("Cargo.toml: `{line}` has no reason above or beside it"));
            }
            covered = covered.saturating_sub(1);
        }
    }
    breaches
}

/// The strict header stands whole in the crates that read strangers' bytes.
pub(super) fn strict(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for name in STRICT_CRATES {
        let file = format!("crates/{name}/src/lib.rs");
        let text: String =
            tree.text(&file).unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let header = text
            .split_once("#![cfg_attr(not(test),deny(")
            .or_else(|| text.split_once("#![deny("))
            .and_then(|(_, rest)| rest.split_once(')'))
            .map(|(lints, _)| lints)
            .unwrap_or_default();
        let listed: Vec<&str> = header.split(',').collect();
        for lint in STRICT_LINTS {
            if !listed.contains(&format!("clippy::{lint}").as_str()) {
                breaches.push(format!("{file}: the strict header lacks clippy::{lint}"));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_serde_tokio_and_private_versions_are_held() {
        let manifest = "[package]\n[dependencies]\nserde_json='1'\ntokio={workspace=true}";
        let breaches = check(&Tree::of(&[("crates/wardline-wire/Cargo.toml", manifest)]));
        assert_eq!(breaches.len(), 4, "{breaches:?}");
    }

    #[test]
    fn a_second_clippy_file_is_a_breach() {
        assert_eq!(check(&Tree::of(&[("crates/a/clippy.toml", ""), ("clippy.toml", "")])).len(), 1);
    }

    #[test]
    fn a_dependency_without_a_reason_is_a_breach() {
        let without = "[workspace.dependencies]\na = { path = \"a\" }\n\nregex = \"1\"\n";
        assert_eq!(reasons(without).len(), 1);
        assert!(reasons("[workspace.dependencies]\n# Text is searched.\nregex = \"1\"\n").is_empty());
        assert!(reasons("[workspace.dependencies]\nregex = \"1\" # text is searched\n").is_empty());
        let tail = "[workspace.dependencies]\n# One reason.\na = \"1\"\nb = \"1\"\nc = \"1\"\nd = \"1\"\n";
        assert_eq!(reasons(tail).len(), 1);
    }

    #[test]
    fn another_source_in_the_lock_is_a_breach() {
        let lock = "source = \"git+https://example.org/x\"";
        assert_eq!(dependencies(&Tree::of(&[("Cargo.lock", lock)])).len(), 1);
    }

    #[test]
    fn a_thinned_strict_header_is_a_breach() {
        let thin = "#![cfg_attr(\n    not(test),\n    deny(clippy::panic))]\n// clippy::unwrap_used)";
        let breaches = strict(&Tree::of(&[("crates/wardline-wire/src/lib.rs", thin)]));
        let wire = breaches.iter().filter(|breach| breach.contains("wardline-wire")).count();
        assert_eq!(wire, STRICT_LINTS.len() - 1);
    }
}
