//! How a host opens a connection (RFC 9293 section 3.2, RFC 7323, RFC 2018): a weak clue to its operating system.
//!
//! In: the first segment of a connection. Out: a text of our own making, `64 44*mss mss,sok,ts,nop,ws 7`: the hop
//! limit its stack begins with, the window in whole segments or bytes, the options in their order, the scale. Said
//! once per host and shard. Firewalls and proxies that open connections anew are told as what they are.
//! Limits: [`OPTIONS_MAX`], [`KNOWN_MAX`].

use foldhash::fast::FixedState;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::net::IpAddr;
use wardline_model::{Attribute, Fact, is_device_address};
use wardline_wire::frame::{TcpSegment, tcp_flag};

/// Options of one segment: 40 bytes hold no more.
const OPTIONS_MAX: usize = 20;
/// Hosts and ways to open told per shard; of more the oldest may be told again.
const KNOWN_MAX: usize = 512;
/// How sure the reading is; what it means is data.
const CONFIDENCE: u8 = 60;

/// What was told in one shard.
#[derive(Default)]
pub(crate) struct Syns {
    known: Vec<u64>,
    next: usize,
}

impl Syns {
    /// What the segment says of the host that sends it, when it opens a connection and that is new.
    pub(crate) fn note(&mut self, source: IpAddr, ttl: u8, segment: &TcpSegment<'_>) -> Option<Fact> {
        let opens = segment.flags & (tcp_flag::SYN | tcp_flag::ACK) == tcp_flag::SYN && segment.missing == 0;
        // Strangers on the Internet are not asked what they run.
        if !opens || !is_device_address(source) {
            return None;
        }
        let begun = begun_with(ttl);
        // Times differ in every segment; the kinds and lengths before them do not.
        let options = Options::read(segment.options)?;
        let digest = FixedState::default().hash_one((source, begun, segment.window, &options));
        if self.known.contains(&digest) {
            return None;
        }
        if self.known.len() < KNOWN_MAX {
            self.known.push(digest);
        } else {
            self.known[self.next] = digest;
            self.next = (self.next + 1) % KNOWN_MAX;
        }
        Fact::new(Attribute::TcpSyn, &options.text(begun, segment.window), CONFIDENCE, "tcp.syn")
    }
}

/// The hop limit a stack begins with, of what is left of it after some routers.
const fn begun_with(ttl: u8) -> u8 {
    match ttl {
        0..=32 => 32,
        33..=64 => 64,
        65..=128 => 128,
        129..=255 => 255,
    }
}

/// The options of a segment.
#[derive(Hash)]
struct Options {
    kinds: [u8; OPTIONS_MAX],
    count: usize,
    segment_size: u16,
    scale: Option<u8>,
}

impl Options {
    /// Reads them; `None` when they contradict themselves or there are none.
    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut options = Self { kinds: [0; OPTIONS_MAX], count: 0, segment_size: 0, scale: None };
        while let Some((&kind, rest)) = bytes.split_first() {
            *options.kinds.get_mut(options.count)? = kind;
            options.count += 1;
            match kind {
                0 => break,
                1 => bytes = rest,
                _ => {
                    let length = usize::from(*rest.first()?);
                    let (option, after) = bytes.split_at_checked(length).filter(|_| length >= 2)?;
                    match (kind, option) {
                        (2, &[_, _, high, low]) => options.segment_size = u16::from_be_bytes([high, low]),
                        (3, &[_, _, scale]) => options.scale = Some(scale),
                        _ => {}
                    }
                    bytes = after;
                }
            }
        }
        (options.count > 0).then_some(options)
    }

    fn text(&self, begun: u8, window: u16) -> String {
        let mut text = format!("{begun} ");
        let whole = window.checked_rem(self.segment_size) == Some(0) && window > 0;
        let _ = match window.checked_div(self.segment_size).filter(|_| whole) {
            Some(segments) => write!(text, "{segments}*mss "),
            None => write!(text, "{window} "),
        };
        for (at, kind) in self.kinds.iter().take(self.count).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = match kind {
                0 => write!(text, "{comma}end"),
                1 => write!(text, "{comma}nop"),
                2 => write!(text, "{comma}mss"),
                3 => write!(text, "{comma}ws"),
                4 => write!(text, "{comma}sok"),
                8 => write!(text, "{comma}ts"),
                other => write!(text, "{comma}{other}"),
            };
        }
        if let Some(scale) = self.scale {
            let _ = write!(text, " {scale}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &[u8] = &[2, 4, 5, 0xB4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];
    const WINDOWS: &[u8] = &[2, 4, 5, 0xB4, 1, 3, 3, 8, 1, 1, 4, 2];

    fn segment(options: &[u8], window: u16, flags: u8) -> TcpSegment<'_> {
        TcpSegment {
            source: 40_000,
            destination: 104,
            sequence: 1,
            acknowledgement: 0,
            flags,
            window,
            checksum: 0,
            options,
            payload: &[],
            missing: 0,
        }
    }

    fn told(ttl: u8, options: &[u8], window: u16) -> Option<String> {
        let fact =
            Syns::default().note(IpAddr::from([10, 1, 2, 3]), ttl, &segment(options, window, tcp_flag::SYN));
        fact.map(|fact| fact.value.to_string())
    }

    #[test]
    fn the_way_a_connection_is_opened_is_one_text() {
        assert_eq!(told(61, LINUX, 64_240).unwrap(), "64 44*mss mss,sok,ts,nop,ws 7");
        assert_eq!(told(128, WINDOWS, 8_192).unwrap(), "128 8192 mss,nop,ws,nop,nop,sok 8");
        assert_eq!(told(255, &[2, 4, 2, 0x18], 2_144).unwrap(), "255 4*mss mss");
        assert_eq!(told(64, &[2, 4, 0, 0, 0], 5).unwrap(), "64 5 mss,end");
    }

    #[test]
    fn what_contradicts_itself_says_nothing() {
        for options in [&[][..], &[2], &[2, 0], &[2, 1], &[2, 9, 0], &[8, 40], &[1; 21]] {
            assert_eq!(told(64, options, 1), None, "{options:?}");
        }
        let mut syns = Syns::default();
        let answer = segment(LINUX, 1, tcp_flag::SYN | tcp_flag::ACK);
        assert_eq!(syns.note(IpAddr::from([10, 1, 2, 3]), 64, &answer), None);
    }

    #[test]
    fn it_is_said_once_and_what_is_known_is_bounded() {
        let mut syns = Syns::default();
        let mut other_time = LINUX.to_vec();
        other_time[9] = 77;
        let host = |n: u32| IpAddr::from((0x0A00_0000 + n).to_be_bytes());
        assert!(syns.note(host(1), 64, &segment(LINUX, 64_240, tcp_flag::SYN)).is_some());
        assert!(syns.note(host(1), 63, &segment(&other_time, 64_240, tcp_flag::SYN)).is_none());
        for n in 0..2_000 {
            syns.note(host(n), 64, &segment(LINUX, 64_240, tcp_flag::SYN));
        }
        assert_eq!(syns.known.len(), KNOWN_MAX);
        let stranger = IpAddr::from([198, 51, 100, 7]);
        assert!(syns.note(stranger, 64, &segment(LINUX, 64_240, tcp_flag::SYN)).is_none());
    }
}
