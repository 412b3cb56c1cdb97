//! ICMPv6 neighbour discovery (RFC 4861): which station has which address, and who routes.
//!
//! In: one message per call, from its type. Out: bindings from solicitations (the sender's), advertisements
//! (the target's) and router messages; the sender of a router advertisement with a lifetime is a router.
//! Refuses: the rest of ICMPv6. Limit: [`OPTIONS_MAX`] options.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict};
use std::net::Ipv6Addr;
use wardline_model::{Attribute, Fact, Mac, Role};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "icmpv6",
    carriers: &[Carrier::Ip(58)],
    ports: &[],
    probe: |_| Verdict::No,
    start: |_| Box::new(Icmpv6::default()),
};

/// Options read: real messages have below ten.
const OPTIONS_MAX: usize = 32;
/// Option of the sender's link-layer address.
const SOURCE_LINK: u8 = 1;
/// Option of the target's link-layer address.
const TARGET_LINK: u8 = 2;

#[derive(Default)]
struct Icmpv6 {
    said: Once,
}

impl Dissector for Icmpv6 {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if self.message(side, bytes, notes).is_err() {
            notes.malformed = true;
        }
        Step::skip(bytes.len())
    }
}

impl Icmpv6 {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let mut reader = Reader::new(bytes);
        let kind = reader.u8("ICMPv6 type")?;
        reader.skip(3, "ICMPv6 code and checksum")?;
        match kind {
            133 => {
                reader.skip(4, "router solicitation")?;
                self.speaker(side, link_address(reader, SOURCE_LINK)?, notes);
            }
            134 => {
                reader.skip(2, "hop limit and flags")?;
                let lifetime = reader.u16("router lifetime")?;
                reader.skip(8, "router timers")?;
                self.speaker(side, link_address(reader, SOURCE_LINK)?, notes);
                if lifetime != 0 && self.said.is_new((side, "router")) {
                    let role = Fact::new(Attribute::Role, Role::Router.as_str(), 90, "icmpv6.router");
                    notes.speaker(side, [role]);
                }
            }
            135 => {
                reader.skip(20, "neighbour solicitation")?;
                self.speaker(side, link_address(reader, SOURCE_LINK)?, notes);
            }
            136 => {
                reader.skip(4, "neighbour flags")?;
                let target = Ipv6Addr::from(reader.array("neighbour target")?);
                if let Some(mac) = link_address(reader, TARGET_LINK)? {
                    self.bind(target, mac, notes);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn speaker(&mut self, side: Side, mac: Option<Mac>, notes: &mut Notes) {
        if let Some(mac) = mac
            && self.said.is_new((side, mac))
        {
            notes.speaker(side, [Fact::new(Attribute::Mac, &mac.to_string(), 90, "icmpv6.source-link")]);
        }
    }

    fn bind(&mut self, ip: Ipv6Addr, mac: Mac, notes: &mut Notes) {
        if ip.is_multicast() || ip.is_unspecified() || ip.is_loopback() {
            notes.malformed = true;
        } else if self.said.is_new((ip, mac)) {
            let fact = Fact::new(Attribute::Mac, &mac.to_string(), 90, "icmpv6.target-link");
            notes.address(ip.into(), [fact]);
        }
    }
}

/// The 48-bit address in the first option of that kind.
fn link_address(mut options: Reader<'_>, kind: u8) -> Result<Option<Mac>, Fault> {
    for _ in 0..OPTIONS_MAX {
        if options.is_empty() {
            return Ok(None);
        }
        let this = options.u8("option type")?;
        // In units of 8 bytes, the head included; zero would never end (RFC 4861 section 4.6).
        let length = usize::from(options.u8("option length")?).saturating_mul(8);
        let size = length.checked_sub(2).ok_or(Fault::Malformed("option length"))?;
        let mut value = options.sub(size, "option")?;
        if this == kind && length == 8 {
            let mac = Mac(value.array("link-layer address")?);
            return mac.is_station().then_some(Some(mac)).ok_or(Fault::Malformed("link-layer address"));
        }
    }
    Err(Fault::TooLarge("option count"))
}
