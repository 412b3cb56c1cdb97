//! Inventory: observations become devices.
//!
//! In: [`Sightings`], what the sensor saw, and [`Knowledge`]. Out: [`Inventory`], devices with every clue that
//! speaks for or against them. Pure: the same sightings give the same devices, whatever order they came in.
//! Cost grows with the number of different statements, n log n, not with traffic.

mod assemble;
mod batch;
mod choose;
mod class;
mod clue;
mod correct;
mod device;
mod explain;
mod finish;
mod forward;
mod id;
mod identity;
mod infer;
mod input;
mod inventory;
mod join;
mod knowledge;
mod known;
mod link;
mod merge;
mod place;
mod roles;
mod site;
mod software;
mod testimony;
mod transfer;
mod usage;

pub use batch::{BatchId, Conversation, Conversations, SensorBatch, SensorHealth, SourceHealth, Spoken};
pub use explain::{Answer, Candidate, EXPLAINED, Reason, SetAside, explain, heard};
pub use input::{Domain, Exchange, Host, HostSeen, ServiceSeen, Sightings};
pub use inventory::Inventory;
pub use knowledge::Knowledge;
pub use testimony::{Testimony, attribute_to, testify};

/// The devices of what was seen, made by as many threads as asked for; their number changes nothing but the time.
#[must_use]
pub fn devices(sightings: &Sightings, knowledge: &Knowledge<'_>, threads: usize) -> Inventory {
    assemble::devices(sightings, knowledge, threads)
}

#[cfg(test)]
mod tests;
