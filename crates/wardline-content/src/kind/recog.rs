//! Recog-format XML as a site's overlay.
//!
//! In: a file `<fingerprints matches="ssh.banner" …>` with `<fingerprint pattern="…">`, examples and `<param>`s.
//! Out: our entries for those clues and parameters that we have. Recog's patterns are Ruby's: `^` and `$` hold
//! at every line, and what needs going back in the text (look-around, back references) cannot be matched in
//! linear time; such an entry is left out and named, never an error.
//!
//! Limits: [`FINGERPRINTS_MAX`], and those of patterns.

use super::fingerprint::{Example, Field, Fingerprint};
use super::pattern::Pattern;
use super::template::Template;
use crate::error::Problem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use wardline_model::Attribute;

/// Entries read from one file; the largest public one has below a thousand.
const FINGERPRINTS_MAX: usize = 20_000;
/// Confidence of an entry whose file gives no preference.
const CONFIDENCE: u8 = 50;
/// Most that a file may claim: it was written for another program.
const CONFIDENCE_MAX: f64 = 0.8;

/// What a Recog file holds.
#[derive(Debug, Default)]
pub(crate) struct RecogFile {
    pub(crate) fingerprints: Vec<Fingerprint>,
    pub(crate) left_out: Vec<Problem>,
}

/// Reads a file.
pub(crate) fn read(file: &str, text: &str) -> Result<RecogFile, String> {
    let mut reader = Reader::from_str(text);
    let mut state = State { file, ..State::default() };
    loop {
        let wrong = |error: quick_xml::Error, at: u64| format!("byte {at}: {error}");
        match reader.read_event().map_err(|error| wrong(error, reader.error_position()))? {
            Event::Start(element) => state.start(&element, false)?,
            Event::Empty(element) => state.start(&element, true)?,
            Event::Text(text) => state.text.push_str(&text),
            Event::CData(text) => state.text.push_str(&text),
            Event::GeneralRef(name) => {
                let text = format!("&{};", &*name);
                let plain = quick_xml::escape::unescape(&text).map_err(|error| error.to_string())?;
                state.text.push_str(&plain);
            }
            Event::End(element) => state.end(element.name().as_ref()),
            Event::Eof => break,
            _ => {}
        }
    }
    if state.found { Ok(state.out) } else { Err("is not a Recog file: no `fingerprints`".to_owned()) }
}

/// Where the reader stands.
#[derive(Default)]
struct State<'a> {
    file: &'a str,
    found: bool,
    clue: Option<Attribute>,
    confidence: u8,
    number: usize,
    entry: Option<Entry>,
    example: Option<BTreeMap<String, String>>,
    text: String,
    out: RecogFile,
}

/// One `<fingerprint>` as written.
#[derive(Default)]
struct Entry {
    pattern: String,
    flags: String,
    description: String,
    params: Vec<Param>,
    examples: Vec<(String, BTreeMap<String, String>)>,
}

struct Param {
    position: usize,
    name: String,
    value: String,
}

impl State<'_> {
    fn start(&mut self, element: &BytesStart<'_>, empty: bool) -> Result<(), String> {
        let attributes = attributes(element)?;
        let get = |name: &str| attributes.get(name).map(String::as_str);
        self.text.clear();
        match element.name().as_ref() {
            "fingerprints" => {
                self.found = true;
                let name = get("matches").or_else(|| get("protocol")).unwrap_or_default();
                self.clue = clue_of(name);
                self.confidence = get("preference").and_then(|p| p.parse().ok()).map_or(CONFIDENCE, percent);
                if self.clue.is_none() {
                    self.leave_out("", &format!("`{name}` is not a clue known here"));
                }
            }
            "fingerprint" => {
                self.number = self.number.saturating_add(1);
                self.entry = Some(Entry {
                    pattern: get("pattern").unwrap_or_default().to_owned(),
                    flags: get("flags").unwrap_or_default().to_owned(),
                    ..Entry::default()
                });
            }
            "param" => {
                if let (Some(entry), Some(name)) = (&mut self.entry, get("name")) {
                    entry.params.push(Param {
                        position: get("pos").and_then(|pos| pos.parse().ok()).unwrap_or(0),
                        name: name.to_owned(),
                        value: get("value").unwrap_or_default().to_owned(),
                    });
                }
            }
            "example" if !empty => self.example = Some(attributes),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        let text = std::mem::take(&mut self.text);
        match (name, &mut self.entry) {
            ("description", Some(entry)) => entry.description = text.trim().to_owned(),
            ("example", Some(entry)) => {
                let yields = self.example.take().unwrap_or_default();
                // An example that lies in another file or is encoded cannot be run here.
                if !yields.keys().any(|key| key == "_encoding" || key == "_filename") {
                    entry.examples.push((text, yields));
                }
            }
            ("fingerprint", Some(_)) => self.finish(),
            _ => {}
        }
    }

    fn finish(&mut self) {
        let (Some(entry), Some(clue)) = (self.entry.take(), self.clue) else { return };
        let id = format!("recog:{}:{}", self.file, self.number);
        if self.out.fingerprints.len() >= FINGERPRINTS_MAX {
            self.leave_out(&id, &format!("more than {FINGERPRINTS_MAX} entries in one file"));
            return;
        }
        let sets = sets_of(&entry.params);
        if sets.is_empty() {
            self.leave_out(&id, &format!("sets nothing known here ({})", entry.description));
            return;
        }
        match Pattern::checked(&entry.pattern.replace("\\Z", "\\z"), flags_of(&entry.flags)) {
            Ok(pattern) => self.out.fingerprints.push(Fingerprint {
                examples: entry.examples.into_iter().map(example).collect(),
                id,
                clue,
                source: format!("site: {} ({})", self.file, entry.description),
                licence: "as the site's file".to_owned(),
                confidence: self.confidence,
                supersedes: Vec::new(),
                counter_examples: Vec::new(),
                pattern,
                sets,
            }),
            Err(what) => self.leave_out(&id, &what),
        }
    }

    fn leave_out(&mut self, id: &str, what: &str) {
        self.out.left_out.push(Problem::new(self.file, id, what));
    }
}

