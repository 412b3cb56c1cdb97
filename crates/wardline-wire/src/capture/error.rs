//! What can be wrong with a capture before its first packet, in words a person can act on.

use std::fmt;
use std::io;
use thiserror::Error;

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Name as given.
    pub name: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}; {}", self.name, self.what, self.remedy)
    }
}

/// Why captures cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CaptureError {
    /// These files cannot be read at all.
    #[error("{}", .0.iter().map(FileProblem::to_string).collect::<Vec<_>>().join("\n"))]
    Files(Vec<FileProblem>),
    /// No file was named.
    #[error("no capture was named; name one or more capture files, or - for standard input")]
    NoFiles,
}

/// What is wrong with the beginning of a file, before its name is added.
pub(super) struct Unreadable {
    what: String,
    remedy: &'static str,
    /// The name is at fault, not what the file holds.
    pub(super) wrong_name: bool,
}

impl Unreadable {
    pub(super) fn named(self, name: &str) -> FileProblem {
        FileProblem { name: name.to_owned(), what: self.what, remedy: self.remedy }
    }

    /// Compression within compression within compression.
    pub(super) fn too_deep() -> Self {
        Self {
            what: "compressed more than twice".to_owned(),
            remedy: "unpack it and name the capture inside",
            wrong_name: false,
        }
    }

    pub(super) fn unknown_version(major: u16) -> Self {
        Self {
            what: format!("a pcap file of version {major}, which does not exist"),
            remedy: "capture again, or convert it with editcap -F pcapng",
            wrong_name: false,
        }
    }

    /// The operating system or a decompressor refused.
    pub(super) fn io(error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "check the name and the directory",
            io::ErrorKind::PermissionDenied => "ask for the right to read it, or run as its owner",
            io::ErrorKind::IsADirectory => "name the capture files inside",
            _ => "copy it again from where it was captured",
        };
        let kinds = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied, io::ErrorKind::IsADirectory];
        let wrong_name = kinds.contains(&error.kind());
        Self { what: format!("cannot be read ({error})"), remedy, wrong_name }
    }

    /// The file is something else; `head` are its first bytes.
    pub(super) fn not_a_capture(head: &[u8]) -> Self {
        const CONVERT: &str = "convert it with editcap -F pcapng";
        const UNPACK: &str = "unpack it and name the capture inside";
        let (kind, remedy) = match head {
            [b'P', b'K', 3, 4, ..] => ("a zip archive", UNPACK),
            [0xfd, b'7', b'z', b'X', ..] => ("an xz archive", UNPACK),
            [b'B', b'Z', b'h', ..] => ("a bzip2 archive", UNPACK),
            [b'7', b'z', 0xbc, 0xaf, ..] => ("a 7-zip archive", UNPACK),
            [0x04, 0x22, 0x4d, 0x18, ..] => ("an lz4 archive", UNPACK),
            [b's', b'n', b'o', b'o', b'p', 0, ..] => ("a snoop capture", CONVERT),
            [b'G' | b'R', b'M' | b'T', b'B' | b'S', b'U' | b'S', ..] => {
                ("a Network Monitor capture", CONVERT)
            }
            [b'X', b'C', b'P', 0, ..] => ("a NetXray capture", CONVERT),
            _ => ("not a capture", "give pcap or pcapng, plain or compressed with gzip or zstd"),
        };
        Self { what: kind.to_owned(), remedy, wrong_name: false }
    }
}
