//! Ports and addresses of makers whose protocols nobody has published: clues, never names of flows.
//!
//! In: the ends of a finished flow, and whether its bytes were recognised. Out: for what was not, the maker's port
//! in use, by name and end; whoever calls an address that a maker built into its devices. Ports from IANA's
//! registry and makers' manuals, addresses from advisories (CISA ICSMA-25-030-01); none seen in a capture of ours.

use crate::{Notes, Side};
use std::net::IpAddr;
use wardline_model::{Attribute, Fact, Transport};

/// Ports of streams, by the name of their service.
const PORTS: &[(u16, &str)] = &[
    (3_613, "alaris-disc"),
    (3_076, "axeda-gateway"),
    (4_601, "mindray-monitor"),
    (7_711, "welch-allyn-nrs"),
    (12_000, "navicare"),
    (56_120, "axeda-agent"),
    (56_130, "axeda-agent"),
];
/// The network of the two addresses that the monitors of Contec and their relabels call.
const CONTEC_NETWORK: [u8; 3] = [202, 114, 4];
/// How sure a port is, with bytes that nobody knows.
const PORT_CONFIDENCE: u8 = 20;

/// Notes what the ends of a finished flow say: each its address and port, the opener first. Whether there was
/// anything to say.
pub fn note_vendor(
    transport: Transport,
    [_, accepter]: [(IpAddr, u16); 2],
    recognised: bool,
    notes: &mut Notes,
) -> bool {
    let before = notes.said.len();
    if is_built_in(accepter.0) && transport == Transport::Tcp {
        let (name, rule) = ("hard-coded-address", "vendor.contec-address");
        notes.speaker(Side::Opener, [Fact::new(Attribute::Weakness, name, 85, rule)]);
    }
    let port = PORTS.iter().find(|(port, _)| *port == accepter.1);
    if let (Transport::Tcp, false, Some((_, name))) = (transport, recognised, port) {
        for (side, end) in [(Side::Opener, "client"), (Side::Accepter, "server")] {
            let said = format!("{name} {end}");
            notes.speaker(side, [Fact::new(Attribute::VendorPort, &said, PORT_CONFIDENCE, "vendor.port")]);
        }
    }
    notes.said.len() > before
}

/// Whether an address is one that a maker built into its devices.
fn is_built_in(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.octets().starts_with(&CONTEC_NETWORK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(transport: Transport, to: [u8; 4], port: u16, recognised: bool) -> Vec<String> {
        let mut notes = Notes::default();
        let ends = [(IpAddr::from([10, 1, 2, 3]), 40_000), (IpAddr::from(to), port)];
        let any = note_vendor(transport, ends, recognised, &mut notes);
        assert_eq!(any, !notes.said.is_empty());
        notes.said.iter().flat_map(|said| &said.facts).map(|fact| fact.value.to_string()).collect()
    }

    #[test]
    fn a_port_is_a_clue_where_nothing_was_recognised() {
        let server = [10, 1, 2, 4];
        assert_eq!(said(Transport::Tcp, server, 3613, false), ["alaris-disc client", "alaris-disc server"]);
        assert_eq!(said(Transport::Tcp, server, 3613, true), [""; 0], "TLS or HTTP on that port is not it");
        assert_eq!(said(Transport::Udp, server, 3613, false), [""; 0]);
        assert_eq!(said(Transport::Tcp, server, 3614, false), [""; 0]);
    }

    #[test]
    fn who_calls_a_built_in_address_is_told_whatever_it_says() {
        assert_eq!(said(Transport::Tcp, [202, 114, 4, 119], 515, true), ["hard-coded-address"]);
        assert_eq!(said(Transport::Tcp, [202, 114, 4, 120], 511, false), ["hard-coded-address"]);
        assert_eq!(said(Transport::Tcp, [202, 114, 5, 120], 511, false), [""; 0]);
    }
}
