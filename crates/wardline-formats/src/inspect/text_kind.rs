//! Kinds that are neither JSON nor XML: texts and binary files, told by their content.

mod firewall;
mod tag_value;

use super::{Report, Severity, dicom};
use crate::json::{Node, Pointer};
use crate::mds2::{self, Says};
use crate::record::{Source, of_head};
use crate::{csv, workbook, yaml};

/// Bytes looked at to tell a text's kind.
const HEAD_BYTES: usize = 64 << 10;

/// Judges what begins neither as JSON nor as XML.
pub(super) fn inspect(bytes: &[u8]) -> Report {
    known(bytes).unwrap_or_else(|| {
        let mut report = Report::new("unknown");
        let why = if bytes.is_empty() { "the file is empty" } else { "no kind of document that is known" };
        report.error("kind", "1:1", why);
        report
    })
}

/// The report of a kind that is recognised.
pub(super) fn known(bytes: &[u8]) -> Option<Report> {
    if bytes.get(128..132) == Some(b"DICM") || dicom::is_bare(bytes) {
        return Some(dicom::inspect(bytes));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(workbook(bytes));
    }
    let head =
        String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or(bytes)).into_owned();
    let feed = of_head(head.as_bytes());
    if matches!(feed, Some(Source::Epss | Source::KevCsv | Source::EolMarkdown)) {
        let mut input = bytes;
        return super::feed::inspect(&mut input).ok();
    }
    let text = String::from_utf8_lossy(bytes);
    hl7(&text)
        .or_else(|| astm(&text))
        .or_else(|| spdx(&text))
        .or_else(|| zeek(&text))
        .or_else(|| sigma(&text))
        .or_else(|| atna(&text))
        .or_else(|| scanner_csv(&text))
        .or_else(|| firewall::inspect(&head))
}

/// Workbooks: a form MDS2 when its sheets carry question ids.
fn workbook(bytes: &[u8]) -> Report {
    let read = match workbook::read(bytes) {
        Ok(read) => read,
        Err(error) => {
            let mut report = Report::new("unknown");
            report.error("workbook", "1:1", format!("a workbook that cannot be read: {error}"));
            return report;
        }
    };
    let Some(form) = mds2::read(&read) else {
        let mut report = Report::new("unknown");
        report.error("kind", "1:1", "a workbook without the question ids of MDS2");
        return report;
    };
    let mut report = Report::new("mds2");
    report.format_version = Some(form.edition.as_str().to_owned());
    for odd in &form.odd {
        let severity =
            if matches!(odd.code, "maker" | "model") { Severity::Error } else { Severity::Warning };
        report.tell(severity, odd.code, &odd.place, odd.why.as_str());
    }
    let said = [
        ("maker", &form.maker),
        ("model", &form.model),
        ("version", &form.version),
        ("document", &form.document),
        ("date", &form.date),
    ];
    said.into_iter().for_each(|(name, text)| report.text(name, Some(text)));
    report.count("answers", form.answers.len());
    for (name, says) in [
        ("yes", Says::Yes),
        ("no", Says::No),
        ("not_applicable", Says::NotApplicable),
        ("in_notes", Says::SeeNote),
        ("said_unknown", Says::Unknown),
        ("blank", Says::Blank),
    ] {
        report.count(name, form.count(&says));
    }
    report
}

