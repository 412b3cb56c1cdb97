mod configurations;

use super::{Reader, fixes, leaf};
use crate::knowledge::Knowledge;
use crate::record::Verdict;
use crate::subject::Subject;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use wardline_formats::record::{Item, Product, Record, Source, read};
use wardline_product::{Applies, Products, Scheme};

/// Files of published knowledge, beside the checkout.
fn shared(folder: &str) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vuln").join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()? {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Some(files)
}

fn each_record(path: &Path, mut visit: impl FnMut(Record)) -> Option<Source> {
    let mut file = std::fs::File::open(path).unwrap();
    let ended = read(&mut file, &mut |item| {
        if let Item::Record { record, .. } = item {
            visit(record);
        }
        ControlFlow::Continue(())
    });
    ended.unwrap().source
}

fn leaves() -> Option<Vec<(String, Product)>> {
    let mut all = Vec::new();
    for folder in ["csaf-icsma", "csaf-icsa-health"] {
        for file in shared(folder)? {
            each_record(&file, |record| {
                if let Record::Advisory(advisory) = record {
                    all.extend(
                        advisory.products.iter().map(|product| (advisory.id.clone(), product.clone())),
                    );
                }
            });
        }
    }
    Some(all)
}

#[test]
fn every_leaf_of_the_medical_advisories_is_decided_or_says_why_not() {
    let Some(leaves) = leaves() else {
        return println!("SKIPPED: the published advisories are not beside the checkout");
    };
    let (mut decided, mut conditional, mut torn, mut undecided) = (0, 0, 0, 0);
    for (advisory, product) in &leaves {
        let leaf = leaf(product);
        assert!(!leaf.vendor.is_empty() && !leaf.product.is_empty(), "{advisory} {product:?}");
        let text = product.path.last().map_or("", |branch| branch.name.as_str());
        let spans: Vec<String> = leaf.applies.spans.iter().map(ToString::to_string).collect();
        let (what, detail) = if !leaf.applies.is_decided() {
            undecided += 1;
            assert!(
                !leaf.applies.unread.is_empty() || !leaf.applies.conditions.is_empty(),
                "{advisory} {text}: no reason"
            );
            let words =
                leaf.applies.unread.iter().chain(&leaf.applies.conditions).cloned().collect::<Vec<_>>();
            ("undecided", format!("not understood: {}", words.join(" ")))
        } else if let Some(words) = &leaf.words {
            torn += 1;
            let words: Vec<String> = words.spans.iter().map(ToString::to_string).collect();
            ("torn", format!("its words say {}", words.join(", ")))
        } else if !leaf.applies.conditions.is_empty() {
            conditional += 1;
            ("conditional", leaf.applies.conditions.join("; "))
        } else {
            decided += 1;
            ("decided", String::new())
        };
        println!(
            "{what}\t{advisory}\t{}\t{}\t{text}\t{}\t{detail}",
            leaf.vendor,
            leaf.product,
            spans.join(", ")
        );
    }
    println!(
        "{} leaves: {decided} decided, {conditional} with a condition, {torn} contradict themselves, {undecided} undecided",
        leaves.len()
    );
    assert_eq!(leaves.len(), 391);
    assert!(decided + conditional + torn >= 377, "{decided} {conditional} {torn} {undecided}");
}

