//! What a worker gathers: statements and sightings, bounded, mergeable in any order.
//!
//! Hosts that exchanged something are kept apart from those that only sent, so that a flood from invented
//! addresses crowds out no device that answers or is answered.

mod pool;

use crate::totals::Totals;
use pool::Pool;
use std::collections::BTreeMap;
use wardline_inventory::{Domain, Exchange, Host, HostSeen, ServiceSeen, Sightings};
use wardline_model::{About, Fact, Mac, PacketRef, Seen, Statement};

/// Bytes of statements that stations make of themselves: 160,000 of usual length, what 5,000 devices say in a day.
const STATEMENTS_BYTES: usize = 80 << 20;
/// Bytes of statements about equipment: one gateway may speak for thousands.
const EQUIPMENT_BYTES: usize = 16 << 20;
/// Bytes of hosts, of stations, and of services; each is 60,000 of them.
const SIGHTINGS_BYTES: usize = 12 << 20;
/// Bytes of where stations stand: most in one domain, a router in all; 80,000 of them.
const DOMAINS_BYTES: usize = 8 << 20;
/// Bytes of exchanges: every host asks several.
const EXCHANGES_BYTES: usize = 24 << 20;
/// Bytes of what was seen of those who only sent, per kind: 20,000.
const ONE_SIDED_BYTES: usize = 4 << 20;
/// Bytes of what those who only send say of themselves: broadcasts count here, and every device of a hospital
/// broadcasts; 5,000 devices need more than the 4 MiB above.
const ANNOUNCED_BYTES: usize = 16 << 20;

/// Sightings of those who spoke with another, and of those who only sent.
#[derive(Debug)]
struct Kind<K, V> {
    mutual: Pool<K, V>,
    one_sided: Pool<K, V>,
}

impl<K: Eq + std::hash::Hash + Ord, V> Kind<K, V> {
    fn new(most: usize, one_sided: usize, seed: u64) -> Self {
        Self { mutual: Pool::new(most, seed), one_sided: Pool::new(one_sided, seed) }
    }

    const fn of(&mut self, mutual: bool) -> &mut Pool<K, V> {
        if mutual { &mut self.mutual } else { &mut self.one_sided }
    }

    fn join(&mut self, other: Self, merge: impl Fn(&mut V, V) + Copy) {
        self.mutual.join(other.mutual, merge);
        self.one_sided.join(other.one_sided, merge);
    }

    /// Everything in order, and how many additions were left out.
    fn into_sorted(self, merge: impl Fn(&mut V, V)) -> (BTreeMap<K, V>, u64) {
        self.into_sorted_with(|key| key, merge)
    }

    /// The same, each key as `finish` leaves it.
    fn into_sorted_with(self, finish: impl Fn(K) -> K, merge: impl Fn(&mut V, V)) -> (BTreeMap<K, V>, u64) {
        let mut pairs = Vec::new();
        let left_out =
            self.mutual.empty_into(&mut pairs).saturating_add(self.one_sided.empty_into(&mut pairs));
        let pairs = pairs.into_iter().map(|(key, value)| (finish(key), value)).collect();
        (sorted(pairs, merge), left_out)
    }
}

/// A map of pairs in any order; the values of equal keys are merged.
fn sorted<K: Ord, V>(mut pairs: Vec<(K, V)>, merge: impl Fn(&mut V, V)) -> BTreeMap<K, V> {
    pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut rest = pairs.into_iter().peekable();
    let merged = std::iter::from_fn(|| {
        let (key, mut value) = rest.next()?;
        while let Some((_, more)) = rest.next_if(|next| next.0 == key) {
            merge(&mut value, more);
        }
        Some((key, value))
    });
    merged.collect()
}

/// A worker's gatherings.
#[derive(Debug)]
pub(crate) struct Gather {
    statements: Kind<Statement, Seen>,
    equipment: Kind<Statement, Seen>,
    hosts: Kind<Host, HostSeen>,
    stations: Kind<Mac, Seen>,
    domains: Pool<(Mac, Domain), ()>,
    services: Pool<ServiceSeen, Seen>,
    exchanges: Kind<Exchange, Seen>,
    pub(crate) totals: Totals,
}

