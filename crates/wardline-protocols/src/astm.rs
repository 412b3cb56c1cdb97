//! ASTM E1381 / CLSI LIS01-A2 frames and E1394 / LIS02-A2 records over TCP: which analyser speaks.
//!
//! In: frames (`STX number text ETX|ETB checksum CR LF`) of any length, with or without ENQ, either side
//! opening; also bare records. Out: the header's sender as a clue for fingerprints, its receiver and record
//! types, whether an access password or patient data was seen. Limits: [`FRAME_MAX`] bytes of a frame and
//! [`RECORD_MAX`] of a record are read. A frame whose checksum is wrong says nothing. Nothing of a patient,
//! order or result record is kept.

mod record;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use record::{Delimiters, Header, Record, header};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "astm",
    carriers: &[Carrier::Stream],
    ports: &[4010, 4000, 4001, 5150],
    probe,
    start: |_| Box::new(Astm::default()),
};

/// Text of a frame that is kept until its checksum is known; the standard's 240 is widely ignored.
const FRAME_MAX: usize = 16_384;
/// Bytes of a record that are read: headers are shorter.
const RECORD_MAX: usize = 2048;

/// Names of senders and receivers listed per flow.
const NAMES_MAX: usize = 16;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;
const ENQ: u8 = 0x05;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const ETB: u8 = 0x17;

#[derive(Default)]
struct Astm {
    lanes: [Lane; 2],
    once: Once,
    /// Sender names said, apart, as a concentrator has many.
    senders: Once,
    named: Vec<(DetailKey, String)>,
    /// Something proved the claim: a checksum, a header, a second record.
    proved: bool,
    /// Who sent the first header, and so names the sending application.
    sender: Option<Side>,
}

/// One direction.
#[derive(Default)]
struct Lane {
    mode: Mode,
    frame: Vec<u8>,
    sum: u8,
    check: [u8; 2],
    /// Digest of the last frame, which a sender repeats when its receiver was not content.
    last: Option<(u8, u8, usize)>,
    /// Number of a frame with a wrong checksum and whether it ended a record; it may come again.
    bad: Option<(u8, bool)>,
    record: Vec<u8>,
    delimiters: Option<Delimiters>,
    /// What comes next is not known to be the start of anything.
    lost: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Between frames.
    #[default]
    Idle,
    /// Passing over a line that is no record.
    Noise,
    /// After STX.
    Number,
    /// In a frame with this number.
    Text(u8),
    /// After ETX or ETB (`last`), this many checksum digits read.
    Check { number: u8, last: bool, digits: usize },
    /// In bare records without frames.
    Bare,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let lead = probe.bytes.iter().take_while(|b| matches!(**b, ENQ | ACK | NAK | EOT)).count();
    let (lead, rest) = probe.bytes.split_at_checked(lead).unwrap_or_default();
    let asked = lead.contains(&ENQ);
    match rest {
        [] if asked || (lead == [ACK] && probe.other.contains(&ENQ)) => Verdict::More,
        [STX] | [STX, b'0'..=b'7'] => Verdict::More,
        [STX, b'0'..=b'7', text @ ..] => match (header(text), text) {
            (Header::Is(_), _) => Verdict::Yes,
            (Header::Cut, _) => Verdict::More,
            (Header::Not, [kind]) if record::is_kind(*kind) => Verdict::More,
            (Header::Not, [kind, delimiter, ..])
                if record::is_kind(*kind) && delimiter.is_ascii_punctuation() =>
            {
                Verdict::Maybe
            }
            // Frames with text of the maker's own: the checksum will tell.
            (Header::Not, _) if asked && probe.other.contains(&ACK) => Verdict::Maybe,
            (Header::Not, _) => Verdict::No,
        },
        bare => match header(bare) {
            Header::Is(delimiters) if delimiters == Delimiters::USUAL => Verdict::Yes,
            Header::Is(_) => Verdict::Maybe,
            Header::Cut if !bare.is_empty() => Verdict::More,
            Header::Cut | Header::Not => Verdict::No,
        },
    }
}

