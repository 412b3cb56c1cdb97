//! Reads every development capture and compares the number of packets with what tshark counted.
//! The captures are not part of the repository: without them the test says that it was skipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use wardline_wire::Frame;
use wardline_wire::capture::{Batch, Captures};
use wardline_wire::frame::{Body, Fragments, Transport};

/// Captures beside the checkout.
fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data")
}

#[derive(Default)]
struct Totals {
    packets: u64,
    bodies: BTreeMap<String, u64>,
    tunnels: BTreeMap<String, u64>,
}

/// Reads and decodes one capture; packets read, or why not.
fn read(path: &Path, totals: &mut Totals) -> Result<(u64, Option<String>), String> {
    let mut captures = Captures::open(&[path.to_owned()]).map_err(|error| error.to_string())?;
    let mut batch = Batch::default();
    let mut fragments = Fragments::default();
    while captures.next_batch(&mut batch) {
        for head in &batch.packets {
            totals.packets += 1;
            let frame = Frame::decode(head.link, batch.packet(head));
            if !frame.tunnels.is_empty() {
                *totals.tunnels.entry(frame.tunnels.to_string()).or_default() += 1;
            }
            let body = match frame.body {
                Body::Ip(packet) => {
                    let whole = fragments.add(&packet, head.place.time);
                    let whole = whole.as_ref().and_then(|whole| whole.packet().ok());
                    match whole.unwrap_or(packet).transport() {
                        Transport::Tcp(_) => "tcp".to_owned(),
                        Transport::Udp(_) => "udp".to_owned(),
                        Transport::Other(..) => "other transport".to_owned(),
                        Transport::Undecoded(fault) => format!("transport: {fault}"),
                    }
                }
                Body::Link(protocol, _) => format!("{protocol:?}").chars().take(9).collect(),
                Body::Undecoded(fault) => format!("frame: {fault} ({})", head.link.0),
            };
            *totals.bodies.entry(body).or_default() += 1;
        }
    }
    let file = &captures.files()[0];
    Ok((file.packets, file.problem.clone()))
}

#[test]
fn packets_as_tshark_counts_them() {
    let Ok(index) = fs::read_to_string(shared().join("pcap/INDEX.tsv")) else {
        eprintln!("SKIPPED: no development captures in {}", shared().display());
        return;
    };
    let (mut files, mut different) = (0, Vec::new());
    let mut totals = Totals::default();
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (Some(name), Some(expected)) = (columns.next(), columns.next()) else { continue };
        let path = shared().join(name);
        if !path.is_file() {
            continue;
        }
        files += 1;
        let read = read(&path, &mut totals);
        if expected == "-1" {
            // tshark refuses or crashes on it: what is here is only shown.
            eprintln!("{name}: no count of tshark, here {read:?}");
        } else if !matches!(&read, Ok((packets, _)) if packets.to_string() == expected) {
            different.push(format!("{name}: tshark {expected}, here {read:?}"));
        }
    }
    eprintln!("{files} files, {} packets", totals.packets);
    for (body, count) in &totals.bodies {
        eprintln!("{count:>9} {body}");
    }
    for (tunnels, count) in &totals.tunnels {
        eprintln!("{count:>9} in {tunnels}");
    }
    // A capture of each is among them, counted by tshark too.
    for (name, least) in [("erspan", 200), ("geneve", 60), ("gre", 1000), ("gtp", 300), ("vxlan", 250)] {
        assert!(totals.tunnels.get(name).is_some_and(|count| *count >= least), "{name}");
    }
    for name in ["4in6", "6in4", "6in6", "capwap", "fabricpath", "ipip", "mpls", "pppoe", "teredo"] {
        assert!(totals.tunnels.contains_key(name), "{name}");
    }
    assert!(different.is_empty(), "{} differences:\n{}", different.len(), different.join("\n"));
    assert!(files > 1000, "the index names captures that are not there");
}
