//! Batches that wait to be confirmed.
//!
//! In: batches of a sensor, whenever they come. Out: lines to the server, told again from the oldest when it says hello;
//! what it confirms is forgotten. While the server is away batches of the same hour are joined, so that waiting costs
//! room by what is different, not by time. Limits: [`WAITING_MAX`] batches, [`ENTRIES_MAX`] entries; beyond, a live
//! sensor leaves out the oldest that was never sent and counts it (`shed_waiting` in the next batch), and one that reads
//! files waits.

use crate::envelope::{self, Answer};
use anyhow::Result;
use std::collections::VecDeque;
use std::io::{BufRead, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wardline_inventory::{BatchId, SensorBatch};
use wardline_model::Timestamp;

/// Batches that wait unsent before those of one hour are joined.
const SEPARATE_MAX: usize = 4;
/// Batches that wait: two days of joined hours, and some.
const WAITING_MAX: usize = 64;
/// Entries of all waiting batches, some 200 MB.
const ENTRIES_MAX: usize = 600_000;
/// Batches sent and not confirmed: the server works on one while the next is on its way.
const SENT_MAX: usize = 4;
/// Longest answer.
const ANSWER_BYTES_MAX: u64 = 4_096;
const HOUR: i64 = 3_600 * Timestamp::SECOND;
const WAIT: Duration = Duration::from_millis(200);

/// What to do when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// Traffic does not wait: leave out and count.
    Shed,
    /// A file waits, and batches keep their names.
    Wait,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<SensorBatch>,
    /// How many of the first were sent.
    sent: usize,
    entries: usize,
    shed: u64,
    /// A line may have been cut.
    cut: bool,
    /// Nothing more comes.
    closed: bool,
}

/// The batches.
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    when_full: WhenFull,
}

impl Outbox {
    pub(super) fn new(when_full: WhenFull) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), when_full }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch; waits for room when the sensor can, until `given_up`.
    pub(super) fn put(&self, mut batch: SensorBatch, given_up: &dyn Fn() -> bool) {
        let mut waiting = self.lock();
        match self.when_full {
            WhenFull::Wait => {
                while waiting.batches.len() >= SEPARATE_MAX && !given_up() {
                    waiting =
                        self.changed.wait_timeout(waiting, WAIT).unwrap_or_else(PoisonError::into_inner).0;
                }
                waiting.push(batch);
            }
            WhenFull::Shed => {
                if waiting.shed > 0 {
                    let shed = batch.health.counters.entry("shed_waiting").or_default();
                    *shed = shed.saturating_add(std::mem::take(&mut waiting.shed));
                }
                waiting.put(batch);
            }
        }
        drop(waiting);
        self.changed.notify_all();
    }

    /// Nothing more comes; whether all was confirmed before `given_up`.
    pub(super) fn close(&self, given_up: &dyn Fn() -> bool) -> bool {
        let mut waiting = self.lock();
        while !waiting.batches.is_empty() && !given_up() {
            waiting = self.changed.wait_timeout(waiting, WAIT).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.closed = true;
        self.changed.notify_all();
        waiting.batches.is_empty()
    }

    /// Sends lines until closed or until nobody can hear them.
    pub(super) fn send(&self, to: &mut dyn Write, confirmed: Confirmed) -> Result<()> {
        loop {
            let (line, cut, id) = {
                let mut waiting = self.lock();
                loop {
                    if waiting.closed {
                        return Ok(());
                    }
                    let room = confirmed == Confirmed::BySending || waiting.sent < SENT_MAX;
                    if room && waiting.sent < waiting.batches.len() {
                        break;
                    }
                    waiting =
                        self.changed.wait_timeout(waiting, WAIT).unwrap_or_else(PoisonError::into_inner).0;
                }
                let next = waiting.sent;
                waiting.sent += 1;
                let cut = std::mem::take(&mut waiting.cut);
                let Some(batch) = waiting.batches.get(next) else { continue };
                (envelope::write(batch)?, cut, batch.id.clone())
            };
            if cut {
                to.write_all(b"\n")?;
            }
            to.write_all(&line)?;
            to.flush()?;
            if confirmed == Confirmed::BySending {
                self.confirm(id.run, id.sequence);
            }
        }
    }

    /// Hears answers until there are none.
    pub(super) fn hear(&self, from: &mut dyn BufRead) -> Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if (&mut *from).take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            // What is left of an answer that was cut is none.
            match Answer::read(&line) {
                Ok(Answer::Hello { .. }) => {
                    let mut waiting = self.lock();
                    (waiting.sent, waiting.cut) = (0, true);
                    self.changed.notify_all();
                }
                Ok(Answer::Received { run, sequence, .. }) => self.confirm(run, sequence),
                Err(error) if line.ends_with(b"\n") && line.len() > 1 => {
                    eprintln!("wardline sensor: an answer makes no sense: {error:#}");
                }
                Err(_) => {}
            }
        }
    }

    fn confirm(&self, run: u64, sequence: u64) {
        let mut waiting = self.lock();
        let of = |batch: &SensorBatch| matches!(batch.id, BatchId { run: r, sequence: s, .. } if (r, s) == (run, sequence));
        if let Some(at) = waiting.batches.iter().position(of) {
            if let Some(batch) = waiting.batches.remove(at) {
                waiting.entries = waiting.entries.saturating_sub(batch.entries());
            }
            if at < waiting.sent {
                waiting.sent -= 1;
            }
            self.changed.notify_all();
        }
    }
}

