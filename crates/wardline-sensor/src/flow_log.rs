//! Finished flows, in constant memory: sorted runs in temporary files, merged when read.
//!
//! A scan of a million addresses is a million flows; what does not fit [`RECORDS_MAX`] goes to disk. Flows are
//! kept as bytes from the moment they are over: bytes that sort as the flows do, so that none is read back
//! before it is its turn.

mod codec;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use wardline_model::FlowRecord;

/// Records of one worker in memory before they are sorted and written out.
const RECORDS_MAX: usize = 16_384;

/// Bytes of them, where many have long details.
const RECORDS_BYTES_MAX: usize = 8 << 20;

/// Bytes read of a run at a time: a hundred million flows make 6,000 runs.
const RUN_BYTES: usize = 8 * 1024;

/// A worker's finished flows.
#[derive(Debug, Default)]
pub(crate) struct FlowLog {
    records: Records,
    file: Option<Arc<File>>,
    runs: Vec<Run>,
    count: u64,
    broken: Option<io::Error>,
}

/// Records in memory, as bytes: one after the other as they came, and where each begins and ends.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
    places: Vec<(u32, u32)>,
}

impl Records {
    fn push(&mut self, record: &FlowRecord) {
        let start = self.bytes.len();
        codec::write(record, &mut self.bytes);
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.places.push((place(start), place(self.bytes.len())));
    }

    const fn is_full(&self) -> bool {
        self.places.len() >= RECORDS_MAX || self.bytes.len() >= RECORDS_BYTES_MAX
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        self.places.get(number).map(|place| slice(&self.bytes, *place))
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.places.sort_unstable_by(|a, b| slice(bytes, *a).cmp(slice(bytes, *b)));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

fn slice(bytes: &[u8], (start, end): (u32, u32)) -> &[u8] {
    let at = |place| usize::try_from(place).unwrap_or(usize::MAX);
    bytes.get(at(start)..at(end)).unwrap_or_default()
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
    #[expect(clippy::needless_pass_by_value, reason = "what a log keeps is given to it")]
    pub(crate) fn push(&mut self, record: FlowRecord) {
        self.records.push(&record);
        self.count = self.count.saturating_add(1);
        if self.records.is_full() && self.broken.is_none() {
            match self.spill() {
                Ok(run) => self.runs.push(run),
                Err(error) => self.broken = Some(error),
            }
            self.records.clear();
        }
    }

    /// Each record after its length.
    fn spill(&mut self) -> io::Result<Run> {
        self.records.sort();
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(tempfile::tempfile()?))),
        };
        let at = file.as_ref().seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(64 << 10, file.as_ref());
        for place in &self.records.places {
            out.write_all(&place.1.saturating_sub(place.0).to_le_bytes())?;
            out.write_all(slice(&self.records.bytes, *place))?;
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
    records: Vec<Records>,
    runs: Vec<Run>,
    count: u64,
}

impl FlowList {
    /// Joins what the workers finished.
    pub(crate) fn join(logs: impl IntoIterator<Item = FlowLog>) -> io::Result<Self> {
        let mut list = Self::default();
        for mut log in logs {
            if let Some(error) = log.broken {
                return Err(error);
            }
            log.records.sort();
            list.records.push(log.records);
            list.runs.extend(log.runs);
            list.count = list.count.saturating_add(log.count);
        }
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
        let memory = self.records.iter().map(|records| Source::Memory { records, next: 0 });
        let runs = self.runs.iter().map(|run| Source::Run(BufReader::with_capacity(RUN_BYTES, run.clone())));
        let mut flows = SortedFlows { sources: memory.chain(runs).collect(), heads: BinaryHeap::new() };
        for (number, source) in flows.sources.iter_mut().enumerate() {
            let mut head = Vec::new();
            if source.next_into(&mut head)? {
                flows.heads.push(Reverse((head, number)));
            }
        }
        Ok(flows)
    }
}

/// Where sorted records come from.
#[derive(Debug)]
enum Source<'a> {
    Memory { records: &'a Records, next: usize },
    Run(BufReader<Run>),
}

impl Source<'_> {
    /// Puts the next record into `head`; false when there is none.
    fn next_into(&mut self, head: &mut Vec<u8>) -> io::Result<bool> {
        head.clear();
        match self {
            Self::Memory { records, next } => {
                let Some(record) = records.get(*next) else { return Ok(false) };
                *next += 1;
                head.extend_from_slice(record);
            }
            Self::Run(run) => {
                let mut length = [0; 4];
                match run.read_exact(&mut length) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                    other => other?,
                }
                let length = usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?;
                head.resize(length, 0);
                run.read_exact(head)?;
            }
        }
        Ok(true)
    }
}

/// Flows in order.
#[derive(Debug)]
pub struct SortedFlows<'a> {
    sources: Vec<Source<'a>>,
    heads: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
}

impl Iterator for SortedFlows<'_> {
    type Item = io::Result<FlowRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut lowest = self.heads.peek_mut()?;
        let Reverse((head, source)) = &mut *lowest;
        let record = codec::read(head).ok_or_else(|| io::Error::other("a flow that was kept is damaged"));
        match self.sources.get_mut(*source).map_or(Ok(false), |source| source.next_into(head)) {
            Ok(true) => drop(lowest),
            Ok(false) => _ = PeekMut::pop(lowest),
            Err(error) => {
                PeekMut::pop(lowest);
                return Some(Err(error));
            }
        }
        Some(record)
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
            details: vec![
                (
                    DetailKey::Sni,
                    ["a.example", "a", "a\0", "a\u{1}b", "", "a.\u{2}"][usize::try_from(n % 6).unwrap()]
                        .into(),
                ),
                (DetailKey::UserAgent, "ü".into()),
            ],
        }
    }

    #[test]
    fn bytes_sort_as_the_records_do() {
        // Few starts and ends, so that what comes after them decides.
        let records: Vec<_> = (0..600)
            .map(|n| FlowRecord { start: Timestamp(n % 3 - 1), end: Timestamp(n % 2), ..record(n) })
            .flat_map(|one| {
                let ends =
                    [one.client, Endpoint { port: None, ..one.client }, Endpoint { ip: None, ..one.client }];
                let link = FlowRecord { transport: Transport::Udp, details: Vec::new(), ..one.clone() };
                ends.map(|client| FlowRecord { client, ..one.clone() }).into_iter().chain([link])
            })
            .collect();
        let bytes = |record: &FlowRecord| {
            let mut bytes = Vec::new();
            codec::write(record, &mut bytes);
            bytes
        };
        for (number, a) in records.iter().enumerate() {
            assert_eq!(codec::read(&bytes(a)).as_ref(), Some(a));
            for b in records.iter().skip(number % 7).step_by(7) {
                assert_eq!(bytes(a).cmp(&bytes(b)), a.cmp(b), "{a:?} and {b:?}");
            }
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
