//! `wardline run`: the platform. A process for each role, started and watched by this one.
//!
//! With more than one role this process starts the program again for each, connects sensor and server by a socket that
//! both inherit, starts again what dies or hangs, and passes stop signals on (`supervise.rs`). With one role it is that
//! role. The sensor alone prints its batches, one JSON object a line.

mod heartbeat;
mod outbox;
mod sensor;
mod server;
mod settings;
mod supervise;

use super::Outcome;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use settings::Settings;
use std::path::PathBuf;
use wardline_capture::Term;

/// Watch interfaces or captures, and keep what is there.
///
/// Roles run as processes of their own. Stop with SIGTERM or Ctrl-C: what was seen is handed over first.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Settings (TOML); flags come before what it says.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What to run, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Role::Sensor, Role::Server])]
    pub(crate) role: Vec<Role>,
    /// Interface to listen to; may be given several times. Needs root or CAP_NET_RAW.
    #[arg(long, value_name = "IF")]
    pub(crate) interface: Vec<String>,
    /// Capture file to read instead; may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "interface")]
    pub(crate) capture: Vec<PathBuf>,
    /// Folder that capture files are rotated into.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["interface", "capture"])]
    pub(crate) capture_dir: Option<PathBuf>,
    /// Read capture files as fast as possible, or in the time they were recorded in.
    #[arg(long, value_enum, default_value_t = Pace::Full)]
    pub(crate) pace: Pace,
    /// Leave out what is from or to host:ADDRESS, net:ADDRESS/BITS, port:NUMBER, mac:ADDRESS, or in vlan:NUMBER; may be
    /// given several times.
    #[arg(long, value_name = "WHAT")]
    pub(crate) exclude: Vec<Term>,
    /// Bytes of a frame to keep.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub(crate) snap_length: Option<u32>,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = "wardline-data")]
    pub(crate) data: PathBuf,
    /// Where the console listens, such as 0.0.0.0:8443; without it there is none.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Database to remember in: sqlite:FILE or postgres://USER@HOST/NAME; with --listen a file in the data folder.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Started by another process of this program: signs of life go to standard output, the other role is at standard
    /// input.
    #[arg(long, hide = true)]
    pub(crate) supervised: bool,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Listens, and can do nothing else.
    Sensor,
    /// Remembers.
    Server,
}

impl Role {
    /// The name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Server => "server",
        }
    }
}

/// How fast capture files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pace {
    /// As fast as it goes.
    Full,
    /// As recorded.
    Real,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let settings = Settings::read(arguments)?;
    let mut roles = arguments.role.clone();
    roles.sort_unstable();
    roles.dedup();
    if roles.contains(&Role::Sensor) {
        ensure!(
            settings.has_source(),
            "nothing to watch: give --interface IF, --capture FILE or --capture-dir DIR (see `wardline run --help`)"
        );
    }
    match *roles {
        [Role::Sensor] => sensor::run(&settings),
        [Role::Server] => server::run(&settings),
        _ => supervise::run(arguments, &roles),
    }
}
