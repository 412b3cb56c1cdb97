//! Kinds of XML: which one a document is, by its root, and whether it is well-formed and has what it must.
//!
//! No entity is ever expanded and nothing is ever fetched: a document type that defines entities is refused.
//! Limits: [`DEPTH_MAX`], [`ELEMENTS_MAX`].

mod cyclonedx;

use super::{Report, Severity};
use crate::json::place;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Elements within each other.
const DEPTH_MAX: usize = 256;
/// Elements kept; scans of large networks have a million.
const ELEMENTS_MAX: usize = 4_000_000;

/// An element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    /// Name without prefix.
    pub(crate) name: String,
    /// Prefix of the name; empty in the default namespace.
    pub(crate) prefix: String,
    /// Attributes, names without prefix.
    pub(crate) attributes: Vec<(String, String)>,
    /// Text directly in it.
    pub(crate) text: String,
    /// Elements in it.
    pub(crate) children: Vec<Element>,
    /// Offset of its beginning.
    pub(crate) at: usize,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Elements of that name anywhere below.
    fn count(&self, name: &str) -> usize {
        let below = self.children.iter().map(|child| child.count(name)).fold(0_usize, usize::saturating_add);
        below.saturating_add(usize::from(self.name == name))
    }
}

/// Why a text is no XML that is read here.
struct Fault {
    at: usize,
    code: &'static str,
    why: String,
}

/// The root of a document, for readers of one kind; where and why it is no XML.
pub(crate) fn root(bytes: &[u8]) -> Result<Element, (crate::json::Place, String)> {
    match read(bytes) {
        (Some(root), None) => Ok(root),
        (_, Some(fault)) => Err((place(bytes, fault.at), fault.why)),
        (None, None) => Err((place(bytes, 0), "no element".to_owned())),
    }
}

/// Judges a document of XML.
pub(super) fn inspect(bytes: &[u8]) -> Report {
    let (root, fault) = read(bytes);
    let mut report = root.as_ref().map_or_else(|| Report::new(by_head(bytes)), |root| judge(root, bytes));
    if fault.is_some() {
        // What is missing may stand behind the fault.
        report.problems.clear();
    }
    if let Some(fault) = fault {
        if report.kind == "unknown" {
            by_head(bytes).clone_into(&mut report.kind);
        }
        report.error(fault.code, place(bytes, fault.at), fault.why);
    }
    report
}

/// What a broken document was meant to be.
fn by_head(bytes: &[u8]) -> &'static str {
    const HEAD: usize = 16 << 10;
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD)).unwrap_or(bytes));
    let signs = [
        ("cyclonedx.org/schema/bom", "cyclonedx"),
        ("<NessusClientData", "nessus"),
        ("<nmaprun", "nmap"),
        ("<AuditMessage", "atna"),
        ("hl7.org/fhir", "fhir"),
        ("csrc.nist.gov/ns/oscal", "oscal"),
        ("<get_reports_response", "openvas"),
        ("<SCAN", "qualys"),
        ("<HOST_LIST_VM", "qualys"),
    ];
    signs.iter().find(|(sign, _)| head.contains(sign)).map_or("unknown", |(_, kind)| kind)
}

/// The text of a document; in an encoding of one byte a character names and structure are ASCII all the same.
fn decoded(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let head =
                String::from_utf8_lossy(bytes.get(..200.min(bytes.len())).unwrap_or_default()).to_lowercase();
            let declared = head.contains("encoding=")
                && !head.contains("encoding=\"utf-8")
                && !head.contains("encoding='utf-8");
            if declared {
                return Ok(bytes.iter().copied().map(char::from).collect::<String>().into());
            }
            Err(Fault { at: error.valid_up_to(), code: "xml", why: "the text is not UTF-8 here".to_owned() })
        }
    }
}

/// Elements as they open and close.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    /// Takes an event; says what is wrong when it must not go on.
    fn take(&mut self, event: Event<'_>, at: usize) -> Result<(), (&'static str, &'static str)> {
        match event {
            Event::DocType(doctype) if doctype.contains("<!ENTITY") => {
                return Err(("entity", "the document defines entities, which are never expanded: refused"));
            }
            Event::Start(start) => {
                self.count()?;
                self.open.push(element(&start, at));
            }
            Event::Empty(start) => {
                self.count()?;
                self.done(element(&start, at));
            }
            Event::End(_) => {
                if let Some(done) = self.open.pop() {
                    self.done(done);
                }
            }
            Event::Text(text) => self.text(&text),
            Event::GeneralRef(name) => match unescape(&format!("&{};", &*name)) {
                Ok(text) => self.text(&text),
                Err(_) => return Err(("entity", "an entity that XML does not have: refused")),
            },
            Event::CData(text) => self.text(&text),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), (&'static str, &'static str)> {
        self.elements = self.elements.saturating_add(1);
        if self.open.len() >= DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(("limit", "too many elements, or too deep in each other"));
        }
        if self.root.is_some() && self.open.is_empty() {
            return Err(("xml", "a second root element"));
        }
        Ok(())
    }

    fn done(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(parent) = self.open.last_mut() {
            parent.text.push_str(text);
        }
    }

    /// The root, whole or as far as it came.
    fn finish(self) -> Option<Element> {
        self.root.or_else(|| self.open.into_iter().next())
    }
}

fn read(bytes: &[u8]) -> (Option<Element>, Option<Fault>) {
    let text = match decoded(bytes) {
        Ok(text) => text,
        Err(fault) => return (None, Some(fault)),
    };
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let mut builder = Builder::default();
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(at);
                return (builder.finish(), Some(Fault { at, code: "xml", why: error.to_string() }));
            }
            Ok(Event::Eof) => break,
            Ok(event) => {
                if let Err((code, why)) = builder.take(event, at) {
                    return (builder.finish(), Some(Fault { at, code, why: why.to_owned() }));
                }
            }
        }
    }
    let cut = !builder.open.is_empty() || builder.root.is_none();
    let fault = cut.then(|| Fault {
        at: bytes.len(),
        code: "xml",
        why: "the document stops in the middle".to_owned(),
    });
    (builder.finish(), fault)
}

