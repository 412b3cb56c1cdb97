use super::*;
use flate2::{Compression, write::DeflateEncoder, write::GzEncoder};
use std::io::Write;

/// The parts of a file: name and text each, or why it cannot be opened.
fn parts(bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut parts = Vec::new();
    let opened = each_part::<OpenError>(Box::new(bytes), &mut |name, stream| {
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        parts.push((name.unwrap_or("-").to_owned(), String::from_utf8_lossy(&text).into_owned()));
        Ok(())
    });
    opened.map(|()| parts).map_err(|error| match error {
        OpenError::Io(inner) => inner.to_string(),
        other => other.to_string(),
    })
}

fn one(text: &str) -> Result<Vec<(String, String)>, String> {
    Ok(vec![("-".to_owned(), text.to_owned())])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A zip of members, deflated, as APPNOTE writes it.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(bytes).unwrap();
        let packed = packed.finish().unwrap();
        let offset = u32::try_from(out.len()).unwrap();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let sizes = [
            u32::try_from(packed.len()).unwrap().to_le_bytes(),
            u32::try_from(bytes.len()).unwrap().to_le_bytes(),
        ];
        let head =
            [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes.concat(), &length, &[0, 0]].concat();
        out.extend([b"PK\x03\x04", &head[..], name.as_bytes(), &packed].concat());
        directory.extend(
            [b"PK\x01\x02\x14\x00", &head[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let (size, at) = (u32::try_from(directory.len()).unwrap(), u32::try_from(out.len()).unwrap());
    out.extend(directory);
    out.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat(),
    );
    out
}

#[test]
fn text_comes_out_as_utf8_without_a_mark() {
    let text = "{\"name\": \"Gerät \u{1f600}\"}";
    let wide = |write: fn(u16) -> [u8; 2], mark: &[u8]| {
        let units: Vec<u8> = text.encode_utf16().flat_map(write).collect();
        [mark, &units].concat()
    };
    assert_eq!(parts(text.as_bytes()), one(text));
    assert_eq!(parts(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), one(text));
    assert_eq!(parts(&wide(u16::to_le_bytes, b"\xff\xfe")), one(text));
    assert_eq!(parts(&wide(u16::to_be_bytes, b"\xfe\xff")), one(text));
    assert_eq!(parts(&wide(u16::to_le_bytes, b"")), one(text));
    assert_eq!(parts(&wide(u16::to_be_bytes, b"")), one(text));
    let cut = &wide(u16::to_le_bytes, b"\xff\xfe");
    assert!(parts(&cut[..cut.len() - 1]).unwrap()[0].1.ends_with('\u{fffd}'));
}

#[test]
fn packed_files_are_opened() {
    assert_eq!(parts(&gzip(b"hello")), one("hello"));
    assert_eq!(parts(&[gzip(b"hello "), gzip(b"world")].concat()), one("hello world"));
    let want = vec![("a.json".to_owned(), "one".to_owned()), ("b/c.json".to_owned(), "two".to_owned())];
    assert_eq!(parts(&zip(&[("a.json", b"one"), ("b/", b""), ("b/c.json", b"two")])), Ok(want));
}

#[test]
fn bombs_and_broken_archives_are_refused() {
    let bomb = vec![b' '; 64 << 20];
    let refused = "it unpacks to far more than any document: not read on";
    assert_eq!(parts(&gzip(&bomb)), Err(refused.to_owned()));
    let refused = "a member unpacks to far more than any document: not read on";
    assert_eq!(parts(&zip(&[("bomb", &bomb)])), Err(refused.to_owned()));
    let whole = zip(&[("a", b"one"), ("b", b"two")]);
    for end in 4..whole.len() {
        let _ = parts(&whole[..end]);
        let mut changed = whole.clone();
        changed[end] ^= 0xff;
        let _ = parts(&changed);
    }
    assert!(parts(&whole[..whole.len() - 30]).is_err());
}
