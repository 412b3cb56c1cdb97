//! Scenarios: one way to test a dissector. Bytes in, lines out, as text files that a person can read.
//!
//! `tests/scenarios/<protocol>/<usual…|malformed…|wrong-port…>.txt` in the workspace:
//! ```text
//! # What this shows, and where the bytes come from.
//! flow tcp 40000 22            # or: udp A B, midstream tcp A B, link lldp, ip 58
//! > "SSH-2.0-OpenSSH_9.2p1\r\n"    the opener sends (one packet); \xNN, \r \n \t \\ \" are understood
//! < 00 01 ff "text" 00         the accepter sends; hex and text mixed
//! < gap 100                    bytes lost
//! = protocol ssh
//! = opener ssh-banner OpenSSH_9.2p1 (ssh.banner 95)
//! ```
//! The opener has the address 10.1.2.3, the accepter 10.1.2.4. The real [`Dissection`] runs over the whole protocol table, as in the pipeline. Streams are run a second
//! time one byte at a time, with the same result. `WARDLINE_BLESS=1` rewrites the `=` lines for review.

use crate::{Carrier, Dissection, Notes, PROTOCOLS, Said, Side, Trouble, Who};
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use wardline_model::{About, Fact, Timestamp};
use wardline_wire::frame::LinkProtocol;

/// Every scenario runs at this time: 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000_000);

pub(crate) struct Scenario {
    pub(crate) carrier: Carrier,
    pub(crate) ports: [u16; 2],
    pub(crate) from_start: bool,
    pub(crate) script: Vec<(Side, Input)>,
    expected: Vec<String>,
}

#[derive(Clone)]
pub(crate) enum Input {
    Bytes(Vec<u8>),
    Gap(u64),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios")
}

pub(crate) fn files(protocol: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder().join(protocol)) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "txt"));
    files.sort();
    files
}

pub(crate) fn parse(text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario {
        carrier: Carrier::Stream,
        ports: [0; 2],
        from_start: true,
        script: Vec::new(),
        expected: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        parse_line(line.trim(), &mut scenario).map_err(|why| format!("line {}: {why}", number + 1))?;
    }
    Ok(scenario)
}

fn parse_line(line: &str, scenario: &mut Scenario) -> Result<(), String> {
    let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
    match mark {
        "" | "#" => {}
        "=" => scenario.expected.push(rest.to_owned()),
        ">" => scenario.script.push((Side::Opener, parse_input(rest)?)),
        "<" => scenario.script.push((Side::Accepter, parse_input(rest)?)),
        "midstream" => {
            scenario.from_start = false;
            return parse_line(&format!("flow {rest}"), scenario);
        }
        "flow" => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let port = |at: usize| words.get(at).and_then(|w| w.parse().ok()).ok_or("two ports are wanted");
            scenario.carrier = match words.as_slice() {
                ["tcp", ..] => Carrier::Stream,
                ["udp", ..] => Carrier::Datagram,
                ["link", "arp"] => Carrier::Link(LinkProtocol::Arp),
                ["link", "cdp"] => Carrier::Link(LinkProtocol::Cdp),
                ["link", "lldp"] => Carrier::Link(LinkProtocol::Lldp),
                ["link", "eapol"] => Carrier::Link(LinkProtocol::Eapol),
                ["link", "stp"] => Carrier::Link(LinkProtocol::Stp),
                ["ip", number] => Carrier::Ip(number.parse().map_err(|_| "an IP protocol number is wanted")?),
                _ => return Err(format!("what flow is {rest:?}?")),
            };
            if matches!(scenario.carrier, Carrier::Stream | Carrier::Datagram) {
                scenario.ports = [port(1)?, port(2)?];
            }
        }
        _ => return Err(format!("a line starts with # flow midstream > < or =, not {mark:?}")),
    }
    Ok(())
}

fn parse_input(text: &str) -> Result<Input, String> {
    if let Some(count) = text.strip_prefix("gap ") {
        return count.trim().parse().map(Input::Gap).map_err(|_| "gap wants a number".into());
    }
    let mut bytes = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = unquote(quoted, &mut bytes)?.trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            for at in (0..word.len()).step_by(2) {
                let pair = word.get(at..at + 2).ok_or(format!("odd hex {word:?}"))?;
                bytes.push(u8::from_str_radix(pair, 16).map_err(|_| format!("not hex: {pair:?}"))?);
            }
            rest = after.trim_start();
        }
    }
    Ok(Input::Bytes(bytes))
}

fn unquote<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str, String> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok(&text[at + 1..]),
            '\\' => match chars.next().ok_or("a lone backslash")?.1 {
                'n' => bytes.push(b'\n'),
                'r' => bytes.push(b'\r'),
                't' => bytes.push(b'\t'),
                '0' => bytes.push(0),
                'x' => {
                    let hex: String =
                        [chars.next(), chars.next()].into_iter().flatten().map(|c| c.1).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).map_err(|_| format!("bad \\x{hex}"))?);
                }
                other => bytes.extend(other.to_string().into_bytes()),
            },
            other => bytes.extend(other.to_string().into_bytes()),
        }
    }
    Err("a quote is not closed".into())
}

