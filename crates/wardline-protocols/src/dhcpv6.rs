//! DHCP for IPv6 (RFC 8415; names RFC 4704; the client's link-layer address RFC 6939).
//!
//! In: datagrams, of clients, servers and relays. Out: what a client says of itself (name, vendor class, the MAC
//! in its identifier); which address is leased to which MAC; at which port a relay saw the client. A relay's
//! envelope is opened, and what is inside is said of the client, never of the relay. Refuses: prefixes, which
//! are no hosts. Limits: [`RELAYS_MAX`], [`OPTIONS_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, Who, dns, text};
use std::net::{IpAddr, Ipv6Addr};
use wardline_model::{About, Attribute, DetailKey, Fact, Mac};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dhcpv6",
    carriers: &[Carrier::Datagram],
    ports: &[546, 547],
    probe,
    start: |_| Box::new(DhcpSix::default()),
};

/// Relays in a row (`HOP_COUNT_LIMIT`, RFC 8415 section 7.6).
const RELAYS_MAX: usize = 8;
/// Options read of one message or option: messages have below 30, a server's many addresses below this.
const OPTIONS_MAX: usize = 128;
/// Highest option code assigned so far, with room for those to come (IANA registry).
const CODE_MAX: u16 = 256;
/// Bytes of a DUID (RFC 8415 section 11.1).
const DUID_BYTES_MAX: usize = 130;
/// Kinds of message (RFC 8415 section 7.3).
const REPLY: u8 = 7;
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
/// Codes of the options read.
const CLIENT: u16 = 1;
const SERVER: u16 = 2;
const ADDRESSES: u16 = 3;
const TEMPORARY: u16 = 4;
const ADDRESS: u16 = 5;
const RELAYED: u16 = 9;
const VENDOR_CLASS: u16 = 16;
const INTERFACE: u16 = 18;
const FULL_NAME: u16 = 39;
const LINK_LAYER: u16 = 79;

#[derive(Default)]
struct DhcpSix {
    said: Once,
}

/// One option: its code and content.
type Coded<'a> = (u16, Reader<'a>);

fn options(mut field: Reader<'_>) -> Result<Vec<Coded<'_>>, Fault> {
    let mut options = Vec::new();
    while !field.is_empty() && options.len() < OPTIONS_MAX {
        let code = field.u16("option code")?;
        let length = usize::from(field.u16("option length")?);
        options.push((code, field.sub(length, "option")?));
    }
    Ok(options)
}

fn find<'a>(options: &[Coded<'a>], code: u16) -> Option<Reader<'a>> {
    options.iter().find(|option| option.0 == code).map(|option| option.1)
}

const fn is_client_message(kind: u8) -> bool {
    matches!(kind, 1 | 3 | 4 | 5 | 6 | 8 | 9 | 11)
}

/// Where the options of a message start, by its kind.
fn options_of(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.first()? {
        1..=11 => bytes.get(4..),
        12 | 13 => bytes.get(34..),
        _ => None,
    }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(field) = options_of(probe.bytes) else { return Verdict::No };
    // The first option alone turns nearly everything else away.
    let first = matches!(field, [a, b, c, d, ..] if u16::from_be_bytes([*a, *b]) < CODE_MAX
        && usize::from(u16::from_be_bytes([*c, *d])) <= field.len().saturating_sub(4));
    let usual = probe.port(546) || probe.port(547);
    if !first {
        return Verdict::No;
    }
    let Ok(options) = options(Reader::new(field)) else { return Verdict::No };
    let known = options.iter().all(|option| (1..CODE_MAX).contains(&option.0));
    let relays = matches!(probe.bytes, [RELAY_FORWARD | RELAY_REPLY, hops, ..] if *hops <= 32);
    let inside = find(&options, RELAYED).is_some_and(|inside| options_of(inside.rest()).is_some());
    let identified = [CLIENT, SERVER]
        .iter()
        .any(|code| find(&options, *code).is_some_and(|duid| is_identifier(duid.rest())));
    let fits = match probe.bytes.first() {
        Some(12 | 13) => relays && inside,
        _ => identified || usual,
    };
    if known && fits { Verdict::Yes } else { Verdict::No }
}

/// Whether the bytes are a DUID of a known kind (RFC 8415 section 11, RFC 6355).
fn is_identifier(duid: &[u8]) -> bool {
    duid.len() <= DUID_BYTES_MAX
        && match duid {
            [0, 1, 0, _, _, _, _, _, rest @ ..] => !rest.is_empty(),
            [0, 2, _, _, _, _, rest @ ..] | [0, 3, 0, _, rest @ ..] => !rest.is_empty(),
            [0, 4, rest @ ..] => rest.len() == 16,
            _ => false,
        }
}

/// The MAC in an identifier made of a link-layer address (Ethernet, or the radio's number for the same).
fn identifier_mac(duid: &[u8]) -> Option<Mac> {
    let mac = match duid {
        [0, 1, 0, 1 | 6, _, _, _, _, mac @ ..] | [0, 3, 0, 1 | 6, mac @ ..] => mac,
        _ => return None,
    };
    mac.try_into().ok().map(Mac).filter(|mac| mac.is_station())
}

/// The MAC that an interface identifier was made of (RFC 4291 appendix A).
fn interface_mac(ip: Ipv6Addr) -> Option<Mac> {
    let [.., a, b, c, 0xff, 0xfe, d, e, f] = ip.octets() else { return None };
    let mac = Mac([a ^ 2, b, c, d, e, f]);
    (ip.is_unicast_link_local() && mac.is_station()).then_some(mac)
}

