//! Dealing that never ends: what was gathered is taken away while packets still come.

use super::{Dealer, Worker};
use crate::gather::Gather;
use crate::live::Sums;
use crate::shard::Records;
use crate::totals::Totals;
use wardline_model::Timestamp;

impl Dealer {
    /// Counters so far.
    pub(crate) fn totals(&self) -> Totals {
        let c = self.fragments.counters();
        let dropped = [c.overlapping, c.malformed, c.pieces_exceeded, c.evicted, c.timed_out];
        Totals {
            fragments: c.fragments,
            reassembled_packets: c.reassembled,
            dropped_fragments: dropped.into_iter().fold(0, u64::saturating_add),
            clock_steps_back: self.clock_steps_back,
            ..Totals::default()
        }
    }
}

impl Worker {
    /// A worker that sums flows up instead of listing them.
    pub(crate) fn listening(number: usize, workers: usize, seed: u64) -> Self {
        let mut worker = Self::new(number, workers, seed);
        worker.desk.records = Records::Sums(Sums::default());
        worker
    }

    /// Takes away what was gathered since this was done last; flows that are over at `now` end.
    pub(crate) fn sweep(&mut self, now: Timestamp, seed: u64) -> (Gather, Sums) {
        for shard in &mut self.shards {
            shard.sweep(now, &mut self.desk);
        }
        self.take(seed)
    }

    /// Ends every flow and takes away the rest.
    pub(crate) fn end(&mut self, seed: u64) -> (Gather, Sums) {
        for shard in &mut self.shards {
            shard.finish(&mut self.desk);
        }
        self.take(seed)
    }

    fn take(&mut self, seed: u64) -> (Gather, Sums) {
        let gather = std::mem::replace(&mut self.desk.gather, Gather::new(seed));
        let empty = Records::Sums(Sums::default());
        match std::mem::replace(&mut self.desk.records, empty) {
            Records::Sums(sums) => (gather, sums),
            Records::Log(_) => (gather, Sums::default()),
        }
    }
}
