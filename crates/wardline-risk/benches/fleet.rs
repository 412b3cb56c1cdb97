//! A hundred thousand devices against a feed of the size of the NVD: `cargo bench -p wardline-risk --bench fleet -- DIR`.
//!
//! In: a folder of NVD feeds, as `cargo xtask nvd` makes it, and optionally how many devices and how many models they
//! are of. Out: how long it takes from cold until all are judged, how long one changed device takes, and what was found. Devices
//! are drawn from the products of the feed, so that all of them have something to be judged by; products that many records
//! speak of are frequent among them. Equal devices (product, version, platform) are judged once.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};
use wardline_formats::record::{Item, read};
use wardline_product::{Products, Scheme, Version};
use wardline_risk::advisory::{Part, Reader};
use wardline_risk::knowledge::{Knowledge, record_keys};
use wardline_risk::subject::Subject;

/// Devices judged one by one, to see what one change costs.
const CHANGED: usize = 2_000;

fn main() {
    // The test runner starts benches with nothing to do.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some(folder) = arguments.first() else {
        return println!("SKIPPED: name a folder that cargo xtask nvd made");
    };
    let number = |place: usize, otherwise| {
        arguments.get(place).and_then(|word| word.parse().ok()).unwrap_or(otherwise)
    };
    let (devices, models) = (number(1, 100_000), number(2, 5_000));
    let products = Products::default();
    let cold = Instant::now();
    let (knowledge, keys) = load(Path::new(folder), &products);
    println!(
        "{} records of {} products read in {:.1} s, {} MB resident",
        knowledge.len(),
        knowledge.products(),
        cold.elapsed().as_secs_f64(),
        resident_mb()
    );
    let fleet = fleet(&keys, devices, models, &products);
    let judging = Instant::now();
    let mut groups: HashMap<(&str, Option<&str>, bool), (usize, &Subject)> = HashMap::new();
    for subject in &fleet {
        let version = subject.version.as_ref().map(Version::text);
        groups.entry((&subject.key, version, subject.stated.is_empty())).or_insert((0, subject)).0 += 1;
    }
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (count, subject) in groups.values() {
        for matched in knowledge.judge(subject, &products, &[]) {
            *found.entry(matched.verdict.as_str()).or_default() += count;
        }
    }
    println!(
        "{} devices of {models} models, {} groups, judged in {:.1} s; from cold {:.1} s, {} MB resident",
        fleet.len(),
        groups.len(),
        judging.elapsed().as_secs_f64(),
        cold.elapsed().as_secs_f64(),
        resident_mb()
    );
    println!("verdicts by device: {found:?}");
    one_by_one(&knowledge, &fleet, &products);
}

fn one_by_one(knowledge: &Knowledge, fleet: &[Subject], products: &Products) {
    let step = (fleet.len() / CHANGED).max(1);
    let mut times: Vec<(Duration, usize)> = fleet
        .iter()
        .step_by(step)
        .map(|subject| {
            let started = Instant::now();
            let matched = knowledge.judge(subject, products, &[]);
            (started.elapsed(), matched.len())
        })
        .collect();
    times.sort();
    let at = |permille: usize| times.get((times.len() - 1) * permille / 1_000).copied().unwrap_or_default();
    let text = |(time, matched): (Duration, usize)| {
        format!("{:.3} ms ({matched} vulnerabilities)", time.as_secs_f64() * 1e3)
    };
    println!(
        "one changed device, {} tried: half within {}, 99 of 100 within {}, the longest {}",
        times.len(),
        text(at(500)),
        text(at(990)),
        text(at(1_000))
    );
}

/// All knowledge of the folder, and the products it speaks of, the most frequent first.
fn load(folder: &Path, products: &Products) -> (Knowledge, Vec<String>) {
    let mut knowledge = Knowledge::default();
    let mut reader = Reader::new(products);
    let mut frequency: HashMap<std::sync::Arc<str>, usize> = HashMap::new();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for path in files {
        let mut file = std::fs::File::open(&path).expect("a file");
        let ended = read(&mut file, &mut |item| {
            if let Item::Record { record, .. } = item
                && let Part::Records(records) = reader.part(&record, wardline_formats::record::Source::Nvd)
            {
                for record in records {
                    for key in record_keys(&record, products) {
                        *frequency.entry(key).or_default() += 1;
                    }
                    knowledge.add(record, products);
                }
            }
            ControlFlow::Continue(())
        });
        assert!(!ended.expect("a feed").cut, "{} stops in the middle", path.display());
    }
    let mut keys: Vec<_> = frequency.into_iter().collect();
    keys.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    (knowledge, keys.into_iter().map(|(key, _)| key.to_string()).collect())
}

/// Devices: models spread over all products from the most to the least frequent, each in a few versions, two of five
/// with their operating system known.
fn fleet(keys: &[String], devices: usize, models: usize, products: &Products) -> Vec<Subject> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    };
    let one = |_| {
        // The square makes the frequent ones frequent here too.
        let model = below(models) * below(models) / models.max(1);
        let key = keys.get(model * keys.len() / models.max(1)).cloned().unwrap_or_default();
        let version = Version::new(&format!("{}.{}", (model + below(5)) % 14, below(3)));
        let subject = Subject { key, scheme: Scheme::default(), version, stated: Vec::new() };
        if below(5) < 2 { subject.on("Windows 10", products) } else { subject }
    };
    (0..devices).map(one).collect()
}

/// Memory that the process holds, in megabytes; zero where the system does not tell.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1_000
}
