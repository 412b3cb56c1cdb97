//! The label maker: what a second tool sees in the captures, flow by flow.
//!
//! In: the tool's rows, one per frame, each with the protocols it saw and the fields that prove them. Out: one
//! truth per flow that carries payload, by its innermost addresses. Nothing of our own output goes in.

use super::{
    labels::{All, Key, Labels, Truth, end},
    names::{BETWEEN, FIELDS, MEDIA, NAMES, Name},
};
use crate::run;
use anyhow::{Context, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Heuristics that the tool leaves off by default.
const HEURISTICS: &[&str] = &["rtp_udp"];

/// Frames of one source and nothing else that make a stream of media believed without its announcement.
const MEDIA_FRAMES: usize = 4;

/// Fields asked for, in the order of the columns.
fn fields() -> Vec<&'static str> {
    let mut fields = FIELDS.to_vec();
    let proofs: BTreeSet<&str> = NAMES.iter().flat_map(|name| name.proof).copied().collect();
    fields.extend(proofs);
    fields
}

/// The tool's own name and version.
pub(super) fn version(tool: &Path) -> Result<String> {
    let output = Command::new(tool).arg("--version").output().context("start the tool")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned())
}

/// Labels of every file, and the files of which nothing was said.
pub(super) fn make(folder: &Path, files: &[PathBuf], jobs: usize) -> Result<(All, Vec<String>)> {
    let tool = run::find("tshark").context("tshark is not installed")?;
    let kept = run::target().join("xtask/accuracy");
    fs::create_dir_all(&kept)?;
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().into_owned();
                    let labels = rows(&tool, file, &kept.join(name.replace('/', "%"))).map(|rows| one(&rows));
                    if let Ok(mut done) = done.lock() {
                        done.push((name, labels));
                    }
                }
            });
        }
    });
    let (mut all, mut silent) = (All::new(), Vec::new());
    for (name, labels) in done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        match labels? {
            labels if labels.is_empty() => silent.push(name),
            labels => drop(all.insert(name, labels)),
        }
    }
    silent.sort();
    Ok((all, silent))
}

/// The tool's rows of a file, kept so that the names can be mapped anew without asking again.
fn rows(tool: &Path, file: &Path, kept: &Path) -> Result<String> {
    if let Ok(bytes) = fs::read(kept)
        && !bytes.is_empty()
    {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut command = Command::new(tool);
    command.arg("-n").arg("-r").arg(file);
    for heuristic in HEURISTICS {
        command.args(["--enable-heuristic", heuristic]);
    }
    command.args(["-T", "fields", "-E", "header=y", "-E", "occurrence=a"]);
    for field in fields() {
        command.args(["-e", field]);
    }
    // A capture that is cut ends the tool with an error after the frames it could read; one that it cannot
    // read at all gives nothing, and is counted as such.
    let output = command.output().context("start the tool")?;
    fs::write(kept, &output.stdout)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One frame's columns.
struct Row<'a> {
    columns: BTreeMap<&'a str, &'a str>,
}

impl<'a> Row<'a> {
    fn get(&self, field: &str) -> &'a str {
        self.columns.get(field).copied().unwrap_or_default()
    }

    /// The value of the `at`th layer of that kind.
    fn nth(&self, field: &str, at: usize) -> Option<&'a str> {
        self.get(field).split(',').nth(at).filter(|value| !value.is_empty())
    }

    fn has(&self, name: &Name) -> bool {
        name.proof.is_empty() || name.proof.iter().any(|field| !self.get(field).is_empty())
    }
}

/// What was seen of one flow.
#[derive(Default)]
struct Seen {
    payload: bool,
    /// Names with their proof, in the order of the frames.
    proven: Vec<&'static str>,
    /// Names by which the tool called frames without proof.
    claimed: BTreeSet<String>,
    /// Frames per media source, and whether a call announced them.
    sources: BTreeMap<String, usize>,
    announced: bool,
}

