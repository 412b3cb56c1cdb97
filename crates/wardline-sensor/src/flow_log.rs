//! Finished flows, in constant memory: sorted runs in temporary files, merged when read.
//!
//! A scan of a million addresses is a million flows; what does not fit [`RECORDS_MAX`] goes to disk.

mod codec;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use wardline_model::FlowRecord;

/// Records of one worker in memory before they are sorted and written out.
const RECORDS_MAX: usize = 16_384;

/// Bytes read of a run at a time: a hundred million flows make 6,000 runs.
const RUN_BYTES: usize = 8 * 1024;

/// A worker's finished flows.
#[derive(Debug, Default)]
pub(crate) struct FlowLog {
    records: Vec<FlowRecord>,
    file: Option<Arc<File>>,
    runs: Vec<Run>,
    count: u64,
    broken: Option<io::Error>,
}

/// A sorted run: a stretch of a worker's temporary file. One file holds all, because a long flood makes more
/// runs than a process may open files.
#[derive(Clone, Debug)]
struct Run {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Run {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = space.len().min(left);
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut space[..most])?;
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

impl FlowLog {
    /// Adds a record. A failure to write is kept and told at the end.
    pub(crate) fn push(&mut self, record: FlowRecord) {
        self.records.push(record);
        self.count = self.count.saturating_add(1);
        if self.records.len() >= RECORDS_MAX && self.broken.is_none() {
            match self.spill() {
                Ok(run) => self.runs.push(run),
                Err(error) => self.broken = Some(error),
            }
            self.records.clear();
        }
    }

    fn spill(&mut self) -> io::Result<Run> {
        self.records.sort();
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(tempfile::tempfile()?))),
        };
        let at = file.as_ref().seek(SeekFrom::End(0))?;
        let mut out = BufWriter::new(file.as_ref());
        for record in &self.records {
            codec::write(record, &mut out)?;
        }
        out.flush()?;
        drop(out);
        let end = file.as_ref().stream_position()?;
        Ok(Run { file, at, end })
    }
}

/// Every flow of an analysis; to be read once or more, in order.
#[derive(Debug, Default)]
pub struct FlowList {
    records: Vec<FlowRecord>,
    runs: Vec<Run>,
    count: u64,
}

impl FlowList {
    /// Joins what the workers finished.
    pub(crate) fn join(logs: impl IntoIterator<Item = FlowLog>) -> io::Result<Self> {
        let mut list = Self::default();
        for log in logs {
            if let Some(error) = log.broken {
                return Err(error);
            }
            list.records.extend(log.records);
            list.runs.extend(log.runs);
            list.count = list.count.saturating_add(log.count);
        }
        list.records.sort();
        Ok(list)
    }

    /// How many flows there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The flows, sorted by start and all that follows.
    ///
    /// # Errors
    /// When a temporary file cannot be read again.
    pub fn sorted(&mut self) -> io::Result<SortedFlows<'_>> {
        let mut runs = Vec::new();
        for run in &self.runs {
            runs.push(BufReader::with_capacity(RUN_BYTES, run.clone()));
        }
        let mut flows = SortedFlows { memory: self.records.iter(), runs, heads: BinaryHeap::new() };
        flows.refill(MEMORY)?;
        for source in 0..flows.runs.len() {
            flows.refill(source)?;
        }
        Ok(flows)
    }
}

/// The source number of the records still in memory.
const MEMORY: usize = usize::MAX;

/// Flows in order.
#[derive(Debug)]
pub struct SortedFlows<'a> {
    memory: std::slice::Iter<'a, FlowRecord>,
    runs: Vec<BufReader<Run>>,
    heads: BinaryHeap<Reverse<(FlowRecord, usize)>>,
}

impl SortedFlows<'_> {
    fn refill(&mut self, source: usize) -> io::Result<()> {
        let next = match self.runs.get_mut(source) {
            Some(run) => codec::read(run)?,
            None => self.memory.next().cloned(),
        };
        self.heads.extend(next.map(|record| Reverse((record, source))));
        Ok(())
    }
}

impl Iterator for SortedFlows<'_> {
    type Item = io::Result<FlowRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((record, source)) = self.heads.pop()?;
        Some(self.refill(source).map(|()| record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_model::{DetailKey, Endpoint, Mac, Timestamp, Transport};

    fn record(n: i64) -> FlowRecord {
        let ip = if n % 2 == 0 { "10.0.0.1" } else { "fd00::1" };
        let end = Endpoint {
            ip: ip.parse().ok(),
            port: u16::try_from(n % 70_000).ok(),
            mac: Some(Mac([2, 0, 0, 0, 0, 1])),
        };
        FlowRecord {
            start: Timestamp((n * 7919) % 10_007 - 5_000),
            end: Timestamp(n),
            client: end,
            server: Endpoint::default(),
            transport: [Transport::Tcp, Transport::Ip(47), Transport::Link][usize::try_from(n % 3).unwrap()],
            vlan: vec![u16::try_from(n % 4000).unwrap(); usize::try_from(n % 3).unwrap()],
            protocol: ["ntp", "unknown", "arp"][usize::try_from(n % 3).unwrap()],
            encrypted: n % 5 == 0,
            packets_to_server: u64::MAX,
            packets_to_client: 1,
            bytes_to_server: 2,
            bytes_to_client: 3,
            details: vec![(DetailKey::Sni, "a.example".into()), (DetailKey::UserAgent, "ü".into())],
        }
    }

    #[test]
    fn what_goes_to_disk_comes_back_in_order_and_whole() {
        let mut log = FlowLog::default();
        let count = i64::try_from(RECORDS_MAX).unwrap() * 2 + 17;
        (0..count).for_each(|n| log.push(record(n)));
        assert_eq!(log.runs.len(), 2);
        let mut list = FlowList::join([log]).unwrap();
        let read: Vec<_> = list.sorted().unwrap().map(Result::unwrap).collect();
        let mut expected: Vec<_> = (0..count).map(record).collect();
        expected.sort();
        assert!(read == expected, "what came back differs");
        assert_eq!(list.sorted().unwrap().count(), read.len(), "a second reading gives the same");
    }
}
