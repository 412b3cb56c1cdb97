//! JSON (RFC 8259) as documents of the field carry it: a tree that borrows from the text and knows its places.
//!
//! In: the bytes of one document or record, UTF-8. Out: a [`Tree`]: the root [`Node`], every node with its offset,
//! and the flaws that do not stop reading (a name twice in an object: the first is found by [`Node::get`], both are
//! in the list). What is no JSON is a [`Fault`] with its offset. [`place`] turns offsets into line and column;
//! [`Pointer`] writes RFC 6901 pointers.
//!
//! Limits: [`DEPTH_MAX`], [`FLAWS_MAX`]; nothing is allocated beyond the text's own size times a constant. Large feeds
//! go through [`stream`], record by record.

pub mod shape;
pub mod stream;

use std::borrow::Cow;
use std::fmt;

/// Objects and arrays within each other: documents of the field need fifteen, product trees thirty more.
pub const DEPTH_MAX: usize = 128;
/// Flaws told of one document.
pub const FLAWS_MAX: usize = 100;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// Offset of its first byte.
    pub at: usize,
    /// What it is.
    pub value: Value<'a>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as written.
    Number(&'a str),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object, in the order of the text.
    Map(Vec<Member<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value.
    pub node: Node<'a>,
}

/// Nothing, for those who ask for what is not there.
static NOTHING: Node<'static> = Node { at: 0, value: Value::Null };

impl<'a> Node<'a> {
    /// The member of that name, when this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|member| member.name == name).map(|member| &member.node)
    }

    /// The member of that name, or null.
    #[must_use]
    pub fn of(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&NOTHING)
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, or a number as written.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text of the member of that name.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::text)
    }

    /// The text of the member of that name, owned; empty when there is none.
    #[must_use]
    pub fn owned(&self, name: &str) -> String {
        self.text_of(name).unwrap_or_default().to_owned()
    }

    /// The elements of an array; none of anything else.
    #[must_use]
    pub fn list(&self) -> &[Self] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The elements of the member of that name.
    #[must_use]
    pub fn list_of(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::list)
    }

    /// The texts in the array of that name.
    pub fn texts_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.list_of(name).iter().filter_map(Self::text)
    }

    /// The members of an object; none of anything else.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// The value of a number.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match &self.value {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    /// The value of a truth.
    #[must_use]
    pub const fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether this is an object.
    #[must_use]
    pub const fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// Whether this is an array.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// What it is, in words.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "an array",
            Value::Map(_) => "an object",
        }
    }
}

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Offset of the byte where it shows.
    pub at: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// Something wrong that does not stop reading: a name that an object has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Offset of the second one's value.
    pub at: usize,
    /// The name.
    pub name: String,
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree<'a> {
    /// Its value.
    pub root: Node<'a>,
    /// Names given twice, at most [`FLAWS_MAX`].
    pub flaws: Vec<Flaw>,
}

/// Reads one document; nothing but white space may follow it.
///
/// # Errors
/// Where it stops being JSON, or breaks a limit.
pub fn parse(bytes: &[u8]) -> Result<Tree<'_>, Fault> {
    let mut parser = Parser { rest: bytes, length: bytes.len(), flaws: Vec::new() };
    let root = parser.value(0)?;
    parser.blank();
    if parser.rest.is_empty() {
        Ok(Tree { root, flaws: parser.flaws })
    } else {
        Err(parser.fault("something follows the end of the document"))
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    length: usize,
    flaws: Vec<Flaw>,
}

impl<'a> Parser<'a> {
    const fn at(&self) -> usize {
        self.length.saturating_sub(self.rest.len())
    }

    const fn fault(&self, why: &'static str) -> Fault {
        Fault { at: self.at(), why }
    }

