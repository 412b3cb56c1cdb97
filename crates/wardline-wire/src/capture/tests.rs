//! Capture files by hand, in every format, order and compression, whole and cut.

use super::*;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;

/// One packet as a test sees it: frame, nanoseconds, link, length on the wire, bytes.
type Seen = (u64, i64, u16, u32, Vec<u8>);

struct Reading {
    packets: Vec<Seen>,
    files: Vec<FileSummary>,
    order: Vec<u32>,
}

fn drain(mut captures: Captures) -> Reading {
    let (mut packets, mut order) = (Vec::new(), Vec::new());
    let mut batch = Batch::default();
    while captures.next_batch(&mut batch) {
        assert!(!batch.packets.is_empty() && batch.packets.len() <= BATCH_PACKETS_MAX);
        for head in &batch.packets {
            let bytes = batch.packet(head);
            assert_eq!(bytes.len(), usize::try_from(head.captured).unwrap(), "the bytes are in the batch");
            order.push(head.place.file());
            packets.push((head.place.frame(), head.place.time.0, head.link.0, head.original, bytes.to_vec()));
        }
    }
    assert!(!captures.next_batch(&mut batch), "the end stays the end");
    Reading { packets, files: captures.files().to_vec(), order }
}

fn read(bytes: &[u8]) -> Reading {
    match Captures::from_reader("test", Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(captures) => drain(captures),
        Err(error) => panic!("{error}"),
    }
}

fn refused(bytes: &[u8]) -> String {
    match Captures::from_reader("test", Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

/// Writes integers in one byte order.
#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn half(self, value: u16) -> [u8; 2] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn word(self, value: u32) -> [u8; 4] {
        if self.0 { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.word(*value)).collect()
    }

    fn pcap(self, magic: u32, link: u32) -> Vec<u8> {
        let version = [self.half(2), self.half(4)].concat();
        [self.word(magic).to_vec(), version, self.words(&[0, 0, 262_144, link])].concat()
    }

    fn record(self, seconds: u32, fraction: u32, original: u32, bytes: &[u8]) -> Vec<u8> {
        let captured = u32::try_from(bytes.len()).unwrap();
        [self.words(&[seconds, fraction, captured, original]), bytes.to_vec()].concat()
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = [body, &[0; 3][..body.len().next_multiple_of(4) - body.len()]].concat();
        let length = u32::try_from(padded.len() + 12).unwrap();
        [self.words(&[kind, length]), padded, self.words(&[length])].concat()
    }

    fn section(self) -> Vec<u8> {
        let body =
            [self.word(0x1a2b_3c4d).to_vec(), self.half(1).to_vec(), self.half(0).to_vec(), vec![0xff; 8]];
        self.block(0x0a0d_0d0a, &body.concat())
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = &[0; 3][..value.len().next_multiple_of(4) - value.len()];
        let length = u16::try_from(value.len()).unwrap();
        [&self.half(code)[..], &self.half(length), value, padding].concat()
    }

    fn interface(self, link: u16, snap: u32, options: &[Vec<u8>]) -> Vec<u8> {
        let head = [self.half(link).to_vec(), vec![0, 0], self.word(snap).to_vec()].concat();
        self.block(1, &[head, options.concat(), vec![0; 4]].concat())
    }

    fn enhanced(self, interface: u32, ticks: u64, original: u32, bytes: &[u8]) -> Vec<u8> {
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        let captured = u32::try_from(bytes.len()).unwrap();
        let padding = &[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()];
        let options = self.option(1, b"a comment");
        let head = self.words(&[interface, high, low, captured, original]);
        self.block(6, &[&head, bytes, padding, &options, &[0; 4]].concat())
    }
}

const ORDERS: [Order; 2] = [Order(false), Order(true)];

fn sample() -> Vec<u8> {
    let order = Order(false);
    let mut bytes = order.pcap(0xa1b2_c3d4, 1);
    bytes.extend(order.record(1, 2, 60, b"first"));
    bytes.extend(order.record(1, 3, 4, b""));
    bytes.extend(order.record(2, 0, 6, b"third!"));
    bytes
}

