//! The makes and models that the hospital is made of.
//!
//! Manufacturers, models and the addresses registered to them are facts (IEEE registry, makers' product names);
//! serial numbers, host names, people and the hospital itself are invented.

mod clinical;
mod imaging;
mod laboratory;
mod more;
mod servers;
mod strangers;

use crate::habit::Habit;
use crate::wire::Stack;
use wardline_model::Role;

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Area {
    IntensiveCare,
    Ward,
    Radiology,
    Laboratory,
    Phlebotomy,
    Office,
    Clinic,
    Servers,
    /// Heating, cooling, power.
    Building,
    /// Beyond the hospital's firewall.
    Outside,
}

impl Area {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::IntensiveCare => "intensive care",
            Self::Ward => "ward",
            Self::Radiology => "radiology",
            Self::Laboratory => "laboratory",
            Self::Phlebotomy => "phlebotomy",
            Self::Office => "office",
            Self::Clinic => "outpatient clinic",
            Self::Servers => "server room",
            Self::Building => "building",
            Self::Outside => "outside",
        }
    }

    /// Short name of the unit, as messages and labels print it.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::IntensiveCare => "ICU",
            Self::Ward => "WARD4",
            Self::Radiology => "RAD",
            Self::Laboratory => "LAB",
            Self::Phlebotomy => "PHLEB",
            Self::Office => "ADMIN",
            Self::Clinic => "CLINIC2",
            Self::Servers => "DC1",
            Self::Building => "PLANT",
            Self::Outside => "",
        }
    }

    /// Second octet of its networks.
    pub(crate) const fn octet(self) -> u8 {
        match self {
            Self::Servers => 10,
            Self::IntensiveCare => 20,
            Self::Ward => 30,
            Self::Radiology => 40,
            Self::Laboratory => 50,
            Self::Phlebotomy => 60,
            Self::Office => 70,
            Self::Clinic => 90,
            Self::Building => 80,
            Self::Outside => 0,
        }
    }
}

/// The part a host plays for others, by which they find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Archive,
    Building,
    CallManager,
    Database,
    Device,
    Domain,
    Engine,
    Files,
    Handheld,
    LabelPrinter,
    LaboratorySystem,
    Management,
    Middleware,
    MonitorGateway,
    Outdated,
    PumpServer,
    RadiologySystem,
    Record,
    Router,
    Switch,
    Viewer,
}

/// What a DICOM application says of itself in associations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imaging {
    /// Title before the number.
    pub(crate) ae: &'static str,
    pub(crate) uid: &'static str,
    pub(crate) version: &'static str,
}

/// Answers of an SNMP agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agent {
    /// sysDescr.
    pub(crate) description: &'static str,
    /// sysObjectID below 1.3.6.1.4.1.
    pub(crate) object: &'static [u32],
    /// 0 for SNMPv1, 1 for SNMPv2c, as on the wire.
    pub(crate) version: u8,
}

/// A make and model with its way of life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) part: Part,
    pub(crate) area: Area,
    pub(crate) vendor: Option<&'static str>,
    pub(crate) model: Option<&'static str>,
    /// Registered to the maker of its network interface.
    pub(crate) oui: [u8; 3],
    pub(crate) class: &'static str,
    pub(crate) roles: &'static [Role],
    pub(crate) os: Option<(&'static str, &'static str)>,
    pub(crate) stack: Stack,
    pub(crate) software: &'static [(&'static str, &'static str)],
    /// Known vulnerabilities of that version, by published advisories.
    pub(crate) vulnerable: &'static [&'static str],
    /// Those that a reader could wrongly take it to have: repaired in that version, or of a product named like it.
    pub(crate) not_vulnerable: &'static [&'static str],
    /// Host name before the number.
    pub(crate) name: &'static str,
    /// `#` stands for a digit.
    pub(crate) serial: &'static str,
    pub(crate) imaging: Option<Imaging>,
    pub(crate) agent: Option<Agent>,
    pub(crate) habits: &'static [Habit],
    /// How often it is chosen when a larger hospital is filled.
    pub(crate) weight: u64,
}

/// A model with nothing special, for struct update.
pub(crate) const PLAIN: Model = Model {
    part: Part::Device,
    area: Area::Office,
    vendor: None,
    model: None,
    oui: [0x00, 0x50, 0x56],
    class: "it.ws",
    roles: &[Role::Client],
    os: None,
    stack: Stack::Linux,
    software: &[],
    vulnerable: &[],
    not_vulnerable: &[],
    name: "HOST",
    serial: "",
    imaging: None,
    agent: None,
    habits: &[],
    weight: 1,
};

pub(crate) use clinical::{CLINICAL, PHLEBOTOMY};
pub(crate) use imaging::IMAGING;
pub(crate) use laboratory::LABORATORY;
pub(crate) use more::{BUILDING, MORE};
pub(crate) use servers::{OFFICE, SERVERS};
pub(crate) use strangers::{INTRUDER, OUTSIDE};
