//! DHCP for IPv4 (RFC 2131, RFC 2132; long options RFC 3396; relay information RFC 3046; names RFC 4702).
//!
//! In: datagrams. Out: what a client says of itself (name, vendor class, order of parameters), under its MAC;
//! which address is leased to which MAC; at which switch port a relay saw the client. BOOTP (RFC 951), with
//! other vendors' areas or none, is recognised at its ports. Limit: [`OPTION_BYTES_MAX`] for one option put
//! together.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, dns, text};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use wardline_model::{Attribute, DetailKey, Fact, Mac};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    carriers: &[Carrier::Datagram],
    ports: &[67, 68],
    probe,
    start: |_| Box::new(Dhcp::default()),
};

/// The cookie before the options.
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// Where the cookie stands.
const COOKIE_AT: usize = 236;
/// Bytes of a message of BOOTP, its vendor's area filled or not (RFC 951 section 3).
const BOOTP: usize = 300;
/// Bytes of one option whose parts are put together; names and lists stay below 255.
const OPTION_BYTES_MAX: usize = 1024;
/// Bytes of a host name (RFC 1035 section 2.3.4); longer text is something else.
const HOST_NAME_BYTES_MAX: usize = 253;
/// Codes of the options read.
const HOST_NAME: u8 = 12;
const SUBNET_MASK: u8 = 1;
const ROUTERS: u8 = 3;
const NAME_SERVERS: u8 = 6;
/// Addresses of one option told.
const ADDRESSES_MAX: usize = 4;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const PARAMETERS: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const FULL_NAME: u8 = 81;
const RELAY: u8 = 82;

#[derive(Default)]
struct Dhcp {
    said: Once,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let cookie = probe.bytes.get(COOKIE_AT..).is_some_and(|rest| rest.starts_with(&COOKIE));
    match probe.bytes {
        [1 | 2, _, length, ..] if cookie && *length <= 16 => Verdict::Yes,
        [1 | 2, 1 | 6, 6, 0..=16, ..] if probe.bytes.len() >= BOOTP && at_ports(probe) => {
            let padded = probe.bytes.get(34..44).is_some_and(|padding| padding == [0; 10]);
            if padded { Verdict::Yes } else { Verdict::No }
        }
        _ => Verdict::No,
    }
}

/// Whether both ends use the ports of the protocol, a server's behind a relay its own twice.
fn at_ports(probe: &Probe<'_>) -> bool {
    probe.ports.iter().all(|port| PROTOCOL.ports.contains(port))
}

/// A message; borrowed fields are options put together.
struct Message {
    request: bool,
    mac: Option<Mac>,
    client: Ipv4Addr,
    yours: Ipv4Addr,
    relayed: bool,
    options: BTreeMap<u8, Vec<u8>>,
    /// Some option ran past its field.
    cut: bool,
}

impl Message {
    fn text(&self, code: u8) -> Option<&str> {
        self.options.get(&code).and_then(|bytes| text::utf8(bytes))
    }

    fn kind(&self) -> Option<u8> {
        self.options.get(&MESSAGE_TYPE).and_then(|bytes| bytes.first().copied())
    }

    /// The host name, unless it is longer than one can be.
    fn host_name(&self) -> Option<&str> {
        self.text(HOST_NAME).filter(|name| name.len() <= HOST_NAME_BYTES_MAX)
    }

    /// The name in option 81, in either of its encodings (RFC 4702 section 2).
    fn full_name(&self) -> Option<String> {
        let (&[flags, _, _], name) = self.options.get(&FULL_NAME)?.split_first_chunk::<3>()?;
        if flags & 0x04 == 0 {
            return text::ascii(name).map(|name| name.trim_end_matches('.').to_owned());
        }
        // A partial name has no root label at its end: one more zero ends it, and after a whole one is not read.
        let mut wire = name.to_vec();
        wire.push(0);
        dns::message::name(&wire, 0).ok().filter(|(name, _)| !name.odd).map(|(name, _)| name.labels.join("."))
    }
}

