//! Formats: documents of the field become neutral records, with positions of what is wrong.
//!
//! In: the bytes of a file that says something of devices: a CMMS or inventory list (CSV), DHCP leases (ISC, Kea,
//! the Windows export), a scan (Nmap XML), ARP and MAC tables, exports of wireless controllers and of network access
//! control, logs of Zeek and Suricata, FHIR Device resources. Out: a [`Document`]: what each entry says, in which line, and every row
//! that could not be read, with the reason and what to do. Nothing here decides whether an entry is right, or
//! which device it is.
//!
//! To add a format: one file, a [`Kind`], and a line in [`Kind::recognise`] and [`read`].
//! Limits: [`ENTRIES_MAX`], [`PROBLEMS_MAX`]; a value is cleaned and cut as every fact is.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod cmms;
mod csv;
mod eve;
mod fhir;
mod heard;
pub mod inspect;
mod isc;
pub mod json;
mod leases;
mod mac;
mod mapping;
pub mod mds2;
mod nmap;
pub mod open;
pub mod record;
pub mod sbom;
pub mod site;
mod tables;
pub mod udi;
pub mod workbook;
pub mod yaml;
mod zeek;

pub use mapping::Mapping;
use wardline_model::{Attribute, Confidence, Fact};

/// Entries of one document: a hospital group has tens of thousands of devices.
pub const ENTRIES_MAX: usize = 500_000;
/// Problems told of one document; a file of another kind would give one per line.
pub const PROBLEMS_MAX: usize = 100;

/// What sort of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An ARP table: which address has which card.
    ArpTable,
    /// An inventory or CMMS list.
    Cmms,
    /// Leases of a DHCP server.
    DhcpLeases,
    /// Suricata's log.
    Eve,
    /// FHIR Device resources.
    Fhir,
    /// A switch's table: which card at which port.
    MacTable,
    /// An export of network access control.
    Nac,
    /// A scan by Nmap.
    Nmap,
    /// An export of a wireless controller.
    Wireless,
    /// A log of Zeek.
    Zeek,
}

impl Kind {
    /// The name in documents; evidence carries it as its protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ArpTable => "arp-table",
            Self::Cmms => "cmms",
            Self::DhcpLeases => "dhcp-leases",
            Self::Eve => "eve",
            Self::Fhir => "fhir",
            Self::MacTable => "mac-table",
            Self::Nac => "nac",
            Self::Nmap => "nmap",
            Self::Wireless => "wireless",
            Self::Zeek => "zeek",
        }
    }

    /// In plain words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ArpTable => "ARP table",
            Self::Cmms => "inventory list",
            Self::DhcpLeases => "DHCP leases",
            Self::Eve => "Suricata log",
            Self::Fhir => "FHIR devices",
            Self::MacTable => "switch table",
            Self::Nac => "access control export",
            Self::Nmap => "Nmap scan",
            Self::Wireless => "wireless controller export",
            Self::Zeek => "Zeek log",
        }
    }

    /// The kind of a text, by what it says at its beginning.
    fn recognise(text: &str) -> Self {
        let head: String = text.chars().take(4096).collect();
        if head.contains("<nmaprun") {
            Self::Nmap
        } else if isc::is_isc(&head) || leases::is_table(&head) {
            Self::DhcpLeases
        } else if zeek::is_zeek(&head) {
            Self::Zeek
        } else if eve::is_eve(&head) {
            Self::Eve
        } else if fhir::is_fhir(&head) {
            Self::Fhir
        } else {
            tables::kind(&head).unwrap_or_else(|| cmms::kind(&head))
        }
    }
}

/// What an entry says of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Line in the file, from 1.
    pub line: u64,
    /// How people find it again: an asset number, else the first thing it says.
    pub label: String,
    /// What it says, by the confidence of its kind.
    pub facts: Vec<Fact>,
}

impl Entry {
    /// Adds a fact, unless the value is empty.
    pub(crate) fn say(
        &mut self,
        attribute: Attribute,
        value: &str,
        confidence: Confidence,
        rule: &'static str,
    ) {
        self.facts.extend(Fact::new(attribute, value, confidence, rule));
    }

    /// The values that it gives for an attribute.
    pub fn values(&self, attribute: Attribute) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(move |fact| fact.attribute == attribute).map(|fact| &*fact.value)
    }
}

/// Something wrong in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: u64,
    /// Column or element concerned; empty for the whole line.
    pub field: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What sort it is.
    pub kind: Kind,
    /// What it says.
    pub entries: Vec<Entry>,
    /// What was wrong, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: usize,
}

impl Document {
    const fn new(kind: Kind) -> Self {
        Self { kind, entries: Vec::new(), problems: Vec::new(), more_problems: 0 }
    }

    fn problem(&mut self, line: u64, field: &str, why: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { line, field: field.to_owned(), why: why.into() });
        } else {
            self.more_problems = self.more_problems.saturating_add(1);
        }
    }

    /// Takes an entry; `false` when there are too many.
    fn take(&mut self, entry: Entry) -> bool {
        if self.entries.len() >= ENTRIES_MAX {
            if self.entries.len() == ENTRIES_MAX && self.more_problems == 0 {
                self.problem(entry.line, "", format!("more than {ENTRIES_MAX} entries; split the file"));
            }
            return false;
        }
        self.entries.push(entry);
        true
    }
}

/// Reads a document of any kind; `mapping` says which column of a list means what, where the headings do not.
#[must_use]
pub fn read(bytes: &[u8], mapping: &Mapping) -> Document {
    let text = decode(bytes);
    match Kind::recognise(&text) {
        Kind::Cmms => cmms::read(&text, mapping, Kind::Cmms),
        kind @ (Kind::ArpTable | Kind::MacTable) if tables::kind(&text) == Some(kind) => {
            tables::read(&text, kind)
        }
        kind @ (Kind::ArpTable | Kind::MacTable | Kind::Nac | Kind::Wireless) => {
            cmms::read(&text, mapping, kind)
        }
        Kind::Eve => eve::read(&text),
        Kind::Fhir => fhir::read(&text),
        Kind::Zeek => zeek::read(&text),
        Kind::DhcpLeases if leases::is_table(&text) => leases::read(&text),
        Kind::DhcpLeases => isc::read(&text),
        Kind::Nmap => nmap::read(&text),
    }
}

/// Text of bytes as exports come: UTF-8, UTF-16 by its mark, else Latin-1.
fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).filter_map(|pair| Some(read(pair.try_into().ok()?)));
        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
    };
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return wide(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return wide(rest, u16::from_be_bytes);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests;
