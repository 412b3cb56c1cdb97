//! Sites: the same private address may be in use twice, in two VLANs or at two places that know nothing of each other.
//!
//! In: in which broadcast domains (capture and VLAN) each station was seen, and which station has which address. Out:
//! whether two stations stand in one domain, and the site of a station. Domains in which one station was seen (a
//! router, a server with a foot in each) are one site. Sites are told apart only where an address shows that it must
//! be: two stations have it at the same time in domains of different sites. Otherwise all is one network: a server
//! seen through two firewalls is one server.
//!
//! Limit: stations with a locally administered address connect nothing, as every host has the same ones for its
//! containers; nor do the shared addresses of redundant routers.

use crate::identity::binding::Bindings;
use crate::link::is_link_local;
use crate::{Domain, Sightings};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{Mac, Seen, Timestamp};

/// Number of a site; all of them are 0 where nothing shows that there are several.
pub(crate) type Site = u32;

/// Where stations stand.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    domains: HashMap<Mac, BTreeSet<Domain>>,
    /// Sites of domains; empty where there is one site.
    numbers: BTreeMap<Domain, Site>,
}

impl Sites {
    /// Reads them from what was seen.
    pub(crate) fn survey(sightings: &Sightings, bindings: &Bindings<'_>) -> Self {
        let mut sites = Self::default();
        for &(mac, domain) in sightings.domains.keys() {
            sites.domains.entry(mac).or_default().insert(domain);
        }
        let numbers = sites.connected();
        if numbers.values().any(|number| *number != 0) && sites.reuse(&numbers, bindings) {
            sites.numbers = numbers;
        }
        sites
    }

    /// Whether two stations stand in one broadcast domain, as far as is known.
    pub(crate) fn share_domain(&self, a: Mac, b: Mac) -> bool {
        let both = self.domains.get(&a).zip(self.domains.get(&b));
        both.is_none_or(|(a, b)| !a.is_disjoint(b))
    }

    /// The site of a station; `None` where it is not known.
    pub(crate) fn of(&self, mac: Mac) -> Option<Site> {
        if self.numbers.is_empty() {
            return Some(0);
        }
        let mut sites = self.domains.get(&mac)?.iter().filter_map(|domain| self.numbers.get(domain));
        let first = sites.next()?;
        sites.all(|site| site == first).then_some(*first)
    }

    /// The site of what was seen: that of the capture, when all of it is of one.
    pub(crate) fn of_seen(&self, seen: &Seen) -> Option<Site> {
        if self.numbers.is_empty() {
            return Some(0);
        }
        let file = seen.exemplars.first()?.file();
        let from = Domain { file, vlan: 0 };
        let to = Domain { file, vlan: u16::MAX };
        let mut sites = self.numbers.range(from..=to).map(|(_, site)| site);
        let first = sites.next()?;
        sites.all(|site| site == first).then_some(*first)
    }

    /// Domains that a station connects have the same number; the lowest domain has 0.
    fn connected(&self) -> BTreeMap<Domain, Site> {
        let mut numbers: BTreeMap<Domain, Site> = BTreeMap::new();
        let all: BTreeSet<Domain> = self.domains.values().flatten().copied().collect();
        for (domain, number) in all.into_iter().zip(0..) {
            numbers.insert(domain, number);
        }
        let connects = |mac: &Mac| mac.is_station() && !mac.is_local() && !mac.is_virtual_router();
        let mut links: Vec<&BTreeSet<Domain>> =
            self.domains.iter().filter(|(mac, at)| at.len() > 1 && connects(mac)).map(|(_, at)| at).collect();
        links.sort_unstable();
        links.dedup();
        let mut changed = true;
        while changed {
            changed = false;
            for at in &links {
                let lowest = at.iter().filter_map(|domain| numbers.get(domain)).min().copied().unwrap_or(0);
                for domain in *at {
                    if let Some(number) = numbers.get_mut(domain).filter(|number| **number > lowest) {
                        *number = lowest;
                        changed = true;
                    }
                }
            }
        }
        numbers
    }

    /// Whether an address is had by two stations at once in domains of different numbers.
    fn reuse(&self, numbers: &BTreeMap<Domain, Site>, bindings: &Bindings<'_>) -> bool {
        let mut holders: BTreeMap<IpAddr, Vec<(Site, Timestamp, Timestamp)>> = BTreeMap::new();
        for ((mac, ip), bound) in &bindings.on_link {
            let unique = !is_link_local(*ip) && !ip.is_unspecified() && !mac.is_virtual_router();
            let at = self.domains.get(mac).and_then(|at| at.first()).and_then(|at| numbers.get(at));
            let Some(&site) = at.filter(|_| unique) else { continue };
            let held = holders.entry(*ip).or_default();
            held.extend(bound.iter().map(|bound| (site, bound.seen.first, bound.seen.last)));
        }
        holders.values().any(|held| {
            held.iter()
                .enumerate()
                .any(|(at, a)| held.iter().skip(at + 1).any(|b| a.0 != b.0 && a.1 <= b.2 && b.1 <= a.2))
        })
    }
}
