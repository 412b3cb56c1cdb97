//! Base64 (RFC 4648 section 4): both ways, bounded by the caller.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes that `text` stands for, with or without padding; `None` when it is not base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|b| **b == b'=').count();
    let text = text.get(..text.len().checked_sub(padding)?)?;
    if padding > 2 || text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0_u32, 0_u32);
    for &letter in text {
        let value = ALPHABET.iter().position(|a| *a == letter)?;
        held = (held << 6 | u32::try_from(value).ok()?) & 0xFFFF;
        bits = bits.saturating_add(6);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            bytes.push(u8::try_from((held >> bits) & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

/// Base64 of `bytes` without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let held = at(0) << 16 | at(1) << 8 | at(2);
        for shift in [18_u32, 12, 6, 0].into_iter().take(group.len().saturating_add(1)) {
            let index = usize::try_from((held >> shift) & 63).unwrap_or_default();
            text.extend(ALPHABET.get(index).map(|b| char::from(*b)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_go_both_ways() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, text) in vectors {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(plain.as_bytes()));
            assert_eq!(encode(plain.as_bytes()), text.trim_end_matches('='));
        }
        for bad in ["A", "Zm9v!", "Zg===", "Z=g="] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }
}
