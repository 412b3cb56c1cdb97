//! Roles as processes of their own, started, watched and stopped.
//!
//! Each role is this program again. Standard input is one end of the socket between sensor and server, and this process
//! keeps both ends open: one that dies takes nothing of the other with it. Standard output brings signs of life
//! (`heartbeat.rs`); a role without any for [`HUNG_AFTER`] is ended. One that ends is started again, later each time
//! ([`AGAIN_AFTER_MAX`]). When a role ends well there was nothing more to do: it stays ended. A role that cannot be
//! started the first time because it was asked for something impossible ends everything.

use super::{Arguments, Outcome, Role, heartbeat};
use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::env;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;
use wardline_model::Timestamp;

/// A role without a sign of life for so long hangs: a machine under load gives one in this time.
const HUNG_AFTER: i64 = 30 * Timestamp::SECOND;
/// First wait before a role is started again; it doubles.
const AGAIN_AFTER: i64 = Timestamp::SECOND;
/// Longest wait.
const AGAIN_AFTER_MAX: i64 = 60 * Timestamp::SECOND;
/// A role that lived so long starts with the first wait again.
const LIVED_WELL: i64 = 60 * Timestamp::SECOND;
/// A wrong request shows within so long of the first start.
const FIRST: i64 = 10 * Timestamp::SECOND;
/// How long a role may take to stop.
const STOPS_WITHIN: i64 = 15 * Timestamp::SECOND;
/// Exit code of wrong use.
const WRONG_USE: i32 = 2;
const TURN: Duration = Duration::from_millis(100);

/// One role.
struct Watched {
    role: Role,
    /// Its end of the socket.
    end: OwnedFd,
    child: Option<Child>,
    /// When it last gave a sign.
    sign: Arc<AtomicI64>,
    started: Timestamp,
    starts: u32,
    wait: i64,
    again_at: Option<Timestamp>,
    ended_well: bool,
}

/// Runs the roles until all have ended or this process is told to stop.
pub(super) fn run(arguments: &Arguments, roles: &[Role]) -> Result<Outcome> {
    let stop = heartbeat::stop_flag(heartbeat::hold_signals()?);
    let (one, other) = UnixStream::pair().context("a socket between the roles")?;
    let ends: [OwnedFd; 2] = [one.into(), other.into()];
    let mut watched: Vec<Watched> =
        roles.iter().zip(ends).map(|(role, end)| Watched::new(*role, end)).collect();
    for role in &mut watched {
        role.start(arguments)?;
    }
    while !stop.load(Ordering::Relaxed) {
        for role in &mut watched {
            if role.turn(arguments)? == Some(WRONG_USE) {
                end(&mut watched);
                // What was wrong, the role has said.
                std::process::exit(WRONG_USE);
            }
        }
        if watched.iter().all(|role| role.ended_well) {
            break;
        }
        thread::sleep(TURN);
    }
    Ok(end(&mut watched))
}

/// Stops the roles, the sensor first: what it saw last is still taken.
fn end(watched: &mut [Watched]) -> Outcome {
    let mut outcome = Outcome::Done;
    for role in watched {
        if role.stop() != Outcome::Done {
            outcome = Outcome::Problems;
        }
    }
    outcome
}

impl Watched {
    fn new(role: Role, end: OwnedFd) -> Self {
        Self {
            role,
            end,
            child: None,
            sign: Arc::new(AtomicI64::new(0)),
            started: Timestamp(0),
            starts: 0,
            wait: AGAIN_AFTER,
            again_at: None,
            ended_well: false,
        }
    }

    fn start(&mut self, arguments: &Arguments) -> Result<()> {
        let program = env::current_exe().context("where this program is")?;
        let mut command = Command::new(program);
        command.arg("run").args(flags(arguments, self.role));
        command.stdin(Stdio::from(self.end.try_clone().context("the socket between the roles")?));
        // A group of its own: what a terminal says to this process, this process passes on.
        command.stdout(Stdio::piped()).process_group(0);
        let mut child =
            command.spawn().with_context(|| format!("the {} cannot be started", self.role.name()))?;
        self.started = heartbeat::now();
        self.sign.store(self.started.0, Ordering::Relaxed);
        if let Some(out) = child.stdout.take() {
            hear(out, &self.sign);
        }
        self.starts = self.starts.saturating_add(1);
        (self.child, self.again_at) = (Some(child), None);
        Ok(())
    }

