//! The protocols, one line each.

use crate::{Dissector, Probe, Verdict};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::LazyLock;
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
    crate::eapol::PROTOCOL,
    crate::icmpv6::PROTOCOL,
    crate::lldp::PROTOCOL,
    crate::stp::PROTOCOL,
    // Recognised by their bytes.
    crate::dicom::PROTOCOL,
    crate::hl7::PROTOCOL,
    crate::astm::PROTOCOL,
    crate::poct1a::PROTOCOL,
    crate::intellivue::PROTOCOL,
    crate::medibus::PROTOCOL,
    crate::phd::PROTOCOL,
    crate::tls::PROTOCOL,
    crate::dtls::PROTOCOL,
    crate::quic::PROTOCOL,
    crate::stun::PROTOCOL,
    crate::bgp::PROTOCOL,
    crate::sip::PROTOCOL,
    crate::smb::PROTOCOL,
    crate::dcerpc::PROTOCOL,
    crate::http::PROTOCOL,
    crate::rtsp::PROTOCOL,
    crate::pjl::PROTOCOL,
    crate::zpl::PROTOCOL,
    crate::dnp3::PROTOCOL,
    crate::enip::PROTOCOL,
    crate::bacnet::PROTOCOL,
    crate::opcua::PROTOCOL,
    crate::s7comm::PROTOCOL,
    crate::dhcp::PROTOCOL,
    crate::ssdp::PROTOCOL,
    crate::ws_discovery::PROTOCOL,
    crate::dhcpv6::PROTOCOL,
    crate::snmp::PROTOCOL,
    crate::kerberos::PROTOCOL,
    crate::ldap::PROTOCOL,
    crate::rpc::PORTMAP,
    crate::rpc::NFS,
    crate::radius::PROTOCOL,
    crate::nbns::PROTOCOL,
    crate::nbdgm::PROTOCOL,
    crate::llmnr::PROTOCOL,
    crate::mdns::PROTOCOL,
    crate::dns::PROTOCOL,
    crate::ssh::PROTOCOL,
    crate::mssql::PROTOCOL,
    crate::postgres::PROTOCOL,
    crate::mysql::PROTOCOL,
    crate::vnc::PROTOCOL,
    crate::rdp::PROTOCOL,
    crate::mqtt::PROTOCOL,
    crate::ftp::PROTOCOL,
    crate::smtp::PROTOCOL,
    crate::pop3::PROTOCOL,
    crate::imap::PROTOCOL,
    crate::redis::PROTOCOL,
    crate::telnet::PROTOCOL,
    crate::ntp::PROTOCOL,
    crate::carescape::PROTOCOL,
    crate::modbus::PROTOCOL,
    crate::coap::PROTOCOL,
    crate::ptp::PROTOCOL,
    crate::gtp::PROTOCOL,
    crate::syslog::PROTOCOL,
    crate::tftp::PROTOCOL,
    crate::rtcp::PROTOCOL,
    crate::rtp::PROTOCOL,
];

/// Names that a dissector gives to a flow of its protocol once it knows more exactly what it is
/// ([`crate::Notes::known_as`]): what rides on HTTP, or one program of ONC RPC.
pub static NAMES_WITHIN: &[&str] = &["ipp", "sdc", "websocket"];

/// The protocols over one carrier, in the order of the table, and by usual port.
struct Ranks {
    all: Vec<&'static Protocol>,
    usual: HashMap<u16, Vec<&'static Protocol>, FixedState>,
}

impl Ranks {
    fn over(carrier: Carrier) -> Self {
        let all: Vec<_> = PROTOCOLS.iter().filter(|p| p.carriers.contains(&carrier)).collect();
        let mut usual: HashMap<_, Vec<_>, _> = HashMap::default();
        for protocol in &all {
            for port in protocol.ports {
                usual.entry(*port).or_default().push(*protocol);
            }
        }
        Self { all, usual }
    }

    fn at(&self, port: u16) -> &[&'static Protocol] {
        self.usual.get(&port).map_or(&[], Vec::as_slice)
    }
}

static STREAM: LazyLock<Ranks> = LazyLock::new(|| Ranks::over(Carrier::Stream));
static DATAGRAM: LazyLock<Ranks> = LazyLock::new(|| Ranks::over(Carrier::Datagram));

/// The protocols over streams or datagrams, those with one of `ports` first; none over other carriers, whose
/// header names the protocol.
pub(crate) fn ranked(carrier: Carrier, ports: [u16; 2]) -> impl Iterator<Item = &'static Protocol> {
    let ranks = match carrier {
        Carrier::Stream => Some(&*STREAM),
        Carrier::Datagram => Some(&*DATAGRAM),
        Carrier::Link(_) | Carrier::Ip(_) => None,
    };
    let [one, other] = ports.map(|port| ranks.map_or(&[][..], |ranks| ranks.at(port)));
    let asked = move |p: &&Protocol, of: &[&Protocol]| of.iter().any(|o| std::ptr::eq(*o, *p));
    let second = other.iter().filter(move |p| !asked(p, one));
    let all = ranks.map_or(&[][..], |ranks| &ranks.all);
    let rest = all.iter().filter(move |p| !asked(p, one) && !asked(p, other));
    one.iter().chain(second).chain(rest).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_ports_rank_first_and_every_protocol_is_asked_once() {
        for (carrier, ports) in
            [(Carrier::Stream, [104, 2575]), (Carrier::Datagram, [53, 53]), (Carrier::Stream, [1, 2])]
        {
            let order: Vec<_> = ranked(carrier, ports).collect();
            let rides = PROTOCOLS.iter().filter(|p| p.carriers.contains(&carrier));
            assert_eq!(order.len(), rides.clone().count());
            assert!(rides.into_iter().all(|p| order.iter().filter(|o| o.name == p.name).count() == 1));
            let usual = |p: &&Protocol| ports.iter().any(|port| p.ports.contains(port));
            assert!(order.iter().skip_while(|p| usual(p)).all(|p| !usual(p)), "{ports:?}");
        }
        assert_eq!(ranked(Carrier::Ip(58), [0; 2]).count(), 0);
    }
}
