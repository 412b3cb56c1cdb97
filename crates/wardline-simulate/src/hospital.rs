//! The hospital's composition: which devices stand where, with which names and addresses, and its patients.

use crate::catalogue::{Area, CLINICAL, IMAGING, LABORATORY, Model, OFFICE, PHLEBOTOMY, Part, SERVERS};
use crate::plan::{Plan, Profile};
use crate::rng::Rng;
use crate::truth::{Patient, TrueDevice};
use crate::wire::{Stack, Station, Wire};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardline_model::{Mac, OperatingSystem, Software, Timestamp};

/// Name of the invented hospital, as messages print it.
pub(crate) const FACILITY: &str = "LINDMOOR";
/// Its invented domain.
pub(crate) const DOMAIN: &str = "lindmoor.example";
/// Hosts in one /24, so that addresses for guests and growth remain.
const HOSTS_PER_NETWORK: u32 = 200;
/// When one handheld's address passes to another.
const HANDOVER_SECONDS: i64 = 1_200;
/// Patients beyond one per device are not needed: each message picks one.
const PATIENTS_MIN: u32 = 40;
/// Most patients: their names stay in memory for the whole capture.
const PATIENTS_MAX: u32 = 5_000;

/// A device of the hospital.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) station: Station,
    pub(crate) model: &'static Model,
    pub(crate) hostname: String,
    pub(crate) ae: String,
    pub(crate) serial: String,
    pub(crate) room: String,
    pub(crate) bed: u32,
    /// Its IPv6 address on the link, where its system makes one by itself.
    pub(crate) link_local: Option<Ipv6Addr>,
    /// From when to when it is on the network; always, when absent.
    pub(crate) present: Option<(i64, i64)>,
}

impl Host {
    /// `unit^room^bed` as PV1-3 has it.
    pub(crate) fn place(&self) -> String {
        format!("{}^{}^{}^{FACILITY}", self.model.area.unit(), self.room, self.bed)
    }

    /// EUI-64 of the interface (IEEE 802 tutorial: FFFE between the halves), as PCD-01 prints it.
    pub(crate) fn eui64(&self) -> String {
        let [a, b, c, d, e, f] = self.station.mac.0;
        format!("{a:02X}{b:02X}{c:02X}FFFE{d:02X}{e:02X}{f:02X}")
    }

    pub(crate) fn software(&self) -> (&'static str, &'static str) {
        self.model.software.first().copied().unwrap_or(("", ""))
    }

    pub(crate) fn vendor(&self) -> &'static str {
        self.model.vendor.unwrap_or("")
    }

    pub(crate) fn model_name(&self) -> &'static str {
        self.model.model.unwrap_or("")
    }
}

