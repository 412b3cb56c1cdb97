//! NTP (RFC 5905) and SNTP: who serves time, and how far a clock is off.
//!
//! In: datagrams. Out: clock offset of servers and clients; the program and system that a server names to a
//! control query (mode 6, RFC 9327). Many clients fill the transmit time with random bits instead of their
//! time: a client's is believed when it is near, or when two of its packets agree. Refuses: private messages
//! (mode 7), which are named and not read.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use std::str;
use wardline_model::{Attribute, Fact, Timestamp};
use wardline_wire::Reader;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    carriers: &[Carrier::Datagram],
    ports: &[123],
    probe,
    start: |_| Box::new(Ntp::default()),
};

/// Seconds between the NTP era (1900) and the Unix epoch.
const ERA: i64 = 2_208_988_800;
/// A clock further off than this is a random transmit time, not a clock.
const PLAUSIBLE_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// A client's clock this near is its clock: random bits are so near once in 25,000 packets.
const NEAR_SECONDS_MAX: i64 = 86_400;
/// Two offsets this near are the same: seconds are cut, networks take their time.
const SAME_SECONDS_MAX: u64 = 2;

/// Modes of control and private messages.
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;
/// Bytes behind a control message's data: padding, key and digest.
const DIGEST_MAX: usize = 27;
/// Operation that reads variables.
const READ_VARIABLES: u8 = 2;
/// Systems that the variable of that name tells in this form, `Linux/5.10.0`.
const SYSTEMS: [&str; 8] = ["Linux", "FreeBSD", "NetBSD", "OpenBSD", "SunOS", "Darwin", "VMkernel", "AIX"];

#[derive(Default)]
struct Ntp {
    said_software: bool,
    /// What was said of each side.
    said: [Option<i64>; 2],
    /// What a client's last packet would mean.
    suspected: [Option<i64>; 2],
}

const fn is_same(one: Option<i64>, other: i64) -> bool {
    matches!(one, Some(one) if one.abs_diff(other) <= SAME_SECONDS_MAX)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Some((&[first, stratum, ..], rest)) = probe.bytes.split_first_chunk::<4>() else {
        return Verdict::No;
    };
    let (version, mode) = ((first >> 3) & 7, first & 7);
    let shape = rest.len() >= 44 && (1..=4).contains(&version) && (1..=5).contains(&mode) && stratum <= 16;
    let fits = shape || is_control(probe.bytes) || is_private(probe.bytes);
    if fits && probe.port(123) { Verdict::Yes } else { Verdict::No }
}

/// Whether this is a control message: its count is that of the bytes behind the head, up to a key's digest.
fn is_control(bytes: &[u8]) -> bool {
    let Some((&[first, operation, .., a, b], rest)) = bytes.split_first_chunk::<12>() else { return false };
    let count = usize::from(u16::from_be_bytes([a, b]));
    let version = (first >> 3) & 7;
    first & 7 == CONTROL
        && (1..=4).contains(&version)
        && (1..=12).contains(&(operation & 0x1f))
        && (count..=count.saturating_add(DIGEST_MAX)).contains(&rest.len())
}

/// Whether this is a private message of the implementations that have any.
fn is_private(bytes: &[u8]) -> bool {
    matches!(bytes, [first, _, 0 | 2 | 3, code, _, _, _, _, ..]
        if first & 7 == PRIVATE && (1..=4).contains(&((first >> 3) & 7)) && *code <= 45)
}

impl Dissector for Ntp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let mode = bytes.first().map_or(0, |b| b & 7);
        if mode == CONTROL {
            self.control(side, bytes, notes);
        }
        if mode == 3 {
            notes.requester = Some(side);
        }
        if mode == 4 {
            notes.requester = Some(side.peer());
        }
        if !(1..=5).contains(&mode) {
            return Step::skip(bytes.len());
        }
        let Some(offset) = transmit_offset(bytes, notes.time) else { return Step::skip(bytes.len()) };
        let agreed = is_same(side.of(&mut self.suspected).replace(offset), offset);
        let believed = mode != 3 || offset.abs() <= NEAR_SECONDS_MAX || agreed;
        if believed && !is_same(*side.of(&mut self.said), offset) {
            *side.of(&mut self.said) = Some(offset);
            notes.speaker(side, [Fact::new(Attribute::ClockOffset, &offset.to_string(), 80, "ntp.transmit")]);
        }
        Step::skip(bytes.len())
    }
}

impl Ntp {
    /// The variables of the system itself (association 0), as far as this datagram holds them whole.
    fn control(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let Some((&[_, operation, _, _, _, _, association, association_low, _, _, a, b], rest)) =
            bytes.split_first_chunk::<12>()
        else {
            return;
        };
        let answers = operation & 0x80 != 0;
        notes.requester.get_or_insert(if answers { side.peer() } else { side });
        let of_system = (association, association_low) == (0, 0);
        if !answers || operation & 0x5f != READ_VARIABLES || !of_system || self.said_software {
            return;
        }
        let count = usize::from(u16::from_be_bytes([a, b])).min(rest.len());
        let Some(text) = rest.get(..count).and_then(|text| str::from_utf8(text).ok()) else { return };
        let program = variable(text, "version").and_then(|words| {
            let (name, version) = words.split_once(' ')?;
            let version = version.split(['@', ' ']).next().unwrap_or_default();
            Fact::new(Attribute::Software, name, 85, "ntp.version").map(|fact| fact.with_version(version))
        });
        let system = variable(text, "system").and_then(|words| {
            let (name, version) = words.split_once('/')?;
            let fact =
                Fact::new(Attribute::Os, name, 80, "ntp.system").filter(|_| SYSTEMS.contains(&name))?;
            Some(fact.with_version(version))
        });
        self.said_software = program.is_some() || system.is_some();
        notes.speaker(side, [program, system]);
    }
}

/// The quoted value of a variable in a list, `name="value", …`.
fn variable<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    loop {
        let (before, after) = rest.split_once(name)?;
        if let Some(value) =
            after.strip_prefix("=\"").filter(|_| !before.ends_with(|c: char| c.is_alphanumeric()))
        {
            return value.split_once('"').map(|(value, _)| value);
        }
        rest = after;
    }
}

/// Whole seconds by which the sender's transmit timestamp is ahead of `now`, when plausible.
fn transmit_offset(bytes: &[u8], now: Timestamp) -> Option<i64> {
    let mut reader = Reader::new(bytes);
    reader.skip(40, "ntp head").ok()?;
    let seconds = i64::from(reader.u32("transmit seconds").ok()?);
    let fraction = reader.u32("transmit fraction").ok()?;
    if seconds == 0 || fraction == 0 {
        return None;
    }
    let offset = seconds.saturating_sub(ERA).saturating_sub(now.0.checked_div(Timestamp::SECOND)?);
    (offset.abs() < PLAUSIBLE_SECONDS_MAX).then_some(offset)
}
