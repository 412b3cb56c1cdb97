//! The facts everyone shares: the nouns of Wardline, without input, output, serialisation or SQL.
//!
//! packet → frame → flow → message → **observation** → **device** → **finding**: this crate holds what
//! crosses from one crate to the next. Everything here is plain data; documents are written at the edge.

mod address;
mod attribute;
mod correction;
mod device;
mod finding;
mod flow;
mod observation;
mod software;
mod time;
mod usage;

pub use address::{Mac, is_device_address};
pub use attribute::Attribute;
pub use correction::{Change, Correction, Known, Selector};
pub use device::{Device, Evidence, OperatingSystem, Role, Service};
pub use finding::{Finding, FindingKind, Severity};
pub use flow::{DetailKey, Endpoint, FlowRecord, Transport};
pub use observation::{
    About, Confidence, Exemplars, Fact, Observations, PacketRef, Seen, Statement, Subject,
};
pub use software::{Component, Software, VersionChange, normal_version};
pub use time::Timestamp;
pub use usage::{Usage, UseState};
