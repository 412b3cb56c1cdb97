//! The running hospital: its devices, who plays which part for whom, who is on the network, and its patients.

mod addresses;
mod composition;

use crate::catalogue::{Area, Model, Part};
use crate::habit::Habit;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::truth::{Patient, TrueDevice, TrueSoftware};
use crate::wire::{Queued, Station, Wire};
use addresses::Addresses;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardline_model::{Mac, OperatingSystem, Timestamp};

/// Name of the invented hospital, as messages print it.
pub(crate) const FACILITY: &str = "LINDMOOR";
/// Its invented domain.
pub(crate) const DOMAIN: &str = "lindmoor.example";
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
    /// It is off until then.
    pub(crate) off_until: i64,
    /// How often it has lost what it had open.
    pub(crate) starts: u32,
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

/// Devices that another speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Analysers of a middleware.
    Analysers,
    /// Modalities of an archive.
    Modalities,
    /// Monitors of a gateway.
    Monitors,
    /// Pumps of a pump server.
    Pumps,
}

impl Group {
    fn of(model: &Model) -> Option<(Self, Part)> {
        let habit = |wanted: fn(&Habit) -> bool| model.habits.iter().any(wanted);
        match model.class {
            "mon.bed" | "mon.vs" => Some((Self::Monitors, Part::MonitorGateway)),
            "inf.lvp" => Some((Self::Pumps, Part::PumpServer)),
            _ if habit(|h| matches!(h, Habit::Astm(_))) => Some((Self::Analysers, Part::Middleware)),
            _ if habit(|h| matches!(h, Habit::Images(_))) => Some((Self::Modalities, Part::Archive)),
            _ => None,
        }
    }
}

/// Everything the conversations need.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) start: Timestamp,
    pub(crate) hosts: Vec<Host>,
    /// Hosts that do not belong to the hospital: intruders, and whom they talk to outside. Their indices follow
    /// those of the hospital's.
    pub(crate) strangers: Vec<Host>,
    parts: BTreeMap<Part, Vec<u32>>,
    groups: BTreeMap<(Group, u32), Vec<u32>>,
    addresses: Addresses,
    pub(crate) wire: Wire,
    /// What attacks put on the wire, with counters of their own.
    beside: Option<(Wire, u64)>,
    pub(crate) patients: Vec<Patient>,
    /// The host key that two boxes got in the factory.
    pub(crate) factory_key: Vec<u8>,
    /// Counts messages, orders and samples.
    pub(crate) counter: u64,
}

impl World {
    /// The hospital of a plan; a quiet one counts its frames and does not write them.
    pub(crate) fn new(plan: &Plan, quiet: bool) -> Self {
        let mut rng = Rng::new(plan.seed);
        let (models, fixed) = composition::choose(plan, &mut rng);
        let mut hosts = composition::settle(&models, &mut rng);
        composition::hand_over(&mut hosts, plan.start);
        composition::break_some(&mut hosts, fixed, plan.seed);
        let mut parts: BTreeMap<Part, Vec<u32>> = BTreeMap::new();
        for host in &hosts {
            parts.entry(host.model.part).or_default().push(host.station.index);
        }
        let patients = composition::admit(plan.devices.clamp(PATIENTS_MIN, PATIENTS_MAX), &mut rng);
        let factory_key = rng.bytes(256);
        let core = hosts[0].station.mac;
        let wire = Wire::new(rng, core, hosts.len(), quiet);
        let mut this = Self {
            start: plan.start,
            addresses: Addresses::of(&hosts),
            hosts,
            strangers: Vec::new(),
            parts,
            groups: BTreeMap::new(),
            wire,
            beside: None,
            patients,
            factory_key,
            counter: 1_000,
        };
        for index in 0..this.hosts.len() as u32 {
            if let Some((group, part)) = Group::of(this.host(index).model)
                && let Some(speaker) = this.peer(part, index)
            {
                this.groups.entry((group, speaker)).or_default().push(index);
            }
        }
        this
    }

    /// What was put on the wire since the last call.
    pub(crate) fn take(&mut self) -> Vec<Queued> {
        let mut all = self.wire.take();
        if let Some((beside, _)) = &mut self.beside {
            all.append(&mut beside.take());
        }
        all
    }