fn sample_ng(order: Order) -> Vec<u8> {
    [
        order.section(),
        order.interface(1, 0, &[]),
        order.interface(113, 3, &[order.option(9, &[9]), order.option(2, b"eth0")]),
        order.enhanced(0, 5_000_001, 70, b"first"),
        order.block(0x0bad, &[7; 21]),
        order.enhanced(1, 6_000_000_001, 6, b"second"),
        order.block(3, &[&order.word(9)[..], b"third.."].concat()),
    ]
    .concat()
}

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for order in ORDERS {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 7000), (0xa1b2_3c4d, 7)] {
            let bytes = [order.pcap(magic, 0x3000_0001), order.record(3, 7, 99, b"abc")].concat();
            let seen = read(&bytes);
            assert_eq!(seen.packets, [(1, 3_000_000_000 + nanoseconds, 1, 99, b"abc".to_vec())]);
            let file = &seen.files[0];
            assert_eq!((file.packets, file.bytes, file.truncated, &file.problem), (1, 99, false, &None));
        }
        let record =
            [order.record(3, 7, 99, b"")[..8].to_vec(), order.words(&[3, 99, 1, 2]), b"abc".to_vec()];
        let bytes = [order.pcap(0xa1b2_cd34, 1), record.concat(), record.concat()].concat();
        assert_eq!(read(&bytes).packets[1], (2, 3_000_007_000, 1, 99, b"abc".to_vec()));
    }
}

#[test]
fn a_cut_file_gives_what_was_there_and_says_so() {
    let whole = sample();
    // Less than a magic number is no capture.
    for end in 4..whole.len() {
        let seen = read(&whole[..end]);
        let (packets, clean) = match end {
            0..45 => (0, end == 24),
            45..61 => (1, end == 45),
            61..83 => (2, end == 61),
            _ => unreachable!(),
        };
        assert_eq!(seen.packets.len(), packets, "cut at {end}");
        assert_eq!(
            (seen.files[0].truncated, seen.files[0].problem.is_none()),
            (!clean, clean),
            "cut at {end}"
        );
    }
    let problem = read(&whole[..70]).files[0].problem.clone();
    assert_eq!(problem.as_deref(), Some("byte 61: the file ends inside a record"));
    assert_eq!(read(&[]).files[0].problem.as_deref(), Some("the file is empty"));
}

#[test]
fn a_record_head_that_lies_ends_a_pcap() {
    let order = Order(false);
    let lie = order.words(&[3, 0, 262_145, 262_145]);
    let bytes = [sample(), lie, vec![0; 500_000]].concat();
    let seen = read(&bytes);
    assert_eq!(seen.packets.len(), 3);
    let file = &seen.files[0];
    assert!(file.truncated);
    let said = "byte 83: a record says that it has 262145 bytes; nothing after it was read";
    assert_eq!(file.problem.as_deref(), Some(said));
    // The largest allowed is read.
    let large =
        [sample(), order.record(3, 0, 262_144, &vec![9; 262_144]), order.record(4, 0, 1, b"x")].concat();
    assert_eq!(read(&large).packets.len(), 5);
}

#[test]
fn pcapng_has_interfaces_clocks_and_unknown_blocks() {
    for order in ORDERS {
        let seen = read(&sample_ng(order));
        let expected = [
            (1, 5_000_001_000, 1, 70, b"first".to_vec()),
            (2, 6_000_000_001, 113, 6, b"second".to_vec()),
            (3, 6_000_000_001, 1, 9, b"third..\0".to_vec()),
        ];
        assert_eq!(seen.packets, expected);
        assert_eq!(seen.files[0].problem, None);
    }
}

