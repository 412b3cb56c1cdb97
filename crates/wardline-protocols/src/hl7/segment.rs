//! HL7 v2 segments: separators, fields, components, escapes (HL7 v2 chapter 2).
//!
//! In: one segment's bytes. Out: borrowed fields and short decoded texts. Limits: a text is cut where
//! [`wardline_model::Fact`] cuts it; `\X..\` escapes longer than that are dropped.

use crate::charset::Charset;
use wardline_model::Fact;

/// Characters MSH-2 may have: four, a fifth since v2.7, one more where a sender doubles its backslash.
const ENCODING_MAX: usize = 6;

/// What separates, from the header of a message, batch or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Separators {
    pub(super) field: u8,
    pub(super) component: u8,
    pub(super) repetition: u8,
    pub(super) escape: Option<u8>,
    pub(super) subcomponent: Option<u8>,
}

/// What the start of bytes says about being a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Is(Separators),
    Cut,
    Not,
}

/// Reads `MSH`, `FHS` or `BHS` with its separators: one separator, at least three distinct encoding
/// characters, the separator again.
pub(super) fn header(bytes: &[u8]) -> Header {
    let id = bytes.get(..3).unwrap_or(bytes);
    if ![b"MSH", b"FHS", b"BHS"].iter().any(|name| name.starts_with(id)) {
        return Header::Not;
    }
    let Some((&field, rest)) = bytes.get(3..).and_then(<[u8]>::split_first) else { return Header::Cut };
    if !separates(field) {
        return Header::Not;
    }
    let (mut room, mut filled) = ([0_u8; ENCODING_MAX], 0_usize);
    for (count, &byte) in rest.iter().enumerate() {
        let distinct = room.get(..filled).unwrap_or_default();
        if byte == field {
            return match separators(field, distinct) {
                Some(separators) => Header::Is(separators),
                None => Header::Not,
            };
        }
        if count >= ENCODING_MAX || !separates(byte) {
            return Header::Not;
        }
        if !distinct.contains(&byte)
            && let Some(place) = room.get_mut(filled)
        {
            *place = byte;
            filled = filled.saturating_add(1);
        }
    }
    Header::Cut
}

const fn separates(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

fn separators(field: u8, distinct: &[u8]) -> Option<Separators> {
    let &[component, repetition, third, ref rest @ ..] = distinct else { return None };
    // With three characters, the third is the escape only when it is the usual one.
    let (escape, subcomponent) = match rest.first() {
        Some(&subcomponent) => (Some(third), Some(subcomponent)),
        None if third == b'\\' => (Some(third), None),
        None => (None, Some(third)),
    };
    Some(Separators { field, component, repetition, escape, subcomponent })
}

/// The first `N` fields of a segment, looked for in one pass; the segment's name is field 0.
pub(super) struct Fields<'a, const N: usize> {
    bytes: &'a [u8],
    /// Where each ends; those that are not there end with the segment.
    ends: [usize; N],
}

impl<'a, const N: usize> Fields<'a, N> {
    /// Eight bytes at a time: of what stands in a segment every fifth byte or so is a separator, too many to look for
    /// one by one.
    pub(super) fn of(bytes: &'a [u8], separator: u8) -> Self {
        let mut ends = [bytes.len(); N];
        let mut slots = ends.iter_mut();
        let (words, rest) = bytes.as_chunks::<8>();
        let mut start = 0_usize;
        for word in words {
            let mut found = equal_bytes(*word, separator);
            while found != 0 {
                let Some(slot) = slots.next() else { return Self { bytes, ends } };
                let at = usize::try_from(found.trailing_zeros() >> 3).unwrap_or(0);
                *slot = start.saturating_add(at);
                found &= found.wrapping_sub(1);
            }
            start = start.saturating_add(8);
        }
        let last = rest.iter().enumerate().filter(|(_, byte)| **byte == separator);
        slots.zip(last).for_each(|(slot, (at, _))| *slot = start.saturating_add(at));
        Self { bytes, ends }
    }

