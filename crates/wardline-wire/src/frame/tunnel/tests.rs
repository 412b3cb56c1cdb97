//! Carriers by hand, byte by byte from the standards, and their neighbours: cut, another port, a wrong field.

use crate::Frame;
use crate::capture::LinkType;
use crate::frame::{Body, Fragments, LinkProtocol, Transport, Tunnels};
use std::net::{IpAddr, Ipv4Addr};
use wardline_model::{Mac, Timestamp};

const OUTER: [u8; 6] = [0x00, 0x1b, 0x21, 0x01, 0x02, 0x03];
const INNER: [u8; 6] = [0x00, 0x80, 0x48, 0x0a, 0x0b, 0x0c];
const INSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));

fn ethernet_from(source: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[0x00, 0x15, 0x5d, 9, 9, 9], &source[..], &kind.to_be_bytes(), payload].concat()
}

fn v4_from(source: [u8; 4], protocol: u8, place: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let place = place.to_be_bytes();
    let head = [0x45, 0, length[0], length[1], 0, 7, place[0], place[1], 64, protocol, 0, 0];
    [&head[..], &source, &[192, 0, 2, 1], payload].concat()
}

fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    v4_from([10, 0, 0, 1], protocol, 0, payload)
}

fn v6(prefix: [u8; 4], next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [0x60, 0, 0, 0, length[0], length[1], next, 64];
    [&head[..], &prefix, &[1; 12], &prefix, &[2; 12], payload].concat()
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    [&[0xc0, 0x00][..], &port.to_be_bytes(), &length, &[0, 0], payload].concat()
}

/// The packet that is inside of everything.
fn inside() -> Vec<u8> {
    v4_from([192, 0, 2, 9], 17, 0, &udp(9, b"ping"))
}

fn inside6() -> Vec<u8> {
    v6([0x20, 1, 0, 0], 17, &udp(9, b"ping"))
}

fn in_ethernet() -> Vec<u8> {
    ethernet_from(INNER, 0x0800, &inside())
}

fn over_udp(port: u16, parts: &[&[u8]]) -> Vec<u8> {
    ethernet_from(OUTER, 0x0800, &v4(17, &udp(port, &parts.concat())))
}

fn over_ip(protocol: u8, parts: &[&[u8]]) -> Vec<u8> {
    ethernet_from(OUTER, 0x0800, &v4(protocol, &parts.concat()))
}

fn in_wlan(control: [u8; 2], rest: &[u8]) -> Vec<u8> {
    let addresses = [&[0x0a; 6], &INNER[..], &[0x0b; 6]].concat();
    [&control[..], &[0, 0], &addresses, &[0x10, 0x20], rest].concat()
}

fn logical() -> Vec<u8> {
    [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &inside()].concat()
}

/// What a frame was opened to: the carriers, the sender's address on the link, the packet's length.
fn opened(link: LinkType, bytes: &[u8]) -> (String, Option<Mac>, Option<u32>) {
    let frame = Frame::decode(link, bytes);
    let length = match frame.body {
        Body::Ip(packet) => match packet.transport() {
            Transport::Udp(datagram) if datagram.payload == b"ping" && datagram.missing == 0 => {
                Some(packet.length)
            }
            _ => None,
        },
        Body::Link(..) | Body::Undecoded(_) => None,
    };
    (frame.tunnels.to_string(), frame.source, length)
}

