//! A running sensor tells in pieces what an analysis tells at once.

use super::{Running, listen};
use crate::source::{Clock, FileSource, FolderSource, Pace, Progress, Source, Step};
use crate::{Analysis, Options, analyse};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use wardline_inventory::{SensorBatch, SourceHealth};
use wardline_model::{Seen, Timestamp};
use wardline_simulate::{Packet, Plan, Profile, Simulation, pcap_header, pcap_record};
use wardline_wire::capture::{Batch, Captures};

const START: Timestamp = Timestamp(1_772_434_800 * Timestamp::SECOND);

fn packets() -> Vec<Packet> {
    let plan = Plan { profile: Profile::Hospital, devices: 40, seed: 7, start: START, duration_seconds: 900 };
    Simulation::new(&plan).unwrap().collect()
}

fn capture(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = pcap_header().to_vec();
    for packet in packets {
        bytes.extend(pcap_record(packet));
        bytes.extend(&packet.bytes);
    }
    bytes
}

fn captures(bytes: Vec<u8>) -> Captures {
    Captures::from_reader("generated", Box::new(Cursor::new(bytes))).unwrap()
}

fn running(workers: usize) -> Running {
    Running { sensor: "ward-3".into(), run: 5, workers, seed: 9 }
}

fn told(sources: Vec<Box<dyn Source>>, workers: usize) -> Vec<SensorBatch> {
    let mut batches = Vec::new();
    let clock = || START;
    let stop = AtomicBool::new(false);
    listen(sources, &running(workers), &clock, &stop, &mut |batch| batches.push(batch)).unwrap();
    batches
}

fn of_file(bytes: Vec<u8>, workers: usize) -> Vec<SensorBatch> {
    told(vec![Box::new(FileSource::new(captures(bytes), Pace::Full))], workers)
}

fn sum(batches: &[SensorBatch]) -> SensorBatch {
    let mut batches = batches.iter().cloned();
    let mut sum = batches.next().unwrap();
    batches.for_each(|batch| sum.join(batch));
    sum
}

fn without_examples(seen: &Seen) -> (Timestamp, Timestamp, u64) {
    (seen.first, seen.last, seen.count)
}

