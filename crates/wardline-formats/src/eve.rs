//! Suricata's EVE: JSON lines, `event_type` in each.
//!
//! In: dhcp, ssh, http, tls, smb, rdp, snmp, mqtt and ftp records. Out: what they say of hosts. Alerts are not read here: they
//! are another engine's opinion, not a fact of a device. Users, paths and addresses of pages are not read.

use crate::heard::Heard;
use crate::json::{self, Node};
use crate::mac::{read_ip, read_mac};
use crate::{Document, Kind};
use wardline_model::{Attribute, Confidence};

/// Another engine's reading.
const HEARD_CONFIDENCE: Confidence = 75;

/// What a record says: the kind, where the word stands, whether of the source of the flow, what it is.
const SAID: &[(&str, &str, bool, Attribute, &str)] = &[
    ("http", "/http/http_user_agent", true, Attribute::HttpUserAgent, "eve.http"),
    ("ssh", "/ssh/client/software_version", true, Attribute::SshBanner, "eve.ssh"),
    ("ssh", "/ssh/server/software_version", false, Attribute::SshBanner, "eve.ssh"),
    ("ssh", "/ssh/client/hassh/hash", true, Attribute::Hassh, "eve.ssh"),
    ("ssh", "/ssh/server/hassh/hash", false, Attribute::HasshServer, "eve.ssh"),
    ("tls", "/tls/ja3/hash", true, Attribute::Ja3, "eve.tls"),
    ("tls", "/tls/subject", false, Attribute::CertificateSubject, "eve.tls"),
    ("tls", "/tls/issuerdn", false, Attribute::CertificateIssuer, "eve.tls"),
    ("smb", "/smb/ntlmssp/host", true, Attribute::Hostname, "eve.smb"),
    ("smb", "/smb/request/native_os", true, Attribute::SmbNativeOs, "eve.smb"),
    ("smb", "/smb/response/native_os", false, Attribute::SmbNativeOs, "eve.smb"),
    ("rdp", "/rdp/client/client_name", true, Attribute::Hostname, "eve.rdp"),
    ("mqtt", "/mqtt/connect/client_id", true, Attribute::MqttClient, "eve.mqtt"),
    ("sip", "/sip/user_agent", true, Attribute::SipAgent, "eve.sip"),
];

/// Whether a text is such a log.
pub(crate) fn is_eve(head: &str) -> bool {
    head.lines()
        .next()
        .is_some_and(|line| line.trim_start().starts_with('{') && line.contains("\"event_type\""))
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::Eve);
    let mut heard = Heard::default();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match json::parse(line.as_bytes()) {
            Ok(record) => take(number, &record.root, &mut heard),
            Err(fault) => document.problem(number, "", format!("this is no JSON record: {}", fault.why)),
        }
    }
    heard.enter(&mut document);
    document
}

fn take(line: u64, record: &Node<'_>, heard: &mut Heard) {
    let word = |place: &str| {
        let names = place.split('/').filter(|name| !name.is_empty());
        names.fold(record, |node, name| node.of(name)).text().filter(|text| !text.is_empty())
    };
    let Some(kind) = word("/event_type") else { return };
    if kind == "dhcp" {
        let leased =
            word("/dhcp/assigned_ip").and_then(read_ip).or(word("/dhcp/client_ip").and_then(read_ip));
        let Some(ip) = leased else { return };
        if let Some(mac) = word("/dhcp/client_mac").and_then(read_mac) {
            heard.add(line, ip, (Attribute::Mac, &mac, None), HEARD_CONFIDENCE, "eve.dhcp");
        }
        if let Some(name) = word("/dhcp/hostname") {
            heard.add(line, ip, (Attribute::Hostname, name, None), HEARD_CONFIDENCE, "eve.dhcp");
        }
        return;
    }
    let [source, destination] = ["/src_ip", "/dest_ip"].map(|place| word(place).and_then(read_ip));
    for (of, place, of_source, attribute, rule) in SAID {
        let host = if *of_source { source } else { destination };
        if let (Some(ip), Some(value)) = (host.filter(|_| kind == *of), word(place)) {
            heard.add(line, ip, (*attribute, value, None), HEARD_CONFIDENCE, rule);
        }
    }
}
