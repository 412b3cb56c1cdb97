//! A device on the page: a line, and its evidence when opened.

use crate::output::Report;
use crate::output::words::{
    attribute_words, base_name, count, device_label, moment, roles_text, software_text, use_sentence,
    use_text,
};
use maud::{Markup, html};
use wardline_model::{Attribute, Device, Evidence, Known, UseState};

/// Facts shown of one device; all stand in devices.json.
const EVIDENCE_MAX: usize = 60;

/// The packet that shows it.
pub(super) fn chip(report: &Report<'_>, evidence: &Evidence) -> Markup {
    let packet = evidence.seen.exemplars.first();
    html! {
        @if let Some(packet) = packet {
            span.chip title=(format!("{} · {} · seen {}", evidence.rule, evidence.source, count(evidence.seen.count, "time"))) {
                (base_name(report.file_name(packet.file()))) ", frame " (packet.frame())
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
    roles_text(device)
}

/// Its maker and model, as far as they are known.
pub(super) fn maker_and_model(device: &Device) -> String {
    let known: Vec<&str> =
        [&device.vendor, &device.model].into_iter().flatten().map(String::as_str).collect();
    known.join(" ")
}

/// What it is and where, in a few words.
fn what_and_where(report: &Report<'_>, device: &Device) -> String {
    let parts = [what(report, device), device.location.clone().unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What it is, and how sure that is.
fn class(report: &Report<'_>, device: &Device) -> String {
    device.class.as_ref().map_or_else(
        || "not yet identified".to_owned(),
        |(code, sure)| match device.class_known {
            Known::Confirmed => format!("{} (confirmed by a person)", report.class_name(code)),
            Known::Cmms => {
                format!("{} ({sure} % sure, and so says the inventory list)", report.class_name(code))
            }
            Known::Inferred => format!("{} ({sure} % sure)", report.class_name(code)),
        },
    )
}

/// The device with everything behind it.
pub(super) fn card(report: &Report<'_>, device: &Device) -> Markup {
    html! {
        details.device id=(device.id) {
            summary {
                strong { (device_label(device)) }
                span { (address(report, device)) }
                span { (maker_and_model(device)) }
                span.muted { (what_and_where(report, device)) }
                @if device.usage.state == UseState::InUse { span.badge.use { (use_text(device)) } }
                @if device.patient_data_in_clear { span.badge.high { "patient data in clear" } }
            }
            dl {
                (entry("What it is", Some(class(report, device).as_str())))
                (entry("In use", Some(use_sentence(device).as_str())))
                (entry("What it does", Some(roles_text(device).as_str()).filter(|t| !t.is_empty())))
                (entry("Serial number", device.serial.as_deref()))
                (entry("UDI", device.udi.as_deref()))
                (entry("Software", Some(software_text(device).as_str()).filter(|t| !t.is_empty())))
                @for change in &device.changes {
                    (entry("Changed", Some(format!("{change}, {}", moment(change.at)).as_str())))
                }
                (entry("DICOM names (AE titles)", Some(device.ae_titles.join(", ").as_str()).filter(|t| !t.is_empty())))
                (entry("Names", Some(device.hostnames.join(", ").as_str()).filter(|t| !t.is_empty())))
                (entry("Location", device.location.as_deref()))
                (entry("Hardware (MAC)", Some(joined(&device.macs).as_str()).filter(|t| !t.is_empty())))
                (entry("Addresses", Some(joined(&device.ips).as_str()).filter(|t| !t.is_empty())))
                (entry("Offers", Some(services(device).as_str()).filter(|t| !t.is_empty())))
                (entry("Known through", report.via(device).as_deref()))
                (entry("First seen", Some(moment(device.first_seen).as_str())))
                (entry("Last seen", Some(moment(device.last_seen).as_str())))
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

/// The value of a fact; class codes in words.
fn value<'a>(report: &'a Report<'_>, evidence: &'a Evidence) -> &'a str {
    if evidence.attribute == Attribute::Class { report.class_name(&evidence.value) } else { &evidence.value }
}

fn evidence_table(report: &Report<'_>, device: &Device) -> Markup {
    let telling = |e: &&Evidence| !matches!(e.attribute, Attribute::DnsQuery);
    html! {
        div.scroll tabindex="0" role="region" aria-label=(format!("Evidence about {}", device_label(device))) {
            table.evidence {
                caption.hidden { "Evidence" }
                thead { tr {
                    th scope="col" { "Fact" } th scope="col" { "Value" } th.number scope="col" { "Sure" }
                    th scope="col" { "Said in · rule" } th scope="col" { "Packet" }
                } }
                tbody {
                    @for evidence in device.evidence.iter().filter(telling).take(EVIDENCE_MAX) {
                        tr {
                            td { (attribute_words(evidence.attribute)) }
                            td.value { (value(report, evidence)) @if let Some(version) = &evidence.version { " " (version) } }
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
