//! RTSP 1.0 (RFC 2326) and 2.0 (RFC 7826): cameras, encoders and who watches them.
//!
//! In: both streams; heads line by line, bodies by length, interleaved data (`$`) over its length. Out: the
//! software of both sides, credentials in clear. Nothing of the address of a stream is told: it may hold a
//! password. Limits: [`LINE_MAX`], [`LINES_MAX`], [`RESYNC_MAX`].

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "rtsp",
    carriers: &[Carrier::Stream],
    ports: &[554, 8554],
    probe,
    start: |_| Box::new(Rtsp::default()),
};

/// Longest line read.
const LINE_MAX: usize = 4_096;
/// Most lines of a head.
const LINES_MAX: u16 = 100;
/// Bytes of a side searched for the next head after a gap.
const RESYNC_MAX: usize = 1 << 20;
/// Bytes in which a request line ends, or it is none.
const REQUEST_MAX: usize = 1_024;
/// Methods of both versions.
const METHODS: &[&str] = &[
    "OPTIONS",
    "DESCRIBE",
    "ANNOUNCE",
    "SETUP",
    "PLAY",
    "PLAY_NOTIFY",
    "PAUSE",
    "TEARDOWN",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "REDIRECT",
    "RECORD",
];

/// What a start line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Request,
    Response,
}

fn start(line: &[u8]) -> Option<Start> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(rest) = line.strip_prefix(b"RTSP/1.0 ").or_else(|| line.strip_prefix(b"RTSP/2.0 ")) {
        let (code, rest) = rest.split_first_chunk::<3>()?;
        let ends = rest.first().is_none_or(|b| *b == b' ');
        return (ends && code.iter().all(u8::is_ascii_digit)).then_some(Start::Response);
    }
    let rest = line.strip_suffix(b" RTSP/1.0").or_else(|| line.strip_suffix(b" RTSP/2.0"))?;
    let method = rest.get(..memchr::memchr(b' ', rest)?)?;
    METHODS.iter().any(|known| known.as_bytes() == method).then_some(Start::Request)
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    if bytes.starts_with(b"RTSP/") || b"RTSP/".starts_with(bytes) {
        return match bytes.get(..12) {
            None => Verdict::More,
            Some(line) if start(line).is_some() => Verdict::Yes,
            Some(_) => Verdict::No,
        };
    }
    let begins = |method: &&str| {
        let method = method.as_bytes();
        match bytes.get(..method.len()) {
            None => method.starts_with(bytes),
            Some(first) => first == method && bytes.get(method.len()).is_none_or(|b| *b == b' '),
        }
    };
    if !METHODS.iter().any(begins) {
        return Verdict::No;
    }
    match memchr::memchr(b'\n', bytes) {
        Some(end) if start(bytes.get(..end).unwrap_or_default()).is_some() => Verdict::Yes,
        None if bytes.len() < REQUEST_MAX => Verdict::More,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Rtsp {
    lanes: [Lane; 2],
    said: Once,
}

/// One direction.
#[derive(Default)]
struct Lane {
    head: Option<Head>,
    /// Bytes searched for a head since one was lost.
    lost: Option<usize>,
}

struct Head {
    start: Start,
    lines: u16,
    length: u64,
}

impl Dissector for Rtsp {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        if lane.lost.is_some_and(|searched| searched > RESYNC_MAX) {
            return Step::Skip(u64::MAX);
        }
        if lane.head.is_none() && lane.lost.is_none() && bytes.first() == Some(&b'$') {
            let Some(&[_, _, high, low]) = bytes.first_chunk::<4>() else { return Step::More(4) };
            return Step::Skip(u64::from(u16::from_be_bytes([high, low])).saturating_add(4));
        }
        let within = bytes.get(..LINE_MAX).unwrap_or(bytes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < LINE_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            self.lose(side, within.len(), notes);
            return Step::skip(within.len());
        };
        let line = within.get(..end).unwrap_or_default();
        let consumed = end.saturating_add(1);
        let body = self.line(side, line.strip_suffix(b"\r").unwrap_or(line), notes);
        Step::Skip(u64::try_from(consumed).unwrap_or(u64::MAX).saturating_add(body))
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, _notes: &mut Notes) -> Step {
        *side.of(&mut self.lanes) = Lane { head: None, lost: Some(0) };
        Step::Skip(1)
    }
}

impl Rtsp {
    /// Reads a line; answers the bytes of the body behind it.
    fn line(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> u64 {
        let lane = side.of(&mut self.lanes);
        let Some(head) = &mut lane.head else {
            match start(line) {
                Some(start) => {
                    notes.requester = Some(if start == Start::Request { side } else { side.peer() });
                    *lane = Lane { head: Some(Head { start, lines: 0, length: 0 }), lost: None };
                }
                None if line.is_empty() => {}
                None => self.lose(side, line.len(), notes),
            }
            return 0;
        };
        if line.is_empty() {
            let length = head.length;
            lane.head = None;
            return length;
        }
        head.lines = head.lines.saturating_add(1);
        if head.lines > LINES_MAX {
            self.lose(side, line.len(), notes);
            return 0;
        }
        let Some((name, value)) = str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else {
            return 0;
        };
        let (start, value) = (head.start, value.trim());
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = value.parse().unwrap_or_default(),
            "server" if start == Start::Response => {
                self.fact(side, Attribute::HttpServer, value, 80, "rtsp.server", notes);
                self.detail(DetailKey::Server, value, notes);
            }
            "user-agent" if start == Start::Request => {
                self.fact(side, Attribute::HttpUserAgent, value, 75, "rtsp.user-agent", notes);
                self.detail(DetailKey::UserAgent, value, notes);
            }
            "authorization" if value.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("basic ")) => {
                let server = side.peer();
                self.fact(server, Attribute::ClearCredential, "RTSP Basic", 95, "rtsp.authorization", notes);
            }
            _ => {}
        }
        0
    }

    /// What stands here is no head: the next is searched.
    fn lose(&mut self, side: Side, bytes: usize, notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        notes.malformed |= lane.lost.is_none();
        let searched = lane.lost.unwrap_or_default().saturating_add(bytes);
        *lane = Lane { head: None, lost: Some(searched) };
    }

    fn fact(
        &mut self,
        side: Side,
        attribute: Attribute,
        value: &str,
        confidence: u8,
        rule: &'static str,
        notes: &mut Notes,
    ) {
        if self.said.is_new((side, attribute, value)) {
            notes.speaker(side, [Fact::new(attribute, value, confidence, rule)]);
        }
    }

    fn detail(&mut self, key: DetailKey, value: &str, notes: &mut Notes) {
        if self.said.is_new((key, value)) {
            notes.detail(key, value);
        }
    }
}
