//! `analyze` beside other engines: same captures, same machine, interleaved rounds.
//!
//! In: development captures. Out: two made captures, and one table for each with wall, processor time and
//! memory of every engine found, its ratio to the floor, and ours to it. Ratios are taken inside one round
//! and their median is printed: absolute times mean nothing on a shared machine.

use crate::{
    replicate::{self, Wanted},
    run::{self, Usage},
};
use anyhow::{Result, bail};
use clap::Args;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// Longest run of one engine on one capture.
const LIMIT: Duration = Duration::from_secs(300);

/// Flows in a megabyte of the mixed capture: 190,000 in a gigabyte.
const MIXED_FLOWS_PER_MB: u64 = 190;

/// The row that ours is compared by.
const OURS: &str = "wardline, 1 thread";

/// The row that everything is compared to.
const FLOOR: &str = "floor";

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Interleaved rounds; at least five for a figure worth telling
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Megabytes of each capture
    #[arg(long, default_value_t = 1000)]
    size_mb: u64,
    /// Captures to make the mixed capture of
    #[arg(long, default_value = "../shared/data/pcap")]
    mixed: PathBuf,
    /// Captures to make the clinical capture of, beside a simulated hospital
    #[arg(long, default_value = "../shared/data/pcap/lab")]
    clinical: PathBuf,
    /// Measure only these captures, made elsewhere
    #[arg(long)]
    capture: Vec<PathBuf>,
    /// Make the captures anew
    #[arg(long)]
    remake: bool,
    /// Program to measure instead of one built for release; the floor is then this task as it was built
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Rounds in which tshark, which is slow, takes part
    #[arg(long, default_value_t = 1)]
    tshark_rounds: usize,
}

/// An engine and the arguments with which it does its usual work on a file.
struct Engine {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    rounds: usize,
}

/// `cargo xtask bench`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (wardline, floor) = match &options.binary {
        Some(binary) => (binary.clone(), std::env::current_exe()?),
        None => (run::release_binary("wardline")?, run::release_binary("xtask")?),
    };
    let folder = run::target().join("xtask/bench");
    fs::create_dir_all(&folder)?;
    let captures = if options.capture.is_empty() {
        vec![mixed(options, &folder)?, clinical(options, &wardline, &folder)?]
    } else {
        options.capture.clone()
    };
    for capture in &captures {
        let engines = engines(&wardline, &floor, capture, &folder, options);
        let mut results: Vec<Vec<Option<Usage>>> = vec![Vec::new(); engines.len()];
        // Once unmeasured: the capture comes from the page cache in every round.
        fs::read(capture).map(drop)?;
        for round in 0..options.rounds.max(1) {
            for (engine, results) in engines.iter().zip(&mut results) {
                results.push(if round < engine.rounds { Some(one(engine, &folder)?) } else { None });
            }
            eprintln!("{}: round {} of {}", capture.display(), round + 1, options.rounds);
        }
        table(capture, &engines, &results)?;
    }
    Ok(())
}

fn mixed(options: &Options, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(format!("mixed-{}.pcap", options.size_mb));
    if options.remake || !path.is_file() {
        let flows = options.size_mb * MIXED_FLOWS_PER_MB;
        replicate::run(&options.mixed, &path, Wanted { size_mb: options.size_mb, flows: Some(flows) })?;
    }
    Ok(path)
}

/// The clinical capture: the laboratory's dialogues, a hospital made between two namespaces, and what else a
/// local network says. Where no namespaces can be made, a simulated hospital stands in and it is said.
fn clinical(options: &Options, wardline: &Path, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(format!("clinical-{}.pcap", options.size_mb));
    if !options.remake && path.is_file() {
        return Ok(path);
    }
    let material = folder.join("clinical");
    if material.exists() {
        fs::remove_dir_all(&material)?;
    }
    fs::create_dir_all(&material)?;
    let background =
        crate::captures::captures_below(&options.mixed)?.into_iter().filter(|file| is_background(file));
    for file in crate::captures::captures_below(&options.clinical)?.into_iter().chain(background) {
        if let Some(name) = file.file_name() {
            fs::copy(&file, material.join(name))?;
        }
    }
    let made =
        Command::new("python3").arg("tests/bench/clinical.py").arg(material.join("hospital.pcap")).output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        println!("no real dialogues ({made:?}): a simulated hospital instead");
        simulated(wardline, &material.join("hospital.pcap"), &folder.join("hospital.json"))?;
    }
    replicate::run(&material, &path, Wanted { size_mb: options.size_mb, flows: None })?;
    Ok(path)
}

/// Whether a capture of the mixed set is what every local network says: its name tells.
fn is_background(file: &Path) -> bool {
    const SAID: [&str; 9] = ["dhcp", "dns", "tls", "snmp", "quic", "smb", "ntp", "netbios", "ssdp"];
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    SAID.iter().any(|said| name.contains(said)) && !name.contains("fuzz")
}

fn simulated(wardline: &Path, capture: &Path, truth: &Path) -> Result<()> {
    let done = Command::new(wardline)
        .args(["simulate", "--profile", "hospital", "--devices", "200", "--hours", "1", "--seed", "7"])
        .arg("--output")
        .arg(capture)
        .arg("--truth")
        .arg(truth)
        .output()?;
    if !done.status.success() {
        println!("no simulated hospital: {}", String::from_utf8_lossy(&done.stderr).trim_end());
    }
    Ok(())
}

