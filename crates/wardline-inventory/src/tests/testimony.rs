//! What lists, leases and scans say, and of which device.

use super::World;
use crate::{Testimony, attribute_to, testify};
use wardline_model::{Attribute, Device, Fact};

const HOST: &str = "10.0.0.1@00:09:fb:00:00:0a";

fn testimony(kind: &'static str, facts: &[(Attribute, &str)]) -> Testimony {
    let facts = facts.iter().map(|(a, value)| Fact::new(*a, value, 80, kind).unwrap()).collect();
    Testimony { kind, file: 1, line: 2, facts }
}

/// The devices with the testimonies weighed in, and how many of these found one.
fn told(world: &mut World, testimonies: &[Testimony]) -> (Vec<Device>, usize) {
    let devices = world.inventory().devices;
    let of = attribute_to(&devices, testimonies);
    testify(&mut world.seen, &devices, testimonies, &of);
    (world.inventory().devices, of.iter().flatten().count())
}

#[test]
fn a_row_tells_model_and_serial_of_the_device_that_it_names() {
    let mut world = World::default();
    world.packet_of(HOST, 64);
    let row = [
        (Attribute::Mac, "00:09:fb:00:00:0a"),
        (Attribute::Model, "IntelliVue MX700"),
        (Attribute::Serial, "DE12345A01"),
    ];
    let (devices, found) = told(&mut world, &[testimony("cmms", &row)]);
    assert_eq!((devices.len(), found), (1, 1));
    assert_eq!(devices[0].model.as_deref(), Some("IntelliVue MX700"));
    assert_eq!(devices[0].serial.as_deref(), Some("DE12345A01"));
    assert_eq!(devices[0].class.as_ref().map(|(code, _)| code.as_str()), Some("mon.bed"));
    let evidence = devices[0].evidence.iter().find(|e| e.attribute == Attribute::Serial).unwrap();
    assert_eq!((evidence.protocol, evidence.seen.exemplars.first().unwrap().frame()), ("cmms", 2));
}

#[test]
fn what_was_never_seen_is_no_device() {
    let mut world = World::default();
    world.packet_of(HOST, 64);
    let row = [(Attribute::Mac, "00:09:fb:00:00:0b"), (Attribute::Model, "IntelliVue MX700")];
    let (devices, found) = told(&mut world, &[testimony("cmms", &row)]);
    assert_eq!((devices.len(), found), (1, 0));
}

#[test]
fn an_address_that_went_to_another_card_names_nobody() {
    let mut world = World::default();
    world.packet_of(HOST, 64);
    let row = [(Attribute::Ip, "10.0.0.1"), (Attribute::Mac, "00:09:fb:00:00:0b"), (Attribute::Model, "X")];
    assert_eq!(told(&mut world, &[testimony("cmms", &row)]).1, 0);
    let row = [(Attribute::Ip, "10.0.0.1"), (Attribute::Model, "X")];
    assert_eq!(told(&mut world, &[testimony("cmms", &row)]).1, 1);
}

#[test]
fn a_lease_tells_the_card_behind_a_router() {
    let mut world = World::default();
    world.packet_of("10.9.0.1", 64);
    let lease = [
        (Attribute::Ip, "10.9.0.1"),
        (Attribute::Mac, "00:09:fb:00:00:0b"),
        (Attribute::Hostname, "MX700-3"),
    ];
    let (devices, _) = told(&mut world, &[testimony("dhcp-leases", &lease)]);
    assert_eq!(devices[0].hostnames, ["MX700-3"]);
    assert_eq!(devices[0].vendor.as_deref(), Some("Philips"));
}

#[test]
fn a_name_that_two_have_and_a_number_copied_twice_join_nothing() {
    let mut world = World::default();
    for host in [HOST, "10.0.0.2@00:09:fb:00:00:0b"] {
        world.says(host, "smb", &[(Attribute::Hostname, "MON")]);
    }
    let by_name = testimony("cmms", &[(Attribute::Hostname, "MON"), (Attribute::Model, "X")]);
    assert_eq!(told(&mut world, &[by_name]).1, 0);
    let rows = ["00:09:fb:00:00:0a", "00:09:fb:00:00:0b"].map(|mac| {
        testimony(
            "cmms",
            &[(Attribute::Mac, mac), (Attribute::Serial, "DE12345A01"), (Attribute::Vendor, "Philips")],
        )
    });
    assert_eq!(told(&mut world, &rows).0.len(), 2);
}
