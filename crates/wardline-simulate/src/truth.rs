//! What is true of the generated hospital: the answer sheet for whoever reads the capture.
//!
//! Identity (names, makers, serials) is complete from the start. What can only be known from the wire
//! (services, protocols, flows, weaknesses, which attributes were told) grows as packets are taken, so that it
//! never promises more than the capture holds.

use crate::attack::Attack;
use crate::fault::Fault;
use crate::plan::Profile;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{
    About, Attribute, Endpoint, FlowRecord, Mac, OperatingSystem, Role, Timestamp, Transport,
};

/// Addresses remembered of one device: what changes more often than this in a capture is listed no further.
const ADDRESSES_MAX: usize = 64;
/// Flows listed of one attack: a scan of a whole site is longer, and counted.
const ATTACK_FLOWS_MAX: usize = 10_000;
/// Frames listed of an attack that are part of no flow.
const ATTACK_FRAMES_MAX: usize = 10_000;

/// A weakness that the traffic shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// A password crosses the network in clear.
    ClearCredentials,
    /// Patient data cross the network in clear.
    ClearPatientData,
    /// A factory default name and password, or community, is in use.
    DefaultCredential,
    /// The operating system no longer gets updates.
    EndOfLifeOs,
    /// TLS below 1.2 is accepted.
    ObsoleteTls,
    /// Remote desktop without network level authentication.
    RdpWithoutNla,
    /// The same SSH host key on another device.
    SharedHostKey,
    /// SMB version 1 is accepted.
    Smb1,
}

impl Weakness {
    /// The name in documents.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClearCredentials => "clear-credentials",
            Self::ClearPatientData => "clear-patient-data",
            Self::DefaultCredential => "default-credential",
            Self::EndOfLifeOs => "end-of-life-os",
            Self::ObsoleteTls => "obsolete-tls",
            Self::RdpWithoutNla => "rdp-without-nla",
            Self::SharedHostKey => "shared-host-key",
            Self::Smb1 => "smbv1",
        }
    }
}

/// A service a device provided in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrueService {
    /// Carrier.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// Protocol.
    pub protocol: &'static str,
    /// Whether its payload was encrypted.
    pub encrypted: bool,
}

/// Software or firmware on a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrueSoftware {
    /// Product name.
    pub name: String,
    /// Version, where it has one.
    pub version: Option<String>,
}

/// A device as it truly is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueDevice {
    /// A name for this device within this truth.
    pub id: String,
    /// Its own MAC addresses, also when a router hides them.
    pub macs: Vec<Mac>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Host name.
    pub hostname: Option<String>,
    /// DICOM application entity title.
    pub ae_title: Option<String>,
    /// Manufacturer of the device, not of its network card; absent for virtual machines.
    pub vendor: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Software and firmware.
    pub software: Vec<TrueSoftware>,
    /// Operating system.
    pub os: Option<OperatingSystem>,
    /// Class code of the taxonomy.
    pub class: &'static str,
    /// Roles.
    pub roles: Vec<Role>,
    /// Area of the hospital.
    pub area: &'static str,
    /// Unit, room and bed.
    pub location: Option<String>,
    /// Whether the mirror sees it only behind a router, so that its MAC never shows.
    pub through_router: bool,
    /// From when to when it is on the network; the whole time when absent. Two devices may have had one address
    /// at different times.
    pub present: Option<(Timestamp, Timestamp)>,
    /// Since when it had which address, where that changed in the capture so far.
    pub addresses: Vec<(Timestamp, IpAddr)>,
    /// What is broken about it.
    pub fault: Option<Fault>,
    /// Services it provided so far.
    pub services: BTreeSet<TrueService>,
    /// Protocols it spoke so far, in either role.
    pub protocols: BTreeSet<&'static str>,
    /// Whether patient data to or from it crossed in clear so far.
    pub patient_data_in_clear: bool,
    /// Weaknesses shown so far.
    pub weaknesses: BTreeSet<Weakness>,
    /// Known vulnerabilities that it has, by published advisories; not all of them.
    pub vulnerable: &'static [&'static str],
    /// Known vulnerabilities that it has not, though a careless reader could think so.
    pub not_vulnerable: &'static [&'static str],
    /// Attributes that it, or another for it, told on the wire so far.
    pub told: BTreeSet<Attribute>,
}

