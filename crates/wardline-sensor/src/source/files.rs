//! Capture files, once: as fast as they can be read, or in the time they were recorded in.
//!
//! What is told is cut by the packets' own time, and the run is named after the files' content: reading the same files
//! again gives the same batches under the same names, which have no second effect.

use super::{Clock, Source, Step, count};
use std::sync::Arc;
use std::time::Duration;
use wardline_inventory::SourceHealth;
use wardline_model::Timestamp;
use wardline_wire::capture::{Batch, Captures, PacketHead};

/// How fast to read.
#[derive(Clone)]
pub enum Pace {
    /// As fast as it goes; told once for each minute of the recording.
    Full,
    /// As it was recorded; told once a second.
    Real(Arc<Clock>),
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "Full",
            Self::Real(_) => "Real",
        })
    }
}

/// Longest wait before other things are looked at.
const WAIT: Duration = Duration::from_millis(100);

/// Capture files.
#[derive(Debug)]
pub struct FileSource {
    captures: Captures,
    pace: Pace,
    cutter: Cutter,
    /// When the first packet was given, and its time.
    began: Option<(Timestamp, Timestamp)>,
    health: SourceHealth,
    ended: bool,
}

impl FileSource {
    /// Captures, to be read at a pace.
    #[must_use]
    pub fn new(captures: Captures, pace: Pace) -> Self {
        let every = match pace {
            Pace::Full => 60 * Timestamp::SECOND,
            Pace::Real(_) => Timestamp::SECOND,
        };
        let health = SourceHealth::default();
        Self { captures, pace, cutter: Cutter::new(every), began: None, health, ended: false }
    }

    /// Until when packets may be given now; `None` for all.
    fn until(&mut self) -> Option<Timestamp> {
        let Pace::Real(clock) = &self.pace else { return None };
        let (now, first) = (clock(), self.cutter.next_time()?);
        let (began, at) = *self.began.get_or_insert((now, first));
        Some(Timestamp(at.0.saturating_add(now.since(began).max(0))))
    }
}

impl Source for FileSource {
    fn next(&mut self, into: &mut Batch) -> Step {
        if self.cutter.is_empty() && !self.ended {
            self.ended = !self.cutter.fill(|batch| self.captures.next_batch(batch));
        }
        if self.ended {
            return self.cutter.last_cut().map_or(Step::End, Step::Cut);
        }
        let until = self.until();
        let step = self.cutter.give(into, until);
        match step {
            Step::Packets => count(into, &mut self.health),
            Step::Idle => std::thread::sleep(WAIT),
            Step::Cut(_) | Step::Run(_) | Step::End | Step::Failed(_) => {}
        }
        step
    }

    fn name(&self, file: u32) -> Option<Box<str>> {
        self.captures.files().get(usize::try_from(file).ok()?).map(|file| file.name.as_str().into())
    }

    fn health(&mut self) -> (Box<str>, SourceHealth) {
        let mut health = std::mem::take(&mut self.health);
        let problem =
            self.captures.files().iter().find_map(|f| f.problem.as_ref().map(|p| format!("{}: {p}", f.name)));
        health.problem = problem.map(Into::into);
        ("capture files".into(), health)
    }

    fn cuts(&self) -> bool {
        true
    }
}

/// Gives packets of batches so that none crosses a moment at which what came is told.
#[derive(Debug)]
pub(super) struct Cutter {
    every: i64,
    batch: Batch,
    next: usize,
    /// The moment from which packets wait for what came before to be told.
    cut: Option<Timestamp>,
    latest: Option<Timestamp>,
}

