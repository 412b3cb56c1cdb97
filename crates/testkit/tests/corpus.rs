//! The committed corpus: what the coverage-guided fuzzer found, minimised, is survived on the stable tool chain too.

use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::Path;
use testkit::entry;

/// A block of an archive.
const BLOCK: usize = 512;
/// Bytes of an archive unpacked: the corpora have a few million.
const ARCHIVE_MAX: u64 = 64 << 20;

/// The files of an archive (POSIX ustar).
fn files(archive: &[u8]) -> Vec<&[u8]> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(head) = archive.get(at..at + BLOCK).filter(|head| head[0] != 0) {
        let digits: String =
            head[124..136].iter().copied().map(char::from).filter(|c| ('0'..='7').contains(c)).collect();
        let size = usize::from_str_radix(&digits, 8).unwrap();
        if head[156] == b'0' {
            found.push(&archive[at + BLOCK..at + BLOCK + size]);
        }
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
    found
}

fn survives(target: &str, entry: fn(&[u8])) {
    let name = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fuzz/corpus/{target}.tar.gz"));
    let packed = fs::read(&name).unwrap();
    let mut archive = Vec::new();
    GzDecoder::new(packed.as_slice()).take(ARCHIVE_MAX).read_to_end(&mut archive).unwrap();
    let files = files(&archive);
    assert!(files.len() > 100, "{}: {} inputs", name.display(), files.len());
    files.into_iter().for_each(entry);
}

#[test]
fn the_corpus_of_captures_is_survived() {
    survives("capture", entry::capture);
}

#[test]
fn the_corpus_of_frames_is_survived() {
    survives("frame", entry::frame);
}

#[test]
fn the_corpus_of_flows_is_survived() {
    survives("flow", entry::flow);
}

#[test]
fn the_corpus_of_protocols_is_survived() {
    survives("protocol", entry::protocol);
}
