//! Dräger MEDIBUS and MEDIBUS.X through serial converters: which ventilator or anaesthesia machine answers.
//!
//! In: both streams: commands (`ESC command argument checksum CR`) and responses (`SOH command data checksum
//! CR`), the checksum two hexadecimal digits of the sum of all before. Out: name and software revision of the
//! device from its answer to the identification request, said of the equipment behind the converter. Limit:
//! [`FRAME_MAX`]. Measured values, settings, texts and real-time data are stepped over.

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use std::borrow::Cow;
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "medibus",
    carriers: &[Carrier::Stream],
    ports: &[],
    probe,
    start: |_| Box::new(Medibus::default()),
};

/// Longest frame: 251 bytes of argument, or a response with many values.
const FRAME_MAX: usize = 4_096;
const ESCAPE: u8 = 0x1B;
const START: u8 = 0x01;
const INITIALISE: u8 = 0x51;
const IDENTIFY: u8 = 0x52;
/// Command, at least, with its checksum and end.
const SHORTEST: usize = 5;

fn probe(probe: &Probe<'_>) -> Verdict {
    let &[mark, ref rest @ ..] = probe.bytes else { return Verdict::No };
    if !matches!(mark, ESCAPE | START) {
        return Verdict::No;
    }
    // A conversation begins with the initialisation, or is picked up at an identification or no-operation.
    match (mark, rest.first()) {
        (_, None) => return Verdict::More,
        (ESCAPE, Some(&(INITIALISE | IDENTIFY | 0x30 | 0x24 | 0x29 | 0x2A | 0x2B | 0x55))) => {}
        (START, Some(&(INITIALISE | IDENTIFY | 0x30))) => {}
        _ => return Verdict::No,
    }
    match frame(probe.bytes) {
        Frame::Whole(length) if whole_is_known(probe.bytes, length) => Verdict::Yes,
        Frame::Whole(_) => Verdict::Maybe,
        Frame::Cut if probe.bytes.len() < 64 => Verdict::More,
        Frame::Cut | Frame::Wrong => Verdict::No,
    }
}

/// The frames that open a conversation have one form only.
fn whole_is_known(bytes: &[u8], length: usize) -> bool {
    let identity = bytes.get(2..length).and_then(Identity::of).is_some();
    length == SHORTEST || (bytes.first() == Some(&START) && bytes.get(1) == Some(&IDENTIFY) && identity)
}

enum Frame {
    /// With this many bytes, its checksum right.
    Whole(usize),
    Cut,
    Wrong,
}

fn frame(bytes: &[u8]) -> Frame {
    let within = bytes.get(..FRAME_MAX).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\r', within) else {
        // Frames are printable between their mark and their end.
        let printable = within.iter().skip(1).all(|b| (0x20..0x7F).contains(b) || *b >= 0x80);
        return if printable && within.len() < FRAME_MAX { Frame::Cut } else { Frame::Wrong };
    };
    let told = end.checked_sub(2).and_then(|at| within.get(at..end));
    let summed = end.checked_sub(2).and_then(|at| within.get(..at)).filter(|bytes| bytes.len() >= 2);
    let sum = summed.map(|bytes| bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
    let told = told.and_then(|digits| std::str::from_utf8(digits).ok());
    let told = told.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    match told.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        Some(told) if Some(told) == sum => Frame::Whole(end.saturating_add(1)),
        _ => Frame::Wrong,
    }
}

#[derive(Default)]
struct Medibus {
    said: Once,
    frames: u8,
}

impl Dissector for Medibus {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(start) = bytes.iter().position(|b| matches!(*b, ESCAPE | START)) else {
            return Step::skip(bytes.len());
        };
        if start > 0 {
            return Step::skip(start);
        }
        match frame(bytes) {
            Frame::Cut => Step::More(bytes.len().saturating_add(1)),
            Frame::Wrong => {
                notes.malformed = true;
                Step::Skip(1)
            }
            Frame::Whole(length) => {
                self.frames = self.frames.saturating_add(1);
                notes.confirmed |= self.frames >= 2;
                notes.encrypted = Some(false);
                let command = bytes.get(1).copied();
                if bytes.first() == Some(&ESCAPE) {
                    notes.requester.get_or_insert(side);
                } else if command == Some(IDENTIFY) {
                    self.identity(side, bytes.get(2..length).unwrap_or_default(), notes);
                }
                Step::skip(length)
            }
        }
    }

    fn gap(&mut self, _: Side, _: Option<u64>, _: &mut Notes) -> Step {
        Step::Skip(1)
    }
}

impl Medibus {
    fn identity(&mut self, side: Side, data: &[u8], notes: &mut Notes) {
        let Some(identity) = Identity::of(data) else { return };
        notes.confirmed = true;
        let software = Fact::new(Attribute::Software, "software", 90, "medibus.revision");
        let facts = [
            Fact::new(Attribute::Model, &spaced(identity.name), 95, "medibus.name"),
            software.zip(identity.revision).map(|(fact, revision)| fact.with_version(revision)),
        ];
        if self.said.is_new(&facts) {
            notes.equipment(side, facts);
        }
    }
}

/// A name as it is printed on the device: some devices leave the blank out before the type (`EvitaV500`).
fn spaced(name: &str) -> Cow<'_, str> {
    let series = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let series = series.trim_end_matches(|c: char| c.is_ascii_uppercase());
    match name.strip_prefix(series) {
        Some(kind)
            if kind.starts_with(|c: char| c.is_ascii_uppercase())
                && series.ends_with(|c: char| c.is_ascii_lowercase()) =>
        {
            Cow::Owned(format!("{series} {kind}"))
        }
        _ => Cow::Borrowed(name),
    }
}

/// The answer to the identification request: an id of four hexadecimal digits, the name in quotes, the revision of
/// the device's software and, after a colon, that of the protocol.
struct Identity<'a> {
    name: &'a str,
    revision: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// Of the data after the command, up to and including checksum and end.
    fn of(data: &'a [u8]) -> Option<Self> {
        let (id, rest) = data.split_first_chunk::<4>()?;
        let rest = rest.strip_prefix(b"'")?;
        let end = memchr::memchr(b'\'', rest)?;
        let (name, rest) = rest.split_at_checked(end)?;
        let revision = rest.get(1..).and_then(|rest| rest.get(..5));
        let revision = revision.filter(|r| {
            r.iter().enumerate().all(|(at, b)| if at == 2 { *b == b'.' } else { b.is_ascii_digit() })
        });
        id.iter().all(u8::is_ascii_hexdigit).then_some(())?;
        Some(Self { name: text::ascii(name)?, revision: revision.and_then(text::ascii) })
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn names_are_written_as_on_the_device() {
        for (sent, printed) in [
            ("EvitaV500", "Evita V500"),
            ("EvitaXL", "Evita XL"),
            ("Evita 4 edition", "Evita 4 edition"),
            ("Evita4", "Evita4"),
            ("Perseus A500", "Perseus A500"),
            ("V500", "V500"),
        ] {
            assert_eq!(spaced(sent), printed);
        }
    }
}
