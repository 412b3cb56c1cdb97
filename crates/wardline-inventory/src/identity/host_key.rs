//! Host keys: one host under two address families, or a factory's key on many hosts?
//!
//! In: who presents which key. Out: pairs of groups that are one host. A key says that only where nothing
//! contradicts: exactly two groups present it, at most one of them has a MAC, and one speaks IPv4 only, the
//! other IPv6 only. Every other sharing is a factory key (the MDhex pattern), which detection reports.

use crate::merge::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// What a group looks like from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Whether it has a MAC of its own.
    pub(crate) station: bool,
    /// Whether it has an IPv4 address.
    pub(crate) v4: bool,
    /// Whether it has an IPv6 address.
    pub(crate) v6: bool,
}

/// Groups that are one host.
pub(crate) fn pairs(
    holders: &BTreeMap<&str, BTreeSet<NodeId>>,
    shape: impl Fn(NodeId) -> Shape,
) -> Vec<(NodeId, NodeId)> {
    let two = |nodes: &BTreeSet<NodeId>| match nodes.iter().copied().collect::<Vec<_>>()[..] {
        [a, b] => Some((a, b)),
        _ => None,
    };
    let one_host = |&(a, b): &(NodeId, NodeId)| {
        let (a, b) = (shape(a), shape(b));
        !(a.station && b.station) && (a.v4, a.v6) != (b.v4, b.v6) && !(a.v4 && b.v4) && !(a.v6 && b.v6)
    };
    holders.values().filter_map(two).filter(one_host).collect()
}

#[cfg(test)]
mod tests {
    use super::{Shape, pairs};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn only_two_families_of_one_host_are_joined() {
        let v4 = Shape { station: true, v4: true, v6: false };
        let v6 = Shape { station: false, v4: false, v6: true };
        let joined = |shapes: &[Shape]| {
            let nodes: BTreeSet<usize> = (0..shapes.len()).collect();
            !pairs(&BTreeMap::from([("key", nodes)]), |node| shapes[node]).is_empty()
        };
        assert!(joined(&[v4, v6]));
        assert!(!joined(&[v4, v4]));
        assert!(!joined(&[v4, v6, v6]));
        assert!(!joined(&[v4, Shape { station: true, ..v6 }]));
    }
}
