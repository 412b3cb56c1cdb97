//! HPACK (RFC 7541): header fields of HTTP/2, one direction.
//!
//! In: whole header blocks in order. Out: their fields. Limits: [`TABLE_MAX`] bytes of the dynamic table,
//! [`FIELDS_MAX`] fields of a block, [`TEXT_MAX`] bytes of a text. A fault ends the reading of the direction, as
//! later blocks build on this one.

use wardline_wire::{Fault, Reader};

/// The table that both sides begin with (RFC 9113 section 6.5.2); who asks for more is read no further.
const TABLE_MAX: usize = 4_096;
/// Fields of a block: browsers send some 20.
const FIELDS_MAX: usize = 128;
/// Longest text unpacked; longer ones end the reading.
const TEXT_MAX: usize = 8_192;
/// What an entry of the table costs beside its text (section 4.1).
const ENTRY_COST: usize = 32;

/// A name and a value.
pub(super) type Field = (Box<str>, Box<str>);

/// The state of one direction.
#[derive(Debug)]
pub(super) struct Hpack {
    /// The newest first.
    dynamic: std::collections::VecDeque<Field>,
    size: usize,
    limit: usize,
}

impl Default for Hpack {
    fn default() -> Self {
        Self { dynamic: std::collections::VecDeque::new(), size: 0, limit: TABLE_MAX }
    }
}

impl Hpack {
    /// Reads a whole block.
    pub(super) fn block(&mut self, bytes: &[u8]) -> Result<Vec<Field>, Fault> {
        let mut reader = Reader::new(bytes);
        let mut fields = Vec::new();
        while !reader.is_empty() {
            let first = reader.u8("representation")?;
            let field = match first {
                0x80.. => self.entry(integer(first, 7, &mut reader)?)?,
                0x40..0x80 => {
                    let field = self.literal(first, 6, &mut reader)?;
                    self.insert(field.clone());
                    field
                }
                0x20..0x40 => {
                    let limit = integer(first, 5, &mut reader)?;
                    if limit > TABLE_MAX {
                        return Err(Fault::TooLarge("header table"));
                    }
                    self.limit = limit;
                    self.evict(0);
                    continue;
                }
                _ => self.literal(first, 4, &mut reader)?,
            };
            if fields.len() >= FIELDS_MAX {
                return Err(Fault::TooLarge("header fields"));
            }
            fields.push(field);
        }
        Ok(fields)
    }

    fn entry(&self, index: usize) -> Result<Field, Fault> {
        let at = index.checked_sub(1).ok_or(Fault::Malformed("header index"))?;
        if let Some((name, value)) = STATIC.get(at) {
            return Ok(((*name).into(), (*value).into()));
        }
        let entry = self.dynamic.get(at.saturating_sub(STATIC.len()));
        entry.cloned().ok_or(Fault::Malformed("header index"))
    }

    fn literal(&self, first: u8, prefix: u32, reader: &mut Reader<'_>) -> Result<Field, Fault> {
        let name = match integer(first, prefix, reader)? {
            0 => text(reader)?,
            index => self.entry(index)?.0,
        };
        Ok((name, text(reader)?))
    }

    fn insert(&mut self, field: Field) {
        let cost = cost(&field);
        self.evict(cost);
        if cost <= self.limit {
            self.size = self.size.saturating_add(cost);
            self.dynamic.push_front(field);
        }
    }

    /// Makes room for so many bytes.
    fn evict(&mut self, room: usize) {
        while self.size.saturating_add(room) > self.limit {
            let Some(oldest) = self.dynamic.pop_back() else { return };
            self.size = self.size.saturating_sub(cost(&oldest));
        }
    }
}

fn cost((name, value): &Field) -> usize {
    name.len().saturating_add(value.len()).saturating_add(ENTRY_COST)
}

/// An integer that begins in the low bits of `first` (section 5.1).
fn integer(first: u8, prefix: u32, reader: &mut Reader<'_>) -> Result<usize, Fault> {
    let mask = 0xFF_u8.checked_shr(8_u32.saturating_sub(prefix)).unwrap_or(0xFF);
    let mut value = usize::from(first & mask);
    if first & mask != mask {
        return Ok(value);
    }
    for shift in [0, 7, 14] {
        let byte = reader.u8("integer")?;
        let part = usize::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
        value = value.saturating_add(part);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Fault::TooLarge("integer"))
}

/// A text, packed or not (section 5.2); what is no UTF-8 is replaced.
fn text(reader: &mut Reader<'_>) -> Result<Box<str>, Fault> {
    let first = reader.u8("text length")?;
    let length = integer(first, 7, reader)?;
    if length > TEXT_MAX {
        return Err(Fault::TooLarge("text"));
    }
    let raw = reader.take(length, "text")?;
    let unpacked = if first & 0x80 == 0 { raw.to_vec() } else { unpack(raw)? };
    Ok(String::from_utf8_lossy(&unpacked).into())
}

