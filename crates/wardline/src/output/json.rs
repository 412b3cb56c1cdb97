//! `--format json`: a contract that other programs read (docs/operate/analyze.md).
//!
//! Unknown is absent, never an empty guess; arrays are sorted, so that two runs give the same bytes.

use super::{Report, rfc3339};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::io::{self, Write};
use wardline_model::{Device, Endpoint, Evidence, Finding, FlowRecord, Seen, Statement, Subject};
use wardline_wire::capture::FileSummary;

/// The whole document: one object, a line per device, flow and finding.
pub(crate) fn write(report: &mut Report<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"capture\":")?;
    serde_json::to_writer(&mut *out, &capture(report))?;
    out.write_all(b",\n\"devices\":[")?;
    let names = FileNames::of(&report.analysis.files);
    list(out, report.inventory.devices.iter().map(|d| Ok(DeviceView::new(d, &names))))?;
    out.write_all(b"],\n\"flows\":[")?;
    list(out, report.analysis.flows.sorted()?.map(|flow| flow.map(|flow| FlowView::new(&flow))))?;
    out.write_all(b"],\n\"findings\":[")?;
    list(out, report.findings.iter().map(|f| Ok(FindingView::new(f, &names))))?;
    out.write_all(b"]}\n")
}

/// Devices as one JSON array, a line each.
pub(crate) fn write_devices(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(&report.analysis.files);
    out.write_all(b"[")?;
    list(out, report.inventory.devices.iter().map(|d| Ok(DeviceView::new(d, &names))))?;
    out.write_all(b"]\n")
}

/// Flows, one JSON object a line.
pub(crate) fn write_flows(report: &mut Report<'_>, out: &mut impl Write) -> io::Result<()> {
    for flow in report.analysis.flows.sorted()? {
        line(out, &FlowView::new(&flow?))?;
    }
    Ok(())
}

/// Findings, one JSON object a line.
pub(crate) fn write_findings(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(&report.analysis.files);
    report.findings.iter().try_for_each(|finding| line(out, &FindingView::new(finding, &names)))
}

/// Observations, one JSON object a line.
pub(crate) fn write_observations(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(&report.analysis.files);
    let observations = &report.analysis.sightings.observations;
    observations
        .iter()
        .try_for_each(|(statement, seen)| line(out, &ObservationView::new(statement, seen, &names)))
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn list<T: Serialize>(out: &mut impl Write, items: impl Iterator<Item = io::Result<T>>) -> io::Result<()> {
    for (number, item) in items.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &item?)?;
    }
    Ok(())
}

/// Names of the files, by index.
pub(crate) struct FileNames<'a>(Vec<&'a str>);

impl<'a> FileNames<'a> {
    pub(crate) fn of(files: &'a [FileSummary]) -> Self {
        Self(files.iter().map(|f| f.name.as_str()).collect())
    }

    pub(crate) fn get(&self, file: u32) -> &'a str {
        usize::try_from(file).ok().and_then(|at| self.0.get(at).copied()).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct CaptureView {
    files: Vec<FileView>,
    packets: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    undecoded_packets: u64,
    shed: u64,
    counters: Counters,
}

/// Counters that are not zero, by name.
struct Counters(Vec<(&'static str, u64)>);

impl Serialize for Counters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in self.0.iter().filter(|(_, count)| *count > 0) {
            map.serialize_entry(name, count)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct FileView {
    name: String,
    packets: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
}

fn capture(report: &Report<'_>) -> CaptureView {
    let analysis = &report.analysis;
    let file = |f: &FileSummary| FileView {
        name: f.name.clone(),
        packets: f.packets,
        bytes: f.bytes,
        first: f.first.map(rfc3339),
        last: f.last.map(rfc3339),
        truncated: f.truncated,
        problem: f.problem.clone(),
        dropped: f.dropped,
    };
    CaptureView {
        files: analysis.files.iter().map(file).collect(),
        packets: analysis.totals.packets,
        bytes: analysis.totals.bytes,
        first: analysis.first.map(rfc3339),
        last: analysis.last.map(rfc3339),
        undecoded_packets: analysis.totals.undecoded_packets,
        shed: analysis.totals.shed(),
        counters: Counters(analysis.totals.named()),
    }
}

/// Percent as a number from 0 to 1.
fn fraction(confidence: u8) -> f64 {
    f64::from(confidence) / 100.0
}

#[derive(Serialize)]
struct NamedVersion<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct ServiceView {
    transport: &'static str,
    port: u16,
    protocol: &'static str,
    encrypted: bool,
}

#[derive(Serialize)]
struct DeviceView<'a> {
    id: &'a str,
    macs: Vec<String>,
    ips: Vec<String>,
    hostnames: &'a [String],
    ae_titles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    udi: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<NamedVersion<'a>>,
    software: Vec<NamedVersion<'a>>,
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    first_seen: String,
    last_seen: String,
    services: Vec<ServiceView>,
    patient_data_in_clear: bool,
    evidence: Vec<EvidenceView<'a>>,
}

impl<'a> DeviceView<'a> {
    fn new(device: &'a Device, names: &FileNames<'a>) -> Self {
        let service = |s: &wardline_model::Service| ServiceView {
            transport: s.transport,
            port: s.port,
            protocol: s.protocol,
            encrypted: s.encrypted,
        };
        Self {
            id: &device.id,
            macs: device.macs.iter().map(ToString::to_string).collect(),
            ips: device.ips.iter().map(ToString::to_string).collect(),
            hostnames: &device.hostnames,
            ae_titles: &device.ae_titles,
            vendor: device.vendor.as_deref(),
            model: device.model.as_deref(),
            serial: device.serial.as_deref(),
            udi: device.udi.as_deref(),
            class: device.class.as_ref().map(|(code, _)| code.as_str()),
            class_confidence: device.class.as_ref().map(|(_, confidence)| fraction(*confidence)),
            os: device.os.as_ref().map(|os| NamedVersion { name: &os.name, version: os.version.as_deref() }),
            software: device
                .software
                .iter()
                .map(|s| NamedVersion { name: &s.name, version: s.version.as_deref() })
                .collect(),
            roles: device.roles.iter().map(|r| r.as_str()).collect(),
            location: device.location.as_deref(),
            first_seen: rfc3339(device.first_seen),
            last_seen: rfc3339(device.last_seen),
            services: device.services.iter().map(service).collect(),
            patient_data_in_clear: device.patient_data_in_clear,
            evidence: device.evidence.iter().map(|e| EvidenceView::new(e, names)).collect(),
        }
    }
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    attribute: &'static str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    confidence: f64,
    protocol: &'static str,
    rule: &'a str,
    source: &'a str,
    first: String,
    last: String,
    count: u64,
    #[serde(flatten)]
    place: Option<PlaceView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'a str>,
}

/// Where the first exemplar stands.
#[derive(Serialize)]
struct PlaceView<'a> {
    file: &'a str,
    frame: u64,
    time: String,
}

fn place<'a>(seen: &Seen, names: &FileNames<'a>) -> Option<PlaceView<'a>> {
    let packet = seen.exemplars.first()?;
    Some(PlaceView { file: names.get(packet.file), frame: packet.frame, time: rfc3339(packet.time) })
}

