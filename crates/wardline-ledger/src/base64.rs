//! Base64 with padding (RFC 4648 section 4), as notes write it. Strict: no line breaks, no bits left over.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                let index = usize::try_from(word >> (18 - 6 * place) & 63).unwrap_or(0);
                text.push(char::from(ALPHABET[index]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Text as bytes; `None` when it is not what [`encode`] would have written.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.as_bytes().chunks(4) {
        let kept = chunk.iter().position(|byte| *byte == b'=').unwrap_or(chunk.len());
        let mut word = 0u32;
        for byte in &chunk[..kept] {
            let index = ALPHABET.iter().position(|known| known == byte)?;
            word = word << 6 | u32::try_from(index).ok()?;
        }
        word = word.checked_shl(u32::try_from(6 * (4 - kept)).ok()?)?;
        bytes.extend(word.to_be_bytes().get(1..kept.max(1))?);
    }
    (encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_hold() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(decode(&encode(&[0xff, 0xfe, 0xfb])).unwrap(), [0xff, 0xfe, 0xfb]);
        for bad in ["Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
