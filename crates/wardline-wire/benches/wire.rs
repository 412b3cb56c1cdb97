//! Reading and decoding, each alone and together: bytes and packets per second.
//!
//! The capture is 64 MiB in memory. Nine segments in ten carry as many bytes as the case says, one is empty.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::io::{Cursor, Write};
use std::sync::Arc;
use wardline_wire::Frame;
use wardline_wire::capture::{Batch, Captures, LinkType};
use wardline_wire::frame::{Body, Transport};

/// Size of the capture.
const BYTES: usize = 64 << 20;

/// Payloads: acknowledgements and small messages, the mean of a mixed network, bulk.
const PAYLOADS: [usize; 3] = [20, 300, 1400];

fn main() {
    divan::main();
}

/// An Ethernet frame with a TCP segment of this many payload bytes.
fn frame(payload: usize, index: u32) -> Vec<u8> {
    let length = u16::try_from(40 + payload).unwrap_or(u16::MAX).to_be_bytes();
    let [_, _, high, low] = index.to_be_bytes();
    let head =
        [0x45, 0, length[0], length[1], 0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, high, low, 10, 1, low, high];
    let tcp = [0, 104, 0xc0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0];
    [&[0x02; 12][..], &[8, 0], &head, &tcp, &vec![0x5a; payload]].concat()
}

/// Frames of a capture of about [`BYTES`] whose payloads have this size, one in ten being empty.
fn frames(payload: usize) -> Vec<Vec<u8>> {
    let count = BYTES / (payload + 70);
    (0..u32::try_from(count).unwrap_or(u32::MAX))
        .map(|index| frame(if index % 10 == 0 { 0 } else { payload }, index))
        .collect()
}

fn pcap(payload: usize) -> Vec<u8> {
    let mut file = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
    for (bytes, micros) in frames(payload).iter().zip(0_u32..) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        let time = [(micros / 1_000_000).to_le_bytes(), (micros % 1_000_000).to_le_bytes()].concat();
        file.extend([&time[..], &length, &length, bytes].concat());
    }
    file
}

fn pcapng(payload: usize) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28, 1, 20, 1, 0, 20]);
    for (bytes, micros) in frames(payload).iter().zip(0_u32..) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let padded = length.next_multiple_of(4);
        file.extend(words(&[6, padded + 32, 0, 0, micros, length, length]));
        file.extend(bytes);
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(words(&[padded + 32]));
    }
    file
}

/// Reads a capture to its end and hands over each packet.
fn read(file: &Arc<[u8]>, mut each: impl FnMut(LinkType, &[u8])) -> u64 {
    let stream = Cursor::new(Arc::clone(file));
    let mut captures = Captures::from_reader("bench", Box::new(stream)).expect("a capture");
    let mut batch = Batch::default();
    while captures.next_batch(&mut batch) {
        for head in &batch.packets {
            each(head.link, batch.packet(head));
        }
    }
    captures.files().iter().map(|file| file.packets).sum()
}

/// Payload bytes of a frame.
fn decode(link: LinkType, bytes: &[u8]) -> usize {
    let frame = Frame::decode(link, bytes);
    // Borrowed: a copy of what was just written would stall.
    let Body::Ip(packet) = &frame.body else { return 0 };
    match packet.transport() {
        Transport::Tcp(segment) => segment.payload.len(),
        Transport::Udp(datagram) => datagram.payload.len(),
        Transport::Other(_, payload) => payload.len(),
        Transport::Undecoded(_) => 0,
    }
}

/// Measures the reading of a file that holds this much once uncompressed.
fn bench_read(bencher: Bencher<'_, '_>, file: Vec<u8>, uncompressed: usize) {
    let file: Arc<[u8]> = file.into();
    let packets = read(&file, |_, _| {});
    bencher
        .counter(BytesCount::new(uncompressed))
        .counter(ItemsCount::new(packets))
        .bench(|| read(black_box(&file), |_, bytes| _ = black_box(bytes.len())));
}

#[divan::bench(args = PAYLOADS, sample_count = 20)]
fn read_pcap(bencher: Bencher<'_, '_>, payload: usize) {
    let file = pcap(payload);
    let length = file.len();
    bench_read(bencher, file, length);
}

#[divan::bench(args = PAYLOADS, sample_count = 20)]
fn read_pcapng(bencher: Bencher<'_, '_>, payload: usize) {
    let file = pcapng(payload);
    let length = file.len();
    bench_read(bencher, file, length);
}

#[divan::bench(sample_count = 10)]
fn read_gzip(bencher: Bencher<'_, '_>) {
    let file = pcap(300);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&file).expect("memory");
    bench_read(bencher, encoder.finish().expect("memory"), file.len());
}

#[divan::bench(sample_count = 10)]
fn read_zstd(bencher: Bencher<'_, '_>) {
    let file = pcap(300);
    let packed = zstd::stream::encode_all(file.as_slice(), 1).expect("memory");
    bench_read(bencher, packed, file.len());
}

/// Decoding alone: one batch, over and over, as it lies in the cache when it has been read.
#[divan::bench(args = PAYLOADS, sample_count = 20)]
fn decode_frames(bencher: Bencher<'_, '_>, payload: usize) {
    let stream = Cursor::new(pcap(payload));
    let mut captures = Captures::from_reader("bench", Box::new(stream)).expect("a capture");
    let mut batch = Batch::default();
    captures.next_batch(&mut batch);
    captures.next_batch(&mut batch);
    let captured = batch.packets.iter().map(|head| u64::from(head.captured)).sum::<u64>();
    bencher.counter(BytesCount::new(captured)).counter(ItemsCount::new(batch.packets.len())).bench(|| {
        let batch = black_box(&batch);
        batch.packets.iter().map(|head| decode(head.link, batch.packet(head))).sum::<usize>()
    });
}

#[divan::bench(args = PAYLOADS, sample_count = 20)]
fn read_and_decode(bencher: Bencher<'_, '_>, payload: usize) {
    let file: Arc<[u8]> = pcap(payload).into();
    let packets = read(&file, |_, _| {});
    bencher.counter(BytesCount::new(file.len())).counter(ItemsCount::new(packets)).bench(|| {
        let mut payload = 0;
        read(&file, |link, bytes| payload += decode(link, bytes));
        payload
    });
}
