//! `wardline demo`: a generated hospital, analysed; the newcomer's first minute.

use super::{Outcome, analyze, simulate};
use crate::output::{folder, table};
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use wardline_simulate::{Profile, Simulation};
use wardline_wire::capture::Captures;

/// Analyse a generated hospital and write a report that can be shown.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder for the capture and the report.
    #[arg(long, value_name = "DIR", default_value = "wardline-demo")]
    output: PathBuf,
    /// How many devices, 16 to 20000.
    #[arg(long, value_name = "N", default_value_t = 60)]
    devices: u32,
    /// Seed of everything that varies.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let folder = &arguments.output;
    let shown = folder.display();
    folder::prepare(folder)?;
    let capture = folder.join("hospital.pcap");
    eprintln!("wardline: generating an hour of an invented hospital's traffic");
    let plan = simulate::plan(Profile::Hospital, arguments.devices, 1.0, arguments.seed)?;
    let file = File::create(&capture).with_context(|| format!("{} cannot be written", capture.display()))?;
    let hospital = Simulation::new(&plan).map_err(|error| anyhow!("{error}"))?;
    simulate::write(hospital, file, None::<File>)
        .with_context(|| format!("{} could not be finished", capture.display()))?;
    let content = analyze::content(None)?;
    let mut captures = Captures::open(&[capture])?;
    let mut report = analyze::report(&mut captures, &content, 1)?;
    folder::write(&mut report, folder)
        .with_context(|| format!("{shown}: the results could not be written there"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    table::write(&report, table::Style::of_stdout(), &mut out)?;
    writeln!(out, "\nThe report is {}; open it in a browser.", folder.join("report.html").display())?;
    writeln!(
        out,
        "Everyone in it is invented. Your own network: wardline analyze capture.pcap --output DIR"
    )?;
    out.flush()?;
    Ok(analyze::outcome(&report))
}
