//! `cargo xtask test`: peers, then every test, and an account of what was skipped.

use crate::{fuzz, peers, run, tidy};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

/// What a test prints when it could not test.
const SKIPPED: &str = "SKIPPED: ";

/// What the test runner said.
#[derive(Default)]
pub(crate) struct Report {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Whether the runner itself ended well.
    succeeded: bool,
    /// Reasons given after [`SKIPPED`], once each.
    skipped: BTreeSet<String>,
    /// The runner's own closing lines.
    closing: Vec<String>,
}

impl Report {
    fn line(&mut self, line: &str) {
        if let Some((_, reason)) = line.split_once(SKIPPED) {
            self.skipped.insert(reason.trim().to_owned());
        }
        if line.starts_with("test result:") {
            self.closing.push(line.to_owned());
            self.passed += count(line, "passed");
            self.failed += count(line, "failed");
        }
    }

    /// Fails when a test failed or the runner did.
    pub(crate) fn verdict(&self) -> Result<()> {
        if self.failed > 0 || !self.succeeded {
            bail!("{} tests failed", self.failed);
        }
        Ok(())
    }

    /// Prints the runner's closing lines as it wrote them, without those that ran nothing.
    pub(crate) fn print_closing(&self) {
        for line in self.closing.iter().filter(|line| count(line, "passed") + count(line, "failed") > 0) {
            println!("{line}");
        }
        let outcome = if self.succeeded && self.failed == 0 { "ok" } else { "FAILED" };
        println!("test result: {outcome}. {} passed; {} failed; all binaries", self.passed, self.failed);
    }
}

/// The number before a word in a closing line.
fn count(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// Something that may be absent where this runs.
#[derive(Deserialize)]
struct Absent {
    /// How the skipped line begins after `SKIPPED: `.
    what: String,
    /// Why that is acceptable.
    reason: String,
}

#[derive(Default, Deserialize)]
struct AbsentFile {
    #[serde(default)]
    absent: Vec<Absent>,
}

/// `cargo xtask test`.
pub(crate) fn run(full: bool) -> Result<()> {
    let report = run_all(full)?;
    report.print_closing();
    Ok(())
}

/// Peers, tests, and the account. Fails when a test failed or, in CI, when something was skipped unannounced.
pub(crate) fn run_all(full: bool) -> Result<Report> {
    let mut minutes = Vec::new();
    let peers = run::stage(&mut minutes, "peers", peers::prepare)?;
    let mut report = run::stage(&mut minutes, "unit, scenarios, peers", || {
        let mut command = run::cargo_command();
        command
            .args(["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"])
            .env("WARDLINE_PEERS", "1");
        if full {
            command.env("WARDLINE_FULL", "1");
        }
        if let Some(python) = &peers.python {
            command.env("WARDLINE_PEERS_PYTHON", python);
        }
        follow(command)
    })?;
    report.skipped.extend(peers.missing);
    if run::find("c++").is_some() {
        run::stage(&mut minutes, "fuzz targets compile", fuzz::check)?;
    }
    let text = fs::read_to_string(tidy::root().join("tests/absent.toml")).unwrap_or_default();
    let known: AbsentFile = toml::from_str(&text).context("read tests/absent.toml")?;
    let unannounced = account(&report.skipped, &known.absent);
    run::print_minutes(&minutes);
    report.verdict()?;
    if !unannounced.is_empty() && env::var("CI").is_ok_and(|value| value == "true") {
        bail!("{} skipped without a line in tests/absent.toml", unannounced.len());
    }
    Ok(report)
}

/// Prints what was skipped and why that is known; returns what nobody announced.
fn account<'a>(skipped: &'a BTreeSet<String>, known: &[Absent]) -> Vec<&'a str> {
    let mut unannounced = Vec::new();
    for line in skipped {
        match known.iter().find(|absent| line.starts_with(&absent.what)) {
            Some(absent) => println!("skipped, announced: {line}\n    reason: {}", absent.reason),
            None => {
                println!("skipped, NOT announced: {line}");
                unannounced.push(line.as_str());
            }
        }
    }
    if skipped.is_empty() {
        println!("nothing was skipped");
    }
    unannounced
}

/// Runs a test command, showing its output but for that of tests that passed; the whole is in `target/xtask`.
pub(crate) fn follow(mut command: Command) -> Result<Report> {
    let folder = run::target().join("xtask");
    fs::create_dir_all(&folder)?;
    let mut log = fs::File::create(folder.join("test.log"))?;
    let mut child = command.stdout(Stdio::piped()).spawn().context("start cargo test")?;
    let mut report = Report::default();
    let mut muted = false;
    let output = child.stdout.take().context("output of cargo test")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(log, "{line}")?;
        report.line(&line);
        muted = match line.as_ref() {
            "successes:" => true,
            "failures:" => false,
            line if line.starts_with("test result:") => false,
            _ => muted,
        };
        if !muted && !line.trim().is_empty() && !line.ends_with(" ... ok") {
            println!("{line}");
        }
    }
    report.succeeded = child.wait()?.success();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let mut report = Report { succeeded: true, ..Report::default() };
        report.line("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out");
        assert_eq!((report.passed, report.failed), (12, 0));
        assert!(report.verdict().is_ok());
        report.line("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!((report.passed, report.failed), (13, 2));
        assert!(report.verdict().is_err());
    }

    #[test]
    fn what_is_skipped_must_be_announced_by_its_beginning() {
        let mut report = Report::default();
        report.line("SKIPPED: development captures are not here");
        report.line("SKIPPED: development captures are not here");
        assert_eq!(report.skipped.len(), 1);
        let known = |what: &str| vec![Absent { what: what.to_owned(), reason: "known".to_owned() }];
        assert!(account(&report.skipped, &known("development captures")).is_empty());
        assert_eq!(account(&report.skipped, &known("a browser")).len(), 1);
    }

    #[test]
    fn the_committed_list_is_read_and_every_entry_has_a_reason() {
        let text = fs::read_to_string(tidy::root().join("tests/absent.toml")).unwrap();
        let known: AbsentFile = toml::from_str(&text).unwrap();
        assert!(known.absent.iter().all(|absent| absent.what.len() > 3 && absent.reason.len() > 10));
    }
}
