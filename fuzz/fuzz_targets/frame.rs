//! Frames of any link type.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::entry::frame(input));
