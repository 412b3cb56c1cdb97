//! A whole analysis: captures in, everything that was seen out.

use crate::deal::{Dealer, Worker};
use crate::flow_log::{FlowList, FlowLog};
use crate::gather::Gather;
use crate::table::Table;
use crate::totals::Totals;
use thiserror::Error;
use wardline_inventory::Sightings;
use wardline_model::Timestamp;
use wardline_wire::capture::{Batch, Captures, FileSummary};

/// Threads beyond the logical shards would have nothing to do.
const THREADS_MAX: usize = 256;

/// How to analyse.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Worker threads, from 1; each of them reads when it has nothing else to do.
    pub threads: usize,
    /// Seed of hash tables, so that nobody can choose addresses that collide; never changes a result.
    pub seed: u64,
}

/// What an analysis found.
#[derive(Debug)]
pub struct Analysis {
    /// What was read of each file.
    pub files: Vec<FileSummary>,
    /// Statements and sightings, for the inventory.
    pub sightings: Sightings,
    /// Every flow.
    pub flows: FlowList,
    /// Counters.
    pub totals: Totals,
    /// Earliest packet.
    pub first: Option<Timestamp>,
    /// Latest packet.
    pub last: Option<Timestamp>,
}

/// Why an analysis could not be finished.
#[derive(Debug, Error)]
pub enum SensorError {
    /// A temporary file for flows could not be written.
    #[error("flows could not be kept in the temporary folder; is it full?")]
    FlowList(#[source] std::io::Error),
    /// A source of packets ended before its time.
    #[error("{0}")]
    Source(Box<str>),
    /// A worker thread ended early: a fault of ours.
    #[error("a worker thread failed")]
    Worker,
}

/// Analyses captures to their end; `progress` hears the packets read so far, batch by batch.
///
/// # Errors
/// When flows cannot be kept on disk or a thread fails. What is wrong with a file is in its summary.
pub fn analyse(
    captures: &mut Captures,
    options: Options,
    progress: &mut dyn FnMut(u64),
) -> Result<Analysis, SensorError> {
    let workers = options.threads.clamp(1, THREADS_MAX);
    let mut dealer = Dealer::new(workers);
    let gathered = if workers == 1 {
        vec![alone(captures, &mut dealer, options.seed, progress)]
    } else {
        together(captures, &mut dealer, workers, options.seed, progress)?
    };
    let (gathers, logs): (Vec<Gather>, Vec<FlowLog>) = gathered.into_iter().unzip();
    let all = gathers.into_iter().reduce(|mut all, gather| {
        all.join(gather);
        all
    });
    let all = all.unwrap_or_else(|| Gather::new(options.seed));
    let (sightings, mut totals) = all.into_sightings();
    let mut counted = Totals::default();
    dealer.into_totals(&mut counted);
    let files = captures.files().to_vec();
    for file in &files {
        counted.packets = counted.packets.saturating_add(file.packets);
        counted.bytes = counted.bytes.saturating_add(file.bytes);
    }
    totals.add(&counted);
    Ok(Analysis {
        first: files.iter().filter_map(|f| f.first).min(),
        last: files.iter().filter_map(|f| f.last).max(),
        sightings,
        flows: FlowList::join(logs).map_err(SensorError::FlowList)?,
        totals,
        files,
    })
}

pub(crate) type Gathered = (Gather, FlowLog);

fn alone(captures: &mut Captures, dealer: &mut Dealer, seed: u64, progress: &mut dyn FnMut(u64)) -> Gathered {
    let mut worker = Worker::new(0, 1, seed);
    let mut batch = Batch::default();
    while captures.next_batch(&mut batch) {
        dealer.deal_alone(&batch, &mut worker);
        progress(u64::try_from(batch.packets.len()).unwrap_or(0));
    }
    worker.finish()
}

/// Every worker is a thread, the calling one too, and any of them reads the next load when it has nothing else to do.
fn together(
    captures: &mut Captures,
    dealer: &mut Dealer,
    workers: usize,
    seed: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Gathered>, SensorError> {
    let table = Table::new(captures, dealer, workers);
    std::thread::scope(|scope| {
        let hand = |number: usize| Worker::new(number, workers, seed);
        let table = &table;
        let others: Vec<_> =
            (1..workers).map(|number| scope.spawn(move || table.work(hand(number), &mut |_| ()))).collect();
        let own = table.work(hand(0), progress);
        let others = others.into_iter().map(|other| other.join().map_err(|_| SensorError::Worker));
        std::iter::once(Ok(own)).chain(others).collect()
    })
}