/// HL7 v2: `MSH`, `FHS` or `BHS` and its separators; MLLP frames are taken off.
fn hl7(text: &str) -> Option<Report> {
    let text = text.trim_start_matches(['\u{b}', '\u{1c}', '\r', '\n', ' ', '\u{feff}']);
    let head = ["MSH", "FHS", "BHS"].iter().find_map(|name| text.strip_prefix(name))?;
    let separator = head.chars().next().filter(|c| !c.is_alphanumeric() && !c.is_whitespace())?;
    let mut report = Report::new("hl7");
    let mut messages = 0_usize;
    let mut segments = 0_usize;
    for (index, line) in
        text.split(['\r', '\n']).map(|line| line.trim_matches(['\u{b}', '\u{1c}'])).enumerate()
    {
        if line.trim().is_empty() {
            continue;
        }
        segments = segments.saturating_add(1);
        let place = format!("{}:1", index.saturating_add(1));
        let name: String = line.chars().take(3).collect();
        let right = name.len() == 3 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if !right || line.chars().nth(3).is_some_and(|c| c != separator) {
            report.tell(
                Severity::Warning,
                "segment",
                &place,
                "no segment begins like this; it is read as part of the one before",
            );
            continue;
        }
        if name == "MSH" {
            messages = messages.saturating_add(1);
            header(&mut report, line, separator, &place);
        }
    }
    report.count("messages", messages);
    report.count("segments", segments);
    Some(report)
}

fn header(report: &mut Report, line: &str, separator: char, place: &str) {
    let fields: Vec<&str> = line.split(separator).collect();
    let field = |number: usize| fields.get(number.saturating_sub(1)).copied().unwrap_or_default();
    report.text("message", Some(field(9)));
    report.text("sender", Some(field(3)));
    if !field(12).is_empty() {
        let version = field(12).split('^').next().unwrap_or_default().to_owned();
        report.format_version.get_or_insert(version);
    }
    for (number, name) in [(9, "message type"), (12, "version")] {
        if field(number).is_empty() {
            report.tell(Severity::Warning, &format!("MSH-{number}"), place, format!("the {name} is missing"));
        }
    }
}

/// ASTM E1394 / LIS2-A2: a header record with its delimiters; E1381 frames are taken off.
fn astm(text: &str) -> Option<Report> {
    let start = text.trim_start_matches(['\u{5}', '\u{2}', '\r', '\n', ' ']);
    let start = start.strip_prefix(|c: char| c.is_ascii_digit()).unwrap_or(start);
    let mut letters = start.strip_prefix('H')?.chars();
    let delimiters: Vec<char> = letters.by_ref().take(4).collect();
    let [field, repeat, component, escape] = delimiters.as_slice() else { return None };
    let all = [field, repeat, component, escape];
    if all.iter().any(|c| c.is_alphanumeric() || c.is_whitespace() || c.is_control())
        || field == repeat
        || field == component
    {
        return None;
    }
    let mut report = Report::new("astm");
    let name = start.split(*field).nth(4).unwrap_or_default();
    report.text("sender", Some(name));
    let records = text.split(['\r', '\n']).map(|line| line.trim_start_matches(['\u{5}', '\u{2}', '\u{4}']));
    let kind = |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit()).chars().next();
    let kinds: Vec<char> = records.filter_map(kind).collect();
    report.count("results", kinds.iter().filter(|kind| **kind == 'R').count());
    if !kinds.contains(&'L') {
        report.tell(Severity::Warning, "L", "1:1", "the terminator record is missing");
    }
    Some(report)
}

/// SPDX 2.x as tag-value.
fn spdx(text: &str) -> Option<Report> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let begins =
        first.starts_with("SPDXVersion:") || text.contains("\nSPDXVersion:") && first.starts_with("SPDX");
    if !begins {
        return yaml_spdx(text);
    }
    Some(tag_value::inspect(text))
}

fn yaml_spdx(text: &str) -> Option<Report> {
    if !text.contains("spdxVersion:") {
        return None;
    }
    let root = yaml::parse(text).ok()?;
    root.get("spdxVersion")?;
    let mut report = Report::new("spdx");
    report.format_version = root.text_of("spdxVersion").map(|v| v.trim_start_matches("SPDX-").to_owned());
    report.count("packages", root.list_of("packages").len());
    match crate::sbom::of_tree(&root) {
        Ok(Some(read)) => super::bill(&mut report, Ok(read)),
        Ok(None) => {}
        Err(unread) => super::bill(&mut report, Err(unread)),
    }
    Some(report)
}

