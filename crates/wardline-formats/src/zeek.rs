//! Zeek's logs: TSV with `#fields`, or JSON lines.
//!
//! In: dhcp, software, ssh, http, ntlm, rdp, snmp, x509-bearing and other logs; which one it is is told by its fields, not by
//! its name. Out: what they say of hosts: names, cards of leases, programs with versions, banners to be read by the
//! fingerprints. Users, paths and addresses of pages are not read. Zeek's word is another engine's reading of the same
//! wire, less sure than our own.

use crate::heard::Heard;
use crate::json;
use crate::mac::{read_ip, read_mac};
use crate::{Document, Kind};
use std::net::IpAddr;
use wardline_model::{Attribute, Confidence};

/// Another engine's reading.
const HEARD_CONFIDENCE: Confidence = 75;
/// What Zeek takes for a program out of a free text.
const SOFTWARE_CONFIDENCE: Confidence = 65;

/// Whether a text is such a log.
pub(crate) fn is_zeek(head: &str) -> bool {
    head.starts_with("#separator")
        || head.starts_with("#fields\t")
        || head.lines().next().is_some_and(is_json_record)
}

fn is_json_record(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('{')
        && !line.contains("\"event_type\"")
        && ["\"id.orig_h\"", "\"software_type\"", "\"assigned_addr\"", "\"client_addr\"", "\"_path\""]
            .iter()
            .any(|sign| line.contains(sign))
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::Zeek);
    let mut heard = Heard::default();
    let mut fields: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(names) = line.strip_prefix("#fields\t") {
            fields = names.split('\t').map(str::to_owned).collect();
        } else if line.starts_with('#') || line.trim().is_empty() {
        } else if line.starts_with('{') {
            match json::parse(line.as_bytes()) {
                Ok(record) => {
                    let word = |name: &str| record.root.of(name).scalar().map(str::to_owned);
                    take(number, &word, &mut heard);
                }
                Err(fault) => document.problem(number, "", format!("this is no JSON record: {}", fault.why)),
            }
        } else if fields.is_empty() {
            document.problem(number, "", "a row before `#fields`: the head of the log is missing");
        } else {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != fields.len() {
                let why = format!(
                    "{} columns where #fields names {}; the log was cut here",
                    cells.len(),
                    fields.len()
                );
                document.problem(number, "", why);
                continue;
            }
            let word = |name: &str| {
                let at = fields.iter().position(|field| field == name)?;
                cells.get(at).filter(|cell| !matches!(**cell, "-" | "(empty)" | "")).map(|cell| plain(cell))
            };
            take(number, &word, &mut heard);
        }
    }
    heard.enter(&mut document);
    document
}

/// A cell with Zeek's `\xHH` turned back where it is ASCII.
fn plain(cell: &str) -> String {
    let mut parts = cell.split("\\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(u8::is_ascii) {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(part.get(2..).unwrap_or_default());
            }
            None => text.push_str(part),
        }
    }
    text
}

/// Fields of the host that asks, and of the one that is asked, that say something of it.
const ASKS: &[(&str, Attribute, &str)] = &[
    ("user_agent", Attribute::HttpUserAgent, "zeek.http"),
    ("client", Attribute::SshBanner, "zeek.ssh"),
    ("client_name", Attribute::Hostname, "zeek.rdp"),
    ("hasshVersion", Attribute::Hassh, "zeek.ssh"),
    ("ja3", Attribute::Ja3, "zeek.ssl"),
];
const IS_ASKED: &[(&str, Attribute, &str)] = &[
    ("server", Attribute::SshBanner, "zeek.ssh"),
    ("server_nb_computer_name", Attribute::Hostname, "zeek.ntlm"),
    ("server_dns_computer_name", Attribute::Hostname, "zeek.ntlm"),
];

fn take(line: u64, word: &dyn Fn(&str) -> Option<String>, heard: &mut Heard) {
    let host = |name: &str| word(name).and_then(|text| read_ip(&text));
    // software.log
    if let (Some(ip), Some(name)) = (host("host"), word("name").filter(|_| word("software_type").is_some())) {
        let version = version(word);
        let said = (Attribute::Software, name.as_str(), version.as_deref());
        heard.add(line, ip, said, SOFTWARE_CONFIDENCE, "zeek.software");
        return;
    }
    // dhcp.log, in its two forms
    let leased = host("assigned_addr").or(host("assigned_ip")).or(host("client_addr"));
    if let Some(ip) = leased {
        lease(line, ip, word, heard);
        return;
    }
    let (asks, asked) = (host("id.orig_h"), host("id.resp_h"));
    for (side, said) in [(asks, ASKS), (asked, IS_ASKED)] {
        for (field, attribute, rule) in said {
            // `client` is a name in other logs.
            let value = word(field).and_then(|text| match attribute {
                Attribute::SshBanner => text.strip_prefix("SSH-2.0-").map(str::to_owned),
                _ => Some(text),
            });
            if let (Some(ip), Some(value)) = (side, value) {
                heard.add(line, ip, (*attribute, &value, None), HEARD_CONFIDENCE, rule);
            }
        }
    }
}

fn lease(line: u64, ip: IpAddr, word: &dyn Fn(&str) -> Option<String>, heard: &mut Heard) {
    if let Some(mac) = word("mac").and_then(|text| read_mac(&text)) {
        heard.add(line, ip, (Attribute::Mac, &mac, None), HEARD_CONFIDENCE, "zeek.dhcp");
    }
    if let Some(name) = word("host_name") {
        heard.add(line, ip, (Attribute::Hostname, &name, None), HEARD_CONFIDENCE, "zeek.dhcp");
    }
}

/// The numbers of a version that software.log has in columns.
fn version(word: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let parts = ["version.major", "version.minor", "version.minor2", "version.minor3"];
    let mut version: Vec<String> = parts.iter().map_while(|part| word(part)).collect();
    if let (Some(addition), Some(last)) = (word("version.addl"), version.last_mut()) {
        last.push_str(&addition);
    }
    (!version.is_empty()).then(|| version.join("."))
}
