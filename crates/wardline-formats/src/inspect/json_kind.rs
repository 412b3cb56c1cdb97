//! Kinds of JSON: which one a document is, by its members, and its structure.

mod graph;
mod pattern;
mod stix;

use super::{Report, Severity, Tools, csaf};
use crate::json::shape::Shapes;
use crate::json::{self, Node, Pointer, parse, place};
use crate::record::Source;
use crate::sbom;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("shape/kinds.txt")));
static CYCLONEDX: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("shape/cyclonedx.txt")));
/// Selections of SSVC.
pub(super) static SSVC: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("shape/ssvc.txt")));

/// Roots of OSCAL documents.
const OSCAL: [&str; 8] = [
    "catalog",
    "profile",
    "component-definition",
    "system-security-plan",
    "assessment-plan",
    "assessment-results",
    "plan-of-action-and-milestones",
    "mapping-collection",
];

/// Judges a document of JSON.
pub(super) fn inspect(root: &Node<'_>, tools: Tools<'_>) -> Report {
    match Source::of_tree(root) {
        Some(Source::Csaf) => return csaf::inspect(root, tools),
        Some(Source::OpenVex) => return openvex(root),
        Some(Source::CycloneDxVex) => return cyclonedx(root),
        Some(Source::Nvd) => return shaped(root, "nvd", "nvd-record"),
        Some(Source::Cve5) => return cve(root),
        Some(Source::EolJson) => return eol(root),
        _ => {}
    }
    let text = |name: &str| root.text_of(name).unwrap_or_default();
    let has = |name: &str| root.get(name).is_some();
    if has("bomFormat") || text("$schema").contains("cyclonedx.org/schema/bom") {
        return cyclonedx(root);
    }
    if has("CVE_Items")
        || has("cve_items")
        || (has("vulnerabilities") && (text("format") == "NVD_CVE" || has("totalResults")))
    {
        return nvd(root);
    }
    if has("catalogVersion")
        || root.list_of("vulnerabilities").first().is_some_and(|v| v.get("cveID").is_some())
    {
        return kev(root);
    }
    if has("spdxVersion") || has("SPDXID") {
        return spdx(root);
    }
    if text("@context").contains("spdx.org/rdf/3") {
        return spdx3(root);
    }
    if text("$schema").contains("sarif") || (has("runs") && has("version")) {
        return shaped(root, "sarif", "sarif");
    }
    if text("type") == "playbook" || text("spec_version").starts_with("cacao") {
        return shaped(root, "cacao", "cacao");
    }
    if let Some(name) = OSCAL
        .iter()
        .find(|name| root.of(name).get("metadata").is_some() || root.of(name).get("uuid").is_some())
    {
        return oscal(root, name);
    }
    stix_and_logs(root)
}

fn stix_and_logs(root: &Node<'_>) -> Report {
    let has = |name: &str| root.get(name).is_some();
    let id = root.text_of("id").unwrap_or_default();
    if root.text_of("type") == Some("bundle") || (has("type") && (id.contains("--") || has("spec_version"))) {
        return stix::inspect(root);
    }
    if has("resourceType") {
        let mut report = shaped(root, "fhir", "fhir");
        report.text("resource", root.text_of("resourceType"));
        return report;
    }
    if has("event_type") && has("timestamp") {
        return shaped(root, "suricata-eve", "eve");
    }
    if has("_path") || (has("ts") && (has("uid") || has("id.orig_h"))) {
        return shaped(root, "zeek-log", "zeek");
    }
    if has("results") {
        let record = root.list_of("results").first();
        let is = |name: &str| record.is_some_and(|record| record.get(name).is_some());
        if is("product_res_number") || is("public_device_record_key") {
            return shaped(root, "openfda", "openfda");
        }
    }
    let mut report = Report::new("unknown");
    report.error("kind", "/", "JSON of no kind that is known");
    report
}

