//! The conformance documents of the development tree, judged as their names, folders and test lists say.

use super::*;
use std::collections::BTreeMap;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data")
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
    into.sort();
}

fn missing(folder: &str) -> bool {
    let absent = !root().join(folder).is_dir();
    if absent {
        eprintln!("SKIPPED: no conformance documents at ../shared/data/{folder}");
    }
    absent
}

fn reports(path: &Path) -> Vec<Report> {
    let mut reports = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    let opened = each_part::<OpenError>(Box::new(file), &mut |_, stream| {
        reports.push(inspect(stream, Tools { score: &score })?);
        Ok(())
    });
    if let Err(error) = opened {
        let mut report = Report::new("unknown");
        report.error("open", "1:1", error.to_string());
        reports.push(report);
    }
    reports
}

/// What kinds each folder holds and how many are valid.
#[test]
fn every_file_of_the_development_tree_gets_its_kind() {
    if missing("conform") {
        return;
    }
    let mut table: BTreeMap<(String, String), [usize; 2]> = BTreeMap::new();
    for top in ["conform", "clinical", "vuln", "eve", "zeeklogs"] {
        let mut paths = Vec::new();
        files(&root().join(top), &mut paths);
        for path in paths {
            let below = path.strip_prefix(root()).unwrap();
            let folder: Vec<_> =
                below.components().take(2).map(|c| c.as_os_str().to_string_lossy()).collect();
            for report in reports(&path) {
                let row = table.entry((folder.join("/"), report.kind.clone())).or_default();
                row[usize::from(report.valid())] += 1;
                if std::env::var("TOLD").is_ok_and(|wanted| folder.join("/").contains(&wanted)) {
                    let why = report.problems.first().map(|p| format!("{} {} {}", p.code, p.place, p.why));
                    println!(
                        "{} {} {} {}",
                        below.display(),
                        report.kind,
                        report.valid(),
                        why.unwrap_or_default()
                    );
                }
            }
        }
    }
    for ((folder, kind), [invalid, valid]) in &table {
        println!("{folder:<36} {kind:<22} {valid:>4} valid {invalid:>4} invalid");
    }
}

/// The lists of the CSAF committee: which file must fail which test.
#[test]
fn csaf_documents_are_judged_as_the_lists_say() {
    if missing("conform/csaf-testcases") {
        return;
    }
    for version in ["2.0", "2.1"] {
        let list = root().join(format!(
            "conform/csaf-testcases/oasis-tcs+csaf/csaf_{version}/test/validator/data/testcases.json"
        ));
        let bytes = std::fs::read(list).unwrap();
        let tree = json::parse(&bytes).unwrap();
        let (mut judged, mut wrong) = (0, Vec::new());
        for test in tree.root.list_of("tests") {
            let id = test.text_of("id").unwrap();
            let mut one = |file: &json::Node<'_>, fails: bool| {
                let name = file.text_of("name").unwrap();
                let path =
                    root().join(format!("conform/csaf-{version}/oasis-tcs+csaf/validator/data/{name}"));
                let Ok(bytes) = std::fs::read(path) else { return };
                let report = document(&bytes, Tools { score: &score });
                judged += 1;
                let told = report.problems.iter().any(|problem| problem.code == id);
                let valid = file.of("valid").truth().unwrap_or(!fails);
                let others: Vec<String> = report
                    .problems
                    .iter()
                    .filter(|p| p.severity == Severity::Error)
                    .map(|p| format!("{} {} {}", p.code, p.place, p.why))
                    .collect();
                if told != fails || (valid != report.valid()) {
                    wrong.push(format!(
                        "{id} {name}: told {told}, valid {} not {valid}: {}",
                        report.valid(),
                        others.join(" | ")
                    ));
                }
            };
            test.list_of("failures").iter().for_each(|file| one(file, true));
            test.list_of("valid").iter().for_each(|file| one(file, false));
        }
        println!("CSAF {version}: {} of {judged} as the list says", judged - wrong.len());
        for line in &wrong {
            println!("  {line}");
        }
        let least = if version == "2.0" { 89 } else { 340 };
        assert!(judged - wrong.len() >= least, "CSAF {version}: {} of {judged}", judged - wrong.len());
    }
}

/// CycloneDX names its files by what they are.
#[test]
fn bills_of_materials_are_judged_as_their_names_say() {
    if missing("conform/cyclonedx") {
        return;
    }
    let mut paths = Vec::new();
    files(&root().join("conform/cyclonedx"), &mut paths);
    let (mut judged, mut wrong) = (0, Vec::new());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "json" || end == "xml"))
    {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let valid = match name.split('-').next() {
            Some("valid") => true,
            Some("invalid") => false,
            _ => continue,
        };
        judged += 1;
        let report = reports(path).remove(0);
        if report.valid() != valid || report.kind != "cyclonedx" {
            let why = report.problems.first().map(|p| format!("{} {}", p.place, p.why)).unwrap_or_default();
            wrong.push(format!("{} {name}: {} {}: {why}", path.display(), report.kind, report.valid()));
        }
    }
    println!("CycloneDX: {} of {judged} as the name says", judged - wrong.len());
    for line in &wrong {
        println!("  {line}");
    }
    assert!(wrong.len() <= 3, "{} of {judged} wrong", wrong.len());
}
