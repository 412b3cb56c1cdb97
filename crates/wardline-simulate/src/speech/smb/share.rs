//! Work on a share ([MS-SMB2] sections 2.2.9 to 2.2.40): connect, open, read, write, rename, close.
//!
//! Requests carry `status: None`. One credit each, no signatures, no create contexts.

use super::{file_time, framed, head2};
use crate::speech::ntlm::utf16;
use wardline_model::Timestamp;

/// Where in a session a message stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) message: u64,
    pub(crate) session: u64,
    pub(crate) tree: u32,
    /// Open file.
    pub(crate) file: [u8; 16],
}

const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const SET_INFO: u16 = 17;
/// FileRenameInformation.
const RENAME: u8 = 10;

fn head(command: u16, place: &Place, answer: bool, size: u16) -> Vec<u8> {
    let mut out = head2(command, place.message, place.session, answer.then_some(0));
    out[36..40].copy_from_slice(&place.tree.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out
}

/// Asks for a share, `\\server\share`.
pub(crate) fn connect(place: &Place, path: &str) -> Vec<u8> {
    let name = utf16(path);
    let mut out = head(TREE_CONNECT, place, false, 9);
    out.extend_from_slice(&[0, 0, 72, 0]);
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(&name);
    framed(&out)
}

/// A disk with full access.
pub(crate) fn connected(place: &Place) -> Vec<u8> {
    let mut out = head(TREE_CONNECT, place, true, 16);
    out.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(&0x001f_01ff_u32.to_le_bytes());
    framed(&out)
}

/// Opens a file; `new` makes it.
pub(crate) fn open(place: &Place, name: &str, new: bool) -> Vec<u8> {
    let name = utf16(name);
    let mut out = head(CREATE, place, false, 57);
    out.extend_from_slice(&[0, 0, 2, 0, 0, 0]);
    out.extend_from_slice(&[0; 16]);
    // Read, write, delete; normal file; shared by all; create or open; no directory.
    for word in [0x0013_019f_u32, 0x80, 7, if new { 5 } else { 1 }, 0x40] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&120_u16.to_le_bytes());
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&name);
    framed(&out)
}

pub(crate) fn opened(place: &Place, size: u64, new: bool, now: Timestamp) -> Vec<u8> {
    let mut out = head(CREATE, place, true, 89);
    out.extend_from_slice(&[0, 0, if new { 2 } else { 1 }, 0, 0, 0]);
    for _ in 0..4 {
        out.extend_from_slice(&file_time(now));
    }
    out.extend_from_slice(&size.next_multiple_of(4096).to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&0x20_u32.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&place.file);
    out.extend_from_slice(&[0; 8]);
    framed(&out)
}

pub(crate) fn read(place: &Place, length: u32) -> Vec<u8> {
    let mut out = head(READ, place, false, 49);
    out.extend_from_slice(&[0x50, 0]);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&place.file);
    out.extend_from_slice(&[0; 17]);
    framed(&out)
}

pub(crate) fn was_read(place: &Place, data: &[u8]) -> Vec<u8> {
    let mut out = head(READ, place, true, 17);
    out.extend_from_slice(&[80, 0]);
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(data);
    framed(&out)
}

pub(crate) fn write(place: &Place, data: &[u8]) -> Vec<u8> {
    let mut out = head(WRITE, place, false, 49);
    out.extend_from_slice(&112_u16.to_le_bytes());
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&place.file);
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(data);
    framed(&out)
}

pub(crate) fn written(place: &Place, count: u32) -> Vec<u8> {
    let mut out = head(WRITE, place, true, 17);
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    framed(&out)
}

pub(crate) fn rename(place: &Place, name: &str) -> Vec<u8> {
    let name = utf16(name);
    let mut out = head(SET_INFO, place, false, 33);
    out.extend_from_slice(&[1, RENAME]);
    out.extend_from_slice(&((20 + name.len()) as u32).to_le_bytes());
    out.extend_from_slice(&96_u16.to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&place.file);
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&(name.len() as u32).to_le_bytes());
    out.extend_from_slice(&name);
    framed(&out)
}

pub(crate) fn renamed(place: &Place) -> Vec<u8> {
    framed(&head(SET_INFO, place, true, 2))
}

pub(crate) fn close(place: &Place) -> Vec<u8> {
    let mut out = head(CLOSE, place, false, 24);
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&place.file);
    framed(&out)
}

pub(crate) fn closed(place: &Place) -> Vec<u8> {
    let mut out = head(CLOSE, place, true, 60);
    out.extend_from_slice(&[0; 58]);
    framed(&out)
}
