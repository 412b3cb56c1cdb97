//! A capture file, read to its end.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::entry::capture(input));