/// Who talked to whom, without the client's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// Who began.
    pub client: IpAddr,
    /// Who answered.
    pub server: IpAddr,
    /// Port of the server; 0 for protocols without ports.
    pub port: u16,
    /// Carrier.
    pub transport: Transport,
    /// Protocol.
    pub protocol: &'static str,
}

/// A conversation that is over, as it truly was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueFlow {
    /// Who, what, when, how much.
    pub record: FlowRecord,
    /// Number of its first frame in the capture, from 1.
    pub first_frame: u64,
    /// Whether it is part of an attack.
    pub attack: Option<Attack>,
}

/// An attack that took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueAttack {
    /// What it was.
    pub attack: Attack,
    /// Who did it: device of this truth.
    pub attacker: String,
    /// Where it came from, or what the stolen data went to, when that is outside.
    pub outside: Option<IpAddr>,
    /// Whom it was meant for: devices of this truth.
    pub victims: BTreeSet<String>,
    /// First frame of it so far: when and its number, from 1.
    pub first: Option<(Timestamp, u64)>,
    /// Last frame of it so far.
    pub last: Option<(Timestamp, u64)>,
    /// Number of its frames so far.
    pub frames: u64,
    /// Frames that are part of no flow, by number; the first 10,000.
    pub loose_frames: Vec<u64>,
    /// Its conversations so far, the first 10,000: when, who, whom, over what, number of the first frame.
    pub flows: Vec<AttackFlow>,
    /// Number of its conversations so far.
    pub flow_count: u64,
}

/// A conversation of an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttackFlow {
    /// When it began.
    pub start: Timestamp,
    /// Who began.
    pub client: Endpoint,
    /// With whom.
    pub server: Endpoint,
    /// Carrier.
    pub transport: Transport,
    /// Protocol.
    pub protocol: &'static str,
    /// Number of its first frame, from 1.
    pub first_frame: u64,
}

/// An invented patient: none of these words may appear in any output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Record number.
    pub id: String,
    /// Birth date, `YYYYMMDD`.
    pub birth_date: String,
    /// `F`, `M` or `O`.
    pub sex: &'static str,
}

/// What is true of the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Profile of the plan.
    pub profile: Profile,
    /// Seed of the plan.
    pub seed: u64,
    /// Begin of the capture.
    pub start: Timestamp,
    /// End of the capture.
    pub end: Timestamp,
    /// Every device.
    pub devices: Vec<TrueDevice>,
    /// MACs of routers that show nothing but their MAC: those of distant buildings. They are no devices above.
    pub distant_routers: Vec<Mac>,
    /// Every patient.
    pub patients: Vec<Patient>,
    /// Conversations begun so far, by who talked to whom; broadcast and multicast are not listed.
    pub flows: BTreeMap<FlowKey, u64>,
    /// Attacks, in the order of the plan.
    pub attacks: Vec<TrueAttack>,
    /// Most packets that waited for their time at once: what bounds the memory.
    pub waiting_max: u64,
    /// Packets so far.
    pub packets: u64,
    /// Bytes of frames so far.
    pub bytes: u64,
    /// TCP segments sent again by their sender.
    pub retransmitted: u64,
    /// TCP segments that overtook their predecessor.
    pub reordered: u64,
    /// Frames that the mirror port delivered a second time.
    pub delivered_twice: u64,
}

/// A conversation that begins.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) flow: u64,
    /// Client's and server's index.
    pub(crate) devices: (u32, u32),
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) transport: Transport,
    pub(crate) protocol: &'static str,
    pub(crate) encrypted: bool,
}

