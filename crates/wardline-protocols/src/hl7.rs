//! HL7 v2 messages over MLLP or bare (HL7 v2.x chapter 2, MLLP release 1): applications, software, devices.
//!
//! In: a stream of segments with any separators, with or without the MLLP block characters, ended by CR, LF
//! or both. Out: sending application and facility, message types, software of each hop (SFT), devices
//! (OBX-18, IHE PCD-01 containment, PRT, EQU, DEV), and whether patient data was seen. Limits: the first
//! [`SEGMENT_MAX`] bytes of a segment are read, the rest is passed over. Nothing of PID or any observation
//! of a patient is kept.

mod device;
mod parts;
mod segment;
mod wide;

use crate::charset::Charset;
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use device::Devices;
pub(crate) use device::eui64_mac;
use parts::{Parts, digest as digest_of};
use segment::{Fields, Header, Segment, Separators, header};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "hl7",
    carriers: &[Carrier::Stream],
    ports: &[2575, 6661, 6662, 5000],
    probe,
    start: |_| Box::new(wide::Wide::default()),
};

/// Bytes of a segment that are read: what we want stands in its first fields.
const SEGMENT_MAX: usize = 4096;
/// Message types listed per flow.
const TYPES_MAX: usize = 32;
/// Applications listed per flow.
const NAMES_MAX: usize = 16;
/// Software parts of one message: hops of an interface.
const HOPS_MAX: usize = 8;
/// Profiles read of one header.
const PROFILES_MAX: usize = 4;
/// Ways of reading that are kept of one side: results, admissions, answers in turn.
const HEADS_MAX: usize = 4;
/// Message of an analyser's results (IHE LAW LAB-29).
const LAW_RESULT: &str = "OUL^R22";
/// Block start (VT), block end (FS) and line ends.
const DELIMITERS: [u8; 4] = [0x0B, 0x1C, b'\r', b'\n'];

/// Reads a message or batch that something else carries whole (an HTTP body), sent by `side`.
pub(crate) fn carried(side: Side, bytes: &[u8], notes: &mut Notes) {
    let mut hl7 = Hl7::default();
    if matches!(header(bytes.trim_ascii_start()), Header::Is(_)) {
        let mut rest = bytes;
        while let Some(left) = rest.get(hl7.next(side, rest, notes)..).filter(|left| left.len() < rest.len())
        {
            rest = left;
        }
        hl7.segment(side, rest, notes);
        hl7.finish(side, notes);
    }
}

#[derive(Default)]
struct Hl7 {
    lanes: [Lane; 2],
    /// Patient data was seen from that side.
    patient: [bool; 2],
    once: Once,
    /// Devices and applications said, apart, as a gateway has many.
    senders: Once,
    types: Vec<String>,
    named: Vec<(DetailKey, String)>,
    described: bool,
}

/// One direction.
#[derive(Default)]
struct Lane {
    /// Passing over the rest of a segment.
    tail: bool,
    /// Inside a message.
    open: bool,
    /// How the latest messages are read, the latest of all first.
    heads: Vec<Head>,
    /// MSH-10 of the latest message.
    control: Vec<u8>,
    parts: Parts,
}

/// What the header of a message says of how it is read.
struct Head {
    /// Of all that is read of it, save its control id: the next message mostly has the same.
    digest: u64,
    /// Of how devices are read.
    reading: u64,
    separators: Separators,
    charset: Charset,
    kind: String,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let start = probe.bytes.iter().position(|b| !DELIMITERS.contains(b)).unwrap_or(probe.bytes.len());
    let (ends, rest) = probe.bytes.split_at_checked(start).unwrap_or_default();
    if let Some(verdict) = wide::probe(rest) {
        return verdict;
    }
    match header(rest) {
        Header::Is(_) => Verdict::Yes,
        Header::Cut if rest.is_empty() && !ends.contains(&0x0B) => Verdict::No,
        Header::Cut => Verdict::More,
        // Picked up inside a message: the next one may start in the same packet.
        Header::Not if !probe.from_start && block_start(probe.bytes) => Verdict::Yes,
        Header::Not => Verdict::No,
    }
}

