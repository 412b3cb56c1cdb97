//! What holds of the content as a whole: every example, every reference, and that nothing is missing.

use crate::{Content, Date, SignCondition, SignKey};
use wardline_model::{Attribute, Mac};

fn content() -> Content {
    match Content::embedded() {
        Ok(content) => content,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_example_and_counter_example_holds() {
    let content = content();
    let failures: Vec<String> = content
        .fingerprints
        .iter()
        .filter_map(|entry| entry.verify().err().map(|what| format!("{}: {what}", entry.id)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let inferences = content.inferences.values();
    let failures: Vec<String> = inferences
        .filter_map(|entry| entry.verify().err().map(|what| format!("{}: {what}", entry.id)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let broken: Vec<&str> = content
        .os_lifecycle
        .iter()
        .filter(|release| !release.compiles())
        .map(|release| &*release.id)
        .collect();
    assert_eq!(broken, [""; 0]);
}

#[test]
fn nothing_is_missing() {
    let content = content();
    assert!(content.left_out.is_empty(), "{:?}", content.left_out);
    let of = |clue| content.fingerprints.iter().filter(|entry| entry.clue == clue).count();
    for (what, count, least) in [
        ("fingerprints", content.fingerprints.iter().count(), 840),
        ("models", of(Attribute::Model), 300),
        ("ASTM senders", of(Attribute::AstmSender), 20),
        ("SSH banners", of(Attribute::SshBanner), 35),
        ("HTTP servers", of(Attribute::HttpServer), 65),
        ("user agents", of(Attribute::HttpUserAgent), 30),
        ("SNMP descriptions", of(Attribute::SnmpDescription), 25),
        ("DHCP vendor classes", of(Attribute::DhcpVendorClass), 18),
        ("DICOM modalities", of(Attribute::DicomModality), 35),
        ("HL7 applications", of(Attribute::Hl7Application), 25),
        ("NTLM builds", of(Attribute::NtlmVersion), 29),
        ("prefixes", content.oui.len(), 46_000),
        ("classes", content.classes.len(), 83),
        ("makers", content.makers.len(), 280),
        ("products", content.products.len(), 75),
        ("enterprise numbers", content.enterprises.len(), 90),
        ("rules", content.weaknesses.len(), 30),
        ("releases", content.os_lifecycle.iter().count(), 100),
    ] {
        assert!(count >= least, "{count} {what}, {least} expected");
    }
}

#[test]
fn every_vendor_is_a_known_maker() {
    let content = content();
    let unknown: Vec<String> = content
        .fingerprints
        .iter()
        .flat_map(|entry| entry.examples.iter().filter_map(|example| entry.yields(&example.text)))
        .filter_map(|yields| yields.get("vendor").cloned())
        .chain(content.enterprises.values().filter_map(|e| e.vendor.clone()))
        .filter(|vendor| !content.makers.contains_key(vendor))
        .collect();
    assert_eq!(unknown, [""; 0]);
    let conditions =
        content.inferences.values().flat_map(|entry| entry.rule.all.iter().chain(&entry.rule.none));
    let named =
        conditions.filter(|condition| condition.key == SignKey::Maker).flat_map(SignCondition::values);
    let unknown: Vec<&String> = named.filter(|maker| !content.makers.contains_key(*maker)).collect();
    assert_eq!(unknown, [""; 0], "makers that inferences name");
}

#[test]
fn every_class_has_its_criticality_and_life_support_is_the_highest() {
    let content = content();
    for class in content.classes.values() {
        assert!(class.criticality.is_some() || class.code == "ser", "{}", class.code);
        assert!(!class.life_sustaining || class.criticality >= Some(4), "{}", class.code);
    }
    assert_eq!(content.classes["vent.icu"].criticality, Some(5));
}

#[test]
fn a_system_is_old_only_when_every_reading_of_its_name_is() {
    let content = content();
    let day = |text| Date::parse(text).unwrap();
    let ended = |name, version, at| {
        content.os_lifecycle.ended(name, version, day(at)).map(|release| release.ended.to_string())
    };
    assert_eq!(ended("Windows XP", Some("5.1.2600"), "2024-01-01").as_deref(), Some("2014-04-08"));
    assert_eq!(
        ended("Windows 7 / Server 2008 R2", Some("6.1.7601"), "2024-01-01").as_deref(),
        Some("2020-01-14")
    );
    assert_eq!(ended("Windows 7", None, "2019-01-01"), None);
    for (name, version) in [
        ("Windows 10 / Server 2019", Some("10.0.17763")), // LTSC 2019
        ("Windows 10", Some("17763")),
        ("Windows 10", None),
        ("Windows 11", Some("10.0.26100")),
        ("Debian Linux", Some("12")),
        ("VxWorks", Some("5.5")),
        ("Linux", None),
    ] {
        assert_eq!(ended(name, version, "2026-01-01"), None, "{name} {version:?}");
    }
    assert_eq!(ended("Windows 10", Some("10.0.19042"), "2026-01-01").as_deref(), Some("2023-05-09"));
    assert_eq!(ended("Ubuntu Linux", Some("16.04"), "2026-01-01").as_deref(), Some("2021-04-02"));
}

#[test]
fn every_build_of_windows_that_is_named_has_its_date() {
    let content = content();
    for entry in content.fingerprints.iter().filter(|entry| entry.clue == Attribute::NtlmVersion) {
        let yields = entry.yields(&entry.examples[0].text).unwrap();
        let Some(name) = yields.get("os") else { continue };
        let version = yields.get("os_version").map(String::as_str);
        assert!(content.os_lifecycle.find(name, version).is_some(), "{name} {version:?}");
    }
}

#[test]
fn a_toolkit_is_software_never_a_maker() {
    let content = content();
    for (clue, text, name, version) in [
        (Attribute::DicomImplementationVersion, "OFFIS_DCMTK_367", "DCMTK", "3.6.7"),
        (Attribute::DicomImplementationVersion, "PYNETDICOM_304", "pynetdicom", "3.0.4"),
        (Attribute::DicomImplementationUid, "1.2.276.0.7230010.3.0.3.6.7", "DCMTK", "3.6.7"),
        (Attribute::DicomImplementationUid, "1.2.826.0.1.3680043.9.3811.3.0.4", "pynetdicom", "3.0.4"),
    ] {
        let said = content.conclude(clue, text);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!((said[0].attribute, said[0].value.as_str()), (Attribute::Software, name));
        assert_eq!(said[0].version.as_deref(), Some(version));
    }
}

#[test]
fn a_registry_names_the_maker_of_an_address() {
    let content = content();
    let philips = content.oui.lookup(Mac([0x00, 0x09, 0xFB, 1, 2, 3])).unwrap();
    assert_eq!((philips.maker, philips.flags.medical), ("Philips Patient Monitoring", true));
    let lantronix = content.conclude(Attribute::Mac, "00:80:a3:01:02:03");
    assert_eq!((lantronix[0].value.as_str(), lantronix[0].confidence), ("Lantronix", 10));
    assert_eq!(content.conclude(Attribute::Mac, "00:50:56:01:02:03"), []);
    assert_eq!(content.conclude(Attribute::Mac, "02:50:56:01:02:03"), []);
}

#[test]
fn a_number_names_a_maker_or_an_agent_never_both() {
    let content = content();
    let cisco = content.conclude(Attribute::SnmpObjectId, "1.3.6.1.4.1.9.1.516");
    assert_eq!((cisco[0].attribute, cisco[0].value.as_str()), (Attribute::Vendor, "Cisco"));
    let agent = content.conclude(Attribute::SnmpObjectId, "1.3.6.1.4.1.8072.3.2.10");
    assert_eq!((agent[0].attribute, agent[0].value.as_str()), (Attribute::Software, "Net-SNMP"));
}

#[test]
fn an_entry_hides_only_what_it_supersedes() {
    let content = content();
    let said = content.conclude(Attribute::SshBanner, "OpenSSH_8.2p1 Ubuntu-4ubuntu0.5");
    assert!(said.iter().any(|c| c.attribute == Attribute::Software && c.version.as_deref() == Some("8.2p1")));
    assert!(said.iter().any(|c| c.attribute == Attribute::Os && c.version.as_deref() == Some("20.04")));
    assert!(said.iter().all(|c| c.rule != "ssh.openssh"), "{said:?}");
}

const SITE: &str = r#"
[[fingerprint]]
id = "ssh.dropbear"
clue = "ssh-banner"
pattern = '^dropbear_([0-9.]+)'
source = "site"
licence = "site"
confidence = 33
sets = { software = "Our Dropbear", software_version = "$1" }
examples = [{ text = "dropbear_1.2", software_version = "1.2" }]
counter_examples = ["openssh"]
"#;

#[test]
fn a_site_replaces_and_adds_entries() {
    let content = Content::with_overlay(&[
        ("site.toml", SITE.as_bytes()),
        ("oui.tsv", b"Our workshop\t0009FB"),
        ("notes.bin", b""),
    ])
    .unwrap();
    let said = content.conclude(Attribute::SshBanner, "dropbear_2019.78");
    assert_eq!((said.len(), said[0].value.as_str(), said[0].confidence), (1, "Our Dropbear", 33));
    assert_eq!(content.oui.lookup(Mac([0, 9, 0xFB, 0, 0, 0])).unwrap().maker, "Our workshop");
    assert_eq!(content.left_out.len(), 1);
}

#[test]
fn a_wrong_entry_is_named_with_file_and_fault() {
    for (from, to, fault) in [
        ("ssh-banner", "ssh-baner", "site.toml: ssh.dropbear: `ssh-baner` is not an attribute"),
        ("confidence = 33", "confidence = 133", "confidence 133"),
        ("software_version = \"$1\" }\n", "software_version = \"$2\" }\n", "asks for group 2"),
        ("[0-9.]+", "[0-9.", "pattern"),
        ("version = \"1.2\" }]", "version = \"9\" }]", "gives software_version"),
        ("[\"openssh\"]", "[\"dropbear_1\"]", "counter-example"),
        ("counter_examples", "counter_exam", "unknown field"),
        ("software = \"Our Dropbear\"", "class = \"no.such\", software = \"x\"", "not a device class"),
        ("confidence = 33", "confidence = 33\nsupersedes = [\"nobody\"]", "does not exist"),
    ] {
        let site = SITE.replacen(from, to, 1);
        let error = Content::with_overlay(&[("site.toml", site.as_bytes())]).unwrap_err();
        assert!(error.to_string().contains(fault), "{to}: {error}");
    }
}
