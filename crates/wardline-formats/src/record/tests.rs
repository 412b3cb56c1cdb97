use super::*;
use crate::open;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that comes out of a text.
fn all(text: &[u8]) -> (Ended, Vec<Record>, Vec<Rejected>) {
    let (mut records, mut rejected) = (Vec::new(), Vec::new());
    let mut input = text;
    let ended = read(&mut input, &mut |item| {
        match item {
            Item::Record { record, .. } => records.push(record),
            Item::Rejected(one) => rejected.push(one),
            Item::Head { .. } => {}
        }
        ControlFlow::Continue(())
    });
    (ended.unwrap(), records, rejected)
}

fn cve(text: &str) -> Cve {
    match all(text.as_bytes()) {
        (_, records, rejected) if rejected.is_empty() => match records.into_iter().next() {
            Some(Record::Cve(cve)) => *cve,
            other => panic!("{other:?}"),
        },
        (_, _, rejected) => panic!("{rejected:?}"),
    }
}

#[test]
fn a_record_of_the_nvd_keeps_its_logic() {
    let read = cve(
        r#"{"format":"NVD_CVE","vulnerabilities":[{"cve":{"id":"CVE-2024-0001","vulnStatus":"Deferred",
        "descriptions":[{"lang":"es","value":"uno"},{"lang":"en","value":"one"}],
        "configurations":[{"operator":"AND","nodes":[
          {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:o:x:y:*:*:*:*:*:*:*:*",
             "versionStartIncluding":"1.0","versionEndExcluding":"2.0","matchCriteriaId":"A"}]},
          {"operator":"OR","negate":true,"cpeMatch":[{"vulnerable":false,"criteria":"cpe:2.3:h:x:y:-:*:*:*:*:*:*:*"}]}]}]}}]}"#,
    );
    assert_eq!((read.standing, read.description.as_str()), (Standing::Deferred, "one"));
    let Formula::All(nodes) = &read.configurations[0] else { panic!("{read:?}") };
    assert!(matches!(nodes[1], Formula::Not(_)));
    let matches = read.configurations[0].matches();
    assert_eq!(matches[0].from, Some(Bound { version: "1.0".into(), inclusive: true }));
    assert_eq!(matches[0].to, Some(Bound { version: "2.0".into(), inclusive: false }));
    assert!(!matches[1].vulnerable);
}

#[test]
fn a_broken_record_is_named_with_its_place() {
    let text = "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[\n{\"cve\":{\"id\":\"CVE-2024-0001\"}},\n{\"cve\":{\"id\":\"nonsense\"}},\n{\"cve\":{\"id\":\"CVE-2024-0002\", x}},\n{\"cve\":{\"id\":\"CVE-2024-0003\"}}]}";
    let (_, records, rejected) = all(text.as_bytes());
    assert_eq!(records.len(), 2);
    let told: Vec<String> = rejected.iter().map(|one| format!("{}: {}", one.place, one.why)).collect();
    assert_eq!(
        told,
        [
            "/vulnerabilities/1/cve/id (3:14): \"nonsense\" is no CVE id",
            "/vulnerabilities/2 (4:31): a name in quotes should be here"
        ]
    );
}

#[test]
fn the_older_feed_nests_its_nodes() {
    let read = cve(
        r#"{"CVE_data_type":"CVE","CVE_Items":[{"cve":{"CVE_data_meta":{"ID":"CVE-2019-0001"},"description":{"description_data":[{"lang":"en","value":"** REJECT ** no"}]}},
        "configurations":{"nodes":[{"operator":"AND","children":[{"operator":"OR","cpe_match":[{"vulnerable":true,"cpe23Uri":"cpe:2.3:o:a:b:*:*:*:*:*:*:*:*","versionEndIncluding":"3"}]}]}]}}]}"#,
    );
    assert_eq!(read.standing, Standing::Rejected);
    assert_eq!(read.configurations[0].matches()[0].to, Some(Bound { version: "3".into(), inclusive: true }));
}

