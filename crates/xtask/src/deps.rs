//! Dependencies: licences, bans, sources, duplicates, from `cargo metadata`.

use crate::run;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Licences a dependency may carry. No copyleft that reaches the program, nothing source-available.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    // Data, not code: the public root certificates by which a database in another house is checked.
    "CDLA-Permissive-2.0",
    "CC0-1.0",
    "ISC",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Crates that may not come in, with what to use instead.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls with aws-lc-rs"),
    ("openssl-sys", "rustls with aws-lc-rs"),
    ("native-tls", "rustls with aws-lc-rs"),
    ("ring", "aws-lc-rs: one cryptographic library, validated"),
    ("chrono", "jiff; cedar-policy brings it"),
    ("time", "jiff; x509-parser may bring it"),
    ("lazy_static", "std::sync::LazyLock"),
    ("once_cell", "std::sync::OnceLock; others may bring it"),
    ("nom", "wire::Reader; x509-parser may bring it"),
];

/// Bans that hold for our own manifests only: a dependency of ours brings these with it.
const BROUGHT_BY_OTHERS: &[&str] = &["chrono", "time", "lazy_static", "once_cell", "nom"];

/// How the source of a package begins that comes from a registry, not from somebody's repository.
const REGISTRY: &str = "registry+";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// `cargo xtask deps`.
pub(crate) fn run() -> Result<()> {
    let output = run::cargo_command()
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .output()
        .context("start cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut metadata: Metadata = serde_json::from_slice(&output.stdout).context("read cargo metadata")?;
    let built = built()?;
    metadata.packages.retain(|package| built.contains(&format!("{} v{}", package.name, package.version)));
    for warning in duplicates(&metadata.packages) {
        println!("warning: {warning}");
    }
    let breaches = breaches(&metadata.packages);
    for breach in &breaches {
        println!("{breach}");
    }
    if !breaches.is_empty() {
        bail!("{} dependencies break the rules", breaches.len());
    }
    println!("dependencies: {} packages, licences, bans and sources hold", metadata.packages.len());
    Ok(())
}

/// Names with versions of what is really built for some target. The lock file, and with it the metadata, also name
/// what a feature of a dependency's dependency could ask for and nobody does.
fn built() -> Result<BTreeSet<String>> {
    let output = run::cargo_command()
        .args(["tree", "--workspace", "--locked", "--all-features", "--target", "all", "--edges", "all"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output()
        .context("start cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    Ok(names.collect())
}

fn breaches(packages: &[Package]) -> Vec<String> {
    let mut breaches = Vec::new();
    // One registry serves all; a package from elsewhere is not what the lock file's reader expects.
    let registry = packages.iter().filter_map(|p| p.source.as_deref()).find(|s| s.starts_with(REGISTRY));
    for package in packages {
        let named = format!("{} {}", package.name, package.version);
        let own = package.source.is_none();
        if let Some(source) = package.source.as_deref().filter(|source| Some(*source) != registry) {
            breaches.push(format!("{named}: comes from {source}"));
        }
        match &package.license {
            Some(expression) if allowed(expression) => {}
            Some(expression) => breaches.push(format!("{named}: licence {expression}")),
            None => breaches.push(format!("{named}: says no licence")),
        }
        for (banned, instead) in BANNED {
            let tolerated = BROUGHT_BY_OTHERS.contains(banned);
            if package.name == *banned && !tolerated {
                breaches.push(format!("{named}: banned, use {instead}"));
            }
            if own && tolerated && package.dependencies.iter().any(|wanted| wanted.name == *banned) {
                breaches.push(format!("{named}: depends on {banned}, use {instead}"));
            }
        }
    }
    breaches
}

/// Whether a licence expression can be met: OR needs one side, AND needs both.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    alternatives(&mut rest) && rest.is_empty()
}

fn alternatives(rest: &mut &[&str]) -> bool {
    let mut good = together(rest);
    while let Some(("OR", tail)) = rest.split_first().map(|(word, tail)| (*word, tail)) {
        *rest = tail;
        good |= together(rest);
    }
    good
}

fn together(rest: &mut &[&str]) -> bool {
    let mut good = single(rest);
    while let Some(("AND", tail)) = rest.split_first().map(|(word, tail)| (*word, tail)) {
        *rest = tail;
        good &= single(rest);
    }
    good
}

fn single(rest: &mut &[&str]) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let good = alternatives(rest);
            let closed = rest.first() == Some(&")");
            *rest = rest.get(1..).unwrap_or_default();
            good && closed
        }
        [name, "WITH", exception, tail @ ..] => {
            *rest = tail;
            LICENCES.contains(&format!("{name} WITH {exception}").as_str())
        }
        [name, tail @ ..] => {
            *rest = tail;
            LICENCES.contains(name)
        }
        [] => false,
    }
}

fn duplicates(packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| {
            format!("{name} comes in {} versions: {}", versions.len(), Vec::from_iter(versions).join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn licence_expressions_are_read_as_logic() {
        for good in
            ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-3.0) AND Unicode-3.0", "Zlib OR X"]
        {
            assert!(allowed(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "BUSL-1.1", "(MIT", "MIT extra", "GPL-3.0 WITH MIT"] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    const HERE: &str = "registry+https://registry.example/index";

    #[test]
    fn licence_source_and_ban_are_breaches() {
        assert!(breaches(&[package("a", Some("MIT"), Some(HERE))]).is_empty());
        assert_eq!(breaches(&[package("a", None, Some(HERE))]).len(), 1);
        assert_eq!(breaches(&[package("a", Some("MIT"), Some("git+https://example.org"))]).len(), 1);
        let elsewhere = package("b", Some("MIT"), Some("registry+https://other.example/index"));
        assert_eq!(breaches(&[package("a", Some("MIT"), Some(HERE)), elsewhere]).len(), 1);
        assert_eq!(breaches(&[package("openssl-sys", Some("MIT"), Some(HERE))]).len(), 1);
    }

    #[test]
    fn a_ban_that_others_may_break_holds_for_our_own_manifests() {
        let mut ours = package("wardline-wire", Some("MIT"), None);
        ours.dependencies.push(Dependency { name: "nom".to_owned() });
        assert_eq!(breaches(&[ours, package("nom", Some("MIT"), Some(HERE))]).len(), 1);
    }

    #[test]
    fn two_versions_are_a_warning() {
        let mut second = package("a", Some("MIT"), None);
        second.version = "2.0.0".to_owned();
        assert_eq!(duplicates(&[package("a", Some("MIT"), None), second]).len(), 1);
    }
}
