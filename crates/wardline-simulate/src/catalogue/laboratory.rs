//! The laboratory: analysers, directly on the network and behind serial device servers.

use super::{Area, Model, PLAIN};
use crate::habit::{AstmStyle, Habit};
use crate::wire::Stack;
use wardline_model::Role;

/// Analysers.
pub(crate) const LABORATORY: &[Model] = &[
    Model {
        vendor: Some("Roche"),
        model: Some("cobas c111"),
        oui: [0x00, 0x60, 0x19],
        class: "lab.chem",
        software: &[("cobas c111", "4.2.2.1730")],
        name: "c111",
        serial: "13###",
        habits: &[Habit::Astm(AstmStyle::CobasC111)],
        ..ANALYSER
    },
    Model {
        vendor: Some("Sysmex"),
        model: Some("XN-550"),
        oui: [0x00, 0x06, 0x6b],
        class: "lab.hem",
        software: &[("XN-550", "00-24")],
        name: "XN550",
        serial: "2####",
        habits: &[Habit::Astm(AstmStyle::SysmexXn)],
        weight: 2,
        ..ANALYSER
    },
    Model {
        vendor: Some("Cepheid"),
        model: Some("GeneXpert"),
        oui: [0x3c, 0xd9, 0x2b],
        class: "lab.mol",
        os: Some(("Windows 7", "7601")),
        stack: Stack::Windows7,
        software: &[("GeneXpert", "4.8")],
        name: "GXDX",
        serial: "80####",
        habits: &[Habit::Dhcp, Habit::Astm(AstmStyle::GeneXpert), Habit::SmbServed, Habit::Netbios],
        ..ANALYSER
    },
    Model {
        vendor: Some("Siemens Healthineers"),
        model: Some("DCA Vantage"),
        // Behind a Lantronix serial device server.
        oui: [0x00, 0x80, 0xa3],
        class: "lab.chem",
        software: &[("DCA Vantage", "04.04.00.00")],
        name: "DCA",
        serial: "S0#####",
        habits: &[Habit::Astm(AstmStyle::DcaVantage), Habit::TelnetBanner],
        ..ANALYSER
    },
    Model {
        area: Area::Clinic,
        vendor: Some("Abbott"),
        model: Some("Afinion 2"),
        oui: [0x00, 0x13, 0xdd],
        class: "lab.chem",
        name: "AFINION",
        serial: "AF200#####",
        habits: &[Habit::Astm(AstmStyle::Afinion)],
        ..ANALYSER
    },
    Model {
        vendor: Some("Horiba"),
        model: Some("Yumizen H500"),
        oui: [0x00, 0x05, 0x2b],
        class: "lab.hem",
        os: Some(("Linux", "")),
        stack: Stack::Linux,
        software: &[("Yumizen H500", "2.2.2.2b")],
        name: "H500",
        serial: "9##YOXH0####",
        habits: &[Habit::Astm(AstmStyle::Yumizen)],
        ..ANALYSER
    },
    Model {
        vendor: Some("Sysmex"),
        model: Some("XP-100"),
        oui: [0x00, 0x90, 0xe8],
        class: "lab.hem",
        software: &[("XP-100", "00-13")],
        name: "XP100",
        serial: "B####",
        habits: &[Habit::Astm(AstmStyle::SysmexXp)],
        ..ANALYSER
    },
    Model {
        vendor: Some("Roche"),
        model: Some("cobas c311"),
        oui: [0x00, 0x0e, 0x2f],
        class: "lab.chem",
        os: Some(("Windows XP", "2600")),
        stack: Stack::WindowsXp,
        name: "COBAS311",
        serial: "",
        habits: &[Habit::Astm(AstmStyle::CobasC311), Habit::SmbServed, Habit::Netbios],
        weight: 2,
        ..ANALYSER
    },
];

const ANALYSER: Model =
    Model { area: Area::Laboratory, roles: &[Role::Analyser], stack: Stack::Embedded, ..PLAIN };
