//! Seeds: inputs of the entry points, made of the scenarios and of a few packets built by hand.

use crate::entry::carriers;
use std::path::Path;
use wardline_protocols::{Carrier, PROTOCOLS};

/// Inputs for [`crate::entry::protocol`] out of every scenario of every protocol.
///
/// # Panics
/// When the scenarios cannot be read: they are part of the tree.
#[must_use]
pub fn protocol() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut seeds = Vec::new();
    for protocol in PROTOCOLS {
        let Ok(entries) = std::fs::read_dir(root.join(protocol.name)) else { continue };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "txt")) {
            let text = std::fs::read_to_string(file).unwrap();
            seeds.push(scenario(&text, protocol.carriers));
        }
    }
    seeds
}

/// Inputs for [`crate::entry::flow`]: the streams of the scenarios cut into segments, in and out of order.
#[must_use]
pub fn flow() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for script in protocol().iter().filter(|seed| seed.first() == Some(&0)) {
        let mut segments: Vec<Vec<u8>> = Vec::new();
        let mut sequence = [1_u16; 2];
        for (side, bytes) in records(script.get(6..).unwrap_or_default()) {
            for piece in bytes.chunks(200) {
                let at = &mut sequence[usize::from(side & 1)];
                let flags = (side & 1) << 7 | 0x18;
                let [high, low] = at.wrapping_add(0x100).to_be_bytes();
                let length = u8::try_from(piece.len()).unwrap_or(u8::MAX);
                segments.push([&[flags, high, low, 0, 0, length], piece].concat());
                *at = at.wrapping_add(u16::from(length));
            }
        }
        seeds.push(segments.concat());
        let turn = 2.min(segments.len());
        segments.rotate_left(turn);
        seeds.push(segments.concat());
        seeds.push(segments.iter().rev().flatten().copied().collect());
    }
    seeds
}