    fn blank(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Fault> {
        self.blank();
        let at = self.at();
        if depth >= DEPTH_MAX {
            return Err(self.fault("objects and arrays lie more than 128 deep in each other"));
        }
        let value = match self.rest {
            [b'{', ..] => self.map(depth)?,
            [b'[', ..] => self.array(depth)?,
            [b'"', ..] => Value::Text(self.string()?),
            [b'-' | b'0'..=b'9', ..] => Value::Number(self.number()?),
            [] => return Err(self.fault("the text ends where a value should be")),
            _ => self.word()?,
        };
        Ok(Node { at, value })
    }

    fn word(&mut self) -> Result<Value<'a>, Fault> {
        for (word, value) in
            [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)]
        {
            if let Some(rest) = self.rest.strip_prefix(word.as_bytes()) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.fault("no value begins like this"))
    }

    fn map(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        self.take(b'{');
        let mut members: Vec<Member<'a>> = Vec::new();
        self.blank();
        if self.take(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.blank();
            if !self.rest.starts_with(b"\"") {
                return Err(self.fault("a name in quotes should be here"));
            }
            let name = self.string()?;
            self.blank();
            if !self.take(b':') {
                return Err(self.fault("a colon should follow the name"));
            }
            let node = self.value(depth.saturating_add(1))?;
            self.note_twice(&members, &name, node.at);
            members.push(Member { name, node });
            self.blank();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or the end of the object should be here"));
            }
        }
        Ok(Value::Map(members))
    }

    /// Objects of documents are small; a huge one is looked through only for its last few names.
    fn note_twice(&mut self, members: &[Member<'a>], name: &str, at: usize) {
        const LOOKED_THROUGH: usize = 512;
        let twice = members.iter().rev().take(LOOKED_THROUGH).any(|member| member.name == name);
        if twice && self.flaws.len() < FLAWS_MAX {
            self.flaws.push(Flaw { at, name: name.to_owned() });
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Fault> {
        self.take(b'[');
        let mut list = Vec::new();
        self.blank();
        if self.take(b']') {
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth.saturating_add(1))?);
            self.blank();
            if self.take(b']') {
                return Ok(Value::List(list));
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or the end of the array should be here"));
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let from = self.at();
        self.take(b'"');
        let mut owned = String::new();
        loop {
            let end = memchr::memchr2(b'"', b'\\', self.rest)
                .ok_or(Fault { at: from, why: "the string that begins here does not end" })?;
            let (plain, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
            if let Some(position) = plain.iter().position(|byte| *byte < 0x20) {
                let at = self.at().saturating_add(position);
                return Err(Fault { at, why: "a control character in a string must be escaped" });
            }
            let plain = std::str::from_utf8(plain).map_err(|error| Fault {
                at: self.at().saturating_add(error.valid_up_to()),
                why: "the text is not UTF-8 here",
            })?;
            self.rest = rest;
            if self.take(b'"') {
                if owned.is_empty() {
                    return Ok(Cow::Borrowed(plain));
                }
                owned.push_str(plain);
                return Ok(Cow::Owned(owned));
            }
            owned.push_str(plain);
            let letter = self.escape()?;
            owned.push(letter);
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let at = self.at();
        let [b'\\', kind, rest @ ..] = self.rest else {
            return Err(Fault { at, why: "the text ends within an escape" });
        };
        self.rest = rest;
        Ok(match kind {
            b'"' | b'\\' | b'/' => char::from(*kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode().ok_or(Fault { at, why: "\\u needs four hexadecimal digits" })?,
            _ => return Err(Fault { at, why: "there is no such escape" }),
        })
    }

    /// Four digits, or twice four for a pair of surrogates; half a pair is no character and reads as U+FFFD.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if let Some(letter) = char::from_u32(first) {
            return Some(letter);
        }
        if first < 0xdc00
            && let Some(rest) = self.rest.strip_prefix(b"\\u")
        {
            let before = std::mem::replace(&mut self.rest, rest);
            let second = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&second) {
                let high = first.saturating_sub(0xd800).saturating_mul(0x400);
                let low = second.saturating_sub(0xdc00);
                return char::from_u32(high.saturating_add(low).saturating_add(0x1_0000));
            }
            self.rest = before;
        }
        Some('\u{fffd}')
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_first_chunk::<4>()?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.rest = rest;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let whole = self.rest;
        let fault = self.fault("no number is written like this");
        self.take(b'-');
        if !self.take(b'0') && !self.digits() {
            return Err(fault);
        }
        if self.take(b'.') && !self.digits() {
            return Err(fault);
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if !self.digits() {
                return Err(fault);
            }
        }
        let length = whole.len().saturating_sub(self.rest.len());
        whole.get(..length).and_then(|number| std::str::from_utf8(number).ok()).ok_or(fault)
    }

    fn digits(&mut self) -> bool {
        let before = self.rest.len();
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.len() < before
    }
}

/// A place for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Column, in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Line and column of an offset.
#[must_use]
pub fn place(bytes: &[u8], at: usize) -> Place {
    let before = bytes.get(..at.min(bytes.len())).unwrap_or(bytes);
    let line = memchr::memchr_iter(b'\n', before).count();
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline.saturating_add(1));
    // Bytes that continue a character are none of their own.
    let column = before.get(start..).unwrap_or_default().iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX).saturating_add(1);
    Place { line: count(line), column: count(column) }
}

/// A JSON Pointer (RFC 6901) that grows and shrinks as one walks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer one member further.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let mut text = self.0.clone();
        text.push('/');
        for letter in name.chars() {
            match letter {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                letter => text.push(letter),
            }
        }
        Self(text)
    }

    /// The pointer one element further.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// Along several names.
    #[must_use]
    pub fn of(names: &[&str]) -> Self {
        names.iter().fold(Self::default(), |pointer, name| pointer.member(name))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The pointer to the value at an offset; the deepest one that begins there or before.
#[must_use]
pub fn pointer_to(root: &Node<'_>, at: usize) -> Pointer {
    let mut pointer = Pointer::default();
    let mut node = root;
    loop {
        let below = match &node.value {
            Value::Map(members) => {
                members.iter().rev().find(|m| m.node.at <= at).map(|m| (pointer.member(&m.name), &m.node))
            }
            Value::List(list) => {
                let found = list.iter().enumerate().rev().find(|(_, element)| element.at <= at);
                found.map(|(index, element)| (pointer.index(index), element))
            }
            _ => None,
        };
        let Some((further, child)) = below else { return pointer };
        pointer = further;
        node = child;
    }
}

#[cfg(test)]
mod tests;
