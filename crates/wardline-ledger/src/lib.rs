//! A log that cannot be changed without being seen: RFC 9162 Merkle tree, C2SP tlog-tiles, signed checkpoints.
//!
//! In: digests of records, one leaf each. Out: the root of all of them, proofs that one is among them, tiles in the
//! layout of <https://c2sp.org/tlog-tiles>, checkpoints as signed notes (<https://c2sp.org/tlog-checkpoint>,
//! <https://c2sp.org/signed-note>, Ed25519). [`export`] reads and checks a folder of these; the program
//! `wardline-verify` is nothing but that. Pure, but for the files that `export` reads.
//!
//! Limits: a tree of 2^40 leaves; notes of [`note::NOTE_BYTES_MAX`]; entries of 64 KiB, as the layout has it.

pub mod base64;
pub mod export;
pub mod note;
pub mod tile;
pub mod tree;

/// A SHA-256 digest.
pub type Hash = [u8; 32];
