//! A folder that somebody rotates capture files into: each is read as it grows, to its end, once.
//!
//! In: a folder; names that begin with a dot are left alone. A file is at its end when a newer one is there or when it
//! has not grown for [`SETTLED_AFTER`]. One that grows is read again from where it ended, once it has grown by a quarter
//! or has rested: so reading it costs in all a small multiple of its size. What was read to its end is written down
//! ([`Progress`]), by name and size; after a restart it is not read again. A file is a run of its own, named after its
//! first packet: read twice, it has one effect. Connections go on from one file to the next.

use super::files::Cutter;
use super::{Clock, Source, Step, count};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use wardline_inventory::SourceHealth;
use wardline_model::{PacketRef, Timestamp};
use wardline_wire::capture::{Batch, Captures};

/// How often the folder is looked at.
const LOOK_EVERY: i64 = 2 * Timestamp::SECOND;
/// A file that grew little is read again when it has rested so long.
const RESTED_AFTER: i64 = 10 * Timestamp::SECOND;
/// A file that has not grown for so long is at its end.
const SETTLED_AFTER: i64 = 60 * Timestamp::SECOND;
/// What came is told once for each so much of the recording.
const CUT_EVERY: i64 = 10 * Timestamp::SECOND;
/// Longest wait before other things are looked at.
const WAIT: Duration = Duration::from_millis(100);
/// Names of files kept for packets that are still told of.
const NAMES_MAX: usize = 4_096;

/// Where it is written down which files were read to their end.
pub trait Progress: Send {
    /// The file of that name was, at that size.
    ///
    /// # Errors
    /// When it cannot be written down; the file will be read again after a restart.
    fn done(&mut self, name: &str, size: u64) -> io::Result<()>;
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Its size when it was read last.
    size: u64,
    /// Frames read.
    frames: u64,
    /// Read to its end.
    done: bool,
}

/// A file in the folder now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    changed: Timestamp,
    name: String,
    size: u64,
}

/// The file being read.
struct Reading {
    name: String,
    size: u64,
    ends: bool,
    captures: Captures,
    skip: u64,
}

/// The folder.
pub struct FolderSource {
    folder: PathBuf,
    clock: Arc<Clock>,
    progress: Box<dyn Progress>,
    known: BTreeMap<String, Known>,
    reading: Option<Reading>,
    cutter: Cutter,
    looked: Timestamp,
    file: u32,
    names: BTreeMap<u32, Box<str>>,
    run: Option<u64>,
    health: SourceHealth,
    problem: Option<Box<str>>,
}

