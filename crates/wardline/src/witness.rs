//! Other witnesses: lists, leases and scans beside the captures.
//!
//! In: the files of `--witness`, and the devices that the captures showed. Out: what is said of which device, added
//! to what was seen, and for each file the reckoning both ways: entries that fit no device, devices that a list does
//! not have.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wardline_formats::{Kind, Mapping, Problem};
use wardline_inventory::{Inventory, Sightings, Testimony, attribute_to, testify};
use wardline_model::{Device, Role};

/// Largest document: a scan of a whole group is below it.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// A document that was read, not yet compared with what was seen.
pub(crate) struct Documents {
    files: Vec<(String, wardline_formats::Document)>,
    testimonies: Vec<Vec<Testimony>>,
}

/// What one document says, reckoned with what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    /// Name of the file.
    pub(crate) name: String,
    /// What sort of document.
    pub(crate) kind: Kind,
    /// Entries in it.
    pub(crate) entries: usize,
    /// Entries that speak of a device seen.
    pub(crate) matched: usize,
    /// Line and label of the others.
    pub(crate) never_seen: Vec<(u64, String)>,
    /// Ids of devices seen that the list does not have; for inventory lists only.
    pub(crate) not_listed: Vec<String>,
    /// What was wrong in it.
    pub(crate) problems: Vec<Problem>,
    /// Problems beyond those.
    pub(crate) more_problems: usize,
}

/// Reads the files; `first` is the number that the first of them gets after the captures.
pub(crate) fn read(paths: &[PathBuf], mapping: Option<&Path>, first: usize) -> Result<Documents> {
    let mapping = match mapping {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("the mapping {} cannot be read", path.display()))?;
            Mapping::parse(&text).map_err(|why| anyhow::anyhow!("the mapping {}: {why}", path.display()))?
        }
        None => Mapping::default(),
    };
    let (mut files, mut testimonies) = (Vec::new(), Vec::new());
    for (number, path) in (first..).zip(paths) {
        let name = path.display().to_string();
        let size = fs::metadata(path).with_context(|| format!("the witness {name} cannot be read"))?.len();
        ensure!(size <= FILE_BYTES_MAX, "the witness {name} is larger than 256 MiB");
        let bytes = fs::read(path).with_context(|| format!("the witness {name} cannot be read"))?;
        let document = wardline_formats::read(&bytes, &mapping);
        let file = u32::try_from(number).unwrap_or(u32::MAX);
        let said = document.entries.iter().map(|entry| Testimony {
            kind: document.kind.as_str(),
            file,
            line: entry.line,
            facts: entry.facts.clone(),
        });
        testimonies.push(said.collect());
        files.push((name, document));
    }
    Ok(Documents { files, testimonies })
}

impl Documents {
    /// Adds what the documents say to what was seen, and reckons.
    pub(crate) fn weigh_in(self, sightings: &mut Sightings, inventory: &Inventory) -> Vec<Witness> {
        let devices = &inventory.devices;
        let mut witnesses = Vec::new();
        for ((name, document), testimonies) in self.files.into_iter().zip(&self.testimonies) {
            let of = attribute_to(devices, testimonies);
            testify(sightings, devices, testimonies, &of);
            let found: BTreeSet<usize> = of.iter().flatten().copied().collect();
            let unseen = document.entries.iter().zip(&of).filter(|(_, of)| of.is_none());
            let is_missing =
                |(number, device): &(usize, &Device)| !found.contains(number) && is_listable(device);
            let missing = devices.iter().enumerate().filter(is_missing).map(|(_, device)| device.id.clone());
            witnesses.push(Witness {
                name,
                kind: document.kind,
                entries: document.entries.len(),
                matched: of.iter().flatten().count(),
                never_seen: unseen.map(|(entry, _)| (entry.line, entry.label.clone())).collect(),
                not_listed: if document.kind == Kind::Cmms { missing.collect() } else { Vec::new() },
                problems: document.problems,
                more_problems: document.more_problems,
            });
        }
        witnesses
    }
}

/// Whether an inventory list would have it: a router's far side and a station that said nothing are no equipment.
fn is_listable(device: &Device) -> bool {
    device.roles.as_slice() != [Role::Router] && (!device.ips.is_empty() || device.serial.is_some())
}
