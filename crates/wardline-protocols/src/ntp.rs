//! NTP (RFC 5905) and SNTP: who serves time, and how far a clock is off.
//!
//! In: datagrams. Out: clock offset of servers and clients. Many clients fill the transmit time with random
//! bits instead of their time: a client's is believed when it is near, or when two of its packets agree.
//! Refuses: mode 6 and 7 (control and private), whose bytes are no times.

use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
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

#[derive(Default)]
struct Ntp {
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
    match (shape, probe.port(123)) {
        (true, true) => Verdict::Yes,
        _ => Verdict::No,
    }
}

impl Dissector for Ntp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let mode = bytes.first().map_or(0, |b| b & 7);
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
