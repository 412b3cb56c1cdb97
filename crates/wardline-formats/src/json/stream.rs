//! Large feeds, record by record: memory for one record, whatever the size of the feed.
//!
//! In: a stream of UTF-8 JSON: an object with its records in arrays of known names, an array of records, records one
//! after the other (JSON lines), or a single object. Out, to a function that may stop it: the other members of the
//! object, each record as a tree, and what is broken, with its place. A broken record costs that record: where it
//! cannot be told where it ends, reading goes on at the next text that begins as records do.
//!
//! Limits: [`RECORD_BYTES_MAX`], [`MEMBER_BYTES_MAX`], [`BROKEN_MAX`].

use super::{Node, Place, parse, place};
use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;

/// Largest record: the largest CVE of the NVD has two megabytes.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
/// Largest other member kept; a larger one is passed over and told.
pub const MEMBER_BYTES_MAX: usize = 1 << 20;
/// Broken places told of one stream before it is given up: a file of another kind breaks everywhere.
pub const BROKEN_MAX: usize = 10_000;
/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// What comes out of a stream.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A member of the outer object that is no list of records.
    Member {
        /// Its name.
        name: &'a str,
        /// Its value.
        node: &'a Node<'a>,
    },
    /// A record.
    Record {
        /// The array in which it stands; empty for the outermost.
        list: &'a str,
        /// Its number there, from 0.
        index: u64,
        /// Where it begins.
        place: Place,
        /// What it says.
        node: &'a Node<'a>,
        /// Its text, for places within and to tell whether it changed.
        bytes: &'a [u8],
        /// Names that one of its objects has twice.
        twice: &'a [super::Flaw],
    },
    /// Something that could not be read.
    Broken {
        /// The array and number, as a JSON Pointer, where it is known.
        pointer: String,
        /// Where it shows.
        place: Place,
        /// What is wrong.
        why: String,
    },
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At its end.
    Whole,
    /// The stream stops in the middle; what came before was given.
    Cut,
    /// The receiver had enough, or too much was broken.
    Stopped,
}

/// Reads a stream; arrays named in `lists` hold records.
///
/// # Errors
/// When the stream cannot be read on.
pub fn read(
    input: &mut dyn Read,
    lists: &[&str],
    sink: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
) -> io::Result<End> {
    let source =
        Source { input, chunk: vec![0; CHUNK_BYTES], at: 0, end: 0, place: Place { line: 1, column: 1 } };
    let mut splitter = Splitter { source, lists, sink, value: Vec::new(), first: Vec::new(), broken: 0 };
    match splitter.run() {
        Ok(()) => Ok(End::Whole),
        Err(Stop::Cut) => Ok(End::Cut),
        Err(Stop::Enough) => Ok(End::Stopped),
        Err(Stop::Io(error)) => Err(error),
    }
}

enum Stop {
    Cut,
    Enough,
    Io(io::Error),
}

/// Bytes with their place.
struct Source<'r> {
    input: &'r mut dyn Read,
    chunk: Vec<u8>,
    at: usize,
    end: usize,
    place: Place,
}

impl Source<'_> {
    /// What is at hand, at least one byte; nothing at the end.
    fn at_hand(&mut self) -> Result<&[u8], Stop> {
        if self.at >= self.end {
            if self.chunk.len() < CHUNK_BYTES {
                self.chunk.resize(CHUNK_BYTES, 0);
            }
            self.at = 0;
            self.end = loop {
                match self.input.read(&mut self.chunk) {
                    Ok(count) => break count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(Stop::Io(error)),
                }
            };
        }
        Ok(self.chunk.get(self.at..self.end).unwrap_or_default())
    }

    /// Goes on by so many bytes of what is at hand.
    fn skip(&mut self, count: usize) {
        let end = self.at.saturating_add(count).min(self.end);
        let passed = self.chunk.get(self.at..end).unwrap_or_default();
        self.place = advance(self.place, passed);
        self.at = end;
    }

    /// The next byte that is not blank, not taken.
    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let bytes = self.at_hand()?;
            let Some(first) = bytes.first().copied() else { return Ok(None) };
            if !matches!(first, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(first));
            }
            let blanks = bytes.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
            self.skip(blanks);
        }
    }

    /// Puts bytes back before what is at hand, which begin at `place`.
    fn unread(&mut self, bytes: &[u8], place: Place) {
        let mut chunk = bytes.to_vec();
        chunk.extend_from_slice(self.chunk.get(self.at..self.end).unwrap_or_default());
        self.end = chunk.len();
        self.at = 0;
        self.chunk = chunk;
        self.place = place;
    }
}