#[test]
fn a_fix_is_what_the_words_offer_beyond_what_is_affected() {
    for (affected, words, wanted) in [
        (
            "<= 6.2.1",
            "Philips released and deployed updated Version 6.2.2 in September of 2021, which mitigated this.",
            "6.2.2",
        ),
        ("1.1 | 1.5 | 1.6", "Smiths Medical has released update Version 1.6.1 to mitigate", "1.6.1"),
        ("< V5.4.1", "Update to V5.4.1 or later version", "5.4.1"),
        (
            "<= 2.0.2.2",
            "is no longer supporting the Utility v2.0.2.2 and recommends the newer Upgrade Utility v2.0.3.0.",
            "2.0.3.0",
        ),
        (
            ">= 12.0.264 | <= 13.4.118",
            "ValveLink, v12.0.264 to v13.4.118: Apply upgrade for ValveLink v13.4.123 or higher.",
            "13.4.123",
        ),
        (
            "<=12.3",
            "Systems Manager Software version 12.5.1 - Remediates CVE-2018-1285, CVE-2023-30563",
            "12.5.1",
        ),
        ("<= 12.2.4", "recommends updating Sante DICOM Viewer Pro to v12.2.6.", "12.2.6"),
        (
            "< 8.0 SP2",
            "should apply InTouch Machine Edition v8.0 SP2 Patch 1 as soon as possible.",
            "8.0 SP2 Patch 1",
        ),
        ("<= 4.0", "The fix is expected in an upcoming system Version 4.80 software release", ""),
        ("<= 9.0", "All Alaris System software versions less than 9.19 are end of life.", ""),
        ("<= 5", "Tel: +1 (800) 258 5361 or +01 614 210 7300", ""),
        ("vers:all/*", "Update to version 5.0", ""),
    ] {
        let applies = Applies::read(affected);
        assert_eq!(fixes(words, &[&applies], Scheme::Revision).join(", "), wanted, "{words}");
    }
}

/// The verdict on a vulnerability, from documents given as text.
fn check(
    documents: &[&str],
    vendor: &str,
    product: &str,
    version: Option<&str>,
) -> Vec<(String, Verdict, Vec<String>)> {
    let products = Products::default();
    let mut knowledge = Knowledge::default();
    let mut reader = Reader::new(&products);
    for text in documents {
        let mut found = Vec::new();
        let ended = read(&mut text.as_bytes(), &mut |item| {
            match item {
                Item::Record { record, .. } => found.push(record),
                Item::Rejected(rejected) => panic!("{rejected:?}"),
                Item::Head { .. } => {}
            }
            ControlFlow::Continue(())
        });
        let source = ended.unwrap().source.expect("a known document");
        found.iter().for_each(|record| knowledge.add_part(reader.part(record, source), &products));
    }
    let subject = Subject::new(&products.resolve(vendor, product), version);
    knowledge
        .judge(&subject, &products, &[])
        .into_iter()
        .map(|one| (one.id, one.verdict, one.reasons))
        .collect()
}

/// A release of a line that is affected, which the maker's words name as the fix, is fixed; one before it is in doubt.
#[test]
fn a_fix_of_the_same_line_ends_the_doubt() {
    let csaf = r#"{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","title":"t","publisher":{"category":"vendor","name":"Acme","namespace":"https://acme.example"},
    "tracking":{"id":"ACME-2","status":"final","version":"1","current_release_date":"2024-01-01T00:00:00Z","initial_release_date":"2024-01-01T00:00:00Z","revision_history":[]}},
    "product_tree":{"branches":[{"category":"vendor","name":"DrÃ¤cme","branches":[{"category":"product_name","name":"Pump","branches":[
      {"category":"product_version_range","name":"<=1.52","product":{"name":"Pump <=1.52","product_id":"P1"}}]}]}]},
    "vulnerabilities":[{"cve":"CVE-2024-1002","product_status":{"known_affected":["P1"]},
      "remediations":[{"category":"vendor_fix","details":"Pump: Version 1.52.03 (available now)","product_ids":["P1"]}]}]}"#;
    for (version, wanted) in [
        ("1.52", Verdict::Affected),
        ("1.52.01", Verdict::Possible),
        ("1.52.03", Verdict::Fixed),
        ("1.52.04", Verdict::Fixed),
        ("1.60", Verdict::Fixed),
    ] {
        let found = check(&[csaf], "Dräcme", "Pump", Some(version));
        assert_eq!(found[0].1, wanted, "{version}: {:?}", found[0].2);
    }
}

const CVE5: &str = r#"{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2024-1000","state":"PUBLISHED"},
"containers":{"cna":{"affected":[{"vendor":"Acme","product":"Pump","defaultStatus":"unaffected","versions":[
{"version":"2.0","status":"affected","lessThan":"3.*","versionType":"custom","changes":[{"at":"2.8","status":"unaffected"},{"at":"2.9","status":"affected"}]},
{"version":"1.4","status":"affected"}]}]}}}"#;

