//! A log as a folder that anyone can check: `checkpoint`, tiles, bundles of entries, and the records beside them.
//!
//! `records.jsonl` holds one line per leaf, `{"position":N,"record":"…"}`, where the entry of the leaf is the SHA-256
//! of the record's text (with `\"` and `\\` unescaped); a record that retention erased stands as `null`, and its
//! leaf proves that something stood there.

use crate::note::{Checkpoint, NoteError, Verifier};
use crate::tree::{self, Nodes, WIDTH};
use crate::{Hash, tile};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Longest line of `records.jsonl`: a record is a few hundred bytes.
pub const LINE_BYTES_MAX: usize = 256 * 1024;

/// Why an export is not what it says.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A leaf is not what the entry says, or an entry not what the record says.
    #[error("leaf {leaf}: {why}")]
    Leaf {
        /// The position.
        leaf: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// The checkpoint is not one.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The leaves do not give the root that was signed.
    #[error("the {size} leaves do not give the root that was signed")]
    Root {
        /// How many.
        size: u64,
    },
    /// A file has not the form it must have.
    #[error("{place}: {why}")]
    Shape {
        /// Which, and where in it.
        place: String,
        /// What is wrong.
        why: &'static str,
    },
}

/// What was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The signed checkpoint.
    pub checkpoint: Checkpoint,
    /// Records whose text was there and fits its leaf.
    pub records: u64,
    /// Records that were erased.
    pub erased: u64,
}

/// Checks a folder against a key: signature, every tile, every entry, every record.
///
/// # Errors
///
/// The first thing that is not right, with its place.
pub fn check(folder: &Path, verifier: &Verifier) -> Result<Checked, ExportError> {
    let note = fs::read_to_string(folder.join("checkpoint"))
        .map_err(|source| ExportError::File { path: folder.join("checkpoint"), source })?;
    let checkpoint = verifier.open(&note)?;
    let mut nodes = Nodes::default();
    let mut entries = Vec::new();
    for (number, width) in tile::tiles(checkpoint.size) {
        let hashes = read(folder, &tile::tile_path(0, number, width))?;
        let place = tile::entries_path(number, width);
        let bytes = read(folder, &place)?;
        let bundle = tile::unbundle(&bytes).filter(|bundle| bundle.len() as u64 == width);
        let bundle =
            bundle.ok_or(ExportError::Shape { place, why: "not as many entries as it should have" })?;
        if hashes.len() as u64 != width * 32 {
            let place = tile::tile_path(0, number, width);
            return Err(ExportError::Shape { place, why: "not as many hashes as it should have" });
        }
        for ((leaf, entry), hash) in (number * WIDTH..).zip(bundle).zip(hashes.chunks(32)) {
            if tree::leaf(entry) != hash {
                return Err(ExportError::Leaf { leaf, why: "its entry does not give its hash" });
            }
            let made = nodes.append(leaf, tree::leaf(entry));
            made.map_err(|_| ExportError::Leaf { leaf, why: "what comes before it is missing" })?;
            entries.push(entry.to_vec());
        }
    }
    if nodes.root(checkpoint.size).ok() != Some(checkpoint.root) {
        return Err(ExportError::Root { size: checkpoint.size });
    }
    let (records, erased) = records(folder, &entries)?;
    Ok(Checked { checkpoint, records, erased })
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, ExportError> {
    let path = folder.join(name);
    fs::read(&path).map_err(|source| ExportError::File { path, source })
}

fn records(folder: &Path, entries: &[Vec<u8>]) -> Result<(u64, u64), ExportError> {
    let path = folder.join("records.jsonl");
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(source) => return Err(ExportError::File { path, source }),
    };
    let (mut kept, mut erased) = (0, 0);
    for (number, line) in (1u64..).zip(BufReader::new(file).split(b'\n')) {
        let line = line.map_err(|source| ExportError::File { path: path.clone(), source })?;
        let shape = |why| ExportError::Shape { place: format!("records.jsonl:{number}"), why };
        let line = String::from_utf8(line).map_err(|_| shape("not text"))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(shape("too long"));
        }
        let (leaf, record) = line_parts(&line).ok_or_else(|| shape("not a record"))?;
        let entry = usize::try_from(leaf).ok().and_then(|leaf| entries.get(leaf));
        let entry = entry.ok_or_else(|| shape("a position that the log does not have"))?;
        match record {
            None => erased += 1,
            Some(record) if Hash::from(Sha256::digest(record.as_bytes()))[..] == entry[..] => kept += 1,
            Some(_) => {
                return Err(ExportError::Leaf { leaf, why: "its record is not the one that was logged" });
            }
        }
    }
    Ok((kept, erased))
}

