//! Gives a frame other addresses: MAC, ARP, IPv4, IPv6, with checksums updated by the difference.

const ARP: u16 = 0x0806;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Deepest VLAN stack looked through.
const TAGS_MAX: usize = 4;

/// Most IPv6 extension headers looked through.
const EXTENSIONS_MAX: usize = 8;

/// Rewrites the addresses of a frame for a replica. Replica 0 is the frame as it was.
pub(super) fn addresses(frame: &mut [u8], replica: u8) {
    if replica == 0 {
        return;
    }
    for at in [0, 6] {
        mac(frame, at, replica);
    }
    let mut at = 12;
    for _ in 0..TAGS_MAX {
        match half(frame, at) {
            Some(kind) if VLAN.contains(&kind) => at += 4,
            _ => break,
        }
    }
    match half(frame, at) {
        Some(ARP) => arp(frame, at + 2, replica),
        Some(IPV4) => ipv4(frame, at + 2, replica),
        Some(IPV6) => ipv6(frame, at + 2, replica),
        _ => {}
    }
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Changes the fifth octet of a station's address; the maker's prefix and group addresses stay.
fn mac(frame: &mut [u8], at: usize, replica: u8) {
    let group = frame.get(at).is_none_or(|first| first & 1 == 1);
    let empty = frame.get(at..at + 6).is_none_or(|mac| mac.iter().all(|byte| *byte == 0));
    if !group
        && !empty
        && let Some(octet) = frame.get_mut(at + 4)
    {
        *octet ^= replica;
    }
}

fn arp(frame: &mut [u8], at: usize, replica: u8) {
    if half(frame, at + 2) != Some(IPV4) || frame.get(at + 4..at + 6) != Some(&[6, 4]) {
        return;
    }
    for place in [at + 8, at + 18] {
        mac(frame, place, replica);
    }
    for place in [at + 14, at + 24] {
        ipv4_address(frame, place, replica);
    }
}

/// Changes the third octet of a host's IPv4 address. Old and new 16-bit word, when something changed.
fn ipv4_address(bytes: &mut [u8], at: usize, replica: u8) -> Option<(u16, u16)> {
    let first = *bytes.get(at)?;
    let link_local = first == 169 && bytes.get(at + 1) == Some(&254);
    if first == 0 || first == 127 || first >= 224 || link_local {
        return None;
    }
    change(bytes, at + 2, u16::from(replica) << 8)
}

/// Changes the subnet word of an IPv6 host address.
fn ipv6_address(bytes: &mut [u8], at: usize, replica: u8) -> Option<(u16, u16)> {
    let address = bytes.get(at..at + 16)?;
    let [first, ..] = address else { return None };
    if *first == 0xff || address.iter().take(15).all(|byte| *byte == 0) {
        return None;
    }
    change(bytes, at + 6, u16::from(replica))
}

fn change(bytes: &mut [u8], at: usize, mask: u16) -> Option<(u16, u16)> {
    let old = half(bytes, at)?;
    let new = old ^ mask;
    bytes.get_mut(at..at + 2)?.copy_from_slice(&new.to_be_bytes());
    Some((old, new))
}

/// RFC 1624, equation 3: HC' = ~(~HC + ~m + m').
fn update(bytes: &mut [u8], at: usize, changes: &[(u16, u16)]) {
    let Some(old) = half(bytes, at) else { return };
    let mut sum = u32::from(!old);
    for (before, after) in changes {
        sum += u32::from(!before) + u32::from(*after);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let new = !u16::try_from(sum).unwrap_or(0);
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&new.to_be_bytes());
    }
}

fn ipv4(frame: &mut [u8], at: usize, replica: u8) {
    let Some(version) = frame.get(at).copied().filter(|byte| byte >> 4 == 4) else { return };
    let changes: Vec<(u16, u16)> =
        [at + 12, at + 16].iter().filter_map(|place| ipv4_address(frame, *place, replica)).collect();
    update(frame, at + 10, &changes);
    let first_fragment = half(frame, at + 6).is_some_and(|field| field & 0x1fff == 0);
    let protocol = frame.get(at + 9).copied().unwrap_or(0);
    if first_fragment {
        transport(frame, at + usize::from(version & 15) * 4, protocol, &changes, false);
    }
}

