//! DIMSE messages of one direction, put together from PDV fragments (DICOM PS3.8 annex E, PS3.7).
//!
//! In: fragments of command and data sets. Out: the command once whole, then what its data set says. Limits:
//! those of [`super::elements`]; of a deflated set [`INFLATED_MAX`] bytes are unpacked.

use super::elements::{Elements, Form, Progress};
use super::sets::{Command, DataSet, Purpose};
use flate2::{Decompress, FlushDecompress, Status};

/// Bytes unpacked of a deflated data set: identity stands in its first kilobytes.
const INFLATED_MAX: u64 = 65_536;
/// Bytes unpacked at a time.
const INFLATE_STEP: usize = 4096;

/// A command that is being read.
pub(super) struct CommandReader {
    elements: Elements,
    command: Command,
}

impl CommandReader {
    pub(super) fn new() -> Self {
        Self { elements: Elements::new(Form::IMPLICIT, true), command: Command::default() }
    }

    /// Reads a fragment; whether the bytes hold to the format.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        self.elements.feed(bytes, &mut self.command)
    }

    pub(super) fn finish(self) -> Command {
        self.command
    }
}

/// A data set that is being read.
pub(super) struct DataReader {
    elements: Elements,
    set: DataSet,
    inflate: Option<Box<Decompress>>,
}

impl DataReader {
    pub(super) fn new(form: Form, purpose: Purpose) -> Self {
        let inflate = form.deflated.then(|| Box::new(Decompress::new(false)));
        Self { elements: Elements::new(form, false), set: DataSet::new(purpose), inflate }
    }

    /// Reads a fragment, unpacked where the set is deflated.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        let Some(inflate) = &mut self.inflate else { return self.elements.feed(bytes, &mut self.set) };
        let mut rest = bytes;
        let mut unpacked = Vec::with_capacity(INFLATE_STEP);
        loop {
            let before = inflate.total_in();
            unpacked.clear();
            let Ok(status) = inflate.decompress_vec(rest, &mut unpacked, FlushDecompress::None) else {
                return Progress::Malformed;
            };
            let read = inflate.total_in().saturating_sub(before);
            rest = rest.get(usize::try_from(read).unwrap_or(usize::MAX)..).unwrap_or_default();
            let progress = self.elements.feed(&unpacked, &mut self.set);
            if progress != Progress::More {
                return progress;
            }
            if status == Status::StreamEnd || inflate.total_out() > INFLATED_MAX {
                return Progress::Over;
            }
            if unpacked.len() < INFLATE_STEP && (rest.is_empty() || read == 0) {
                return Progress::More;
            }
        }
    }

    /// Whether a patient's data was seen so far.
    pub(super) const fn patient(&self) -> bool {
        self.set.patient
    }

    pub(super) fn finish(self) -> DataSet {
        self.set
    }
}