/// Inputs for [`crate::entry::document`]: a small one of each kind.
#[must_use]
pub fn document() -> Vec<Vec<u8>> {
    [
        r#"{"document":{"category":"csaf_vex","csaf_version":"2.0","publisher":{"category":"vendor","name":"n","namespace":"https://x"},"title":"t","tracking":{"current_release_date":"2024-01-01T00:00:00Z","id":"A-1","initial_release_date":"2024-01-01T00:00:00Z","revision_history":[{"date":"2024-01-01T00:00:00Z","number":"1","summary":"s"}],"status":"final","version":"1"}},"product_tree":{"branches":[{"category":"vendor","name":"V","branches":[{"category":"product_version","name":"1","product":{"name":"p","product_id":"P","product_identification_helper":{"purl":"pkg:npm/a@1"}}}]}],"product_groups":[{"group_id":"G","product_ids":["P","Q"]}]},"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"known_affected":["P"]},"scores":[{"products":["P"],"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL"}}],"flags":[{"label":"component_not_present","group_ids":["G"]}]}]}"#,
        r#"{"document":{"csaf_version":"2.1","license_expression":"MIT AND (Apache-2.0 OR LicenseRef-x)","distribution":{"sharing_group":{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff"},"tlp":{"label":"RED"}},"lang":"en-x-a"},"product_tree":{"branches":[{"category":"product_version_range","name":"vers:npm/>=1|<2"}]},"vulnerabilities":[{"metrics":[{"content":{"ssvc_v2":{}},"products":["a"]}]}]}"#,
        r#"{"format":"NVD_CVE","version":"2.0","vulnerabilities":[{"cve":{"id":"CVE-2024-0001","vulnStatus":"Analyzed","published":"x","lastModified":"x","descriptions":[{"lang":"en","value":"v"}],"configurations":[{"nodes":[{"operator":"OR","negate":true,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:b:c:*:*:*:*:*:*:*:*","matchCriteriaId":"x"}]}]}]}},{"cve":{}}]}"#,
        r#"{"CVE_data_type":"CVE","CVE_Items":[{"cve":{"CVE_data_meta":{"ID":"CVE-2019-0001"}},"configurations":{"nodes":[{"operator":"AND","children":[{"operator":"OR","cpe_match":[]}]}]}}]}"#,
        r#"{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2024-0001","state":"PUBLISHED"},"containers":{"cna":{"affected":[{"versions":[{"version":"1","status":"affected","lessThan":"2"}]}]},"adp":[{"metrics":[{"other":{"type":"ssvc","content":{"options":[{"Exploitation":"none"}]}}}]}]}}"#,
        r#"{"catalogVersion":"1","dateReleased":"x","count":1,"vulnerabilities":[{"cveID":"CVE-2024-0001","dateAdded":"2024-01-01"}]}"#,
        "#model_version:v1,score_date:2024-01-01T00:00:00Z\ncve,epss,percentile\nCVE-2024-0001,0.1,0.2\n",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","statements":[{"vulnerability":{"name":"CVE-2024-0001"},"status":"fixed","products":[{"@id":"pkg:a/b","subcomponents":[{"@id":"pkg:c/d"}]}]}]}"#,
        r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"n","bom-ref":"a","licenses":[{"license":{"id":"MIT"}}]}],"dependencies":[{"ref":"a"}],"vulnerabilities":[{"id":"CVE-2024-0001","affects":[{"ref":"a","versions":[{"version":"1"}]}],"analysis":{"state":"exploitable"}}]}"#,
        "<?xml version='1.0'?><bom xmlns='http://cyclonedx.org/schema/bom/1.4'><components><component type='library'><name>x</name><hashes><hash alg='MD5'>00</hash></hashes></component></components></bom>",
        "---\ntitle: x\nreleases:\n  - releaseCycle: \"1\"\n    eol: 2026-01-01\n---\ntext\n",
        "title: t\nlogsource: {product: x}\ndetection:\n  a:\n    - b|contains: 'c'\n  condition: a\n",
        r#"{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"SPDXRef-a"}],"relationships":[{"spdxElementId":"SPDXRef-a"}]}"#,
        "SPDXVersion: SPDX-2.2\nDataLicense: CC0-1.0\nPackageName: a\n",
        r#"{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--2"}]}"#,
        r#"{"catalog":{"uuid":"x","metadata":{"title":"t"}}}"#,
        "<nmaprun args='x'><host/><runstats/></nmaprun>",
        "<NessusClientData_v2><Report><ReportHost/></Report></NessusClientData_v2>",
        "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1\r",
        "H|\\^&|||Analyser\rR|1|x\rL|1|N\r",
        "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n1\t2\n",
        "{\"timestamp\":\"x\",\"event_type\":\"alert\"}\n{\"timestamp\":\"y\",\"event_type\":\"dns\"}\n",
        "config firewall policy\n  edit 1\n  next\nend\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], b"PK\x05\x06".repeat(6)])
    .collect()
}

/// Inputs for [`crate::entry::frame`]: one of each shape that the decoder knows.
#[must_use]
pub fn frame() -> Vec<Vec<u8>> {
    let tcp = tcp_packet(6, &[0x50, 0x18, 4, 0, 0, 0, 0, 0, b'h', b'i']);
    let ethernet = |kind: &[u8], body: &[u8]| [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], kind, body].concat();
    let six_body = [&[0, 80, 4, 0][..], &[0; 8], &[0x50, 0x18, 4, 0, 0, 0, 0, 0, b'x']].concat();
    let six =
        [&[0x60, 0, 0, 0, 0, 29, 0, 64][..], &[0x20; 32], &[6, 0, 1, 4, 0, 0, 0, 0], &six_body].concat();
    let mut first = tcp.clone();
    first[6] = 0x20;
    let mut second = tcp.clone();
    second[7] = 3;
    let link = |pick: u8, frames: &[Vec<u8>]| {
        let mut seed = vec![pick];
        for frame in frames {
            seed.extend(u16::try_from(frame.len()).unwrap_or(u16::MAX).to_be_bytes());
            seed.extend(frame);
        }
        seed
    };
    let sll = [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], tcp.as_slice()].concat();
    let sll2 = [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], tcp.as_slice()].concat();
    vec![
        link(0, &[ethernet(&[8, 0], &tcp), ethernet(&[0x86, 0xdd], &six)]),
        link(0, &[ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 8, 0], &tcp)]),
        link(0, &[ethernet(&[8, 0], &first), ethernet(&[8, 0], &second)]),
        link(0, &[ethernet(&[0, 8, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &tcp)]),
        link(1, &[sll]),
        link(2, &[sll2]),
        link(3, &[[&[2, 0, 0, 0], tcp.as_slice()].concat()]),
        link(4, &[[&[0, 0, 0, 2], tcp.as_slice()].concat()]),
        link(5, &[tcp.clone(), six.clone()]),
        link(6, std::slice::from_ref(&tcp)),
        link(7, &[six]),
        link(8, &[[&[0xff, 3, 0, 0x21], tcp.as_slice()].concat()]),
        link(10, &[[&[0x0f, 0, 8, 0], tcp.as_slice()].concat()]),
    ]
}

