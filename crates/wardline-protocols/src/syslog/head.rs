//! The head of a syslog message, in either form.
//!
//! In: the bytes of one message. Out: host, program, whether it is an audit message. Refuses: what only looks
//! like a host: of the old form the word before a tag, and a tag is `name:` or `name[number]:`.

use std::net::IpAddr;

/// Bytes of a host name (RFC 5424 section 6.2.4).
const HOST_MAX: usize = 255;
/// Bytes of a program's name (RFC 5424 section 6.2.5).
const PROGRAM_MAX: usize = 48;
/// First bytes that must be text in a message without a date.
const TEXT_MIN: usize = 8;
/// Bytes up to the end of a date, year and fractions included.
const DATE_MAX: usize = 40;
/// Names of months.
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
/// Message identifiers of audit messages (IHE ITI TF-2 section 3.20, DICOM PS3.15 section A.6).
const AUDITS: [&str; 2] = ["IHE+RFC-3881", "DICOM+RFC3881"];

/// How a message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Priority and date: nothing else begins so.
    Dated,
    /// Priority and text.
    Bare,
    /// Too short to tell.
    Short,
    /// Something else.
    Other,
}

/// What a head tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) program: Option<&'a str>,
    /// The form leaves no doubt about which word is which.
    pub(super) sure: bool,
    /// An audit message (ATNA).
    pub(super) audits: bool,
}

/// What follows the priority, when there is a right one.
fn after_priority(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = std::str::from_utf8(rest.get(..digits)?).ok()?;
    let priority: u16 = value.parse().ok()?;
    let right = priority <= 191 && digits <= 3 && (digits == 1 || !value.starts_with('0'));
    right.then_some(())?;
    rest.get(digits..)?.strip_prefix(b">")
}

pub(super) fn shape(bytes: &[u8]) -> Shape {
    let Some(rest) = after_priority(bytes) else {
        let short =
            bytes.len() < 5 && bytes.starts_with(b"<") && bytes.iter().skip(1).all(u8::is_ascii_digit);
        return if short { Shape::Short } else { Shape::Other };
    };
    if starts_with_date(rest) || modern_date(rest) {
        return Shape::Dated;
    }
    let text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0x80..=0xff | 0);
    let start = rest.get(..DATE_MAX.min(rest.len())).unwrap_or_default();
    match start.iter().all(text) {
        true if rest.len() < DATE_MAX && memchr::memchr(b'\n', rest).is_none() && rest.len() < TEXT_MIN => {
            Shape::Short
        }
        true => Shape::Bare,
        false => Shape::Other,
    }
}

/// Whether this begins with a date of the old form, `Oct  1 22:14:15`, with whatever devices put before it
/// (a sequence number, a star) or into it (a year).
pub(super) fn starts_with_date(bytes: &[u8]) -> bool {
    old_date(bytes).is_some()
}

/// What follows a date of the old form.
fn old_date(bytes: &[u8]) -> Option<&[u8]> {
    let month = bytes.get(..3)?;
    MONTHS.contains(&month).then_some(())?;
    let rest = bytes.get(3..)?.strip_prefix(b" ")?;
    let (day, rest) = rest.split_first_chunk::<3>()?;
    matches!(day, [b' ' | b'0'..=b'3', b'0'..=b'9', b' ']).then_some(())?;
    // Some devices write the year here.
    let rest = match rest.split_first_chunk::<5>() {
        Some((&[a, b, c, d, b' '], rest)) if [a, b, c, d].iter().all(u8::is_ascii_digit) => rest,
        _ => rest,
    };
    let (time, rest) = rest.split_first_chunk::<8>()?;
    clock(time).then_some(rest)
}

fn clock(time: &[u8]) -> bool {
    time.iter().enumerate().all(|(at, byte)| if at % 3 == 2 { *byte == b':' } else { byte.is_ascii_digit() })
}

/// Whether version 1 and its date or the sign for none follow (RFC 5424 section 6.2).
fn modern_date(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix(b"1 ") else { return false };
    rest.starts_with(b"- ") || iso_date(rest)
}

fn iso_date(rest: &[u8]) -> bool {
    let Some((date, rest)) = rest.split_first_chunk::<11>() else { return false };
    let form = b"dddd-dd-ddT";
    let fits = date.iter().zip(form).all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        form => byte == form,
    });
    fits && rest.get(..8).is_some_and(clock)
}

pub(super) fn read(bytes: &[u8]) -> Option<Head<'_>> {
    let rest = after_priority(bytes).unwrap_or(bytes);
    if modern_date(rest) { modern(rest) } else { old(old_date(rest)?) }
}

/// `1 date host program process kind [data] text`.
fn modern(rest: &[u8]) -> Option<Head<'_>> {
    let mut fields =
        rest.splitn(7, |byte| *byte == b' ').skip(2).map(|field| std::str::from_utf8(field).ok());
    let mut field = || fields.next().flatten().filter(|field| *field != "-");
    let (host, program, _process, kind) = (field(), field(), field(), field());
    Some(Head {
        host: host.filter(|host| is_host(host)),
        program: program.filter(|program| is_program(program)),
        sure: true,
        audits: kind.is_some_and(|kind| AUDITS.contains(&kind)),
    })
}

/// ` host tag: text`, or ` tag: text` of the sender's own.
fn old(rest: &[u8]) -> Option<Head<'_>> {
    let line = rest.get(..HOST_MAX.saturating_add(PROGRAM_MAX).min(rest.len()))?.strip_prefix(b" ")?;
    let mut words = line.splitn(3, |byte| *byte == b' ').map(|word| std::str::from_utf8(word).ok());
    let (first, second) = (words.next()??, words.next().flatten());
    if let Some((program, numbered)) = tag(first) {
        // Without a number this may be any word of a text.
        return Some(Head { program: Some(program), sure: numbered, ..Head::default() });
    }
    let (program, numbered) = second.and_then(tag)?;
    is_host(first).then_some(Head {
        host: Some(first),
        program: Some(program),
        sure: numbered,
        audits: false,
    })
}

/// A program's name out of its tag, and whether its number stands behind.
fn tag(word: &str) -> Option<(&str, bool)> {
    let (tag, _) = word.split_once(':')?;
    let (program, number) =
        tag.split_once('[').map_or((tag, None), |(program, number)| (program, Some(number)));
    let numbered = match number {
        None => false,
        Some(number) => {
            let digits = number.strip_suffix(']')?;
            (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(true)?
        }
    };
    is_program(program).then_some((program, numbered))
}

fn is_program(name: &str) -> bool {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    name.len() <= PROGRAM_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(right)
}

fn is_host(name: &str) -> bool {
    let right = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let plain = name.bytes().all(right) && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    !name.is_empty() && name.len() <= HOST_MAX && (plain || is_address(name))
}

/// Whether a host is named by its address.
pub(super) fn is_address(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok()
}
