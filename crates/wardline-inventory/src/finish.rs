//! Finishing: groups of nodes become devices with ids.

use crate::assemble::Assembly;
use crate::device::{self, Parts};
use crate::id;
use crate::knowledge::Knowledge;
use crate::merge::{Node, NodeId};
use crate::{Host, Inventory};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Device, Service};

impl<'a> Assembly<'a> {
    /// The devices, and who owns which address.
    pub(crate) fn finish(mut self, knowledge: &Knowledge<'_>) -> Inventory {
        let parts = self.parts();
        let mut built: Vec<(NodeId, Device)> =
            parts.into_iter().map(|(root, parts)| (root, device::build(parts, knowledge))).collect();
        name(&mut built);
        let ids: BTreeMap<NodeId, String> =
            built.iter().map(|(root, device)| (*root, device.id.clone())).collect();
        self.resolve_witnesses(&mut built, &ids);
        let owners = self.owners(&ids);
        Inventory::new(built.into_iter().map(|(_, device)| device).collect(), owners)
    }

    fn parts(&mut self) -> BTreeMap<NodeId, Parts<'a>> {
        let listed: Vec<NodeId> = self.listed.iter().copied().collect();
        let mut parts: BTreeMap<NodeId, Parts<'a>> =
            listed.into_iter().map(|node| (self.groups.root(node), Parts::default())).collect();
        for id in 0..self.groups.len() {
            let node = self.groups.node(id);
            self.with_parts(&mut parts, id, |parts| match node {
                Node::Station(mac) if !mac.is_virtual_router() => _ = parts.macs.insert(mac),
                Node::Remote(ip) if !ip.is_unspecified() => _ = parts.ips.insert(ip),
                Node::Station(_) | Node::Remote(_) | Node::Equipment(_) => {}
            });
        }
        for (mac, ip) in self.link.own() {
            if let Some(id) = self.groups.get(Node::Station(mac)) {
                self.with_parts(&mut parts, id, |parts| _ = parts.ips.insert(ip));
            }
        }
        for (service, seen) in &self.sightings.services {
            let node = self.tenancies.host(self.link, service.server, seen);
            let offered = Service {
                transport: service.transport,
                port: service.port,
                protocol: service.protocol,
                encrypted: service.encrypted,
            };
            if let Some(id) = self.groups.get(node) {
                self.with_parts(&mut parts, id, |parts| _ = parts.services.insert(offered));
            }
        }
        for (exchange, seen) in &self.sightings.exchanges {
            let node = self.tenancies.host(self.link, exchange.client, seen);
            if let Some(id) = self.groups.get(node) {
                self.with_parts(&mut parts, id, |parts| _ = parts.asks.insert(exchange.protocol));
            }
        }
        for (id, seen) in std::mem::take(&mut self.seen) {
            self.with_parts(&mut parts, id, |parts| parts.sightings.push(seen));
        }
        for (id, clue) in std::mem::take(&mut self.clues) {
            self.with_parts(&mut parts, id, |parts| parts.clues.push(clue));
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
    fn resolve_witnesses(&mut self, built: &mut [(NodeId, Device)], ids: &BTreeMap<NodeId, String>) {
        for evidence in built.iter_mut().flat_map(|(_, device)| &mut device.evidence) {
            let node = evidence.via.take().and_then(|node| node.parse::<NodeId>().ok());
            evidence.via = node.and_then(|node| ids.get(&self.groups.root(node)).cloned());
        }
    }

    fn owners(&mut self, ids: &BTreeMap<NodeId, String>) -> BTreeMap<Host, String> {
        let mut owners = BTreeMap::new();
        for (host, seen) in &self.sightings.hosts {
            if let Some(node) = self.groups.get(self.tenancies.host(self.link, *host, &seen.seen))
                && let Some(id) = ids.get(&self.groups.root(node))
            {
                owners.insert(*host, id.clone());
            }
        }
        owners
    }
}

/// Gives every device its id, and sorts by it.
fn name(built: &mut [(NodeId, Device)]) {
    let mut taken = BTreeSet::new();
    for (_, device) in built.iter_mut() {
        let id = (0..).map(|salt| id::of(device, salt)).find(|id| !taken.contains(id));
        device.id = id.unwrap_or_default();
        taken.insert(device.id.clone());
    }
    built.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
}