/// Labels of one capture.
fn one(rows: &str) -> Labels {
    let mut lines = rows.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let mut flows: BTreeMap<(Key, String), Seen> = BTreeMap::new();
    for line in lines {
        let row = Row { columns: head.iter().copied().zip(line.split('\t')).collect() };
        let layers = unquoted(row.get("frame.protocols"));
        if let Some((key, stream, inside, payload)) = place(&row, &layers) {
            let seen = flows.entry((key, stream)).or_default();
            seen.payload |= payload;
            seen.look(&row, inside);
        }
    }
    let mut labels = Labels::new();
    for ((key, _), seen) in flows.into_iter().filter(|(_, seen)| seen.payload) {
        let truth = seen.truth();
        let truths = labels.entry(key).or_default();
        if !truths.contains(&truth) {
            truths.push(truth);
        }
    }
    for truths in labels.values_mut() {
        truths.sort();
    }
    labels
}

/// The layers of a frame, without those that an ICMP error quotes.
fn unquoted(protocols: &str) -> Vec<&str> {
    let layers: Vec<&str> = protocols.split(':').collect();
    let cut = layers.iter().position(|layer| matches!(*layer, "icmp" | "icmpv6"));
    layers.into_iter().take(cut.map_or(usize::MAX, |at| at + 1)).collect()
}

/// The innermost flow of a frame: its key, the tool's number for it, the layers inside, whether it has payload.
fn place<'a>(row: &Row<'_>, layers: &'a [&'a str]) -> Option<(Key, String, &'a [&'a str], bool)> {
    let network = layers.iter().rposition(|layer| matches!(*layer, "ip" | "ipv6"));
    let link = layers.iter().rposition(|layer| matches!(*layer, "eth" | "wlan"));
    let Some(network) = network.filter(|at| link.is_none_or(|link| link < *at)) else {
        return on_link(row, layers, link?);
    };
    let count =
        |kind: &str, upto: usize| layers.iter().take(upto + 1).filter(|layer| **layer == kind).count() - 1;
    let version = layers.get(network)?;
    let at = count(version, network);
    let source = row.nth(&format!("{version}.src"), at)?;
    let target = row.nth(&format!("{version}.dst"), at)?;
    let carrier = layers.iter().enumerate().skip(network).find_map(|(at, layer)| {
        matches!(*layer, "tcp" | "udp" | "icmp" | "icmpv6" | "igmp").then_some((at, *layer))
    });
    let (position, carrier) = carrier?;
    let inside = layers.get(position + 1..)?;
    if !matches!(carrier, "tcp" | "udp") {
        let transport = if carrier == "igmp" { "igmp" } else { "icmp" };
        let key = Key::new(transport, source.to_owned(), target.to_owned());
        return Some((key, carrier.to_owned(), layers.get(position..)?, true));
    }
    let at = count(carrier, position);
    let port =
        |which: &str| row.nth(&format!("{carrier}.{which}port"), at).and_then(|port| port.parse().ok());
    let key = Key::new(carrier, end(source, Some(port("src")?)), end(target, Some(port("dst")?)));
    let payload = match carrier {
        "tcp" => row.nth("tcp.len", at).is_some_and(|length| length != "0"),
        _ => row.nth("udp.length", at).is_some_and(|length| length != "8"),
    };
    Some((key, row.nth(&format!("{carrier}.stream"), at).unwrap_or_default().to_owned(), inside, payload))
}

/// A frame that carries neither IP version: by its stations, the protocol its kind names.
fn on_link<'a>(
    row: &Row<'_>,
    layers: &'a [&'a str],
    link: usize,
) -> Option<(Key, String, &'a [&'a str], bool)> {
    let (source, target) = match *layers.get(link)? {
        "eth" => ("eth.src", "eth.dst"),
        _ => ("wlan.sa", "wlan.da"),
    };
    let last = |field: &str| row.get(field).split(',').next_back().filter(|mac| !mac.is_empty());
    let inside = layers.get(link + 1..)?;
    let named = inside.iter().find(|layer| NAMES.iter().any(|name| name.theirs == **layer))?;
    let key = Key::new("link", last(source)?.to_owned(), last(target)?.to_owned());
    Some((key, (*named).to_owned(), inside, true))
}

