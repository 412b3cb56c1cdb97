//! IPP answers (RFC 8010 section 3, RFC 8011; PWG 5100.13 and 5100.14): what a printer says of itself.
//!
//! In: the body of an answer or its first part. Out: maker, model, serial number and firmware of the one printer
//! it describes, its name and place. Refuses: what a print server says of queues (they have a `device-uri`, or
//! are several). Limits: [`ATTRIBUTES_MAX`], [`TEXT_MAX`]. Jobs, documents and users are never read.

use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// Attributes read of one answer: printers tell some 200.
const ATTRIBUTES_MAX: usize = 512;
/// Longest text looked at: device identifications have some 300 characters.
const TEXT_MAX: usize = 1_024;
/// Delimiters of groups.
const GROUP_MAX: u8 = 0x0F;
const END: u8 = 0x03;
const PRINTER: u8 = 0x04;

/// What one printer's attributes say.
#[derive(Default)]
struct Printer {
    facts: Vec<Fact>,
    /// A device identification, surer than the words of the other attributes.
    identified: Vec<Fact>,
    firmware: Vec<String>,
    queue: bool,
}

/// What an answer tells of the printer that gives it.
pub(crate) fn read(bytes: &[u8]) -> Vec<Fact> {
    let mut printers: Vec<Printer> = Vec::new();
    // What was read before a fault stays: the body may be cut.
    let _ = groups(bytes, &mut printers);
    match printers.as_slice() {
        [printer] if !printer.queue => printer.told(),
        _ => Vec::new(),
    }
}

fn groups(bytes: &[u8], printers: &mut Vec<Printer>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let [major, _] = reader.array("IPP version")?;
    let status = reader.u16("IPP status")?;
    if !matches!(major, 1 | 2) || status > 0x00FF {
        return Err(Fault::Unsupported("IPP answer"));
    }
    reader.skip(4, "IPP request")?;
    let mut group = 0;
    let mut last: &[u8] = &[];
    for _ in 0..ATTRIBUTES_MAX {
        let tag = reader.u8("IPP tag")?;
        if tag == END {
            break;
        }
        if tag <= GROUP_MAX {
            group = tag;
            if tag == PRINTER {
                printers.push(Printer::default());
            }
            continue;
        }
        let length = reader.u16("IPP name length")?;
        let name = reader.take(length.into(), "IPP name")?;
        let length = reader.u16("IPP value length")?;
        let value = reader.take(length.into(), "IPP value")?;
        // A further value of the same attribute has no name.
        if !name.is_empty() {
            last = name;
        }
        if let (PRINTER, Some(printer)) = (group, printers.last_mut()) {
            printer.attribute(last, tag, value);
        }
    }
    Ok(())
}

/// Text of a value: plain, or with its language before it.
fn text(tag: u8, value: &[u8]) -> Option<&str> {
    let plain = if matches!(tag, 0x35 | 0x36) {
        let mut reader = Reader::new(value);
        let language = reader.u16("language length").ok()?;
        reader.skip(language.into(), "language").ok()?;
        let length = reader.u16("text length").ok()?;
        reader.take(length.into(), "text").ok()?
    } else {
        value
    };
    crate::text::utf8(plain.get(..TEXT_MAX).unwrap_or(plain))
}

impl Printer {
    fn attribute(&mut self, name: &[u8], tag: u8, value: &[u8]) {
        let text = || text(tag, value);
        let fact = |attribute, confidence, rule| Fact::new(attribute, text()?, confidence, rule);
        self.facts.extend(match name {
            b"printer-make-and-model" => fact(Attribute::Model, 85, "ipp.make-and-model"),
            b"printer-serial-number" => fact(Attribute::Serial, 90, "ipp.serial-number"),
            b"printer-dns-sd-name" => fact(Attribute::FriendlyName, 80, "ipp.dns-sd-name"),
            b"printer-location" => fact(Attribute::Location, 70, "ipp.location"),
            b"printer-firmware-string-version" => {
                self.firmware.extend(text().map(str::to_owned));
                None
            }
            b"printer-device-id" => {
                self.identified = text().map(identification).unwrap_or_default();
                None
            }
            b"device-uri" | b"member-names" => {
                self.queue = true;
                None
            }
            _ => None,
        });
    }

