//! Carriers that are protocols of IP: IP in IP (RFC 2003, 2473, 4213), GRE, EtherIP (RFC 3378), L2TPv3 (RFC 3931),
//! MPLS in IP (RFC 4023), and UDP.

use super::fit::{self, Header};
use super::{Content, Inner, IpPacket, Opened, Tunnel, gre, link, udp};
use crate::frame::Transport;

/// Protocol numbers.
const IPV4: u8 = 4;
const UDP: u8 = 17;
const IPV6: u8 = 41;
const GRE: u8 = 47;
const ETHERIP: u8 = 97;
const L2TP: u8 = 115;
const MPLS: u8 = 137;

/// The carrier that an IP packet is, if it is one.
pub(super) fn recognised<'a>(packet: &IpPacket<'a>) -> Opened<'a> {
    let content = Content::cut(packet.payload, packet.missing);
    let six = packet.source.is_ipv6();
    match packet.protocol {
        UDP => match packet.transport() {
            Transport::Udp(datagram) => udp::recognised(&datagram),
            _ => None,
        },
        IPV4 if fit::v4(content) => {
            Some((if six { Tunnel::FourInSix } else { Tunnel::FourInFour }, Inner::Ip(content)))
        }
        // Some senders put either version into the protocol of IPv6.
        IPV6 | IPV4 if fit::v6(content) => {
            Some((if six { Tunnel::SixInSix } else { Tunnel::SixInFour }, Inner::Ip(content)))
        }
        GRE => gre::recognised(content),
        ETHERIP => ether_ip(content),
        L2TP => udp::l2tp_session(content),
        MPLS => link::labels(content),
        _ => None,
    }
}

/// Version 3 and twelve bits of zero, then a frame.
fn ether_ip(content: Content<'_>) -> Opened<'_> {
    let frame = content.head::<2>().filter(|head| **head == [0x30, 0]).and_then(|_| content.after(2))?;
    fit::ethernet(frame, Header::Telling).then_some((Tunnel::EtherIp, Inner::Ethernet(frame)))
}
