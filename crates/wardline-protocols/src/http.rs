//! HTTP/1.0 and 1.1 (RFC 9110, RFC 9112): clients, servers, and what they carry.
//!
//! In: both streams; requests pipelined, bodies by length, in chunks or until the end. Out: software of both
//! sides, the realm and the title of a device's front page, credentials in clear, DICOMweb, FHIR, IPP, SOAP,
//! WebDAV; what follows CONNECT or an upgrade is handed over. Bodies are skipped, but for the first 16 KiB of
//! a front page. Limits: [`LINE_MAX`], [`HEAD_MAX`], [`LINES_MAX`], [`ASKED_MAX`], [`RESYNC_MAX`].
//! Never kept: URL paths and queries, cookies, users, passwords. What a proxy passes on is not its own.

mod body;
mod exchange;
mod head;
mod hpack;
mod title;
mod two;
mod upnp;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use body::Body;
use head::{Application, Head, Start, Target};
use std::collections::VecDeque;
use wardline_model::DetailKey;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "http",
    carriers: &[Carrier::Stream],
    ports: &[
        80, 81, 88, 591, 631, 2869, 3128, 5000, 5357, 5985, 8000, 8008, 8042, 8080, 8081, 8088, 8888, 9080,
    ],
    probe,
    start: |_| Box::new(Http::default()),
};

/// Longest line read; of longer ones only a request's method.
const LINE_MAX: usize = 8_192;
/// Longest head read.
const HEAD_MAX: usize = 65_536;
/// Most lines of a head.
const LINES_MAX: u16 = 200;
/// Requests that may wait for their answers.
const ASKED_MAX: usize = 64;
/// Bytes of a side searched for the next head after a gap or a broken message.
const RESYNC_MAX: usize = 1 << 20;
/// Facts and details told of one connection: a proxy's could go on for ever.
const TOLD_MAX: u16 = 64;
/// First bytes after which a request line without end is taken for one that is long.
const LONG: usize = 2_048;
/// How HTTP/2 begins when both sides know of it beforehand (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.starts_with(PREFACE) != Verdict::No {
        return probe.starts_with(PREFACE);
    }
    let bytes = probe.bytes;
    if bytes.starts_with(b"HTTP/1.") || b"HTTP/1.".starts_with(bytes) {
        return match bytes.get(..12) {
            None => Verdict::More,
            Some(line) if head::start(line).is_some() => Verdict::Yes,
            Some(_) => Verdict::No,
        };
    }
    if !head::may_be_request(bytes) {
        return Verdict::No;
    }
    match memchr::memchr(b'\n', bytes) {
        Some(end) if head::start(trimmed(bytes.get(..end).unwrap_or_default())).is_some() => Verdict::Yes,
        Some(_) => Verdict::No,
        None if bytes.len() >= LONG => Verdict::Maybe,
        None => Verdict::More,
    }
}

#[derive(Default)]
struct Http {
    lanes: [Lane; 2],
    asked: VecDeque<Asked>,
    once: Once,
    told: u16,
    confirmed: bool,
    /// Who asks.
    requester: Option<Side>,
    /// From where HTTP/2 is spoken.
    two: Option<Box<two::Two>>,
}

/// A request that waits for its answer.
#[derive(Default)]
struct Asked {
    head: bool,
    connect: bool,
    proxied: bool,
    front_page: bool,
    patient_resource: bool,
    factory_default: Option<String>,
}

impl Asked {
    fn of(method: &str, target: &Target<'_>) -> Self {
        Self {
            head: method == "HEAD",
            connect: method == "CONNECT",
            proxied: target.authority.is_some(),
            front_page: target.front_page && method == "GET",
            patient_resource: target.patient_resource,
            factory_default: None,
        }
    }
}

/// One direction.
#[derive(Default)]
struct Lane {
    state: State,
    message: Option<Message>,
    head: Head,
    body: Option<Body>,
    /// The line being read was too long; its end is left out.
    long: bool,
    searched: usize,
}

/// Whose head is being read.
enum Message {
    Request(Box<Asked>, Option<Application>, bool),
    Response(u16),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Head,
    ChunkSize,
    ChunkEnd,
    Trailer,
    /// A body that is read: bytes left of it, whether they are a chunk.
    Body(u64, bool),
    /// Searching for the next head.
    Lost,
    /// Behind CONNECT, until it is granted.
    Tunnel,
}

