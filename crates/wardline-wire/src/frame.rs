//! Frames: one captured packet as a borrowed view, from the link to the transport.
//!
//! In: a link type and the captured bytes, possibly cut by a snap length, possibly hostile.
//! Out: [`Frame`], which borrows from them; nothing is allocated. What cannot be read is said
//! ([`Body::Undecoded`]), never guessed. Checksums are not required to be right: offloading machines leave
//! them unfilled.
//!
//! One file per layer: `frame/link.rs` (Ethernet, LLC, cooked, loopback, tags), `frame/serial.rs` (PPP, HDLC),
//! `frame/wlan.rs` (802.11), `frame/wrapped.rs` (links of fewer captures), `frame/ip.rs`, `frame/transport.rs`;
//! `frame/tunnel.rs` opens tunnels, `frame/fragments.rs` puts fragmented packets together again.

mod fragments;
mod ip;
mod link;
mod serial;
mod transport;
mod tunnel;
mod wlan;
mod wrapped;

#[cfg(test)]
mod tests;

pub use fragments::{FragmentCounters, Fragments, Reassembled, Whole};
pub use tunnel::{Tunnel, Tunnels};

use crate::Fault;
use crate::capture::LinkType;
use std::net::IpAddr;
use wardline_model::Mac;

/// VLAN tags of a frame, outermost first; further tags than [`Vlans::MAX`] are stepped over and not kept, and
/// neither is VLAN 0, which names a priority and no VLAN (802.1Q 9.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vlans {
    ids: [u16; Self::MAX],
    len: u8,
}

impl Vlans {
    /// Tags kept: QinQ has two, three and four are seen in carriers' networks.
    pub const MAX: usize = 4;

    /// The ids, outermost first.
    #[must_use]
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Adds a tag.
    pub fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len = self.len.saturating_add(1);
        }
    }
}

/// A decoded frame. Of tunnelled traffic it is the innermost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Sender on the link, where the link has addresses. `None` for a packet that a tunnel carries without a frame:
    /// the addresses around it are those of the tunnel's ends and of routers.
    pub source: Option<Mac>,
    /// Receiver on the link.
    pub destination: Option<Mac>,
    /// VLAN tags, those outside of tunnels too.
    pub vlans: Vlans,
    /// The tunnels that carry it.
    pub tunnels: Tunnels,
    /// What it carries.
    pub body: Body<'a>,
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// An IP packet.
    Ip(IpPacket<'a>),
    /// A protocol directly on the link, with its payload.
    Link(LinkProtocol, &'a [u8]),
    /// Nothing more could be read.
    Undecoded(Fault),
}

/// A protocol directly on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkProtocol {
    /// RFC 826, ethertype 0806.
    Arp,
    /// Cisco discovery, SNAP 00000C/2000.
    Cdp,
    /// 802.1X, ethertype 888E.
    Eapol,
    /// 802.1AB, ethertype 88CC.
    Lldp,
    /// 802.1D and successors, LLC 42.
    Stp,
    /// Another ethertype.
    EtherType(u16),
    /// Another LLC destination service access point.
    Llc(u8),
    /// Another SNAP protocol of an organisation.
    Snap(u32, u16),
}

/// An IP packet, extension headers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpPacket<'a> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// IPv4 identification, or that of an IPv6 fragment header; 0 when there is none.
    pub identification: u32,
    /// Set when this is a piece of a fragmented packet.
    pub fragment: Option<Fragment>,
    /// IP length on the wire (header and payload), also when the capture cut it; taken from what was captured
    /// when the header says 0 (segmentation offload).
    pub length: u32,
    /// Protocol of the payload (the last next header).
    pub protocol: u8,
    /// Captured payload, without link padding.
    pub payload: &'a [u8],
    /// Payload bytes that the header promises and the capture does not have.
    pub missing: u32,
}

/// A fragment's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of the payload in bytes.
    pub offset: u32,
    /// Whether more follow.
    pub more: bool,
}

/// The transport of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// A TCP segment.
    Tcp(TcpSegment<'a>),
    /// A UDP datagram: ports, checksum, payload.
    Udp(UdpDatagram<'a>),
    /// Another protocol, with its payload.
    Other(u8, &'a [u8]),
    /// The transport header could not be read.
    Undecoded(Fault),
}

/// A TCP segment (RFC 9293).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpSegment<'a> {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Flags, low byte: FIN 01, SYN 02, RST 04, PSH 08, ACK 10, URG 20.
    pub flags: u8,
    /// Window as sent.
    pub window: u16,
    /// Checksum as sent.
    pub checksum: u16,
    /// Options, raw.
    pub options: &'a [u8],
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire and not captured.
    pub missing: u32,
}

/// TCP flag bits.
pub mod tcp_flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Acknowledgement valid.
    pub const ACK: u8 = 0x10;
}