/// Whether a block with a message header starts anywhere in `bytes`.
fn block_start(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x0B, bytes)
        .filter_map(|at| bytes.get(at.saturating_add(1)..))
        .any(|rest| matches!(header(rest), Header::Is(_)))
}

/// The first of the four delimiters: control characters that stand in no text, so three are looked for at once, and the
/// fourth, which comes between messages only, before them.
fn end_of_segment(bytes: &[u8]) -> Option<usize> {
    let end = memchr::memchr3(b'\r', b'\n', 0x1C, bytes);
    memchr::memchr(0x0B, bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes)).or(end)
}

impl Dissector for Hl7 {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.next(side, rest, notes) {
                0 => break,
                read => at = at.saturating_add(read),
            }
        }
        if at == 0 { Step::More(bytes.len().saturating_add(1)) } else { Step::skip(at) }
    }

    fn gap(&mut self, side: Side, _: Option<u64>, _: &mut Notes) -> Step {
        // What follows may be of another message: nothing is joined over the gap.
        let lane = side.of(&mut self.lanes);
        (lane.tail, lane.open) = (true, false);
        Step::Skip(1)
    }
}

/// A message control id (20 characters until v2.6, 199 after), as far as two are compared.
fn identifier(field: &[u8]) -> &[u8] {
    field.get(..64).unwrap_or(field)
}