impl Seen {
    fn look(&mut self, row: &Row<'_>, inside: &[&str]) {
        let broken = inside.contains(&"_ws.malformed");
        let mut layers =
            inside.iter().filter(|layer| !BETWEEN.contains(*layer) && !layer.starts_with("_ws."));
        let Some(first) = layers.next() else {
            return;
        };
        match *first {
            "icmp" => self.proven.push("icmp"),
            "icmpv6" => self.proven.push("icmpv6"),
            "igmp" => self.proven.push("igmp"),
            // What took the place of HTTP is shown inside the HTTP that it replaced.
            "http" => {
                let next = layers.next().filter(|next| matches!(**next, "http2" | "websocket"));
                self.application(row, next.unwrap_or(first), inside, broken);
            }
            _ => self.application(row, first, inside, broken),
        }
    }

    fn application(&mut self, row: &Row<'_>, first: &str, inside: &[&str], broken: bool) {
        let Some(name) = NAMES.iter().find(|name| name.theirs == first) else {
            self.claimed.insert(first.to_owned());
            return;
        };
        if !row.has(name) || broken {
            self.claimed.insert(if broken { format!("{first}, malformed") } else { first.to_owned() });
            return;
        }
        if name.ours == "rtp" {
            for source in row.get("rtp.ssrc").split(',').map(str::to_owned) {
                *self.sources.entry(source).or_default() += 1;
            }
            self.announced |= !row.get("rtp.setup-frame").is_empty();
        }
        let within = inside.iter().find(|layer| matches!(**layer, "ipp" | "nfs" | "portmap"));
        let ours =
            within.and_then(|layer| NAMES.iter().find(|name| name.theirs == *layer)).unwrap_or(name).ours;
        if !self.proven.contains(&ours) {
            self.proven.push(ours);
        }
    }

