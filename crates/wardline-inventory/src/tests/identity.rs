//! What merges, and what only looks as if it did.

use super::{World, check};
use wardline_model::Attribute;

const A: &str = "fc:ff:ff:00:00:0a";
const B: &str = "fc:ff:ff:00:00:0b";
const C: &str = "fc:ff:ff:00:00:0c";

fn at(number: u8, station: &str) -> String {
    format!("10.0.0.{number}@{station}")
}

fn plate(serial: &str) -> Vec<(Attribute, &str)> {
    vec![(Attribute::Vendor, "Dräger"), (Attribute::Model, "Evita V500"), (Attribute::Serial, serial)]
}

#[test]
fn a_serial_number_joins_two_stations() {
    let mut world = World::default();
    world.says(&at(1, A), "snmp", &plate("ASBK-0042")).says(&at(2, B), "sdc", &plate("asbk 0042"));
    assert_eq!(world.lines().len(), 1);
}

#[test]
fn a_serial_number_of_three_stations_or_of_two_makers_joins_nothing() {
    let mut world = World::default();
    for (n, station) in [(1, A), (2, B), (3, C)] {
        world.says(&at(n, station), "snmp", &plate("DEFAULT-2020"));
    }
    assert_eq!(world.lines().len(), 3);
    let mut world = World::default();
    world.says(&at(1, A), "snmp", &plate("ASBK-0042"));
    world.says(&at(2, B), "snmp", &[(Attribute::Vendor, "Philips"), (Attribute::Serial, "ASBK-0042")]);
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn fillers_join_nothing_and_are_not_shown() {
    let mut world = World::default();
    for (n, station, serial) in [(1, A, "0000"), (2, B, "0000"), (3, C, "Evita V500")] {
        world.says(&at(n, station), "snmp", &plate(serial));
    }
    assert_eq!(world.lines().len(), 3);
    let device = world.device(A);
    assert_eq!(device.serial, None);
    assert!(device.evidence.iter().any(|e| e.attribute == Attribute::Serial && e.value == "0000"));
}

#[test]
fn a_factory_host_key_joins_nothing() {
    let mut world = World::default();
    for (n, station) in [(1, A), (2, B)] {
        world.says(&at(n, station), "ssh", &[(Attribute::HostKey, "ssh-ed25519 SHA256:same")]);
    }
    world.says("10.9.0.1", "ssh", &[(Attribute::HostKey, "ssh-rsa SHA256:other")]);
    world.says("10.9.0.2", "ssh", &[(Attribute::HostKey, "ssh-rsa SHA256:other")]);
    assert_eq!(world.lines().len(), 4);
}

#[test]
fn a_host_key_joins_the_two_address_families_of_a_host() {
    let mut world = World::default();
    for address in ["10.9.0.1", "fd00::1"] {
        world.says(address, "ssh", &[(Attribute::HostKey, "ssh-ed25519 SHA256:one")]);
    }
    check(&world, &["10.9.0.1 fd00::1"]);
}

#[test]
fn a_randomised_mac_identifies_inside_the_capture() {
    let mut world = World::default();
    let station = "de:5c:11:22:33:44";
    world.packet_of(&format!("10.0.0.7@{station}"), 64).packet_of(&format!("fe80::7@{station}"), 255);
    check(&world, &[&format!("{station} 10.0.0.7 fe80::7")]);
    assert_eq!(world.device(station).vendor, None);
}

#[test]
fn the_port_and_the_chassis_of_a_switch_are_one_device() {
    let mut world = World::default();
    world.frame(A).packet_of(&at(9, B), 64).state(
        wardline_model::Subject::Mac(super::mac(A)),
        wardline_model::About::Speaker,
        "lldp",
        &[(Attribute::Mac, C), (Attribute::Hostname, "sw-icu"), (Attribute::Ip, "10.0.0.9")],
    );
    check(&world, &[&format!("{A} {B} {C} 10.0.0.9 sw-icu")]);
}

#[test]
fn ids_do_not_depend_on_what_else_is_there() {
    let mut alone = World::default();
    alone.says(&at(1, A), "snmp", &plate("ASBK-0042"));
    let mut crowd = World::default();
    for n in 10..40 {
        crowd.packet_of(&format!("10.0.0.{n}@fc:ff:ff:00:01:{n}"), 64);
    }
    crowd.says(&at(77, A), "snmp", &[(Attribute::Vendor, "Dräger")]);
    assert_eq!(alone.device(A).id, crowd.device(A).id);
    assert!(alone.device(A).id.starts_with("dev-") && alone.device(A).id.len() == 20);
}
