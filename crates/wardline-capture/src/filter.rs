//! What not to listen to: backup networks, the console's own traffic, a camera VLAN; and how much of a frame.
//!
//! In: exclusions as text. Out: a classic filter program for a packet socket, whose answer is the number of bytes to
//! keep. It looks at the outermost Ethernet frame: IPv4 (any header length), IPv6 without extension headers, TCP and
//! UDP ports. What it cannot read it lets pass: a filter must not hide what it does not understand.

use crate::CaptureError;
use crate::program::{HEADER_LENGTH, LOAD_BYTE, LOAD_HALF, LOAD_HALF_BEHIND, LOAD_WORD, Program, Step};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use wardline_model::Mac;

/// Offset at which the kernel answers with the VLAN tag it took from the frame (SKF_AD_OFF + SKF_AD_VLAN_TAG).
const VLAN_TAG: u32 = 0xffff_f000_u32.saturating_add(44);
/// Whether there was one (SKF_AD_VLAN_TAG_PRESENT).
const VLAN_PRESENT: u32 = 0xffff_f000_u32.saturating_add(48);

/// One exclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// From or to an address within so many leading bits.
    Net(IpAddr, u8),
    /// From or to a TCP or UDP port.
    Port(u16),
    /// From or to a station.
    Mac(Mac),
    /// In a VLAN.
    Vlan(u16),
}

/// What not to listen to, and how much of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Packets of any of these are left to pass by.
    pub exclude: Vec<Term>,
}

impl FromStr for Term {
    type Err = CaptureError;

    fn from_str(text: &str) -> Result<Self, CaptureError> {
        let wrong = || CaptureError::Filter(text.to_owned());
        let (kind, value) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            "host" => {
                let ip: IpAddr = value.parse().map_err(|_| wrong())?;
                Ok(Self::Net(ip, bits_of(ip)))
            }
            "net" => {
                let (ip, bits) = value.split_once('/').ok_or_else(wrong)?;
                let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
                let bits = bits.parse().ok().filter(|bits| *bits <= bits_of(ip)).ok_or_else(wrong)?;
                Ok(Self::Net(ip, bits))
            }
            "port" => value.parse().map(Self::Port).map_err(|_| wrong()),
            "vlan" => {
                let id = value.parse().ok().filter(|id| (1..4095).contains(id)).ok_or_else(wrong)?;
                Ok(Self::Vlan(id))
            }
            "mac" => mac(value).map(Self::Mac).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(ip, bits) => write!(f, "net:{ip}/{bits}"),
            Self::Port(port) => write!(f, "port:{port}"),
            Self::Vlan(id) => write!(f, "vlan:{id}"),
            Self::Mac(Mac([a, b, c, d, e, g])) => {
                write!(f, "mac:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
            }
        }
    }
}

const fn bits_of(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn mac(text: &str) -> Option<Mac> {
    let mut bytes = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        *byte =
            parts.next().filter(|part| part.len() == 2).and_then(|part| u8::from_str_radix(part, 16).ok())?;
    }
    parts.next().is_none().then_some(Mac(bytes))
}

impl Filter {
    /// Exclusions in one filter: kernels give a socket 20 KiB for it, and an IPv6 network takes 300 bytes.
    pub const TERMS_MAX: usize = 60;

