//! Frames by hand, byte by byte from the standards, and their neighbours: cut, padded, lying.

use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use wardline_model::{Mac, Timestamp};

const SOURCE: [u8; 6] = [0x00, 0x1b, 0x21, 0x01, 0x02, 0x03];
const DESTINATION: [u8; 6] = [0x00, 0x80, 0x48, 0x0a, 0x0b, 0x0c];

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    joined(&[&DESTINATION, &SOURCE, &kind.to_be_bytes(), payload])
}

/// An IPv4 packet; `place` is the flags and offset field.
fn v4(protocol: u8, identification: u16, place: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let length = u16::try_from(header + payload.len()).unwrap().to_be_bytes();
    let first = 0x40 | u8::try_from(header / 4).unwrap();
    let (id, place) = (identification.to_be_bytes(), place.to_be_bytes());
    let fixed = [first, 0, length[0], length[1], id[0], id[1], place[0], place[1], 64, protocol, 0, 0];
    joined(&[&fixed, &[10, 0, 0, 1], &[10, 0, 0, 2], options, payload])
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let (source, destination) =
        (Ipv6Addr::LOCALHOST.octets(), Ipv6Addr::from(0xfe80_u128 << 112 | 7).octets());
    joined(&[&[0x60, 0, 0, 0], &length, &[next, 63], &source, &destination, payload])
}

fn udp(length: u16, payload: &[u8]) -> Vec<u8> {
    joined(&[&[0x00, 0x35, 0xc0, 0x01], &length.to_be_bytes(), &[0xab, 0xcd], payload])
}

fn tcp(offset: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let fixed =
        [0x00, 0x68, 0xc0, 0x02, 0, 0, 0, 9, 0, 0, 0, 8, offset << 4, 0x18, 0x10, 0, 0x12, 0x34, 0, 0];
    joined(&[&fixed, options, payload])
}

#[track_caller]
fn packet<'a>(link: LinkType, bytes: &'a [u8]) -> IpPacket<'a> {
    match Frame::decode(link, bytes).body {
        Body::Ip(packet) => packet,
        other => panic!("no IP packet: {other:?}"),
    }
}

#[track_caller]
fn datagram<'a>(link: LinkType, bytes: &'a [u8]) -> UdpDatagram<'a> {
    match packet(link, bytes).transport() {
        Transport::Udp(datagram) => datagram,
        other => panic!("no datagram: {other:?}"),
    }
}

