//! Makes a large capture out of many small ones: merged, replicated, addresses rewritten.
//!
//! In: a folder of captures (pcap, pcapng; Ethernet only). Out: one classic pcap of about the wanted size and,
//! where asked for, about the wanted number of flows: captures kept for tests are mostly of small frames, so all
//! are replicated as often as gives the flows, and those of large frames more often, until the size is there.
//! Every file is moved into one span of time, all are merged, and each replica is the same traffic between
//! other addresses. Checksums are updated by the difference alone (RFC 1624), so that what was wrong stays
//! wrong: the malformed captures are the point of the exercise.

mod read;
mod rewrite;

use crate::{captures::captures_below, floor};
use anyhow::{Context, Result, bail};
use foldhash::HashSet;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// Time that all files are laid into: a network where everything happens at once for twenty minutes.
const SPAN_MICROS: u64 = 1_160_000_000;

/// Start of the made capture: 2024-01-01T00:00:00Z.
const EPOCH_SECONDS: u64 = 1_704_067_200;

/// Most replicas: the rewritten address octet tells them apart.
const REPLICAS_MAX: u64 = 250;

/// Bytes of a record's header in a classic pcap.
const RECORD_BYTES: u64 = 16;

/// A file whose frames have this many bytes on average is one of large frames: more than the mean of the mixed
/// capture that is wanted.
const LARGE_BYTES: u64 = 400;

/// A packet of the merged capture.
struct Packet {
    micros: u64,
    original: u32,
    /// Whether its file is one of large frames.
    large: bool,
    bytes: Vec<u8>,
}

/// What a merged capture is to become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Megabytes.
    pub(crate) size_mb: u64,
    /// Flows; `None` when they are as many as the size gives.
    pub(crate) flows: Option<u64>,
}

/// Bytes and flows of packets as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    bytes: u64,
    flows: u64,
}

/// How often packets are written: those of all files, and those of large frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Replicas {
    all: u64,
    large: u64,
}

/// `cargo xtask replicate`.
pub(crate) fn run(folder: &Path, output: &Path, wanted: Wanted) -> Result<()> {
    let packets = merge(folder)?;
    let (all, large) = (sum(packets.iter()), sum(packets.iter().filter(|packet| packet.large)));
    if all.bytes == 0 {
        bail!("no Ethernet packets below {}", folder.display());
    }
    let size = wanted.size_mb * 1_000_000;
    let replicas = replicas(all, large, size, wanted.flows);
    let written = write(&packets, replicas, size, output)?;
    println!(
        "{}: {} packets, {} MB, {} replicas of {} packets, {} of those with large frames",
        output.display(),
        written.0,
        written.1 / 1_000_000,
        replicas.all,
        packets.len(),
        replicas.large
    );
    Ok(())
}

fn sum<'a>(packets: impl Iterator<Item = &'a Packet>) -> Sum {
    let mut keys = HashSet::default();
    let bytes = packets.map(|packet| {
        keys.extend(floor::key(&packet.bytes).map(|(key, _)| key));
        packet.bytes.len() as u64 + RECORD_BYTES
    });
    let bytes = bytes.sum();
    Sum { bytes, flows: keys.len() as u64 }
}

/// How often to write what gives the size and the flows: two equations, two unknowns, whole numbers near them.
fn replicas(all: Sum, large: Sum, size: u64, flows: Option<u64>) -> Replicas {
    let evenly = size.div_ceil(all.bytes).clamp(1, REPLICAS_MAX);
    let Some(flows) = flows.filter(|_| large.bytes > 0) else {
        return Replicas { all: evenly, large: evenly };
    };
    let [b, f, lb, lf, size, flows] =
        [all.bytes, all.flows, large.bytes, large.flows, size, flows].map(i128::from);
    let (above, below) = (size * lf - flows * lb, b * lf - f * lb);
    // Files of large frames have fewer flows for their bytes, or there is nothing to choose.
    let wanted = if below < 0 { (above + below / 2) / below } else { i128::from(evenly) };
    let all_times = u64::try_from(wanted).unwrap_or(1).clamp(1, evenly);
    let left = u64::try_from(size).unwrap_or(0).saturating_sub(all_times * all.bytes);
    Replicas { all: all_times, large: (all_times + left.div_ceil(large.bytes)).min(REPLICAS_MAX) }
}

