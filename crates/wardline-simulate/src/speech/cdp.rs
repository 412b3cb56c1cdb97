//! Cisco Discovery Protocol version 2, over 802.3 with LLC/SNAP.

use std::net::Ipv4Addr;

/// What a switch tells its neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbour<'a> {
    pub(crate) name: &'a str,
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: &'a str,
    pub(crate) version: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) vlan: u16,
}

fn tlv(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&(4 + value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

/// LLC, SNAP, header and fields. The checksum counts a last odd byte as a word's low byte.
pub(crate) fn advertisement(neighbour: &Neighbour<'_>) -> Vec<u8> {
    let mut out = vec![2, 180, 0, 0];
    tlv(&mut out, 1, neighbour.name.as_bytes());
    let mut address = vec![0, 0, 0, 1, 1, 1, 0xcc, 0, 4];
    address.extend_from_slice(&neighbour.ip.octets());
    tlv(&mut out, 2, &address);
    tlv(&mut out, 3, neighbour.port.as_bytes());
    tlv(&mut out, 4, &0x28_u32.to_be_bytes());
    tlv(&mut out, 5, neighbour.version.as_bytes());
    tlv(&mut out, 6, neighbour.platform.as_bytes());
    tlv(&mut out, 10, &neighbour.vlan.to_be_bytes());
    tlv(&mut out, 11, &[1]);
    if out.len() % 2 == 1 {
        // An even length keeps clear of the two readings of an odd one.
        tlv(&mut out, 17, &[1]);
    }
    let mut sum: u32 = out.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    out[2..4].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    let mut frame = vec![0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00];
    frame.extend_from_slice(&out);
    frame
}
