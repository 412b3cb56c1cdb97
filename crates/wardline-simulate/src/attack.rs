//! Attacks on the hospital, as they look on the wire.
//!
//! Comes in: a [`Campaign`] and its turn. Goes out: frames beside the hospital's own, and what is true of them. A
//! campaign has its own generator, ports and numbers, so that no byte of anybody else changes. Some come from an
//! intruder's computer that was plugged in, some from a workstation that obeys another.

mod clinical;
mod network;
mod outside;
mod ransomware;

use crate::catalogue::{Area, INTRUDER, OUTSIDE, Part};
use crate::habit::SECOND;
use crate::hospital::{Host, World};
use crate::plan::Plan;
use crate::rng::Rng;
use crate::tcp::Connection;
use crate::truth::{Mark, TrueAttack};
use crate::wire::Station;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use wardline_model::{Mac, Timestamp};

/// Seconds before the first attack.
const FIRST_SECONDS: u64 = 120;
/// Seconds between the begins of attacks.
const APART_SECONDS: u64 = 45;
/// Sets attacks apart from what else the seed decides.
const ATTACKS: u64 = 0x6174_7461_636b;
/// Makes the hospital's firewall: its inner address is what the mirror sees of everybody outside.
const FIREWALL: Mac = Mac([0x00, 0x09, 0x0f, 0x4c, 0x4d, 0x01]);

/// Something that somebody does to the hospital.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attack {
    /// An intruder answers questions for the router's address with its own, and passes on what it gets.
    ArpSpoofing,
    /// A workstation asks somebody outside for orders, again and again, over TLS.
    Beaconing,
    /// A workstation tries passwords, on SSH and FTP.
    BruteForce,
    /// An intruder asks the archive for every study and takes the images.
    DicomHarvesting,
    /// A workstation uploads to somebody outside, over TLS.
    Exfiltration,
    /// A workstation sends results in the laboratory's name.
    Hl7Spoofing,
    /// A workstation goes from share to share, copies itself and overwrites what it finds.
    RansomwareSpread,
    /// An intruder offers addresses, with itself as the router.
    RogueDhcp,
    /// An intruder knocks at the ports of every address.
    Scan,
}

impl Attack {
    /// Every attack, in the order in which they begin.
    pub const ALL: &[Self] = &[
        Self::Scan,
        Self::BruteForce,
        Self::ArpSpoofing,
        Self::RogueDhcp,
        Self::DicomHarvesting,
        Self::Hl7Spoofing,
        Self::Beaconing,
        Self::Exfiltration,
        Self::RansomwareSpread,
    ];

    /// The name on the command line and in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArpSpoofing => "arp-spoofing",
            Self::Beaconing => "beaconing",
            Self::BruteForce => "brute-force",
            Self::DicomHarvesting => "dicom-harvesting",
            Self::Exfiltration => "exfiltration",
            Self::Hl7Spoofing => "hl7-spoofing",
            Self::RansomwareSpread => "ransomware-spread",
            Self::RogueDhcp => "rogue-dhcp",
            Self::Scan => "scan",
        }
    }

    /// The attack of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attack| attack.name() == name)
    }

    /// Seconds from the start of a capture to the begin of this attack.
    #[must_use]
    pub fn begins_after(self) -> u64 {
        let place = Self::ALL.iter().position(|attack| *attack == self).unwrap_or(0) as u64;
        FIRST_SECONDS + APART_SECONDS * place
    }

    /// Whether it needs a computer of the intruder's own.
    const fn by_intruder(self) -> bool {
        matches!(self, Self::ArpSpoofing | Self::DicomHarvesting | Self::RogueDhcp | Self::Scan)
    }
}

/// An attack under way.
#[derive(Debug)]
pub(crate) struct Campaign {
    attack: Attack,
    /// Its place in the truth.
    number: usize,
    attacker: u32,
    /// Whom it talks to outside.
    outside: Option<u32>,
    targets: Vec<u32>,
    turn: u64,
    /// A connection that stays open.
    session: Option<Connection>,
    rng: Rng,
}

impl Campaign {
    /// What is true of it before anything happened.
    pub(crate) fn truth(&self, world: &World) -> TrueAttack {
        TrueAttack {
            attack: self.attack,
            attacker: world.name(self.attacker),
            outside: self.outside.map(|host| world.station(host).ip.into()),
            victims: BTreeSet::new(),
            first: None,
            last: None,
            frames: 0,
            loose_frames: Vec::new(),
            flows: Vec::new(),
            flow_count: 0,
        }
    }

    /// The next target, each in its turn; `None` when all had theirs.
    fn target(&self) -> Option<u32> {
        self.targets.get(self.turn as usize).copied()
    }
}

/// Somebody who does not belong to the hospital.
fn stranger(index: u32, model: &'static crate::catalogue::Model, place: (Mac, Ipv4Addr), hops: u8) -> Host {
    let (mac, ip) = place;
    let behind = (hops > 0).then_some(mac);
    Host {
        station: Station { index, mac, ip, behind, hops, stack: model.stack, fault: None },
        model,
        hostname: if hops > 0 { String::new() } else { model.name.to_owned() },
        ae: model.imaging.map(|imaging| imaging.ae.to_owned()).unwrap_or_default(),
        serial: String::new(),
        room: String::new(),
        bed: 0,
        link_local: None,
        present: None,
        off_until: i64::MIN,
        starts: 0,
    }
}

