//! Which devices a hospital has, with which names, addresses, serial numbers and faults, and its patients.

use super::Host;
use crate::catalogue::{
    Area, BUILDING, CLINICAL, IMAGING, LABORATORY, MORE, Model, OFFICE, PHLEBOTOMY, Part, SERVERS,
};
use crate::fault::Fault;
use crate::plan::{Plan, Profile};
use crate::rng::Rng;
use crate::truth::Patient;
use crate::wire::{Stack, Station};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use wardline_model::{Mac, Timestamp};

/// Hosts with an address of their own in one /24, so that addresses for guests and growth remain.
const HOSTS_PER_NETWORK: u32 = 200;
/// When one handheld's address passes to another.
const HANDOVER_SECONDS: i64 = 1_200;
/// Devices for which one server of a kind is enough.
const DEVICES_PER_SERVER: u32 = 1_000;
/// Devices of a hospital whose building is managed over the network.
const DEVICES_WITH_BUILDING_MIN: u32 = 100;
/// Devices in a thousand that are broken, each fault alike; none of the first of their kind is.
const BROKEN_PER_MILLE: u64 = 50;
/// Sets the faults apart from what else the seed decides.
const FAULTS: u64 = 0x6661_756c_7473;

/// Servers that a large hospital has several of.
const MANY: &[Part] =
    &[Part::Archive, Part::Domain, Part::Files, Part::Middleware, Part::MonitorGateway, Part::PumpServer];

/// The models of every device: servers first, then one of each kind, then by weight; and how many were not
/// drawn.
pub(super) fn choose(plan: &Plan, rng: &mut Rng) -> (Vec<&'static Model>, usize) {
    let areas: &[&[Model]] = match plan.profile {
        Profile::Hospital => &[CLINICAL, IMAGING, LABORATORY, PHLEBOTOMY, OFFICE],
        Profile::IntensiveCare => &[CLINICAL],
        Profile::Laboratory => &[LABORATORY, PHLEBOTOMY, OFFICE],
        Profile::Radiology => &[IMAGING, OFFICE],
    };
    let mut models: Vec<&'static Model> = SERVERS.iter().collect();
    let longest = areas.iter().map(|area| area.len()).max().unwrap_or(0);
    for row in 0..longest {
        models.extend(areas.iter().filter_map(|area| area.get(row)));
    }
    let more: &[&[Model]] = match (plan.profile, plan.devices) {
        (Profile::Hospital, DEVICES_WITH_BUILDING_MIN..) => &[MORE, BUILDING],
        (Profile::Hospital, _) => &[MORE],
        _ => &[],
    };
    models.extend(more.iter().copied().flatten());
    for _ in 0..plan.devices / DEVICES_PER_SERVER {
        models.extend(SERVERS.iter().filter(|server| MANY.contains(&server.part)));
    }
    let fixed = models.len();
    let pool: Vec<&'static Model> =
        areas.iter().chain(more).copied().flatten().filter(|model| model.class != "it.srv").collect();
    let total: u64 = pool.iter().map(|model| model.weight).sum();
    while models.len() < plan.devices as usize {
        let mut place = rng.below(total);
        for model in &pool {
            if place < model.weight {
                models.push(model);
                break;
            }
            place -= model.weight;
        }
    }
    models.truncate(plan.devices as usize);
    (models, fixed)
}

/// Breaks some of the devices after the first `fixed`.
pub(super) fn break_some(hosts: &mut [Host], fixed: usize, seed: u64) {
    let mut rng = Rng::new(seed ^ FAULTS);
    // A silent computer would only be a computer: its maker is not the instrument's.
    let (mut all, mut spoken) = (Fault::ALL.iter().rev().cycle(), Fault::ALL.iter().cycle());
    for host in hosts.iter_mut().skip(fixed).filter(|_| rng.per_mille(BROKEN_PER_MILLE)) {
        host.station.fault = match host.station.stack {
            Stack::Embedded => all.next().copied(),
            _ => spoken.find(|fault| **fault != Fault::Silent).copied(),
        };
    }
}

/// The first handheld leaves and the second gets its address: two devices, one address, at different times.
pub(super) fn hand_over(hosts: &mut [Host], start: Timestamp) {
    let handhelds: Vec<usize> =
        (0..hosts.len()).filter(|index| hosts[*index].model.part == Part::Handheld).collect();
    if let [first, second, ..] = handhelds[..] {
        let leaves = start.0 + HANDOVER_SECONDS * Timestamp::SECOND;
        hosts[first].present = Some((start.0, leaves));
        hosts[second].present = Some((leaves + 60 * Timestamp::SECOND, i64::MAX));
        hosts[second].station.ip = hosts[first].station.ip;
    }
}

