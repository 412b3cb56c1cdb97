//! DICOM files (PS3.10) and bare data sets (PS3.5), walked to the end: every element's header, items and sequences of
//! defined and undefined length, fragments of pixels, implicit and explicit value representations, both byte orders,
//! deflated data sets. Values are not judged.
//!
//! Limits: [`DEPTH_MAX`], [`ELEMENTS_MAX`], [`INFLATED_BYTES_MAX`]. Places are tags with the byte where they stand.

use super::{Report, Severity};
use flate2::read::DeflateDecoder;
use std::io::Read;

/// Sequences within each other.
const DEPTH_MAX: usize = 64;
/// Elements of one object.
const ELEMENTS_MAX: usize = 4_000_000;
/// Bytes of a deflated data set.
const INFLATED_BYTES_MAX: u64 = 256 << 20;
/// Length that is told by what follows (PS3.5, 7.1.1).
const UNDEFINED: usize = 0xffff_ffff;
/// Items, their ends, and the ends of sequences.
const ITEM: (u16, u16) = (0xfffe, 0xe000);
const ITEM_END: (u16, u16) = (0xfffe, 0xe00d);
const SEQUENCE_END: (u16, u16) = (0xfffe, 0xe0dd);
/// Representations whose length has four bytes (PS3.5, table 7.1-1).
const LONG: [&[u8]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Syntax {
    explicit: bool,
    big: bool,
}

const EXPLICIT: Syntax = Syntax { explicit: true, big: false };
const IMPLICIT: Syntax = Syntax { explicit: false, big: false };

/// Where and why reading cannot go on.
struct Fault {
    at: usize,
    tag: (u16, u16),
    why: &'static str,
}

/// Whether bytes begin as a data set without preamble: group 0002 or 0008, in either byte order.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    matches!(bytes, [8 | 2, 0, 0 | 1 | 5 | 8 | 0x10 | 0x12 | 0x16 | 0x18, 0, ..] if bytes.len() > 32)
        || matches!(bytes, [0, 8, 0, 0 | 5 | 8 | 0x12 | 0x16 | 0x18, ..] if bytes.len() > 32)
}

/// Judges an object.
pub(super) fn inspect(bytes: &[u8]) -> Report {
    let mut report = Report::new("dicom");
    let part10 = bytes.get(128..132) == Some(b"DICM");
    let form = if part10 { "file with preamble (PS3.10)" } else { "data set without preamble" };
    report.text("form", Some(form));
    let mut walk = Walk::new(bytes, EXPLICIT);
    let mut at = if part10 { 132 } else { 0 };
    let head = if bytes.get(at) == Some(&2) { walk.head(&mut at) } else { Ok(()) };
    let syntax = walk.syntax.clone();
    if part10 && syntax.is_empty() && head.is_ok() {
        report.error("(0002,0010)", "(0002,0010)", "the transfer syntax is missing");
    }
    report.text("transfer_syntax", Some(&syntax));
    let done = head.and_then(|()| data(bytes, at, &syntax, &mut walk, &mut report));
    if let Err(fault) = done {
        report.error("cut", place(fault.tag, fault.at), fault.why);
    }
    for (tag, at, why) in &walk.odd {
        report.tell(Severity::Warning, "element", place(*tag, *at), *why);
    }
    for (name, text) in &walk.said {
        report.text(name, Some(text));
    }
    report.count("elements", walk.elements);
    report
}

fn place(tag: (u16, u16), at: usize) -> String {
    format!("({:04x},{:04x}) byte {at}", tag.0, tag.1)
}

/// Walks the data set behind the head.
fn data(
    bytes: &[u8],
    at: usize,
    syntax: &str,
    walk: &mut Walk<'_>,
    report: &mut Report,
) -> Result<(), Fault> {
    let rest = bytes.get(at..).unwrap_or_default();
    if syntax == "1.2.840.10008.1.2.1.99" {
        let mut inflated = Vec::new();
        let read = DeflateDecoder::new(rest).take(INFLATED_BYTES_MAX).read_to_end(&mut inflated);
        let mut inner = Walk::new(&inflated, EXPLICIT);
        let end = inflated.len();
        let done = inner.elements(0, end, EXPLICIT, 0, false).map(|_| ());
        walk.elements = walk.elements.saturating_add(inner.elements);
        walk.said.append(&mut inner.said);
        if read.is_err() {
            report.error("deflate", format!("byte {at}"), "the deflated data set is damaged");
        }
        return done;
    }
    let syntax = match syntax {
        "1.2.840.10008.1.2" => IMPLICIT,
        "1.2.840.10008.1.2.2" => Syntax { explicit: true, big: true },
        "" => guess(rest),
        _ => EXPLICIT,
    };
    // Some writers label one and write the other: the first element tells.
    let seen = guess(rest);
    let syntax = if rest.len() > 8 && !syntax.big && seen.explicit != syntax.explicit && !seen.big {
        report.tell(
            Severity::Warning,
            "(0002,0010)",
            place((2, 0x10), at),
            "the value representations are not written as the transfer syntax says; read as they are",
        );
        seen
    } else {
        syntax
    };
    walk.elements(at, bytes.len(), syntax, 0, false).map(|_| ())
}

