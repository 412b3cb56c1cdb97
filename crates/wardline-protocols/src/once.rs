//! What was said already in a flow, so that it is said once.

use foldhash::fast::FixedState;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};

/// Remembers the last few things said, as 64-bit digests; the oldest are forgotten, and may be said again.
#[derive(Debug, Default)]
pub(crate) struct Once {
    said: VecDeque<u64>,
}

impl Once {
    /// Things remembered: a host with more names, services or bindings than this repeats itself, which costs
    /// time and changes nothing.
    const MAX: usize = 64;

    /// Whether this is new.
    pub(crate) fn is_new(&mut self, thing: impl Hash) -> bool {
        let digest = FixedState::default().hash_one(thing);
        if self.said.contains(&digest) {
            return false;
        }
        if self.said.len() >= Self::MAX {
            self.said.pop_front();
        }
        self.said.push_back(digest);
        true
    }
}
