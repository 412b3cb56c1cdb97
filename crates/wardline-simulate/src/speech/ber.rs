//! BER/DER (ITU-T X.690): tag, definite length, contents.

/// One element; lengths up to 65,535.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match contents.len() {
        length @ 0..=0x7f => out.push(length as u8),
        length @ 0x80..=0xff => out.extend_from_slice(&[0x81, length as u8]),
        length => {
            out.push(0x82);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(contents);
    out
}

/// A constructed element of several.
pub(crate) fn group(tag: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &elements.concat())
}

/// A non-negative integer in the fewest bytes.
pub(crate) fn integer(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    let mut contents = bytes[skip..].to_vec();
    if contents[0] & 0x80 != 0 {
        contents.insert(0, 0);
    }
    element(0x02, &contents)
}

/// An object identifier.
pub(crate) fn object(arcs: &[u32]) -> Vec<u8> {
    let mut contents = vec![(arcs[0] * 40 + arcs[1]) as u8];
    for arc in &arcs[2..] {
        let groups = (1..5).rev().find(|group| arc >> (7 * group) != 0).unwrap_or(0);
        for group in (0..=groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            contents.push((arc >> (7 * group)) as u8 & 0x7f | more);
        }
    }
    element(0x06, &contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_objects_are_those_of_x690() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(65_537), [2, 3, 1, 0, 1]);
        assert_eq!(object(&[1, 2, 840, 113_549]), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        assert_eq!(element(4, &[0; 200])[..3], [4, 0x81, 200]);
    }
}