fn attributes(element: &BytesStart<'_>) -> Result<BTreeMap<String, String>, String> {
    let mut read = BTreeMap::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
        read.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(read)
}

fn clue_of(matches: &str) -> Option<Attribute> {
    Some(match matches {
        "dhcp_vendor_class" => Attribute::DhcpVendorClass,
        "ftp.banner" => Attribute::FtpBanner,
        "html_title" => Attribute::HttpTitle,
        "http_header.server" => Attribute::HttpServer,
        "http_header.wwwauth" => Attribute::HttpRealm,
        "http_header.user_agent" => Attribute::HttpUserAgent,
        "mdns.device-info.txt" => Attribute::MdnsModel,
        "smb.native_lm" => Attribute::SmbNativeLanManager,
        "smb.native_os" => Attribute::SmbNativeOs,
        "snmp.sys_description" => Attribute::SnmpDescription,
        "snmp.sys_object_id" => Attribute::SnmpObjectId,
        "ssh.banner" => Attribute::SshBanner,
        "telnet" | "telnet.banner" => Attribute::TelnetBanner,
        "x509.issuer" => Attribute::CertificateIssuer,
        "x509.subject" => Attribute::CertificateSubject,
        _ => return None,
    })
}

/// Our field for a Recog parameter.
fn field_of(parameter: &str) -> Option<Field> {
    Some(match parameter {
        "hw.vendor" => Field::Vendor,
        "hw.product" | "hw.model" => Field::Model,
        "hw.serial_number" => Field::Serial,
        "hw.version" => Field::Firmware,
        "os.product" => Field::Os,
        "os.version" => Field::OsVersion,
        "service.product" => Field::Software,
        "service.version" => Field::SoftwareVersion,
        "host.name" => Field::Hostname,
        _ => return None,
    })
}

/// `hw.vendor` names the maker of the device; that of the system or the service is never taken for it.
fn sets_of(params: &[Param]) -> Vec<(Field, Template)> {
    let mut sets: Vec<(Field, Template)> = Vec::new();
    for param in params {
        let Some(field) = field_of(&param.name) else { continue };
        // Values with `{other.parameter}` in them, and a second word for the same field, are left alone.
        if sets.iter().any(|(set, _)| *set == field) || param.value.contains('{') {
            continue;
        }
        match param.position {
            0 if param.value.is_empty() => {}
            0 => sets.push((field, Template::text(&param.value))),
            group => sets.push((field, Template::group(group))),
        }
    }
    let has = |field| sets.iter().any(|(set, _)| *set == field);
    let (os, software) = (has(Field::Os), has(Field::Software));
    sets.retain(|(field, _)| match field {
        Field::OsVersion => os,
        Field::SoftwareVersion => software,
        _ => true,
    });
    sets
}

/// An example in our field names, as far as we read them.
fn example((text, yields): (String, BTreeMap<String, String>)) -> Example {
    let known = |(name, value): (String, String)| Some((field_of(&name)?.as_str().to_owned(), value));
    Example { text, yields: yields.into_iter().filter_map(known).collect() }
}

/// Ruby's flags in ours: its lines always count, its "multiline" is our dot that matches line ends.
fn flags_of(flags: &str) -> &'static str {
    let dot = flags.contains("REG_DOT_NEWLINE") || flags.contains("REG_MULTILINE");
    match (flags.contains("REG_ICASE"), dot) {
        (false, false) => "m",
        (true, false) => "im",
        (false, true) => "ms",
        (true, true) => "ims",
    }
}

/// Whole percent, between 1 and the most that a foreign file may claim.
fn percent(preference: f64) -> u8 {
    let share = preference.clamp(0.01, CONFIDENCE_MAX);
    (1..=100_u8).find(|&percent| f64::from(percent) >= share * 100.0).unwrap_or(100)
}

#[cfg(test)]
mod tests;
