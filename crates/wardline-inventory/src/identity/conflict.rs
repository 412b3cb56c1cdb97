//! Conflicts: two stations of one network that say at the same time that an address is theirs.
//!
//! In: bindings of ARP, neighbour discovery and DHCP with their times. Out: the later claims, which do not hold: what is
//! said of the address goes on being said of the station that had it first. So an intruder who claims a router's address
//! does not become the router, nor the router the intruder. One address after the other (a lease that went to another
//! device, the second of two redundant cards) is no conflict, nor is an address in two VLANs.

use super::binding::Bindings;
use crate::site::Sites;
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardline_model::{Mac, Seen, Timestamp};

/// A claim that another station's speaks against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict<'a> {
    /// The address.
    pub(crate) ip: IpAddr,
    /// Who had it first.
    pub(crate) holder: Mac,
    /// Who claimed it while the other had it.
    pub(crate) claimant: Mac,
    /// Protocol of the later claim.
    pub(crate) protocol: &'static str,
    /// The later claim.
    pub(crate) seen: &'a Seen,
}

/// Conflicts among the bindings that the link allows, by address.
pub(crate) fn among<'a>(
    bindings: &Bindings<'a>,
    sites: &Sites,
    is_own: impl Fn(Mac, IpAddr) -> bool,
) -> Vec<Conflict<'a>> {
    let mut claims: BTreeMap<IpAddr, Vec<(Timestamp, Timestamp, Mac)>> = BTreeMap::new();
    for ((mac, ip), bound) in &bindings.on_link {
        if mac.is_virtual_router() || !is_own(*mac, *ip) || ip.is_unspecified() {
            continue;
        }
        let first = bound.iter().map(|bound| bound.seen.first).min();
        let last = bound.iter().map(|bound| bound.seen.last).max();
        if let Some((first, last)) = first.zip(last) {
            claims.entry(*ip).or_default().push((first, last, *mac));
        }
    }
    let mut conflicts = Vec::new();
    for (ip, mut claims) in claims.into_iter().filter(|(_, claims)| claims.len() > 1) {
        claims.sort_unstable();
        for (at, &(first, _, claimant)) in claims.iter().enumerate() {
            let mut earlier = claims[..at].iter();
            let held =
                earlier.find(|(_, last, holder)| first <= *last && sites.share_domain(*holder, claimant));
            let bound = bindings.on_link.get(&(claimant, ip)).and_then(|bound| bound.first());
            if let Some((&(.., holder), bound)) = held.zip(bound) {
                let (protocol, seen) = (bound.protocol, bound.seen);
                conflicts.push(Conflict { ip, holder, claimant, protocol, seen });
            }
        }
    }
    conflicts
}
