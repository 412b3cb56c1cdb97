//! Intensive care, wards and blood collection.

use super::{Area, Model, PLAIN, Part};
use crate::habit::Habit;
use crate::wire::Stack;
use wardline_model::Role;

/// Bedside devices.
pub(crate) const CLINICAL: &[Model] = &[
    Model {
        vendor: Some("Mindray"),
        model: Some("BeneVision N15"),
        oui: [0x00, 0x0f, 0x14],
        software: &[("BeneVision", "05.12.00")],
        name: "N15",
        serial: "FQ-8A0#####",
        habits: &[Habit::Vitals, Habit::Ntp],
        weight: 6,
        ..MONITOR
    },
    Model {
        vendor: Some("Philips"),
        model: Some("IntelliVue MX700"),
        oui: [0x00, 0x09, 0xfb],
        software: &[("IntelliVue", "M.04.00")],
        // Of the IntelliVue Information Center iX, and of another maker's monitors.
        not_vulnerable: &["CVE-1999-0103", "CVE-2018-19010"],
        name: "MX700",
        serial: "DE#####A##",
        habits: &[Habit::Dhcp, Habit::Intellivue, Habit::Ntp],
        weight: 6,
        ..MONITOR
    },
    Model {
        vendor: Some("Dräger"),
        model: Some("Infinity M540"),
        oui: [0x00, 0x30, 0xe6],
        software: &[("Infinity", "VG7.1")],
        // Of the Infinity Delta.
        not_vulnerable: &["CVE-2018-19010", "CVE-2018-19014"],
        name: "M540",
        serial: "ASKB-0###",
        habits: &[Habit::Vitals, Habit::Ntp],
        weight: 3,
        ..MONITOR
    },
    Model {
        vendor: Some("GE Healthcare"),
        model: Some("B40"),
        oui: [0x08, 0x00, 0x19],
        software: &[("B40", "3.2")],
        name: "B40",
        serial: "SK9########WA",
        area: Area::Ward,
        habits: &[Habit::Dhcp, Habit::Vitals],
        weight: 4,
        ..MONITOR
    },
    Model {
        vendor: Some("Dräger"),
        model: Some("Evita V500"),
        // The ventilator speaks over a serial device server: the address is Moxa's.
        oui: [0x00, 0x90, 0xe8],
        class: "vent.icu",
        software: &[("Evita V500", "02.51")],
        name: "NP5110",
        serial: "ASCM-0###",
        habits: &[Habit::Medibus],
        weight: 3,
        ..MONITOR
    },
    PUMP,
    Model {
        vendor: Some("B. Braun"),
        model: Some("SpaceStation"),
        oui: [0x00, 0x12, 0x21],
        class: "inf.syr",
        roles: &[Role::Gateway],
        os: Some(("Linux", "")),
        stack: Stack::Linux,
        software: &[("SpaceCom", "012U000061")],
        // ICSMA-20-296-02 and ICSMA-21-294-01; repaired since 012U000040: ICSMA-17-082-02.
        vulnerable: &["CVE-2020-25150", "CVE-2021-33885", "CVE-2021-33886"],
        not_vulnerable: &["CVE-2017-6018"],
        name: "SpaceCom",
        serial: "######",
        habits: &[Habit::Dhcp, Habit::TelnetServed, Habit::HttpBasic],
        weight: 3,
        ..MONITOR
    },
    TELEMETRY,
    TELEMETRY,
    Model {
        area: Area::Ward,
        software: &[("Alaris PCU", "12.3.1")],
        vulnerable: &[],
        // Beyond what the advisories name.
        not_vulnerable: &["CVE-2020-25165", "CVE-2023-30560", "CVE-2023-30563", "CVE-2016-9355"],
        ..PUMP
    },
    Model {
        vendor: Some("Welch Allyn"),
        model: Some("Connex Spot Monitor"),
        oui: [0x00, 0x1a, 0xfa],
        class: "mon.vs",
        area: Area::Ward,
        software: &[("Connex", "1.52.01")],
        name: "CSM",
        serial: "1030########",
        habits: &[Habit::Dhcp, Habit::Vitals, Habit::Ntp],
        weight: 4,
        ..MONITOR
    },
];

const MONITOR: Model = Model {
    area: Area::IntensiveCare,
    class: "mon.bed",
    roles: &[Role::Client],
    stack: Stack::Embedded,
    ..PLAIN
};

const PUMP: Model = Model {
    vendor: Some("BD"),
    model: Some("Alaris 8015"),
    // The pump's wireless module is Summit's.
    oui: [0x00, 0x17, 0x23],
    class: "inf.lvp",
    name: "PCU",
    serial: "1#######",
    software: &[("Alaris PCU", "9.33.1")],
    // ICSMA-20-317-01 and ICSMA-23-194-01; not those of the syringe pumps of the same family (ICSMA-18-235-01).
    vulnerable: &["CVE-2020-25165", "CVE-2023-30560", "CVE-2023-30563"],
    not_vulnerable: &["CVE-2018-14786", "CVE-2019-10962"],
    habits: &[Habit::Dhcp, Habit::PumpLink],
    weight: 6,
    ..MONITOR
};

/// Two of them in every hospital: they share one factory host key.
const TELEMETRY: Model = Model {
    vendor: Some("GE Healthcare"),
    model: Some("ApexPro Telemetry Server"),
    oui: [0x44, 0x4b, 0x5d],
    class: "mon.cs",
    roles: &[Role::Server],
    os: Some(("Linux", "")),
    stack: Stack::Linux,
    name: "APEXPRO",
    serial: "SDY########",
    habits: &[Habit::SshShared, Habit::FtpUpload, Habit::Carescape, Habit::Screen],
    weight: 1,
    ..MONITOR
};

/// Specimen collection.
pub(crate) const PHLEBOTOMY: &[Model] = &[
    Model {
        part: Part::LabelPrinter,
        area: Area::Phlebotomy,
        vendor: Some("Zebra"),
        model: Some("ZD621"),
        oui: [0x00, 0x07, 0x4d],
        class: "phleb.label",
        roles: &[Role::Printer],
        stack: Stack::Embedded,
        software: &[("Link-OS", "V93.21.07Z")],
        name: "ZBR",
        serial: "D5J########",
        habits: &[Habit::Dhcp, Habit::LabelPrinting, Habit::Mdns],
        weight: 3,
        ..PLAIN
    },
    HANDHELD,
    Model {
        area: Area::Phlebotomy,
        vendor: Some("Advantech"),
        model: Some("UTC-520"),
        oui: [0x00, 0x0b, 0xab],
        class: "phleb.kiosk",
        roles: &[Role::Client],
        os: Some(("Windows 10", "17763")),
        stack: Stack::Windows10,
        name: "KIOSK",
        serial: "TKA######",
        habits: &[Habit::Dhcp, Habit::Names, Habit::Web],
        weight: 1,
        ..PLAIN
    },
    HANDHELD,
];

const HANDHELD: Model = Model {
    part: Part::Handheld,
    area: Area::Phlebotomy,
    vendor: Some("Zebra"),
    model: Some("TC52-HC"),
    oui: [0x00, 0x15, 0x70],
    class: "phleb.id",
    roles: &[Role::Client],
    os: Some(("Android", "11")),
    stack: Stack::Linux,
    name: "TC52",
    serial: "2############",
    habits: &[Habit::Dhcp, Habit::Names, Habit::Handheld],
    weight: 4,
    ..PLAIN
};
