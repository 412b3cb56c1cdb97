//! Lists: CSV of a CMMS, an asset system, a spreadsheet; of a switch, a router, a wireless controller, a system of network
//! access control, told apart by their headings.
//!
//! A row becomes an entry when something in it identifies a device: a MAC or network address, a host name, a serial
//! number, a UDI, an AE title. A cell that cannot be what its column means is a problem of that cell alone; the rest
//! of the row is kept. What people wrote by hand is never as sure as what a device says of itself.

use crate::csv::{self, Row};
use crate::mac::{read_ip, read_mac};
use crate::mapping::{Mapping, Meaning, plain};
use crate::{Document, Entry, Kind, udi};
use std::collections::BTreeMap;
use wardline_model::{Attribute, Confidence, Fact};

/// Written down once from the type plate.
const PLATE_CONFIDENCE: Confidence = 80;
/// Written down, and may have changed since.
const STATE_CONFIDENCE: Confidence = 60;
/// What fills a cell where nothing is known.
const FILLERS: &[&str] =
    &["", "-", "--", "n/a", "na", "none", "unknown", "tbd", "null", "?", "x", "dhcp", "static"];
/// Name of the device's own software where the list gives only a version.
const OWN_SOFTWARE: &str = "software";

/// The kind of a list, by its headings: what only a wireless controller, access control, a switch or a router has.
pub(crate) fn kind(head: &str) -> Kind {
    let rows = csv::rows(head, csv::separator(head));
    let headings: Vec<String> =
        rows.first().map(|row| row.fields.iter().map(|h| plain(h)).collect()).unwrap_or_default();
    let has = |names: &[&str]| headings.iter().any(|heading| names.contains(&heading.as_str()));
    if has(&["model", "serial", "serialnumber", "manufacturer", "vendor", "assettag", "assetnumber"]) {
        Kind::Cmms
    } else if has(&["ssid", "apname", "accesspoint", "accesspointname", "rssi", "wlan"]) {
        Kind::Wireless
    } else if has(&[
        "endpointprofile",
        "endpointpolicy",
        "authorizationprofile",
        "posturestatus",
        "nasipaddress",
        "nasportid",
    ]) {
        Kind::Nac
    } else if has(&["mac", "macaddress", "hardwareaddress"])
        && has(&["port", "interface", "switchport", "ports"])
    {
        let addressed = has(&["ip", "ipaddress", "address", "internetaddress"]);
        if addressed { Kind::ArpTable } else { Kind::MacTable }
    } else {
        Kind::Cmms
    }
}

/// Reads a list of that kind.
pub(crate) fn read(text: &str, mapping: &Mapping, kind: Kind) -> Document {
    let mut document = Document::new(kind);
    let mut rows = csv::rows(text, csv::separator(text)).into_iter();
    let Some(headings) = rows.next() else {
        document.problem(1, "", "the file is empty");
        return document;
    };
    let (meanings, absent) = mapping.apply(&headings.fields);
    for heading in absent {
        document.problem(
            headings.line,
            &heading,
            "the mapping names this column, and the list has none of that name",
        );
    }
    if !meanings.values().any(|meaning| identifies(*meaning)) {
        let why = "no column identifies a device: none is known as MAC, IP, host name, serial number, UDI or AE title; \
                   name one in a mapping file (`[columns]`, `serial = \"…\"`)";
        document.problem(headings.line, "", why);
        return document;
    }
    for row in rows {
        let entry = entry(&row, &headings.fields, &meanings, &mut document);
        if !entry.facts.iter().any(|fact| identifies(Meaning::Of(fact.attribute))) {
            document.problem(row.line, "", "nothing in this row identifies a device; it was left out");
        } else if !document.take(entry) {
            break;
        }
    }
    document
}

const fn identifies(meaning: Meaning) -> bool {
    use Attribute as A;
    matches!(meaning, Meaning::Of(A::Mac | A::Ip | A::Hostname | A::Serial | A::Udi | A::AeTitle))
}

