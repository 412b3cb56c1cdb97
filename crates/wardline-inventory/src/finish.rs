//! Finishing: groups of nodes become devices with ids.

use crate::assemble::Assembly;
use crate::clue::Clues;
use crate::device::{self, Parts, Words};
use crate::id;
use crate::knowledge::Knowledge;
use crate::merge::{Node, NodeId};
use crate::{Host, Inventory};
use foldhash::{HashSet, HashSetExt as _};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::scope;
use wardline_model::{Device, Service};

/// Devices that a thread makes at a time.
const CHUNK: usize = 256;

impl<'a> Assembly<'a> {
    /// The devices, and who owns which address.
    pub(crate) fn finish(mut self, knowledge: &'a Knowledge<'_>, threads: usize) -> Inventory {
        self.clues.sort(&mut self.groups);
        let parts = self.parts();
        let mut built = self.build(parts, knowledge, threads);
        self.clues = Clues::default();
        name(&mut built);
        let numbers: BTreeMap<NodeId, usize> =
            built.iter().enumerate().map(|(number, (root, _))| (*root, number)).collect();
        self.resolve_witnesses(&mut built, &numbers);
        let owners = self.owners(&numbers);
        Inventory::new(built.into_iter().map(|(_, device)| device).collect(), owners)
    }

    /// Makes the devices, in the order of their roots, whichever thread made which.
    fn build(
        &self,
        parts: BTreeMap<NodeId, Parts<'a>>,
        knowledge: &'a Knowledge<'_>,
        threads: usize,
    ) -> Vec<(NodeId, Device)> {
        let build = |(root, mut parts): (NodeId, Parts<'a>), words: &mut Words<'a>| {
            parts.clues.extend(self.clues.of(root));
            (root, device::build(parts, knowledge, words))
        };
        if threads <= 1 {
            let mut words = Words::default();
            return parts.into_iter().map(|parts| build(parts, &mut words)).collect();
        }
        let count = parts.len().div_ceil(CHUNK);
        let (left, done) = (Mutex::new(parts.into_iter()), Mutex::new(BTreeMap::new()));
        let work = || {
            let mut words = Words::default();
            loop {
                let (first, chunk) = {
                    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                    let chunk: Vec<_> = left.by_ref().take(CHUNK).collect();
                    let Some((first, _)) = chunk.first() else { return };
                    (*first, chunk)
                };
                let built: Vec<_> = chunk.into_iter().map(|parts| build(parts, &mut words)).collect();
                done.lock().unwrap_or_else(PoisonError::into_inner).insert(first, built);
            }
        };
        scope(|scope| (0..threads.min(count)).for_each(|_| _ = scope.spawn(work)));
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().flatten().collect()
    }

    fn parts(&mut self) -> BTreeMap<NodeId, Parts<'a>> {
        let listed: Vec<NodeId> = self.listed.iter().copied().collect();
        let mut parts: BTreeMap<NodeId, Parts<'a>> =
            listed.into_iter().map(|node| (self.groups.root(node), Parts::default())).collect();
        for id in 0..self.groups.len() {
            let node = self.groups.node(id);
            self.with_parts(&mut parts, id, |parts| match node {
                Node::Station(mac) if !mac.is_virtual_router() => parts.macs.insert(mac),
                Node::Remote(ip, _) if !ip.is_unspecified() => parts.ips.insert(ip),
                Node::Station(_) | Node::Remote(..) | Node::Equipment(_) => {}
            });
        }
        for (mac, ip) in self.link.own() {
            if let Some(id) = self.groups.get(Node::Station(mac)) {
                self.with_parts(&mut parts, id, |parts| parts.ips.insert(ip));
            }
        }
        let transfers = self.transfers();
        for (service, seen) in &self.sightings.services {
            let node = self.tenancies.host(self.link, service.server, seen);
            let offered = Service {
                transport: service.transport,
                port: service.port,
                protocol: service.protocol,
                encrypted: service.encrypted,
            };
            if let Some(id) = self.groups.get(node)
                && !transfers.explain(self.groups.root(id), &offered)
            {
                self.with_parts(&mut parts, id, |parts| parts.services.insert(offered));
            }
        }
        for (exchange, seen) in &self.sightings.exchanges {
            let node = self.tenancies.host(self.link, exchange.client, seen);
            if let Some(id) = self.groups.get(node) {
                self.with_parts(&mut parts, id, |parts| {
                    parts.asks.insert(exchange.protocol);
                    parts.spoke(exchange.protocol, true, seen);
                });
            }
            let node = self.tenancies.host(self.link, exchange.server, seen);
            if let Some(id) = self.groups.get(node) {
                self.with_parts(&mut parts, id, |parts| parts.spoke(exchange.protocol, false, seen));
            }
        }
        let until = self.seen.iter().map(|(.., last)| *last).max().unwrap_or_default();
        parts.values_mut().for_each(|parts| parts.until = until);
        for (id, first, last) in std::mem::take(&mut self.seen) {
            self.with_parts(&mut parts, id, |parts| {
                let seen = parts.seen.get_or_insert((first, last));
                *seen = (seen.0.min(first), seen.1.max(last));
            });
        }
        parts
    }

    fn with_parts(
        &mut self,
        parts: &mut BTreeMap<NodeId, Parts<'a>>,
        id: NodeId,
        act: impl FnOnce(&mut Parts<'a>),
    ) {
        if let Some(parts) = parts.get_mut(&self.groups.root(id)) {
            act(parts);
        }
    }

    /// Puts the ids of devices where evidence names the node that told it.
    fn resolve_witnesses(&mut self, built: &mut [(NodeId, Device)], numbers: &BTreeMap<NodeId, usize>) {
        let mut ids: BTreeMap<usize, Arc<str>> = BTreeMap::new();
        for at in 0..built.len() {
            for number in 0..built[at].1.evidence.len() {
                let Some(node) = built[at].1.evidence[number].via.take() else { continue };
                let root = node.parse::<NodeId>().ok().map(|node| self.groups.root(node));
                let device = root.and_then(|root| numbers.get(&root)).copied();
                if let Some(device) = device {
                    let id = ids.entry(device).or_insert_with(|| built[device].1.id.as_str().into());
                    built[at].1.evidence[number].via = Some(Arc::clone(id));
                }
            }
        }
    }

    fn owners(&mut self, numbers: &BTreeMap<NodeId, usize>) -> BTreeMap<Host, usize> {
        let hosts = self.sightings.hosts.iter();
        // Collected, not added one by one: a map made of a sorted list has no half-empty parts.
        let owners = hosts.filter_map(|(host, seen)| {
            let node = self.groups.get(self.tenancies.host(self.link, *host, &seen.seen))?;
            Some((*host, *numbers.get(&self.groups.root(node))?))
        });
        owners.collect()
    }
}

/// Gives every device its id, and sorts by it.
fn name(built: &mut [(NodeId, Device)]) {
    let mut taken = HashSet::with_capacity(built.len());
    for (_, device) in built.iter_mut() {
        let id = (0..).map(|salt| id::of(device, salt)).find(|id| !taken.contains(id));
        device.id = id.unwrap_or_default();
        taken.insert(device.id.clone());
    }
    built.sort_unstable_by(|(_, a), (_, b)| a.id.cmp(&b.id));
}
