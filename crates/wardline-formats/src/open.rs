//! Opening files: what is packed is unpacked, within bounds, and text comes out as UTF-8 without a mark.
//!
//! In: a name and a stream (gzip by RFC 1952, several members too; zip by APPNOTE 6.3.4, stored and deflated; else as
//! it is). Out, to a function: each part with its name, as a stream. UTF-16 and UTF-32 are told by their mark or by
//! the zeros of their first characters (RFC 4627 section 3) and turned into UTF-8.
//!
//! Limits: [`PACKED_BYTES_MAX`] for zip, which is read whole; [`UNPACKED_BYTES_MAX`]; [`RATIO_MAX`] beyond
//! [`RATIO_FREE_BYTES`]; [`PARTS_MAX`]. Refused: encrypted members, zip within zip, other compression.

mod wide;
pub(crate) mod zip;

use flate2::read::MultiGzDecoder;
use std::io::{self, Read};
use thiserror::Error;

/// Largest zip archive: the lists of the NVD have twenty megabytes.
pub const PACKED_BYTES_MAX: u64 = 256 << 20;
/// Most bytes that come out of one packed part: the whole NVD has 1.5 GB.
pub const UNPACKED_BYTES_MAX: u64 = 8 << 30;
/// Most bytes that come out for one that goes in: documents shrink to a tenth, very even ones to a fiftieth.
pub const RATIO_MAX: u64 = 200;
/// Bytes that may come out whatever the ratio.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;
/// Members of an archive.
pub const PARTS_MAX: usize = 100_000;

/// Why a file cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("cannot be read on")]
    Io(#[from] io::Error),
    /// A zip archive that breaks its format.
    #[error("not a whole zip archive: {0}")]
    Zip(&'static str),
    /// A bound is crossed.
    #[error("too large: {0}")]
    TooLarge(&'static str),
}

/// Receives a part with its name and its text.
pub type Part<'p, E> = dyn FnMut(Option<&str>, &mut dyn Read) -> Result<(), E> + 'p;

/// Opens a stream and gives each part, with its name within the archive (`None` when there is only one).
///
/// # Errors
/// When it cannot be read, is packed wrongly, or crosses a bound; what the receiver returns.
pub fn each_part<E: From<OpenError>>(mut input: Box<dyn Read + '_>, part: &mut Part<'_, E>) -> Result<(), E> {
    let head = head(&mut *input, 4).map_err(OpenError::Io)?;
    match head.as_slice() {
        [0x1f, 0x8b, ..] => {
            let packed = Counted { input: head.as_slice().chain(input), count: 0 };
            let mut unpacked = Guarded { input: MultiGzDecoder::new(packed), count: 0 };
            text(&mut unpacked, &mut |stream| part(None, stream))
        }
        [b'P', b'K', 3 | 5 | 7, ..] => {
            let mut bytes = head;
            input.take(PACKED_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(OpenError::Io)?;
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > PACKED_BYTES_MAX {
                return Err(OpenError::TooLarge("an archive of more than 256 MiB; unpack it first").into());
            }
            let archive = zip::Archive::read(&bytes)?;
            if archive.is_workbook() {
                let mut whole: &[u8] = &bytes;
                return part(None, &mut whole);
            }
            for member in archive.members() {
                let mut stream = member.open(&bytes)?;
                text(&mut *stream, &mut |stream| part(Some(&member.name), stream))?;
            }
            Ok(())
        }
        _ => text(&mut head.as_slice().chain(input), &mut |stream| part(None, stream)),
    }
}

/// How a file begins once gzip is taken off; what is cut or broken gives less.
#[must_use]
pub fn beginning(head: &[u8]) -> Vec<u8> {
    const MOST: u64 = 4096;
    if !head.starts_with(&[0x1f, 0x8b]) {
        return head.get(..head.len().min(4096)).unwrap_or(head).to_vec();
    }
    let mut begins = Vec::new();
    // Cut on purpose: the error at the end of what is at hand says nothing.
    let _ = MultiGzDecoder::new(head).take(MOST).read_to_end(&mut begins);
    begins
}

/// The first bytes of a stream, fewer at its end.
fn head(input: &mut dyn Read, most: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Gives a stream as UTF-8 without its mark.
fn text<E: From<OpenError>>(
    input: &mut dyn Read,
    give: &mut dyn FnMut(&mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let head = head(input, 4).map_err(OpenError::Io)?;
    let (marked, encoding) = wide::Encoding::of(&head);
    let rest = head.get(marked..).unwrap_or_default().chain(input);
    match encoding {
        None => give(&mut { rest }),
        Some(encoding) => give(&mut wide::Utf8::new(rest, encoding)),
    }
}

/// Counts what goes in.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

/// Stops what comes out where it cannot be a document any more.
struct Guarded<R> {
    input: R,
    count: u64,
}

impl<R: Read> Read for Guarded<MultiGzDecoder<Counted<R>>> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let packed = self.input.get_ref().count;
        if self.count > UNPACKED_BYTES_MAX
            || (self.count > RATIO_FREE_BYTES && self.count > packed.saturating_mul(RATIO_MAX))
        {
            return Err(io::Error::other("it unpacks to far more than any document: not read on"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
