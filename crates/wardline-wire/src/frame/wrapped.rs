//! Links of fewer captures: headers that capturing machines put before a frame, and older networks.
//!
//! In: captured bytes of one link type (tcpdump.org LINKTYPE pages; radiotap.org; RFC 1042, 1051, 1201, 1483, 2427;
//! ANSI X3.139; IEEE 802.5). Out: the body, and the addresses where the link has Ethernet's. One wrapper is opened,
//! no further one within it. What is not read is named in the fault, see [`name`].

use super::wlan::{self, Layout};
use super::{Body, Frame, ip, link};
use crate::capture::LinkType;
use crate::{Fault, Reader};
use wardline_model::Mac;

/// Bits of radiotap's flags.
const RADIOTAP_CHECKSUM: u8 = 0x10;
const RADIOTAP_PADDED: u8 = 0x20;
const RADIOTAP_BAD: u8 = 0x40;
/// Words of radiotap's field bitmap: a dozen name-spaces, of which three are in use.
const RADIOTAP_WORDS_MAX: usize = 16;
/// Fields of NFLOG stepped over; eighteen are defined.
const NFLOG_FIELDS_MAX: usize = 64;
/// The field of NFLOG that holds the packet.
const NFLOG_PAYLOAD: u16 = 9;
/// Linux's numbers of address families.
const FAMILY_INET: u8 = 2;
const FAMILY_BRIDGE: u8 = 7;
const FAMILY_INET6: u8 = 10;

/// Reads a frame of one of these links.
pub(super) fn read<'a>(kind: LinkType, bytes: &'a [u8], frame: &mut Frame<'a>) {
    let done = match kind {
        LinkType::PPI => ppi(bytes, frame),
        LinkType::PKTAP | LinkType::USER2 => pktap(bytes, frame),
        LinkType::IEEE802_11 => station(bytes, frame),
        LinkType::RADIOTAP => radiotap(bytes, frame),
        LinkType::PRISM | LinkType::AVS => prism(bytes, frame),
        LinkType::NFLOG => nflog(bytes, frame),
        LinkType::JUNIPER_ETHERNET => juniper(bytes, frame),
        LinkType::NETANALYZER => skipped::<4>(bytes).map(|rest| link::ethernet_apart(rest, frame)),
        LinkType::FDDI => fddi(bytes, frame),
        LinkType::TOKEN_RING => token_ring(bytes, frame),
        LinkType::FRAME_RELAY => frame_relay(bytes, frame),
        LinkType::ATM_RFC1483 | LinkType::ATM_CLIP => logical(bytes, frame),
        LinkType::SUN_ATM => sun_atm(bytes, frame),
        LinkType::ARCNET | LinkType::ARCNET_LINUX => arcnet(kind, bytes, frame),
        LinkType::SLIP => skipped::<16>(bytes).map(|rest| frame.body = link::raw(rest)),
        LinkType::IP_OVER_FC => skipped::<16>(bytes).map(|rest| link::logical(rest, frame)),
        LinkType::DSA_BROADCOM | LinkType::DSA_MARVELL => switched::<4>(bytes, frame),
        LinkType::DSA_MARVELL_ETHERTYPE => switched::<8>(bytes, frame),
        LinkType::DSA_BROADCOM_BEFORE => switched_before(bytes, frame),
        LinkType::FIREWIRE => firewire(bytes, frame),
        other => Err(Fault::Unsupported(name(other))),
    };
    if let Err(fault) = done {
        frame.body = Body::Undecoded(fault);
    }
}

/// What a link that is not read is called.
const fn name(link: LinkType) -> &'static str {
    match link.0 {
        135 | 137 | 130..=134 | 136 | 179..=181 | 183 | 194 | 200 => "Juniper link",
        143 => "DOCSIS link",
        147..=160 | 162 => "link of a private number",
        165 => "MS/TP link",
        177 => "LAPD link",
        187 | 201 | 251 | 254..=256 | 272 | 161 => "Bluetooth link",
        186 | 189 | 220 | 249 | 266 | 288 | 292..=295 => "USB link",
        190 | 227 | 210 => "automotive bus",
        191 | 195 | 215 | 230 | 283 => "IEEE 802.15.4 link",
        235 => "DVB link",
        224 | 225 => "Fibre Channel link",
        247 => "InfiniBand link",
        253 => "netlink",
        _ => "link type",
    }
}

fn skipped<const N: usize>(bytes: &[u8]) -> Result<&[u8], Fault> {
    bytes.get(N..).ok_or(Fault::Truncated("link header"))
}

