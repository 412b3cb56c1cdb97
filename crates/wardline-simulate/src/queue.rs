//! A queue by time; what is due together keeps the order of its making.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use wardline_model::Timestamp;

/// Something due at a time.
#[derive(Debug)]
struct Due<T> {
    time: Timestamp,
    order: u64,
    what: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.time, self.order).cmp(&(other.time, other.order))
    }
}

/// What waits for its time.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<Due<T>>>,
    order: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), order: 0 }
    }
}

impl<T> Queue<T> {
    pub(crate) fn push(&mut self, time: Timestamp, what: T) {
        self.order += 1;
        self.heap.push(Reverse(Due { time, order: self.order, what }));
    }

    pub(crate) fn pop(&mut self) -> Option<(Timestamp, T)> {
        self.heap.pop().map(|Reverse(due)| (due.time, due.what))
    }

    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(due)| due.time)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(crate) fn clear(&mut self) {
        self.heap.clear();
    }
}