impl Gather {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            statements: Kind::new(STATEMENTS_BYTES, ANNOUNCED_BYTES, seed),
            equipment: Kind::new(EQUIPMENT_BYTES, ONE_SIDED_BYTES, seed),
            hosts: Kind::new(SIGHTINGS_BYTES, ONE_SIDED_BYTES, seed),
            stations: Kind::new(SIGHTINGS_BYTES, ONE_SIDED_BYTES, seed),
            domains: Pool::new(DOMAINS_BYTES, seed),
            services: Pool::new(SIGHTINGS_BYTES, seed),
            exchanges: Kind::new(EXCHANGES_BYTES, ONE_SIDED_BYTES, seed),
            totals: Totals::default(),
        }
    }

    /// A statement was made in `packet`; `mutual` when it was made in a conversation.
    pub(crate) fn statement(&mut self, statement: Statement, packet: PacketRef, mutual: bool) {
        let heap = statement.facts.iter().map(heap_of).sum();
        let kind = match statement.about {
            About::Speaker => &mut self.statements,
            About::Equipment => &mut self.equipment,
        };
        kind.of(mutual).add(statement, heap, Seen::once(packet), merge_seen);
    }

    /// A station sent; `mutual` when another sent to it too.
    pub(crate) fn station(&mut self, mac: Mac, seen: &Seen, mutual: bool) {
        if mac.is_station() {
            self.stations.of(mutual).add(mac, 0, seen.clone(), merge_seen);
        }
    }

    /// A station was seen in a broadcast domain.
    pub(crate) fn domain(&mut self, mac: Mac, domain: Domain) {
        if mac.is_station() {
            self.domains.add((mac, domain), 0, (), |(), ()| ());
        }
    }

    pub(crate) fn host(&mut self, host: Host, seen: &HostSeen, mutual: bool) {
        self.hosts.of(mutual).add(host, 0, seen.clone(), merge_host);
    }

    pub(crate) fn service(&mut self, service: ServiceSeen, seen: Seen) {
        self.services.add(service, 0, seen, merge_seen);
    }

    pub(crate) fn exchange(&mut self, exchange: Exchange, seen: Seen, mutual: bool) {
        self.exchanges.of(mutual).add(exchange, 0, seen, merge_seen);
    }

    /// Adds what another worker gathered.
    pub(crate) fn join(&mut self, other: Self) {
        self.totals.add(&other.totals);
        self.statements.join(other.statements, merge_seen);
        self.equipment.join(other.equipment, merge_seen);
        self.hosts.join(other.hosts, merge_host);
        self.stations.join(other.stations, merge_seen);
        self.domains.join(other.domains, |(), ()| ());
        self.services.join(other.services, merge_seen);
        self.exchanges.join(other.exchanges, merge_seen);
    }

    /// Everything, in order, with what was counted.
    pub(crate) fn into_sightings(self) -> (Sightings, Totals) {
        let mut totals = self.totals;
        // Lists of facts were made with room for several; most have one, and they stay.
        let fit = |mut statement: Statement| {
            statement.facts.shrink_to_fit();
            statement
        };
        let (mut observations, statements) = self.statements.into_sorted_with(fit, merge_seen);
        let (equipment, equipment_left_out) = self.equipment.into_sorted_with(fit, merge_seen);
        observations.extend(equipment);
        let (hosts, of_hosts) = self.hosts.into_sorted(merge_host);
        let (stations, of_stations) = self.stations.into_sorted(merge_seen);
        let mut domains = Vec::new();
        let of_domains = self.domains.empty_into(&mut domains);
        let mut services = Vec::new();
        let of_services = self.services.empty_into(&mut services);
        let (exchanges, of_exchanges) = self.exchanges.into_sorted(merge_seen);
        for left_out in [statements, equipment_left_out] {
            totals.shed_facts = totals.shed_facts.saturating_add(left_out);
        }
        for left_out in [of_hosts, of_stations, of_domains, of_services, of_exchanges] {
            totals.shed_sightings = totals.shed_sightings.saturating_add(left_out);
        }
        let domains = sorted(domains, |(), ()| ());
        let services = sorted(services, merge_seen);
        (Sightings { observations, hosts, stations, domains, services, exchanges }, totals)
    }
}

/// Bytes of a fact, its texts and what allocating them costs.
fn heap_of(fact: &Fact) -> usize {
    let texts = fact.value.len() + fact.version.as_ref().map_or(0, |version| version.len()) + fact.rule.len();
    size_of::<Fact>() + texts + 48
}

#[expect(clippy::needless_pass_by_value, reason = "what a pool merges is given to it")]
fn merge_seen(into: &mut Seen, more: Seen) {
    into.merge(&more);
}

#[expect(clippy::needless_pass_by_value, reason = "what a pool merges is given to it")]
fn merge_host(into: &mut HostSeen, more: HostSeen) {
    into.merge(&more);
}
