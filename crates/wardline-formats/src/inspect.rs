//! Inspecting: what a file of the field is, whether it holds by its standard, and where it does not.
//!
//! In: the text of a document as [`crate::open`] gives it. Out: a [`Report`]: the kind, told by content and never by
//! name; the version; every problem with its place and the standard's own test id where it has one; a summary.
//! `valid` means that the schema and the mandatory tests of the standard hold. Structural rules are written from the
//! standards in the notation of [`crate::json::shape`] and in code; no schema of others is here.
//!
//! Limits: documents are read whole up to [`crate::record::DOCUMENT_BYTES_MAX`]; larger ones must be feeds, which are
//! read record by record. [`PROBLEMS_MAX`] problems are told of one document.

mod csaf;
mod dicom;
mod feed;
mod json_kind;
mod text_kind;
mod time;
mod xml_kind;

pub(crate) use xml_kind::{Element, root as xml_root};

use crate::json::{self, Pointer, parse, place};
use crate::record::DOCUMENT_BYTES_MAX;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Problems told of one document; the rest is counted.
pub const PROBLEMS_MAX: usize = 200;

/// Every kind with its name in words. Firewalls carry their platform behind a colon.
pub const FORMATS: &[(&str, &str)] = &[
    ("astm", "laboratory message (ASTM E1394, LIS2-A2)"),
    ("atna", "audit message (IHE ATNA)"),
    ("cacao", "CACAO playbook"),
    ("capture", "network capture"),
    ("csaf", "security advisory (CSAF)"),
    ("cve", "CVE record"),
    ("cyclonedx", "software bill of materials (CycloneDX)"),
    ("cyclonedx-vex", "exploitability statement (CycloneDX VEX)"),
    ("dicom", "DICOM object"),
    ("eol", "end-of-life dates (endoflife.date)"),
    ("epss", "exploit predictions (EPSS)"),
    ("fhir", "FHIR resource"),
    ("firewall:aruba", "firewall configuration, Aruba"),
    ("firewall:cisco-asa", "firewall configuration, Cisco ASA"),
    ("firewall:cisco-ios", "router or switch configuration, Cisco IOS"),
    ("firewall:cisco-nxos", "switch configuration, Cisco NX-OS"),
    ("firewall:fortios", "firewall configuration, FortiOS"),
    ("firewall:iptables", "firewall configuration, iptables"),
    ("firewall:junos", "firewall or router configuration, Junos"),
    ("firewall:nftables", "firewall configuration, nftables"),
    ("firewall:palo-alto", "firewall configuration, Palo Alto"),
    ("hl7", "HL7 v2 messages"),
    ("kev", "known exploited vulnerabilities (CISA KEV)"),
    ("mds2", "manufacturer disclosure statement (MDS2)"),
    ("nessus", "scanner report, Nessus"),
    ("nmap", "scanner report, Nmap"),
    ("nvd", "vulnerabilities of the NVD"),
    ("openfda", "openFDA recalls or device identifiers"),
    ("openvas", "scanner report, OpenVAS or Greenbone"),
    ("openvex", "exploitability statements (OpenVEX)"),
    ("oscal", "OSCAL document"),
    ("poct1a", "point-of-care messages (POCT1-A)"),
    ("qualys", "scanner report, Qualys"),
    ("sarif", "analysis results (SARIF)"),
    ("sigma", "Sigma rule"),
    ("spdx", "software bill of materials (SPDX)"),
    ("stix", "threat intelligence (STIX)"),
    ("suricata-eve", "Suricata events (EVE)"),
    ("zeek-log", "Zeek log"),
];

/// A kind in words.
#[must_use]
pub fn words(kind: &str) -> &str {
    FORMATS.iter().find(|(known, _)| *known == kind).map_or("of no kind that is known", |(_, words)| words)
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document does not hold.
    Error,
    /// It should be otherwise.
    Warning,
    /// It may be worth a look.
    Info,
}

impl Severity {
    /// The name in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Something wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// JSON Pointer, XPath, `sheet!cell`, or line and column.
    pub place: String,
    /// The standard's test id, else a word of ours: `schema`, `json`, `xml`, `duplicate`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in words.
    pub why: String,
}

/// A value of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(String),
    /// A number of something.
    Count(u64),
}

/// What a document is, and whether it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The kind: one of the contract's names, `unknown` when it is none.
    pub kind: String,
    /// Version of the format, where the document says it.
    pub format_version: Option<String>,
    /// What is wrong, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more: u64,
    /// Whether there was an error among those beyond.
    more_errors: bool,
    /// What it says in short.
    pub summary: BTreeMap<&'static str, Said>,
}

impl Report {
    /// A report of a kind.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    /// Whether the document is known and holds.
    #[must_use]
    pub fn valid(&self) -> bool {
        self.kind != "unknown"
            && !self.more_errors
            && self.problems.iter().all(|p| p.severity != Severity::Error)
    }

