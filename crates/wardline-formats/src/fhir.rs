//! FHIR Device resources (R4 and R5): a Bundle, one resource, or one per line (bulk export).
//!
//! In: JSON. Out: maker, model, serial number, UDI, versions and place of each Device. Patients who wear a device, and who
//! entered it, are not read. The line of an entry is that where the
//! resource begins.

use crate::json::{self, Node};
use crate::mac::{read_ip, read_mac};
use crate::{Document, Entry, Kind, udi};
use wardline_model::{Attribute, Confidence, Fact};

/// Entered once, from the type plate or the UDI carrier.
const PLATE_CONFIDENCE: Confidence = 80;
/// Entered, and may have changed since.
const STATE_CONFIDENCE: Confidence = 60;

/// Whether a text is FHIR.
pub(crate) fn is_fhir(head: &str) -> bool {
    head.trim_start().starts_with('{') && head.contains("\"resourceType\"")
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::Fhir);
    match json::parse(text.as_bytes()) {
        Ok(tree) => {
            for device in devices(&tree.root) {
                let line = json::place(text.as_bytes(), device.at).line;
                if !take(device, line, &mut document) {
                    return document;
                }
            }
        }
        // Bulk export: a resource a line.
        Err(fault) => {
            let mut understood = false;
            for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
                let Ok(tree) = json::parse(line.as_bytes()) else {
                    let at = json::place(text.as_bytes(), fault.at).line;
                    let number = if understood { number } else { at };
                    document.problem(number, "", format!("this is no JSON: {}", fault.why));
                    return document;
                };
                understood = true;
                for device in devices(&tree.root) {
                    if !take(device, number, &mut document) {
                        return document;
                    }
                }
            }
        }
    }
    document
}

/// Enters a Device that says which one it is; `false` when there are too many.
fn take(device: &Node<'_>, line: u64, document: &mut Document) -> bool {
    let entry = entry(device, line, document);
    let identifies = |fact: &Fact| {
        matches!(fact.attribute, Attribute::Serial | Attribute::Udi | Attribute::Mac | Attribute::Ip)
    };
    if entry.facts.iter().any(identifies) {
        return document.take(entry);
    }
    document.problem(line, "Device", "neither serial number, UDI nor network address; it was left out");
    true
}

/// The Device resources of a resource: itself, or those of a bundle.
fn devices<'n, 'a>(root: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    let inside = root.list_of("entry").iter().filter_map(|entry| entry.get("resource"));
    std::iter::once(root).chain(inside).filter(|node| node.text_of("resourceType") == Some("Device"))
}

fn entry(device: &Node<'_>, line: u64, document: &mut Document) -> Entry {
    let mut entry = Entry { line, ..Entry::default() };
    let word = |name: &str| device.text_of(name).unwrap_or_default();
    entry.say(Attribute::Vendor, word("manufacturer"), PLATE_CONFIDENCE, "fhir.manufacturer");
    entry.say(Attribute::Serial, word("serialNumber"), PLATE_CONFIDENCE, "fhir.serial-number");
    let place = device.of("location").text_of("display").unwrap_or_default();
    entry.say(Attribute::Location, place, STATE_CONFIDENCE, "fhir.location");
    entry.say(Attribute::Model, model(device), PLATE_CONFIDENCE, "fhir.model");
    for version in device.list_of("version").iter().chain(device.list_of("deviceVersion")) {
        let kind = version.of("type");
        let coded = kind.list_of("coding").first().and_then(|coding| coding.text_of("display"));
        let component = kind.text_of("text").or(coded).filter(|name| !name.is_empty()).unwrap_or("software");
        let fact = Fact::new(Attribute::Software, component, STATE_CONFIDENCE, "fhir.version");
        entry.facts.extend(fact.map(|fact| fact.with_version(version.text_of("value").unwrap_or_default())));
    }
    for carrier in device.list_of("udiCarrier") {
        let whole = carrier.text_of("carrierHRF").filter(|udi| !udi.is_empty());
        let Some(carried) = whole.or(carrier.text_of("deviceIdentifier")).filter(|udi| !udi.is_empty())
        else {
            continue;
        };
        match udi::decode(carried) {
            Ok(decoded) => {
                entry.say(Attribute::Udi, carried, PLATE_CONFIDENCE, "fhir.udi");
                entry.say(
                    Attribute::Serial,
                    &decoded.serial.unwrap_or_default(),
                    PLATE_CONFIDENCE,
                    "fhir.udi",
                );
            }
            // A device identifier alone is of a model, not of a device.
            Err(_) if whole.is_none() => {}
            Err(why) => document.problem(line, "udiCarrier", format!("this is not a UDI: {why}")),
        }
    }
    identifiers(device, &mut entry);
    entry.facts.sort();
    entry.facts.dedup();
    entry
}

/// The model's name: R5 calls it `name` with `value`, R4 `deviceName` with `name`; else its number.
fn model<'n>(device: &'n Node<'_>) -> &'n str {
    let of_kind = |node: &&Node<'_>| node.text_of("type") == Some("model-name");
    let r4 = device.list_of("deviceName").iter().find(of_kind).and_then(|name| name.text_of("name"));
    let r5 = device.list_of("name").iter().find(of_kind).and_then(|name| name.text_of("value"));
    r4.or(r5).or(device.text_of("modelNumber")).unwrap_or_default()
}

/// Network addresses among the identifiers, and the label by which people find the entry.
fn identifiers(device: &Node<'_>, entry: &mut Entry) {
    for identifier in device.list_of("identifier") {
        let value = identifier.text_of("value").unwrap_or_default();
        let system = identifier.text_of("system").unwrap_or_default().to_lowercase();
        if let Some(mac) =
            read_mac(value).filter(|_| value.contains([':', '-', '.']) || system.contains("mac"))
        {
            entry.say(Attribute::Mac, &mac, PLATE_CONFIDENCE, "fhir.identifier");
        } else if let Some(ip) = read_ip(value) {
            entry.say(Attribute::Ip, &ip.to_string(), STATE_CONFIDENCE, "fhir.identifier");
        } else if entry.label.is_empty() {
            entry.label = value.chars().take(Fact::VALUE_BYTES_MAX).collect();
        }
    }
    if entry.label.is_empty() {
        let first =
            entry.facts.iter().find(|fact| fact.attribute == Attribute::Serial).or(entry.facts.first());
        entry.label = first.map(|fact| fact.value.to_string()).unwrap_or_default();
    }
}
