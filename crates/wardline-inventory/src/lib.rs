//! Inventory: observations become devices.
//!
//! In: [`Sightings`], what the sensor saw. Out: devices, each with every clue that speaks for or against it.

mod input;

pub use input::{Exchange, Host, HostSeen, ServiceSeen, Sightings};
