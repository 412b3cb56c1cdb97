//! The tree of RFC 9162 section 2.1, over nodes that are kept every eight levels.
//!
//! A node at level `l` and number `n` is the root of the complete subtree over the leaves `n·256^l ..(n+1)·256^l`;
//! level 0 are the leaf hashes. Only complete nodes are kept, one in 256 of them beyond the leaves. Everything else
//! is worked out from them. Functions say which nodes they need by asking [`Nodes`]; what is not there is an error
//! that names it.

use crate::Hash;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Levels of the tree from one kept level to the next: a tile is 2^8 hashes wide.
pub const STEP: u32 = 8;
/// Nodes side by side in a tile.
pub const WIDTH: u64 = 1 << STEP;
/// Highest kept level: 2^40 leaves.
pub const LEVEL_MAX: u32 = 4;

/// Level and number of a kept node.
pub type Place = (u32, u64);

/// A node that is needed is not there, or the question makes no sense for the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// A node is missing.
    #[error("node {number} of level {level} is missing")]
    Missing {
        /// Its level.
        level: u32,
        /// Its number.
        number: u64,
    },
    /// A leaf is asked for that the tree does not have.
    #[error("leaf {leaf} is not among {size}")]
    Outside {
        /// The leaf.
        leaf: u64,
        /// Leaves of the tree.
        size: u64,
    },
}

/// Kept nodes, as many as are needed.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    known: BTreeMap<Place, Hash>,
}

/// The hash of a leaf over its entry (RFC 9162 section 2.1.1).
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// The hash of a node over its children.
#[must_use]
pub fn parent(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of no leaves.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// Leaves of a complete subtree at a kept level.
const fn span(level: u32) -> u64 {
    1 << (STEP * level)
}

impl Nodes {
    /// Takes a node up.
    pub fn insert(&mut self, place: Place, hash: Hash) {
        self.known.insert(place, hash);
    }

    /// A node.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn node(&self, (level, number): Place) -> Result<Hash, TreeError> {
        self.known.get(&(level, number)).copied().ok_or(TreeError::Missing { level, number })
    }

    /// Every node that appending `hash` as leaf `number` completes, the leaf first. The nodes to its left within its
    /// tiles must be there; see [`frontier`].
    ///
    /// # Errors
    ///
    /// When one of them is not.
    pub fn append(&mut self, number: u64, hash: Hash) -> Result<Vec<(Place, Hash)>, TreeError> {
        let mut made = vec![((0, number), hash)];
        self.insert((0, number), hash);
        let (mut level, mut number) = (0, number);
        while level < LEVEL_MAX && number % WIDTH == WIDTH - 1 {
            let first = number - (WIDTH - 1);
            let tile: Vec<Hash> =
                (first..=number).map(|number| self.node((level, number))).collect::<Result<_, _>>()?;
            (level, number) = (level + 1, number / WIDTH);
            let hash = fold(tile.into_iter().map(|hash| (0, hash)));
            self.insert((level, number), hash);
            made.push(((level, number), hash));
        }
        Ok(made)
    }

    /// The hash over the leaves `from..until`, where `from` is aligned as the tree's own subtrees are.
    ///
    /// # Errors
    ///
    /// When a node is missing.
    pub fn range(&self, from: u64, until: u64) -> Result<Hash, TreeError> {
        let parts = parts(from, until);
        let mut hashes = Vec::with_capacity(parts.len());
        for place in parts {
            hashes.push((place.0 * STEP, self.node(place)?));
        }
        Ok(fold(hashes.into_iter()))
    }

    /// The root over the first `size` leaves.
    ///
    /// # Errors
    ///
    /// When a node is missing.
    pub fn root(&self, size: u64) -> Result<Hash, TreeError> {
        if size == 0 { Ok(empty()) } else { self.range(0, size) }
    }

    /// The proof that a leaf is among the first `size` (RFC 9162 section 2.1.3.1).
    ///
    /// # Errors
    ///
    /// When the leaf is not, or a node is missing.
    pub fn inclusion(&self, leaf: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        if leaf >= size {
            return Err(TreeError::Outside { leaf, size });
        }
        siblings(leaf, size).into_iter().map(|(from, until)| self.range(from, until)).collect()
    }
}

/// The kept nodes whose hashes make up `from..until`, from left to right.
fn parts(from: u64, until: u64) -> Vec<Place> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < until {
        let mut level = LEVEL_MAX;
        while level > 0 && (!at.is_multiple_of(span(level)) || at + span(level) > until) {
            level -= 1;
        }
        parts.push((level, at / span(level)));
        at += span(level);
    }
    parts
}

