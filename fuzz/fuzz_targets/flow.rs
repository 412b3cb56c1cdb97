//! TCP segments in any order, with a dissection behind them.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::entry::flow(input));