    /// The program that keeps `snap` bytes of a frame that is not excluded.
    pub(crate) fn program(&self, snap: u32) -> Result<Vec<Step>, CaptureError> {
        if self.exclude.len() > Self::TERMS_MAX {
            return Err(CaptureError::FilterTooLong(self.exclude.len()));
        }
        let mut program = Program::default();
        for term in &self.exclude {
            match *term {
                Term::Vlan(id) => vlan(&mut program, id),
                Term::Mac(mac) => stations(&mut program, mac),
                Term::Net(IpAddr::V4(ip), bits) => {
                    program.step(LOAD_HALF, 12).when(0x0800, |p| {
                        network(p, &[u32::from(ip)], bits, [26, 30]);
                    });
                }
                Term::Net(IpAddr::V6(ip), bits) => {
                    let words: Vec<u32> = ip
                        .octets()
                        .chunks_exact(4)
                        .map(|w| w.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
                        .collect();
                    program.step(LOAD_HALF, 12).when(0x86dd, |p| network(p, &words, bits, [22, 38]));
                }
                Term::Port(port) => ports(&mut program, port),
            }
        }
        program.end(snap);
        Ok(program.steps().to_vec())
    }
}

fn vlan(program: &mut Program, id: u16) {
    program.step(LOAD_BYTE, VLAN_PRESENT).when(1, |p| {
        p.step(LOAD_HALF, VLAN_TAG).keep(0xfff).end_if(id.into(), 0);
    });
}

fn stations(program: &mut Program, Mac([a, b, c, d, e, f]): Mac) {
    for at in [0_u32, 6] {
        program.step(LOAD_WORD, at.saturating_add(2)).when(u32::from_be_bytes([c, d, e, f]), |p| {
            p.step(LOAD_HALF, at).end_if(u32::from_be_bytes([0, 0, a, b]), 0);
        });
    }
}

/// Ends when the words at one of the offsets agree in their leading bits.
fn network(program: &mut Program, words: &[u32], bits: u8, offsets: [u32; 2]) {
    for offset in offsets {
        within(program, words, bits, offset);
    }
}

fn within(program: &mut Program, words: &[u32], bits: u8, offset: u32) {
    let Some((word, rest)) = words.split_first().filter(|_| bits > 0) else {
        program.end(0);
        return;
    };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits.min(32).into())).unwrap_or(0);
    program.step(LOAD_WORD, offset).keep(mask).when(word & mask, |p| {
        within(p, rest, bits.saturating_sub(32), offset.saturating_add(4));
    });
}

