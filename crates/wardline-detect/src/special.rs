//! Conditions that need more than a table of values.

pub(crate) mod clock;
pub(crate) mod dhcp;
pub(crate) mod end_of_life;
pub(crate) mod host_key;
pub(crate) mod witness;
