//! A bounded table of flows in the order of their last packet.

use super::FlowKey;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Flows of one logical shard in memory at once; 256 shards hold 163,840. The longest idle gives way.
pub const FLOWS_PER_SHARD_MAX: usize = 640;

/// Flows of one logical shard.
///
/// Entries stand in a list by last use, so that the longest idle one is found at once.
#[derive(Debug)]
pub struct Table<T> {
    hasher: FixedState,
    index: HashTable<u32>,
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
}

#[derive(Debug)]
struct Entry<T> {
    key: FlowKey,
    value: Option<T>,
    newer: u32,
    older: u32,
}

const NONE: u32 = u32::MAX;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::with_seed(0)
    }
}

impl<T> Table<T> {
    /// An empty table whose hashing is seeded, so that a stranger cannot choose addresses that collide.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self {
            hasher: FixedState::with_seed(seed),
            index: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
        }
    }

    /// How many flows are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The flow of that key, now the most recently used.
    pub fn touch(&mut self, key: &FlowKey) -> Option<&mut T> {
        let hash = self.hasher.hash_one(key);
        let at = *self.index.find(hash, |at| self.entry(*at).is_some_and(|e| e.key == *key))?;
        if at != self.newest {
            self.unlink(at);
            self.link_newest(at);
        }
        self.entries.get_mut(index(at))?.value.as_mut()
    }

    /// Adds a flow whose key is not there yet; returns it.
    pub fn insert(&mut self, key: FlowKey, value: T) -> Option<&mut T> {
        let entry = Entry { key, value: Some(value), newer: NONE, older: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                *self.entries.get_mut(index(at))? = entry;
                at
            }
            None => {
                let at = u32::try_from(self.entries.len()).ok()?;
                self.entries.push(entry);
                at
            }
        };
        let hash = self.hasher.hash_one(key);
        let Self { hasher, index: table, entries, .. } = self;
        table.insert_unique(hash, at, |at| entries.get(index(*at)).map_or(0, |e| hasher.hash_one(e.key)));
        self.link_newest(at);
        self.entries.get_mut(index(at))?.value.as_mut()
    }

    /// The longest idle flow.
    #[must_use]
    pub fn oldest(&self) -> Option<(&FlowKey, &T)> {
        let entry = self.entry(self.oldest)?;
        Some((&entry.key, entry.value.as_ref()?))
    }

    /// Shows the flows from the longest idle on, while `visit` wants more.
    pub fn from_oldest(&mut self, mut visit: impl FnMut(&mut T) -> bool) {
        let mut at = self.oldest;
        while let Some(entry) = self.entries.get_mut(index(at)) {
            at = entry.newer;
            if let Some(value) = entry.value.as_mut()
                && !visit(value)
            {
                return;
            }
        }
    }

    /// Takes out the longest idle flow.
    pub fn take_oldest(&mut self) -> Option<(FlowKey, T)> {
        let key = self.entry(self.oldest)?.key;
        self.take(&key).map(|value| (key, value))
    }

    /// Takes out the flow of that key.
    pub fn take(&mut self, key: &FlowKey) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let entries = &self.entries;
        let same = |at: &u32| entries.get(index(*at)).is_some_and(|e| e.key == *key);
        let (at, _) = self.index.find_entry(hash, same).ok()?.remove();
        self.unlink(at);
        self.free.push(at);
        self.entries.get_mut(index(at))?.value.take()
    }

    fn entry(&self, at: u32) -> Option<&Entry<T>> {
        self.entries.get(index(at))
    }

    fn unlink(&mut self, at: u32) {
        let Some((newer, older)) = self.entry(at).map(|e| (e.newer, e.older)) else { return };
        match self.entries.get_mut(index(newer)) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
        match self.entries.get_mut(index(older)) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: u32) {
        let second = self.newest;
        if let Some(entry) = self.entries.get_mut(index(at)) {
            (entry.newer, entry.older) = (NONE, second);
        }
        match self.entries.get_mut(index(second)) {
            Some(entry) => entry.newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
    }
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_model::Mac;

    fn key(n: u8) -> FlowKey {
        FlowKey::link(1, Mac([2, 0, 0, 0, 0, n]), Mac([4, 0, 0, 0, 0, 0])).0
    }

    #[test]
    fn the_longest_idle_comes_out_first() {
        let mut table = Table::default();
        for n in 1..=4 {
            table.insert(key(n), n);
        }
        *table.touch(&key(1)).unwrap() += 10;
        assert_eq!(table.take(&key(3)), Some(3));
        assert_eq!(table.oldest().map(|(_, v)| *v), Some(2));
        table.insert(key(5), 5);
        let mut seen = Vec::new();
        table.from_oldest(|value| {
            seen.push(*value);
            seen.len() < 3
        });
        assert_eq!(seen, [2, 4, 11]);
        let order: Vec<_> = std::iter::from_fn(|| table.take_oldest()).map(|(_, v)| v).collect();
        assert_eq!(order, [2, 4, 11, 5]);
        assert!(table.is_empty());
    }
}