impl Cutter {
    pub(super) fn new(every: i64) -> Self {
        Self { every, batch: Batch::default(), next: 0, cut: None, latest: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next >= self.batch.packets.len()
    }

    /// Refills an empty one; whether there was anything.
    pub(super) fn fill(&mut self, fill: impl FnOnce(&mut Batch) -> bool) -> bool {
        self.next = 0;
        let more = fill(&mut self.batch);
        if !more {
            self.batch.packets.clear();
        }
        more
    }

    fn next_time(&self) -> Option<Timestamp> {
        self.batch.packets.get(self.next).map(|head| head.place.time)
    }

    /// When something was given since the last cut, the moment to cut at.
    pub(super) fn last_cut(&mut self) -> Option<Timestamp> {
        self.cut = None;
        self.latest.take()
    }

    /// Gives packets up to the next cut, or of times before `until`; or says that it is time to cut.
    pub(super) fn give(&mut self, into: &mut Batch, until: Option<Timestamp>) -> Step {
        into.packets.clear();
        let Some(first) = self.next_time() else { return Step::Idle };
        let cut = match self.cut {
            Some(cut) if first >= cut => {
                self.cut = Some(self.after(first));
                return self
                    .latest
                    .take()
                    .map_or(Step::Idle, |_| Step::Cut(Timestamp(cut.0.saturating_sub(1))));
            }
            Some(cut) => cut,
            None => *self.cut.insert(self.after(first)),
        };
        let rest = self.batch.packets.get(self.next..).unwrap_or_default();
        let due =
            |head: &PacketHead| head.place.time < cut && until.is_none_or(|until| head.place.time <= until);
        let count = rest.iter().take_while(|head| due(head)).count();
        if count == 0 {
            return Step::Idle;
        }
        let given = rest.get(..count).unwrap_or_default();
        self.latest = self.latest.max(given.iter().map(|head| head.place.time).max());
        if self.next == 0 && count == self.batch.packets.len() {
            std::mem::swap(into, &mut self.batch);
            self.batch.packets.clear();
        } else {
            into.bytes.clear();
            for head in given {
                let offset = u32::try_from(into.bytes.len()).unwrap_or(u32::MAX);
                into.bytes.extend_from_slice(self.batch.packet(head));
                into.packets.push(PacketHead { offset, ..*head });
            }
            self.next = self.next.saturating_add(count);
        }
        Step::Packets
    }

    /// The next multiple of the interval after a time.
    fn after(&self, time: Timestamp) -> Timestamp {
        Timestamp(time.0.div_euclid(self.every).saturating_add(1).saturating_mul(self.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_model::PacketRef;
    use wardline_wire::capture::LinkType;

    fn batch(seconds: &[i64]) -> Batch {
        let packets = seconds.iter().zip(0_u32..).map(|(s, n)| PacketHead {
            place: PacketRef::new(0, u64::from(n) + 1, Timestamp(s * Timestamp::SECOND)),
            link: LinkType::ETHERNET,
            original: 1,
            offset: n,
            captured: 1,
        });
        Batch {
            bytes: (0..seconds.len()).map(|n| u8::try_from(n).unwrap()).collect(),
            packets: packets.collect(),
        }
    }

    fn steps(batches: &[&[i64]]) -> Vec<String> {
        let mut cutter = Cutter::new(60 * Timestamp::SECOND);
        let mut out = Vec::new();
        let mut batches = batches.iter();
        loop {
            if cutter.is_empty() {
                let Some(next) = batches.next() else { break };
                assert!(cutter.fill(|into| {
                    *into = batch(next);
                    true
                }));
            }
            let mut into = Batch::default();
            match cutter.give(&mut into, None) {
                Step::Packets => out.push(
                    into.packets
                        .iter()
                        .map(|h| format!("{}:{}", h.place.time.0 / Timestamp::SECOND, into.packet(h)[0]))
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                Step::Cut(at) => out.push(format!("cut {}", at.0 / Timestamp::SECOND)),
                Step::Idle => {}
                other => panic!("{other:?}"),
            }
        }
        out.extend(cutter.last_cut().map(|at| format!("cut {}", at.0 / Timestamp::SECOND)));
        out
    }

    #[test]
    fn no_batch_crosses_a_minute_however_packets_are_read() {
        let expected = ["1:0 59:1", "cut 59", "60:2 61:3", "cut 119", "400:4", "cut 400"];
        assert_eq!(steps(&[&[1, 59, 60, 61, 400]]), expected);
        assert_eq!(steps(&[&[1, 2]]), ["1:0 2:1", "cut 2"]);
        assert_eq!(steps(&[&[1], &[2], &[130]]), ["1:0", "2:0", "cut 59", "130:0", "cut 130"]);
        // A clock that steps back is no reason to cut.
        assert_eq!(steps(&[&[100, 30, 101]]), ["100:0 30:1 101:2", "cut 101"]);
        assert_eq!(steps(&[]), Vec::<String>::new());
    }
}
