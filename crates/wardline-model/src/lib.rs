//! The facts everyone shares: the nouns of Wardline, without input, output, serialisation or SQL.
//!
//! packet → frame → flow → message → **observation** → **device** → **finding**: this crate holds what
//! crosses from one crate to the next. Everything here is plain data; documents are written at the edge.

mod address;
mod attribute;
mod device;
mod finding;
mod flow;
mod observation;
mod time;

pub use address::{Mac, is_device_address};
pub use attribute::Attribute;
pub use device::{Device, Evidence, OperatingSystem, Role, Service, Software};
pub use finding::{Finding, FindingKind, Severity};
pub use flow::{DetailKey, Endpoint, FlowRecord, Transport};
pub use observation::{
    About, Confidence, Exemplars, Fact, Observations, PacketRef, Seen, Statement, Subject,
};
pub use time::Timestamp;
