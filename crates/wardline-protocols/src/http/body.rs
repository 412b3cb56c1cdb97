//! Bodies that tell who the speaker is: the first part of one, by its media type.
//!
//! In: bytes of a body as they come, chunks taken apart, gzip or not. Out: what was found, once the body is
//! whole, the reader has enough, or [`COLLECTED_MAX`] bytes are there. Limits: [`PAGE_MAX`],
//! [`COLLECTED_MAX`], [`UNPACKED_MAX`].

use super::head::{Coding, Media};
use super::{title, upnp};
use crate::soap::{self, Envelope};
use crate::{dicom, fhir, ipp};
use flate2::read::MultiGzDecoder;
use memchr::memmem;
use std::io::Read;
use wardline_model::Fact;

/// Bytes of a page in which its title is looked for; it stands in the first lines.
const PAGE_MAX: usize = 16_384;
/// Bytes of other bodies collected: what devices say of themselves stands in the first of them.
const COLLECTED_MAX: usize = 65_536;
/// Bytes unpacked of a compressed body.
const UNPACKED_MAX: usize = 131_072;
/// Bytes of an envelope in which its action stands.
const GLANCE_MAX: usize = 2_048;

/// What a body is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A page with a title.
    Page,
    /// A SOAP envelope.
    Soap,
    /// Other XML: the description of a UPnP device.
    Description,
    /// FHIR resources.
    Fhir(fhir::Form),
    /// DICOM objects.
    Dicom,
    /// HL7 v2 messages.
    Hl7,
    /// An answer of a printer.
    Ipp,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    Title(String),
    Envelope(Box<Envelope>),
    /// Facts of the device that sent it.
    Device(Vec<Fact>),
    Fhir(Box<fhir::Told>),
    Dicom(Box<dicom::File>),
    /// Messages, to be read where the notes are.
    Hl7(Vec<u8>),
    Nothing,
}

/// A body that is being collected.
#[derive(Debug)]
pub(super) struct Body {
    kind: Kind,
    coding: Coding,
    bytes: Vec<u8>,
    /// The first part was looked at and is worth the rest.
    glanced: bool,
}

impl Body {
    /// A reader of a body of that kind, when it may tell something; `front_page` when it answers a request
    /// for one.
    pub(super) fn wanted(media: Media, coding: Coding, front_page: bool) -> Option<Self> {
        let kind = match media {
            Media::Html if front_page => Kind::Page,
            Media::Soap => Kind::Soap,
            Media::Xml => Kind::Description,
            Media::FhirJson => Kind::Fhir(fhir::Form::Json),
            Media::FhirXml => Kind::Fhir(fhir::Form::Xml),
            Media::Dicom => Kind::Dicom,
            Media::Hl7 => Kind::Hl7,
            Media::Ipp => Kind::Ipp,
            Media::Html | Media::Other => return None,
        };
        (coding != Coding::Other).then(|| Self { kind, coding, bytes: Vec::new(), glanced: false })
    }

    /// Adds bytes; whether more are wanted.
    pub(super) fn add(&mut self, bytes: &[u8]) -> bool {
        let before = self.bytes.len();
        let max = if self.kind == Kind::Page { PAGE_MAX } else { COLLECTED_MAX };
        self.bytes.extend(bytes.iter().take(max.saturating_sub(before)));
        if self.bytes.len() >= max {
            return false;
        }
        match (self.kind, self.coding) {
            (Kind::Page, Coding::Plain) => !title::may_be_whole(&self.bytes, before),
            (Kind::Soap, Coding::Plain) if !self.glanced && self.bytes.len() >= GLANCE_MAX => {
                self.glanced = true;
                is_worth_reading(&self.bytes)
            }
            (Kind::Description, Coding::Plain) if !self.glanced && self.bytes.len() >= GLANCE_MAX => {
                self.glanced = true;
                memmem::find(&self.bytes, b"urn:schemas-upnp-org:device-1-0").is_some()
            }
            (Kind::Fhir(_), Coding::Plain) if !self.glanced && self.bytes.len() >= GLANCE_MAX => {
                self.glanced = true;
                tells_of_devices(&self.bytes)
            }
            _ => true,
        }
    }