    /// A field; empty when it is not there.
    pub(super) fn get(&self, number: usize) -> &'a [u8] {
        self.between(number, number)
    }

    /// From the start of one field to the end of another, separators included.
    pub(super) fn between(&self, first: usize, last: usize) -> &'a [u8] {
        let end = |number: usize| self.ends.get(number).copied().unwrap_or(self.bytes.len());
        let start = first.checked_sub(1).map_or(0, |before| end(before).saturating_add(1));
        self.bytes.get(start..end(last)).unwrap_or_default()
    }
}

/// The bytes of a word that are `wanted`: the highest bit of each is set, no other.
const fn equal_bytes(word: [u8; 8], wanted: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differs = u64::from_le_bytes(word) ^ u64::from_le_bytes([wanted; 8]);
    // A byte without any bit: neither its lower seven reach the eighth when all are added to them, nor is that set.
    !(((differs & LOW).wrapping_add(LOW)) | differs | LOW)
}

/// A segment that can be asked for its fields.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) separators: Separators,
    pub(super) charset: Charset,
}

impl<'a> Segment<'a> {
    /// Field by the standard's number; for `MSH` shifted, as its first field is the separator itself.
    pub(super) fn field(&self, number: usize) -> &'a [u8] {
        let header = matches!(self.bytes.get(..3), Some(b"MSH" | b"FHS" | b"BHS"));
        let at = if header { number.saturating_sub(1) } else { number };
        let mut ends = memchr::memchr_iter(self.separators.field, self.bytes);
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => match ends.nth(before) {
                Some(end) => end.saturating_add(1),
                None => return &[],
            },
        };
        self.bytes.get(start..ends.next().unwrap_or(self.bytes.len())).unwrap_or_default()
    }

    /// The repetitions of a field.
    pub(super) fn repetitions(&self, number: usize) -> impl Iterator<Item = &'a [u8]> {
        let separator = self.separators.repetition;
        self.field(number).split(move |&b| b == separator)
    }

    /// A component (from 1) of the first repetition of a field, as text.
    pub(super) fn text(&self, number: usize, component: usize) -> Option<String> {
        self.component(self.repetitions(number).next()?, component)
    }

    /// A component (from 1) of one repetition, as text; `None` when empty or null.
    pub(super) fn component(&self, repetition: &[u8], component: usize) -> Option<String> {
        let split = |b: &u8| *b == self.separators.component;
        let raw = repetition.split(split).nth(component.checked_sub(1)?)?;
        let raw = raw.split(|b| Some(*b) == self.separators.subcomponent).next()?;
        self.decode(raw)
    }

    /// The bytes of a component (from 1) of the first repetition of a field, escapes unresolved: enough to
    /// compare with a code.
    pub(super) fn raw(&self, number: usize, component: usize) -> &'a [u8] {
        let Separators { component: between, repetition, subcomponent, .. } = self.separators;
        let field = self.field(number);
        let first = field.split(|b| *b == repetition).next().unwrap_or_default();
        let raw = component.checked_sub(1).and_then(|at| first.split(|b| *b == between).nth(at));
        raw.unwrap_or_default().split(|b| Some(*b) == subcomponent).next().unwrap_or_default().trim_ascii()
    }

    /// The first component that says something: of a hierarchic designator with or without a local name.
    pub(super) fn name(&self, number: usize) -> Option<String> {
        (1..=3).find_map(|component| self.text(number, component))
    }

    /// Whether a field from `first` on says anything.
    pub(super) fn has_content(&self, first: usize) -> bool {
        let fields = self.bytes.split(|&b| b == self.separators.field).skip(first);
        fields.flatten().any(|&b| b.is_ascii_alphanumeric() || b >= 0x80)
    }

    /// Text with escapes resolved.
    fn decode(&self, raw: &[u8]) -> Option<String> {
        let unescaped = self.unescape(raw.get(..raw.len().min(Fact::VALUE_BYTES_MAX)).unwrap_or_default());
        let text = self.charset.decode(&unescaped)?.trim().to_owned();
        (!text.is_empty() && text != "\"\"").then_some(text)
    }

    fn unescape(&self, raw: &[u8]) -> Vec<u8> {
        let Some(mark) = self.separators.escape.filter(|mark| raw.contains(mark)) else {
            return raw.to_vec();
        };
        let mut out = Vec::with_capacity(raw.len());
        let mut parts = raw.split(|&b| b == mark);
        out.extend_from_slice(parts.next().unwrap_or_default());
        // Between two marks stands an escape, after the second text again.
        while let Some(code) = parts.next() {
            let Some(text) = parts.next() else {
                out.push(mark);
                out.extend_from_slice(code);
                break;
            };
            self.escape(code, mark, &mut out);
            out.extend_from_slice(text);
        }
        out
    }

    fn escape(&self, code: &[u8], mark: u8, out: &mut Vec<u8>) {
        match code {
            b"F" => out.push(self.separators.field),
            b"S" => out.push(self.separators.component),
            b"R" => out.push(self.separators.repetition),
            b"T" => out.extend(self.separators.subcomponent),
            b"E" => out.push(mark),
            b".br" | b".sp" => out.push(b' '),
            [b'X', hex @ ..] => {
                let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                out.extend(hex.chunks(2).map_while(byte));
            }
            // Highlighting and local escapes are left out.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(bytes: &[u8]) -> Segment<'_> {
        let Header::Is(separators) = header(b"MSH|^~\\&|") else { panic!() };
        Segment { bytes, separators, charset: Charset::Unknown }
    }

    #[test]
    fn headers_with_any_separators_are_read() {
        for bytes in [b"MSH|^~\\&|".as_slice(), b"MSH^~|\\&^", b"FHS|^~\\&#|", b"MSH|^~\\\\&|", b"BHS!@#$!"] {
            assert!(matches!(header(bytes), Header::Is(_)), "{}", bytes.escape_ascii());
        }
        for bytes in [b"MSH|^~|".as_slice(), b"MSHA^~\\&|", b"MSH|^~\\&ABC|", b"MSX", b"MSH |^~\\&|"] {
            assert_eq!(header(bytes), Header::Not, "{}", bytes.escape_ascii());
        }
        assert_eq!(header(b"MSH|^~"), Header::Cut);
        assert_eq!(header(b"M"), Header::Cut);
    }

    #[test]
    fn fields_are_found_in_one_pass() {
        let fields = Fields::<4>::of(b"OBX|1||c|d", b'|');
        assert_eq!([0, 1, 2, 3].map(|n| fields.get(n)), [b"OBX".as_slice(), b"1", b"", b"c"]);
        assert_eq!(fields.between(1, 3), b"1||c");
        let short = Fields::<4>::of(b"OBX|1", b'|');
        assert_eq!([0, 1, 2, 3, 9].map(|n| short.get(n)), [b"OBX".as_slice(), b"1", b"", b"", b""]);
        assert_eq!(short.between(1, 3), b"1");
        // Every place in a word, beside bytes that differ by one bit.
        let text: Vec<u8> = (0..=255_u8).chain(*b"||x|y||||z|").cycle().take(2_000).collect();
        for separator in [b'|', b'}', 0x00, 0x80, 0xff] {
            let expected: Vec<&[u8]> = text.split(|b| *b == separator).take(60).collect();
            let fields = Fields::<60>::of(&text, separator);
            let got: Vec<&[u8]> = (0..expected.len()).map(|number| fields.get(number)).collect();
            assert!(got == expected, "{separator:#x}");
        }
    }

    #[test]
    fn escapes_are_resolved() {
        let one = segment(b"OBX|a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f|\\X4D41\\|\\H\\bold\\N\\|lone\\");
        assert_eq!(one.text(1, 1).as_deref(), Some("a|b^c&d~e\\f"));
        assert_eq!(one.text(2, 1).as_deref(), Some("MA"));
        assert_eq!(one.text(3, 1).as_deref(), Some("bold"));
        assert_eq!(one.text(4, 1).as_deref(), Some("lone\\"));
        assert_eq!(segment(b"PID|||\"\"").text(3, 1), None);
    }
}
