//! What is true of the generated hospital: the answer sheet for whoever reads the capture.
//!
//! Identity (names, makers, serials) is complete from the start. What can only be known from the wire
//! (services, protocols, flows, weaknesses, which attributes were told) grows as packets are taken, so that it
//! never promises more than the capture holds.

use crate::plan::Profile;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{Attribute, Mac, OperatingSystem, Role, Software, Timestamp, Transport};

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
    pub software: Vec<Software>,
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
    /// Services it provided so far.
    pub services: BTreeSet<TrueService>,
    /// Protocols it spoke so far, in either role.
    pub protocols: BTreeSet<&'static str>,
    /// Whether patient data to or from it crossed in clear so far.
    pub patient_data_in_clear: bool,
    /// Weaknesses shown so far.
    pub weaknesses: BTreeSet<Weakness>,
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

/// Something that becomes true when the packet carrying it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A conversation began between two devices (their indices).
    Flow { key: FlowKey, client: u32, server: u32, encrypted: bool },
    /// The mirror delivered this frame twice.
    DeliveredTwice,
    /// Patient data of or to this device crossed in clear.
    PatientData(u32),
    /// This segment overtook its predecessor.
    Reordered,
    /// This segment is sent again.
    Retransmitted,
    /// The device speaks a protocol that has no server.
    Speaks(u32, &'static str),
    /// The device's attribute was told.
    Told(u32, Attribute),
    /// The device's weakness was shown.
    Weak(u32, Weakness),
}

impl Truth {
    pub(crate) fn note(&mut self, mark: Mark) {
        match mark {
            Mark::Flow { key, client, server, encrypted } => {
                *self.flows.entry(key).or_default() += 1;
                let FlowKey { transport, port, protocol, .. } = key;
                self.devices[client as usize].protocols.insert(protocol);
                let server = &mut self.devices[server as usize];
                server.protocols.insert(protocol);
                if matches!(transport, Transport::Tcp | Transport::Udp) {
                    server.services.insert(TrueService { transport, port, protocol, encrypted });
                }
            }
            Mark::DeliveredTwice => self.delivered_twice += 1,
            Mark::PatientData(device) => {
                let device = &mut self.devices[device as usize];
                device.patient_data_in_clear = true;
                device.weaknesses.insert(Weakness::ClearPatientData);
            }
            Mark::Reordered => self.reordered += 1,
            Mark::Retransmitted => self.retransmitted += 1,
            Mark::Speaks(device, protocol) => {
                self.devices[device as usize].protocols.insert(protocol);
            }
            Mark::Told(device, attribute) => {
                self.devices[device as usize].told.insert(attribute);
            }
            Mark::Weak(device, weakness) => {
                self.devices[device as usize].weaknesses.insert(weakness);
            }
        }
    }
}
