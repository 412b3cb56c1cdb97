//! SPDX 2.x as tag-value: what must be there, what each package must say, and whether references lead anywhere.

use crate::inspect::{Report, Severity, bill};
use crate::sbom::{Tag, read, tags};
use std::collections::BTreeMap;

/// What the document must say once (SPDX 2.3, clause 6).
const MUST: [&str; 7] =
    ["SPDXVersion", "DataLicense", "SPDXID", "DocumentName", "DocumentNamespace", "Creator", "Created"];

/// A package while its tags are read: its line, name, and what it said of what it must.
struct Package {
    line: usize,
    name: String,
    id: bool,
    from: bool,
}

/// Judges a document.
pub(super) fn inspect(text: &str) -> Report {
    let mut report = Report::new("spdx");
    for must in MUST {
        if !tags(text).any(|tag| tag.name == must && !tag.value.is_empty()) {
            report.error("schema", "1:1", format!("the tag {must} is missing"));
        }
    }
    let version = tags(text).find(|tag| tag.name == "SPDXVersion");
    report.format_version = version.map(|tag| tag.value.trim_start_matches("SPDX-").to_owned());
    report.count("packages", tags(text).filter(|tag| tag.name == "PackageName").count());
    report.count("files", tags(text).filter(|tag| tag.name == "FileName").count());
    packages(text, &mut report);
    references(text, &mut report);
    bill(&mut report, read(text.as_bytes()));
    report
}

fn packages(text: &str, report: &mut Report) {
    let mut open: Option<Package> = None;
    for tag in tags(text) {
        match tag.name {
            "PackageName" | "FileName" | "SnippetSPDXID" | "LicenseID" => {
                if tag.value.is_empty() {
                    report.error("schema", place(&tag), format!("{} is empty", tag.name));
                }
                open.take().into_iter().for_each(|done| end(&done, report));
                let (line, name) = (tag.line, tag.value.to_owned());
                open = (tag.name == "PackageName").then_some(Package { line, name, id: false, from: false });
            }
            "SPDXID" => open.iter_mut().for_each(|package| package.id = true),
            "PackageDownloadLocation" => open.iter_mut().for_each(|package| package.from = true),
            "Created" if crate::inspect::time::instant(tag.value).is_none() => {
                report.error("schema", place(&tag), "Created is no date with time (RFC 3339)");
            }
            "PackageChecksum" | "FileChecksum" => {
                let hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
                if !tag.value.split_once(':').is_some_and(|(_, sum)| hex(sum.trim())) {
                    report.error("schema", place(&tag), format!("{} is no algorithm with a value", tag.name));
                }
            }
            _ => {}
        }
    }
    open.into_iter().for_each(|done| end(&done, report));
}

/// What a package must say (clause 7).
fn end(package: &Package, report: &mut Report) {
    for (said, tag) in [(package.id, "SPDXID"), (package.from, "PackageDownloadLocation")] {
        if !said {
            let why = format!("the package {} has no {tag}", package.name);
            report.error("schema", format!("{}:1", package.line), why);
        }
    }
}

fn references(text: &str, report: &mut Report) {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in tags(text).filter(|tag| matches!(tag.name, "SPDXID" | "SnippetSPDXID")) {
        if let Some(first) = ids.insert(tag.value, tag.line) {
            let why = format!("\"{}\" names something else already, in line {first}", tag.value);
            report.error("SPDXID", place(&tag), why);
        }
    }
    for tag in tags(text).filter(|tag| tag.name == "Relationship") {
        let words: Vec<&str> = tag.value.split_whitespace().collect();
        let [from, _, to] = words.as_slice() else {
            report.error("schema", place(&tag), "a relationship has two ids and its type between them");
            continue;
        };
        for id in [from, to] {
            let elsewhere = id.starts_with("DocumentRef-") || matches!(*id, "NONE" | "NOASSERTION");
            if !elsewhere && !ids.contains_key(id) {
                let why = format!("\"{id}\" names nothing in this document");
                report.tell(Severity::Warning, "SPDXID", place(&tag), why);
            }
        }
    }
}

fn place(tag: &Tag<'_>) -> String {
    format!("{}:1", tag.line)
}
