//! Two hosts on a cable of their own: network namespaces joined by a virtual link, and what crosses it captured.
//!
//! Loopback would not do: there both ends share one address, which is no device's. Needs root, `ip` and
//! `tcpdump`. Checksums stay offloaded as they are, so captures have wrong checksums and frames beyond the MTU.

use crate::analysis::{Analysis, root};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Address of the end that begins conversations.
pub(crate) const CLIENT: &str = "10.77.9.11";
/// Address of the end that waits for them.
pub(crate) const SERVER: &str = "10.77.9.20";

/// How long anything may take on a loaded machine: 60 s, looked at every [`LOOK_EVERY`].
const LOOKS_MAX: u32 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(100);

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// An end of the cable.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Client,
    Server,
}

/// The cable, its two hosts and a folder for what they need. Gone when dropped.
pub(crate) struct Network {
    prefix: String,
    folder: TempDir,
}

/// A program that runs until dropped.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Network {
    /// Lays the cable, or says what was skipped when peers are not asked for or not possible here.
    pub(crate) fn new(programs: &[&str]) -> Option<Self> {
        if env::var_os("WARDLINE_PEERS").is_none() {
            eprintln!("SKIPPED: set WARDLINE_PEERS=1 to speak with real peers: {}", programs.join(" "));
            return None;
        }
        for program in ["tcpdump"].iter().chain(programs) {
            if !is_there(program) {
                eprintln!("SKIPPED: peer {program} is not here");
                return None;
            }
        }
        sweep();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let network =
            Self { prefix: format!("wardline-{}-{number}", id()), folder: tempfile::tempdir().unwrap() };
        if let Err(reason) = network.lay() {
            eprintln!("SKIPPED: no network namespaces for {}: {reason}", programs.join(" "));
            return None;
        }
        Some(network)
    }

    /// A cable on which nobody speaks by himself: no ARP, no addresses.
    pub(crate) fn silent() -> Option<Self> {
        let network = Self::new(&["python3"])?;
        for end in [End::Client, End::Server] {
            for step in [["address", "flush", "dev", "eth0"], ["link", "set", "eth0", "arp off"]] {
                let words = step.iter().flat_map(|word| word.split(' '));
                let done = Command::new("ip").args(["-n", &network.name(end)]).args(words).status().unwrap();
                assert!(done.success(), "ip {step:?}");
            }
        }
        Some(network)
    }

    fn lay(&self) -> Result<(), String> {
        let (client, server) = (self.name(End::Client), self.name(End::Server));
        let (near, far) = (format!("{CLIENT}/24"), format!("{SERVER}/24"));
        let quiet = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
        let steps: [&[&str]; 12] = [
            &["netns", "add", &client],
            &["netns", "add", &server],
            &["netns", "exec", &client, "sh", "-c", quiet],
            &["netns", "exec", &server, "sh", "-c", quiet],
            &[
                "link", "add", "eth0", "netns", &client, "type", "veth", "peer", "name", "eth0", "netns",
                &server,
            ],
            &["-n", &client, "link", "set", "eth0", "address", "02:00:0a:4d:09:11"],
            &["-n", &server, "link", "set", "eth0", "address", "02:00:0a:4d:09:20"],
            &["-n", &client, "address", "add", &near, "dev", "eth0"],
            &["-n", &server, "address", "add", &far, "dev", "eth0"],
            &["-n", &server, "link", "set", "lo", "up"],
            &["-n", &client, "link", "set", "eth0", "up"],
            &["-n", &server, "link", "set", "eth0", "up"],
        ];
        for step in steps {
            let done = Command::new("ip").args(step).output().map_err(|e| format!("ip: {e}"))?;
            if !done.status.success() {
                return Err(format!(
                    "ip {}: {}",
                    step.join(" "),
                    String::from_utf8_lossy(&done.stderr).trim()
                ));
            }
        }
        Ok(())
    }

    fn name(&self, end: End) -> String {
        let end = match end {
            End::Client => "client",
            End::Server => "server",
        };
        format!("{}-{end}", self.prefix)
    }

    /// A path in the folder of this network.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program at an end of the cable, to be started.
    pub(crate) fn command(&self, end: End, program: &OsStr) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(end)]).arg(program).current_dir(self.folder.path());
        command
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn serve<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
        port: u16,
    ) -> Running {
        let log = fs::File::create(self.path("server.log")).unwrap();
        let mut command = self.command(End::Server, program.as_ref());
        command.args(arguments).stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        let process = running.0.id();
        let table = format!("/proc/{process}/net/tcp");
        let listens = format!(":{port:04X} 00000000:0000 0A");
        let mut up = false;
        // An end is an answer too.
        let answered = || {
            // Until `ip` has entered the namespace, the table is that of the whole machine.
            let inside = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            up = inside.trim() != "ip" && fs::read_to_string(&table).is_ok_and(|t| t.contains(&listens));
            up || running.0.try_wait().is_ok_and(|ended| ended.is_some())
        };
        wait(answered);
        let log = || fs::read_to_string(self.path("server.log")).unwrap_or_default();
        assert!(up, "{:?} does not listen on {port}: {}", program.as_ref(), log());
        running
    }

    /// Runs a client to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, arguments: &[A]) -> Output {
        self.command(End::Client, program.as_ref()).args(arguments).output().unwrap()
    }

    /// Runs a client, which must succeed.
    pub(crate) fn speak<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, arguments: &[A]) {
        let output = self.run(&program, arguments);
        let said = [output.stdout, output.stderr].concat();
        let log = fs::read_to_string(self.path("server.log")).unwrap_or_default();
        assert!(
            output.status.success(),
            "{:?}: {}\nserver: {log}",
            program.as_ref(),
            String::from_utf8_lossy(&said)
        );
    }

    /// Captures what crosses the cable while `conversation` runs, and analyses it.
    pub(crate) fn capture(&self, conversation: impl FnOnce()) -> Analysis {
        let file = self.path("cable.pcap");
        let mut command = self.command(End::Server, OsStr::new("tcpdump"));
        command.args(["-i", "eth0", "-s", "0", "-U", "--immediate-mode", "-Z", "root", "-w"]).arg(&file);
        let mut tcpdump = Running(command.stderr(Stdio::piped()).spawn().unwrap());
        let mut said = BufReader::new(tcpdump.0.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "tcpdump did not start");
        }
        conversation();
        settle(&file);
        let stopped = Command::new("kill").args(["-INT", &tcpdump.0.id().to_string()]).status().unwrap();
        assert!(stopped.success() && tcpdump.0.wait().unwrap().success(), "tcpdump did not end well");
        if let Some(folder) = env::var_os("WARDLINE_KEEP_CAPTURES") {
            let kept = Path::new(&folder).join(format!("{}.pcap", self.prefix));
            fs::copy(&file, kept).unwrap();
        }
        Analysis::of(&file)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for end in [End::Client, End::Server] {
            // Never laid is as good; the link goes with its ends.
            let _ = Command::new("ip").args(["netns", "del", &self.name(end)]).output();
        }
    }
}

