//! Flow records as bytes, for temporary files of this process only.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;
use wardline_model::{DetailKey, Endpoint, FlowRecord, Mac, Timestamp, Transport};
use wardline_protocols::{NAMES_WITHIN, PROTOCOLS};

/// Names a flow can have besides those of the protocol table.
const HEADER_NAMES: &[&str] =
    &["unknown", "arp", "cdp", "eapol", "icmp", "icmpv6", "igmp", "lldp", "ptp", "stp"];

static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let protocols = PROTOCOLS.iter().map(|p| p.name);
    HEADER_NAMES.iter().copied().chain(protocols).chain(NAMES_WITHIN.iter().copied()).collect()
});

pub(super) fn write(record: &FlowRecord, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&record.start.0.to_le_bytes())?;
    out.write_all(&record.end.0.to_le_bytes())?;
    write_end(&record.client, out)?;
    write_end(&record.server, out)?;
    out.write_all(&transport_bytes(record.transport))?;
    let name = NAMES.iter().position(|n| *n == record.protocol).unwrap_or(0);
    write_length(name, out)?;
    out.write_all(&[u8::from(record.encrypted)])?;
    for number in
        [record.packets_to_server, record.packets_to_client, record.bytes_to_server, record.bytes_to_client]
    {
        out.write_all(&number.to_le_bytes())?;
    }
    write_length(record.vlan.len(), out)?;
    for vlan in &record.vlan {
        out.write_all(&vlan.to_le_bytes())?;
    }
    write_length(record.details.len(), out)?;
    for (key, value) in &record.details {
        write_length(DetailKey::ALL.iter().position(|k| k == key).unwrap_or(0), out)?;
        write_length(value.len(), out)?;
        out.write_all(value.as_bytes())?;
    }
    Ok(())
}

/// The next record, or `None` at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<FlowRecord>> {
    let mut first = [0; 8];
    match from.read_exact(&mut first) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let start = Timestamp(i64::from_le_bytes(first));
    let end = Timestamp(i64::from_le_bytes(array(from)?));
    let (client, server) = (read_end(from)?, read_end(from)?);
    let transport = transport_of(array(from)?);
    let protocol = NAMES.get(read_length(from)?).copied().unwrap_or("unknown");
    let [encrypted] = array(from)?;
    let mut number = || -> io::Result<u64> { Ok(u64::from_le_bytes(array(from)?)) };
    let (packets_to_server, packets_to_client) = (number()?, number()?);
    let (bytes_to_server, bytes_to_client) = (number()?, number()?);
    let vlans = read_length(from)?;
    let vlan = (0..vlans).map(|_| Ok(u16::from_le_bytes(array(from)?))).collect::<io::Result<_>>()?;
    let details = read_length(from)?;
    let details = (0..details).map(|_| read_detail(from)).collect::<io::Result<_>>()?;
    Ok(Some(FlowRecord {
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
    }))
}

fn read_detail(from: &mut impl Read) -> io::Result<(DetailKey, Box<str>)> {
    let key = DetailKey::ALL.get(read_length(from)?).copied().unwrap_or(DetailKey::Application);
    let mut value = vec![0; read_length(from)?];
    from.read_exact(&mut value)?;
    Ok((key, String::from_utf8(value).map_err(io::Error::other)?.into()))
}

fn write_end(end: &Endpoint, out: &mut impl Write) -> io::Result<()> {
    let has =
        u8::from(end.ip.is_some()) | u8::from(end.port.is_some()) << 1 | u8::from(end.mac.is_some()) << 2;
    let kind = u8::from(end.ip.is_some_and(|ip| ip.is_ipv4())) << 3;
    out.write_all(&[has | kind])?;
    let ip = end.ip.map_or([0; 16], |ip| match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    });
    out.write_all(&ip)?;
    out.write_all(&end.port.unwrap_or(0).to_le_bytes())?;
    out.write_all(&end.mac.unwrap_or_default().0)
}

fn read_end(from: &mut impl Read) -> io::Result<Endpoint> {
    let [has] = array(from)?;
    let wide = Ipv6Addr::from(array::<16>(from)?);
    let port = u16::from_le_bytes(array(from)?);
    let mac = Mac(array(from)?);
    let ip = if has & 8 != 0 {
        wide.to_ipv4_mapped().map_or(IpAddr::V6(wide), IpAddr::V4)
    } else {
        IpAddr::V6(wide)
    };
    Ok(Endpoint {
        ip: (has & 1 != 0).then_some(ip),
        port: (has & 2 != 0).then_some(port),
        mac: (has & 4 != 0).then_some(mac),
    })
}

const fn transport_bytes(transport: Transport) -> [u8; 2] {
    match transport {
        Transport::Link => [0, 0],
        Transport::Icmp => [1, 0],
        Transport::Igmp => [2, 0],
        Transport::Tcp => [3, 0],
        Transport::Udp => [4, 0],
        Transport::Ip(number) => [5, number],
    }
}

const fn transport_of([kind, number]: [u8; 2]) -> Transport {
    match kind {
        0 => Transport::Link,
        1 => Transport::Icmp,
        2 => Transport::Igmp,
        3 => Transport::Tcp,
        4 => Transport::Udp,
        _ => Transport::Ip(number),
    }
}

fn write_length(length: usize, out: &mut impl Write) -> io::Result<()> {
    let length = u32::try_from(length).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())
}

fn read_length(from: &mut impl Read) -> io::Result<usize> {
    usize::try_from(u32::from_le_bytes(array(from)?)).map_err(io::Error::other)
}

fn array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}
