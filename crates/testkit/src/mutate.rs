//! Mutation on the stable toolchain: seeds are bent, cut, repeated and crossed, the same way on each run.
//!
//! Without `WARDLINE_FUZZ_SECONDS` a fixed small number of inputs is tried, so that plain `cargo test` is quick
//! and always the same. With it, as many as fit into that time. `WARDLINE_FUZZ_SEED` starts elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Inputs tried when no time is given.
const INPUTS: u64 = 4000;

/// Longest mutated input: past this more bytes are more of the same.
const INPUT_BYTES_MAX: usize = 16_384;

/// Most mutations laid over one another: enough to leave the first branch, few enough to stay near the seed.
const MUTATIONS_MAX: usize = 6;

/// No input of this size may take longer; a thousand times what they take.
const INPUT_TIME_MAX: Duration = Duration::from_secs(5);

/// Values that length fields lie with.
const EXTREMES: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x20];

/// A small generator, xorshift64*: speed and repeatability, nothing else.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 when there is none.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap_or(0).checked_rem(end).unwrap_or(0)
    }
}

/// Feeds each seed, each of its beginnings where that is affordable, and mutations of them to `run`.
///
/// # Panics
/// When `run` panics or takes too long; the input is printed in hexadecimal first. When there are no seeds.
pub fn fuzz(seeds: &[Vec<u8>], run: fn(&[u8])) {
    assert!(!seeds.is_empty(), "a fuzzer without seeds never leaves the first branch");
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let start = now();
    let limit = number("WARDLINE_FUZZ_SECONDS").map(Duration::from_secs);
    let mut random = Random(number("WARDLINE_FUZZ_SEED").unwrap_or(0x5eed_0fa1_1de7).max(1));
    for seed in seeds {
        attempt(seed, run);
    }
    let mut tried = 0_u64;
    while limit.map_or(tried < INPUTS, |limit| start.elapsed() < limit) {
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(MUTATIONS_MAX) {
            bend(&mut input, seeds, &mut random);
        }
        input.truncate(INPUT_BYTES_MAX);
        attempt(&input, run);
        tried += 1;
    }
    eprintln!("{tried} inputs from {} seeds in {:.1} s", seeds.len(), start.elapsed().as_secs_f64());
}

fn attempt(input: &[u8], run: fn(&[u8])) {
    let start = now();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(input)));
    let took = start.elapsed();
    if let Err(panic) = outcome {
        eprintln!("input of {} bytes: {}", input.len(), hex(input));
        resume_unwind(panic);
    }
    assert!(took < INPUT_TIME_MAX, "{took:?} for {} bytes: {}", input.len(), hex(input));
}

fn hex(input: &[u8]) -> String {
    input.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One mutation.
fn bend(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len());
    let span = random.below(16) + 1;
    let end = at.saturating_add(span).min(input.len());
    match random.below(9) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => {
            let piece = input[at..end].to_vec();
            input.splice(at..at, piece);
        }
        3 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        4 => {
            let value = EXTREMES[random.below(EXTREMES.len())];
            let wide = [1, 2, 4][random.below(3)];
            input.iter_mut().skip(at).take(wide).for_each(|byte| *byte = value);
        }
        5 => {
            let step = u8::try_from(random.below(5)).unwrap_or(0);
            input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = byte.wrapping_add(step).wrapping_sub(2));
        }
        6 => {
            let bit = 1_u8 << random.below(8);
            input.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
        }
        7 => input.insert(at, u8::try_from(random.below(256)).unwrap_or(0)),
        _ => {
            let value = u8::try_from(random.below(256)).unwrap_or(0);
            input.iter_mut().skip(at).take(span).for_each(|byte| *byte = value);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a time budget is what the caller asked for")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_repeat_and_differ() {
        let seeds = vec![(0..200).collect::<Vec<u8>>(), vec![7; 40]];
        let make = || {
            let mut random = Random(9);
            let bent = |random: &mut Random| {
                let mut input = seeds[0].clone();
                bend(&mut input, &seeds, random);
                input
            };
            (0..200).map(|_| bent(&mut random)).collect::<Vec<_>>()
        };
        let (first, second) = (make(), make());
        assert_eq!(first, second);
        assert!(first.iter().filter(|input| **input != seeds[0]).count() > 150);
    }

    #[test]
    fn an_empty_input_can_be_bent() {
        let mut random = Random(3);
        for _ in 0..500 {
            let mut input = Vec::new();
            bend(&mut input, &[Vec::new()], &mut random);
        }
    }

    #[test]
    #[should_panic(expected = "found")]
    fn what_fails_is_found() {
        fuzz(&[vec![0; 8]], |input| assert!(!input.iter().any(|byte| *byte > 3), "found"));
    }
}