/// Inputs for [`crate::entry::capture`]: pcap in its byte orders, pcapng, with an Ethernet frame each.
#[must_use]
pub fn capture() -> Vec<Vec<u8>> {
    let frame =
        [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &tcp_packet(6, &[0x50, 2, 4, 0, 0, 0, 0, 0])];
    let mut frame = frame.concat();
    frame.resize(60, 0);
    let words = |little: bool, words: &[u32]| -> Vec<u8> {
        words.iter().flat_map(|w| if little { w.to_le_bytes() } else { w.to_be_bytes() }).collect()
    };
    let mut seeds = Vec::new();
    for little in [true, false] {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d] {
            let version = if little { 0x0004_0002 } else { 0x0002_0004 };
            let mut seed = words(little, &[magic, version, 0, 0, 65_535, 1]);
            for second in [7, 9, 8] {
                seed.extend(words(little, &[second, 5, 60, 60]));
                seed.extend(&frame);
            }
            seeds.push(seed);
        }
        let section = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
        let interface = if little {
            [1, 32, 1, 0, 0x0001_0009, 9, 0, 32]
        } else {
            [1, 32, 0x0001_0000, 0, 0x0009_0001, 0x0900_0000, 0, 32]
        };
        let mut seed = [words(little, &section), words(little, &interface)].concat();
        for at in 0..3 {
            seed.extend(words(little, &[6, 92, 0, 0x0005_0000, at, 60, 60]));
            seed.extend(&frame);
            seed.extend(words(little, &[92]));
        }
        seed.extend(words(little, &[3, 76, 60]));
        seed.extend(&frame);
        seed.extend(words(little, &[76]));
        seed.extend(words(little, &[5, 24, 0, 0x0005_0000, 9, 24]));
        seeds.push(seed);
    }
    seeds
}

/// An IPv4 packet of a protocol whose header begins with the ports 80 and 1024.
fn tcp_packet(protocol: u8, rest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(32 + rest.len()).unwrap_or(u8::MAX);
    let head = [0x45, 0, 0, length, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&head[..], &[0, 80, 4, 0, 0, 0, 0, 1, 0, 0, 0, 1], rest].concat()
}

/// A scenario as an input: see [`crate::entry::protocol`] for the form.
fn scenario(text: &str, rides_on: &[Carrier]) -> Vec<u8> {
    let mut seed = vec![0, 1, 0, 0, 0, 0];
    for line in text.lines().map(str::trim) {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "flow" | "midstream" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                let place = |wanted: &Carrier| carriers().iter().position(|carrier| carrier == wanted);
                let header = |c: &&Carrier| !matches!(c, Carrier::Stream | Carrier::Datagram);
                let carrier = match words.first() {
                    Some(&"tcp") => Some(0),
                    Some(&"udp") => Some(1),
                    _ => rides_on.iter().find(header).and_then(place),
                };
                seed[0] = carrier.and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
                seed[1] = u8::from(mark == "flow");
                let port = |at: usize| words.get(at).and_then(|word| word.parse::<u16>().ok()).unwrap_or(0);
                seed[2..4].copy_from_slice(&port(1).to_be_bytes());
                seed[4..6].copy_from_slice(&port(2).to_be_bytes());
            }
            ">" | "<" => {
                let side = u8::from(mark == "<");
                if let Some(count) = rest.strip_prefix("gap ") {
                    seed.push(side | 2);
                    seed.extend(count.trim().parse::<u16>().unwrap_or(u16::MAX).to_be_bytes());
                } else {
                    for piece in bytes(rest).chunks(usize::from(u16::MAX)) {
                        seed.push(side);
                        seed.extend(u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes());
                        seed.extend(piece);
                    }
                }
            }
            _ => {}
        }
    }
    seed
}

