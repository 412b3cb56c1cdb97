//! Where a running sensor has its packets from: interfaces, capture files, a folder that files are rotated into.

mod files;
mod folder;
mod interface;

pub use files::{FileSource, Pace};
pub use folder::{FolderSource, Progress};
pub use interface::InterfaceSource;

use wardline_inventory::SourceHealth;
use wardline_model::Timestamp;
use wardline_wire::capture::Batch;

/// Tells the time; only the program knows how.
pub type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// What a source did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It filled the batch.
    Packets,
    /// Nothing came; it has waited a little.
    Idle,
    /// What came so far is to be told as of that moment. Only sources that are the only one do so.
    Cut(Timestamp),
    /// The packets from here on are of another run.
    Run(u64),
    /// There is nothing more.
    End,
    /// There is nothing more, because of this.
    Failed(Box<str>),
}

/// A source of packets.
pub trait Source: Send {
    /// Fills the batch with the next packets, waiting a tenth of a second at most.
    fn next(&mut self, into: &mut Batch) -> Step;

    /// What the file number of its packets stands for.
    fn name(&self, file: u32) -> Option<Box<str>>;

    /// How it fares since this was asked last, and under which name.
    fn health(&mut self) -> (Box<str>, SourceHealth);

    /// Whether the source says itself when to tell what came ([`Step::Cut`]); else it is told every second.
    fn cuts(&self) -> bool;

    /// Whether all its files were recorded in one place, so that their stations are of one broadcast domain.
    fn is_one_place(&self) -> bool {
        false
    }
}

/// Counts what a batch brought.
fn count(batch: &Batch, health: &mut SourceHealth) {
    let packets = u64::try_from(batch.packets.len()).unwrap_or(u64::MAX);
    let bytes = batch.packets.iter().map(|head| u64::from(head.original)).sum::<u64>();
    health.packets = health.packets.saturating_add(packets);
    health.bytes = health.bytes.saturating_add(bytes);
}
