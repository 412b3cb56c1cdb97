//! XML with namespaces, as the wire sends it: a bounded walk over elements (XML 1.0, Namespaces in XML 1.0).
//!
//! In: the bytes of a document, or its first part. Out: each element when it opens, and with its text when it
//! closes; what is cut off never closes, so half a value is never told. Document types end the walk: no
//! entity but the five of XML and character references is known. Limits: [`DEPTH_MAX`], [`EVENTS_MAX`],
//! [`TEXT_MAX`], [`BINDINGS_MAX`].

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};

/// Nested elements: a description of a device has 12 levels.
const DEPTH_MAX: usize = 48;
/// Events of a document: the description of a patient monitor has some 5,000.
const EVENTS_MAX: u32 = 16_384;
/// Text of one element: lists of scopes are the longest that matter.
const TEXT_MAX: usize = 4_096;
/// Prefixes bound at one time: toolkits bind some 20 at the root.
const BINDINGS_MAX: usize = 64;

/// A namespace that is read; drafts and final versions of a standard are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// SOAP 1.1 or 1.2 envelope.
    Soap,
    /// WS-Addressing.
    Addressing,
    /// WS-Discovery 1.0 (2005) or 1.1 (2009).
    Discovery,
    /// Devices Profile for Web Services.
    Dpws,
    /// WS-MetadataExchange.
    Metadata,
    /// IEEE 11073-20702: medical devices among the devices of DPWS.
    MedicalDevice,
    /// IEEE 11073-20701 services.
    Sdc,
    /// IEEE 11073-10207 messages.
    Message,
    /// IEEE 11073-10207 participants.
    Participant,
    /// UPnP device description.
    Upnp,
    /// Web services for printers (Microsoft).
    Print,
    /// Web services for scanners (Microsoft).
    Scan,
    /// Publication of computers (Microsoft).
    Publication,
    /// ONVIF network video transmitters.
    OnvifNetwork,
    /// ONVIF devices.
    OnvifDevice,
    /// XML Schema instance.
    Instance,
    /// Another, or none.
    Other,
}

impl Space {
    /// The namespace of that URI; also of an action or a dialect, which begin with it in SDC.
    pub(crate) fn of(uri: &str) -> Self {
        const DISCOVERY: [&str; 2] = [
            "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01",
            "http://schemas.xmlsoap.org/ws/2005/04/discovery",
        ];
        const DPWS: [&str; 2] = [
            "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01",
            "http://schemas.xmlsoap.org/ws/2006/02/devprof",
        ];
        match uri {
            "http://www.w3.org/2003/05/soap-envelope" | "http://schemas.xmlsoap.org/soap/envelope/" => {
                Self::Soap
            }
            "http://www.w3.org/2005/08/addressing" | "http://schemas.xmlsoap.org/ws/2004/08/addressing" => {
                Self::Addressing
            }
            "http://schemas.xmlsoap.org/ws/2004/09/mex" => Self::Metadata,
            "urn:schemas-upnp-org:device-1-0" => Self::Upnp,
            "http://schemas.microsoft.com/windows/2006/08/wdp/print" => Self::Print,
            "http://schemas.microsoft.com/windows/2006/08/wdp/scan" => Self::Scan,
            "http://schemas.microsoft.com/windows/pub/2005/07" => Self::Publication,
            "http://www.onvif.org/ver10/network/wsdl" => Self::OnvifNetwork,
            "http://www.onvif.org/ver10/device/wsdl" => Self::OnvifDevice,
            "http://www.w3.org/2001/XMLSchema-instance" => Self::Instance,
            _ if DISCOVERY.contains(&uri) => Self::Discovery,
            _ if DPWS.contains(&uri) => Self::Dpws,
            _ => Self::of_ieee(uri),
        }
    }