/// Gives every device its addresses, names and serial number.
pub(super) fn settle(models: &[&'static Model], rng: &mut Rng) -> Vec<Host> {
    let mut taken: BTreeSet<Mac> = BTreeSet::new();
    let mut in_area: BTreeMap<Area, u32> = BTreeMap::new();
    let mut of_name: BTreeMap<&'static str, u32> = BTreeMap::new();
    let distant = mac([0x00, 0x1b, 0x0c], &mut taken, rng);
    let mut hosts = Vec::with_capacity(models.len());
    for (index, model) in models.iter().enumerate() {
        let place = in_area.entry(model.area).or_default();
        let last = if model.part == Part::Router { 1 } else { 20 + *place % HOSTS_PER_NETWORK };
        let ip = Ipv4Addr::new(10, model.area.octet(), (*place / HOSTS_PER_NETWORK) as u8, last as u8);
        *place += 1;
        let number = of_name.entry(model.name).or_default();
        *number += 1;
        let mac = mac(model.oui, &mut taken, rng);
        let separator = if model.name.bytes().any(|byte| byte.is_ascii_lowercase()) { "-" } else { "" };
        let hostname = match model.name {
            "NPI" => format!("NPI{:02X}{:02X}{:02X}", mac.0[3], mac.0[4], mac.0[5]),
            name => format!("{name}{separator}{number:02}"),
        };
        hosts.push(Host {
            station: Station {
                index: index as u32,
                mac,
                ip,
                behind: (model.area == Area::Clinic).then_some(distant),
                hops: u8::from(model.area == Area::Clinic),
                stack: model.stack,
                fault: None,
            },
            model,
            hostname,
            ae: model.imaging.map(|imaging| format!("{}{number:02}", imaging.ae)).unwrap_or_default(),
            serial: serial(model.serial, rng),
            room: format!("R{}", 100 + *place / 2),
            bed: 1 + *place % 2,
            link_local: link_local(model, mac, rng),
            present: None,
            off_until: i64::MIN,
            starts: 0,
        });
    }
    hosts
}

fn mac(oui: [u8; 3], taken: &mut BTreeSet<Mac>, rng: &mut Rng) -> Mac {
    loop {
        let [d, e, f] = rng.array::<3>();
        let mac = Mac([oui[0], oui[1], oui[2], d, e, f]);
        if taken.insert(mac) {
            return mac;
        }
    }
}

/// Windows chooses the interface part at random (RFC 7217), Linux here makes it of the MAC (RFC 4291).
fn link_local(model: &Model, mac: Mac, rng: &mut Rng) -> Option<Ipv6Addr> {
    let [a, b, c, d, e, f] = mac.0;
    let interface = match model.stack {
        Stack::Windows10 | Stack::Windows7 => rng.array::<8>(),
        Stack::Linux => [a ^ 2, b, c, 0xff, 0xfe, d, e, f],
        Stack::Embedded | Stack::WindowsXp => return None,
    };
    let mut octets = [0; 16];
    octets[..2].copy_from_slice(&[0xfe, 0x80]);
    octets[8..].copy_from_slice(&interface);
    (model.area != Area::Clinic).then(|| Ipv6Addr::from(octets))
}

fn serial(pattern: &str, rng: &mut Rng) -> String {
    pattern.chars().map(|c| if c == '#' { char::from(b'0' + rng.below(10) as u8) } else { c }).collect()
}

/// Syllables that make names of no language.
const SYLLABLES: &[&str] = &[
    "bran", "cor", "dal", "fen", "gor", "hul", "jas", "kel", "lor", "mir", "nev", "ost", "pra", "quil",
    "ras", "sev", "tor", "ulm", "vex", "wyn", "yar", "zel",
];

/// Invented patients; the family name ends in a letter pair that makes it findable in any output.
pub(super) fn admit(count: u32, rng: &mut Rng) -> Vec<Patient> {
    let word = |rng: &mut Rng, syllables: usize, end: &str| -> String {
        let mut word: String = (0..syllables).map(|_| *rng.pick(SYLLABLES)).collect();
        word.push_str(end);
        word.to_uppercase()
    };
    (0..count)
        .map(|number| Patient {
            family: word(rng, 2, "iqx"),
            given: word(rng, 2, "eza"),
            id: format!("77{:05}{}", number, rng.digits(3)),
            birth_date: format!("19{:02}{:02}{:02}", rng.range(30, 99), rng.range(1, 12), rng.range(1, 28)),
            sex: ["F", "M", "O"][rng.below(3) as usize],
        })
        .collect()
}
