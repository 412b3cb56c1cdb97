//! LLDP (IEEE 802.1AB) with the inventory of LLDP-MED (ANSI/TIA-1057).

use std::net::Ipv4Addr;
use wardline_model::Mac;

/// What a switch tells its neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbour<'a> {
    pub(crate) mac: Mac,
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: &'a str,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) router: bool,
    /// Manufacturer, model, serial, software.
    pub(crate) inventory: [&'a str; 4],
}

fn tlv(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.extend_from_slice(&((u16::from(kind) << 9) | value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

fn med(out: &mut Vec<u8>, subtype: u8, value: &[u8]) {
    let mut body = vec![0x00, 0x12, 0xbb, subtype];
    body.extend_from_slice(value);
    tlv(out, 127, &body);
}

pub(crate) fn advertisement(neighbour: &Neighbour<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    tlv(&mut out, 1, &[&[4][..], &neighbour.mac.0].concat());
    tlv(&mut out, 2, &[&[5][..], neighbour.port.as_bytes()].concat());
    tlv(&mut out, 3, &120_u16.to_be_bytes());
    tlv(&mut out, 4, neighbour.port.as_bytes());
    tlv(&mut out, 5, neighbour.name.as_bytes());
    tlv(&mut out, 6, neighbour.description.as_bytes());
    // Bridge, and router where it is one.
    let capabilities: u16 = if neighbour.router { 0x0014 } else { 0x0004 };
    tlv(&mut out, 7, &[capabilities.to_be_bytes(), capabilities.to_be_bytes()].concat());
    let mut management = vec![5, 1];
    management.extend_from_slice(&neighbour.ip.octets());
    management.extend_from_slice(&[2, 0, 0, 0, 1, 0]);
    tlv(&mut out, 8, &management);
    // Capabilities and inventory; network connectivity device.
    med(&mut out, 1, &[0x00, 0x21, 4]);
    let [manufacturer, model, serial, software] = neighbour.inventory.map(str::as_bytes);
    med(&mut out, 7, &software[..software.len().min(32)]);
    med(&mut out, 8, serial);
    med(&mut out, 9, manufacturer);
    med(&mut out, 10, model);
    tlv(&mut out, 0, &[]);
    out
}