/// A carrier: the name it is given, whether a frame is inside, the bytes.
type Carried = (&'static str, bool, Vec<u8>);

fn carriers() -> Vec<Carried> {
    [over_link_and_ip(), over_gre(), over_ports()].concat()
}

/// With an ethertype, or a protocol number of IP.
fn over_link_and_ip() -> Vec<Carried> {
    let ip = inside();
    let six = inside6();
    let frame = in_ethernet();
    let session_length = u16::try_from(ip.len() + 2).unwrap().to_be_bytes();
    let link = |kind, parts: &[&[u8]]| ethernet_from(OUTER, kind, &parts.concat());
    let outer6 =
        |next, parts: &[&[u8]]| ethernet_from(OUTER, 0x86dd, &v6([0xfd, 0, 0, 0], next, &parts.concat()));
    vec![
        ("mpls", false, link(0x8847, &[&[0, 1, 0, 64, 0, 1, 0x11, 64], &ip])),
        ("mpls", false, link(0x8848, &[&[0, 1, 1, 64], &six])),
        ("mpls", true, link(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0], &frame])),
        ("mpls", true, link(0x8847, &[&[0, 1, 1, 64], &frame])),
        ("mpls", false, over_ip(137, &[&[0, 1, 1, 64], &ip])),
        ("802.1ah", true, link(0x88e7, &[&[0, 0, 0, 9], &frame])),
        ("fabricpath", true, link(0x8903, &[&[0, 0x60], &frame])),
        ("ipip", false, over_ip(4, &[&ip])),
        ("6in4", false, over_ip(41, &[&six])),
        ("4in6", false, outer6(4, &[&ip])),
        ("6in6", false, outer6(41, &[&six])),
        ("l2tp", true, over_ip(115, &[&[0, 0, 0, 5], &frame])),
        ("etherip", true, over_ip(97, &[&[0x30, 0], &frame])),
        (
            "ipip/vxlan",
            true,
            over_ip(4, &[&v4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0][..], &frame].concat()))]),
        ),
        ("pppoe", true, link(0x8864, &[&[0x11, 0, 0, 1], &session_length, &[0, 0x21], &ip])),
    ]
}

/// GRE and ERSPAN.
fn over_gre() -> Vec<Carried> {
    let ip = inside();
    let six = inside6();
    let frame = in_ethernet();
    let ppp_length = u16::try_from(ip.len() + 4).unwrap().to_be_bytes();
    vec![
        ("gre", false, over_ip(47, &[&[0, 0, 8, 0], &ip])),
        ("gre", false, over_ip(47, &[&[0xb0, 0, 0x86, 0xdd], &[1; 12], &six])),
        ("gre", true, over_ip(47, &[&[0x20, 0, 0x65, 0x58, 0, 0, 9, 0], &frame])),
        ("gre", false, over_ip(47, &[&[0, 0, 0x88, 0x3e, 0, 80, 0, 0], &ip])),
        ("gre", false, over_ip(47, &[&[0, 0, 0x88, 0x3e], &ip])),
        ("gre", false, over_ip(47, &[&[0, 0, 0x89, 0x09, 1, 1, 0, 1, 0, 5, 8, 0], &ip])),
        (
            "gre",
            false,
            over_ip(47, &[&[0x30, 0x81, 0x88, 0x0b], &ppp_length, &[0; 10], &[0xff, 3, 0, 0x21], &ip]),
        ),
        ("gre", false, over_udp(4754, &[&[0, 0, 8, 0], &ip])),
        ("gre", false, over_ip(47, &[&[0, 0, 0x88, 0x47, 0, 1, 1, 64], &ip])),
        ("erspan", true, over_ip(47, &[&[0, 0, 0x88, 0xbe], &frame])),
        (
            "erspan",
            true,
            over_ip(47, &[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &[0x10, 5, 0, 9, 0, 0, 0, 0], &frame]),
        ),
        (
            "erspan",
            true,
            over_ip(47, &[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &[0x20, 5, 0, 9], &[0; 8], &frame]),
        ),
        (
            "erspan",
            true,
            over_ip(
                47,
                &[
                    &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1],
                    &[0x20, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1],
                    &[7; 8],
                    &frame,
                ],
            ),
        ),
        (
            "erspan",
            false,
            over_ip(
                47,
                &[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &[0x20, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0x08, 0], &ip],
            ),
        ),
        (
            "erspan/vxlan/ipip",
            false,
            over_ip(
                47,
                &[&[0, 0, 0x88, 0xbe], &over_udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &over_ip(4, &[&ip])])],
            ),
        ),
    ]
}

