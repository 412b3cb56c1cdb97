//! Which value is chosen, and what stays in the evidence.

use super::World;
use wardline_model::{Attribute, Role};

const HOST: &str = "10.0.0.1@fc:ff:ff:00:00:0a";

#[test]
fn a_module_makers_address_names_no_vendor() {
    let mut world = World::default();
    world.packet_of("10.0.0.1@00:80:a3:01:02:03", 64).packet_of("10.0.0.2@00:09:fb:01:02:03", 64);
    assert_eq!(world.device("10.0.0.1").vendor, None);
    assert!(world.device("10.0.0.1").evidence.iter().any(|e| &*e.rule == "oui:module"));
    assert_eq!(world.device("10.0.0.2").vendor.as_deref(), Some("Philips"));
}

#[test]
fn a_registrant_nobody_lists_as_a_maker_names_no_vendor() {
    let mut world = World::default();
    world.packet_of("10.0.0.1@00:11:22:01:02:03", 64);
    assert_eq!(world.device("10.0.0.1").vendor, None);
    assert!(world.device("10.0.0.1").evidence.iter().any(|e| &*e.rule == "oui"));
}

#[test]
fn what_a_device_says_outranks_its_network_card() {
    let mut world = World::default();
    world.says("10.0.0.2@00:09:fb:01:02:03", "snmp", &[(Attribute::Vendor, "Drägerwerk AG")]);
    let device = world.device("10.0.0.2");
    assert_eq!(device.vendor.as_deref(), Some("Dräger"));
    let words: Vec<_> = device
        .evidence
        .iter()
        .filter(|e| e.attribute == Attribute::Vendor)
        .map(|e| e.value.as_str())
        .collect();
    assert_eq!(words, ["Drägerwerk AG", "Philips Patient Monitoring"]);
}

#[test]
fn a_toolkit_is_software_and_not_the_maker() {
    let mut world = World::default();
    world.says(HOST, "dicom", &[(Attribute::DicomImplementationVersion, "OFFIS_DCMTK_367")]);
    let device = world.device("10.0.0.1");
    assert_eq!(device.vendor, None);
    assert_eq!(device.software.len(), 1, "{:?}", device.software);
    assert_eq!(device.software[0].version.as_deref(), Some("3.6.7"));
}

#[test]
fn a_build_number_names_the_system_with_the_source_of_that_knowledge() {
    let mut world = World::default();
    world.says(HOST, "smb", &[(Attribute::NtlmVersion, "5.1.2600")]);
    let device = world.device("10.0.0.1");
    assert_eq!(device.os.unwrap().name, "Windows XP");
    let evidence = device.evidence.iter().find(|e| e.attribute == Attribute::Os).unwrap();
    assert_ne!(&*evidence.source, "wire");
    assert!(device.evidence.iter().any(|e| e.attribute == Attribute::NtlmVersion && &*e.source == "wire"));
}

#[test]
fn of_two_names_with_equal_right_neither_is_shown_and_both_are_evidence() {
    let mut world = World::default();
    for model in ["Evita V500", "Perseus A500", "Evita V500"] {
        world.says(HOST, "snmp", &[(Attribute::Model, model)]);
    }
    let device = world.device("10.0.0.1");
    assert_eq!(device.model, None);
    assert_eq!(device.evidence.iter().filter(|e| e.attribute == Attribute::Model).count(), 2);
}

#[test]
fn a_device_that_was_upgraded_shows_the_latest() {
    let mut world = World::default();
    for model in ["Evita V500", "Evita V600"] {
        world.says(HOST, "snmp", &[(Attribute::Model, model)]);
    }
    assert_eq!(world.device("10.0.0.1").model.as_deref(), Some("Evita V600"));
}

#[test]
fn sightings_span_everything_seen_of_a_device() {
    let mut world = World::default();
    world.packet_of(HOST, 64).packet_of("10.0.0.2", 64).packet_of(HOST, 64);
    let device = world.device("10.0.0.1");
    assert_eq!((device.first_seen.0, device.last_seen.0), (1_000_000_000, 3_000_000_000));
}

#[test]
fn services_belong_to_who_answers() {
    let mut world = World::default();
    world.packet_of(HOST, 64).packet_of("10.0.0.2", 64).serves(HOST, 104, "dicom");
    world.asks("10.0.0.2", HOST, "dicom");
    assert_eq!(world.device("10.0.0.1").services.len(), 1);
    assert_eq!(world.device("10.0.0.1").roles, [wardline_model::Role::Server]);
    assert_eq!(world.device("10.0.0.2").roles, [wardline_model::Role::Client]);
}

#[test]
fn a_viewer_that_takes_images_in_is_a_workstation_and_no_archive() {
    let mut world = World::default();
    for service in ["scu:query", "scu:move", "scp:storage:CT"] {
        world.says(HOST, "dicom", &[(Attribute::DicomService, service)]);
    }
    assert_eq!(world.device("10.0.0.1").roles, [wardline_model::Role::Workstation]);
}

#[test]
fn a_network_chip_names_no_maker() {
    let mut world = World::default();
    world.packet_of("10.0.0.1@00:1b:21:bb:20:02", 64);
    assert_eq!(world.device("10.0.0.1").vendor, None);
}

