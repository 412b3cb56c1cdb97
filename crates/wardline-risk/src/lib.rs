//! Risk: what a vulnerability means for a device.
//!
//! In: what documents say, as [`record::Record`]s. Out: decisions with their reasons: which vulnerabilities touch a
//! device ([`knowledge::Knowledge`]), by whose word, how bad and how soon. Pure: time and knowledge are parameters.

pub mod advisory;
pub mod context;
pub mod cvss;
pub mod exposure;
pub mod finding;
pub mod formula;
pub mod judge;
pub mod knowledge;
pub mod record;
pub mod settle;
pub mod ssvc;
pub mod subject;
pub mod suppress;
