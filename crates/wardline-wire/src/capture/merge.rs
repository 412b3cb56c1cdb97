//! Several captures as one: files in the order of their first packets, merged where they overlap.
//!
//! In: names, or one stream. Out: batches in the order of analysis. Files are opened when their time comes, so
//! that a thousand rotated files need one descriptor. Within a file its own order stands, even where its clock
//! steps back. A file that ends at most [`JITTER`] after the next one begins was rotated and is not merged with
//! it: packets of one capture are never reordered by where it was split.
//! Limits: [`OPEN_MAX`].

use super::error::{CaptureError, Unreadable};
use super::file::{FileReader, STRETCH_BYTES_MAX, STRETCH_BYTES_MIN};
use super::source::Stream;
use super::{BATCH_PACKETS_MAX, Batch, FileSummary, PacketHead};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use wardline_model::{PacketRef, Timestamp};

/// Files merged at a time: more sensors than anybody feeds to one run, and 25 MiB of buffers.
const OPEN_MAX: usize = 64;

/// By how much packets of one capture are out of order at most (queues of a network card, buffers of a sensor).
const JITTER: i64 = Timestamp::SECOND;

/// A file that waits for its time.
struct Waiting {
    file: u32,
    first: Option<Timestamp>,
    from: From,
}

/// How to open a file again.
enum From {
    /// By its name.
    Path(PathBuf),
    /// It cannot be: a pipe, kept open with what was read of it.
    Held(Box<Open>),
    /// It is no capture.
    Unreadable(Unreadable),
}

/// An open file, with the packets that were read and not yet given.
struct Open {
    reader: FileReader,
    batch: Batch,
    next: usize,
    /// Latest packet of the batch.
    latest: Timestamp,
    /// The batch after this one, where somebody looked.
    ahead: Option<(Batch, Timestamp)>,
}

/// Captures being read.
pub struct Captures {
    files: Vec<FileSummary>,
    waiting: VecDeque<Waiting>,
    open: Vec<(u32, Open)>,
}

