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

    fn fitting(self, fit: fn(&mut K)) -> Self {
        Self { mutual: self.mutual.fitting(fit), one_sided: self.one_sided.fitting(fit) }
    }

    const fn of(&mut self, mutual: bool) -> &mut Pool<K, V> {
        if mutual { &mut self.mutual } else { &mut self.one_sided }
    }

    fn join(&mut self, other: Self, merge: impl Fn(&mut V, &V) + Copy) {
        self.mutual.join(other.mutual, merge);
        self.one_sided.join(other.one_sided, merge);
    }

    /// Everything in order, and how many additions were left out.
    fn into_sorted(self, merge: impl Fn(&mut V, &V)) -> (BTreeMap<K, V>, u64) {
        // Room for all at once: a list that moves while it grows is there twice.
        let mut pairs = Vec::with_capacity(self.mutual.len().saturating_add(self.one_sided.len()));
        let left_out =
            self.mutual.empty_into(&mut pairs).saturating_add(self.one_sided.empty_into(&mut pairs));
        (sorted(pairs, merge), left_out)
    }
}

/// A map of pairs in any order; the values of equal keys are merged. The pairs are merged where they stand, and the map
/// is made of their list: there is no third copy of them.
fn sorted<K: Ord, V>(mut pairs: Vec<(K, V)>, merge: impl Fn(&mut V, &V)) -> BTreeMap<K, V> {
    pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    pairs.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            merge(&mut kept.1, &next.1);
        }
        same
    });
    pairs.into_iter().collect()
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
            statements: Kind::new(STATEMENTS_BYTES, ANNOUNCED_BYTES, seed).fitting(fit),
            equipment: Kind::new(EQUIPMENT_BYTES, ONE_SIDED_BYTES, seed).fitting(fit),
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
        kind.of(mutual).add(statement, heap, Seen::once(packet), Seen::merge);
    }

    /// A station sent; `mutual` when another sent to it too.
    pub(crate) fn station(&mut self, mac: Mac, seen: &Seen, mutual: bool) {
        if mac.is_station() {
            self.stations.of(mutual).add(mac, 0, seen.clone(), Seen::merge);
        }
    }

    /// A station was seen in a broadcast domain.
    pub(crate) fn domain(&mut self, mac: Mac, domain: Domain) {
        if mac.is_station() {
            self.domains.add((mac, domain), 0, (), |(), ()| ());
        }
    }

    pub(crate) fn host(&mut self, host: Host, seen: &HostSeen, mutual: bool) {
        self.hosts.of(mutual).add(host, 0, seen.clone(), HostSeen::merge);
    }

    pub(crate) fn service(&mut self, service: ServiceSeen, seen: Seen) {
        self.services.add(service, 0, seen, Seen::merge);
    }

    pub(crate) fn exchange(&mut self, exchange: Exchange, seen: Seen, mutual: bool) {
        self.exchanges.of(mutual).add(exchange, 0, seen, Seen::merge);
    }

    /// Adds what another worker gathered.
    pub(crate) fn join(&mut self, other: Self) {
        self.totals.add(&other.totals);
        self.statements.join(other.statements, Seen::merge);
        self.equipment.join(other.equipment, Seen::merge);
        self.hosts.join(other.hosts, HostSeen::merge);
        self.stations.join(other.stations, Seen::merge);
        self.domains.join(other.domains, |(), ()| ());
        self.services.join(other.services, Seen::merge);
        self.exchanges.join(other.exchanges, Seen::merge);
    }

    /// Everything, in order, with what was counted.
    pub(crate) fn into_sightings(self) -> (Sightings, Totals) {
        let mut totals = self.totals;
        let (mut observations, statements) = self.statements.into_sorted(Seen::merge);
        let (equipment, equipment_left_out) = self.equipment.into_sorted(Seen::merge);
        observations.extend(equipment);
        let (hosts, of_hosts) = self.hosts.into_sorted(HostSeen::merge);
        let (stations, of_stations) = self.stations.into_sorted(Seen::merge);
        let mut domains = Vec::with_capacity(self.domains.len());
        let of_domains = self.domains.empty_into(&mut domains);
        let mut services = Vec::with_capacity(self.services.len());
        let of_services = self.services.empty_into(&mut services);
        let (exchanges, of_exchanges) = self.exchanges.into_sorted(Seen::merge);
        for left_out in [statements, equipment_left_out] {
            totals.shed_facts = totals.shed_facts.saturating_add(left_out);
        }
        for left_out in [of_hosts, of_stations, of_domains, of_services, of_exchanges] {
            totals.shed_sightings = totals.shed_sightings.saturating_add(left_out);
        }
        let domains = sorted(domains, |(), ()| ());
        let services = sorted(services, Seen::merge);
        (Sightings { observations, hosts, stations, domains, services, exchanges }, totals)
    }
}

/// Lists of facts are made with room for several; most have one, and they stay.
fn fit(statement: &mut Statement) {
    statement.facts.shrink_to_fit();
}

/// Bytes of a fact, its texts and what allocating them costs.
fn heap_of(fact: &Fact) -> usize {
    let texts = fact.value.len() + fact.version.as_ref().map_or(0, |version| version.len()) + fact.rule.len();
    size_of::<Fact>() + texts + 48
}
