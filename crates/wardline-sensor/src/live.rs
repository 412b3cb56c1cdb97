//! A sensor that runs: sources in, a batch of what has changed out every second or so, until it is told to stop.
//!
//! Each source has a thread that deals its packets to workers by their flow, as when captures are analysed; the calling
//! thread asks the workers for what they gathered, sums it up and hands it over. Rings of one interface deal by the
//! inner flow in user space, so that a tunnel, which the kernel's hash takes for one flow, is worked by all workers.
//! Limits: [`LOADS_MAX`] loads wait for a worker; then its sources wait, and what the ring of an interface cannot hold
//! the kernel drops and counts. Everything kept between batches is bounded (`gather.rs`, `sums.rs`, `recent.rs`).

mod recent;
mod sums;
mod threads;

#[cfg(test)]
mod tests;

pub(crate) use sums::Sums;

use crate::SensorError;
use crate::gather::Gather;
use crate::source::{Clock, Source};
use crate::totals::Totals;
use recent::{Last, Recent, counters};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use threads::{Cut, Hub, Said};
use wardline_inventory::{BatchId, Domain, SensorBatch, SensorHealth};
use wardline_model::{PacketRef, Timestamp};

/// Loads under way to each worker.
const LOADS_MAX: usize = 4;
/// How often interfaces are told of.
const TOLD_EVERY: i64 = Timestamp::SECOND;
/// Without anything to tell, a sign of life after so long.
const SIGN_EVERY: i64 = 10 * Timestamp::SECOND;
/// Longest wait before other things are looked at.
const WAIT: Duration = Duration::from_millis(100);

/// How to run.
#[derive(Clone, Debug)]
pub struct Running {
    /// Name of the sensor, part of each batch's.
    pub sensor: Box<str>,
    /// Name of the run, until a source names its own.
    pub run: u64,
    /// Worker threads, from 1.
    pub workers: usize,
    /// Seed of hash tables.
    pub seed: u64,
}

