//! `--format json`: a contract that other programs read (docs/operate/analyze.md).
//!
//! Unknown is absent, never an empty guess; arrays are sorted, so that two runs give the same bytes.

mod lines;
mod text;

use super::Report;
use crate::witness::Witness;
use lines::Layout;
use std::io::{self, Write};
use text::Text;
use wardline_model::{
    About, Device, Endpoint, Evidence, Fact, Finding, FlowRecord, Seen, Service, Software, Statement,
    Subject, Transport, Usage, VersionChange,
};
use wardline_wire::capture::FileSummary;

/// The whole document: one object, a line per device, flow and finding.
pub(crate) fn write(report: &mut Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut text = Text::default();
    capture(text.plain("{\"capture\":"), report);
    text.plain(",\n\"devices\":[");
    out.write_all(text.bytes())?;
    devices(report, Layout::Array, out)?;
    out.write_all(b"],\n\"flows\":[")?;
    flows(report, Layout::Array, out)?;
    out.write_all(b"],\n\"findings\":[")?;
    findings(report, Layout::Array, out)?;
    out.write_all(b"]")?;
    if !report.witnesses.is_empty() {
        let mut text = Text::default();
        text.plain(",\n\"witnesses\":").array(&report.witnesses, witness);
        out.write_all(text.bytes())?;
    }
    out.write_all(b"}\n")
}

/// Devices as one JSON array, a line each.
pub(crate) fn write_devices(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    devices(report, Layout::Array, out)?;
    out.write_all(b"]\n")
}

/// Flows, one JSON object a line.
pub(crate) fn write_flows(report: &mut Report<'_>, out: &mut impl Write) -> io::Result<()> {
    flows(report, Layout::Lines, out)
}

/// Findings, one JSON object a line.
pub(crate) fn write_findings(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    findings(report, Layout::Lines, out)
}

/// Observations, one JSON object a line.
pub(crate) fn write_observations(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(report);
    let items = report.analysis.sightings.observations.iter().map(Ok);
    let render = |text: &mut Text, (statement, seen): &(&Statement, &Seen)| {
        observation(text, statement, seen, &names);
    };
    lines::write(items, report.threads, Layout::Lines, render, out)
}

fn devices(report: &Report<'_>, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(report);
    let items = report.inventory.devices.iter().map(Ok);
    let known: Vec<String> = report.exposures.all.iter().map(super::verdict::of_part).collect();
    let render = |text: &mut Text, one: &&Device| {
        device(text, one, &names, |text| {
            let places = report.exposures.places(&one.id);
            let parts = places.iter().filter_map(|place| known.get(*place));
            text.array(parts, |text, part| _ = text.plain(part));
        });
    };
    lines::write(items, report.threads, layout, render, out)
}

fn flows(report: &mut Report<'_>, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    lines::write(report.analysis.flows.sorted()?, report.threads, layout, flow, out)
}

fn findings(report: &Report<'_>, layout: Layout, out: &mut impl Write) -> io::Result<()> {
    let names = FileNames::of(report);
    let items = report.findings.iter().map(Ok);
    lines::write(items, report.threads, layout, |text, one: &&Finding| finding(text, one, &names), out)
}

/// Names of the files, by index.
struct FileNames<'a>(Vec<&'a str>);

impl<'a> FileNames<'a> {
    fn of(report: &'a Report<'_>) -> Self {
        Self(report.file_names().collect())
    }

    fn get(&self, file: u32) -> &'a str {
        usize::try_from(file).ok().and_then(|at| self.0.get(at).copied()).unwrap_or_default()
    }
}

fn capture(text: &mut Text, report: &Report<'_>) {
    let analysis = &report.analysis;
    let totals = &analysis.totals;
    text.object(|text| {
        text.key("files").array(&analysis.files, file);
        text.key("packets").number(totals.packets);
        text.key("bytes").number(totals.bytes);
        for (name, time) in [("first", analysis.first), ("last", analysis.last)] {
            if let Some(time) = time {
                text.key(name).time(time);
            }
        }
        text.key("undecoded_packets").number(totals.undecoded_packets);
        text.key("shed").number(totals.shed());
        text.key("counters").object(|text| {
            for (name, count) in totals.named().into_iter().filter(|(_, count)| *count > 0) {
                text.key(name).number(count);
            }
        });
    });
}

