//! One flow's bytes through the whole protocol table.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::entry::protocol(input));
