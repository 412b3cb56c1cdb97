//! Dissectors: bytes per second of a long dialogue, and flows per second of short ones.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wardline_protocols::{Carrier, Dissection, Notes, Side};

fn main() {
    divan::main();
}

const RESULT: &str = "\x0bMSH|^~\\&|ANALYSER|LAB|LIS|LAB|20260101120000||ORU^R01|1|P|2.5.1\r\
    PID|1||INVENTED^^^A||INVENTED^ONE\rOBR|1|1|1|GLU\r\
    OBX|1|NM|2345-7^GLUCOSE^LN||5.4|mmol/L|3.9-6.1|N|||F\r\
    OBX|2|NM|2160-0^CREATININE^LN||74|umol/L|45-84|N|||F\r\x1c\r";

/// A thousand results over one connection, in segments of this size.
#[divan::bench(args = [64, 512, 1460])]
fn hl7_dialogue(bencher: Bencher<'_, '_>, segment: usize) {
    let bytes = RESULT.repeat(1000).into_bytes();
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| {
        let mut notes = Notes::default();
        let mut dissection = Dissection::new(Carrier::Stream, [40_000, 2575], true);
        for part in bytes.chunks(segment) {
            dissection.data(Side::Opener, black_box(part), &mut notes);
            notes.clear();
        }
        dissection.protocol()
    });
}

/// Ten thousand flows whose first bytes belong to nobody: what recognition costs.
#[divan::bench]
fn unknown_first_bytes(bencher: Bencher<'_, '_>) {
    let bytes: Vec<u8> = (0..200_u8).map(|n| n.wrapping_mul(37) | 0x80).collect();
    bencher.counter(ItemsCount::new(10_000_u32)).bench_local(|| {
        let mut notes = Notes::default();
        for _ in 0..10_000 {
            let mut dissection = Dissection::new(Carrier::Stream, [40_000, 40_001], true);
            dissection.data(Side::Opener, black_box(&bytes), &mut notes);
        }
    });
}

/// Ten thousand questions, a flow each.
#[divan::bench]
fn dns_questions(bencher: Bencher<'_, '_>) {
    let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04pacs\x08hospital\x07example\x00\x00\x01\x00\x01";
    bencher.counter(ItemsCount::new(10_000_u32)).bench_local(|| {
        let mut notes = Notes::default();
        for _ in 0..10_000 {
            let mut dissection = Dissection::new(Carrier::Datagram, [40_000, 53], true);
            dissection.data(Side::Opener, black_box(question), &mut notes);
            notes.clear();
        }
    });
}
