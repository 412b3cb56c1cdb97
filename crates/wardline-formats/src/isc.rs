//! Leases of the ISC DHCP server (`dhcpd.leases`): `lease 10.0.0.5 { hardware ethernet …; client-hostname "…"; }`.
//!
//! The file is a journal: of several declarations of one address the last counts. Released, free and abandoned
//! leases are left out.

use crate::mac::{read_ip, read_mac};
use crate::{Document, Entry, Kind};
use std::collections::BTreeMap;
use wardline_model::{Attribute, Confidence};

/// The server gave this address to that card.
const LEASE_CONFIDENCE: Confidence = 80;
/// The client called itself so.
const NAME_CONFIDENCE: Confidence = 75;

/// Whether a text is such a journal.
pub(crate) fn is_isc(head: &str) -> bool {
    head.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], ["lease", address, "{"] if read_ip(address).is_some())
    })
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::DhcpLeases);
    let mut last: BTreeMap<String, (Entry, bool)> = BTreeMap::new();
    let mut open: Option<(String, Entry, bool)> = None;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let line = line.trim().trim_end_matches(';');
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["lease", address, "{"] => match read_ip(address) {
                Some(ip) => {
                    let mut entry = Entry { line: number, label: ip.to_string(), ..Entry::default() };
                    entry.say(Attribute::Ip, &ip.to_string(), LEASE_CONFIDENCE, "dhcp-leases.address");
                    open = Some((ip.to_string(), entry, true));
                }
                None => document.problem(number, "lease", "this is not an address of a device"),
            },
            ["}"] => {
                if let Some((address, entry, active)) = open.take() {
                    last.insert(address, (entry, active));
                }
            }
            _ => {
                if let Some((_, entry, active)) = &mut open {
                    declare(line, &words, entry, active, number, &mut document);
                }
            }
        }
    }
    if open.is_some() {
        document.problem(
            text.lines().count().try_into().unwrap_or(u64::MAX),
            "lease",
            "the file ends inside a lease; it was left out",
        );
    }
    for (entry, active) in last.into_values() {
        if active && entry.values(Attribute::Mac).next().is_some() && !document.take(entry) {
            break;
        }
    }
    document
}

fn declare(
    line: &str,
    words: &[&str],
    entry: &mut Entry,
    active: &mut bool,
    number: u64,
    document: &mut Document,
) {
    let quoted = || line.split('"').nth(1).unwrap_or_default();
    match words {
        ["binding", "state", state] => *active = *state == "active",
        ["hardware", "ethernet", mac] => match read_mac(mac) {
            Some(mac) => entry.say(Attribute::Mac, &mac, LEASE_CONFIDENCE, "dhcp-leases.hardware"),
            None => document.problem(number, "hardware ethernet", "this is not a MAC address"),
        },
        ["client-hostname", ..] => {
            entry.say(Attribute::Hostname, quoted(), NAME_CONFIDENCE, "dhcp-leases.host-name");
        }
        ["set", "vendor-class-identifier", ..] => {
            entry.say(Attribute::DhcpVendorClass, quoted(), NAME_CONFIDENCE, "dhcp-leases.vendor-class");
        }
        _ => {}
    }
}
