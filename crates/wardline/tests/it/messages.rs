//! A hospital told message by message gives the devices that its packets give.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::IpAddr;
use wardline_content::Content;
use wardline_inventory::{Exchange, Host, HostSeen, Inventory, Knowledge, ServiceSeen, Sightings, devices};
use wardline_model::{Device, Endpoint, PacketRef, Seen, Timestamp, Transport};
use wardline_sensor::{Options, analyse};
use wardline_simulate::{
    Attack, Event, Message, Messages, Plan, Profile, Simulation, TrueFlow, Truth, pcap_header, pcap_record,
};
use wardline_wire::capture::Captures;

const START: Timestamp = Timestamp(1_772_434_800 * Timestamp::SECOND);

fn plan(devices: u32, seconds: u64) -> Plan {
    Plan { profile: Profile::Hospital, devices, seed: 3, start: START, duration_seconds: seconds }
}

/// The truth after all packets, and what an analysis makes of them.
fn by_packets(plan: &Plan, knowledge: &Knowledge<'_>) -> (Truth, Vec<TrueFlow>, Inventory) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("hospital.pcap");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    out.write_all(&pcap_header()).unwrap();
    let mut simulation = Simulation::new(plan).unwrap();
    simulation.follow_flows();
    for packet in simulation.by_ref() {
        out.write_all(&pcap_record(&packet)).unwrap();
        out.write_all(&packet.bytes).unwrap();
    }
    out.flush().unwrap();
    let mut captures = Captures::open(&[path]).unwrap();
    let analysis = analyse(&mut captures, Options { threads: 1, seed: 1 }, &mut |_| {}).unwrap();
    let flows = simulation.take_flows();
    (simulation.truth().clone(), flows, devices(&analysis.sightings, knowledge, 1))
}

/// What a sensor would have gathered of messages.
#[derive(Default)]
struct Gathered {
    sightings: Sightings,
    count: u64,
}

fn host(end: &Endpoint) -> Option<Host> {
    end.ip.map(|ip| Host { ip, mac: end.mac })
}

impl Gathered {
    fn add(&mut self, message: Message) {
        self.count += 1;
        let place = PacketRef::new(0, self.count, message.time);
        let sightings = &mut self.sightings;
        match message.event {
            Event::Heard { ip, mac, ttl } => {
                let seen = HostSeen { seen: Seen::once(place), ttl_min: ttl, ttl_max: ttl };
                let key = Host { ip, mac: Some(mac) };
                sightings.hosts.entry(key).and_modify(|there| there.merge(&seen)).or_insert(seen);
                note(&mut sightings.stations, mac, place);
            }
            Event::Said(statement) => note(&mut sightings.observations, statement, place),
            Event::Flow(flow) => {
                let record = flow.record;
                let (Some(client), Some(server)) = (host(&record.client), host(&record.server)) else {
                    return;
                };
                let protocol = record.protocol;
                note(&mut sightings.exchanges, Exchange { client, server, protocol }, place);
                let transport = match record.transport {
                    Transport::Tcp => "tcp",
                    Transport::Udp => "udp",
                    Transport::Icmp | Transport::Igmp | Transport::Ip(_) | Transport::Link => return,
                };
                if let (Some(port), true) = (record.server.port, record.packets_to_client > 0) {
                    let encrypted = record.encrypted;
                    let service = ServiceSeen { server, transport, port, protocol, encrypted };
                    note(&mut sightings.services, service, place);
                }
            }
        }
    }
}

fn note<K: Ord>(map: &mut BTreeMap<K, Seen>, key: K, place: PacketRef) {
    map.entry(key).and_modify(|seen| seen.again(place)).or_insert_with(|| Seen::once(place));
}

/// The device that has the address.
fn at(inventory: &Inventory, ip: IpAddr) -> Option<&Device> {
    inventory.devices.iter().find(|device| device.ips.contains(&ip))
}

#[test]
fn messages_give_the_devices_that_packets_give() {
    let content = Content::embedded().unwrap();
    let knowledge = Knowledge::new(&content);
    let plan = plan(60, 1800);
    let (truth, flows, seen) = by_packets(&plan, &knowledge);
    let mut messages = Messages::new(&plan, &[]).unwrap();
    let mut gathered = Gathered::default();
    let mut told = Vec::new();
    for message in messages.by_ref() {
        if let Event::Flow(flow) = &message.event {
            told.push((**flow).clone());
        }
        gathered.add(message);
    }
    assert_eq!(messages.truth().devices, truth.devices, "the same is true");
    assert_eq!((messages.truth().packets, messages.truth().bytes), (truth.packets, truth.bytes));
    assert_eq!(told, flows, "the same conversations");
    let heard = devices(&gathered.sightings, &knowledge, 1);
    let mut wrong = BTreeSet::new();
    let mut same = [0_u32; 3];
    for true_device in &truth.devices {
        let Some(ip) = true_device.ips.first().copied() else { continue };
        let (packets, messages) = (at(&seen, ip), at(&heard, ip));
        assert_eq!(packets.is_some(), messages.is_some(), "{} {ip}", true_device.id);
        let (Some(packets), Some(messages)) = (packets, messages) else { continue };
        let pairs = [
            ("vendor", &packets.vendor, &messages.vendor),
            ("model", &packets.model, &messages.model),
            ("serial", &packets.serial, &messages.serial),
        ];
        for (place, (name, packets, messages)) in pairs.into_iter().enumerate() {
            if packets == messages {
                same[place] += 1;
            } else {
                assert!(packets.is_none() || messages.is_none(), "{name}: {packets:?}, {messages:?}");
                wrong.insert(format!("{} {name}: {packets:?} in packets, {messages:?} told", true_device.id));
            }
        }
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    assert!(same.iter().all(|count| *count >= 54), "{same:?}");
}

#[test]
fn a_week_of_messages_comes_in_order_and_memory_does_not_grow_with_it() {
    let plan = Plan { devices: 16, ..plan(16, 7 * 86_400) };
    let mut messages = Messages::new(&plan, &[Attack::Beaconing]).unwrap();
    let mut last = START;
    let mut waiting = Vec::new();
    let (mut day, mut by_day) = (0, vec![0_u64; 8]);
    let mut beacons = 0_u64;
    while let Some(message) = messages.next() {
        assert!(message.time >= last);
        last = message.time;
        let today = ((message.time.0 - START.0) / (86_400 * Timestamp::SECOND)) as usize;
        by_day[today] += 1;
        if today != day {
            day = today;
            waiting.push(messages.truth().waiting_max);
        }
        beacons += u64::from(matches!(&message.event, Event::Flow(flow) if flow.attack.is_some()));
    }
    assert!(last.0 > START.0 + 6 * 86_400 * Timestamp::SECOND);
    assert!(waiting.last().unwrap() <= &(waiting[1] * 2), "{waiting:?}");
    assert!(by_day[5] < by_day[4], "a Saturday is quieter than a Friday: {by_day:?}");
    assert!(beacons > 6 * 24 * 50, "{beacons}");
}
