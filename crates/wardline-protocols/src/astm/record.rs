//! ASTM E1394 / LIS02-A2 records: delimiters of the header's choice, fields, components.

use crate::charset::Charset;

/// The delimiters a header declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delimiters {
    pub(super) field: u8,
    pub(super) repetition: u8,
    pub(super) component: u8,
    pub(super) escape: Option<u8>,
}

impl Delimiters {
    /// Those of nearly everybody: `|\^&`.
    pub(super) const USUAL: Self =
        Self { field: b'|', repetition: b'\\', component: b'^', escape: Some(b'&') };
}

/// What the start of bytes says about being a header record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Is(Delimiters),
    Cut,
    Not,
}

/// Reads `H` with its delimiters: field, repetition, component, mostly escape; then a field or the end.
pub(super) fn header(bytes: &[u8]) -> Header {
    let Some((&first, rest)) = bytes.split_first() else { return Header::Cut };
    if first != b'H' {
        return Header::Not;
    }
    let count = rest.iter().take(6).take_while(|b| b.is_ascii_punctuation()).count();
    let marks = rest.get(..count).unwrap_or_default();
    let Some((&field, others)) = marks.split_first() else {
        return if rest.is_empty() { Header::Cut } else { Header::Not };
    };
    let end = others.iter().position(|&b| b == field);
    let closed = end.is_some() || matches!(rest.get(count), Some(b'\r' | b'\n'));
    let others = others.get(..end.unwrap_or(others.len())).unwrap_or_default();
    let distinct =
        others.iter().enumerate().all(|(at, b)| others.iter().take(at).all(|earlier| earlier != b));
    match (others, closed) {
        (&[repetition, component, ref rest @ ..], true) if distinct && rest.len() < 2 => {
            Header::Is(Delimiters { field, repetition, component, escape: rest.first().copied() })
        }
        (_, false) if distinct && others.len() < 4 && count == rest.len() => Header::Cut,
        _ => Header::Not,
    }
}

/// Whether `kind` names a record of the standard.
pub(super) const fn is_kind(kind: u8) -> bool {
    matches!(kind, b'H' | b'P' | b'O' | b'R' | b'C' | b'Q' | b'M' | b'S' | b'L')
}

/// A record that can be asked for its fields.
pub(super) struct Record<'a> {
    pub(super) kind: u8,
    bytes: &'a [u8],
    delimiters: Delimiters,
}

impl<'a> Record<'a> {
    /// The record in `bytes`, when they start with its letter and a delimiter.
    pub(super) fn of(bytes: &'a [u8], delimiters: Delimiters) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let delimited = rest.first().is_none_or(|&b| b == delimiters.field && b.is_ascii_punctuation());
        (is_kind(kind) && delimited).then_some(Self { kind, bytes, delimiters })
    }

    /// A field by the standard's number (the record letter is 1).
    fn field(&self, number: usize) -> &'a [u8] {
        let at = number.saturating_sub(1);
        self.bytes.split(|&b| b == self.delimiters.field).nth(at).unwrap_or_default()
    }

    /// Whether a field says anything.
    pub(super) fn has_content_in(&self, number: usize) -> bool {
        self.field(number).iter().any(|&b| says(b))
    }

    /// Whether a field after the first `count` says anything.
    pub(super) fn has_content(&self, count: usize) -> bool {
        self.bytes.split(|&b| b == self.delimiters.field).skip(count).flatten().any(|&b| says(b))
    }

    /// A whole field as text, its components separated by `^`.
    pub(super) fn whole(&self, number: usize) -> Option<String> {
        let usual = |&b: &u8| if b == self.delimiters.component { b'^' } else { b };
        let bytes: Vec<u8> = self.field(number).iter().map(usual).collect();
        let text = Charset::Unknown.decode(&bytes)?.trim().to_owned();
        text.bytes().any(says).then_some(text)
    }

    /// The first component of a field that says anything.
    pub(super) fn first(&self, number: usize) -> Option<String> {
        let whole = self.whole(number)?;
        whole.split('^').map(str::trim).find(|part| !part.is_empty()).map(str::to_owned)
    }
}

const fn says(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_any_delimiters_are_read() {
        assert_eq!(header(b"H|\\^&|||X"), Header::Is(Delimiters::USUAL));
        assert_eq!(header(b"H|\\^&\r"), Header::Is(Delimiters::USUAL));
        let Header::Is(genexpert) = header(b"H|@^\\|ID") else { panic!() };
        assert_eq!((genexpert.repetition, genexpert.escape), (b'@', Some(b'\\')));
        let Header::Is(three) = header(b"H!~$!") else { panic!() };
        assert_eq!((three.component, three.escape), (b'$', None));
        for cut in [b"".as_slice(), b"H", b"H|", b"H|\\^", b"H|\\^&"] {
            assert_eq!(header(cut), Header::Cut, "{}", cut.escape_ascii());
        }
        for not in [b"HTTP/1.1".as_slice(), b"H||||", b"H|^^&|", b"H|\\^&!?", b"P|1", b"H|A", b"H: x"] {
            assert_eq!(header(not), Header::Not, "{}", not.escape_ascii());
        }
    }
}
