//! Use: whether a device treats, measures or examines now.
//!
//! In: the rules of `data/device-classes/usage.toml`, the device's class, what it said and with whom it spoke, and the
//! end of what was seen. Out: a state with its witness and age. In use outranks standby; a device that showed use
//! before, is still heard, and shows none any more is idle; where nothing shows anything the state is unknown.

use crate::clue::Clue;
use crate::device::Parts;
use std::sync::Arc;
use wardline_content::{Content, SignKey, UsageRule};
use wardline_model::{PacketRef, Timestamp, Usage, UseState};

/// What a rule found.
struct Shown<'c> {
    rule: &'c UsageRule,
    witness: &'static str,
    last: Timestamp,
    packet: Option<PacketRef>,
}

/// The use of a device of a class.
pub(crate) fn of(parts: &Parts<'_>, class: Option<&str>, content: &Content) -> Usage {
    let shown: Vec<Shown<'_>> = content
        .usages
        .values()
        .filter(|rule| rule.is_about(class))
        .filter_map(|rule| shows(rule, parts))
        .collect();
    let latest = |state: UseState, holds: bool| {
        let of = shown.iter().filter(|s| s.rule.state == state && (!holds || held(s, parts.until)));
        of.max_by(|a, b| (a.last, &b.rule.id).cmp(&(b.last, &a.rule.id)))
    };
    if let Some(used) = latest(UseState::InUse, true) {
        return usage(UseState::InUse, used, parts.until);
    }
    if let Some(ready) = latest(UseState::Standby, true) {
        return usage(UseState::Standby, ready, parts.until);
    }
    let heard = parts.seen.map_or(parts.until, |(_, last)| last);
    match latest(UseState::InUse, false) {
        Some(before) if seconds(before.last, heard) > u64::from(before.rule.hold_s) => {
            usage(UseState::Idle, before, parts.until)
        }
        _ => Usage::default(),
    }
}

fn held(shown: &Shown<'_>, until: Timestamp) -> bool {
    seconds(shown.last, until) <= u64::from(shown.rule.hold_s)
}

fn seconds(from: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.since(from) / Timestamp::SECOND).unwrap_or(0)
}

fn usage(state: UseState, shown: &Shown<'_>, until: Timestamp) -> Usage {
    Usage {
        state,
        because: Some(Arc::from(shown.rule.because.as_str())),
        rule: Some(Arc::from(shown.rule.id.as_str())),
        witness: Some(shown.witness),
        last: Some(shown.last),
        packet: shown.packet,
        age_s: Some(seconds(shown.last, until)),
    }
}

/// The latest sighting of what a rule asks for.
fn shows<'c>(rule: &'c UsageRule, parts: &Parts<'_>) -> Option<Shown<'c>> {
    let spoken = |protocol: &str| rule.protocols.iter().any(|name| name == protocol);
    let said = |clue: &&Clue<'_>| {
        let sign = (SignKey::Of(clue.attribute), clue.value);
        spoken(clue.protocol) && rule.said.all.iter().any(|condition| condition.is_met_by(sign))
    };
    let by_fact = parts.clues.iter().filter(said).map(|clue| (clue.protocol, clue.seen));
    let talks = parts.spoke.iter().filter(|(protocol, asks, _)| {
        rule.said.all.is_empty() && spoken(protocol) && rule.asks.is_none_or(|wanted| wanted == *asks)
    });
    // What others pass on of a device is its speaking too, though it is not heard itself.
    let passed = parts.clues.iter().filter(|clue| {
        clue.via.is_some() && rule.said.all.is_empty() && rule.asks.is_none() && spoken(clue.protocol)
    });
    let all = by_fact
        .chain(talks.map(|(protocol, _, seen)| (*protocol, *seen)))
        .chain(passed.map(|clue| (clue.protocol, clue.seen)));
    let (witness, seen) = all.max_by_key(|(protocol, seen)| (seen.last, *protocol))?;
    Some(Shown { rule, witness, last: seen.last, packet: seen.exemplars.first() })
}