    /// IEEE 11073, of whatever year.
    fn of_ieee(uri: &str) -> Self {
        let Some(rest) = uri.strip_prefix("http://standards.ieee.org/downloads/11073/11073-") else {
            return Self::Other;
        };
        let (part, rest) = rest.split_once('-').unwrap_or((rest, ""));
        match (part, rest.split_once('/').map(|(_, name)| name)) {
            ("20701", _) => Self::Sdc,
            ("20702", _) => Self::MedicalDevice,
            ("10207", Some("message")) => Self::Message,
            ("10207", Some("participant")) => Self::Participant,
            _ => Self::Other,
        }
    }

    /// The prefix by which the world knows the types of this namespace.
    pub(crate) const fn prefix(self) -> Option<&'static str> {
        Some(match self {
            Self::Dpws => "wsdp",
            Self::MedicalDevice => "mdpws",
            Self::Sdc => "sdc",
            Self::Print => "wprt",
            Self::Scan => "wscn",
            Self::Publication => "pub",
            Self::OnvifNetwork => "dn",
            Self::OnvifDevice => "tds",
            Self::Discovery => "wsd",
            _ => return None,
        })
    }

    /// Whether only IEEE 11073 SDC uses it.
    pub(crate) const fn is_sdc(self) -> bool {
        matches!(self, Self::MedicalDevice | Self::Sdc | Self::Message | Self::Participant)
    }
}

/// What is told of a document, element by element.
pub(crate) trait Visitor {
    /// An element begins. Answers whether to go on.
    fn open(&mut self, here: &Here<'_>, element: &BytesStart<'_>) -> bool {
        let _ = (here, element);
        true
    }

    /// An element ends; `text` is what stood in it behind its last child, trimmed.
    fn close(&mut self, here: &Here<'_>, text: &str);
}

/// Where the walk stands.
pub(crate) struct Here<'a> {
    names: &'a Names,
    reader: &'a NsReader<&'a [u8]>,
}

/// Names from the root to here; one buffer, so that an element costs no allocation.
#[derive(Default)]
struct Names {
    text: String,
    starts: Vec<(Space, usize)>,
}

impl Names {
    fn push(&mut self, space: Space, name: &str) {
        self.starts.push((space, self.text.len()));
        self.text.push_str(name);
    }

    fn pop(&mut self) {
        if let Some((_, start)) = self.starts.pop() {
            self.text.truncate(start);
        }
    }

    /// The name `up` levels above the innermost.
    fn get(&self, up: usize) -> Option<(Space, &str)> {
        let at = self.starts.len().checked_sub(up.checked_add(1)?)?;
        let (space, start) = *self.starts.get(at)?;
        let end = self.starts.get(at.saturating_add(1)).map_or(self.text.len(), |(_, end)| *end);
        Some((space, self.text.get(start..end)?))
    }
}

impl Here<'_> {
    /// The element itself.
    pub(crate) fn name(&self) -> (Space, &str) {
        self.names.get(0).unwrap_or((Space::Other, ""))
    }

    /// The element around it.
    pub(crate) fn parent(&self) -> (Space, &str) {
        self.names.get(1).unwrap_or((Space::Other, ""))
    }

    /// Elements from the root to here, both counted.
    pub(crate) fn depth(&self) -> usize {
        self.names.starts.len()
    }

    /// A qualified name that stands in text here (`dpws:Device`), resolved.
    pub(crate) fn resolve<'t>(&self, name: &'t str) -> (Space, &'t str) {
        let (resolved, local) = self.reader.resolver().resolve(QName(name), true);
        (space(&resolved), local.into_inner())
    }
}

fn space(resolved: &ResolveResult<'_>) -> Space {
    match resolved {
        ResolveResult::Bound(namespace) => Space::of(namespace.into_inner()),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => Space::Other,
    }
}

