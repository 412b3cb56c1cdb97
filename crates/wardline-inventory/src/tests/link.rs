//! Whose MAC is it?

use super::{World, check, ip, mac};
use wardline_model::{About, Attribute, Mac, PacketRef, Role, Seen, Subject};

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

#[test]
fn a_crowd_behind_one_mac_is_never_one_device() {
    let mut world = World::default();
    for n in 1..20 {
        world.packet_of(&format!("10.{n}.0.9@{ROUTER}"), 64);
    }
    world.says(&format!("10.9.0.9@{ROUTER}"), "dicom", &[(Attribute::AeTitle, "FAR")]);
    check(&world, &["10.9.0.9 FAR", ROUTER]);
    assert_eq!(world.device(ROUTER).roles, [Role::Router]);
}

#[test]
fn the_nearer_of_two_macs_is_the_hosts_own() {
    let mut world = World::default();
    world.packet_of(&format!("10.0.0.1@{A}"), 64).packet_of(&format!("10.0.0.1@{ROUTER}"), 63).says(
        &format!("10.0.0.1@{A}"),
        "dicom",
        &[(Attribute::AeTitle, "CT1")],
    );
    world.state(
        Subject::Host { ip: ip("10.0.0.1"), mac: Some(mac(ROUTER)) },
        About::Speaker,
        "hl7",
        &[(Attribute::Hl7Application, "APP")],
    );
    check(&world, &[&format!("{A} 10.0.0.1 CT1"), ROUTER]);
    let device = world.device("CT1");
    assert!(device.evidence.iter().any(|e| e.attribute == Attribute::Hl7Application));
}

#[test]
fn a_virtual_router_address_is_no_device_and_joins_nothing() {
    let shared = "00:00:5e:00:01:0a";
    let mut world = World::default();
    world
        .packet_of(&format!("10.0.0.2@{A}"), 64)
        .arp("10.0.0.2", A)
        .packet_of(&format!("10.0.0.3@{B}"), 64)
        .arp("10.0.0.3", B)
        .packet_of(&format!("10.0.0.2@{shared}"), 255)
        .packet_of(&format!("10.0.0.3@{shared}"), 255)
        .packet_of(&format!("10.7.0.1@{shared}"), 63)
        .arp("10.0.0.1", shared);
    check(&world, &[&format!("{A} 10.0.0.2"), &format!("{B} 10.0.0.3")]);
}

#[test]
fn an_address_used_by_two_stations_one_after_the_other_leaves_two_devices() {
    let mut world = World::default();
    let (a, b) = (format!("10.0.0.5@{A}"), format!("10.0.0.5@{B}"));
    world.arp("10.0.0.5", A).says(&a, "dicom", &[(Attribute::AeTitle, "OLD")]);
    world.hears_of("10.0.0.5", "dns", &[(Attribute::Hostname, "old-name")]);
    world.packet_of(&a, 64);
    world.arp("10.0.0.5", B).says(&b, "dicom", &[(Attribute::AeTitle, "NEW")]);
    world.hears_of("10.0.0.5", "dns", &[(Attribute::Hostname, "new-name")]);
    world.packet_of(&b, 64);
    check(&world, &[&format!("{A} 10.0.0.5 old-name OLD"), &format!("{B} 10.0.0.5 new-name NEW")]);
}

#[test]
fn a_public_address_is_a_peer_unless_it_is_bound_on_the_link_or_names_itself() {
    let mut world = World::default();
    world
        .packet_of(&format!("9.9.9.9@{ROUTER}"), 64)
        .says(&format!("9.9.9.9@{ROUTER}"), "http", &[(Attribute::HttpServer, "nginx")])
        .packet_of(&format!("9.9.9.8@{ROUTER}"), 50)
        .says(&format!("9.9.9.7@{ROUTER}"), "dicom", &[(Attribute::AeTitle, "CLOUD")])
        .packet_of(&format!("192.88.0.5@{A}"), 64)
        .arp("192.88.0.5", A);
    check(&world, &[ROUTER, "9.9.9.7 CLOUD", &format!("{A} 192.88.0.5")]);
}