#[test]
fn epss_tells_its_model_and_refuses_what_is_no_probability() {
    let text = b"#model_version:v2025.03.14,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\nCVE-1999-0001,0.5,0.9\nCVE-1999-0002,7,0\nx,0,0\n";
    let (ended, records, rejected) = all(text);
    assert_eq!((ended.source, records.len()), (Some(Source::Epss), 1));
    let told: Vec<String> = rejected.iter().map(|one| format!("{}: {}", one.place, one.why)).collect();
    assert_eq!(told, ["4:1: epss of CVE-1999-0002 should be 0 to 1, not \"7\"", "5:1: \"x\" is no CVE id"]);
}

#[test]
fn an_advisory_gives_every_leaf_with_its_path_and_resolves_groups() {
    let text = r#"{"document":{"csaf_version":"2.0","tracking":{"id":"A-1"}},
      "product_tree":{"branches":[{"category":"vendor","name":"V","branches":[{"category":"product_name","name":"P","branches":[
         {"category":"product_version","name":"1","product":{"product_id":"P1","name":"V P 1"}},
         {"category":"product_version_range","name":"vers:all/*","product":{"product_id":"P2","name":"V P all","product_identification_helper":{"cpe":"cpe:2.3:a:v:p:*:*:*:*:*:*:*:*"}}}]}]}],
         "relationships":[{"category":"installed_on","product_reference":"P1","relates_to_product_reference":"P2","full_product_name":{"product_id":"P3","name":"both"}}],
         "product_groups":[{"group_id":"G","product_ids":["P1","P2"]}]},
      "vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"known_not_affected":["P1"],"known_affected":["P2"]},
         "flags":[{"label":"component_not_present","group_ids":["G"]}],
         "remediations":[{"category":"vendor_fix","details":"do","group_ids":["G"]}]}]}"#;
    let (ended, records, _) = all(text.as_bytes());
    assert_eq!(ended.source, Some(Source::Csaf));
    let Some(Record::Advisory(read)) = records.first() else { panic!("{records:?}") };
    assert_eq!(read.products.len(), 3);
    assert_eq!(read.products[1].branch("vendor"), Some("V"));
    assert_eq!(read.products[2].relationship.as_ref().unwrap().whole, "P2");
    let one = &read.vulnerabilities[0];
    assert_eq!(one.remedies[0].products, ["P1", "P2"]);
    let justified: Vec<&str> = one.statements.iter().map(|s| s.justification.as_str()).collect();
    assert_eq!(justified, ["", "component_not_present"]);
}

#[test]
fn recalls_and_registrations_are_read_by_their_published_fields() {
    let text = r#"{"meta":{},"results":[{"product_res_number":"Z-1-2024","recalling_firm":"F","product_description":"pump"},{}]}"#;
    let (ended, records, rejected) = all(text.as_bytes());
    assert_eq!((ended.source, records.len(), rejected.len()), (Some(Source::Recall), 1, 1));
    let text = r#"{"results":[{"public_device_record_key":"k","company_name":"C","identifiers":[{"id":"1","issuing_agency":"GS1"}]}]}"#;
    assert!(
        matches!(all(text.as_bytes()).1.as_slice(), [Record::Registered(one)] if one.identifiers.len() == 1)
    );
}