/// How a data set is written, by its first element.
fn guess(bytes: &[u8]) -> Syntax {
    let big = matches!(bytes, [0, 1..=0x20, ..]);
    let letters = bytes.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
    Syntax { explicit: letters, big }
}

/// An element's header.
struct Element {
    tag: (u16, u16),
    vr: [u8; 2],
    length: usize,
    /// Where its value begins.
    value: usize,
}

/// An element that is odd: its tag, where it stands, and why.
type Odd = ((u16, u16), usize, &'static str);

struct Walk<'a> {
    bytes: &'a [u8],
    meta: Syntax,
    elements: usize,
    syntax: String,
    said: Vec<(&'static str, String)>,
    odd: Vec<Odd>,
}

impl<'a> Walk<'a> {
    const fn new(bytes: &'a [u8], meta: Syntax) -> Self {
        Self { bytes, meta, elements: 0, syntax: String::new(), said: Vec::new(), odd: Vec::new() }
    }

    fn u16(&self, at: usize, big: bool) -> Option<u16> {
        let pair = self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) })
    }

    fn u32(&self, at: usize, big: bool) -> Option<usize> {
        let four = self.bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(if big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) }).ok()
    }

    fn header(&self, at: usize, syntax: Syntax) -> Option<Element> {
        let tag = (self.u16(at, syntax.big)?, self.u16(at.checked_add(2)?, syntax.big)?);
        let four = at.checked_add(4)?;
        if tag.0 == 0xfffe || !syntax.explicit {
            let length = self.u32(four, syntax.big)?;
            return Some(Element { tag, vr: *b"  ", length, value: at.checked_add(8)? });
        }
        let vr = *self.bytes.get(four..)?.first_chunk::<2>()?;
        if LONG.contains(&&vr[..]) {
            let length = self.u32(at.checked_add(8)?, syntax.big)?;
            return Some(Element { tag, vr, length, value: at.checked_add(12)? });
        }
        let length = usize::from(self.u16(at.checked_add(6)?, syntax.big)?);
        Some(Element { tag, vr, length, value: at.checked_add(8)? })
    }

    /// The group of the file's head: explicit, little endian, to the first element of another group.
    fn head(&mut self, at: &mut usize) -> Result<(), Fault> {
        while self.u16(*at, false) == Some(2) {
            let Some(element) = self.header(*at, self.meta) else {
                return Err(Fault { at: *at, tag: (2, 0), why: "the file stops in its head" });
            };
            let end = self.end(&element, *at, self.bytes.len())?;
            if element.tag == (2, 0x10) {
                self.syntax = self.value(&element, end);
            }
            self.elements = self.elements.saturating_add(1);
            *at = end;
        }
        Ok(())
    }

    /// Where an element of defined length ends.
    fn end(&self, element: &Element, at: usize, most: usize) -> Result<usize, Fault> {
        let end = element.value.saturating_add(element.length);
        if end > most || end > self.bytes.len() {
            return Err(Fault { at, tag: element.tag, why: "the element is longer than what is left" });
        }
        Ok(end)
    }

    fn value(&self, element: &Element, end: usize) -> String {
        let bytes = self.bytes.get(element.value..end).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned()
    }

    /// Elements up to an end, or to the delimiter of an item of undefined length; where they end.
    fn elements(
        &mut self,
        mut at: usize,
        end: usize,
        syntax: Syntax,
        depth: usize,
        open: bool,
    ) -> Result<usize, Fault> {
        let mut last = (0_u16, 0_u16);
        while at < end {
            let Some(element) = self.header(at, syntax) else {
                return Err(Fault { at, tag: last, why: "the object stops in the head of an element" });
            };
            if element.tag == ITEM_END && open {
                return Ok(element.value);
            }
            self.count(&element, at)?;
            if element.tag <= last && last != (0, 0) && self.odd.len() < super::PROBLEMS_MAX {
                self.odd.push((element.tag, at, "the elements are not in ascending order"));
            }
            last = element.tag;
            at = self.element(&element, at, end, syntax, depth)?;
        }
        if open {
            return Err(Fault { at, tag: last, why: "an item of undefined length does not end" });
        }
        Ok(at)
    }

    fn count(&mut self, element: &Element, at: usize) -> Result<(), Fault> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > ELEMENTS_MAX {
            return Err(Fault { at, tag: element.tag, why: "more than four million elements" });
        }
        Ok(())
    }

    fn element(
        &mut self,
        element: &Element,
        at: usize,
        end: usize,
        syntax: Syntax,
        depth: usize,
    ) -> Result<usize, Fault> {
        let sequence = &element.vr == b"SQ";
        if element.length == UNDEFINED {
            let pixels = element.tag == (0x7fe0, 0x10);
            // Undefined length under UN means a sequence in implicit form (PS3.5, 6.2.2, note 2).
            let inner = if &element.vr == b"UN" { IMPLICIT } else { syntax };
            return self.items(element.value, end, inner, depth, pixels);
        }
        let stop = self.end(element, at, end)?;
        if sequence {
            self.items_within(element.value, stop, syntax, depth)?;
        } else if depth == 0 {
            self.note(element, stop);
        }
        Ok(stop)
    }

    fn note(&mut self, element: &Element, end: usize) {
        let name = match element.tag {
            (8, 0x16) => "sop_class",
            (8, 0x60) => "modality",
            (8, 0x70) => "manufacturer",
            (8, 0x1090) => "model",
            (0x18, 0x1020) => "software",
            (8, 5) => "character_set",
            _ => return,
        };
        let value = self.value(element, end);
        self.said.push((name, value));
    }

    /// Items up to the end of a sequence of undefined length; where it ends.
    fn items(
        &mut self,
        mut at: usize,
        end: usize,
        syntax: Syntax,
        depth: usize,
        pixels: bool,
    ) -> Result<usize, Fault> {
        loop {
            let item = self.item(at, end, syntax)?;
            match item.tag {
                SEQUENCE_END => return Ok(item.value),
                ITEM if pixels => at = self.end(&item, at, end)?,
                ITEM => at = self.inside(&item, at, end, syntax, depth)?,
                tag => {
                    return Err(Fault { at, tag, why: "an item or the end of the sequence should be here" });
                }
            }
        }
    }

    fn items_within(&mut self, mut at: usize, end: usize, syntax: Syntax, depth: usize) -> Result<(), Fault> {
        while at < end {
            let item = self.item(at, end, syntax)?;
            match item.tag {
                ITEM => at = self.inside(&item, at, end, syntax, depth)?,
                // Some writers close a sequence that needs no closing.
                SEQUENCE_END => at = item.value,
                tag => return Err(Fault { at, tag, why: "an item should be here" }),
            }
        }
        Ok(())
    }

    fn item(&mut self, at: usize, end: usize, syntax: Syntax) -> Result<Element, Fault> {
        let header = self.header(at, syntax).filter(|item| item.value <= end);
        let item = header.ok_or(Fault { at, tag: ITEM, why: "the object stops within a sequence" })?;
        self.count(&item, at)?;
        Ok(item)
    }

    fn inside(
        &mut self,
        item: &Element,
        at: usize,
        end: usize,
        syntax: Syntax,
        depth: usize,
    ) -> Result<usize, Fault> {
        if depth >= DEPTH_MAX {
            return Err(Fault { at, tag: item.tag, why: "sequences lie more than 64 deep in each other" });
        }
        let deeper = depth.saturating_add(1);
        if item.length == UNDEFINED {
            return self.elements(item.value, end, syntax, deeper, true);
        }
        let stop = self.end(item, at, end)?;
        self.elements(item.value, stop, syntax, deeper, false)
    }
}

