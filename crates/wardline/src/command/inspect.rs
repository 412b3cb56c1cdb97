//! `wardline inspect`: what a file of the field is, whether it holds, and where it does not.

mod against;

pub(super) use against::{bill, document};

use super::{Outcome, analyze::Format};
use crate::output::words::wrapped;
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use wardline_formats::inspect::{Report, Said, Scores, Severity, Tools, inspect, words};
use wardline_formats::open::{OpenError, beginning, each_part};
use wardline_risk::cvss::Vector;
use wardline_wire::capture::{Batch, Captures};

/// Bytes looked at to tell a capture from a document.
const HEAD_BYTES: u64 = 64 << 10;
/// Problems of one file printed for people; JSON has them all.
const LINES_MAX: usize = 30;
/// Folders within each other.
const DEPTH_MAX: usize = 32;

/// Say what files are and whether they hold by their standards.
///
/// Advisories (CSAF, VEX), bills of materials (CycloneDX, SPDX), vulnerability feeds (NVD, CVE, KEV, EPSS), scanner
/// reports, firewall configurations, captures, HL7, DICOM and more; the kind is told by content. gzip, zip and JSON
/// lines are opened, folders walked through. Exit code 0: all hold; 1: one does not, which is printed; 2: wrong use or
/// a file that is not there.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Files or folders, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// An older bill of materials: says what was added, removed and changed since.
    #[arg(long, value_name = "OLDER")]
    against: Option<PathBuf>,
    /// A table for people, or JSON for programs, one object a line.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What is printed for programs of a file: the contract.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format_version: Option<&'a str>,
    valid: bool,
    problems: Vec<ProblemLine<'a>>,
    summary: BTreeMap<&'a str, serde_json::Value>,
}

#[derive(Serialize)]
struct ProblemLine<'a> {
    r#where: &'a str,
    code: &'a str,
    severity: &'a str,
    why: &'a str,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    if let Some(older) = &arguments.against {
        let [file] = arguments.files.as_slice() else {
            anyhow::bail!("--against compares one file with an older one; name one file");
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let outcome = against::run(file, older, arguments.format, &mut out)?;
        out.flush()?;
        return Ok(outcome);
    }
    let mut files = Vec::new();
    for path in &arguments.files {
        collect(path, 0, &mut files)?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut outcome = Outcome::Done;
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    for path in &files {
        for (name, report) in reports(path)? {
            if !report.valid() {
                outcome = Outcome::Problems;
            }
            match arguments.format {
                Format::Json => write_json(&name, &report, &mut out)?,
                Format::Table => write_words(&name, &report, colour, &mut out)?,
            }
        }
    }
    out.flush()?;
    Ok(outcome)
}

/// The files at a path: itself, or all in a folder, by name.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if path == Path::new("-") {
        files.push(path.to_owned());
        return Ok(());
    }
    let about = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if !about.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    anyhow::ensure!(
        depth < DEPTH_MAX,
        "{}: folders lie more than {DEPTH_MAX} deep in each other",
        path.display()
    );
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))? {
        entries.push(entry?.path());
    }
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, depth + 1, files))
}

/// A report of each document in a file.
fn reports(path: &Path) -> Result<Vec<(String, Report)>> {
    let name = if path == Path::new("-") { "-".to_owned() } else { path.display().to_string() };
    let mut input: Box<dyn Read> = if name == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("{name} cannot be read"))?)
    };
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    if name != "-" && is_capture(&beginning(&head)) {
        return Ok(vec![(name, capture(path)?)]);
    }
    let mut reports = Vec::new();
    let opened = each_part::<OpenError>(Box::new(io::Cursor::new(head).chain(input)), &mut |part, stream| {
        let report = inspect(stream, Tools { score: &score })?;
        reports.push((part.map_or_else(|| name.clone(), |part| format!("{name}/{part}")), report));
        Ok(())
    });
    if let Err(error) = opened {
        // What cannot be unpacked or read on is a fault of the file, not of its use.
        let mut report = Report::new("unknown");
        report.error("open", "1:1", format!("{:#}", anyhow::Error::from(error)));
        reports.push((name, report));
    }
    Ok(reports)
}

