//! Zip archives (APPNOTE 6.3.4), by their central directory.

use super::{Counted, OpenError, PARTS_MAX, RATIO_FREE_BYTES, RATIO_MAX};
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// The end record lies before a comment of at most this.
const COMMENT_MAX: usize = 65_535 + 22;

/// One member.
pub(crate) struct Member {
    pub(crate) name: String,
    method: u16,
    flags: u16,
    packed: usize,
    offset: usize,
}

/// A directory of members.
pub(crate) struct Archive {
    members: Vec<Member>,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let value = bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))?;
    usize::try_from(value).ok()
}

impl Archive {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, OpenError> {
        let tail = bytes.get(bytes.len().saturating_sub(COMMENT_MAX)..).unwrap_or(bytes);
        let end = memchr::memmem::rfind(tail, END).ok_or(OpenError::Zip("its directory is missing"))?;
        let end = tail.get(end..).unwrap_or_default();
        let count = usize::from(u16_at(end, 10).ok_or(OpenError::Zip("its directory is cut"))?);
        let mut at = u32_at(end, 16).ok_or(OpenError::Zip("its directory is cut"))?;
        if count == 0xffff || at == 0xffff_ffff {
            return Err(OpenError::Zip("zip64 is not read; unpack it first"));
        }
        if count > PARTS_MAX {
            return Err(OpenError::TooLarge("an archive of more than 100000 members"));
        }
        let mut members = Vec::new();
        for _ in 0..count {
            let entry = bytes.get(at..).unwrap_or_default();
            let (member, length) = entry_of(entry).ok_or(OpenError::Zip("its directory is damaged"))?;
            members.extend(member);
            at = at.saturating_add(length);
        }
        Ok(Self { members })
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// An office workbook is a document of its own, not an archive of documents.
    pub(super) fn is_workbook(&self) -> bool {
        self.members.iter().any(|member| member.name == "[Content_Types].xml")
    }
}

/// A member of the directory (folders are none) and how long its entry is.
fn entry_of(entry: &[u8]) -> Option<(Option<Member>, usize)> {
    if !entry.starts_with(CENTRAL) {
        return None;
    }
    let name_length = usize::from(u16_at(entry, 28)?);
    let extra = usize::from(u16_at(entry, 30)?);
    let comment = usize::from(u16_at(entry, 32)?);
    let name = entry.get(46..46_usize.saturating_add(name_length))?;
    let name = String::from_utf8_lossy(name).into_owned();
    let member = Member {
        method: u16_at(entry, 10)?,
        flags: u16_at(entry, 8)?,
        packed: u32_at(entry, 20)?,
        offset: u32_at(entry, 42)?,
        name,
    };
    let length = 46_usize.saturating_add(name_length).saturating_add(extra).saturating_add(comment);
    let folder = member.name.ends_with('/');
    Some(((!folder).then_some(member), length))
}

impl Member {
    /// What it holds, unpacked as it is read.
    pub(crate) fn open<'a>(&self, archive: &'a [u8]) -> Result<Box<dyn Read + 'a>, OpenError> {
        if self.flags & 1 != 0 {
            return Err(OpenError::Zip("a member is encrypted"));
        }
        let cut = OpenError::Zip("a member is cut");
        let local = archive.get(self.offset..).filter(|local| local.starts_with(LOCAL));
        let local = local.ok_or(OpenError::Zip("a member is not where the directory says"))?;
        let (Some(name), Some(extra)) = (u16_at(local, 26), u16_at(local, 28)) else { return Err(cut) };
        let start = 30_usize.saturating_add(usize::from(name)).saturating_add(usize::from(extra));
        let packed = local.get(start..).and_then(|data| data.get(..self.packed)).ok_or(cut)?;
        match self.method {
            0 => Ok(Box::new(packed)),
            8 => Ok(Box::new(Guarded {
                input: DeflateDecoder::new(Counted { input: packed, count: 0 }),
                count: 0,
            })),
            _ => Err(OpenError::Zip("a member is compressed in a way that is not read")),
        }
    }
}

/// Stops a member that unpacks to far more than any document.
struct Guarded<'a> {
    input: DeflateDecoder<Counted<&'a [u8]>>,
    count: u64,
}

impl Read for Guarded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let packed = self.input.get_ref().count;
        if self.count > RATIO_FREE_BYTES && self.count > packed.saturating_mul(RATIO_MAX) {
            return Err(io::Error::other("a member unpacks to far more than any document: not read on"));
        }
        Ok(count)
    }
}