/// A frame of the link that a wrapper names.
fn inner<'a>(kind: u32, bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let kind = u16::try_from(kind).map(LinkType).map_err(|_| Fault::Unsupported("link type"))?;
    match kind {
        LinkType::PPI | LinkType::PKTAP | LinkType::USER2 => Err(Fault::TooLarge("stack of link headers")),
        LinkType::ETHERNET => {
            link::ethernet_apart(bytes, frame);
            Ok(())
        }
        _ => {
            frame.decode_other(kind, bytes);
            Ok(())
        }
    }
}

/// A frame of 802.11 alone.
fn station<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    wlan::read(bytes, Layout::default(), frame);
    Ok(())
}

/// LLC alone.
fn logical<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    link::logical(bytes, frame);
    Ok(())
}

/// Per-packet information: version, flags, length, link type, all little endian.
fn ppi<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(2, "PPI header")?;
    let length = reader.u16_le("PPI length")?;
    let kind = reader.u32_le("PPI link type")?;
    let rest = bytes.get(usize::from(length).max(8)..).ok_or(Fault::Truncated("PPI header"))?;
    inner(kind, rest, frame)
}

/// Apple's: length of the header, kind of record, link type, in the order of the machine, which is little endian.
fn pktap<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let length = reader.u32_le("PKTAP length")?;
    let record = reader.u32_le("PKTAP record")?;
    let kind = reader.u32_le("PKTAP link type")?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    match bytes.get(length..) {
        Some(rest) if record == 1 && length >= 108 => inner(kind, rest, frame),
        Some(_) => Err(Fault::Unsupported("PKTAP record")),
        None => Err(Fault::Truncated("PKTAP header")),
    }
}

/// Radiotap: version, padding, length, bitmap words; the flags stand first or behind a time stamp.
fn radiotap<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    if reader.u16_le("radiotap version")? & 0xff != 0 {
        return Err(Fault::Malformed("radiotap version"));
    }
    let length = usize::from(reader.u16_le("radiotap length")?);
    let first = reader.u32_le("radiotap bitmap")?;
    let (mut word, mut offset) = (first, 8_usize);
    for _ in 0..RADIOTAP_WORDS_MAX {
        if word >> 31 == 0 {
            break;
        }
        word = reader.u32_le("radiotap bitmap")?;
        offset = offset.saturating_add(4);
    }
    if first & 1 == 1 {
        offset = offset.next_multiple_of(8).saturating_add(8);
    }
    let rest = bytes.get(length.max(8)..).ok_or(Fault::Truncated("radiotap header"))?;
    let flags = if first & 2 == 2 && offset < length { bytes.get(offset).copied().unwrap_or(0) } else { 0 };
    if flags & RADIOTAP_BAD != 0 {
        return Err(Fault::Malformed("802.11 checksum"));
    }
    let layout = Layout { checksum: flags & RADIOTAP_CHECKSUM != 0, padded: flags & RADIOTAP_PADDED != 0 };
    wlan::read(rest, layout, frame);
    Ok(())
}

/// The headers of Prism and AVS cards, of which drivers mixed the link types: the latter begins with its version,
/// big endian, both have their length at offset 4.
fn prism<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let version = reader.u32("802.11 card header")?;
    let length = reader.array::<4>("802.11 card header")?;
    let length = match (version, u32::from_be_bytes(length), u32::from_le_bytes(length)) {
        (0x8021_1001 | 0x8021_1002, length, _) => length,
        (_, big, little) => big.min(little),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX).max(8);
    let rest = bytes.get(length..).ok_or(Fault::Truncated("802.11 card header"))?;
    wlan::read(rest, Layout::default(), frame);
    Ok(())
}

/// Linux's log of its packet filter: family, version, group, then fields of length, kind and value.
fn nflog<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let [family, version, _, _] = reader.array::<4>("NFLOG header")?;
    if version != 0 {
        return Err(Fault::Unsupported("NFLOG version"));
    }
    for _ in 0..NFLOG_FIELDS_MAX {
        let length = usize::from(reader.u16_le("NFLOG field")?);
        let kind = reader.u16_le("NFLOG field")? & 0x7fff;
        let value = length.checked_sub(4).ok_or(Fault::Malformed("NFLOG field"))?;
        if kind == NFLOG_PAYLOAD {
            let payload = reader.take_up_to(value);
            match family {
                FAMILY_INET | FAMILY_INET6 => frame.body = link::raw(payload),
                FAMILY_BRIDGE => link::ethernet_apart(payload, frame),
                _ => return Err(Fault::Unsupported("NFLOG family")),
            }
            return Ok(());
        }
        reader.skip(value, "NFLOG field")?;
        reader.take_up_to(value.next_multiple_of(4).saturating_sub(value));
    }
    Err(Fault::TooLarge("NFLOG fields"))
}

