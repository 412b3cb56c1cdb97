//! The threads of a running sensor, and what they say to each other.

use super::sums::Sums;
use super::{LOADS_MAX, Running};
use crate::SensorError;
use crate::deal::{Dealer, Load, Worker};
use crate::gather::Gather;
use crate::source::{Source, Step};
use crate::totals::Totals;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;
use std::time::Duration;
use wardline_inventory::SourceHealth;
use wardline_model::Timestamp;
use wardline_wire::capture::Batch;

/// What was gathered and not yet taken: a source that reads faster than is told waits.
const SAID_MAX: usize = 8;

/// A moment at which what was gathered is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) number: u64,
    /// What is over then, ends.
    pub(super) at: Timestamp,
    /// The run that it belongs to, where the source names it.
    pub(super) run: Option<u64>,
    /// Everything ends.
    pub(super) last: bool,
}

/// Names of files that are kept, for packets that are still told of: a year of a folder.
const NAMES_MAX: usize = 131_072;

/// What workers and sources say.
pub(super) enum Said {
    Gathered(Cut, Box<Gather>, Box<Sums>),
    /// A source has ended, well or because of something.
    Ended(Option<Box<str>>),
}

/// What a worker is given.
enum Task {
    Read(Arc<Load>),
    Gather(Cut),
}

/// What sources leave for the teller.
#[derive(Default)]
struct Left {
    health: BTreeMap<Box<str>, SourceHealth>,
    names: BTreeMap<u32, Box<str>>,
    dealt: BTreeMap<usize, Totals>,
}

/// The calling thread's end of everything.
pub(super) struct Hub {
    hands: Mutex<Vec<SyncSender<Task>>>,
    said: Receiver<Said>,
    left: Arc<Mutex<Left>>,
    sources: usize,
    /// Set by a source's failure; the caller's own flag stops as well.
    failed: Arc<AtomicBool>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        sources: Vec<Box<dyn Source>>,
        running: &Running,
        stop: &'scope AtomicBool,
    ) -> Self {
        let workers = running.workers.max(1);
        let seed = running.seed;
        let (say, said) = sync_channel(SAID_MAX);
        let (back, empties) = channel::<Load>();
        let empties = Arc::new(Mutex::new(empties));
        let (left, failed) = (Arc::new(Mutex::new(Left::default())), Arc::new(AtomicBool::new(false)));
        let mut hands = Vec::new();
        for number in 0..workers {
            let (give, take) = sync_channel(LOADS_MAX);
            let (say, back) = (say.clone(), back.clone());
            hands.push(give);
            scope.spawn(move || work(Worker::listening(number, workers, seed), seed, &take, &say, &back));
        }
        let count = sources.len();
        for (number, source) in sources.into_iter().enumerate() {
            let reader = Reader {
                number,
                source,
                dealer: Dealer::new(workers),
                hands: hands.clone(),
                empties: Arc::clone(&empties),
                left: Arc::clone(&left),
                cut: 0,
                run: None,
            };
            let (say, failed) = (say.clone(), Arc::clone(&failed));
            scope.spawn(move || {
                let ended = reader.read(&[stop, &failed]);
                // Nobody hears it when the teller is gone.
                let _ = say.send(Said::Ended(ended));
            });
        }
        Self { hands: Mutex::new(hands), said, left, sources: count, failed }
    }

    pub(super) const fn sources(&self) -> usize {
        self.sources
    }

    pub(super) fn said(&self, wait: Duration) -> Result<Said, RecvTimeoutError> {
        self.said.recv_timeout(wait)
    }

    /// Asks the workers from a number on for what they gathered; up to which of them it could be done now.
    pub(super) fn ask(&self, cut: Cut, from: usize) -> Result<usize, SensorError> {
        let hands = locked(&self.hands);
        for (number, hand) in hands.iter().enumerate().skip(from) {
            match hand.try_send(Task::Gather(cut)) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Ok(number),
                Err(TrySendError::Disconnected(_)) => return Err(SensorError::Worker),
            }
        }
        Ok(hands.len())
    }

    /// Nothing more is asked of the workers: they end when they have done what they were given.
    pub(super) fn close(&self) {
        locked(&self.hands).clear();
    }

    /// Has the sources end.
    pub(super) fn stop(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// What sources counted since this was asked last.
    pub(super) fn take_health(&self) -> BTreeMap<Box<str>, SourceHealth> {
        std::mem::take(&mut locked(&self.left).health)
    }

    /// What dealers counted so far.
    pub(super) fn dealt(&self) -> Totals {
        let mut sum = Totals::default();
        locked(&self.left).dealt.values().for_each(|totals| sum.add(totals));
        sum
    }

    /// Names of the files and interfaces with those numbers.
    pub(super) fn names(&self, files: &[u32]) -> BTreeMap<u32, Box<str>> {
        let left = locked(&self.left);
        files.iter().filter_map(|file| Some((*file, left.names.get(file)?.clone()))).collect()
    }
}

