//! Risk: what a vulnerability means for a device.
//!
//! In: what documents say. Out: decisions with their reasons. Pure: time and knowledge are parameters.

pub mod cvss;