/// Unpacks a text in the code of appendix B. It is canonical: the lengths of the codes tell the codes.
fn unpack(raw: &[u8]) -> Result<Vec<u8>, Fault> {
    let code = &*CODE;
    let mut out = Vec::with_capacity(raw.len());
    let (mut value, mut length) = (0_u32, 0_usize);
    for byte in raw {
        for bit in (0..8).rev() {
            value = (value << 1) | u32::from((byte >> bit) & 1);
            length = length.saturating_add(1);
            if let Some(symbol) = code.symbol(value, length) {
                out.push(symbol);
                if out.len() > TEXT_MAX {
                    return Err(Fault::TooLarge("text"));
                }
                (value, length) = (0, 0);
            } else if length >= LENGTH_MAX {
                return Err(Fault::Malformed("packed text"));
            }
        }
    }
    // Up to seven bits of one fill the last byte.
    let filled = length < 8 && value.count_ones() == u32::try_from(length).unwrap_or(u32::MAX);
    if filled { Ok(out) } else { Err(Fault::Malformed("packed text")) }
}

/// Longest code.
const LENGTH_MAX: usize = 30;

/// For each length the first code, and the symbols in the order of their codes.
struct Code {
    first: [u32; LENGTH_MAX + 1],
    symbols: [Vec<u8>; LENGTH_MAX + 1],
}

static CODE: std::sync::LazyLock<Code> = std::sync::LazyLock::new(|| {
    let mut code = Code { first: [0; LENGTH_MAX + 1], symbols: std::array::from_fn(|_| Vec::new()) };
    for (symbol, length) in (0_u8..=255).zip(LENGTHS) {
        if let Some(of_length) = code.symbols.get_mut(usize::from(*length)) {
            of_length.push(symbol);
        }
    }
    let mut next = 0_u32;
    for (first, symbols) in code.first.iter_mut().zip(&code.symbols) {
        next <<= 1;
        *first = next;
        next = next.saturating_add(u32::try_from(symbols.len()).unwrap_or(u32::MAX));
    }
    code
});

impl Code {
    fn symbol(&self, value: u32, length: usize) -> Option<u8> {
        let at = value.checked_sub(*self.first.get(length)?)?;
        self.symbols.get(length)?.get(usize::try_from(at).ok()?).copied()
    }
}

/// Lengths of the codes of all bytes (appendix B).
#[rustfmt::skip]
const LENGTHS: &[u8; 256] = &[
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// Fields that need not be sent (appendix A).
const STATIC: &[(&str, &str)] = &[
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: String = text.split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    fn check(hpack: &mut Hpack, block: &str, want: &[(&str, &str)]) {
        let fields = hpack.block(&hex(block)).unwrap();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(fields, want);
    }

    #[test]
    fn the_code_is_whole() {
        let sum: u64 = LENGTHS.iter().map(|length| 1_u64 << (32 - length)).sum();
        // What is missing to one is the code of the end of a text, which is never sent.
        assert_eq!(sum + (1 << 2), 1 << 32);
        assert_eq!(STATIC.len(), 61);
    }

    #[test]
    fn requests_build_on_those_before() {
        // RFC 7541 appendix C.4.
        let mut hpack = Hpack::default();
        let first =
            [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
        check(&mut hpack, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", &first);
        let second = [first.as_slice(), &[("cache-control", "no-cache")]].concat();
        check(&mut hpack, "8286 84be 5886 a8eb 1064 9cbf", &second);
        check(
            &mut hpack,
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            &[
                (":method", "GET"),
                (":scheme", "https"),
                (":path", "/index.html"),
                (":authority", "www.example.com"),
                ("custom-key", "custom-value"),
            ],
        );
        assert_eq!(hpack.size, 164);
    }

    #[test]
    fn what_is_foul_or_beyond_bounds_ends() {
        for foul in
            ["80", "ff ff ff ff ff", "3f ff ff 7f", "00", "41 8c f1", "00 81 00 00", "bf", "00 83 ff ff ff"]
        {
            assert!(Hpack::default().block(&hex(foul)).is_err(), "{foul}");
        }
        let mut hpack = Hpack::default();
        for _ in 0..1000 {
            let mut block = vec![0x40, 1, b'a', 0x7F, 0xA9, 0x0F];
            block.extend([b'x'; 2_088]);
            hpack.block(&block).unwrap();
            assert!(hpack.size <= TABLE_MAX);
        }
        assert_eq!(hpack.dynamic.len(), 1);
    }
}
