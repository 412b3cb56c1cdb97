//! The server room, the network and the office.

use super::{Agent, Area, Imaging, Model, PLAIN, Part};
use crate::habit::Habit;
use crate::wire::Stack;
use wardline_model::Role;

/// Network and servers: always present, in this order; the router is the first device.
pub(crate) const SERVERS: &[Model] = &[
    Model {
        part: Part::Router,
        area: Area::Servers,
        vendor: Some("Cisco"),
        model: Some("Catalyst 9500"),
        oui: [0x70, 0x7d, 0xb9],
        class: "it.net",
        roles: &[Role::Router],
        stack: Stack::Embedded,
        name: "core-rt",
        agent: Some(Agent {
            description: "Cisco IOS Software [Amsterdam], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.3.4, RELEASE SOFTWARE (fc3)",
            object: &[9, 1, 2416],
            version: 1,
        }),
        software: &[("Cisco IOS XE", "17.3.4")],
        serial: "FCW2###L###",
        habits: &[Habit::Lldp],
        ..PLAIN
    },
    SWITCH,
    Model {
        part: Part::Domain,
        os: Some(("Windows Server 2019", "17763")),
        stack: Stack::Windows10,
        name: "DC",
        habits: &[Habit::SmbServed, Habit::Ntp],
        ..SERVER
    },
    Model {
        part: Part::Record,
        os: Some(("Windows Server 2016", "14393")),
        stack: Stack::Windows10,
        software: &[("ClinRecord", "9.2.1")],
        name: "EHR",
        habits: &[Habit::Dhcp, Habit::Ntp, Habit::Admissions, Habit::SmbServed],
        ..SERVER
    },
    Model {
        part: Part::Engine,
        software: &[("Mirth Connect", "4.4.1")],
        name: "hl7-engine",
        roles: &[Role::InterfaceEngine],
        habits: &[Habit::Ntp, Habit::Distribution, Habit::SshServed],
        ..SERVER
    },
    Model { part: Part::Management, name: "noc", habits: &[Habit::Ntp, Habit::Polling], ..SERVER },
    Model {
        part: Part::Archive,
        class: "img.pacs",
        roles: &[Role::Archive],
        imaging: Some(Imaging { ae: "PACS", uid: "1.2.40.0.13.1.3", version: "dcm4che-5.23.2" }),
        software: &[("dcm4che", "5.23.2")],
        name: "pacs",
        habits: &[Habit::Ntp, Habit::SshServed],
        ..SERVER
    },
    Model {
        part: Part::RadiologySystem,
        roles: &[Role::Worklist],
        imaging: Some(Imaging { ae: "RIS", uid: "1.2.276.0.7230010.3.0.3.6.4", version: "OFFIS_DCMTK_364" }),
        software: &[("DCMTK", "3.6.4")],
        name: "ris",
        habits: &[Habit::Ntp, Habit::SshServed],
        ..SERVER
    },
    Model {
        part: Part::LaboratorySystem,
        os: Some(("Windows Server 2016", "14393")),
        stack: Stack::Windows10,
        software: &[("LabLedger", "12.0.3")],
        name: "LIS",
        habits: &[Habit::Ntp, Habit::LabResults, Habit::SmbServed, Habit::Database],
        ..SERVER
    },
    Model {
        part: Part::Middleware,
        os: Some(("Windows Server 2016", "14393")),
        stack: Stack::Windows10,
        class: "lab.track",
        roles: &[Role::Middleware],
        software: &[("Instrument Manager", "8.17")],
        name: "LABMW",
        habits: &[Habit::Ntp, Habit::LabAutomation, Habit::SmbServed, Habit::Database],
        ..SERVER
    },
    Model {
        part: Part::MonitorGateway,
        os: Some(("Windows Server 2016", "14393")),
        stack: Stack::Windows10,
        class: "mdds",
        roles: &[Role::Gateway],
        software: &[("VitalsGateway", "3.6.0")],
        name: "VITALGW",
        habits: &[Habit::Ntp, Habit::VitalsForward, Habit::SmbServed],
        ..SERVER
    },
    Model {
        part: Part::PumpServer,
        os: Some(("Windows Server 2019", "17763")),
        stack: Stack::Windows10,
        class: "inf.srv",
        software: &[("Alaris Systems Manager", "4.33")],
        // ICSMA-20-317-01 and ICSMA-23-194-01.
        vulnerable: &["CVE-2020-25165", "CVE-2023-30563"],
        not_vulnerable: &["CVE-2019-10962"],
        name: "PUMPSRV",
        habits: &[Habit::Ntp, Habit::PumpEvents, Habit::SmbServed],
        ..SERVER
    },
    Model {
        part: Part::Outdated,
        os: Some(("Windows Server 2008 R2", "7601")),
        stack: Stack::Windows7,
        name: "ARCHIVE2008",
        habits: &[Habit::SmbServed, Habit::RdpServed],
        ..SERVER
    },
    Model {
        part: Part::Files,
        os: Some(("Windows Server 2016", "14393")),
        stack: Stack::Windows10,
        name: "FILES",
        habits: &[Habit::Ntp, Habit::SmbServed],
        ..SERVER
    },
];

