//! Attacks: each shows, is told truly, and changes nothing else.

use std::net::IpAddr;
use wardline_model::Timestamp;
use wardline_simulate::{Attack, Packet, Plan, PlanError, Profile, Simulation, TrueAttack, Truth};

fn plan(seed: u64, seconds: u64) -> Plan {
    let start = Timestamp(1_772_434_800 * Timestamp::SECOND);
    Plan { profile: Profile::Hospital, devices: 70, seed, start, duration_seconds: seconds }
}

fn run(plan: &Plan, attacks: &[Attack]) -> (Vec<Packet>, Truth) {
    let mut simulation = Simulation::attacked(plan, attacks).unwrap();
    let packets = simulation.by_ref().collect();
    (packets, simulation.truth().clone())
}

#[test]
fn an_attack_adds_frames_and_changes_no_other() {
    let plan = plan(5, 700);
    let (benign, truth) = run(&plan, &[]);
    assert!(truth.attacks.is_empty());
    let (attacked, truth) = run(&plan, Attack::ALL);
    let mut left = benign.iter().peekable();
    let mut added = 0_u64;
    for packet in &attacked {
        if left.next_if(|own| *own == packet).is_none() {
            added += 1;
        }
    }
    assert_eq!(left.count(), 0, "every frame of the hospital is there, in order");
    let told: u64 = truth.attacks.iter().map(|attack| attack.frames).sum();
    assert_eq!(added, told, "and all others are told");
}

#[test]
fn an_attack_is_the_same_beside_others() {
    let plan = Plan { devices: 40, ..plan(6, 500) };
    let frames = |truth: &Truth| -> Vec<(Attack, u64, u64)> {
        truth.attacks.iter().map(|a: &TrueAttack| (a.attack, a.frames, a.flow_count)).collect()
    };
    let (_, all) = run(&plan, Attack::ALL);
    for attack in Attack::ALL {
        let (_, alone) = run(&plan, &[*attack]);
        let alone = frames(&alone);
        assert!(frames(&all).contains(&alone[0]), "{alone:?}");
    }
}

#[test]
fn each_attack_shows_and_is_told() {
    let (packets, truth) = run(&plan(7, 1200), Attack::ALL);
    assert_eq!(truth.attacks.iter().map(|a| a.attack).collect::<Vec<_>>(), Attack::ALL);
    for attack in &truth.attacks {
        let name = attack.attack.name();
        let (first, last) = (attack.first.unwrap(), attack.last.unwrap());
        let begin = truth.start.0 + attack.attack.begins_after() as i64 * Timestamp::SECOND;
        assert!((begin..begin + 5 * Timestamp::SECOND).contains(&first.0.0), "{name}");
        assert!(last.0 > first.0 && attack.frames >= 40, "{name}: {} frames", attack.frames);
        assert!(!attack.victims.is_empty(), "{name}");
        assert!(truth.devices.iter().any(|device| device.id == attack.attacker), "{name}");
        assert_eq!(packets[first.1 as usize - 1].time, first.0, "{name}: its first frame is that one");
        assert_eq!(packets[last.1 as usize - 1].time, last.0, "{name}");
        let loose = matches!(attack.attack, Attack::ArpSpoofing | Attack::RogueDhcp);
        assert_eq!(attack.flow_count == 0, loose, "{name}: {} flows", attack.flow_count);
        assert_eq!(attack.loose_frames.len() as u64 >= attack.frames, loose, "{name}");
        let outside = matches!(attack.attack, Attack::Beaconing | Attack::Exfiltration);
        assert_eq!(attack.outside.is_some(), outside, "{name}");
        for flow in &attack.flows {
            assert_eq!(packets[flow.first_frame as usize - 1].time, flow.start, "{name}");
        }
    }
    let exfiltration = truth.attacks.iter().find(|a| a.attack == Attack::Exfiltration).unwrap();
    assert!(matches!(exfiltration.outside, Some(IpAddr::V4(ip)) if ip.octets()[..3] == [198, 51, 100]));
}

#[test]
fn a_capture_that_ends_before_the_attack_is_refused() {
    let error = Simulation::attacked(&plan(1, 300), &[Attack::Exfiltration]).map(|_| ()).unwrap_err();
    assert_eq!(error, PlanError::TooShort(Attack::Exfiltration));
    assert!(error.to_string().contains("exfiltration begins after"), "{error}");
    assert!(Simulation::attacked(&plan(1, 300), &[Attack::Scan]).is_ok());
}

#[test]
fn attacks_are_found_by_name() {
    for attack in Attack::ALL {
        assert_eq!(Attack::from_name(attack.name()), Some(*attack));
    }
    assert_eq!(Attack::from_name("flood"), None);
}
