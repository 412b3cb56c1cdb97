//! Real messages, where they are at hand: read whole and in pieces, with nothing of a patient in the notes.

use crate::{Carrier, Dissection, Notes, Side};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wardline_model::Attribute;

/// Files below a folder of real messages kept outside the repository; empty, and said so, when absent.
fn files(below: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let Some(folder) = Some(root.join("../shared/data").join(below)).filter(|folder| folder.is_dir()) else {
        eprintln!("SKIPPED: no real messages at ../shared/data/{below}");
        return Vec::new();
    };
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn read(bytes: &[u8], piece: usize) -> (Option<&'static str>, Notes) {
    let mut dissection = Dissection::new(Carrier::Stream, [40_000, 40_001], true);
    let mut notes = Notes::default();
    for part in bytes.chunks(piece) {
        assert_eq!(dissection.data(Side::Opener, part, &mut notes), None);
    }
    (dissection.protocol(), notes)
}

fn values(notes: &Notes, attribute: Attribute) -> BTreeSet<String> {
    let facts = notes.said.iter().flat_map(|said| &said.facts);
    facts.filter(|fact| fact.attribute == attribute).map(|fact| fact.value.to_string()).collect()
}

/// Every value and detail, in one text.
fn everything(notes: &Notes) -> String {
    let facts = notes.said.iter().flat_map(|said| said.facts.iter().map(|fact| fact.value.to_string()));
    let details = notes.details.iter().map(|(_, value)| value.to_string());
    facts.chain(details).collect::<Vec<_>>().join("\n")
}

fn field(segment: &str, number: usize) -> &str {
    segment.split('|').nth(number).unwrap_or_default()
}

/// The messages of a file that may hold several, each with CR line ends.
fn messages(text: &str) -> Vec<String> {
    let lines = text.split(['\r', '\n']).map(str::trim_start).filter(|line| !line.is_empty());
    let mut messages: Vec<String> = Vec::new();
    for line in lines {
        if line.starts_with("MSH|") {
            messages.push(String::new());
        }
        if let Some(message) = messages.last_mut() {
            message.push_str(line);
            message.push('\r');
        }
    }
    messages
}

fn check_hl7(message: &str, file: &Path) -> bool {
    let framed = format!("\u{b}{message}\u{1c}\r");
    let line = message.split('\r').next().unwrap();
    let sender = field(line, 2).split('^').map(str::trim).find(|part| !part.is_empty());
    let readable = |name: &&str| name.is_ascii() && !name.contains(['\\', '&']) && *name != "\"\"";
    let Some(sender) = sender.filter(readable) else { return false };
    for piece in [usize::MAX, 1448, 7] {
        let (protocol, notes) = read(framed.as_bytes(), piece);
        assert_eq!(protocol, Some("hl7"), "{}", file.display());
        let found = values(&notes, Attribute::Hl7Application);
        assert!(found.contains(sender), "{}: {sender:?} not in {found:?}", file.display());
        let said = everything(&notes);
        for line in message.split('\r').filter(|line| line.starts_with("PID|")) {
            // One sample's patient bears the name of the sending application.
            let own = |name: &&str| name.len() > 3 && !sender.contains(name);
            for name in field(line, 5).split(['^', '~', '&']).filter(own) {
                assert!(!said.contains(name), "{}: {name:?} in\n{said}", file.display());
            }
        }
    }
    true
}

/// The first field of a header that names the sender, by the standard's position.
fn astm_sender(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let start = text.find('H').unwrap();
    field(&text[start..], 4).split('\r').next().unwrap().trim().to_owned()
}

#[test]
fn shared_messages_are_read() {
    let mut read_hl7 = 0;
    for file in files("clinical/hl7v2") {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        read_hl7 += messages(&text).iter().filter(|message| check_hl7(message, &file)).count();
    }
    let mut read_astm = 0;
    for file in files("clinical/astm-lis2") {
        let bytes = std::fs::read(&file).unwrap();
        let sender = astm_sender(&bytes).replace('@', "^");
        for piece in [usize::MAX, 1448, 7] {
            let (protocol, notes) = read(&bytes, piece);
            assert_eq!(protocol, Some("astm"), "{}", file.display());
            let found = values(&notes, Attribute::AstmSender);
            assert!(found.contains(&sender), "{}: {sender:?} not in {found:?}", file.display());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            for line in text.split(['\r', '\n']).filter(|line| line.contains("P|1|")) {
                for name in field(line, 5).split('^').filter(|name| name.len() > 3) {
                    assert!(!everything(&notes).contains(name), "{}: {name:?}", file.display());
                }
            }
        }
        read_astm += 1;
    }
    eprintln!("read {read_hl7} HL7 messages and {read_astm} ASTM sessions");
    assert!(read_hl7 == 0 || read_hl7 > 50, "only {read_hl7} HL7 messages were read");
    assert!(read_astm == 0 || read_astm > 5, "only {read_astm} ASTM sessions were read");
}

/// A PDU with its head.
fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0][..], &length, body].concat()
}