/// JSON lines: a document a line, all of one kind.
pub(super) fn lines(bytes: &[u8], tools: Tools<'_>) -> Option<Report> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut all: Option<Report> = None;
    let mut count = 0_usize;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = index.saturating_add(1);
        match parse(line.as_bytes()) {
            Ok(tree) if tree.root.is_map() => {
                let one = inspect(&tree.root, tools);
                count = count.saturating_add(1);
                let report = all.get_or_insert_with(|| Report { problems: Vec::new(), ..one.clone() });
                for problem in one.problems {
                    let place = format!("{number}:1 {}", problem.place);
                    report.tell(problem.severity, &problem.code, place, problem.why);
                }
            }
            Ok(_) | Err(_) if all.is_none() => return None,
            Ok(_) => all.as_mut()?.error("json", format!("{number}:1"), "no object in this line"),
            Err(fault) => {
                let column = place(line.as_bytes(), fault.at).column;
                all.as_mut()?.error("json", format!("{number}:{column}"), fault.why);
            }
        }
    }
    let mut report = all.filter(|_| count > 0)?;
    report.count("lines", count);
    Some(report)
}

/// What a broken document was meant to be, by its beginning.
pub(super) fn broken(bytes: &[u8]) -> Report {
    const HEAD: usize = 64 << 10;
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD)).unwrap_or(bytes));
    let signs = [
        ("\"csaf_version\"", "csaf"),
        ("\"bomFormat\"", "cyclonedx"),
        ("openvex.dev", "openvex"),
        ("\"spdxVersion\"", "spdx"),
        ("\"NVD_CVE\"", "nvd"),
        ("\"CVE_data_type\"", "nvd"),
        ("\"cveMetadata\"", "cve"),
        ("\"catalogVersion\"", "kev"),
        ("sarif", "sarif"),
        ("\"oscal-version\"", "oscal"),
        ("\"cacao-", "cacao"),
        ("\"bundle--", "stix"),
        ("\"spec_version\"", "stix"),
        ("\"resourceType\"", "fhir"),
        ("\"event_type\"", "suricata-eve"),
    ];
    let kind = signs.iter().find(|(sign, _)| head.contains(sign)).map_or("unknown", |(_, kind)| kind);
    Report::new(kind)
}

fn shaped(root: &Node<'_>, kind: &str, shape: &str) -> Report {
    let mut report = Report::new(kind);
    let version = ["version", "specVersion", "spec_version", "dataVersion"];
    report.format_version = version.iter().find_map(|name| root.of(name).scalar()).map(str::to_owned);
    report.misfits("schema", SHAPES.check_as(shape, root, &Pointer::default()));
    report.text("name", root.text_of("name").or_else(|| root.text_of("title")));
    report
}

fn openvex(root: &Node<'_>) -> Report {
    let mut report = shaped(root, "openvex", "openvex");
    let context = root.text_of("@context").unwrap_or_default();
    let version = context.rsplit('/').next().and_then(|last| last.strip_prefix('v'));
    report.format_version = version.map(str::to_owned);
    report.text("author", root.text_of("author"));
    let statements = root.list_of("statements");
    report.count("statements", statements.len());
    for (index, one) in statements.iter().enumerate() {
        let at = super::at(&["statements"], index);
        let (status, has) = (one.text_of("status"), |name: &str| one.get(name).is_some());
        if status == Some("not_affected") && !has("justification") && !has("impact_statement") {
            report.error("justification", &at, "not_affected needs a justification or an impact_statement");
        }
        if status == Some("affected") && !has("action_statement") {
            report.tell(
                Severity::Warning,
                "action_statement",
                &at,
                "affected should say what to do in an action_statement",
            );
        }
        if !has("products") {
            report.tell(Severity::Warning, "products", &at, "the statement names no product");
        }
    }
    report
}

fn nvd(root: &Node<'_>) -> Report {
    let old = root.get("CVE_Items").is_some();
    let mut report = shaped(root, "nvd", if old { "nvd1" } else { "nvd" });
    report.format_version =
        root.of(if old { "CVE_data_version" } else { "version" }).scalar().map(str::to_owned);
    let list = ["vulnerabilities", "CVE_Items", "cve_items"].iter().find_map(|name| root.get(name));
    report.count("records", list.map_or(0, |list| list.list().len()));
    report.text("date", root.text_of("timestamp").or_else(|| root.text_of("CVE_data_timestamp")));
    report
}

