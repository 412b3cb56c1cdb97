//! A device on the page: a line, and its evidence when opened.

use crate::output::Report;
use crate::output::words::{base_name, device_label, software_text};
use maud::{Markup, html};
use wardline_model::{Attribute, Device, Evidence, Role};

/// Facts shown of one device; all stand in devices.json.
const EVIDENCE_MAX: usize = 60;

/// The packet that shows it.
pub(super) fn chip(report: &Report<'_>, evidence: &Evidence) -> Markup {
    let packet = evidence.seen.exemplars.first();
    html! {
        @if let Some(packet) = packet {
            span.chip title=(format!("{} · {} · seen {} times", evidence.rule, evidence.source, evidence.seen.count)) {
                (base_name(report.file_name(packet.file))) ", frame " (packet.frame)
            }
        }
    }
}

/// Its addresses in a few words.
pub(super) fn address(report: &Report<'_>, device: &Device) -> String {
    match (device.ips.first(), device.macs.first()) {
        (Some(ip), _) if device.ips.len() > 1 => format!("{ip} and {} more", device.ips.len() - 1),
        (Some(ip), _) => ip.to_string(),
        (None, Some(mac)) => mac.to_string(),
        (None, None) => report.via(device).map_or_else(String::new, |name| format!("behind {name}")),
    }
}

/// What it is in a few words.
pub(super) fn what(report: &Report<'_>, device: &Device) -> String {
    if let Some((code, _)) = &device.class {
        return report.class_name(code).to_owned();
    }
    let roles: Vec<&str> = device.roles.iter().filter(|r| **r != Role::Unknown).map(|r| r.as_str()).collect();
    roles.join(", ")
}

/// The device with everything behind it.
pub(super) fn card(report: &Report<'_>, device: &Device) -> Markup {
    let model: Vec<&str> =
        [&device.vendor, &device.model].into_iter().flatten().map(String::as_str).collect();
    html! {
        details.device id=(device.id) {
            summary {
                strong { (device_label(device)) }
                span { (address(report, device)) }
                span { (model.join(" ")) }
                span.muted { (what(report, device)) }
                @if device.patient_data_in_clear { span.badge.high { "patient data in clear" } }
            }
            dl {
                (entry("Serial number", device.serial.as_deref()))
                (entry("UDI", device.udi.as_deref()))
                (entry("Software", Some(software_text(device).as_str()).filter(|t| !t.is_empty())))
                (entry("AE titles", Some(device.ae_titles.join(", ").as_str()).filter(|t| !t.is_empty())))
                (entry("Names", Some(device.hostnames.join(", ").as_str()).filter(|t| !t.is_empty())))
                (entry("Location", device.location.as_deref()))
                (entry("MAC", Some(joined(&device.macs).as_str()).filter(|t| !t.is_empty())))
                (entry("Addresses", Some(joined(&device.ips).as_str()).filter(|t| !t.is_empty())))
                (entry("Services", Some(services(device).as_str()).filter(|t| !t.is_empty())))
            }
            (evidence_table(report, device))
        }
    }
}

fn entry(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(value) = value { dt { (name) } dd { (value) } } }
}

fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn services(device: &Device) -> String {
    let one = |s: &wardline_model::Service| {
        let sealed = if s.encrypted { ", encrypted" } else { "" };
        format!("{} ({} {}{sealed})", s.protocol, s.transport, s.port)
    };
    device.services.iter().map(one).collect::<Vec<_>>().join(" · ")
}

fn evidence_table(report: &Report<'_>, device: &Device) -> Markup {
    let telling = |e: &&Evidence| !matches!(e.attribute, Attribute::DnsQuery);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Evidence" {
            table.evidence {
                thead { tr { th { "Fact" } th { "Value" } th.number { "Sure" } th { "From" } th { "Packet" } } }
                tbody {
                    @for evidence in device.evidence.iter().filter(telling).take(EVIDENCE_MAX) {
                        tr {
                            td { (evidence.attribute.as_str()) }
                            td.value { (evidence.value) @if let Some(version) = &evidence.version { " " (version) } }
                            td.number { (evidence.confidence) " %" }
                            td { (evidence.protocol) span.muted { " · " (evidence.rule) } }
                            td { (chip(report, evidence)) }
                        }
                    }
                }
            }
        }
        @if device.evidence.len() > EVIDENCE_MAX { p.muted { "More in devices.json." } }
    }
}