#[test]
fn every_prefix_of_every_kind_ends_in_an_answer() {
    for text in [
        r##"{"vulnerabilities":[{"cveID":"CVE-2024-0001","dateAdded":"2024-01-01"}]}"##,
        "cveID,vendorProject\nCVE-2024-0001,\"x\n",
        "---\ntitle: x\nreleases:\n  - releaseCycle: \"1\"\n    eol: false\n---\n",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","statements":[{"vulnerability":{"name":"CVE-2024-0001"},"status":"fixed","products":[{"@id":"pkg:x/y"}]}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"CVE-2024-0001","affects":[{"ref":"a"}]}]}"#,
        r#"{"dataType":"CVE_RECORD","cveMetadata":{"cveId":"CVE-2024-0001"},"containers":{"cna":{}}}"#,
    ] {
        assert_eq!(all(text.as_bytes()).1.len(), 1, "{text}");
        for end in 0..text.len() {
            let _ = all(&text.as_bytes()[..end]);
        }
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Reads the whole development tree of knowledge and prints what came out of each folder.
#[test]
fn all_knowledge_of_the_development_tree_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vuln");
    if !root.is_dir() {
        eprintln!("SKIPPED: no conformance documents at ../shared/data/vuln");
        return;
    }
    let mut table: BTreeMap<(String, String), (usize, usize, usize)> = BTreeMap::new();
    let mut told = Vec::new();
    let mut paths = Vec::new();
    files(&root, &mut paths);
    for path in paths {
        let folder = path.strip_prefix(&root).unwrap().components().next().unwrap();
        let folder = folder.as_os_str().to_string_lossy().into_owned();
        let file = std::fs::File::open(&path).unwrap();
        let opened = open::each_part::<open::OpenError>(Box::new(file), &mut |_, stream| {
            let (mut records, mut rejected) = (0, Vec::new());
            let ended = read(stream, &mut |item| {
                match item {
                    Item::Record { .. } => records += 1,
                    Item::Rejected(one) => rejected.push(one),
                    Item::Head { .. } => {}
                }
                ControlFlow::Continue(())
            })?;
            let source = ended.source.map_or("-", Source::as_str);
            let row = table.entry((folder.clone(), source.to_owned())).or_default();
            *row = (row.0 + 1, row.1 + records, row.2 + rejected.len());
            told.extend(rejected.iter().map(|one| format!("{}: {}: {}", path.display(), one.place, one.why)));
            Ok(())
        });
        opened.unwrap();
    }
    for ((folder, source), (files, records, rejected)) in &table {
        println!("{folder:<28} {source:<14} {files:>5} files {records:>6} records {rejected:>3} rejected");
    }
    assert!(told.len() <= 1, "{}", told.join("\n"));
    let of = |folder: &str, source: &str| {
        table.get(&(folder.to_owned(), source.to_owned())).copied().unwrap_or_default()
    };
    assert_eq!(of("csaf-icsma", "csaf"), (76, 76, 0));
    assert_eq!(of("cve5-vulnrichment", "cve"), (215, 215, 0));
    assert_eq!(of("eol-products", "eol").2, 0);
}

/// A feed of many records, made as it is read.
struct Feed {
    left: usize,
    ready: Vec<u8>,
    given: usize,
    begun: bool,
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.given = 0;
            self.ready.clear();
            if !std::mem::replace(&mut self.begun, true) {
                self.ready.extend_from_slice(b"{\"format\":\"NVD_CVE\",\"vulnerabilities\":[");
            }
            if self.left == 0 {
                return Ok(0);
            }
            self.left -= 1;
            let text = "x".repeat(700);
            let matches: Vec<String> = (0..12)
                .map(|n| format!(r#"{{"vulnerable":true,"criteria":"cpe:2.3:o:vendor:product_{n}:1.{n}:*:*:*:*:*:*:*","matchCriteriaId":"A-{n}","versionEndExcluding":"2.{n}"}}"#))
                .collect();
            let record = format!(
                r#"{{"cve":{{"id":"CVE-2024-{:06}","vulnStatus":"Analyzed","published":"2024-01-01T00:00:00","lastModified":"2024-01-02T00:00:00","descriptions":[{{"lang":"en","value":"{text}"}}],"metrics":{{"cvssMetricV31":[{{"source":"s","type":"Primary","cvssData":{{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8}}}}]}},"configurations":[{{"nodes":[{{"operator":"OR","negate":false,"cpeMatch":[{}]}}]}}]}}}}{}"#,
                self.left,
                matches.join(","),
                if self.left == 0 { "]}" } else { "," }
            );
            self.ready.extend_from_slice(record.as_bytes());
        }
        let count = into.len().min(self.ready.len() - self.given);
        into[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// As many records as the NVD has with `WARDLINE_FULL=1`, some of them otherwise.
#[test]
fn a_feed_as_long_as_the_nvd_is_read_record_by_record() {
    let left = if std::env::var_os("WARDLINE_FULL").is_some() { 300_000 } else { 3_000 };
    let mut feed = Feed { left, ready: Vec::new(), given: 0, begun: false };
    let (mut records, mut bytes) = (0, 0);
    let ended = read(&mut feed, &mut |item| {
        if let Item::Record { bytes: text, .. } = item {
            records += 1;
            bytes += text.len();
        }
        ControlFlow::Continue(())
    });
    assert_eq!((ended.unwrap().cut, records), (false, left));
    println!("{records} records, {} MB", bytes / 1_000_000);
}