#[test]
fn ethernet_carries_addresses_tags_and_ip() {
    let inner = v4(17, 7, 0, &[], &udp(12, b"ping"));
    let tagged = joined(&[
        &[0x00, 0x64],
        &[0x81, 0x00],
        &[0xe0, 0x00],
        &[0x81, 0x00],
        &[0x20, 0xc8, 0x08, 0x00],
        &inner,
    ]);
    let bytes = ethernet(0x88a8, &tagged);
    let frame = Frame::decode(LinkType::ETHERNET, &bytes);
    assert_eq!(frame.source, Some(Mac(SOURCE)));
    assert_eq!(frame.destination, Some(Mac(DESTINATION)));
    // The tag in the middle is priority only.
    assert_eq!(frame.vlans.ids(), [100, 200]);
    let ip = packet(LinkType::ETHERNET, &bytes);
    assert_eq!(ip.source, Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!((ip.ttl, ip.identification, ip.length, ip.missing, ip.fragment), (64, 7, 32, 0, None));
    let udp = datagram(LinkType::ETHERNET, &bytes);
    assert_eq!((udp.source, udp.destination, udp.checksum), (0x35, 0xc001, 0xabcd));
    assert_eq!((udp.payload, udp.missing), (&b"ping"[..], 0));
}

#[test]
fn link_padding_is_no_payload() {
    let mut bytes = ethernet(0x0800, &v4(6, 1, 0, &[], &tcp(5, &[], &[])));
    bytes.resize(60, 0);
    match packet(LinkType::ETHERNET, &bytes).transport() {
        Transport::Tcp(segment) => assert_eq!((segment.payload, segment.missing), (&[][..], 0)),
        other => panic!("{other:?}"),
    }
    let mut bytes = ethernet(0x86dd, &v6(59, &[]));
    bytes.resize(60, 0);
    assert!(packet(LinkType::ETHERNET, &bytes).payload.is_empty());
}

#[test]
fn every_link_leads_to_the_same_packet() {
    let four = v4(17, 0, 0, &[], &udp(12, b"ping"));
    let six = v6(17, &udp(12, b"ping"));
    let snap = joined(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &four]);
    let length = u16::try_from(snap.len()).unwrap();
    let cooked = |kind: [u8; 2], rest: &[u8]| joined(&[&[0, 0, 0, 1, 0, 6], &SOURCE, &[0, 0], &kind, rest]);
    let cooked2 = joined(&[&[0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6], &SOURCE, &[0, 0], &six]);
    let frames = [
        (LinkType::ETHERNET, ethernet(length, &joined(&[&snap, &[0; 9]]))),
        (LinkType::ETHERNET, ethernet(0x8847, &joined(&[&[0, 1, 0, 64, 0, 1, 0x11, 64], &four]))),
        (LinkType::ETHERNET, ethernet(0x8864, &joined(&[&[0x11, 0, 0, 1, 0, 54, 0, 0x57], &six]))),
        (LinkType::ETHERNET, ethernet(0x8909, &joined(&[&[1, 1, 0, 1, 0, 4, 8, 0], &four]))),
        (LinkType::ETHERNET, ethernet(0x8903, &joined(&[&[0, 0x60], &ethernet(0x0800, &four)]))),
        (LinkType::ETHERNET, ethernet(0x88e7, &joined(&[&[0, 0, 0, 9], &ethernet(0x0800, &four)]))),
        (LinkType::LINUX_SLL, cooked([0x08, 0x00], &four)),
        (LinkType::LINUX_SLL, cooked([0x81, 0x00], &joined(&[&[0, 5, 0x86, 0xdd], &six]))),
        (LinkType::LINUX_SLL, cooked([0x00, 0x04], &snap)),
        (LinkType::LINUX_SLL2, cooked2),
        (LinkType::NULL, joined(&[&[2, 0, 0, 0], &four])),
        (LinkType::NULL, joined(&[&[0, 0, 0, 2], &four])),
        (LinkType::NULL, joined(&[&[30, 0, 0, 0], &six])),
        (LinkType::LOOP, joined(&[&[0, 0, 0, 24], &six])),
        (LinkType::RAW, four.clone()),
        (LinkType::RAW, six.clone()),
        (LinkType::RAW_BSD, four.clone()),
        (LinkType::RAW_BSD, joined(&[&[0, 0, 0, 2], &four])),
        (LinkType::RAW_OPENBSD, six.clone()),
        (LinkType::IPV4, four.clone()),
        (LinkType::IPV6, six.clone()),
        (LinkType::PPP, joined(&[&[0xff, 3, 0, 0x21], &four])),
        (LinkType::PPP_HDLC, joined(&[&[0x57], &six])),
        (LinkType::PPP_ETHER, joined(&[&[0x11, 0, 0, 1, 0, 34, 0, 0x21], &four])),
        (LinkType::C_HDLC, joined(&[&[0x0f, 0, 8, 0], &four])),
    ];
    for (link, bytes) in &frames {
        let udp = datagram(*link, bytes);
        assert_eq!((udp.payload, udp.missing), (&b"ping"[..], 0), "{link:?} {bytes:02x?}");
        for end in 0..bytes.len() {
            let frame = Frame::decode(*link, &bytes[..end]);
            if let Body::Ip(ip) = frame.body
                && let Transport::Udp(cut) = ip.transport()
            {
                assert_eq!(
                    cut.payload.len() + usize::try_from(cut.missing).unwrap(),
                    4,
                    "{link:?} cut at {end}"
                );
            }
        }
    }
    let source = Frame::decode(frames[6].0, &frames[6].1).source;
    assert_eq!(
        (source, Frame::decode(frames[9].0, &frames[9].1).source),
        (Some(Mac(SOURCE)), Some(Mac(SOURCE)))
    );
}