/// Logs of Zeek with their headers.
fn zeek(text: &str) -> Option<Report> {
    let first = text.lines().next()?;
    if !first.starts_with("#separator") && !first.starts_with("#fields") {
        return None;
    }
    let mut report = Report::new("zeek-log");
    let (mut columns, mut rows) = (0_usize, 0_usize);
    for (index, line) in text.lines().enumerate() {
        let count = line.split('\t').count();
        if let Some(path) = line.strip_prefix("#path\t") {
            report.text("log", Some(path));
        } else if line.starts_with("#fields\t") {
            columns = count.saturating_sub(1);
        } else if !line.starts_with('#') && !line.is_empty() {
            rows = rows.saturating_add(1);
            if count != columns {
                report.error(
                    "columns",
                    format!("{}:1", index.saturating_add(1)),
                    format!("{count} columns, the heading has {columns}"),
                );
            }
        }
    }
    if columns == 0 {
        report.error("fields", "1:1", "the heading #fields is missing");
    }
    report.count("rows", rows);
    Some(report)
}

/// Sigma rules: YAML with a log source and a detection, or a correlation.
fn sigma(text: &str) -> Option<Report> {
    let line = |name: &str| text.lines().any(|line| line.trim_end().starts_with(name));
    if !line("title:") || !(line("detection:") || line("correlation:") || line("logsource:")) {
        return None;
    }
    let mut report = Report::new("sigma");
    let documents = text.split("\n---").filter(|part| !part.trim().is_empty());
    for part in documents {
        match yaml::parse(part.trim_start_matches('-')) {
            Ok(root) => sigma_rule(&mut report, &root),
            Err(fault) => report.error("yaml", format!("{}:1", fault.line), fault.why),
        }
    }
    Some(report)
}

fn sigma_rule(report: &mut Report, root: &Node<'_>) {
    report.text("title", root.text_of("title"));
    report.text("level", root.text_of("level"));
    let at = Pointer::default();
    let correlation = root.get("correlation").is_some();
    let action = root.get("action").is_some();
    let must: &[&str] = if correlation || action { &[] } else { &["title", "logsource", "detection"] };
    for name in must.iter().filter(|name| root.get(name).is_none()) {
        report.error("schema", at.member(name), format!("\"{name}\" is missing"));
    }
    let detection = root.of("detection");
    if detection.is_map() && detection.get("condition").is_none() {
        report.error("schema", Pointer::of(&["detection"]), "\"condition\" is missing");
    }
    const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
    if root.text_of("level").is_some_and(|level| !LEVELS.contains(&level)) {
        report.error("schema", Pointer::of(&["level"]), "no level of Sigma");
    }
    const STATES: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];
    if root.text_of("status").is_some_and(|status| !STATES.contains(&status)) {
        report.error("schema", Pointer::of(&["status"]), "no status of Sigma");
    }
}

/// An audit message in syslog (RFC 5424) as IHE ATNA sends it.
fn atna(text: &str) -> Option<Report> {
    let at = text.find("<AuditMessage")?;
    let before = text.get(..at)?;
    if !before.starts_with('<') && !before.contains("IHE") && !before.trim().is_empty() {
        return None;
    }
    let end = text.find("</AuditMessage>")?.saturating_add(15);
    Some(super::xml_kind::inspect(text.get(at..end)?.as_bytes()))
}

/// Scanners' tables.
fn scanner_csv(text: &str) -> Option<Report> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let has = |names: &[&str]| names.iter().all(|name| first.contains(name));
    let kind = if has(&["Plugin ID", "Risk"])
        || has(&["Plugin ID", "CVE"])
        || has(&["Plugin", "Severity", "Plugin Name"])
    {
        "nessus"
    } else if has(&["NVT OID"]) || has(&["NVT Name"]) {
        "openvas"
    } else if has(&["QID"]) || text.lines().take(12).any(|line| line.contains("QID")) {
        "qualys"
    } else {
        return None;
    };
    let mut report = Report::new(kind);
    report.count("findings", csv::rows(text, csv::separator(text)).len().saturating_sub(1));
    Some(report)
}
