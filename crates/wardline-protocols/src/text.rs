//! Text of the wire as strings: lossless or not at all.

/// The text of `bytes` when they are all printable ASCII; ends (blanks and NULs) trimmed, `None` when nothing
/// is left. For fields whose character set is the sender's secret (OEM code pages).
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches([' ', '\0']);
    (!text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b))).then_some(text)
}

/// The text of `bytes` when they are UTF-8 without control characters; ends trimmed, `None` when nothing is
/// left. White space inside counts as text (descriptions have lines).
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())).then_some(text)
}

/// The text of UTF-16 (little endian) `bytes`, when they are well formed and without control characters.
pub(crate) fn utf16_le(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    let text = text.trim_matches([' ', '\0']);
    (rest.is_empty() && !text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Whether this is the name of a host and not a sentence, a path or an address: labels of letters, digits,
/// hyphens and underscores, with a letter.
pub(crate) fn is_host_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let labels = || name.strip_suffix('.').unwrap_or(name).split('.');
    name.len() <= 255
        && name.chars().any(char::is_alphabetic)
        && labels().all(|label| !label.is_empty() && label.len() <= 63 && label.chars().all(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_lossless_or_nothing() {
        assert_eq!(ascii(b"PACS01   \0"), Some("PACS01"));
        assert_eq!(ascii(b"R\xd6NTGEN"), None);
        assert_eq!(ascii(b"   "), None);
        assert_eq!(utf8("Röntgen\r\n2".as_bytes()), Some("Röntgen\r\n2"));
        assert_eq!(utf8(b"a\x1bb"), None);
        assert_eq!(utf16_le(b"R\0\xd6\0"), Some("RÖ".into()));
        assert_eq!(utf16_le(b"R\0\x00\xd8"), None, "half a surrogate pair");
        assert_eq!(utf16_le(b"R\0x"), None, "half a unit");
    }
}
