//! Merging: nodes that turn out to be one device.
//!
//! A node is the least that can be told apart: a station's MAC, an address seen only beyond a router (or on a
//! link without MACs), or equipment that another host speaks of. Groups of nodes are kept as a forest; the
//! root of a group is its lowest node, so that the order of merging leaves no trace.

use crate::site::Site;
use foldhash::HashMap;
use std::net::IpAddr;
use wardline_model::Mac;

/// The least that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    /// A station, by a MAC of its own.
    Station(Mac),
    /// A host without a MAC of its own: beyond a router, or on a link without MACs.
    Remote(IpAddr, Site),
    /// Equipment that only another host speaks of, by number.
    Equipment(usize),
}

/// Number of a node.
pub(crate) type NodeId = usize;

/// The nodes and which of them are one.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    numbers: HashMap<Node, NodeId>,
    nodes: Vec<Node>,
    parents: Vec<NodeId>,
    /// Pairs that people say are not one device.
    apart: Vec<(NodeId, NodeId)>,
}

impl Groups {
    /// The number of a node, new or known.
    pub(crate) fn number(&mut self, node: Node) -> NodeId {
        *self.numbers.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.parents.push(self.parents.len());
            self.parents.len() - 1
        })
    }

    /// The number of a node, when it is known.
    pub(crate) fn get(&self, node: Node) -> Option<NodeId> {
        self.numbers.get(&node).copied()
    }

    /// The node of a number.
    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes[id]
    }

    /// Number of nodes; numbers are below it.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The root of a node's group: its lowest node.
    pub(crate) fn root(&mut self, mut id: NodeId) -> NodeId {
        while self.parents[id] != id {
            self.parents[id] = self.parents[self.parents[id]];
            id = self.parents[id];
        }
        id
    }

    /// From here on these two are never made one.
    pub(crate) fn keep_apart(&mut self, a: NodeId, b: NodeId) {
        self.apart.push((a, b));
    }

    fn are_apart(&mut self, a: NodeId, b: NodeId) -> bool {
        (0..self.apart.len()).any(|at| {
            let (c, d) = self.apart[at];
            let (c, d) = (self.root(c), self.root(d));
            (a, b) == (c, d) || (a, b) == (d, c)
        })
    }

    /// Makes two groups one, unless people say that they are not.
    pub(crate) fn join(&mut self, a: NodeId, b: NodeId) {
        let (a, b) = (self.root(a), self.root(b));
        if self.are_apart(a, b) {
            return;
        }
        let (root, child) = if self.nodes[a] <= self.nodes[b] { (a, b) } else { (b, a) };
        self.parents[child] = root;
    }
}