fn entry(
    row: &Row,
    headings: &[String],
    meanings: &BTreeMap<usize, Meaning>,
    document: &mut Document,
) -> Entry {
    let mut entry = Entry { line: row.line, ..Entry::default() };
    let (mut software, mut version, mut system_version) = (String::new(), String::new(), String::new());
    let (mut element, mut port, mut point) = ("", "", "");
    for (&column, meaning) in meanings {
        let cell = row.field(column);
        if FILLERS.contains(&cell.to_lowercase().as_str()) {
            continue;
        }
        let heading = headings.get(column).map_or("", String::as_str);
        match meaning {
            Meaning::Asset => entry.label = cell.chars().take(Fact::VALUE_BYTES_MAX).collect(),
            Meaning::Element => element = cell,
            Meaning::Port => port = cell,
            Meaning::AccessPoint => point = cell,
            Meaning::SoftwareVersion => cell.clone_into(&mut version),
            Meaning::OsVersion => cell.clone_into(&mut system_version),
            Meaning::Of(Attribute::Software) => cell.clone_into(&mut software),
            Meaning::Of(attribute) => {
                if let Err(why) = say(&mut entry, *attribute, cell) {
                    document.problem(row.line, heading, why);
                }
            }
        }
    }
    let place = place(document.kind, [element, port, point]);
    if !place.is_empty() && !entry.facts.iter().any(|fact| fact.attribute == Attribute::Location) {
        entry.say(Attribute::Location, &place, STATE_CONFIDENCE, "list.place");
    }
    if !version.is_empty() && software.is_empty() {
        OWN_SOFTWARE.clone_into(&mut software);
    }
    let named = Fact::new(Attribute::Software, &software, STATE_CONFIDENCE, "cmms.software");
    entry.facts.extend(named.map(|fact| fact.with_version(&version)));
    if let Some(system) = entry.facts.iter_mut().find(|fact| fact.attribute == Attribute::Os) {
        *system = system.clone().with_version(&system_version);
    }
    if entry.label.is_empty() {
        entry.label = entry.facts.first().map(|fact| fact.value.to_string()).unwrap_or_default();
    }
    entry
}

/// Where a card was learned. An ARP table's interface is the router's, and no place of the device.
fn place(kind: Kind, [element, port, point]: [&str; 3]) -> String {
    let of = |word: &str, name: &str| if name.is_empty() { String::new() } else { format!("{word} {name}") };
    let parts = match kind {
        Kind::ArpTable => return String::new(),
        _ if !point.is_empty() => [of("access point", point), String::new()],
        _ => [of("switch", element), of("port", port)],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Adds what a cell says; the error is what is wrong with it.
fn say(entry: &mut Entry, attribute: Attribute, cell: &str) -> Result<(), String> {
    match attribute {
        Attribute::Mac => {
            for part in cell.split([',', ';', '/', '\n']).filter(|part| !part.trim().is_empty()) {
                let mac = read_mac(part).ok_or_else(|| {
                    format!("`{}` is not a MAC address: twelve hexadecimal digits", shown(part))
                })?;
                entry.say(attribute, &mac, PLATE_CONFIDENCE, "cmms.mac");
            }
        }
        Attribute::Ip => {
            for part in cell.split([',', ';', ' ', '\n']).filter(|part| !part.trim().is_empty()) {
                let ip = read_ip(part)
                    .ok_or_else(|| format!("`{}` is not an address of a device", shown(part)))?;
                entry.say(attribute, &ip.to_string(), STATE_CONFIDENCE, "cmms.ip");
            }
        }
        Attribute::Udi => {
            let udi = udi::decode(cell).map_err(|why| format!("`{}` is not a UDI: {why}", shown(cell)))?;
            entry.say(attribute, cell, PLATE_CONFIDENCE, "cmms.udi");
            if let Some(serial) = udi.serial {
                entry.say(Attribute::Serial, &serial, PLATE_CONFIDENCE, "cmms.udi-serial");
            }
        }
        Attribute::Hostname => entry.say(attribute, cell, STATE_CONFIDENCE, "cmms.hostname"),
        Attribute::Location => entry.say(attribute, cell, STATE_CONFIDENCE, "cmms.location"),
        Attribute::Os => entry.say(attribute, cell, STATE_CONFIDENCE, "cmms.os"),
        _ => entry.say(attribute, cell, PLATE_CONFIDENCE, "cmms.type-plate"),
    }
    Ok(())
}

/// A cell as a message may show it.
fn shown(cell: &str) -> String {
    cell.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}
