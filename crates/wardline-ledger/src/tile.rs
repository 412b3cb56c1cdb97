//! Names of tiles (C2SP tlog-tiles, "Merkle tree") and bundles of entries.

use crate::tree::WIDTH;
use std::fmt::Write as _;

/// Longest entry that a bundle can hold: its length has 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// A number as a path: three digits a step, an `x` before all but the last, `x001/x234/067`.
#[must_use]
pub fn number_path(number: u64) -> String {
    let mut groups = vec![format!("{:03}", number % 1000)];
    let mut rest = number / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    groups.join("/")
}

/// Where the tile of a level is, with how many hashes it has.
#[must_use]
pub fn tile_path(level: u32, number: u64, width: u64) -> String {
    with_width(format!("tile/{level}/{}", number_path(number)), width)
}

/// Where a bundle of entries is, with how many it has.
#[must_use]
pub fn entries_path(number: u64, width: u64) -> String {
    with_width(format!("tile/entries/{}", number_path(number)), width)
}

fn with_width(mut path: String, width: u64) -> String {
    if width < WIDTH {
        let _ = write!(path, ".p/{width}");
    }
    path
}

/// Tiles of one level of a tree with that many nodes there: number and width of each.
pub fn tiles(nodes: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..nodes.div_ceil(WIDTH)).map(move |number| (number, WIDTH.min(nodes - number * WIDTH)))
}

/// Entries as a bundle. Those longer than [`ENTRY_BYTES_MAX`] do not fit: `None`.
pub fn bundle<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend(entry);
    }
    Some(bytes)
}

/// The entries of a bundle; `None` when it is cut.
#[must_use]
pub fn unbundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_layout() {
        assert_eq!(number_path(1_234_067), "x001/x234/067");
        assert_eq!(tile_path(0, 5, 256), "tile/0/005");
        assert_eq!(tile_path(1, 0, 3), "tile/1/000.p/3");
        assert_eq!(entries_path(1000, 17), "tile/entries/x001/000.p/17");
        assert_eq!(tiles(513).collect::<Vec<_>>(), [(0, 256), (1, 256), (2, 1)]);
        assert_eq!(tiles(0).count(), 0);
    }

    #[test]
    fn a_bundle_opens_and_a_cut_one_does_not() {
        let bytes = bundle([&b"one"[..], b"", b"three"].into_iter()).unwrap();
        assert_eq!(unbundle(&bytes).unwrap(), [&b"one"[..], b"", b"three"]);
        assert!(
            (1..bytes.len()).filter(|cut| unbundle(&bytes[..*cut]).is_some()).all(|cut| cut == 5 || cut == 7)
        );
        assert!(bundle([&vec![0; ENTRY_BYTES_MAX + 1][..]].into_iter()).is_none());
    }
}
