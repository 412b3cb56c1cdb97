//! `wardline analyze`: captures in, named devices, flows and findings out. No database.

use super::Outcome;
use crate::knowledge::{AtHand, Library, products};
use crate::output::{Report, explain, folder, json, table};
use crate::witness;
use anyhow::{Context, Result};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wardline_content::Content;
use wardline_formats::site::{Alias, Site};
use wardline_inventory::Knowledge;
use wardline_model::Correction;
use wardline_risk::exposure::{Basis, Exposures};
use wardline_sensor::{Options, analyse};
use wardline_wire::capture::{Captures, FileSummary};

/// Largest file of a site's overlay: hand-written tables are kilobytes.
const OVERLAY_FILE_MAX: u64 = 16 << 20;

/// Read captures; name the devices, the flows and what is wrong.
///
/// Reads pcap and pcapng, also compressed with gzip or zstd; `-` is standard input. Several files are read in
/// the order of their packets' times. Exit code 0: done; 1: done, but a file was cut short, damaged
/// or no capture, which is printed; 2: wrong use, a file that is not there, or a folder that cannot be written.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Capture files, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A table for people, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write devices.json, flows.jsonl, observations.jsonl, findings.jsonl and report.html there.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Worker threads. The result does not depend on it.
    #[arg(long, value_name = "N", default_value_t = threads(), value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// A folder with a site's own fingerprints and rules (TOML, or Recog XML), which add to and override ours.
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
    /// What others say of the devices: an inventory list (CSV), DHCP leases (ISC, Kea, Windows), an Nmap scan (XML), ARP
    /// and MAC tables, wireless and access-control exports, Zeek and Suricata logs, FHIR devices. May be given several
    /// times.
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// Which column of an inventory list means what, where its headings do not tell (TOML, `[columns]`).
    #[arg(long, value_name = "FILE", requires = "witness")]
    mapping: Option<PathBuf>,
    /// What people of the site know better (TOML): names, classes, makers, what is one device and what is not. It stands
    /// above everything inferred; with --output it is written there again.
    #[arg(long, value_name = "FILE")]
    knowledge: Option<PathBuf>,
    /// A folder of imported knowledge (`wardline feed import`), which adds to the built-in starter pack.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// The same in the database of a running Wardline: sqlite:… or postgres://…
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The site of the captures: statements made for it (`wardline suppress`) count beside those for every site.
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Print why this device is what it is said to be: its id, an address, a MAC, a host name, an AE title or a
    /// serial number.
    #[arg(long, value_name = "DEVICE")]
    explain: Option<String>,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs; the contract is in docs/operate/analyze.md.
    Json,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let content = content(arguments.overlay.as_deref())?;
    let mut captures = Captures::open(&arguments.files)?;
    if let Some(folder) = &arguments.output {
        // Before hours of reading, not after.
        folder::prepare(folder)?;
    }
    let site = knowledge(arguments.knowledge.as_deref(), &content)?;
    let documents = witness::read(&arguments.witness, arguments.mapping.as_deref(), arguments.files.len())?;
    let mut report = report_with(&mut captures, &content, arguments.threads, site.corrections)?;
    if !arguments.witness.is_empty() {
        report.hear(documents);
    }
    judge(&mut report, &content, arguments, &site.aliases)?;
    if let Some(folder) = &arguments.output {
        folder::write(&mut report, folder)
            .with_context(|| format!("{}: the results could not be written there", folder.display()))?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if let Some(word) = &arguments.explain {
        let (device, knowledge) = (explain::find(&report, word)?, report.knowledge());
        match arguments.format {
            Format::Json => explain::write_json(&report, device, &knowledge, &mut out)?,
            Format::Table => explain::write_text(&report, device, &knowledge, &mut out)?,
        }
        out.flush()?;
        return Ok(outcome(&report));
    }
    match arguments.format {
        Format::Json => json::write(&mut report, &mut out)?,
        Format::Table => table::write(&report, table::Style::of_stdout(), &mut out)?,
    }
    out.flush()?;
    let outcome = outcome(&report);
    // The process ends here: to give back a million pieces one by one would only take time.
    std::mem::forget(report);
    Ok(outcome)
}

/// Says what is known of the devices' products.
fn judge(report: &mut Report<'_>, content: &Content, arguments: &Arguments, aliases: &[Alias]) -> Result<()> {
    let library = match (&arguments.data, &arguments.database) {
        (Some(folder), _) => Some(Library::open(folder)?.with_context(|| {
            format!("{} holds no knowledge; bring some in with `wardline feed import`", folder.display())
        })?),
        (None, Some(address)) => Some(Library::at(address)?),
        (None, None) => None,
    };
    let products = products(content);
    let devices = &report.inventory.devices;
    let known = AtHand::of(library.as_ref(), devices, &products, aliases)?;
    let suppressions = match &library {
        Some(library) => library.suppressions(arguments.site.as_deref())?,
        None => Vec::new(),
    };
    let basis = Basis {
        knowledge: &known.knowledge,
        products: &products,
        content,
        confirmed: &known.confirmed,
        suppressions: &suppressions,
    };
    let exposures = Exposures::of(devices, basis);
    report.aliases = aliases.to_vec();
    report.judge(exposures, known.words);
    Ok(())
}

