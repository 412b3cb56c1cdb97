//! Captures mutated thousands of times: no panic, no packet beyond its file, the same answer twice.

use std::io::Cursor;
use wardline_wire::Frame;
use wardline_wire::capture::{Batch, Captures, LinkType};
use wardline_wire::frame::{Body, Fragments, Transport};

/// xorshift64: the same mutations in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

fn v4(protocol: u8, place: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let place = place.to_be_bytes();
    let head = [
        0x45, 0, length[0], length[1], 0, 7, place[0], place[1], 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    [&head[..], payload].concat()
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0x60, 0, 0, 0, length[0], length[1], next, 64][..], &[0xfe; 32], payload].concat()
}

/// Packets of every layer, with the link type they belong to.
fn packets() -> Vec<(u16, Vec<u8>)> {
    let udp = [&[0, 53, 0xc0, 1, 0, 28, 0, 0][..], &[7; 20]].concat();
    let tcp = [
        &[0, 104, 0xc0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x18, 1, 0, 0, 0, 0, 0, 2, 4, 5, 0xb4][..],
        b"data",
    ]
    .concat();
    let chain = [
        &[60, 0, 0, 0, 0, 0, 0, 0, 43, 0, 1, 4, 0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0][..],
        &[17, 0, 0, 1, 0, 0, 0, 9],
        &udp,
    ]
    .concat();
    let ethernet = |kind: u16, rest: &[u8]| [&[0x02; 12][..], &kind.to_be_bytes(), rest].concat();
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &v4(17, 0, &udp)].concat();
    let carried = ethernet(0x0800, &v4(17, 0, &udp));
    let over_udp = |port: u16, header: &[u8], rest: &[u8]| {
        let payload = [header, rest].concat();
        let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
        let port = port.to_be_bytes();
        let datagram = [&[0xc0, 1, port[0], port[1], length[0], length[1], 0, 0][..], &payload].concat();
        ethernet(0x0800, &v4(17, 0, &datagram))
    };
    let wireless = [&[8, 1, 0, 0][..], &[2; 18], &[0x10, 0], &snap].concat();
    let tags = [&[0, 5, 0x81, 0, 0, 6, 8, 0][..], &v4(6, 0, &tcp)].concat();
    vec![
        (1, ethernet(0x0800, &v4(6, 0, &tcp))),
        (1, ethernet(0x86dd, &v6(0, &chain))),
        (1, ethernet(u16::try_from(snap.len()).unwrap(), &snap)),
        (1, ethernet(0x88a8, &tags)),
        (1, ethernet(0x8847, &[&[0, 1, 1, 9][..], &v4(17, 0, &udp)].concat())),
        (1, ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 50, 0, 0x21][..], &v4(17, 0, &udp)].concat())),
        (1, ethernet(0x0800, &v4(17, 0x2000, &udp[..16]))),
        (1, ethernet(0x0800, &v4(17, 2, &udp[16..]))),
        (1, over_udp(4789, &[8, 0, 0, 0, 0, 0, 5, 0], &carried)),
        (1, over_udp(6081, &[1, 0, 0x65, 0x58, 0, 0, 5, 0, 0, 1, 0, 0], &carried)),
        (1, over_udp(2152, &[0x34, 0xff, 0, 60, 0, 0, 0, 9, 0, 0, 0, 0x85, 1, 0, 0, 0], &v4(17, 0, &udp))),
        (1, over_udp(5247, &[0, 0x10, 0x43, 0, 0, 0, 0, 0], &wireless)),
        (1, over_udp(1701, &[0, 2, 0, 5, 0, 6, 0, 0x21], &v4(17, 0, &udp))),
        (1, over_udp(37008, &[1, 0, 0, 1, 10, 1, 9, 1], &carried)),
        (
            1,
            ethernet(
                0x0800,
                &v4(
                    47,
                    0,
                    &[
                        &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0][..],
                        &carried,
                    ]
                    .concat(),
                ),
            ),
        ),
        (1, ethernet(0x0800, &v4(4, 0, &v4(17, 0x2000, &udp[..16])))),
        (1, ethernet(0x8847, &[&[0, 1, 1, 9, 0, 0, 0, 0][..], &carried].concat())),
        (127, [&[0, 0, 9, 0, 2, 0, 0, 0, 0x10][..], &wireless, &[0; 4]].concat()),
        (239, [&[2, 0, 0, 1, 52, 0, 9, 0][..], &v4(17, 0, &udp)].concat()),
        (192, [&[0, 0, 8, 0, 105, 0, 0, 0][..], &wireless].concat()),
        (0, [&[2, 0, 0, 0][..], &v4(6, 0, &tcp)].concat()),
        (9, [&[0xff, 3, 0, 0x57][..], &v6(6, &tcp)].concat()),
        (101, v6(17, &udp)),
        (113, [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0][..], &v4(6, 0, &tcp)].concat()),
        (
            276,
            [&[0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0][..], &v6(6, &tcp)].concat(),
        ),
    ]
}

fn pcap(packets: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut file = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
    for ((_, bytes), second) in packets.iter().zip(1_u32..) {
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        file.extend([&second.to_le_bytes()[..], &[0; 4], &length, &length, bytes].concat());
    }
    file
}

