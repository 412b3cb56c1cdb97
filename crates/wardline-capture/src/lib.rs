//! Packets from network interfaces of Linux, and a process that can do nothing else.
//!
//! In: names of interfaces. Out: packets with their times, as the kernel saw them ([`Ring`]), and the kernel's own
//! account of what it dropped. [`confine`] then takes from the process, for the rest of its life, the right to send,
//! to open sockets, to write files and to start programs: what reads strangers' bytes can be taken over and still
//! cannot speak.
//!
//! `sys.rs` alone is `unsafe`: one function a system call, each with what makes it sound. Everything else stands on
//! it and is checked by the compiler. Linux only.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod confine;
mod error;
mod filter;
mod landlock;
mod program;
mod ring;
mod seccomp;
mod sys;

pub use confine::{Confined, Wants, confine};
pub use error::CaptureError;
pub use filter::{Filter, Term};
pub use ring::{BLOCK_BYTES, Captured, Clock, Drops, Link, Options, Ring, Stretch};

#[cfg(test)]
mod tests;
