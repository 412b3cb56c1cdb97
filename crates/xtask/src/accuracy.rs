//! Names of flows held against labels that a second tool and eyes made: precision, recall, floors.
//!
//! In: a folder of captures, `tests/accuracy/labels.txt` for them, `tests/accuracy/overrides.txt` with the
//! lines that were decided by reading the bytes, `tests/accuracy/floors.txt`. Out: a table per protocol, wrong
//! names first, then what was missed, and a failure below the floors.
//!
//! A name is *wrong* when the flow's label does not hold it, or when the flow has no label (it carries no
//! payload, so nothing can be said of it). A flow is *missed* when its label has a name and we say `unknown`.
//! What is labelled with several names, or with a name and `unknown`, counts for us when one of them is said
//! and is missed only where `unknown` is not among them. Our flows are the units: a silent UDP pair or a port
//! used again makes several of one label. Names of devices: `devices.rs`.

mod devices;
mod floors;
mod label;
mod labels;
mod names;

use crate::{captures, run, tidy};
use anyhow::{Context, Result, bail};
use clap::Args;
use floors::Floors;
use labels::{Key, Labels, Truth, end};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Lines of wrong names and of missed flows printed, unless all are asked for.
const WORST: usize = 40;

/// Bytes of headers that a TCP packet may have without payload: IPv6, options on both layers.
const TCP_BARE: u64 = 88;

#[derive(Args)]
pub(crate) struct Options {
    /// Folder of the labelled captures
    #[arg(default_value = "../shared/data/pcap")]
    folder: PathBuf,
    /// Make the labels anew with the second tool, instead of measuring
    #[arg(long)]
    label: bool,
    /// Raise the floors to what was measured
    #[arg(long)]
    lock: bool,
    /// Measure the names of devices only, not of flows
    #[arg(long)]
    devices: bool,
    /// Print every wrong name and every missed flow
    #[arg(long)]
    all: bool,
    /// Processes at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Program to run instead of one built for release
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// `cargo xtask accuracy`.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.folder.is_dir() {
        eprintln!("SKIPPED: no labelled captures at {}", options.folder.display());
        return Ok(());
    }
    let files = captures::captures_below(&options.folder)?;
    let home = tidy::root().join("tests/accuracy");
    if options.label {
        return label(options, &files, &home);
    }
    let binary = options.binary.clone().map_or_else(|| run::release_binary("wardline"), Ok)?;
    if options.devices {
        return devices::measure(&binary, &options.folder, &home, options.lock);
    }
    let mut truths = labels::read(&home.join("labels.txt"))?;
    let idle = labels::correct(&mut truths, &labels::read(&home.join("overrides.txt"))?);
    if !idle.is_empty() {
        bail!("corrections that fit no flow:\n  {}", idle.join("\n  "));
    }
    let mut score = Score::default();
    for (name, flows) in flows(&binary, options, &files)? {
        let none = Labels::new();
        score.capture(&name, &flows, truths.get(&name).unwrap_or(&none));
    }
    score.print(if options.all { usize::MAX } else { WORST });
    let path = home.join("floors.txt");
    let floors = Floors::read(&path)?;
    if options.lock {
        fs::write(&path, floors.raised(&score.rates()).to_string())?;
        println!("floors raised where more was measured: {}", path.display());
    }
    let below = floors.below(&score.rates());
    if !below.is_empty() {
        bail!("below the floors:\n  {}", below.join("\n  "));
    }
    devices::measure(&binary, &options.folder, &home, options.lock)?;
    println!("floors hold");
    Ok(())
}

fn label(options: &Options, files: &[PathBuf], home: &Path) -> Result<()> {
    let tool = run::find("tshark").context("tshark is not installed")?;
    let (all, silent) = label::make(&options.folder, files, options.jobs)?;
    let flows: usize = all.values().flat_map(BTreeMap::values).map(Vec::len).sum();
    let head = format!(
        "# What each flow with payload of the development captures is, as another engine sees it.\n\
         # Made by `cargo xtask accuracy --label` with {}.\n\
         # {flows} flows of {} captures; nothing can be said of {} (cut, damaged, or without flows).\n",
        label::version(&tool)?,
        all.len(),
        silent.len()
    );
    let path = home.join("labels.txt");
    fs::create_dir_all(home)?;
    fs::write(&path, labels::write(&all, &head))?;
    println!("{flows} flows of {} captures: {}", all.len(), path.display());
    println!("nothing said of {} captures", silent.len());
    Ok(())
}

/// One of our flows.
struct Flow {
    key: Key,
    protocol: String,
    packets: u64,
    bytes: u64,
}

