//! A bounded collection whose content does not depend on the order or the sharing of what is added.
//!
//! In: keys with values that add up. Out: of everything added, the keys with the lowest digests that fit the
//! bound, each with all of its sightings; the rest is counted. A key that is kept in the end was never left out
//! on the way, whoever saw what before: so any number of workers keep the same. The digest is the same in every
//! run, so a stranger could choose keys that stay; a bound is all that it could fill.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hash};
use wardline_wire::Chunks;

/// Keys that room is made for at a time.
const PIECE: usize = 64;

/// The digest that decides who stays; any number would do.
const DIGEST: FixedState = FixedState::with_seed(0x7761_7264);

/// What is held, with what it costs and how often it was added.
#[derive(Debug)]
struct Held<K, V> {
    key: K,
    value: V,
    hash: u64,
    times: u64,
    cost: usize,
}

impl<K: Hash, V> Held<K, V> {
    /// Asked for only where there is more than fits: most pools never fill.
    fn digest(&self) -> u64 {
        DIGEST.hash_one(&self.key)
    }
}

/// The collection. What is held lies close together in the order in which it came; the table knows where.
#[derive(Debug)]
pub(super) struct Pool<K, V> {
    held: Chunks<Held<K, V>, PIECE>,
    places: HashTable<usize>,
    hasher: FixedState,
    /// Makes a key that is held as small as it can be.
    fit: fn(&mut K),
    most: usize,
    cost: usize,
    /// Digests from here on are left out.
    closed: Option<u64>,
    times: u64,
}

impl<K: Eq + Hash + Ord, V> Pool<K, V> {
    /// A pool of at most `most` bytes; its hash table is seeded apart from the digests.
    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self {
            held: Chunks::default(),
            places: HashTable::new(),
            hasher: FixedState::with_seed(seed),
            fit: |_| (),
            most,
            cost: 0,
            closed: None,
            times: 0,
        }
    }

    /// The same, each key that is new made small by `fit`, which leaves it equal.
    pub(super) fn fitting(mut self, fit: fn(&mut K)) -> Self {
        self.fit = fit;
        self
    }

    /// How many keys are held.
    pub(super) const fn len(&self) -> usize {
        self.held.len()
    }

    /// Adds a key that holds `heap` bytes outside itself.
    pub(super) fn add(&mut self, key: K, heap: usize, value: V, merge: impl FnOnce(&mut V, &V)) {
        let cost = entry_cost::<K, V>() + heap;
        self.put(key, value, 1, cost, merge);
    }

    fn put(&mut self, mut key: K, value: V, times: u64, cost: usize, merge: impl FnOnce(&mut V, &V)) {
        self.times = self.times.saturating_add(times);
        let hash = self.hasher.hash_one(&key);
        let held = &mut self.held;
        let same = |at: &usize| held.get(*at).is_some_and(|there| there.key == key);
        match self.places.entry(hash, same, |at| held.get(*at).map_or(0, |there| there.hash)) {
            Entry::Occupied(there) => {
                if let Some(there) = held.get_mut(*there.get()) {
                    there.times = there.times.saturating_add(times);
                    merge(&mut there.value, &value);
                }
                return;
            }
            Entry::Vacant(free) => {
                if self.closed.is_some_and(|closed| DIGEST.hash_one(&key) >= closed) {
                    return;
                }
                (self.fit)(&mut key);
                free.insert(held.len());
                held.push(Held { key, value, hash, times, cost });
            }
        }
        self.cost = self.cost.saturating_add(cost);
        // Some slack, so that sorting out costs little per key.
        if self.cost > self.most.saturating_add(self.most / 4) {
            self.sort_out();
        }
    }

    /// Adds what another worker gathered.
    pub(super) fn join(&mut self, other: Self, merge: impl Fn(&mut V, &V)) {
        let kept: u64 = other.held.iter().map(|held| held.times).sum();
        self.times = self.times.saturating_add(other.times.saturating_sub(kept));
        drop(other.places);
        if let Some(closed) = other.closed {
            self.close(closed);
        }
        for held in other.held {
            self.put(held.key, held.value, held.times, held.cost, &merge);
        }
    }

    /// Keeps the lowest digests that fit.
    fn sort_out(&mut self) {
        if self.cost <= self.most {
            return;
        }
        let mut order: Vec<_> = self.held.iter().map(|held| (held.digest(), held.cost)).collect();
        order.sort_unstable();
        let mut sum = 0_usize;
        let over = order.iter().find(|(_, cost)| {
            sum = sum.saturating_add(*cost);
            sum > self.most
        });
        if let Some((digest, _)) = over {
            self.close(*digest);
        }
    }

    fn close(&mut self, digest: u64) {
        let closed = self.closed.map_or(digest, |closed| closed.min(digest));
        self.closed = Some(closed);
        let all = std::mem::take(&mut self.held);
        self.held = all.into_iter().filter(|held| held.digest() < closed).collect();
        self.cost = self.held.iter().map(|held| held.cost).sum();
        self.places.clear();
        for (at, held) in self.held.iter().enumerate() {
            self.places.insert_unique(held.hash, at, |at| self.held.get(*at).map_or(0, |there| there.hash));
        }
    }

    /// Everything kept, appended to `into` in no order, and how many additions were left out.
    pub(super) fn empty_into(mut self, into: &mut Vec<(K, V)>) -> u64 {
        self.sort_out();
        let kept: u64 = self.held.iter().map(|held| held.times).sum();
        into.extend(self.held.into_iter().map(|held| (held.key, held.value)));
        self.times.saturating_sub(kept)
    }
}

/// What a key and its value cost in a hash table that is seven eighths full at most and half on average.
const fn entry_cost<K, V>() -> usize {
    (size_of::<K>() + size_of::<V>() + 3 * size_of::<u64>()) * 3 / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn pool() -> Pool<u32, u64> {
        Pool::new(100 * entry_cost::<u32, u64>(), 7)
    }

    fn add(into: &mut u64, more: &u64) {
        *into += more;
    }

    #[test]
    fn what_stays_depends_on_neither_order_nor_sharing() {
        let additions: Vec<u32> = (0..5_000_u32).map(|n| n * 7919 % 1_000).collect();
        let mut alone = pool();
        additions.iter().for_each(|key| alone.add(*key, 0, 1, add));
        let mut expected = Vec::new();
        let left_out = alone.empty_into(&mut expected);
        let expected = BTreeMap::from_iter(expected);
        assert_eq!(expected.len(), 100);
        assert!(expected.values().all(|count| *count == 5), "a kept key lost sightings");
        assert_eq!(left_out, 5_000 - 500);
        for workers in [2, 3, 8] {
            let mut pools: Vec<_> = (0..workers).map(|_| pool()).collect();
            for (number, key) in additions.iter().rev().enumerate() {
                pools[number / 3 % workers].add(*key, 0, 1, add);
            }
            let mut joined = pools.pop().unwrap();
            pools.into_iter().for_each(|other| joined.join(other, add));
            let mut got = Vec::new();
            assert_eq!(joined.empty_into(&mut got), left_out, "{workers} workers");
            assert!(BTreeMap::from_iter(got) == expected, "{workers} workers keep something else");
        }
    }

    #[test]
    fn what_fits_is_all_kept() {
        let mut pool = pool();
        (0..100).for_each(|key| pool.add(key, 0, 1, add));
        let mut got = Vec::new();
        assert_eq!((pool.empty_into(&mut got), got.len()), (0, 100));
    }
}
