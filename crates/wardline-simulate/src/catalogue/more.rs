//! Point of care, life support, the building, telephones: what a hospital has beside the departments.

use super::{Area, Model, PLAIN, Part};
use crate::habit::Habit;
use crate::wire::Stack;
use wardline_model::Role;

/// One of each, then by weight, as the other lists.
pub(crate) const MORE: &[Model] = &[
    Model {
        model: Some("Babylog VN800"),
        class: "vent.icu",
        name: "VN800",
        serial: "ASPK-0###",
        software: &[("Babylog VN800", "1.21")],
        ..SDC
    },
    Model {
        area: Area::Ward,
        vendor: Some("Radiometer"),
        model: Some("ABL90 FLEX"),
        // It hangs on a serial device server of Lantronix.
        oui: [0x00, 0x80, 0xa3],
        class: "poc.bg",
        roles: &[Role::Analyser],
        stack: Stack::Embedded,
        name: "ABL90",
        serial: "393-092R####N####",
        software: &[("ABL90 FLEX", "3.5")],
        habits: &[Habit::PointOfCare],
        weight: 3,
        ..PLAIN
    },
    Model { part: Part::CallManager, name: "cucm", habits: &[Habit::Ntp], ..SERVER },
    Model {
        vendor: Some("Cisco"),
        model: Some("IP Phone 8841"),
        oui: [0x00, 0x1b, 0x67],
        class: "it.phone",
        stack: Stack::Linux,
        name: "SEP",
        serial: "FCH2###X###",
        software: &[("SIP88xx", "12.5.1")],
        habits: &[Habit::Dhcp, Habit::Telephone],
        weight: 6,
        ..PLAIN
    },
    Model {
        part: Part::Database,
        area: Area::Servers,
        os: Some(("Windows Server 2019", "17763")),
        stack: Stack::Windows10,
        name: "SQL",
        software: &[("SQL Server 2019", "15.0.4312")],
        habits: &[Habit::Ntp, Habit::SmbServed],
        ..SERVER
    },
    Model {
        model: Some("Atlan A350"),
        class: "anes",
        name: "ATLAN",
        serial: "ASNK-0###",
        software: &[("Atlan A350", "1.03")],
        ..SDC
    },
    Model {
        area: Area::IntensiveCare,
        vendor: Some("Nihon Kohden"),
        model: Some("BSM-6000"),
        oui: [0x00, 0xa0, 0x9a],
        class: "mon.bed",
        stack: Stack::Embedded,
        name: "BSM",
        serial: "0####",
        habits: &[Habit::VitalsProprietary],
        weight: 2,
        ..PLAIN
    },
    Model {
        area: Area::IntensiveCare,
        vendor: Some("GE Healthcare"),
        model: Some("CARESCAPE B450"),
        oui: [0x00, 0x40, 0x97],
        class: "mon.bed",
        stack: Stack::Embedded,
        name: "B450",
        serial: "SQ#########HA",
        software: &[("CARESCAPE", "2.0.6")],
        habits: &[Habit::Carescape, Habit::Ntp],
        weight: 3,
        ..PLAIN
    },
];

/// The building's own, in a hospital large enough to have its management on the network.
pub(crate) const BUILDING: &[Model] = &[
    Model {
        part: Part::Building,
        area: Area::Building,
        name: "bms",
        habits: &[Habit::Ntp, Habit::WhoIs],
        ..SERVER
    },
    Model {
        vendor: Some("Siemens Building Technologies"),
        model: Some("PXC36.1-E.D"),
        oui: [0x00, 0xa0, 0x03],
        name: "PXC",
        software: &[("Desigo PXC", "6.00.204")],
        habits: &[Habit::Bacnet],
        ..CONTROLLER
    },
    Model {
        vendor: Some("Schneider Electric"),
        model: Some("BMX P34 2020"),
        oui: [0x00, 0x80, 0xf4],
        name: "M340",
        software: &[("BMX P34 2020", "v2.70")],
        habits: &[Habit::Modbus],
        ..CONTROLLER
    },
    Model {
        area: Area::Phlebotomy,
        class: "phleb.fridge",
        oui: [0x00, 0x04, 0xa3],
        stack: Stack::Embedded,
        name: "fridge-sensor",
        habits: &[Habit::Dhcp, Habit::Refrigerator],
        ..PLAIN
    },
];

const SDC: Model = Model {
    area: Area::IntensiveCare,
    vendor: Some("Dräger"),
    oui: [0x00, 0x30, 0xe6],
    stack: Stack::Linux,
    os: Some(("Linux", "")),
    habits: &[Habit::Sdc, Habit::Ntp],
    ..PLAIN
};

const SERVER: Model = Model {
    area: Area::Servers,
    class: "it.srv",
    roles: &[Role::Server],
    os: Some(("Linux", "")),
    stack: Stack::Linux,
    ..PLAIN
};

const CONTROLLER: Model = Model {
    area: Area::Building,
    class: "bms",
    roles: &[Role::Controller],
    stack: Stack::Embedded,
    serial: "",
    ..PLAIN
};