/// All packets of a folder in one span, in time order.
fn merge(folder: &Path) -> Result<Vec<Packet>> {
    let mut all = Vec::new();
    for (number, path) in captures_below(folder)?.iter().enumerate() {
        let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let mut packets = read::ethernet_packets(&bytes);
        let first = packets.iter().map(|packet| packet.micros).min().unwrap_or(0);
        let last = packets.iter().map(|packet| packet.micros).max().unwrap_or(0);
        let span = (last - first).max(1);
        // Files start spread over the span; one that is longer than the rest of it is squeezed.
        let start = (number as u64).wrapping_mul(2_654_435_761) % (SPAN_MICROS / 2);
        let room = SPAN_MICROS - start;
        let size: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        let large = size as u64 >= LARGE_BYTES * packets.len() as u64;
        for packet in &mut packets {
            packet.large = large;
            let since = packet.micros - first;
            let inside = if span > room {
                u64::try_from(u128::from(since) * u128::from(room) / u128::from(span))?
            } else {
                since
            };
            packet.micros = start + inside;
        }
        all.append(&mut packets);
    }
    all.sort_by_key(|packet| packet.micros);
    Ok(all)
}

/// Writes packet by packet, all replicas of each, until the wanted size. Packets and bytes written.
fn write(packets: &[Packet], replicas: Replicas, wanted: u64, output: &Path) -> Result<(u64, u64)> {
    let file = File::create(output).with_context(|| format!("create {}", output.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
    let (mut count, mut size) = (0, 24);
    let mut copy = Vec::new();
    let times = |packet: &Packet| if packet.large { replicas.large } else { replicas.all };
    // With fewer bytes wanted than the replicas hold, the last replica of those that have most ends early, not the
    // whole capture.
    let is_last = |packet: &Packet| times(packet) == replicas.large;
    let bytes = |packet: &Packet| packet.bytes.len() as u64 + RECORD_BYTES;
    let whole: u64 = packets.iter().map(|packet| times(packet) * bytes(packet)).sum();
    let once: u64 = packets.iter().filter(|packet| is_last(packet)).map(bytes).sum();
    let last_until = once.saturating_sub(whole.saturating_sub(wanted));
    let mut seen = 0;
    for packet in packets {
        let mut times = times(packet);
        if is_last(packet) {
            seen += bytes(packet);
            times -= u64::from(seen > last_until && times > 1);
        }
        for replica in 0..times {
            copy.clone_from(&packet.bytes);
            rewrite::addresses(&mut copy, u8::try_from(replica)?);
            let micros = packet.micros;
            let seconds = u32::try_from(EPOCH_SECONDS + micros / 1_000_000)?;
            out.write_all(&seconds.to_le_bytes())?;
            out.write_all(&u32::try_from(micros % 1_000_000)?.to_le_bytes())?;
            out.write_all(&u32::try_from(copy.len())?.to_le_bytes())?;
            out.write_all(&packet.original.to_le_bytes())?;
            out.write_all(&copy)?;
            count += 1;
            size += copy.len() as u64 + RECORD_BYTES;
        }
    }
    out.flush()?;
    Ok((count, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_one_capture_of_the_wanted_size() {
        let folder = std::env::temp_dir().join(format!("xtask-replicate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let frame = [0_u8; 100];
        let packets: Vec<Packet> = (0..50)
            .map(|n| Packet { micros: n * 1000, original: 100, large: false, bytes: frame.to_vec() })
            .collect();
        write(&packets, Replicas { all: 1, large: 1 }, 1_000_000, &folder.join("small.pcap")).unwrap();
        let made = merge(&folder).unwrap();
        assert_eq!(made.len(), 50);
        let output = folder.join("large.out");
        run(&folder, &output, Wanted { size_mb: 1, flows: None }).unwrap();
        let size = std::fs::metadata(&output).unwrap().len();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!((900_000..1_100_000).contains(&size), "{size}");
    }

    #[test]
    fn size_and_flows_are_both_met_where_they_can_be() {
        let (all, large) =
            (Sum { bytes: 45_000_000, flows: 13_600 }, Sum { bytes: 20_000_000, flows: 1_200 });
        let made = replicas(all, large, 1_000_000_000, Some(190_000));
        let flows = made.all * all.flows + (made.large - made.all) * large.flows;
        let bytes = made.all * all.bytes + (made.large - made.all) * large.bytes;
        assert!((180_000..200_000).contains(&flows), "{made:?} give {flows} flows");
        assert!((1_000_000_000..1_020_000_000).contains(&bytes), "{made:?} give {bytes} bytes");
        assert_eq!(replicas(all, large, 1_000_000_000, None), Replicas { all: 23, large: 23 });
        assert_eq!(replicas(all, Sum::default(), 100_000_000, Some(9)), Replicas { all: 3, large: 3 });
        // More flows than the size can have, and hardly any.
        assert_eq!(replicas(all, large, 100_000_000, Some(190_000)), Replicas { all: 3, large: 3 });
        assert_eq!(replicas(all, large, 100_000_000, Some(1)).all, 1);
    }
}