impl<'a> EvidenceView<'a> {
    fn new(evidence: &'a Evidence, names: &FileNames<'a>) -> Self {
        Self {
            attribute: evidence.attribute.as_str(),
            value: &evidence.value,
            version: evidence.version.as_deref(),
            confidence: fraction(evidence.confidence),
            protocol: evidence.protocol,
            rule: &evidence.rule,
            source: &evidence.source,
            first: rfc3339(evidence.seen.first),
            last: rfc3339(evidence.seen.last),
            count: evidence.seen.count,
            place: place(&evidence.seen, names),
            via: evidence.via.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct EndView {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

impl EndView {
    fn new(end: &Endpoint) -> Self {
        Self { ip: end.ip.map(|ip| ip.to_string()), port: end.port, mac: end.mac.map(|mac| mac.to_string()) }
    }
}

#[derive(Serialize)]
struct FlowView {
    start: String,
    end: String,
    client: EndView,
    server: EndView,
    vlan: Vec<u16>,
    transport: String,
    protocol: &'static str,
    encrypted: bool,
    packets_to_server: u64,
    packets_to_client: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    details: Details,
}

struct Details(Vec<(&'static str, Box<str>)>);

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl FlowView {
    fn new(flow: &FlowRecord) -> Self {
        Self {
            start: rfc3339(flow.start),
            end: rfc3339(flow.end),
            client: EndView::new(&flow.client),
            server: EndView::new(&flow.server),
            vlan: flow.vlan.clone(),
            transport: flow.transport.name(),
            protocol: flow.protocol,
            encrypted: flow.encrypted,
            packets_to_server: flow.packets_to_server,
            packets_to_client: flow.packets_to_client,
            bytes_to_server: flow.bytes_to_server,
            bytes_to_client: flow.bytes_to_client,
            details: Details(flow.details.iter().map(|(key, value)| (key.as_str(), value.clone())).collect()),
        }
    }
}

#[derive(Serialize)]
struct FindingView<'a> {
    id: &'a str,
    kind: &'static str,
    rule: &'a str,
    severity: &'static str,
    device: &'a str,
    title: &'a str,
    why: &'a str,
    next_step: &'a str,
    evidence: Vec<EvidenceView<'a>>,
}

impl<'a> FindingView<'a> {
    fn new(finding: &'a Finding, names: &FileNames<'a>) -> Self {
        Self {
            id: &finding.id,
            kind: finding.kind.as_str(),
            rule: &finding.rule,
            severity: finding.severity.as_str(),
            device: &finding.device,
            title: &finding.title,
            why: &finding.why,
            next_step: &finding.next_step,
            evidence: finding.evidence.iter().map(|e| EvidenceView::new(e, names)).collect(),
        }
    }
}

#[derive(Serialize)]
struct ObservationView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    about: &'static str,
    protocol: &'static str,
    facts: Vec<FactView<'a>>,
    first: String,
    last: String,
    count: u64,
    #[serde(flatten)]
    place: Option<PlaceView<'a>>,
}

#[derive(Serialize)]
struct FactView<'a> {
    attribute: &'static str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    confidence: f64,
    rule: &'a str,
}

impl<'a> ObservationView<'a> {
    fn new(statement: &'a Statement, seen: &Seen, names: &FileNames<'a>) -> Self {
        let (ip, mac) = match statement.subject {
            Subject::Mac(mac) => (None, Some(mac)),
            Subject::Host { ip, mac } => (Some(ip), mac),
            Subject::Named(ip) => (Some(ip), None),
        };
        let fact = |f: &'a wardline_model::Fact| FactView {
            attribute: f.attribute.as_str(),
            value: &f.value,
            version: f.version.as_deref(),
            confidence: fraction(f.confidence),
            rule: &f.rule,
        };
        Self {
            ip: ip.map(|ip| ip.to_string()),
            mac: mac.map(|mac| mac.to_string()),
            about: match statement.about {
                wardline_model::About::Speaker => "speaker",
                wardline_model::About::Equipment => "equipment",
            },
            protocol: statement.protocol,
            facts: statement.facts.iter().map(fact).collect(),
            first: rfc3339(seen.first),
            last: rfc3339(seen.last),
            count: seen.count,
            place: place(seen, names),
        }
    }
}
