//! `report.html`: one self-contained page that a manager can be shown. No script, no outside resource.
//!
//! Summary, devices by what they are for, who talks to whom, clear-text patient data, old systems, unknowns,
//! and every device with its evidence. Dark and light, on paper, by keyboard.

mod device;
mod sankey;

use super::table::by_rule;
use super::vulnerabilities;
use super::words::{
    ClassGroup, count, device_label, group, grouped, period, plain_counter, roles_text, software_text,
    urgency,
};
use super::{Report, rfc3339};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};
use wardline_model::{Attribute, Device, Evidence, Finding, Severity};
use wardline_wire::capture::FileSummary;

/// Devices whose evidence is spread out on the page; beyond it stands in devices.json. Keeps the page usable.
const DETAILED_MAX: usize = 400;
/// Kinds of finding named in the summary.
const FIRST_MAX: usize = 3;
/// Lines of vulnerabilities listed.
const LINES_MAX: usize = 500;
/// Devices listed under one finding.
const NAMED_MAX: usize = 40;

const STYLE: &str = include_str!("report/style.css");

/// Writes the page.
pub(crate) fn write(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(page(report).into_string().as_bytes())
}

fn page(report: &Report<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Wardline: what is on this network" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#summary" { "Skip to the summary" }
                (head(report))
                main {
                    (summary(report))
                    (groups(report))
                    (talk(report))
                    (findings(report))
                    (vulnerabilities(report))
                    (patient_data(report))
                    (old_systems(report))
                    (unknowns(report))
                    (devices(report))
                    (reading(report))
                }
                footer { p { "Written by Wardline, from recorded traffic only: nothing was sent to any device. Every fact names the packet that shows it." } }
            }
        }
    }
}

fn head(report: &Report<'_>) -> Markup {
    let analysis = &report.analysis;
    html! {
        header {
            p.brand { "Wardline" }
            h1 { "What is on this network" }
            @if let Some(period) = period(analysis.first, analysis.last) { p.lead { (period) } }
            p.muted {
                (count(analysis.totals.packets, "packet")) ", " (count(analysis.flows.len(), "conversation"))
                " in " (count(analysis.files.len() as u64, "file"))
            }
            nav aria-label="On this page" {
                @for (link, text) in [
                    ("#summary", "Summary"), ("#groups", "By kind"), ("#talk", "Who talks to whom"), ("#findings", "Findings"), ("#vulnerabilities", "Vulnerabilities"),
                    ("#clear", "Patient data"), ("#old", "Old systems"), ("#unknown", "Not yet identified"), ("#devices", "All devices"), ("#reading", "What was read"),
                ] { a href=(link) { (text) } " " }
            }
        }
    }
}

fn summary(report: &Report<'_>) -> Markup {
    let devices = &report.inventory.devices;
    let clear = devices.iter().filter(|d| d.patient_data_in_clear).count();
    let named = devices.iter().filter(|d| d.class.is_some()).count();
    let urgent = report.findings.iter().filter(|f| f.severity <= Severity::High).count();
    html! {
        section id="summary" {
            h2 { "Summary" }
            ul.tiles {
                (tile(devices.len(), if devices.len() == 1 { "device" } else { "devices" }, "", "#devices"))
                (tile(named, "identified by what they are for", "", "#groups"))
                (tile(clear, "send or receive patient data in clear text", tone(clear, devices.len()), "#clear"))
                (tile(urgent, "findings to act on this week", tone(urgent, devices.len()), "#findings"))
                (tile(devices.len() - named, "not yet identified", "", "#unknown"))
            }
            (first_things(report))
        }
    }
}

/// None of something bad is good news only where there was something to look at.
const fn tone(bad: usize, devices: usize) -> &'static str {
    match (bad, devices) {
        (0, 0) => "",
        (0, _) => "good",
        _ => "bad",
    }
}

