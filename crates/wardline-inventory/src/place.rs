//! Placing: whose fact is it? An address is not a device: who has it changes over time.

use crate::identity::binding::Bindings;
use crate::link::Link;
use crate::merge::{Groups, Node, NodeId};
use crate::{Host, Sightings};
use foldhash::HashMap;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{Mac, Seen, Subject, Timestamp};

/// Who had an address, and when.
#[derive(Debug, Default)]
pub(crate) struct Tenancies {
    tenants: HashMap<IpAddr, BTreeMap<Mac, (Timestamp, Timestamp)>>,
}

impl Tenancies {
    /// Reads who had which address from sightings and bindings.
    pub(crate) fn read(sightings: &Sightings, bindings: &Bindings<'_>, link: &Link) -> Self {
        let mut tenancies = Self::default();
        for (host, seen) in &sightings.hosts {
            if let Some(mac) = host.mac.filter(|mac| link.is_own(*mac, host.ip)) {
                tenancies.add(host.ip, mac, &seen.seen);
            }
        }
        for (&(mac, ip), sightings) in &bindings.on_link {
            if link.is_own(mac, ip) {
                sightings.iter().for_each(|seen| tenancies.add(ip, mac, seen));
            }
        }
        tenancies.tenants.retain(|ip, _| !ip.is_unspecified());
        tenancies
    }

    fn add(&mut self, ip: IpAddr, mac: Mac, seen: &Seen) {
        let span = self.tenants.entry(ip).or_default().entry(mac).or_insert((seen.first, seen.last));
        *span = (span.0.min(seen.first), span.1.max(seen.last));
    }

    /// The station that had an address while something was seen: the only one that ever had it, or the only
    /// one that had it then.
    fn at(&self, ip: IpAddr, seen: &Seen) -> Option<Mac> {
        let tenants = self.tenants.get(&ip)?;
        let mut then = tenants.iter().filter(|(_, span)| span.0 <= seen.last && seen.first <= span.1);
        match (tenants.len(), then.next(), then.next()) {
            (1, ..) => tenants.keys().next().copied(),
            (_, Some((mac, _)), None) => Some(*mac),
            _ => None,
        }
    }

    /// The node of a host, seen with a MAC that may be a router's.
    pub(crate) fn host(&self, link: &Link, host: Host, seen: &Seen) -> Node {
        match host.mac {
            Some(mac) if link.is_own(mac, host.ip) => Node::Station(mac),
            _ => self.address(host.ip, seen),
        }
    }

    /// The node of an address at a time.
    pub(crate) fn address(&self, ip: IpAddr, seen: &Seen) -> Node {
        self.at(ip, seen).map_or(Node::Remote(ip), Node::Station)
    }

    /// The number of the node that a statement is tied to.
    pub(crate) fn subject(&self, link: &Link, groups: &mut Groups, subject: Subject, seen: &Seen) -> NodeId {
        groups.number(match subject {
            Subject::Mac(mac) => Node::Station(mac),
            Subject::Host { ip, mac } => self.host(link, Host { ip, mac }, seen),
            Subject::Named(ip) => self.address(ip, seen),
        })
    }
}