/// With a port.
fn over_ports() -> Vec<Carried> {
    let ip = inside();
    let six = inside6();
    let frame = in_ethernet();
    let ip_length = u16::try_from(ip.len()).unwrap().to_be_bytes();
    let gtp_length = u16::try_from(ip.len() + 12).unwrap().to_be_bytes();
    let wlan = in_wlan([0x08, 0x01], &logical());
    let swapped = in_wlan([0x01, 0x08], &logical());
    vec![
        ("mpls", false, over_udp(6635, &[&[0, 1, 1, 64], &ip])),
        ("vxlan", true, over_udp(4789, &[&[8, 0, 0, 0, 0, 0, 5, 0], &frame])),
        ("vxlan", true, over_udp(8472, &[&[0x88, 0, 0, 9, 0, 0, 5, 0], &frame])),
        ("vxlan-gpe", false, over_udp(4790, &[&[0x0c, 0, 0, 1, 0, 0, 5, 0], &ip])),
        ("vxlan-gpe", true, over_udp(4790, &[&[0x0c, 0, 0, 3, 0, 0, 5, 0], &frame])),
        (
            "geneve",
            true,
            over_udp(6081, &[&[2, 0, 0x65, 0x58, 0, 0, 5, 0], &[0, 1, 0x80, 1, 0, 0, 0, 1], &frame]),
        ),
        ("geneve", false, over_udp(6081, &[&[0, 0x40, 0x86, 0xdd, 0, 0, 5, 0], &six])),
        (
            "teredo",
            false,
            over_udp(3544, &[&[0, 1, 0, 0], &[1; 8], &[0], &[0, 0, 0xff, 1, 1, 2, 3, 4], &six]),
        ),
        ("teredo", false, over_udp(50_000, &[&six])),
        ("capwap", true, over_udp(5247, &[&[0, 0x10, 0, 0, 0, 0, 0, 0], &frame])),
        (
            "capwap",
            true,
            over_udp(5247, &[&[0, 0x20, 0x03, 0x20, 0, 0, 0, 0], &[4, 1, 2, 3, 4, 0, 0, 0], &wlan]),
        ),
        ("capwap", true, over_udp(5247, &[&[0, 0x10, 0x43, 0, 0, 0, 0, 0], &swapped])),
        ("gtp", false, over_udp(2152, &[&[0x30, 0xff], &ip_length, &[0, 0, 0, 9], &ip])),
        (
            "gtp",
            false,
            over_udp(
                2152,
                &[&[0x34, 0xff], &gtp_length, &[0, 0, 0, 9], &[0, 0, 0, 0x85, 2, 0, 9, 0, 0, 0, 0, 0], &ip],
            ),
        ),
        ("l2tp", false, over_udp(1701, &[&[0, 2, 0, 5, 0, 6], &[0xff, 3, 0, 0x21], &ip])),
        ("l2tp", true, over_udp(1701, &[&[0, 3, 0, 0, 0, 0, 0, 5], &[9; 8], &frame])),
        ("tzsp", true, over_udp(37008, &[&[1, 0, 0, 1], &[10, 1, 0xc5, 0, 1], &frame])),
    ]
}

#[test]
fn every_carrier_leads_to_the_packet_inside() {
    for (name, framed, bytes) in carriers() {
        let (tunnels, source, length) = opened(LinkType::ETHERNET, &bytes);
        assert_eq!(tunnels, name, "{bytes:02x?}");
        // The address of the tunnel's end is never given to a host inside.
        let expected = framed.then_some(Mac(if name == "pppoe" { OUTER } else { INNER }));
        assert_eq!(source, expected, "{name}");
        assert!(matches!(length, Some(32 | 52)), "{name}: {length:?}");
    }
}