/// What follows a line: bytes to skip behind it, or another step.
enum Next {
    Skip(u64),
    Step(Step),
}

impl Dissector for Http {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.confirmed && self.two.is_none() && two::begins_with_settings(bytes) {
            // The server's settings may come before the client's preface.
            self.speak_two(side.peer(), notes);
        }
        if self.two.is_some() {
            return self.two(side, bytes, notes);
        }
        let lane = side.of(&mut self.lanes);
        match lane.state {
            State::Body(left, chunk) => return self.body(side, left, chunk, bytes, notes),
            State::Tunnel if bytes.len() < Step::MORE_MAX => {
                return Step::More(bytes.len().saturating_add(1));
            }
            State::Tunnel => return Step::Done,
            State::Lost if lane.searched > RESYNC_MAX => return Step::Skip(u64::MAX),
            _ => {}
        }
        let within = bytes.get(..LINE_MAX).unwrap_or(bytes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < LINE_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            return self.long_line(side, within, notes);
        };
        let consumed = end.saturating_add(1);
        if std::mem::take(&mut lane.long) {
            return Step::skip(consumed);
        }
        if lane.state == State::Lost {
            lane.searched = lane.searched.saturating_add(consumed);
        }
        match self.line(side, trimmed(within.get(..end).unwrap_or_default()), notes) {
            Next::Skip(more) => Step::Skip(u64::try_from(consumed).unwrap_or(u64::MAX).saturating_add(more)),
            Next::Step(Step::Skip(_)) => Step::skip(consumed),
            Next::Step(step) => step,
        }
    }

    fn gap(&mut self, side: Side, _count: Option<u64>, notes: &mut Notes) -> Step {
        if self.two.is_some() {
            // What the missing frames did to the header table cannot be told.
            self.end_of_two(notes);
            return Step::Done;
        }
        self.body_over(side, notes);
        let lane = side.of(&mut self.lanes);
        if lane.state == State::Tunnel {
            return Step::Done;
        }
        let searched = lane.searched;
        *lane = Lane { state: State::Lost, searched, ..Lane::default() };
        // Which request the next answer belongs to is not known any more.
        self.asked.clear();
        Step::Skip(1)
    }

    fn end(&mut self, notes: &mut Notes) {
        self.end_of_two(notes);
        for side in [Side::Opener, Side::Accepter] {
            self.body_over(side, notes);
        }
    }
}