    /// Looks after the role; its exit code when it was asked for something impossible.
    fn turn(&mut self, arguments: &Arguments) -> Result<Option<i32>> {
        let now = heartbeat::now();
        if let Some(at) = self.again_at
            && (now >= at || now < self.started)
        {
            self.start(arguments)?;
        }
        let Some(child) = &mut self.child else { return Ok(None) };
        let silent = now.0.saturating_sub(self.sign.load(Ordering::Relaxed));
        if silent > HUNG_AFTER {
            eprintln!("wardline: the {} gives no sign of life; it is ended", self.role.name());
            // Already ended is as good.
            let _ = child.kill();
            self.sign.store(now.0, Ordering::Relaxed);
        }
        let Some(status) = child.try_wait()? else { return Ok(None) };
        self.child = None;
        if status.success() {
            self.ended_well = true;
            return Ok(None);
        }
        let lived = now.since(self.started);
        if status.code() == Some(WRONG_USE) && self.starts == 1 && lived < FIRST {
            return Ok(Some(WRONG_USE));
        }
        self.wait = if lived > LIVED_WELL { AGAIN_AFTER } else { self.wait.min(AGAIN_AFTER_MAX) };
        self.again_at = Some(Timestamp(now.0.saturating_add(self.wait)));
        let seconds = self.wait / Timestamp::SECOND;
        eprintln!("wardline: the {} ended ({status}); it is started again in {seconds} s", self.role.name());
        self.wait = self.wait.saturating_mul(2);
        Ok(None)
    }

    fn stop(&mut self) -> Outcome {
        let Some(mut child) = self.child.take() else { return Outcome::Done };
        let began = heartbeat::now();
        if let Ok(id) = i32::try_from(child.id()) {
            // Already ended is as good.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        while heartbeat::now().since(began) < STOPS_WITHIN {
            if let Ok(Some(status)) = child.try_wait() {
                return if status.success() { Outcome::Done } else { Outcome::Problems };
            }
            thread::sleep(TURN);
        }
        eprintln!("wardline: the {} does not stop; it is ended", self.role.name());
        let _ = child.kill();
        let _ = child.wait();
        Outcome::Problems
    }
}

/// Hears signs of life until there are none.
fn hear(mut out: ChildStdout, sign: &Arc<AtomicI64>) {
    let sign = Arc::clone(sign);
    thread::spawn(move || {
        let mut signs = [0; 64];
        while out.read(&mut signs).is_ok_and(|count| count > 0) {
            sign.store(heartbeat::now().0, Ordering::Relaxed);
        }
    });
}

/// The flags of this process, for one role.
fn flags(arguments: &Arguments, role: Role) -> Vec<std::ffi::OsString> {
    let mut flags: Vec<std::ffi::OsString> = vec!["--supervised".into(), "--role".into(), role.name().into()];
    let mut add = |name: &str, value: &std::ffi::OsStr| flags.extend([name.into(), value.to_owned()]);
    if let Some(config) = &arguments.config {
        add("--config", config.as_os_str());
    }
    add("--data", arguments.data.as_os_str());
    if let Some(listen) = &arguments.listen {
        add("--listen", listen.as_ref());
    }
    if let Some(database) = &arguments.database {
        add("--database", database.as_ref());
    }
    for interface in &arguments.interface {
        add("--interface", interface.as_ref());
    }
    for capture in &arguments.capture {
        add("--capture", capture.as_os_str());
    }
    if let Some(folder) = &arguments.capture_dir {
        add("--capture-dir", folder.as_os_str());
    }
    for term in &arguments.exclude {
        add("--exclude", term.to_string().as_ref());
    }
    if let Some(snap) = arguments.snap_length {
        add("--snap-length", snap.to_string().as_ref());
    }
    let pace = match arguments.pace {
        super::Pace::Full => "full",
        super::Pace::Real => "real",
    };
    add("--pace", pace.as_ref());
    flags
}
