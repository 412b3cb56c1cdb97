//! Frames: Ethernet II (IEEE 802.3), ARP (RFC 826), IPv4 (RFC 791), ICMP (RFC 792), UDP (RFC 768), TCP (RFC 9293),
//! IPv6 (RFC 8200) with neighbour discovery (RFC 4861).
//!
//! Comes in: addresses, numbers, payload. Goes out: a frame as a switch would mirror it, padded to 60 bytes,
//! without the frame check sequence, all checksums right. No VLAN tags, no fragments, no extension headers.

use std::net::{Ipv4Addr, Ipv6Addr};
use wardline_model::{Mac, Timestamp};

/// The broadcast station.
pub(crate) const BROADCAST: Mac = Mac([0xff; 6]);
/// Shortest Ethernet frame without its check sequence.
pub(crate) const FRAME_BYTES_MIN: usize = 60;

/// A frame and when the mirror port saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When.
    pub time: Timestamp,
    /// The Ethernet frame, without its check sequence.
    pub bytes: Vec<u8>,
}

/// The file header of a capture: pcap 2.4, nanoseconds, little-endian, Ethernet.
#[must_use]
pub fn pcap_header() -> [u8; 24] {
    let mut out = [0; 24];
    out[..4].copy_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
    out[4..6].copy_from_slice(&2_u16.to_le_bytes());
    out[6..8].copy_from_slice(&4_u16.to_le_bytes());
    out[16..20].copy_from_slice(&262_144_u32.to_le_bytes());
    out[20..].copy_from_slice(&1_u32.to_le_bytes());
    out
}

/// The record header that stands before a packet's bytes in such a capture.
#[must_use]
pub fn pcap_record(packet: &Packet) -> [u8; 16] {
    let (seconds, nanos) =
        (packet.time.0.div_euclid(Timestamp::SECOND), packet.time.0.rem_euclid(Timestamp::SECOND));
    let mut out = [0; 16];
    out[..4].copy_from_slice(&(seconds as u32).to_le_bytes());
    out[4..8].copy_from_slice(&(nanos as u32).to_le_bytes());
    out[8..12].copy_from_slice(&(packet.bytes.len() as u32).to_le_bytes());
    out[12..].copy_from_slice(&(packet.bytes.len() as u32).to_le_bytes());
    out
}