fn cve(root: &Node<'_>) -> Report {
    let rejected = root.of("cveMetadata").text_of("state") == Some("REJECTED");
    let mut report = shaped(root, "cve", if rejected { "cve-rejected" } else { "cve" });
    report.format_version = root.text_of("dataVersion").map(str::to_owned);
    report.text("id", root.of("cveMetadata").text_of("cveId"));
    report.text("state", root.of("cveMetadata").text_of("state"));
    report.count("containers", root.of("containers").list_of("adp").len().saturating_add(1));
    report
}

fn eol(root: &Node<'_>) -> Report {
    let mut report = Report::new("eol");
    let list = if root.is_list() { root.list() } else { root.of("result").list_of("releases") };
    report.count("releases", list.len());
    for (index, one) in list.iter().enumerate() {
        if one.get("cycle").is_none() && one.get("name").is_none() {
            report.error("schema", Pointer::default().index(index), "the name of the release is missing");
        }
    }
    report
}

fn kev(root: &Node<'_>) -> Report {
    let mut report = shaped(root, "kev", "kev");
    report.format_version = None;
    let list = root.list_of("vulnerabilities");
    report.text("catalogue", root.text_of("catalogVersion"));
    report.text("date", root.text_of("dateReleased"));
    report.count("records", list.len());
    if let Some(count) = root.of("count").scalar()
        && count != list.len().to_string()
    {
        report.error("count", "/count", format!("says {count}, there are {}", list.len()));
    }
    report
}

fn cyclonedx(root: &Node<'_>) -> Report {
    let vulnerabilities = root.list_of("vulnerabilities");
    let analysed = vulnerabilities.iter().any(|one| one.get("analysis").is_some());
    let vex = analysed && root.list_of("components").is_empty() && root.list_of("services").is_empty();
    let mut report = Report::new(if vex { "cyclonedx-vex" } else { "cyclonedx" });
    report.format_version = root.text_of("specVersion").map(str::to_owned);
    report.misfits("schema", CYCLONEDX.check(root));
    report.text("name", root.of("metadata").of("component").text_of("name"));
    report.text("serial", root.text_of("serialNumber"));
    report.count("vulnerabilities", vulnerabilities.len());
    let mut components = 0_usize;
    let mut references = BTreeSet::new();
    let mut twice = Vec::new();
    walk(root, &mut |at, node| {
        if node.get("type").is_some() && node.get("name").is_some() {
            components = components.saturating_add(1);
        }
        // Formulas tell how something was made; what they name may be named there again.
        let formula = at.to_string().starts_with("/formulation/");
        if let Some(reference) = node.text_of("bom-ref").filter(|_| !formula)
            && !references.insert(reference.to_owned())
        {
            twice.push((at.member("bom-ref"), format!("\"{reference}\" names something else already")));
        }
    });
    for (at, why) in twice {
        report.error("bom-ref", at, why);
    }
    report.count("components", components);
    bill(root, &mut report);
    citations(root, &mut report);
    for (index, dependency) in root.list_of("dependencies").iter().enumerate() {
        let at = super::at(&["dependencies"], index);
        let all = dependency.text_of("ref").into_iter().chain(dependency.texts_of("dependsOn"));
        for reference in all.filter(|reference| !references.contains(*reference)) {
            report.tell(
                Severity::Warning,
                "bom-ref",
                &at,
                format!("\"{reference}\" names nothing in this document"),
            );
        }
    }
    report
}

/// What 1.7 asks of members that exclude or need each other.
fn citations(root: &Node<'_>, report: &mut Report) {
    for (index, one) in root.list_of("citations").iter().enumerate() {
        let (at, has) = (super::at(&["citations"], index), |name: &str| one.get(name).is_some());
        if !has("attributedTo") && !has("process") {
            report.error("schema", &at, "neither \"attributedTo\" nor \"process\"");
        }
        if has("pointers") == has("expressions") {
            report.error("schema", &at, "either \"pointers\" or \"expressions\" is needed");
        }
    }
    let mut wrong = Vec::new();
    walk(root, &mut |at, node| {
        if node.get("versionRange").is_some() && node.get("name").is_some() {
            if node.get("version").is_some() {
                wrong.push((at.clone(), "\"version\" and \"versionRange\" stand beside each other"));
            }
            if node.of("isExternal").truth() != Some(true) {
                wrong.push((at.clone(), "\"versionRange\" belongs to external components"));
            }
        }
    });
    for (at, why) in wrong {
        report.error("schema", at, why);
    }
}

