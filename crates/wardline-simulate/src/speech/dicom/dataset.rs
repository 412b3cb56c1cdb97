//! DICOM data sets (PS3.5): elements in implicit or explicit little endian, sequences of undefined length.

/// A transfer syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Explicit,
    Implicit,
}

impl Syntax {
    pub(crate) const fn uid(self) -> &'static str {
        match self {
            Self::Explicit => "1.2.840.10008.1.2.1",
            Self::Implicit => "1.2.840.10008.1.2",
        }
    }
}

/// Group and element.
pub(crate) type Tag = (u16, u16);

/// Length that says "until the delimiter".
const UNDEFINED: u32 = 0xffff_ffff;

/// A data set being written; the caller keeps tags ascending.
#[derive(Debug)]
pub(crate) struct Dataset {
    syntax: Syntax,
    out: Vec<u8>,
}

impl Dataset {
    pub(crate) const fn new(syntax: Syntax) -> Self {
        Self { syntax, out: Vec::new() }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.out
    }

    fn head(&mut self, tag: Tag, vr: [u8; 2], length: u32) {
        self.out.extend_from_slice(&tag.0.to_le_bytes());
        self.out.extend_from_slice(&tag.1.to_le_bytes());
        match self.syntax {
            Syntax::Implicit => self.out.extend_from_slice(&length.to_le_bytes()),
            Syntax::Explicit => {
                self.out.extend_from_slice(&vr);
                if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") {
                    self.out.extend_from_slice(&[0, 0]);
                    self.out.extend_from_slice(&length.to_le_bytes());
                } else {
                    self.out.extend_from_slice(&(length as u16).to_le_bytes());
                }
            }
        }
    }

    /// A string, padded to even length: UIDs with NUL, others with a space.
    pub(crate) fn text(&mut self, tag: Tag, vr: [u8; 2], value: &str) {
        let padding = value.len() % 2;
        self.head(tag, vr, (value.len() + padding) as u32);
        self.out.extend_from_slice(value.as_bytes());
        if padding == 1 {
            self.out.push(if &vr == b"UI" { 0 } else { b' ' });
        }
    }

    pub(crate) fn number(&mut self, tag: Tag, value: u16) {
        self.head(tag, *b"US", 2);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn long(&mut self, tag: Tag, value: u32) {
        self.head(tag, *b"UL", 4);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn bulk(&mut self, tag: Tag, vr: [u8; 2], value: &[u8]) {
        self.head(tag, vr, value.len() as u32);
        self.out.extend_from_slice(value);
    }

    /// A sequence of one item, both of undefined length.
    pub(crate) fn sequence(&mut self, tag: Tag, item: &Self) {
        self.head(tag, *b"SQ", UNDEFINED);
        // Items and delimiters have no value representation in any syntax (PS3.5 section 7.5).
        let mark = |out: &mut Vec<u8>, element: u16, length: u32| {
            out.extend_from_slice(&0xfffe_u16.to_le_bytes());
            out.extend_from_slice(&element.to_le_bytes());
            out.extend_from_slice(&length.to_le_bytes());
        };
        mark(&mut self.out, 0xe000, UNDEFINED);
        self.out.extend_from_slice(&item.out);
        mark(&mut self.out, 0xe00d, 0);
        mark(&mut self.out, 0xe0dd, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_syntaxes_are_those_of_ps3_5() {
        let mut explicit = Dataset::new(Syntax::Explicit);
        explicit.text((0x0008, 0x0060), *b"CS", "CT");
        assert_eq!(explicit.bytes(), b"\x08\x00\x60\x00CS\x02\x00CT");
        let mut implicit = Dataset::new(Syntax::Implicit);
        implicit.text((0x0008, 0x0016), *b"UI", "1.2");
        assert_eq!(implicit.bytes(), b"\x08\x00\x16\x00\x04\x00\x00\x001.2\x00");
    }
}
