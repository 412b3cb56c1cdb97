//! Where the bytes of a capture come from: plain, gzip or zstd, told by the first bytes.
//!
//! Limits: [`DEPTH_MAX`], [`ZSTD_WINDOW_LOG_MAX`]. Nothing is held but the windows of the decompressors, so that a
//! bomb costs the time to read what comes out of it.

use super::error::Unreadable;
use std::io::{self, BufReader, Chain, Cursor, Read};

/// A byte stream that can be handed to another thread.
pub(super) type Stream = Box<dyn Read + Send>;

/// Compression inside compression: a capture compressed by its writer and again by the archive. No more is seen.
const DEPTH_MAX: usize = 2;

/// 32 MiB: what zstd needs up to level 20. Greater windows are another file's memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// Compressed bytes read at a time.
const COMPRESSED_BYTES: usize = 128 << 10;

/// Enough to tell every format: the file header of pcap.
pub(super) const HEAD_BYTES: usize = 24;

/// The first bytes of a stream and the stream after them.
pub(super) struct Opened {
    /// What of [`HEAD_BYTES`] there was.
    pub(super) head: Vec<u8>,
    /// The rest.
    pub(super) stream: Stream,
    /// Whether the bytes were compressed.
    pub(super) compressed: bool,
}

/// Looks through the compression of a stream.
pub(super) fn open(mut stream: Stream) -> Result<Opened, Unreadable> {
    let mut compressed = false;
    for _ in 0..=DEPTH_MAX {
        let head = read_head(&mut stream).map_err(|error| Unreadable::io(&error))?;
        stream = match head.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(head, stream))),
            // A frame, or a skippable frame (RFC 8878 3.1).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(buffered(head, stream));
                let limited = decoder.and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                    Ok(decoder)
                });
                Box::new(limited.map_err(|error| Unreadable::io(&error))?)
            }
            _ => return Ok(Opened { head, stream, compressed }),
        };
        compressed = true;
    }
    Err(Unreadable::too_deep())
}

fn buffered(head: Vec<u8>, stream: Stream) -> BufReader<Chain<Cursor<Vec<u8>>, Stream>> {
    BufReader::with_capacity(COMPRESSED_BYTES, Cursor::new(head).chain(stream))
}

fn read_head(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let limit = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    match stream.by_ref().take(limit).read_to_end(&mut head) {
        // Cut inside the compressed data: what came out is still worth reading.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(head),
        other => other.map(|_| head),
    }
}
