//! The registry of network addresses: who registered the first bits of a MAC address.
//!
//! The table is text: one line per registrant, `name<TAB>prefix prefix …`, a prefix being 6, 7 or 9 hexadecimal
//! digits (24, 28 or 36 bits). Lines that start with `#` are comments. The maker of the network interface is
//! not always the maker of the device: modules and virtual machines are flagged by a curated list.

pub(crate) mod built_in;
mod text;

use crate::embedded::REGISTRY;
use built_in::BuiltIn;
use serde::Deserialize;
use std::collections::BTreeMap;
use text::Row;
use wardline_model::Mac;

/// Prefix lengths, longest first: MA-S, MA-M, MA-L.
const LENGTHS: [u8; 3] = [36, 28, 24];

/// What is known about a registrant, by a curated list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OuiFlags {
    /// Makes network modules or serial-device servers that others build in: weak evidence of the device.
    pub module: bool,
    /// Stands for virtual machines.
    pub virtual_machine: bool,
    /// Makes medical or laboratory devices.
    pub medical: bool,
}

/// A registrant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oui<'a> {
    /// Name as the registry has it.
    pub maker: &'a str,
    /// What is known about it.
    pub flags: OuiFlags,
    /// Length of the prefix in bits: 24, 28 or 36.
    pub bits: u8,
}

/// The registry as a table; looked up by longest prefix. What was added holds before what is built in.
#[derive(Clone, Debug, Default)]
pub struct OuiTable {
    built_in: Option<&'static BuiltIn>,
    /// What is known of registrants that are built in.
    flags: BTreeMap<usize, OuiFlags>,
    makers: Vec<(Box<str>, OuiFlags)>,
    /// Sorted.
    rows: Vec<Row>,
}

/// Which flag a list of names sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Flag {
    Module,
    Virtual,
    Medical,
}

/// A curated list of registrants; a name may end in `*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOuiFlag {
    pub(crate) id: String,
    pub(crate) flag: Flag,
    pub(crate) names: Vec<String>,
}

impl OuiTable {
    /// The table that the program brings along.
    pub(crate) fn embedded() -> Self {
        Self { built_in: Some(&REGISTRY), ..Self::default() }
    }

    /// Adds the lines of a table; a prefix that is there already changes hands. Gives the lines that are wrong.
    pub(crate) fn add(&mut self, text: &str) -> Vec<(usize, String)> {
        let table = text::read(text);
        let before = self.makers.len();
        self.makers.extend(table.makers.into_iter().map(|name| (name.into(), OuiFlags::default())));
        let numbered = |(bits, value, maker): Row| (bits, value, maker.saturating_add(before));
        self.rows.extend(table.rows.into_iter().map(numbered));
        text::sort(&mut self.rows);
        table.wrong
    }

    /// Flags the named registrants; gives the names nobody has.
    pub(crate) fn flag(&mut self, flag: Flag, names: &[String]) -> Vec<String> {
        let mut unknown = Vec::new();
        for name in names {
            let mut found = false;
            let added = self.makers.iter_mut().filter(|(maker, _)| is_named(maker, name));
            for (_, flags) in added {
                found = true;
                flags.set(flag);
            }
            let (start, whole) = name.strip_suffix('*').map_or((name.as_str(), true), |start| (start, false));
            for number in self.built_in.into_iter().flat_map(|table| table.named(start, whole)) {
                found = true;
                self.flags.entry(number).or_default().set(flag);
            }
            if !found {
                unknown.push(name.clone());
            }
        }
        unknown
    }