/// The client of a message that came through relays, as the one next to it saw it.
#[derive(Clone, Copy, Default)]
struct Seen<'a> {
    peer: Option<Ipv6Addr>,
    mac: Option<Mac>,
    port: Option<&'a str>,
}

impl Dissector for DhcpSix {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.message(side, bytes, notes).is_err() {
            notes.malformed = true;
        }
        Step::skip(bytes.len())
    }
}

impl DhcpSix {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut inside = Reader::new(bytes);
        let mut seen = Seen::default();
        for _ in 0..=RELAYS_MAX {
            let kind = inside.u8("DHCPv6 kind")?;
            if !matches!(kind, RELAY_FORWARD | RELAY_REPLY) {
                inside.skip(3, "transaction")?;
                let asks = is_client_message(kind);
                notes.requester.get_or_insert(if asks { side } else { side.peer() });
                let options = options(inside)?;
                if asks {
                    self.client(side, &options, seen, notes);
                } else if kind == REPLY {
                    self.reply(&options, seen, notes)?;
                }
                return Ok(());
            }
            inside.skip(17, "hops and link address")?;
            let peer = Ipv6Addr::from(inside.array::<16>("peer address")?);
            let options = options(inside)?;
            // The innermost relay saw the client itself.
            seen = Seen {
                peer: Some(peer),
                mac: find(&options, LINK_LAYER).and_then(link_layer).or_else(|| interface_mac(peer)),
                port: find(&options, INTERFACE).and_then(|port| text::ascii(port.rest())),
            };
            inside = find(&options, RELAYED).ok_or(Fault::Malformed("relayed message"))?;
        }
        Err(Fault::TooLarge("relays"))
    }

    /// What a client says: of itself, or of the one whom a relay names.
    fn client(&mut self, side: Side, options: &[Coded<'_>], seen: Seen<'_>, notes: &mut Notes) {
        let name = find(options, FULL_NAME).and_then(full_name);
        let class = find(options, VENDOR_CLASS).and_then(vendor_class);
        let fact = |attribute, value: Option<&str>, confidence, rule| {
            value.and_then(|value| Fact::new(attribute, value, confidence, rule))
        };
        // Images copied with their identifier name another's MAC: little trust.
        let mac = find(options, CLIENT).and_then(|duid| identifier_mac(duid.rest()));
        let mac = mac.filter(|_| seen.peer.is_none()).map(|mac| mac.to_string());
        let place = seen.port.map(|port| format!("switch port {port}"));
        let facts = [
            fact(Attribute::Hostname, name.as_deref(), 80, "dhcpv6.full-name"),
            fact(Attribute::DhcpVendorClass, class.as_deref(), 60, "dhcpv6.vendor-class"),
            fact(Attribute::Mac, mac.as_deref(), 60, "dhcpv6.identifier"),
            fact(Attribute::Location, place.as_deref(), 60, "dhcpv6.relay"),
        ];
        let who = match (seen.peer, seen.mac) {
            (None, _) => Who::Side(side),
            (Some(_), Some(mac)) => Who::Station(mac),
            (Some(peer), None) => Who::Address(IpAddr::V6(peer)),
        };
        let facts: Vec<Fact> = facts.into_iter().flatten().collect();
        if !facts.is_empty() && self.said.is_new((who, &facts)) {
            notes.said.push(crate::Said { who, about: About::Speaker, facts });
        }
        if let Some(name) = name.filter(|name| self.said.is_new(("detail", name))) {
            notes.detail(DetailKey::Hostname, &name);
        }
    }

    /// Addresses that a server leases.
    fn reply(&mut self, options: &[Coded<'_>], seen: Seen<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let identified = find(options, CLIENT).and_then(|duid| identifier_mac(duid.rest()));
        let Some(mac) = (if seen.peer.is_some() { seen.mac } else { identified }) else { return Ok(()) };
        for (code, content) in options {
            let head = match *code {
                ADDRESSES => 12,
                TEMPORARY => 4,
                _ => continue,
            };
            let mut content = *content;
            content.skip(head, "association")?;
            for (_, mut lease) in self::options(content)?.into_iter().filter(|option| option.0 == ADDRESS) {
                let ip = Ipv6Addr::from(lease.array::<16>("leased address")?);
                lease.skip(4, "preferred lifetime")?;
                let valid = lease.u32("valid lifetime")?;
                let usable = !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback();
                if valid > 0 && usable {
                    let mac = Fact::new(Attribute::Mac, &mac.to_string(), 80, "dhcpv6.lease");
                    notes.address(ip.into(), [mac]);
                }
            }
        }
        Ok(())
    }
}

/// The client's link-layer address as the relay saw it.
fn link_layer(mut value: Reader<'_>) -> Option<Mac> {
    let kind = value.u16("link-layer type").ok()?;
    let mac = Mac(value.array("link-layer address").ok()?);
    (matches!(kind, 1 | 6) && value.is_empty() && mac.is_station()).then_some(mac)
}

/// The name in option 39: flags, then labels; a partial name has no root at its end (RFC 4704 section 4.2).
fn full_name(value: Reader<'_>) -> Option<String> {
    let mut wire = value.rest().get(1..)?.to_vec();
    wire.push(0);
    let (name, _) = dns::message::name(&wire, 0).ok()?;
    name.dotted().filter(|_| name.is_host())
}

/// The first vendor class that is text, behind the enterprise number.
fn vendor_class(mut value: Reader<'_>) -> Option<String> {
    value.skip(4, "enterprise number").ok()?;
    let length = usize::from(value.u16("vendor class length").ok()?);
    text::ascii(value.take(length, "vendor class").ok()?).map(str::to_owned)
}
