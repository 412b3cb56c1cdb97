//! The message format that DNS, multicast DNS, LLMNR and NetBIOS name service share (RFC 1035 section 4).
//!
//! Limits: [`JUMPS_MAX`] compression pointers per name, each backwards; [`NAME_BYTES_MAX`]; [`RECORDS_MAX`].

use std::net::IpAddr;
use wardline_wire::{Fault, Reader};

/// Compression pointers followed in one name; a name of 255 bytes cannot use more than its labels.
const JUMPS_MAX: usize = 127;
/// Bytes of a name (RFC 1035 section 2.3.4).
const NAME_BYTES_MAX: usize = 255;
/// Records read of one message: a full zone transfer message of 64 KiB may hold more, which repeat one host's
/// kind of fact.
const RECORDS_MAX: usize = 512;

/// The head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Transaction id.
    pub(crate) id: u16,
    /// Flags and codes.
    pub(crate) flags: u16,
    /// Questions, answers, authorities, additionals.
    pub(crate) counts: [u16; 4],
}

impl Head {
    /// Whether it answers.
    pub(crate) const fn is_response(self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked.
    pub(crate) const fn opcode(self) -> u16 {
        (self.flags >> 11) & 15
    }

    /// How it went.
    pub(crate) const fn rcode(self) -> u16 {
        self.flags & 15
    }
}

/// A domain name: its labels as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// Labels, without the root.
    pub(crate) labels: Vec<String>,
    /// Some label is not printable UTF-8, or holds a dot.
    pub(crate) odd: bool,
}

impl Name {
    /// Lower case, dotted; `None` for the root and for odd names.
    pub(crate) fn dotted(&self) -> Option<String> {
        (!self.odd && !self.labels.is_empty()).then(|| self.labels.join(".").to_ascii_lowercase())
    }

    /// Whether it reads like the name of a host: letters, digits, hyphens and underscores.
    pub(crate) fn is_host(&self) -> bool {
        let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !self.odd && !self.labels.is_empty() && self.labels.iter().all(|l| l.chars().all(fits))
    }

    /// Whether the last labels are these, in any case.
    pub(crate) fn ends_with(&self, end: &[&str]) -> bool {
        self.labels.len() >= end.len()
            && self.labels.iter().rev().zip(end.iter().rev()).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// The address a reverse name (`….in-addr.arpa`, `….ip6.arpa`) stands for.
    pub(crate) fn reversed_address(&self) -> Option<IpAddr> {
        let count = self.labels.len().checked_sub(2)?;
        let digits = self.labels.get(..count)?.iter().rev();
        if self.ends_with(&["in-addr", "arpa"]) && count == 4 {
            return digits.map(String::as_str).collect::<Vec<_>>().join(".").parse().ok();
        }
        if self.ends_with(&["ip6", "arpa"]) && count == 32 {
            let digits: String = digits.map(String::as_str).collect();
            return u128::from_str_radix(&digits, 16).ok().map(|bits| IpAddr::from(bits.to_be_bytes()));
        }
        None
    }
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// What is asked about.
    pub(crate) name: Name,
    /// Type asked for.
    pub(crate) kind: u16,
    /// Class.
    pub(crate) class: u16,
}

/// A resource record.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    /// Section: 1 answer, 2 authority, 3 additional.
    pub(crate) section: u8,
    /// Owner.
    pub(crate) name: Name,
    /// Type.
    pub(crate) kind: u16,
    /// Class; the top bit is multicast DNS's cache flush.
    pub(crate) class: u16,
    /// Time to live.
    pub(crate) ttl: u32,
    /// Data.
    pub(crate) data: &'a [u8],
    data_at: usize,
    message: &'a [u8],
}

impl Record<'_> {
    /// The address in an A or AAAA record.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match (self.kind, self.data.len()) {
            (1, 4) => self.data.first_chunk::<4>().map(|a| IpAddr::from(*a)),
            (28, 16) => self.data.first_chunk::<16>().map(|a| IpAddr::from(*a)),
            _ => None,
        }
    }

    /// The name in the data, after `skip` bytes (0 in PTR and CNAME, 6 in SRV).
    pub(crate) fn name_in_data(&self, skip: usize) -> Option<Name> {
        let (name, next) = name(self.message, self.data_at.checked_add(skip)?).ok()?;
        (next <= self.data_at.checked_add(self.data.len())?).then_some(name)
    }
}

/// A message as far as it could be read.
#[derive(Clone, Debug)]
pub(crate) struct Message<'a> {
    /// Head.
    pub(crate) head: Head,
    /// Questions.
    pub(crate) questions: Vec<Question>,
    /// Records of all sections.
    pub(crate) records: Vec<Record<'a>>,
    /// Why reading ended early.
    pub(crate) fault: Option<Fault>,
    /// Bytes after the last record.
    pub(crate) left: usize,
}

