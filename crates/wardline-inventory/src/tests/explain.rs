//! Why a device is what it is said to be.

use super::{World, content};
use crate::{Answer, Knowledge, explain};
use wardline_model::{Attribute, Device};

const HOST: &str = "10.0.0.1@00:09:fb:00:00:0a";

fn answer<'d>(device: &'d Device, attribute: Attribute) -> Answer<'d> {
    let answers = explain(device, &Knowledge::new(content()));
    answers.into_iter().find(|answer| answer.attribute == attribute).unwrap()
}

fn viewer() -> World {
    let mut world = World::default();
    for service in ["scu:query", "scu:move", "scp:storage:CT", "scp:storage:MR"] {
        world.says(HOST, "dicom", &[(Attribute::DicomService, service)]);
    }
    world
}

#[test]
fn the_first_candidate_is_what_was_concluded() {
    let mut world = viewer();
    world.says(HOST, "snmp", &[(Attribute::Vendor, "Drägerwerk AG"), (Attribute::Model, "Evita V500")]);
    world.says(HOST, "smb", &[(Attribute::NtlmVersion, "5.1.2600"), (Attribute::Serial, "ASCM-0042")]);
    let device = world.device("10.0.0.1");
    let first = |attribute| answer(&device, attribute).candidates.first().map(|c| c.value.clone());
    assert_eq!(first(Attribute::Class), device.class.clone().map(|(code, _)| code));
    assert_eq!(first(Attribute::Vendor), device.vendor);
    assert_eq!(first(Attribute::Model), device.model);
    assert_eq!(first(Attribute::Serial), device.serial);
    assert_eq!(first(Attribute::Os), device.os.clone().map(|os| os.name));
    let class = answer(&device, Attribute::Class);
    assert_eq!(class.confidence, device.class.map(|(_, confidence)| confidence));
}

#[test]
fn an_inference_gives_its_reason_and_its_packet() {
    let device = viewer().device("10.0.0.1");
    let class = answer(&device, Attribute::Class);
    assert_eq!(class.values, ["img.pacs"]);
    let reason = &class.candidates[0].reasons[0];
    assert_eq!(&*reason.evidence.rule, "infer.dicom-viewer");
    assert!(reason.because.as_ref().unwrap().starts_with("It asks an archive"));
    assert!(reason.evidence.seen.exemplars.first().is_some());
}

#[test]
fn unknown_says_why_and_what_to_observe_next() {
    let mut world = World::default();
    world.says(HOST, "dicom", &[(Attribute::DicomService, "scu:storage:CT")]);
    let device = world.device("10.0.0.1");
    let class = answer(&device, Attribute::Class);
    assert_eq!((class.values.len(), class.candidates[0].value.as_str()), (0, "img.ct"));
    assert!(class.remark.unwrap().contains("only 40 % sure"));
    assert!(class.next.unwrap().contains("examination"));
    let serial = answer(&device, Attribute::Serial);
    assert_eq!(serial.remark.as_deref(), Some("nothing that was seen says it"));
    assert!(serial.next.is_some());
}

#[test]
fn one_witness_counts_once_and_says_so() {
    let mut world = World::default();
    for (protocol, attribute) in [("dhcp", Attribute::DhcpVendorClass), ("dhcp", Attribute::DhcpParameters)] {
        let value = if attribute == Attribute::DhcpVendorClass {
            "MSFT 5.0"
        } else {
            "1,3,6,15,31,33,43,44,46,47,119,121,249,252"
        };
        world.says(HOST, protocol, &[(attribute, value)]);
    }
    let device = world.device("10.0.0.1");
    let system = answer(&device, Attribute::Os);
    assert_eq!(system.candidates[0].confidence, 70);
    let counts: Vec<bool> = system.candidates[0].reasons.iter().map(|reason| reason.counts).collect();
    assert_eq!(counts, [true, false]);
}

#[test]
fn what_does_not_count_is_set_aside_with_its_reason() {
    let mut world = World::default();
    world.says("10.0.0.2@00:80:a3:00:00:0a", "smb", &[(Attribute::Serial, "0000")]);
    let device = world.device("10.0.0.2");
    let maker = answer(&device, Attribute::Vendor);
    assert_eq!(maker.remark.as_deref(), Some("what was seen does not count"));
    assert!(maker.set_aside.iter().all(|aside| aside.why.contains("network modules")));
    let serial = answer(&device, Attribute::Serial);
    assert_eq!(serial.set_aside.len(), 1);
}

#[test]
fn two_with_equal_right_are_both_named_in_the_reason() {
    let mut world = World::default();
    for model in ["Evita V500", "Perseus A500", "Evita V500"] {
        world.says(HOST, "snmp", &[(Attribute::Model, model)]);
    }
    let device = world.device("10.0.0.1");
    let remark = answer(&device, Attribute::Model).remark.unwrap();
    assert!(remark.contains("Evita V500") && remark.contains("Perseus A500"), "{remark}");
}
