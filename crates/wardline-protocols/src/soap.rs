//! SOAP envelopes of devices: WS-Discovery 1.0 and 1.1, Devices Profile for Web Services (DPWS 1.0 and 1.1),
//! IEEE 11073-20701/-20702/-10207 (SDC), over UDP and HTTP alike.
//!
//! In: an envelope, or its first part. Out: what kind of message it is, whether it is SDC, what the sender is
//! (maker, model, serial, firmware, place), what services it announces. Of patients only that data of one is
//! there. Limits: those of [`crate::xml`], [`TOLD_MAX`], [`SERVICES_MAX`].

mod device;
mod scope;

use crate::xml::{self, Here, Space, Visitor};
use device::Device;
use quick_xml::events::BytesStart;
use std::net::IpAddr;
use wardline_model::{Attribute, Fact};

/// Facts told of one envelope.
const TOLD_MAX: usize = 32;
/// Services announced in one envelope: a proxy answers with many.
const SERVICES_MAX: usize = 16;
/// Types, scopes and addresses read of one service.
const WORDS_MAX: usize = 32;

/// What the body of an envelope is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Announcement of oneself.
    Hello,
    /// Farewell.
    Bye,
    /// Search by type and scope, or for one service.
    Search,
    /// Answers to a search.
    Matches,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    fn of(name: (Space, &str)) -> Self {
        match name {
            (Space::Discovery, "Hello") => Self::Hello,
            (Space::Discovery, "Bye") => Self::Bye,
            (Space::Discovery, "Probe" | "Resolve") => Self::Search,
            (Space::Discovery, "ProbeMatches" | "ResolveMatches") => Self::Matches,
            _ => Self::Other,
        }
    }
}

/// What an envelope tells.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    /// Its root is a SOAP envelope.
    pub(crate) is_soap: bool,
    /// The kind of its body.
    pub(crate) kind: Kind,
    /// It uses a namespace or an action of IEEE 11073 SDC.
    pub(crate) is_sdc: bool,
    /// Data of a patient are in it.
    pub(crate) patient: bool,
    /// Facts of the device that sends it; never empty facts.
    pub(crate) facts: Vec<Fact>,
    /// Services announced.
    pub(crate) services: Vec<Service>,
}

/// A service announced by WS-Discovery.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Service {
    /// Facts of it.
    pub(crate) facts: Vec<Fact>,
    /// It offers its services at an address without TLS.
    pub(crate) plain: bool,
    /// It is a medical device of IEEE 11073-20702.
    pub(crate) medical: bool,
    /// First address it offers its services at.
    pub(crate) address: Option<IpAddr>,
}

/// Reads an envelope.
pub(crate) fn read(bytes: &[u8]) -> Envelope {
    let mut reader = EnvelopeReader::default();
    xml::walk(bytes, &mut reader);
    let mut envelope = reader.envelope;
    envelope.facts = reader.device.finish();
    envelope.facts.truncate(TOLD_MAX);
    envelope.patient |= reader.patient;
    envelope
}

#[derive(Default)]
struct EnvelopeReader {
    envelope: Envelope,
    device: Device,
    service: Service,
    patient: bool,
}

impl Visitor for EnvelopeReader {
    fn open(&mut self, here: &Here<'_>, element: &BytesStart<'_>) -> bool {
        let name = here.name();
        match here.depth() {
            1 => self.envelope.is_soap = name == (Space::Soap, "Envelope"),
            3 if here.parent() == (Space::Soap, "Body") => {
                self.envelope.kind = Kind::of(name);
                self.envelope.is_sdc |= name.0.is_sdc();
            }
            _ => {}
        }
        if is_service(name) {
            self.service = Service::default();
        }
        self.device.open(here, element);
        self.envelope.is_soap
    }

    fn close(&mut self, here: &Here<'_>, text: &str) {
        let name = here.name();
        if name == (Space::Addressing, "Action") {
            self.envelope.is_sdc |= Space::of(text).is_sdc();
        }
        if is_service(name) {
            let service = std::mem::take(&mut self.service);
            if self.envelope.services.len() < SERVICES_MAX {
                self.envelope.services.push(service);
            }
            return;
        }
        if name == (Space::Dpws, "Types") {
            let medical = |word| here.resolve(word) == (Space::MedicalDevice, "MedicalDevice");
            self.envelope.is_sdc |= text.split_ascii_whitespace().take(WORDS_MAX).any(medical);
        }
        if is_service(here.parent()) {
            self.service.read(name, text, here);
        }
        self.envelope.is_sdc |= self.service.medical;
        self.device.close(here, text);
        self.patient |= self.device.is_patient(here);
    }
}

/// Elements that describe one service.
fn is_service(name: (Space, &str)) -> bool {
    matches!(name, (Space::Discovery, "Hello" | "Bye" | "ProbeMatch" | "ResolveMatch"))
}

