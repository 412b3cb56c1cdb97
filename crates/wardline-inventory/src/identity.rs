//! What identifies a device, one file per clue.

pub(crate) mod binding;