/// The value of an attribute, by its local name, entities of XML resolved.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let attributes = attributes.with_checks(false).flatten();
    let mut found = attributes.filter(|attribute| attribute.key.local_name().into_inner() == name);
    let value = found.next()?.value;
    let value = quick_xml::escape::unescape(&value).ok()?;
    (value.len() <= TEXT_MAX).then(|| value.into_owned())
}

/// Walks over a document until its end, its first fault, a limit, or the visitor's wish.
pub(crate) fn walk(bytes: &[u8], visitor: &mut dyn Visitor) {
    let Some(first) = bytes.utf8_chunks().next() else { return };
    let mut reader = NsReader::from_str(first.valid());
    reader.resolver_mut().set_max_namespace_bindings(BINDINGS_MAX);
    let mut names = Names::default();
    let mut text = String::new();
    for _ in 0..EVENTS_MAX {
        let Ok(event) = reader.read_event() else { return };
        match event {
            Event::Start(element) | Event::Empty(element) if names.starts.len() >= DEPTH_MAX => {
                drop(element);
                return;
            }
            Event::Start(ref element) | Event::Empty(ref element) => {
                let (resolved, local) = reader.resolver().resolve_element(element.name());
                names.push(space(&resolved), local.into_inner());
                text.clear();
                let here = Here { names: &names, reader: &reader };
                if !visitor.open(&here, element) {
                    return;
                }
                if matches!(event, Event::Empty(_)) {
                    visitor.close(&here, "");
                    names.pop();
                }
            }
            Event::End(_) => {
                visitor.close(&Here { names: &names, reader: &reader }, text.trim());
                text.clear();
                names.pop();
            }
            Event::Text(more) => push(&mut text, &more),
            Event::CData(more) => push(&mut text, &more),
            Event::GeneralRef(name) => {
                let Ok(plain) = quick_xml::escape::unescape(&format!("&{};", &*name)).map(String::from)
                else {
                    return;
                };
                push(&mut text, &plain);
            }
            Event::Eof | Event::DocType(_) => return,
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
        }
    }
}

/// Adds text up to [`TEXT_MAX`].
fn push(text: &mut String, more: &str) {
    if text.len().saturating_add(more.len()) <= TEXT_MAX {
        text.push_str(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Visitor for Seen {
        fn close(&mut self, here: &Here<'_>, text: &str) {
            let (space, name) = here.name();
            let resolved = here.resolve(text);
            self.0.push(format!(
                "{space:?} {name} in {} {text} {:?} {}",
                here.parent().1,
                resolved.0,
                here.depth()
            ));
        }
    }

    fn seen(document: &str) -> Vec<String> {
        let mut seen = Seen::default();
        walk(document.as_bytes(), &mut seen);
        seen.0
    }

    #[test]
    fn names_are_told_by_their_namespace_whatever_the_prefix() {
        let document = "<x:a xmlns:x='http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01'><b xmlns='urn:none' \
             xmlns:m='http://standards.ieee.org/downloads/11073/11073-20702-2016'>m:T</b><x:c/></x:a>";
        assert_eq!(
            seen(document),
            ["Other b in a m:T MedicalDevice 2", "Dpws c in a  Other 2", "Dpws a in   Other 1"]
        );
    }

    #[test]
    fn what_is_cut_or_foul_is_never_told() {
        assert_eq!(seen("<a><b>one</b><c>tw"), ["Other b in a one Other 2"]);
        assert_eq!(seen("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), [""; 0]);
        assert_eq!(seen("<a>&x;</a>"), [""; 0]);
        assert_eq!(seen("<a>R&#246;&amp;</a>"), ["Other a in  Rö& Other 1"]);
        assert_eq!(seen(&"<a>".repeat(100_000)), [""; 0]);
        assert_eq!(seen(&"<a/>".repeat(100_000)).len(), usize::try_from(EVENTS_MAX).unwrap());
        assert_eq!(seen(&format!("<a>{}</a>", "x".repeat(TEXT_MAX + 1))), ["Other a in   Other 1"]);
    }
}
