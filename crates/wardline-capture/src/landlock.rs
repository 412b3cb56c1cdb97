//! The file system as a confined process sees it: some folders to read, nothing else (landlock, Linux 5.13).

use crate::sys;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// Rights over files by the version that brought them: execute … make symbolic links in 1, then refer, truncate, ioctl.
const FILE_RIGHTS: [u64; 5] = [(1 << 13) - 1, 1 << 13, 1 << 14, 0, 1 << 15];
/// Reading files and listing folders.
const READ: u64 = 1 << 2 | 1 << 3;
/// Reading one file.
const READ_FILE: u64 = 1 << 2;
/// Binding and connecting TCP, from version 4.
const NET_RIGHTS: u64 = 0b11;
/// Abstract sockets and signals of others, from version 6.
const SCOPES: u64 = 0b11;

/// Leaves this thread only the reading of these files and folders; the version of landlock that holds it, or `None`
/// when the kernel has none.
pub(crate) fn restrict(read: &[PathBuf]) -> io::Result<Option<u32>> {
    let version = match sys::landlock_version() {
        Ok(version) if version > 0 => version,
        _ => return Ok(None),
    };
    let at_most = usize::try_from(version).unwrap_or(0);
    let files = FILE_RIGHTS.iter().take(at_most).fold(0, |rights, more| rights | more);
    let mut attributes = vec![files];
    if version >= 4 {
        attributes.push(NET_RIGHTS);
    }
    if version >= 6 {
        attributes.push(SCOPES);
    }
    let rules = sys::landlock_ruleset(&attributes)?;
    for path in read {
        let beneath = File::open(path)?;
        let rights = if beneath.metadata()?.is_dir() { READ } else { READ_FILE };
        sys::landlock_allow(rules.as_fd(), beneath.as_fd(), rights)?;
    }
    sys::landlock_restrict(rules.as_fd())?;
    Ok(Some(version))
}
