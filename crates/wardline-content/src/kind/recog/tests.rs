//! Recog files of our own making, and, where it is there, the public collection.

use super::*;

const FILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<fingerprints matches="ssh.banner" protocol="ssh" preference="0.90">
  <!-- a pump that does not exist -->
  <fingerprint pattern="^PumpSSH_([\d.]+) (\w+)$" flags="REG_ICASE">
    <description>Our pump &amp; co</description>
    <example service.version="1.2" hw.serial_number="A7">pumpssh_1.2 A7</example>
    <example _encoding="base64">cHVtcA==</example>
    <param pos="0" name="service.vendor" value="A toolkit"/>
    <param pos="0" name="service.product" value="PumpSSH"/>
    <param pos="1" name="service.version"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:x:y:{service.version}"/>
    <param pos="0" name="hw.vendor" value="Pump &quot;Works&quot;"/>
    <param pos="2" name="hw.serial_number"/>
  </fingerprint>
  <fingerprint pattern="^(?!a)b"><description>looks ahead</description>
    <param pos="0" name="os.product" value="X"/></fingerprint>
  <fingerprint pattern="^z"><description>says nothing</description>
    <param pos="0" name="service.family" value="Z"/></fingerprint>
</fingerprints>"#;

#[test]
fn entries_are_read_with_what_they_say_of_the_device() {
    let file = read("site.xml", FILE).unwrap();
    let [entry] = file.fingerprints.as_slice() else { panic!("{:?}", file.fingerprints) };
    assert_eq!((entry.clue, entry.confidence), (Attribute::SshBanner, 80));
    assert_eq!(entry.id, "recog:site.xml:1");
    assert_eq!(entry.source, "site: site.xml (Our pump & co)");
    assert_eq!(entry.examples.len(), 1, "the encoded one is left alone");
    entry.verify().unwrap();
    let yields = entry.yields("PUMPSSH_2.0 B1").unwrap();
    assert_eq!(yields["vendor"], "Pump \"Works\"");
    assert_eq!((&*yields["software"], &*yields["software_version"]), ("PumpSSH", "2.0"));
    assert_eq!(yields["serial"], "B1");
}

#[test]
fn what_cannot_be_taken_is_named_and_harms_nothing() {
    let file = read("site.xml", FILE).unwrap();
    let left: Vec<String> = file.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].starts_with("site.xml: recog:site.xml:2: pattern `^(?!a)b`"), "{left:?}");
    assert!(left[1].contains("sets nothing known here (says nothing)"), "{left:?}");
    let other = read("x.xml", r#"<fingerprints matches="favicon.md5"></fingerprints>"#).unwrap();
    assert!(other.left_out[0].what.contains("`favicon.md5`"));
}

#[test]
fn text_that_is_no_such_file_is_an_error() {
    for wrong in
        ["", "<a></a>", "<fingerprints><fingerprint pattern=\"a\"></x>", "<fingerprints a=\"&no;\">", "plain"]
    {
        assert!(read("x.xml", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn any_cut_or_changed_file_is_read_without_panic() {
    for at in 0..FILE.len() {
        drop(read("x.xml", &FILE[..at]));
        let mut bytes = FILE.as_bytes().to_vec();
        bytes[at] ^= 0x15;
        if let Ok(text) = String::from_utf8(bytes) {
            drop(read("x.xml", &text));
        }
    }
}

/// Development only: reads the public collection where it is.
#[test]
fn the_public_collection_loads() {
    let Some(folder) = std::env::var_os("WARDLINE_RECOG") else {
        eprintln!("SKIPPED: set WARDLINE_RECOG to the folder of Recog's XML files to read them all");
        return;
    };
    let (mut loaded, mut left_out, mut right, mut wrong) = (0, 0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "xml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = read(&name, &std::fs::read_to_string(&path).unwrap()).unwrap();
        loaded += file.fingerprints.len();
        left_out += file.left_out.len();
        for entry in &file.fingerprints {
            for example in &entry.examples {
                let one = Fingerprint { examples: vec![example.clone()], ..entry.clone() };
                match one.verify() {
                    Ok(()) => right += 1,
                    Err(what) => wrong.push(format!("{}: {what}", entry.id)),
                }
            }
        }
    }
    for what in wrong.iter().take(40) {
        eprintln!("{what}");
    }
    eprintln!("{loaded} entries loaded, {left_out} left out; {right} examples right, {} wrong", wrong.len());
    assert!(loaded >= 1_500, "{loaded}");
    assert!(right > wrong.len() * 9, "more than nine of ten examples must come out as they say");
}
