//! Placing: whose fact is it? An address is not a device: who has it changes over time.

use crate::identity::binding::Bindings;
use crate::link::Link;
use crate::merge::{Groups, Node, NodeId};
use crate::site::Site;
use crate::{Host, Sightings};
use foldhash::HashMap;
use std::net::IpAddr;
use wardline_model::{Mac, Seen, Subject, Timestamp};

/// Stands for the site of which nothing is known.
const UNKNOWN: Site = Site::MAX;

/// A station and from when to when it had an address.
type Tenant = (Mac, (Timestamp, Timestamp));

/// Who had an address, and when.
#[derive(Debug, Default)]
pub(crate) struct Tenancies {
    /// By MAC; nearly every address had one station, so they are lists of one.
    tenants: HashMap<IpAddr, Vec<Tenant>>,
}

impl Tenancies {
    /// Reads who had which address from sightings and bindings.
    pub(crate) fn read(sightings: &Sightings, bindings: &Bindings<'_>, link: &Link<'_>) -> Self {
        let mut tenancies = Self::default();
        for (host, seen) in &sightings.hosts {
            if let Some(mac) = host.mac.filter(|mac| link.is_own(*mac, host.ip)) {
                tenancies.add(host.ip, mac, &seen.seen);
            }
        }
        for (&(mac, ip), sightings) in &bindings.on_link {
            if link.is_own(mac, ip) {
                sightings.iter().for_each(|bound| tenancies.add(ip, mac, bound.seen));
            }
        }
        tenancies.tenants.retain(|ip, _| !ip.is_unspecified());
        tenancies
    }

    fn add(&mut self, ip: IpAddr, mac: Mac, seen: &Seen) {
        let tenants = self.tenants.entry(ip).or_insert_with(|| Vec::with_capacity(1));
        match tenants.binary_search_by_key(&mac, |(mac, _)| *mac) {
            Ok(at) => {
                let (_, span) = &mut tenants[at];
                *span = (span.0.min(seen.first), span.1.max(seen.last));
            }
            Err(at) => tenants.insert(at, (mac, (seen.first, seen.last))),
        }
    }

    /// The station that had an address while something was seen: the only one that ever had it, or the only
    /// one that had it then.
    fn at(&self, ip: IpAddr, seen: &Seen, beside: impl Fn(Mac) -> bool) -> Option<Mac> {
        let tenants = self.tenants.get(&ip)?;
        let mut there = tenants.iter().filter(|(mac, _)| beside(*mac));
        let only = there.next().filter(|_| there.next().is_none());
        if let Some((mac, _)) = only {
            return Some(*mac);
        }
        let of_then = |(_, span): &&Tenant| span.0 <= seen.last && seen.first <= span.1;
        let mut then = tenants.iter().filter(|(mac, _)| beside(*mac)).filter(of_then);
        then.next().filter(|_| then.next().is_none()).map(|(mac, _)| *mac)
    }

    /// The node of a host, seen with a MAC that may be a router's.
    pub(crate) fn host(&self, link: &Link<'_>, host: Host, seen: &Seen) -> Node {
        match host.mac {
            Some(mac) if link.is_own(mac, host.ip) => Node::Station(mac),
            Some(mac) => self.placed(link, host.ip, seen, link.sites.of(mac)),
            None => self.address(link, host.ip, seen),
        }
    }

    /// The node of an address at a time.
    pub(crate) fn address(&self, link: &Link<'_>, ip: IpAddr, seen: &Seen) -> Node {
        self.placed(link, ip, seen, link.sites.of_seen(seen))
    }

    /// The node of an address at a site, or at any where it is not known which.
    fn placed(&self, link: &Link<'_>, ip: IpAddr, seen: &Seen, site: Option<Site>) -> Node {
        let beside = |mac: Mac| site.is_none() || link.sites.of(mac).is_none_or(|of| Some(of) == site);
        self.at(ip, seen, beside).map_or(Node::Remote(ip, site.unwrap_or(UNKNOWN)), Node::Station)
    }

    /// The number of the node that a statement is tied to.
    pub(crate) fn subject(
        &self,
        link: &Link<'_>,
        groups: &mut Groups,
        subject: Subject,
        seen: &Seen,
    ) -> NodeId {
        groups.number(match subject {
            Subject::Mac(mac) => Node::Station(mac),
            Subject::Host { ip, mac } => self.host(link, Host { ip, mac }, seen),
            Subject::Named(ip) => self.address(link, ip, seen),
        })
    }
}
