//! HTTP/2 in clear (RFC 9113): the heads of its requests and answers, and the bodies that tell of devices.
//!
//! In: both directions from their first frame, after the preface or an upgrade. Out: what HTTP/1 says of the same
//! heads. Limits: a header block of [`BLOCK_MAX`] bytes, [`STREAMS_MAX`] streams at once. A direction whose header
//! table is lost (a gap, a fault) is only counted from there.

use super::body::Body;
use super::head::{Head, Target};
use super::hpack::{Field, Hpack};
use super::{Asked, Http};
use crate::{Notes, Side, Step};
use wardline_wire::{Fault, Reader};

/// Longest header block.
const BLOCK_MAX: usize = 32_768;
/// Streams that wait for their answers, or whose body is read; of more only the heads are told.
const STREAMS_MAX: usize = 32;
/// What the client sends first, after which it sends frames like the server.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
/// Highest kind of frame of RFC 9113, and of its extensions (PRIORITY_UPDATE, RFC 9218).
const KIND_MAX: u8 = 0x10;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// Both directions.
#[derive(Default)]
pub(super) struct Two {
    lanes: [Lane; 2],
    streams: Vec<Stream>,
}

/// One direction.
#[derive(Default)]
struct Lane {
    hpack: Hpack,
    /// A header block that is not whole yet, its stream, and whether it is a promise's.
    block: Vec<u8>,
    opens: Option<(u32, bool)>,
    started: bool,
    /// Within the content of a DATA frame.
    content: Option<Content>,
    broken: bool,
}

/// Content of a DATA frame that is read: its stream, the bytes left, and whether the stream ends with them.
#[derive(Clone, Copy)]
struct Content {
    stream: u32,
    left: usize,
    last: bool,
}

/// A stream that is open.
struct Stream {
    id: u32,
    asked: Option<Asked>,
    bodies: [Option<Body>; 2],
}

/// Whether bytes begin with the settings that each side sends first.
pub(super) fn begins_with_settings(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, length, SETTINGS, 0, 0, 0, 0, 0, ..] if length.is_multiple_of(6))
}