impl Service {
    fn read(&mut self, name: (Space, &str), text: &str, here: &Here<'_>) {
        let words = text.split_ascii_whitespace().take(WORDS_MAX);
        match name {
            (Space::Discovery, "Types") => {
                for word in words {
                    let (space, local) = here.resolve(word);
                    self.medical |= space == Space::MedicalDevice && local == "MedicalDevice";
                    let named = space.prefix().map(|prefix| format!("{prefix}:{local}"));
                    let fact = named.and_then(|named| {
                        Fact::new(Attribute::WsDiscoveryType, &named, 90, "ws-discovery.type")
                    });
                    self.facts.extend(fact);
                }
            }
            (Space::Discovery, "Scopes") => self.facts.extend(words.filter_map(scope::fact)),
            (Space::Discovery, "XAddrs") => {
                for word in words {
                    let plain = word.strip_prefix("http://");
                    self.plain |= plain.is_some();
                    let host = plain.or_else(|| word.strip_prefix("https://")).and_then(host);
                    self.address = self.address.or(host);
                }
            }
            _ => {}
        }
    }
}

/// The address in the authority that a URL goes on with.
fn host(rest: &str) -> Option<IpAddr> {
    let authority = rest.split('/').next()?;
    if let Some(six) = authority.strip_prefix('[') {
        return six.split([']', '%']).next()?.parse().ok();
    }
    authority.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(body: &str) -> Envelope {
        let spaces = [
            ("s", "http://www.w3.org/2003/05/soap-envelope"),
            ("d", "http://schemas.xmlsoap.org/ws/2005/04/discovery"),
            ("w", "http://schemas.xmlsoap.org/ws/2006/02/devprof"),
            ("m", "http://standards.ieee.org/downloads/11073/11073-20702-2016"),
            ("p", "http://standards.ieee.org/downloads/11073/11073-10207-2017/participant"),
            ("g", "http://standards.ieee.org/downloads/11073/11073-10207-2017/message"),
            ("x", "http://www.w3.org/2001/XMLSchema-instance"),
            ("pub", "http://schemas.microsoft.com/windows/pub/2005/07"),
        ];
        let spaces: String = spaces.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}='{uri}'")).collect();
        read(format!("<s:Envelope{spaces}><s:Body>{body}</s:Body></s:Envelope>").as_bytes())
    }

    fn facts(facts: &[Fact]) -> Vec<String> {
        facts.iter().map(|fact| format!("{} {}", fact.attribute.as_str(), fact.value)).collect()
    }

    #[test]
    fn a_hello_names_what_says_it() {
        let hello = envelope(
            "<d:Hello><d:Types>w:Device m:MedicalDevice q:Odd</d:Types><d:Scopes>sdc.ctxt.loc:/\
             sdc.ctxt.loc.detail/H?fac=H&amp;poc=ICU%203&amp;bed=7</d:Scopes><d:XAddrs>http://[fe80::1]:80/a \
             https://10.0.0.1/b</d:XAddrs></d:Hello>",
        );
        assert!(hello.is_sdc && hello.is_soap && hello.kind == Kind::Hello);
        let service = hello.services.first().unwrap();
        assert!(service.plain && service.medical);
        assert_eq!(service.address, "fe80::1".parse().ok());
        assert_eq!(
            facts(&service.facts),
            ["ws-discovery-type wsdp:Device", "ws-discovery-type mdpws:MedicalDevice", "location ICU 3 / 7"]
        );
        let seeks = envelope("<d:Probe><d:Types>m:MedicalDevice</d:Types></d:Probe>");
        assert_eq!((seeks.kind, seeks.services.len()), (Kind::Search, 0));
    }

    #[test]
    fn a_windows_computer_is_not_its_publication_service() {
        let computer = envelope(
            "<w:ThisModel><w:Manufacturer>Microsoft Corporation</w:Manufacturer><w:ModelName>Microsoft \
             Publication Service</w:ModelName></w:ThisModel><w:ThisDevice><w:SerialNumber>20050718\
             </w:SerialNumber></w:ThisDevice><w:Host><w:Types>pub:Computer</w:Types><pub:Computer>\
             WS-0815\\Domain:CLINIC</pub:Computer></w:Host>",
        );
        assert_eq!(facts(&computer.facts), ["hostname WS-0815", "domain CLINIC"]);
    }

    #[test]
    fn patients_are_noticed_and_not_read() {
        let state = |inner: &str| {
            envelope(&format!(
                "<g:Report><g:ContextState x:type='p:PatientContextState' ContextAssociation='Assoc'>{inner}\
                 </g:ContextState></g:Report>"
            ))
        };
        let named = state("<p:CoreData><p:Familyname>SECRET</p:Familyname></p:CoreData>");
        assert!(named.patient && named.facts.is_empty() && named.is_sdc);
        assert!(!state("").patient, "no patient is connected");
    }
}
