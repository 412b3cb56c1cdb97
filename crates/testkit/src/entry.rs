//! Entry points for fuzzers: any bytes in, and nothing may happen but work.
//!
//! The stable smoke tests and the coverage-guided targets under `fuzz/` call these same four. Beside "no panic"
//! they hold what must be true of every input: bounds kept, progress made, no fault of ours reported.

use std::io::{Cursor, Read};
use wardline_model::Timestamp;
use wardline_protocols::{Carrier, Dissection, Notes, PROTOCOLS, Side, Trouble};
use wardline_wire::capture::{Batch, Captures, LinkType};
use wardline_wire::flow::{Arrival, EARLY_BYTES_MAX, EARLY_SEGMENTS_MAX, Stream, StreamCounters};
use wardline_wire::frame::{Body, Fragments, Frame, TcpSegment, Transport};

/// Link types that a frame input can choose from by its first byte.
const LINKS: [LinkType; 11] = [
    LinkType::ETHERNET,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::RAW,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::PPP,
    LinkType::PPP_ETHER,
    LinkType::C_HDLC,
];

/// Largest segment kept early beyond the bound before the hole is given up.
const SEGMENT_BYTES_MAX: usize = 255;

/// Most bytes that a compressed capture of an input may become before the rest is not read: a bomb is the
/// reader's to survive, not the fuzzer's to wait for.
const BATCHES_MAX: usize = 64;

/// A capture file: read to its end, each packet decoded.
pub fn capture(input: &[u8]) {
    let Ok(mut captures) = Captures::from_reader("input", Box::new(Cursor::new(input.to_vec()))) else {
        return;
    };
    let mut batch = Batch::default();
    let mut packets = 0_u64;
    for _ in 0..BATCHES_MAX {
        if !captures.next_batch(&mut batch) {
            let read: u64 = captures.files().iter().map(|file| file.packets).sum();
            assert_eq!(read, packets, "the summary counts what was given");
            return;
        }
        assert!(!batch.packets.is_empty(), "a batch without packets would be the end");
        for head in &batch.packets {
            let bytes = batch.packet(head);
            assert_eq!(bytes.len(), usize::try_from(head.captured).unwrap_or(usize::MAX));
            if let Body::Ip(packet) = Frame::decode(head.link, bytes).body {
                std::hint::black_box(packet.transport());
            }
            packets += 1;
        }
    }
}

/// Frames: the first byte picks the link type, then each frame has its length in two bytes before it.
pub fn frame(input: &[u8]) {
    let Some((pick, mut rest)) = input.split_first() else { return };
    let link = LINKS.get(usize::from(*pick) % LINKS.len()).copied().unwrap_or(LinkType::ETHERNET);
    let mut fragments = Fragments::default();
    let mut time = 0;
    while let Some((bytes, after)) = record(rest) {
        rest = after;
        time += 1_000_000;
        let Body::Ip(packet) = Frame::decode(link, bytes).body else { continue };
        assert!(packet.payload.len() <= bytes.len(), "a view is not longer than what it views");
        if packet.fragment.is_some() {
            if let Some(whole) = fragments.add(&packet, Timestamp(time)) {
                assert!(whole.payload.len() <= 65_535, "no IP packet is longer");
                if let Ok(packet) = whole.packet() {
                    std::hint::black_box(packet.transport());
                }
            }
        } else if let Transport::Tcp(segment) = packet.transport() {
            assert!(segment.payload.len() <= packet.payload.len());
        }
    }
}

/// Two TCP streams and a dissection behind them. Each record: direction and flags, sequence, acknowledgement,
/// missing bytes, length of payload, payload.
pub fn flow(input: &[u8]) {
    let mut streams = [Stream::default(), Stream::default()];
    let mut counters = StreamCounters::default();
    let mut dissection = Dissection::new(Carrier::Stream, [40_000, 104], true);
    let mut notes = Notes::default();
    let (mut sent, mut given) = (0_u64, 0_u64);
    let mut rest = input;
    while let [flags, high, low, ack, missing, length, after @ ..] = rest {
        let (payload, after) = after.split_at_checked(usize::from(*length)).unwrap_or((after, &[]));
        rest = after;
        let opener = flags & 0x80 == 0;
        let (side, at) = if opener { (Side::Opener, 0) } else { (Side::Accepter, 1) };
        let segment = TcpSegment {
            source: 40_000,
            destination: 104,
            sequence: u32::from(u16::from_be_bytes([*high, *low])).wrapping_sub(0x100),
            acknowledgement: u32::from(*ack),
            flags: flags & 0x1f,
            window: 1024,
            checksum: 0,
            options: &[],
            payload,
            missing: u32::from(*missing / 128),
        };
        sent += payload.len() as u64;
        let stream = &mut streams[at];
        let mut give = |arrival: Arrival<'_>| {
            let trouble = match arrival {
                Arrival::Data(bytes) => {
                    given += bytes.len() as u64;
                    dissection.data(side, bytes, &mut notes)
                }
                Arrival::Gap(count) => dissection.gap(side, Some(count), &mut notes),
            };
            no_fault(trouble);
        };
        stream.segment(&segment, &mut counters, &mut give);
        stream.acknowledged(segment.acknowledgement, &mut counters, &mut give);
        let early = EARLY_BYTES_MAX + SEGMENT_BYTES_MAX + 128 * EARLY_SEGMENTS_MAX;
        assert!(stream.held() <= early, "early bytes are bounded");
        notes.clear();
    }
    for stream in &mut streams {
        stream.finish(&mut counters, &mut |arrival| {
            if let Arrival::Data(bytes) = arrival {
                given += bytes.len() as u64;
            }
        });
    }
    assert!(given <= sent, "no byte is given twice: {given} of {sent}");
}