#[test]
fn the_pieces_add_up_to_the_whole() {
    let bytes = capture(&packets());
    let options = Options { threads: 1, seed: 3 };
    let mut whole: Analysis = analyse(&mut captures(bytes.clone()), options, &mut |_| {}).unwrap();
    let batches = of_file(bytes, 2);
    assert!(batches.len() > 10, "{} batches", batches.len());
    let sum = sum(&batches);
    let (got, expected) = (&sum.sightings, &whole.sightings);
    assert_eq!(sum.health.packets, whole.totals.packets);
    assert!(got.observations == expected.observations, "statements differ");
    assert!(got.stations.keys().eq(expected.stations.keys()));
    for (mac, seen) in &expected.stations {
        assert_eq!(without_examples(&got.stations[mac]), without_examples(seen), "{mac:?}");
        assert_eq!(got.stations[mac].exemplars.first(), seen.exemplars.first());
    }
    for (host, expected) in &expected.hosts {
        let got = &got.hosts[host];
        assert_eq!(without_examples(&got.seen), without_examples(&expected.seen), "{host:?}");
        assert_eq!((got.ttl_min, got.ttl_max), (expected.ttl_min, expected.ttl_max));
    }
    for service in expected.services.keys() {
        assert!(got.services.contains_key(service), "{service:?}");
    }
    for exchange in expected.exchanges.keys() {
        assert!(got.exchanges.contains_key(exchange), "{exchange:?}");
    }
    let flows: Vec<_> = whole.flows.sorted().unwrap().map(Result::unwrap).collect();
    let of_flows = flows
        .iter()
        .map(|f| [f.packets_to_server, f.packets_to_client, f.bytes_to_server, f.bytes_to_client]);
    let spoken = sum.conversations.values();
    let of_spoken =
        spoken.map(|s| [s.packets_to_server, s.packets_to_client, s.bytes_to_server, s.bytes_to_client]);
    let add = |a: [u64; 4], b: [u64; 4]| [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
    assert_eq!(of_spoken.fold([0; 4], add), of_flows.fold([0; 4], add));
    let (begun, ended) = sum.conversations.values().fold((0, 0), |n, s| (n.0 + s.begun, n.1 + s.ended));
    assert_eq!((begun, ended), (ended, whole.flows.len()), "each flow begins and ends once");
}

#[test]
fn the_same_file_gives_the_same_batches_with_any_number_of_workers() {
    let bytes = capture(&packets());
    let plain = |mut batches: Vec<SensorBatch>| {
        // How much was read when something was told depends on who was faster.
        batches.iter_mut().for_each(|batch| batch.health = Default::default());
        batches
    };
    let first = plain(of_file(bytes.clone(), 1));
    assert!(first.iter().map(|batch| batch.id.sequence).eq(1..=u64::try_from(first.len()).unwrap()));
    for workers in [1, 3] {
        assert!(plain(of_file(bytes.clone(), workers)) == first, "{workers} workers differ");
    }
}

#[test]
fn what_is_known_is_not_told_again_each_time() {
    let batches = of_file(capture(&packets()), 1);
    let told: usize = batches.iter().map(SensorBatch::entries).sum();
    let different = sum(&batches).entries();
    assert!(told < different * 8, "{told} entries for {different} things in 15 minutes");
}

/// Gives packets as an interface would, one batch a call, then waits to be stopped.
struct Endless {
    batches: Vec<Batch>,
    stop: Arc<AtomicBool>,
    fails: bool,
}

impl Source for Endless {
    fn next(&mut self, into: &mut Batch) -> Step {
        match self.batches.pop() {
            Some(batch) => *into = batch,
            None if self.fails => return Step::Failed("the interface is gone".into()),
            None => {
                std::thread::sleep(std::time::Duration::from_millis(20));
                self.stop.store(true, Ordering::Relaxed);
                return Step::Idle;
            }
        }
        Step::Packets
    }

    fn name(&self, _: u32) -> Option<Box<str>> {
        Some("eth7".into())
    }

    fn health(&mut self) -> (Box<str>, SourceHealth) {
        ("eth7".into(), SourceHealth { dropped: 1, ..SourceHealth::default() })
    }

    fn cuts(&self) -> bool {
        false
    }
}

fn endless(fails: bool) -> (Vec<SensorBatch>, Result<(), crate::SensorError>) {
    let mut batches = Vec::new();
    let mut all = captures(capture(&packets()));
    let mut batch = Batch::default();
    while all.next_batch(&mut batch) {
        batches.insert(0, std::mem::take(&mut batch));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let source = Endless { batches, stop: Arc::clone(&stop), fails };
    let mut told = Vec::new();
    let time = AtomicI64::new(START.0);
    let clock = move || Timestamp(time.fetch_add(Timestamp::SECOND, Ordering::Relaxed));
    let done = listen(vec![Box::new(source)], &running(2), &clock, &stop, &mut |batch| told.push(batch));
    (told, done)
}

#[test]
fn an_interface_is_told_of_until_it_is_stopped_and_nothing_is_held_back() {
    let (batches, done) = endless(false);
    done.unwrap();
    let sum = sum(&batches);
    assert_eq!((sum.id.run, sum.sources.get(&0)), (5, Some(&"eth7".into())));
    assert!(sum.health.sources["eth7"].dropped > 0);
    let whole =
        analyse(&mut captures(capture(&packets())), Options { threads: 1, seed: 3 }, &mut |_| {}).unwrap();
    assert!(sum.sightings.observations == whole.sightings.observations, "statements differ");
}

#[test]
fn a_source_that_fails_ends_the_sensor_after_what_came_was_told() {
    let (batches, done) = endless(true);
    assert_eq!(done.unwrap_err().to_string(), "the interface is gone");
    assert!(sum(&batches).entries() > 100);
}

/// Remembers what was done.
#[derive(Clone, Default)]
struct Done(Arc<Mutex<Vec<(String, u64)>>>);

impl Progress for Done {
    fn done(&mut self, name: &str, size: u64) -> std::io::Result<()> {
        self.0.lock().unwrap().push((name.to_owned(), size));
        Ok(())
    }
}

fn rotate(folder: &Path, done: &Done, until: usize, meanwhile: &mut dyn FnMut(i64)) -> Vec<SensorBatch> {
    let time = Arc::new(AtomicI64::new(0));
    let wall = Arc::clone(&time);
    let clock: Arc<Clock> = Arc::new(move || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        Timestamp(i64::try_from(since.as_nanos()).unwrap() + wall.load(Ordering::Relaxed))
    });
    let before = done.0.lock().unwrap().clone();
    let source = FolderSource::new(folder, before, Box::new(done.clone()), Arc::clone(&clock));
    let stop = AtomicBool::new(false);
    let mut batches = Vec::new();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut told = Vec::new();
            listen(vec![Box::new(source)], &running(1), &*clock, &stop, &mut |batch| told.push(batch))
                .unwrap();
            told
        });
        for turn in 0..200 {
            meanwhile(turn);
            std::thread::sleep(std::time::Duration::from_millis(30));
            time.fetch_add(3 * Timestamp::SECOND, Ordering::Relaxed);
            if done.0.lock().unwrap().len() >= until {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        batches = run.join().unwrap();
    });
    batches
}

#[test]
fn a_folder_is_read_as_it_is_filled_and_not_again() {
    let folder = tempfile::tempdir().unwrap();
    let packets = packets();
    let bytes = capture(&packets);
    let third = packets.len() / 3;
    let parts: Vec<_> = packets.chunks(third + 1).map(capture).collect();
    let done = Done::default();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write(".hidden.pcap", &parts[0]);
    let batches = rotate(folder.path(), &done, 3, &mut |turn| match turn {
        // One that grows, cut in the middle of a record, then two that are there at once.
        0 => write("a.pcap", &parts[0][..parts[0].len() / 3]),
        8 => write("a.pcap", &parts[0]),
        16 => {
            write("b.pcap", &parts[1]);
            write("c.pcap", &parts[2]);
        }
        _ => {}
    });
    let names: Vec<_> = done.0.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, ["a.pcap", "b.pcap", "c.pcap"]);
    let whole = analyse(&mut captures(bytes), Options { threads: 1, seed: 3 }, &mut |_| {}).unwrap();
    let all = sum(&batches);
    assert_eq!(all.health.packets, whole.totals.packets);
    let told: Vec<_> =
        all.sightings.observations.iter().map(|(s, seen)| (s, without_examples(seen))).collect();
    let expected: Vec<_> =
        whole.sightings.observations.iter().map(|(s, seen)| (s, without_examples(seen))).collect();
    // What waited when the sensor was stopped is told after the next start, when the file is new.
    assert!(told.len() * 10 >= expected.len() * 9, "{} of {}", told.len(), expected.len());
    let runs: std::collections::BTreeSet<_> = batches.iter().map(|batch| batch.id.run).collect();
    assert_eq!(runs.len(), 3, "a file is a run");
    // The clock of this test ran ahead; after it, nothing is new.
    let again = rotate(folder.path(), &done, 3, &mut |_| {});
    assert!(again.iter().all(|batch| batch.entries() == 0), "read again");
}
