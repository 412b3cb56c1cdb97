//! The layer table: arrows only point down, and a row never knows its neighbour.

use super::Tree;
use toml::Table;

/// Row of each crate. `None`: for development only, nobody may ship it.
const LAYERS: &[(&str, Option<u8>)] = &[
    ("wardline-model", Some(0)),
    ("wardline-wire", Some(1)),
    ("wardline-capture", Some(1)),
    ("wardline-content", Some(1)),
    ("wardline-formats", Some(1)),
    ("wardline-product", Some(1)),
    ("wardline-protocols", Some(2)),
    ("wardline-inventory", Some(2)),
    ("wardline-detect", Some(2)),
    ("wardline-risk", Some(2)),
    ("wardline-simulate", Some(2)),
    ("wardline-ledger", Some(1)),
    ("wardline-authority", Some(2)),
    ("wardline-passkey", Some(2)),
    ("wardline-store", Some(3)),
    ("wardline-app", Some(4)),
    ("wardline-connect", Some(5)),
    ("wardline-web", Some(5)),
    ("wardline-sensor", Some(5)),
    ("wardline", Some(6)),
    ("testkit", None),
    ("xtask", None),
];

/// Arrows that point down and are still wrong, with the reason. Development dependencies are free.
const NEVER: &[(&str, &str, &str)] = &[
    ("wardline-detect", "wardline-wire", "deciders see facts, never bytes"),
    ("wardline-inventory", "wardline-wire", "deciders see facts, never bytes"),
    ("wardline-protocols", "wardline-content", "dissectors report what was said; data/ judges it later"),
    ("wardline-web", "wardline-store", "pages go through the one door"),
    ("wardline-web", "wardline-authority", "pages go through the one door"),
    ("wardline-simulate", "wardline-wire", "the simulator must not share code with what it tests"),
];

fn layer(name: &str) -> Option<Option<u8>> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, row)| *row)
}

/// Breaches of the table.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for name in tree.crates() {
        let manifest = format!("crates/{name}/Cargo.toml");
        let Some(row) = layer(name) else {
            breaches.push(format!("{manifest}: crate without a layer (xtask, tidy/layers.rs)"));
            continue;
        };
        match tree.text(&manifest).unwrap_or_default().parse::<Table>() {
            Ok(table) => one(&manifest, name, row, &table, &mut breaches),
            Err(error) => breaches.push(format!("{manifest}: {error}")),
        }
    }
    for (name, _) in LAYERS {
        if !tree.crates().contains(name) {
            breaches.push(format!("layer table names {name}, which does not exist"));
        }
    }
    breaches
}

fn one(manifest: &str, name: &str, row: Option<u8>, table: &Table, breaches: &mut Vec<String>) {
    let named = table.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str());
    if named != Some(name) {
        breaches.push(format!("{manifest}: folder and crate name differ"));
    }
    for (section, dependency) in dependencies(table) {
        let Some(below) = layer(&dependency) else {
            if dependency.starts_with("wardline") {
                breaches.push(format!("{manifest}: depends on {dependency}, which has no layer"));
            }
            continue;
        };
        let shipped = section != "dev-dependencies";
        match (row, below) {
            (Some(_), None) if shipped => {
                breaches.push(format!("{manifest}: ships the development crate {dependency}"));
            }
            (Some(above), Some(below)) if shipped && below >= above => {
                breaches.push(format!("{manifest}: {dependency} is not below it"));
            }
            (_, _) => {}
        }
        let wrong = NEVER.iter().find(|(from, to, _)| shipped && *from == name && *to == dependency);
        if let Some((_, _, reason)) = wrong {
            breaches.push(format!("{manifest}: must not know {dependency}: {reason}"));
        }
    }
}

/// Section and package name of every dependency, those of one target and renamed ones too.
pub(super) fn dependencies(table: &Table) -> Vec<(&'static str, String)> {
    const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];
    let mut tables = vec![table];
    if let Some(targets) = table.get("target").and_then(|target| target.as_table()) {
        tables.extend(targets.values().filter_map(|value| value.as_table()));
    }
    let mut found = Vec::new();
    for table in tables {
        for section in SECTIONS {
            for (key, value) in table.get(section).and_then(|value| value.as_table()).into_iter().flatten() {
                let package = value.get("package").and_then(|name| name.as_str()).unwrap_or(key);
                found.push((section, package.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(folder: &str, manifest: &str) -> Vec<String> {
        let path = format!("crates/{folder}/Cargo.toml");
        let all = check(&Tree::of(&[(path.as_str(), manifest)]));
        all.into_iter().filter(|breach| breach.starts_with("crates/")).collect()
    }

    #[test]
    fn an_arrow_up_is_a_breach() {
        let upward = "[package]\nname='wardline-wire'\n[dependencies]\nwardline-sensor={workspace=true}";
        assert_eq!(breaches("wardline-wire", upward).len(), 1);
    }

    #[test]
    fn a_neighbour_is_a_breach() {
        let sideways = "[package]\nname='wardline-detect'\n[dependencies.wardline-protocols]\nworkspace=true";
        assert_eq!(breaches("wardline-detect", sideways).len(), 1);
    }

    #[test]
    fn an_arrow_under_a_target_or_another_name_is_seen() {
        let hidden = "[package]\nname='wardline-wire'\n[target.'cfg(unix)'.dependencies]\n\
                      x={package='wardline-sensor',path='../wardline-sensor'}";
        assert_eq!(breaches("wardline-wire", hidden).len(), 1);
    }

    #[test]
    fn a_shipped_development_crate_is_a_breach_and_a_tested_one_is_not() {
        let shipped = "[package]\nname='wardline-wire'\n[dependencies]\ntestkit={workspace=true}";
        assert_eq!(breaches("wardline-wire", shipped).len(), 1);
        let tested = "[package]\nname='wardline-wire'\n[dev-dependencies]\ntestkit={workspace=true}";
        assert!(breaches("wardline-wire", tested).is_empty());
    }

    #[test]
    fn the_simulator_must_not_read_with_our_readers() {
        let shared = "[package]\nname='wardline-simulate'\n[dependencies]\nwardline-wire={workspace=true}";
        assert_eq!(breaches("wardline-simulate", shared).len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_and_a_layer_without_a_crate_are_breaches() {
        assert_eq!(breaches("wardline-new", "[package]\nname='wardline-new'").len(), 1);
        assert!(check(&Tree::of(&[])).len() == LAYERS.len());
    }
}
