//! The head of an HTTP/1 message, line by line (RFC 9112 sections 3 to 6).
//!
//! In: a start line, then header lines. Out: how the body is framed, and the few fields that name software.
//! URL queries, cookies and credentials are looked at and dropped.

use crate::ntlm;
use crate::{base64, credential};

/// Longest `Authorization` value decoded: a pair of user and password, or an NTLM message.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Longest text kept of a field; facts keep less.
const FIELD_BYTES_MAX: usize = 512;
/// Methods of HTTP, WebDAV, its versioning and search, and UPnP eventing.
const METHODS: &[&str] = &[
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "CONNECT",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "SEARCH",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
];

/// What a start line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start<'a> {
    Request { method: &'a str, target: &'a str },
    Response { status: u16 },
}

/// Whether `bytes` may go on to be a request line: a method we know, a space, a target.
pub(super) fn may_be_request(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| {
        let method = method.as_bytes();
        match bytes.get(..method.len()) {
            None => method.starts_with(bytes),
            Some(start) => {
                start == method
                    && bytes.get(method.len()).is_none_or(|b| *b == b' ')
                    && bytes.get(method.len().saturating_add(1)).is_none_or(u8::is_ascii_graphic)
            }
        }
    })
}

/// Reads a start line (without its end). RTSP, SIP, ICAP and SSDP look alike and are none. A target that is
/// not UTF-8 reads as `/?`.
pub(super) fn start(line: &[u8]) -> Option<Start<'_>> {
    if let Some(rest) = line.strip_prefix(b"HTTP/1.") {
        let (&[minor, b' ', a, b, c], rest) = rest.split_first_chunk::<5>()? else { return None };
        let status = str::from_utf8(&[a, b, c]).ok()?.parse().ok()?;
        let ends = rest.first().is_none_or(|b| *b == b' ');
        return (matches!(minor, b'0' | b'1') && ends && (100..1000).contains(&status))
            .then_some(Start::Response { status });
    }
    let line = line.trim_ascii_end();
    let first = memchr::memchr(b' ', line)?;
    let last = memchr::memrchr(b' ', line)?;
    let method = str::from_utf8(line.get(..first)?).ok()?;
    let target = line.get(first..last)?.trim_ascii();
    let version = line.get(last..)?;
    (METHODS.contains(&method) && matches!(version, b" HTTP/1.0" | b" HTTP/1.1") && !target.is_empty())
        .then(|| Start::Request { method, target: str::from_utf8(target).unwrap_or("/?") })
}

/// What is done over the connection, when the head makes it sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    DicomWeb,
    Fhir,
    Grpc,
    Hl7,
    Ipp,
    Soap,
    WebDav,
}

impl Application {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::DicomWeb => "dicomweb",
            Self::Fhir => "fhir",
            Self::Grpc => "grpc",
            Self::Hl7 => "hl7",
            Self::Ipp => "ipp",
            Self::Soap => "soap",
            Self::WebDav => "webdav",
        }
    }

    fn of_media_type(value: &str) -> Option<Self> {
        let value = value.to_ascii_lowercase();
        let has = |text: &str| value.contains(text);
        if has("application/dicom") {
            Some(Self::DicomWeb)
        } else if has("application/fhir+") || has("application/json+fhir") || has("application/xml+fhir") {
            Some(Self::Fhir)
        } else if has("application/grpc") {
            Some(Self::Grpc)
        } else if has("application/hl7-v2") {
            Some(Self::Hl7)
        } else if has("application/ipp") {
            Some(Self::Ipp)
        } else {
            has("application/soap+xml").then_some(Self::Soap)
        }
    }
}

/// What a body is, as far as one is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Media {
    /// DICOM objects, alone or in parts (PS3.18 section 8.7).
    Dicom,
    FhirJson,
    FhirXml,
    /// HL7 v2 messages as they stand in MLLP.
    Hl7,
    Html,
    Ipp,
    Soap,
    /// XML of any kind: SOAP 1.1 among them.
    Xml,
    #[default]
    Other,
}