#[test]
fn pcapng_resolutions_and_offsets() {
    let order = Order(true);
    let time = |options: &[Vec<u8>], ticks| {
        let parts = [order.section(), order.interface(1, 0, options), order.enhanced(0, ticks, 1, b"x")];
        read(&parts.concat()).packets[0].1
    };
    assert_eq!(time(&[order.option(9, &[0])], 3), 3_000_000_000);
    assert_eq!(time(&[order.option(9, &[3])], 3), 3_000_000);
    assert_eq!(time(&[order.option(9, &[12])], 3500), 3);
    assert_eq!(time(&[order.option(9, &[0x80 | 10])], 1536), 1_500_000_000);
    assert_eq!(time(&[order.option(14, &(-2_i64).to_be_bytes())], 3_000_000), 1_000_000_000);
    // Clocks beyond the type stop at its end; nothing wraps.
    assert_eq!(time(&[order.option(9, &[0])], u64::MAX), i64::MAX);
    assert_eq!(time(&[order.option(9, &[0x80])], u64::MAX), i64::MAX);
    assert_eq!(time(&[order.option(9, &[0xff])], u64::MAX), 0);
    assert_eq!(time(&[order.option(9, &[0x7f])], 1 << 40), 0);
    assert_eq!(time(&[order.option(14, &i64::MIN.to_be_bytes())], 0), i64::MIN);
}

#[test]
fn pcapng_sections_change_order_and_interfaces_and_count_drops() {
    let drops = |order: Order, interface: u32, card: u64, system: u64| {
        let long = |value: u64| if order.0 { value.to_be_bytes() } else { value.to_le_bytes() };
        let options = [order.option(5, &long(card)), order.option(7, &long(system))].concat();
        order.block(5, &[order.words(&[interface, 0, 0]), options].concat())
    };
    let [little, big] = ORDERS;
    let bytes = [
        little.section(),
        little.interface(1, 0, &[]),
        drops(little, 0, 1, 2),
        drops(little, 0, 4, 2),
        big.section(),
        big.interface(101, 0, &[]),
        big.enhanced(0, 1, 1, b"x"),
        big.enhanced(1, 2, 1, b"y"),
        big.enhanced(0, 3, 1, b"z"),
        drops(big, 0, 10, 0),
        drops(big, 9, 1000, 0),
    ];
    let seen = read(&bytes.concat());
    assert_eq!(
        seen.packets.iter().map(|packet| (packet.0, packet.2)).collect::<Vec<_>>(),
        [(1, 101), (3, 101)]
    );
    assert_eq!(seen.files[0].dropped, Some(16));
    let said = "frame 2: a packet of interface 1, which was not described, was left out";
    assert_eq!((seen.files[0].problem.as_deref(), seen.files[0].truncated), (Some(said), false));
}

#[test]
fn obsolete_and_simple_packets_are_read() {
    let order = Order(false);
    let obsolete = [&order.half(0)[..], &order.half(7), &order.words(&[0, 9, 3, 40]), b"abc\0"].concat();
    let simple = [&order.word(100)[..], &[5; 8]].concat();
    let bytes =
        [order.section(), order.interface(1, 6, &[]), order.block(2, &obsolete), order.block(3, &simple)];
    let seen = read(&bytes.concat());
    assert_eq!(seen.packets, [(1, 9000, 1, 40, b"abc".to_vec()), (2, 9000, 1, 100, vec![5; 6])]);
}

#[test]
fn blocks_that_lie_end_the_reading() {
    let order = Order(false);
    let good = sample_ng(order);
    let mut end = order.enhanced(0, 1, 1, b"x");
    let last = end.len() - 4;
    end[last] ^= 4;
    let cases = [
        (order.words(&[6, 8, 0]), "says that it has 8 bytes"),
        (order.words(&[6, 33, 0]), "says that it has 33 bytes"),
        (end, "ends with a length of"),
        (order.block(6, &order.words(&[0, 0, 0, 5, 5, 0])), "a packet of 5 bytes is in a block of 4 bytes"),
        (order.block(6, &[0; 8]), "too short"),
        (order.block(1, &[0; 4]), "too short"),
        (order.words(&[0x0a0d_0d0a, 28, 7, 7]), "says that it has 0 bytes"),
    ];
    for (bad, said) in cases {
        let seen = read(&[good.clone(), bad, good.clone()].concat());
        let problem = seen.files[0].problem.clone().unwrap();
        assert!(problem.contains(said), "{problem}");
        assert!(problem.starts_with(&format!("byte {}:", good.len())), "{problem}");
        assert_eq!((seen.packets.len(), seen.files[0].truncated), (3, true));
    }
}

