//! Records: what documents of vulnerability knowledge say, in one form whatever the document.
//!
//! In: a stream of text as [`crate::open`] gives it. Out, to a function, one [`Item`] after the other: a [`Record`]
//! with its place and its text's digest material, or a [`Rejected`] one with its place and the reason. Nothing is
//! decided here: a version range is as the source wrote it, a rejected CVE is a record with that status, and
//! `vulnerable: false` stays the platform condition that it is.
//!
//! Memory: one record of a feed, one document of the kinds that are single documents (at most
//! [`DOCUMENT_BYTES_MAX`]). To add a source: one file here, a [`Source`], and its lines in [`read`].

mod advisory;
mod csaf;
mod cve;
mod cve5;
mod cyclonedx;
mod eol;
mod epss;
mod kev;
mod nvd;
mod nvd1;
mod openfda;
mod openvex;
mod sniff;

pub use advisory::{
    Advisory, Branch, Identification, Note, Product, Relationship, Remedy, State, Statement, Vulnerability,
};
pub use cve::{Affected, Bound, Change, CpeMatch, Cve, Formula, Reference, Score, Ssvc, Standing, Version};
pub use eol::{Cycle, Lifecycle};
pub use epss::Probability;
pub use kev::Exploited;
pub use openfda::{Recall, Registered};
pub(crate) use sniff::of_head;
pub use sniff::{HEAD_BYTES, Source};

use crate::json::{self, Node, Place, parse, place, stream};
use std::io::{self, Read};
use std::ops::ControlFlow;

/// Largest document of a kind that is read whole; the largest advisory known has sixty megabytes.
pub const DOCUMENT_BYTES_MAX: u64 = 128 << 20;

/// One thing that a document says.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A document of one publisher about products and vulnerabilities: CSAF, OpenVEX, CycloneDX VEX.
    Advisory(Box<Advisory>),
    /// A CVE as the NVD or its CVE record tells it.
    Cve(Box<Cve>),
    /// Known to be exploited (CISA KEV).
    Exploited(Exploited),
    /// Until when a product is supported (endoflife.date).
    Lifecycle(Lifecycle),
    /// Likely to be exploited (FIRST EPSS).
    Probability(Probability),
    /// A recall of devices (openFDA).
    Recall(Recall),
    /// A device as its maker registered it (openFDA UDI).
    Registered(Box<Registered>),
}

impl Record {
    /// What identifies it within its source.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Advisory(advisory) => &advisory.id,
            Self::Cve(cve) => &cve.id,
            Self::Exploited(exploited) => &exploited.cve,
            Self::Lifecycle(lifecycle) => &lifecycle.product,
            Self::Probability(probability) => &probability.cve,
            Self::Recall(recall) => &recall.number,
            Self::Registered(device) => &device.key,
        }
    }
}

/// What comes out of a document.
#[expect(clippy::large_enum_variant, reason = "one at a time, handed over and never kept in a list")]
#[derive(Debug)]
pub enum Item<'a> {
    /// What the feed says of itself: its date, its version, the model behind it.
    Head {
        /// The name of what is said.
        name: &'a str,
        /// What is said.
        value: &'a str,
    },
    /// A record.
    Record {
        /// What it says.
        record: Record,
        /// Where it begins: a JSON Pointer, or line and column.
        place: String,
        /// Its text, to tell whether it changed.
        bytes: &'a [u8],
    },
    /// Something that could not be read.
    Rejected(Rejected),
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where: a JSON Pointer with line and column, or a line.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What kind of document it was; none when it was none of these.
    pub source: Option<Source>,
    /// The document stops in the middle; what came before was given.
    pub cut: bool,
}

/// Receives what is read; says whether to go on.
pub type Sink<'s> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 's;

/// Reads a document of any of the kinds; tells the kind by what it says, never by its name.
///
/// # Errors
/// When the stream cannot be read on.
pub fn read(input: &mut dyn Read, sink: &mut Sink<'_>) -> io::Result<Ended> {
    let mut head = Vec::new();
    input.take(HEAD_BYTES).read_to_end(&mut head)?;
    let source = sniff::of_head(&head);
    let mut input = head.as_slice().chain(input);
    let cut = match source {
        Some(Source::Nvd) => records(&mut input, &["vulnerabilities", "cve_items"], sink, nvd::record)?,
        Some(Source::Nvd1) => records(&mut input, &["CVE_Items"], sink, nvd1::record)?,
        Some(Source::Cve5) => records(&mut input, &[], sink, cve5::record)?,
        Some(Source::Kev) => records(&mut input, &["vulnerabilities"], sink, kev::record)?,
        Some(Source::Recall) => records(&mut input, &["results"], sink, openfda::recall)?,
        Some(Source::Registered) => records(&mut input, &["results"], sink, openfda::registered)?,
        Some(Source::KevCsv) => kev::read_csv(&mut input, sink)?,
        Some(Source::Epss) => epss::read(&mut input, sink)?,
        Some(Source::EolMarkdown) => eol::read_markdown(&mut input, sink)?,
        Some(Source::EolJson | Source::Csaf | Source::OpenVex | Source::CycloneDxVex) | None => {
            return whole(&mut input, source, sink);
        }
    };
    Ok(Ended { source, cut })
}

