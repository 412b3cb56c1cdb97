//! The simulation as a whole: repeatable, ordered, complete, honest about itself.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use wardline_model::{Attribute, Timestamp};
use wardline_simulate::{
    DEVICES_MAX, DEVICES_MIN, Event, Messages, Packet, Plan, PlanError, Profile, Simulation, Truth, Weakness,
};

fn plan(profile: Profile, devices: u32, seconds: u64, seed: u64) -> Plan {
    let start = Timestamp(1_772_438_400 * Timestamp::SECOND);
    Plan { profile, devices, seed, start, duration_seconds: seconds }
}

fn run(plan: &Plan) -> (Vec<Packet>, Truth) {
    let mut simulation = Simulation::new(plan).unwrap();
    let packets = simulation.by_ref().collect();
    (packets, simulation.truth().clone())
}

fn digest(packets: &[Packet]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for packet in packets {
        (packet.time, &packet.bytes).hash(&mut hasher);
    }
    hasher.finish()
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
    let (first, truth) = run(&plan(Profile::Hospital, 60, 600, 11));
    let (again, truth_again) = run(&plan(Profile::Hospital, 60, 600, 11));
    let (other, _) = run(&plan(Profile::Hospital, 60, 600, 12));
    assert_eq!(digest(&first), digest(&again));
    assert_eq!(truth, truth_again);
    assert_ne!(digest(&first), digest(&other));
}

#[test]
fn a_longer_capture_begins_with_the_shorter_one() {
    let (short, _) = run(&plan(Profile::Hospital, 40, 300, 5));
    let (long, _) = run(&plan(Profile::Hospital, 40, 600, 5));
    assert_eq!(digest(&short), digest(&long[..short.len()]));
}

#[test]
fn packets_are_in_order_within_the_plan_and_counted() {
    for profile in Profile::ALL {
        let plan = plan(*profile, 60, 900, 3);
        let (packets, truth) = run(&plan);
        assert!(packets.windows(2).all(|pair| pair[0].time <= pair[1].time), "{profile:?}");
        assert!(packets.first().unwrap().time >= plan.start);
        assert!(packets.last().unwrap().time < truth.end);
        assert!(packets.iter().all(|packet| (60..=1514).contains(&packet.bytes.len())), "{profile:?}");
        assert_eq!(truth.packets, packets.len() as u64);
        assert_eq!(truth.bytes, packets.iter().map(|packet| packet.bytes.len() as u64).sum::<u64>());
    }
}

#[test]
fn an_hour_of_sixty_devices_is_a_modest_file_that_shows_every_weakness() {
    let (packets, truth) = run(&plan(Profile::Hospital, 60, 3600, 1));
    assert!((7_200..=32_000).contains(&packets.len()), "{} packets", packets.len());
    assert_eq!(truth.devices.len(), 60);
    let shown: BTreeSet<&str> =
        truth.devices.iter().flat_map(|device| &device.weaknesses).map(|weakness| weakness.id()).collect();
    let all = [
        Weakness::ClearCredentials,
        Weakness::ClearPatientData,
        Weakness::DefaultCredential,
        Weakness::EndOfLifeOs,
        Weakness::ObsoleteTls,
        Weakness::RdpWithoutNla,
        Weakness::SharedHostKey,
        Weakness::Smb1,
    ];
    assert_eq!(shown, all.iter().map(|weakness| weakness.id()).collect());
    assert!(truth.retransmitted > 0 && truth.reordered > 0 && truth.delivered_twice > 0);
    let silent: Vec<&str> = truth
        .devices
        .iter()
        .filter(|device| device.protocols.is_empty())
        .map(|device| device.id.as_str())
        .collect();
    assert!(silent.is_empty(), "never heard of: {silent:?}");
    let shared: Vec<_> =
        truth.devices.iter().filter(|device| device.weaknesses.contains(&Weakness::SharedHostKey)).collect();
    assert!(shared.len() >= 2, "a key is shared by two or more");
}