fn read(bytes: &[u8]) -> Result<Message, Fault> {
    let mut reader = Reader::new(bytes);
    let request = reader.u8("DHCP operation")? == 1;
    let hardware: [u8; 2] = reader.array("DHCP hardware type")?;
    reader.skip(9, "DHCP transaction")?;
    let client = Ipv4Addr::from(reader.array("client address")?);
    let yours = Ipv4Addr::from(reader.array("your address")?);
    reader.skip(4, "server address")?;
    let relayed = reader.u32("relay address")? != 0;
    let mac = Mac(reader.array("client hardware address")?);
    reader.skip(10, "client hardware address")?;
    let (server_name, file) = (reader.take(64, "server name")?, reader.take(128, "boot file")?);
    let cookie = reader.take(4, "DHCP cookie")? == COOKIE;
    let ethernet = matches!(hardware, [1 | 6, 6]) && mac.is_station();
    let options = BTreeMap::new();
    let mac = ethernet.then_some(mac);
    let mut message = Message { request, mac, client, yours, relayed, options, cut: false };
    if !cookie {
        return Ok(message);
    }
    message.cut |= options_of(reader.rest(), &mut message.options).is_err();
    // The fields of the boot file and the server name may hold more of them, in this order (RFC 3396 section 5).
    let overload = message.options.get(&OVERLOAD).and_then(|bytes| bytes.first().copied()).unwrap_or(0);
    for (bit, field) in [(1, file), (2, server_name)] {
        if overload & bit != 0 {
            message.cut |= options_of(field, &mut message.options).is_err();
        }
    }
    Ok(message)
}

fn options_of(field: &[u8], options: &mut BTreeMap<u8, Vec<u8>>) -> Result<(), Fault> {
    let mut reader = Reader::new(field);
    while let Ok(code) = reader.u8("option code") {
        match code {
            0 => {}
            255 => return Ok(()),
            _ => {
                let length = usize::from(reader.u8("option length")?);
                let value = reader.take(length, "option")?;
                let whole = options.entry(code).or_default();
                if whole.len().saturating_add(value.len()) > OPTION_BYTES_MAX {
                    return Err(Fault::TooLarge("option"));
                }
                whole.extend_from_slice(value);
            }
        }
    }
    Ok(())
}