    /// Adds a problem.
    #[expect(clippy::needless_pass_by_value, reason = "places are made for this and for nothing else")]
    pub fn tell(&mut self, severity: Severity, code: &str, place: impl ToString, why: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            let (place, code) = (place.to_string(), code.to_owned());
            self.problems.push(Problem { place, code, severity, why: why.into() });
        } else {
            self.more = self.more.saturating_add(1);
            self.more_errors |= severity == Severity::Error;
        }
    }

    /// Adds an error.
    pub fn error(&mut self, code: &str, place: impl ToString, why: impl Into<String>) {
        self.tell(Severity::Error, code, place, why);
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let short: String = text.chars().take(200).collect();
            self.summary.insert(name, Said::Text(short));
        }
    }

    fn count(&mut self, name: &'static str, count: usize) {
        self.summary.insert(name, Said::Count(u64::try_from(count).unwrap_or(u64::MAX)));
    }

    fn misfits(&mut self, code: &str, misfits: Vec<json::shape::Misfit>) {
        for misfit in misfits {
            let place = if misfit.pointer.is_empty() { "/".to_owned() } else { misfit.pointer };
            self.error(code, place, misfit.why);
        }
    }
}

/// Scores of a CVSS vector, as whoever can score gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Base, or the only one.
    pub base: f64,
    /// Temporal.
    pub temporal: Option<f64>,
    /// Environmental.
    pub environmental: Option<f64>,
}

/// What judging needs and this crate does not know.
#[derive(Clone, Copy)]
pub struct Tools<'t> {
    /// Scores a CVSS vector, or says why it is none.
    pub score: &'t dyn Fn(&str) -> Result<Scores, String>,
}

/// Inspects one document.
///
/// # Errors
/// When the stream cannot be read on.
pub fn inspect(input: &mut dyn Read, tools: Tools<'_>) -> io::Result<Report> {
    let mut bytes = Vec::new();
    input.take(DOCUMENT_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > DOCUMENT_BYTES_MAX {
        return feed::inspect(&mut bytes.as_slice().chain(input));
    }
    Ok(document(&bytes, tools))
}

/// Inspects a document that is at hand.
#[must_use]
pub fn document(bytes: &[u8], tools: Tools<'_>) -> Report {
    let blank = |byte: &u8| byte.is_ascii_whitespace();
    let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    match bytes.get(start..).unwrap_or_default() {
        [b'{' | b'[', ..] => json_document(bytes, tools),
        // `<` and a digit begin a message of syslog.
        [b'<', b'0'..=b'9', ..] => text_kind::inspect(bytes),
        [b'<', ..] => xml_kind::inspect(bytes),
        _ => text_kind::inspect(bytes),
    }
}

fn json_document(bytes: &[u8], tools: Tools<'_>) -> Report {
    match parse(bytes) {
        Ok(tree) => {
            let mut report = json_kind::inspect(&tree.root, tools);
            for flaw in &tree.flaws {
                let pointer = json::pointer_to(&tree.root, flaw.at);
                let why = format!("\"{}\" is given twice (second at {})", flaw.name, place(bytes, flaw.at));
                report.error("duplicate", pointer, why);
            }
            report
        }
        Err(fault) => {
            // Feeds and logs have a document a line; a JSON-like text of another kind may be no JSON at all.
            if let Some(report) = json_kind::lines(bytes, tools) {
                return report;
            }
            if let Some(report) = text_kind::known(bytes) {
                return report;
            }
            let mut report = json_kind::broken(bytes);
            report.error("json", place(bytes, fault.at), fault.why);
            report
        }
    }
}

/// What a bill of materials says in short, and how complete it is.
fn bill(report: &mut Report, read: Result<crate::sbom::Sbom, crate::sbom::Unread>) {
    let sbom = match read {
        Ok(sbom) => sbom,
        Err(unread) => return report.error("limit", unread.place, unread.why),
    };
    let complete = sbom.completeness();
    report.count("components", complete.components);
    report.count("relationships", sbom.edges.len());
    if complete.components == 0 {
        return;
    }
    report.count("completeness_percent", complete.percent());
    report.count("depth", complete.depth);
    let without = |count: usize| complete.components.saturating_sub(count);
    for (name, count) in [
        ("without_version", without(complete.versioned)),
        ("without_supplier", without(complete.supplied)),
        ("without_identifier", without(complete.identified)),
        ("without_hash", without(complete.hashed)),
        ("without_relationship", without(complete.related)),
    ] {
        if count > 0 {
            report.count(name, count);
        }
    }
    for (name, said) in [("author", complete.author), ("timestamp", complete.timestamp)] {
        report.text(name, (!said).then_some("not said"));
    }
}

/// The pointer of an element below names.
fn at(names: &[&str], index: usize) -> Pointer {
    Pointer::of(names).index(index)
}

#[cfg(test)]
mod tests;