/// Everything the conversations need.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) start: Timestamp,
    pub(crate) hosts: Vec<Host>,
    parts: BTreeMap<Part, Vec<u32>>,
    pub(crate) wire: Wire,
    pub(crate) patients: Vec<Patient>,
    /// The host key that two boxes got in the factory.
    pub(crate) factory_key: Vec<u8>,
    /// Counts messages, orders and samples.
    pub(crate) counter: u64,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut rng = Rng::new(plan.seed);
        let models = choose(plan, &mut rng);
        let mut hosts = settle(&models, &mut rng);
        hand_over(&mut hosts, plan.start);
        let mut parts: BTreeMap<Part, Vec<u32>> = BTreeMap::new();
        for host in &hosts {
            parts.entry(host.model.part).or_default().push(host.station.index);
        }
        let patients = admit(plan.devices.clamp(PATIENTS_MIN, PATIENTS_MAX), &mut rng);
        let factory_key = rng.bytes(256);
        let core = hosts[0].station.mac;
        let wire = Wire::new(rng, core, hosts.len());
        Self { start: plan.start, hosts, parts, wire, patients, factory_key, counter: 1_000 }
    }

    pub(crate) fn host(&self, index: u32) -> &Host {
        &self.hosts[index as usize]
    }

    pub(crate) fn station(&self, index: u32) -> Station {
        self.hosts[index as usize].station
    }

    /// The host that plays this part for another; each keeps to the same one.
    pub(crate) fn peer(&self, part: Part, of: u32) -> Option<u32> {
        let all = self.parts.get(&part)?;
        Some(all[of as usize % all.len()])
    }

    /// Whether the device is on the network at that time.
    pub(crate) fn is_present(&self, index: u32, now: i64) -> bool {
        self.host(index).present.is_none_or(|(from, to)| (from..to).contains(&now))
    }

    pub(crate) fn patient(&mut self) -> Patient {
        self.wire.rng.pick(&self.patients).clone()
    }

    /// The patient who lies in this device's bed.
    pub(crate) fn patient_of(&self, device: u32) -> Patient {
        self.patients[device as usize % self.patients.len()].clone()
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// MACs of routers that nothing else is known of: those of distant buildings.
    pub(crate) fn distant_routers(&self) -> Vec<Mac> {
        let macs: BTreeSet<Mac> = self.hosts.iter().filter_map(|host| host.station.behind).collect();
        macs.into_iter().collect()
    }

    /// The devices as they truly are, before anything was said.
    pub(crate) fn devices(&self) -> Vec<TrueDevice> {
        let near = self.hosts.iter().filter(|host| host.station.behind.is_none());
        let gateways: BTreeSet<Ipv4Addr> = near.map(|host| host.station.gateway()).collect();
        self.hosts.iter().map(|host| describe(host, &gateways)).collect()
    }
}

fn describe(host: &Host, gateways: &BTreeSet<Ipv4Addr>) -> TrueDevice {
    let model = host.model;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let ips = match model.part {
        Part::Router => gateways.iter().copied().map(IpAddr::V4).collect(),
        _ => [Some(IpAddr::V4(host.station.ip)), host.link_local.map(IpAddr::V6)]
            .into_iter()
            .flatten()
            .collect(),
    };
    let bedside = matches!(model.area, Area::IntensiveCare | Area::Ward);
    TrueDevice {
        id: format!("device-{:05}", host.station.index + 1),
        macs: vec![host.station.mac],
        ips,
        hostname: text(&host.hostname),
        ae_title: text(&host.ae),
        vendor: model.vendor.map(str::to_owned),
        model: model.model.map(str::to_owned),
        serial: text(&host.serial),
        software: model
            .software
            .iter()
            .map(|(name, version)| Software { name: (*name).into(), version: text(version) })
            .collect(),
        os: model.os.map(|(name, version)| OperatingSystem { name: name.into(), version: text(version) }),
        class: model.class,
        roles: model.roles.to_vec(),
        area: model.area.name(),
        location: bedside.then(|| format!("{} {} {}", model.area.unit(), host.room, host.bed)),
        through_router: host.station.behind.is_some(),
        present: host.present.map(|(from, to)| (Timestamp(from), Timestamp(to))),
        services: BTreeSet::new(),
        protocols: BTreeSet::new(),
        patient_data_in_clear: false,
        weaknesses: BTreeSet::new(),
        told: BTreeSet::new(),
    }
}

/// The models of every device: servers first, then one of each kind, then by weight.
fn choose(plan: &Plan, rng: &mut Rng) -> Vec<&'static Model> {
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
    let pool: Vec<&'static Model> = areas.iter().flat_map(|area| area.iter()).collect();
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
    models
}

/// The first handheld leaves and the second gets its address: two devices, one address, at different times.
fn hand_over(hosts: &mut [Host], start: Timestamp) {
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
fn settle(models: &[&'static Model], rng: &mut Rng) -> Vec<Host> {
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
                stack: model.stack,
            },
            model,
            hostname,
            ae: model.imaging.map(|imaging| format!("{}{number:02}", imaging.ae)).unwrap_or_default(),
            serial: serial(model.serial, rng),
            room: format!("R{}", 100 + *place / 2),
            bed: 1 + *place % 2,
            link_local: link_local(model, mac, rng),
            present: None,
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
fn admit(count: u32, rng: &mut Rng) -> Vec<Patient> {
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