#[test]
fn huge_blocks_are_stepped_over() {
    let order = Order(true);
    let after = order.enhanced(0, 1, 1, b"x");
    let bytes = [sample_ng(order), order.block(0x0bad, &vec![1; 3_000_000]), after.clone()].concat();
    let seen = read(&bytes);
    assert_eq!((seen.packets.len(), seen.files[0].truncated), (4, false));
    let packet = order.enhanced(0, 1, 400_000, &vec![1; 400_000]);
    let seen = read(&[sample_ng(order), packet, after].concat());
    assert_eq!((seen.packets.len(), seen.packets[3].0), (4, 5), "the frame counts");
    assert!(
        seen.files[0].problem.as_deref().is_some_and(|said| said.starts_with("frame 4: a packet block of"))
    );
    let cut = [sample_ng(order), order.words(&[0x0bad, 0xffff_fff0, 0])].concat();
    assert!(read(&cut).files[0].truncated);
}

#[test]
fn a_cut_pcapng_never_loops() {
    let whole = sample_ng(Order(false));
    // Less than a magic number is no capture.
    for end in 4..whole.len() {
        let seen = read(&whole[..end]);
        assert!(seen.packets.len() < 4);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

#[test]
fn compressed_captures_of_several_parts() {
    let whole = sample();
    let plain = read(&whole).packets;
    let (one, two) = whole.split_at(31);
    assert_eq!(read(&[gzip(one), gzip(two)].concat()).packets, plain);
    assert_eq!(read(&[zstandard(one), zstandard(two)].concat()).packets, plain);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 9, 9, 9, 9][..], &zstandard(&whole)].concat();
    assert_eq!(read(&skippable).packets, plain);
    assert_eq!(read(&gzip(&zstandard(&whole))).packets, plain);
    assert_eq!(read(&gzip(&gzip(&sample_ng(Order(true))))).packets.len(), 3);
    assert!(refused(&gzip(&gzip(&gzip(&whole)))).contains("compressed more than twice"));
}

#[test]
fn cut_and_broken_compression_gives_what_came_out() {
    let order = Order(false);
    let mut noise = 1_u32;
    let mut whole = sample();
    for second in 0..4000 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        whole.extend(order.record(second, 0, 100, &noise.to_le_bytes()));
    }
    for packed in [gzip(&whole), zstandard(&whole)] {
        for end in [1, 5, 11, packed.len() / 3, packed.len() - 1] {
            if let Ok(captures) = Captures::from_reader("x", Box::new(Cursor::new(packed[..end].to_vec()))) {
                let seen = drain(captures);
                assert!(seen.files[0].truncated && seen.files[0].problem.is_some(), "cut at {end}");
            }
        }
    }
    let mut broken = gzip(&whole);
    let middle = broken.len() / 2;
    broken[middle..middle + 40].fill(0xaa);
    let seen = read(&broken);
    assert!(seen.files[0].truncated && seen.packets.len() > 100, "{:?}", seen.files);
}

#[test]
fn other_files_are_refused_with_advice() {
    assert!(refused(b"PK\x03\x04 and so on").contains("a zip archive; unpack it"));
    assert!(refused(b"snoop\0\0\0\0\0\0\x02").contains("editcap"));
    assert!(refused(b"Dear reader").contains("test: not a capture; give pcap or pcapng"));
    assert!(refused(&[vec![0xa1, 0xb2, 0xc3, 0xd4, 0, 7], vec![0; 30]].concat()).contains("version 7"));
    assert!(refused(&gzip(&vec![0; 1 << 20])).contains("not a capture"));
    let missing = Captures::open(&["/nowhere/a.pcap".into(), "/nowhere/b.pcap".into(), "/".into()]);
    let said = missing.unwrap_err().to_string();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.contains("/nowhere/b.pcap: cannot be read") && said.contains("check the name"), "{said}");
    assert!(said.contains("name the capture files inside"), "{said}");
    assert_eq!(Captures::open(&[]).unwrap_err(), CaptureError::NoFiles);
}