/// Juniper: its magic, flags, extensions where flagged; a frame with its Ethernet header.
fn juniper<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    let [b'M', b'G', b'C', flags] = reader.array::<4>("Juniper header")? else {
        return Err(Fault::Malformed("Juniper header"));
    };
    if flags & 0x80 != 0 {
        let length = reader.u16("Juniper extensions")?;
        reader.skip(usize::from(length), "Juniper extensions")?;
    }
    if flags & 0x02 != 0 {
        // Without the link's header a protocol number of the machine's own follows.
        return Err(Fault::Unsupported("Juniper link"));
    }
    link::ethernet_apart(reader.rest(), frame);
    Ok(())
}

/// FDDI: control, destination, source, LLC. Machines differ in the order of bits in the addresses: not kept.
fn fddi<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    link::logical(skipped::<13>(bytes)?, frame);
    Ok(())
}

/// Token ring: like FDDI with two bytes of control, and a route where the source's first bit says so.
fn token_ring<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(8, "link header")?;
    let [source, ..] = reader.array::<6>("link address")?;
    if source & 0x80 != 0 {
        let length = reader.rest().first().map_or(0, |first| first & 0x1f);
        reader.skip(usize::from(length.max(2)), "token ring route")?;
    }
    link::logical(reader.rest(), frame);
    Ok(())
}

/// Ethernet with `N` bytes of a switch chip between source and ethertype.
fn switched<'a, const N: usize>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    frame.destination = Some(Mac(reader.array("link address")?));
    frame.source = Some(Mac(reader.array("link address")?));
    reader.skip(N, "switch tag")?;
    let kind = reader.u16("ethertype")?;
    link::payload_apart(kind, reader.rest(), frame);
    Ok(())
}

/// Ethernet behind four bytes of a switch chip.
fn switched_before<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    link::ethernet_apart(skipped::<4>(bytes)?, frame);
    Ok(())
}

/// Frame relay: an address of two to four bytes, then RFC 2427 or an ethertype as Cisco has it.
fn frame_relay<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    // The last byte of the address has its lowest bit set, those before it do not.
    let length =
        bytes.iter().take(4).position(|byte| byte & 1 == 1).ok_or(Fault::Malformed("frame relay address"))?;
    match bytes.get(length.saturating_add(1)..).unwrap_or_default() {
        [0x03, 0xcc, rest @ ..] => frame.body = ip::packet4(rest),
        [0x03, 0x8e, rest @ ..] => frame.body = ip::packet6(rest),
        [0x03, 0x80, rest @ ..] | [0x03, 0x00, 0x80, rest @ ..] => link::snap_behind(rest, frame),
        [0x08, 0x00, rest @ ..] => frame.body = ip::packet4(rest),
        [0x86, 0xdd, rest @ ..] => frame.body = ip::packet6(rest),
        [] => return Err(Fault::Truncated("frame relay header")),
        _ => return Err(Fault::Unsupported("frame relay protocol")),
    }
    Ok(())
}

/// SunATM: the kind of traffic, virtual path and circuit.
fn sun_atm<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let (&[kind, _, _, _], rest) = bytes.split_first_chunk::<4>().ok_or(Fault::Truncated("ATM header"))?;
    match kind & 0x0f {
        // LAN emulation: the sender's number precedes the frame.
        1 => link::ethernet_apart(rest.get(2..).unwrap_or_default(), frame),
        2 => link::logical(rest, frame),
        _ => return Err(Fault::Unsupported("ATM signalling")),
    }
    Ok(())
}

/// ARCNET: addresses of one byte, two bytes that Linux leaves in, the protocol.
fn arcnet<'a>(kind: LinkType, bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let skip = if kind == LinkType::ARCNET_LINUX { 4 } else { 2 };
    let rest = bytes.get(skip..).ok_or(Fault::Truncated("ARCNET header"))?;
    frame.body = match rest {
        // RFC 1051; then RFC 1201, whole: no pieces, a number.
        [240, rest @ ..] => ip::packet4(rest),
        [212, 0, _, _, rest @ ..] => ip::packet4(rest),
        [196, 0, _, _, rest @ ..] => ip::packet6(rest),
        [212 | 196, ..] => return Err(Fault::Unsupported("piece of an ARCNET packet")),
        _ => return Err(Fault::Unsupported("ARCNET protocol")),
    };
    Ok(())
}

/// IP over IEEE 1394: two addresses of eight bytes, an ethertype.
fn firewire<'a>(bytes: &'a [u8], frame: &mut Frame<'a>) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(16, "IEEE 1394 header")?;
    let kind = reader.u16("IEEE 1394 header")?;
    link::payload_apart(kind, reader.rest(), frame);
    Ok(())
}
