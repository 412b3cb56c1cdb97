//! What tests of several crates share: mutated inputs, and the entry points that fuzzers feed.
//!
//! In: seeds. Out: the same seeds a thousand times worse. For development only: no crate ships this.
#![expect(clippy::print_stderr, reason = "a failing input is printed for whoever looks at the test")]

pub mod entry;
pub mod mutate;
pub mod postgres;
pub mod seeds;