    fn told(&self) -> Vec<Fact> {
        let told = |attribute| self.identified.iter().any(|fact: &Fact| fact.attribute == attribute);
        let mut facts: Vec<Fact> = self.identified.clone();
        facts.extend(self.facts.iter().filter(|fact| !told(fact.attribute)).cloned());
        // Of several firmware parts nothing tells which is the printer's.
        if let [version] = self.firmware.as_slice() {
            let firmware = Fact::new(Attribute::Software, "firmware", 85, "ipp.firmware");
            facts.extend(firmware.map(|fact| fact.with_version(version)));
        }
        if !facts.is_empty() {
            facts.extend(Fact::new(Attribute::Role, "printer", 85, "ipp.printer"));
        }
        facts
    }
}

/// An IEEE 1284 device identification: `MFG:…;MDL:…;SN:…;`.
fn identification(text: &str) -> Vec<Fact> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once(':'));
    let fact = |(key, value): (&str, &str)| {
        let (attribute, rule) = match key.trim().to_ascii_uppercase().as_str() {
            "MFG" | "MANUFACTURER" => (Attribute::Vendor, "ipp.device-id-maker"),
            "MDL" | "MODEL" => (Attribute::Model, "ipp.device-id-model"),
            "SN" | "SERN" | "SERIALNUMBER" => (Attribute::Serial, "ipp.device-id-serial"),
            _ => return None,
        };
        Fact::new(attribute, value, 90, rule)
    };
    pairs.filter_map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(groups: &[(u8, &[(&str, &str)])]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 0, 0, 1];
        for (group, attributes) in groups {
            bytes.push(*group);
            for (name, value) in *attributes {
                bytes.push(0x41);
                for part in [name, value] {
                    bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
                    bytes.extend(part.bytes());
                }
            }
        }
        bytes.push(END);
        bytes
    }

    fn told(bytes: &[u8]) -> Vec<String> {
        let line = |fact: Fact| {
            format!("{} {} {}", fact.attribute.as_str(), fact.value, fact.version.unwrap_or_default())
        };
        read(bytes).into_iter().map(|fact| line(fact).trim().to_owned()).collect()
    }

    const ONE: &[(&str, &str)] = &[
        ("printer-make-and-model", "Example LX 200 Series"),
        ("printer-device-id", "MFG:Example;CMD:PDF;MDL:LX 200;SN:X77;"),
        ("printer-firmware-string-version", "4.2"),
        ("printer-location", "Ward 3"),
    ];

    #[test]
    fn the_printer_that_answers_is_told() {
        let want = [
            "vendor Example",
            "model LX 200",
            "serial X77",
            "location Ward 3",
            "software firmware 4.2",
            "role printer",
        ];
        assert_eq!(told(&answer(&[(1, &[("attributes-charset", "utf-8")]), (PRINTER, ONE)])), want);
    }

    #[test]
    fn a_print_servers_queues_are_not_the_server() {
        assert_eq!(told(&answer(&[(PRINTER, ONE), (PRINTER, ONE)])), [""; 0]);
        let queue: Vec<_> = ONE.iter().copied().chain([("device-uri", "socket://192.0.2.1")]).collect();
        assert_eq!(told(&answer(&[(PRINTER, &queue)])), [""; 0]);
        assert_eq!(told(&answer(&[(2, ONE)])), [""; 0], "attributes of a job");
        let mut refused = answer(&[(PRINTER, ONE)]);
        refused[2] = 4;
        assert_eq!(told(&refused), [""; 0]);
    }

    #[test]
    fn what_is_cut_says_what_was_there() {
        let whole = answer(&[(PRINTER, ONE)]);
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        assert_eq!(told(&whole[..60]), ["model Example LX 200 Series", "role printer"]);
        assert_eq!(text(0x35, b"\0\x02en\0\x03LX2"), Some("LX2"));
        assert_eq!(text(0x35, b"\0\xFFen"), None);
    }
}
