//! What a worker gathers: statements and sightings, bounded per logical shard, mergeable in any order.

use crate::totals::Totals;
use foldhash::fast::FixedState;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};
use wardline_inventory::{Exchange, Host, HostSeen, ServiceSeen, Sightings};
use wardline_model::{About, Mac, PacketRef, Seen, Statement};

/// Different statements that stations of one logical shard may make of themselves.
const STATEMENTS_PER_SHARD_MAX: usize = 2048;
/// Different statements about equipment from one logical shard: one gateway may speak for thousands.
const EQUIPMENT_PER_SHARD_MAX: usize = 8192;
/// Different hosts, stations, services and exchanges of one logical shard.
const SIGHTINGS_PER_SHARD_MAX: usize = 2048;

/// What a logical shard has said so far, by digest. Kept per shard, so that what is left out when there is too
/// much does not depend on which worker holds the shard.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    statements: HashSet<u64, FixedState>,
    equipment: HashSet<u64, FixedState>,
    sightings: HashSet<u64, FixedState>,
}

/// A worker's gatherings.
#[derive(Debug)]
pub(crate) struct Gather {
    hasher: FixedState,
    statements: HashMap<Statement, Seen, FixedState>,
    hosts: HashMap<Host, HostSeen, FixedState>,
    stations: HashMap<Mac, Seen, FixedState>,
    services: HashMap<ServiceSeen, Seen, FixedState>,
    exchanges: HashMap<Exchange, Seen, FixedState>,
    pub(crate) totals: Totals,
}

impl Gather {
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = || FixedState::with_seed(seed);
        Self {
            hasher: hasher(),
            statements: HashMap::with_hasher(hasher()),
            hosts: HashMap::with_hasher(hasher()),
            stations: HashMap::with_hasher(hasher()),
            services: HashMap::with_hasher(hasher()),
            exchanges: HashMap::with_hasher(hasher()),
            totals: Totals::default(),
        }
    }

    /// A statement was made in `packet`, on behalf of a flow of the shard whose budget it is.
    pub(crate) fn statement(&mut self, statement: Statement, packet: PacketRef, budget: &mut Budget) {
        let (said, most) = match statement.about {
            About::Speaker => (&mut budget.statements, STATEMENTS_PER_SHARD_MAX),
            About::Equipment => (&mut budget.equipment, EQUIPMENT_PER_SHARD_MAX),
        };
        if !allowed(said, most, self.hasher.hash_one(&statement)) {
            self.totals.shed_facts = self.totals.shed_facts.saturating_add(1);
            return;
        }
        match self.statements.entry(statement) {
            Entry::Occupied(mut there) => there.get_mut().again(packet),
            Entry::Vacant(free) => {
                free.insert(Seen::once(packet));
            }
        }
    }

    pub(crate) fn station(&mut self, mac: Mac, seen: &Seen, budget: &mut Budget) {
        if mac.is_station() && self.has_room(1, mac, budget) {
            add(&mut self.stations, mac, seen, Seen::merge);
        }
    }

    pub(crate) fn host(&mut self, host: Host, seen: &HostSeen, budget: &mut Budget) {
        if self.has_room(2, host, budget) {
            add(&mut self.hosts, host, seen, HostSeen::merge);
        }
    }

    pub(crate) fn service(&mut self, service: ServiceSeen, seen: &Seen, budget: &mut Budget) {
        if self.has_room(3, service, budget) {
            add(&mut self.services, service, seen, Seen::merge);
        }
    }

    pub(crate) fn exchange(&mut self, exchange: Exchange, seen: &Seen, budget: &mut Budget) {
        if self.has_room(4, exchange, budget) {
            add(&mut self.exchanges, exchange, seen, Seen::merge);
        }
    }

    fn has_room(&mut self, kind: u8, key: impl Hash, budget: &mut Budget) -> bool {
        let room = allowed(&mut budget.sightings, SIGHTINGS_PER_SHARD_MAX, self.hasher.hash_one((kind, key)));
        self.totals.shed_sightings = self.totals.shed_sightings.saturating_add(u64::from(!room));
        room
    }

    /// Everything, in order.
    pub(crate) fn into_sightings(self) -> Sightings {
        Sightings {
            observations: sorted(self.statements),
            hosts: sorted(self.hosts),
            stations: sorted(self.stations),
            services: sorted(self.services),
            exchanges: sorted(self.exchanges),
        }
    }
}

fn allowed(said: &mut HashSet<u64, FixedState>, most: usize, digest: u64) -> bool {
    said.contains(&digest) || (said.len() < most && said.insert(digest))
}

fn add<K: Eq + Hash, V: Clone>(
    map: &mut HashMap<K, V, FixedState>,
    key: K,
    seen: &V,
    merge: impl Fn(&mut V, &V),
) {
    match map.entry(key) {
        Entry::Occupied(mut there) => merge(there.get_mut(), seen),
        Entry::Vacant(free) => {
            free.insert(seen.clone());
        }
    }
}

fn sorted<K: Ord, V>(map: HashMap<K, V, FixedState>) -> BTreeMap<K, V> {
    map.into_iter().collect()
}