#[test]
fn what_devices_told_stands_in_the_bytes() {
    let (packets, truth) = run(&plan(Profile::Hospital, 60, 1800, 2));
    let bytes: Vec<u8> = packets.iter().flat_map(|packet| packet.bytes.iter().copied()).collect();
    let stands = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let mut checked = 0;
    for device in &truth.devices {
        if let (true, Some(serial)) = (device.told.contains(&Attribute::Serial), &device.serial) {
            assert!(stands(serial), "{} {serial}", device.id);
            checked += 1;
        }
        if let (true, Some(title)) = (device.told.contains(&Attribute::AeTitle), &device.ae_title) {
            assert!(stands(title), "{} {title}", device.id);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn devices_have_addresses_and_serials_of_their_own() {
    let (_, truth) = run(&plan(Profile::Hospital, 2_000, 1, 9));
    let macs: BTreeSet<_> = truth.devices.iter().flat_map(|device| &device.macs).collect();
    let ips: BTreeSet<_> = truth.devices.iter().flat_map(|device| &device.ips).collect();
    let patients: BTreeSet<_> = truth.patients.iter().map(|patient| &patient.id).collect();
    assert_eq!(macs.len(), 2_000);
    assert!(ips.len() >= 2_000, "the router has several");
    let listed = truth.devices.iter().map(|device| device.ips.len()).sum::<usize>();
    assert_eq!(ips.len(), listed - 1, "one address passes from one handheld to another");
    assert_eq!(patients.len(), truth.patients.len());
}

#[test]
fn a_day_has_a_night_and_devices_come_back_with_other_addresses() {
    let plan = plan(Profile::Hospital, 60, 24 * 3600, 8);
    let mut messages = Messages::new(&plan, &[]).unwrap();
    let mut sessions = [0_u32; 24];
    for message in messages.by_ref() {
        let hour = message.time.0.div_euclid(3600 * Timestamp::SECOND).rem_euclid(24) as usize;
        if matches!(&message.event, Event::Flow(flow) if flow.record.protocol == "tls") {
            sessions[hour] += 1;
        }
    }
    assert!(sessions[10] > 5 * sessions[2].max(1), "{sessions:?}");
    let truth = messages.truth();
    let moved: Vec<_> = truth.devices.iter().filter(|device| !device.addresses.is_empty()).collect();
    assert!(!moved.is_empty(), "nobody has another address after a day");
    for device in moved {
        assert!(device.addresses.iter().all(|(time, ip)| *time >= plan.start && device.ips.contains(ip)));
        assert!(matches!(device.class, "it.ws" | "mon.vs" | "phleb.id" | "phleb.kiosk"), "{}", device.class);
    }
}

#[test]
fn plans_that_cannot_be_carried_out_are_refused() {
    let refuse = |plan: &Plan| Simulation::new(plan).map(|_| ()).unwrap_err();
    assert_eq!(refuse(&plan(Profile::Hospital, DEVICES_MIN - 1, 60, 1)), PlanError::Devices(DEVICES_MIN - 1));
    assert_eq!(refuse(&plan(Profile::Hospital, DEVICES_MAX + 1, 60, 1)), PlanError::Devices(DEVICES_MAX + 1));
    assert_eq!(refuse(&plan(Profile::Hospital, 60, 0, 1)), PlanError::Duration(0));
    assert_eq!(refuse(&plan(Profile::Hospital, 60, u64::MAX, 1)), PlanError::Duration(u64::MAX));
    let early = Plan { start: Timestamp(-1), ..plan(Profile::Hospital, 60, 60, 1) };
    assert_eq!(refuse(&early), PlanError::Start(Timestamp(-1)));
}

#[test]
fn profiles_are_found_by_name() {
    for profile in Profile::ALL {
        assert_eq!(Profile::from_name(profile.name()), Some(*profile));
    }
    assert_eq!(Profile::from_name("circus"), None);
}
