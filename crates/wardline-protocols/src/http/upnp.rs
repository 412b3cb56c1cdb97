//! UPnP device descriptions (UPnP Device Architecture 1.0 to 2.0, section 2.3).
//!
//! In: the XML of a description. Out: type and name of the root device; maker, model and serial only where
//! the type is one of hardware: media servers are programs, and their description is not of the computer.

use crate::xml::{Here, Space, Visitor, walk};
use wardline_model::{Attribute, Fact};

/// Types of devices that are what they describe.
const HARDWARE: &[&str] = &[
    "Basic",
    "DigitalSecurityCamera",
    "InternetGatewayDevice",
    "Printer",
    "Scanner",
    "WFADevice",
    "WLANAccessPointDevice",
];
/// Shortest serial believed: shorter ones are placeholders.
const SERIAL_MIN: usize = 6;
/// Serials of nobody.
const PLACEHOLDERS: &[&str] = &["12345678", "123456789", "1234567890", "0123456789", "123456"];

#[derive(Default)]
struct Description {
    hardware: bool,
    /// A program of an operating system's maker, not a device.
    program: bool,
    kind: Option<Fact>,
    name: Option<Fact>,
    own: Vec<Fact>,
}

impl Visitor for Description {
    fn close(&mut self, here: &Here<'_>, text: &str) {
        // Root, device, its fields: embedded devices are deeper.
        if here.depth() != 3 || here.parent() != (Space::Upnp, "device") {
            return;
        }
        let (_, name) = here.name();
        let said = |attribute, confidence, rule| Fact::new(attribute, text, confidence, rule);
        match name {
            "deviceType" => {
                let local = text.rsplit(':').nth(1).unwrap_or_default();
                self.hardware = HARDWARE.contains(&local);
                self.kind = said(Attribute::UpnpDevice, 85, "upnp.device-type");
            }
            "friendlyName" => self.name = said(Attribute::FriendlyName, 75, "upnp.friendly-name"),
            "manufacturer" => {
                self.program |= text.starts_with("Microsoft");
                self.own.extend(said(Attribute::Vendor, 80, "upnp.manufacturer"));
            }
            "modelName" => self.own.extend(said(Attribute::Model, 80, "upnp.model-name")),
            "serialNumber" if is_serial(text) => {
                self.own.extend(said(Attribute::Serial, 75, "upnp.serial-number"));
            }
            _ => {}
        }
    }
}

/// Whether a serial number may be one.
fn is_serial(text: &str) -> bool {
    let first = text.chars().next();
    text.len() >= SERIAL_MIN
        && text.bytes().any(|b| b.is_ascii_digit())
        && !PLACEHOLDERS.contains(&text)
        && text.chars().any(|c| Some(c) != first && c != '0')
}

/// What a description tells of the device that serves it; nothing when it is other XML.
pub(super) fn read(bytes: &[u8]) -> Vec<Fact> {
    let mut description = Description::default();
    walk(bytes, &mut description);
    let Description { hardware, program, kind, name, own, .. } = description;
    let own = if hardware && !program { own } else { Vec::new() };
    kind.into_iter().chain(name).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, maker: &str, serial: &str) -> Vec<String> {
        let description = format!(
            "<root xmlns='urn:schemas-upnp-org:device-1-0'><device><deviceType>urn:schemas-upnp-org:device:\
             {kind}:1</deviceType><friendlyName>F</friendlyName><manufacturer>{maker}</manufacturer>\
             <serialNumber>{serial}</serialNumber><deviceList><device><modelName>inner</modelName></device>\
             </deviceList></device></root>"
        );
        let facts = read(description.as_bytes());
        facts.iter().map(|fact| format!("{} {}", fact.attribute.as_str(), fact.value)).skip(1).collect()
    }

    #[test]
    fn a_program_is_not_the_computer_it_runs_on() {
        assert_eq!(told("MediaServer", "Example", "AB-100234"), ["friendly-name F"]);
        assert_eq!(told("InternetGatewayDevice", "Microsoft Corporation", "AB-100234"), ["friendly-name F"]);
        assert_eq!(
            told("Printer", "Example", "AB-100234"),
            ["friendly-name F", "vendor Example", "serial AB-100234"]
        );
        assert_eq!(told("Printer", "Example", "00000000"), ["friendly-name F", "vendor Example"]);
        assert_eq!(read(b"<root><device><friendlyName>x</friendlyName></device></root>"), []);
    }
}