/// When a batch has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Confirmed {
    /// When the server says so.
    ByAnswer,
    /// When it was written.
    BySending,
}

impl Waiting {
    fn push(&mut self, batch: SensorBatch) {
        self.entries = self.entries.saturating_add(batch.entries());
        self.batches.push_back(batch);
    }

    /// Adds a batch, joins what may be joined, leaves out what finds no room.
    fn put(&mut self, batch: SensorBatch) {
        self.push(batch);
        let last = self.batches.len().saturating_sub(1);
        if last.saturating_sub(self.sent) >= SEPARATE_MAX {
            self.join(last - 1, Hours::Same);
        }
        if self.batches.len() > WAITING_MAX {
            self.join(self.sent, Hours::Any);
        }
        while self.entries > ENTRIES_MAX || self.batches.len() > WAITING_MAX {
            let Some(batch) = self.batches.remove(self.sent) else { return };
            let entries = batch.entries();
            self.entries = self.entries.saturating_sub(entries);
            self.shed = self.shed.saturating_add(u64::try_from(entries).unwrap_or(u64::MAX));
        }
    }

    /// Joins an unsent batch with the one after it, when they are of one run and of hours that may be joined.
    fn join(&mut self, at: usize, hours: Hours) {
        let hour = |batch: &SensorBatch| batch.until.0.div_euclid(HOUR);
        let (Some(a), Some(b)) = (self.batches.get(at), self.batches.get(at + 1)) else { return };
        if at < self.sent || a.id.run != b.id.run || (hours == Hours::Same && hour(a) != hour(b)) {
            return;
        }
        let before = a.entries().saturating_add(b.entries());
        if let Some(later) = self.batches.remove(at + 1)
            && let Some(earlier) = self.batches.get_mut(at)
        {
            earlier.join(later);
            self.entries = self.entries.saturating_sub(before).saturating_add(earlier.entries());
        }
    }
}

