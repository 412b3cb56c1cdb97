//! Bindings: which station has which address, said by the protocols that decide it on the link.
//!
//! In: the statements of ARP, neighbour discovery and DHCP (proof that the address is on this link), and
//! of LLDP, CDP and spanning tree (the same device, perhaps another port). Out: pairs of MAC and address with
//! their times.

use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{About, Attribute, Mac, Observations, Seen, Statement, Subject};

/// Protocols whose word on an address holds on the observed link.
const LINK_PROTOCOLS: &[&str] = &["arp", "icmpv6", "dhcp", "dhcpv6"];
/// Protocols by which a device tells of its management address or chassis, which may be on another port.
const NEIGHBOUR_PROTOCOLS: &[&str] = &["lldp", "cdp", "stp"];

/// A word on an address, and when it was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<'a> {
    /// Protocol that carried it.
    pub(crate) protocol: &'static str,
    /// When it was said.
    pub(crate) seen: &'a Seen,
}

/// What the statements bind.
#[derive(Debug, Default)]
pub(crate) struct Bindings<'a> {
    /// Addresses of stations, proved on the link.
    pub(crate) on_link: BTreeMap<(Mac, IpAddr), Vec<Bound<'a>>>,
    /// Management addresses that stations tell.
    pub(crate) told: BTreeMap<(Mac, IpAddr), Vec<&'a Seen>>,
    /// MACs that a station says are its own too (LLDP chassis).
    pub(crate) chassis: BTreeMap<(Mac, Mac), Vec<&'a Seen>>,
}

impl<'a> Bindings<'a> {
    /// Reads the bindings out of all statements.
    pub(crate) fn read(observations: &'a Observations) -> Self {
        let mut bindings = Self::default();
        for (statement, seen) in observations {
            if statement.about == About::Speaker {
                bindings.add(statement, seen);
            }
        }
        bindings
    }

    fn bind(&mut self, mac: Mac, ip: IpAddr, protocol: &'static str, seen: &'a Seen) {
        self.on_link.entry((mac, ip)).or_default().push(Bound { protocol, seen });
    }

    fn add(&mut self, statement: &Statement, seen: &'a Seen) {
        let on_link = LINK_PROTOCOLS.contains(&statement.protocol);
        if !on_link && !NEIGHBOUR_PROTOCOLS.contains(&statement.protocol) {
            return;
        }
        // The MAC in a client's identifier may be of another interface, or of the machine it was copied from.
        if statement.protocol == "dhcpv6" && matches!(statement.subject, Subject::Host { .. }) {
            return;
        }
        let (station, address) = match statement.subject {
            Subject::Mac(mac) => (Some(mac), None),
            Subject::Host { ip, mac } if on_link => (None, Some(ip).filter(|_| mac.is_some())),
            Subject::Host { mac, .. } => (mac, None),
            Subject::Named(ip) => (None, Some(ip)),
        };
        for fact in &statement.facts {
            match (fact.attribute, station, address) {
                (Attribute::Mac, _, Some(ip)) => {
                    if let Some(mac) = read_mac(&fact.value) {
                        self.bind(mac, ip, statement.protocol, seen);
                    }
                }
                (Attribute::Mac, Some(station), None) => {
                    if let Some(mac) = read_mac(&fact.value).filter(|mac| *mac != station) {
                        self.chassis.entry((station, mac)).or_default().push(seen);
                    }
                }
                (Attribute::Ip, Some(mac), None) => {
                    if let Ok(ip) = fact.value.parse::<IpAddr>() {
                        if on_link {
                            self.bind(mac, ip, statement.protocol, seen);
                        } else {
                            self.told.entry((mac, ip)).or_default().push(seen);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// A station's MAC in its usual form, `00:1b:21:bb:20:02`; groups, zero and other forms are none.
pub(crate) fn read_mac(text: &str) -> Option<Mac> {
    let mut bytes = [0_u8; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    let mac = Mac(bytes);
    (parts.next().is_none() && mac.is_station()).then_some(mac)
}
