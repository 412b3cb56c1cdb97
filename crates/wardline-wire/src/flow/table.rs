//! A bounded table of flows, roughly in the order of their last packet.

use super::FlowKey;
use crate::Chunks;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Flows of one logical shard in memory at once; 256 shards hold 163,840. The longest idle gives way.
pub const FLOWS_PER_SHARD_MAX: usize = 640;

/// Flows of one logical shard.
///
/// A flow is found once for each packet and then named by its [`Slot`]. Entries stand in a list. One that was
/// used since it was last looked at goes to the end of the list when its turn comes, not with every packet: a
/// packet touches no flow but its own.
#[derive(Debug)]
pub struct Table<T> {
    hasher: FixedState,
    index: HashTable<u32>,
    entries: Chunks<Entry<T>, PIECE>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
}

/// Where a flow stands until it is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

#[derive(Debug)]
struct Entry<T> {
    key: FlowKey,
    newer: u32,
    older: u32,
    /// Whether it was found since its turn came last.
    used: bool,
    value: Option<T>,
}

const NONE: u32 = u32::MAX;
/// Flows that room is made for at a time.
const PIECE: usize = 16;

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
            entries: Chunks::default(),
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

    /// Where the flow of that key stands; it counts as used.
    #[inline]
    pub fn find(&mut self, key: &FlowKey) -> Option<Slot> {
        let slot = self.look(key)?;
        self.mark(slot);
        Some(slot)
    }

    /// Where the flow of that key stands, looked for where it stood a moment ago first; it counts as used.
    #[inline]
    pub fn find_near(&mut self, key: &FlowKey, there: Option<Slot>) -> Option<Slot> {
        let holds = |slot: &Slot| self.entry(slot.0).is_some_and(|e| e.key == *key && e.value.is_some());
        match there.filter(holds) {
            Some(slot) => {
                self.mark(slot);
                Some(slot)
            }
            None => self.find(key),
        }
    }

    /// Where the flow of that key stands now; changes nothing.
    #[must_use]
    #[inline]
    pub fn look(&self, key: &FlowKey) -> Option<Slot> {
        let hash = self.hasher.hash_one(key);
        let same = |at: &u32| self.entry(*at).is_some_and(|e| e.key == *key);
        self.index.find(hash, same).copied().map(Slot)
    }

    /// The flow in a slot, to look at.
    #[must_use]
    #[inline]
    pub fn peek(&self, slot: Slot) -> Option<&T> {
        self.entry(slot.0)?.value.as_ref()
    }

    fn mark(&mut self, slot: Slot) {
        if let Some(entry) = self.entries.get_mut(index(slot.0)) {
            entry.used = true;
        }
    }

    /// The flow in a slot.
    #[inline]
    pub fn get(&mut self, slot: Slot) -> Option<&mut T> {
        self.entries.get_mut(index(slot.0))?.value.as_mut()
    }

    /// Adds a flow whose key is not there yet.
    pub fn insert(&mut self, key: FlowKey, value: T) -> Option<Slot> {
        let entry = Entry { key, newer: NONE, older: NONE, used: false, value: Some(value) };
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
        Some(Slot(at))
    }

    /// The flow whose turn it is: it was not used for longest, or goes to the end of the list now and is
    /// looked at again after all others.
    pub fn next_in_turn(&mut self) -> Option<(Slot, &mut T)> {
        let at = self.oldest;
        self.entry(at)?;
        self.put_last(at);
        let value = self.entries.get_mut(index(at))?.value.as_mut()?;
        Some((Slot(at), value))
    }

    /// Shows the flows from the longest idle on, while `visit` wants more.
    pub fn from_oldest(&mut self, mut visit: impl FnMut(&mut T) -> bool) {
        self.sort_used();
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

    /// Shows every flow, in no order that matters; none counts as used.
    pub fn each(&mut self, mut visit: impl FnMut(Slot, &FlowKey, &mut T)) {
        for (at, number) in (0..self.entries.len()).zip(0_u32..) {
            if let Some(Entry { key, value: Some(value), .. }) = self.entries.get_mut(at) {
                visit(Slot(number), key, value);
            }
        }
    }

    /// Takes out the flow that was not used for longest.
    pub fn take_oldest(&mut self) -> Option<(FlowKey, T)> {
        // Every turn clears a mark: the loop ends after once around the list.
        while let Some(entry) = self.entries.get_mut(index(self.oldest)) {
            if !entry.used {
                return self.take(Slot(self.oldest));
            }
            self.put_last(self.oldest);
        }
        None
    }

    /// Takes out the flow in a slot.
    pub fn take(&mut self, slot: Slot) -> Option<(FlowKey, T)> {
        let Slot(at) = slot;
        let key = self.entry(at).filter(|e| e.value.is_some())?.key;
        let hash = self.hasher.hash_one(key);
        let (_, _) = self.index.find_entry(hash, |other| *other == at).ok()?.remove();
        self.unlink(at);
        self.free.push(at);
        let value = self.entries.get_mut(index(at))?.value.take()?;
        Some((key, value))
    }

    /// Moves those that were used to the end of the list, in order.
    fn sort_used(&mut self) {
        let (mut at, last) = (self.oldest, self.newest);
        while let Some((newer, used)) = self.entry(at).map(|e| (e.newer, e.used)) {
            if used {
                self.put_last(at);
            }
            if at == last {
                return;
            }
            at = newer;
        }
    }

    fn put_last(&mut self, at: u32) {
        if at != self.newest {
            self.unlink(at);
            self.link_newest(at);
        }
        if let Some(entry) = self.entries.get_mut(index(at)) {
            entry.used = false;
        }
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
        let first = table.find(&key(1)).unwrap();
        *table.get(first).unwrap() += 10;
        let third = table.find(&key(3)).unwrap();
        assert_eq!(table.take(third), Some((key(3), 3)));
        assert_eq!((table.take(third), table.get(third)), (None, None));
        assert_eq!(table.find(&key(3)), None);
        let fifth = table.insert(key(5), 5);
        assert_eq!(third, fifth.unwrap(), "the room is used again");
        assert_eq!(table.find_near(&key(3), Some(third)), None, "and is not the former flow's");
        assert_eq!((table.look(&key(5)), table.peek(third)), (fifth, Some(&5)));
        let mut all = Vec::new();
        table.each(|slot, key, value| all.push((slot, *key, *value)));
        all.sort_by_key(|(_, _, value)| *value);
        assert_eq!(all.iter().map(|(_, _, value)| *value).collect::<Vec<_>>(), [2, 4, 5, 11]);
        assert_eq!(table.look(&all[2].1), Some(all[2].0));
        let mut seen = Vec::new();
        table.from_oldest(|value| {
            seen.push(*value);
            seen.len() < 3
        });
        assert_eq!(seen, [2, 4, 5]);
        let order: Vec<_> = std::iter::from_fn(|| table.take_oldest()).map(|(_, v)| v).collect();
        assert_eq!(order, [2, 4, 5, 11]);
        assert!(table.is_empty());
    }

    #[test]
    fn every_flow_has_its_turn_and_the_used_have_a_second_one() {
        let mut table = Table::default();
        for n in 1..=3 {
            table.insert(key(n), n);
        }
        let turns: Vec<u8> = (0..4).filter_map(|_| table.next_in_turn().map(|(_, v)| *v)).collect();
        assert_eq!(turns, [1, 2, 3, 1]);
        assert!(table.find(&key(2)).is_some());
        assert_eq!(table.take_oldest(), Some((key(3), 3)));
        assert_eq!(table.take_oldest(), Some((key(1), 1)));
        assert_eq!(table.take_oldest(), Some((key(2), 2)));
        assert!(table.next_in_turn().is_none());
    }
}
