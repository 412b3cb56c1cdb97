//! Reads Ethernet packets out of pcap and pcapng, with a reader of its own: the bench must not be fed by the
//! code that it measures. What a file breaks off at ends that file.

use super::Packet;

const ETHERNET: u32 = 1;

/// Largest packet taken over: what a snap length is in practice.
const PACKET_BYTES_MAX: usize = 262_144;

/// Largest length on the wire taken over: a lie beyond it says nothing about speed.
const ORIGINAL_MAX: u32 = 262_144;

/// The Ethernet packets of a capture file; none when it is something else.
pub(super) fn ethernet_packets(bytes: &[u8]) -> Vec<Packet> {
    let Some(magic) = word(bytes, 0, true) else { return Vec::new() };
    match magic {
        0xa1b2_c3d4 => classic(bytes, true, 1),
        0xd4c3_b2a1 => classic(bytes, false, 1),
        0xa1b2_3c4d => classic(bytes, true, 1000),
        0x4d3c_b2a1 => classic(bytes, false, 1000),
        0x0a0d_0d0a => next_generation(bytes),
        _ => Vec::new(),
    }
}

fn word(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
}

fn half(bytes: &[u8], at: usize, little: bool) -> Option<u16> {
    let two: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
}

fn classic(bytes: &[u8], little: bool, per_micro: u64) -> Vec<Packet> {
    let mut packets = Vec::new();
    if word(bytes, 20, little).map(|link| link & 0xffff) != Some(ETHERNET) {
        return packets;
    }
    let mut at = 24;
    while let Some(packet) = classic_record(bytes, &mut at, little, per_micro) {
        packets.push(packet);
    }
    packets
}

fn classic_record(bytes: &[u8], at: &mut usize, little: bool, per_micro: u64) -> Option<Packet> {
    let seconds = u64::from(word(bytes, *at, little)?);
    let fraction = u64::from(word(bytes, *at + 4, little)?);
    let length = usize::try_from(word(bytes, *at + 8, little)?).ok()?;
    let original = word(bytes, *at + 12, little)?;
    if length > PACKET_BYTES_MAX {
        return None;
    }
    let data = bytes.get(*at + 16..*at + 16 + length)?;
    *at += 16 + length;
    Some(Packet {
        micros: seconds * 1_000_000 + fraction / per_micro,
        original: original.min(ORIGINAL_MAX),
        large: false,
        bytes: data.to_vec(),
    })
}

/// An interface of a pcapng section.
struct Interface {
    ethernet: bool,
    ticks_per_second: u64,
}

fn next_generation(bytes: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut interfaces: Vec<Interface> = Vec::new();
    let (mut at, mut little) = (0, true);
    while let Some(kind) = word(bytes, at, little) {
        if kind == 0x0a0d_0d0a {
            little = word(bytes, at + 8, true) == Some(0x1a2b_3c4d);
            interfaces.clear();
        }
        let Some(total) = word(bytes, at + 4, little).and_then(|total| usize::try_from(total).ok()) else {
            break;
        };
        let Some(block) = at.checked_add(total).and_then(|end| bytes.get(at..end)) else { break };
        if total < 12 {
            break;
        }
        match kind {
            1 => interfaces.push(interface(block, little)),
            6 => packets.extend(enhanced(block, little, &interfaces)),
            _ => {}
        }
        at += total;
    }
    packets
}

fn interface(block: &[u8], little: bool) -> Interface {
    let ethernet = half(block, 8, little).map(u32::from) == Some(ETHERNET);
    let mut ticks_per_second = 1_000_000;
    let mut at = 16;
    while let (Some(code), Some(length)) = (half(block, at, little), half(block, at + 2, little)) {
        if code == 0 {
            break;
        }
        if code == 9 {
            let resolution = block.get(at + 4).copied().unwrap_or(6);
            let exponent = u32::from(resolution & 0x7f);
            let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
            ticks_per_second = base.checked_pow(exponent).unwrap_or(1_000_000).max(1);
        }
        at += 4 + usize::from(length).next_multiple_of(4);
    }
    Interface { ethernet, ticks_per_second }
}

fn enhanced(block: &[u8], little: bool, interfaces: &[Interface]) -> Option<Packet> {
    let interface = interfaces.get(usize::try_from(word(block, 8, little)?).ok()?)?;
    let ticks = u64::from(word(block, 12, little)?) << 32 | u64::from(word(block, 16, little)?);
    let length = usize::try_from(word(block, 20, little)?).ok()?;
    let original = word(block, 24, little)?;
    let data = block.get(28..28_usize.checked_add(length)?)?;
    if !interface.ethernet || length > PACKET_BYTES_MAX {
        return None;
    }
    let micros = u128::from(ticks) * 1_000_000 / u128::from(interface.ticks_per_second);
    Some(Packet {
        micros: u64::try_from(micros).ok()?,
        original: original.min(ORIGINAL_MAX),
        large: false,
        bytes: data.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_generation_file() -> Vec<u8> {
        let words: [u32; 24] = [
            0x0a0d_0d0a,
            28,
            0x1a2b_3c4d,
            1,
            u32::MAX,
            u32::MAX,
            28, // section
            1,
            20,
            1,
            0,
            20, // Ethernet interface, microseconds
            6,
            48,
            0,
            0,
            1_500_000,
            14,
            14,
            0x1111_1111,
            0x2222_2222,
            0x3333_3333,
            0x4444_4444,
            48,
        ];
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn next_generation_is_read_and_its_cut_ends_it() {
        let file = next_generation_file();
        let packets = ethernet_packets(&file);
        assert_eq!(packets.len(), 1);
        assert_eq!((packets[0].micros, packets[0].bytes.len(), packets[0].original), (1_500_000, 14, 14));
        for cut in 0..file.len() {
            assert!(ethernet_packets(&file[..cut]).len() <= 1);
        }
    }

    #[test]
    fn classic_is_read_in_both_byte_orders() {
        for little in [true, false] {
            let words: [u32; 11] = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 65535, 1, 7, 9, 4, 60, 0x0102_0304];
            let file: Vec<u8> = words
                .iter()
                .flat_map(|word| if little { word.to_le_bytes() } else { word.to_be_bytes() })
                .collect();
            let packets = ethernet_packets(&file);
            assert_eq!(packets.len(), 1, "{little}");
            assert_eq!((packets[0].micros, packets[0].original), (7_000_009, 60));
        }
    }
}
