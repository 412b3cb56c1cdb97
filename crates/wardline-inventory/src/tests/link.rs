//! Whose MAC is it?

use super::{World, check};
use wardline_model::Attribute;

const A: &str = "fc:ff:ff:00:00:0a";
const B: &str = "fc:ff:ff:00:00:0b";
const ROUTER: &str = "fc:ff:ff:00:00:f1";

#[test]
fn addresses_of_one_station_are_one_device() {
    let mut world = World::default();
    world
        .packet_of(&format!("10.0.0.1@{A}"), 64)
        .packet_of(&format!("fe80::21b:21ff:fe00:a@{A}"), 255)
        .packet_of(&format!("fd00::1:2@{A}"), 64)
        .packet_of(&format!("fd00::9:8@{A}"), 64)
        .packet_of(&format!("10.0.9.1@{A}"), 64)
        .says(&format!("10.0.0.2@{B}"), "dicom", &[(Attribute::AeTitle, "CT1")]);
    check(
        &world,
        &[
            &format!("{A} 10.0.0.1 10.0.9.1 fd00::1:2 fd00::9:8 fe80::21b:21ff:fe00:a"),
            &format!("{B} 10.0.0.2 CT1"),
        ],
    );
}

#[test]
fn a_routers_mac_is_not_that_of_the_hosts_behind_it() {
    let mut world = World::default();
    world
        .packet_of(&format!("8.8.8.8@{ROUTER}"), 57)
        .packet_of(&format!("10.1.0.7@{ROUTER}"), 63)
        .arp("10.0.0.254", ROUTER)
        .packet_of(&format!("10.0.0.1@{A}"), 128);
    check(&world, &[&format!("{ROUTER} 10.0.0.254"), &format!("{A} 10.0.0.1")]);
}

#[test]
fn a_mac_at_both_ends_of_a_conversation_was_rewritten_and_says_nothing() {
    let mut world = World::default();
    world
        .packet_of(&format!("10.0.0.1@{A}"), 64)
        .packet_of(&format!("10.0.0.2@{A}"), 64)
        .serves(&format!("10.0.0.2@{A}"), 104, "dicom")
        .asks(&format!("10.0.0.1@{A}"), &format!("10.0.0.2@{A}"), "dicom");
    check(&world, &["10.0.0.1", "10.0.0.2"]);
}
