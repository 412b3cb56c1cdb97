//! Tables of the network: ARP tables (which address has which card), MAC tables of switches (which card at which port),
//! as commands print them and as SNMP walks give them.
//!
//! In: text of `show ip arp`, `show mac address-table`, `arp -a`, `ip neigh` and their like, line by line: words apart by
//! spaces, an address, a card, a port among them; or the numeric or named output of `snmpwalk` over ipNetToMedia,
//! ipNetToPhysical (RFC 4293), dot1dTpFdb and dot1qTpFdb (RFC 4188, 4363), with sysName, ifName and
//! dot1dBasePortIfIndex where they are there. Out: one entry per card. A port at which many cards were learned leads to
//! another switch: it is no place of any of them.

use crate::mac::{read_ip, read_mac};
use crate::{Document, Entry, Kind};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{Attribute, Confidence};

/// The network element learned it from frames.
const LEARNED_CONFIDENCE: Confidence = 85;
/// Cards at one port from which on it leads to another switch.
const CARDS_AT_PORT_MAX: usize = 8;
/// Lines looked at to tell what sort of table it is.
const LINES_LOOKED_AT: usize = 60;

/// What one line of a table says.
struct Line {
    ip: Option<IpAddr>,
    mac: Option<String>,
    port: Option<String>,
}

/// The kind of a text, when it is such a table.
pub(crate) fn kind(head: &str) -> Option<Kind> {
    if is_walk(head) {
        let bridges =
            head.contains(".17.4.3.1.2.") || head.contains(".17.7.1.2.2.1.2.") || head.contains("TpFdbPort");
        let media = head.contains(".4.22.1.2.") || head.contains(".4.35.1.4.") || head.contains("ipNetTo");
        return if media { Some(Kind::ArpTable) } else { bridges.then_some(Kind::MacTable) };
    }
    let lines: Vec<&str> =
        head.lines().filter(|line| !line.trim().is_empty()).take(LINES_LOOKED_AT).collect();
    if lines.first().is_some_and(|line| line.contains([',', ';', '\t', '{', '<'])) {
        return None;
    }
    let read: Vec<Line> = lines.iter().map(|line| read_line(line)).collect();
    let with_ip = read.iter().filter(|line| line.ip.is_some() && line.mac.is_some()).count();
    let with_port =
        read.iter().filter(|line| line.ip.is_none() && line.mac.is_some() && line.port.is_some()).count();
    match (with_ip.saturating_mul(3) >= lines.len(), with_port.saturating_mul(3) >= lines.len()) {
        (true, _) if with_ip > 0 => Some(Kind::ArpTable),
        (_, true) if with_port > 0 => Some(Kind::MacTable),
        _ => None,
    }
}

fn is_walk(head: &str) -> bool {
    ["1.3.6.1.2.1.", "iso.3.6.1.2.1.", "IP-MIB::ipNetTo", "BRIDGE-MIB::"]
        .iter()
        .any(|sign| head.contains(sign))
        && head.contains(" = ")
}

/// Reads it.
pub(crate) fn read(text: &str, kind: Kind) -> Document {
    if is_walk(&text.chars().take(4096).collect::<String>()) { walk(text, kind) } else { printed(text, kind) }
}

fn printed(text: &str, kind: Kind) -> Document {
    let mut document = Document::new(kind);
    let mut found: Vec<(u64, Line)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let read = read_line(line);
        if read.mac.is_some() {
            found.push((number, read));
        } else if read.ip.is_some()
            && !line.to_lowercase().contains("incomplete")
            && !line.contains("Interface")
        {
            document.problem(
                number,
                "",
                "an address without a card: twelve hexadecimal digits are expected beside it",
            );
        }
    }
    take(&mut document, found, None);
    document
}

/// Enters what was found, by card; a port that many share is left out.
fn take(document: &mut Document, found: Vec<(u64, Line)>, element: Option<&str>) {
    let mut crowd: BTreeMap<String, usize> = BTreeMap::new();
    for port in found.iter().filter_map(|(_, line)| line.port.clone()) {
        let count = crowd.entry(port).or_default();
        *count = count.saturating_add(1);
    }
    let is_mac_table = document.kind == Kind::MacTable;
    let mut by_card: BTreeMap<String, Entry> = BTreeMap::new();
    for (number, line) in found {
        let Some(mac) = line.mac else { continue };
        let entry = by_card.entry(mac.clone()).or_insert_with(|| {
            let mut entry = Entry { line: number, label: mac.clone(), ..Entry::default() };
            entry.say(Attribute::Mac, &mac, LEARNED_CONFIDENCE, "table.mac");
            entry
        });
        if let Some(ip) = line.ip {
            entry.say(Attribute::Ip, &ip.to_string(), LEARNED_CONFIDENCE, "table.arp");
        }
        let alone = |port: &String| crowd.get(port).is_some_and(|count| *count <= CARDS_AT_PORT_MAX);
        if let Some(port) = line.port.filter(|port| is_mac_table && alone(port)) {
            let place = match element {
                Some(element) => format!("switch {element} port {port}"),
                None => format!("switch port {port}"),
            };
            entry.say(Attribute::Location, &place, LEARNED_CONFIDENCE, "table.port");
        }
    }
    let mut entries: Vec<Entry> = by_card.into_values().collect();
    entries.sort_by_key(|entry| entry.line);
    for entry in entries {
        if !document.take(entry) {
            break;
        }
    }
}

