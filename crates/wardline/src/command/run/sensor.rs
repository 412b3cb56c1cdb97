//! The sensor's process: opens what it reads, gives up every other right, then reads.
//!
//! Beside a server it hands batches over and waits for them to be confirmed; alone it prints them. It ends by itself
//! when there is nothing more to read.

use super::heartbeat::{Pulse, hold_signals, now, stop_flag};
use super::outbox::{Confirmed, Outbox, WhenFull};
use super::settings::Settings;
use super::{Outcome, Pace};
use crate::command::analyze::quiet_panics;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use wardline_capture::{Confined, Ring, Wants, confine};
use wardline_model::Timestamp;
use wardline_sensor::{Clock, FileSource, FolderSource, InterfaceSource, Progress, Running, Source, listen};
use wardline_wire::capture::Captures;

/// How long the last batches may take to be confirmed once the sensor was told to stop.
const LAST_WITHIN: i64 = 10 * Timestamp::SECOND;
/// Bytes at both ends of a capture file that name it, beside its size.
const ENDS_BYTES: u64 = 64 << 10;
/// Longest list of files that were read: a year of a file every five minutes.
const READ_LIST_BYTES_MAX: u64 = 16 << 20;

/// Runs it.
pub(super) fn run(settings: &Settings) -> Result<Outcome> {
    let signals = hold_signals()?;
    quiet_panics();
    // What reads a file waits for whoever it tells; traffic does not wait.
    let when_full = if settings.interfaces.is_empty() { WhenFull::Wait } else { WhenFull::Shed };
    let way = Way::open(settings)?;
    let seed = RandomState::new().hash_one(0_u8);
    let run = run_of(&settings.captures).unwrap_or(seed);
    let (sources, held) = open(settings)?;
    tell(settings, held);
    let stop = stop_flag(signals);
    let pulse = Pulse::default();
    if settings.supervised {
        pulse.show(&stop);
    }
    let outbox = Arc::new(Outbox::new(when_full));
    way.start(&outbox, &stop);
    let running = Running { sensor: settings.sensor.clone(), run, workers: settings.workers, seed };
    let beats = pulse.clone();
    let clock = move || {
        beats.beat();
        now()
    };
    // To wait for the server is work that goes on.
    let given_up = || {
        pulse.beat();
        stop.load(Ordering::Relaxed)
    };
    let done = listen(sources, &running, &clock, &stop, &mut |batch| outbox.put(batch, &given_up));
    let ended = now();
    let handed_over = outbox.close(&|| given_up() && now().since(ended) > LAST_WITHIN);
    if let Err(error) = &done {
        eprintln!("wardline sensor: {error}");
    }
    if !handed_over && !settings.supervised {
        eprintln!("wardline sensor: what was seen last could not be handed over");
    }
    Ok(if done.is_ok() && handed_over { Outcome::Done } else { Outcome::Problems })
}

/// Opens the sources, then gives up every right that reading them does not need.
fn open(settings: &Settings) -> Result<(Vec<Box<dyn Source>>, Confined)> {
    let time: Arc<Clock> = Arc::new(now);
    if let Some(folder) = &settings.capture_dir {
        fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
        let (done, progress) = ReadList::open(&settings.data)?;
        let held = confine(&Wants { sockets: Vec::new(), read: vec![folder.clone()] })?;
        return Ok((vec![Box::new(FolderSource::new(folder, done, Box::new(progress), time))], held));
    }
    if !settings.captures.is_empty() {
        let captures = Captures::open(&settings.captures)?;
        let pace = match settings.pace {
            Pace::Full => wardline_sensor::Pace::Full,
            Pace::Real => wardline_sensor::Pace::Real(time),
        };
        let named = settings.captures.iter().filter(|path| path.as_os_str() != "-").cloned();
        let held = confine(&Wants { sockets: Vec::new(), read: named.collect() })?;
        return Ok((vec![Box::new(FileSource::new(captures, pace))], held));
    }
    let mut rings = Vec::new();
    for (file, interface) in (0_u32..).zip(&settings.interfaces) {
        rings.extend(InterfaceSource::new(interface, file, Ring::open(interface, &settings.listening)?));
    }
    let sockets = rings.iter().map(|source| source.ring().socket()).collect();
    let held = confine(&Wants { sockets, read: Vec::new() })?;
    Ok((rings.into_iter().map(|source| Box::new(source) as Box<dyn Source>).collect(), held))
}

