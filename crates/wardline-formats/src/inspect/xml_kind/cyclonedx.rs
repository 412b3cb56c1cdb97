//! CycloneDX 1.0 to 1.7 as XML: what must be there, and what values may stand there.

use super::Element;
use crate::inspect::Report;
use crate::json::place;
use std::collections::BTreeSet;

const VERSIONS: [&str; 8] = ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];
const TYPES: &str = "application framework library container platform operating-system device device-driver firmware file machine-learning-model data cryptographic-asset";
const HASHES: [(&str, usize); 12] = [
    ("MD5", 32),
    ("SHA-1", 40),
    ("SHA-256", 64),
    ("SHA-384", 96),
    ("SHA-512", 128),
    ("SHA3-256", 64),
    ("SHA3-384", 96),
    ("SHA3-512", 128),
    ("BLAKE2b-256", 64),
    ("BLAKE2b-384", 96),
    ("BLAKE2b-512", 128),
    ("BLAKE3", 0),
];
const LICENCES: &str = include_str!("../licences.txt");

struct Judge<'b> {
    report: Report,
    bytes: &'b [u8],
    references: BTreeSet<String>,
}

impl Judge<'_> {
    fn tell(&mut self, path: &str, element: &Element, why: impl Into<String>) {
        let place = place(self.bytes, element.at);
        self.report.error("schema", format!("{path} ({place})"), why);
    }
}

pub(super) fn inspect(root: &Element, space: &str, bytes: &[u8]) -> Report {
    let mut judge = Judge { report: Report::new("cyclonedx"), bytes, references: BTreeSet::new() };
    let version = space.rsplit('/').next().unwrap_or_default();
    judge.report.format_version = Some(version.to_owned());
    let own = root.attribute("xmlns").unwrap_or(space);
    if !VERSIONS.contains(&version) || !own.starts_with("http://cyclonedx.org/schema/bom/") {
        judge.tell("/bom", root, "the namespace is no version of CycloneDX");
    }
    if root.name != "bom" {
        judge.tell("/", root, "the root is not <bom>");
    }
    if let Some(serial) = root.attribute("serialNumber") {
        let hex = |text: &str| text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if !serial.strip_prefix("urn:uuid:").is_some_and(hex) {
            judge.tell("/bom/@serialNumber", root, "is no urn:uuid");
        }
    }
    references(root, &mut judge);
    walk(root, "/bom", &mut judge);
    super::super::bill(&mut judge.report, crate::sbom::of_xml(root, bytes));
    judge.report.count("vulnerabilities", root.count("vulnerability"));
    judge.report
}

fn references(element: &Element, judge: &mut Judge<'_>) {
    if let Some(reference) = element.attribute("bom-ref")
        && !judge.references.insert(reference.to_owned())
    {
        judge.tell(
            &format!("//{}/@bom-ref", element.name),
            element,
            format!("\"{reference}\" names something else already"),
        );
    }
    for child in &element.children {
        references(child, judge);
    }
}

fn walk(element: &Element, path: &str, judge: &mut Judge<'_>) {
    match element.name.as_str() {
        "component" => component(element, path, judge),
        "hash" => hash(element, path, judge),
        "license" => licence(element, path, judge),
        "patch" => one_of(element, path, "type", "unofficial monkey backport cherry-pick", judge),
        "issue" => one_of(element, path, "type", "defect enhancement security", judge),
        "scope" if !matches!(element.text.trim(), "required" | "optional" | "excluded") => {
            judge.tell(
                path,
                element,
                format!("\"{}\" is none of required, optional, excluded", element.text.trim()),
            );
        }
        "timestamp" if path.ends_with("/metadata/timestamp") && !is_time(element.text.trim()) => {
            judge.tell(path, element, "is no date with time (RFC 3339)");
        }
        "dependency" if element.attribute("ref").is_none() => {
            judge.tell(path, element, "the attribute ref is missing");
        }
        "text" if element.attribute("encoding").is_some_and(|encoding| encoding != "base64") => {
            judge.tell(path, element, "the encoding is not base64");
        }
        "classification" if path.contains("/service/data/") || path.contains("/dataflow/") => {
            if let Some(flow) = element.attribute("flow")
                && !["inbound", "outbound", "bi-directional", "unknown"].contains(&flow)
            {
                judge.tell(
                    path,
                    element,
                    format!("flow \"{flow}\" is none of inbound, outbound, bi-directional, unknown"),
                );
            }
            if element.attribute("flow").is_none() {
                judge.tell(path, element, "the attribute flow is missing");
            }
        }
        "service" if path.ends_with("/services/service") && element.child("name").is_none() => {
            judge.tell(path, element, "<name> is missing");
        }
        "swid" if element.attribute("tagId").is_none() || element.attribute("name").is_none() => {
            judge.tell(path, element, "the attribute tagId or name is missing");
        }
        "tlp" if !LABELS.contains(&element.text.trim()) => {
            judge.tell(path, element, "is no traffic light label");
        }
        "metadata" if path == "/bom/metadata" => metadata(element, path, judge),
        "licenses" => licences(element, path, judge),
        "citation" => citation(element, path, judge),
        _ => {}
    }
    for child in &element.children {
        walk(child, &format!("{path}/{}", child.name), judge);
    }
}

