//! Heads of PDUs (DICOM PS3.8 9.3): what the first bytes of one look like, at a start and in the middle.

use crate::Verdict;
use wardline_wire::Reader;

/// Largest PDU believed: applications negotiate 16 KiB to a few megabytes, some state no limit.
pub(super) const LENGTH_MAX: u32 = 1 << 28;
/// Largest association PDU believed: all contexts with all transfer syntaxes.
const ASSOCIATE_MAX: u32 = 1 << 20;
/// The application context item and its name, which every association carries first.
const APPLICATION_CONTEXT: &[u8] = b"\x10\x00\x00\x151.2.840.10008.3.1.1.1";
/// Where it stands.
const APPLICATION_CONTEXT_AT: usize = 74;
/// Group length, the first element of every command set.
const GROUP_LENGTH: &[u8] = &[0, 0, 0, 0, 4, 0, 0, 0];

/// Whether a PDU that identifies itself starts here: an association or a P-DATA.
pub(super) fn strong(bytes: &[u8]) -> Verdict {
    match bytes {
        [] | [1 | 2 | 4] => Verdict::More,
        [1 | 2, 0, ..] => association(bytes),
        [4, 0, ..] => data(bytes),
        _ => Verdict::No,
    }
}

/// Whether a PDU may start here, where the stream is known to start: also rejections, releases, aborts.
pub(super) fn at_start(bytes: &[u8]) -> Verdict {
    match bytes {
        [3 | 5 | 6 | 7] | [3 | 5..=7, 0] => Verdict::More,
        [3 | 5..=7, 0, length @ ..] => {
            if let Some(rest) = length.strip_prefix(&[0, 0, 0, 4]) {
                rejection(bytes, rest)
            } else if [0, 0, 0, 4].starts_with(length) {
                Verdict::More
            } else {
                Verdict::No
            }
        }
        _ => strong(bytes),
    }
}

/// Result 1 or 2, source 1 to 3, a small reason.
fn rejection(bytes: &[u8], rest: &[u8]) -> Verdict {
    match (bytes.first(), rest) {
        (Some(3), [0, 1 | 2, 1..=3, 0..=10, ..]) => Verdict::Yes,
        (Some(3), [] | [0] | [0, 1 | 2] | [0, 1 | 2, 1..=3]) => Verdict::More,
        (Some(3), _) => Verdict::No,
        (_, [0, 0, ..]) => Verdict::Maybe,
        (_, [] | [0]) => Verdict::More,
        _ => Verdict::No,
    }
}

fn association(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let _ = reader.skip(2, "type");
    let Ok(length) = reader.u32("length") else { return Verdict::More };
    if !(68..=ASSOCIATE_MAX).contains(&length) {
        return Verdict::No;
    }
    let Ok(version) = reader.u16("protocol version") else { return Verdict::More };
    if version & 1 == 0 {
        return Verdict::No;
    }
    let titles = bytes.get(10..bytes.len().min(42)).unwrap_or_default();
    if titles.iter().any(|b| !matches!(b, 0 | 0x20..=0x7E)) {
        return Verdict::No;
    }
    let Some(items) = bytes.get(APPLICATION_CONTEXT_AT..) else { return Verdict::More };
    match items {
        [] => Verdict::More,
        _ if items.starts_with(APPLICATION_CONTEXT) => Verdict::Yes,
        _ if APPLICATION_CONTEXT.starts_with(items) => Verdict::More,
        // Another order of items, or another context name.
        [0x10 | 0x20 | 0x21 | 0x50, 0, _, _, ..] => Verdict::Yes,
        [0x10 | 0x20 | 0x21 | 0x50] | [0x10 | 0x20 | 0x21 | 0x50, 0] | [0x10 | 0x20 | 0x21 | 0x50, 0, _] => {
            Verdict::More
        }
        _ => Verdict::No,
    }
}

fn data(bytes: &[u8]) -> Verdict {
    let mut reader = Reader::new(bytes);
    let _ = reader.skip(2, "type");
    let Ok(length) = reader.u32("length") else { return Verdict::More };
    if !(6..=LENGTH_MAX).contains(&length) {
        return Verdict::No;
    }
    let Ok(value) = reader.u32("value length") else { return Verdict::More };
    if value < 2 || value.saturating_add(4) > length {
        return Verdict::No;
    }
    let Ok([context, control]) = reader.array("context and control") else { return Verdict::More };
    if context & 1 == 0 || control > 3 {
        return Verdict::No;
    }
    let group = reader.take_up_to(GROUP_LENGTH.len());
    match control & 1 {
        1 if group == GROUP_LENGTH => Verdict::Yes,
        1 if GROUP_LENGTH.starts_with(group) => Verdict::More,
        0 if value.saturating_add(4) == length => Verdict::Yes,
        _ => Verdict::No,
    }
}
