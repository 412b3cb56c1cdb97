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

/// A TCP segment between a client (port 4000) and a server (port 80), in a raw IPv4 frame.
fn segment(to_server: bool, identification: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (from, to) = if to_server { (client, server) } else { (server, client) };
    let ports: [u16; 2] = if to_server { [4000, 80] } else { [80, 4000] };
    let length = u16::try_from(40 + payload.len()).unwrap();
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend(identification.to_be_bytes());
    bytes.extend([0, 0, 64, 6, 0, 0]);
    bytes.extend(from.iter().chain(&to));
    bytes.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    bytes.extend(sequence.to_be_bytes());
    let acknowledgement: u32 = if to_server { 501 } else { 101 };
    bytes.extend(acknowledgement.to_be_bytes());
    bytes.extend([0x50, flags, 16, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

fn run_frames(frames: Vec<Vec<u8>>) -> Analysis {
    let packets: Vec<Packet> = frames
        .into_iter()
        .zip(0_i64..)
        .map(|(bytes, number)| Packet { time: Timestamp(Timestamp::SECOND + number * 50_000), bytes })
        .collect();
    run(capture(&packets), 1)
}

#[test]
fn an_answer_before_its_syn_and_a_fin_before_its_data_are_one_connection() {
    let (syn, ack, fin) = (2, 0x10, 0x11);
    let mut analysis = run_frames(vec![
        segment(false, 1, 500, syn | ack, b""),
        segment(true, 1, 100, syn, b""),
        segment(true, 2, 101, ack, b"GET / HTTP/1.1\r\nHost: pump.example\r\n\r\n"),
        segment(true, 3, 139, fin, b""),
        segment(false, 2, 546, fin, b""),
        segment(false, 3, 501, ack, b"HTTP/1.1 204 No Content\r\nServer: late/1.0\r\n\r\n"),
    ]);
    let flows: Vec<_> = analysis.flows.sorted().unwrap().map(Result::unwrap).collect();
    assert_eq!(flows.len(), 1, "{flows:#?}");
    assert_eq!((flows[0].protocol, flows[0].server.port), ("http", Some(80)));
    assert_eq!((flows[0].packets_to_server, flows[0].packets_to_client), (3, 3));
    let said = format!("{:?}", analysis.sightings.observations.keys());
    assert!(said.contains("late"), "what came behind the FIN was lost: {said}");
}

#[test]
fn the_same_reset_again_is_no_copy_of_a_frame() {
    let reset = || segment(true, 0, 141, 4, b"");
    let analysis = run_frames(vec![segment(true, 1, 100, 2, b""), reset(), reset(), reset()]);
    assert_eq!(analysis.totals.duplicated_frames, 0);
    let copied = segment(true, 9, 141, 4, b"");
    assert_eq!(run_frames(vec![copied.clone(), copied]).totals.duplicated_frames, 1);
}

/// Datagrams from ever new addresses, and one conversation in their midst.
fn flood(count: u32) -> Vec<Vec<u8>> {
    let mut frames = vec![segment(true, 1, 100, 2, b""), segment(false, 1, 500, 0x12, b"")];
    for number in 0..count {
        let mut bytes = segment(true, 7, 0, 2, b"");
        bytes[26..30].copy_from_slice(&(0x2000_0000 + number).to_be_bytes());
        bytes[6..12].copy_from_slice(&[2, 9, 0, 0, 0, 0]);
        bytes[8..12].copy_from_slice(&number.to_be_bytes());
        frames.push(bytes);
    }
    frames.push(segment(true, 2, 101, 0x10, b""));
    frames
}

#[test]
fn a_flood_of_invented_senders_is_bounded_counted_and_costs_no_real_one() {
    let packets: Vec<Packet> = flood(60_000)
        .into_iter()
        .zip(0_i64..)
        .map(|(bytes, number)| Packet { time: Timestamp(Timestamp::SECOND + number * 50_000), bytes })
        .collect();
    let bytes = capture(&packets);
    let mut one = run(bytes.clone(), 1);
    assert!(one.sightings.hosts.len() < 30_000, "{} hosts", one.sightings.hosts.len());
    assert!(one.sightings.stations.len() < 40_000, "{} stations", one.sightings.stations.len());
    assert!(one.totals.shed_sightings > 60_000, "{}", one.totals.shed_sightings);
    let real: std::net::IpAddr = "10.0.0.2".parse().unwrap();
    assert!(one.sightings.hosts.keys().any(|host| host.ip == real), "the server was crowded out");
    let expected = text(&mut one, true);
    assert!(text(&mut run(bytes.clone(), 2), true) == expected, "2 threads differ");
    assert!(text(&mut run(bytes, 8), true) == expected, "8 threads differ");
}

#[test]
fn a_connection_seen_from_the_middle_makes_no_service_of_the_clients_port() {
    let mut packets = packets();
    // The same hospital without any SYN: every connection is picked up in the middle.
    let syn = |p: &Packet| {
        p.bytes.get(12..14) == Some(&[8, 0]) && p.bytes.get(23) == Some(&6) && p.bytes[47] & 2 != 0
    };
    let all = run(capture(&packets), 1);
    packets.retain(|p| !syn(p));
    let middle = run(capture(&packets), 1);
    let tcp = |a: &Analysis| -> Vec<_> {
        a.sightings.services.keys().filter(|s| s.transport == "tcp").map(|s| (s.server.ip, s.port)).collect()
    };
    let (known, guessed) = (tcp(&all), tcp(&middle));
    let wrong: Vec<_> = guessed.iter().filter(|s| !known.contains(s)).collect();
    assert!(guessed.len() * 2 > known.len(), "{} services of {}", guessed.len(), known.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn datagram(to_server: bool, ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let mut bytes = segment(to_server, 0, 0, 0, b"");
    let length = u16::try_from(28 + payload.len()).unwrap();
    bytes[16..18].copy_from_slice(&length.to_be_bytes());
    bytes[23] = 17;
    bytes.truncate(34);
    let ports = if to_server { ports } else { [ports[1], ports[0]] };
    bytes.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    bytes.extend((length - 20).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

#[test]
fn a_file_transfer_serves_at_its_well_known_port_and_media_serve_nowhere() {
    let block = [&[0, 3, 0, 1][..], b"contents"].concat();
    let mut frames = vec![
        datagram(true, [4000, 69], b"\0\x01boot\0octet\0"),
        datagram(false, [4000, 50_000], &block),
        datagram(true, [4000, 50_000], &[0, 4, 0, 1]),
    ];
    for number in 1..6 {
        let media = [0x80, 8, 0, number, 0, 0, 0, number * 20, 1, 2, 3, 4, 0xd5, 0xd5];
        frames.push(datagram(number % 2 == 0, [50_004, 40_004], &media));
        frames.push(datagram(number % 2 != 0, [50_004, 40_004], &media));
    }
    let analysis = run_frames(frames);
    let services: Vec<_> = analysis.sightings.services.keys().map(|s| (s.port, s.protocol)).collect();
    assert_eq!(services, [(69, "tftp")]);
}

/// The packet in a datagram of VXLAN, in two pieces when it is long.
fn tunnelled(packet: &Packet, number: u16) -> Vec<Packet> {
    let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    let inner = packet.bytes.len();
    let [l0, l1] = length(inner + 16);
    let datagram = [&[0xc0, 0, 0x12, 0xb5, l0, l1, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0][..], &packet.bytes].concat();
    let cut = if inner > 900 { 800 } else { datagram.len() };
    let (first, second) = datagram.split_at(cut);
    let mut pieces = vec![(first, if second.is_empty() { 0 } else { 0x2000 })];
    pieces.extend((!second.is_empty()).then_some((second, 100)));
    let [i0, i1] = number.to_be_bytes();
    let outer = |(bytes, place): (&[u8], u16)| {
        let ([l0, l1], [p0, p1]) = (length(20 + bytes.len()), place.to_be_bytes());
        let ip = [0x45, 0, l0, l1, i0, i1, p0, p1, 60, 17, 0, 0, 172, 31, 9, 1, 172, 31, 9, 2];
        let link = [&[0x02, 0, 0, 0, 9, 2, 0x02, 0, 0, 0, 9, 1][..], &[8, 0]].concat();
        Packet { time: packet.time, bytes: [&link[..], &ip, bytes].concat() }
    };
    pieces.into_iter().map(outer).collect()
}

#[test]
fn what_a_tunnel_carries_gives_the_same_as_without_it() {
    let packets = packets();
    let inside: Vec<Packet> = packets
        .iter()
        .zip((1..=u16::MAX).cycle())
        .flat_map(|(packet, number)| tunnelled(packet, number))
        .collect();
    let flows = |analysis: &mut Analysis| -> Vec<String> {
        let flows = analysis.flows.sorted().unwrap().map(Result::unwrap);
        let without = flows.map(|mut flow| {
            let tunnels: Vec<_> =
                flow.details.extract_if(.., |(key, _)| *key == wardline_model::DetailKey::Tunnel).collect();
            (tunnels, format!("{flow:?}"))
        });
        without.map(|(tunnels, flow)| format!("{tunnels:?} {flow}")).collect()
    };
    let mut plain = run(capture(&packets), 1);
    let mut carried = run(capture(&inside), 1);
    assert!(carried.totals.fragments > 20, "{:?}", carried.totals);
    assert_eq!(carried.totals.undecoded_packets, plain.totals.undecoded_packets);
    let expected: Vec<String> =
        flows(&mut plain).iter().map(|flow| flow.replacen("[]", "[(Tunnel, \"vxlan\")]", 1)).collect();
    assert_eq!(flows(&mut carried), expected);
    let mut threaded = run(capture(&inside), 3);
    assert_eq!(flows(&mut threaded), expected);
    let statements =
        |analysis: &Analysis| format!("{:?}", analysis.sightings.observations.keys().collect::<Vec<_>>());
    assert_eq!(statements(&carried), statements(&plain));
}
