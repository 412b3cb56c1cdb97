//! The floors: precision and recall that must hold, overall and per protocol. They only rise.

use anyhow::{Context, Result};
use std::{collections::BTreeMap, fmt, path::Path};

/// Precision and recall of one protocol, where measured.
type Rates = (Option<f64>, Option<f64>);

/// The head of the file.
const HEAD: &str = "# Floors of `cargo xtask accuracy`: protocol, precision, recall, in parts of 10,000.\n\
    # Raised by `cargo xtask accuracy --lock`; never lowered.\n";

/// Parts of one that the floors are written in.
const PARTS: f64 = 10_000.0;

/// Floors by protocol, in parts of 10,000.
pub(super) struct Floors {
    floors: BTreeMap<String, [u32; 2]>,
}

impl Floors {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let mut floors = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let name = words.next().context("a line without a name")?;
            let mut number = || words.next().and_then(|word| word.parse().ok());
            let pair = number().zip(number()).with_context(|| format!("`{line}` lacks its two numbers"))?;
            floors.insert(name.to_owned(), [pair.0, pair.1]);
        }
        Ok(Self { floors })
    }

    /// What is below its floor, in words. A protocol that is measured no more is below, too.
    pub(super) fn below(&self, measured: &BTreeMap<String, Rates>) -> Vec<String> {
        let mut below = Vec::new();
        for (name, floors) in &self.floors {
            let now = measured.get(name).copied().map_or([0, 0], parts);
            for (what, (floor, now)) in ["precision", "recall"].iter().zip(floors.iter().zip(now)) {
                if now < *floor {
                    below.push(format!("{name}: {what} {now} of {floor}"));
                }
            }
        }
        below
    }

    /// These floors, raised to what was measured where that is more.
    pub(super) fn raised(&self, measured: &BTreeMap<String, Rates>) -> Self {
        let mut floors = self.floors.clone();
        for (name, rates) in measured {
            let [precision, recall] = parts(*rates);
            let floor = floors.entry(name.clone()).or_default();
            *floor = [floor[0].max(precision), floor[1].max(recall)];
        }
        Self { floors }
    }
}

fn parts((precision, recall): Rates) -> [u32; 2] {
    [precision, recall].map(|rate| (rate.unwrap_or(0.0) * PARTS).floor() as u32)
}

impl fmt::Display for Floors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (name, [precision, recall]) in &self.floors {
            writeln!(f, "{name} {precision} {recall}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_rise_and_never_fall() {
        let floors = Floors::parse("# head\ndns 9000 9950\n").unwrap();
        let measured = BTreeMap::from([("dns".to_owned(), (Some(0.95), Some(0.9)))]);
        assert_eq!(floors.below(&measured), ["dns: recall 9000 of 9950"]);
        let raised = floors.raised(&measured).to_string();
        assert!(raised.ends_with("dns 9500 9950\n"), "{raised}");
        assert_eq!(floors.below(&BTreeMap::new()).len(), 2, "a protocol that is gone is below");
        assert!(Floors::parse("dns 12").is_err());
    }
}
