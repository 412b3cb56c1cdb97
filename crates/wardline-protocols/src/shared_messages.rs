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
