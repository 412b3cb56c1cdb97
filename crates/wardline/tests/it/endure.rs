//! Killed at any moment, under load: what was acknowledged is there afterwards, and the ledger holds.
//!
//! Ten rounds; with `WARDLINE_FULL` set, a hundred (`cargo xtask test --full`).

use crate::live::simulated;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

/// Those who write beside the platform.
const WRITERS: u32 = 2;

/// A generator of pauses: which moment is hit should differ between rounds, and be told when one fails.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn wardline(arguments: &[&str], data: &Path, database: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
    command.args(arguments).args(["--database", database, "--data"]).arg(data).stdin(Stdio::null());
    command
}

fn output(arguments: &[&str], data: &Path, database: &str) -> Output {
    wardline(arguments, data, database).output().unwrap()
}

/// Kills a process and all that it started: they are a group.
fn kill_group(child: &mut Child) {
    assert!(
        Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status().unwrap().success()
    );
    child.wait().unwrap();
}

/// Runs the platform, lets accounts be made beside it, and kills everything at once after `pause`. The names that were
/// acknowledged.
fn round(
    data: &Path,
    captures: &Path,
    database: &str,
    next: &Arc<AtomicU32>,
    pause: Duration,
) -> BTreeSet<String> {
    let mut command = wardline(&["run", "--capture-dir", captures.to_str().unwrap()], data, database);
    let mut platform = command.stderr(Stdio::null()).process_group(0).spawn().unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (acknowledged, stop, next) = (acknowledged.clone(), stop.clone(), next.clone());
            let (data, database) = (data.to_owned(), database.to_owned());
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let name = format!("nurse{}", next.fetch_add(1, Ordering::SeqCst));
                    let mut command = wardline(&["user", "add", &name, "--role", "viewer"], &data, &database);
                    let made = command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn();
                    let mut made = made.unwrap();
                    // Killed with the others, or heard to its end.
                    while made.try_wait().unwrap().is_none() {
                        if stop.load(Ordering::SeqCst) {
                            kill_group(&mut made);
                            return;
                        }
                        sleep(Duration::from_millis(2));
                    }
                    let said = made.wait_with_output().unwrap();
                    if said.status.success() && String::from_utf8_lossy(&said.stdout).contains("/welcome/") {
                        acknowledged.lock().unwrap().insert(name);
                    }
                }
            })
        })
        .collect();
    sleep(pause);
    stop.store(true, Ordering::SeqCst);
    kill_group(&mut platform);
    for writer in writers {
        writer.join().unwrap();
    }
    let names = acknowledged.lock().unwrap();
    names.clone()
}

fn endures(database: &str, data: &Path) {
    let rounds = if std::env::var_os("WARDLINE_FULL").is_some() { 100 } else { 10 };
    let captures = data.join("captures");
    fs::create_dir_all(&captures).unwrap();
    let (mut dice, next) = (Dice(u64::from(std::process::id())), Arc::new(AtomicU32::new(0)));
    let mut acknowledged = BTreeSet::new();
    for number in 0..rounds {
        fs::write(captures.join(format!("{number}.pcap")), simulated(number)).unwrap();
        let pause = Duration::from_millis(600 + dice.below(2_000));
        acknowledged.extend(round(data, &captures, database, &next, pause));
        let verified = output(&["ledger", "verify"], data, database);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        let complained = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success(), "round {number}, killed after {pause:?}: {said}{complained}");
        let listed = String::from_utf8(output(&["user", "list"], data, database).stdout).unwrap();
        let there: BTreeSet<&str> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
        let lost: Vec<_> = acknowledged.iter().filter(|name| !there.contains(name.as_str())).collect();
        assert!(
            lost.is_empty(),
            "round {number}, killed after {pause:?}: {lost:?} were acknowledged and are gone"
        );
    }
    let expected = usize::try_from(rounds).unwrap();
    assert!(acknowledged.len() >= expected, "only {} accounts in {rounds} rounds", acknowledged.len());
    eprintln!("{rounds} rounds, {} accounts acknowledged, none lost", acknowledged.len());
}

#[test]
fn what_was_acknowledged_survives_kills_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    endures(&format!("sqlite:{}", folder.path().join("wardline.db").display()), folder.path());
}

#[test]
fn what_was_acknowledged_survives_kills_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    match testkit::postgres::database() {
        Ok(address) => endures(&address, folder.path()),
        Err(why) => println!("SKIPPED: PostgreSQL is not here: {}", why.lines().next().unwrap_or_default()),
    }
}
