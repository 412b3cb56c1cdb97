//! Flow records as bytes whose order is the order of the records, for temporary files of this process only.
//!
//! Sorting and merging compare bytes and need no record. So numbers begin with their highest byte, lists and
//! texts end in a mark that is lower than all that may follow, and names are numbered in their order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use wardline_model::{DetailKey, Endpoint, FlowRecord, Mac, Timestamp, Transport};
use wardline_protocols::{NAMES_WITHIN, PROTOCOLS};

/// Names a flow can have besides those of the protocol table.
const HEADER_NAMES: &[&str] =
    &["unknown", "arp", "cdp", "eapol", "icmp", "icmpv6", "igmp", "lldp", "ptp", "stp"];
/// What a flow of no known name is called.
const UNKNOWN: &str = "unknown";

/// Ends a list or a text.
const END: u8 = 0;
/// Comes before each item of a list.
const ITEM: u8 = 1;
/// In a text, comes before a byte that would be a mark; the byte follows one higher.
const ESCAPE: u8 = 1;

/// All names, sorted.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let protocols = PROTOCOLS.iter().map(|p| p.name);
    let mut names: Vec<&str> =
        HEADER_NAMES.iter().copied().chain(protocols).chain(NAMES_WITHIN.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
});

/// Appends a record.
pub(super) fn write(record: &FlowRecord, out: &mut Vec<u8>) {
    write_time(record.start, out);
    write_time(record.end, out);
    write_end(&record.client, out);
    write_end(&record.server, out);
    out.extend(transport_bytes(record.transport));
    for vlan in &record.vlan {
        out.push(ITEM);
        out.extend(vlan.to_be_bytes());
    }
    out.push(END);
    let number = |name| NAMES.binary_search(&name).ok().and_then(|at| u16::try_from(at).ok());
    let name = number(record.protocol).or_else(|| number(UNKNOWN)).unwrap_or(0);
    out.extend(name.to_be_bytes());
    out.push(u8::from(record.encrypted));
    for number in
        [record.packets_to_server, record.packets_to_client, record.bytes_to_server, record.bytes_to_client]
    {
        out.extend(number.to_be_bytes());
    }
    for (key, value) in &record.details {
        let key = DetailKey::ALL.binary_search(key).ok().and_then(|at| u8::try_from(at).ok());
        out.extend([ITEM, key.unwrap_or(u8::MAX)]);
        write_text(value, out);
    }
    out.push(END);
}

/// The record; `None` when the bytes are not what [`write`] wrote.
pub(super) fn read(bytes: &[u8]) -> Option<FlowRecord> {
    let from = &mut &*bytes;
    let (start, end) = (read_time(from)?, read_time(from)?);
    let (client, server) = (read_end(from)?, read_end(from)?);
    let transport = transport_of(take(from)?);
    let mut vlan = Vec::new();
    while take(from)? == [ITEM] {
        vlan.push(u16::from_be_bytes(take(from)?));
    }
    let protocol = NAMES.get(usize::from(u16::from_be_bytes(take(from)?))).copied()?;
    let [encrypted] = take(from)?;
    let mut number = || Some(u64::from_be_bytes(take(from)?));
    let (packets_to_server, packets_to_client) = (number()?, number()?);
    let (bytes_to_server, bytes_to_client) = (number()?, number()?);
    let mut details = Vec::new();
    while take(from)? == [ITEM] {
        let [key] = take(from)?;
        details.push((*DetailKey::ALL.get(usize::from(key))?, read_text(from)?));
    }
    Some(FlowRecord {
        start,
        end,
        client,
        server,
        transport,
        vlan,
        protocol,
        encrypted: encrypted != 0,
        packets_to_server,
        packets_to_client,
        bytes_to_server,
        bytes_to_client,
        details,
    })
}

/// With the sign turned round, negative numbers come before positive ones.
fn write_time(time: Timestamp, out: &mut Vec<u8>) {
    out.extend((time.0 ^ i64::MIN).to_be_bytes());
}

fn read_time(from: &mut &[u8]) -> Option<Timestamp> {
    Some(Timestamp(i64::from_be_bytes(take(from)?) ^ i64::MIN))
}

fn write_end(end: &Endpoint, out: &mut Vec<u8>) {
    match end.ip {
        None => out.push(END),
        Some(IpAddr::V4(v4)) => {
            out.push(4);
            out.extend(v4.octets());
        }
        Some(IpAddr::V6(v6)) => {
            out.push(6);
            out.extend(v6.octets());
        }
    }
    out.push(u8::from(end.port.is_some()));
    out.extend(end.port.unwrap_or_default().to_be_bytes());
    out.push(u8::from(end.mac.is_some()));
    out.extend(end.mac.unwrap_or_default().0);
}

fn read_end(from: &mut &[u8]) -> Option<Endpoint> {
    let ip = match take(from)? {
        [END] => None,
        [4] => Some(IpAddr::V4(Ipv4Addr::from(take::<4>(from)?))),
        _ => Some(IpAddr::V6(Ipv6Addr::from(take::<16>(from)?))),
    };
    let ([has_port], port) = (take(from)?, u16::from_be_bytes(take(from)?));
    let ([has_mac], mac) = (take(from)?, Mac(take(from)?));
    Some(Endpoint { ip, port: (has_port != 0).then_some(port), mac: (has_mac != 0).then_some(mac) })
}

const fn transport_bytes(transport: Transport) -> [u8; 2] {
    match transport {
        Transport::Link => [0, 0],
        Transport::Icmp => [1, 0],
        Transport::Igmp => [2, 0],
        Transport::Ip(number) => [3, number],
        Transport::Tcp => [4, 0],
        Transport::Udp => [5, 0],
    }
}

const fn transport_of([kind, number]: [u8; 2]) -> Transport {
    match kind {
        0 => Transport::Link,
        1 => Transport::Icmp,
        2 => Transport::Igmp,
        3 => Transport::Ip(number),
        4 => Transport::Tcp,
        _ => Transport::Udp,
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        if byte <= ESCAPE {
            out.push(ESCAPE);
            out.push(byte + 1);
        } else {
            out.push(byte);
        }
    }
    out.push(END);
}

fn read_text(from: &mut &[u8]) -> Option<Box<str>> {
    let end = from.iter().position(|byte| *byte == END)?;
    let (written, rest) = from.split_at(end);
    *from = &rest[1..];
    let mut text = Vec::with_capacity(end);
    let mut escaped = false;
    for &byte in written {
        if escaped {
            text.push(byte.wrapping_sub(1));
            escaped = false;
        } else if byte == ESCAPE {
            escaped = true;
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok().map(Into::into)
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*first)
}