#[test]
fn a_cve_record_is_read_with_its_changes_and_its_default() {
    for (version, wanted) in [
        ("1.4", Verdict::Affected),
        ("1.5", Verdict::NotAffected),
        ("2.0", Verdict::Affected),
        ("2.7", Verdict::Affected),
        ("2.8", Verdict::NotAffected),
        ("2.8.5", Verdict::NotAffected),
        ("2.9", Verdict::Affected),
        ("4.0", Verdict::NotAffected),
    ] {
        let found = check(&[CVE5], "ACME", "pump", Some(version));
        assert_eq!(found[0].1, wanted, "{version}: {:?}", found[0].2);
    }
    assert_eq!(check(&[CVE5], "ACME", "pump", None)[0].1, Verdict::Possible);
    assert_eq!(check(&[CVE5], "ACME", "pump controller", None), []);
    let rejected = CVE5.replace("PUBLISHED", "REJECTED");
    assert_eq!(check(&[&rejected], "ACME", "pump", Some("2.0")), []);
}

#[test]
fn all_branches_relationships_and_statuses_of_a_tree_count() {
    let csaf = r#"{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","title":"t","publisher":{"category":"vendor","name":"Acme","namespace":"https://acme.example"},
    "tracking":{"id":"ACME-1","status":"final","version":"1","current_release_date":"2024-01-01T00:00:00Z","initial_release_date":"2024-01-01T00:00:00Z","revision_history":[]}},
    "product_tree":{"branches":[{"category":"vendor","name":"Acme","branches":[
      {"category":"product_name","name":"Pump","branches":[
        {"category":"product_version_range","name":"vers:generic/<2.0","product":{"name":"Acme Pump <2.0","product_id":"P1"}},
        {"category":"product_version","name":"2.0","product":{"name":"Acme Pump 2.0","product_id":"P2"}}]},
      {"category":"product_name","name":"Agent","branches":[{"category":"product_version","name":"7","product":{"name":"Acme Agent 7","product_id":"A7"}}]},
      {"category":"product_name","name":"Station","branches":[{"category":"product_version","name":"5","product":{"name":"Acme Station 5","product_id":"S5"}}]}]}],
     "relationships":[{"category":"installed_on","full_product_name":{"name":"Agent 7 on Station 5","product_id":"A7S5"},"product_reference":"A7","relates_to_product_reference":"S5"}]},
    "vulnerabilities":[{"cve":"CVE-2024-1001","product_status":{"known_affected":["P1","A7S5"],"fixed":["P2"]}}]}"#;
    let verdict = |product: &str, version: &str| {
        check(&[csaf], "Acme", product, Some(version)).first().map(|found| found.1)
    };
    assert_eq!(verdict("Pump", "1.9"), Some(Verdict::Affected));
    assert_eq!(verdict("Pump", "2.0"), Some(Verdict::Fixed));
    assert_eq!(verdict("Pump", "2.1"), Some(Verdict::NotAffected));
    assert_eq!(verdict("Agent", "7"), Some(Verdict::Possible));
    assert_eq!(verdict("Station", "5"), Some(Verdict::Possible));
    assert_eq!(verdict("Station", "6"), Some(Verdict::Unknown));
    assert_eq!(verdict("Stationary", "5"), None);
}

#[test]
fn everything_published_becomes_knowledge() {
    let Some(files) = shared("") else {
        return println!("SKIPPED: the published knowledge is not beside the checkout");
    };
    let products = Products::default();
    let mut knowledge = Knowledge::default();
    let mut reader = Reader::new(&products);
    for file in &files {
        let mut found = Vec::new();
        let source = each_record(file, |record| found.push(record));
        if let Some(source) = source {
            found.iter().for_each(|record| knowledge.add_part(reader.part(record, source), &products));
        }
    }
    println!("{} files, {} records, {} products", files.len(), knowledge.len(), knowledge.products());
    assert!(knowledge.len() > 1_000 && knowledge.products() > 1_500);
}