/// The place after some bytes.
fn advance(from: Place, passed: &[u8]) -> Place {
    let there = place(passed, passed.len());
    if there.line == 1 {
        Place { line: from.line, column: from.column.saturating_add(there.column).saturating_sub(1) }
    } else {
        Place { line: from.line.saturating_add(there.line).saturating_sub(1), column: there.column }
    }
}

/// Where in a value a scan stands.
#[derive(Default)]
struct Scan {
    depth: usize,
    quoted: bool,
    escaped: bool,
    begun: bool,
}

/// How a value ended.
#[derive(PartialEq, Eq)]
enum Taken {
    Whole,
    TooLarge,
    Cut,
}

impl Scan {
    /// How many of these bytes belong to the value, and whether it ends with them.
    fn run(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.quoted {
                if std::mem::take(&mut self.escaped) {
                    at = at.saturating_add(1);
                    continue;
                }
                let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else { return (bytes.len(), false) };
                at = at.saturating_add(stop).saturating_add(1);
                if rest.get(stop) == Some(&b'\\') {
                    self.escaped = true;
                } else {
                    self.quoted = false;
                    if self.depth == 0 {
                        return (at, true);
                    }
                }
                continue;
            }
            let byte = rest.first().copied().unwrap_or_default();
            match byte {
                b'"' => self.quoted = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' if self.depth > 0 => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (at.saturating_add(1), true);
                    }
                }
                // A number or a word ends before what cannot belong to it.
                b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 && self.begun => {
                    return (at, true);
                }
                _ => {}
            }
            self.begun = true;
            at = at.saturating_add(1);
        }
        (bytes.len(), false)
    }
}

struct Splitter<'r, 's> {
    source: Source<'r>,
    lists: &'s [&'s str],
    sink: &'s mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    /// The value at hand.
    value: Vec<u8>,
    /// How records begin, up to their first name: to find the next one after a broken one.
    first: Vec<u8>,
    broken: usize,
}

