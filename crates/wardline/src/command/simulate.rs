//! `wardline simulate`: a hospital's network as a capture file, with its ground truth.

use super::Outcome;
use crate::output::truth;
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wardline_model::Timestamp;
use wardline_simulate::{Attack, Plan, Profile, Simulation, Truth, pcap_header, pcap_record};

/// 2026-03-02T07:00:00Z, a Monday: captures are the same whenever they are made.
const START: Timestamp = Timestamp(1_772_434_800 * Timestamp::SECOND);

/// Write a generated hospital's traffic, with the truth about every device.
///
/// The bytes are true to the protocols; patients, staff and the hospital are invented. The same profile,
/// number of devices, hours and seed give the same bytes; an attack adds frames and changes none. Frames are
/// written as they are made: memory depends on the number of devices, not on the hours.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What kind of hospital: hospital, intensive-care, laboratory or radiology.
    #[arg(long, value_name = "P", default_value = "hospital", value_parser = profile)]
    profile: Profile,
    /// How many devices, 16 to 20000, network equipment and servers included.
    #[arg(long, value_name = "N", default_value_t = 60)]
    devices: u32,
    /// How long; fractions are welcome.
    #[arg(long, value_name = "H", default_value_t = 1.0)]
    hours: f64,
    /// Seed of everything that varies.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// An attack to add; may be given several times, or as a list with commas. The first begins after two
    /// minutes, each other at its own minute.
    #[arg(long = "attack", value_name = "NAME", value_delimiter = ',', value_parser = attack)]
    attacks: Vec<Attack>,
    /// Capture file to write; `-` is standard output.
    #[arg(long, value_name = "F.pcap")]
    output: PathBuf,
    /// Where to write what is true of the devices and attacks, as JSON.
    #[arg(long, value_name = "F.json")]
    truth: Option<PathBuf>,
    /// Where to write what is true of every conversation, one JSON object a line, in the order of their ends.
    #[arg(long, value_name = "F.jsonl")]
    truth_flows: Option<PathBuf>,
}

fn attack(text: &str) -> Result<Attack, String> {
    let names: Vec<&str> = Attack::ALL.iter().map(|attack| attack.name()).collect();
    Attack::from_name(text).ok_or(format!("choose of: {}", names.join(", ")))
}

fn profile(text: &str) -> Result<Profile, String> {
    let names: Vec<&str> = Profile::ALL.iter().map(|p| p.name()).collect();
    Profile::from_name(text).ok_or(format!("choose one of: {}", names.join(", ")))
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let plan = plan(arguments.profile, arguments.devices, arguments.hours, arguments.seed)?;
    // Before a file is made for it.
    let simulation = Simulation::attacked(&plan, &arguments.attacks).map_err(|error| anyhow!("{error}"))?;
    let name = arguments.output.display();
    let flows = arguments.truth_flows.as_deref().map(create).transpose()?;
    let truth = if arguments.output == Path::new("-") {
        write(simulation, io::stdout().lock(), flows)?
    } else {
        let file = File::create(&arguments.output)
            .with_context(|| format!("{name} cannot be written; check the folder and its permissions"))?;
        write(simulation, file, flows).with_context(|| format!("{name} could not be finished"))?
    };
    if let Some(path) = &arguments.truth {
        truth::write(&truth, create(path)?)?;
    }
    let attacks = match truth.attacks.len() {
        0 => String::new(),
        1 => ", 1 attack".to_owned(),
        several => format!(", {several} attacks"),
    };
    eprintln!(
        "wardline: {name}: {} packets, {} devices, {} invented patients{attacks}",
        truth.packets,
        truth.devices.len(),
        truth.patients.len()
    );
    Ok(Outcome::Done)
}

/// A file for truth.
fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| {
        format!("{} cannot be written; check the folder and its permissions", path.display())
    })?;
    Ok(BufWriter::new(file))
}

/// A plan from flags.
pub(crate) fn plan(profile: Profile, devices: u32, hours: f64, seed: u64) -> Result<Plan> {
    let seconds = hours * 3600.0;
    anyhow::ensure!(
        (1.0..=366.0 * 86_400.0).contains(&seconds),
        "--hours {hours}: choose one second to a year"
    );
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within one second and a year"
    )]
    let duration_seconds = seconds as u64;
    let plan = Plan { profile, devices, seed, start: START, duration_seconds };
    // Before a file is made for it.
    Simulation::new(&plan).map_err(|error| anyhow!("{error}"))?;
    Ok(plan)
}

/// Streams packets as a capture, and what is true of finished conversations; returns the truth.
pub(crate) fn write(
    mut simulation: Simulation,
    out: impl Write,
    mut flows: Option<impl Write>,
) -> Result<Truth> {
    let mut out = BufWriter::with_capacity(1 << 20, out);
    if flows.is_some() {
        simulation.follow_flows();
    }
    out.write_all(&pcap_header())?;
    while let Some(packet) = simulation.next() {
        out.write_all(&pcap_record(&packet))?;
        out.write_all(&packet.bytes)?;
        if let Some(flows) = &mut flows {
            truth::write_flows(&simulation.take_flows(), &mut *flows)?;
        }
    }
    if let Some(flows) = &mut flows {
        truth::write_flows(&simulation.take_flows(), &mut *flows)?;
        flows.flush()?;
    }
    out.flush()?;
    Ok(simulation.truth().clone())
}
