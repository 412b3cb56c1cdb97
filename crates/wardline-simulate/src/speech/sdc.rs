//! IEEE 11073 SDC without TLS: WS-Discovery 1.1 over UDP (IEEE 11073-20702, OASIS WS-Discovery), and the device's
//! metadata over plain HTTP (WS-Transfer Get, DPWS 1.1).

use std::net::Ipv4Addr;

const ENVELOPE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><s12:Envelope xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:wsd=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\"";
const DISCOVERY: &str = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
const METADATA: &str = "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01";

/// A device as it announces itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device<'a> {
    /// `urn:uuid:…`, the same for ever.
    pub(crate) id: &'a str,
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: u16,
    pub(crate) facility: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) bed: &'a str,
    pub(crate) maker: &'a str,
    pub(crate) model: &'a str,
    pub(crate) serial: &'a str,
    pub(crate) firmware: &'a str,
}

/// A random UUID (RFC 4122 section 4.4) of 16 bytes.
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    let mut out = String::from("urn:uuid:");
    for (place, mut byte) in bytes.into_iter().enumerate() {
        if place == 6 {
            byte = byte & 0x0f | 0x40;
        } else if place == 8 {
            byte = byte & 0x3f | 0x80;
        }
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

fn envelope(action: &str, to: &str, message: &str, body: &str) -> Vec<u8> {
    format!(
        "{ENVELOPE}><s12:Header><wsa:Action>{action}</wsa:Action><wsa:MessageID>{message}</wsa:MessageID><wsa:To>{to}</wsa:To></s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>"
    )
    .into_bytes()
}

fn described(device: &Device<'_>) -> String {
    let Device { id, ip, port, facility, unit, bed, .. } = device;
    let path = id.trim_start_matches("urn:uuid:");
    format!(
        "<wsa:EndpointReference><wsa:Address>{id}</wsa:Address></wsa:EndpointReference><wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types><wsd:Scopes>sdc.ctxt.loc:/sdc.ctxt.loc.detail/{facility}%2F%2F{unit}%2F%2F%2F{bed}?fac={facility}&amp;poc={unit}&amp;bed={bed} sdc.mds.pkp:1.2.840.10004.20701.1.1</wsd:Scopes><wsd:XAddrs>http://{ip}:{port}/{path}</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion>"
    )
}

/// A device says that it is there.
pub(crate) fn hello(device: &Device<'_>, message: &str) -> Vec<u8> {
    let body = format!("<wsd:Hello>{}</wsd:Hello>", described(device));
    envelope(
        &format!("{DISCOVERY}/Hello"),
        "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01",
        message,
        &body,
    )
}

/// Somebody looks for medical devices.
pub(crate) fn probe(message: &str) -> Vec<u8> {
    let body = "<wsd:Probe><wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types></wsd:Probe>";
    envelope(
        &format!("{DISCOVERY}/Probe"),
        "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01",
        message,
        body,
    )
}

/// A device answers the search.
pub(crate) fn matches(device: &Device<'_>, message: &str, question: &str) -> Vec<u8> {
    let body = format!(
        "<wsd:ProbeMatches><wsd:ProbeMatch>{}</wsd:ProbeMatch></wsd:ProbeMatches>",
        described(device)
    );
    let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
    let text = envelope(&format!("{DISCOVERY}/ProbeMatches"), anonymous, message, &body);
    let related = format!("<wsa:RelatesTo>{question}</wsa:RelatesTo></s12:Header>");
    String::from_utf8_lossy(&text).replacen("</s12:Header>", &related, 1).into_bytes()
}

/// Asks a device for its metadata.
pub(crate) fn get(device: &Device<'_>, message: &str) -> Vec<u8> {
    envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", device.id, message, "")
}

/// The device's metadata: model and unit.
pub(crate) fn metadata(device: &Device<'_>, message: &str) -> Vec<u8> {
    let Device { maker, model, serial, firmware, .. } = device;
    let section = |dialect: &str, inner: &str| {
        format!("<wsx:MetadataSection Dialect=\"{METADATA}/{dialect}\">{inner}</wsx:MetadataSection>")
    };
    let body = format!(
        "<wsx:Metadata xmlns:wsx=\"http://schemas.xmlsoap.org/ws/2004/09/mex\">{}{}</wsx:Metadata>",
        section(
            "ThisModel",
            &format!(
                "<dpws:ThisModel><dpws:Manufacturer xml:lang=\"en\">{maker}</dpws:Manufacturer><dpws:ModelName xml:lang=\"en\">{model}</dpws:ModelName></dpws:ThisModel>"
            )
        ),
        section(
            "ThisDevice",
            &format!(
                "<dpws:ThisDevice><dpws:FriendlyName xml:lang=\"en\">{model}</dpws:FriendlyName><dpws:FirmwareVersion>{firmware}</dpws:FirmwareVersion><dpws:SerialNumber>{serial}</dpws:SerialNumber></dpws:ThisDevice>"
            )
        ),
    );
    let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
    envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse", anonymous, message, &body)
}