/// What to look at first: the worst findings, the most widespread before.
fn first_things(report: &Report<'_>) -> Markup {
    let together = by_rule(&report.findings);
    html! {
        @if report.inventory.devices.is_empty() {
            p { "No device was seen. If the files are not empty, look at what was read, at the end of this page." }
        } @else if !together.is_empty() {
            h3 { "Look at these first" }
            ol {
                @for same in together.iter().take(FIRST_MAX) {
                    @if let Some(first) = same.first() {
                        li {
                            a href=(format!("#{}", anchor(first))) { (first.title) }
                            span.muted { " · " (count(same.len() as u64, "device")) " · " (urgency(first.severity)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where on the page a kind of finding stands.
fn anchor(finding: &Finding) -> String {
    format!("finding-{}-{}", finding.rule, finding.severity.as_str())
}

fn tile(number: usize, text: &str, tone: &str, link: &str) -> Markup {
    html! { li class=(format!("tile {tone}")) { a href=(link) { strong { (number) } span { (text) } } } }
}

fn groups(report: &Report<'_>) -> Markup {
    let devices = &report.inventory.devices;
    let of = |wanted: ClassGroup| devices.iter().filter(|d| group(d) == wanted).count();
    let most = ClassGroup::ALL.map(of).into_iter().max().unwrap_or(1).max(1);
    html! {
        section id="groups" {
            h2 { "Devices by what they are for" }
            @if devices.is_empty() { p { "None." } }
            @else { table.bars {
                caption.hidden { "Number of devices of each kind" }
                @for group in ClassGroup::ALL {
                    @let number = of(group);
                    @if number > 0 {
                        tr {
                            th scope="row" { (group.title()) }
                            td.number { (number) }
                            td.bar { (bar(number, most)) }
                            td.muted { (kinds(report, group)) }
                        }
                    }
                }
            } }
        }
    }
}

/// A bar as an image of its own: widths in style attributes would need a laxer policy.
fn bar(number: usize, most: usize) -> Markup {
    let width = (number * 200).div_ceil(most);
    html! {
        svg width="200" height="14" viewBox="0 0 200 14" aria-hidden="true" {
            rect.track width="200" height="14" rx="3" {}
            rect.fill width=(width) height="14" rx="3" {}
        }
    }
}

/// The classes of a group with their numbers, the most frequent first.
fn kinds(report: &Report<'_>, wanted: ClassGroup) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for device in report.inventory.devices.iter().filter(|d| group(d) == wanted) {
        let name = match &device.class {
            Some((code, _)) => report.class_name(code),
            None if device.vendor.is_some() => "of a known maker",
            None if device.os.is_some() => "of a known operating system",
            None => "otherwise unknown",
        };
        match kinds.iter_mut().find(|(n, _)| *n == name) {
            Some((_, number)) => *number += 1,
            None => kinds.push((name, 1)),
        }
    }
    kinds.sort_by_key(|(name, number)| (usize::MAX - number, *name));
    let text = |(name, number): &(&str, usize)| format!("{number} {name}");
    kinds.iter().map(text).collect::<Vec<_>>().join(" · ")
}

fn talk(report: &Report<'_>) -> Markup {
    let links = sankey::Links::of(report);
    html! {
        section id="talk" {
            h2 { "Who talks to whom" }
            @if links.is_empty() {
                p { "No conversation between devices was recognised." }
            } @else {
                p.muted { "Left: who asks. Middle: for what, and in which language. Right: who answers. The wider the band, the more pairs of devices." }
                div.scroll tabindex="0" role="region" aria-label="Picture of who talks to whom" { (links.picture()) }
                p.legend {
                    span.key.patient { "patient data in clear text" } " "
                    span.key.plain { "clear text" } " "
                    span.key.sealed { "encrypted" }
                }
                details { summary { "The same as a table" } div.scroll tabindex="0" role="region" aria-label="Table of who talks to whom" { (links.table()) } }
                @if links.untold() > 0 {
                    p.muted { "Not drawn: " (count(links.untold() as u64, "pair")) " whose language was not recognised or that only keep the network going." }
                }
            }
        }
    }
}

fn findings(report: &Report<'_>) -> Markup {
    html! {
        section id="findings" {
            h2 { "Findings" }
            @if report.findings.is_empty() { p { "Nothing was found. That is no proof that nothing is there." } }
            @for same in by_rule(&report.findings) {
                @if let [first, ..] = same.as_slice() { (finding(report, first, &same)) }
            }
        }
    }
}

/// Known vulnerabilities, one line per model and cause.
fn vulnerabilities(report: &Report<'_>) -> Markup {
    let lines = vulnerabilities::lines(report);
    html! {
        section id="vulnerabilities" {
            h2 { "Known vulnerabilities" }
            @if report.judged_by.is_empty() { p { "No knowledge of vulnerabilities was at hand." } }
            @else { p.muted { "Judged by " (report.judged_by) ". The reasons of every verdict stand in devices.json." } }
            @if lines.is_empty() { p { "None is known of what was recognised. That is no proof that there is none." } }
            @else {
                div.scroll tabindex="0" role="region" aria-label="Known vulnerabilities" { table.wide {
                    caption.hidden { "Known vulnerabilities, one line per model and cause" }
                    thead { tr {
                        @for title in ["How bad", "Vulnerability", "Product and version", "Devices", "Why", "What to do"] { th scope="col" { (title) } }
                    } }
                    tbody { @for line in lines.iter().take(LINES_MAX) { (vulnerability(report, line)) } }
                } }
                @if lines.len() > LINES_MAX { p.muted { "and " (lines.len() - LINES_MAX) " more in devices.json" } }
            }
        }
    }
}

fn vulnerability(report: &Report<'_>, line: &vulnerabilities::Line<'_>) -> Markup {
    html! {
        tr {
            td { span class=(format!("badge {}", line.severity.as_str())) { (line.severity.as_str()) } }
            th scope="row" {
                (line.matched.id)
                @if line.verdict() == "perhaps" { span.chip { "perhaps" } }
                @if !line.marks().is_empty() { " " span.muted { (line.marks()) } }
            }
            td { (line.product()) }
            td {
                details {
                    summary { (line.devices.len()) }
                    @for id in line.devices.iter().take(NAMED_MAX) { a href=(format!("#{id}")) { (report.label(id)) } " " }
                    @if line.devices.len() > NAMED_MAX { span.muted { "and " (line.devices.len() - NAMED_MAX) " more" } }
                }
            }
            td { (line.matched.reasons.join("; ")) }
            td { (wardline_risk::finding::next_step(line.matched)) }
        }
    }
}

fn finding(report: &Report<'_>, first: &Finding, same: &[&Finding]) -> Markup {
    html! {
        article.finding id=(anchor(first)) {
            h3 {
                span class=(format!("badge {}", first.severity.as_str())) { (first.severity.as_str()) ": " (urgency(first.severity)) }
                " " (first.title)
                span.muted { " · " (count(same.len() as u64, "device")) }
            }
            p { (first.why) }
            p { strong { "Next: " } (first.next_step) }
            ul.names {
                @for finding in same.iter().take(NAMED_MAX) {
                    li {
                        a href=(format!("#{}", finding.device)) { (report.label(&finding.device)) }
                        @if let Some(shown) = shown_in(report, finding) { span.chip { (shown) } }
                    }
                }
                @if same.len() > NAMED_MAX { li.muted { "and " (same.len() - NAMED_MAX) " more in findings.jsonl" } }
            }
        }
    }
}

fn shown_in(report: &Report<'_>, finding: &Finding) -> Option<String> {
    let evidence = finding.evidence.first()?;
    let packet = evidence.seen.exemplars.first()?;
    Some(format!("{}, frame {}", super::words::base_name(report.file_name(packet.file())), packet.frame()))
}

fn patient_data(report: &Report<'_>) -> Markup {
    let clear: Vec<&Device> = sorted(report).filter(|d| d.patient_data_in_clear).collect();
    html! {
        section id="clear" {
            h2 { "Patient data in clear text" }
            @if clear.is_empty() {
                p { "None was seen." }
            } @else {
                p { "Anyone who can listen on these connections can read, and anyone in between can change, what is said about patients. Wardline noted that it was there and kept none of it." }
                (device_table(report, "Devices with patient data in clear text", &clear, "Seen in", &|device| {
                    device.evidence.iter().find(|e| e.attribute == Attribute::PatientDataInClear)
                }))
            }
        }
    }
}

fn old_systems(report: &Report<'_>) -> Markup {
    let rules = ["end-of-life-os", "smb1", "obsolete-tls"];
    let of =
        |d: &&Device| report.findings.iter().any(|f| f.device == d.id && rules.contains(&f.rule.as_str()));
    let old: Vec<&Device> = sorted(report).filter(of).collect();
    html! {
        section id="old" {
            h2 { "Old systems" }
            @if old.is_empty() {
                p { "No operating system, file sharing or encryption past its time was recognised." }
            } @else {
                p { "Their makers no longer repair them, or their protocols are broken. They need a segment of their own." }
                (device_table(report, "Old systems", &old, "What is old", &|device| {
                    let old = |f: &&Finding| f.device == device.id && rules.contains(&f.rule.as_str());
                    report.findings.iter().find(old)?.evidence.first()
                }))
            }
        }
    }
}

fn unknowns(report: &Report<'_>) -> Markup {
    let unknown: Vec<&Device> = sorted(report).filter(|d| d.class.is_none()).collect();
    html! {
        section id="unknown" {
            h2 { "Not yet identified" }
            @if unknown.is_empty() {
                p { @if report.inventory.devices.is_empty() { "None." } @else { "Every device said what it is." } }
            } @else {
                p { "These said too little to be sure what they are for, and a wrong name is worse than none. What is known is listed: a longer capture, or a look at the device at this address or switch port, settles the rest." }
                (unknown_table(report, &unknown))
            }
        }
    }
}

/// Every device, in the order of the groups.
fn sorted<'a>(report: &'a Report<'_>) -> impl Iterator<Item = &'a Device> {
    grouped(&report.inventory.devices).into_iter().flat_map(|(_, devices)| devices)
}

/// What is known of devices whose purpose is not.
fn unknown_table(report: &Report<'_>, devices: &[&Device]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Devices not yet identified" {
            table {
                caption.hidden { "Devices not yet identified" }
                thead { tr {
                    th scope="col" { "Device" } th scope="col" { "Address" } th scope="col" { "Maker and model" }
                    th scope="col" { "Runs" } th scope="col" { "What it was seen to do" } th scope="col" { "Place" }
                } }
                tbody {
                    @for device in devices.iter().take(DETAILED_MAX) {
                        tr {
                            td { a href=(format!("#{}", device.id)) { (device_label(device)) } }
                            td { (device::address(report, device)) }
                            td { (device::maker_and_model(device)) }
                            td { (software_text(device)) }
                            td { (roles_text(device)) }
                            td { (device.location.as_deref().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
        @if devices.len() > DETAILED_MAX { p.muted { "and " (devices.len() - DETAILED_MAX) " more in devices.json" } }
    }
}

/// The fact a table shows of a device.
type Shows<'a> = &'a dyn Fn(&'a Device) -> Option<&'a Evidence>;

/// Devices, each with one fact about it.
fn device_table<'a>(
    report: &Report<'_>,
    caption: &str,
    devices: &[&'a Device],
    head: &str,
    fact: Shows<'a>,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.hidden { (caption) }
                thead { tr {
                    th scope="col" { "Device" } th scope="col" { "Address" } th scope="col" { "What it is" }
                    th scope="col" { (head) } th scope="col" { "Shown by" }
                } }
                tbody {
                    @for device in devices.iter().take(DETAILED_MAX) {
                        @let evidence = fact(device);
                        tr {
                            td { a href=(format!("#{}", device.id)) { (device_label(device)) } }
                            td { (device::address(report, device)) }
                            td { (device::what(report, device)) }
                            td { @if let Some(e) = evidence { (e.value) @if let Some(v) = &e.version { " " (v) } } }
                            td { @if let Some(e) = evidence { (device::chip(report, e)) } }
                        }
                    }
                }
            }
        }
        @if devices.len() > DETAILED_MAX { p.muted { "and " (devices.len() - DETAILED_MAX) " more in devices.json" } }
    }
}

fn devices(report: &Report<'_>) -> Markup {
    let devices = &report.inventory.devices;
    html! {
        section id="devices" {
            h2 { "All devices" }
            @if devices.is_empty() { p { "None." } }
            @else { p.muted { "Open a line for everything that is known of the device, and the packets that show it." } }
            @for (group, these) in grouped(devices) {
                h3 { (group.title()) " " span.muted { "· " (these.len()) } }
                @for device in these.into_iter().take(DETAILED_MAX) { (device::card(report, device)) }
            }
            @if devices.len() > DETAILED_MAX { p.muted { "At most " (DETAILED_MAX) " of a kind are shown; all are in devices.json." } }
        }
    }
}

fn reading(report: &Report<'_>) -> Markup {
    let analysis = &report.analysis;
    html! {
        section id="reading" {
            h2 { "What was read, and what was left out" }
            div.scroll tabindex="0" role="region" aria-label="Files" {
                table {
                    caption.hidden { "Files read" }
                    thead { tr {
                        th scope="col" { "File" } th.number scope="col" { "Packets" } th scope="col" { "From" }
                        th scope="col" { "To" } th scope="col" { "Remarks" }
                    } }
                    tbody {
                        @for file in &analysis.files {
                            tr {
                                td { (super::words::base_name(&file.name)) }
                                td.number { (file.packets) }
                                td { @if let Some(first) = file.first { (rfc3339(first)) } }
                                td { @if let Some(last) = file.last { (rfc3339(last)) } }
                                td { (remark(file)) }
                            }
                        }
                    }
                }
            }
            ul.counters {
                @for (name, number) in analysis.totals.named() {
                    @if number > 0 && name != "packets" && name != "bytes" { li { strong { (number) } " " (plain_counter(name)) } }
                }
            }
        }
    }
}

/// How the reading of a file went.
fn remark(file: &FileSummary) -> String {
    match (&file.problem, file.truncated, file.dropped) {
        (Some(problem), ..) => problem.clone(),
        (None, true, _) => "cut short; what was there has been read".to_owned(),
        (None, false, Some(dropped)) if dropped > 0 => {
            format!("whole, but whoever recorded it missed {}", count(dropped, "packet"))
        }
        (None, false, _) => "whole".to_owned(),
    }
}
