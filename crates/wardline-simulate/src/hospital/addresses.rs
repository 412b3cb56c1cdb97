//! Addresses that come and go: what the DHCP server of each network has to give beside the fixed ones.

use super::Host;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Last octets of a network that are given to whoever comes.
const POOL: std::ops::RangeInclusive<u8> = 221..=250;

/// Addresses in use.
#[derive(Debug)]
pub(crate) struct Addresses {
    taken: BTreeSet<Ipv4Addr>,
    /// Where the search for a free one begins, so that an address rests before it is given again.
    next: u8,
}

impl Addresses {
    pub(crate) fn of(hosts: &[Host]) -> Self {
        Self { taken: hosts.iter().map(|host| host.station.ip).collect(), next: 0 }
    }

    /// Gives back an address and takes another of the same network.
    pub(crate) fn exchange(&mut self, old: Ipv4Addr) -> Option<Ipv4Addr> {
        let [a, b, c, _] = old.octets();
        let size = POOL.end() - POOL.start() + 1;
        let mut free = (0..size).map(|step| Ipv4Addr::new(a, b, c, POOL.start() + (self.next + step) % size));
        let new = free.find(|ip| !self.taken.contains(ip))?;
        self.next = (new.octets()[3] - POOL.start() + 1) % size;
        self.taken.remove(&old);
        self.taken.insert(new);
        Some(new)
    }
}