impl std::fmt::Debug for Captures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Captures").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Captures {
    /// Opens captures by name, `-` being standard input, in the order of their first packets.
    ///
    /// # Errors
    /// [`CaptureError::Files`] names every file that is not there or must not be read. What is there and holds no
    /// capture is said in its [`FileSummary`]: the others are still worth reading.
    pub fn open(names: &[PathBuf]) -> Result<Self, CaptureError> {
        if names.is_empty() {
            return Err(CaptureError::NoFiles);
        }
        let mut problems = Vec::new();
        let mut found = Vec::new();
        for path in names {
            match look(path, names.len() == 1) {
                Ok(waiting) => found.push((name_of(path), waiting)),
                Err(what) if what.wrong_name => problems.push(what.named(&name_of(path))),
                Err(what) => {
                    let from = From::Unreadable(what);
                    found.push((name_of(path), Waiting { file: 0, first: None, from }));
                }
            }
        }
        if problems.is_empty() { Ok(Self::ordered(found)) } else { Err(CaptureError::Files(problems)) }
    }

    /// Reads one capture from a stream.
    ///
    /// # Errors
    /// [`CaptureError::Files`] when the stream is no capture.
    pub fn from_reader(name: &str, stream: Box<dyn Read + Send>) -> Result<Self, CaptureError> {
        let open = Open::new(name, stream).map_err(|what| CaptureError::Files(vec![what.named(name)]))?;
        let held = From::Held(Box::new(open));
        Ok(Self::ordered(vec![(name.to_owned(), Waiting { file: 0, first: None, from: held })]))
    }

    #[cfg(test)]
    pub(super) const fn open_files(&self) -> usize {
        self.open.len()
    }

    fn ordered(mut found: Vec<(String, Waiting)>) -> Self {
        // Files without packets go last; the sort is stable.
        found.sort_by_key(|(_, waiting)| (waiting.first.is_none(), waiting.first));
        let mut files = Vec::with_capacity(found.len());
        let mut waiting = VecDeque::with_capacity(found.len());
        for ((name, mut next), file) in found.into_iter().zip(0_u32..) {
            files.push(FileSummary { name, ..FileSummary::default() });
            next.file = file;
            waiting.push_back(next);
        }
        Self { files, waiting, open: Vec::new() }
    }

    /// What was read of each file, in the order of analysis; complete when [`Captures::next_batch`] has
    /// returned false.
    #[must_use]
    pub fn files(&self) -> &[FileSummary] {
        &self.files
    }

    /// Refills the batch with the next packets, up to [`BATCH_PACKETS_MAX`]; false at the end of all files.
    pub fn next_batch(&mut self, batch: &mut Batch) -> bool {
        loop {
            batch.packets.clear();
            if self.open.is_empty() && !self.open_next() {
                return false;
            }
            if self.whole(batch) {
                return true;
            }
            self.merge(batch);
            if !batch.packets.is_empty() {
                return true;
            }
        }
    }

    /// A whole batch from the only open file, in place, when no other file falls into it.
    fn whole(&mut self, batch: &mut Batch) -> bool {
        let until = self.waiting.front().map(|waiting| waiting.first.unwrap_or(Timestamp(i64::MAX)));
        let [(file, open)] = self.open.as_mut_slice() else { return false };
        // A file in whose batch we already are, from a merge, ends it there.
        if open.next > 0 && open.head().is_some() {
            return false;
        }
        open.reader.hold_at_most(STRETCH_BYTES_MAX);
        if !open.refill() {
            let file = *file;
            self.close(file);
            return false;
        }
        if until.is_some_and(|until| open.latest > until) && !open.ends_before(until) {
            return false;
        }
        std::mem::swap(batch, &mut open.batch);
        open.batch.packets.clear();
        open.next = 0;
        true
    }

    /// Packets of all open files by time, copied together.
    fn merge(&mut self, batch: &mut Batch) {
        batch.bytes.clear();
        while batch.packets.len() < BATCH_PACKETS_MAX && batch.bytes.len() < STRETCH_BYTES_MAX {
            let Some((index, time)) = self.earliest() else { return };
            let until = self.waiting.front().and_then(|waiting| waiting.first);
            let due = until.is_some_and(|until| until < time);
            if due && self.open.get_mut(index).is_some_and(|(_, open)| !open.ends_before(until)) {
                if self.open.len() < OPEN_MAX {
                    self.open_next();
                    continue;
                }
                self.late();
            }
            if let Some((file, open)) = self.open.get_mut(index) {
                open.give(batch);
                if open.head().is_none() && !open.refill() {
                    let file = *file;
                    self.close(file);
                }
            }
            // The only one left is read in place again, from its next batch on.
            if let [(_, open)] = self.open.as_slice()
                && open.next == 0
            {
                return;
            }
        }
    }

    /// The open file whose next packet is the earliest; the order of analysis breaks ties.
    fn earliest(&self) -> Option<(usize, Timestamp)> {
        let heads = self.open.iter().enumerate();
        let timed = heads.filter_map(|(index, (file, open))| Some((open.head()?.place.time, *file, index)));
        timed.min().map(|(time, _, index)| (index, time))
    }

    /// Opens the next file that has packets; false when there is none.
    fn open_next(&mut self) -> bool {
        while let Some(Waiting { file, from, .. }) = self.waiting.pop_front() {
            let opened = match from {
                From::Held(open) => Ok(*open),
                From::Path(path) => open_path(&path),
                From::Unreadable(what) => Err(what),
            };
            let mut open = match opened {
                Ok(open) => open,
                Err(what) => {
                    self.lost(file, what);
                    continue;
                }
            };
            open.set_file(file);
            if !self.open.is_empty() {
                open.reader.hold_at_most(STRETCH_BYTES_MIN);
            }
            if open.refill() {
                self.open.push((file, open));
                return true;
            }
            self.summarise(file, open);
        }
        false
    }

    fn close(&mut self, file: u32) {
        if let Some(index) = self.open.iter().position(|(open, _)| *open == file) {
            let (_, open) = self.open.swap_remove(index);
            self.summarise(file, open);
        }
    }

    fn summarise(&mut self, file: u32, open: Open) {
        if let Some(slot) = self.slot(file) {
            let said = slot.problem.take();
            *slot = open.reader.into_summary();
            slot.problem = said.or(slot.problem.take());
        }
    }

    /// A file that holds no capture, or is there no more.
    fn lost(&mut self, file: u32, what: Unreadable) {
        if let Some(slot) = self.slot(file) {
            let problem = what.named(&slot.name);
            slot.truncated = true;
            slot.problem = Some(format!("{}; {}", problem.what, problem.remedy));
        }
    }

    /// Says of the next file that it comes late.
    fn late(&mut self) {
        if let Some(file) = self.waiting.front().map(|waiting| waiting.file)
            && let Some(slot) = self.slot(file)
            && slot.problem.is_none()
        {
            let what =
                format!("more than {OPEN_MAX} files overlap in time; this one was read after others ended");
            slot.problem = Some(what);
        }
    }

    fn slot(&mut self, file: u32) -> Option<&mut FileSummary> {
        self.files.get_mut(usize::try_from(file).unwrap_or(usize::MAX))
    }
}