/// The words of a line that mean something.
fn read_line(line: &str) -> Line {
    let mut read = Line { ip: None, mac: None, port: None };
    for word in line.split_whitespace() {
        let word = word.trim_matches(['(', ')', '[', ']', '*', ',']);
        if read.ip.is_none() && word.contains(['.', ':']) && word.len() >= 2 {
            read.ip = read_ip(word);
        }
        if read.mac.is_none() && word.len() >= 12 {
            read.mac = read_mac(word).filter(|mac| mac != "00:00:00:00:00:00" && mac != "ff:ff:ff:ff:ff:ff");
        }
        if is_port(word) {
            read.port = Some(word.to_owned());
        }
    }
    read
}

/// Whether a word names a port of a switch: letters and then numbers with slashes, `Gi1/0/3`, `ge-0/0/1.0`, `Eth1/12`.
fn is_port(word: &str) -> bool {
    const STARTS: &[&str] = &[
        "fa", "gi", "te", "tw", "fi", "fo", "hu", "eth", "ge-", "xe-", "et-", "po", "lag", "port", "ten",
        "1/", "2/", "3/",
    ];
    let lower = word.to_ascii_lowercase();
    let known = STARTS.iter().any(|start| lower.starts_with(start));
    let plain = lower.starts_with("eth") || lower.starts_with("po") || lower.contains('/');
    known && plain && lower.ends_with(|c: char| c.is_ascii_digit())
}

/// What a walk gives, before it is put together.
#[derive(Default)]
struct Walk {
    element: Option<String>,
    bound: Vec<(u64, IpAddr, String)>,
    learned: Vec<(u64, String, String)>,
    interfaces: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

fn walk(text: &str, kind: Kind) -> Document {
    let mut document = Document::new(kind);
    let mut walk = Walk::default();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        if walk.take(number, name.trim(), value.trim()).is_none() {
            let why = "this row of the table cannot be read; walk again with `snmpwalk -On`";
            document.problem(number, "", why);
        }
    }
    let mut found: Vec<(u64, Line)> = walk
        .bound
        .iter()
        .map(|(n, ip, mac)| (*n, Line { ip: Some(*ip), mac: Some(mac.clone()), port: None }))
        .collect();
    for (number, mac, port) in &walk.learned {
        let interface = walk.interfaces.get(port).unwrap_or(port);
        let port = walk.names.get(interface).unwrap_or(port).clone();
        found.push((*number, Line { ip: None, mac: Some(mac.clone()), port: Some(port) }));
    }
    let element = walk.element.clone();
    take(&mut document, found, element.as_deref());
    document
}

impl Walk {
    /// Takes a row; `None` when it is of one of the tables and cannot be read.
    fn take(&mut self, number: u64, name: &str, value: &str) -> Option<()> {
        let index = |columns: &[&str]| {
            columns.iter().find_map(|column| {
                let at = name.find(column)?;
                name.get(at.checked_add(column.len())?..).map(|rest| rest.trim_start_matches('.'))
            })
        };
        let plain = value.split_once(": ").map_or(value, |(_, text)| text).trim().trim_matches('"');
        if let Some(index) = index(&[".4.22.1.2.", "ipNetToMediaPhysAddress."]) {
            let (_, ip) = index.split_once('.')?;
            self.bound.push((number, read_ip(ip)?, walked_mac(plain)?));
        } else if let Some(index) = index(&[".4.35.1.4.", "ipNetToPhysicalPhysAddress."]) {
            let numbers: Vec<&str> = index.split('.').collect();
            // Interface, kind of address, its length, the address.
            if let [_, "1", "4", ip @ ..] = &numbers[..] {
                self.bound.push((number, read_ip(&ip.join("."))?, walked_mac(plain)?));
            }
        } else if let Some(index) = index(&[".17.4.3.1.2.", "dot1dTpFdbPort."]) {
            self.learned.push((number, dotted_mac(index)?, plain.to_owned()));
        } else if let Some(index) = index(&[".17.7.1.2.2.1.2.", "dot1qTpFdbPort."]) {
            let (_, card) = index.split_once('.')?;
            self.learned.push((number, dotted_mac(card)?, plain.to_owned()));
        } else if let Some(index) = index(&[".17.1.4.1.2.", "dot1dBasePortIfIndex."]) {
            self.interfaces.insert(index.to_owned(), plain.to_owned());
        } else if let Some(index) = index(&[".31.1.1.1.1.", "ifName."]) {
            self.names.insert(index.to_owned(), plain.to_owned());
        } else if name.ends_with(".1.5.0") || name.ends_with("sysName.0") {
            self.element = Some(plain.to_owned());
        }
        Some(())
    }
}

/// `00 09 FB 62 B9 1C` or `0:9:fb:62:b9:1c`.
fn walked_mac(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split([' ', ':']).filter(|part| !part.is_empty()).collect();
    let bytes: Vec<u8> = parts.iter().map(|part| u8::from_str_radix(part, 16).ok()).collect::<Option<_>>()?;
    written(&bytes)
}

/// `0.9.251.98.185.28`.
fn dotted_mac(text: &str) -> Option<String> {
    let bytes: Vec<u8> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    written(&bytes)
}

fn written(bytes: &[u8]) -> Option<String> {
    (bytes.len() == 6).then(|| bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":"))
}