/// Prepares attacks: who does what to whom, and from when.
pub(crate) fn campaigns(world: &mut World, plan: &Plan, attacks: &[Attack]) -> Vec<(Timestamp, Campaign)> {
    let wanted: Vec<Attack> = Attack::ALL.iter().copied().filter(|attack| attacks.contains(attack)).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut rng = Rng::new(plan.seed ^ ATTACKS);
    let intruder = world.hosts.len() as u32;
    let [d, e, f] = rng.array::<3>();
    // Where most devices stand: the network of the first that is neither server nor network.
    let near =
        world.hosts.iter().find(|host| host.model.area != Area::Servers && host.station.behind.is_none());
    let [a, b, c, _] = near.map_or(Ipv4Addr::new(10, 70, 0, 0), |host| host.station.ip).octets();
    let own = (Mac([0xdc, 0xa6, 0x32, d, e, f]), Ipv4Addr::new(a, b, c, 253));
    let last = rng.range(10, 250) as u8;
    let far = [Ipv4Addr::new(203, 0, 113, last), Ipv4Addr::new(198, 51, 100, last)];
    world.invite(
        vec![
            stranger(intruder, &INTRUDER, own, 0),
            stranger(intruder + 1, &OUTSIDE, (FIREWALL, far[0]), 12),
            stranger(intruder + 2, &OUTSIDE, (FIREWALL, far[1]), 15),
        ],
        rng.next(),
    );
    let staff: Vec<u32> = world
        .hosts
        .iter()
        .filter(|host| {
            host.model.class == "it.ws" && host.station.behind.is_none() && host.station.fault.is_none()
        })
        .map(|host| host.station.index)
        .collect();
    let mut all = Vec::new();
    for (number, attack) in wanted.into_iter().enumerate() {
        let mut rng = Rng::new(plan.seed ^ ATTACKS ^ attack.begins_after() << 32);
        let workstation = if staff.is_empty() { intruder } else { *rng.pick(&staff) };
        let attacker = if attack.by_intruder() { intruder } else { workstation };
        let outside = match attack {
            Attack::Beaconing => Some(intruder + 1),
            Attack::Exfiltration => Some(intruder + 2),
            _ => None,
        };
        let targets = targets(world, attack, attacker, &mut rng);
        let at = plan.start.0 + attack.begins_after() as i64 * SECOND;
        let (turn, session) = (0, None);
        all.push((
            Timestamp(at),
            Campaign { attack, number, attacker, outside, targets, turn, session, rng },
        ));
    }
    all
}

/// Whom an attack is meant for, in the order in which it comes to them.
fn targets(world: &World, attack: Attack, attacker: u32, rng: &mut Rng) -> Vec<u32> {
    let own = world.station(attacker);
    let others = world.hosts.iter().filter(|host| host.station.index != attacker);
    let indices = |keep: &dyn Fn(&Host) -> bool| -> Vec<u32> {
        others.clone().filter(|host| keep(host)).map(|host| host.station.index).collect()
    };
    match attack {
        Attack::Beaconing | Attack::Exfiltration => Vec::new(),
        Attack::ArpSpoofing | Attack::RogueDhcp => {
            indices(&|host| host.station.is_beside(&own) && host.present.is_none())
        }
        Attack::BruteForce => [world.all(Part::Engine), world.all(Part::Archive), world.all(Part::Files)]
            .iter()
            .filter_map(|all| all.first().copied())
            .collect(),
        Attack::DicomHarvesting => world.all(Part::Archive).to_vec(),
        Attack::Hl7Spoofing => world.all(Part::Engine).iter().copied().take(1).collect(),
        Attack::RansomwareSpread => ransomware::order(world, indices(&ransomware::is_open), rng),
        Attack::Scan => indices(&|host| host.station.behind.is_none() && host.present.is_none()),
    }
}

/// One turn of a campaign; `None` when it is over.
pub(crate) fn run(world: &mut World, campaign: &mut Campaign, now: i64) -> Option<i64> {
    let off_until = world.host(campaign.attacker).off_until;
    if now < off_until {
        return Some(off_until + 60 * SECOND);
    }
    world.change_sides();
    world.wire.attack = Some(campaign.number);
    std::mem::swap(&mut world.wire.rng, &mut campaign.rng);
    let next = match campaign.attack {
        Attack::ArpSpoofing => network::arp_spoofing(world, campaign, now),
        Attack::Beaconing => outside::beaconing(world, campaign, now),
        Attack::BruteForce => network::brute_force(world, campaign, now),
        Attack::DicomHarvesting => clinical::dicom_harvesting(world, campaign, now),
        Attack::Exfiltration => outside::exfiltration(world, campaign, now),
        Attack::Hl7Spoofing => clinical::hl7_spoofing(world, campaign, now),
        Attack::RansomwareSpread => ransomware::spread(world, campaign, now),
        Attack::RogueDhcp => network::rogue_dhcp(world, campaign, now),
        Attack::Scan => network::scan(world, campaign, now),
    };
    std::mem::swap(&mut world.wire.rng, &mut campaign.rng);
    world.change_sides();
    campaign.turn += 1;
    next.map(|next| next.max(now + 1))
}

/// The next frame is meant for this device.
fn aim(world: &mut World, target: u32) {
    world.wire.mark(Mark::Victim(target));
}