impl Dissector for Astm {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        for &byte in bytes {
            if self.byte(side, byte, notes) == Err(NotAstm) {
                return Step::Withdraw;
            }
        }
        Step::skip(bytes.len())
    }

    fn gap(&mut self, side: Side, _: Option<u64>, _: &mut Notes) -> Step {
        let lane = side.of(&mut self.lanes);
        *lane = Lane { mode: Mode::Noise, delimiters: lane.delimiters, lost: true, ..Lane::default() };
        Step::Skip(1)
    }
}

/// The claim was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotAstm;

impl Astm {
    fn byte(&mut self, side: Side, byte: u8, notes: &mut Notes) -> Result<(), NotAstm> {
        let lane = side.of(&mut self.lanes);
        match (lane.mode, byte) {
            (Mode::Check { number, last, digits }, _) if digits < 2 => {
                return self.check(side, byte, (number, last, digits), notes);
            }
            (mode, STX | ENQ | EOT) => {
                if matches!(mode, Mode::Number | Mode::Text(_)) {
                    // The frame was never finished.
                    notes.malformed = true;
                }
                self.control(side, byte, notes);
            }
            (Mode::Number, b'0'..=b'7') => {
                lane.mode = Mode::Text(byte);
                lane.sum = byte;
                lane.frame.clear();
            }
            (Mode::Number, _) => {
                notes.malformed = true;
                lane.mode = Mode::Noise;
            }
            (Mode::Text(number), ETX | ETB) => {
                lane.sum = lane.sum.wrapping_add(byte);
                lane.mode = Mode::Check { number, last: byte == ETX, digits: 0 };
            }
            (Mode::Text(_), _) => {
                lane.sum = lane.sum.wrapping_add(byte);
                if lane.frame.len() < FRAME_MAX {
                    lane.frame.push(byte);
                }
            }
            (Mode::Idle, b'H') => {
                lane.mode = Mode::Bare;
                lane.record = vec![byte];
            }
            (Mode::Bare, b'\r' | b'\n') => self.bare(side, notes),
            (Mode::Bare, _) => lane.push(byte),
            (Mode::Idle, ACK | NAK) | (Mode::Idle | Mode::Noise | Mode::Check { .. }, b'\r' | b'\n') => {
                lane.mode = Mode::Idle;
            }
            (Mode::Idle | Mode::Noise | Mode::Check { .. }, _) => lane.mode = Mode::Noise,
        }
        Ok(())
    }

    /// STX, ENQ, EOT: whatever was under way is over.
    fn control(&mut self, side: Side, byte: u8, notes: &mut Notes) {
        if side.of(&mut self.lanes).mode == Mode::Bare {
            self.bare(side, notes);
        }
        let lane = side.of(&mut self.lanes);
        lane.frame.clear();
        lane.mode = if byte == STX { Mode::Number } else { Mode::Idle };
        if byte != STX {
            lane.record = Vec::new();
            lane.frame = Vec::new();
            lane.last = None;
            lane.lost = false;
        }
        if byte != EOT && self.once.is_new("requester") {
            notes.requester = Some(side);
        }
    }

    fn check(
        &mut self,
        side: Side,
        byte: u8,
        (number, last, digits): (u8, bool, usize),
        notes: &mut Notes,
    ) -> Result<(), NotAstm> {
        let lane = side.of(&mut self.lanes);
        if !byte.is_ascii_hexdigit() {
            // No checksum at all: TCP has one; the frame counts, the fault is noted.
            lane.mode = Mode::Idle;
            notes.malformed = true;
            self.frame(side, number, last, notes);
            if matches!(byte, STX | ENQ | EOT) {
                self.control(side, byte, notes);
            }
            return Ok(());
        }
        if let Some(place) = lane.check.get_mut(digits) {
            *place = byte;
        }
        lane.mode = Mode::Check { number, last, digits: digits.saturating_add(1) };
        if digits == 0 {
            return Ok(());
        }
        let told = std::str::from_utf8(&lane.check).ok().and_then(|text| u8::from_str_radix(text, 16).ok());
        if told == Some(lane.sum) {
            self.proved = true;
            notes.confirmed = true;
            self.frame(side, number, last, notes);
            return Ok(());
        }
        let named = matches!(header(&lane.frame), Header::Is(_));
        lane.frame.clear();
        lane.bad = Some((number, last));
        notes.malformed = true;
        // A wrong checksum in the first frame, and nothing else that speaks for it.
        if self.proved || named { Ok(()) } else { Err(NotAstm) }
    }

