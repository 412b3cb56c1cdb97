//! Nmap's XML: hosts that were up, with their addresses, names, systems and programs.
//!
//! Read are `host` / `address`, `hostname`, `port` / `service` (product, version) of open ports, and the best
//! `osmatch`. What Nmap guesses (a system below 90 %, a service by its port alone) is left out. Entities are not
//! resolved beyond those of XML itself, and nothing is fetched.

use crate::mac::{read_ip, read_mac};
use crate::{Document, Entry, Kind};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use wardline_model::{Attribute, Confidence, Fact};

/// Seen by the scanner on its own link.
const ADDRESS_CONFIDENCE: Confidence = 80;
/// A reverse name, or what the scanner was given.
const NAME_CONFIDENCE: Confidence = 55;
/// A program that answered a probe with its own name.
const PROGRAM_CONFIDENCE: Confidence = 65;
/// A system by the manners of its network stack.
const SYSTEM_CONFIDENCE: Confidence = 45;
/// Nmap's own certainty below which a system is a guess.
const ACCURACY_MIN: u8 = 90;

#[derive(Default)]
struct Host {
    entry: Entry,
    down: bool,
    open: bool,
    system: Option<(u8, String)>,
}

/// Reads it.
pub(crate) fn read(text: &str) -> Document {
    let mut document = Document::new(Kind::Nmap);
    let mut reader = Reader::from_str(text);
    let mut host: Option<Host> = None;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Start(tag)) if tag.name().as_ref() == "host" => {
                host = Some(Host {
                    entry: Entry { line: line_of(text, before), ..Entry::default() },
                    ..Host::default()
                });
            }
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                if let Some(host) = &mut host {
                    element(&tag, host);
                }
            }
            Ok(Event::End(tag)) if tag.name().as_ref() == "host" => {
                if let Some(host) = host.take()
                    && !end(host, &mut document)
                {
                    break;
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                document.problem(
                    line_of(text, before),
                    "",
                    format!("the XML breaks here ({error}); what stood before was read"),
                );
                break;
            }
        }
    }
    document
}

fn line_of(text: &str, at: usize) -> u64 {
    let before = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
    u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
}

/// The text of an attribute.
fn value(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok().flatten()?;
    let raw = attribute.value.as_ref();
    Some(quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), std::borrow::Cow::into_owned))
}

fn element(tag: &BytesStart<'_>, host: &mut Host) {
    let of = |name| value(tag, name).unwrap_or_default();
    match tag.name().as_ref() {
        "status" => host.down = of("state") == "down",
        "address" => {
            let address = of("addr");
            if of("addrtype") == "mac" {
                if let Some(mac) = read_mac(&address) {
                    host.entry.say(Attribute::Mac, &mac, ADDRESS_CONFIDENCE, "nmap.address");
                }
            } else if let Some(ip) = read_ip(&address) {
                host.entry.say(Attribute::Ip, &ip.to_string(), ADDRESS_CONFIDENCE, "nmap.address");
            }
        }
        "hostname" => host.entry.say(Attribute::Hostname, &of("name"), NAME_CONFIDENCE, "nmap.hostname"),
        "state" => host.open = of("state") == "open",
        "service" if host.open && of("method") == "probed" => {
            let program = Fact::new(Attribute::Software, &of("product"), PROGRAM_CONFIDENCE, "nmap.service");
            host.entry.facts.extend(program.map(|fact| fact.with_version(&of("version"))));
        }
        "osmatch" => {
            let accuracy = of("accuracy").parse().unwrap_or(0);
            if accuracy >= ACCURACY_MIN && host.system.as_ref().is_none_or(|(held, _)| *held < accuracy) {
                host.system = Some((accuracy, of("name")));
            }
        }
        _ => {}
    }
}

fn end(mut host: Host, document: &mut Document) -> bool {
    if host.down || host.entry.facts.is_empty() {
        return true;
    }
    // A list of systems (`Linux 2.6.32 - 3.10`) is no version: only a plain name is taken.
    if let Some((_, name)) = host.system.filter(|(_, name)| !name.contains(" - ") && !name.contains(" or ")) {
        host.entry.say(Attribute::Os, &name, SYSTEM_CONFIDENCE, "nmap.osmatch");
    }
    host.entry.label = host.entry.facts.first().map(|fact| fact.value.to_string()).unwrap_or_default();
    host.entry.facts.sort();
    host.entry.facts.dedup();
    document.take(host.entry)
}
