//! RADIUS (RFC 2865, RFC 2866, RFC 5176): who lets users in, and how well the question is protected.
//!
//! In: datagrams. Out: the name of the access device, logins by bare password or by outdated methods, messages
//! without the attribute that keeps them from being forged (RFC 2869 section 5.14, RFC 3579 section 3.2). Never
//! read: names of users, addresses of their stations, passwords. Limit: [`ATTRIBUTES_MAX`].

use crate::eapol::weak_method;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "radius",
    carriers: &[Carrier::Datagram],
    ports: &PORTS,
    probe,
    start: |_| Box::new(Radius::default()),
};

/// Ports of servers, today's and those before 2000, and of changes to a session.
const PORTS: [u16; 5] = [1812, 1813, 1645, 1646, 3799];
/// Attributes read of a message: 4096 bytes hold no more than 2038.
const ATTRIBUTES_MAX: usize = 2_048;
/// Bytes of the head: code, identifier, length, authenticator.
const HEAD: usize = 20;
/// Longest message (section 3).
const MESSAGE_MAX: usize = 4_096;

const ACCESS_REQUEST: u8 = 1;
const ACCESS_ACCEPT: u8 = 2;
const ACCESS_REJECT: u8 = 3;
const ACCOUNTING_REQUEST: u8 = 4;
const ACCESS_CHALLENGE: u8 = 11;
const STATUS_SERVER: u8 = 12;
/// Changes: asked for by the server (40, 43), answered by the access device.
const CHANGES: std::ops::RangeInclusive<u8> = 40..=45;

const USER_PASSWORD: u8 = 2;
const CHAP_PASSWORD: u8 = 3;
const NAS_IDENTIFIER: u8 = 32;
const EAP_MESSAGE: u8 = 79;
const MESSAGE_AUTHENTICATOR: u8 = 80;

/// The attributes of a message whose lengths add up; `None` when the bytes are none.
fn attributes(bytes: &[u8]) -> Option<(u8, Reader<'_>)> {
    let (&[code, _, high, low], _) = bytes.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let known = matches!(code, 1..=5 | 11..=13) || CHANGES.contains(&code);
    if !known || !(HEAD..=MESSAGE_MAX).contains(&length) || length != bytes.len() {
        return None;
    }
    let attributes = Reader::new(bytes.get(HEAD..)?);
    let mut reader = attributes;
    while !reader.is_empty() {
        next(&mut reader)?;
    }
    Some((code, attributes))
}

/// The next attribute: its type and its value.
fn next<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let [kind, length] = reader.array("attribute").ok()?;
    let value = reader.take(usize::from(length.checked_sub(2)?), "attribute value").ok()?;
    (kind != 0).then_some((kind, value))
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some((_, attributes)) = attributes(probe.bytes) else { return Verdict::No };
    // A message without attributes is little to go by.
    let usual = PORTS.iter().any(|port| probe.port(*port));
    if usual || attributes.len() > 6 { Verdict::Yes } else { Verdict::No }
}

#[derive(Default)]
struct Radius {
    said: Once,
}

/// What the attributes of a message tell.
#[derive(Default)]
struct Told<'a> {
    name: Option<&'a str>,
    password: bool,
    chap: bool,
    eap: Option<&'a [u8]>,
    authenticated: bool,
}

impl Dissector for Radius {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match attributes(bytes) {
            Some((code, attributes)) => self.message(side, code, attributes, notes),
            None => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Radius {
    fn message(&mut self, side: Side, code: u8, attributes: Reader<'_>, notes: &mut Notes) {
        let asks = matches!(code, ACCESS_REQUEST | ACCOUNTING_REQUEST | STATUS_SERVER | 40 | 43);
        notes.requester.get_or_insert(if asks { side } else { side.peer() });
        let told = read(attributes);
        let weakness =
            |is: bool, name, rule| is.then(|| Fact::new(Attribute::Weakness, name, 90, rule)).flatten();
        let login = matches!(code, ACCESS_REQUEST | ACCESS_ACCEPT | ACCESS_REJECT | ACCESS_CHALLENGE);
        let open = login && !told.authenticated;
        let method = told.eap.filter(|_| login).and_then(eap_weakness);
        // The access device names itself in what it asks, and in nothing that it answers.
        let name = told.name.filter(|_| matches!(code, ACCESS_REQUEST | ACCOUNTING_REQUEST));
        let facts = [
            name.and_then(|name| Fact::new(Attribute::Hostname, name, 60, "radius.nas-identifier")),
            weakness(code == ACCESS_REQUEST && told.password, "radius-pap", "radius.user-password"),
            weakness(code == ACCESS_REQUEST && told.chap, "radius-chap", "radius.chap-password"),
            weakness(open, "radius-without-message-authenticator", "radius.message-authenticator"),
            method.and_then(|name| Fact::new(Attribute::Weakness, name, 90, "radius.eap-method")),
        ];
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

fn read(mut attributes: Reader<'_>) -> Told<'_> {
    let mut told = Told::default();
    for _ in 0..ATTRIBUTES_MAX {
        let Some((kind, value)) = next(&mut attributes) else { break };
        match kind {
            USER_PASSWORD => told.password = true,
            CHAP_PASSWORD => told.chap = true,
            NAS_IDENTIFIER => told.name = text::ascii(value).filter(|name| is_name(name)),
            EAP_MESSAGE => _ = told.eap.get_or_insert(value),
            MESSAGE_AUTHENTICATOR => told.authenticated = value.len() == 16,
            _ => {}
        }
    }
    told
}

/// Whether an identifier is a name, and not a MAC address with or without its network's.
fn is_name(name: &str) -> bool {
    let hex = name.chars().filter(char::is_ascii_hexdigit).count();
    let separators = name.chars().filter(|c| matches!(c, '-' | '.' | '_')).count();
    let own = text::is_host_name(name) && !name.eq_ignore_ascii_case("localhost");
    own && !(hex >= 12 && hex.saturating_add(separators) == name.len())
}

/// The weakness of the method that an EAP message uses: a request or an answer, its length, its type.
fn eap_weakness(message: &[u8]) -> Option<&'static str> {
    match message {
        [1 | 2, _, _, _, method, ..] => weak_method(*method),
        _ => None,
    }
}
