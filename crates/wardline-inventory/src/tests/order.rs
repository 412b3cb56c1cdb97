//! The same sightings give the same devices, whatever shard saw which part of them, and in reasonable time.

use super::{World, content};
use crate::{Host, HostSeen, Knowledge, Sightings, devices};
use std::net::IpAddr;
use std::time::Duration;
use wardline_model::{About, Attribute, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp};

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const VALUES: &[(Attribute, &[&str])] = &[
    (Attribute::Vendor, &["SIEMENS", "Philips", "Dräger", "GE"]),
    (Attribute::Model, &["Force", "SOMATOM Force", "Ingenia", "Evita V500"]),
    (Attribute::Serial, &["75432", "0000", "17011", "ASBK-0042", "A7869"]),
    (Attribute::AeTitle, &["CT1", "PACS", "MR1"]),
    (Attribute::Hostname, &["a", "b", "A"]),
    (Attribute::Mac, &["fc:ff:ff:00:00:01", "fc:ff:ff:00:00:02"]),
    (Attribute::Ip, &["10.0.0.1", "10.0.0.2", "10.0.1.3"]),
    (Attribute::HostKey, &["k1", "k2"]),
    (Attribute::DicomService, &["scp:storage", "scp:query", "scu:worklist"]),
    (Attribute::PatientDataInClear, &["dicom"]),
    (Attribute::AstmSender, &["XP-100^00-13^^^^A7869^BS649542", "806149 H^GeneXpert^4.8"]),
];

fn event(random: &mut Random, time: i64) -> Sightings {
    let mut seen = Sightings::default();
    let frame = u64::try_from(time).unwrap();
    let once = Seen::once(PacketRef::new(0, frame, Timestamp(time)));
    let ip: IpAddr = format!("10.0.{}.{}", random.below(3), random.below(4)).parse().unwrap();
    let mac = (random.below(5) > 0)
        .then(|| Mac([0xfc, 0xff, 0xff, 0, 0, u8::try_from(random.below(6)).unwrap()]))
        .filter(|mac| mac.0[5] > 0);
    let ttl = [64, 63, 128, 255][usize::try_from(random.below(4)).unwrap()];
    if let Some(mac) = mac {
        seen.stations.insert(mac, once.clone());
    }
    let host = Host { ip, mac };
    seen.hosts.insert(host, HostSeen { seen: once.clone(), ttl_min: ttl, ttl_max: ttl });
    let subject = match (random.below(4), mac) {
        (0, _) => Subject::Named(ip),
        (1, Some(mac)) => Subject::Mac(mac),
        _ => Subject::Host { ip, mac },
    };
    let about = if random.below(2) == 0 { About::Speaker } else { About::Equipment };
    let protocol = ["dicom", "arp", "hl7", "astm", "lldp"][usize::try_from(random.below(5)).unwrap()];
    let mut facts: Vec<Fact> = (0..=random.below(3))
        .map(|_| {
            let (attribute, values) = VALUES[usize::try_from(random.below(VALUES.len() as u64)).unwrap()];
            let value = values[usize::try_from(random.below(values.len() as u64)).unwrap()];
            Fact::new(attribute, value, u8::try_from(50 + 10 * random.below(5)).unwrap(), "rule").unwrap()
        })
        .collect();
    facts.sort();
    seen.observations.insert(Statement { subject, about, protocol, facts }, once);
    seen
}

fn merged(events: &[Sightings]) -> Sightings {
    events.iter().fold(Sightings::default(), |mut all, event| {
        all.merge(event.clone());
        all
    })
}

#[test]
fn the_order_of_observations_leaves_no_trace() {
    let knowledge = Knowledge::new(content());
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut events: Vec<Sightings> = (1..40).map(|time| event(&mut random, time)).collect();
        let expected = devices(&merged(&events), &knowledge, 1);
        for threads in [1, 2, 3] {
            for at in (1..events.len()).rev() {
                let other = usize::try_from(random.below(at as u64 + 1)).unwrap();
                events.swap(at, other);
            }
            assert_eq!(devices(&merged(&events), &knowledge, threads), expected, "seed {seed}");
        }
    }
}

#[test]
fn no_station_and_no_address_without_a_mac_is_in_two_devices() {
    let knowledge = Knowledge::new(content());
    for seed in 100..160 {
        let mut random = Random(seed);
        let events: Vec<Sightings> = (1..40).map(|time| event(&mut random, time)).collect();
        let inventory = devices(&merged(&events), &knowledge, 1);
        let mut macs: Vec<Mac> = inventory.devices.iter().flat_map(|device| device.macs.clone()).collect();
        macs.sort();
        assert!(macs.windows(2).all(|pair| pair[0] != pair[1]), "seed {seed}");
        let ids: Vec<&str> = inventory.devices.iter().map(|device| device.id.as_str()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}");
        for via in inventory.devices.iter().flat_map(|d| &d.evidence).filter_map(|e| e.via.as_deref()) {
            assert!(inventory.device(via).is_some(), "seed {seed}: {via} told of others and is no device");
        }
    }
}

/// Five thousand devices and two hundred thousand statements, in a test build with debug checks.
#[test]
fn a_hospital_takes_seconds() {
    let mut world = World::default();
    for n in 0_u32..5_000 {
        let [_, a, b, c] = n.to_be_bytes();
        let host = Host {
            ip: IpAddr::from([10, a, b, c]),
            mac: Some(Mac([0xfc, 0xff, 0xff, a, b, c.wrapping_add(1)])),
        };
        let seen = Seen::once(PacketRef::new(0, 1, Timestamp(i64::from(n))));
        world.seen.stations.insert(host.mac.unwrap(), seen.clone());
        world.seen.hosts.insert(host, HostSeen { seen: seen.clone(), ttl_min: 64, ttl_max: 64 });
        for k in 0..40 {
            let facts = vec![
                Fact::new(Attribute::Model, &format!("Model {}", k % 3), 80, "r").unwrap(),
                Fact::new(Attribute::Serial, &format!("SN{n:05}-{k}"), 80, "r").unwrap(),
            ];
            let about = if k % 2 == 0 { About::Speaker } else { About::Equipment };
            let subject = Subject::Host { ip: host.ip, mac: host.mac };
            let statement = Statement { subject, about, protocol: "hl7", facts };
            world.seen.observations.insert(statement, seen.clone());
        }
    }
    assert_eq!(world.seen.observations.len(), 200_000);
    let started = cpu_time();
    let inventory = world.inventory();
    let took = cpu_time().saturating_sub(started);
    assert!(inventory.devices.len() >= 5_000);
    assert!(took < Duration::from_secs(30), "{took:?}");
    eprintln!("5,000 devices, 200,000 statements: {took:?}");
}

/// Processor time of this thread: a wall clock would measure the machine's other work.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanoseconds)
}
