//! Leases as tables: Kea's lease file (`address,hwaddr,client_id,…,hostname,state,…`) and the export of Windows
//! (`Get-DhcpServerv4Lease | Export-Csv`: `IPAddress`, `ClientId`, `HostName`, `AddressState`).
//!
//! Kea's file is a journal: of several rows of one address the last counts. State 0 is in use.

use crate::csv;
use crate::mac::{read_ip, read_mac};
use crate::{Document, Entry, Kind};
use std::collections::BTreeMap;
use wardline_model::{Attribute, Confidence};

/// The server gave this address to that card.
const LEASE_CONFIDENCE: Confidence = 80;
/// The client called itself so.
const NAME_CONFIDENCE: Confidence = 75;

/// The columns of a table.
#[derive(Clone, Copy, Debug)]
struct Columns {
    address: usize,
    mac: usize,
    name: Option<usize>,
    state: Option<usize>,
}

/// Whether a text is such a table.
pub(crate) fn is_table(head: &str) -> bool {
    csv::rows(head, csv::separator(head)).first().and_then(|row| columns(&row.fields)).is_some()
}

fn columns(headings: &[String]) -> Option<Columns> {
    let place = |name: &str| headings.iter().position(|heading| heading.eq_ignore_ascii_case(name));
    let kea = place("valid_lifetime").and_then(|_| Some((place("address")?, place("hwaddr")?)));
    let windows = place("AddressState")
        .or(place("ScopeId"))
        .and_then(|_| Some((place("IPAddress")?, place("ClientId")?)));
    let (address, mac) = kea.or(windows)?;
    Some(Columns { address, mac, name: place("hostname"), state: place("state").or(place("AddressState")) })
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::DhcpLeases);
    let mut rows = csv::rows(text, csv::separator(text)).into_iter();
    let Some(columns) = rows.next().and_then(|row| columns(&row.fields)) else { return document };
    let mut last: BTreeMap<String, Option<Entry>> = BTreeMap::new();
    for row in rows {
        let Some(ip) = read_ip(row.field(columns.address)) else {
            document.problem(row.line, "address", "this is not an address of a device");
            continue;
        };
        let state = columns.state.map_or("", |column| row.field(column));
        let active =
            state.is_empty() || state == "0" || state.starts_with("Active") || state.contains("Reservation");
        let Some(mac) = read_mac(row.field(columns.mac)) else {
            if active && !row.field(columns.mac).is_empty() {
                document.problem(
                    row.line,
                    "hardware address",
                    "this is not a MAC address; the lease was left out",
                );
            }
            continue;
        };
        let mut entry = Entry { line: row.line, label: ip.to_string(), ..Entry::default() };
        entry.say(Attribute::Ip, &ip.to_string(), LEASE_CONFIDENCE, "dhcp-leases.address");
        entry.say(Attribute::Mac, &mac, LEASE_CONFIDENCE, "dhcp-leases.hardware");
        if let Some(column) = columns.name {
            let name = row.field(column).trim_end_matches('.');
            entry.say(Attribute::Hostname, name, NAME_CONFIDENCE, "dhcp-leases.host-name");
        }
        last.insert(ip.to_string(), active.then_some(entry));
    }
    for entry in last.into_values().flatten() {
        if !document.take(entry) {
            break;
        }
    }
    document
}