impl std::fmt::Debug for FolderSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderSource").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl FolderSource {
    /// A folder of which some files, by name and size, were read before.
    #[must_use]
    pub fn new(
        folder: &Path,
        done: impl IntoIterator<Item = (String, u64)>,
        progress: Box<dyn Progress>,
        clock: Arc<Clock>,
    ) -> Self {
        let known = |(name, size)| (name, Known { size, frames: 0, done: true });
        Self {
            folder: folder.to_owned(),
            clock,
            progress,
            known: done.into_iter().map(known).collect(),
            reading: None,
            cutter: Cutter::new(CUT_EVERY),
            looked: Timestamp(i64::MIN),
            file: 0,
            names: BTreeMap::new(),
            run: None,
            health: SourceHealth::default(),
            problem: None,
        }
    }

    /// Looks for the next file to read; whether there is one.
    fn look(&mut self) -> bool {
        let now = (self.clock)();
        if now.since(self.looked) < LOOK_EVERY && now.0 >= self.looked.0 {
            return false;
        }
        let mut found = match list(&self.folder) {
            Ok(found) => found,
            Err(error) => {
                self.problem = Some(format!("{}: {error}", self.folder.display()).into());
                self.looked = now;
                return false;
            }
        };
        found.sort_unstable();
        let newest = found.last().map(|newest| newest.name.clone());
        self.known.retain(|name, _| found.iter().any(|file| file.name == *name));
        for file in found {
            let rested = now.since(file.changed);
            let ends = newest.as_deref() != Some(&*file.name) || rested > SETTLED_AFTER;
            let known = self.known.get(&file.name).copied().unwrap_or_default();
            let more = file.size > known.size;
            let enough = known.size.saturating_add(known.size / 4);
            let worth = more && (known.size == 0 || file.size >= enough || rested > RESTED_AFTER);
            if (worth || (ends && more) || (ends && !known.done)) && self.open(file, known, ends) {
                return true;
            }
        }
        self.looked = now;
        false
    }

    fn open(&mut self, file: Found, known: Known, ends: bool) -> bool {
        let path = self.folder.join(&file.name);
        match Captures::open(std::slice::from_ref(&path)) {
            Ok(captures) => {
                let Found { name, size, .. } = file;
                if known.frames == 0 {
                    self.file = self.file.saturating_add(1);
                    self.names.insert(self.file, name.as_str().into());
                    if self.names.len() > NAMES_MAX {
                        self.names.pop_first();
                    }
                }
                self.reading = Some(Reading { name, size, ends, captures, skip: known.frames });
                true
            }
            Err(error) => {
                // Looked at again when it has grown; gone is as good.
                self.problem = Some(error.to_string().into());
                self.known.insert(file.name, Known { size: file.size, done: true, ..known });
                false
            }
        }
    }

    /// The next packets of the file being read; false at its end for now.
    fn fill(&mut self) -> Option<u64> {
        let Self { reading: Some(reading), cutter, known, file, .. } = self else { return None };
        let mut run = None;
        let more = cutter.fill(|batch| {
            while reading.captures.next_batch(batch) {
                batch.packets.retain(|head| head.place.frame() > reading.skip);
                for head in &mut batch.packets {
                    head.place = PacketRef::new(*file, head.place.frame(), head.place.time);
                }
                let (Some(first), Some(last)) = (batch.packets.first(), batch.packets.last()) else {
                    continue;
                };
                if reading.skip == 0 {
                    run = Some(run_of(&reading.name, first.place.time, batch.packet(first)));
                }
                reading.skip = last.place.frame();
                return true;
            }
            false
        });
        let done = !more && reading.ends;
        known.insert(reading.name.clone(), Known { size: reading.size, frames: reading.skip, done });
        if more { Some(run.or(self.run).unwrap_or(0)) } else { None }
    }

    /// What is to be done when a file has no more packets for now.
    fn close(&mut self) -> Step {
        let Some(ends) = self.reading.as_ref().map(|reading| reading.ends) else { return Step::Idle };
        // What came is told before the file counts as read.
        if ends && let Some(at) = self.cutter.last_cut() {
            return Step::Cut(at);
        }
        if let Some(reading) = self.reading.take().filter(|_| ends) {
            let summary = reading.captures.files().first();
            if let Some(problem) = summary.and_then(|summary| summary.problem.as_ref()) {
                self.problem = Some(format!("{}: {problem}", reading.name).into());
            }
            let dropped = summary.and_then(|summary| summary.dropped).unwrap_or(0);
            self.health.dropped = self.health.dropped.saturating_add(dropped);
            if let Err(error) = self.progress.done(&reading.name, reading.size) {
                self.problem = Some(format!("what was read cannot be written down: {error}").into());
            }
        }
        Step::Idle
    }
}

impl Source for FolderSource {
    fn next(&mut self, into: &mut Batch) -> Step {
        if self.cutter.is_empty() {
            if self.reading.is_none() && !self.look() {
                std::thread::sleep(WAIT);
                return Step::Idle;
            }
            let Some(run) = self.fill() else { return self.close() };
            if self.run.replace(run) != Some(run) {
                return Step::Run(run);
            }
        }
        let step = self.cutter.give(into, None);
        if step == Step::Packets {
            count(into, &mut self.health);
        }
        step
    }

    fn name(&self, file: u32) -> Option<Box<str>> {
        self.names.get(&file).cloned()
    }

    fn health(&mut self) -> (Box<str>, SourceHealth) {
        let mut health = std::mem::take(&mut self.health);
        health.problem = self.problem.take();
        (self.folder.display().to_string().into(), health)
    }

    fn cuts(&self) -> bool {
        true
    }

    fn is_one_place(&self) -> bool {
        true
    }
}

/// Regular files with their size and the time of their last change.
fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // One that vanishes meanwhile was taken away by whoever rotates.
        let Ok(file) = entry.metadata() else { continue };
        if name.starts_with('.') || !file.is_file() {
            continue;
        }
        let since = file.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        found.push(Found { changed, name, size: file.len() });
    }
    Ok(found)
}

fn run_of(name: &str, time: Timestamp, first: &[u8]) -> u64 {
    let digest =
        Sha256::new().chain_update(name).chain_update(time.0.to_be_bytes()).chain_update(first).finalize();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}