fn ipv6(frame: &mut [u8], at: usize, replica: u8) {
    if frame.get(at).is_none_or(|byte| byte >> 4 != 6) {
        return;
    }
    let changes: Vec<(u16, u16)> =
        [at + 8, at + 24].iter().filter_map(|place| ipv6_address(frame, *place, replica)).collect();
    let mut next = frame.get(at + 6).copied().unwrap_or(59);
    let mut place = at + 40;
    for _ in 0..EXTENSIONS_MAX {
        let (Some(following), Some(length)) = (frame.get(place).copied(), frame.get(place + 1).copied())
        else {
            return;
        };
        match next {
            0 | 43 | 60 => place += 8 + usize::from(length) * 8,
            44 if half(frame, place + 2).is_some_and(|field| field & 0xfff8 == 0) => place += 8,
            44 => return,
            _ => return transport(frame, place, next, &changes, true),
        }
        next = following;
    }
}

fn transport(frame: &mut [u8], at: usize, protocol: u8, changes: &[(u16, u16)], six: bool) {
    match protocol {
        6 => update(frame, at + 16, changes),
        // A UDP checksum of zero says that there is none.
        17 if half(frame, at + 6) != Some(0) => update(frame, at + 6, changes),
        58 if six => update(frame, at + 2, changes),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(words: impl Iterator<Item = u16>) -> u16 {
        let mut sum: u32 = words.map(u32::from).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    fn words(bytes: &[u8]) -> Vec<u16> {
        bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])).collect()
    }

    /// Checksum of the UDP datagram of an Ethernet/IPv4 frame, pseudo header included; 0 when it is right.
    fn udp4(frame: &[u8]) -> u16 {
        let mut all = words(&frame[26..34]);
        all.extend([17, u16::try_from(frame.len() - 34).unwrap()]);
        all.extend(words(&frame[34..]));
        sum(all.into_iter())
    }

    fn udp_frame() -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        frame.extend([0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 192, 168, 7, 9]);
        frame.extend([0, 53, 0, 53, 0, 12, 0, 0, 1, 2, 3, 5]);
        let header = sum(words(&frame[14..34]).into_iter());
        frame[24..26].copy_from_slice(&header.to_be_bytes());
        let udp = udp4(&frame);
        frame[40..42].copy_from_slice(&udp.to_be_bytes());
        frame
    }

    #[test]
    fn right_checksums_stay_right_and_wrong_ones_wrong() {
        for replica in 1..=250 {
            let mut frame = udp_frame();
            assert_eq!((sum(words(&frame[14..34]).into_iter()), udp4(&frame)), (0, 0));
            addresses(&mut frame, replica);
            assert_eq!((sum(words(&frame[14..34]).into_iter()), udp4(&frame)), (0, 0), "replica {replica}");
            assert_eq!((frame[28], frame[32]), (replica, 7 ^ replica));
            let mut wrong = udp_frame();
            wrong[40] ^= 0x55;
            addresses(&mut wrong, replica);
            assert_ne!(udp4(&wrong), 0);
        }
    }

    #[test]
    fn group_addresses_and_the_maker_stay() {
        let mut frame = udp_frame();
        frame[0..6].copy_from_slice(&[0x01, 0, 0x5e, 0, 0, 0xfb]);
        frame[30..34].copy_from_slice(&[224, 0, 0, 251]);
        addresses(&mut frame, 9);
        assert_eq!(frame[0..6], [0x01, 0, 0x5e, 0, 0, 0xfb]);
        assert_eq!(frame[6..12], [2, 0, 0, 0, 9, 2]);
        assert_eq!(frame[30..34], [224, 0, 0, 251]);
    }

    #[test]
    fn no_cut_of_a_frame_panics() {
        let mut six = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 0x86, 0xdd, 0x60, 0, 0, 0];
        six.extend([0, 8, 44, 64]);
        six.extend([0x20; 32]);
        six.extend([58, 0, 0, 0, 0, 0, 0, 1, 128, 0, 1, 1]);
        for frame in [udp_frame(), six] {
            for cut in 0..=frame.len() {
                addresses(&mut frame[..cut].to_vec(), 3);
            }
        }
    }
}