/// An item with its head.
fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0][..], &length, body].concat()
}

/// One context for CT storage, offered or accepted, in an association PDU.
fn association(kind: u8, transfer_syntax: &[u8]) -> Vec<u8> {
    let fixed = [&[0, 1, 0, 0][..], b"ARCHIVE         MODALITY        ", &[0; 32]].concat();
    let name = item(0x10, b"1.2.840.10008.3.1.1.1");
    let offered = if kind == 1 { item(0x30, b"1.2.840.10008.5.1.4.1.1.2") } else { Vec::new() };
    let context = [&[1, 0, 0, 0][..], &offered, &item(0x40, transfer_syntax)].concat();
    pdu(kind, &[fixed, name, item(0x1F + kind, &context)].concat())
}

/// The object of a file as a C-STORE, in PDUs of 16 KiB, and its transfer syntax.
fn store(file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let start = file.windows(4).take(200).position(|four| four == b"DICM")? + 4;
    let group = file.get(start..)?;
    let length = group.strip_prefix(b"\x02\0\0\0UL\x04\0")?.first_chunk::<4>()?;
    let object = group.get(12 + usize::try_from(u32::from_le_bytes(*length)).ok()?..)?;
    let meta = &group[..group.len() - object.len()];
    let at = meta.windows(6).position(|six| six == b"\x02\0\x10\0UI")?;
    let length = usize::from(u16::from_le_bytes([*meta.get(at + 6)?, *meta.get(at + 7)?]));
    let syntax = meta.get(at + 8..at + 8 + length)?;
    let syntax = syntax.strip_suffix(&[0]).unwrap_or(syntax).to_vec();
    let element = |number: u8, upper: u8, value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&[0, 0, number, upper][..], &length, value].concat()
    };
    let class = b"1.2.840.10008.5.1.4.1.1.2\0";
    let command =
        [element(2, 0, class), element(0, 1, &[1, 0]), element(0x10, 1, &[1, 0]), element(0, 8, &[0, 0])];
    let command = command.concat();
    let size = u32::try_from(command.len()).unwrap().to_le_bytes();
    let command = [element(0, 0, &size), command].concat();
    let pdv = |control: u8, body: &[u8]| {
        let length = u32::try_from(body.len() + 2).unwrap().to_be_bytes();
        pdu(4, &[&length[..], &[1, control], body].concat())
    };
    let chunks: Vec<&[u8]> = object.chunks(16_378).collect();
    let last = chunks.len().checked_sub(1)?;
    let mut stream = pdv(3, &command);
    for (number, chunk) in chunks.iter().enumerate() {
        stream.extend(pdv(if number == last { 2 } else { 0 }, chunk));
    }
    Some((stream, syntax))
}

/// The value of a short explicit little-endian element, found by its bytes alone.
fn explicit(file: &[u8], head: &[u8; 6]) -> Option<String> {
    let at = file.windows(6).position(|six| six == head)?;
    let length = usize::from(u16::from_le_bytes([*file.get(at + 6)?, *file.get(at + 7)?]));
    let text = std::str::from_utf8(file.get(at + 8..at + 8 + length)?).ok()?;
    Some(text.trim_matches([' ', '\0']).to_owned()).filter(|text| !text.is_empty() && text.is_ascii())
}

#[test]
fn shared_objects_are_read() {
    let (mut read, mut named) = (0, 0);
    for path in files("clinical/dicom").iter().filter(|path| path.extension().is_some_and(|e| e == "dcm")) {
        let file = std::fs::read(path).unwrap();
        let Some((stream, syntax)) = store(&file) else { continue };
        let mut said = Vec::new();
        for piece in [usize::MAX, 1448, 61] {
            let mut dissection = Dissection::new(Carrier::Stream, [40_000, 40_001], true);
            let mut notes = Notes::default();
            let opened = dissection.data(Side::Opener, &association(1, &syntax), &mut notes);
            let accepted = dissection.data(Side::Accepter, &association(2, &syntax), &mut notes);
            assert_eq!((opened, accepted), (None, None));
            for part in stream.chunks(piece) {
                assert_eq!(dissection.data(Side::Opener, part, &mut notes), None, "{}", path.display());
            }
            assert_eq!(dissection.protocol(), Some("dicom"), "{}", path.display());
            said.push((everything(&notes), values(&notes, Attribute::Vendor)));
        }
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{}: differs in pieces", path.display());
        let (text, vendors) = &said[0];
        if let Some(patient) = explicit(&file, b"\x10\0\x10\0PN").filter(|name| name.len() > 4) {
            assert!(!text.contains(&patient), "{}: {patient:?} in\n{text}", path.display());
        }
        if let Some(vendor) = explicit(&file, b"\x08\0\x70\0LO") {
            assert!(vendors.contains(&vendor), "{}: {vendor:?} not in {vendors:?}", path.display());
            named += 1;
        }
        read += 1;
    }
    eprintln!("read {read} DICOM objects, {named} with a maker");
    assert!(read == 0 || named > 5, "only {named} makers in {read} objects");
}
