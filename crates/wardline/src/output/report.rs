//! `report.html`: one self-contained page that a manager can be shown. No script, no outside resource.
//!
//! Summary, devices by what they are for, who talks to whom, clear-text patient data, old systems, unknowns,
//! and every device with its evidence. Dark and light, on paper, by keyboard.

mod device;
mod sankey;

use super::table::by_rule;
use super::words::{ClassGroup, count, device_label, group, period, plain_counter};
use super::{Report, rfc3339};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};
use wardline_model::{Attribute, Device, Finding, Severity};

/// Devices whose evidence is spread out on the page; beyond it stands in devices.json. Keeps the page usable.
const DETAILED_MAX: usize = 400;
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
                a.skip href="#devices" { "Skip to the devices" }
                (head(report))
                main {
                    (summary(report))
                    (groups(report))
                    (talk(report))
                    (findings(report))
                    (patient_data(report))
                    (old_systems(report))
                    (unknowns(report))
                    (devices(report))
                    (reading(report))
                }
                footer { p { "Written by Wardline, from traffic only: nothing was sent to any device. Every fact names the packet that shows it." } }
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
                    ("#summary", "Summary"), ("#groups", "By kind"), ("#talk", "Who talks to whom"), ("#findings", "Findings"),
                    ("#clear", "Patient data"), ("#old", "Old systems"), ("#unknown", "Unknown"), ("#devices", "All devices"),
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
                (tile(named, "know what they are for", "", "#groups"))
                (tile(clear, "send or receive patient data in clear text", if clear > 0 { "bad" } else { "good" }, "#clear"))
                (tile(urgent, "critical or high findings", if urgent > 0 { "bad" } else { "good" }, "#findings"))
                (tile(devices.len() - named, "not yet identified", "", "#unknown"))
            }
        }
    }
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
            table.bars {
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
            }
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
        let Some((code, _)) = &device.class else { continue };
        let name = report.class_name(code);
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
                p.muted { "Left: who asks. Middle: in what language. Right: who answers. The wider the band, the more pairs of devices." }
                div.scroll tabindex="0" role="region" aria-label="Picture of who talks to whom" { (links.picture()) }
                p.legend {
                    span.key.patient { "patient data in clear text" } " "
                    span.key.plain { "clear text" } " "
                    span.key.sealed { "encrypted" }
                }
                details { summary { "The same as a table" } (links.table()) }
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

fn finding(report: &Report<'_>, first: &Finding, same: &[&Finding]) -> Markup {
    html! {
        article.finding {
            h3 {
                span class=(format!("badge {}", first.severity.as_str())) { (first.severity.as_str()) }
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
    Some(format!("{}, frame {}", super::words::base_name(report.file_name(packet.file)), packet.frame))
}

fn patient_data(report: &Report<'_>) -> Markup {
    let clear: Vec<&Device> = report.inventory.devices.iter().filter(|d| d.patient_data_in_clear).collect();
    html! {
        section id="clear" {
            h2 { "Patient data in clear text" }
            @if clear.is_empty() {
                p { "None was seen." }
            } @else {
                p { "Anyone who can listen on these connections can read, and anyone in between can change, what is said about patients. Wardline noted that it was there and kept none of it." }
                (device_table(report, &clear, &[Attribute::PatientDataInClear]))
            }
        }
    }
}

fn old_systems(report: &Report<'_>) -> Markup {
    let rules = ["end-of-life-os", "smb1", "obsolete-tls"];
    let of =
        |d: &&Device| report.findings.iter().any(|f| f.device == d.id && rules.contains(&f.rule.as_str()));
    let old: Vec<&Device> = report.inventory.devices.iter().filter(of).collect();
    let attributes = [Attribute::Os, Attribute::TlsVersion, Attribute::SmbDialect];
    html! {
        section id="old" {
            h2 { "Old systems" }
            @if old.is_empty() {
                p { "No operating system, file sharing or encryption past its time was recognised." }
            } @else {
                p { "Their makers no longer repair them, or their protocols are broken. They need a segment of their own." }
                (device_table(report, &old, &attributes))
            }
        }
    }
}

fn unknowns(report: &Report<'_>) -> Markup {
    let unknown: Vec<&Device> = report.inventory.devices.iter().filter(|d| d.class.is_none()).collect();
    html! {
        section id="unknown" {
            h2 { "Not yet identified" }
            @if unknown.is_empty() {
                p { "Every device said what it is." }
            } @else {
                p { "These said too little to be named, and a wrong name is worse than none. A longer capture, DHCP logs or a look at the device helps." }
                (device_table(report, &unknown, &[Attribute::Vendor, Attribute::DhcpVendorClass]))
            }
        }
    }
}

/// Devices with what is known of some attributes.
fn device_table(report: &Report<'_>, devices: &[&Device], attributes: &[Attribute]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Devices" {
            table {
                thead { tr { th { "Device" } th { "Address" } th { "What it is" } th { "Seen" } th { "Shown by" } } }
                tbody {
                    @for device in devices.iter().take(DETAILED_MAX) {
                        @let evidence = device.evidence.iter().find(|e| attributes.contains(&e.attribute));
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
            @for wanted in ClassGroup::ALL {
                @let these: Vec<&Device> = devices.iter().filter(|d| group(d) == wanted).take(DETAILED_MAX).collect();
                @if !these.is_empty() {
                    h3 { (wanted.title()) }
                    @for device in these { (device::card(report, device)) }
                }
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
                    thead { tr { th { "File" } th.number { "Packets" } th { "From" } th { "To" } th { "Remarks" } } }
                    tbody {
                        @for file in &analysis.files {
                            tr {
                                td { (super::words::base_name(&file.name)) }
                                td.number { (file.packets) }
                                td { @if let Some(first) = file.first { (rfc3339(first)) } }
                                td { @if let Some(last) = file.last { (rfc3339(last)) } }
                                td { @if let Some(problem) = &file.problem { (problem) } @else { "whole" } }
                            }
                        }
                    }
                }
            }
            ul.counters {
                @for (name, number) in analysis.totals.named() {
                    @if number > 0 && name != "packets" && name != "bytes" { li { (plain_counter(name)) ": " (number) } }
                }
            }
        }
    }
}
