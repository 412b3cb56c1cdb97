//! Radiology: modalities and viewers.

use super::{Area, Imaging, Model, PLAIN, Part};
use crate::habit::{Habit, Modality};
use crate::wire::Stack;
use wardline_model::Role;

/// Modalities and their readers.
pub(crate) const IMAGING: &[Model] = &[
    Model {
        vendor: Some("Siemens Healthineers"),
        model: Some("SOMATOM go.Up"),
        oui: [0x88, 0x4b, 0x39],
        class: "img.ct",
        os: Some(("Windows 10", "17763")),
        stack: Stack::Windows10,
        software: &[("syngo CT", "VA40A")],
        name: "CTAWP",
        serial: "12####",
        imaging: Some(Imaging { ae: "CT", uid: "1.3.12.2.1107.5.1", version: "CT_VA40A" }),
        habits: &[Habit::Images(Modality::Ct), Habit::Ntp, Habit::SmbServed],
        ..MODALITY
    },
    Model {
        part: Part::Viewer,
        vendor: Some("HP"),
        model: Some("Z4 G4"),
        oui: [0xf4, 0x39, 0x09],
        class: "img.pacs",
        roles: &[Role::Workstation],
        os: Some(("Windows 11", "26100")),
        stack: Stack::Windows10,
        software: &[("fo-dicom", "4.0.8")],
        name: "RADWS",
        serial: "CZC####X##",
        imaging: Some(Imaging { ae: "VIEW", uid: "1.3.6.1.4.1.30071.8", version: "fo-dicom 4.0.8" }),
        habits: &[Habit::Dhcp, Habit::Names, Habit::Viewing, Habit::SmbFiles, Habit::Netbios],
        weight: 3,
        ..MODALITY
    },
    Model {
        vendor: Some("Carestream"),
        model: Some("DRX-Evolution"),
        oui: [0x00, 0x1d, 0x4a],
        class: "img.xr",
        os: Some(("Windows 7", "7601")),
        stack: Stack::Windows7,
        software: &[("DirectView", "5.7.412")],
        name: "DRXEVO",
        serial: "15####",
        imaging: Some(Imaging { ae: "DX", uid: "1.2.840.113564.3.2", version: "CS_DV5700" }),
        habits: &[Habit::Images(Modality::Dx), Habit::SmbServed, Habit::RdpServed, Habit::Netbios],
        ..MODALITY
    },
    Model {
        vendor: Some("GE Healthcare"),
        model: Some("SIGNA Explorer"),
        oui: [0x44, 0x4b, 0x5d],
        class: "img.mr",
        os: Some(("Linux", "")),
        stack: Stack::Linux,
        software: &[("SIGNA", "SV25.3")],
        name: "mroc",
        serial: "0000########MR",
        imaging: Some(Imaging { ae: "MR", uid: "1.2.840.113619.6.336", version: "GEMS_SV25" }),
        habits: &[Habit::Images(Modality::Mr), Habit::Ntp, Habit::FtpUpload],
        ..MODALITY
    },
    Model {
        vendor: Some("SonoSite"),
        model: Some("M-Turbo"),
        oui: [0x00, 0x08, 0xfb],
        class: "img.us",
        os: None,
        stack: Stack::Embedded,
        software: &[("M-Turbo", "51.80.104.016")],
        name: "SONO",
        serial: "03####",
        imaging: Some(Imaging { ae: "US", uid: "1.2.840.114340.3", version: "Tiller_SV500" }),
        habits: &[Habit::Dhcp, Habit::Images(Modality::Us)],
        weight: 2,
        ..MODALITY
    },
    Model {
        vendor: Some("Siemens Healthineers"),
        model: Some("MAGNETOM Avanto"),
        oui: [0x88, 0x4b, 0x39],
        class: "img.mr",
        os: Some(("Windows XP", "2600")),
        stack: Stack::WindowsXp,
        software: &[("syngo MR", "B15")],
        name: "MRC",
        serial: "25###",
        imaging: Some(Imaging { ae: "AVA", uid: "1.3.12.2.1107.5.2", version: "MR_VB15A" }),
        habits: &[Habit::Images(Modality::Mr), Habit::SmbServed, Habit::Netbios],
        ..MODALITY
    },
];

const MODALITY: Model = Model { area: Area::Radiology, roles: &[Role::Modality], ..PLAIN };