fn element(start: &BytesStart<'_>, at: usize) -> Element {
    let name = start.local_name().as_ref().to_owned();
    let prefix = start.name().prefix().map(|prefix| prefix.as_ref().to_owned()).unwrap_or_default();
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false).flatten() {
        let key = attribute.key.as_ref().to_owned();
        let value = unescape(&attribute.value)
            .map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned);
        let local = if key.starts_with("xmlns") {
            key
        } else {
            key.rsplit(':').next().unwrap_or_default().to_owned()
        };
        attributes.push((local, value));
    }
    Element { name, prefix, attributes, text: String::new(), children: Vec::new(), at }
}

/// Namespaces that a root declares.
fn namespaces(root: &Element) -> impl Iterator<Item = &str> {
    root.attributes.iter().filter(|(name, _)| name.starts_with("xmlns")).map(|(_, value)| value.as_str())
}

fn judge(root: &Element, bytes: &[u8]) -> Report {
    let within = |name: &str| namespaces(root).find(|space| space.contains(name));
    let name = root.name.as_str();
    if name == "schema" && within("www.w3.org/2001/XMLSchema").is_some() {
        let mut report = Report::new("unknown");
        report.error("kind", "/schema", "a schema (XSD), which tells of documents and is none");
        return report;
    }
    if let Some(space) = within("cyclonedx.org/schema/bom") {
        return cyclonedx::inspect(root, space, bytes);
    }
    let must = |kind: &str, what: &[&str], counted: &'static str, element: &str| {
        let mut report = Report::new(kind);
        for child in what.iter().filter(|child| root.count(child) == 0) {
            report.error("schema", format!("/{name}"), format!("an element <{child}> is missing"));
        }
        report.count(counted, root.count(element));
        report
    };
    if name == "bom" {
        let mut report = Report::new("cyclonedx");
        report.error("namespace", "/bom", "the namespace is none of CycloneDX's");
        return report;
    }
    if name.starts_with("NessusClientData") {
        let mut report = must("nessus", &["Report"], "hosts", "ReportHost");
        report.format_version =
            name.rsplit_once('_').map(|(_, version)| version.trim_start_matches('v').to_owned());
        report.count("findings", root.count("ReportItem"));
        return report;
    }
    if name == "nmaprun" {
        let mut report = must("nmap", &[], "hosts", "host");
        report.format_version = root.attribute("xmloutputversion").map(str::to_owned);
        report.text("command", root.attribute("args"));
        if root.count("runstats") == 0 {
            report.tell(
                Severity::Warning,
                "cut",
                place(bytes, bytes.len()),
                "the scan did not come to its end",
            );
        }
        return report;
    }
    let greenbone = root.count("nvt") > 0 && root.count("result") > 0;
    if matches!(name, "get_reports_response" | "get_results_response")
        || (name == "report"
            && (greenbone || root.count("results") > 0 || root.attribute("format_id").is_some()))
    {
        return must("openvas", &[], "findings", "result");
    }
    let qualys = [
        "HOST_LIST_VM_DETECTION_OUTPUT",
        "ASSET_DATA_REPORT",
        "SCAN",
        "WAS_SCAN_REPORT",
        "WAS_WEBAPP_REPORT",
        "ServiceResponse",
        "KNOWLEDGE_BASE_VULN_LIST_OUTPUT",
        "REMOTE_SCAN",
    ];
    if qualys.contains(&name) {
        return must("qualys", &[], "findings", if root.count("VULN") > 0 { "VULN" } else { "DETECTION" });
    }
    more(root, must)
}

/// Kinds with fewer rules.
fn more(root: &Element, must: impl Fn(&str, &[&str], &'static str, &str) -> Report) -> Report {
    let name = root.name.as_str();
    let within = |part: &str| namespaces(root).any(|space| space.contains(part));
    if name == "AuditMessage" {
        return must(
            "atna",
            &["EventIdentification", "AuditSourceIdentification"],
            "participants",
            "ActiveParticipant",
        );
    }
    if within("urn:hl7-org:v2xml") || root.child("MSH").is_some() {
        let mut report = must("hl7", &["MSH"], "segments", "MSH");
        report.text("message", Some(name));
        return report;
    }
    if within("hl7.org/fhir") {
        return must("fhir", &[], "entries", "entry");
    }
    if within("csrc.nist.gov/ns/oscal") {
        let mut report = must("oscal", &["metadata"], "controls", "control");
        report.text("model", Some(name));
        return report;
    }
    const POCT: [&str; 8] =
        ["HEL.R01", "ACK.R01", "DST.R01", "REQ.R01", "OBS.R01", "OBS.R02", "EVS.R01", "END.R01"];
    if POCT.contains(&name) || root.count("HDR.control_id") > 0 {
        let mut report = must("poct1a", &["HDR"], "observations", "OBS");
        report.text("message", Some(name));
        return report;
    }
    if name == "config"
        && (root.child("devices").is_some()
            || root.child("mgt-config").is_some()
            || root.child("shared").is_some())
    {
        return must("firewall:palo-alto", &[], "rules", "entry");
    }
    if name == "configuration" || (name == "rpc-reply" && root.count("configuration") > 0) {
        return must("firewall:junos", &[], "terms", "term");
    }
    let mut report = Report::new("unknown");
    report.error("kind", format!("/{name}"), "XML of no kind that is known");
    report
}
