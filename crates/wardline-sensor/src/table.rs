//! The table at which workers sit: loads are read, dealt and worked off by the same threads.
//!
//! In: captures, workers. Out: what each worker gathered. A worker takes the oldest load that waits for it; when
//! none does, it reads the next one and deals it to all, one worker at a time, so that the order of the capture is
//! that of every hand. No thread only reads and none waits while there is something to do. Limit: [`LOADS_MAX`]
//! loads wait for each worker, whatever the size of the capture.

use crate::analysis::Gathered;
use crate::deal::{Dealer, Load, Worker};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use wardline_wire::capture::Captures;

/// Loads that wait for a worker: who lags is waited for, so that memory stays constant.
const LOADS_MAX: usize = 3;

/// The table.
pub(crate) struct Table<'a> {
    source: Mutex<Source<'a>>,
    state: Mutex<State>,
    changed: Condvar,
}

struct Source<'a> {
    captures: &'a mut Captures,
    dealer: &'a mut Dealer,
}

struct State {
    /// Loads that wait, by worker.
    hands: Vec<VecDeque<Arc<Load>>>,
    /// Loads whose room can be used again.
    empties: Vec<Load>,
    /// Packets dealt so far.
    packets: u64,
    /// Whether somebody reads.
    reading: bool,
    /// Whether nothing more comes.
    ended: bool,
}

/// What a worker does next.
enum Task {
    Read(Arc<Load>),
    Fill(Load),
    Nothing,
}

impl<'a> Table<'a> {
    pub(crate) fn new(captures: &'a mut Captures, dealer: &'a mut Dealer, workers: usize) -> Self {
        let hands = (0..workers).map(|_| VecDeque::new()).collect();
        let state = State { hands, empties: Vec::new(), packets: 0, reading: false, ended: false };
        Self {
            source: Mutex::new(Source { captures, dealer }),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Works until the captures end; `progress` hears the packets dealt since it heard last.
    pub(crate) fn work(&self, mut worker: Worker, progress: &mut dyn FnMut(u64)) -> Gathered {
        // Whoever fails must not leave the others waiting.
        let leaving = Leaving(self);
        let mut heard = 0;
        loop {
            let (task, packets) = self.next(worker.number());
            progress(packets.saturating_sub(heard));
            heard = packets;
            match task {
                Task::Read(load) => {
                    worker.read(&load);
                    if let Some(load) = Arc::into_inner(load) {
                        self.state().empties.push(load);
                    }
                }
                Task::Fill(load) => self.fill(load),
                Task::Nothing => break,
            }
        }
        drop(leaving);
        worker.finish()
    }

    fn next(&self, worker: usize) -> (Task, u64) {
        let mut state = self.state();
        loop {
            let packets = state.packets;
            if let Some(load) = state.hands.get_mut(worker).and_then(VecDeque::pop_front) {
                self.changed.notify_all();
                return (Task::Read(load), packets);
            }
            if state.ended {
                return (Task::Nothing, packets);
            }
            if !state.reading && state.hands.iter().all(|hand| hand.len() < LOADS_MAX) {
                state.reading = true;
                return (Task::Fill(state.empties.pop().unwrap_or_default()), packets);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads the next load and deals it.
    fn fill(&self, mut load: Load) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let Source { captures, dealer } = &mut *source;
        let more = captures.next_batch(&mut load.batch);
        if more {
            dealer.deal(&mut load);
        }
        let mut state = self.state();
        state.reading = false;
        if more {
            state.packets =
                state.packets.saturating_add(u64::try_from(load.batch.packets.len()).unwrap_or(0));
            let load = Arc::new(load);
            state.hands.iter_mut().for_each(|hand| hand.push_back(Arc::clone(&load)));
        } else {
            state.ended = true;
        }
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that nothing more comes when a worker ends before the captures do: a fault of ours.
struct Leaving<'t, 'a>(&'t Table<'a>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.changed.notify_all();
    }
}
