//! What was told lately, so that it is not told every second: new things go out at once, known ones once a minute with
//! all that was added meanwhile.
//!
//! A server that is told of a heartbeat every second does work that changes nothing. Nothing is lost by waiting: what is
//! added merges. At the turn of an hour everything goes out, so that hours can be told apart.
//! Limits: [`HELD_MAX`] things of a kind are remembered; those beyond go out each time.

use super::sums::Sums;
use crate::totals::Totals;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::BTreeMap;
use std::hash::Hash;
use wardline_inventory::{
    Conversation, Domain, Exchange, Host, HostSeen, SensorBatch, ServiceSeen, Sightings, Spoken,
};
use wardline_model::{Mac, Seen, Statement, Timestamp};

/// How long a known thing waits.
const TOLD_EVERY: i64 = 60 * Timestamp::SECOND;
/// Not seen for so long, a thing is forgotten, and new when it comes again.
const FORGOTTEN_AFTER: i64 = 3_600 * Timestamp::SECOND;
/// Things of a kind that are remembered: what 5,000 devices say in a day, some 80 MB of statements.
const HELD_MAX: usize = 160_000;
/// At its turn everything is told.
const HOUR: i64 = 3_600 * Timestamp::SECOND;

/// Things of one kind.
#[derive(Debug)]
struct Kind<K, V> {
    held: HashMap<K, Held<V>>,
}

#[derive(Debug)]
struct Held<V> {
    waiting: Option<V>,
    told: Timestamp,
}

impl<K: Clone + Eq + Hash + Ord, V> Kind<K, V> {
    fn new() -> Self {
        Self { held: HashMap::new() }
    }

    /// Takes things in; those to be told now go to `out`.
    fn pass(
        &mut self,
        things: impl IntoIterator<Item = (K, V)>,
        now: Timestamp,
        out: &mut BTreeMap<K, V>,
        merge: fn(&mut V, &V),
    ) {
        for (key, value) in things {
            let full = self.held.len() >= HELD_MAX;
            match self.held.entry(key) {
                Entry::Occupied(mut there) => {
                    let held = there.get_mut();
                    match &mut held.waiting {
                        Some(waiting) => merge(waiting, &value),
                        None => held.waiting = Some(value),
                    }
                }
                Entry::Vacant(free) => {
                    out.insert(free.key().clone(), value);
                    if !full {
                        free.insert(Held { waiting: None, told: now });
                    }
                }
            }
        }
    }

    /// Moves what has waited long enough, or everything, to `out`; forgets what was not seen for long.
    fn due(&mut self, now: Timestamp, everything: bool, out: &mut BTreeMap<K, V>) {
        self.held.retain(|key, held| {
            // A clock that was set back makes nothing wait longer.
            let since = now.since(held.told);
            let waited = !(0..TOLD_EVERY).contains(&since);
            if (waited || everything)
                && let Some(value) = held.waiting.take()
            {
                out.insert(key.clone(), value);
                held.told = now;
                return true;
            }
            since < FORGOTTEN_AFTER || held.waiting.is_some()
        });
    }
}

