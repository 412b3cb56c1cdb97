//! Every capture of a folder through `wardline analyze`, one process each, with limits.
//!
//! In: a folder. Out: totals, the worst files, and a failure when one crashed, hung, held too much memory or
//! wrote something that is not the contract's JSON.

use crate::run::{self, Usage};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    fs,
    io::Read,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Top-level keys that `analyze --format json` promises.
const KEYS: [&str; 4] = ["capture", "devices", "flows", "findings"];

/// Captures between two signs of life.
const PROGRESS_EVERY: usize = 100;

/// Worst files listed at the end.
const WORST: usize = 5;

/// How a capture file begins: pcap in its byte orders and resolutions, pcapng, gzip, zstd.
const MAGICS: [[u8; 4]; 7] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x0a, 0x0d, 0x0d, 0x0a],
    [0x1f, 0x8b, 0x08, 0x00],
    [0x28, 0xb5, 0x2f, 0xfd],
];

/// Limits of one analysis, and how many run at once.
pub(crate) struct Limits {
    /// Seconds.
    pub(crate) seconds: u64,
    /// Megabytes of anonymous memory.
    pub(crate) megabytes: u64,
    /// Processes at once.
    pub(crate) jobs: usize,
}

/// What became of one file.
struct Outcome {
    file: PathBuf,
    usage: Usage,
    packets: u64,
    devices: usize,
    findings: usize,
    fault: Option<String>,
}

/// `cargo xtask captures`.
pub(crate) fn run(folder: &Path, limits: &Limits, binary: Option<PathBuf>) -> Result<()> {
    let files = captures_below(folder)?;
    if files.is_empty() {
        bail!("no captures below {}", folder.display());
    }
    let binary = binary.map_or_else(|| run::release_binary("wardline"), Ok)?;
    let scratch = run::target().join("xtask/captures");
    fs::create_dir_all(&scratch)?;
    println!("{} captures, {} at once", files.len(), limits.jobs);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for job in 0..limits.jobs.max(1) {
            let (next, outcomes, files, binary, scratch) = (&next, &outcomes, &files, &binary, &scratch);
            scope.spawn(move || {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = one(binary, file, &scratch.join(format!("{job}")), limits);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push(outcome);
                        if outcomes.len().is_multiple_of(PROGRESS_EVERY) {
                            eprintln!("{} of {}", outcomes.len(), files.len());
                        }
                    }
                }
            });
        }
    });
    let outcomes: Result<Vec<Outcome>> =
        outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().collect();
    report(&outcomes?, files.len())
}