impl Splitter<'_, '_> {
    fn run(&mut self) -> Result<(), Stop> {
        let mut index = 0_u64;
        match self.source.peek()? {
            Some(b'{') if !self.lists.is_empty() => self.object()?,
            Some(b'[') => {
                self.source.skip(1);
                self.records("")?;
            }
            Some(_) => {
                self.record("", 0)?;
                index = 1;
            }
            None => return Err(Stop::Cut),
        }
        // JSON lines: more documents follow the first.
        while let Some(byte) = self.source.peek()? {
            if byte == b',' {
                self.source.skip(1);
            }
            self.record("", index)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// The outer object.
    fn object(&mut self) -> Result<(), Stop> {
        self.source.skip(1);
        loop {
            match self.source.peek()? {
                None => return Err(Stop::Cut),
                Some(b'}') => {
                    self.source.skip(1);
                    return Ok(());
                }
                Some(b',') => self.source.skip(1),
                Some(b'"') => self.member()?,
                Some(_) => {
                    self.tell(String::new(), self.source.place, "a name in quotes should be here")?;
                    self.skip_to(b"\"}")?;
                }
            }
        }
    }

    fn member(&mut self) -> Result<(), Stop> {
        let at = self.source.place;
        if self.take(MEMBER_BYTES_MAX)? != Taken::Whole {
            return Err(Stop::Cut);
        }
        let raw = std::mem::take(&mut self.value);
        let name = parse(&raw).ok().and_then(|tree| tree.root.text().map(str::to_owned)).unwrap_or_default();
        if self.source.peek()? != Some(b':') {
            return self.tell(String::new(), at, "a colon should follow the name");
        }
        self.source.skip(1);
        if self.source.peek()? == Some(b'[') && self.lists.contains(&name.as_str()) {
            self.source.skip(1);
            return self.records(&name);
        }
        let at = self.source.place;
        let pointer = super::Pointer::default().member(&name).to_string();
        match self.take(MEMBER_BYTES_MAX)? {
            Taken::Cut => Err(Stop::Cut),
            Taken::TooLarge => {
                self.tell(pointer, at, "larger than 1 MiB: passed over")?;
                self.pass_over()
            }
            Taken::Whole => {
                let value = std::mem::take(&mut self.value);
                let given = match parse(&value) {
                    Ok(tree) => (self.sink)(Piece::Member { name: &name, node: &tree.root }),
                    Err(fault) => {
                        let at = advance(at, value.get(..fault.at).unwrap_or_default());
                        return self.tell(pointer, at, fault.why);
                    }
                };
                self.value = value;
                if given.is_break() { Err(Stop::Enough) } else { Ok(()) }
            }
        }
    }

    /// The records of an array whose bracket is taken.
    fn records(&mut self, list: &str) -> Result<(), Stop> {
        let mut index = 0_u64;
        loop {
            match self.source.peek()? {
                None => return Err(Stop::Cut),
                Some(b']') => {
                    self.source.skip(1);
                    return Ok(());
                }
                Some(b',') => self.source.skip(1),
                Some(b'}') => {
                    self.tell(pointer(list, index), self.source.place, "one brace too many")?;
                    self.source.skip(1);
                }
                Some(_) => {
                    self.record(list, index)?;
                    index = index.saturating_add(1);
                }
            }
        }
    }

    fn record(&mut self, list: &str, index: u64) -> Result<(), Stop> {
        let begins = self.source.place;
        let mut scan = Scan::default();
        let taken = self.take_on(&mut scan, RECORD_BYTES_MAX)?;
        let value = std::mem::take(&mut self.value);
        let why = match (&taken, parse(&value)) {
            (Taken::Whole, Ok(tree)) => {
                if self.first.is_empty() {
                    self.first = beginning(&value).to_vec();
                }
                let given = (self.sink)(Piece::Record {
                    list,
                    index,
                    place: begins,
                    node: &tree.root,
                    bytes: &value,
                    twice: &tree.flaws,
                });
                drop(tree);
                self.value = value;
                return if given.is_break() { Err(Stop::Enough) } else { Ok(()) };
            }
            (Taken::TooLarge, _) => ("larger than 16 MiB, or it does not end", 0),
            (_, Err(fault)) => (fault.why, fault.at),
            (Taken::Cut, Ok(_)) => ("the text ends in it", 0),
        };
        let at = advance(begins, value.get(..why.1).unwrap_or_default());
        self.tell(pointer(list, index), at, why.0)?;
        self.resume(&value, begins, why.1, scan, &taken)
    }

    /// Goes on after a broken record: at the next text within it that begins as records do, else behind it.
    fn resume(
        &mut self,
        value: &[u8],
        begins: Place,
        broken: usize,
        mut scan: Scan,
        taken: &Taken,
    ) -> Result<(), Stop> {
        let own = beginning(value);
        let begin = if self.first.is_empty() { own } else { &self.first };
        // Not the record's own beginning.
        let from = broken.max(1);
        if begin.len() > 2
            && let Some(at) = next_beginning(value, from, begin)
        {
            let place = advance(begins, value.get(..at).unwrap_or_default());
            self.source.unread(value.get(at..).unwrap_or_default(), place);
            return Ok(());
        }
        match taken {
            Taken::Whole => Ok(()),
            Taken::Cut => Err(Stop::Cut),
            Taken::TooLarge => self.rest_of(&mut scan),
        }
    }

    /// Takes a value.
    fn take(&mut self, most: usize) -> Result<Taken, Stop> {
        self.take_on(&mut Scan::default(), most)
    }

    fn take_on(&mut self, scan: &mut Scan, most: usize) -> Result<Taken, Stop> {
        self.value.clear();
        self.source.peek()?;
        loop {
            let bytes = self.source.at_hand()?;
            if bytes.is_empty() {
                return Ok(if scan.depth == 0 && !scan.quoted && scan.begun {
                    Taken::Whole
                } else {
                    Taken::Cut
                });
            }
            let (count, ends) = scan.run(bytes);
            self.value.extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.source.skip(count);
            if ends {
                if count == 0 && self.value.is_empty() {
                    self.source.skip(1);
                }
                return Ok(Taken::Whole);
            }
            if self.value.len() > most {
                return Ok(Taken::TooLarge);
            }
        }
    }

    /// Passes over the rest of a value, keeping nothing.
    fn rest_of(&mut self, scan: &mut Scan) -> Result<(), Stop> {
        loop {
            let bytes = self.source.at_hand()?;
            if bytes.is_empty() {
                return Err(Stop::Cut);
            }
            let (count, ends) = scan.run(bytes);
            self.source.skip(count);
            if ends {
                return Ok(());
            }
        }
    }

    /// Passes over the rest of a member whose beginning was taken.
    fn pass_over(&mut self) -> Result<(), Stop> {
        let mut scan = Scan::default();
        let begun = std::mem::take(&mut self.value);
        let (_, ends) = scan.run(&begun);
        if ends { Ok(()) } else { self.rest_of(&mut scan) }
    }

    /// Goes to the next of some bytes.
    fn skip_to(&mut self, wanted: &[u8]) -> Result<(), Stop> {
        loop {
            let bytes = self.source.at_hand()?;
            if bytes.is_empty() {
                return Err(Stop::Cut);
            }
            let found = bytes.iter().position(|byte| wanted.contains(byte));
            let count = found.unwrap_or(bytes.len());
            self.source.skip(count);
            if found.is_some() {
                return Ok(());
            }
        }
    }

    fn tell(&mut self, pointer: String, place: Place, why: &str) -> Result<(), Stop> {
        self.broken = self.broken.saturating_add(1);
        let given = (self.sink)(Piece::Broken { pointer, place, why: why.to_owned() });
        if given.is_break() || self.broken >= BROKEN_MAX { Err(Stop::Enough) } else { Ok(()) }
    }
}

fn pointer(list: &str, index: u64) -> String {
    let list = if list.is_empty() { super::Pointer::default() } else { super::Pointer::of(&[list]) };
    format!("{list}/{index}")
}

/// `{`, blanks and the first name with its quotes.
fn beginning(value: &[u8]) -> &[u8] {
    let name_at = value.iter().position(|byte| *byte == b'"').unwrap_or(0);
    let blank = |byte: &u8| matches!(byte, b'{' | b' ' | b'\t' | b'\n' | b'\r');
    if !value.starts_with(b"{") || !value.get(..name_at).unwrap_or_default().iter().all(blank) {
        return &[];
    }
    let after = name_at.saturating_add(1);
    let length = value.get(after..).and_then(|rest| memchr::memchr(b'"', rest));
    length.and_then(|length| value.get(..after.saturating_add(length).saturating_add(1))).unwrap_or_default()
}

/// Offset of the next text after `from` that begins like `begin`, whatever the blanks.
fn next_beginning(value: &[u8], from: usize, begin: &[u8]) -> Option<usize> {
    let name = begin.get(begin.iter().position(|byte| *byte == b'"')?..)?;
    let finder = memchr::memmem::Finder::new(name);
    for found in finder.find_iter(value.get(from..)?) {
        let at = from.saturating_add(found);
        let before = value.get(..at)?;
        let brace = before.iter().rposition(|byte| !byte.is_ascii_whitespace())?;
        if brace >= from && before.get(brace) == Some(&b'{') {
            return Some(brace);
        }
    }
    None
}

#[cfg(test)]
mod tests;