/// What was told lately, of all kinds.
#[derive(Debug)]
pub(super) struct Recent {
    statements: Kind<Statement, Seen>,
    hosts: Kind<Host, HostSeen>,
    stations: Kind<Mac, Seen>,
    domains: Kind<(Mac, Domain), ()>,
    services: Kind<ServiceSeen, Seen>,
    exchanges: Kind<Exchange, Seen>,
    conversations: Kind<Conversation, Spoken>,
    hour: i64,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            statements: Kind::new(),
            hosts: Kind::new(),
            stations: Kind::new(),
            domains: Kind::new(),
            services: Kind::new(),
            exchanges: Kind::new(),
            conversations: Kind::new(),
            hour: 0,
        }
    }

    /// Passes on what is to be told at `now` of what was gathered; `last` tells everything that waits.
    pub(super) fn pass(
        &mut self,
        seen: Sightings,
        sums: Sums,
        now: Timestamp,
        last: Last,
        batch: &mut SensorBatch,
    ) {
        let hour = now.0.div_euclid(HOUR);
        let everything = last == Last::Yes || hour != self.hour;
        self.hour = hour;
        let to = &mut batch.sightings;
        self.statements.pass(seen.observations, now, &mut to.observations, Seen::merge);
        self.hosts.pass(seen.hosts, now, &mut to.hosts, HostSeen::merge);
        self.stations.pass(seen.stations, now, &mut to.stations, Seen::merge);
        self.domains.pass(seen.domains, now, &mut to.domains, |(), ()| ());
        self.services.pass(seen.services, now, &mut to.services, Seen::merge);
        self.exchanges.pass(seen.exchanges, now, &mut to.exchanges, Seen::merge);
        self.conversations.pass(sums.conversations, now, &mut batch.conversations, Spoken::merge);
        self.statements.due(now, everything, &mut to.observations);
        self.hosts.due(now, everything, &mut to.hosts);
        self.stations.due(now, everything, &mut to.stations);
        self.domains.due(now, everything, &mut to.domains);
        self.services.due(now, everything, &mut to.services);
        self.exchanges.due(now, everything, &mut to.exchanges);
        self.conversations.due(now, everything, &mut batch.conversations);
    }
}

/// Whether more will follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// This is the last batch.
    Yes,
    /// More will follow.
    No,
}

/// Counters by name, those that are not 0.
pub(super) fn counters(totals: &Totals) -> BTreeMap<&'static str, u64> {
    totals
        .named()
        .into_iter()
        .filter(|(name, count)| *count > 0 && !["packets", "bytes"].contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_model::PacketRef;

    const START: i64 = 1_000 * HOUR;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(START + seconds * Timestamp::SECOND)
    }

    fn told(recent: &mut Recent, station: u8, seconds: i64, last: Last) -> Vec<(u8, u64)> {
        let seen = Seen::once(PacketRef::new(0, 1, at(seconds)));
        let stations = BTreeMap::from([(Mac([2, 0, 0, 0, 0, station]), seen)]);
        let mut batch = SensorBatch::default();
        let sightings = Sightings { stations, ..Sightings::default() };
        recent.pass(sightings, Sums::default(), at(seconds), last, &mut batch);
        batch.sightings.stations.iter().map(|(mac, seen)| (mac.0[5], seen.count)).collect()
    }

    #[test]
    fn new_things_go_out_at_once_and_known_ones_once_a_minute() {
        let mut recent = Recent::new();
        assert_eq!(told(&mut recent, 1, 0, Last::No), [(1, 1)]);
        assert_eq!(told(&mut recent, 1, 1, Last::No), []);
        assert_eq!(told(&mut recent, 2, 30, Last::No), [(2, 1)]);
        assert_eq!(told(&mut recent, 1, 61, Last::No), [(1, 2)], "all that was added meanwhile");
        assert_eq!(told(&mut recent, 1, 62, Last::No), []);
        assert_eq!(told(&mut recent, 2, 63, Last::Yes), [(1, 1), (2, 1)], "at the end nothing is held back");
        assert_eq!(told(&mut recent, 1, 3_599, Last::No), [(1, 1)]);
        assert_eq!(told(&mut recent, 1, 3_601, Last::No), [(1, 1)], "another hour");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_wait() {
        let mut recent = Recent::new();
        assert_eq!(told(&mut recent, 1, 0, Last::No), [(1, 1)]);
        assert_eq!(told(&mut recent, 1, -500_000, Last::No), [(1, 1)]);
    }

    #[test]
    fn what_was_not_seen_for_an_hour_is_forgotten() {
        let mut recent = Recent::new();
        told(&mut recent, 1, 0, Last::No);
        told(&mut recent, 2, 5_000, Last::No);
        assert_eq!(recent.stations.held.len(), 1);
    }
}