/// One flow's bytes through the whole protocol table: what it rides on, whether from the start, two ports, then
/// records of control (side, gap), length in two bytes, bytes.
pub fn protocol(input: &[u8]) {
    let [pick, start, a, b, c, d, rest @ ..] = input else { return };
    let carriers = carriers();
    let Some(carrier) = carriers.get(usize::from(*pick) % carriers.len()).copied() else { return };
    let ports = match carrier {
        Carrier::Stream | Carrier::Datagram => [u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])],
        Carrier::Link(_) | Carrier::Ip(_) => [0; 2],
    };
    let mut dissection = Dissection::new(carrier, ports, start & 1 == 1);
    let mut notes = Notes { time: Timestamp(1_767_225_600_000_000_000), ..Notes::default() };
    let mut rest = rest;
    while let Some((control, after)) = rest.split_first() {
        let side = if control & 1 == 0 { Side::Opener } else { Side::Accepter };
        if control & 2 == 2 {
            let [high, low, after @ ..] = after else { return };
            let count = u64::from(u16::from_be_bytes([*high, *low]));
            no_fault(dissection.gap(side, (count > 0).then_some(count), &mut notes));
            rest = after;
        } else {
            let Some((bytes, after)) = record(after) else { return };
            if !bytes.is_empty() {
                let host = if side == Side::Opener { [10, 1, 2, 3] } else { [10, 1, 2, 4] };
                notes.source = Some(host.into());
                no_fault(dissection.data(side, bytes, &mut notes));
            }
            rest = after;
        }
        for said in &notes.said {
            assert!(!said.facts.is_empty(), "a statement without facts says nothing");
        }
        notes.clear();
    }
    no_fault(dissection.end(&mut notes));
}

/// What a flow can ride on, by position: streams, datagrams, then what the table names.
#[must_use]
pub fn carriers() -> Vec<Carrier> {
    let mut all = vec![Carrier::Stream, Carrier::Datagram];
    for carrier in PROTOCOLS.iter().flat_map(|protocol| protocol.carriers) {
        if !all.contains(carrier) {
            all.push(*carrier);
        }
    }
    all
}

/// A length in two bytes and as many bytes; at the end of the input what is left.
fn record(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = input else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    Some(rest.split_at_checked(length).unwrap_or((rest, &[])))
}

/// A dissector that wants too much is a stranger's doing; one that panics or stands still is ours.
fn no_fault(trouble: Option<Trouble>) {
    assert!(!matches!(trouble, Some(Trouble::Panicked | Trouble::Stalled)), "{trouble:?}");
}

/// A document of the field: opened, inspected, read into records.
pub fn document(input: &[u8]) {
    use wardline_formats::inspect::{PROBLEMS_MAX, Tools, inspect};
    use wardline_formats::open::{OpenError, each_part};
    let score = |_: &str| Err("not scored here".to_owned());
    let opened = each_part::<OpenError>(Box::new(input), &mut |_, stream| {
        let mut bytes = Vec::new();
        // A bomb is the reader's to refuse, not the fuzzer's to wait for.
        stream.take(1 << 20).read_to_end(&mut bytes)?;
        let report = inspect(&mut bytes.as_slice(), Tools { score: &score })?;
        assert!(report.problems.len() <= PROBLEMS_MAX, "problems are bounded");
        let again = inspect(&mut bytes.as_slice(), Tools { score: &score })?;
        assert_eq!(report, again, "the same bytes give the same report");
        wardline_formats::record::read(&mut bytes.as_slice(), &mut |_| std::ops::ControlFlow::Continue(()))?;
        Ok(())
    });
    let _ = opened;
}
