//! The whole pipeline on an hour of a generated hospital, in memory: bytes per second by threads.

use divan::Bencher;
use divan::counter::BytesCount;
use std::io::Cursor;
use std::sync::Arc;
use wardline_model::Timestamp;
use wardline_sensor::{Options, analyse};
use wardline_simulate::{Plan, Profile, Simulation, pcap_header, pcap_record};
use wardline_wire::capture::Captures;

fn main() {
    divan::main();
}

fn capture() -> Arc<[u8]> {
    let start = Timestamp(1_772_434_800 * Timestamp::SECOND);
    let plan = Plan { profile: Profile::Hospital, devices: 200, seed: 1, start, duration_seconds: 3600 };
    let mut bytes = pcap_header().to_vec();
    for packet in Simulation::new(&plan).expect("a plan that can be carried out") {
        bytes.extend(pcap_record(&packet));
        bytes.extend(&packet.bytes);
    }
    bytes.into()
}

#[divan::bench(args = [1, 2], sample_count = 10)]
fn hospital(bencher: Bencher<'_, '_>, threads: usize) {
    let bytes = capture();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let source = Box::new(Cursor::new(Arc::clone(&bytes)));
        let mut captures = Captures::from_reader("generated", source).expect("a capture");
        analyse(&mut captures, Options { threads, seed: 1 }, &mut |_| {}).expect("an analysis").flows.len()
    });
}