/// Side and bytes of each record of a protocol input; gaps are left out.
fn records(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let [control, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        rest = if control & 2 == 2 {
            after
        } else {
            let (bytes, after) = after.split_at_checked(length).unwrap_or((after, &[]));
            found.push((*control, bytes));
            after
        };
    }
    found
}

/// Hexadecimal and quoted text mixed, as scenarios write bytes. What cannot be read is left out: seeds only.
fn bytes(text: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut chars = rest.char_indices().skip(1);
            let mut end = rest.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => found.push(escaped(&mut chars)),
                    other => found.extend(other.to_string().into_bytes()),
                }
            }
            rest = rest[end..].trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            let pairs = (0..word.len()).step_by(2).filter_map(|at| word.get(at..at + 2));
            found.extend(pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()));
            rest = after.trim_start();
        }
    }
    found
}

fn escaped(chars: &mut impl Iterator<Item = (usize, char)>) -> u8 {
    match chars.next().map(|(_, c)| c) {
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('0') | None => 0,
        Some('x') => {
            let digits: String = chars.take(2).map(|(_, c)| c).collect();
            u8::from_str_radix(&digits, 16).unwrap_or(0)
        }
        Some(other) => u8::try_from(other).unwrap_or(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardline_protocols::{Dissection, Notes, Side};

    #[test]
    fn scenario_bytes_are_read() {
        assert_eq!(bytes(r#"00 01ff "a\r\x0b\"" 0d"#), [0, 1, 255, b'a', b'\r', 11, b'"', 13]);
    }

    #[test]
    fn every_protocol_has_seeds_that_reach_its_dissector() {
        let carriers = carriers();
        for protocol in PROTOCOLS {
            let reached = super::protocol().iter().any(|seed| {
                let carrier = carriers[usize::from(seed[0])];
                let port = |at: usize| u16::from_be_bytes([seed[at], seed[at + 1]]);
                let mut dissection = Dissection::new(carrier, [port(2), port(4)], seed[1] == 1);
                let time = wardline_model::Timestamp(1_767_225_600_000_000_000);
                let mut notes = Notes { time, ..Notes::default() };
                for (side, bytes) in records(&seed[6..]) {
                    let side = if side & 1 == 0 { Side::Opener } else { Side::Accepter };
                    if !bytes.is_empty() {
                        dissection.data(side, bytes, &mut notes);
                    }
                }
                dissection.protocol() == Some(protocol.name)
            });
            assert!(reached, "{}: no seed reaches it", protocol.name);
        }
    }

    #[test]
    fn capture_seeds_are_read_whole() {
        use wardline_wire::capture::{Batch, Captures};
        for seed in capture() {
            let mut captures = Captures::from_reader("seed", Box::new(std::io::Cursor::new(seed))).unwrap();
            let mut batch = Batch::default();
            while captures.next_batch(&mut batch) {}
            let file = &captures.files()[0];
            assert!(file.packets >= 3 && !file.truncated, "{file:?}");
        }
    }

    #[test]
    fn frame_seeds_decode() {
        use wardline_wire::{capture::LinkType, frame::Body, frame::Frame};
        let seed = &frame()[0];
        let length = usize::from(seed[2]);
        assert!(matches!(Frame::decode(LinkType::ETHERNET, &seed[3..3 + length]).body, Body::Ip(_)));
    }
}
