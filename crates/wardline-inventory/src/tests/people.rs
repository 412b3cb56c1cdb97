//! What people know better, which versions followed which, and what is in use.

use super::{World, content, ip, line, mac};
use crate::{Knowledge, devices};
use wardline_model::{
    Attribute, Change, Component, Correction, Device, Fact, Known, PacketRef, Seen, Selector, Statement,
    Subject, Timestamp, UseState,
};

const A: &str = "fc:ff:ff:00:00:0a";
const B: &str = "fc:ff:ff:00:00:0b";

fn correction(about: Selector, change: Change) -> Correction {
    let [id, reason, author, date] =
        ["one", "type plate", "biomedical engineering", "2026-11-30"].map(str::to_owned);
    Correction { id, about, change, reason, author, date }
}

fn station(text: &str) -> Selector {
    Selector { mac: Some(mac(text)), ..Selector::default() }
}

fn corrected(world: &World, corrections: Vec<Correction>) -> Vec<Device> {
    devices(&world.seen, &Knowledge::new(content()).with_corrections(corrections), 1).devices
}

#[test]
fn a_persons_word_stands_above_all_that_is_inferred_and_both_are_evidence() {
    let mut world = World::default();
    let host = format!("10.0.0.1@{A}");
    world.says(&host, "dicom", &[(Attribute::Vendor, "GE"), (Attribute::Class, "img.ct")]);
    let set = Change::Set {
        name: Some("Scanner 2".to_owned()),
        class: Some("img.mr".to_owned()),
        vendor: Some("Philips Healthcare".to_owned()),
        model: None,
        location: None,
    };
    let found = corrected(&world, vec![correction(station(A), set)]);
    let device = &found[0];
    assert_eq!(device.name.as_deref(), Some("Scanner 2"));
    assert_eq!(device.class, Some(("img.mr".to_owned(), 100)));
    assert_eq!(device.vendor.as_deref(), Some("Philips"));
    assert_eq!((device.class_known, device.vendor_known), (Known::Confirmed, Known::Confirmed));
    let classes: Vec<(&str, &str)> = device
        .evidence
        .iter()
        .filter(|e| e.attribute == Attribute::Class)
        .map(|e| (e.value.as_str(), e.protocol))
        .collect();
    assert_eq!(classes, [("img.ct", "dicom"), ("img.mr", "site")]);
    let source = &device.evidence.iter().find(|e| e.protocol == "site").unwrap().source;
    assert_eq!(&**source, "biomedical engineering, 2026-11-30: type plate");
}

#[test]
fn all_alike_are_confirmed_and_others_are_not() {
    let mut world = World::default();
    let facts = [(Attribute::Vendor, "GE"), (Attribute::Model, "SIGNA"), (Attribute::Class, "img.mr")];
    world.says(&format!("10.0.0.1@{A}"), "dicom", &facts);
    world.says(&format!("10.0.0.2@{B}"), "dicom", &[(Attribute::Class, "img.mr")]);
    let alike = Selector { model: Some("signa".to_owned()), ..Selector::default() };
    let found = corrected(&world, vec![correction(alike, Change::Confirm)]);
    let known: Vec<(Option<&str>, Known)> =
        found.iter().map(|d| (d.model.as_deref(), d.class_known)).collect();
    assert!(known.contains(&(Some("SIGNA"), Known::Confirmed)), "{known:?}");
    assert!(known.contains(&(None, Known::Inferred)), "{known:?}");
}

#[test]
fn a_list_that_says_the_same_makes_it_known_by_the_list() {
    let mut world = World::default();
    world.says(&format!("10.0.0.1@{A}"), "dicom", &[(Attribute::Vendor, "GE Medical")]);
    world.state(
        Subject::Mac(mac(A)),
        wardline_model::About::Speaker,
        "cmms",
        &[(Attribute::Vendor, "GE HealthCare")],
    );
    assert_eq!(world.device(A).vendor_known, Known::Cmms);
}

