//! Devices: what observations add up to.

use crate::{Attribute, Confidence, Known, Mac, Seen, Software, Timestamp, Usage, VersionChange};
use std::net::IpAddr;
use std::sync::Arc;

/// What a device does on the network (contract: `devices[].roles`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Laboratory analyser.
    Analyser,
    /// Image archive.
    Archive,
    /// Uses services of others; nothing more is known.
    Client,
    /// Building, pump or other controller.
    Controller,
    /// Forwards for devices behind it.
    Gateway,
    /// Routes HL7 messages between systems.
    InterfaceEngine,
    /// Laboratory middleware.
    Middleware,
    /// Makes images.
    Modality,
    /// Prints.
    Printer,
    /// Forwards packets between networks.
    Router,
    /// Offers services; nothing more is known.
    Server,
    /// Nothing known.
    Unknown,
    /// Provides a modality or procedure worklist.
    Worklist,
    /// A person works at it.
    Workstation,
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[
        Self::Analyser,
        Self::Archive,
        Self::Client,
        Self::Controller,
        Self::Gateway,
        Self::InterfaceEngine,
        Self::Middleware,
        Self::Modality,
        Self::Printer,
        Self::Router,
        Self::Server,
        Self::Unknown,
        Self::Worklist,
        Self::Workstation,
    ];

    /// The name in documents and in `data/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyser => "analyser",
            Self::Archive => "archive",
            Self::Client => "client",
            Self::Controller => "controller",
            Self::Gateway => "gateway",
            Self::InterfaceEngine => "interface-engine",
            Self::Middleware => "middleware",
            Self::Modality => "modality",
            Self::Printer => "printer",
            Self::Router => "router",
            Self::Server => "server",
            Self::Unknown => "unknown",
            Self::Worklist => "worklist",
            Self::Workstation => "workstation",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text)
    }
}

/// An operating system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperatingSystem {
    /// Name, for example `Windows 7`.
    pub name: String,
    /// Version or build, where known.
    pub version: Option<String>,
}

/// A service a device was seen to provide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// `tcp` or `udp`.
    pub transport: &'static str,
    /// Port.
    pub port: u16,
    /// Protocol recognised.
    pub protocol: &'static str,
    /// Whether it was encrypted.
    pub encrypted: bool,
}

/// Why an attribute has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The attribute.
    pub attribute: Attribute,
    /// The value as the wire had it, or as the fingerprint concluded.
    pub value: String,
    /// Version, for software and operating systems.
    pub version: Option<String>,
    /// How sure, in percent.
    pub confidence: Confidence,
    /// Protocol that carried it.
    pub protocol: &'static str,
    /// Rule or fingerprint id.
    pub rule: Arc<str>,
    /// Where the rule's knowledge comes from; `wire` when the device said it itself.
    pub source: Arc<str>,
    /// The kind of fact it was read from; the attribute itself where the device said it.
    pub origin: Attribute,
    /// When it was seen and in which packets.
    pub seen: Seen,
    /// The device that told us, when it was another one.
    pub via: Option<Arc<str>>,
}

impl Evidence {
    /// Protocols of evidence that other documents gave: an inventory list, leases, a scan.
    pub const TESTIMONY: &[&str] =
        &["arp-table", "cmms", "dhcp-leases", "eve", "fhir", "mac-table", "nac", "nmap", "wireless", "zeek"];
    /// Protocol of what people of the site say.
    pub const SITE: &str = "site";

    /// Whether another document says it, not the wire.
    #[must_use]
    pub fn is_testimony(&self) -> bool {
        Self::TESTIMONY.contains(&self.protocol)
    }
}

/// A device: merged clues.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Stable for the same identifying facts.
    pub id: String,
    /// MAC addresses of its own.
    pub macs: Vec<Mac>,
    /// Addresses it had.
    pub ips: Vec<IpAddr>,
    /// What people of the site call it.
    pub name: Option<String>,
    /// Names.
    pub hostnames: Vec<String>,
    /// DICOM application entity titles.
    pub ae_titles: Vec<String>,
    /// Canonical manufacturer.
    pub vendor: Option<String>,
    /// How the maker is known.
    pub vendor_known: Known,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Unique device identification.
    pub udi: Option<String>,
    /// Class code and confidence.
    pub class: Option<(String, Confidence)>,
    /// How the class is known.
    pub class_known: Known,
    /// Operating system.
    pub os: Option<OperatingSystem>,
    /// Software and firmware.
    pub software: Vec<Software>,
    /// Versions that followed each other, in order of time.
    pub changes: Vec<VersionChange>,
    /// Whether it is in use.
    pub usage: Usage,
    /// Roles, sorted; `Unknown` alone when none is known.
    pub roles: Vec<Role>,
    /// Location.
    pub location: Option<String>,
    /// First sighting.
    pub first_seen: Timestamp,
    /// Last sighting.
    pub last_seen: Timestamp,
    /// Services provided.
    pub services: Vec<Service>,
    /// Protocols in which it asked others, sorted.
    pub asks: Vec<&'static str>,
    /// Whether patient data of or to this device was seen in clear.
    pub patient_data_in_clear: bool,
    /// All evidence, contradictions included.
    pub evidence: Vec<Evidence>,
}
