//! Documents of the field, of any kind.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::entry::document(input));