/// Something that becomes true when the packet carrying it is taken.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// A conversation began.
    Flow(Box<Begun>),
    /// A conversation ends.
    FlowOver(u64),
    /// The mirror delivered this frame twice.
    DeliveredTwice,
    /// A station was heard, with the MAC and the time to live that the mirror saw.
    Heard { ip: IpAddr, mac: Mac, ttl: u8 },
    /// A device has another address from now on.
    Moved(u32, IpAddr),
    /// Patient data of or to this device crossed in clear, in this protocol.
    PatientData(u32, &'static str),
    /// This segment overtook its predecessor.
    Reordered,
    /// This segment is sent again.
    Retransmitted,
    /// The device speaks a protocol that has no server.
    Speaks(u32, &'static str),
    /// An attribute of a device was told, by itself or another.
    Told { speaker: Option<u32>, about: About, device: u32, protocol: &'static str, attribute: Attribute },
    /// The attack is meant for this device.
    Victim(u32),
    /// The device's weakness was shown, in this protocol.
    Weak(u32, Weakness, &'static str),
}

impl Truth {
    /// What becomes true with a packet; `attack` when it is part of one.
    pub(crate) fn note(&mut self, mark: &Mark, time: Timestamp, attack: Option<usize>) {
        match mark {
            Mark::Flow(begun) => self.begun(begun, time, attack),
            Mark::FlowOver(_) | Mark::Heard { .. } => {}
            Mark::DeliveredTwice => self.delivered_twice += 1,
            Mark::Moved(device, ip) => {
                let device = &mut self.devices[*device as usize];
                if !device.ips.contains(ip) {
                    device.ips.push(*ip);
                }
                if device.addresses.len() < ADDRESSES_MAX {
                    device.addresses.push((time, *ip));
                }
            }
            Mark::PatientData(device, _) => {
                if let Some(device) = self.devices.get_mut(*device as usize) {
                    device.patient_data_in_clear = true;
                    device.weaknesses.insert(Weakness::ClearPatientData);
                }
            }
            Mark::Reordered => self.reordered += 1,
            Mark::Retransmitted => self.retransmitted += 1,
            Mark::Speaks(device, protocol) => {
                if let Some(device) = self.devices.get_mut(*device as usize) {
                    device.protocols.insert(protocol);
                }
            }
            Mark::Told { device, attribute, .. } => {
                if let Some(device) = self.devices.get_mut(*device as usize) {
                    device.told.insert(*attribute);
                }
            }
            Mark::Victim(device) => {
                let id = self.devices.get(*device as usize).map(|device| device.id.clone());
                if let Some(attack) = attack.and_then(|number| self.attacks.get_mut(number)) {
                    attack.victims.extend(id);
                }
            }
            Mark::Weak(device, weakness, _) => {
                if let Some(device) = self.devices.get_mut(*device as usize) {
                    device.weaknesses.insert(*weakness);
                }
            }
        }
    }

    fn begun(&mut self, begun: &Begun, time: Timestamp, attack: Option<usize>) {
        let Begun { devices, client, server, transport, protocol, encrypted, .. } = begun;
        let (transport, protocol, encrypted) = (*transport, *protocol, *encrypted);
        let port = server.port.unwrap_or(0);
        if let (Some(client), Some(server)) = (client.ip, server.ip) {
            *self.flows.entry(FlowKey { client, server, port, transport, protocol }).or_default() += 1;
        }
        if let Some(client) = self.devices.get_mut(devices.0 as usize) {
            client.protocols.insert(protocol);
        }
        if let Some(server) = self.devices.get_mut(devices.1 as usize) {
            server.protocols.insert(protocol);
            if matches!(transport, Transport::Tcp | Transport::Udp) {
                server.services.insert(TrueService { transport, port, protocol, encrypted });
            }
        }
        let first_frame = self.packets;
        if let Some(attack) = attack.and_then(|number| self.attacks.get_mut(number)) {
            attack.flow_count += 1;
            if attack.flows.len() < ATTACK_FLOWS_MAX {
                let (client, server) = (*client, *server);
                attack.flows.push(AttackFlow {
                    start: time,
                    client,
                    server,
                    transport,
                    protocol,
                    first_frame,
                });
            }
        }
    }

    /// A frame of an attack was taken; `loose` when it is part of no flow.
    pub(crate) fn attacked(&mut self, number: usize, time: Timestamp, loose: bool) {
        let frame = self.packets;
        if let Some(attack) = self.attacks.get_mut(number) {
            attack.frames += 1;
            attack.first.get_or_insert((time, frame));
            attack.last = Some((time, frame));
            if loose && attack.loose_frames.len() < ATTACK_FRAMES_MAX {
                attack.loose_frames.push(frame);
            }
        }
    }
}