/// Which hours may be joined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hours {
    Same,
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use wardline_model::{Mac, PacketRef, Seen};

    fn batch(sequence: u64, hour: i64, station: u8) -> SensorBatch {
        let at = Timestamp(hour * HOUR + i64::try_from(sequence).unwrap());
        let mut batch = SensorBatch {
            id: BatchId { sensor: "s".into(), run: 1, sequence },
            from: at,
            until: at,
            ..SensorBatch::default()
        };
        batch.sightings.stations.insert(Mac([2, 0, 0, 0, 0, station]), Seen::once(PacketRef::new(0, 1, at)));
        batch.health.packets = 1;
        batch
    }

    fn sent(outbox: &Outbox, closes: bool) -> Vec<SensorBatch> {
        let mut out = Vec::new();
        if closes {
            outbox.lock().closed = true;
        }
        let mut limited = Limited { out: &mut out, lines: outbox.lock().batches.len().min(SENT_MAX) };
        let _ = outbox.send(&mut limited, Confirmed::ByAnswer);
        let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| envelope::read(line).unwrap()).collect()
    }

    /// Breaks after so many lines, as a pipe does whose reader is gone.
    struct Limited<'a> {
        out: &'a mut Vec<u8>,
        lines: usize,
    }

    impl Write for Limited<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.out.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.lines -= 1;
            if self.lines == 0 { Err(std::io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
        }
    }

    fn answer(outbox: &Outbox, answers: &[Answer]) {
        let lines: Vec<u8> = answers.iter().flat_map(|answer| answer.line().unwrap()).collect();
        outbox.hear(&mut Cursor::new(lines)).unwrap();
    }

    #[test]
    fn what_is_not_confirmed_is_told_again_under_the_same_name() {
        let outbox = Outbox::new(WhenFull::Shed);
        (1..=3).for_each(|n| outbox.put(batch(n, 5, 1), &|| false));
        let first = sent(&outbox, false);
        assert_eq!(first.iter().map(|b| b.id.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        answer(&outbox, &[Answer::received(&first[1].id), Answer::hello()]);
        assert_eq!(sent(&outbox, false), [first[0].clone(), first[2].clone()]);
        answer(&outbox, &[Answer::received(&first[0].id), Answer::received(&first[2].id)]);
        assert!(outbox.close(&|| true));
    }

    #[test]
    fn what_waits_is_joined_by_the_hour_and_nothing_that_was_sent() {
        let outbox = Outbox::new(WhenFull::Shed);
        outbox.put(batch(1, 5, 1), &|| false);
        let first = sent(&outbox, false);
        (2..=1_000).for_each(|n| outbox.put(batch(n, if n > 500 { 6 } else { 5 }, 1), &|| false));
        let waiting = outbox.lock();
        assert!(waiting.batches.len() <= 10, "{} batches", waiting.batches.len());
        assert_eq!(waiting.batches[0], first[0]);
        assert_eq!(waiting.batches.iter().map(|b| b.health.packets).sum::<u64>(), 1_000);
        assert!(
            waiting.batches.iter().all(|b| b.from.0 / HOUR == b.until.0 / HOUR),
            "an hour is told by itself"
        );
        assert_eq!(waiting.shed, 0);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_said() {
        let outbox = Outbox::new(WhenFull::Shed);
        for n in 1..=200 {
            outbox.put(batch(n, i64::try_from(n).unwrap(), 1), &|| false);
        }
        assert!(outbox.lock().batches.len() <= WAITING_MAX);
        outbox.lock().entries = ENTRIES_MAX + 1;
        outbox.put(batch(201, 201, 2), &|| false);
        outbox.put(batch(202, 202, 2), &|| false);
        let waiting = outbox.lock();
        let said = waiting.batches.iter().filter_map(|b| b.health.counters.get("shed_waiting")).sum::<u64>();
        assert!(said + waiting.shed > 0);
    }

    #[test]
    fn a_file_waits_and_its_batches_keep_their_names() {
        let outbox = Outbox::new(WhenFull::Wait);
        (1..=4).for_each(|n| outbox.put(batch(n, 5, 1), &|| false));
        std::thread::scope(|scope| {
            let put = scope.spawn(|| outbox.put(batch(5, 5, 1), &|| false));
            std::thread::sleep(Duration::from_millis(50));
            assert_eq!(outbox.lock().batches.len(), 4, "it waits");
            answer(&outbox, &[Answer::received(&batch(1, 5, 1).id)]);
            put.join().unwrap();
        });
        let names: Vec<_> = outbox.lock().batches.iter().map(|b| b.id.sequence).collect();
        assert_eq!(names, [2, 3, 4, 5]);
    }

    #[test]
    fn answers_that_make_no_sense_change_nothing() {
        let outbox = Outbox::new(WhenFull::Shed);
        outbox.put(batch(1, 5, 1), &|| false);
        outbox.hear(&mut Cursor::new(b"\xff\xff\n{}\n\n{\"wardline\":\"received\"".to_vec())).unwrap();
        assert_eq!(sent(&outbox, false).len(), 1);
        assert!(!outbox.close(&|| true));
        assert!(sent(&outbox, true).is_empty(), "closed");
    }
}