impl Http {
    fn line(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Next {
        let lane = side.of(&mut self.lanes);
        match lane.state {
            State::Start if line.is_empty() => Next::Skip(0),
            State::Start | State::Lost => self.start_line(side, line, notes),
            State::Head if line.is_empty() => self.end_of_head(side, notes),
            State::Head => {
                lane.head.lines = lane.head.lines.saturating_add(1);
                lane.head.bytes = lane.head.bytes.saturating_add(line.len());
                if lane.head.lines > LINES_MAX || lane.head.bytes > HEAD_MAX {
                    return self.lose(side, notes);
                }
                lane.head.field(line);
                Next::Skip(0)
            }
            State::ChunkSize => {
                let digits = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
                let size = str::from_utf8(digits).ok().and_then(|d| u64::from_str_radix(d, 16).ok());
                let (state, skip) = match (size, lane.body.is_some()) {
                    (None, _) => return self.lose(side, notes),
                    (Some(0), _) => (State::Trailer, 0),
                    (Some(size), true) => (State::Body(size, true), 0),
                    (Some(size), false) => (State::ChunkEnd, size),
                };
                lane.state = state;
                Next::Skip(skip)
            }
            State::ChunkEnd if line.is_empty() => {
                lane.state = State::ChunkSize;
                Next::Skip(0)
            }
            State::Trailer => {
                if line.is_empty() {
                    lane.state = State::Start;
                    self.body_over(side, notes);
                }
                Next::Skip(0)
            }
            State::ChunkEnd | State::Body(..) | State::Tunnel => self.lose(side, notes),
        }
    }

    /// A line beyond [`LINE_MAX`]: of a request the method and path, of a header nothing, else it is broken.
    fn long_line(&mut self, side: Side, start: &[u8], notes: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        let skip = Step::skip(start.len());
        match lane.state {
            _ if lane.long => {}
            State::Start if head::may_be_request(start) => {
                lane.long = true;
                let mut line = start.split(|b| *b == b'?').next().unwrap_or_default().to_vec();
                line.extend_from_slice(b" HTTP/1.1");
                if let Next::Step(step @ (Step::Withdraw | Step::Done)) = self.start_line(side, &line, notes)
                {
                    return step;
                }
            }
            State::Head => {
                lane.long = true;
                lane.head.bytes = lane.head.bytes.saturating_add(start.len());
            }
            State::Lost => {
                lane.long = true;
                lane.searched = lane.searched.saturating_add(start.len());
            }
            _ => {
                lane.long = true;
                if let Next::Step(step @ (Step::Withdraw | Step::Done)) = self.lose(side, notes) {
                    return step;
                }
            }
        }
        skip
    }

    fn start_line(&mut self, side: Side, line: &[u8], notes: &mut Notes) -> Next {
        let lane = side.of(&mut self.lanes);
        if line == PREFACE {
            self.speak_two(side, notes);
            // The rest of the preface stands behind its first line.
            return Next::Skip(
                u64::try_from(two::PREFACE.len().saturating_sub(PREFACE.len()).saturating_sub(2))
                    .unwrap_or(8),
            );
        }
        let mut line = line;
        if lane.state == State::Lost
            && let Some(at) = memchr::memmem::find(line, b"HTTP/1.")
            && head::start(line).is_none()
        {
            line = line.get(at..).unwrap_or_default();
        }
        let (message, requester) = match head::start(line) {
            Some(Start::Request { method, target }) => {
                let read = Target::read(method, target);
                let asked = Asked::of(method, &read);
                lane.head = Head { host: read.authority.map(str::to_owned), ..Head::default() };
                let asked = Box::new(asked);
                (Message::Request(asked, read.application, read.asks_for_patient), side)
            }
            Some(Start::Response { status }) => {
                lane.head = Head::default();
                (Message::Response(status), side.peer())
            }
            None if lane.state == State::Lost => return Next::Skip(0),
            None => return self.lose(side, notes),
        };
        lane.message = Some(message);
        lane.state = State::Head;
        lane.body = None;
        self.confirmed = true;
        notes.confirmed = true;
        notes.requester = Some(requester);
        self.requester = Some(requester);
        Next::Skip(0)
    }

    /// From here both sides speak HTTP/2; `requester` asks.
    fn speak_two(&mut self, requester: Side, notes: &mut Notes) {
        self.two = Some(Box::default());
        self.confirmed = true;
        self.requester = Some(requester);
        notes.requester = Some(requester);
        notes.confirmed = true;
        notes.detail(DetailKey::Application, "http2");
    }

    /// The bytes are not what should stand here: another protocol, or the next head is to be searched.
    fn lose(&mut self, side: Side, notes: &mut Notes) -> Next {
        if !self.confirmed {
            return Next::Step(Step::Withdraw);
        }
        notes.malformed = true;
        self.asked.clear();
        let lane = side.of(&mut self.lanes);
        let (searched, long) = (lane.searched, lane.long);
        *lane = Lane { state: State::Lost, searched, long, ..Lane::default() };
        Next::Skip(0)
    }

    fn end_of_head(&mut self, side: Side, notes: &mut Notes) -> Next {
        let lane = side.of(&mut self.lanes);
        let head = std::mem::take(&mut lane.head);
        notes.malformed |= head.malformed;
        lane.state = State::Start;
        match lane.message.take() {
            None => self.lose(side, notes),
            Some(Message::Request(asked, application, for_patient)) => {
                self.request(side, &head, *asked, application, for_patient, notes)
            }
            Some(Message::Response(status)) => self.response(side, &head, status, notes),
        }
    }

    /// Bytes of a body that is read.
    fn body(&mut self, side: Side, left: u64, chunk: bool, bytes: &[u8], notes: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let rest = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
        let wants = lane.body.as_mut().is_some_and(|body| body.add(bytes.get(..here).unwrap_or_default()));
        let after = if chunk { State::ChunkEnd } else { State::Start };
        lane.state = if rest == 0 || !wants { after } else { State::Body(rest, chunk) };
        // A body in chunks is whole only behind the last of them.
        if !wants || (rest == 0 && !chunk) {
            self.body_over(side, notes);
        }
        if wants { Step::skip(here) } else { Step::Skip(left) }
    }

    /// Tells what the body said, as far as it came.
    fn body_over(&mut self, side: Side, notes: &mut Notes) {
        if let Some(body) = side.of(&mut self.lanes).body.take() {
            self.tell(side, body.found(), notes);
        }
    }
}

/// A line without the carriage return at its end.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
