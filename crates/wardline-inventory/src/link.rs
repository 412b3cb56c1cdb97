//! The link: which MACs are a host's own, and which are a router's.
//!
//! In: which address was sent with which MAC, times to live, bindings. Out: for every sender whether its MAC
//! is its own. A router's MAC identifies the router only, never the hosts behind it. When in doubt a MAC is
//! not a host's own: a wrong merge is worse than a missing one.

use crate::identity::binding::Bindings;
use crate::identity::conflict::{self, Conflict};
use crate::site::Sites;
use crate::{Host, HostSeen, Sightings};
use foldhash::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wardline_model::{Mac, is_device_address};

/// Networks (IPv4 /24, IPv6 /64) one station may have addresses in; a host with more is a router.
const NETWORKS_OF_HOST_MAX: usize = 4;
/// IPv4 addresses without a binding that one station may have; a host with more is a router, or the MAC was
/// rewritten on the way to the sensor.
const ADDRESSES_OF_HOST_MAX: usize = 8;
/// Addresses of its own that a router may have in one network; one that is bound to more answers for others.
const ROUTER_ADDRESSES_IN_NETWORK_MAX: usize = 2;
/// Routers a packet crosses inside a hospital.
const HOPS_MAX: u8 = 5;
/// Times to live that systems start with.
const TTL_INITIAL: [u8; 3] = [64, 128, 255];

/// What is known about a MAC.
#[derive(Debug, Default)]
struct Usage<'a> {
    senders: Vec<(IpAddr, &'a HostSeen)>,
    bound: BTreeSet<IpAddr>,
}

/// What the link tells.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    /// Addresses that two stations say are theirs.
    pub(crate) conflicts: Vec<Conflict<'a>>,
    /// Which stations stand together.
    pub(crate) sites: Sites,
    /// MACs that forward for other hosts.
    pub(crate) routers: BTreeSet<Mac>,
    /// MACs that stand at both ends of a conversation: rewritten on the way, they say nothing.
    pub(crate) rewritten: BTreeSet<Mac>,
    own: HashSet<(Mac, IpAddr)>,
}

impl<'a> Link<'a> {
    /// Looks at all senders; `named` tells which public addresses a clinical protocol names as devices.
    pub(crate) fn survey(sightings: &Sightings, bindings: &Bindings<'a>, named: &BTreeSet<IpAddr>) -> Self {
        let mut usage: HashMap<Mac, Usage<'_>> = HashMap::default();
        let mut nearest: HashMap<IpAddr, u8> = HashMap::default();
        for (host, seen) in &sightings.hosts {
            let near = nearest.entry(host.ip).or_default();
            *near = (*near).max(seen.ttl_max);
            if let Some(mac) = host.mac.filter(|mac| mac.is_station()) {
                usage.entry(mac).or_default().senders.push((host.ip, seen));
            }
        }
        for &(mac, ip) in bindings.on_link.keys() {
            usage.entry(mac).or_default().bound.insert(ip);
        }
        let rewritten = rewritten(sightings);
        let mut link = Self {
            conflicts: Vec::new(),
            sites: Sites::survey(sightings, bindings),
            routers: BTreeSet::new(),
            rewritten,
            own: HashSet::default(),
        };
        for (mac, usage) in &usage {
            link.judge(*mac, usage, &nearest, named);
        }
        link.conflicts = conflict::among(bindings, &link.sites, |mac, ip| link.own.contains(&(mac, ip)));
        for conflict in &link.conflicts {
            link.own.remove(&(conflict.claimant, conflict.ip));
        }
        link
    }

    /// Whether the MAC with which a host was seen is its own.
    pub(crate) fn is_own(&self, mac: Mac, ip: IpAddr) -> bool {
        mac.is_station() && (ip.is_unspecified() || self.own.contains(&(mac, ip)))
    }

    /// Own pairs of MAC and address, in no order.
    pub(crate) fn own(&self) -> impl Iterator<Item = (Mac, IpAddr)> {
        self.own.iter().copied()
    }

    fn judge(
        &mut self,
        mac: Mac,
        usage: &Usage<'_>,
        nearest: &HashMap<IpAddr, u8>,
        named: &BTreeSet<IpAddr>,
    ) {
        let rewritten = self.rewritten.contains(&mac);
        let bound = usage.bound_as_own();
        if !mac.is_virtual_router() {
            self.own.extend(bound.iter().map(|&ip| (mac, ip)));
        }
        let prefixes: BTreeSet<u128> =
            bound.iter().filter(|ip| ip.is_ipv6()).map(|ip| network(*ip)).collect();
        let unbound: Vec<(IpAddr, &HostSeen)> =
            usage.senders.iter().copied().filter(|(ip, _)| !bound.contains(ip)).collect();
        let mut own: Vec<IpAddr> = Vec::new();
        let mut beyond = usage.bound.len() > bound.len();
        for &(ip, seen) in &unbound {
            match place(mac, ip, seen, nearest, &prefixes) {
                Place::Own => own.push(ip),
                Place::Beyond => beyond = true,
                Place::Public if named.contains(&ip) && usage.senders.len() == 1 => own.push(ip),
                Place::Public => beyond |= usage.routable() > 1 || !is_initial(seen.ttl_max),
                Place::Nowhere => {}
            }
        }
        let networks: BTreeSet<u128> =
            own.iter().filter(|ip| !is_link_local(**ip)).map(|ip| network(*ip)).collect();
        let crowd = own.iter().filter(|ip| ip.is_ipv4()).count() > ADDRESSES_OF_HOST_MAX;
        let routes = beyond || crowd || networks.len() > NETWORKS_OF_HOST_MAX;
        if routes && !rewritten {
            self.routers.insert(mac);
        }
        if mac.is_virtual_router() {
            return;
        }
        if routes || rewritten {
            let near = usage.near_addresses(&own);
            own.retain(|ip| is_link_local(*ip) || near.contains(ip) && !rewritten && !crowd);
        }
        self.own.extend(own.into_iter().map(|ip| (mac, ip)));
    }
}

