//! POCT1-A and POCT1-A2 (CLSI POCT01, the device messaging layer): which point-of-care device speaks.
//!
//! In: both streams of XML messages without framing of their own, values in the attribute `V` or as text. Out:
//! maker, model, serial number and software from the device's hello, the message types, whether patients' data
//! was seen. Limits: [`TAG_MAX`], [`TEXT_MAX`]. Refuses: other character sets than ASCII and UTF-8. Nothing of
//! results, operators and patients is kept.

mod tag;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use tag::{Tag, end_of_markup};
use wardline_model::{Attribute, DetailKey, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "poct1a",
    carriers: &[Carrier::Stream],
    ports: &[],
    probe,
    start: |_| Box::new(Poct::default()),
};

/// Longest tag, declaration or comment read; the values of a device's own words are short.
const TAG_MAX: usize = 16_384;
/// Longest text of an element read, where it is wanted.
const TEXT_MAX: usize = 512;
/// Message types listed per flow; the standard has some twenty.
const TYPES_MAX: usize = 32;
/// Markup before the root element looked at when probing: declaration, type, a comment or two.
const PROLOGUE_MAX: usize = 6;

/// Starts of the names of messages; `.R01` or another release follows.
const MESSAGES: &[&[u8]] = &[
    b"HEL", b"ACK", b"DST", b"OBS", b"REQ", b"EOT", b"OPL", b"PTL", b"DTV", b"KPA", b"END", b"ESC", b"EVS",
    b"CFG",
];

fn probe(probe: &Probe<'_>) -> Verdict {
    let mut rest = probe.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(probe.bytes);
    for _ in 0..PROLOGUE_MAX {
        rest = rest.trim_ascii_start();
        match rest {
            [] if probe.bytes.is_empty() => return Verdict::No,
            [] | b"<" => return Verdict::More,
            [b'<', b'?' | b'!', ..] => match end_of_markup(rest) {
                Some(end) => rest = rest.get(end..).unwrap_or_default(),
                None => return Verdict::More,
            },
            [b'<', name @ ..] => return message_name(name),
            _ => return Verdict::No,
        }
    }
    Verdict::No
}

