//! What an analysis prints and writes: JSON for programs, a table and a page for people.

pub(crate) mod explain;
pub(crate) mod folder;
pub(crate) mod json;
mod report;
pub(crate) mod table;
pub(crate) mod truth;
pub(crate) mod verdict;
mod vulnerabilities;
pub(crate) mod words;

use crate::witness::{Documents, Witness};
use wardline_content::Content;
use wardline_formats::site::Alias;
use wardline_inventory::{Inventory, Knowledge};
use wardline_model::{Correction, Device, Finding, Timestamp};
use wardline_risk::exposure::Exposures;
use wardline_sensor::Analysis;

/// Everything there is to tell.
pub(crate) struct Report<'a> {
    /// What was seen.
    pub(crate) analysis: Analysis,
    /// Who is there.
    pub(crate) inventory: Inventory,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// What people of the site said of names of products.
    pub(crate) aliases: Vec<Alias>,
    /// What is known of the products that devices are made of.
    pub(crate) exposures: Exposures,
    /// What that was judged by, in words.
    pub(crate) judged_by: String,
    /// How many threads may write it.
    pub(crate) threads: usize,
    /// What other documents say, and how it fits.
    pub(crate) witnesses: Vec<Witness>,
    /// What people of the site know better.
    pub(crate) corrections: Vec<Correction>,
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
        Self {
            analysis,
            inventory,
            findings,
            aliases: Vec::new(),
            exposures: Exposures::default(),
            judged_by: String::new(),
            threads,
            witnesses: Vec::new(),
            corrections: Vec::new(),
            content,
        }
    }

    /// Weighs other documents in: devices and findings are made anew with what they say.
    pub(crate) fn hear(&mut self, documents: Documents) {
        self.witnesses = documents.weigh_in(&mut self.analysis.sightings, &self.inventory);
        let knowledge = self.knowledge();
        self.inventory = wardline_inventory::devices(&self.analysis.sightings, &knowledge, self.threads);
        let at = self.analysis.last.unwrap_or_default();
        self.findings = wardline_detect::findings(&self.inventory.devices, self.content, at);
    }

    /// Takes in what is known of the devices' products; vulnerabilities become findings.
    pub(crate) fn judge(&mut self, exposures: Exposures, judged_by: String) {
        self.exposures = exposures;
        self.judged_by = judged_by;
        self.findings.extend(wardline_risk::finding::findings(&self.inventory.devices, &self.exposures));
        let order = |finding: &Finding| (finding.severity, finding.rule.clone(), finding.device.clone());
        self.findings.sort_by_cached_key(|finding| (order(finding), finding.title.clone()));
    }

    /// What is known of the world and of the site.
    pub(crate) fn knowledge(&self) -> Knowledge<'a> {
        Knowledge::new(self.content).with_corrections(self.corrections.clone())
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

    /// Name of a capture file, or of a document after the captures.
    pub(crate) fn file_name(&self, file: u32) -> &str {
        usize::try_from(file).ok().and_then(|at| self.file_names().nth(at)).unwrap_or_default()
    }

    /// Names of the files in the order of their numbers: captures, then other documents.
    pub(crate) fn file_names(&self) -> impl Iterator<Item = &str> {
        let captures = self.analysis.files.iter().map(|file| file.name.as_str());
        captures.chain(self.witnesses.iter().map(|witness| witness.name.as_str()))
    }
}

/// RFC 3339, UTC.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default().to_string()
}
