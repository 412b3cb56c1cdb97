//! The pipeline driver: captures in, sightings and flows out.
//!
//! Packets are dealt to logical shards by their flow; workers decode, put streams in order and run the dissectors,
//! and each reads and deals when it has nothing else to do. Shards are fixed in number and see their packets in capture order, and what they
//! gather merges commutatively: the same result comes from any number of threads. Nothing here can send.

mod analysis;
mod deal;
mod flow;
mod flow_log;
mod gather;
mod live;
mod shard;
mod source;
mod syn;
mod table;
mod totals;

pub use analysis::{Analysis, Options, SensorError, analyse};
pub use flow_log::{FlowList, SortedFlows};
pub use live::{Running, listen};
pub use source::{Clock, FileSource, FolderSource, InterfaceSource, Pace, Progress, Source, Step};
pub use totals::Totals;

#[cfg(test)]
mod tests;