#[test]
fn a_host_behind_a_router_is_a_device_only_when_it_names_itself() {
    let mut world = World::default();
    for (address, name) in [("10.9.0.1", "CT9"), ("10.9.0.2", "")] {
        let at = format!("{address}@{ROUTER}");
        world.packet_of(&at, 62).packet_of("10.0.0.1@fc:ff:ff:00:00:0a", 64);
        if !name.is_empty() {
            let subject = Subject::Host { ip: ip(address), mac: Some(mac(ROUTER)) };
            world.state(subject, About::Speaker, "dicom", &[(Attribute::AeTitle, name)]);
        }
    }
    check(&world, &["10.9.0.1 CT9", &format!("{A} 10.0.0.1"), ROUTER]);
}

#[test]
fn ipv6_global_addresses_of_the_link_make_no_router() {
    let mut world = World::default();
    world
        .packet_of(&format!("10.0.0.1@{A}"), 64)
        .packet_of(&format!("2a00:1::feff:ff:fe00:a@{A}"), 64)
        .packet_of(&format!("2a00:1::1234@{A}"), 64)
        .packet_of(&format!("fe80::1@{A}"), 255);
    let device = world.device(A);
    assert_eq!(device.roles, [Role::Unknown]);
    assert!(device.ips.contains(&ip("10.0.0.1")) && device.ips.contains(&ip("fe80::1")));
}

#[test]
fn a_station_without_an_address_is_a_device_and_a_group_address_is_none() {
    let mut world = World::default();
    world.frame("de:ad:be:ef:00:01").frame(A);
    world.seen.stations.insert(Mac([1, 0, 0x5e, 0, 0, 1]), Seen::once(PacketRef::default()));
    check(&world, &["de:ad:be:ef:00:01", A]);
}

#[test]
fn raw_ip_captures_have_devices_without_macs() {
    let mut world = World::default();
    world.packet_of("192.168.1.1", 64).packet_of("8.8.8.8", 64).packet_of("224.0.0.251", 1);
    check(&world, &["192.168.1.1"]);
}

#[test]
fn a_dhcp_lease_names_the_station_behind_the_relay() {
    let mut world = World::default();
    world.state(
        Subject::Mac(mac(A)),
        About::Speaker,
        "dhcp",
        &[(Attribute::Hostname, "pump-7"), (Attribute::Ip, "10.9.0.7")],
    );
    world.packet_of(&format!("10.9.0.7@{ROUTER}"), 63).packet_of(&format!("10.9.0.8@{ROUTER}"), 63);
    check(&world, &[&format!("{A} 10.9.0.7 pump-7"), ROUTER]);
}

#[test]
fn a_host_with_a_link_local_and_a_public_address_is_no_router() {
    let mut world = World::default();
    world.packet_of(&format!("fe80::9@{A}"), 255).packet_of(&format!("141.142.220.50@{A}"), 64);
    check(&world, &[&format!("{A} fe80::9")]);
    assert_eq!(world.device(A).roles, [Role::Unknown]);
    world.packet_of(&format!("141.142.220.51@{A}"), 64);
    assert_eq!(world.device(A).roles, [Role::Router]);
}