/// Reads a head.
pub(crate) fn head(message: &[u8]) -> Result<Head, Fault> {
    let mut reader = Reader::new(message);
    let (id, flags) = (reader.u16("DNS id")?, reader.u16("DNS flags")?);
    let mut counts = [0; 4];
    for count in &mut counts {
        *count = reader.u16("DNS counts")?;
    }
    Ok(Head { id, flags, counts })
}

/// Reads a message: the head and first question must be whole, the rest is read as far as it can be.
pub(crate) fn read(message: &[u8]) -> Result<Message<'_>, Fault> {
    let head = head(message)?;
    let [questions, answers, authorities, additionals] = head.counts;
    let mut read = Message { head, questions: Vec::new(), records: Vec::new(), fault: None, left: 0 };
    let mut at = 12;
    for place in 0..usize::from(questions).min(RECORDS_MAX) {
        match question(message, at) {
            Ok((question, next)) => {
                read.questions.push(question);
                at = next;
            }
            Err(fault) if place == 0 => return Err(fault),
            Err(fault) => {
                read.fault = Some(fault);
                return Ok(read);
            }
        }
    }
    let sections = [(1, answers), (2, authorities), (3, additionals)];
    let records = sections.into_iter().flat_map(|(s, count)| std::iter::repeat_n(s, usize::from(count)));
    for section in records {
        if read.records.len() >= RECORDS_MAX {
            read.fault = Some(Fault::TooLarge("DNS record count"));
            return Ok(read);
        }
        match record(message, at, section) {
            Ok((record, next)) => {
                read.records.push(record);
                at = next;
            }
            Err(fault) => {
                read.fault = Some(fault);
                return Ok(read);
            }
        }
    }
    read.left = message.len().saturating_sub(at);
    Ok(read)
}

/// Reads a question at `at`; returns it and where it ends.
pub(crate) fn question(message: &[u8], at: usize) -> Result<(Question, usize), Fault> {
    let (name, at) = name(message, at)?;
    let mut reader = Reader::new(message.get(at..).unwrap_or_default());
    let (kind, class) = (reader.u16("question type")?, reader.u16("question class")?);
    Ok((Question { name, kind, class }, message.len().saturating_sub(reader.len())))
}

fn record(message: &[u8], at: usize, section: u8) -> Result<(Record<'_>, usize), Fault> {
    let (name, at) = name(message, at)?;
    let mut reader = Reader::new(message.get(at..).unwrap_or_default());
    let (kind, class) = (reader.u16("record type")?, reader.u16("record class")?);
    let ttl = reader.u32("record time to live")?;
    let length = usize::from(reader.u16("record length")?);
    let data_at = message.len().saturating_sub(reader.len());
    let data = reader.take(length, "record data")?;
    let next = message.len().saturating_sub(reader.len());
    Ok((Record { section, name, kind, class, ttl, data, data_at, message }, next))
}

/// Reads a name at `at`, compressed or not; returns it and where it ends.
pub(crate) fn name(message: &[u8], at: usize) -> Result<(Name, usize), Fault> {
    let mut name = Name { labels: Vec::new(), odd: false };
    let mut size = 0_usize;
    let mut end = None;
    let mut from = at;
    let mut reader = Reader::new(message.get(at..).ok_or(Fault::Truncated("name"))?);
    for _ in 0..=JUMPS_MAX.saturating_mul(2) {
        let length = reader.u8("label length")?;
        match length {
            0 => {
                let here = message.len().saturating_sub(reader.len());
                return Ok((name, end.unwrap_or(here)));
            }
            1..=63 => {
                let label = reader.take(usize::from(length), "label")?;
                size = size.saturating_add(label.len()).saturating_add(1);
                if size > NAME_BYTES_MAX {
                    return Err(Fault::Malformed("name length"));
                }
                let text = String::from_utf8_lossy(label);
                name.odd |= std::str::from_utf8(label).is_err()
                    || text.contains(|c: char| c.is_control() || c == '.' || c == '\\');
                name.labels.push(text.into_owned());
            }
            0xc0.. => {
                let low = reader.u8("name pointer")?;
                let to = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                end.get_or_insert(message.len().saturating_sub(reader.len()));
                // Backwards only: else a name could loop (RFC 1035 section 4.1.4, "a prior occurrence").
                if to >= from {
                    return Err(Fault::Malformed("name pointer"));
                }
                from = to;
                reader = Reader::new(message.get(to..).ok_or(Fault::Truncated("name pointer"))?);
            }
            _ => return Err(Fault::Malformed("label type")),
        }
    }
    Err(Fault::TooLarge("name pointers"))
}