fn pcapng(packets: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padding = &[0; 3][..body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(body.len().next_multiple_of(4) + 12).unwrap().to_be_bytes();
        [&kind.to_be_bytes()[..], &length, body, padding, &length].concat()
    };
    let mut file = block(0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat());
    for (link, _) in packets {
        let link = link.to_be_bytes();
        file.extend(block(1, &[link[0], link[1], 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 6, 0, 0, 0, 0, 0, 0, 0]));
    }
    for ((_, bytes), interface) in packets.iter().zip(0_u32..) {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        file.extend(block(
            6,
            &[&interface.to_be_bytes()[..], &[0, 0, 0, 1, 2, 3, 4, 5], &length, &length, bytes].concat(),
        ));
    }
    file.extend(block(
        5,
        &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0],
    ));
    file
}

/// Changes a few bytes, or cuts, doubles or moves a stretch.
fn mutate(noise: &mut Noise, bytes: &mut Vec<u8>) {
    for _ in 0..=noise.below(4) {
        let at = noise.below(bytes.len());
        let length = noise.below((bytes.len() - at).min(64));
        match noise.below(8) {
            0..=3 if at < bytes.len() => {
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, noise.next().to_le_bytes()[0]][noise.below(6)];
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + length)),
            6 => {
                let copy = bytes[at..at + length].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.extend((0..length).map(|_| noise.next().to_le_bytes()[0])),
        }
    }
}

/// Reads a capture to its end and decodes all of it; a sum of everything seen.
fn digest(bytes: &[u8]) -> Option<(u64, usize, String)> {
    let mut captures = Captures::from_reader("mutated", Box::new(Cursor::new(bytes.to_vec()))).ok()?;
    let mut batch = Batch::default();
    let mut fragments = Fragments::default();
    let (mut packets, mut held) = (0_u64, 0);
    while captures.next_batch(&mut batch) {
        for head in &batch.packets {
            packets += 1;
            let packet = batch.packet(head);
            assert_eq!(packet.len(), usize::try_from(head.captured).unwrap());
            held += decode(head.link, packet, &mut fragments, head.place.time);
        }
    }
    let file = &captures.files()[0];
    assert_eq!(file.packets, packets);
    assert!(!file.truncated || file.problem.is_some(), "what is cut is said");
    Some((packets, held, format!("{file:?} {:?}", fragments.counters())))
}

/// Payload bytes found; never more than there are.
fn decode(link: LinkType, bytes: &[u8], fragments: &mut Fragments, time: wardline_model::Timestamp) -> usize {
    let frame = Frame::decode(link, bytes);
    let Body::Ip(packet) = frame.body else { return 0 };
    if let Some(whole) = fragments.add(&packet, time)
        && let Ok(whole) = whole.packet()
    {
        let inner = frame.with_packet(whole);
        if let Body::Ip(packet) = inner.body {
            let _ = packet.transport();
            let _ = fragments.add(&packet, time);
        }
    }
    let payload = match packet.transport() {
        Transport::Tcp(segment) => segment.payload.len() + segment.options.len(),
        Transport::Udp(datagram) => datagram.payload.len(),
        Transport::Other(_, payload) => payload.len(),
        Transport::Undecoded(_) => 0,
    };
    assert!(payload <= packet.payload.len() && packet.payload.len() <= bytes.len());
    payload
}

#[test]
fn mutated_captures_are_read_to_their_end() {
    let packets = packets();
    let originals = [pcap(&packets), pcapng(&packets)];
    let ethernet = packets.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    assert!(originals.iter().all(|file| digest(file).is_some_and(|seen| seen.0 == 25)), "{ethernet}");
    let compressed = zstd::stream::encode_all(originals[0].as_slice(), 3).unwrap();
    let mut noise = Noise(0x5eed_1234_abcd_0001);
    let mut read = 0;
    for round in 0..20_000 {
        let mut file = if round % 10 == 0 { compressed.clone() } else { originals[round % 2].clone() };
        mutate(&mut noise, &mut file);
        let seen = digest(&file);
        if round % 16 == 0 {
            assert_eq!(seen, digest(&file), "the same bytes give the same");
        }
        if let Some((packets, held, _)) = seen {
            read += 1;
            // Every packet has a head of 16 bytes at least, but for what was compressed.
            assert!(round % 10 == 0 || packets <= u64::try_from(file.len() / 16).unwrap());
            assert!(round % 10 == 0 || held <= file.len());
        }
    }
    assert!(read > 10_000, "most mutations leave a capture: {read}");
}

#[test]
fn mutated_packets_are_decoded_under_every_link_type() {
    let packets = packets();
    let mut noise = Noise(0x5eed_5678_abcd_0002);
    let mut fragments = Fragments::default();
    for round in 0..60_000_usize {
        let (link, mut bytes) = packets[round % packets.len()].clone();
        mutate(&mut noise, &mut bytes);
        let link = if round % 5 == 0 { u16::try_from(noise.below(300)).unwrap() } else { link };
        decode(
            LinkType(link),
            &bytes,
            &mut fragments,
            wardline_model::Timestamp(i64::try_from(round).unwrap()),
        );
    }
    assert!(fragments.counters().fragments > 1000);
}
