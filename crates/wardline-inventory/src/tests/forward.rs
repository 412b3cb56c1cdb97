//! Whose data is it? Archives, middleware and gateways do not become what they pass on.

use super::{World, check};
use wardline_model::{Attribute, Role};

const CT: &str = "fc:ff:ff:00:00:c7";
const PACS: &str = "fc:ff:ff:00:00:ac";
const VIEW: &str = "fc:ff:ff:00:00:0e";

fn image<'a>(vendor: &'a str, model: &'a str, serial: &'a str) -> Vec<(Attribute, &'a str)> {
    let mut facts = vec![(Attribute::Vendor, vendor), (Attribute::Model, model)];
    if !serial.is_empty() {
        facts.push((Attribute::Serial, serial));
    }
    facts
}

#[test]
fn a_modality_is_what_its_images_say() {
    let mut world = World::default();
    let ct = format!("10.0.0.1@{CT}");
    world.says(&ct, "dicom", &[(Attribute::AeTitle, "CT1"), (Attribute::DicomService, "scu:storage:CT")]);
    world.sends(&ct, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    world.sends(&ct, "dicom", &image("SIEMENS", "SOMATOM Force", ""));
    check(&world, &[&format!("{CT} 10.0.0.1 CT1 Siemens Healthineers SOMATOM Force 75432")]);
}

#[test]
fn an_archive_forwards_images_and_stays_an_archive() {
    let mut world = World::default();
    let (ct, pacs) = (format!("10.0.0.1@{CT}"), format!("10.0.0.2@{PACS}"));
    world.says(&ct, "dicom", &[(Attribute::AeTitle, "CT1"), (Attribute::DicomService, "scu:storage:CT")]);
    world.sends(&ct, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    world.says(&pacs, "dicom", &[(Attribute::AeTitle, "PACS"), (Attribute::DicomService, "scp:storage")]);
    world.says(&pacs, "dicom", &[(Attribute::DicomService, "scp:query")]);
    world.sends(&pacs, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    world.sends(&pacs, "dicom", &image("Philips Medical Systems", "Ingenia", "17011"));
    check(
        &world,
        &[
            &format!("{CT} 10.0.0.1 CT1 Siemens Healthineers SOMATOM Force 75432"),
            &format!("{PACS} 10.0.0.2 PACS"),
            "Philips Ingenia 17011",
        ],
    );
    let (pacs, behind, ct) = (world.device("PACS"), world.device("17011"), world.device("75432"));
    assert_eq!(pacs.roles, [Role::Archive]);
    let told = |device: &wardline_model::Device| {
        let serials = device.evidence.iter().filter(|e| e.attribute == Attribute::Serial);
        serials.map(|e| e.via.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&behind), [Some(pacs.id.as_str().into())]);
    assert_eq!(told(&ct), [None, Some(pacs.id.as_str().into())]);
}

#[test]
fn an_archive_with_the_images_of_one_modality_is_not_that_modality() {
    let mut world = World::default();
    let pacs = format!("10.0.0.2@{PACS}");
    world.says(&pacs, "dicom", &[(Attribute::AeTitle, "PACS"), (Attribute::DicomService, "scp:query")]);
    world.sends(&pacs, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    check(&world, &[&format!("{PACS} 10.0.0.2 PACS"), "Siemens Healthineers SOMATOM Force 75432"]);
}

#[test]
fn a_modality_that_fetches_prior_images_stays_itself() {
    let mut world = World::default();
    let ct = format!("10.0.0.1@{CT}");
    for service in ["scp:storage", "scu:storage:CT", "scu:worklist"] {
        world.says(&ct, "dicom", &[(Attribute::DicomService, service)]);
    }
    world.sends(&ct, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    let device = world.device("75432");
    assert_eq!((device.macs.len(), device.roles), (1, vec![Role::Modality]));
}

#[test]
fn who_was_first_made_the_images_that_two_hosts_send() {
    let mut world = World::default();
    let (ct, router) = (format!("10.0.0.1@{CT}"), format!("10.0.0.2@{PACS}"));
    world.sends(&ct, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    world.sends(&router, "dicom", &image("SIEMENS", "SOMATOM Force", "75432"));
    check(
        &world,
        &[&format!("{CT} 10.0.0.1 Siemens Healthineers SOMATOM Force 75432"), &format!("{PACS} 10.0.0.2")],
    );
    assert_eq!(world.device(PACS).roles, [Role::Gateway]);
}

#[test]
fn two_network_cards_of_one_modality_are_one_device() {
    let mut world = World::default();
    for at in [format!("10.0.0.1@{CT}"), format!("10.0.0.9@{VIEW}")] {
        world.says(&at, "dicom", &[(Attribute::AeTitle, "US3")]);
        world.sends(&at, "dicom", &image("GE Healthcare", "LOGIQ E9", "104561US3"));
    }
    check(&world, &[&format!("{VIEW} {CT} 10.0.0.1 10.0.0.9 US3 GE HealthCare LOGIQ E9 104561US3")]);
}

#[test]
fn a_middleware_with_three_analysers_is_four_devices() {
    let mut world = World::default();
    let middleware = format!("10.0.0.33@{PACS}");
    for sender in
        ["XP-100^00-13^^^^A7869^BS649542", "X^Roche^c111^4.2.2.1730^1^13147", "806149 H^GeneXpert^4.8"]
    {
        world.sends(&middleware, "astm", &[(Attribute::AstmSender, sender)]);
    }
    check(
        &world,
        &[&format!("{PACS} 10.0.0.33"), "Sysmex XP-100 A7869", "Roche cobas c111 13147", "Cepheid GeneXpert"],
    );
    assert_eq!(world.device("10.0.0.33").roles, [Role::Middleware]);
    assert_eq!(world.device("A7869").roles, [Role::Analyser]);
}

#[test]
fn a_single_analyser_is_itself() {
    let mut world = World::default();
    world.sends(&format!("10.0.0.33@{CT}"), "astm", &[(Attribute::AstmSender, "806149 H^GeneXpert^4.8")]);
    check(&world, &[&format!("{CT} 10.0.0.33 Cepheid GeneXpert")]);
}

#[test]
fn a_host_that_serves_and_asks_in_astm_passes_results_on() {
    let mut world = World::default();
    let (analyser, middleware) = (format!("10.0.0.1@{CT}"), format!("10.0.0.2@{PACS}"));
    let lis = format!("10.0.0.3@{VIEW}");
    for from in [&analyser, &middleware] {
        world.sends(from, "astm", &[(Attribute::AstmSender, "XP-100^00-13^^^^A7869^BS649542")]);
    }
    world.asks(&analyser, &middleware, "astm").asks(&middleware, &lis, "astm").packet_of(&lis, 64);
    check(
        &world,
        &[
            &format!("{CT} 10.0.0.1 Sysmex XP-100 A7869"),
            &format!("{PACS} 10.0.0.2"),
            &format!("{VIEW} 10.0.0.3"),
        ],
    );
}

#[test]
fn a_monitor_named_by_its_mac_joins_the_station_that_has_it() {
    let mut world = World::default();
    let gateway = format!("10.0.0.2@{PACS}");
    world.packet_of(&format!("10.0.0.50@{CT}"), 64);
    world.sends(&gateway, "hl7", &[(Attribute::Mac, CT), (Attribute::Model, "B40")]);
    world.sends(&gateway, "hl7", &[(Attribute::Mac, VIEW), (Attribute::Model, "B40")]);
    check(&world, &[&format!("{CT} 10.0.0.50 B40"), &format!("{VIEW} B40"), &format!("{PACS} 10.0.0.2")]);
    assert_eq!(world.device(PACS).roles, [Role::Gateway]);
}

#[test]
fn a_maker_alone_makes_no_device() {
    let mut world = World::default();
    let pacs = format!("10.0.0.2@{PACS}");
    world.says(&pacs, "dicom", &[(Attribute::DicomService, "scp:query")]);
    world.sends(&pacs, "dicom", &[(Attribute::Vendor, "SIEMENS")]);
    check(&world, &[&format!("{PACS} 10.0.0.2")]);
}

#[test]
fn two_of_a_kind_without_numbers_are_told_apart_by_their_names_only() {
    let mut world = World::default();
    let pacs = format!("10.0.0.2@{PACS}");
    world.says(&pacs, "dicom", &[(Attribute::DicomService, "scp:query")]);
    for name in ["US-A", "US-B", "US-A"] {
        world.sends(
            &pacs,
            "dicom",
            &[
                (Attribute::Vendor, "SIEMENS"),
                (Attribute::Model, "ACUSON S2000"),
                (Attribute::Hostname, name),
            ],
        );
    }
    check(
        &world,
        &[
            &format!("{PACS} 10.0.0.2"),
            "US-A Siemens Healthineers ACUSON S2000",
            "US-B Siemens Healthineers ACUSON S2000",
        ],
    );
}

#[test]
fn patient_data_marks_both_ends_where_the_other_end_is_certain() {
    let mut world = World::default();
    let (ct, pacs, view) = (format!("10.0.0.1@{CT}"), format!("10.0.0.2@{PACS}"), format!("10.0.0.3@{VIEW}"));
    world.says(&ct, "dicom", &[(Attribute::PatientDataInClear, "dicom")]);
    world.packet_of(&pacs, 64).packet_of(&view, 64).asks(&ct, &pacs, "dicom").asks(&view, &pacs, "dicom");
    let clear = |word| world.device(word).patient_data_in_clear;
    assert_eq!((clear(CT), clear(PACS), clear(VIEW)), (true, true, false));
}