    fn truth(mut self) -> Truth {
        let media = self.announced || self.sources.values().any(|frames| *frames >= MEDIA_FRAMES);
        if !media && self.proven.contains(&"rtp") {
            self.proven.retain(|name| *name != "rtp");
            self.claimed.insert("rtp, few frames".to_owned());
        }
        let has = |wanted: &str| self.proven.contains(&wanted);
        let names = match self.proven.as_slice() {
            [] => vec!["unknown"],
            ["http", ..] if has("websocket") => vec!["websocket"],
            ["http", ..] if has("ipp") => vec!["ipp"],
            [first, ..] if MEDIA.contains(first) => {
                self.proven.iter().filter(|name| MEDIA.contains(*name)).copied().collect()
            }
            [first, ..] => vec![*first],
        };
        let names: Vec<String> = names.iter().flat_map(|name| name.split('|')).map(str::to_owned).collect();
        let chosen = |name: &&&str| name.split('|').all(|one| names.iter().any(|chosen| chosen == one));
        let others = self.proven.iter().filter(|name| !chosen(name));
        let mut remark: Vec<String> = others.map(|name| format!("also {name}")).collect();
        if names.first().is_some_and(|name| name == "unknown") || !remark.is_empty() {
            remark.extend(self.claimed);
        }
        Truth { names, remark: remark.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(rows: &[(&str, &[(&str, &str)])]) -> Vec<String> {
        let head = fields();
        let mut text = head.join("\t");
        for (protocols, values) in rows {
            let value = |field: &str| {
                let given = values.iter().find(|(name, _)| *name == field).map(|(_, value)| *value);
                if field == "frame.protocols" { protocols } else { given.unwrap_or_default() }
            };
            text += "\n";
            text += &head.iter().map(|field| value(field)).collect::<Vec<_>>().join("\t");
        }
        let flow = |(key, truths): (&Key, &Vec<Truth>)| {
            let names: Vec<String> = truths.iter().map(|truth| truth.names.join("|")).collect();
            format!("{} {} {}", key.transport, key.ends.join(" "), names.join(", "))
        };
        one(&text).iter().map(flow).collect()
    }

    const TCP: [(&str, &str); 6] = [
        ("ip.src", "10.0.0.1"),
        ("ip.dst", "10.0.0.2"),
        ("tcp.srcport", "4000"),
        ("tcp.dstport", "80"),
        ("tcp.len", "9"),
        ("tcp.stream", "0"),
    ];

    fn tcp(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        TCP.iter().chain(more).copied().collect()
    }

    #[test]
    fn a_name_needs_its_proof_and_a_flow_its_payload() {
        let proven = tcp(&[("http.request.method", "GET")]);
        assert_eq!(labels(&[("eth:ethertype:ip:tcp:http", &proven)]), ["tcp 10.0.0.1:4000 10.0.0.2:80 http"]);
        let by_port = tcp(&[]);
        assert_eq!(
            labels(&[("eth:ethertype:ip:tcp:http", &by_port)]),
            ["tcp 10.0.0.1:4000 10.0.0.2:80 unknown"]
        );
        let mut empty = tcp(&[]);
        empty[4].1 = "0";
        assert!(labels(&[("eth:ethertype:ip:tcp", &empty)]).is_empty());
    }

    #[test]
    fn the_inner_flow_is_labelled_and_an_error_s_quote_is_not() {
        let mut inner = tcp(&[("tls.handshake.type", "1")]);
        inner[0].1 = "1.1.1.1,10.0.0.1";
        inner[1].1 = "2.2.2.2,10.0.0.2";
        let rows = labels(&[("eth:ethertype:ip:gre:ip:tcp:tls", &inner)]);
        assert_eq!(rows, ["tcp 10.0.0.1:4000 10.0.0.2:80 tls"]);
        let rows = labels(&[("eth:ethertype:ip:icmp:ip:tcp:tls", &inner)]);
        assert_eq!(rows, ["icmp 1.1.1.1 2.2.2.2 icmp"]);
    }

    #[test]
    fn the_outermost_stays_an_upgrade_to_websocket_does_not() {
        let (mail, tls) = (tcp(&[("smtp.req.command", "EHLO")]), tcp(&[("tls.handshake.type", "1")]));
        let rows = labels(&[("ip:tcp:smtp", &mail), ("ip:tcp:tls", &tls)]);
        assert_eq!(rows, ["tcp 10.0.0.1:4000 10.0.0.2:80 smtp"]);
        let (http, socket) = (tcp(&[("http.request.method", "GET")]), tcp(&[("websocket.opcode", "1")]));
        let rows = labels(&[("ip:tcp:http", &http), ("ip:tcp:websocket", &socket)]);
        assert_eq!(rows, ["tcp 10.0.0.1:4000 10.0.0.2:80 websocket"]);
    }

    #[test]
    fn media_needs_an_announcement_or_a_source_that_goes_on() {
        let frame = [
            ("ip.src", "10.0.0.1"),
            ("ip.dst", "10.0.0.2"),
            ("udp.srcport", "4000"),
            ("udp.dstport", "5000"),
            ("udp.length", "180"),
            ("rtp.ssrc", "0x1"),
        ];
        let row: (&str, &[(&str, &str)]) = ("ip:udp:rtp", &frame);
        assert_eq!(labels(&[row]), ["udp 10.0.0.1:4000 10.0.0.2:5000 unknown"]);
        assert_eq!(labels(&[row; MEDIA_FRAMES]), ["udp 10.0.0.1:4000 10.0.0.2:5000 rtp"]);
    }

    #[test]
    fn stations_are_named_where_there_are_no_addresses() {
        let frame = [("eth.src", "00:00:00:00:00:01"), ("eth.dst", "ff:ff:ff:ff:ff:ff")];
        let rows = labels(&[("eth:ethertype:arp", &frame)]);
        assert_eq!(rows, ["link 00:00:00:00:00:01 ff:ff:ff:ff:ff:ff arp"]);
    }
}