/// Whether a name is that of a message: `HEL.R01` and what ends a name.
fn message_name(name: &[u8]) -> Verdict {
    let Some((kind, rest)) = name.split_first_chunk::<3>() else {
        let starts = MESSAGES.iter().any(|message| message.starts_with(name));
        return if starts { Verdict::More } else { Verdict::No };
    };
    if !MESSAGES.contains(&&kind[..]) {
        return Verdict::No;
    }
    match rest {
        [] | [b'.'] | [b'.', b'R'] | [b'.', b'R', b'0'] | [b'.', b'R', b'0', b'1'..=b'9'] => Verdict::More,
        [b'.', b'R', b'0', b'1'..=b'9', b'>' | b'/' | b' ' | b'\r' | b'\n' | b'\t', ..] => Verdict::Yes,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Poct {
    lanes: [Lane; 2],
    said: Once,
    types: u8,
}

/// One direction.
#[derive(Default)]
struct Lane {
    /// The element whose text is wanted.
    wanted: Option<Wanted>,
    device: Option<Box<Device>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Patient,
    Of(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    VendorId,
    Manufacturer,
    Model,
    Serial,
    Software,
}

/// What a hello says of its device.
#[derive(Default)]
struct Device {
    vendor: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    software: Option<String>,
}

impl Device {
    /// The first value of a field stays: the attribute, before the text that adds to it.
    fn keep(&mut self, field: Field, value: &str) {
        let place = match field {
            Field::VendorId => &mut self.vendor,
            Field::Manufacturer => &mut self.manufacturer,
            Field::Model => &mut self.model,
            Field::Serial => &mut self.serial,
            Field::Software => &mut self.software,
        };
        if place.is_none() && !value.is_empty() {
            *place = Some(value.to_owned());
        }
    }

    fn facts(self) -> [Option<Fact>; 4] {
        let id = self.vendor.as_deref().and_then(|id| id.split('^').next());
        let vendor = match &self.manufacturer {
            Some(maker) => Fact::new(Attribute::Vendor, maker, 95, "poct1a.manufacturer-name"),
            None => id.and_then(|id| Fact::new(Attribute::Vendor, id, 80, "poct1a.vendor-id")),
        };
        let fact = |attribute, value: Option<String>, rule| Fact::new(attribute, &value?, 95, rule);
        let software = Fact::new(Attribute::Software, "software", 95, "poct1a.sw-version");
        [
            vendor,
            fact(Attribute::Model, self.model, "poct1a.model-id"),
            fact(Attribute::Serial, self.serial, "poct1a.serial-id"),
            software.zip(self.software).map(|(fact, version)| fact.with_version(&version)),
        ]
    }
}

impl Dissector for Poct {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        notes.encrypted = Some(false);
        if bytes.first() != Some(&b'<') {
            return self.text(side, bytes, notes);
        }
        let within = bytes.get(..TAG_MAX).unwrap_or(bytes);
        let Some(end) = end_of_markup(within) else {
            if bytes.len() < TAG_MAX {
                return Step::More(bytes.len().saturating_add(1));
            }
            notes.malformed = true;
            return Step::Skip(1);
        };
        side.of(&mut self.lanes).wanted = None;
        if let Some(tag) = within.get(..end).and_then(Tag::of) {
            self.tag(side, &tag, notes);
        }
        Step::skip(end)
    }

    fn gap(&mut self, side: Side, _: Option<u64>, _: &mut Notes) -> Step {
        // Half of a device is none: what follows may belong to another.
        *side.of(&mut self.lanes) = Lane::default();
        Step::Skip(1)
    }
}

impl Poct {
    /// Text between tags.
    fn text(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let Some(wanted) = side.of(&mut self.lanes).wanted else {
            return Step::skip(memchr::memchr(b'<', bytes).unwrap_or(bytes.len()));
        };
        let within = bytes.get(..TEXT_MAX).unwrap_or(bytes);
        match memchr::memchr(b'<', within) {
            Some(end) => {
                self.value(side, wanted, within.get(..end).unwrap_or_default(), notes);
                side.of(&mut self.lanes).wanted = None;
                Step::skip(end)
            }
            None if bytes.len() < TEXT_MAX => Step::More(bytes.len().saturating_add(1)),
            None => {
                side.of(&mut self.lanes).wanted = None;
                Step::skip(bytes.len())
            }
        }
    }

    fn tag(&mut self, side: Side, tag: &Tag<'_>, notes: &mut Notes) {
        let root = tag.name.len() == 7 && message_name_is(tag.name);
        if root && tag.closes {
            if let Some(device) = side.of(&mut self.lanes).device.take() {
                let facts = device.facts();
                if self.said.is_new((side, &facts)) {
                    notes.equipment(side, facts);
                }
            }
            return;
        }
        if root {
            self.message(side, tag.name, notes);
        }
        if tag.closes {
            return;
        }
        let Some(wanted) = wanted(tag.name) else { return };
        side.of(&mut self.lanes).wanted = (!tag.is_empty).then_some(wanted);
        if let Some(value) = tag.attribute(b"V") {
            self.value(side, wanted, value, notes);
        }
    }

    fn message(&mut self, side: Side, name: &[u8], notes: &mut Notes) {
        let hello = name.starts_with(b"HEL");
        side.of(&mut self.lanes).device = hello.then(Box::default);
        match name.get(..3) {
            // The device reports, the manager asks; who says hello has called.
            Some(b"HEL" | b"DST" | b"OBS" | b"EVS") => notes.requester = notes.requester.or(Some(side)),
            Some(b"REQ") => notes.requester = notes.requester.or(Some(side.peer())),
            _ => {}
        }
        if usize::from(self.types) < TYPES_MAX
            && self.said.is_new(("type", name))
            && let Some(name) = text::ascii(name)
        {
            self.types = self.types.saturating_add(1);
            notes.detail(DetailKey::MessageTypes, name);
        }
    }

    fn value(&mut self, side: Side, wanted: Wanted, value: &[u8], notes: &mut Notes) {
        let Some(value) = text::utf8(value) else { return };
        match wanted {
            Wanted::Patient => {
                if self.said.is_new(("patient", side)) {
                    let fact = Fact::new(Attribute::PatientDataInClear, "poct1a", 95, "poct1a.patient");
                    notes.speaker(side, [fact]);
                }
            }
            Wanted::Of(field) => {
                if let Some(device) = &mut side.of(&mut self.lanes).device {
                    device.keep(field, &tag::unescape(value));
                }
            }
        }
    }
}

fn message_name_is(name: &[u8]) -> bool {
    matches!(name.split_first_chunk::<3>(), Some((kind, [b'.', b'R', b'0', b'1'..=b'9']))
        if MESSAGES.contains(&&kind[..]))
}

fn wanted(name: &[u8]) -> Option<Wanted> {
    Some(match name {
        b"DEV.vendor_id" => Wanted::Of(Field::VendorId),
        b"DEV.manufacturer_name" => Wanted::Of(Field::Manufacturer),
        b"DEV.model_id" => Wanted::Of(Field::Model),
        b"DEV.serial_id" => Wanted::Of(Field::Serial),
        b"DEV.sw_version" => Wanted::Of(Field::Software),
        b"PT.patient_id" | b"PT.name" | b"PT.birth_date" => Wanted::Patient,
        _ => return None,
    })
}
