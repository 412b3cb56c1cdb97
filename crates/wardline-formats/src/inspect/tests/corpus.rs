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

/// What files are, as their names, folders and lists say: parts that a path has (all of them), the kind, and
/// whether it holds, where that is said. The first line that fits counts.
const SAYS: &[(&[&str], &str, Option<bool>)] = &[
    (&["conform/cacao-schemas/"], "unknown", None),
    (&["conform/cacao/"], "cacao", Some(true)),
    (&["conform/csaf-2.1/", "/extension/"], "unknown", None),
    (&["conform/csaf-2.1/", ".result.json"], "unknown", None),
    (&["conform/csaf-2.1/", "translations_json_schema"], "unknown", None),
    // Whether they hold is told by the committee's list, in a test of its own.
    (&["conform/csaf-2."], "csaf", None),
    (&["conform/csaf-testcases/"], "unknown", None),
    (&["conform/cvss-vectors/"], "unknown", None),
    (&["conform/cyclonedx/", ".textproto"], "unknown", None),
    (&["conform/cyclonedx/", "/invalid-"], "cyclonedx", Some(false)),
    (&["conform/cyclonedx/", "/valid-"], "cyclonedx", Some(true)),
    (&["conform/cyclonedx-bom-examples/", "/vex"], "cyclonedx-vex", Some(true)),
    (&["conform/cyclonedx-bom-examples/"], "cyclonedx", Some(true)),
    (&["conform/cyclonedx-odd/", "bom-invalid.json"], "cyclonedx", Some(false)),
    (&["conform/cyclonedx-odd/", "/valid-"], "cyclonedx", Some(true)),
    (&["conform/cyclonedx-odd/"], "cyclonedx", None),
    (&["conform/cyclonedx-schema/"], "unknown", None),
    (&["conform/firewall-configs/", "BUILD.bazel"], "unknown", None),
    (&["conform/firewall-configs/cisco_asa/"], "firewall:cisco-asa", Some(true)),
    (&["conform/firewall-configs/cisco/"], "firewall:cisco-ios", Some(true)),
    (&["conform/firewall-configs/fortios/"], "firewall:fortios", Some(true)),
    (&["conform/firewall-configs/iptables/"], "firewall:iptables", Some(true)),
    (&["conform/firewall-configs/juniper/"], "firewall:junos", Some(true)),
    (&["conform/firewall-configs/palo_alto/"], "firewall:palo-alto", Some(true)),
    (&["conform/firewall-networks/", ".cfg"], "firewall:cisco-ios", Some(true)),
    (&["conform/firewall-networks/", ".json"], "unknown", None),
    (&["conform/firewall-networks/", ".md"], "unknown", None),
    (&["conform/nmap-xml/", "/defused_"], "unknown", None),
    (&["conform/nmap-xml/"], "nmap", Some(true)),
    (&["conform/openvex/", "/csaf.json"], "csaf", Some(true)),
    (&["conform/openvex/", "sarif"], "sarif", Some(true)),
    (&["conform/openvex/", ".spdx.json"], "spdx", Some(true)),
    (&["conform/openvex/"], "openvex", Some(true)),
    (&["conform/oscal-"], "oscal", Some(true)),
    (&["conform/scanner-reports/", "/scans/tenable/"], "nessus", Some(true)),
    (&["conform/scanner-reports/", "/scans/openvas/"], "openvas", Some(true)),
    (&["conform/scanner-reports/", "/scans/qualys"], "qualys", Some(true)),
    (&["conform/scanner-reports/", "/scans/nmap/"], "nmap", Some(true)),
    (&["conform/scanner-reports/", "/scans/cyclonedx/"], "cyclonedx", Some(true)),
    (&["conform/scanner-reports/", "/scans/spdx/"], "spdx", Some(true)),
    (&["conform/scanner-reports/"], "unknown", None),
    (&["conform/sigma/"], "sigma", Some(true)),
    (&["conform/spdx/"], "spdx", Some(true)),
    (&["conform/stix2/", "/examples/"], "stix", Some(true)),
    (&["conform/stix2-validator/", "/invalid_"], "stix", Some(false)),
    (&["conform/stix2-validator/", "/test_examples/"], "stix", Some(true)),
    (&["conform/stix2"], "unknown", None),
    (&["conform/taxii/"], "unknown", None),
    (&["clinical/astm-lis2/"], "astm", Some(true)),
    (&["clinical/atna-syslog/"], "atna", Some(true)),
    (&["clinical/dicom/", "/MR_truncated.dcm"], "dicom", Some(false)),
    (&["clinical/dicom/", "/meta_missing_tsyntax.dcm"], "dicom", Some(false)),
    (&["clinical/dicom/"], "dicom", Some(true)),
    (&["clinical/fhir-auditevent-fsh/"], "unknown", None),
    (&["clinical/hl7v2/", "/uuencoded"], "unknown", None),
    (&["clinical/hl7v2/", "/guide.txt"], "unknown", None),
    (&["clinical/hl7v2/"], "hl7", Some(true)),
    (&["clinical/sd"], "unknown", None),
];