/// A feed, record by record.
fn records(
    input: &mut dyn Read,
    lists: &[&str],
    sink: &mut Sink<'_>,
    record: fn(&Node<'_>) -> Result<Record, Wrong>,
) -> io::Result<bool> {
    let end = stream::read(input, lists, &mut |piece| match piece {
        stream::Piece::Member { name, node } => match &node.value {
            json::Value::Text(value) => sink(Item::Head { name, value }),
            json::Value::Number(value) => sink(Item::Head { name, value }),
            _ => ControlFlow::Continue(()),
        },
        stream::Piece::Broken { pointer, place, why } => {
            sink(Item::Rejected(Rejected { place: with_place(&pointer, place), why }))
        }
        stream::Piece::Record { list, index, place, node, bytes, .. } => {
            let pointer = if list.is_empty() { String::new() } else { format!("/{list}/{index}") };
            match record(node) {
                Ok(record) => sink(Item::Record { record, place: with_place(&pointer, place), bytes }),
                Err(wrong) => {
                    let inner = json::place(bytes, wrong.at);
                    let column = if inner.line == 1 { place.column.saturating_sub(1) } else { 0 };
                    let place = Place {
                        line: place.line.saturating_add(inner.line).saturating_sub(1),
                        column: inner.column.saturating_add(column),
                    };
                    let pointer = format!("{pointer}{}", json::pointer_to(node, wrong.at));
                    sink(Item::Rejected(Rejected { place: with_place(&pointer, place), why: wrong.why }))
                }
            }
        }
    })?;
    Ok(end == stream::End::Cut)
}

fn with_place(pointer: &str, place: Place) -> String {
    if pointer.is_empty() { place.to_string() } else { format!("{pointer} ({place})") }
}

/// A document that is read whole.
fn whole(input: &mut dyn Read, source: Option<Source>, sink: &mut Sink<'_>) -> io::Result<Ended> {
    let mut bytes = Vec::new();
    input.take(DOCUMENT_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > DOCUMENT_BYTES_MAX {
        let why = "larger than 128 MiB: no document of these kinds is".to_owned();
        let _ = sink(Item::Rejected(Rejected { place: "1:1".to_owned(), why }));
        return Ok(Ended { source, cut: true });
    }
    let tree = match parse(&bytes) {
        Ok(tree) => tree,
        Err(fault) => {
            if source.is_some() {
                let place = place(&bytes, fault.at).to_string();
                let _ = sink(Item::Rejected(Rejected { place, why: fault.why.to_owned() }));
            }
            return Ok(Ended { source, cut: fault.at >= bytes.len() });
        }
    };
    let source = source.or_else(|| Source::of_tree(&tree.root));
    let read: fn(&Node<'_>) -> Result<Record, Wrong> = match source {
        Some(Source::Csaf) => csaf::record,
        Some(Source::OpenVex) => openvex::record,
        Some(Source::CycloneDxVex) => cyclonedx::record,
        Some(Source::EolJson) => eol::record,
        Some(Source::Nvd) => nvd::record,
        Some(Source::Cve5) => cve5::record,
        _ => return Ok(Ended { source: None, cut: false }),
    };
    let item = match read(&tree.root) {
        Ok(record) => Item::Record { record, place: "1:1".to_owned(), bytes: &bytes },
        Err(wrong) => {
            let pointer = json::pointer_to(&tree.root, wrong.at).to_string();
            let place = with_place(&pointer, place(&bytes, wrong.at));
            Item::Rejected(Rejected { place, why: wrong.why })
        }
    };
    let _ = sink(item);
    Ok(Ended { source, cut: false })
}

/// Why a record is none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    at: usize,
    why: String,
}

impl Wrong {
    fn new(node: &Node<'_>, why: impl Into<String>) -> Self {
        Self { at: node.at, why: why.into() }
    }
}

/// The text of a member that must be there.
fn must<'n>(node: &'n Node<'_>, name: &str) -> Result<&'n str, Wrong> {
    match node.get(name) {
        None => Err(Wrong::new(node, format!("\"{name}\" is missing"))),
        Some(member) => {
            let text = member.text().filter(|text| !text.trim().is_empty());
            text.ok_or_else(|| {
                Wrong::new(member, format!("\"{name}\" should be a text, not {}", member.kind()))
            })
        }
    }
}

/// A CVE id: `CVE-`, a year, and four digits or more.
fn cve_id(node: &Node<'_>, name: &str) -> Result<String, Wrong> {
    let id = must(node, name)?;
    if is_cve(id) {
        Ok(id.to_owned())
    } else {
        Err(Wrong::new(node.of(name), format!("\"{}\" is no CVE id", cut(id))))
    }
}

/// Whether a text is a CVE id.
#[must_use]
pub fn is_cve(text: &str) -> bool {
    let numbers = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(year, number)| {
        year.len() == 4 && (4..=19).contains(&number.len()) && digits(year) && digits(number)
    })
}

/// As much of a stranger's text as a message should repeat.
fn cut(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() > MOST {
        text.chars().take(MOST).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
