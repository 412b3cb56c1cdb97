//! What sensor and server say to each other: one JSON object a line, with its kind and its version.
//!
//! ```text
//! server → sensor  {"wardline":"hello","version":1}                     tell me all that I have not confirmed
//! sensor → server  {"wardline":"batch","version":1,"sensor":…,"run":…,"sequence":…,…}
//! server → sensor  {"wardline":"received","version":1,"run":…,"sequence":…}
//! ```
//!
//! A line that is cut is followed by an empty one and told again. The sensor reads what strangers send and may have been
//! taken over: what it says is read as if a stranger had said it. Limits: [`LINE_BYTES_MAX`], and those of `words.rs`.

mod batch;
mod parts;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use batch::BatchLine;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use wardline_inventory::{BatchId, SensorBatch};

/// Version of the lines; another one is refused with a word on what to do.
const VERSION: u32 = 1;
/// Longest line: a batch of everything that a sensor holds between two batches.
pub(crate) const LINE_BYTES_MAX: usize = 256 << 20;

/// What a server says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wardline", rename_all = "lowercase")]
pub(crate) enum Answer {
    /// It has started, and has what it confirmed before.
    Hello {
        /// Of the lines.
        version: u32,
    },
    /// A batch has had its effect and may be forgotten.
    Received {
        /// Of the lines.
        version: u32,
        /// Of the batch.
        run: u64,
        /// Of the batch.
        sequence: u64,
    },
}

impl Answer {
    pub(crate) const fn hello() -> Self {
        Self::Hello { version: VERSION }
    }

    pub(crate) const fn received(id: &BatchId) -> Self {
        Self::Received { version: VERSION, run: id.run, sequence: id.sequence }
    }

    pub(crate) fn line(&self) -> Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    pub(crate) fn read(line: &[u8]) -> Result<Self> {
        let answer: Self = serde_json::from_slice(line)?;
        let (Self::Hello { version } | Self::Received { version, .. }) = &answer;
        check(*version)?;
        Ok(answer)
    }
}

/// A batch as a line.
pub(crate) fn write(batch: &SensorBatch) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&BatchLine::of(batch, VERSION))?;
    line.push(b'\n');
    Ok(line)
}

/// A batch from its line.
pub(crate) fn read(line: &[u8]) -> Result<SensorBatch> {
    let read: BatchLine<'_> = serde_json::from_slice(line)?;
    check(read.version)?;
    read.batch()
}

fn check(version: u32) -> Result<()> {
    if version != VERSION {
        bail!(
            "a line of version {version}, and this program knows {VERSION}: run the same version on both sides"
        );
    }
    Ok(())
}