impl Dissector for Dhcp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match read(bytes) {
            Ok(message) => {
                notes.malformed |= message.cut;
                notes.requester.get_or_insert(if message.request { side } else { side.peer() });
                if let Some(mac) = message.mac {
                    self.message(mac, &message, notes);
                }
                if let Some(fact) = server_fact(&message)
                    && self.said.is_new((side, &fact))
                {
                    notes.speaker(side, [Some(fact)]);
                }
            }
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Dhcp {
    fn message(&mut self, mac: Mac, message: &Message, notes: &mut Notes) {
        if message.request {
            let facts = client_facts(message);
            if self.said.is_new((mac, &facts)) {
                notes.station(mac, facts);
                let name = message.host_name().map(str::to_owned).or_else(|| message.full_name());
                if let Some(name) = name.filter(|name| self.said.is_new(("detail", name))) {
                    notes.detail(DetailKey::Hostname, &name);
                }
            }
            // Renewing (3) and informing (8) clients use the address they name.
            if matches!(message.kind(), Some(3 | 8)) {
                self.bind(message.client, mac, ("dhcp.client-address", 85), None, notes);
            }
        } else if matches!(message.kind(), Some(5) | None) {
            // An acknowledgement, or BOOTP's only answer.
            let leased = if message.yours.is_unspecified() { message.client } else { message.yours };
            let name = message.host_name();
            let name = name.and_then(|name| Fact::new(Attribute::Hostname, name, 70, "dhcp.lease-name"));
            self.bind(leased, mac, ("dhcp.lease", 90), name, notes);
        }
    }

    /// Said every time: an address goes from one station to another and back.
    fn bind(&self, ip: Ipv4Addr, mac: Mac, rule: (&'static str, u8), name: Option<Fact>, notes: &mut Notes) {
        if !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast() && !ip.is_loopback() {
            notes.address(ip.into(), [Fact::new(Attribute::Mac, &mac.to_string(), rule.1, rule.0), name]);
        }
    }
}

/// What the server that speaks itself, not through a relay, hands out on the network of the client.
fn server_fact(message: &Message) -> Option<Fact> {
    let direct = !message.request && !message.relayed && matches!(message.kind(), Some(2 | 5));
    let addresses = |code| {
        let (list, _) = message.options.get(&code).map_or(&[][..], Vec::as_slice).as_chunks::<4>();
        list.iter()
            .take(ADDRESSES_MAX)
            .map(|address| Ipv4Addr::from(*address).to_string())
            .collect::<Vec<_>>()
    };
    let (mask, _) = message.options.get(&SUBNET_MASK)?.split_first_chunk::<4>()?;
    let mask = u32::from_be_bytes(*mask);
    let network = Ipv4Addr::from(u32::from(message.yours) & mask);
    let (routers, servers) = (addresses(ROUTERS), addresses(NAME_SERVERS));
    let told = direct && !message.yours.is_unspecified() && mask.leading_ones() == mask.count_ones();
    let value = format!(
        "{network}/{} router {} dns {}",
        mask.count_ones(),
        routers.first().map_or("none", String::as_str),
        if servers.is_empty() { "none".into() } else { servers.join(",") },
    );
    told.then(|| Fact::new(Attribute::DhcpServer, &value, 90, "dhcp.handed-out"))?
}

fn client_facts(message: &Message) -> [Option<Fact>; 5] {
    let parameters = message.options.get(&PARAMETERS);
    let parameters = parameters.map(|codes| codes.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
    let full_name = message.full_name();
    let fact = |attribute, value: Option<&str>, confidence, rule| {
        value.and_then(|value| Fact::new(attribute, value, confidence, rule))
    };
    [
        fact(Attribute::Hostname, message.host_name(), 80, "dhcp.host-name"),
        fact(Attribute::Hostname, full_name.as_deref(), 80, "dhcp.full-name"),
        fact(Attribute::DhcpParameters, parameters.as_deref(), 60, "dhcp.parameters"),
        fact(Attribute::DhcpVendorClass, message.text(VENDOR_CLASS), 60, "dhcp.vendor-class"),
        fact(Attribute::Location, relay_place(message).as_deref(), 70, "dhcp.relay"),
    ]
}

/// Where the relay says the client is attached, when it says so in words (RFC 3046 section 3).
fn relay_place(message: &Message) -> Option<String> {
    let mut reader = Reader::new(message.options.get(&RELAY)?);
    let (mut circuit, mut remote): (Option<String>, Option<String>) = (None, None);
    while let (Ok(code), Ok(length)) = (reader.u8("relay code"), reader.u8("relay length")) {
        let Ok(value) = reader.take(usize::from(length), "relay option") else { break };
        match code {
            1 => circuit = words(value).map(str::to_owned).or_else(|| numbered_port(value)),
            2 => remote = words(value).map(str::to_owned).or_else(|| switch_address(value)),
            _ => {}
        }
    }
    match (circuit, remote) {
        (Some(circuit), Some(remote)) => Some(format!("switch {remote} port {circuit}")),
        (Some(circuit), None) => Some(format!("switch port {circuit}")),
        (None, _) => None,
    }
}

/// The form that most switches use by themselves: virtual network, module and port.
fn numbered_port(value: &[u8]) -> Option<String> {
    let &[0, 4, high, low, module, port] = value else { return None };
    let network = u16::from_be_bytes([high, low]);
    (1..4095).contains(&network).then(|| format!("{module}/{port} VLAN {network}"))
}

/// The same for the switch itself: its MAC.
fn switch_address(value: &[u8]) -> Option<String> {
    let mac = match value {
        [0, 6, mac @ ..] => mac,
        mac => mac,
    };
    mac.try_into().ok().map(Mac).filter(|mac| mac.is_station()).map(|mac| mac.to_string())
}

/// Text, or text behind the type and length that some switches write before it.
fn words(value: &[u8]) -> Option<&str> {
    if let [_, length, rest @ ..] = value
        && usize::from(*length) == rest.len()
        && let Some(text) = text::ascii(rest)
    {
        return Some(text);
    }
    text::ascii(value)
}
