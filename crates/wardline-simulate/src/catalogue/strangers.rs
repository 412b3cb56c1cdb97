//! Who does not belong to the hospital.

use super::{Area, Imaging, Model, PLAIN};
use crate::wire::Stack;

/// A small computer that somebody plugged in.
pub(crate) const INTRUDER: Model = Model {
    area: Area::Office,
    name: "kali",
    os: Some(("Linux", "")),
    stack: Stack::Linux,
    imaging: Some(Imaging {
        ae: "ECHOSCU",
        uid: "1.2.826.0.1.3680043.9.3811.2.0.2",
        version: "PYNETDICOM_202",
    }),
    ..PLAIN
};

/// A host beyond the firewall.
pub(crate) const OUTSIDE: Model = Model { area: Area::Outside, stack: Stack::Linux, ..PLAIN };
