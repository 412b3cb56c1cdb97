//! Tags of XML, as far as values in attributes need them. No entities beyond the five of the standard.

/// A start, end or empty tag.
pub(super) struct Tag<'a> {
    /// The name as written.
    pub(super) name: &'a [u8],
    /// `</…>`.
    pub(super) closes: bool,
    /// `<…/>`.
    pub(super) is_empty: bool,
    rest: &'a [u8],
}

impl<'a> Tag<'a> {
    /// The tag that `bytes` are, from `<` to `>`; nothing for declarations and comments.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let inner = bytes.strip_prefix(b"<")?.strip_suffix(b">")?;
        let (inner, closes) = inner.strip_prefix(b"/").map_or((inner, false), |inner| (inner, true));
        let (inner, is_empty) = inner.strip_suffix(b"/").map_or((inner, false), |inner| (inner, true));
        let end = inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len());
        let (name, rest) = inner.split_at_checked(end)?;
        name.first()?.is_ascii_alphabetic().then_some(Self { name, closes, is_empty, rest })
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, wanted: &[u8]) -> Option<&'a [u8]> {
        let mut rest = self.rest;
        loop {
            let equals = memchr::memchr(b'=', rest)?;
            let (name, after) = rest.split_at_checked(equals)?;
            let value = after.get(1..)?.trim_ascii_start();
            let (&quote, value) = value.split_first()?;
            if !matches!(quote, b'"' | b'\'') {
                return None;
            }
            let (value, after) = value.split_at_checked(memchr::memchr(quote, value)?)?;
            if name.trim_ascii() == wanted {
                return Some(value);
            }
            rest = after.get(1..)?;
        }
    }
}

/// Where the markup that starts `bytes` with `<` ends, its `>` included.
pub(super) fn end_of_markup(bytes: &[u8]) -> Option<usize> {
    let closed = |end: &[u8]| memchr::memmem::find(bytes, end).map(|at| at.saturating_add(end.len()));
    if bytes.starts_with(b"<!--") {
        return closed(b"-->");
    }
    if bytes.starts_with(b"<?") {
        return closed(b"?>");
    }
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'>') => return Some(at.saturating_add(1)),
            _ => {}
        }
    }
    None
}

/// The five entities that every writer knows.
pub(super) fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
