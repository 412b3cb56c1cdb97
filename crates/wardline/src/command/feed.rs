//! `wardline feed`: vulnerability knowledge in, and how fresh it is.

mod update;

use super::{Outcome, analyze::Format, place::Place};
use crate::knowledge::{Imported, STARTER_DATED, import, products};
use anyhow::{Context, Result, ensure};
use jiff::{Timestamp, Unit};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wardline_content::Content;

/// Days after which a source is called stale: the slowest publishes every month.
const STALE_DAYS: i64 = 35;
/// Files of one call: the CVE list has three hundred thousand.
const FILES_MAX: usize = 2_000_000;

/// Take in vulnerability knowledge, and see how fresh it is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Take in files and folders: CSAF, NVD (2.0, 1.1), CVE records, KEV, EPSS, OpenVEX, CycloneDX VEX, end-of-life
    /// data, openFDA; plain, gzip or zip. Exit code 1: something could not be read, which is named; the rest is in.
    Import {
        /// Files and folders.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Fetch sources over HTTPS: those named, or the usual ones of `--list`. Exit code 1: something did not come or was
    /// not believed, which is named; the rest is in, and what was known stays.
    Update {
        #[command(flatten)]
        what: update::What,
        #[command(flatten)]
        place: Place,
    },
    /// Every source with its date and age, and how fetching it went.
    Status {
        #[command(flatten)]
        place: Place,
    },
}

/// What is printed for programs of a file: the contract.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    kind: &'a str,
    records: u64,
    added: u64,
    changed: u64,
    unchanged: u64,
    rejected: Vec<Broken<'a>>,
}

#[derive(Serialize)]
struct Broken<'a> {
    #[serde(rename = "where")]
    place: &'a str,
    why: &'a str,
}

/// What is printed for programs of a source.
#[derive(Serialize)]
struct Status<'a> {
    source: &'a str,
    records: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    dated: &'a str,
    checked: String,
    age_days: i64,
    stale: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    problem: &'a str,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    match &arguments.verb {
        Verb::Import { paths, place } => import_all(paths, place),
        Verb::Update { what, place } => update::run(what, place),
        Verb::Status { place } => status(place),
    }
}

fn import_all(paths: &[PathBuf], place: &Place) -> Result<Outcome> {
    let content = Content::embedded()?;
    let products = products(&content);
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for path in paths {
        ensure!(path.exists(), "{} is not there", path.display());
        gather(path, true, &mut files)?;
    }
    let library = place.create()?;
    let now_us = Timestamp::now().as_microsecond();
    let out = &mut BufWriter::new(io::stdout().lock());
    let (mut outcome, mut passed_over) = (Outcome::Done, 0_u64);
    for (path, named) in &files {
        let name = path.display().to_string();
        let done = match import((path, &name), &library, &products, now_us) {
            Ok(done) if done.kind.is_none() && !named => {
                passed_over += 1;
                continue;
            }
            Ok(done) => done,
            Err(error) => {
                outcome = Outcome::Problems;
                let why = format!("{error:#}");
                print(&name, &Imported::default(), Some(&why), place.format, out)?;
                continue;
            }
        };
        let unknown = done.kind.is_none().then_some("no document of vulnerability knowledge");
        if unknown.is_some() || !done.rejected.is_empty() {
            outcome = Outcome::Problems;
        }
        print(&name, &done, unknown, place.format, out)?;
    }
    out.flush()?;
    if passed_over > 0 {
        eprintln!("wardline: {passed_over} files in the folders are of other kinds and were passed over");
    }
    library.runtime.block_on(library.store.close());
    Ok(outcome)
}

/// The files of a path, in order, and whether each was named itself.
fn gather(path: &Path, named: bool, files: &mut Vec<(PathBuf, bool)>) -> Result<()> {
    if !path.is_dir() {
        ensure!(files.len() < FILES_MAX, "more than {FILES_MAX} files; import them in parts");
        files.push((path.to_path_buf(), named));
        return Ok(());
    }
    let listed = std::fs::read_dir(path).with_context(|| format!("{} cannot be listed", path.display()))?;
    let mut below = listed.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    below.sort();
    for path in below.iter().filter(|path| !path.is_symlink()) {
        gather(path, false, files)?;
    }
    Ok(())
}

fn print(
    file: &str,
    done: &Imported,
    problem: Option<&str>,
    format: Format,
    out: &mut impl Write,
) -> Result<()> {
    let kind = done.kind.unwrap_or("unknown");
    let mut rejected: Vec<Broken<'_>> =
        done.rejected.iter().map(|one| Broken { place: &one.place, why: &one.why }).collect();
    rejected.extend(problem.map(|why| Broken { place: "", why }));
    match format {
        Format::Json => {
            let (records, added, changed, unchanged) =
                (done.records, done.added, done.changed, done.unchanged);
            serde_json::to_writer(
                &mut *out,
                &Line { file, kind, records, added, changed, unchanged, rejected },
            )?;
            writeln!(out)?;
        }
        Format::Table => {
            writeln!(
                out,
                "{file}: {kind}, {} records, {} added, {} changed, {} unchanged",
                done.records, done.added, done.changed, done.unchanged
            )?;
            for one in rejected {
                writeln!(out, "  {} {}", one.place, one.why)?;
            }
        }
    }
    Ok(())
}

fn status(place: &Place) -> Result<Outcome> {
    let out = &mut BufWriter::new(io::stdout().lock());
    let Some(library) = place.open()? else {
        if place.format == Format::Table {
            writeln!(out, "Nothing was imported into {}.", place.data.display())?;
            writeln!(
                out,
                "The starter pack of {} speaks: wardline feed import PATH brings in more.",
                STARTER_DATED.trim()
            )?;
        }
        out.flush()?;
        return Ok(Outcome::Done);
    };
    let feeds = library.runtime.block_on(async { library.store.read().await?.knowledge_feeds().await })?;
    let now = Timestamp::now();
    let mut outcome = Outcome::Done;
    for feed in &feeds {
        let checked = Timestamp::from_microsecond(feed.checked_us)?;
        // What the source says of its own age counts; a file copied today may be a year old.
        let dated = format!("{}T00:00:00Z", feed.dated.get(..10).unwrap_or_default()).parse::<Timestamp>();
        let age_days = now.since(dated.unwrap_or(checked))?.total(Unit::Hour)? / 24.0;
        let age_days = age_days.max(0.0).floor();
        let stale = age_days > STALE_DAYS as f64;
        if stale || !feed.problem.is_empty() {
            outcome = Outcome::Problems;
        }
        let line = Status {
            source: &feed.source,
            records: feed.records,
            dated: &feed.dated,
            checked: checked.to_string(),
            age_days: age_days as i64,
            stale,
            problem: &feed.problem,
        };
        match place.format {
            Format::Json => {
                serde_json::to_writer(&mut *out, &line)?;
                writeln!(out)?;
            }
            Format::Table => {
                let stale = if stale { ", STALE" } else { "" };
                let problem =
                    if feed.problem.is_empty() { String::new() } else { format!(", {}", feed.problem) };
                writeln!(
                    out,
                    "{}: {} records, {} days old{stale}, checked {checked}{problem}",
                    feed.source, feed.records, line.age_days
                )?;
            }
        }
    }
    if update::status(&library, now, place.format, out)? {
        outcome = Outcome::Problems;
    }
    out.flush()?;
    Ok(outcome)
}