#[test]
fn a_file_that_is_no_capture_does_not_cost_the_others() {
    let shelf = Shelf::new("mixed");
    let names = [
        shelf.file("letter.pcap", b"Dear reader"),
        shelf.file("empty.pcap", b""),
        shelf.file("good.pcap", &sample()),
    ];
    let mut captures = Captures::open(&names).unwrap();
    let (mut batch, mut packets) = (Batch::default(), 0);
    while captures.next_batch(&mut batch) {
        packets += batch.packets.len();
    }
    assert!(packets > 0);
    for file in captures.files() {
        let good = file.name.ends_with("good.pcap");
        assert_eq!((file.problem.is_none(), file.packets > 0), (good, good), "{file:?}");
    }
    let mut captures = Captures::open(&names[..1]).unwrap();
    assert!(!captures.next_batch(&mut batch));
    let problem = captures.files()[0].problem.clone().unwrap();
    assert!(problem.starts_with("not a capture; give pcap"), "{problem}");
}

/// Hands out its bytes a few at a time, as a pipe may.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, space: &mut [u8]) -> std::io::Result<usize> {
        let count = space.len().min(self.1);
        self.0.read(&mut space[..count])
    }
}

#[test]
fn long_captures_come_in_batches_whatever_the_reads() {
    let order = Order(true);
    let mut bytes = order.pcap(0xa1b2_c3d4, 101);
    for index in 0..30_000_u32 {
        let packet = vec![0x45; usize::try_from(index * 7919 % 1500).unwrap()];
        bytes.extend(order.record(index, 1, 1500, &packet));
    }
    let whole = read(&bytes);
    assert_eq!((whole.packets.len(), whole.files[0].packets), (30_000, 30_000));
    assert!(whole.packets.iter().zip(1..).all(|(packet, frame)| packet.0 == frame));
    for pace in [7919, 100_003] {
        let stream = Trickle(Cursor::new(bytes.clone()), pace);
        let seen = drain(Captures::from_reader("pipe", Box::new(stream)).unwrap());
        assert!(seen.packets == whole.packets && seen.files[0].packets == 30_000);
    }
}

/// A directory of captures that goes away with the test.
struct Shelf(PathBuf);