    /// Makes room for strangers, and a wire for what they do.
    pub(crate) fn invite(&mut self, strangers: Vec<Host>, seed: u64) {
        self.strangers = strangers;
        let stations = self.hosts.len() + self.strangers.len();
        self.beside = Some((self.wire.beside(Rng::new(seed), stations), 900_000));
    }

    /// Changes between the hospital's wire and counters and those of attacks.
    pub(crate) fn change_sides(&mut self) {
        if let Some((wire, counter)) = &mut self.beside {
            std::mem::swap(wire, &mut self.wire);
            std::mem::swap(counter, &mut self.counter);
        }
    }

    /// The devices that this one speaks for.
    pub(crate) fn group(&self, group: Group, speaker: u32) -> &[u32] {
        self.groups.get(&(group, speaker)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn host(&self, index: u32) -> &Host {
        let index = index as usize;
        self.hosts.get(index).unwrap_or_else(|| &self.strangers[index - self.hosts.len()])
    }

    /// A device's name within the truth.
    pub(crate) fn name(&self, index: u32) -> String {
        id(index)
    }

    pub(crate) fn station(&self, index: u32) -> Station {
        self.host(index).station
    }

    /// The host that plays this part for another; each keeps to the same one.
    pub(crate) fn peer(&self, part: Part, of: u32) -> Option<u32> {
        let all = self.parts.get(&part)?;
        Some(all[of as usize % all.len()])
    }

    /// Whether the device is on the network at that time.
    pub(crate) fn is_present(&self, index: u32, now: i64) -> bool {
        let host = self.host(index);
        now >= host.off_until && host.present.is_none_or(|(from, to)| (from..to).contains(&now))
    }

    /// A device goes off: what it had open is gone, and it is not there until then.
    pub(crate) fn switch_off(&mut self, index: u32, until: i64) {
        let host = &mut self.hosts[index as usize];
        host.off_until = until;
        host.starts += 1;
    }

    /// A device gets another address of its network; `None` when none is free. What it had open is gone.
    pub(crate) fn readdress(&mut self, index: u32) -> Option<Ipv4Addr> {
        let host = &mut self.hosts[index as usize];
        let ip = self.addresses.exchange(host.station.ip)?;
        host.station.ip = ip;
        host.starts += 1;
        Some(ip)
    }

    /// All that play a part.
    pub(crate) fn all(&self, part: Part) -> &[u32] {
        self.parts.get(&part).map_or(&[], Vec::as_slice)
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
        let macs: BTreeSet<Mac> =
            self.hosts.iter().chain(&self.strangers).filter_map(|host| host.station.behind).collect();
        macs.into_iter().collect()
    }

    /// The devices as they truly are, before anything was said.
    pub(crate) fn devices(&self) -> Vec<TrueDevice> {
        let near = self.hosts.iter().filter(|host| host.station.behind.is_none());
        let gateways: BTreeSet<Ipv4Addr> = near.map(|host| host.station.gateway()).collect();
        self.hosts
            .iter()
            .chain(&self.strangers)
            .filter(|host| host.model.area != Area::Outside)
            .map(|host| describe(host, &gateways))
            .collect()
    }
}

fn id(index: u32) -> String {
    format!("device-{:05}", index + 1)
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
        id: id(host.station.index),
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
            .map(|(name, version)| TrueSoftware { name: (*name).into(), version: text(version) })
            .collect(),
        os: model.os.map(|(name, version)| OperatingSystem { name: name.into(), version: text(version) }),
        class: model.class,
        roles: model.roles.to_vec(),
        area: model.area.name(),
        location: bedside.then(|| format!("{} {} {}", model.area.unit(), host.room, host.bed)),
        through_router: host.station.behind.is_some(),
        present: host.present.map(|(from, to)| (Timestamp(from), Timestamp(to))),
        addresses: Vec::new(),
        fault: host.station.fault,
        services: BTreeSet::new(),
        protocols: BTreeSet::new(),
        patient_data_in_clear: false,
        weaknesses: BTreeSet::new(),
        vulnerable: model.vulnerable,
        not_vulnerable: model.not_vulnerable,
        told: BTreeSet::new(),
    }
}
