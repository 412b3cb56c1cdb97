//! Mutated scenarios of every protocol through the whole table: nothing panics, stalls or talks without end.
//!
//! Deterministic: a round's number is its seed. A fixed number of rounds by default; as many as fit into
//! `WARDLINE_FUZZ_SECONDS` where that is set.

use crate::testing::{Input, Scenario, files, parse};
use crate::{Carrier, Dissection, Notes, PROTOCOLS, Side, Trouble};
use std::time::{Duration, Instant};
use wardline_model::{Fact, Timestamp};

/// Rounds of a plain test run: every scenario some dozens of times.
const ROUNDS: u64 = 20_000;
/// Statements and details that one call may add: a full DNS answer or certificate chain stays below.
const SAID_PER_CALL_MAX: usize = 2048;
/// A mutated input stays this small, so that rounds stay quick.
const INPUT_MAX: usize = 200_000;
/// Values that length fields break on.
const EXTREMES: [u32; 10] = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn seeded(round: u64) -> Self {
        Self(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn range(&mut self, len: usize) -> (usize, usize) {
        let (a, b) = (self.below(len + 1), self.below(len + 1));
        let near = a.min(b) + self.below(17).min(a.abs_diff(b));
        if self.below(2) == 0 { (a.min(b), near) } else { (a.min(b), a.max(b)) }
    }
}

/// Rounds to run: a fixed number, or until the time is over.
struct Rounds {
    next: u64,
    until: Option<Instant>,
}

impl Rounds {
    #[expect(clippy::disallowed_methods, reason = "a long run is bounded by the clock; the bytes are not")]
    fn new() -> Self {
        let seconds = std::env::var("WARDLINE_FUZZ_SECONDS").ok().map(|text| text.parse().unwrap());
        Self { next: 0, until: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)) }
    }
}

impl Iterator for Rounds {
    type Item = u64;

    #[expect(clippy::disallowed_methods, reason = "a long run is bounded by the clock; the bytes are not")]
    fn next(&mut self) -> Option<u64> {
        let round = self.next;
        self.next += 1;
        let going = match self.until {
            Some(until) => !round.is_multiple_of(64) || Instant::now() < until,
            None => round < ROUNDS,
        };
        going.then_some(round)
    }
}

/// Every scenario with its name.
fn corpus() -> Vec<(String, Scenario)> {
    let mut corpus = Vec::new();
    for file in PROTOCOLS.iter().flat_map(|protocol| files(protocol.name)) {
        let scenario = parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
        corpus.push((file.display().to_string(), scenario));
    }
    assert!(corpus.len() > 30, "the corpus is too small: {}", corpus.len());
    corpus
}

fn mutate_bytes(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    match random.below(9) {
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.byte();
            }
        }
        3 => {
            let value = EXTREMES[random.below(EXTREMES.len())];
            let (big, little) = (value.to_be_bytes(), value.to_le_bytes());
            let width = [1, 2, 4][random.below(3)];
            let field = if random.below(2) == 0 { &big[4 - width..] } else { &little[..width] };
            for (place, &byte) in bytes.iter_mut().skip(at).zip(field) {
                *place = byte;
            }
        }
        4 => {
            let (from, to) = random.range(bytes.len());
            bytes.drain(from..to);
        }
        5 => {
            let (from, to) = random.range(bytes.len());
            let copy = bytes[from..to].to_vec();
            bytes.splice(at..at, copy);
        }
        6 => {
            let noise: Vec<u8> = (0..random.below(40)).map(|_| random.byte()).collect();
            bytes.splice(at..at, noise);
        }
        7 => {
            let (from, to) = random.range(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => bytes.truncate(at),
    }
    bytes.truncate(INPUT_MAX);
}

fn mutate_script(script: &mut Vec<(Side, Input)>, other: &[(Side, Input)], random: &mut Random) {
    let at = random.below(script.len());
    match random.below(12) {
        0 if script.len() > 1 => {
            script.remove(at);
        }
        1 => {
            let again = script[at].clone();
            script.insert(at, again);
        }
        2 => script[at].0 = script[at].0.peer(),
        3 => {
            let count = [1, 7, 1460, 1 << 20, u64::MAX][random.below(5)];
            script.insert(at, (script[at].0, Input::Gap(count)));
        }
        4 => {
            let b = random.below(script.len());
            script.swap(at, b);
        }
        5 => script.insert(at, other[random.below(other.len())].clone()),
        _ => {
            let donor = match &other[random.below(other.len())].1 {
                Input::Bytes(bytes) => bytes.clone(),
                Input::Gap(_) => vec![0; 16],
            };
            if let Input::Bytes(bytes) = &mut script[at].1 {
                mutate_bytes(bytes, &donor, random);
            }
        }
    }
}

