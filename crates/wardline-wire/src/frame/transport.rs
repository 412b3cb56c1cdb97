//! Transports: TCP (RFC 9293) and UDP (RFC 768) headers.
//!
//! In: an IP packet. Out: [`Transport`], borrowed. Lengths are those of the wire: what a snap length cut off is
//! said in `missing`; a UDP length beyond the packet is that of the whole datagram of a first fragment, or a lie.

use super::{IpPacket, TcpSegment, Transport, UdpDatagram, ip, length_of};
use crate::Fault;

/// Length of a UDP header.
const UDP_HEADER: u32 = 8;

/// Reads the transport header at the start of the payload.
#[inline(always)]
pub(super) fn decode<'a>(packet: &IpPacket<'a>) -> Transport<'a> {
    let read = match packet.protocol {
        6 => tcp(packet).map(Transport::Tcp),
        17 => udp(packet).map(Transport::Udp),
        other if ip::is_extension(other) && packet.source.is_ipv6() => {
            Err(Fault::Truncated("IPv6 extension header"))
        }
        other => Ok(Transport::Other(other, packet.payload)),
    };
    read.unwrap_or_else(Transport::Undecoded)
}

#[inline(always)]
fn tcp<'a>(packet: &IpPacket<'a>) -> Result<TcpSegment<'a>, Fault> {
    let Some((fixed, rest)) = packet.payload.split_first_chunk::<20>() else {
        return Err(short(packet, "TCP header"));
    };
    let &[p0, p1, q0, q1, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, w0, w1, c0, c1, _, _] = fixed;
    let Some(options) = usize::from(offset >> 4).saturating_mul(4).checked_sub(20) else {
        return Err(Fault::Malformed("TCP data offset"));
    };
    let (options, payload, missing) = match rest.split_at_checked(options) {
        Some((options, payload)) => (options, payload, packet.missing),
        None => {
            // The options end behind what is there: cut off, or a lie.
            let beyond = u32::try_from(options.saturating_sub(rest.len())).unwrap_or(u32::MAX);
            let missing = packet.missing.checked_sub(beyond).ok_or(Fault::Malformed("TCP data offset"))?;
            (rest, <&[u8]>::default(), missing)
        }
    };
    Ok(TcpSegment {
        source: u16::from_be_bytes([p0, p1]),
        destination: u16::from_be_bytes([q0, q1]),
        sequence: u32::from_be_bytes([s0, s1, s2, s3]),
        acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
        checksum: u16::from_be_bytes([c0, c1]),
        options,
        payload,
        missing,
    })
}

#[inline(always)]
fn udp<'a>(packet: &IpPacket<'a>) -> Result<UdpDatagram<'a>, Fault> {
    let Some((&[p0, p1, q0, q1, l0, l1, c0, c1], rest)) = packet.payload.split_first_chunk::<8>() else {
        return Err(short(packet, "UDP header"));
    };
    let sent = length_of(rest).saturating_add(packet.missing);
    let length = match u32::from(u16::from_be_bytes([l0, l1])) {
        // Above 64 KiB (RFC 2675) or left to the card: as long as the packet.
        0 => sent,
        length => length.checked_sub(UDP_HEADER).ok_or(Fault::Malformed("UDP length"))?.min(sent),
    };
    let payload = rest.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(rest);
    Ok(UdpDatagram {
        source: u16::from_be_bytes([p0, p1]),
        destination: u16::from_be_bytes([q0, q1]),
        checksum: u16::from_be_bytes([c0, c1]),
        payload,
        missing: length.saturating_sub(length_of(payload)),
    })
}

/// Too few bytes for a header: cut by the capture, or sent so.
const fn short(packet: &IpPacket<'_>, header: &'static str) -> Fault {
    if packet.missing > 0 { Fault::Truncated(header) } else { Fault::Malformed(header) }
}
