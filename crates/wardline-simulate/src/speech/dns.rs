//! DNS messages (RFC 1035), multicast DNS and service discovery (RFC 6762, RFC 6763), NetBIOS names (RFC 1002).

use std::net::Ipv4Addr;

pub(crate) const A: u16 = 1;
pub(crate) const PTR: u16 = 12;
pub(crate) const TXT: u16 = 16;
pub(crate) const SRV: u16 = 33;
/// Internet class with the cache-flush bit of multicast DNS.
const FLUSH: u16 = 0x8001;

/// Labels of a dotted name, without compression.
pub(crate) fn name(dotted: &str) -> Vec<u8> {
    labels(dotted.split('.').filter(|label| !label.is_empty()))
}

/// A name of given labels: those of service instances may hold dots and spaces.
fn labels<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut out = Vec::new();
    for label in labels {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for field in [id, flags].iter().chain(&counts) {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out
}

fn record(name: &[u8], kind: u16, class: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&class.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
    out
}

pub(crate) fn query(id: u16, dotted: &str, kind: u16) -> Vec<u8> {
    let mut out = header(id, 0x0100, [1, 0, 0, 0]);
    out.extend_from_slice(&name(dotted));
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&1_u16.to_be_bytes());
    out
}

/// The answer of a domain's own server; no record means that the name does not exist.
pub(crate) fn answer(id: u16, dotted: &str, kind: u16, data: Option<&[u8]>) -> Vec<u8> {
    let (flags, count) = if data.is_some() { (0x8580, 1) } else { (0x8583, 0) };
    let mut out = header(id, flags, [1, count, 0, 0]);
    out.extend_from_slice(&name(dotted));
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&1_u16.to_be_bytes());
    if let Some(data) = data {
        // The owner is the question's name, by a pointer to offset 12.
        out.extend_from_slice(&record(&[0xc0, 12], kind, 1, 1200, data));
    }
    out
}

/// An answer that a domain's server got from elsewhere.
pub(crate) fn recursive_answer(id: u16, dotted: &str, ip: Ipv4Addr) -> Vec<u8> {
    let mut out = answer(id, dotted, A, Some(&ip.octets()));
    // Not its own: the authority bit is off.
    out[2] &= !0x04;
    out
}

/// A service announced by multicast DNS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced<'a> {
    /// For example `_ipp._tcp`.
    pub(crate) service: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) host: &'a str,
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: u16,
    pub(crate) text: &'a [String],
}

/// An unsolicited response with PTR, SRV, TXT and A records.
pub(crate) fn announcement(announced: &Announced<'_>) -> Vec<u8> {
    let mut out = header(0, 0x8400, [0, 3, 0, 1]);
    let service = format!("{}.local", announced.service);
    let instance = labels([announced.instance].into_iter().chain(service.split('.')));
    let host = name(&format!("{}.local", announced.host));
    out.extend_from_slice(&record(&name(&service), PTR, 1, 4500, &instance));
    let mut target = vec![0, 0, 0, 0];
    target.extend_from_slice(&announced.port.to_be_bytes());
    target.extend_from_slice(&host);
    out.extend_from_slice(&record(&instance, SRV, FLUSH, 120, &target));
    let mut text = Vec::new();
    for pair in announced.text {
        text.push(pair.len() as u8);
        text.extend_from_slice(pair.as_bytes());
    }
    if text.is_empty() {
        text.push(0);
    }
    out.extend_from_slice(&record(&instance, TXT, FLUSH, 4500, &text));
    out.extend_from_slice(&record(&host, A, FLUSH, 120, &announced.ip.octets()));
    out
}

/// A question by multicast DNS for a host of the link.
pub(crate) fn local_query(host: &str) -> Vec<u8> {
    let mut out = header(0, 0, [1, 0, 0, 0]);
    out.extend_from_slice(&name(&format!("{host}.local")));
    out.extend_from_slice(&A.to_be_bytes());
    out.extend_from_slice(&1_u16.to_be_bytes());
    out
}

/// A NetBIOS name in first-level encoding: each half byte as a letter from `A`.
fn netbios_name(text: &str, suffix: u8) -> Vec<u8> {
    let mut padded = [b' '; 16];
    for (place, byte) in padded.iter_mut().zip(text.to_uppercase().bytes().take(15)) {
        *place = byte;
    }
    padded[15] = suffix;
    let mut out = vec![32];
    for byte in padded {
        out.extend_from_slice(&[b'A' + (byte >> 4), b'A' + (byte & 0x0f)]);
    }
    out.push(0);
    out
}

/// A NetBIOS name query by broadcast.
pub(crate) fn netbios_query(id: u16, host: &str, suffix: u8) -> Vec<u8> {
    let mut out = header(id, 0x0110, [1, 0, 0, 0]);
    out.extend_from_slice(&netbios_name(host, suffix));
    out.extend_from_slice(&[0, 0x20, 0, 1]);
    out
}

/// A NetBIOS name registration by broadcast.
pub(crate) fn netbios_registration(id: u16, host: &str, suffix: u8, group: bool, ip: Ipv4Addr) -> Vec<u8> {
    let mut out = header(id, 0x2910, [1, 0, 0, 1]);
    out.extend_from_slice(&netbios_name(host, suffix));
    out.extend_from_slice(&[0, 0x20, 0, 1]);
    let mut data = vec![if group { 0x80 } else { 0 }, 0];
    data.extend_from_slice(&ip.octets());
    out.extend_from_slice(&record(&[0xc0, 12], 0x20, 1, 300_000, &data));
    out
}