impl Media {
    fn of(value: &str) -> Self {
        let name = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "application/dicom" => Self::Dicom,
            "multipart/related" if value.to_ascii_lowercase().contains("application/dicom") => {
                let value = value.to_ascii_lowercase();
                // Meta data in JSON and XML are apart from objects.
                if value.contains("application/dicom+") { Self::Other } else { Self::Dicom }
            }
            "application/fhir+json" | "application/json+fhir" => Self::FhirJson,
            "application/fhir+xml" | "application/xml+fhir" => Self::FhirXml,
            "x-application/hl7-v2+er7" | "application/hl7-v2+er7" | "application/hl7-v2" => Self::Hl7,
            "application/ipp" => Self::Ipp,
            "text/html" => Self::Html,
            "application/soap+xml" => Self::Soap,
            "text/xml" | "application/xml" => Self::Xml,
            _ => Self::Other,
        }
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    Plain,
    Gzip,
    Other,
}

impl Coding {
    fn of(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "identity" | "" => Self::Plain,
            "gzip" | "x-gzip" => Self::Gzip,
            _ => Self::Other,
        }
    }
}

/// The header lines of one message, as far as they matter.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) lines: u16,
    pub(super) bytes: usize,
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) upgrade: Option<String>,
    pub(super) host: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) server: Option<String>,
    pub(super) realm: Option<String>,
    pub(super) application: Option<Application>,
    /// The body is of a DICOM or FHIR media type.
    pub(super) clinical_body: bool,
    /// A SOAP 1.1 request.
    pub(super) soap_action: bool,
    /// What the body is.
    pub(super) media: Media,
    /// How it is packed.
    pub(super) coding: Coding,
    /// It passed a proxy: names of software in it are not the speaker's.
    pub(super) forwarded: bool,
    /// A user and password in clear, and the factory default they are.
    pub(super) basic: Option<Option<String>>,
    pub(super) ntlm: Option<ntlm::Message>,
    pub(super) malformed: bool,
}

impl Head {
    /// Reads one header line (without its end).
    pub(super) fn field(&mut self, line: &[u8]) {
        let Ok(line) = str::from_utf8(line) else { return };
        // A line that begins with a blank continues the last, and is left out.
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.starts_with([' ', '\t']))
        else {
            return;
        };
        let value = value.trim();
        let text = || Some(value.chars().take(FIELD_BYTES_MAX).collect::<String>());
        match name.to_ascii_lowercase().as_str() {
            "content-length" => {
                let length = value.parse().ok();
                self.malformed |= length.is_none() || self.length.is_some_and(|l| Some(l) != length);
                self.length = length;
            }
            "transfer-encoding" => self.chunked |= value.to_ascii_lowercase().ends_with("chunked"),
            "content-encoding" => self.coding = Coding::of(value),
            "content-type" => {
                let media = Application::of_media_type(value);
                self.application = media.or(self.application);
                self.clinical_body |= matches!(media, Some(Application::DicomWeb | Application::Fhir));
                self.media = Media::of(value);
            }
            "accept" => self.application = self.application.or(Application::of_media_type(value)),
            "soapaction" => {
                self.application = self.application.or(Some(Application::Soap));
                self.soap_action = true;
            }
            "upgrade" => self.upgrade = text(),
            "host" => self.host = text(),
            "user-agent" => self.user_agent = text(),
            "server" => self.server = text(),
            "via" | "x-forwarded-for" | "forwarded" => self.forwarded = true,
            "authorization" | "proxy-authorization" => self.authorization(value),
            "www-authenticate" | "proxy-authenticate" => self.challenge(value),
            _ => {}
        }
    }

    fn authorization(&mut self, value: &str) {
        let Some((scheme, token)) = value.split_once(' ') else { return };
        let Some(bytes) = token_bytes(token) else { return };
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = str::from_utf8(&bytes).ok().and_then(|pair| pair.split_once(':'));
            self.basic = pair.map(|(user, password)| credential::known_default(user, password));
        } else {
            self.ntlm = ntlm::find(&bytes);
        }
    }

    fn challenge(&mut self, value: &str) {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case("ntlm") || scheme.eq_ignore_ascii_case("negotiate") {
            self.ntlm = token_bytes(rest).and_then(|bytes| ntlm::find(&bytes)).or(self.ntlm.take());
            return;
        }
        let lower = value.to_ascii_lowercase();
        let quoted = lower.find("realm=\"").and_then(|at| value.get(at.saturating_add(7)..));
        let realm = quoted.and_then(|rest| rest.split('"').next());
        self.realm = realm.map(|realm| realm.chars().take(FIELD_BYTES_MAX).collect()).or(self.realm.take());
    }
}

