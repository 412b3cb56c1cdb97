//! What is kept of command sets (DICOM PS3.7 annex E) and data sets (PS3.3 C.7.5.1, C.8.6.1, C.4.14).
//!
//! Values of patient, study and image are never kept: of group 0010 only whether a value says anything.

use super::elements::{Sink, Tag, Want};
use crate::charset::Charset;
use wardline_model::{Attribute, Fact};

/// Bytes kept of one value: model names and software lists are shorter.
const KEPT_MAX: usize = 1024;
/// Machines told of the contributing equipment sequence.
const CONTRIBUTING_MAX: usize = 8;
/// Software versions of one device (0018,1020 has any number of values).
const VERSIONS_MAX: usize = 8;

/// A command set.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) sop_class: Option<String>,
    pub(super) field: u16,
    pub(super) status: u16,
    pub(super) has_data: bool,
}

impl Sink for Command {
    fn want(&self, _: Option<Tag>, tag: Tag) -> Want {
        match tag {
            Tag(0, 0x0002 | 0x0003 | 0x0100 | 0x0800 | 0x0900) => Want::Value,
            _ => Want::Pass,
        }
    }

    fn value(&mut self, _: Option<Tag>, tag: Tag, value: &[u8]) {
        let number = value.first_chunk::<2>().map_or(0, |pair| u16::from_le_bytes(*pair));
        match tag.1 {
            0x0002 | 0x0003 => self.sop_class = crate::text::ascii(value).map(str::to_owned),
            0x0100 => self.field = number,
            0x0800 => self.has_data = number != 0x0101,
            _ => self.status = number,
        }
    }
}

/// What a data set is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// C-STORE: the equipment that made the object.
    Object,
    /// N-CREATE of a performed procedure step: the station that performs it.
    Step,
    /// C-FIND of the modality worklist: what the asking station does.
    Worklist,
    /// Only whether patient data travels.
    Patient,
}

/// A data set.
#[derive(Debug)]
pub(super) struct DataSet {
    purpose: Purpose,
    pub(super) patient: bool,
    charset: Charset,
    values: Vec<(Tag, Vec<u8>)>,
    /// Of each item of the contributing equipment sequence.
    contributing: Vec<Vec<(Tag, Vec<u8>)>>,
}

const CHARSET: Tag = Tag(0x0008, 0x0005);
const MODALITY: Tag = Tag(0x0008, 0x0060);
const MANUFACTURER: Tag = Tag(0x0008, 0x0070);
const STATION: Tag = Tag(0x0008, 0x1010);
const DEPARTMENT: Tag = Tag(0x0008, 0x1040);
const MODEL: Tag = Tag(0x0008, 0x1090);
const SERIAL: Tag = Tag(0x0018, 0x1000);
const UDI: Tag = Tag(0x0018, 0x1009);
const UDI_SEQUENCE: Tag = Tag(0x0018, 0x100A);
const CAPTURE_MANUFACTURER: Tag = Tag(0x0018, 0x1016);
const CAPTURE_MODEL: Tag = Tag(0x0018, 0x1018);
const CAPTURE_SOFTWARE: Tag = Tag(0x0018, 0x1019);
const SOFTWARE: Tag = Tag(0x0018, 0x1020);
/// Other machines that had a hand in the object: they digitised, processed or converted it.
const CONTRIBUTING: Tag = Tag(0x0018, 0xA001);
const SCHEDULED_STEP: Tag = Tag(0x0040, 0x0100);
const PERFORMED_AE: Tag = Tag(0x0040, 0x0241);
const PERFORMED_STATION: Tag = Tag(0x0040, 0x0242);
const PERFORMED_LOCATION: Tag = Tag(0x0040, 0x0243);