fn file(text: &mut Text, file: &FileSummary) {
    text.object(|text| {
        text.key("name").string(&file.name);
        text.key("packets").number(file.packets);
        text.key("bytes").number(file.bytes);
        for (name, time) in [("first", file.first), ("last", file.last)] {
            if let Some(time) = time {
                text.key(name).time(time);
            }
        }
        text.key("truncated").flag(file.truncated);
        text.some("problem", file.problem.as_deref());
        if let Some(dropped) = file.dropped {
            text.key("dropped").number(dropped);
        }
    });
}

fn witness(text: &mut Text, witness: &Witness) {
    text.object(|text| {
        text.key("file").string(&witness.name);
        text.key("kind").string(witness.kind.as_str());
        text.key("entries").number(witness.entries as u64);
        text.key("matched").number(witness.matched as u64);
        text.key("never_seen").array(&witness.never_seen, |text, (line, label)| {
            text.object(|text| {
                text.key("line").number(*line);
                text.key("label").string(label);
            });
        });
        text.key("not_listed").array(&witness.not_listed, |text, id| text.string(id));
        text.key("problems").array(&witness.problems, |text, problem| {
            text.object(|text| {
                text.key("line").number(problem.line);
                text.key("field").string(&problem.field);
                text.key("why").string(&problem.why);
            });
        });
    });
}

fn device(text: &mut Text, device: &Device, names: &FileNames<'_>, known: impl FnOnce(&mut Text)) {
    let string = |text: &mut Text, word: &String| text.string(word);
    text.object(|text| {
        text.key("id").string(&device.id);
        text.key("macs").array(device.macs.iter().copied(), Text::mac);
        text.key("ips").array(device.ips.iter().copied(), Text::ip);
        text.some("name", device.name.as_deref());
        text.key("hostnames").array(&device.hostnames, string);
        text.key("ae_titles").array(&device.ae_titles, string);
        text.some("vendor", device.vendor.as_deref());
        if device.vendor.is_some() {
            text.key("vendor_known").string(device.vendor_known.as_str());
        }
        text.some("model", device.model.as_deref());
        text.some("serial", device.serial.as_deref());
        text.some("udi", device.udi.as_deref());
        if let Some((code, confidence)) = &device.class {
            text.key("class").string(code);
            text.key("class_confidence").fraction(*confidence);
            text.key("class_known").string(device.class_known.as_str());
        }
        if let Some(os) = &device.os {
            named_version(text.key("os"), &os.name, os.version.as_deref());
        }
        text.key("software").array(&device.software, software);
        text.key("version_changes").array(&device.changes, |text, one| change(text, one, names));
        usage(text.key("use"), &device.usage, names);
        text.key("roles").array(&device.roles, |text, role| text.string(role.as_str()));
        text.some("location", device.location.as_deref());
        text.key("first_seen").time(device.first_seen);
        text.key("last_seen").time(device.last_seen);
        text.key("services").array(&device.services, service);
        text.key("patient_data_in_clear").flag(device.patient_data_in_clear);
        known(text.key("vulnerabilities"));
        text.key("evidence").array(&device.evidence, |text, one| evidence(text, one, names));
    });
}

fn named_version(text: &mut Text, name: &str, version: Option<&str>) {
    text.object(|text| {
        text.key("name").string(name);
        text.some("version", version);
    });
}

fn software(text: &mut Text, software: &Software) {
    text.object(|text| {
        text.key("name").string(&software.name);
        text.some("version", software.version.as_deref());
        text.some("normal", software.normal.as_deref());
        text.key("component").string(software.component.as_str());
        text.key("witness").string(software.witness);
        text.key("first_seen").time(software.first);
        text.key("last_confirmed").time(software.last);
    });
}

fn change(text: &mut Text, change: &VersionChange, names: &FileNames<'_>) {
    text.object(|text| {
        text.key("name").string(&change.name);
        text.key("component").string(change.component.as_str());
        text.key("from").string(&change.from);
        text.key("to").string(&change.to);
        text.key("at").time(change.at);
        text.key("witness").string(change.witness);
        if let Some(packet) = change.packet {
            text.key("file").string(names.get(packet.file()));
            text.key("frame").number(packet.frame());
        }
    });
}

/// Unknown counts as in use.
fn usage(text: &mut Text, usage: &Usage, names: &FileNames<'_>) {
    text.object(|text| {
        text.key("state").string(usage.state.as_str());
        text.key("counts_as_in_use").flag(usage.state.counts_as_in_use());
        text.some("because", usage.because.as_deref());
        text.some("rule", usage.rule.as_deref());
        text.some("witness", usage.witness);
        if let Some(last) = usage.last {
            text.key("last").time(last);
        }
        if let Some(age) = usage.age_s {
            text.key("age_s").number(age);
        }
        if let Some(packet) = usage.packet {
            text.key("file").string(names.get(packet.file()));
            text.key("frame").number(packet.frame());
        }
    });
}