    /// A frame that may be believed: its records.
    fn frame(&mut self, side: Side, number: u8, last: bool, notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        let digest = (number, lane.sum, lane.frame.len());
        let text = std::mem::take(&mut lane.frame);
        if lane.last.replace(digest) == Some(digest) {
            return;
        }
        if let Some((bad, ended)) = lane.bad.take()
            && bad != number
        {
            lane.record.clear();
            lane.lost = !ended;
        }
        let mut lines = text.split(|&b| b == b'\r' || b == b'\n').peekable();
        while let Some(line) = lines.next() {
            let lane = side.of(&mut self.lanes);
            line.iter().for_each(|&byte| lane.push(byte));
            if lines.peek().is_some() || last {
                self.record(side, notes);
            }
        }
    }

    /// A line of bare records.
    fn bare(&mut self, side: Side, notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        let delimiter = lane.delimiters.map(|d| d.field);
        match lane.record.as_slice() {
            [] => {}
            [b'H', ..] => self.record(side, notes),
            [kind, rest @ ..]
                if record::is_kind(*kind) && (rest.is_empty() || rest.first().copied() == delimiter) =>
            {
                self.proved = true;
                notes.confirmed = true;
                self.record(side, notes);
            }
            _ => {
                lane.record.clear();
                lane.mode = Mode::Idle;
            }
        }
    }

    /// A whole record stands in the lane.
    fn record(&mut self, side: Side, notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        let bytes = std::mem::take(&mut lane.record);
        if std::mem::take(&mut lane.lost) && header(&bytes) == Header::Not {
            // The end of a record whose start was lost.
            return;
        }
        if let Header::Is(delimiters) = header(&bytes) {
            lane.delimiters = Some(delimiters);
        }
        let delimiters = lane.delimiters.unwrap_or(Delimiters::USUAL);
        let Some(record) = Record::of(&bytes, delimiters) else { return };
        if self.once.is_new(("kind", record.kind)) {
            notes.detail(DetailKey::MessageTypes, &char::from(record.kind).to_string());
        }
        match record.kind {
            b'H' => self.header(side, &record, notes),
            b'P' if record.has_content(2) && self.once.is_new(("patient", side)) => {
                notes.speaker(side, [Fact::new(Attribute::PatientDataInClear, "astm", 95, "astm.patient")]);
            }
            _ => {}
        }
    }

    fn header(&mut self, side: Side, header: &Record<'_>, notes: &mut Notes) {
        if header.has_content_in(4) && self.once.is_new(("password", side)) {
            let fact = Fact::new(Attribute::ClearCredential, "ASTM access password", 90, "astm.h-4");
            notes.speaker(side, [fact]);
        }
        if self.once.is_new("requester") {
            notes.requester = Some(side);
        }
        let sender = header.whole(5);
        if let Some(sender) = &sender
            && self.senders.is_new((side, sender))
        {
            notes.equipment(side, [Fact::new(Attribute::AstmSender, sender, 90, "astm.h-5")]);
        }
        // The answering side's headers name the same two the other way round.
        if *self.sender.get_or_insert(side) != side {
            return;
        }
        for (key, number) in [(DetailKey::SendingApplication, 5), (DetailKey::ReceivingApplication, 10)] {
            let named = header.first(number).map(|name| (key, name));
            if let Some(named) = named.filter(|named| !self.named.contains(named))
                && self.named.len() < NAMES_MAX
            {
                notes.detail(key, &named.1);
                self.named.push(named);
            }
        }
    }
}

impl Lane {
    fn push(&mut self, byte: u8) {
        if self.record.len() < RECORD_MAX {
            self.record.push(byte);
        }
    }
}
