//! Tunnels: packets and frames that other packets and frames carry.
//!
//! In: a [`Frame`] read down to its first IP packet or link protocol. Out: the same frame with the innermost one in
//! its place, the carriers passed in [`Frame::tunnels`]. A carrier is opened only when its own header is right and
//! what it carries is too: a port alone opens nothing, and what does not fit is left as it was, a packet of the
//! carrier. Pieces of packets are not opened: [`super::Fragments`] puts them together first, and
//! [`Frame::with_packet`] goes on. Limits: [`Tunnels::MAX`] carriers. Refused: what is encrypted (ESP, MACsec, DTLS)
//! or compressed, CAPWAP and 802.11 pieces, multicast registration.
//!
//! `tunnel/ip.rs` knows the carriers that are protocols of IP, `tunnel/gre.rs` GRE and what it is used for,
//! `tunnel/udp.rs` those with a port, `tunnel/link.rs` those with an ethertype, `tunnel/fit.rs` decides whether bytes
//! are a packet or a frame.

mod fit;
mod gre;
mod ip;
mod link;
mod udp;

#[cfg(test)]
mod tests;

use super::{Body, Frame, IpPacket, LinkProtocol, length_of, serial, wlan};
use crate::Fault;
use std::fmt;

/// A carrier of packets or frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tunnel {
    /// MPLS labels, RFC 3032, also over UDP (RFC 7510), with or without a pseudo-wire (RFC 4448).
    Mpls,
    /// PPP over Ethernet, RFC 2516.
    Pppoe,
    /// Provider backbone bridges, 802.1ah.
    Backbone,
    /// Cisco FabricPath.
    FabricPath,
    /// IPv4 in IPv4, RFC 2003.
    FourInFour,
    /// IPv6 in IPv4, RFC 4213; also 6to4, 6rd and ISATAP.
    SixInFour,
    /// IPv4 in IPv6, RFC 2473.
    FourInSix,
    /// IPv6 in IPv6, RFC 2473.
    SixInSix,
    /// GRE, RFC 2784 and 2890; NVGRE, RFC 7637; PPTP, RFC 2637; over UDP, RFC 8086.
    Gre,
    /// A mirror port sent away: ERSPAN types I, II and III.
    Erspan,
    /// VXLAN, RFC 7348.
    Vxlan,
    /// VXLAN with a protocol field, draft-ietf-nvo3-vxlan-gpe.
    VxlanGpe,
    /// GENEVE, RFC 8926.
    Geneve,
    /// IPv6 through address translation, RFC 4380.
    Teredo,
    /// Access points and their controller, RFC 5415.
    Capwap,
    /// User traffic of mobile networks, 3GPP TS 29.281.
    Gtp,
    /// L2TP, RFC 2661 and 3931.
    L2tp,
    /// Ethernet in IP, RFC 3378.
    EtherIp,
    /// Frames that a sniffing access point sends away: TZSP.
    Tzsp,
}

impl Tunnel {
    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Backbone => "802.1ah",
            Self::FabricPath => "fabricpath",
            Self::FourInFour => "ipip",
            Self::SixInFour => "6in4",
            Self::FourInSix => "4in6",
            Self::SixInSix => "6in6",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::VxlanGpe => "vxlan-gpe",
            Self::Geneve => "geneve",
            Self::Teredo => "teredo",
            Self::Capwap => "capwap",
            Self::Gtp => "gtp",
            Self::L2tp => "l2tp",
            Self::EtherIp => "etherip",
            Self::Tzsp => "tzsp",
        }
    }

    /// Whether a packet without a frame of its own still comes from the machine whose address the frame has.
    const fn keeps_addresses(self) -> bool {
        matches!(self, Self::Pppoe)
    }
}

/// The carriers around what a frame holds. The text form names them outermost first, `/` between them:
/// `erspan/vxlan`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnels([Option<Tunnel>; Self::MAX]);

impl Tunnels {
    /// Carriers in one another: twice what is built, so that a packet made of headers ends.
    pub const MAX: usize = 8;

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.0, [None, ..])
    }

    /// The carriers, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = Tunnel> + '_ {
        self.0.iter().map_while(|tunnel| *tunnel)
    }

    /// Adds a carrier inside the others; false when there are too many.
    fn push(&mut self, tunnel: Tunnel) -> bool {
        let slot = self.0.iter_mut().find(|slot| slot.is_none());
        slot.map(|slot| *slot = Some(tunnel)).is_some()
    }
}

impl fmt::Display for Tunnels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, tunnel) in self.iter().enumerate() {
            if number > 0 {
                f.write_str("/")?;
            }
            f.write_str(tunnel.as_str())?;
        }
        Ok(())
    }
}

