//! Text of other widths than UTF-8's, as a stream of UTF-8.

use std::io::{self, Read};

/// How the characters of a text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf16Big,
    Utf16Little,
    Utf32Big,
    Utf32Little,
}

impl Encoding {
    /// How many bytes of mark to leave out, and the encoding when it is not UTF-8.
    pub(super) fn of(head: &[u8]) -> (usize, Option<Self>) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => (3, None),
            [0, 0, 0xfe, 0xff] => (4, Some(Self::Utf32Big)),
            [0xff, 0xfe, 0, 0] => (4, Some(Self::Utf32Little)),
            [0xfe, 0xff, ..] => (2, Some(Self::Utf16Big)),
            [0xff, 0xfe, ..] => (2, Some(Self::Utf16Little)),
            // Without a mark: the first character of a document is ASCII.
            [0, 0, 0, 0x20..0x7f] => (0, Some(Self::Utf32Big)),
            [0x20..0x7f, 0, 0, 0] => (0, Some(Self::Utf32Little)),
            [0, 0x20..0x7f, 0, 0x20..0x7f] => (0, Some(Self::Utf16Big)),
            [0x20..0x7f, 0, 0x20..0x7f, 0] => (0, Some(Self::Utf16Little)),
            _ => (0, None),
        }
    }

    const fn width(self) -> usize {
        match self {
            Self::Utf16Big | Self::Utf16Little => 2,
            Self::Utf32Big | Self::Utf32Little => 4,
        }
    }
}

/// Turns a stream into UTF-8; what is no character reads as U+FFFD.
pub(super) struct Utf8<R> {
    input: R,
    encoding: Encoding,
    /// Bytes of a unit that is not whole yet.
    part: Vec<u8>,
    /// The first half of a pair of surrogates.
    high: Option<u16>,
    /// What is ready, and how much of it was given.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    pub(super) const fn new(input: R, encoding: Encoding) -> Self {
        Self { input, encoding, part: Vec::new(), high: None, ready: Vec::new(), given: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        let mut chunk = [0; 16 << 10];
        let count = self.input.read(&mut chunk)?;
        self.ended = count == 0;
        let mut text = String::new();
        self.part.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let part = std::mem::take(&mut self.part);
        let mut units = part.chunks_exact(self.encoding.width());
        for unit in &mut units {
            self.unit(unit, &mut text);
        }
        self.part = units.remainder().to_vec();
        if self.ended && (self.high.take().is_some() || !self.part.is_empty()) {
            self.part.clear();
            text.push('\u{fffd}');
        }
        self.ready = text.into_bytes();
        Ok(())
    }

    fn unit(&mut self, unit: &[u8], text: &mut String) {
        match (self.encoding, unit) {
            (Encoding::Utf16Big, &[a, b]) => self.half(u16::from_be_bytes([a, b]), text),
            (Encoding::Utf16Little, &[a, b]) => self.half(u16::from_le_bytes([a, b]), text),
            (Encoding::Utf32Big, &[a, b, c, d]) => {
                text.push(char::from_u32(u32::from_be_bytes([a, b, c, d])).unwrap_or('\u{fffd}'));
            }
            (Encoding::Utf32Little, &[a, b, c, d]) => {
                text.push(char::from_u32(u32::from_le_bytes([a, b, c, d])).unwrap_or('\u{fffd}'));
            }
            _ => {}
        }
    }

    fn half(&mut self, unit: u16, text: &mut String) {
        let high = self.high.take();
        if (0xd800..0xdc00).contains(&unit) {
            text.extend(high.map(|_| '\u{fffd}'));
            self.high = Some(unit);
            return;
        }
        let units = high.into_iter().chain([unit]);
        text.extend(char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')));
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.ready.len() && !self.ended {
            self.fill()?;
        }
        let left = self.ready.get(self.given..).unwrap_or_default();
        let count = left.len().min(into.len());
        for (to, from) in into.iter_mut().zip(left) {
            *to = *from;
        }
        self.given = self.given.saturating_add(count);
        Ok(count)
    }
}