#[cfg(test)]
mod tests {
    use super::inspect;

    /// A file whose data set is written by hand.
    fn file(syntax: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM\x02\0\x10\0UI");
        bytes.extend([u8::try_from(syntax.len()).unwrap(), 0]);
        bytes.extend(syntax.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[track_caller]
    fn check(syntax: &str, data: &[u8], want: &[&str]) {
        let report = inspect(&file(syntax, data));
        let told: Vec<String> = report.problems.iter().map(|p| format!("{} {}", p.code, p.place)).collect();
        assert_eq!(told, want, "{:#?}", report.problems);
    }

    const EXPLICIT: &str = "1.2.840.10008.1.2.1\0";
    /// A sequence of undefined length with an item of undefined length, and pixels in fragments.
    const NESTED: &[u8] = b"\x08\0\x60\0CS\x02\0CT\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\
        \x08\0\x00\x01SH\x02\0ab\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0\
        \xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x02\0\0\0xy\xfe\xff\xdd\xe0\0\0\0\0";

    #[test]
    fn objects_are_walked_to_the_end() {
        check(EXPLICIT, NESTED, &[]);
        check("1.2.840.10008.1.2\0", b"\x08\0\x60\0\x02\0\0\0MR", &[]);
        check("1.2.840.10008.1.2.2\0", b"\0\x08\0\x60CS\0\x02MR", &[]);
        // Labelled explicit, written implicit.
        check(EXPLICIT, b"\x08\0\x60\0\x02\0\0\0MR", &["(0002,0010) (0002,0010) byte 160"]);
    }

    #[test]
    fn what_does_not_end_says_where() {
        check(EXPLICIT, b"\x08\0\x60\0CS\x20\0CT", &["cut (0008,0060) byte 160"]);
        check(
            EXPLICIT,
            b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff",
            &["cut (0000,0000) byte 180"],
        );
        let mut deep = Vec::new();
        for _ in 0..100 {
            deep.extend(b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff");
        }
        check(EXPLICIT, &deep, &["cut (fffe,e000) byte 1452"]);
        let whole = file(EXPLICIT, NESTED);
        for end in 0..whole.len() {
            let _ = inspect(&whole[..end]);
        }
    }
}
