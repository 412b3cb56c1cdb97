//! The protocols, one line each.

use crate::{Dissector, Probe, Verdict};
use wardline_wire::frame::LinkProtocol;

/// What a protocol rides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// Directly on the link.
    Link(LinkProtocol),
    /// Directly on IP, by protocol number.
    Ip(u8),
    /// UDP datagrams.
    Datagram,
    /// A TCP stream.
    Stream,
}

/// A protocol.
#[derive(Clone, Copy)]
pub struct Protocol {
    /// Name, as in `flows[].protocol`.
    pub name: &'static str,
    /// What it rides on.
    pub carriers: &'static [Carrier],
    /// Usual ports of the serving side: they rank this protocol's probe first, nothing more.
    pub ports: &'static [u16],
    /// Recognises it. Not asked for link and IP protocols, which their header names.
    pub probe: fn(&Probe<'_>) -> Verdict,
    /// Makes a dissector for a flow over one of the carriers.
    pub start: fn(Carrier) -> Box<dyn Dissector>,
}

/// Every protocol, in the order in which they are asked when ports do not rank them: the most specific first.
pub static PROTOCOLS: &[Protocol] = &[
    // Named by the header of the link or of IP.
    crate::arp::PROTOCOL,
    crate::cdp::PROTOCOL,
    crate::icmpv6::PROTOCOL,
    crate::lldp::PROTOCOL,
    // Recognised by their bytes.
    crate::dicom::PROTOCOL,
    crate::hl7::PROTOCOL,
    crate::astm::PROTOCOL,
    crate::tls::PROTOCOL,
    crate::smb::PROTOCOL,
    crate::http::PROTOCOL,
    crate::dhcp::PROTOCOL,
    crate::snmp::PROTOCOL,
    crate::kerberos::PROTOCOL,
    crate::ldap::PROTOCOL,
    crate::nbns::PROTOCOL,
    crate::nbdgm::PROTOCOL,
    crate::llmnr::PROTOCOL,
    crate::mdns::PROTOCOL,
    crate::dns::PROTOCOL,
    crate::ssh::PROTOCOL,
    crate::rdp::PROTOCOL,
    crate::ftp::PROTOCOL,
    crate::telnet::PROTOCOL,
    crate::ntp::PROTOCOL,
];

/// Names that a dissector gives to a flow of its protocol once it knows more exactly what it is
/// ([`crate::Notes::known_as`]): what rides on HTTP, or one program of ONC RPC.
pub static NAMES_WITHIN: &[&str] = &[];

/// The protocols over `carrier`, those with one of `ports` first.
pub(crate) fn ranked(carrier: Carrier, ports: [u16; 2]) -> impl Iterator<Item = &'static Protocol> {
    let usual = move |p: &&Protocol| ports.iter().any(|port| p.ports.contains(port));
    let rides = move |p: &&Protocol| p.carriers.contains(&carrier);
    let first = PROTOCOLS.iter().filter(rides).filter(usual);
    first.chain(PROTOCOLS.iter().filter(rides).filter(move |p| !usual(p)))
}