/// A UDP datagram (RFC 768).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpDatagram<'a> {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
    /// Checksum as sent.
    pub checksum: u16,
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire and not captured.
    pub missing: u32,
}

impl<'a> Frame<'a> {
    /// Reads the link and network layers of a captured packet, and those of the packet in a tunnel.
    #[must_use]
    pub fn decode(link: LinkType, bytes: &'a [u8]) -> Self {
        let mut frame = Self::default();
        frame.read(link, bytes);
        frame
    }

    /// The same in the place of a frame that is not needed any more: where speed matters, because a copy of what was
    /// written just before waits for it.
    pub fn read(&mut self, link: LinkType, bytes: &'a [u8]) {
        let Self { source, destination, vlans, tunnels, body } = self;
        (*source, *destination) = (None, None);
        (*vlans, *tunnels) = (Vlans::default(), Tunnels::default());
        *body = Body::Undecoded(Fault::Unsupported("link type"));
        if link == LinkType::ETHERNET {
            link::ethernet(bytes, self);
        } else {
            self.decode_other(link, bytes);
        }
        if tunnel::may_carry(&self.body) {
            tunnel::open(self);
        }
    }

    /// The same frame with a packet put together of it and others in its place, tunnels in that opened; once more a
    /// piece when what a tunnel carried was one.
    #[must_use]
    pub fn with_packet<'b>(&self, packet: IpPacket<'b>) -> Frame<'b> {
        let Self { source, destination, vlans, tunnels, body: _ } = *self;
        let mut frame = Frame { source, destination, vlans, tunnels, body: Body::Ip(packet) };
        if tunnel::may_carry(&frame.body) {
            tunnel::open(&mut frame);
        }
        frame
    }

    /// The frame without what it carries.
    #[must_use]
    pub const fn emptied(&self) -> Frame<'static> {
        let Self { source, destination, vlans, tunnels, body: _ } = *self;
        Frame { source, destination, vlans, tunnels, body: Body::Undecoded(Fault::Unsupported("nothing")) }
    }

    /// The links of fewer captures, apart from the one of nearly all.
    #[inline(never)]
    fn decode_other(&mut self, link: LinkType, bytes: &'a [u8]) {
        match link {
            LinkType::LINUX_SLL => link::cooked(bytes, self),
            LinkType::LINUX_SLL2 => link::cooked2(bytes, self),
            LinkType::NULL | LinkType::LOOP => self.body = link::loopback(bytes),
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => self.body = link::raw(bytes),
            LinkType::IPV4 => self.body = ip::packet4(bytes),
            LinkType::IPV6 => self.body = ip::packet6(bytes),
            LinkType::PPP | LinkType::PPP_HDLC => self.body = serial::ppp(bytes),
            LinkType::PPP_WITH_DIR | LinkType::PPP_PPPD => self.body = serial::ppp_directed(bytes),
            LinkType::PPP_ETHER => self.body = Body::Link(LinkProtocol::EtherType(0x8864), bytes),
            LinkType::C_HDLC => self.body = serial::cisco_hdlc(bytes),
            other => wrapped::read(other, bytes, self),
        }
    }

    /// A frame of a link without addresses and tags.
    fn bare(body: Body<'a>) -> Self {
        Self { source: None, destination: None, vlans: Vlans::default(), tunnels: Tunnels::default(), body }
    }
}

impl Default for Frame<'_> {
    /// A frame of which nothing was read.
    fn default() -> Self {
        Self::bare(Body::Undecoded(Fault::Unsupported("link type")))
    }
}

impl<'a> IpPacket<'a> {
    /// Reads an IPv4 or IPv6 packet with its extension headers. Those behind the fragment header of a piece are
    /// left in its payload: [`Fragments`] reads them in the whole packet.
    ///
    /// # Errors
    /// A [`Fault`] naming what was wrong.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Fault> {
        let body = match bytes.first().map(|first| first >> 4) {
            Some(4) => ip::packet4(bytes),
            Some(6) => ip::packet6(bytes),
            Some(_) => return Err(Fault::Malformed("IP version")),
            None => return Err(Fault::Truncated("IP header")),
        };
        match body {
            Body::Ip(packet) => Ok(packet),
            Body::Undecoded(fault) => Err(fault),
            Body::Link(..) => Err(Fault::Unsupported("IP")),
        }
    }

    /// Reads the transport header of the payload. Not for fragments with an offset.
    #[must_use]
    pub fn transport(&self) -> Transport<'a> {
        transport::decode(self)
    }
}

/// A length of captured bytes as the headers count; captures are far smaller than the type.
fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