fn engines(wardline: &Path, floor: &Path, capture: &Path, folder: &Path, options: &Options) -> Vec<Engine> {
    let file = capture.display().to_string();
    let scratch = folder.join("scratch");
    let place = scratch.display().to_string();
    let log = |name: &str| scratch.join(name).display().to_string();
    let ours = |threads: &str| {
        ["analyze", &file, "--format", "json", "--threads", threads].map(str::to_owned).to_vec()
    };
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let all = options.rounds.max(1);
    let mut engines = vec![
        Engine { name: FLOOR, program: floor.into(), arguments: list(&["floor", &file]), rounds: all },
        Engine { name: OURS, program: wardline.into(), arguments: ours("1"), rounds: all },
        Engine { name: "wardline, 2 threads", program: wardline.into(), arguments: ours("2"), rounds: all },
    ];
    let others: [(&str, &str, Vec<String>, usize); 6] = [
        ("softflowd (flows)", "softflowd", list(&["-d", "-r", &file, "-n", "127.0.0.1:9"]), all),
        ("nfpcapd (flows)", "nfpcapd", list(&["-r", &file, "-w", &place]), all),
        ("p0f (OS identity)", "p0f", list(&["-r", &file, "-o", &log("p0f.log")]), all),
        ("ndpiReader (DPI)", "ndpiReader", list(&["-i", &file, "-q"]), all),
        ("prads (asset identity)", "prads", list(&["-r", &file, "-l", &log("prads.log")]), all),
        (
            "tshark -z conv,tcp",
            "tshark",
            list(&["-n", "-q", "-z", "conv,tcp", "-r", &file]),
            options.tshark_rounds,
        ),
    ];
    for (name, program, arguments, rounds) in others {
        match run::find(program) {
            Some(program) => engines.push(Engine { name, program, arguments, rounds }),
            None => println!("not installed, not measured: {program}"),
        }
    }
    engines
}

fn one(engine: &Engine, folder: &Path) -> Result<Usage> {
    let scratch = folder.join("scratch");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    fs::create_dir_all(&scratch)?;
    let mut command = Command::new(&engine.program);
    command.args(&engine.arguments).stdin(Stdio::null());
    command.stdout(File::create(folder.join("stdout"))?).stderr(File::create(folder.join("stderr"))?);
    run::measure(command, LIMIT)
}

fn table(capture: &Path, engines: &[Engine], results: &[Vec<Option<Usage>>]) -> Result<()> {
    let size = fs::metadata(capture)?.len();
    println!("\n{} ({} MB)", capture.display(), size / 1_000_000);
    println!(
        "{:<24} {:>22} {:>8} {:>8} {:>8} {:>8} {:>9}",
        "engine", "wall s (min–max)", "CPU s", "res. MB", "anon. MB", "x floor", "ours/this"
    );
    let row = |name: &str| engines.iter().position(|engine| engine.name == name);
    let (Some(floor), Some(ours)) = (row(FLOOR), row(OURS)) else { bail!("no floor to measure by") };
    let mut failed = Vec::new();
    for (engine, runs) in engines.iter().zip(results) {
        let done: Vec<&Usage> = runs.iter().flatten().collect();
        if let Some(bad) = done.iter().find(|usage| !accepted(engine, usage)) {
            failed.push(format!("{}: {:?}", engine.name, bad.status));
        }
        let wall: Vec<f64> = done.iter().map(|usage| usage.wall.as_secs_f64()).collect();
        let cpu: Vec<f64> = done.iter().map(|usage| usage.cpu.as_secs_f64()).collect();
        let largest =
            |of: fn(&Usage) -> u64| done.iter().map(|usage| of(usage)).max().unwrap_or(0) / 1_000_000;
        println!(
            "{:<24} {:>8.2} ({:>5.2}–{:>5.2}) {:>8.2} {:>8} {:>8} {:>8.2} {:>9.2}",
            engine.name,
            median(wall.clone()),
            wall.iter().copied().fold(f64::INFINITY, f64::min),
            wall.iter().copied().fold(0.0, f64::max),
            median(cpu),
            largest(|usage| usage.resident),
            largest(|usage| usage.anonymous),
            median(ratios(runs, &results[floor])),
            median(ratios(&results[ours], runs)),
        );
    }
    for failure in &failed {
        println!("ended badly: {failure}");
    }
    if failed.iter().any(|failure| failure.starts_with("wardline") || failure.starts_with(FLOOR)) {
        bail!("our own run failed");
    }
    Ok(())
}

/// Whether an engine ended as it should. Ours may end with 1: a hostile capture has problems to tell.
fn accepted(engine: &Engine, usage: &Usage) -> bool {
    let code = usage.status.and_then(|status| status.code());
    code == Some(0) || (engine.name.starts_with("wardline") && code == Some(1))
}

/// Processor time of one engine over another's, round by round.
fn ratios(above: &[Option<Usage>], below: &[Option<Usage>]) -> Vec<f64> {
    let pairs = above.iter().zip(below).filter_map(|(above, below)| Some(((*above)?, (*below)?)));
    pairs.map(|(above, below)| above.cpu.as_secs_f64() / below.cpu.as_secs_f64().max(0.001)).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.get(middle.saturating_sub(1))) {
        (Some(upper), Some(lower)) if values.len().is_multiple_of(2) => f64::midpoint(*lower, *upper),
        (Some(middle), _) => *middle,
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_medians() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn ratios_are_taken_inside_a_round() {
        let usage = |millis| {
            let cpu = Duration::from_millis(millis);
            Some(Usage { status: None, wall: cpu, cpu, resident: 0, anonymous: 0 })
        };
        let found = ratios(&[usage(200), usage(400), usage(900)], &[usage(100), None, usage(100)]);
        assert_eq!(found.len(), 2);
        assert!((found[0] - 2.0).abs() < 1e-9 && (found[1] - 9.0).abs() < 1e-9);
    }
}
