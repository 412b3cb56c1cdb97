//! What holds of the content as a whole: every example, every reference, and that nothing is missing.

use crate::Content;
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
}

#[test]
fn nothing_is_missing() {
    let content = content();
    assert!(content.left_out.is_empty(), "{:?}", content.left_out);
    assert!(content.fingerprints.iter().count() >= 100);
    assert!(content.oui.len() >= 45_000, "{} prefixes", content.oui.len());
    assert!(content.classes.len() >= 80, "{} classes", content.classes.len());
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
