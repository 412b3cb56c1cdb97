//! Devices that an HL7 message speaks of: IHE DEV (PCD-01) containment, equipment instances, participation.
//!
//! In: the OBX, PRT, EQU, DEV and PV1 segments of one message. Out: one statement per device. Limits:
//! [`DEVICES_MAX`] devices per message. Values of observations other than the device's own are never read.

use super::segment::Segment;
use wardline_model::{Attribute, Fact, Mac};

/// Devices of one message beyond which it is a survey, not a device's own report.
const DEVICES_MAX: usize = 16;
/// Software parts kept per device.
const SOFTWARE_MAX: usize = 4;

/// What one message says about devices.
#[derive(Debug, Default)]
pub(super) struct Devices {
    devices: Vec<Device>,
    /// The one bed of the message; `Err` when it names several.
    bed: Option<Result<String, ()>>,
}

/// One device: what ties its statements together, and what they say.
#[derive(Debug, Default)]
struct Device {
    /// Containment node of the medical device system (OBX-4, first number), or the instance identifier.
    key: Vec<u8>,
    facts: Vec<Fact>,
    model: Option<String>,
    software: Vec<(&'static str, String)>,
}

impl Devices {
    /// Reads a segment, when it may speak of a device; `analyser` when the message is an analyser's results.
    pub(super) fn read(&mut self, segment: &Segment<'_>, analyser: bool) {
        match segment.bytes.get(..3) {
            Some(b"OBX") => self.observation(segment, analyser),
            Some(b"PRT") => self.participation(segment),
            Some(b"EQU") => self.equipment(segment),
            Some(b"DEV") => self.dev(segment),
            Some(b"PV1") => self.visit(segment),
            _ => {}
        }
    }

    /// The statements, once the message is over.
    pub(super) fn finish(self) -> impl Iterator<Item = Vec<Fact>> {
        let identified: Vec<Device> = self.devices.into_iter().filter(Device::is_identified).collect();
        let bed = match (self.bed, identified.as_slice()) {
            (Some(Ok(bed)), [_]) => Fact::new(Attribute::Location, &bed, 70, "hl7.pv1-3"),
            _ => None,
        };
        identified.into_iter().map(move |device| device.facts(bed.clone()))
    }

    fn device(&mut self, key: &[u8]) -> Option<&mut Device> {
        let at = self.devices.iter().position(|device| device.key == key);
        if at.is_none() && self.devices.len() < DEVICES_MAX {
            self.devices.push(Device { key: key.to_vec(), ..Device::default() });
            return self.devices.last_mut();
        }
        self.devices.get_mut(at?)
    }

    fn observation(&mut self, segment: &Segment<'_>, analyser: bool) {
        let containment = segment.field(4);
        let mut levels = containment.split(|&b| b == b'.');
        let system = levels.next().unwrap_or_default();
        // No virtual device and no channel: what follows only counts the facets of the system itself.
        let top = levels.take(2).all(|level| level.iter().all(|&b| b == b'0'));
        if top
            && let Some(part) = specification(segment)
            && let Some(value) = value_of(segment)
            && let Some(device) = self.device(system)
        {
            device.set(part, &value);
        }
        if segment.field(18).is_empty() {
            return;
        }
        if analyser {
            self.analyser(segment);
        }
        let instance = |repetition| instance_facts(segment, repetition, "hl7.obx-18");
        let facts: Vec<Fact> = segment.repetitions(18).find_map(instance).unwrap_or_default();
        if facts.is_empty() {
            return;
        }
        // Another instance below the same node is another device.
        let known = self.devices.iter().find(|d| d.key == system).and_then(|d| d.mac());
        let other = known.is_some() && known != mac(&facts);
        let key = if other || containment.is_empty() { segment.field(18) } else { system };
        if let Some(device) = self.device(key) {
            device.add(facts);
        }
    }

    /// IHE LAW: OBX-18 is `model^manufacturer~serial^manufacturer`.
    fn analyser(&mut self, segment: &Segment<'_>) {
        let mut repetitions = segment.repetitions(18);
        let (Some(first), Some(second)) = (repetitions.next(), repetitions.next()) else { return };
        let part = |repetition, number| segment.component(repetition, number).filter(|t| is_value(t));
        let (maker, again) = (part(first, 2), part(second, 2));
        if maker.is_none() || maker != again {
            return;
        }
        let facts = [
            fact(Attribute::Vendor, maker, 75, "hl7.obx-18"),
            fact(Attribute::Model, part(first, 1), 75, "hl7.obx-18"),
            fact(Attribute::Serial, part(second, 1), 75, "hl7.obx-18"),
        ];
        if let Some(device) = self.device(segment.field(18)) {
            device.add(facts.into_iter().flatten().collect());
        }
    }