/// Bytes behind a header, and how many were there on the wire: a snap length may have cut them.
#[derive(Clone, Copy, Debug)]
struct Content<'a> {
    bytes: &'a [u8],
    wire: u32,
}

impl<'a> Content<'a> {
    /// All of it was captured, or nothing says that it was not.
    fn all(bytes: &'a [u8]) -> Self {
        Self { bytes, wire: length_of(bytes) }
    }

    /// The payload of a packet or datagram.
    fn cut(bytes: &'a [u8], missing: u32) -> Self {
        Self { bytes, wire: length_of(bytes).saturating_add(missing) }
    }

    /// What follows `count` bytes.
    fn after(self, count: usize) -> Option<Self> {
        let wire = self.wire.checked_sub(u32::try_from(count).ok()?)?;
        Some(Self { bytes: self.bytes.get(count..)?, wire })
    }

    /// Bytes that the capture cut.
    fn missing(self) -> u32 {
        self.wire.saturating_sub(length_of(self.bytes))
    }

    /// The first `N` bytes.
    fn head<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.bytes.first_chunk::<N>()
    }
}

/// What a carrier carries.
#[derive(Clone, Copy, Debug)]
enum Inner<'a> {
    /// An IP packet.
    Ip(Content<'a>),
    /// A frame of Ethernet, from its destination address.
    Ethernet(Content<'a>),
    /// A frame of 802.11, from its frame control.
    Wlan(Content<'a>),
    /// A tag with an ethertype, and what is behind it.
    Tagged(u16, Content<'a>),
    /// PPP, from its address or protocol.
    Ppp(Content<'a>),
    /// More than we read.
    Refused(Fault),
}

/// A carrier recognised, and its content.
type Opened<'a> = Option<(Tunnel, Inner<'a>)>;

/// Whether a frame may be a carrier, where speed matters: most are TCP, and UDP of other ports.
#[inline(always)]
pub(super) fn may_carry(body: &Body<'_>) -> bool {
    match body {
        Body::Ip(packet) => match packet.protocol {
            6 => false,
            17 => udp::may_carry(packet.payload),
            _ => true,
        },
        Body::Link(..) => true,
        Body::Undecoded(_) => false,
    }
}

/// Opens carriers until there is none.
#[inline(never)]
pub(super) fn open(frame: &mut Frame<'_>) {
    // Every turn adds a carrier, of which there are few.
    while let Some((tunnel, inner)) = recognised(&frame.body) {
        let mut inside = *frame;
        if !tunnel.keeps_addresses() {
            (inside.source, inside.destination) = (None, None);
        }
        if !inside.tunnels.push(tunnel) {
            frame.body = Body::Undecoded(Fault::TooLarge("stack of tunnels"));
            return;
        }
        let content = read(inner, &mut inside);
        let on_link = matches!(frame.body, Body::Link(..));
        match inside.body {
            // Longer than its carrier; on a link, the length of what the capture cut is not known here.
            Body::Ip(packet) if !on_link && packet.missing > content.missing() => return,
            Body::Ip(_) | Body::Link(..) => *frame = inside,
            Body::Undecoded(fault) => {
                // A carrier on the link that was cut is no protocol of its own.
                if on_link && matches!(fault, Fault::Truncated(_) | Fault::TooLarge(_)) {
                    frame.body = inside.body;
                }
                return;
            }
        }
    }
}

fn recognised<'a>(body: &Body<'a>) -> Opened<'a> {
    match body {
        Body::Ip(packet) if packet.fragment.is_none() => ip::recognised(packet),
        Body::Link(LinkProtocol::EtherType(kind), bytes) => link::recognised(*kind, Content::all(bytes)),
        Body::Ip(_) | Body::Link(..) | Body::Undecoded(_) => None,
    }
}

/// Reads what a carrier carries; returns the content read.
fn read<'a>(inner: Inner<'a>, frame: &mut Frame<'a>) -> Content<'a> {
    match inner {
        Inner::Ip(content) => {
            frame.body = packet(content);
            content
        }
        Inner::Ethernet(content) => {
            super::link::ethernet_apart(content.bytes, frame);
            content
        }
        Inner::Wlan(content) => {
            wlan::read(content.bytes, wlan::Layout::default(), frame);
            content
        }
        Inner::Tagged(kind, content) => {
            super::link::payload_apart(kind, content.bytes, frame);
            content
        }
        Inner::Ppp(content) => {
            frame.body = serial::ppp(content.bytes);
            content
        }
        Inner::Refused(fault) => {
            frame.body = Body::Undecoded(fault);
            Content::all(&[])
        }
    }
}

/// An IP packet of either version.
fn packet(content: Content<'_>) -> Body<'_> {
    IpPacket::decode(content.bytes).map_or_else(Body::Undecoded, Body::Ip)
}
