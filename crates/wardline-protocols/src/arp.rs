//! ARP over Ethernet for IPv4 (RFC 826, RFC 5227): which station has which address.
//!
//! In: one packet per call. Out: the sender's binding, of requests, replies and announcements; of probes
//! (sender address unspecified) only that the station is there. Refuses: other hardware or protocol types,
//! and the target's half, which is a question or somebody else's memory. Limit: [`BINDINGS_MAX`].

use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use wardline_model::{Attribute, Fact, Mac};
use wardline_wire::frame::LinkProtocol;
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "arp",
    carriers: &[Carrier::Link(LinkProtocol::Arp)],
    ports: &[],
    probe: |_| Verdict::No,
    start: |_| Box::new(Arp::default()),
};

/// Addresses of one station whose binding is remembered; a router answering for others forgets the oldest.
const BINDINGS_MAX: usize = 16;

#[derive(Default)]
struct Arp {
    bindings: VecDeque<(Ipv4Addr, Mac)>,
}

impl Dissector for Arp {
    fn read(&mut self, _side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match sender(bytes) {
            Ok((mac, ip)) => self.bind(mac, ip, notes),
            Err(Fault::Unsupported(_)) => {}
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

/// The sender's hardware and protocol address.
fn sender(bytes: &[u8]) -> Result<(Mac, Ipv4Addr), Fault> {
    let mut reader = Reader::new(bytes);
    let hardware = reader.u16("ARP hardware type")?;
    let protocol = reader.u16("ARP protocol type")?;
    if (hardware != 1 && hardware != 6) || protocol != 0x0800 {
        return Err(Fault::Unsupported("ARP address types"));
    }
    if reader.array("ARP address lengths")? != [6, 4] {
        return Err(Fault::Malformed("ARP address lengths"));
    }
    if !matches!(reader.u16("ARP operation")?, 1 | 2) {
        return Err(Fault::Unsupported("ARP operation"));
    }
    let mac = Mac(reader.array("ARP sender hardware")?);
    let ip = Ipv4Addr::from(reader.array("ARP sender address")?);
    reader.skip(10, "ARP target")?;
    Ok((mac, ip))
}

impl Arp {
    fn bind(&mut self, mac: Mac, ip: Ipv4Addr, notes: &mut Notes) {
        if !mac.is_station() || ip.is_multicast() || ip.is_broadcast() || ip.is_loopback() {
            notes.malformed = true;
            return;
        }
        if self.bindings.contains(&(ip, mac)) {
            return;
        }
        self.bindings.retain(|&(known, _)| known != ip);
        if self.bindings.len() >= BINDINGS_MAX {
            self.bindings.pop_front();
        }
        self.bindings.push_back((ip, mac));
        if ip.is_unspecified() {
            // A probe (RFC 5227 section 2.1.1): the station is there, the address is not its own yet.
            notes.station(mac, [Fact::new(Attribute::Mac, &mac.to_string(), 90, "arp.probe")]);
        } else {
            notes.address(ip.into(), [Fact::new(Attribute::Mac, &mac.to_string(), 90, "arp.sender")]);
        }
    }
}