/// A thread that reads a source and deals its packets.
struct Reader {
    number: usize,
    source: Box<dyn Source>,
    dealer: Dealer,
    hands: Vec<SyncSender<Task>>,
    empties: Arc<Mutex<Receiver<Load>>>,
    left: Arc<Mutex<Left>>,
    cut: u64,
    run: Option<u64>,
}

impl Reader {
    /// Reads to the end, or until one of the flags is set; why it failed, if it did.
    fn read(mut self, stops: &[&AtomicBool; 2]) -> Option<Box<str>> {
        let mut load = Load::default();
        let failed = loop {
            if stops.iter().any(|stop| stop.load(Ordering::Relaxed)) {
                break None;
            }
            match self.source.next(&mut load.batch) {
                Step::Packets => {
                    self.leave(&load.batch);
                    load = self.deal(load);
                }
                Step::Idle => self.leave(&Batch::default()),
                Step::Run(run) => self.run = Some(run),
                Step::Cut(at) => {
                    self.leave(&Batch::default());
                    self.cut = self.cut.saturating_add(1);
                    let cut = Cut { number: self.cut, at, run: self.run, last: false };
                    // A worker that is gone is told of by its silence at the end.
                    self.hands.iter().for_each(|hand| drop(hand.send(Task::Gather(cut))));
                }
                Step::End => break None,
                Step::Failed(why) => break Some(why),
            }
        };
        self.leave(&Batch::default());
        failed
    }

    /// Gives a load to the workers, and takes an empty one.
    fn deal(&mut self, mut load: Load) -> Load {
        self.dealer.deal(&mut load);
        let load = Arc::new(load);
        for hand in &self.hands {
            let _ = hand.send(Task::Read(Arc::clone(&load)));
        }
        locked(&self.empties).try_recv().unwrap_or_default()
    }

    /// Leaves its account.
    fn leave(&mut self, batch: &Batch) {
        let (name, health) = self.source.health();
        let mut left = locked(&self.left);
        left.dealt.insert(self.number, self.dealer.totals());
        let there = left.health.entry(name).or_default();
        there.packets = there.packets.saturating_add(health.packets);
        there.bytes = there.bytes.saturating_add(health.bytes);
        there.dropped = there.dropped.saturating_add(health.dropped);
        there.full = there.full.saturating_add(health.full);
        there.problem = health.problem.or(there.problem.take());
        for head in batch.packets.first().into_iter().chain(batch.packets.last()) {
            let file = head.place.file();
            if !left.names.contains_key(&file)
                && let Some(name) = self.source.name(file)
            {
                left.names.insert(file, name);
                if left.names.len() > NAMES_MAX {
                    left.names.pop_first();
                }
            }
        }
    }
}

fn work(mut worker: Worker, seed: u64, take: &Receiver<Task>, say: &SyncSender<Said>, back: &Sender<Load>) {
    while let Ok(task) = take.recv() {
        match task {
            Task::Read(load) => {
                worker.read(&load);
                if let Some(load) = Arc::into_inner(load) {
                    // The reader may be done and gone; then the buffer is simply dropped.
                    let _ = back.send(load);
                }
            }
            Task::Gather(cut) => {
                let (gather, sums) = if cut.last { worker.end(seed) } else { worker.sweep(cut.at, seed) };
                if say.send(Said::Gathered(cut, Box::new(gather), Box::new(sums))).is_err() {
                    return;
                }
            }
        }
    }
}
