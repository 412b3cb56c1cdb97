//! RTCP (RFC 3550 section 6; feedback RFC 4585): reports beside RTP.
//!
//! In: datagrams. Out: the tool that makes the media (software of the side that reports). A compound's lengths
//! add up and its first packet is a report. Refuses: canonical names, names, mail addresses, telephone numbers
//! and places, which are persons'. Limit: [`PACKETS_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rtcp",
    carriers: &[Carrier::Datagram],
    ports: &[5005],
    probe,
    start: |_| Box::new(Rtcp::default()),
};

/// Packets in a compound: a datagram of 1,500 bytes holds below 190 of the smallest.
const PACKETS_MAX: usize = 192;
/// Sender report, receiver report, source description (RFC 3550 section 12.1).
const SENDER: u8 = 200;
const RECEIVER: u8 = 201;
const DESCRIPTION: u8 = 202;
/// Items of a description: the end, and the tool.
const END: u8 = 0;
const TOOL: u8 = 6;
/// Compounds without a description that must agree.
const AGREE_MIN: u8 = 2;

/// One packet of a compound: kind, count and content behind the head.
type Part<'a> = (u8, u8, Reader<'a>);

/// The packets of a compound whose lengths add up.
fn compound(bytes: &[u8]) -> Result<Vec<Part<'_>>, Fault> {
    let mut reader = Reader::new(bytes);
    let mut parts = Vec::new();
    while !reader.is_empty() && parts.len() < PACKETS_MAX {
        let [first, kind] = reader.array("RTCP flags")?;
        let words = usize::from(reader.u16("RTCP length")?);
        let part = reader.sub(words.saturating_mul(4), "RTCP packet")?;
        if first >> 6 != 2 || !(192..=213).contains(&kind) {
            return Err(Fault::Malformed("RTCP kind"));
        }
        let count = usize::from(first & 0x1f);
        let least = match kind {
            SENDER => 24_usize.saturating_add(count.saturating_mul(24)),
            RECEIVER => 4_usize.saturating_add(count.saturating_mul(24)),
            DESCRIPTION => count.saturating_mul(8),
            203 => count.saturating_mul(4),
            _ => 4,
        };
        if part.len() < least {
            return Err(Fault::Malformed("RTCP length"));
        }
        parts.push((kind, first & 0x1f, part));
    }
    Ok(parts)
}

/// Whether the bytes are a compound that starts with a report.
pub(crate) fn is_compound(bytes: &[u8]) -> bool {
    starts_right(bytes) && compound(bytes).is_ok()
}

const fn starts_right(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80..=0xbf, SENDER | RECEIVER, ..])
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if !starts_right(probe.bytes) || probe.ports.iter().any(|port| *port < 1024) {
        return Verdict::No;
    }
    match compound(probe.bytes).as_deref() {
        // A description of the same source behind the report: nothing else is built so.
        Ok([(_, _, report), (DESCRIPTION, 1.., description), ..])
            if source(*report) == source(*description) =>
        {
            Verdict::Yes
        }
        Ok([_, ..]) => Verdict::Maybe,
        _ => Verdict::No,
    }
}

fn source(mut part: Reader<'_>) -> Option<u32> {
    part.u32("source").ok().filter(|source| *source != 0)
}

#[derive(Default)]
struct Rtcp {
    said: Once,
    agreed: [(Option<u32>, u8); 2],
    certain: bool,
}

impl Dissector for Rtcp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        // Media on the same ports (RFC 5761): the flow is theirs.
        if !matches!(bytes, [0x80..=0xbf, 192..=213, ..]) {
            return Step::Withdraw;
        }
        let Ok(parts) = compound(bytes) else {
            notes.malformed = true;
            return if self.certain { Step::skip(bytes.len()) } else { Step::Withdraw };
        };
        let reporter = parts.first().and_then(|part| source(part.2));
        let (last, times) = side.of(&mut self.agreed);
        *times = if *last == reporter && reporter.is_some() { times.saturating_add(1) } else { 1 };
        *last = reporter;
        let described = matches!(parts.as_slice(), [(SENDER | RECEIVER, ..), (DESCRIPTION, ..), ..]);
        if (described || *times >= AGREE_MIN) && reporter.is_some() {
            self.certain = true;
            notes.confirmed = true;
        }
        for (_, _, description) in parts.iter().filter(|part| part.0 == DESCRIPTION && part.1 == 1) {
            if source(*description) == reporter
                && let Some(fact) = tool(*description)
                && self.said.is_new((side, &fact))
            {
                notes.speaker(side, [Some(fact)]);
            }
        }
        Step::skip(bytes.len())
    }
}

/// The tool named in the description of one source.
fn tool(mut description: Reader<'_>) -> Option<Fact> {
    description.skip(4, "source").ok()?;
    loop {
        let kind = description.u8("item").ok()?;
        if kind == END {
            return None;
        }
        let length = usize::from(description.u8("item length").ok()?);
        let value = description.take(length, "item").ok()?;
        if kind == TOOL {
            return software(text::utf8(value)?);
        }
    }
}

/// Name and version, when the last word is a number.
fn software(tool: &str) -> Option<Fact> {
    let version = tool.rsplit_once([' ', '/', '-']).filter(|(name, version)| {
        !name.trim().is_empty()
            && version.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit())
    });
    match version {
        Some((name, version)) => {
            Fact::new(Attribute::Software, name, 70, "rtcp.tool").map(|f| f.with_version(version))
        }
        None => Fact::new(Attribute::Software, tool, 70, "rtcp.tool"),
    }
}
