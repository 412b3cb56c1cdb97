//! Content: what Wardline knows of the world, as data: parsed, checked, embedded.
//!
//! In: the files under `data/` (embedded at build time) and, over them, a site's own files as name and bytes.
//! Out: typed kinds, one per file of `kind/`. An entry of the site replaces the built-in entry of the same id;
//! everything is checked at the door and a wrong entry is named with its file. This crate reads no file, no
//! clock and no network itself.
//!
//! To add a kind: one file in `kind/`, a field in [`Content`] and a table in `document.rs`.
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

mod content;
mod date;
mod document;
mod error;
mod kind;
#[cfg(test)]
mod tests;

pub use content::Content;
pub use date::Date;
pub use error::{ContentError, Problem};
pub use kind::class::{DeviceClass, PatientData};
pub use kind::component::ComponentNames;
pub use kind::detection::{Condition, Special, ValuePattern, Weakness};
pub use kind::enterprise::Enterprise;
pub use kind::feed::{FeedKind, FeedSource};
pub use kind::fingerprint::{Conclusion, Example, Fingerprint, Fingerprints};
pub use kind::inference::{Advice, Inference};
pub use kind::maker::MakerEntry;
pub use kind::os_lifecycle::{OsLifecycle, OsRelease};
pub use kind::oui::{Oui, OuiFlags, OuiTable};
pub use kind::product::{ProductNames, Succession};
pub use kind::sign::{Sign, SignCondition, SignKey, SignRule};
pub use kind::usage::UsageRule;

/// The embedded files: name below `data/`, and bytes.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
