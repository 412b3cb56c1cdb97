//! The result: devices, and which of them stands behind an address.

use crate::Host;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{Device, Mac};

/// Devices and who owns which address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    /// The devices, sorted by id.
    pub devices: Vec<Device>,
    /// Numbers of the devices that sent from an address.
    owners: BTreeMap<Host, usize>,
}

impl Inventory {
    pub(crate) const fn new(devices: Vec<Device>, owners: BTreeMap<Host, usize>) -> Self {
        Self { devices, owners }
    }

    /// The device of that id.
    #[must_use]
    pub fn device(&self, id: &str) -> Option<&Device> {
        let at = self.devices.binary_search_by(|device| device.id.as_str().cmp(id)).ok()?;
        self.devices.get(at)
    }

    /// The device that sent from an address with that MAC on its frames; `None` for peers, which are no
    /// devices.
    #[must_use]
    pub fn owner(&self, ip: IpAddr, mac: Option<Mac>) -> Option<&Device> {
        self.devices.get(*self.owners.get(&Host { ip, mac })?)
    }
}