#[test]
fn who_claims_the_address_of_another_does_not_become_it() {
    let mut world = World::default();
    let switch = |world: &mut World| {
        world.state(
            Subject::Mac(mac(ROUTER)),
            About::Speaker,
            "lldp",
            &[(Attribute::Ip, "10.0.0.254"), (Attribute::Hostname, "core")],
        );
    };
    world.arp("10.0.0.254", ROUTER).arp("10.0.0.5", A);
    switch(&mut world);
    // The intruder says that it is both, while both go on.
    world.arp("10.0.0.254", B).arp("10.0.0.5", B).arp("10.0.0.66", B);
    world.hears_of("10.0.0.5", "dns", &[(Attribute::Hostname, "ct-1")]);
    switch(&mut world);
    world.arp("10.0.0.254", ROUTER).arp("10.0.0.5", A);
    world.says(&format!("10.0.0.66@{B}"), "dicom", &[(Attribute::AeTitle, "ECHOSCU")]);
    check(
        &world,
        &[
            &format!("{ROUTER} 10.0.0.254 core"),
            &format!("{A} 10.0.0.5 ct-1"),
            &format!("{B} 10.0.0.66 ECHOSCU"),
        ],
    );
    let conflicts = |word: &str| {
        let evidence = world.device(word).evidence;
        let of = evidence.iter().filter(|e| e.attribute == Attribute::AddressConflict);
        of.map(|e| e.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(conflicts("core"), [format!("10.0.0.254 also claimed by {B}")]);
    assert_eq!(conflicts("ct-1"), [format!("10.0.0.5 also claimed by {B}")]);
    assert_eq!(conflicts("ECHOSCU").len(), 2);
}

#[test]
fn one_address_in_two_networks_that_nothing_connects_is_two_devices() {
    let (near, far) = ("fc:ff:ff:00:00:f1", "fc:ff:ff:00:00:f2");
    let mut world = World::default();
    world.stands(A, 0, 10).stands(near, 0, 10).stands(B, 0, 20).stands(far, 0, 20);
    world.arp("10.0.0.5", A).arp("10.0.0.5", B).arp("10.0.0.5", A).arp("10.0.0.5", B);
    world.says(&format!("10.0.0.5@{A}"), "dicom", &[(Attribute::AeTitle, "CT1")]);
    world.says(&format!("10.0.0.5@{B}"), "dicom", &[(Attribute::AeTitle, "MR1")]);
    // Beyond the router of each, a server of the same address.
    world.packet_of(&format!("10.9.0.1@{near}"), 63).packet_of(&format!("10.9.0.1@{far}"), 63);
    for (router, name) in [(near, "NEAR"), (far, "FAR")] {
        world.state(
            Subject::Host { ip: ip("10.9.0.1"), mac: Some(mac(router)) },
            About::Speaker,
            "dicom",
            &[(Attribute::AeTitle, name)],
        );
    }
    check(
        &world,
        &[
            &format!("{A} 10.0.0.5 CT1"),
            &format!("{B} 10.0.0.5 MR1"),
            "10.9.0.1 FAR",
            "10.9.0.1 NEAR",
            near,
            far,
        ],
    );
    let evidence = world.device("CT1").evidence;
    assert!(evidence.iter().all(|e| e.attribute != Attribute::AddressConflict));
    // A router with a foot in both makes them one network, and the address a contested one.
    world.stands("fc:ff:ff:00:00:f3", 0, 10).stands("fc:ff:ff:00:00:f3", 0, 20);
    assert_eq!(world.inventory().devices.iter().filter(|d| d.ips.contains(&ip("10.9.0.1"))).count(), 1);
}

#[test]
fn connections_that_carry_files_are_no_services() {
    let (client, server) = (format!("10.0.0.1@{A}"), format!("10.0.0.2@{B}"));
    let mut world = World::default();
    world.packet_of(&client, 64).packet_of(&server, 64);
    world.serves(&server, 21, "ftp").asks(&client, &server, "ftp");
    world.serves(&client, 50_123, "unknown").asks(&server, &client, "unknown");
    let ports = |world: &World, word: &str| {
        world.device(word).services.iter().map(|service| service.port).collect::<Vec<_>>()
    };
    assert_eq!(ports(&world, A), [0_u16; 0]);
    assert_eq!(ports(&world, B), [21]);
    let other = "10.0.0.3@fc:ff:ff:00:00:0c";
    world.packet_of(other, 64).asks(other, &client, "unknown");
    assert_eq!(ports(&world, A), [50_123], "somebody else asks there too");
}