impl Flow {
    fn of(flow: &Value) -> Option<Self> {
        let side = |which: &str| {
            let side = &flow[which];
            match side["ip"].as_str() {
                Some(ip) => Some(end(ip, side["port"].as_u64())),
                None => Some(side["mac"].as_str()?.to_owned()),
            }
        };
        let both = |of: &str| {
            let one = flow[format!("{of}_to_server").as_str()].as_u64();
            one.zip(flow[format!("{of}_to_client").as_str()].as_u64()).map(|(one, other)| one + other)
        };
        Some(Self {
            key: Key::new(flow["transport"].as_str()?, side("client")?, side("server")?),
            protocol: flow["protocol"].as_str()?.to_owned(),
            packets: both("packets")?,
            bytes: both("bytes")?,
        })
    }

    fn named(&self) -> bool {
        self.protocol != "unknown"
    }

    /// Whether it must carry payload by its size; a stream's handshake and end alone do not count.
    fn has_payload(&self) -> bool {
        self.key.transport != "tcp" || self.bytes > self.packets * TCP_BARE
    }
}

/// Our flows of every capture, by name.
fn flows(binary: &Path, options: &Options, files: &[PathBuf]) -> Result<BTreeMap<String, Vec<Flow>>> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name =
                        file.strip_prefix(&options.folder).unwrap_or(file).to_string_lossy().into_owned();
                    let flows = analyze(binary, file);
                    if let Ok(mut found) = found.lock() {
                        found.insert(name, flows);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.into_iter().map(|(name, flows)| Ok((name, flows?))).collect()
}

fn analyze(binary: &Path, file: &Path) -> Result<Vec<Flow>> {
    let output = Command::new(binary).arg("analyze").arg(file).args(["--format", "json"]).output();
    let output = output.with_context(|| format!("start {}", binary.display()))?;
    let value: Value = serde_json::from_slice(&output.stdout).with_context(|| file.display().to_string())?;
    let flows = value["flows"].as_array().with_context(|| file.display().to_string())?;
    Ok(flows.iter().filter_map(Flow::of).collect())
}

/// Counts of one protocol.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u64,
    wrong: u64,
    missed: u64,
}

impl Counts {
    fn precision(self) -> Option<f64> {
        share(self.right, self.wrong)
    }

    fn recall(self) -> Option<f64> {
        share(self.right, self.missed)
    }
}

fn share(right: u64, not: u64) -> Option<f64> {
    let all = right + not;
    (all > 0).then(|| right as f64 / all as f64)
}

/// What was measured.
#[derive(Default)]
struct Score {
    protocols: BTreeMap<String, Counts>,
    wrong: Vec<String>,
    missed: Vec<String>,
    unknown: u64,
}

impl Score {
    fn capture(&mut self, name: &str, flows: &[Flow], labels: &Labels) {
        let mut seen: BTreeMap<&Key, Vec<&Flow>> = BTreeMap::new();
        for flow in flows {
            seen.entry(&flow.key).or_default().push(flow);
        }
        let keys: BTreeSet<&Key> = labels.keys().chain(seen.keys().copied()).collect();
        for key in keys {
            let ours = seen.get(key).map(Vec::as_slice).unwrap_or_default();
            let truths = labels.get(key).map(Vec::as_slice).unwrap_or_default();
            self.flow(name, key, ours, truths);
        }
    }

    fn flow(&mut self, capture: &str, key: &Key, ours: &[&Flow], truths: &[Truth]) {
        let line = |said: &str, truth: &Truth| {
            let remark = if truth.remark.is_empty() { String::new() } else { format!(" ({})", truth.remark) };
            let [one, other] = &key.ends;
            format!("{said} is {}{remark}: {capture} {} {one} {other}", truth.names.join("|"), key.transport)
        };
        for flow in ours.iter().filter(|flow| flow.named()) {
            if truths.iter().any(|truth| truth.names.contains(&flow.protocol)) {
                self.protocols.entry(flow.protocol.clone()).or_default().right += 1;
            } else {
                self.protocols.entry(flow.protocol.clone()).or_default().wrong += 1;
                let bare = Truth { names: vec!["without label".to_owned()], remark: String::new() };
                self.wrong.push(line(&flow.protocol, truths.first().unwrap_or(&bare)));
            }
        }
        for truth in truths {
            if truth.names.iter().any(|name| name == "unknown") {
                self.unknown += 1;
                continue;
            }
            let missed = missed(ours, truth, truths.len());
            if let Some(name) = truth.names.first().filter(|_| missed > 0) {
                self.protocols.entry(name.clone()).or_default().missed += missed;
                self.missed.push(line("unknown", truth));
            }
        }
    }