/// Takes down what a test left behind that was killed: namespaces named after a process that is no more.
fn sweep() {
    let listed = Command::new("ip").args(["netns", "list"]).output().map(|o| o.stdout).unwrap_or_default();
    for line in String::from_utf8_lossy(&listed).lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let process = name.strip_prefix("wardline-").and_then(|rest| rest.split('-').next());
        if process.is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists()) {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

/// Looks until it is so; whether it became so.
fn wait(mut so: impl FnMut() -> bool) -> bool {
    (0..LOOKS_MAX).any(|_| {
        let is = so();
        if !is {
            sleep(LOOK_EVERY);
        }
        is
    })
}

/// Waits until a file stops growing.
fn settle(file: &Path) {
    let size = || fs::metadata(file).map_or(0, |file| file.len());
    let mut seen = 0;
    wait(|| {
        sleep(LOOK_EVERY * 4);
        let before = std::mem::replace(&mut seen, size());
        before == seen && seen > 24
    });
}

fn is_there(program: &str) -> bool {
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}

/// The interpreter that knows the Python peers, or what was skipped without it.
pub(crate) fn python(needed_for: &str) -> Option<PathBuf> {
    if env::var_os("WARDLINE_PEERS").is_none() {
        eprintln!("SKIPPED: set WARDLINE_PEERS=1 to speak with real peers: {needed_for}");
        return None;
    }
    let usual = || root().join("target/peers/bin/python");
    let python = env::var_os("WARDLINE_PEERS_PYTHON").map_or_else(usual, PathBuf::from);
    if !python.is_file() {
        eprintln!("SKIPPED: peer python is not at {}: {needed_for}", python.display());
        return None;
    }
    Some(python)
}

/// A script of `tests/peers`.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("tests/peers").join(name)
}