/// Where we disagree, and why the file and not we are wrong.
const DISAGREE: &[(&str, &str)] = &[
    ("OBOM/Example-1-Decoupled/bom.json", "a licence with neither id nor name, which its schema forbids"),
    ("pkg/vex/testdata/v001-1.vex.json", "no timestamp, which OpenVEX asks for"),
    ("pkg/vex/testdata/v020-2.vex.json", "no timestamp, which OpenVEX asks for"),
    ("examples/csaf/sbom.spdx.json", "packages without downloadLocation, which SPDX 2.3 asks for"),
    ("scans/cyclonedx/retirejs.latest.xml", "a licence with neither id nor name"),
    ("hl7v2/util/messages.txt", "messages within a text of remarks"),
];

/// Every file is judged as its name, folder or list says; a disagreement stands in [`DISAGREE`] with its reason.
#[test]
fn every_file_of_the_development_tree_is_judged_as_it_says() {
    if missing("conform") || missing("clinical") {
        return;
    }
    let mut table: BTreeMap<(String, String), [usize; 4]> = BTreeMap::new();
    let (mut judged, mut silent, mut wrong) = (0_usize, 0_usize, Vec::new());
    for top in ["conform", "clinical", "vuln", "eve", "zeeklogs"] {
        let mut paths = Vec::new();
        files(&root().join(top), &mut paths);
        for path in paths {
            let below = path.strip_prefix(root()).unwrap().display().to_string();
            let folder = below.split('/').take(2).collect::<Vec<_>>().join("/");
            let says = SAYS.iter().find(|(parts, ..)| parts.iter().all(|part| below.contains(part)));
            for report in reports(&path) {
                let row = table.entry((folder.clone(), report.kind.clone())).or_default();
                row[usize::from(!report.valid())] += 1;
                let why = report.problems.first().map(|p| format!("{} {} {}", p.code, p.place, p.why));
                if std::env::var("TOLD").is_ok_and(|wanted| folder.contains(&wanted)) {
                    println!("{below} {} {} {}", report.kind, report.valid(), why.as_deref().unwrap_or(""));
                }
                let Some((_, kind, valid)) = says else {
                    silent += usize::from(top == "conform" || top == "clinical");
                    continue;
                };
                judged += 1;
                let right = report.kind == *kind && valid.is_none_or(|valid| valid == report.valid());
                row[if right { 2 } else { 3 }] += 1;
                if !right && !DISAGREE.iter().any(|(end, _)| below.ends_with(end)) {
                    wrong.push(format!("{below}: {} {} {why:?}", report.kind, report.valid()));
                }
            }
        }
    }
    println!(
        "{:<36} {:<22} {:>5} {:>7} {:>8} {:>9}",
        "corpus", "kind", "valid", "invalid", "as said", "otherwise"
    );
    for ((folder, kind), [valid, invalid, right, other]) in &table {
        println!("{folder:<36} {kind:<22} {valid:>5} {invalid:>7} {right:>8} {other:>9}");
    }
    println!("{judged} judged, {silent} of which nothing is said; explained disagreements: {DISAGREE:#?}");
    assert!(wrong.is_empty(), "{} unexplained: {wrong:#?}", wrong.len());
    assert!(judged >= 2_150 && silent <= 10, "{judged} judged, {silent} of which nothing is said");
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
