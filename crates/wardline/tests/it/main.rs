//! Tests of the built program: real peers captured live, development captures, whole generated hospitals.
//!
//! Peers speak in network namespaces of their own, never on a network that exists. They run with
//! `WARDLINE_PEERS=1` (`cargo xtask test` sets it and finds or installs them); what cannot run says SKIPPED.

mod analysis;
mod astm;
mod clinical;
mod console;
mod contract;
mod dicom;
mod endure;
mod explain;
mod hl7;
mod hospital;
mod inspect;
mod knowledge;
mod lab;
mod live;
mod matching;
mod messages;
mod network;
mod score;
mod witness;