impl Usage<'_> {
    /// Addresses it sent with that mean something beyond the link: every IPv6 host has a link-local one besides.
    fn routable(&self) -> usize {
        self.senders.iter().filter(|(ip, _)| !is_link_local(*ip) && !ip.is_unspecified()).count()
    }

    /// Bound addresses, without those that a router answers for in the name of others (proxy ARP).
    fn bound_as_own(&self) -> BTreeSet<IpAddr> {
        let mut in_network: BTreeMap<u128, usize> = BTreeMap::new();
        for ip in &self.bound {
            *in_network.entry(network(*ip)).or_default() += 1;
        }
        let usable = |ip: &&IpAddr| !ip.is_multicast() && !ip.is_unspecified() && !ip.is_loopback();
        let many = in_network.len() > NETWORKS_OF_HOST_MAX || self.bound.len() > ADDRESSES_OF_HOST_MAX;
        let own = |ip: &&IpAddr| {
            ip.is_ipv6() || !many || in_network[&network(**ip)] <= ROUTER_ADDRESSES_IN_NETWORK_MAX
        };
        self.bound.iter().filter(usable).filter(own).copied().collect()
    }

    /// The addresses of a router that are its own by their times to live: no hop away, and only a few.
    fn near_addresses(&self, own: &[IpAddr]) -> BTreeSet<IpAddr> {
        let near: BTreeSet<IpAddr> = self
            .senders
            .iter()
            .filter(|(ip, seen)| own.contains(ip) && is_initial(seen.ttl_max) && !is_link_local(*ip))
            .map(|(ip, _)| *ip)
            .collect();
        if near.len() <= ROUTER_ADDRESSES_IN_NETWORK_MAX { near } else { BTreeSet::new() }
    }
}

enum Place {
    Own,
    Beyond,
    Public,
    Nowhere,
}

fn place(
    mac: Mac,
    ip: IpAddr,
    seen: &HostSeen,
    nearest: &HashMap<IpAddr, u8>,
    prefixes: &BTreeSet<u128>,
) -> Place {
    if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || ip == IpAddr::from([255; 4]) {
        return Place::Nowhere;
    }
    if is_link_local(ip) {
        return Place::Own;
    }
    let farther =
        nearest.get(&ip).is_some_and(|&near| seen.ttl_max < near && near - seen.ttl_max <= HOPS_MAX);
    if farther || is_forwarded(seen.ttl_max) {
        return Place::Beyond;
    }
    match ip {
        _ if is_device_address(ip) => Place::Own,
        IpAddr::V6(v6) if is_from_mac(v6.segments(), mac) || prefixes.contains(&network(ip)) => Place::Own,
        IpAddr::V6(_) if is_initial(seen.ttl_max) => Place::Nowhere,
        _ => Place::Public,
    }
}

/// MACs that stand at both ends of a conversation between two addresses without a router's mark on them.
fn rewritten(sightings: &Sightings) -> BTreeSet<Mac> {
    let ttl = |host: &Host| sightings.hosts.get(host).map_or(0, |seen| seen.ttl_max);
    sightings
        .exchanges
        .keys()
        .filter(|e| e.client.mac == e.server.mac && e.client.ip != e.server.ip)
        .filter(|e| !is_forwarded(ttl(&e.client)) && !is_forwarded(ttl(&e.server)))
        .filter_map(|e| e.client.mac)
        .collect()
}

/// Whether a time to live looks like that of a packet that crossed a few routers.
fn is_forwarded(ttl: u8) -> bool {
    TTL_INITIAL.iter().any(|&start| (1..=HOPS_MAX).contains(&start.saturating_sub(ttl))) && ttl != 60
}

fn is_initial(ttl: u8) -> bool {
    TTL_INITIAL.contains(&ttl)
}

/// Whether an address never leaves its link.
pub(crate) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// The network of an address as a number: IPv4 /24, IPv6 /64.
fn network(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) | (1 << 127),
    }
}

/// Whether an IPv6 address was formed from the MAC (RFC 4291 appendix A).
fn is_from_mac(segments: [u16; 8], mac: Mac) -> bool {
    let [a, b, c, d, e, f] = mac.0;
    let half = |high: u8, low: u8| u16::from(high) << 8 | u16::from(low);
    segments[4..] == [half(a ^ 2, b), half(c, 0xff), half(0xfe, d), half(e, f)]
}