#[test]
fn protocols_of_the_link_are_named() {
    let cases: &[(u16, &[u8], LinkProtocol, &[u8])] = &[
        (0x0806, &[1], LinkProtocol::Arp, &[1]),
        (0x888e, &[2], LinkProtocol::Eapol, &[2]),
        (0x88cc, &[3], LinkProtocol::Lldp, &[3]),
        (0x8892, &[4], LinkProtocol::EtherType(0x8892), &[4]),
        (4, &[0x42, 0x42, 3, 9, 0, 0], LinkProtocol::Stp, &[9]),
        (9, &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 7, 0, 0], LinkProtocol::Cdp, &[7]),
        (9, &[0xaa, 0xaa, 3, 0, 0, 0x0c, 1, 0x0b, 8], LinkProtocol::Snap(0x0c, 0x010b), &[8]),
        (5, &[0xf0, 0xf0, 0, 1, 5], LinkProtocol::Llc(0xf0), &[5]),
    ];
    for (kind, payload, protocol, rest) in cases {
        let bytes = ethernet(*kind, payload);
        assert_eq!(Frame::decode(LinkType::ETHERNET, &bytes).body, Body::Link(*protocol, rest));
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let fault = |link, bytes: &[u8]| match Frame::decode(link, bytes).body {
        Body::Undecoded(fault) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(LinkType(300), &[0; 80]), Fault::Unsupported("link type"));
    assert_eq!(fault(LinkType::ETHERNET, &[0; 13]), Fault::Truncated("Ethernet header"));
    assert_eq!(fault(LinkType::ETHERNET, &ethernet(0x05e0, &[0; 40])), Fault::Malformed("Ethernet length"));
    assert_eq!(
        fault(LinkType::ETHERNET, &ethernet(0x8100, &[0x81, 0].repeat(60))),
        Fault::TooLarge("stack of tags")
    );
    assert_eq!(
        fault(LinkType::ETHERNET, &ethernet(0x8847, &[0; 90])),
        Fault::TooLarge("stack of MPLS labels")
    );
    assert_eq!(fault(LinkType::ETHERNET, &ethernet(0x0800, &v6(6, &[]))), Fault::Malformed("IPv4 version"));
    assert_eq!(fault(LinkType::IPV6, &v4(6, 0, 0, &[], &[])), Fault::Malformed("IPv6 version"));
    assert_eq!(fault(LinkType::IPV4, &[0x44; 30]), Fault::Malformed("IPv4 header length"));
    assert_eq!(
        fault(LinkType::IPV4, &[&[0x45, 0, 0, 19][..], &[0; 30]].concat()),
        Fault::Malformed("IPv4 total length")
    );
    assert_eq!(fault(LinkType::RAW, &[0x51]), Fault::Malformed("IP version"));
    assert_eq!(fault(LinkType::NULL, &[7, 0, 0, 0, 1]), Fault::Unsupported("loopback address family"));
    let chain = v6(60, &[60, 0, 0, 0, 0, 0, 0, 0].repeat(17));
    assert_eq!(fault(LinkType::IPV6, &chain), Fault::TooLarge("chain of IPv6 extension headers"));
    assert_eq!(fault(LinkType::IPV6, &v6(60, &[6, 9, 0, 0])), Fault::Malformed("IPv6 extension header"));
}