/// What people of the site know better.
fn knowledge(file: Option<&Path>, content: &Content) -> Result<Site> {
    let Some(path) = file else { return Ok(Site::default()) };
    let shown = path.display();
    let size =
        std::fs::metadata(path).with_context(|| format!("the knowledge {shown} cannot be read"))?.len();
    anyhow::ensure!(size <= OVERLAY_FILE_MAX, "the knowledge {shown} is larger than 16 MiB; split it");
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the knowledge {shown} cannot be read"))?;
    wardline_formats::site::read(&text, |code| content.classes.contains_key(code)).map_err(|problems| {
        let lines = problems.iter().map(|problem| format!("{shown}: line {}: {}", problem.line, problem.why));
        anyhow::anyhow!(
            "the knowledge of the site is not used as it is:\n  {}",
            lines.collect::<Vec<_>>().join("\n  ")
        )
    })
}

/// Analyses open captures.
pub(crate) fn report<'a>(captures: &mut Captures, content: &'a Content, threads: u16) -> Result<Report<'a>> {
    report_with(captures, content, threads, Vec::new())
}

/// Analyses open captures with what people of the site know better.
fn report_with<'a>(
    captures: &mut Captures,
    content: &'a Content,
    threads: u16,
    corrections: Vec<Correction>,
) -> Result<Report<'a>> {
    let bar = progress();
    quiet_panics();
    let seed = RandomState::new().hash_one(0_u8);
    let threads = usize::from(threads);
    let analysis = analyse(captures, Options { threads, seed }, &mut |packets| bar.inc(packets))?;
    bar.finish_and_clear();
    let knowledge = Knowledge::new(content).with_corrections(corrections.clone());
    let inventory = wardline_inventory::devices(&analysis.sightings, &knowledge, threads);
    let findings = wardline_detect::findings(&inventory.devices, content, analysis.last.unwrap_or_default());
    let mut report = Report::new(analysis, inventory, findings, content, threads);
    report.corrections = corrections;
    Ok(report)
}

/// What to call a file.
fn name(file: &FileSummary) -> &str {
    if file.name == "-" { "standard input" } else { &file.name }
}

/// Tells on standard error what was wrong with the input.
pub(crate) fn outcome(report: &Report<'_>) -> Outcome {
    let mut outcome = Outcome::Done;
    for file in &report.analysis.files {
        if let Some(problem) = &file.problem {
            let kept = if file.packets > 0 { "; what was there before has been read" } else { "" };
            eprintln!("wardline: {}: {problem}{kept}", name(file));
            outcome = Outcome::Problems;
        } else if file.truncated {
            eprintln!("wardline: {}: cut short; what was there has been read", name(file));
            outcome = Outcome::Problems;
        }
    }
    for witness in &report.witnesses {
        for problem in &witness.problems {
            let field = if problem.field.is_empty() { String::new() } else { format!(", {}", problem.field) };
            eprintln!("wardline: {}: line {}{field}: {}", witness.name, problem.line, problem.why);
            outcome = Outcome::Problems;
        }
        if witness.more_problems > 0 {
            eprintln!("wardline: {}: {} more problems", witness.name, witness.more_problems);
        }
    }
    outcome
}

/// The built-in content, with a site's overlay over it.
pub(crate) fn content(overlay: Option<&Path>) -> Result<Content> {
    let Some(folder) = overlay else { return Ok(Content::embedded()?) };
    let files = overlay_files(folder).with_context(|| {
        format!(
            "the overlay {} cannot be read; give a folder of TOML, TSV or Recog XML files",
            folder.display()
        )
    })?;
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Ok(Content::with_overlay(&files)?)
}

fn overlay_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current)? {
            let (entry, path) = entry.map(|entry| (entry.metadata(), entry.path()))?;
            let entry = entry?;
            if entry.is_dir() && path.components().count() < folder.components().count() + 4 {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml" || e == "xml" || e == "tsv") {
                anyhow::ensure!(entry.len() <= OVERLAY_FILE_MAX, "{} is larger than 16 MiB", path.display());
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                files.push((name, std::fs::read(&path).with_context(|| path.display().to_string())?));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// As many workers as processors, up to eight: beyond that reading, which one worker does at a time, feeds them no faster.
fn threads() -> u16 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u16::try_from(processors.min(8)).unwrap_or(1)
}

/// Progress on a terminal, silence in a pipe.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} packets read, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A dissector that fails costs its flow and is counted; its backtrace is no use to whoever runs this.
pub(crate) fn quiet_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let dissecting = info.location().is_some_and(|at| at.file().contains("wardline-protocols"));
        if !dissecting || std::env::var_os("RUST_BACKTRACE").is_some() {
            usual(info);
        }
    }));
}