    fn rates(&self) -> BTreeMap<String, (Option<f64>, Option<f64>)> {
        let rates = |counts: &Counts| (counts.precision(), counts.recall());
        let mut all: BTreeMap<_, _> =
            self.protocols.iter().map(|(name, c)| (name.clone(), rates(c))).collect();
        all.insert("overall".to_owned(), rates(&self.overall()));
        all
    }

    fn overall(&self) -> Counts {
        self.protocols.values().fold(Counts::default(), |sum, counts| Counts {
            right: sum.right + counts.right,
            wrong: sum.wrong + counts.wrong,
            missed: sum.missed + counts.missed,
        })
    }

    fn print(&self, worst: usize) {
        for (title, lines) in [("wrong", &self.wrong), ("missed", &self.missed)] {
            println!("{title}: {}", lines.len());
            for line in lines.iter().take(worst) {
                println!("  {line}");
            }
        }
        println!(
            "{:<14}{:>8}{:>8}{:>8}{:>11}{:>9}",
            "protocol", "right", "wrong", "missed", "precision", "recall"
        );
        let row = |name: &str, counts: &Counts| {
            let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{rate:.4}"));
            let (precision, recall) = (rate(counts.precision()), rate(counts.recall()));
            let Counts { right, wrong, missed } = counts;
            println!("{name:<14}{right:>8}{wrong:>8}{missed:>8}{precision:>11}{recall:>9}");
        };
        for (name, counts) in &self.protocols {
            row(name, counts);
        }
        row("overall", &self.overall());
        println!("{} flows are labelled unknown", self.unknown);
    }
}

/// How many of our flows stayed without the name they have, as far as they carry payload.
fn missed(ours: &[&Flow], truth: &Truth, truths: usize) -> u64 {
    let right = ours.iter().any(|flow| truth.names.contains(&flow.protocol));
    // Between two stations each kind of frame is a flow.
    if truths > 1 || ours.first().is_some_and(|flow| flow.key.transport == "link") {
        return u64::from(!right);
    }
    let silent = ours.iter().filter(|flow| !flow.named() && flow.has_payload()).count() as u64;
    let claimed = ours.iter().any(|flow| flow.named());
    if claimed { silent } else { silent.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(protocol: &str, packets: u64, bytes: u64) -> Flow {
        let key = Key::new("tcp", "10.0.0.1:1".to_owned(), "10.0.0.2:2".to_owned());
        Flow { key, protocol: protocol.to_owned(), packets, bytes }
    }

    fn score(flows: &[Flow], names: &[&str]) -> Score {
        let mut labels = Labels::new();
        let truth = |name: &&str| Truth {
            names: name.split('|').map(str::to_owned).collect(),
            remark: String::new(),
        };
        if !names.is_empty() {
            labels.insert(flow("", 0, 0).key, names.iter().map(truth).collect());
        }
        let mut score = Score::default();
        score.capture("x", flows, &labels);
        score
    }

    fn counts(flows: &[Flow], names: &[&str]) -> [u64; 3] {
        let overall = score(flows, names).overall();
        [overall.right, overall.wrong, overall.missed]
    }

    #[test]
    fn right_wrong_and_missed_are_told_apart() {
        assert_eq!(counts(&[flow("dns", 2, 900)], &["dns"]), [1, 0, 0]);
        assert_eq!(counts(&[flow("dns", 2, 900)], &["ntp"]), [0, 1, 0]);
        assert_eq!(counts(&[flow("dns", 2, 900)], &["unknown"]), [0, 1, 0]);
        assert_eq!(counts(&[flow("dns", 2, 900)], &[]), [0, 1, 0], "a name without payload");
        assert_eq!(counts(&[flow("unknown", 2, 900)], &["dns"]), [0, 0, 1]);
        assert_eq!(counts(&[], &["dns"]), [0, 0, 1], "a flow that is not listed");
        assert_eq!(counts(&[flow("unknown", 2, 900)], &["dns|unknown"]), [0, 0, 0]);
    }

    #[test]
    fn flows_of_one_pair_of_ends_count_each_but_for_bare_handshakes() {
        let twice = [flow("dns", 2, 900), flow("unknown", 2, 900)];
        assert_eq!(counts(&twice, &["dns"]), [1, 0, 1]);
        let bare = [flow("dns", 2, 900), flow("unknown", 3, 180)];
        assert_eq!(counts(&bare, &["dns"]), [1, 0, 0]);
        assert_eq!(counts(&twice, &["dns", "http"]), [1, 0, 1], "a port used again for something else");
    }
}