/// Captures below a folder, by their first bytes or, where those are broken, by their name.
pub(crate) fn captures_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(captures_below(&path)?);
        } else if is_capture(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_capture(path: &Path) -> bool {
    let named = path.extension().and_then(|end| end.to_str());
    if matches!(named, Some("pcap" | "pcapng" | "cap" | "trace")) {
        return true;
    }
    let mut head = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    let known = |magic: &[u8; 4]| magic[..3] == head[..3] && (magic[3] == head[3] || magic[0] == 0x1f);
    read.is_ok() && MAGICS.iter().any(known)
}

fn one(binary: &Path, file: &Path, scratch: &Path, limits: &Limits) -> Result<Outcome> {
    let (json, errors) = (scratch.with_extension("json"), scratch.with_extension("stderr"));
    let mut command = Command::new(binary);
    command.arg("analyze").arg(file).args(["--format", "json"]);
    // A dissector's panic costs one flow and is quiet; with this it is printed.
    command.env("RUST_BACKTRACE", "1");
    command.stdout(fs::File::create(&json)?).stderr(fs::File::create(&errors)?);
    let usage = run::measure(command, Duration::from_secs(limits.seconds))?;
    let mut outcome =
        Outcome { file: file.to_path_buf(), usage, packets: 0, devices: 0, findings: 0, fault: None };
    let said = fs::read(&errors)?;
    outcome.fault = ended_badly(&usage, &String::from_utf8_lossy(&said), limits);
    if outcome.fault.is_none() {
        match read_result(&json) {
            Ok((packets, devices, findings)) => {
                (outcome.packets, outcome.devices, outcome.findings) = (packets, devices, findings);
            }
            Err(error) => outcome.fault = Some(format!("output: {error:#}")),
        }
    }
    Ok(outcome)
}

fn ended_badly(usage: &Usage, said: &str, limits: &Limits) -> Option<String> {
    let Some(status) = usage.status else {
        return Some(format!("hang: stopped after {} s", limits.seconds));
    };
    if let Some(signal) = status.signal() {
        return Some(format!("crash: signal {signal}"));
    }
    if said.contains("panicked at") {
        let line = said.lines().find(|line| line.contains("panicked at")).unwrap_or_default();
        return Some(format!("crash: {line}"));
    }
    if !matches!(status.code(), Some(0 | 1)) {
        return Some(format!("exit code {:?}: {}", status.code(), said.lines().last().unwrap_or_default()));
    }
    let megabytes = usage.anonymous / 1_000_000;
    (megabytes > limits.megabytes).then(|| format!("memory: {megabytes} MB"))
}

/// Packets, devices and findings of a result that holds the contract's keys.
fn read_result(path: &Path) -> Result<(u64, usize, usize)> {
    let file = std::io::BufReader::new(fs::File::open(path)?);
    let value: Value = serde_json::from_reader(file).context("is not JSON")?;
    for key in KEYS {
        value.get(key).with_context(|| format!("lacks `{key}`"))?;
    }
    let faults = value["capture"]["counters"]["dissector_faults"].as_u64().unwrap_or(0);
    if faults > 0 {
        bail!("{faults} dissectors failed");
    }
    let packets = value["capture"]["packets"].as_u64().context("lacks `capture.packets`")?;
    let length =
        |key: &str| value[key].as_array().map(Vec::len).with_context(|| format!("`{key}` is no list"));
    length("flows")?;
    Ok((packets, length("devices")?, length("findings")?))
}

fn report(outcomes: &[Outcome], expected: usize) -> Result<()> {
    let code = |code| outcomes.iter().filter(|o| o.usage.status.and_then(|s| s.code()) == Some(code)).count();
    let of = |word: &str| {
        outcomes.iter().filter(|o| o.fault.as_deref().is_some_and(|fault| fault.starts_with(word))).count()
    };
    println!("files      {}", outcomes.len());
    println!("packets    {}", outcomes.iter().map(|o| o.packets).sum::<u64>());
    println!("devices    {}", outcomes.iter().map(|o| o.devices).sum::<usize>());
    println!("findings   {}", outcomes.iter().map(|o| o.findings).sum::<usize>());
    println!("exit 0     {}", code(0));
    println!("exit 1     {} (finished with problems that were printed)", code(1));
    println!("crashes    {}", of("crash"));
    println!("hangs      {}", of("hang"));
    println!("too large  {}", of("memory"));
    println!("bad output {}", of("output"));
    let mut by_time: Vec<&Outcome> = outcomes.iter().collect();
    by_time.sort_by_key(|o| std::cmp::Reverse(o.usage.wall));
    println!("slowest");
    for o in by_time.iter().take(WORST) {
        println!("  {:>8.2} s  {}", o.usage.wall.as_secs_f64(), o.file.display());
    }
    let mut by_memory: Vec<&Outcome> = outcomes.iter().collect();
    by_memory.sort_by_key(|o| std::cmp::Reverse(o.usage.anonymous));
    println!("largest (anonymous memory)");
    for o in by_memory.iter().take(WORST) {
        println!("  {:>8.1} MB {}", o.usage.anonymous as f64 / 1e6, o.file.display());
    }
    let faults: Vec<&Outcome> = outcomes.iter().filter(|o| o.fault.is_some()).collect();
    for o in &faults {
        println!("{}: {}", o.file.display(), o.fault.as_deref().unwrap_or_default());
    }
    if !faults.is_empty() || outcomes.len() != expected {
        bail!("{} of {expected} captures failed", faults.len() + expected.saturating_sub(outcomes.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(code: Option<i32>, anonymous: u64) -> Usage {
        let status = code.map(std::process::ExitStatus::from_raw);
        Usage { status, wall: Duration::ZERO, cpu: Duration::ZERO, resident: 0, anonymous }
    }

    #[test]
    fn hang_crash_panic_wrong_code_and_memory_are_faults() {
        let limits = Limits { seconds: 1, megabytes: 300, jobs: 1 };
        assert_eq!(ended_badly(&usage(Some(0), 0), "", &limits), None);
        assert_eq!(ended_badly(&usage(Some(1 << 8), 0), "file.pcap: cut in record 3", &limits), None);
        assert!(ended_badly(&usage(None, 0), "", &limits).unwrap().starts_with("hang"));
        assert!(ended_badly(&usage(Some(11), 0), "", &limits).unwrap().starts_with("crash"));
        assert!(ended_badly(&usage(Some(0), 0), "thread 'x' panicked at y", &limits).is_some());
        assert!(ended_badly(&usage(Some(2 << 8), 0), "", &limits).is_some());
        assert!(ended_badly(&usage(Some(0), 400_000_000), "", &limits).unwrap().starts_with("memory"));
    }

    #[test]
    fn a_result_without_its_keys_is_refused() {
        let path = std::env::temp_dir().join(format!("xtask-captures-{}.json", std::process::id()));
        fs::write(&path, r#"{"capture":{"packets":3},"devices":[],"flows":[],"findings":[1]}"#).unwrap();
        assert_eq!(read_result(&path).unwrap(), (3, 0, 1));
        fs::write(&path, r#"{"capture":{"packets":3},"devices":[],"findings":[]}"#).unwrap();
        assert!(read_result(&path).is_err());
        let faulty = r#"{"capture":{"packets":3,"counters":{"dissector_faults":1}},"devices":[],"flows":[],"findings":[]}"#;
        fs::write(&path, faulty).unwrap();
        assert!(read_result(&path).is_err());
        fs::write(&path, "{").unwrap();
        assert!(read_result(&path).is_err());
        fs::remove_file(&path).unwrap();
    }
}