fn walk<'n>(node: &'n Node<'n>, visit: &mut dyn FnMut(&Pointer, &'n Node<'n>)) {
    fn down<'n>(node: &'n Node<'n>, at: &Pointer, visit: &mut dyn FnMut(&Pointer, &'n Node<'n>)) {
        visit(at, node);
        match &node.value {
            json::Value::Map(members) => {
                members.iter().for_each(|m| down(&m.node, &at.member(&m.name), visit));
            }
            json::Value::List(list) => {
                list.iter().enumerate().for_each(|(i, one)| down(one, &at.index(i), visit));
            }
            _ => {}
        }
    }
    down(node, &Pointer::default(), visit);
}

fn spdx(root: &Node<'_>) -> Report {
    let mut report = shaped(root, "spdx", "spdx");
    report.format_version =
        root.text_of("spdxVersion").map(|version| version.trim_start_matches("SPDX-").to_owned());
    report.count("packages", root.list_of("packages").len());
    report.count("files", root.list_of("files").len());
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for list in ["packages", "files", "snippets"] {
        for (index, one) in root.list_of(list).iter().enumerate() {
            let Some(id) = one.text_of("SPDXID") else { continue };
            let at = super::at(&[list], index).member("SPDXID");
            if ids.insert(id, at.to_string()).is_some() {
                report.error("SPDXID", at, format!("\"{id}\" names something else already"));
            }
        }
    }
    for (index, one) in root.list_of("relationships").iter().enumerate() {
        for name in ["spdxElementId", "relatedSpdxElement"] {
            let Some(id) = one.text_of(name) else { continue };
            let known =
                ids.contains_key(id) || id == "SPDXRef-DOCUMENT" || Some(id) == root.text_of("SPDXID");
            if !known && !id.starts_with("DocumentRef-") && !matches!(id, "NOASSERTION" | "NONE") {
                let at = super::at(&["relationships"], index).member(name);
                report.tell(
                    Severity::Warning,
                    "SPDXID",
                    at,
                    format!("\"{id}\" names nothing in this document"),
                );
            }
        }
    }
    bill(root, &mut report);
    report
}

/// How complete a bill of materials is.
fn bill(root: &Node<'_>, report: &mut Report) {
    match sbom::of_tree(root) {
        Ok(None) => {}
        Ok(Some(read)) => super::bill(report, Ok(read)),
        Err(unread) => super::bill(report, Err(unread)),
    }
}

fn spdx3(root: &Node<'_>) -> Report {
    let mut report = Report::new("spdx");
    report.format_version = Some("3.0".to_owned());
    report.misfits("schema", SHAPES.check_as("spdx3", root, &Pointer::default()));
    let graph = root.list_of("@graph");
    report.count("elements", graph.len());
    bill(root, &mut report);
    graph::judge(graph, &mut report);
    let is = |kind: &str| {
        graph.iter().any(|one| one.text_of("type").or_else(|| one.text_of("@type")) == Some(kind))
    };
    if !graph.is_empty() && !is("CreationInfo") {
        report.error("CreationInfo", "/@graph", "no CreationInfo tells who made it when");
    }
    report
}

fn oscal(root: &Node<'_>, name: &str) -> Report {
    let mut report = Report::new("oscal");
    let document = root.of(name);
    let at = Pointer::of(&[name]);
    report.format_version = document.of("metadata").text_of("oscal-version").map(str::to_owned);
    report.text("model", Some(name));
    report.text("title", document.of("metadata").text_of("title"));
    report.misfits("schema", SHAPES.check_as("oscal", document, &at));
    report
}
