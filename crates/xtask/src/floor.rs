//! The floor: what reading a capture into a flow list costs when nothing else is done.
//!
//! Read, decode link, network and transport headers, one flow table, copy TCP payload in arrival order with
//! one scan over it, print the number of flows. No reassembly, no timeouts, no dissectors: a limit, not a
//! product. The bench carries it in every table, because absolute times mean nothing on a shared machine.

use anyhow::{Context, Result, bail};
use foldhash::HashMap;
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

/// Read size.
const CHUNK: usize = 1 << 20;

/// Payload kept of one direction of a flow.
const KEPT: usize = 65_536;

/// Addresses, ports and protocol, the same for both directions.
pub(crate) type Key = ([u8; 32], u16, u16, u8);

#[derive(Default)]
struct Flow {
    packets: u64,
    bytes: u64,
    newlines: u64,
    kept: Vec<u8>,
}

/// `cargo xtask floor`.
pub(crate) fn run(path: &Path) -> Result<()> {
    let mut file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut head = [0; 24];
    file.read_exact(&mut head)?;
    if !head.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) {
        bail!("the floor reads little-endian classic pcap only");
    }
    let mut flows: HashMap<Key, Flow> = HashMap::default();
    let mut buffer = vec![0; CHUNK];
    let (mut filled, mut packets) = (0, 0_u64);
    loop {
        let read = match file.read(&mut buffer[filled..]) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        filled += read;
        let mut at = 0;
        while let Some(frame) = record(&buffer[..filled], at) {
            packet(frame, &mut flows);
            packets += 1;
            at += 16 + frame.len();
        }
        if read == 0 || (at == 0 && filled == buffer.len()) {
            break;
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
    }
    let bytes: u64 = flows.values().map(|flow| flow.bytes).sum();
    let lines: u64 = flows.values().map(|flow| flow.newlines + flow.packets % 2).sum();
    println!("{packets} packets, {} flows, {bytes} payload bytes, check {lines}", flows.len());
    Ok(())
}

fn record(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = u32::from_le_bytes(bytes.get(at + 8..at + 12)?.try_into().ok()?);
    bytes.get(at + 16..at + 16 + usize::try_from(length).ok()?)
}

/// The flow that an Ethernet frame is of, and where its transport header begins.
pub(crate) fn key(frame: &[u8]) -> Option<(Key, usize)> {
    let mut at = 12;
    while matches!(frame.get(at..at + 2)?, [0x81, 0x00] | [0x88, 0xa8]) {
        at += 4;
    }
    let kind = frame.get(at..at + 2)?;
    at += 2;
    let mut key: Key = ([0; 32], 0, 0, 0);
    let (transport, source, target): (usize, &[u8], &[u8]) = match kind {
        [0x08, 0x00] => {
            key.3 = *frame.get(at + 9)?;
            let header = usize::from(frame.get(at)? & 15) * 4;
            (at + header, frame.get(at + 12..at + 16)?, frame.get(at + 16..at + 20)?)
        }
        [0x86, 0xdd] => {
            key.3 = *frame.get(at + 6)?;
            (at + 40, frame.get(at + 8..at + 24)?, frame.get(at + 24..at + 40)?)
        }
        _ => return None,
    };
    let (from, to) = if matches!(key.3, 6 | 17) {
        (
            u16::from_be_bytes(frame.get(transport..transport + 2)?.try_into().ok()?),
            u16::from_be_bytes(frame.get(transport + 2..transport + 4)?.try_into().ok()?),
        )
    } else {
        (0, 0)
    };
    let ordered = (source, from) <= (target, to);
    let (low, high) = if ordered { (source, target) } else { (target, source) };
    key.0[..low.len()].copy_from_slice(low);
    key.0[16..16 + high.len()].copy_from_slice(high);
    (key.1, key.2) = if ordered { (from, to) } else { (to, from) };
    Some((key, transport))
}

fn packet(frame: &[u8], flows: &mut HashMap<Key, Flow>) -> Option<()> {
    let (key, transport) = key(frame)?;
    let header = match key.3 {
        6 => usize::from(frame.get(transport + 12)? >> 4) * 4,
        17 => 8,
        _ => 0,
    };
    let payload = frame.get(transport + header..).unwrap_or_default();
    let flow = flows.entry(key).or_default();
    flow.packets += 1;
    flow.bytes += payload.len() as u64;
    if key.3 == 6 {
        flow.kept.clear();
        flow.kept.extend_from_slice(payload.get(..KEPT).unwrap_or(payload));
        flow.newlines += memchr::memchr_iter(b'\n', &flow.kept).count() as u64;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_one_flow() {
        let mut there = vec![0; 12];
        there.extend([8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        there.extend([0, 80, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, b'\n', b'x']);
        let mut back = there.clone();
        back[26..34].copy_from_slice(&[10, 0, 0, 2, 10, 0, 0, 1]);
        back[34..38].copy_from_slice(&[4, 0, 0, 80]);
        let mut flows = HashMap::default();
        packet(&there, &mut flows);
        packet(&back, &mut flows);
        assert_eq!(flows.len(), 1);
        let flow = flows.values().next().unwrap();
        assert_eq!((flow.packets, flow.bytes, flow.newlines), (2, 4, 2));
        for cut in 0..there.len() {
            packet(&there[..cut], &mut flows);
        }
    }
}