fn token_bytes(token: &str) -> Option<Vec<u8>> {
    let token = token.trim().as_bytes();
    (token.len() <= TOKEN_BYTES_MAX).then(|| base64::decode(token)).flatten()
}

/// What a request target tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The authority of an absolute target: the request goes to a proxy.
    pub(super) authority: Option<&'a str>,
    pub(super) application: Option<Application>,
    /// The query names a patient.
    pub(super) asks_for_patient: bool,
    /// A resource that holds patient data when it is of a clinical media type.
    pub(super) patient_resource: bool,
    /// The first page of a site, whose title names the product; deeper pages may show patients.
    pub(super) front_page: bool,
}

impl<'a> Target<'a> {
    pub(super) fn read(method: &str, target: &'a str) -> Self {
        let mut read = Self::default();
        if method == "CONNECT" {
            read.authority = Some(target);
            return read;
        }
        let mut rest = target;
        if let Some((_, absolute)) = target.split_once("://").filter(|(scheme, _)| scheme.starts_with("http"))
        {
            let (authority, path) = absolute.split_once('/').unwrap_or((absolute, ""));
            // What stands before an @ is a user and a password.
            read.authority = authority.rsplit('@').next();
            rest = path;
        }
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let path = path.to_ascii_lowercase();
        let query = query.unwrap_or_default().to_ascii_lowercase();
        let has = |names: &[&str]| {
            query.split('&').any(|pair| pair.split_once('=').is_some_and(|(key, _)| names.contains(&key)))
        };
        let wado = path.contains("/wado") && query.contains("requesttype=wado");
        let qido = has(&["patientid", "patientname", "00100010", "00100020"])
            && ["/studies", "/series", "/instances"].iter().any(|end| path.ends_with(end));
        read.application = match method {
            "PROPFIND" | "PROPPATCH" | "MKCOL" | "LOCK" | "UNLOCK" => Some(Application::WebDav),
            _ => (wado || qido).then_some(Application::DicomWeb),
        };
        read.asks_for_patient = qido;
        read.patient_resource = path.split('/').any(|segment| FHIR_PATIENT.contains(&segment));
        let last = path.rsplit('/').next().unwrap_or_default();
        let front = ["index", "login", "default", "home", "main", "start", "welcome"];
        read.front_page = query.is_empty() && (last.is_empty() || front.iter().any(|f| last.starts_with(f)));
        read
    }
}

/// FHIR resource types that speak of a patient.
const FHIR_PATIENT: &[&str] = &[
    "patient",
    "observation",
    "diagnosticreport",
    "encounter",
    "condition",
    "medicationrequest",
    "medicationadministration",
    "allergyintolerance",
    "procedure",
    "immunization",
    "servicerequest",
    "imagingstudy",
    "careplan",
    "documentreference",
    "composition",
    "relatedperson",
    "specimen",
    "appointment",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_start_lines_are_read() {
        assert_eq!(start(b"HTTP/1.1 200 OK"), Some(Start::Response { status: 200 }));
        assert_eq!(start(b"HTTP/1.0 204"), Some(Start::Response { status: 204 }));
        assert_eq!(start(b"GET /a b HTTP/1.1"), Some(Start::Request { method: "GET", target: "/a b" }));
        for other in [
            "HTTP/1.1 20",
            "HTTP/2 200",
            "OPTIONS * RTSP/1.0",
            "OPTIONS sip:a SIP/2.0",
            "GET /",
            "X / HTTP/1.1",
        ] {
            assert_eq!(start(other.as_bytes()), None, "{other}");
        }
        assert!(may_be_request(b"GE") && may_be_request(b"GET /") && !may_be_request(b"GETX"));
    }

    #[test]
    fn a_target_tells_what_is_asked_not_for_whom() {
        let read = |target| Target::read("GET", target);
        assert!(read("/dicom-web/studies?PatientID=4711").asks_for_patient);
        assert!(!read("/search?PatientID=4711").asks_for_patient);
        assert_eq!(read("/wado?requestType=WADO&studyUID=1").application, Some(Application::DicomWeb));
        assert!(read("/fhir/Patient/17").patient_resource && !read("/fhir/metadata").patient_resource);
        assert!(read("/").front_page && read("/login.html").front_page && !read("/patient/17").front_page);
        assert_eq!(read("http://user:secret@pacs:80/x").authority, Some("pacs:80"));
        assert_eq!(Target::read("CONNECT", "pacs:443").authority, Some("pacs:443"));
    }
}