/// Runs a script; what went wrong, if anything.
fn run(
    carrier: Carrier,
    ports: [u16; 2],
    start: bool,
    script: &[(Side, Input)],
    piece: usize,
) -> Result<(), String> {
    let mut dissection = Dissection::new(carrier, ports, start);
    let mut notes = Notes { time: Timestamp(1_767_225_600_000_000_000), ..Notes::default() };
    let piece = if carrier == Carrier::Stream { piece } else { usize::MAX };
    for (side, input) in script {
        let parts: Vec<Option<&[u8]>> = match input {
            Input::Bytes(bytes) => bytes.chunks(piece.min(bytes.len().max(1))).map(Some).collect(),
            Input::Gap(_) => vec![None],
        };
        for part in parts {
            let trouble = match (part, input) {
                (Some(bytes), _) => dissection.data(*side, bytes, &mut notes),
                (None, Input::Gap(count)) => {
                    dissection.gap(*side, Some(*count).filter(|count| *count < u64::MAX), &mut notes)
                }
                (None, Input::Bytes(_)) => None,
            };
            if let Some(trouble @ (Trouble::Panicked | Trouble::Stalled)) = trouble {
                return Err(format!("{trouble:?} in {:?}", dissection.protocol()));
            }
            judge(&notes).map_err(|why| format!("{why} from {:?}", dissection.protocol()))?;
            notes.clear();
        }
    }
    if let Some(trouble) = dissection.end(&mut notes) {
        return Err(format!("{trouble:?} at the end of {:?}", dissection.protocol()));
    }
    judge(&notes).map_err(|why| format!("{why} at the end of {:?}", dissection.protocol()))
}

/// Notes are bounded, clean and never empty.
fn judge(notes: &Notes) -> Result<(), String> {
    if notes.said.len() + notes.details.len() > SAID_PER_CALL_MAX {
        return Err(format!("{} statements in one call", notes.said.len()));
    }
    for said in &notes.said {
        if said.facts.is_empty() {
            return Err("a statement without facts".into());
        }
        for fact in &said.facts {
            let version = fact.version.as_deref().unwrap_or("-");
            if fact.value.is_empty() || fact.value.len().max(version.len()) > Fact::VALUE_BYTES_MAX {
                return Err(format!("a value of {} bytes", fact.value.len()));
            }
            if fact.value.chars().chain(version.chars()).any(char::is_control) || fact.confidence > 100 {
                return Err(format!("an unclean fact {fact:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn fuzz_smoke_mutated_scenarios() {
    let corpus = corpus();
    let mut ran = 0_u64;
    for round in Rounds::new() {
        let mut random = Random::seeded(round);
        let (name, scenario) = &corpus[random.below(corpus.len())];
        let (_, other) = &corpus[random.below(corpus.len())];
        let mut script = scenario.script.clone();
        for _ in 0..=random.below(6) {
            mutate_script(&mut script, &other.script, &mut random);
        }
        let piece = [usize::MAX, 1448, 100, 13, 1][random.below(5)];
        let start = if random.below(8) == 0 { !scenario.from_start } else { scenario.from_start };
        if let Err(why) = run(scenario.carrier, scenario.ports, start, &script, piece) {
            panic!("round {round}, {name}, pieces of {piece}: {why}");
        }
        ran += 1;
    }
    eprintln!("{ran} rounds over {} scenarios", corpus.len());
    assert!(ran > 0);
}

#[test]
fn fuzz_smoke_noise_on_every_carrier() {
    let mut carriers: Vec<Carrier> = PROTOCOLS.iter().flat_map(|p| p.carriers).copied().collect();
    carriers.sort_unstable();
    carriers.dedup();
    let ports: Vec<u16> = PROTOCOLS.iter().flat_map(|p| p.ports).copied().collect();
    for round in Rounds::new().take_while(|round| *round < ROUNDS * 10) {
        let mut random = Random::seeded(round ^ 0x5EED);
        let carrier = carriers[random.below(carriers.len())];
        let port = ports[random.below(ports.len())];
        // Small values are what length fields and types are made of.
        let small = random.below(2) == 0;
        let mut byte = || if small { random.byte() & 7 } else { random.byte() };
        let script: Vec<_> = (0..4)
            .map(|turn| {
                let bytes = (0..300).map(|_| byte()).collect();
                (if turn % 2 == 0 { Side::Opener } else { Side::Accepter }, Input::Bytes(bytes))
            })
            .collect();
        if let Err(why) = run(carrier, [40_000, port], true, &script, usize::MAX) {
            panic!("round {round} over {carrier:?}, port {port}: {why}");
        }
    }
}
