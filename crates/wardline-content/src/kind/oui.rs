//! The registry of network addresses: who registered the first bits of a MAC address.
//!
//! The table is text: one line per registrant, `name<TAB>prefix prefix …`, a prefix being 6, 7 or 9 hexadecimal
//! digits (24, 28 or 36 bits). Lines that start with `#` are comments. The maker of the network interface is
//! not always the maker of the device: modules and virtual machines are flagged by a curated list.

use serde::Deserialize;
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

/// The registry as a table; looked up by longest prefix.
#[derive(Clone, Debug, Default)]
pub struct OuiTable {
    makers: Vec<(Box<str>, OuiFlags)>,
    /// Length, prefix, index of the maker; sorted.
    rows: Vec<(u8, u64, usize)>,
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
    /// Adds the lines of a table; a prefix that is there already changes hands. Gives the lines that are wrong.
    pub(crate) fn add(&mut self, text: &str) -> Vec<(usize, String)> {
        let mut wrong = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, prefixes)) = line.split_once('\t').filter(|(name, _)| !name.trim().is_empty())
            else {
                wrong.push((number, "is not `name<TAB>prefixes`".to_owned()));
                continue;
            };
            let maker = self.makers.len();
            self.makers.push((name.trim().into(), OuiFlags::default()));
            for prefix in prefixes.split_whitespace() {
                match read_prefix(prefix) {
                    Some((bits, value)) => self.rows.push((bits, value, maker)),
                    None => wrong.push((number, format!("`{prefix}` is not a prefix of 6, 7 or 9 digits"))),
                }
            }
        }
        self.rows.sort_unstable();
        // Of equal prefixes the one added last holds: makers are numbered in the order added.
        self.rows.reverse();
        self.rows.dedup_by_key(|&mut (bits, value, _)| (bits, value));
        self.rows.reverse();
        wrong
    }

    /// Flags the named registrants; gives the names nobody has.
    pub(crate) fn flag(&mut self, flag: Flag, names: &[String]) -> Vec<String> {
        let mut unknown = Vec::new();
        for name in names {
            let mut found = false;
            for (maker, flags) in &mut self.makers {
                if is_named(maker, name) {
                    found = true;
                    match flag {
                        Flag::Module => flags.module = true,
                        Flag::Virtual => flags.virtual_machine = true,
                        Flag::Medical => flags.medical = true,
                    }
                }
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
            let key = (bits, prefix);
            let at = self.rows.binary_search_by_key(&key, |&(bits, value, _)| (bits, value)).ok()?;
            let &(_, _, maker) = self.rows.get(at)?;
            let (maker, flags) = self.makers.get(maker)?;
            Some(Oui { maker, flags: *flags, bits })
        })
    }

    /// Number of prefixes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn is_named(maker: &str, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => maker.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)),
        None => maker.eq_ignore_ascii_case(name),
    }
}

fn read_prefix(text: &str) -> Option<(u8, u64)> {
    let bits = match text.len() {
        6 => 24,
        7 => 28,
        9 => 36,
        _ => return None,
    };
    text.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    Some((bits, u64::from_str_radix(text, 16).ok()?))
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
}
