//! Makes vulnerability feeds as large as the National Vulnerability Database is, to measure imports and matching.
//!
//! In: how many records, and a seed. Out: a folder of yearly feeds in the NVD 2.0 form (`nvdcve-2.0-2026.json`), equal
//! byte for byte for equal numbers. Every word and every product in them is invented; what is real is their shape
//! ([`shape`]): how many configurations, nodes and matches, which bounds, how long the texts. A record is written at
//! a time.

mod random;
mod shape;

use anyhow::{Context, Result, ensure};
use random::Random;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Years that have a feed of their own; the first takes in all that is older, as in the real ones.
const YEARS: std::ops::RangeInclusive<u64> = 2002..=2026;
/// More records than this are no NVD for many years to come, and their numbers would run out of digits.
const RECORDS_MAX: u64 = 5_000_000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Records in all
    #[arg(long, default_value_t = 300_000)]
    records: u64,
    /// Equal seeds make equal feeds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write into
    folder: PathBuf,
}

/// `cargo xtask nvd`.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.records <= RECORDS_MAX, "at most {RECORDS_MAX} records");
    std::fs::create_dir_all(&options.folder)
        .with_context(|| format!("{} cannot be made", options.folder.display()))?;
    let mut bytes = 0;
    for (year, records) in by_year(options.records) {
        bytes += write_year(&options.folder, year, records, options.seed)?;
    }
    println!(
        "{}: {} records, {} MB, seed {}",
        options.folder.display(),
        options.records,
        bytes / 1_000_000,
        options.seed
    );
    Ok(())
}

/// How many records each year has: every year more than the one before.
fn by_year(records: u64) -> Vec<(u64, u64)> {
    let weight = |year: u64| year - YEARS.start() + 1;
    let all: u64 = YEARS.map(weight).sum();
    let mut years: Vec<(u64, u64)> = YEARS.map(|year| (year, records * weight(year) / all)).collect();
    let given: u64 = years.iter().map(|year| year.1).sum();
    if let Some(last) = years.last_mut() {
        last.1 += records - given;
    }
    years
}

fn write_year(folder: &Path, year: u64, records: u64, seed: u64) -> Result<u64> {
    let path = folder.join(format!("nvdcve-2.0-{year}.json"));
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut text = String::new();
    let _ = write!(
        text,
        "{{\"resultsPerPage\":{records},\"startIndex\":0,\"totalResults\":{records},\"format\":\"NVD_CVE\",\
         \"version\":\"2.0\",\"timestamp\":\"2026-12-01T03:00:00.000\",\"vulnerabilities\":["
    );
    let mut bytes = 0;
    let mut random = Random::new(seed ^ (year << 32));
    for number in 0..records {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        shape::record(&mut text, year, number, &mut random);
        out.write_all(text.as_bytes())?;
        bytes += text.len();
        text.clear();
    }
    out.write_all(b"]}\n")?;
    out.flush().with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(u64::try_from(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn years_grow_and_nothing_is_lost() {
        let years = by_year(300_000);
        assert_eq!(years.iter().map(|year| year.1).sum::<u64>(), 300_000);
        assert!(years.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        assert_eq!(by_year(3).iter().map(|year| year.1).sum::<u64>(), 3);
    }

    fn records(seed: u64) -> Vec<Value> {
        let mut random = Random::new(seed);
        let mut text = String::new();
        let all = (0..4_000).map(|number| {
            text.clear();
            shape::record(&mut text, 2024, number, &mut random);
            serde_json::from_str::<Value>(&text).unwrap()["cve"].take()
        });
        all.collect()
    }

    /// The feed has the shape that was measured; see [`shape`].
    #[test]
    fn records_have_the_shape_of_real_ones() {
        let records = records(7);
        let share = |is: &dyn Fn(&Value) -> bool| {
            records.iter().filter(|record| is(record)).count() as f64 / records.len() as f64
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 0.03, "{found} for {wanted}");
        near(share(&|record| record["vulnStatus"] == "Rejected"), 0.05);
        near(share(&|record| list(&record["configurations"]).is_empty()), 0.27);
        let nodes = |record: &Value| {
            let configurations = list(&record["configurations"]);
            configurations.iter().flat_map(|one| list(&one["nodes"])).collect::<Vec<Value>>()
        };
        let matches: Vec<Value> =
            records.iter().flat_map(nodes).flat_map(|node| list(&node["cpeMatch"])).collect();
        let of_matches = |is: &dyn Fn(&Value) -> bool| {
            matches.iter().filter(|one| is(one)).count() as f64 / matches.len() as f64
        };
        near(of_matches(&|one| one["vulnerable"] == false), 0.24);
        near(of_matches(&|one| one.get("versionEndExcluding").is_some()), 0.31);
        assert!(matches.iter().all(|one| {
            let name = one["criteria"].as_str().unwrap();
            let bound = one.as_object().unwrap().keys().any(|key| key.starts_with("version"));
            name.split(':').count() == 13 && (!bound || name.split(':').nth(5) == Some("*"))
        }));
        assert!(records.iter().flat_map(nodes).any(|node| node["negate"] == true));
        let bytes: usize = records.iter().map(|record| record.to_string().len()).sum();
        let mean = bytes / records.len();
        assert!((1_900..3_000).contains(&mean), "{mean} bytes a record");
    }

    #[test]
    fn equal_seeds_make_equal_records() {
        assert_eq!(records(3), records(3));
        assert_ne!(records(3), records(4));
    }
}