    /// Who registered the address: longest prefix first; `None` for addresses that are made up locally.
    #[must_use]
    pub fn lookup(&self, mac: Mac) -> Option<Oui<'_>> {
        let address = mac.0.iter().fold(0_u64, |all, &byte| (all << 8) | u64::from(byte));
        // Three zeros were given to the first registrant of all; today they stand for addresses nobody set.
        if mac.0.first().is_some_and(|first| first & 0b11 != 0) || mac.0.starts_with(&[0, 0, 0]) {
            return None;
        }
        LENGTHS.iter().find_map(|&bits| {
            let prefix = address.checked_shr(48_u32.saturating_sub(u32::from(bits)))?;
            let (maker, flags) = self.added(bits, prefix).or_else(|| self.built_in(bits, prefix))?;
            Some(Oui { maker, flags, bits })
        })
    }

    fn added(&self, bits: u8, prefix: u64) -> Option<(&str, OuiFlags)> {
        let key = (bits, prefix);
        let at = self.rows.binary_search_by_key(&key, |&(bits, value, _)| (bits, value)).ok()?;
        let &(_, _, maker) = self.rows.get(at)?;
        self.makers.get(maker).map(|(maker, flags)| (&**maker, *flags))
    }

    fn built_in(&self, bits: u8, prefix: u64) -> Option<(&str, OuiFlags)> {
        let table = self.built_in?;
        let number = table.find(bits, prefix)?;
        Some((table.name(number)?, self.flags.get(&number).copied().unwrap_or_default()))
    }

    /// Number of prefixes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.built_in.map_or(0, BuiltIn::len).saturating_add(self.rows.len())
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl OuiFlags {
    const fn set(&mut self, flag: Flag) {
        match flag {
            Flag::Module => self.module = true,
            Flag::Virtual => self.virtual_machine = true,
            Flag::Medical => self.medical = true,
        }
    }
}

fn is_named(maker: &str, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => maker.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)),
        None => maker.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> OuiTable {
        let mut table = OuiTable::default();
        assert_eq!(table.add("# who\nBig\t001122 70B3D5\nSmall\t70B3D5123\nMiddle\t0055DA1\n"), []);
        table
    }

    fn maker(table: &OuiTable, mac: [u8; 6]) -> Option<(&str, u8)> {
        table.lookup(Mac(mac)).map(|oui| (oui.maker, oui.bits))
    }

    #[test]
    fn the_longest_prefix_wins() {
        let table = table();
        assert_eq!(maker(&table, [0x70, 0xB3, 0xD5, 0x12, 0x3F, 0xFF]), Some(("Small", 36)));
        assert_eq!(maker(&table, [0x70, 0xB3, 0xD5, 0x12, 0x4F, 0xFF]), Some(("Big", 24)));
        assert_eq!(maker(&table, [0x00, 0x55, 0xDA, 0x1F, 0, 0]), Some(("Middle", 28)));
        assert_eq!(maker(&table, [0x00, 0x55, 0xDA, 0x2F, 0, 0]), None);
    }

    #[test]
    fn made_up_and_group_addresses_have_no_maker() {
        let mut table = table();
        table.add("Odd\t021122 011122 000000");
        assert_eq!(maker(&table, [0, 0, 0, 0, 0, 1]), None);
        assert_eq!(maker(&table, [0x02, 0x11, 0x22, 0, 0, 1]), None);
        assert_eq!(maker(&table, [0x01, 0x11, 0x22, 0, 0, 1]), None);
    }

    #[test]
    fn a_later_line_takes_a_prefix_over_and_flags_go_by_name() {
        let mut table = table();
        table.add("Site\t001122");
        assert_eq!(maker(&table, [0, 0x11, 0x22, 0, 0, 1]), Some(("Site", 24)));
        assert_eq!(table.flag(Flag::Module, &["SITE".into(), "Nobody".into()]), ["Nobody"]);
        assert!(table.lookup(Mac([0, 0x11, 0x22, 0, 0, 1])).unwrap().flags.module);
        assert_eq!(table.flag(Flag::Medical, &["Mid*".into()]), [""; 0]);
    }

    #[test]
    fn wrong_lines_are_named() {
        let wrong = OuiTable::default().add("no tab\nX\t12345\n\t001122\nY\t00112+\n");
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_built_in_is_found_as_if_it_were_added() {
        let (mut built_in, mut added) = (OuiTable::embedded(), OuiTable::default());
        for file in ["oui.tsv", "virtual-machines.tsv"] {
            let path = format!("{}/../../data/fingerprints/{file}", env!("CARGO_MANIFEST_DIR"));
            assert_eq!(added.add(&std::fs::read_to_string(path).unwrap()), []);
        }
        assert_eq!(built_in.len(), added.len());
        let names = ["VMware, Inc.".to_owned(), "philips*".to_owned(), "Nobody at all".to_owned()];
        assert_eq!(built_in.flag(Flag::Medical, &names), added.flag(Flag::Medical, &names));
        let rows = added.rows.clone();
        for (bits, value, _) in rows {
            let bytes = (value << (48 - u32::from(bits))).to_be_bytes();
            let mac = Mac(*bytes.last_chunk().unwrap());
            assert_eq!(built_in.lookup(mac), added.lookup(mac), "{mac}");
        }
    }
}
