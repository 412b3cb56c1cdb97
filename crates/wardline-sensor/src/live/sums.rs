//! Flows summed up to conversations, within a bound.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use wardline_inventory::{Conversation, Spoken};

/// Conversations between two batches, per worker: more than 5,000 devices have in a second, and 20 MB.
const CONVERSATIONS_MAX: usize = 65_536;

/// What passed in conversations since it was taken away last.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) conversations: HashMap<Conversation, Spoken>,
    /// Additions that were left out for want of room.
    pub(crate) shed: u64,
}

impl Sums {
    pub(crate) fn add(&mut self, (conversation, spoken): (Conversation, Spoken)) {
        let full = self.conversations.len() >= CONVERSATIONS_MAX;
        match self.conversations.entry(conversation) {
            Entry::Occupied(mut there) => there.get_mut().merge(&spoken),
            Entry::Vacant(_) if full => self.shed = self.shed.saturating_add(1),
            Entry::Vacant(free) => {
                free.insert(spoken);
            }
        }
    }
}