#[test]
fn ipv4_options_and_offloaded_lengths() {
    let bytes = v4(17, 0, 0, &[1; 8], &udp(12, b"ping"));
    assert_eq!(datagram(LinkType::RAW, &bytes).payload, b"ping");
    assert_eq!(packet(LinkType::RAW, &bytes).length, 40);
    let mut bytes = v4(6, 0, 0, &[], &tcp(5, &[], &[7; 3000]));
    bytes[2..4].fill(0);
    assert_eq!(
        (packet(LinkType::RAW, &bytes).length, packet(LinkType::RAW, &bytes).payload.len()),
        (3040, 3020)
    );
    let mut bytes = v6(17, &udp(0, &[7; 90]));
    bytes[4..6].fill(0);
    assert_eq!(datagram(LinkType::RAW, &bytes).payload.len(), 90);
}

#[test]
fn udp_lengths_that_lie() {
    let read = |length, payload: &[u8]| {
        let bytes = v4(17, 0, 0, &[], &udp(length, payload));
        match packet(LinkType::RAW, &bytes).transport() {
            Transport::Udp(udp) => Ok((udp.payload.len(), udp.missing)),
            Transport::Undecoded(fault) => Err(fault),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(read(12, b"ping"), Ok((4, 0)));
    assert_eq!(read(0, b"ping"), Ok((4, 0)));
    assert_eq!(read(8, b"ping"), Ok((0, 0)));
    assert_eq!(read(10, b"ping"), Ok((2, 0)));
    assert_eq!(read(7, b"ping"), Err(Fault::Malformed("UDP length")));
    // More than the packet has was not on the wire either.
    assert_eq!(read(500, b"ping"), Ok((4, 0)));
}

#[test]
fn tcp_headers_whole_cut_and_lying() {
    let bytes = v4(6, 0, 0, &[], &tcp(6, &[2, 4, 5, 0xb4], b"hello"));
    let Transport::Tcp(segment) = packet(LinkType::RAW, &bytes).transport() else { panic!() };
    assert_eq!(
        (segment.source, segment.destination, segment.sequence, segment.acknowledgement),
        (0x68, 0xc002, 9, 8)
    );
    assert_eq!((segment.flags, segment.window, segment.checksum), (0x18, 0x1000, 0x1234));
    assert_eq!((segment.options, segment.payload, segment.missing), (&[2, 4, 5, 0xb4][..], &b"hello"[..], 0));
    // Cut in the options: what there is, and the whole payload missing.
    let Transport::Tcp(segment) = packet(LinkType::RAW, &bytes[..42]).transport() else { panic!() };
    assert_eq!((segment.options, segment.payload, segment.missing), (&[2, 4][..], &[][..], 5));
    // Cut in the payload.
    let Transport::Tcp(segment) = packet(LinkType::RAW, &bytes[..46]).transport() else { panic!() };
    assert_eq!((segment.payload, segment.missing), (&b"he"[..], 3));
    // Cut in the fixed header.
    let cut = packet(LinkType::RAW, &bytes[..39]).transport();
    assert_eq!(cut, Transport::Undecoded(Fault::Truncated("TCP header")));
    let lies = v4(6, 0, 0, &[], &tcp(15, &[], b"hello"));
    let malformed = Transport::Undecoded(Fault::Malformed("TCP data offset"));
    assert_eq!(packet(LinkType::RAW, &lies).transport(), malformed);
    assert_eq!(packet(LinkType::RAW, &v4(6, 0, 0, &[], &tcp(4, &[], b"hello"))).transport(), malformed);
    let short = v4(6, 0, 0, &[], &[0; 19]);
    assert_eq!(
        packet(LinkType::RAW, &short).transport(),
        Transport::Undecoded(Fault::Malformed("TCP header"))
    );
    let icmp = v4(1, 0, 0, &[], &[8, 0]);
    assert_eq!(packet(LinkType::RAW, &icmp).transport(), Transport::Other(1, &[8, 0]));
}

#[test]
fn ipv6_extension_headers_are_stepped_over() {
    let chain = joined(&[
        &[43, 0, 1, 4, 0, 0, 0, 0],
        &[60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[51, 0, 1, 10, 0, 0, 0, 0],
        &[44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5],
        &[17, 0, 0, 0, 0, 0, 0, 9],
        &udp(12, b"ping"),
    ]);
    let bytes = v6(0, &chain);
    let ip = packet(LinkType::IPV6, &bytes);
    assert_eq!((ip.protocol, ip.identification, ip.fragment, ip.ttl), (17, 9, None, 63));
    assert_eq!(datagram(LinkType::IPV6, &bytes).payload, b"ping");
    // Cut inside the chain: the addresses stay, the transport is not guessed.
    let cut = packet(LinkType::IPV6, &bytes[..50]);
    assert_eq!((cut.protocol, cut.missing), (43, 66));
    assert_eq!(cut.transport(), Transport::Undecoded(Fault::Truncated("IPv6 extension header")));
}

#[test]
fn jumbograms_are_as_long_as_their_option_says() {
    let options = [17, 0, 0xc2, 4, 0, 1, 0x86, 0xa0];
    let mut bytes = v6(0, &joined(&[&options, &udp(0, &[5; 100])]));
    bytes[4..6].fill(0);
    let ip = packet(LinkType::IPV6, &bytes);
    assert_eq!((ip.length, ip.missing), (100_040, 99_884));
    assert_eq!(datagram(LinkType::IPV6, &bytes).missing, 99_884);
}

/// Adds the pieces in this order, a second apart; what came out and the counters.
fn reassemble(pieces: &[Vec<u8>]) -> (Vec<Reassembled>, FragmentCounters) {
    let mut fragments = Fragments::default();
    let whole = pieces
        .iter()
        .zip(0_i64..)
        .filter_map(|(bytes, second)| {
            fragments.add(&IpPacket::decode(bytes).unwrap(), Timestamp(second * Timestamp::SECOND))
        })
        .collect();
    (whole, fragments.counters())
}

/// A piece of a datagram of 40 bytes: from and to in units of 8.
fn piece(from: u16, to: u16) -> Vec<u8> {
    let whole = udp(40, &(0..32).collect::<Vec<u8>>());
    let more = if to < 5 { 0x2000 } else { 0 };
    v4(17, 77, from | more, &[], &whole[usize::from(from) * 8..usize::from(to) * 8])
}

#[test]
fn pieces_in_any_order_make_the_packet() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let pieces = [piece(0, 2), piece(2, 4), piece(4, 5)];
        let (whole, counters) = reassemble(&order.map(|index: usize| pieces[index].clone()));
        assert_eq!((whole.len(), counters.fragments, counters.reassembled), (1, 3, 1), "{order:?}");
        let packet = whole[0].packet().unwrap();
        assert_eq!((packet.length, packet.missing, packet.protocol, packet.identification), (100, 0, 17, 77));
        let Transport::Udp(udp) = packet.transport() else { panic!() };
        assert_eq!(udp.payload, (0..32).collect::<Vec<u8>>());
    }
}

#[test]
fn ipv6_pieces_may_hide_further_headers() {
    let whole = joined(&[&[17, 0, 1, 4, 0, 0, 0, 0], &udp(24, &[9; 16])]);
    let piece = |from: u8, to: u8, more: u8| {
        let head = [60, 0, 0, (from * 8) | more, 1, 2, 3, 4];
        v6(44, &joined(&[&head, &whole[usize::from(from) * 8..usize::from(to) * 8]]))
    };
    let (packets, _) = reassemble(&[piece(2, 4, 0), piece(0, 2, 1)]);
    let Transport::Udp(udp) = packets[0].packet().unwrap().transport() else { panic!() };
    assert_eq!(udp.payload, [9; 16]);
    assert_eq!(packets[0].identification, 0x0102_0304);
}

#[test]
fn twice_is_normal_and_overlap_is_not() {
    let (whole, counters) = reassemble(&[piece(0, 2), piece(0, 2), piece(2, 5), piece(2, 5)]);
    assert_eq!((whole.len(), counters.duplicates), (1, 1));
    let (whole, counters) = reassemble(&[piece(0, 3), piece(2, 5)]);
    assert_eq!((whole.len(), counters.overlapping), (0, 1));
    let mut other = piece(0, 2);
    other[30] ^= 1;
    let (whole, counters) = reassemble(&[piece(0, 2), other, piece(2, 5)]);
    assert_eq!((whole.len(), counters.overlapping), (0, 1));
    // Two ends, and something behind the end.
    let (whole, counters) = reassemble(&[v4(17, 77, 4, &[], &[0; 8]), piece(0, 4), piece(4, 5)]);
    assert_eq!((whole.len(), counters.overlapping), (1, 0), "the first was complete, the rest begins anew");
    let (whole, counters) = reassemble(&[v4(17, 77, 6 | 0x2000, &[], &[0; 8]), piece(4, 5)]);
    assert_eq!((whole.len(), counters.overlapping), (0, 1));
}

#[test]
fn impossible_pieces_are_left_out() {
    let odd = v4(17, 1, 0x2000, &[], &[0; 12]);
    let empty = v4(17, 1, 0x2001, &[], &[]);
    let beyond = v4(17, 1, 0x1fff, &[], &[0; 16]);
    let tiny = v4(6, 1, 0x2000, &[], &[0; 8]);
    let (whole, counters) = reassemble(&[odd, empty, beyond, tiny]);
    assert_eq!((whole.len(), counters.malformed, counters.tiny), (0, 3, 1));
}

#[test]
fn a_cut_piece_leaves_the_rest_missing() {
    let cut = piece(2, 4)[..30].to_vec();
    let (whole, _) = reassemble(&[piece(0, 2), cut, piece(4, 5)]);
    assert_eq!((whole[0].payload.len(), whole[0].missing), (26, 14));
    let packet = whole[0].packet().unwrap();
    let Transport::Udp(udp) = packet.transport() else { panic!() };
    assert_eq!((udp.payload.len(), udp.missing), (18, 14));
}

#[test]
fn waiting_is_bounded_in_time_and_number() {
    let mut fragments = Fragments::default();
    let first = piece(0, 2);
    let rest = piece(2, 5);
    let (first, rest) = (IpPacket::decode(&first).unwrap(), IpPacket::decode(&rest).unwrap());
    let at = |seconds: i64| Timestamp(seconds * Timestamp::SECOND);
    assert_eq!(fragments.add(&first, at(100)), None);
    assert_eq!(fragments.add(&rest, at(131)), None);
    assert_eq!((fragments.counters().timed_out, fragments.pending()), (1, 1));
    // The clock steps back a little: the same packet. By an hour: another one.
    assert!(fragments.add(&first, at(120)).is_some());
    assert_eq!(fragments.add(&first, at(5000)), None);
    assert_eq!(fragments.add(&rest, at(1400)), None);
    assert_eq!(fragments.counters().timed_out, 2);
    for flood in 0..20_000_u32 {
        let [_, _, a, b] = flood.to_be_bytes();
        let mut bytes = v4(17, u16::from_be_bytes([a, b]), 0x2000, &[], &[7; 1480]);
        bytes[12] = u8::try_from(flood >> 12).unwrap();
        assert_eq!(fragments.add(&IpPacket::decode(&bytes).unwrap(), at(6000)), None);
    }
    assert!(fragments.pending() <= 4096);
    assert!(fragments.counters().evicted > 15_000);
}

#[test]
fn too_many_pieces_end_a_packet() {
    let mut fragments = Fragments::default();
    for index in 0..200_u16 {
        let bytes = v4(17, 1, (index * 2) | 0x2000, &[], &[0; 8]);
        assert_eq!(fragments.add(&IpPacket::decode(&bytes).unwrap(), Timestamp(0)), None);
    }
    assert_eq!((fragments.counters().pieces_exceeded, fragments.pending()), (1, 1));
}