const SERVER: Model = Model {
    area: Area::Servers,
    class: "it.srv",
    roles: &[Role::Server],
    os: Some(("Linux", "")),
    stack: Stack::Linux,
    ..PLAIN
};

const SWITCH: Model = Model {
    part: Part::Switch,
    area: Area::Servers,
    vendor: Some("Cisco"),
    model: Some("WS-C2960X-48FPD-L"),
    oui: [0x00, 0x1b, 0x0c],
    class: "it.net",
    stack: Stack::Embedded,
    name: "access-sw",
    serial: "FOC2###X###",
    software: &[("Cisco IOS", "15.2(7)E3")],
    agent: Some(Agent {
        description: "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc3)",
        object: &[9, 1, 1208],
        version: 1,
    }),
    habits: &[Habit::Lldp, Habit::Cdp, Habit::Syslog, Habit::SshServed, Habit::Admission],
    ..PLAIN
};

/// Workstations, printers and what stands beyond the distant building's router.
pub(crate) const OFFICE: &[Model] = &[
    WORKSTATION,
    Model {
        vendor: Some("HP"),
        model: Some("Color LaserJet M553"),
        oui: [0x3c, 0xd9, 0x2b],
        class: "it.prn",
        roles: &[Role::Printer],
        stack: Stack::Embedded,
        name: "NPI",
        serial: "JPBCK#####",
        agent: Some(Agent {
            description: "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JSI24050009,CIDATE 07/13/2020",
            object: &[11, 2, 3, 9, 1],
            version: 0,
        }),
        habits: &[Habit::Dhcp, Habit::Mdns],
        weight: 2,
        ..PLAIN
    },
    Model { area: Area::Ward, name: "WOW", vendor: Some("HP"), oui: [0xf4, 0x39, 0x09], ..WORKSTATION },
    Model { area: Area::Clinic, name: "CL-WS", weight: 2, ..WORKSTATION },
    Model { area: Area::Laboratory, name: "LABWS", weight: 2, ..WORKSTATION },
    SWITCH,
];

const WORKSTATION: Model = Model {
    vendor: Some("Dell"),
    model: Some("OptiPlex 7070"),
    oui: [0xa4, 0xbb, 0x6d],
    class: "it.ws",
    roles: &[Role::Workstation],
    os: Some(("Windows 11", "26100")),
    stack: Stack::Windows10,
    name: "WS",
    serial: "#G##WX#",
    habits: &[
        Habit::Dhcp,
        Habit::Names,
        Habit::Netbios,
        Habit::Mdns,
        Habit::SmbFiles,
        Habit::Web,
        Habit::WebOutdated,
        Habit::Ntp,
    ],
    weight: 12,
    ..PLAIN
};