impl DataSet {
    pub(super) const fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            patient: false,
            charset: Charset::Unknown,
            values: Vec::new(),
            contributing: Vec::new(),
        }
    }

    const fn last(&self) -> Tag {
        match self.purpose {
            Purpose::Object => CONTRIBUTING,
            Purpose::Step => PERFORMED_LOCATION,
            Purpose::Worklist => SCHEDULED_STEP,
            Purpose::Patient => Tag(0x0010, 0xFFFF),
        }
    }

    fn is_wanted(&self, tag: Tag) -> bool {
        match self.purpose {
            Purpose::Object => matches!(
                tag,
                MODALITY
                    | MANUFACTURER
                    | STATION
                    | DEPARTMENT
                    | MODEL
                    | SERIAL
                    | CAPTURE_MANUFACTURER
                    | CAPTURE_MODEL
                    | CAPTURE_SOFTWARE
                    | SOFTWARE
            ),
            Purpose::Step => matches!(tag, MODALITY | PERFORMED_AE | PERFORMED_STATION | PERFORMED_LOCATION),
            Purpose::Worklist | Purpose::Patient => false,
        }
    }

    /// A value as text, when it can be told and names something.
    fn text(&self, tag: Tag) -> Option<String> {
        self.text_of(&self.values, tag)
    }

    fn text_of(&self, values: &[(Tag, Vec<u8>)], tag: Tag) -> Option<String> {
        let (_, raw) = values.iter().find(|(known, _)| *known == tag)?;
        let text = self.charset.decode(raw)?;
        let text = text.trim_matches([' ', '\0']);
        is_name(text).then(|| text.to_owned())
    }

    fn fact(&self, attribute: Attribute, tag: Tag, confidence: u8, rule: &'static str) -> Option<Fact> {
        Fact::new(attribute, &self.text(tag)?, confidence, rule)
    }

    fn modality(&self) -> Option<Fact> {
        let text = self.text(MODALITY)?;
        let code = text.len() <= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        code.then(|| Fact::new(Attribute::DicomModality, &text, 85, "dicom.modality"))?
    }

    /// The equipment that made the data, when the set speaks of one.
    pub(super) fn equipment(&self) -> Vec<Fact> {
        match self.purpose {
            Purpose::Object => self.object(),
            Purpose::Step => self.step(),
            Purpose::Worklist | Purpose::Patient => Vec::new(),
        }
    }

    fn object(&self) -> Vec<Fact> {
        let model = self.text(MODEL);
        let serial = self.text(SERIAL).filter(|serial| Some(serial) != model.as_ref());
        let mut facts: Vec<Fact> = [
            self.fact(Attribute::Vendor, MANUFACTURER, 90, "dicom.manufacturer"),
            self.fact(Attribute::Model, MODEL, 90, "dicom.model"),
            serial.and_then(|serial| Fact::new(Attribute::Serial, &serial, 90, "dicom.serial")),
            self.fact(Attribute::Udi, UDI, 90, "dicom.udi"),
            self.host(STATION, "dicom.station"),
            self.fact(Attribute::Location, DEPARTMENT, 60, "dicom.department"),
            self.modality(),
        ]
        .into_iter()
        .flatten()
        .collect();
        facts.extend(self.software(SOFTWARE, model.as_deref(), "dicom.software"));
        facts
    }

    fn step(&self) -> Vec<Fact> {
        let facts = [
            self.fact(Attribute::AeTitle, PERFORMED_AE, 80, "dicom.performed-station"),
            self.host(PERFORMED_STATION, "dicom.performed-station-name"),
            self.fact(Attribute::Location, PERFORMED_LOCATION, 70, "dicom.performed-location"),
            self.modality(),
        ];
        facts.into_iter().flatten().collect()
    }

    /// The device that captured a secondary image: another than the one that made the original.
    pub(super) fn capture_device(&self) -> Vec<Fact> {
        let model = self.text(CAPTURE_MODEL);
        let mut facts: Vec<Fact> = [
            self.fact(Attribute::Vendor, CAPTURE_MANUFACTURER, 85, "dicom.capture-manufacturer"),
            self.fact(Attribute::Model, CAPTURE_MODEL, 85, "dicom.capture-model"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !facts.is_empty() {
            facts.extend(self.software(CAPTURE_SOFTWARE, model.as_deref(), "dicom.capture-software"));
        }
        facts
    }

    /// The other machines that had a hand in the object, each with its facts; a maker alone is none.
    pub(super) fn contributing(&self) -> impl Iterator<Item = Vec<Fact>> {
        self.contributing.iter().filter_map(|item| {
            let text = |tag| self.text_of(item, tag);
            let fact = |attribute, tag, rule| Fact::new(attribute, &text(tag)?, 80, rule);
            let (model, serial) = (text(MODEL), text(SERIAL));
            (model.is_some() || serial.is_some()).then_some(())?;
            let mut facts: Vec<Fact> = [
                fact(Attribute::Vendor, MANUFACTURER, "dicom.contributing-manufacturer"),
                fact(Attribute::Model, MODEL, "dicom.contributing-model"),
                serial.filter(|serial| Some(serial) != model.as_ref()).and_then(|serial| {
                    Fact::new(Attribute::Serial, &serial, 80, "dicom.contributing-serial")
                }),
                text(STATION).and_then(|name| host(&name, "dicom.contributing-station")),
            ]
            .into_iter()
            .flatten()
            .collect();
            facts.extend(versions(text(SOFTWARE), model.as_deref(), "dicom.contributing-software"));
            Some(facts)
        })
    }

    /// What the asking station of a worklist query does.
    pub(super) fn asker(&self) -> Option<Fact> {
        (self.purpose == Purpose::Worklist).then(|| self.modality())?
    }

    fn software(&self, tag: Tag, model: Option<&str>, rule: &'static str) -> Vec<Fact> {
        versions(self.text(tag), model, rule)
    }

    /// A station name that can be a host name.
    fn host(&self, tag: Tag, rule: &'static str) -> Option<Fact> {
        host(&self.text(tag)?, rule)
    }
}

/// A station name as a host name, where it can be one.
fn host(name: &str, rule: &'static str) -> Option<Fact> {
    let label = name.len() >= 3
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && name.bytes().any(|b| b.is_ascii_alphabetic())
        && !name.starts_with('-')
        && !name.ends_with('-');
    label.then(|| Fact::new(Attribute::Hostname, name, 60, rule))?
}

/// Every version told: of the model, where one is named.
fn versions(text: Option<String>, model: Option<&str>, rule: &'static str) -> Vec<Fact> {
    let text = text.unwrap_or_default();
    let versions = text.split('\\').map(str::trim).filter(|version| is_name(version)).take(VERSIONS_MAX);
    let name = model.unwrap_or("software");
    versions
        .filter_map(|version| Some(Fact::new(Attribute::Software, name, 85, rule)?.with_version(version)))
        .collect()
}

impl Sink for DataSet {
    fn want(&self, parent: Option<Tag>, tag: Tag) -> Want {
        match parent {
            None if tag > self.last() => Want::Stop,
            None if tag == CHARSET => Want::Value,
            None if tag.0 == 0x0010 && !self.patient => Want::Value,
            None if tag == UDI_SEQUENCE && self.purpose == Purpose::Object => Want::Inside,
            None if tag == CONTRIBUTING => Want::Inside,
            None if tag == SCHEDULED_STEP && self.purpose == Purpose::Worklist => Want::Inside,
            None if self.is_wanted(tag) => Want::Value,
            Some(UDI_SEQUENCE) if tag == UDI => Want::Value,
            Some(CONTRIBUTING) if matches!(tag, MANUFACTURER | STATION | MODEL | SERIAL | SOFTWARE) => {
                Want::Value
            }
            Some(SCHEDULED_STEP) if tag == MODALITY => Want::Value,
            _ => Want::Pass,
        }
    }

    fn item(&mut self, sequence: Tag) {
        if sequence == CONTRIBUTING && self.contributing.len() < CONTRIBUTING_MAX {
            self.contributing.push(Vec::new());
        }
    }

    fn value(&mut self, parent: Option<Tag>, tag: Tag, value: &[u8]) {
        let value = value.get(..KEPT_MAX).unwrap_or(value);
        match tag {
            CHARSET if parent.is_none() => self.charset = Charset::of_dicom(value),
            // Wildcards and group lengths say nothing of a patient.
            Tag(0x0010, element) => {
                self.patient |= element != 0 && value.iter().any(|&b| b.is_ascii_alphanumeric() || b >= 0x80);
            }
            _ if parent == Some(CONTRIBUTING) => {
                if let Some(item) = self.contributing.last_mut()
                    && item.iter().all(|(known, _)| *known != tag)
                {
                    item.push((tag, value.to_vec()));
                }
            }
            _ if self.values.iter().all(|(known, _)| *known != tag) => {
                self.values.push((tag, value.to_vec()));
            }
            _ => {}
        }
    }
}

/// Placeholders are no names: words for nothing, digits that are all zero.
fn is_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !matches!(
        lower.as_str(),
        "unknown" | "none" | "null" | "n/a" | "na" | "anonymous" | "anonymized" | "undefined"
    ) && text.chars().any(|c| c.is_alphanumeric() && c != '0')
}
