//! GE CARESCAPE (Unity) network: time synchronisation (where a monitor or server stands), heartbeats, alarms.
//!
//! In: broadcast datagrams: the node's address, of a synchronisation also unit, room and time. Out: the location, and
//! that a node speaks. Heartbeats (7000) and alarms (7001) are taken for what they are only when the address within
//! is that of the sender; nothing else is published of them, and nothing else of them is read: an alarm is about a
//! patient. Layout from a gateway vendor's description, not from a capture: unverified.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use std::net::{IpAddr, Ipv4Addr};
use wardline_model::{Attribute, Fact, Timestamp, is_device_address};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "carescape",
    carriers: &[Carrier::Datagram],
    ports: &[SYNCHRONISATION, HEARTBEAT, ALARM],
    probe,
    start: |_| Box::new(Carescape::default()),
};

const SYNCHRONISATION: u16 = 2_000;
const HEARTBEAT: u16 = 7_000;
const ALARM: u16 = 7_001;
/// Bytes of a time synchronisation.
const LENGTH: usize = 64;
/// Shortest heartbeat: the head with the node's address, and something behind it.
const HEARTBEAT_MIN: usize = 16;
/// Seconds between 1900 and the Unix epoch.
const ERA: i64 = 2_208_988_800;
/// A time further off than this is no time.
const PLAUSIBLE_SECONDS_MAX: u64 = 10 * 365 * 86_400;

fn probe(probe: &Probe<'_>) -> Verdict {
    let synchronises = probe.port(SYNCHRONISATION)
        && probe.bytes.len() == LENGTH
        && Synchronisation::of(probe.bytes).is_ok();
    let beats = (probe.port(HEARTBEAT) || probe.port(ALARM))
        && probe.bytes.len() >= HEARTBEAT_MIN
        && node(&mut Reader::new(probe.bytes)).is_ok();
    // Its time will tell, or its sender.
    if synchronises || beats { Verdict::Maybe } else { Verdict::No }
}

#[derive(Default)]
struct Carescape {
    said: Once,
    confirmed: bool,
}

impl Dissector for Carescape {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let own = node(&mut Reader::new(bytes)).is_ok_and(|node| notes.source == Some(node.into()));
        let Ok(synchronisation) = Synchronisation::of(bytes) else {
            // A heartbeat or an alarm: its sender names itself.
            if !own && !self.confirmed {
                return Step::Withdraw;
            }
            self.confirmed = true;
            notes.confirmed = true;
            notes.encrypted = Some(false);
            notes.malformed |= !own;
            return Step::skip(bytes.len());
        };
        let now = notes.time.0.checked_div(Timestamp::SECOND).unwrap_or_default();
        let then = i64::from(synchronisation.seconds).saturating_sub(ERA);
        if then.abs_diff(now) > PLAUSIBLE_SECONDS_MAX && !self.confirmed {
            return Step::Withdraw;
        }
        self.confirmed = true;
        notes.confirmed = true;
        notes.encrypted = Some(false);
        let fact = Fact::new(Attribute::Location, &synchronisation.place, 85, "carescape.unit-room");
        if self.said.is_new((side, &fact)) {
            notes.speaker(side, [fact]);
        }
        Step::skip(bytes.len())
    }
}

/// The address of the node, in the head of every datagram.
fn node(reader: &mut Reader<'_>) -> Result<Ipv4Addr, Fault> {
    reader.skip(6, "head")?;
    let node = Ipv4Addr::from(reader.array::<4>("node address")?);
    if is_device_address(IpAddr::from(node)) { Ok(node) } else { Err(Fault::Malformed("node address")) }
}

struct Synchronisation {
    place: String,
    seconds: u32,
}

impl Synchronisation {
    fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        node(&mut reader)?;
        reader.skip(14, "head")?;
        let place = reader.take(13, "unit and room")?;
        reader.skip(23, "rest")?;
        let seconds = reader.u32("time")?;
        let place = words(place).ok_or(Fault::Malformed("unit and room"))?;
        Ok(Self { place, seconds })
    }
}

/// Unit and room, each padded with NUL, the one from the other by a bar.
fn words(bytes: &[u8]) -> Option<String> {
    let printable = bytes.iter().all(|b| *b == 0 || (0x20..0x7F).contains(b));
    let parts = bytes.split(|b| matches!(*b, 0 | b'|'));
    let parts = parts.map(|part| String::from_utf8_lossy(part).trim().to_owned());
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    (printable && !parts.is_empty() && memchr::memchr(b'|', bytes).is_some()).then(|| parts.join("|"))
}
