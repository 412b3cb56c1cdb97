//! Makes a large capture out of many small ones: merged, replicated, addresses rewritten.
//!
//! In: a folder of captures (pcap, pcapng; Ethernet only). Out: one classic pcap of about the wanted size.
//! Every file is moved into one span of time, all are merged, and each replica is the same traffic between
//! other addresses. Checksums are updated by the difference alone (RFC 1624), so that what was wrong stays
//! wrong: the malformed captures are the point of the exercise.

mod read;
mod rewrite;

use crate::captures::captures_below;
use anyhow::{Context, Result, bail};
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

/// A packet of the merged capture.
struct Packet {
    micros: u64,
    original: u32,
    bytes: Vec<u8>,
}

/// `cargo xtask replicate`.
pub(crate) fn run(folder: &Path, output: &Path, size_mb: u64) -> Result<()> {
    let packets = merge(folder)?;
    let once: u64 = packets.iter().map(|packet| packet.bytes.len() as u64 + RECORD_BYTES).sum();
    if once == 0 {
        bail!("no Ethernet packets below {}", folder.display());
    }
    let wanted = size_mb * 1_000_000;
    let replicas = wanted.div_ceil(once).clamp(1, REPLICAS_MAX);
    let written = write(&packets, replicas, wanted, output)?;
    println!(
        "{}: {} packets, {} MB, {replicas} replicas of {} packets",
        output.display(),
        written.0,
        written.1 / 1_000_000,
        packets.len()
    );
    Ok(())
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
        for packet in &mut packets {
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
fn write(packets: &[Packet], replicas: u64, wanted: u64, output: &Path) -> Result<(u64, u64)> {
    let file = File::create(output).with_context(|| format!("create {}", output.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0])?;
    let (mut count, mut size) = (0, 24);
    let mut copy = Vec::new();
    // With fewer bytes wanted than the replicas hold, the last replica ends early, not the whole capture.
    let once: u64 = packets.iter().map(|packet| packet.bytes.len() as u64 + RECORD_BYTES).sum();
    let last_until = wanted.saturating_sub(once * (replicas - 1)).min(once);
    let mut seen = 0;
    for packet in packets {
        seen += packet.bytes.len() as u64 + RECORD_BYTES;
        let whole = if seen <= last_until { replicas } else { replicas - 1 };
        for replica in 0..whole.max(1) {
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
        let packets: Vec<Packet> =
            (0..50).map(|n| Packet { micros: n * 1000, original: 100, bytes: frame.to_vec() }).collect();
        write(&packets, 1, 1_000_000, &folder.join("small.pcap")).unwrap();
        let made = merge(&folder).unwrap();
        assert_eq!(made.len(), 50);
        let output = folder.join("large.out");
        run(&folder, &output, 1).unwrap();
        let size = std::fs::metadata(&output).unwrap().len();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!((900_000..1_100_000).contains(&size), "{size}");
    }
}