fn ports(program: &mut Program, port: u16) {
    program.step(LOAD_HALF, 12).when(0x0800, |p| {
        for protocol in [6, 17] {
            p.step(LOAD_BYTE, 23).when(protocol, |p| {
                // Only the first fragment has ports.
                p.step(LOAD_HALF, 20).unless_any(0x1fff, |p| {
                    p.step(HEADER_LENGTH, 14);
                    p.step(LOAD_HALF_BEHIND, 14).end_if(port.into(), 0);
                    p.step(LOAD_HALF_BEHIND, 16).end_if(port.into(), 0);
                });
            });
        }
    });
    program.step(LOAD_HALF, 12).when(0x86dd, |p| {
        for protocol in [6, 17] {
            p.step(LOAD_BYTE, 20).when(protocol, |p| {
                p.step(LOAD_HALF, 54).end_if(port.into(), 0);
                p.step(LOAD_HALF, 56).end_if(port.into(), 0);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::run;

    const SNAP: u32 = 65_536;

    fn frame4(
        source: [u8; 4],
        destination: [u8; 4],
        protocol: u8,
        options: usize,
        ports: [u16; 2],
    ) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, 8, 0];
        frame.extend([0x45 + u8::try_from(options).unwrap(), 0, 0, 60, 0, 1, 0, 0, 64, protocol, 0, 0]);
        frame.extend(source);
        frame.extend(destination);
        frame.extend(vec![1; options * 4]);
        ports.iter().for_each(|port| frame.extend(port.to_be_bytes()));
        frame.extend([0; 16]);
        frame
    }

    fn keeps(terms: &[&str], frame: &[u8]) -> bool {
        keeps_in(terms, frame, None)
    }

    fn keeps_in(terms: &[&str], frame: &[u8], tag: Option<u32>) -> bool {
        let exclude = terms.iter().map(|term| term.parse().unwrap()).collect();
        let program = Filter { exclude }.program(SNAP).unwrap();
        let ancillary = |k| if k == VLAN_PRESENT { u32::from(tag.is_some()) } else { tag.unwrap_or(0) };
        match run(&program, frame, &ancillary) {
            SNAP => true,
            0 => false,
            other => panic!("{other} bytes"),
        }
    }

    #[test]
    fn each_exclusion_takes_what_it_names_and_nothing_else() {
        let frame = frame4([10, 1, 2, 3], [10, 9, 0, 4], 6, 0, [40_000, 104]);
        for (terms, kept) in [
            (&[][..], true),
            (&["host:10.1.2.3"], false),
            (&["host:10.9.0.4"], false),
            (&["host:10.1.2.4"], true),
            (&["net:10.1.0.0/16"], false),
            (&["net:10.1.3.0/24", "net:11.0.0.0/8"], true),
            (&["net:0.0.0.0/0"], false),
            (&["port:104"], false),
            (&["port:40000"], false),
            (&["port:105"], true),
            (&["mac:02:00:00:00:00:07"], false),
            (&["mac:02-00-00-00-00-09"], false),
            (&["mac:02:00:00:00:00:08"], true),
            (&["vlan:12"], true),
            (&["port:1", "host:10.7.7.7", "port:104"], false),
        ] {
            assert_eq!(keeps(terms, &frame), kept, "{terms:?}");
        }
        assert!(!keeps_in(&["vlan:12"], &frame, Some(0x600c)), "the priority is no part of the number");
        assert!(keeps_in(&["vlan:12"], &frame, Some(13)));
    }

    #[test]
    fn ports_are_found_behind_options_and_not_in_later_fragments() {
        assert!(!keeps(&["port:104"], &frame4([1; 4], [2; 4], 17, 3, [104, 9])));
        let mut fragment = frame4([1; 4], [2; 4], 17, 0, [104, 9]);
        fragment[21] = 1;
        assert!(keeps(&["port:104"], &fragment));
        assert!(keeps(&["port:104"], &frame4([1; 4], [2; 4], 1, 0, [104, 9])), "ICMP has no ports");
    }

    #[test]
    fn ipv6_networks_of_any_length() {
        let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, 0x86, 0xdd];
        frame.extend([0x60, 0, 0, 0, 0, 20, 17, 64]);
        frame.extend("fd00:1:2:3::5".parse::<std::net::Ipv6Addr>().unwrap().octets());
        frame.extend("fd00:9::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
        frame.extend([0, 104, 0x9c, 0x40, 0, 0, 0, 0]);
        for (term, kept) in [
            ("net:fd00:1::/32", false),
            ("net:fd00:1:2:3::/64", false),
            ("net:fd00:1:2:2::/63", false),
            ("net:fd00:1:2:4::/64", true),
            ("host:fd00:9::1", false),
            ("host:fd00:9::2", true),
            ("host:10.0.0.1", true),
            ("port:104", false),
            ("port:40000", false),
            ("port:105", true),
        ] {
            assert_eq!(keeps(&[term], &frame), kept, "{term}");
        }
    }

    #[test]
    fn short_frames_pass_by_as_the_kernel_has_it() {
        // A load behind the end answers 0 bytes: the kernel drops what is shorter than an Ethernet header anyway.
        assert!(keeps(&[], &[0; 4]));
        assert!(!keeps(&["port:1"], &[0; 4]));
    }

    #[test]
    fn what_was_read_is_written_so_that_it_is_read_again() {
        for text in ["host:10.0.0.1", "net:fd00::/8", "port:104", "mac:02-00-00-00-00-0a", "vlan:12"] {
            let term: Term = text.parse().unwrap();
            assert_eq!(term.to_string().parse::<Term>().unwrap(), term, "{text}");
        }
    }

    #[test]
    fn wrong_words_are_refused_and_said_back() {
        for text in [
            "",
            "host:",
            "host:10.0.0",
            "net:10.0.0.0/33",
            "net:10.0.0.0",
            "port:70000",
            "vlan:0",
            "mac:02:00",
            "tcp:1",
        ] {
            let error = text.parse::<Term>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
        let exclude = vec![Term::Port(1); Filter::TERMS_MAX + 1];
        assert!(matches!(Filter { exclude }.program(1), Err(CaptureError::FilterTooLong(61))));
        let longest = Filter { exclude: vec![Term::Net("fd00::1".parse().unwrap(), 128); Filter::TERMS_MAX] };
        let steps = longest.program(1).unwrap();
        assert!(steps.len() * 8 <= 20_480, "{} instructions", steps.len());
    }
}
