//! The kinds of content, one file each.

pub(crate) mod class;
pub(crate) mod component;
pub(crate) mod detection;
pub(crate) mod enterprise;
pub(crate) mod feed;
pub(crate) mod fingerprint;
pub(crate) mod inference;
pub(crate) mod maker;
pub(crate) mod os_lifecycle;
pub(crate) mod oui;
mod pattern;
pub(crate) mod product;
pub(crate) mod recog;
pub(crate) mod sign;
mod template;
pub(crate) mod usage;