#[test]
fn what_is_cut_is_opened_as_far_as_it_fits() {
    for (name, _, bytes) in carriers() {
        for end in 14..bytes.len() {
            let frame = Frame::decode(LinkType::ETHERNET, &bytes[..end]);
            if frame.tunnels.to_string() != name {
                continue;
            }
            let Body::Ip(packet) = frame.body else { panic!("{name} cut at {end}: {frame:?}") };
            assert_eq!(
                packet.payload.len() + usize::try_from(packet.missing).unwrap(),
                12,
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_packet_longer_than_its_carrier_is_not_one() {
    for (name, _, mut bytes) in carriers() {
        // Frames say their length in no header, and some carriers on the link do not either.
        if matches!(bytes[12], 0x88 | 0x89) {
            continue;
        }
        let position = bytes.windows(8).position(|bytes| bytes[..2] == [0x45, 0] && bytes[2..4] == [0, 32]);
        let Some(position) = position.filter(|position| *position > 30) else { continue };
        bytes[position + 3] = 60;
        let (tunnels, ..) = opened(LinkType::ETHERNET, &bytes);
        assert_ne!(tunnels, name);
    }
}

#[test]
fn ports_and_numbers_alone_open_nothing() {
    let noise: Vec<u8> = (0..120_u8).map(|byte| byte.wrapping_mul(89).wrapping_add(41)).collect();
    let words = b"GET / HTTP/1.1\r\nHost: an.example\r\nAccept: text/html\r\n\r\n";
    for port in super::udp::PORTS {
        for payload in [&noise[..], words, &[0; 64], &[0xff; 64], &[8; 3], &[]] {
            let bytes = over_udp(port, &[payload]);
            let frame = Frame::decode(LinkType::ETHERNET, &bytes);
            assert!(frame.tunnels.is_empty(), "{port} {payload:02x?}");
            assert_eq!(frame.source, Some(Mac(OUTER)));
        }
    }
    for protocol in [4, 41, 47, 97, 115, 137] {
        for payload in [&noise[..], words, &[0; 64], &[0x45; 10]] {
            let bytes = over_ip(protocol, &[payload]);
            assert!(
                Frame::decode(LinkType::ETHERNET, &bytes).tunnels.is_empty(),
                "{protocol} {payload:02x?}"
            );
        }
    }
    let frame = in_ethernet();
    let closed = [
        over_udp(4788, &[&[8, 0, 0, 0, 0, 0, 5, 0], &frame]),
        // No flag; a control message; DTLS; a piece; a keep-alive; the wrong length; a session of none.
        over_udp(4789, &[&[0, 0, 0, 0, 0, 0, 5, 0], &frame]),
        over_udp(5247, &[&[1, 0, 0, 0, 0, 0, 0, 0], &frame]),
        over_udp(5247, &[&[0, 0x10, 0, 0x80, 0, 0, 0, 0], &frame]),
        over_udp(5247, &[&[0, 0x10, 0, 0x08, 0, 0, 0, 0], &frame]),
        over_udp(2152, &[&[0x30, 0xff, 0, 9, 0, 0, 0, 9], &inside()]),
        over_udp(1701, &[&[0x80, 2, 0, 5, 0, 6], &[0xff, 3, 0, 0x21], &inside()]),
        over_udp(1701, &[&[0, 2, 0, 0, 0, 6], &[0xff, 3, 0, 0x21], &inside()]),
        over_udp(50_000, &[&v6([0x20, 2, 0, 0], 17, &udp(9, b"ping"))]),
        over_ip(47, &[&[0x40, 0, 8, 0], &inside()]),
        over_ip(47, &[&[0x20, 1, 8, 0, 0, 0, 0, 0], &inside()]),
    ];
    for bytes in closed {
        assert!(Frame::decode(LinkType::ETHERNET, &bytes).tunnels.is_empty(), "{bytes:02x?}");
    }
}

#[test]
fn a_pseudo_wire_is_opened_only_where_the_frame_speaks_for_itself() {
    let mpls = |parts: &[&[u8]]| ethernet_from(OUTER, 0x8847, &parts.concat());
    let oam = mpls(&[&[0, 1, 1, 64], &[0x10, 0, 0, 7], &[0x20; 24]]);
    assert!(matches!(
        Frame::decode(LinkType::ETHERNET, &oam).body,
        Body::Link(LinkProtocol::EtherType(0x8847), _)
    ));
    // The addresses of the frame begin as a packet does.
    let mut frame = in_ethernet();
    frame[0] = 0x45;
    let bytes = mpls(&[&[0, 1, 1, 64], &frame]);
    assert_eq!(opened(LinkType::ETHERNET, &bytes).0, "mpls");
    assert_eq!(opened(LinkType::ETHERNET, &bytes).1, Some(Mac(INNER)));
}

#[test]
fn stacks_are_bounded() {
    let mut packet = inside();
    for _ in 0..Tunnels::MAX {
        packet = v4(4, &packet);
    }
    assert_eq!(opened(LinkType::RAW, &packet).2, Some(32));
    let packet = v4(4, &packet);
    assert!(matches!(Frame::decode(LinkType::RAW, &packet).body, Body::Undecoded(crate::Fault::TooLarge(_))));
}

#[test]
fn pieces_outside_and_inside_are_put_together_first() {
    let mut fragments = Fragments::default();
    let inner = inside();
    // The packet inside comes in two pieces, and each of them in two outside.
    let pieces =
        [v4_from([192, 0, 2, 9], 17, 0x2000, &inner[20..28]), v4_from([192, 0, 2, 9], 17, 1, &inner[28..])];
    let mut found = None;
    for (number, piece) in (1_u8..).zip(pieces) {
        let (first, second) = piece.split_at(16);
        let mut outside = [v4_from([10, 0, 0, 1], 4, 0x2000, first), v4_from([10, 0, 0, 1], 4, 2, second)];
        outside.iter_mut().for_each(|packet| packet[5] = number);
        for bytes in &outside {
            let bytes = ethernet_from(OUTER, 0x0800, bytes);
            let frame = Frame::decode(LinkType::ETHERNET, &bytes);
            let Body::Ip(ip) = frame.body else { panic!() };
            assert!(frame.tunnels.is_empty() && ip.fragment.is_some());
            let Some(whole) = fragments.complete(&frame, Timestamp(0)) else { continue };
            let frame = whole.frame().unwrap();
            let Body::Ip(ip) = frame.body else { panic!() };
            let Transport::Udp(udp) = ip.transport() else { panic!() };
            found = Some((frame.tunnels.to_string(), frame.source, ip.source, udp.payload == b"ping"));
        }
    }
    assert_eq!(found, Some(("ipip".to_owned(), None, INSIDE, true)));
}

#[test]
fn wireless_frames_name_stations_and_not_access_points() {
    let radiotap = |flags: u8, frame: &[u8]| [&[0, 0, 9, 0, 2, 0, 0, 0, flags][..], frame].concat();
    let to_system = in_wlan([0x08, 0x01], &logical());
    let from_system = in_wlan([0x08, 0x02], &logical());
    let quality = in_wlan([0x88, 0x01], &[&[0, 0][..], &logical()].concat());
    let padded = in_wlan([0x88, 0x01], &[&[0, 0, 0, 0][..], &logical()].concat());
    let bridged = in_wlan([0x08, 0x03], &[&INNER[..], &logical()].concat());
    let length = u16::try_from(logical().len()).unwrap().to_be_bytes();
    let aggregate = in_wlan(
        [0x88, 0x01],
        &[&[0x80, 0, 1, 1, 1, 1, 1, 1], &INNER[..], &length, &logical(), &[0; 9]].concat(),
    );
    let ppi = [&[0, 0, 8, 0, 105, 0, 0, 0][..], &to_system].concat();
    let prism = [&[0x44, 0, 0, 0, 144, 0, 0, 0][..], &[0; 136], &to_system].concat();
    let avs = [&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64][..], &[0; 56], &to_system].concat();
    let stamped = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[7; 8], &[0x10], &to_system, &[9; 4]].concat();
    let cases = [
        (LinkType::IEEE802_11, to_system.clone(), INNER),
        (LinkType::IEEE802_11, from_system, [0x0b; 6]),
        (LinkType::IEEE802_11, quality.clone(), INNER),
        (LinkType::IEEE802_11, bridged, INNER),
        (LinkType::IEEE802_11, aggregate, INNER),
        (LinkType::RADIOTAP, radiotap(0, &to_system), INNER),
        (LinkType::RADIOTAP, radiotap(0x10, &[&quality[..], &[1, 2, 3, 4]].concat()), INNER),
        (LinkType::RADIOTAP, radiotap(0x20, &padded), INNER),
        (LinkType::RADIOTAP, stamped, INNER),
        (LinkType::PPI, ppi, INNER),
        (LinkType::PRISM, prism, INNER),
        (LinkType::PRISM, avs.clone(), INNER),
        (LinkType::AVS, avs, INNER),
    ];
    for (link, bytes, source) in cases {
        let (tunnels, found, length) = opened(link, &bytes);
        assert_eq!(
            (tunnels.as_str(), found, length),
            ("", Some(Mac(source)), Some(32)),
            "{link:?} {bytes:02x?}"
        );
    }
    fn refused(bytes: &[u8]) -> Frame<'_> {
        Frame::decode(LinkType::IEEE802_11, bytes)
    }
    let locked = in_wlan([0x08, 0x41], &logical());
    let locked = refused(&locked);
    assert_eq!(locked.body, Body::Undecoded(crate::Fault::Unsupported("encrypted 802.11 frame")));
    assert_eq!(locked.source, Some(Mac(INNER)));
    for control in [[0x80, 0], [0xd4, 0], [0x48, 1], [0x08, 5], [0x0c, 0], [0x0b, 0x0b]] {
        assert!(matches!(refused(&in_wlan(control, &logical())).body, Body::Undecoded(_)), "{control:02x?}");
    }
    let bad = radiotap(0x40, &to_system);
    assert!(matches!(Frame::decode(LinkType::RADIOTAP, &bad).body, Body::Undecoded(_)));
}

#[test]
fn links_of_fewer_captures_lead_to_the_packet_too() {
    let (ip, frame, logical) = (inside(), in_ethernet(), logical());
    let pktap = [&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0][..], &[0; 96], &frame].concat();
    let payload = u16::try_from(ip.len() + 4).unwrap().to_le_bytes();
    let nflog = [&[2, 0, 0, 1, 5, 0, 10, 0, 9, 0, 0, 0][..], &payload, &[9, 0], &ip].concat();
    let tagged = [&frame[..12], &[0xc0, 0, 0, 5], &frame[12..]].concat();
    let longer = [&frame[..12], &[0xda, 0xda, 0, 0, 0xc0, 0, 0, 5], &frame[12..]].concat();
    let cases = [
        (LinkType::PKTAP, pktap.clone()),
        (LinkType::USER2, pktap),
        (LinkType::NFLOG, nflog),
        (LinkType::JUNIPER_ETHERNET, [b"MGC\x00", &frame[..]].concat()),
        (LinkType::JUNIPER_ETHERNET, [b"MGC\x80\x00\x02\x01\x00", &frame[..]].concat()),
        (LinkType::NETANALYZER, [&[0; 4], &frame[..]].concat()),
        (LinkType::FDDI, [&[0x50; 13], &logical[..]].concat()),
        (LinkType::TOKEN_RING, [&[0x10; 8][..], &[0x80, 1, 1, 1, 1, 1], &[2, 0], &logical[..]].concat()),
        (LinkType::FRAME_RELAY, [&[0x18, 0x41, 3, 0xcc], &ip[..]].concat()),
        (LinkType::FRAME_RELAY, [&[0x18, 0x41, 8, 0], &ip[..]].concat()),
        (LinkType::FRAME_RELAY, [&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0], &ip[..]].concat()),
        (LinkType::ATM_RFC1483, logical.clone()),
        (LinkType::SUN_ATM, [&[2, 0, 0, 5], &logical[..]].concat()),
        (LinkType::SUN_ATM, [&[1, 0, 0, 5, 0, 1], &frame[..]].concat()),
        (LinkType::ARCNET_LINUX, [&[1, 2, 0, 0, 212, 0, 0, 9], &ip[..]].concat()),
        (LinkType::ARCNET, [&[1, 2, 240], &ip[..]].concat()),
        (LinkType::SLIP, [&[0; 16], &ip[..]].concat()),
        (LinkType::IP_OVER_FC, [&[0; 16], &logical[..]].concat()),
        (LinkType::FIREWIRE, [&[0; 16][..], &[8, 0], &ip[..]].concat()),
        (LinkType::PPP_WITH_DIR, [&[1, 0xff, 3, 0, 0x21], &ip[..]].concat()),
        (LinkType::PPP_WITH_DIR, [&[0, 0x21], &ip[..]].concat()),
        (LinkType::PPP_PPPD, [&[1, 3, 0, 0x21], &ip[..]].concat()),
        (LinkType::DSA_MARVELL, tagged),
        (LinkType::DSA_MARVELL_ETHERTYPE, longer),
        (LinkType::DSA_BROADCOM_BEFORE, [&[0; 4], &frame[..]].concat()),
    ];
    for (link, bytes) in cases {
        assert_eq!(opened(link, &bytes).2, Some(32), "{link:?} {bytes:02x?}");
    }
    let nested = [&[0, 0, 8, 0, 192, 0, 0, 0][..], &[0, 0, 8, 0, 1, 0, 0, 0], &frame].concat();
    assert!(matches!(Frame::decode(LinkType::PPI, &nested).body, Body::Undecoded(crate::Fault::TooLarge(_))));
}