fn tell(settings: &Settings, held: Confined) {
    let what = match (&settings.capture_dir, settings.captures.len()) {
        (Some(folder), _) => format!("reading {}", folder.display()),
        (None, 0) => format!("listening to {}", settings.interfaces.join(", ")),
        (None, count) => format!("reading {count} capture files"),
    };
    let files = match held.landlock {
        Some(version) => format!("landlock {version}"),
        None => "no landlock in this kernel: file permissions alone".to_owned(),
    };
    eprintln!(
        "wardline sensor: {what}; it cannot send, open sockets, write files or start programs ({files})"
    );
}

/// Where batches go.
enum Way {
    /// To the server at the other end, which confirms.
    Server(File, File),
    /// To standard output.
    Print(File),
}

impl Way {
    fn open(settings: &Settings) -> Result<Self> {
        let second = |fd: io::Result<_>| Ok::<_, anyhow::Error>(File::from(fd.context("standard streams")?));
        if settings.supervised {
            let (stdin, again) = (io::stdin(), io::stdin());
            let one = second(stdin.as_fd().try_clone_to_owned())?;
            return Ok(Self::Server(one, second(again.as_fd().try_clone_to_owned())?));
        }
        Ok(Self::Print(second(io::stdout().as_fd().try_clone_to_owned())?))
    }

    fn start(self, outbox: &Arc<Outbox>, stop: &Arc<AtomicBool>) {
        let (mut to, confirmed) = match self {
            Self::Print(to) => (to, Confirmed::BySending),
            Self::Server(to, from) => {
                let outbox = Arc::clone(outbox);
                thread::spawn(move || outbox.hear(&mut BufReader::new(from)));
                (to, Confirmed::ByAnswer)
            }
        };
        let (outbox, stop) = (Arc::clone(outbox), Arc::clone(stop));
        thread::spawn(move || {
            if let Err(error) = outbox.send(&mut to, confirmed) {
                if !crate::is_closed_pipe(&error) {
                    eprintln!("wardline sensor: {error:#}");
                }
                stop.store(true, Ordering::Relaxed);
            }
        });
    }
}

/// Files read from a folder, kept as lines of size and name.
struct ReadList(File);

impl ReadList {
    fn open(data: &Path) -> Result<(Vec<(String, u64)>, Self)> {
        let folder = data.join("sensor");
        let path = folder.join("read.list");
        let failed = || format!("{}: what was read cannot be kept there", path.display());
        fs::create_dir_all(&folder).with_context(failed)?;
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).with_context(failed)?;
        let mut text = Vec::new();
        Read::by_ref(&mut file).take(READ_LIST_BYTES_MAX).read_to_end(&mut text).with_context(failed)?;
        // A line that was cut by a crash names a file that will be read again.
        let text = String::from_utf8_lossy(&text);
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let done = lines.filter_map(|line| {
            let (size, name) = line.split_once(' ')?;
            Some((name.to_owned(), size.parse().ok()?))
        });
        Ok((done.collect(), Self(file)))
    }
}

impl Progress for ReadList {
    fn done(&mut self, name: &str, size: u64) -> io::Result<()> {
        if name.contains('\n') {
            return Ok(());
        }
        self.0.write_all(format!("{size} {name}\n").as_bytes())
    }
}

/// Names a run after the content of its files; `None` when there are none, or one cannot be read twice.
fn run_of(files: &[PathBuf]) -> Option<u64> {
    let mut digest = Sha256::new();
    for path in files {
        let mut file =
            File::open(path).ok().filter(|file| file.metadata().is_ok_and(|file| file.is_file()))?;
        let size = file.metadata().ok()?.len();
        let mut ends = Vec::new();
        Read::by_ref(&mut file).take(ENDS_BYTES).read_to_end(&mut ends).ok()?;
        file.seek(SeekFrom::Start(size.saturating_sub(ENDS_BYTES))).ok()?;
        file.take(ENDS_BYTES).read_to_end(&mut ends).ok()?;
        digest.update(size.to_be_bytes());
        digest.update(&ends);
    }
    (!files.is_empty()).then(|| digest.finalize().first_chunk().map(|chunk| u64::from_be_bytes(*chunk)))?
}