impl Http {
    /// Bytes of either side, once HTTP/2 is spoken.
    pub(super) fn two(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(two) = &mut self.two else { return Step::Done };
        let lane = side.of(&mut two.lanes);
        if lane.broken {
            return Step::Skip(u64::MAX);
        }
        if !lane.started && PREFACE.starts_with(bytes.get(..PREFACE.len()).unwrap_or(bytes)) {
            if bytes.len() < PREFACE.len() {
                return Step::More(PREFACE.len());
            }
            lane.started = true;
            return Step::skip(PREFACE.len());
        }
        lane.started = true;
        if let Some(content) = lane.content.take() {
            return self.content(side, content, bytes, notes);
        }
        let mut reader = Reader::new(bytes);
        let (Ok(length), Ok([kind, flags]), Ok(stream)) =
            (reader.u24("length"), reader.array("kind and flags"), reader.u32("stream"))
        else {
            return Step::More(9);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if kind > KIND_MAX {
            notes.malformed = true;
            return Step::Done;
        }
        match kind {
            DATA if two.streams.iter_mut().any(|s| s.id == stream && side.of(&mut s.bodies).is_some()) => {
                let last = flags & END_STREAM != 0;
                if length > 0 {
                    side.of(&mut two.lanes).content = Some(Content { stream, left: length, last });
                } else if last {
                    self.stream_over(side, stream, notes);
                }
                Step::Skip(9)
            }
            HEADERS | PROMISE | CONTINUATION if length > BLOCK_MAX => self.break_off(side, notes),
            HEADERS | PROMISE | CONTINUATION => {
                let whole = length.saturating_add(9);
                let Some(frame) = bytes.get(9..whole) else { return Step::More(whole) };
                if self.headers(side, (kind, flags, stream), frame, notes).is_err() {
                    return self.break_off(side, notes);
                }
                Step::skip(whole)
            }
            _ => Step::skip(length.saturating_add(9)),
        }
    }

    /// The header table of this direction is lost.
    fn break_off(&mut self, side: Side, notes: &mut Notes) -> Step {
        notes.malformed = true;
        if let Some(two) = &mut self.two {
            let lane = side.of(&mut two.lanes);
            *lane = Lane { broken: true, ..Lane::default() };
        }
        Step::Skip(u64::MAX)
    }

    /// A part of a header block, or the whole.
    fn headers(
        &mut self,
        side: Side,
        (kind, flags, stream): (u8, u8, u32),
        frame: &[u8],
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        let Some(two) = &mut self.two else { return Ok(()) };
        let lane = side.of(&mut two.lanes);
        let mut reader = Reader::new(frame);
        if kind == CONTINUATION {
            if lane.opens.is_none_or(|(id, _)| id != stream) {
                return Err(Fault::Malformed("continuation"));
            }
        } else {
            let padding = if flags & PADDED != 0 { reader.u8("padding")? } else { 0 };
            if kind == PROMISE {
                reader.skip(4, "promised stream")?;
            } else if flags & PRIORITY != 0 {
                reader.skip(5, "priority")?;
            }
            let block = reader.len().checked_sub(usize::from(padding)).ok_or(Fault::Malformed("padding"))?;
            reader = reader.sub(block, "header block")?;
            lane.block.clear();
            lane.opens = Some((stream, kind == PROMISE));
        }
        if lane.block.len().saturating_add(reader.len()) > BLOCK_MAX {
            return Err(Fault::TooLarge("header block"));
        }
        lane.block.extend_from_slice(reader.rest());
        if flags & END_HEADERS == 0 {
            return Ok(());
        }
        let block = std::mem::take(&mut lane.block);
        let fields = lane.hpack.block(&block)?;
        let promise = lane.opens.take().is_some_and(|(_, promise)| promise);
        if !promise {
            self.fields(side, stream, &fields, notes);
            if kind == HEADERS && flags & END_STREAM != 0 {
                self.stream_over(side, stream, notes);
            }
        }
        Ok(())
    }

    /// The head of a request, an answer, or a trailer.
    fn fields(&mut self, side: Side, stream: u32, fields: &[Field], notes: &mut Notes) {
        let pseudo =
            |wanted: &str| fields.iter().find(|(name, _)| **name == *wanted).map(|(_, value)| &**value);
        let mut head = Head::default();
        for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with(':')) {
            head.field(format!("{name}: {value}").as_bytes());
        }
        if let (Some(method), Some(path)) = (pseudo(":method"), pseudo(":path")) {
            head.host = pseudo(":authority").map(str::to_owned).or(head.host);
            let target = Target::read(method, path);
            let asked = Asked::of(method, &target);
            self.asked.clear();
            self.requester = Some(side);
            notes.requester = Some(side);
            let connect = asked.connect;
            self.request(side, &head, asked, target.application, target.asks_for_patient, notes);
            let asked = self.asked.pop_back().filter(|_| !connect);
            self.keep(side, stream, asked);
        } else if let Some(status) = pseudo(":status").and_then(|status| status.parse().ok()) {
            let asked = self.stream(stream).and_then(|stream| stream.asked.take());
            self.asked.clear();
            self.asked.extend(asked);
            // Only HTTP/1 switches by an answer.
            if status != 101 {
                self.response(side, &head, status, notes);
            }
            self.keep(side, stream, None);
        }
    }

    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.two.as_mut()?.streams.iter_mut().find(|stream| stream.id == id)
    }

    /// Keeps what a stream waits with: its request, and the body that its head announced.
    fn keep(&mut self, side: Side, id: u32, asked: Option<Asked>) {
        let body = side.of(&mut self.lanes).body.take();
        if body.is_none() && asked.is_none() {
            return;
        }
        if let Some(stream) = self.stream(id) {
            stream.asked = asked.or(stream.asked.take());
            *side.of(&mut stream.bodies) = body;
        } else if let Some(two) = &mut self.two
            && two.streams.len() < STREAMS_MAX
        {
            let mut stream = Stream { id, asked, bodies: [None, None] };
            *side.of(&mut stream.bodies) = body;
            two.streams.push(stream);
        }
    }

    /// Content of a body that is read; padding at its end does no harm to what is read of it.
    fn content(&mut self, side: Side, content: Content, bytes: &[u8], notes: &mut Notes) -> Step {
        let Content { stream: id, left, last } = content;
        let here = left.min(bytes.len());
        let rest = left.saturating_sub(here);
        let part = bytes.get(..here).unwrap_or(bytes);
        let body = self.stream(id).and_then(|stream| side.of(&mut stream.bodies).as_mut());
        let wants = body.is_some_and(|body| body.add(part));
        if !wants || (rest == 0 && last) {
            self.stream_over(side, id, notes);
            return Step::skip(left);
        }
        if rest > 0
            && let Some(two) = &mut self.two
        {
            side.of(&mut two.lanes).content = Some(Content { left: rest, ..content });
        }
        Step::skip(here)
    }

    /// A side of a stream is over, or as much of it as was wanted: tells what the body said.
    fn stream_over(&mut self, side: Side, id: u32, notes: &mut Notes) {
        let body = self.stream(id).and_then(|stream| side.of(&mut stream.bodies).take());
        if let Some(body) = body {
            self.tell(side, body.found(), notes);
        }
        let requester = self.requester;
        if let Some(two) = &mut self.two {
            // The answer is over: so is the stream.
            two.streams.retain(|stream| stream.id != id || requester == Some(side));
        }
    }

    /// The conversation is over: bodies say what they have.
    pub(super) fn end_of_two(&mut self, notes: &mut Notes) {
        let streams = self.two.take().map(|two| two.streams).unwrap_or_default();
        for Stream { bodies: [opener, accepter], .. } in streams {
            for (side, body) in [(Side::Opener, opener), (Side::Accepter, accepter)] {
                if let Some(body) = body {
                    self.tell(side, body.found(), notes);
                }
            }
        }
    }
}