/// Scores a vector for tests of standards that ask whether scores are right.
fn score(vector: &str) -> Result<Scores, String> {
    let rating = Vector::parse(vector).map_err(|error| error.to_string())?.rating();
    Ok(Scores {
        base: rating.base.value(),
        temporal: rating.temporal.map(|score| score.value()),
        environmental: rating.environmental.map(|score| score.value()),
    })
}

/// pcap in both byte orders and resolutions, pcapng; zstd is used for captures only.
fn is_capture(begins: &[u8]) -> bool {
    const MAGICS: [[u8; 4]; 6] = [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x0a, 0x0d, 0x0d, 0x0a],
        [0x28, 0xb5, 0x2f, 0xfd],
    ];
    begins.first_chunk().is_some_and(|magic| MAGICS.contains(magic))
}

fn capture(path: &Path) -> Result<Report> {
    let mut report = Report::new("capture");
    let mut captures = Captures::open(&[path.to_owned()])?;
    let mut batch = Batch::default();
    while captures.next_batch(&mut batch) {}
    for file in captures.files() {
        report.summary.insert("packets", Said::Count(file.packets));
        report.summary.insert("bytes", Said::Count(file.bytes));
        if let Some(problem) = &file.problem {
            report.error("capture", "1:1", problem.to_string());
        } else if file.truncated {
            report.error("cut", "1:1", "the capture is cut short; what was there has been read");
        }
    }
    Ok(report)
}

fn write_json(file: &str, report: &Report, out: &mut impl Write) -> Result<()> {
    let problems = report.problems.iter().map(|problem| ProblemLine {
        r#where: &problem.place,
        code: &problem.code,
        severity: problem.severity.as_str(),
        why: &problem.why,
    });
    let said = |said: &Said| match said {
        Said::Text(text) => serde_json::Value::from(text.as_str()),
        Said::Count(count) => serde_json::Value::from(*count),
    };
    let mut summary: BTreeMap<&str, serde_json::Value> =
        report.summary.iter().map(|(name, value)| (*name, said(value))).collect();
    if report.more > 0 {
        summary.insert("more_problems", report.more.into());
    }
    let line = Line {
        file,
        kind: &report.kind,
        format_version: report.format_version.as_deref(),
        valid: report.valid(),
        problems: problems.collect(),
        summary,
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)?;
    Ok(())
}

/// The verdict first, then what it is, then what is wrong, worst first.
fn write_words(file: &str, report: &Report, colour: bool, out: &mut impl Write) -> Result<()> {
    let paint = |code: &str, text: &str| {
        if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let count = |severity| report.problems.iter().filter(|problem| problem.severity == severity).count();
    let verdict = match (report.kind.as_str(), report.valid()) {
        ("unknown", _) => paint("33", "unknown"),
        (_, true) => paint("32", "valid  "),
        (_, false) => paint("1;31", "invalid"),
    };
    let version = report.format_version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    writeln!(out, "{verdict}  {file}: {}{version}", words(&report.kind))?;
    let said = |(name, said): (&&str, &Said)| match said {
        Said::Text(text) => format!("{name}: {text}"),
        Said::Count(count) => format!("{count} {name}"),
    };
    let summary: Vec<String> = report.summary.iter().map(said).collect();
    for line in wrapped(&summary.join(" · "), 100) {
        writeln!(out, "         {line}")?;
    }
    let mut problems: Vec<_> = report.problems.iter().collect();
    problems.sort_by_key(|problem| problem.severity);
    for problem in problems.iter().take(LINES_MAX) {
        let code = match problem.severity {
            Severity::Error => "31",
            Severity::Warning => "33",
            Severity::Info => "2",
        };
        let severity = paint(code, &format!("{:<7}", problem.severity.as_str()));
        writeln!(out, "         {severity} {:<9} {}: {}", problem.code, problem.place, problem.why)?;
    }
    let hidden = problems.len().saturating_sub(LINES_MAX);
    if hidden > 0 || report.more > 0 {
        let [errors, warnings] = [count(Severity::Error), count(Severity::Warning)];
        let all = u64::try_from(problems.len())?.saturating_add(report.more);
        writeln!(
            out,
            "         {all} in all ({errors} errors, {warnings} warnings shown or hidden); --format json lists them"
        )?;
    }
    Ok(())
}