/// The IHE transaction that a profile identifier (MSH-21) names: by the object identifier of its profile below
/// that of IHE's device domain, or by its own name (`IHE_PCD_001`, `LAB-29`).
fn profile_of(head: &Segment<'_>, identifier: &[u8]) -> Option<&'static str> {
    const DEVICES: &str = "1.3.6.1.4.1.19376.1.6.";
    const DOMAIN: &[(&str, &str, &str)] = &[
        ("1.1.", "IHE_PCD_001", "ihe-pcd-01"),
        ("1.3.", "IHE_PCD_003", "ihe-pcd-03"),
        ("1.4.", "IHE_PCD_004", "ihe-pcd-04"),
        ("1.6.", "IHE_PCD_006", "ihe-pcd-06"),
        ("1.7.", "IHE_PCD_007", "ihe-pcd-07"),
        ("1.10.", "IHE_PCD_010", "ihe-pcd-10"),
        ("1.15.", "IHE_PCD_015", "ihe-pcd-15"),
    ];
    const LABORATORY: &[(&str, &str)] =
        &[("LAB-27", "ihe-lab-27"), ("LAB-28", "ihe-lab-28"), ("LAB-29", "ihe-lab-29")];
    let parts = [1, 2, 3].map(|number| head.component(identifier, number));
    let mut parts = parts.iter().flatten();
    parts.find_map(|part| {
        let below = part.strip_prefix(DEVICES);
        let of_domain = DOMAIN.iter().find(|(arc, name, _)| {
            below.is_some_and(|rest| rest.starts_with(arc)) || part.eq_ignore_ascii_case(name)
        });
        let of_laboratory = LABORATORY.iter().find(|(name, _)| part == name);
        of_domain.map(|(.., word)| *word).or(of_laboratory.map(|(_, word)| *word))
    })
}

/// Segments that we look into.
const fn is_read(id: &[u8]) -> bool {
    matches!(
        id,
        b"MSH"
            | b"FHS"
            | b"BHS"
            | b"SFT"
            | b"PID"
            | b"NK1"
            | b"IN1"
            | b"IN2"
            | b"GT1"
            | b"MRG"
            | b"PV1"
            | b"OBX"
            | b"PRT"
            | b"EQU"
            | b"DEV"
            | b"MSA"
            | b"BTS"
            | b"FTS"
    )
}

impl Hl7 {
    /// Reads the segment, the ends of segments or the rest of one that `bytes` start with; its length, or 0
    /// when more is needed.
    fn next(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> usize {
        if side.of(&mut self.lanes).tail {
            let end = end_of_segment(bytes);
            side.of(&mut self.lanes).tail = end.is_none();
            let pass = end.unwrap_or(bytes.len());
            if pass > 0 {
                return pass;
            }
        }
        let ends = bytes.iter().take_while(|b| DELIMITERS.contains(b)).count();
        if ends > 0 {
            if bytes.iter().take(ends).any(|&b| b == 0x0B || b == 0x1C) {
                self.finish(side, notes);
            }
            return ends;
        }
        let start = bytes.get(..SEGMENT_MAX).unwrap_or(bytes);
        if let Some(end) = end_of_segment(start) {
            self.segment(side, start.get(..end).unwrap_or(start), notes);
            return end;
        }
        let lane = side.of(&mut self.lanes);
        if bytes.len() >= SEGMENT_MAX {
            lane.tail = true;
            self.segment(side, start, notes);
            return start.len();
        }
        if bytes.get(..3).is_some_and(|id| !is_read(id)) {
            lane.tail = true;
            return bytes.len();
        }
        0
    }

    fn segment(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let id = bytes.get(..3).unwrap_or_default();
        if matches!(id, b"MSH" | b"FHS" | b"BHS")
            && let Header::Is(separators) = header(bytes)
        {
            self.finish(side, notes);
            if id == b"MSH" {
                self.begin(side, bytes, separators, notes);
            }
            return;
        }
        let lane = side.of(&mut self.lanes);
        let Some(head) = lane.heads.first().filter(|_| lane.open) else { return };
        let separators = head.separators;
        if bytes.get(3).is_some_and(|&b| b != separators.field) {
            return;
        }
        let segment = Segment { bytes, separators, charset: head.charset };
        match id {
            b"PID" | b"NK1" | b"IN1" | b"IN2" | b"GT1" | b"MRG" => {
                let told = side.of(&mut self.patient);
                // The set id alone is no patient data.
                if !*told && segment.has_content(2) {
                    *told = true;
                    notes.speaker(side, [Fact::new(Attribute::PatientDataInClear, "hl7", 95, "hl7.patient")]);
                }
            }
            b"MSA" => {
                // The peer's question is over, even where nothing marks its end.
                let asked = side.peer().of(&mut self.lanes);
                if asked.open && asked.control == identifier(segment.field(2)) {
                    self.finish(side.peer(), notes);
                }
            }
            b"BTS" | b"FTS" => self.finish(side, notes),
            _ => lane.parts.keep(bytes, &separators),
        }
    }

    /// MSH: who speaks to whom, of what.
    fn begin(&mut self, side: Side, bytes: &[u8], separators: Separators, notes: &mut Notes) {
        // MSH-1 is the separator itself: MSH-n is field n - 1. Applications and facilities are 3 to 6.
        let fields = Fields::<21>::of(bytes, separators.field);
        let [kind, control, charset, profile] = [8, 9, 17, 20].map(|number| fields.get(number));
        let control = identifier(control);
        let digest = digest_of((fields.between(2, 5), kind, charset, profile, separators));
        let lane = side.of(&mut self.lanes);
        lane.open = true;
        lane.control.clear();
        lane.control.extend_from_slice(control);
        match lane.heads.iter().position(|head| head.digest == digest) {
            Some(known) => lane.heads.swap(0, known),
            None => {
                let head = self.read_head(side, bytes, separators, digest, notes);
                let heads = &mut side.of(&mut self.lanes).heads;
                heads.truncate(HEADS_MAX.saturating_sub(1));
                heads.insert(0, head);
            }
        }
        let lane = side.of(&mut self.lanes);
        if let Some(head) = lane.heads.first() {
            lane.parts.begin(head.reading);
        }
    }

    fn read_head(
        &mut self,
        side: Side,
        bytes: &[u8],
        separators: Separators,
        digest: u64,
        notes: &mut Notes,
    ) -> Head {
        let plain = Segment { bytes, separators, charset: Charset::Unknown };
        let charset = plain.text(18, 1).map_or(Charset::Unknown, |set| Charset::of_hl7(&set));
        let head = Segment { charset, ..plain };
        let kind: Vec<String> = [head.text(9, 1), head.text(9, 2)].into_iter().flatten().collect();
        let kind = kind.join("^");
        let code = kind.split('^').next().unwrap_or_default();
        let response = matches!(code, "ACK" | "RSP" | "MCF" | "RTB" | "ORR" | "RCI" | "RCL");
        if !self.described {
            notes.requester = Some(if response { side.peer() } else { side });
        }
        self.applications(side, &head, response, notes);
        for profile in
            head.repetitions(21).take(PROFILES_MAX).filter_map(|profile| profile_of(&head, profile))
        {
            if self.once.is_new(("profile", profile)) {
                notes.detail(DetailKey::Application, profile);
            }
        }
        if kind.is_empty() {
            notes.malformed = true;
        } else {
            self.kind(side, &kind, code == "ACK", notes);
        }
        let reading = digest_of((separators, charset, kind == LAW_RESULT));
        Head { digest, reading, separators, charset, kind }
    }

    fn applications(&mut self, side: Side, head: &Segment<'_>, response: bool, notes: &mut Notes) {
        let (application, facility) = (head.name(3), head.name(4));
        if self.senders.is_new(("application", side, &application, &facility)) {
            // An acknowledgement often only echoes whom the sender took it for.
            let confidence = if response { 70 } else { 90 };
            let fact = |attribute, value: &Option<String>, rule| {
                Fact::new(attribute, value.as_deref()?, confidence, rule)
            };
            notes.speaker(
                side,
                [
                    fact(Attribute::Hl7Application, &application, "hl7.msh-3"),
                    fact(Attribute::Hl7Facility, &facility, "hl7.msh-4"),
                ],
            );
        }
        let receiver = head.name(5);
        let (sender, receiver) = if response { (receiver, application) } else { (application, receiver) };
        // Answers repeat what the requests said; they count only where no request is seen.
        if response && self.described {
            return;
        }
        self.described = true;
        for (key, value) in
            [(DetailKey::SendingApplication, sender), (DetailKey::ReceivingApplication, receiver)]
        {
            let named = value.map(|value| (key, value));
            if let Some(named) = named.filter(|named| !self.named.contains(named))
                && self.named.len() < NAMES_MAX
            {
                notes.detail(key, &named.1);
                self.named.push(named);
            }
        }
    }

    fn kind(&mut self, side: Side, kind: &str, acknowledgement: bool, notes: &mut Notes) {
        if self.types.len() < TYPES_MAX && self.types.iter().all(|known| known != kind) {
            self.types.push(kind.to_owned());
            notes.detail(DetailKey::MessageTypes, kind);
        }
        if acknowledgement || !self.once.is_new(("kind", side, kind)) {
            return;
        }
        let said = |verb| Fact::new(Attribute::Hl7Message, &format!("{verb}:{kind}"), 90, "hl7.msh-9");
        notes.speaker(side, [said("sends")]);
        notes.speaker(side.peer(), [said("receives")]);
    }

    /// The end of a message: what only the whole of it tells, unless the message before told the same.
    fn finish(&mut self, side: Side, notes: &mut Notes) {
        let lane = side.of(&mut self.lanes);
        if !std::mem::take(&mut lane.open) {
            return;
        }
        let text = lane.parts.finish();
        let Some(head) = lane.heads.first().filter(|_| !text.is_empty()) else { return };
        let (mut software, mut devices) = (Vec::new(), Devices::default());
        for bytes in text.split(|&b| b == b'\r') {
            let segment = Segment { bytes, separators: head.separators, charset: head.charset };
            if bytes.starts_with(b"SFT") && software.len() < HOPS_MAX {
                software.push([segment.text(1, 1), segment.text(3, 1), segment.text(2, 1)]);
            }
            devices.read(&segment, head.kind == LAW_RESULT);
        }
        self.software(side, &software, notes);
        for facts in devices.finish() {
            if self.senders.is_new(("device", side, &facts)) {
                notes.equipment(side, facts.into_iter().map(Some));
            }
        }
    }

    /// SFT: the first is the origin, the others the hops that passed it on; the speaker is one of them.
    fn software(&mut self, side: Side, hops: &[[Option<String>; 3]], notes: &mut Notes) {
        for [vendor, product, version] in hops {
            if !self.senders.is_new(("software", side, vendor, product, version)) {
                continue;
            }
            let maker = vendor.as_deref().filter(|_| hops.len() == 1);
            let software = product.as_deref().and_then(|name| {
                let fact = Fact::new(Attribute::Software, name, 80, "hl7.sft")?;
                Some(fact.with_version(version.as_deref().unwrap_or_default()))
            });
            notes.speaker(
                side,
                [software, maker.and_then(|maker| Fact::new(Attribute::Vendor, maker, 60, "hl7.sft-1"))],
            );
        }
    }
}