#[test]
fn people_join_and_part_stations() {
    let mut world = World::default();
    let number =
        [(Attribute::Vendor, "Philips"), (Attribute::Model, "MX800"), (Attribute::Serial, "ASBK-0042")];
    world.says(&format!("10.0.0.1@{A}"), "snmp", &number).says(&format!("10.0.0.2@{B}"), "sdc", &number);
    assert_eq!(corrected(&world, Vec::new()).len(), 1, "one serial number");
    let split = Change::Split(station(B));
    assert_eq!(corrected(&world, vec![correction(station(A), split)]).len(), 2);

    let mut world = World::default();
    world.says(&format!("10.0.0.1@{A}"), "dns", &[(Attribute::Hostname, "cart-1")]);
    world.packet_of(&format!("10.0.0.2@{B}"), 64);
    let merge = Change::Merge(Selector { ip: Some(ip("10.0.0.2")), ..Selector::default() });
    let cart = Selector { hostname: Some("CART-1".to_owned()), ..Selector::default() };
    let found = corrected(&world, vec![correction(cart, merge)]);
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), [format!("{A} {B} 10.0.0.1 10.0.0.2 cart-1")]);
}

/// Software in a version, said at seconds from and to.
fn versioned(world: &mut World, name: &str, version: &str, (from, to): (i64, i64)) {
    let at = |second: i64| {
        let frame = u64::try_from(second).unwrap();
        Seen::once(PacketRef::new(0, frame, Timestamp(second * Timestamp::SECOND)))
    };
    let fact = Fact::new(Attribute::Software, name, 90, "r").unwrap().with_version(version);
    let mut seen = at(from);
    seen.merge(&at(to));
    let subject = Subject::Host { ip: ip("10.0.0.1"), mac: Some(mac(A)) };
    let statement =
        Statement { subject, about: wardline_model::About::Speaker, protocol: "snmp", facts: vec![fact] };
    world.seen.observations.insert(statement, seen);
    world.packet_of(&format!("10.0.0.1@{A}"), 64);
}

#[test]
fn one_version_after_another_is_a_change_and_two_in_turn_are_not() {
    let mut world = World::default();
    versioned(&mut world, "firmware", "V1.04", (10, 20));
    versioned(&mut world, "firmware", "V1.05", (30, 40));
    versioned(&mut world, "DCMTK", "3.6.2", (10, 40));
    versioned(&mut world, "DCMTK", "3.6.4", (20, 30));
    let device = world.device(A);
    let changes: Vec<String> = device.changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["firmware changed from V1.04 to V1.05"]);
    assert_eq!(device.changes[0].at, Timestamp(30 * Timestamp::SECOND));
    assert_eq!(device.changes[0].packet.unwrap().frame(), 30);
    let told: Vec<(&str, Option<&str>, Component)> =
        device.software.iter().map(|s| (s.name.as_str(), s.normal.as_deref(), s.component)).collect();
    assert_eq!(
        told,
        [
            ("DCMTK", Some("3.6.2"), Component::Toolkit),
            ("DCMTK", Some("3.6.4"), Component::Toolkit),
            ("firmware", Some("1.4"), Component::Firmware),
            ("firmware", Some("1.5"), Component::Firmware),
        ]
    );
}

#[test]
fn use_is_shown_held_lost_and_never_guessed() {
    let scanner = format!("10.0.0.1@{A}");
    let mut world = World::default();
    world.says(&scanner, "dicom", &[(Attribute::Class, "img.ct"), (Attribute::DicomService, "scu:worklist")]);
    let usage = |world: &World| world.device(A).usage;
    assert_eq!(usage(&world).state, UseState::Standby);
    world.says(&scanner, "dicom", &[(Attribute::DicomService, "scu:storage:CT")]);
    let used = usage(&world);
    assert_eq!((used.state, used.witness, used.age_s), (UseState::InUse, Some("dicom"), Some(0)));
    world.clock += 4_000;
    world.packet_of(&scanner, 64);
    assert_eq!(usage(&world).state, UseState::Idle, "it is there, and nobody was examined for an hour");
    world.clock += 4_000;
    world.packet_of(&format!("10.0.0.2@{B}"), 64);
    assert_eq!(usage(&world).state, UseState::Idle);

    let mut world = World::default();
    world.says(&scanner, "http", &[(Attribute::Class, "img.ct")]);
    assert_eq!(usage(&world).state, UseState::Unknown);
    assert!(usage(&world).state.counts_as_in_use());
}