fn service(text: &mut Text, service: &Service) {
    text.object(|text| {
        text.key("transport").string(service.transport);
        text.key("port").number(u64::from(service.port));
        text.key("protocol").string(service.protocol);
        text.key("encrypted").flag(service.encrypted);
    });
}

fn evidence(text: &mut Text, evidence: &Evidence, names: &FileNames<'_>) {
    text.object(|text| {
        text.key("attribute").string(evidence.attribute.as_str());
        text.key("value").string(&evidence.value);
        text.some("version", evidence.version.as_deref());
        text.key("confidence").fraction(evidence.confidence);
        text.key("protocol").string(evidence.protocol);
        text.key("rule").string(&evidence.rule);
        text.key("source").string(&evidence.source);
        seen(text, &evidence.seen, names);
        text.some("via", evidence.via.as_deref());
    });
}

/// When and how often, and where the first exemplar stands.
fn seen(text: &mut Text, seen: &Seen, names: &FileNames<'_>) {
    text.key("first").time(seen.first);
    text.key("last").time(seen.last);
    text.key("count").number(seen.count);
    if let Some(packet) = seen.exemplars.first() {
        text.key("file").string(names.get(packet.file()));
        text.key("frame").number(packet.frame());
        text.key("time").time(packet.time);
    }
}

fn flow(text: &mut Text, flow: &FlowRecord) {
    text.object(|text| {
        text.key("start").time(flow.start);
        text.key("end").time(flow.end);
        end(text.key("client"), &flow.client);
        end(text.key("server"), &flow.server);
        text.key("vlan").array(&flow.vlan, |text, vlan| text.number(u64::from(*vlan)));
        transport(text.key("transport"), flow.transport);
        text.key("protocol").string(flow.protocol);
        text.key("encrypted").flag(flow.encrypted);
        text.key("packets_to_server").number(flow.packets_to_server);
        text.key("packets_to_client").number(flow.packets_to_client);
        text.key("bytes_to_server").number(flow.bytes_to_server);
        text.key("bytes_to_client").number(flow.bytes_to_client);
        text.key("details").object(|text| {
            for (key, value) in &flow.details {
                text.key(key.as_str()).string(value);
            }
        });
    });
}

fn end(text: &mut Text, end: &Endpoint) {
    text.object(|text| {
        if let Some(ip) = end.ip {
            text.key("ip").ip(ip);
        }
        if let Some(port) = end.port {
            text.key("port").number(u64::from(port));
        }
        if let Some(mac) = end.mac {
            text.key("mac").mac(mac);
        }
    });
}

fn transport(text: &mut Text, transport: Transport) {
    match transport {
        Transport::Tcp => text.string("tcp"),
        Transport::Udp => text.string("udp"),
        other => text.string(&other.name()),
    }
}

fn finding(text: &mut Text, finding: &Finding, names: &FileNames<'_>) {
    text.object(|text| {
        text.key("id").string(&finding.id);
        text.key("kind").string(finding.kind.as_str());
        text.key("rule").string(&finding.rule);
        text.key("severity").string(finding.severity.as_str());
        text.key("device").string(&finding.device);
        text.key("title").string(&finding.title);
        text.key("why").string(&finding.why);
        text.key("next_step").string(&finding.next_step);
        text.key("evidence").array(&finding.evidence, |text, one| evidence(text, one, names));
    });
}

fn observation(text: &mut Text, statement: &Statement, sightings: &Seen, names: &FileNames<'_>) {
    let (ip, mac) = match statement.subject {
        Subject::Mac(mac) => (None, Some(mac)),
        Subject::Host { ip, mac } => (Some(ip), mac),
        Subject::Named(ip) => (Some(ip), None),
    };
    text.object(|text| {
        if let Some(ip) = ip {
            text.key("ip").ip(ip);
        }
        if let Some(mac) = mac {
            text.key("mac").mac(mac);
        }
        text.key("about").string(match statement.about {
            About::Speaker => "speaker",
            About::Equipment => "equipment",
        });
        text.key("protocol").string(statement.protocol);
        text.key("facts").array(&statement.facts, fact);
        seen(text, sightings, names);
    });
}

fn fact(text: &mut Text, fact: &Fact) {
    text.object(|text| {
        text.key("attribute").string(fact.attribute.as_str());
        text.key("value").string(&fact.value);
        text.some("version", fact.version.as_deref());
        text.key("confidence").fraction(fact.confidence);
        text.key("rule").string(fact.rule);
    });
}
