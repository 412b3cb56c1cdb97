//! Rules over devices made by hand.

use super::findings;
use std::sync::LazyLock;
use wardline_content::Content;
use wardline_model::{
    Attribute, Confidence, Device, Evidence, Finding, OperatingSystem, PacketRef, Role, Seen, Service,
    Severity, Timestamp,
};

const RULES: &str = r#"
[[weakness]]
id = "test-value"
kind = "weakness"
severity = "medium"
raise_at_criticality = 4
title = "T"
why = "W."
next_step = "N"
benign = "B"
references = ["CWE-319"]
when = [
  { attribute = "smb-dialect", pattern = '^SMB 1' },
  { attribute = "tls-version", values = ["TLS 1.0"] },
  { service = "telnet", encrypted = false },
]

[[weakness]]
id = "test-old"
kind = "weakness"
severity = "low"
title = "T"
why = "W."
next_step = "N"
benign = "B"
references = ["D-31"]
when = [{ special = "end-of-life-os" }]

[[weakness]]
id = "test-key"
kind = "weakness"
severity = "high"
title = "T"
why = "W."
next_step = "N"
benign = "B"
references = ["D-48"]
when = [{ special = "shared-host-key" }]

[[weakness]]
id = "test-clock"
kind = "weakness"
severity = "low"
title = "T"
why = "W."
next_step = "N"
benign = "B"
references = ["D-50"]
when = [{ special = "clock-wrong" }]
"#;

fn content() -> &'static Content {
    static CONTENT: LazyLock<Content> =
        LazyLock::new(|| Content::with_overlay(&[("rules.toml", RULES.as_bytes())]).unwrap());
    &CONTENT
}

fn device(id: &str, facts: &[(Attribute, &str, Confidence)]) -> Device {
    let evidence = facts.iter().map(|(attribute, value, confidence)| Evidence {
        attribute: *attribute,
        value: (*value).to_owned(),
        version: None,
        confidence: *confidence,
        protocol: "smb",
        rule: "r".into(),
        source: "wire".into(),
        origin: *attribute,
        seen: Seen::once(PacketRef::default()),
        via: None,
    });
    Device {
        id: id.to_owned(),
        macs: Vec::new(),
        ips: Vec::new(),
        name: None,
        vendor_known: wardline_model::Known::Inferred,
        class_known: wardline_model::Known::Inferred,
        changes: Vec::new(),
        usage: wardline_model::Usage::default(),
        hostnames: Vec::new(),
        ae_titles: Vec::new(),
        vendor: None,
        model: None,
        serial: None,
        udi: None,
        class: None,
        os: None,
        software: Vec::new(),
        roles: vec![Role::Unknown],
        location: None,
        first_seen: Timestamp(0),
        last_seen: Timestamp(0),
        services: Vec::new(),
        asks: Vec::new(),
        patient_data_in_clear: false,
        evidence: evidence.collect(),
    }
}

fn found(devices: &[Device], at: i64) -> Vec<Finding> {
    let mut found = findings(devices, content(), Timestamp(at * Timestamp::SECOND));
    found.retain(|finding| finding.rule.starts_with("test-"));
    found
}

fn named(devices: &[Device], at: i64) -> Vec<(String, String)> {
    found(devices, at).into_iter().map(|finding| (finding.rule, finding.device)).collect()
}

fn pair(rule: &str, device: &str) -> (String, String) {
    (rule.to_owned(), device.to_owned())
}

#[test]
fn a_rule_is_met_once_per_device_with_all_its_evidence() {
    let facts = [(Attribute::SmbDialect, "SMB 1 NT LM 0.12", 90), (Attribute::TlsVersion, "tls 1.0", 90)];
    let found = found(&[device("dev-a", &facts)], 0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].evidence.len(), 2);
}

#[test]
fn neighbours_of_a_value_weak_clues_and_hearsay_make_no_finding() {
    let mut hearsay = device("dev-a", &[(Attribute::TlsVersion, "TLS 1.0", 90)]);
    hearsay.evidence[0].via = Some("dev-b".into());
    let devices = [
        hearsay,
        device("dev-c", &[(Attribute::SmbDialect, "SMB 3.1.1", 90), (Attribute::TlsVersion, "TLS 1.2", 90)]),
        device("dev-d", &[(Attribute::TlsVersion, "TLS 1.0", 20)]),
        device("dev-e", &[(Attribute::TlsCipher, "TLS 1.0", 90)]),
    ];
    assert_eq!(named(&devices, 0), []);
}