#[test]
fn who_wrote_the_software_did_not_make_the_server() {
    let mut world = World::default();
    let fact = wardline_model::Fact::new(Attribute::Vendor, "Orion Health", 60, "hl7.sft-1").unwrap();
    world.packet_of(HOST, 64);
    let super::Host { ip, mac } = super::host(HOST);
    let statement = wardline_model::Statement {
        subject: wardline_model::Subject::Host { ip, mac },
        about: wardline_model::About::Speaker,
        protocol: "hl7",
        facts: vec![fact],
    };
    let seen = world.packet();
    world.seen.observations.insert(statement, seen);
    let device = world.device("10.0.0.1");
    assert_eq!(device.vendor, None);
    assert!(device.evidence.iter().any(|e| e.value == "Orion Health"));
}

#[test]
fn an_address_or_a_number_is_no_host_name() {
    let mut world = World::default();
    for name in ["10", "10.200.1.18", "fe80::1", "localhost.localdomain", "LOCALHOST", "MRI-1"] {
        world.says("10.0.0.1", "smb", &[(Attribute::Hostname, name)]);
    }
    assert_eq!(world.device("10.0.0.1").hostnames, ["MRI-1"]);
}

#[test]
fn what_was_not_recognised_adds_no_service_where_something_was() {
    let mut world = World::default();
    world
        .packet_of("10.0.0.1", 64)
        .serves("10.0.0.1", 445, "smb")
        .serves("10.0.0.1", 445, "unknown")
        .serves("10.0.0.1", 9000, "unknown");
    let services: Vec<_> =
        world.device("10.0.0.1").services.iter().map(|service| (service.port, service.protocol)).collect();
    assert_eq!(services, [(445, "smb"), (9000, "unknown")]);
}

#[test]
fn a_windows_computer_is_a_workstation_only_when_all_signs_agree() {
    let office = |name: &str| {
        let mut world = World::default();
        world.says("10.0.0.1", "dhcp", &[(Attribute::DhcpVendorClass, "MSFT 5.0")]).says(
            "10.0.0.1",
            "nbns",
            &[(Attribute::Hostname, name)],
        );
        world
    };
    let class = |world: &World| world.device("10.0.0.1").class.map(|(code, _)| code);
    let mut world = office("DESKTOP-1A2B3C4");
    assert_eq!(class(&world), Some("it.ws".to_owned()));
    assert_eq!(class(world.serves("10.0.0.1", 445, "smb")), Some("it.ws".to_owned()));
    assert_eq!(class(world.serves("10.0.0.1", 4001, "unknown")), None);
    assert_eq!(class(office("DESKTOP-1A2B3C4").asks("10.0.0.1", "10.0.0.2", "hl7")), None);
    assert_eq!(class(&office("GENEXPERT-PC")), None, "an instrument's computer by another maker");
    assert_eq!(class(&office("DESKTOP-SQL")), None);
}

#[test]
fn who_takes_the_images_it_asked_for_is_a_workstation_and_no_archive() {
    let mut world = World::default();
    for service in ["scu:query", "scu:move", "scp:storage:many"] {
        world.says("10.0.0.1", "dicom", &[(Attribute::DicomService, service)]);
    }
    assert_eq!(world.device("10.0.0.1").roles, [Role::Workstation]);
    world.says("10.0.0.1", "dicom", &[(Attribute::DicomService, "scp:query")]);
    assert_eq!(world.device("10.0.0.1").roles, [Role::Archive]);
}

#[test]
fn the_name_of_a_group_is_its_medical_business_in_clinical_data_only() {
    let vendor = |protocol, word| {
        let mut world = World::default();
        world.says("10.0.0.1", protocol, &[(Attribute::Vendor, word)]);
        world.device("10.0.0.1").vendor.unwrap()
    };
    assert_eq!(vendor("dicom", "SIEMENS"), "Siemens Healthineers");
    assert_eq!(vendor("bacnet", "SIEMENS"), "Siemens");
    assert_eq!(vendor("lldp", "Siemens Building Technologies AG"), "Siemens");
    assert_eq!(vendor("dicom", "TOSHIBA"), "Canon Medical");
    assert_eq!(vendor("ipp", "Toshiba"), "Toshiba");
    assert_eq!(vendor("hl7", "GE"), "GE HealthCare");
    assert_eq!(vendor("snmp", "GE Medical"), "GE HealthCare");
    assert_eq!(vendor("snmp", "Hospira"), "ICU Medical");
    assert_eq!(vendor("snmp", "CareFusion"), "BD");
    assert_eq!(vendor("hl7", "Orion"), "Orion", "not Orion Health");
    let mut world = World::default();
    world.packet_of("10.0.0.2@08:00:06:00:00:01", 64);
    assert_eq!(world.device("10.0.0.2").vendor, None, "a network card of the group");
}

#[test]
fn the_card_of_a_router_in_front_names_no_host() {
    let cisco = "00:19:07:24:3c:ca";
    let mut world = World::default();
    world.says(&format!("10.1.1.164@{cisco}"), "http", &[(Attribute::HttpServer, "GoAhead-Webs")]);
    assert_eq!(world.device("10.1.1.164").vendor, None, "a plant controller beyond it");
    world.state(
        wardline_model::Subject::Mac(super::mac(cisco)),
        wardline_model::About::Speaker,
        "cdp",
        &[(Attribute::Hostname, "core")],
    );
    assert_eq!(world.device("core").vendor.as_deref(), Some("Cisco"));
}