    fn participation(&mut self, segment: &Segment<'_>) {
        // A person takes part: what follows speaks of the person.
        if !segment.field(5).is_empty() {
            return;
        }
        let mut facts = Vec::new();
        if let Some(found) = segment.repetitions(10).find_map(|r| instance_facts(segment, r, "hl7.prt-10")) {
            facts.extend(found);
        }
        facts.extend(fact(Attribute::Udi, segment.text(16, 1), 80, "hl7.prt-16"));
        facts.extend(fact(Attribute::Serial, segment.text(20, 1), 80, "hl7.prt-20"));
        if let Some(device) = (!facts.is_empty()).then(|| self.device(segment.bytes)).flatten() {
            device.add(facts);
        }
    }

    fn equipment(&mut self, segment: &Segment<'_>) {
        if let Some(facts) = segment.repetitions(1).find_map(|r| instance_facts(segment, r, "hl7.equ-1"))
            && let Some(device) = self.device(segment.field(1))
        {
            device.add(facts);
        }
    }

    fn dev(&mut self, segment: &Segment<'_>) {
        // An implant is the patient's, not the network's.
        if !segment.field(17).is_empty() {
            return;
        }
        let model = segment.text(7, 1).or_else(|| segment.text(6, 1));
        let mut facts: Vec<Fact> = [
            fact(Attribute::Vendor, segment.text(5, 1), 80, "hl7.dev-5"),
            fact(Attribute::Model, model.clone(), 80, "hl7.dev-7"),
            fact(Attribute::Udi, segment.text(2, 1).filter(|udi| udi.len() >= 14), 70, "hl7.dev-2"),
            fact(Attribute::Serial, segment.text(11, 1), 80, "hl7.dev-11"),
        ]
        .into_iter()
        .flatten()
        .collect();
        facts.extend(
            segment
                .repetitions(2)
                .find_map(|r| instance_facts(segment, r, "hl7.dev-2"))
                .into_iter()
                .flatten(),
        );
        if let Some(device) = self.device(segment.bytes) {
            device.add(facts);
            device.model = model;
            device.software.extend(segment.text(16, 1).map(|version| ("hl7.dev-16", version)));
        }
    }

    fn visit(&mut self, segment: &Segment<'_>) {
        let parts = [1, 2, 3].map(|number| segment.text(3, number));
        let named = matches!(&parts, [Some(_), Some(_), _] | [Some(_), _, Some(_)]);
        let bed = named.then(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" / "));
        self.bed = match (self.bed.take(), bed) {
            (None, Some(bed)) => Some(Ok(bed)),
            (Some(Ok(earlier)), Some(bed)) if earlier != bed => Some(Err(())),
            (earlier, _) => earlier,
        };
    }
}

impl Device {
    fn set(&mut self, part: Part, value: &str) {
        match part {
            Part::Fact(attribute, rule) => {
                if attribute == Attribute::Model && self.model.is_none() {
                    self.model = Some(value.to_owned());
                }
                self.add(Fact::new(attribute, value, 90, rule).into_iter().collect());
            }
            Part::Software(rule) if self.software.len() < SOFTWARE_MAX => {
                self.software.push((rule, value.to_owned()));
            }
            Part::Software(_) => {}
        }
    }

    /// Adds what is not known yet; of two words about an attribute the surer stands, of equals the first.
    fn add(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            match self.facts.iter_mut().find(|known| known.attribute == fact.attribute) {
                Some(known) if known.confidence < fact.confidence => *known = fact,
                Some(_) => {}
                None => self.facts.push(fact),
            }
        }
    }

    fn mac(&self) -> Option<&str> {
        mac(&self.facts)
    }

    fn is_identified(&self) -> bool {
        use Attribute::{Mac, Model, Serial, Udi};
        self.facts.iter().any(|fact| matches!(fact.attribute, Mac | Model | Serial | Udi))
    }

    fn facts(self, bed: Option<Fact>) -> Vec<Fact> {
        let name = self.model.as_deref().unwrap_or("software");
        let software = self.software.iter().filter_map(|(rule, version)| {
            Some(Fact::new(Attribute::Software, name, 85, rule)?.with_version(version))
        });
        self.facts.iter().cloned().chain(software).chain(bed).collect()
    }
}

