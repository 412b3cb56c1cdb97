//! What sensors told, summed up, and the devices that it makes.
//!
//! Limits: [`ENTRIES_MAX`] different things; beyond, new ones are left out and counted, and known ones still add up.
//! [`RUNS_MAX`] runs are remembered, of each the last [`NUMBERS_MAX`] batches.

use crate::output::{Report, json};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wardline_content::Content;
use wardline_inventory::{Domain, Knowledge, SensorBatch, SensorHealth, Sightings};
use wardline_model::{Exemplars, Mac, PacketRef, Seen, Timestamp};
use wardline_sensor::{Analysis, FlowList, Totals};
use wardline_wire::capture::FileSummary;

/// Different things kept: five times what 5,000 devices say in a day.
const ENTRIES_MAX: usize = 1_000_000;
const RUNS_MAX: usize = 1_024;
const NUMBERS_MAX: u64 = 65_536;
/// Names of interfaces and files told apart; those beyond share one.
const SOURCES_MAX: usize = 65_536;

/// Which batches of a run were taken.
#[derive(Default)]
struct Taken {
    highest: u64,
    numbers: BTreeSet<u64>,
}

impl Taken {
    /// Whether this one is new; it is not afterwards.
    fn is_new(&mut self, number: u64) -> bool {
        let low = self.highest.saturating_sub(NUMBERS_MAX);
        if number <= low || !self.numbers.insert(number) {
            return false;
        }
        self.highest = self.highest.max(number);
        let low = self.highest.saturating_sub(NUMBERS_MAX);
        self.numbers = self.numbers.split_off(&low);
        true
    }
}

/// What is kept.
pub(super) struct Keeper<'a> {
    content: &'a Content,
    folder: PathBuf,
    sightings: Sightings,
    taken: BTreeMap<(Box<str>, u64), Taken>,
    sources: Vec<FileSummary>,
    numbers: BTreeMap<String, u32>,
    health: BTreeMap<Box<str>, (Timestamp, SensorBatch)>,
    last: Timestamp,
    left_out: u64,
    changed: bool,
    heard: bool,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(content: &'a Content, folder: &Path) -> Self {
        Self {
            content,
            folder: folder.to_owned(),
            sightings: Sightings::default(),
            taken: BTreeMap::new(),
            sources: Vec::new(),
            numbers: BTreeMap::new(),
            health: BTreeMap::new(),
            last: Timestamp(0),
            left_out: 0,
            changed: true,
            heard: false,
        }
    }

    pub(super) const fn is_changed(&self) -> bool {
        self.changed
    }

    pub(super) const fn has_heard(&self) -> bool {
        self.heard
    }

    /// Takes a batch, once.
    pub(super) fn take(&mut self, mut batch: SensorBatch) {
        self.heard = true;
        if self.taken.len() >= RUNS_MAX && !self.taken.contains_key(&(batch.id.sensor.clone(), batch.id.run))
        {
            self.taken.pop_first();
        }
        let run = self.taken.entry((batch.id.sensor.clone(), batch.id.run)).or_default();
        if !run.is_new(batch.id.sequence) {
            return;
        }
        self.changed = true;
        self.last = self.last.max(batch.until);
        let numbers = self.number_sources(&batch);
        let mut sightings = std::mem::take(&mut batch.sightings);
        renumber(&mut sightings, &numbers);
        self.bound(&mut sightings);
        self.sightings.merge(sightings);
        let sum = self.health.entry(batch.id.sensor.clone()).or_default();
        sum.0 = sum.0.max(batch.until);
        batch.conversations.clear();
        sum.1.join(batch);
    }

    /// Numbers of this process for those of the batch.
    fn number_sources(&mut self, batch: &SensorBatch) -> BTreeMap<u32, u32> {
        let mut numbers = BTreeMap::new();
        for (file, name) in &batch.sources {
            let name = format!("{}:{name}", batch.id.sensor);
            let known = self.numbers.get(&name).copied();
            let number = known.unwrap_or_else(|| {
                let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
                if self.sources.len() < SOURCES_MAX {
                    self.sources.push(FileSummary { name: name.clone(), ..FileSummary::default() });
                    self.numbers.insert(name, next);
                }
                next
            });
            numbers.insert(*file, number);
        }
        numbers
    }

    /// Leaves out what is new when there is no room.
    fn bound(&mut self, new: &mut Sightings) {
        let Sightings { observations, hosts, stations, domains, services, exchanges } = &mut self.sightings;
        let count = observations.len()
            + hosts.len()
            + stations.len()
            + domains.len()
            + services.len()
            + exchanges.len();
        if count < ENTRIES_MAX {
            return;
        }
        let before = new.observations.len() + new.hosts.len() + new.stations.len();
        new.observations.retain(|key, _| observations.contains_key(key));
        new.hosts.retain(|key, _| hosts.contains_key(key));
        new.stations.retain(|key, _| stations.contains_key(key));
        new.domains.retain(|key, ()| domains.contains_key(key));
        new.services.retain(|key, _| services.contains_key(key));
        new.exchanges.retain(|key, _| exchanges.contains_key(key));
        let after = new.observations.len() + new.hosts.len() + new.stations.len();
        self.left_out = self.left_out.saturating_add(u64::try_from(before - after).unwrap_or(0));
    }

    /// Makes the devices anew and writes them down.
    pub(super) fn renew(&mut self) -> Result<()> {
        self.changed = false;
        let knowledge = Knowledge::new(self.content);
        let inventory = wardline_inventory::devices(&self.sightings, &knowledge, 1);
        let findings = wardline_detect::findings(&inventory.devices, self.content, self.last);
        // The report takes what was seen, and gives it back.
        let analysis = Analysis {
            files: std::mem::take(&mut self.sources),
            sightings: std::mem::take(&mut self.sightings),
            flows: FlowList::default(),
            totals: Totals::default(),
            first: None,
            last: Some(self.last),
        };
        let report = Report::new(analysis, inventory, findings, self.content, 1);
        let written = replace(&self.folder, "devices.json", |out| json::write_devices(&report, out))
            .and_then(|()| replace(&self.folder, "findings.jsonl", |out| json::write_findings(&report, out)));
        (self.sources, self.sightings) = (report.analysis.files, report.analysis.sightings);
        let written =
            written.and_then(|()| replace(&self.folder, "sensors.json", |out| self.write_sensors(out)));
        written.with_context(|| {
            format!("{}: devices cannot be written there; is it full?", self.folder.display())
        })
    }

    fn write_sensors(&self, out: &mut impl Write) -> io::Result<()> {
        let sensor = |name: &str, until: Timestamp, sum: &SensorBatch| {
            let SensorHealth { packets, bytes, counters, sources } = &sum.health;
            let sources: serde_json::Map<_, _> = sources
                .iter()
                .map(|(name, s)| {
                    let told = serde_json::json!({
                        "packets": s.packets, "bytes": s.bytes, "dropped": s.dropped, "ring_full": s.full,
                        "problem": s.problem,
                    });
                    (name.to_string(), told)
                })
                .collect();
            serde_json::json!({
                "sensor": name, "until": crate::output::rfc3339(until), "packets": packets, "bytes": bytes,
                "counters": counters, "sources": sources,
            })
        };
        let sensors: Vec<_> =
            self.health.iter().map(|(name, (until, sum))| sensor(name, *until, sum)).collect();
        serde_json::to_writer_pretty(
            &mut *out,
            &serde_json::json!({ "sensors": sensors, "left_out": self.left_out }),
        )?;
        out.write_all(b"\n")
    }
}

