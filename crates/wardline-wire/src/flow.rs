//! Flows: packets of one conversation, kept together; two ordered streams where it is TCP.
//!
//! In: decoded packets. Out: a flow's slot in a bounded [`Table`] and, per direction, a [`Stream`] that gives
//! bytes in order and tells gaps. The table is one of a fixed number of logical shards ([`SHARDS`]), so that
//! results do not depend on how many threads share them.

mod key;
mod stream;
mod table;

pub use key::{Direction, FlowKey, SHARDS};
pub use stream::{Arrival, EARLY_BYTES_MAX, EARLY_SEGMENTS_MAX, Stream, StreamCounters};
pub use table::{FLOWS_PER_SHARD_MAX, Slot, Table};
