//! JSON (RFC 8259), as the wire sends it: a bounded walk over members.
//!
//! In: the bytes of a document, or its first part. Out: each text and number with the names of the members
//! around it, and each object when it closes; what is cut off never closes. Arrays add no name: their elements
//! stand under that of the array. Limits: [`DEPTH_MAX`], [`EVENTS_MAX`], [`TEXT_MAX`]. A fault ends the walk.

/// Arrays and objects inside one another: a bundle of FHIR resources has 12 levels.
const DEPTH_MAX: usize = 48;
/// Members and elements of a document.
const EVENTS_MAX: u32 = 32_768;
/// Bytes of one text; longer ones are cut here: names and numbers of devices are shorter.
const TEXT_MAX: usize = 1_024;

/// Who is told of members.
pub(crate) trait Visitor {
    /// A text, number or word under the names of the members around it, outermost first.
    fn value(&mut self, names: &[&[u8]], text: &str);
    /// The object under those names is over.
    fn close(&mut self, names: &[&[u8]]);
}

/// An array or object that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

struct Walk<'a> {
    rest: &'a [u8],
    open: Vec<(Open, bool)>,
    names: Vec<&'a [u8]>,
    /// A name was read, and its value comes next.
    named: bool,
}

/// Walks over a document until its end, its first fault or a limit.
pub(crate) fn walk(bytes: &[u8], visitor: &mut dyn Visitor) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut walk = Walk { rest: bytes, open: Vec::new(), names: Vec::new(), named: false };
    for _ in 0..EVENTS_MAX {
        if walk.step(visitor).is_none() {
            return;
        }
    }
}

impl<'a> Walk<'a> {
    /// The next token; `None` at the end or a fault.
    fn step(&mut self, visitor: &mut dyn Visitor) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let (first, rest) = self.rest.split_first()?;
        match first {
            b'{' | b'[' => {
                if self.open.len() >= DEPTH_MAX {
                    return None;
                }
                let kind = if *first == b'{' { Open::Object } else { Open::Array };
                self.open.push((kind, std::mem::take(&mut self.named)));
                self.rest = rest;
            }
            b'}' | b']' => {
                let (kind, named) = self.open.pop()?;
                if (kind == Open::Object) != (*first == b'}') || self.named {
                    return None;
                }
                if kind == Open::Object {
                    visitor.close(&self.names);
                }
                if named {
                    self.names.pop();
                }
                self.rest = rest;
            }
            b',' => self.rest = rest,
            b'"' => {
                self.rest = rest;
                let text = self.text()?;
                let within_object = self.open.last().is_some_and(|(kind, _)| *kind == Open::Object);
                if within_object && !self.named {
                    self.rest = self.rest.trim_ascii_start().strip_prefix(b":")?;
                    self.names.push(text);
                    self.named = true;
                } else {
                    visitor.value(&self.names, &unescaped(text));
                    self.valued();
                }
            }
            _ => {
                let ends = |b: &u8| matches!(b, b',' | b'}' | b']') || b.is_ascii_whitespace();
                let end = self.rest.iter().position(ends)?;
                let (word, rest) = self.rest.split_at_checked(end)?;
                let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                if word.is_empty() || !word.iter().all(plain) {
                    return None;
                }
                self.rest = rest;
                visitor.value(&self.names, std::str::from_utf8(word).ok()?);
                self.valued();
            }
        }
        Some(())
    }

    /// A member has its value.
    fn valued(&mut self) {
        if std::mem::take(&mut self.named) {
            self.names.pop();
        }
    }

    /// The text up to the closing quote, escapes and all.
    fn text(&mut self) -> Option<&'a [u8]> {
        let (all, mut at) = (self.rest, 0_usize);
        loop {
            let ahead = all.get(at..)?;
            let found = at.saturating_add(memchr::memchr2(b'"', b'\\', ahead)?);
            if all.get(found) == Some(&b'"') {
                self.rest = all.get(found.saturating_add(1)..)?;
                return all.get(..found);
            }
            at = found.saturating_add(2);
        }
    }
}

/// A text without its escapes; what is not UTF-8 is replaced.
fn unescaped(raw: &[u8]) -> String {
    let raw = raw.get(..TEXT_MAX).unwrap_or(raw);
    let text = String::from_utf8_lossy(raw);
    if !text.contains('\\') {
        return text.into_owned();
    }
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n' | 'r' | 't' | 'b' | 'f') => out.push(' '),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                // Halves of a pair are left out: names of devices have none.
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Visitor for Seen {
        fn value(&mut self, names: &[&[u8]], text: &str) {
            self.0.push(format!("{} {text}", path(names)));
        }

        fn close(&mut self, names: &[&[u8]]) {
            self.0.push(format!("/{}", path(names)));
        }
    }

    fn path(names: &[&[u8]]) -> String {
        String::from_utf8(names.join(&b'.')).unwrap()
    }

    fn seen(document: &str) -> Vec<String> {
        let mut seen = Seen::default();
        walk(document.as_bytes(), &mut seen);
        seen.0
    }

    #[test]
    fn members_are_told_with_the_names_around_them() {
        let document = r#" {"a": [{"b":"x\"\u00f6\n"}, {"b" :1.5e3}], "c":{"d":true,"e":[]}, "f":null} "#;
        let want = ["a.b x\"ö ", "/a", "a.b 1.5e3", "/a", "c.d true", "/c", "f null", "/"];
        assert_eq!(seen(document), want);
        assert_eq!(seen(r#"["x",2]"#), [" x", " 2"]);
    }

    #[test]
    fn what_is_cut_or_foul_is_never_told() {
        assert_eq!(seen(r#"{"a":"one","b":"tw"#), ["a one"]);
        assert_eq!(seen(r#"{"a":12"#), [""; 0]);
        for foul in [r#"{"a":}"#, r#"{"a"]"#, "[}", r#"{"a" "b"}"#, "{<a>}", r#""\"#, "]"] {
            assert_eq!(seen(foul), [""; 0], "{foul}");
        }
        assert_eq!(seen(&"[".repeat(100_000)), [""; 0]);
        assert_eq!(seen(&format!("[{}]", "1,".repeat(100_000))).len(), 16_384);
        assert!(seen(&format!("[\"{}\"]", "x".repeat(5_000)))[0].len() <= TEXT_MAX + 1);
    }
}
