//! What identifies a device, one file per clue.

pub(crate) mod binding;
pub(crate) mod conflict;
pub(crate) mod equipment;
pub(crate) mod host_key;
pub(crate) mod serial;
