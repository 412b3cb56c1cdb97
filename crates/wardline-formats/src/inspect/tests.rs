use super::*;
use crate::open::{OpenError, each_part};
use std::path::{Path, PathBuf};

mod corpus;

/// Scores of a vector.
fn score(vector: &str) -> Result<Scores, String> {
    let rating = wardline_risk::cvss::Vector::parse(vector).map_err(|error| error.to_string())?.rating();
    let value = |score: wardline_risk::cvss::Score| score.value();
    Ok(Scores {
        base: value(rating.base),
        temporal: rating.temporal.map(value),
        environmental: rating.environmental.map(value),
    })
}

fn judge(bytes: &[u8]) -> Report {
    document(bytes, Tools { score: &score })
}

#[track_caller]
pub(super) fn check(text: &str, kind: &str, want: &[&str]) {
    let report = judge(text.as_bytes());
    let told: Vec<String> =
        report.problems.iter().map(|p| format!("{} {} {}", p.severity.as_str(), p.code, p.place)).collect();
    assert_eq!(
        (report.kind.as_str(), told),
        (kind, want.iter().map(|w| (*w).to_owned()).collect()),
        "{:#?}",
        report.problems
    );
}

#[test]
fn kinds_are_told_by_content() {
    check(
        r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://x/y","creationInfo":{"created":"2024-01-01T00:00:00Z","creators":["Tool: t"]}}"#,
        "spdx",
        &[],
    );
    check(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"n"},{"name":"m"}]}"#,
        "cyclonedx",
        &["error schema /components/1"],
    );
    check("<nmaprun args='nmap x'><host/><runstats/></nmaprun>", "nmap", &[]);
    check("MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1\r", "hl7", &[]);
    check("H|\\^&|||Analyser\rR|1|x\rL|1|N\r", "astm", &[]);
    check("title: t\nlogsource:\n  product: x\ndetection:\n  a:\n    b: c\n  condition: a\n", "sigma", &[]);
    check("#separator \\x09\n#path\tconn\n#fields\tts\tuid\n1\t2\n", "zeek-log", &[]);
    check("config firewall policy\n  edit 1\n  next\nend\n", "firewall:fortios", &[]);
    check("", "unknown", &["error kind 1:1"]);
    check("{\"a\":1}", "unknown", &["error kind /"]);
}

#[test]
fn what_is_broken_says_where() {
    check("{\"bomFormat\":\"CycloneDX\",\n \"specVersion\":}", "cyclonedx", &["error json 2:16"]);
    check(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.5","specVersion":"1.5"}"#,
        "cyclonedx",
        &["error duplicate /specVersion"],
    );
    check("<nmaprun><host></nmaprun>", "nmap", &["error xml 1:16"]);
    check("<!DOCTYPE b [<!ENTITY a 'x'>]><nmaprun>&a;</nmaprun>", "nmap", &["error entity 1:1"]);
}

#[test]
fn the_shapes_can_all_be_read() {
    for notation in [
        include_str!("shape/csaf-2.0.txt"),
        include_str!("shape/csaf-2.1.txt"),
        include_str!("shape/cvss.txt"),
        include_str!("shape/cyclonedx.txt"),
        include_str!("shape/kinds.txt"),
        include_str!("shape/ssvc.txt"),
    ] {
        assert_eq!(json::shape::Shapes::read(notation).broken(), None);
    }
}

#[test]
fn every_prefix_of_every_kind_ends_in_a_report() {
    for text in [
        r#"{"document":{"csaf_version":"2.0","tracking":{"id":"x"}},"product_tree":{"branches":[{"category":"vendor"}]},"vulnerabilities":[{}]}"#,
        "<?xml version='1.0'?><bom xmlns='http://cyclonedx.org/schema/bom/1.4'><components><component type='library'><name>x</name></component></components></bom>",
        "MSH|^~\\&|A\rPID|x\r",
        "---\ntitle: x\nreleases:\n  - releaseCycle: \"1\"\n---\n",
    ] {
        for end in 0..=text.len() {
            let _ = judge(&text.as_bytes()[..end]);
        }
    }
}