impl Open {
    fn new(name: &str, stream: Stream) -> Result<Self, Unreadable> {
        let reader = FileReader::open(name, stream)?;
        let latest = Timestamp(i64::MIN);
        Ok(Self { reader, batch: Batch::default(), next: 0, latest, ahead: None })
    }

    fn head(&self) -> Option<&PacketHead> {
        self.batch.packets.get(self.next)
    }

    /// Makes sure that there is a packet; false at the end of the file.
    fn refill(&mut self) -> bool {
        if self.head().is_some() {
            return true;
        }
        self.next = 0;
        if let Some((batch, latest)) = self.ahead.take() {
            (self.batch, self.latest) = (batch, latest);
            return true;
        }
        let more = self.reader.fill(&mut self.batch);
        self.latest = self.reader.latest();
        more
    }

    /// Whether the file is at its end and that end is so close behind `until` that it is only jitter.
    fn ends_before(&mut self, until: Option<Timestamp>) -> bool {
        let Some(until) = until else { return true };
        if self.latest.since(until) > JITTER {
            return false;
        }
        if self.ahead.is_none() && !self.reader.ended() {
            let mut batch = Batch::default();
            if self.reader.fill(&mut batch) {
                self.ahead = Some((batch, self.reader.latest()));
            }
        }
        let latest = self.ahead.as_ref().map_or(self.latest, |(_, latest)| *latest);
        self.reader.ended() && latest.since(until) <= JITTER
    }

    /// Copies the next packet.
    fn give(&mut self, batch: &mut Batch) {
        let Some(head) = self.head() else { return };
        let offset = u32::try_from(batch.bytes.len()).unwrap_or(u32::MAX);
        batch.packets.push(PacketHead { offset, ..*head });
        batch.bytes.extend_from_slice(self.batch.packet(head));
        self.next = self.next.saturating_add(1);
    }

    fn set_file(&mut self, file: u32) {
        self.reader.set_file(file);
        for head in &mut self.batch.packets {
            head.place = PacketRef::new(file, head.place.frame(), head.place.time);
        }
    }
}

/// Looks at the first packet of a file. The only file, and one that cannot be opened again, stays open.
fn look(path: &Path, only: bool) -> Result<Waiting, Unreadable> {
    let mut open = open_path(path)?;
    let again = !only && path.as_os_str() != "-" && path.metadata().is_ok_and(|file| file.is_file());
    let first = if only || !open.refill() { None } else { open.head().map(|head| head.place.time) };
    let from = if again { From::Path(path.to_owned()) } else { From::Held(Box::new(open)) };
    Ok(Waiting { file: 0, first, from })
}

fn name_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn open_path(path: &Path) -> Result<Open, Unreadable> {
    let stream: Stream = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| Unreadable::io(&error))?)
    };
    Open::new(&path.to_string_lossy(), stream)
}
