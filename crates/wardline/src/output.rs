//! What an analysis prints and writes: JSON for programs, a table and a page for people.

pub(crate) mod explain;
pub(crate) mod folder;
pub(crate) mod json;
mod report;
pub(crate) mod table;
pub(crate) mod truth;
mod words;

use wardline_content::Content;
use wardline_inventory::Inventory;
use wardline_model::{Device, Finding, Timestamp};
use wardline_sensor::Analysis;

/// Everything there is to tell.
pub(crate) struct Report<'a> {
    /// What was seen.
    pub(crate) analysis: Analysis,
    /// Who is there.
    pub(crate) inventory: Inventory,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// How many threads may write it.
    pub(crate) threads: usize,
    content: &'a Content,
}

impl<'a> Report<'a> {
    /// Puts it together.
    pub(crate) fn new(
        analysis: Analysis,
        inventory: Inventory,
        findings: Vec<Finding>,
        content: &'a Content,
        threads: usize,
    ) -> Self {
        Self { analysis, inventory, findings, threads, content }
    }

    /// The device of that id.
    pub(crate) fn device(&self, id: &str) -> Option<&Device> {
        self.inventory.device(id)
    }

    /// What people call the device of that id.
    pub(crate) fn label(&self, id: &str) -> String {
        self.device(id).map_or_else(|| "a device".to_owned(), words::device_label)
    }

    /// Name of the device through which this one is known.
    pub(crate) fn via(&self, device: &Device) -> Option<String> {
        let via = device.evidence.iter().find_map(|e| e.via.as_deref())?;
        self.device(via).map(words::device_label)
    }

    /// A class in plain words.
    pub(crate) fn class_name<'b>(&'b self, code: &'b str) -> &'b str {
        self.content.classes.get(code).map_or(code, |class| class.name.as_str())
    }

    /// Name of a capture file.
    pub(crate) fn file_name(&self, file: u32) -> &str {
        let file = usize::try_from(file).ok().and_then(|at| self.analysis.files.get(at));
        file.map_or("", |f| f.name.as_str())
    }
}

/// RFC 3339, UTC.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default().to_string()
}
