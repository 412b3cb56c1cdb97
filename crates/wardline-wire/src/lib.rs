//! Bytes without trust: capture files, frames and flows.
//!
//! In: captured bytes. Out: borrowed views ([`Frame`]) and two ordered streams per flow, gaps shown.
//! Nothing here panics on any input, allocates by a number the peer chose, or loops without a bound.
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

pub mod capture;
mod chunks;
pub mod flow;
pub mod frame;
mod reader;

pub use chunks::Chunks;
pub use frame::Frame;
pub use reader::{Fault, Reader};
