//! Settings of `run`: flags over the configuration file over what is usual.
//!
//! ```toml
//! [sensor]
//! name = "north-core"             # part of every batch's name
//! interfaces = ["eth1", "eth2"]
//! capture_dir = "/var/captures"   # instead of interfaces
//! exclude = ["net:10.9.0.0/16"]
//! snap_length = 262144
//! ring_mib = 64                   # ring memory per interface
//! rings = 1                       # rings, and threads that read them, per interface
//! workers = 2
//! hardware_time = false
//!
//! [console]
//! address = "https://wardline.hospital.example:8443"   # as browsers see it; passkeys need a name
//! ```

use super::{Arguments, Pace};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::PathBuf;
use wardline_capture::{Clock, Filter, Options, Term};

/// Ring memory of an interface, in MiB: half a second of a full gigabit link.
const RING_MIB: usize = 64;
const RING_MIB_MAX: usize = 4_096;
const RINGS_MAX: usize = 64;
const WORKERS_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;

/// What the file may say; other tables belong to other roles.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    sensor: Sensor,
    #[serde(default)]
    console: Console,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Console {
    address: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sensor {
    name: Option<String>,
    interfaces: Vec<String>,
    capture_dir: Option<PathBuf>,
    exclude: Vec<String>,
    snap_length: Option<u32>,
    ring_mib: Option<usize>,
    rings: Option<usize>,
    workers: Option<usize>,
    hardware_time: bool,
}

/// How to run.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) sensor: Box<str>,
    pub(super) interfaces: Vec<String>,
    pub(super) captures: Vec<PathBuf>,
    pub(super) capture_dir: Option<PathBuf>,
    pub(super) pace: Pace,
    pub(super) listening: Options,
    pub(super) workers: usize,
    pub(super) data: PathBuf,
    pub(super) listen: Option<String>,
    /// The console as browsers see it, when the file says so.
    pub(super) address: Option<String>,
    pub(super) database: Option<String>,
    pub(super) supervised: bool,
}

impl Settings {
    pub(super) fn read(arguments: &Arguments) -> Result<Self> {
        let file = match &arguments.config {
            None => File::default(),
            Some(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
                toml::from_str(&text).with_context(|| format!("the configuration {}", path.display()))?
            }
        };
        let sensor = file.sensor;
        let name = sensor.name.unwrap_or_else(|| "sensor".into());
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        ensure!(
            !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(plain),
            "sensor.name {name:?}: letters, digits, `-`, `_`, `.`, {NAME_BYTES_MAX} at most"
        );
        let by_flag = !arguments.interface.is_empty()
            || !arguments.capture.is_empty()
            || arguments.capture_dir.is_some();
        let (interfaces, capture_dir) = if by_flag {
            (arguments.interface.clone(), arguments.capture_dir.clone())
        } else {
            (sensor.interfaces, sensor.capture_dir)
        };
        ensure!(
            interfaces.is_empty() || capture_dir.is_none(),
            "sensor.interfaces and sensor.capture_dir exclude each other: run two sensors"
        );
        let terms = sensor.exclude.iter().map(|text| text.parse()).collect::<Result<Vec<Term>, _>>()?;
        let exclude = terms.into_iter().chain(arguments.exclude.iter().copied()).collect();
        let within = |name: &str, value: Option<usize>, usual: usize, most: usize| {
            let value = value.unwrap_or(usual);
            ensure!((1..=most).contains(&value), "sensor.{name} = {value}: from 1 to {most}");
            Ok(value)
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let snap = arguments.snap_length.or(sensor.snap_length).unwrap_or(262_144);
        ensure!((64..=262_144).contains(&snap), "sensor.snap_length = {snap}: from 64 to 262144");
        let listening = Options {
            snap,
            ring_bytes: within("ring_mib", sensor.ring_mib, RING_MIB, RING_MIB_MAX)? << 20,
            rings: within("rings", sensor.rings, 1, RINGS_MAX)?,
            filter: Filter { exclude },
            clock: if sensor.hardware_time { Clock::Hardware } else { Clock::Kernel },
        };
        Ok(Self {
            sensor: name.into(),
            interfaces,
            captures: arguments.capture.clone(),
            capture_dir,
            pace: arguments.pace,
            listening,
            workers: within("workers", sensor.workers, processors.min(8), WORKERS_MAX)?,
            data: arguments.data.clone(),
            listen: arguments.listen.clone(),
            address: file.console.address,
            database: arguments.database.clone(),
            supervised: arguments.supervised,
        })
    }

    pub(super) fn has_source(&self) -> bool {
        !self.interfaces.is_empty() || !self.captures.is_empty() || self.capture_dir.is_some()
    }
}