    /// Reads what was collected.
    pub(super) fn found(self) -> Found {
        let bytes = match (self.coding, self.kind) {
            (Coding::Gzip, Kind::Soap) => {
                let first = unpack(&self.bytes, GLANCE_MAX);
                if is_worth_reading(&first) { unpack(&self.bytes, UNPACKED_MAX) } else { first }
            }
            (Coding::Gzip, Kind::Fhir(_)) => {
                let first = unpack(&self.bytes, GLANCE_MAX);
                if tells_of_devices(&first) { unpack(&self.bytes, UNPACKED_MAX) } else { first }
            }
            (Coding::Gzip, Kind::Description | Kind::Dicom | Kind::Hl7 | Kind::Ipp) => {
                unpack(&self.bytes, UNPACKED_MAX)
            }
            (Coding::Gzip, Kind::Page) => unpack(&self.bytes, PAGE_MAX),
            _ => self.bytes,
        };
        match self.kind {
            Kind::Page => title::read(&bytes).map_or(Found::Nothing, Found::Title),
            Kind::Soap => Found::Envelope(Box::new(soap::read(&bytes))),
            Kind::Description => Found::Device(upnp::read(&bytes)),
            Kind::Fhir(form) => Found::Fhir(Box::new(fhir::read(&bytes, form))),
            Kind::Dicom => {
                dicom::read_file(&bytes).map_or(Found::Nothing, |file| Found::Dicom(Box::new(file)))
            }
            Kind::Hl7 => Found::Hl7(bytes),
            Kind::Ipp => Found::Device(ipp::read(&bytes)),
        }
    }
}

/// The first `most` bytes of a gzip body, or as many as it holds before it breaks off.
fn unpack(bytes: &[u8], most: usize) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    // What was unpacked before a fault stays: the body may be cut.
    let _ = MultiGzDecoder::new(bytes).take(most).read_to_end(&mut unpacked);
    unpacked
}

/// Whether resources that begin so may tell of devices or of the server: of observations, which come by the
/// second, and of patients the first words are enough.
fn tells_of_devices(start: &[u8]) -> bool {
    const WORTH: &[&[u8]] = &[b"Device", b"CapabilityStatement", b"Conformance", b"Bundle"];
    WORTH.iter().any(|word| memmem::find(start, word).is_some())
}

/// Whether an envelope that begins so may tell who its sender is. Measured values and alarms come by the
/// second: of them the action is enough.
fn is_worth_reading(start: &[u8]) -> bool {
    const WORTH: &[&[u8]] = &[
        b"/GetResponse",
        b"/GetMdibResponse",
        b"/GetMdDescriptionResponse",
        b"/GetContextStatesResponse",
        b"ContextReport",
        b"/Hello",
        b"/Bye",
        b"Matches",
    ];
    let action = memmem::find(start, b"Action").and_then(|at| {
        let rest = start.get(at..)?;
        let text = rest.get(memchr::memchr(b'>', rest)?.checked_add(1)?..)?;
        text.get(..memchr::memchr(b'<', text)?)
    });
    action.is_none_or(|action| WORTH.iter().any(|end| action.trim_ascii().ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_tells_whether_an_envelope_is_read() {
        assert!(is_worth_reading(b"<a:Action>http://x/transfer/GetResponse</a:Action>"));
        assert!(is_worth_reading(b"<a:Action must='1'> http://x/EpisodicContextReport </a:Action>"));
        assert!(!is_worth_reading(b"<a:Action>http://x/WaveformStream</a:Action>"));
        assert!(is_worth_reading(b"<a:Envelope>") && is_worth_reading(b"<a:Action>http://x/Wave"));
    }
}
