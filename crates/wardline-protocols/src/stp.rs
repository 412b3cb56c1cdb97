//! Spanning tree (IEEE 802.1D, 802.1Q clauses 13 and 14; also per VLAN, as Cisco sends it): which stations are
//! ports of bridges, and of which.
//!
//! In: one protocol data unit per call. Out: the bridge's own MAC for the port that speaks, when one port tells of
//! one bridge. Refuses: the root, which is another. The identifier of a VLAN or an instance is no part of it.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact, Mac};
use wardline_wire::frame::LinkProtocol;
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "stp",
    carriers: &[Carrier::Link(LinkProtocol::Stp), Carrier::Link(LinkProtocol::Snap(0x0c, 0x010b))],
    ports: &[],
    probe: |_| Verdict::No,
    start: |_| Box::new(Stp::default()),
};

/// Kinds of unit: configuration, rapid and multiple, change of topology.
const CONFIGURATION: u8 = 0;
const RAPID: u8 = 2;
const CHANGE: u8 = 0x80;

#[derive(Default)]
struct Stp {
    said: Once,
}

impl Dissector for Stp {
    fn read(&mut self, _side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match bridge(bytes) {
            Ok(Some(mac)) if self.said.is_new(mac) => {
                let facts = [
                    Fact::new(Attribute::Mac, &mac.to_string(), 85, "stp.bridge"),
                    // Hypervisors have bridges too, of addresses made up.
                    Fact::new(Attribute::Class, "it.net", 40, "stp.bridge").filter(|_| !mac.is_local()),
                ];
                notes.speaker(Side::Opener, facts);
            }
            Ok(_) => {}
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

/// The MAC of the bridge that sent a unit.
fn bridge(bytes: &[u8]) -> Result<Option<Mac>, Fault> {
    let mut reader = Reader::new(bytes);
    if reader.u16("protocol")? != 0 {
        return Err(Fault::Unsupported("bridge protocol"));
    }
    let _version = reader.u8("version")?;
    match reader.u8("kind")? {
        CHANGE => return Ok(None),
        CONFIGURATION | RAPID => {}
        _ => return Err(Fault::Malformed("kind of unit")),
    }
    reader.skip(1 + 8 + 4, "flags, root and cost")?;
    reader.skip(2, "bridge priority")?;
    let mac = Mac(reader.array("bridge address")?);
    Ok(Some(mac).filter(|mac| mac.is_station()))
}
