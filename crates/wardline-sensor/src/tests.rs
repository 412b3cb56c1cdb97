//! The whole pipeline on a generated hospital: the same result however it is cut or shared out.

use crate::{Analysis, Options, analyse};
use std::fmt::Write;
use std::io::Cursor;
use wardline_model::Timestamp;
use wardline_simulate::{Packet, Plan, Profile, Simulation, pcap_header, pcap_record};
use wardline_wire::capture::Captures;

fn packets() -> Vec<Packet> {
    let start = Timestamp(1_772_434_800 * Timestamp::SECOND);
    let plan = Plan { profile: Profile::Hospital, devices: 40, seed: 7, start, duration_seconds: 900 };
    Simulation::new(&plan).unwrap().collect()
}

fn capture(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = pcap_header().to_vec();
    for packet in packets {
        bytes.extend(pcap_record(packet));
        bytes.extend(&packet.bytes);
    }
    bytes
}

fn run(bytes: Vec<u8>, threads: usize) -> Analysis {
    let mut captures = Captures::from_reader("generated", Box::new(Cursor::new(bytes))).unwrap();
    analyse(&mut captures, Options { threads, seed: 3 }, &mut |_| {}).unwrap()
}

/// Everything but file names, as text.
fn text(analysis: &mut Analysis, places: bool) -> String {
    let mut text = format!("{:?}\n", analysis.totals);
    for flow in analysis.flows.sorted().unwrap() {
        let _ = writeln!(text, "{:?}", flow.unwrap());
    }
    if places {
        let _ = writeln!(text, "{:#?}", analysis.sightings);
    } else {
        for (statement, seen) in &analysis.sightings.observations {
            let _ = writeln!(text, "{statement:?} {:?} {:?} {}", seen.first, seen.last, seen.count);
        }
    }
    text
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let bytes = capture(&packets());
    let mut one = run(bytes.clone(), 1);
    assert!(one.flows.len() > 100, "only {} flows", one.flows.len());
    assert!(one.sightings.observations.len() > 20, "only {} statements", one.sightings.observations.len());
    assert_eq!(one.totals.dissector_faults, 0);
    let expected = text(&mut one, true);
    for threads in [2, 3, 8] {
        assert!(text(&mut run(bytes.clone(), threads), true) == expected, "{threads} threads differ");
    }
}

#[test]
fn ten_files_give_the_same_as_one() {
    let packets = packets();
    let expected = text(&mut run(capture(&packets), 1), false);
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = packets
        .chunks(packets.len().div_ceil(10))
        .enumerate()
        .map(|(number, part)| {
            // Named against their order: time decides, not the name.
            let name = folder.path().join(format!("part-{}.pcap", 9 - number));
            std::fs::write(&name, capture(part)).unwrap();
            name
        })
        .rev()
        .collect();
    assert_eq!(names.len(), 10);
    let mut captures = Captures::open(&names).unwrap();
    let mut split = analyse(&mut captures, Options { threads: 2, seed: 9 }, &mut |_| {}).unwrap();
    assert!(text(&mut split, false) == expected, "ten files differ from one");
}

#[test]
fn frames_delivered_twice_are_left_out_and_counted() {
    let packets = packets();
    let doubled: Vec<Packet> = packets
        .iter()
        .flat_map(|packet| {
            let copy = Packet { time: Timestamp(packet.time.0 + 40_000), bytes: packet.bytes.clone() };
            [packet.clone(), copy]
        })
        .collect();
    let mut once = run(capture(&packets), 1);
    let mut twice = run(capture(&doubled), 1);
    let bytes = |analysis: &mut Analysis| -> u64 {
        let flows = analysis.flows.sorted().unwrap().map(Result::unwrap);
        flows
            .filter(|f| f.transport == wardline_model::Transport::Tcp)
            .map(|f| f.bytes_to_server + f.bytes_to_client)
            .sum()
    };
    let (single, double) = (bytes(&mut once), bytes(&mut twice));
    assert!(twice.totals.duplicated_frames > once.totals.duplicated_frames);
    assert!(double < single + single / 50, "{double} bytes counted instead of {single}");
}