/// Writes a file beside, then in its place: who reads it sees the old or the new one.
fn replace(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.new"));
    let mut out = BufWriter::new(File::create(&beside)?);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
    fs::rename(beside, folder.join(name))
}

/// Gives packets and domains the numbers of this process.
fn renumber(sightings: &mut Sightings, numbers: &BTreeMap<u32, u32>) {
    let number = |file: u32| numbers.get(&file).copied().unwrap_or(PacketRef::FILE_MAX);
    let again = |seen: &mut Seen| {
        let mut exemplars = Exemplars::default();
        for packet in seen.exemplars.iter() {
            exemplars.add(PacketRef::new(number(packet.file()), packet.frame(), packet.time));
        }
        seen.exemplars = exemplars;
    };
    sightings.observations.values_mut().for_each(again);
    sightings.hosts.values_mut().for_each(|host| again(&mut host.seen));
    sightings.stations.values_mut().for_each(again);
    sightings.services.values_mut().for_each(again);
    sightings.exchanges.values_mut().for_each(again);
    let domains = std::mem::take(&mut sightings.domains);
    let here = |((mac, domain), ()): ((Mac, Domain), ())| {
        ((mac, Domain { file: number(domain.file), ..domain }), ())
    };
    sightings.domains = domains.into_iter().map(here).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once_however_late_it_comes() {
        let mut taken = Taken::default();
        let new: Vec<bool> = [1, 2, 5, 3, 2, 5, 0, NUMBERS_MAX * 2, 6, NUMBERS_MAX + 1, NUMBERS_MAX + 1]
            .map(|n| taken.is_new(n))
            .to_vec();
        assert_eq!(new, [true, true, true, true, false, false, false, true, false, true, false]);
        assert!(taken.numbers.len() <= 3);
    }

    #[test]
    fn a_batch_that_comes_again_has_no_second_effect_and_sensors_stay_apart() {
        use wardline_inventory::BatchId;
        let content = Content::embedded().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::new(&content, folder.path());
        let batch = |sensor: &str, sequence| {
            let mut batch = SensorBatch {
                id: BatchId { sensor: sensor.into(), run: 9, sequence },
                sources: BTreeMap::from([(0, "eth0".into())]),
                ..SensorBatch::default()
            };
            let seen = Seen::once(PacketRef::new(0, sequence, Timestamp(5)));
            batch.sightings.stations.insert(Mac([0, 0x09, 0xfb, 0, 0, 7]), seen);
            batch.health.packets = 10;
            batch
        };
        for (sensor, sequence) in [("a", 1), ("a", 1), ("b", 1), ("a", 2), ("b", 1)] {
            keeper.take(batch(sensor, sequence));
        }
        let seen = keeper.sightings.stations.values().next().unwrap();
        assert_eq!(seen.count, 3);
        assert_eq!(keeper.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["a:eth0", "b:eth0"]);
        keeper.renew().unwrap();
        let devices = fs::read_to_string(folder.path().join("devices.json")).unwrap();
        assert!(devices.contains("00:09:fb:00:00:07") && devices.contains("a:eth0"), "{devices}");
        let sensors = fs::read_to_string(folder.path().join("sensors.json")).unwrap();
        assert!(sensors.contains("\"packets\": 20") && sensors.contains("\"sensor\": \"b\""), "{sensors}");
        assert!(!keeper.is_changed() && keeper.sightings.stations.len() == 1, "what was seen is kept");
    }
}