const LABELS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER_AND_STRICT", "RED"];

/// XML lets the zone away.
fn is_time(text: &str) -> bool {
    let zoned = format!("{text}Z");
    crate::inspect::time::instant(text).or_else(|| crate::inspect::time::instant(&zoned)).is_some()
}

fn one_of(element: &Element, path: &str, attribute: &str, values: &str, judge: &mut Judge<'_>) {
    let value = element.attribute(attribute).unwrap_or_default();
    if !values.split(' ').any(|known| known == value) {
        judge.tell(
            path,
            element,
            format!("{attribute} \"{value}\" is none of {}", values.replace(' ', ", ")),
        );
    }
}

const METADATA: &str = "timestamp lifecycles tools authors component manufacture manufacturer supplier licenses properties distributionConstraints";

fn metadata(element: &Element, path: &str, judge: &mut Judge<'_>) {
    for child in &element.children {
        if !METADATA.split(' ').any(|known| known == child.name) && child.prefix.is_empty() {
            judge.tell(path, child, format!("the standard has no element <{}> here", child.name));
        }
    }
}

fn citation(element: &Element, path: &str, judge: &mut Judge<'_>) {
    let has = |name: &str| element.child(name).is_some();
    if !has("timestamp") {
        judge.tell(path, element, "<timestamp> is missing");
    }
    if !has("attributedTo") && !has("process") {
        judge.tell(path, element, "neither <attributedTo> nor <process>");
    }
    if has("pointers") == has("expressions") {
        judge.tell(path, element, "either <pointers> or <expressions> is needed");
    }
}

fn component(element: &Element, path: &str, judge: &mut Judge<'_>) {
    if element.attribute("type").is_none() && element.child("name").is_none() && path.contains("/evidence/") {
        return;
    }
    one_of(element, path, "type", TYPES, judge);
    if element.child("name").is_none() {
        judge.tell(path, element, "<name> is missing");
    }
    if element.child("version").is_some() && element.child("versionRange").is_some() {
        judge.tell(path, element, "<version> and <versionRange> stand beside each other");
    }
    let external = element.attribute("isExternal") == Some("true");
    if element.child("versionRange").is_some() && !external {
        judge.tell(path, element, "<versionRange> belongs to external components");
    }
    let old = matches!(judge.report.format_version.as_deref(), Some("1.0" | "1.1" | "1.2" | "1.3"));
    if old && element.child("version").is_none() {
        judge.tell(path, element, "<version> is missing");
    }
}

fn hash(element: &Element, path: &str, judge: &mut Judge<'_>) {
    let (algorithm, value) = (element.attribute("alg").unwrap_or_default(), element.text.trim());
    match HASHES.iter().find(|(name, _)| *name == algorithm) {
        None if !algorithm.starts_with("Streebog") => {
            judge.tell(path, element, format!("there is no algorithm \"{algorithm}\""));
        }
        Some((_, digits)) if *digits > 0 => {
            let right = value.chars().all(|c| c.is_ascii_hexdigit());
            let known = HASHES.iter().any(|(_, digits)| value.len() == *digits);
            if !right || !known {
                judge.tell(path, element, format!("a hash by {algorithm} has {digits} hexadecimal digits"));
            }
        }
        _ => {}
    }
}

fn licence(element: &Element, path: &str, judge: &mut Judge<'_>) {
    let (ids, names) = (element.all("id").count(), element.all("name").count());
    if ids.saturating_add(names) != 1 {
        judge.tell(path, element, "exactly one of <id> and <name> is needed");
    }
    for id in element.all("id") {
        let text = id.text.trim();
        if !LICENCES.lines().skip(1).flat_map(|line| line.split(' ')).any(|known| known == text) {
            judge.tell(path, id, format!("\"{text}\" is no identifier of the SPDX licence list"));
        }
    }
}

fn licences(element: &Element, path: &str, judge: &mut Judge<'_>) {
    let expressions = element.all("expression").count();
    let new = judge.report.format_version.as_deref() == Some("1.7");
    if !new && (expressions > 1 || (expressions == 1 && element.all("license").count() > 0)) {
        judge.tell(path, element, "either licences or one expression");
    }
}