/// Folds complete subtrees of growing position, each with its height, into one hash: equal heights join, and at the
/// end the smaller ones join from the right.
fn fold(parts: impl Iterator<Item = (u32, Hash)>) -> Hash {
    let mut stack: Vec<(u32, Hash)> = Vec::new();
    for (mut height, mut hash) in parts {
        while let Some((_, left)) = stack.pop_if(|(other, _)| *other == height) {
            (height, hash) = (height + 1, parent(&left, &hash));
        }
        stack.push((height, hash));
    }
    let Some((_, mut hash)) = stack.pop() else { return empty() };
    while let Some((_, left)) = stack.pop() {
        hash = parent(&left, &hash);
    }
    hash
}

/// Ranges of leaves whose hashes prove a leaf, from its neighbour up to the root.
fn siblings(leaf: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut from, mut until) = (0, size);
    let mut ranges = Vec::new();
    while until - from > 1 {
        // The largest power of two smaller than the number of leaves.
        let split = from + (1 << (63 - (until - from - 1).leading_zeros()));
        if leaf < split {
            ranges.push((split, until));
            until = split;
        } else {
            ranges.push((from, split));
            from = split;
        }
    }
    ranges.reverse();
    ranges
}

/// The kept nodes needed for the root of `size` leaves.
#[must_use]
pub fn needed_for_root(size: u64) -> BTreeSet<Place> {
    parts(0, size).into_iter().collect()
}

/// The kept nodes needed to prove a leaf.
#[must_use]
pub fn needed_for_inclusion(leaf: u64, size: u64) -> BTreeSet<Place> {
    siblings(leaf, size).into_iter().flat_map(|(from, until)| parts(from, until)).collect()
}

/// The kept nodes that must be there to append to `size` leaves: those of the tiles that are not full.
#[must_use]
pub fn frontier(size: u64) -> BTreeSet<Place> {
    let levels = (0..=LEVEL_MAX).map(|level| (level, size / span(level)));
    levels
        .flat_map(|(level, count)| (count - count % WIDTH..count).map(move |number| (level, number)))
        .collect()
}

/// Whether a proof leads from a leaf's hash to the root (RFC 9162 section 2.1.3.2).
#[must_use]
pub fn proves(leaf_hash: &Hash, leaf: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if leaf >= size {
        return false;
    }
    let ranges = siblings(leaf, size);
    if ranges.len() != proof.len() {
        return false;
    }
    let hash = ranges.iter().zip(proof).fold(*leaf_hash, |hash, ((from, _), sibling)| {
        if *from > leaf { parent(&hash, sibling) } else { parent(sibling, &hash) }
    });
    hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 9162 section 2.1.1, word for word.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => empty(),
            1 => leaves[0],
            n => {
                let k = (n - 1).checked_ilog2().map_or(1, |log| 1 << log);
                parent(&by_definition(&leaves[..k]), &by_definition(&leaves[k..]))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
    }

    #[test]
    fn roots_and_proofs_are_those_of_the_definition() {
        let all = leaves(1_200);
        let mut nodes = Nodes::default();
        for (number, hash) in (0u64..).zip(&all) {
            nodes.append(number, *hash).unwrap();
        }
        for size in [1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 1_000, 1_200] {
            let root = by_definition(&all[..usize::try_from(size).unwrap()]);
            assert_eq!(nodes.root(size).unwrap(), root, "{size}");
            for at in [0, 1, size / 3, size / 2, size - 1].into_iter().filter(|at| *at < size) {
                let proof = nodes.inclusion(at, size).unwrap();
                let hash = all[usize::try_from(at).unwrap()];
                assert!(proves(&hash, at, size, &proof, &root), "{at} of {size}");
                assert!(!proves(&leaf(b"x"), at, size, &proof, &root));
                assert!(size == 1 || !proves(&hash, at, size, &proof[1..], &root));
                assert!(size == 1 || !proves(&hash, at ^ 1, size, &proof, &root));
            }
        }
        assert_eq!(nodes.root(0).unwrap(), Hash::from(Sha256::digest([])));
        assert!(nodes.inclusion(5, 5).is_err() && nodes.root(1_201).is_err());
    }

    #[test]
    fn the_frontier_is_all_that_appending_needs() {
        let all = leaves(66_000);
        let mut every = Nodes::default();
        for (number, hash) in (0u64..).zip(&all) {
            every.append(number, *hash).unwrap();
        }
        for size in [0, 1, 255, 256, 511, 65_535, 65_536, 65_791] {
            let mut some = Nodes::default();
            for place in frontier(size) {
                some.insert(place, every.node(place).unwrap());
            }
            for (place, hash) in some.append(size, all[usize::try_from(size).unwrap()]).unwrap() {
                assert_eq!(every.node(place).unwrap(), hash);
            }
            assert!(some.known.len() < 1_300);
        }
    }
}
