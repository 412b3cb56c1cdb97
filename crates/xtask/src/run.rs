//! Child processes: stages with their minutes, and processes measured while they run.

use crate::tidy::root;
use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How often a measured process is looked at. Its memory between two looks goes unseen.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The clock. Tasks measure, so here the clock is read.
#[expect(clippy::disallowed_methods, reason = "measuring is what a task does")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Runs `work`, prints its minutes, and keeps them for the closing table.
pub(crate) fn stage<T>(
    minutes: &mut Vec<(String, Duration)>,
    name: &str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    println!("── {name}");
    let start = now();
    let done = work();
    let took = start.elapsed();
    let verdict = if done.is_ok() { "ok" } else { "FAILED" };
    println!("── {name}: {verdict}, {:.1} min\n", took.as_secs_f64() / 60.0);
    minutes.push((name.to_owned(), took));
    done
}

/// The closing table of the stages.
pub(crate) fn print_minutes(minutes: &[(String, Duration)]) {
    println!("minutes per stage");
    for (name, took) in minutes {
        println!("  {name:<24} {:>6.1}", took.as_secs_f64() / 60.0);
    }
    let total: Duration = minutes.iter().map(|(_, took)| *took).sum();
    println!("  {:<24} {:>6.1}", "total", total.as_secs_f64() / 60.0);
}

/// `cargo` with these arguments, at the root, failing when it fails.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    println!("   cargo {}", arguments.join(" "));
    let status = cargo_command().args(arguments).status().context("start cargo")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.first().unwrap_or(&""));
    }
    Ok(())
}

/// The cargo that started us, at the root.
pub(crate) fn cargo_command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Builds a binary for release and says where it stands.
pub(crate) fn release_binary(package: &str) -> Result<PathBuf> {
    cargo(&["build", "--release", "--package", package])?;
    let path = target().join("release").join(package);
    if !path.is_file() {
        bail!("{} was not built", path.display());
    }
    Ok(path)
}

/// The program by this name on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(system).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// What a measured process used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// How it ended. `None`: it was stopped at the time limit.
    pub(crate) status: Option<ExitStatus>,
    /// From start to end.
    pub(crate) wall: Duration,
    /// User and system time of the process and what it waited for. Meaningless when several run at once.
    pub(crate) cpu: Duration,
    /// Highest resident memory, mapped files included, in bytes.
    pub(crate) resident: u64,
    /// Highest anonymous memory seen, in bytes.
    pub(crate) anonymous: u64,
}

/// Runs a command to its end or the limit, looking at its memory.
pub(crate) fn measure(mut command: Command, limit: Duration) -> Result<Usage> {
    let before = children_cpu()?;
    let start = now();
    let mut child = command.spawn().with_context(|| format!("start {command:?}"))?;
    let (mut resident, mut anonymous) = (0, 0);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        let memory = memory(&child);
        resident = memory.0.max(resident);
        anonymous = memory.1.max(anonymous);
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(LOOK_EVERY);
    };
    let wall = start.elapsed();
    let cpu = children_cpu()?.saturating_sub(before);
    Ok(Usage { status, wall, cpu, resident, anonymous })
}

/// High-water mark of resident memory, and anonymous memory now, in bytes.
fn memory(child: &Child) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    (field("VmHWM:").unwrap_or(0) * 1024, field("RssAnon:").unwrap_or(0) * 1024)
}

fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("read the children's processor time")?;
    let micros = [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum::<i64>();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured_and_stopped_at_its_limit() {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("20");
        let usage = measure(sleeper, Duration::from_millis(50)).unwrap();
        assert!(usage.status.is_none());
        assert!(usage.resident > 0 && usage.wall < Duration::from_secs(10));
        let usage = measure(Command::new("true"), Duration::from_secs(20)).unwrap();
        assert!(usage.status.unwrap().success());
    }
}