/// Runs until every source has ended or `stop` is set; each batch goes to `deliver`, which may wait.
///
/// # Errors
/// [`SensorError::Source`] when a source failed for good, [`SensorError::Worker`] for a fault of ours. What came before
/// was delivered.
pub fn listen(
    sources: Vec<Box<dyn Source>>,
    running: &Running,
    clock: &Clock,
    stop: &AtomicBool,
    deliver: &mut dyn FnMut(SensorBatch),
) -> Result<(), SensorError> {
    let cuts = sources.iter().any(|source| source.cuts());
    let one_place = sources.iter().any(|source| source.is_one_place());
    std::thread::scope(|scope| {
        let hub = Hub::start(scope, sources, running, stop);
        let mut teller = Teller::new(running, &hub, clock, deliver);
        (teller.cuts, teller.one_place) = (cuts, one_place);
        let mut asked = clock();
        loop {
            match hub.said(WAIT) {
                Ok(Said::Gathered(cut, gather, sums)) => teller.take(cut, *gather, *sums),
                Ok(Said::Ended(failed)) => teller.ended(failed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            teller.go_on_asking()?;
            let now = clock();
            let due = now.since(asked) >= TOLD_EVERY || now.0 < asked.0;
            if !cuts && due && teller.is_idle() && teller.sources > 0 {
                asked = now;
                teller.ask(Cut { number: teller.next, at: now, run: None, last: false })?;
            }
            if teller.sources == 0 && !teller.finishing && teller.asking.is_none() {
                teller.finishing = true;
                // Half of what a file would have told under this name must not go out: it will be read again.
                if !(cuts && stop.load(Ordering::Relaxed)) {
                    teller.ask(Cut { number: u64::MAX, at: now, run: teller.run_named, last: true })?;
                }
            }
            if teller.finishing && teller.asking.is_none() {
                hub.close();
            }
        }
        teller.done(stop)
    })
}

/// Sums up what workers gathered and tells it.
struct Teller<'a> {
    running: &'a Running,
    hub: &'a Hub,
    clock: &'a Clock,
    deliver: &'a mut dyn FnMut(SensorBatch),
    recent: Recent,
    /// What came of each cut from some of the workers.
    waits_for: BTreeMap<u64, (Cut, Vec<(Gather, Sums)>)>,
    next: u64,
    /// A question that some workers have not taken yet, and how many have.
    asking: Option<(Cut, usize)>,
    run: u64,
    run_named: Option<u64>,
    sequence: u64,
    from: Timestamp,
    latest: Timestamp,
    told: Timestamp,
    dealt: Totals,
    sources: usize,
    cuts: bool,
    one_place: bool,
    finishing: bool,
    failed: Option<Box<str>>,
}

impl<'a> Teller<'a> {
    fn new(
        running: &'a Running,
        hub: &'a Hub,
        clock: &'a Clock,
        deliver: &'a mut dyn FnMut(SensorBatch),
    ) -> Self {
        Self {
            running,
            hub,
            clock,
            deliver,
            recent: Recent::new(),
            waits_for: BTreeMap::new(),
            next: 1 << 32,
            asking: None,
            run: running.run,
            run_named: None,
            sequence: 0,
            from: Timestamp(0),
            latest: Timestamp(0),
            told: Timestamp(0),
            dealt: Totals::default(),
            sources: hub.sources(),
            cuts: false,
            one_place: false,
            finishing: false,
            failed: None,
        }
    }

    fn ask(&mut self, cut: Cut) -> Result<(), SensorError> {
        self.next = self.next.saturating_add(1);
        self.waits_for.insert(cut.number, (cut, Vec::new()));
        self.asking = Some((cut, 0));
        self.go_on_asking()
    }

    /// Asks without waiting: a worker that has no room for the question may wait for us.
    fn go_on_asking(&mut self) -> Result<(), SensorError> {
        if let Some((cut, asked)) = self.asking.take() {
            let asked = self.hub.ask(cut, asked)?;
            self.asking = (asked < self.running.workers.max(1)).then_some((cut, asked));
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.waits_for.is_empty() && self.asking.is_none()
    }

    fn ended(&mut self, failed: Option<Box<str>>) {
        self.sources = self.sources.saturating_sub(1);
        if failed.is_some() {
            self.failed = failed;
            // The others are told to end too: whoever supervises starts all again.
            self.hub.stop();
        }
    }

    fn take(&mut self, cut: Cut, gather: Gather, sums: Sums) {
        let (_, parts) = self.waits_for.entry(cut.number).or_insert_with(|| (cut, Vec::new()));
        parts.push((gather, sums));
        if parts.len() < self.running.workers.max(1) {
            return;
        }
        if let Some((cut, parts)) = self.waits_for.remove(&cut.number) {
            self.tell(cut, parts);
        }
    }

    fn tell(&mut self, mut cut: Cut, parts: Vec<(Gather, Sums)>) {
        if cut.last && self.cuts {
            // Time and name of a file's end are those of the cut before it, which every worker has told by now; when
            // the end was asked for, some of them may still have had it before them.
            (cut.at, cut.run) = (self.latest, self.run_named);
        }
        let mut parts = parts.into_iter();
        let Some((mut gather, mut sums)) = parts.next() else { return };
        for (more, and) in parts {
            gather.join(more);
            sums.shed = sums.shed.saturating_add(and.shed);
            and.conversations.into_iter().for_each(|entry| sums.add(entry));
        }
        if let Some(run) = cut.run.filter(|run| *run != self.run) {
            (self.run, self.sequence) = (run, 0);
        }
        self.run_named = cut.run;
        let shed = sums.shed;
        let (mut sightings, mut totals) = gather.into_sightings();
        if self.one_place {
            let domains = std::mem::take(&mut sightings.domains);
            let here = |((mac, domain), ())| ((mac, Domain { file: 0, ..domain }), ());
            sightings.domains = domains.into_iter().map(here).collect();
        }
        totals.shed_sightings = totals.shed_sightings.saturating_add(shed);
        let mut batch = SensorBatch::default();
        let last = if cut.last { Last::Yes } else { Last::No };
        self.recent.pass(sightings, sums, cut.at, last, &mut batch);
        batch.health = self.health(totals);
        // What a file tells must not depend on who was faster: each of its cuts is told.
        let quiet = !self.cuts && batch.entries() == 0 && batch.health.packets == 0;
        let sign = (self.clock)().since(self.told);
        if quiet && !cut.last && (0..SIGN_EVERY).contains(&sign) {
            return;
        }
        self.told = (self.clock)();
        self.sequence = self.sequence.saturating_add(1);
        let sensor = self.running.sensor.clone();
        batch.id = BatchId { sensor, run: self.run, sequence: self.sequence };
        batch.from = if self.from.0 == 0 { cut.at } else { self.from };
        (batch.until, self.from) = (cut.at, cut.at);
        self.latest = self.latest.max(cut.at);
        batch.sources = self.hub.names(&places(&batch));
        (self.deliver)(batch);
    }

    fn health(&mut self, mut totals: Totals) -> SensorHealth {
        let dealt = self.hub.dealt();
        totals.add(&dealt.since(&self.dealt));
        self.dealt = dealt;
        let mut health = SensorHealth { counters: counters(&totals), ..SensorHealth::default() };
        for (name, source) in self.hub.take_health() {
            health.packets = health.packets.saturating_add(source.packets);
            health.bytes = health.bytes.saturating_add(source.bytes);
            health.sources.insert(name, source);
        }
        health
    }

    fn done(self, stop: &AtomicBool) -> Result<(), SensorError> {
        match self.failed {
            Some(why) if !stop.load(Ordering::Relaxed) => Err(SensorError::Source(why)),
            _ => Ok(()),
        }
    }
}

/// File numbers of all packets that a batch shows.
fn places(batch: &SensorBatch) -> Vec<u32> {
    let seen = &batch.sightings;
    let statements = seen.observations.values().chain(seen.stations.values());
    let rest = seen.services.values().chain(seen.exchanges.values());
    let hosts = seen.hosts.values().map(|host| &host.seen);
    let packets = statements.chain(rest).chain(hosts).flat_map(|seen| seen.exemplars.iter());
    let mut files: Vec<u32> = packets.map(|packet: &PacketRef| packet.file()).collect();
    files.sort_unstable();
    files.dedup();
    files
}