fn mac(facts: &[Fact]) -> Option<&str> {
    facts.iter().find(|fact| fact.attribute == Attribute::Mac).map(|fact| &*fact.value)
}

fn fact(attribute: Attribute, value: Option<String>, confidence: u8, rule: &'static str) -> Option<Fact> {
    Fact::new(attribute, &value.filter(|text| is_value(text))?, confidence, rule)
}

/// Placeholders are no names.
fn is_value(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !matches!(lower.as_str(), "unknown" | "none" | "null" | "n/a" | "na" | "-" | "undefined" | "default")
        && text.chars().any(|c| c.is_alphanumeric() && c != '0')
}

/// What an observation identifier of the device's own description sets.
#[derive(Clone, Copy)]
enum Part {
    Fact(Attribute, &'static str),
    Software(&'static str),
}

/// ISO/IEEE 11073-10101 identifiers of production specification and model.
fn specification(segment: &Segment<'_>) -> Option<Part> {
    let (code, name) = (segment.raw(3, 1), segment.raw(3, 2));
    // Senders differ on which of the two model codes is which; the reference identifier decides.
    Some(match if name.starts_with(b"MDC_") { name } else { code } {
        b"531969" | b"MDC_ID_MODEL_NUMBER" => Part::Fact(Attribute::Model, "hl7.mdc-model"),
        b"531970" | b"MDC_ID_MODEL_MANUFACTURER" => Part::Fact(Attribute::Vendor, "hl7.mdc-manufacturer"),
        b"531972" | b"MDC_ID_PROD_SPEC_SERIAL" => Part::Fact(Attribute::Serial, "hl7.mdc-serial"),
        b"531975" | b"MDC_ID_PROD_SPEC_SW" => Part::Software("hl7.mdc-software"),
        b"531976" | b"MDC_ID_PROD_SPEC_FW" => Part::Software("hl7.mdc-firmware"),
        _ => return None,
    })
}

/// OBX-5 of a textual observation: of a coded value its text.
fn value_of(segment: &Segment<'_>) -> Option<String> {
    let coded = matches!(segment.field(2), b"CWE" | b"CNE" | b"CE");
    let text = if coded { segment.text(5, 2).or_else(|| segment.text(5, 1)) } else { segment.text(5, 1) };
    text.filter(|text| is_value(text))
}

/// An entity identifier that carries an EUI-64 made of a MAC address, and what stands beside it:
/// `080019FFFE0B4020^B40_GE`, `name^space^080019FFFE0B4020^EUI-64`.
fn instance_facts(segment: &Segment<'_>, repetition: &[u8], rule: &'static str) -> Option<Vec<Fact>> {
    let part = |number| segment.component(repetition, number);
    let mac = [1, 3].into_iter().find_map(|number| eui64_mac(&part(number)?))?;
    let mut facts: Vec<Fact> = Fact::new(Attribute::Mac, &mac.to_string(), 85, rule).into_iter().collect();
    let space = part(2).unwrap_or_default();
    if let Some((model, maker)) = space.rsplit_once('_')
        && model.bytes().any(|b| b.is_ascii_digit())
        && model.bytes().any(|b| b.is_ascii_alphabetic())
        && (2..=16).contains(&maker.len())
        && maker.bytes().all(|b| b.is_ascii_alphabetic())
    {
        facts.extend(Fact::new(Attribute::Model, model, 65, rule));
        facts.extend(Fact::new(Attribute::Vendor, maker, 55, rule));
    }
    Some(facts)
}

/// The MAC inside an EUI-64 with `FFFE` in its middle; a universally administered station address only.
pub(crate) fn eui64_mac(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':' | ' ')).collect();
    if digits.len() != 16 {
        return None;
    }
    let number = u64::from_str_radix(&digits, 16).ok()?;
    let [a, b, c, 0xFF, 0xFE, d, e, f] = number.to_be_bytes() else { return None };
    let mac = Mac([a, b, c, d, e, f]);
    (mac.is_station() && !mac.is_local()).then_some(mac)
}