/// The Internet checksum (RFC 1071) over several pieces, each but the last of even length.
fn checksum(pieces: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for piece in pieces {
        for pair in piece.chunks(2) {
            sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An Ethernet II frame, padded as a station pads it.
pub(crate) fn ethernet(to: Mac, from: Mac, ethertype: u16, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME_BYTES_MIN.max(14 + body.len()));
    out.extend_from_slice(&to.0);
    out.extend_from_slice(&from.0);
    out.extend_from_slice(&ethertype.to_be_bytes());
    out.extend_from_slice(body);
    if out.len() < FRAME_BYTES_MIN {
        out.resize(FRAME_BYTES_MIN, 0);
    }
    out
}

/// An 802.3 frame with its length field, for LLC users such as CDP.
pub(crate) fn ethernet_length(to: Mac, from: Mac, body: &[u8]) -> Vec<u8> {
    ethernet(to, from, body.len() as u16, body)
}

/// An ARP packet for Ethernet and IPv4: operation 1 asks, 2 answers.
pub(crate) fn arp(operation: u8, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let mut out = vec![0, 1, 8, 0, 6, 4, 0, operation];
    out.extend_from_slice(&sender.0.0);
    out.extend_from_slice(&sender.1.octets());
    out.extend_from_slice(&target.0.0);
    out.extend_from_slice(&target.1.octets());
    out
}

/// Fields of an IPv4 header that the sender's stack chooses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip {
    pub(crate) from: Ipv4Addr,
    pub(crate) to: Ipv4Addr,
    pub(crate) protocol: u8,
    pub(crate) ttl: u8,
    pub(crate) id: u16,
    pub(crate) dont_fragment: bool,
}

pub(crate) fn ipv4(ip: Ip, body: &[u8]) -> Vec<u8> {
    let total = (20 + body.len()) as u16;
    let mut out = Vec::with_capacity(usize::from(total));
    out.extend_from_slice(&[0x45, 0]);
    out.extend_from_slice(&total.to_be_bytes());
    out.extend_from_slice(&ip.id.to_be_bytes());
    out.extend_from_slice(&[if ip.dont_fragment { 0x40 } else { 0 }, 0, ip.ttl, ip.protocol, 0, 0]);
    out.extend_from_slice(&ip.from.octets());
    out.extend_from_slice(&ip.to.octets());
    let sum = checksum(&[&out]);
    out[10..12].copy_from_slice(&sum.to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn pseudo_header(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: usize) -> [u8; 12] {
    let mut out = [0; 12];
    out[..4].copy_from_slice(&from.octets());
    out[4..8].copy_from_slice(&to.octets());
    out[9] = protocol;
    out[10..].copy_from_slice(&(length as u16).to_be_bytes());
    out
}

pub(crate) fn udp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len();
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(&from.1.to_be_bytes());
    out.extend_from_slice(&to.1.to_be_bytes());
    out.extend_from_slice(&(length as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(payload);
    let sum = match checksum(&[&pseudo_header(from.0, to.0, 17, length), &out]) {
        0 => 0xffff,
        sum => sum,
    };
    out[6..8].copy_from_slice(&sum.to_be_bytes());
    out
}

/// An ICMP echo request (8) or reply (0).
pub(crate) fn icmp_echo(kind: u8, id: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0, 0, 0];
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(payload);
    let sum = checksum(&[&out]);
    out[2..4].copy_from_slice(&sum.to_be_bytes());
    out
}

/// Neighbour discovery messages.
pub(crate) mod neighbour {
    pub(crate) const ROUTER_SOLICITATION: u8 = 133;
    pub(crate) const SOLICITATION: u8 = 135;
    pub(crate) const ADVERTISEMENT: u8 = 136;
}

/// An IPv6 packet with a neighbour discovery message: hop limit 255, as RFC 4861 demands.
///
/// `flags` are the reserved word (an advertisement's flags); `own` becomes a link-layer address option.
pub(crate) fn icmpv6(
    ends: (Ipv6Addr, Ipv6Addr),
    kind: u8,
    flags: u32,
    target: Option<Ipv6Addr>,
    own: Option<Mac>,
) -> Vec<u8> {
    let mut body = vec![kind, 0, 0, 0];
    body.extend_from_slice(&flags.to_be_bytes());
    if let Some(target) = target {
        body.extend_from_slice(&target.octets());
    }
    if let Some(mac) = own {
        body.extend_from_slice(&[if kind == neighbour::ADVERTISEMENT { 2 } else { 1 }, 1]);
        body.extend_from_slice(&mac.0);
    }
    let length = (body.len() as u32).to_be_bytes();
    let sum = checksum(&[&ends.0.octets(), &ends.1.octets(), &length, &[0, 0, 0, 58], &body]);
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut out = vec![0x60, 0, 0, 0, 0, body.len() as u8, 58, 255];
    out.extend_from_slice(&ends.0.octets());
    out.extend_from_slice(&ends.1.octets());
    out.extend_from_slice(&body);
    out
}

/// The multicast address on which the owner of an address is asked for, and its MAC (RFC 4291, RFC 2464).
pub(crate) fn solicited_node(address: Ipv6Addr) -> (Mac, Ipv6Addr) {
    let [.., d, e, f] = address.octets();
    let group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, d, e, f];
    (Mac([0x33, 0x33, 0xff, d, e, f]), Ipv6Addr::from(group))
}

/// A TCP segment's own fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) from: (Ipv4Addr, u16),
    pub(crate) to: (Ipv4Addr, u16),
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    /// Already padded to a multiple of four.
    pub(crate) options: &'a [u8],
    pub(crate) payload: &'a [u8],
}

/// The segment; `offloaded` leaves its sum to an interface that has not added it yet.
pub(crate) fn tcp(segment: &Segment<'_>, offloaded: bool) -> Vec<u8> {
    let header = 20 + segment.options.len();
    let mut out = Vec::with_capacity(header + segment.payload.len());
    out.extend_from_slice(&segment.from.1.to_be_bytes());
    out.extend_from_slice(&segment.to.1.to_be_bytes());
    out.extend_from_slice(&segment.sequence.to_be_bytes());
    out.extend_from_slice(&segment.acknowledged.to_be_bytes());
    out.extend_from_slice(&[((header / 4) << 4) as u8, segment.flags]);
    out.extend_from_slice(&segment.window.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0]);
    out.extend_from_slice(segment.options);
    out.extend_from_slice(segment.payload);
    let pseudo = pseudo_header(segment.from.0, segment.to.0, 6, out.len());
    let sum = if offloaded { !checksum(&[&pseudo]) } else { checksum(&[&pseudo, &out]) };
    out[16..18].copy_from_slice(&sum.to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_worked_example_of_rfc_1071() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }

    #[test]
    fn short_frames_are_padded_to_sixty_bytes() {
        assert_eq!(ethernet(BROADCAST, Mac::default(), 0x0806, &[0; 28]).len(), 60);
    }

    #[test]
    fn record_header_carries_seconds_nanoseconds_and_length() {
        let packet = Packet { time: Timestamp(3_000_000_007), bytes: vec![0; 60] };
        let header = pcap_record(&packet);
        assert_eq!(header[..8], [3, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!(header[8], 60);
    }
}