#[test]
fn a_service_in_clear_counts_and_an_encrypted_one_does_not() {
    let telnet = |encrypted| Service { transport: "tcp", port: 23, protocol: "telnet", encrypted };
    let mut open = device("dev-a", &[]);
    open.services.push(telnet(false));
    let mut closed = device("dev-b", &[]);
    closed.services.push(telnet(true));
    assert_eq!(named(&[open, closed], 0), [pair("test-value", "dev-a")]);
}

#[test]
fn severity_rises_with_the_harm_the_device_can_do() {
    let mut pump = device("dev-a", &[(Attribute::TlsVersion, "TLS 1.0", 90)]);
    pump.class = Some(("inf.lvp".into(), 90));
    let mut printer = pump.clone();
    printer.id = "dev-b".into();
    printer.class = Some(("it.prn".into(), 90));
    let severities: Vec<_> = found(&[printer, pump], 0).into_iter().map(|f| (f.severity, f.device)).collect();
    assert_eq!(severities, [(Severity::High, "dev-a".into()), (Severity::Medium, "dev-b".into())]);
}

#[test]
fn a_system_is_old_from_the_day_its_updates_end() {
    let mut old = device("dev-a", &[(Attribute::Os, "Windows 7", 85)]);
    old.os = Some(OperatingSystem { name: "Windows 7".into(), version: None });
    let (day_of_end, day_after) = (1_579_000_000, 1_579_100_000);
    assert_eq!(named(std::slice::from_ref(&old), day_of_end), []);
    assert_eq!(named(std::slice::from_ref(&old), day_after), [pair("test-old", "dev-a")]);
    assert!(found(std::slice::from_ref(&old), day_after)[0].why.contains("2020-01-14"));
    old.evidence[0].confidence = 30;
    assert_eq!(named(&[old], day_after), []);
}

#[test]
fn a_key_on_two_devices_is_shared_and_on_one_it_is_not() {
    let key = |id, value| device(id, &[(Attribute::HostKey, value, 95)]);
    let devices = [key("dev-a", "SHA256:x"), key("dev-b", "SHA256:x"), key("dev-c", "SHA256:y")];
    assert_eq!(named(&devices, 0), [pair("test-key", "dev-a"), pair("test-key", "dev-b")]);
}

#[test]
fn evidence_is_bounded_and_the_rest_is_counted() {
    let facts: Vec<_> = (0..40).map(|n| format!("SMB 1 {n:02}")).collect();
    let facts: Vec<_> = facts.iter().map(|value| (Attribute::SmbDialect, value.as_str(), 90)).collect();
    let found = found(&[device("dev-a", &facts)], 0);
    assert_eq!(found[0].evidence.len(), super::EVIDENCE_MAX);
    assert!(found[0].why.ends_with("16 of 40 pieces of evidence are listed."));
}

#[test]
fn ids_are_stable_and_different_for_every_rule_and_device() {
    let facts = [(Attribute::TlsVersion, "TLS 1.0", 90), (Attribute::HostKey, "k", 90)];
    let devices = [device("dev-a", &facts), device("dev-b", &facts)];
    let ids: std::collections::BTreeSet<_> = found(&devices, 0).into_iter().map(|f| f.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.contains(&super::id("test-key", "dev-a")));
}

#[test]
fn a_clock_is_wrong_when_most_others_say_so() {
    let with = |clocks: &[&str]| {
        let devices: Vec<Device> = clocks
            .iter()
            .enumerate()
            .map(|(at, seconds)| device(&format!("d{at}"), &[(Attribute::ClockOffset, seconds, 80)]))
            .collect();
        let findings = findings(&devices, content(), Timestamp(0));
        let of_clock = findings.into_iter().filter(|f| f.rule == "test-clock");
        of_clock.map(|f| format!("{} {}", f.device, f.why)).collect::<Vec<_>>()
    };
    assert_eq!(with(&["7300"]), ["d0 W. It is 2 hours ahead of the clock of the capture."]);
    assert_eq!(with(&["7300", "7290"]), [""; 0], "two against the capture: its clock is the wrong one");
    assert_eq!(
        with(&["-7300", "-7290", "-7301", "5"]),
        ["d3 W. It is 2 hours ahead of what 3 clocks agree on."]
    );
    assert_eq!(with(&["0", "3", "299", "-900"]), ["d3 W. It is 15 minutes behind what 4 clocks agree on."]);
    assert_eq!(with(&["nonsense", ""]), [""; 0]);
}