/// Runs a scenario; `piece` is the most bytes of a stream given at once.
fn run(scenario: &Scenario, piece: usize) -> Vec<String> {
    let mut dissection = Dissection::new(scenario.carrier, scenario.ports, scenario.from_start);
    let mut notes = Notes { time: NOW, ..Notes::default() };
    let mut trouble: Vec<Trouble> = Vec::new();
    let piece = if scenario.carrier == Carrier::Stream { piece } else { usize::MAX };
    for (side, input) in &scenario.script {
        notes.source = Some(IpAddr::from(side.of(&mut [[10, 1, 2, 3], [10, 1, 2, 4]]).to_owned()));
        match input {
            Input::Bytes(bytes) if piece == usize::MAX => {
                trouble.extend(dissection.data(*side, bytes, &mut notes));
            }
            Input::Bytes(bytes) => {
                for part in bytes.chunks(piece) {
                    trouble.extend(dissection.data(*side, part, &mut notes));
                }
            }
            Input::Gap(count) => trouble.extend(dissection.gap(*side, Some(*count), &mut notes)),
        }
    }
    trouble.extend(dissection.end(&mut notes));
    let mut lines = vec![format!("protocol {}", dissection.protocol().unwrap_or("unknown"))];
    lines.extend(dissection.application().map(|a| format!("application {a}")));
    lines.extend(notes.said.iter().flat_map(describe));
    lines.extend(notes.details.iter().map(|(key, value)| format!("detail {} {value}", key.as_str())));
    lines.extend(notes.encrypted.map(|e| format!("encrypted {e}")));
    lines.extend(notes.requester.map(|s| format!("requester {}", name(s))));
    lines.extend(notes.malformed.then(|| "malformed".into()));
    lines.extend(trouble.iter().map(|t| format!("trouble {t:?}")));
    lines
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Opener => "opener",
        Side::Accepter => "accepter",
    }
}

fn describe(said: &Said) -> Vec<String> {
    let who = match said.who {
        Who::Side(side) => name(side).to_owned(),
        Who::Address(ip) => ip.to_string(),
        Who::Station(mac) => mac.to_string(),
    };
    let about = if said.about == About::Equipment { " equipment" } else { "" };
    let fact = |f: &Fact| {
        let version = f.version.as_deref().map(|v| format!(" version {v}")).unwrap_or_default();
        format!("{who}{about} {} {}{version} ({} {})", f.attribute.as_str(), f.value, f.rule, f.confidence)
    };
    said.facts.iter().map(fact).collect()
}

fn bless(file: &Path, text: &str, lines: &[String]) {
    let mut kept: String =
        text.lines().filter(|l| !l.trim_start().starts_with('=')).fold(String::new(), |mut kept, line| {
            let _ = writeln!(kept, "{line}");
            kept
        });
    for line in lines {
        let _ = writeln!(kept, "= {line}");
    }
    std::fs::write(file, kept).unwrap();
}

#[test]
fn every_scenario_says_what_it_should_whole_and_bytewise() {
    let mut wrong = String::new();
    let mut ran = 0;
    for protocol in PROTOCOLS {
        for file in files(protocol.name) {
            let text = std::fs::read_to_string(&file).unwrap();
            let scenario = parse(&text).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
            let lines = run(&scenario, usize::MAX);
            if std::env::var_os("WARDLINE_BLESS").is_some() {
                bless(&file, &text, &lines);
                continue;
            }
            ran += 1;
            for (how, lines) in [("whole", lines), ("bytewise", run(&scenario, 1))] {
                if lines != scenario.expected {
                    let file = file.strip_prefix(folder()).unwrap().display();
                    let (want, got) = (scenario.expected.join("\n  "), lines.join("\n  "));
                    let _ = writeln!(wrong, "{file} {how}:\n expected\n  {want}\n got\n  {got}\n");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ran > 0 || std::env::var_os("WARDLINE_BLESS").is_some(), "no scenario ran");
}

#[test]
fn every_protocol_brings_its_scenarios() {
    for protocol in PROTOCOLS {
        let has = |start: &str, link: bool| {
            link || files(protocol.name)
                .iter()
                .any(|f| f.file_name().unwrap().to_str().unwrap().starts_with(start))
        };
        let header_named = protocol.carriers.iter().all(|c| matches!(c, Carrier::Link(_) | Carrier::Ip(_)));
        let at = format!("tests/scenarios/{}", protocol.name);
        assert!(has("usual", false), "{at}/usual….txt is missing");
        assert!(has("malformed", false), "{at}/malformed….txt is missing");
        assert!(has("wrong-port", header_named), "{at}/wrong-port….txt is missing");
    }
}

#[test]
fn names_are_unique_and_scenarios_belong_to_a_protocol() {
    let mut names: Vec<_> = PROTOCOLS.iter().map(|p| p.name).collect();
    names.sort_unstable();
    names.windows(2).for_each(|w| assert_ne!(w[0], w[1]));
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name.as_str()), "tests/scenarios/{name} belongs to no protocol");
    }
}