/// One line of `records.jsonl`.
#[must_use]
pub fn line(position: u64, record: Option<&str>) -> String {
    match record {
        None => format!("{{\"position\":{position},\"record\":null}}"),
        Some(record) => {
            let escaped = record.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{{\"position\":{position},\"record\":\"{escaped}\"}}")
        }
    }
}

fn line_parts(line: &str) -> Option<(u64, Option<String>)> {
    let (position, rest) = line.strip_prefix("{\"position\":")?.split_once(",\"record\":")?;
    let position = position.parse().ok()?;
    let rest = rest.strip_suffix('}')?;
    if rest == "null" {
        return Some((position, None));
    }
    let escaped = rest.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next().filter(|c| matches!(c, '"' | '\\'))? } else { c });
    }
    Some((position, Some(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Signer;

    fn write(folder: &Path, signer: &Signer, records: &[String]) {
        let entries: Vec<Hash> = records.iter().map(|one| Sha256::digest(one.as_bytes()).into()).collect();
        let mut nodes = Nodes::default();
        for (number, entry) in (0u64..).zip(&entries) {
            nodes.append(number, tree::leaf(entry)).unwrap();
        }
        let size = entries.len() as u64;
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        for (number, width) in tile::tiles(size) {
            let range =
                usize::try_from(number * WIDTH).unwrap()..usize::try_from(number * WIDTH + width).unwrap();
            let hashes: Vec<u8> = entries[range.clone()].iter().flat_map(|entry| tree::leaf(entry)).collect();
            put(&tile::tile_path(0, number, width), &hashes);
            let bundle = tile::bundle(entries[range].iter().map(|entry| &entry[..])).unwrap();
            put(&tile::entries_path(number, width), &bundle);
        }
        let root = nodes.root(size).unwrap();
        put("checkpoint", signer.sign(&Checkpoint { origin: "t".into(), size, root }).as_bytes());
        let lines: String = (0u64..).zip(records).map(|(at, one)| line(at, Some(one)) + "\n").collect();
        put("records.jsonl", lines.as_bytes());
    }

    #[test]
    fn a_whole_export_holds_and_a_flipped_byte_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::new("t", &[1; 32]).unwrap();
        let records: Vec<String> = (0..300).map(|n| format!("{n} \"quoted\" \\ back")).collect();
        write(folder.path(), &signer, &records);
        let checked = check(folder.path(), &signer.verifier()).unwrap();
        assert_eq!((checked.checkpoint.size, checked.records, checked.erased), (300, 300, 0));

        let path = folder.path().join("records.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("\"270 ", "\"271 ", 1)).unwrap();
        let found = check(folder.path(), &signer.verifier()).unwrap_err().to_string();
        assert_eq!(found, "leaf 270: its record is not the one that was logged");
        fs::write(&path, text).unwrap();

        let path = folder.path().join(tile::entries_path(1, 44));
        let mut bytes = fs::read(&path).unwrap();
        bytes[2 + 34 * 14] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        let found = check(folder.path(), &signer.verifier()).unwrap_err().to_string();
        assert_eq!(found, "leaf 270: its entry does not give its hash");
    }
}