impl Shelf {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wardline-wire-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A pcap of packets at these milliseconds, each saying its file and number.
    fn pcap(&self, name: &str, milliseconds: &[u32]) -> PathBuf {
        let order = Order(false);
        let mut bytes = order.pcap(0xa1b2_c3d4, 1);
        for time in milliseconds {
            bytes.extend(order.record(time / 1000, time % 1000 * 1000, 60, name.as_bytes()));
        }
        self.file(name, &bytes)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names of the files of the packets in the order of analysis, and the milliseconds.
fn merged(paths: &[PathBuf]) -> (Vec<(String, i64)>, Vec<String>) {
    let seen = drain(Captures::open(paths).unwrap());
    let packets = seen.packets.iter().zip(&seen.order).map(|(packet, file)| {
        let text = String::from_utf8(packet.4.clone()).unwrap();
        let name = &seen.files[usize::try_from(*file).unwrap()].name;
        assert!(name.ends_with(&text), "a packet names its file");
        (text, packet.1 / 1_000_000)
    });
    (packets.collect(), seen.files.iter().map(|file| file.name.clone()).collect())
}

#[test]
fn rotated_files_are_read_in_the_order_of_their_first_packets() {
    let shelf = Shelf::new("rotated");
    let paths = [
        shelf.pcap("c", &[5000, 5001]),
        shelf.pcap("a", &[1000, 2000]),
        shelf.pcap("none", &[]),
        shelf.pcap("b", &[2000, 4000]),
    ];
    let (packets, files) = merged(&paths);
    let expected = [("a", 1000), ("a", 2000), ("b", 2000), ("b", 4000), ("c", 5000), ("c", 5001)];
    assert_eq!(packets, expected.map(|(name, time)| (name.to_owned(), time)));
    assert!(files.iter().zip(["a", "b", "c", "none"]).all(|(file, name)| file.ends_with(name)), "{files:?}");
}

#[test]
fn overlapping_files_are_merged_by_time() {
    let shelf = Shelf::new("overlap");
    let even: Vec<u32> = (0..9000).map(|index| 1000 + index * 10).collect();
    let odd: Vec<u32> = (0..6000).map(|index| 15_005 + index * 10).collect();
    let paths = [shelf.pcap("odd", &odd), shelf.pcap("even", &even), shelf.pcap("late", &[80_000, 200_000])];
    let (packets, _) = merged(&paths);
    assert_eq!(packets.len(), 15_002);
    assert!(packets.is_sorted_by_key(|(_, time)| *time));
}

#[test]
fn where_a_capture_was_split_does_not_reorder_it() {
    let shelf = Shelf::new("split");
    // Packets out of order around the split, in files of several batches.
    let times: Vec<u32> = (0..12_000).map(|index| 10_000 + index * 10 + (index * 7 % 10) * 20).collect();
    let whole = [shelf.pcap("whole", &times)];
    let (one, two) = times.split_at(8000);
    let split = [shelf.pcap("one", one), shelf.pcap("two", two)];
    let times = |paths| merged(paths).0.into_iter().map(|(_, time)| time).collect::<Vec<_>>();
    assert!(times(&whole) == times(&split));
}

#[test]
fn a_clock_that_steps_back_keeps_the_order_of_the_file() {
    let shelf = Shelf::new("back");
    let (packets, _) = merged(&[shelf.pcap("a", &[5000, 1000, 6000])]);
    assert_eq!(packets.iter().map(|packet| packet.1).collect::<Vec<_>>(), [5000, 1000, 6000]);
}

#[test]
fn many_files_need_few_descriptors() {
    let shelf = Shelf::new("many");
    let paths: Vec<_> = (0..300_u32)
        .map(|index| shelf.pcap(&format!("f{index}"), &[index * 5000, index * 5000 + 4000]))
        .collect();
    let mut captures = Captures::open(&paths).unwrap();
    let mut batch = Batch::default();
    let mut packets = 0;
    while captures.next_batch(&mut batch) {
        assert!(captures.open_files() <= 2);
        packets += batch.packets.len();
    }
    assert_eq!(packets, 600);
    // All at once: merged as far as the bound goes, none lost, and said.
    let paths: Vec<_> = (0..80_u32).map(|index| shelf.pcap(&format!("g{index}"), &[index, 90_000])).collect();
    let seen = drain(Captures::open(&paths).unwrap());
    assert_eq!(seen.packets.len(), 160);
    assert!(
        seen.files.iter().any(|file| file.problem.as_deref().is_some_and(|said| said.contains("overlap")))
    );
}

#[test]
fn a_file_that_goes_away_is_said() {
    let shelf = Shelf::new("gone");
    let paths = [shelf.pcap("a", &[1000]), shelf.pcap("b", &[9000])];
    let captures = Captures::open(&paths).unwrap();
    fs::remove_file(&paths[1]).unwrap();
    let seen = drain(captures);
    assert_eq!(seen.packets.len(), 1);
    assert!(seen.files[1].truncated && seen.files[1].problem.is_some());
}

#[test]
fn merging_loses_and_doubles_nothing_whatever_the_clocks() {
    let shelf = Shelf::new("clocks");
    let mut state = 0x1234_5678_u32;
    let mut below = |bound: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % bound
    };
    for round in 0..40 {
        let files: Vec<Vec<u32>> = (0..=below(6))
            .map(|_| {
                let (start, step) = (below(60_000), 1 + below(40));
                let back = below(3) * below(4000);
                (0..below(9000)).map(|index| 10_000 + start + index * step - below(1 + back)).collect()
            })
            .collect();
        let paths: Vec<PathBuf> = files
            .iter()
            .enumerate()
            .map(|(index, times)| shelf.pcap(&format!("r{round}f{index}"), times))
            .collect();
        let (packets, names) = merged(&paths);
        for (path, times) in paths.iter().zip(&files) {
            let name = path.file_name().unwrap().to_string_lossy();
            let seen = packets.iter().filter(|(file, _)| *file == name).map(|(_, time)| *time);
            assert!(
                seen.eq(times.iter().map(|time| i64::from(*time))),
                "round {round}: {name} is whole and in order"
            );
        }
        assert_eq!(packets.len(), files.iter().map(Vec::len).sum::<usize>());
        assert!(merged(&paths) == (packets, names), "round {round}: the same again");
    }
}

#[test]
fn captures_can_be_handed_to_another_thread() {
    fn sendable<T: Send>() {}
    sendable::<Captures>();
    sendable::<Batch>();
}
