//! The server's process, as far as it goes: takes batches, keeps what they say, and writes down which devices are there.
//!
//! In: lines of a sensor at standard input (see `envelope.rs`). Out: `devices.json`, `findings.jsonl` and `sensors.json`
//! in the data folder, renewed within seconds of a change. A batch that comes again has no second effect. What is known
//! is kept in memory only, unless a database is there (`platform.rs`).

mod keeper;
mod platform;

use super::Outcome;
use super::heartbeat::{Pulse, hold_signals, now, stop_flag};
use super::settings::Settings;
use crate::command::analyze;
use crate::envelope::{self, Answer, LINE_BYTES_MAX};
use anyhow::{Context, Result};
use keeper::Keeper;
use platform::Platform;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;
use wardline_content::Content;
use wardline_inventory::SensorBatch;
use wardline_model::Timestamp;

/// Lines read and not yet applied.
const LINES_MAX: usize = 4;
/// Devices are made anew this long after the last time at the earliest.
const RENEW_EVERY: i64 = 2 * Timestamp::SECOND;
/// Making them takes at most this part of the time: a second of work, four of rest.
const REST: i64 = 4;
const WAIT: Duration = Duration::from_millis(200);

/// Runs it.
pub(super) fn run(settings: &Settings) -> Result<Outcome> {
    let signals = hold_signals()?;
    std::fs::create_dir_all(&settings.data).with_context(|| {
        format!("{}: the data folder cannot be made; name another with --data", settings.data.display())
    })?;
    let content = analyze::content(None)?;
    let remembers = settings.listen.is_some() || settings.database.is_some();
    let mut platform = remembers.then(|| Platform::start(settings)).transpose()?;
    let mut keeper = Keeper::new(&content, &settings.data);
    let stop = stop_flag(signals);
    let pulse = Pulse::default();
    if settings.supervised {
        pulse.show(&stop);
    }
    let way = |fd: io::Result<_>| Ok::<_, anyhow::Error>(File::from(fd.context("standard input")?));
    let from = way(io::stdin().as_fd().try_clone_to_owned())?;
    let mut to =
        if settings.supervised { Some(way(io::stdin().as_fd().try_clone_to_owned())?) } else { None };
    let (give, take) = sync_channel(LINES_MAX);
    thread::spawn(move || lines(&mut BufReader::with_capacity(1 << 20, from), &give));
    say(&mut to, &Answer::hello());
    eprintln!("wardline server: keeping devices in {}", settings.data.display());
    let (mut renewed, mut took) = (Timestamp(0), 0);
    let mut open = true;
    while open && !stop.load(Ordering::Relaxed) {
        pulse.beat();
        let patient = || {
            pulse.beat();
            thread::sleep(WAIT);
            !stop.load(Ordering::Relaxed)
        };
        open = hear(&take, &mut keeper, &mut platform, &mut to, &patient);
        let since = now().since(renewed);
        let due = since >= RENEW_EVERY.max(took * REST) || since < 0 || !open;
        if due && keeper.is_changed() {
            let began = now();
            keeper.renew()?;
            conclude(&mut platform, &content);
            renewed = now();
            took = renewed.since(began).max(0);
        }
    }
    keeper.renew()?;
    conclude(&mut platform, &content);
    if let Some(platform) = platform {
        platform.stop();
    }
    Ok(Outcome::Done)
}

/// Devices into the database; what fails is tried again with the next renewal.
fn conclude(platform: &mut Option<Platform>, content: &Content) {
    if let Some(Err(error)) = platform.as_mut().map(|platform| platform.conclude(content)) {
        eprintln!("wardline server: devices are not remembered yet: {error:#}");
    }
}

/// Writes a batch into the database, again and again while that fails and `patient` waits; whether it is there. The next
/// ones stay with the sensor meanwhile.
fn remember(platform: &mut Platform, batch: &SensorBatch, patient: &dyn Fn() -> bool) -> bool {
    let mut said = String::new();
    loop {
        let Err(error) = platform.take(batch.clone()) else { return true };
        let why = format!("{error:#}");
        if why != said {
            eprintln!("wardline server: a batch is not remembered yet: {why}");
            said = why;
        }
        if !patient() {
            return false;
        }
    }
}

/// Applies the next line, if one comes soon; false when there will be none.
fn hear(
    take: &Receiver<Vec<u8>>,
    keeper: &mut Keeper<'_>,
    platform: &mut Option<Platform>,
    to: &mut Option<File>,
    patient: &dyn Fn() -> bool,
) -> bool {
    match take.recv_timeout(WAIT) {
        Ok(line) => {
            match envelope::read(&line) {
                Ok(batch) => {
                    if platform.as_mut().is_some_and(|platform| !remember(platform, &batch, patient)) {
                        // Not acknowledged: the sensor keeps it for the next server.
                        return true;
                    }
                    let answer = Answer::received(&batch.id);
                    keeper.take(batch);
                    say(to, &answer);
                }
                // The rest of a line whose beginning went to a process before this one.
                Err(error) if keeper.has_heard() => {
                    eprintln!("wardline server: a batch makes no sense: {error:#}");
                }
                Err(_) => {}
            }
            true
        }
        Err(RecvTimeoutError::Timeout) => true,
        Err(RecvTimeoutError::Disconnected) => false,
    }
}

/// Says something to the sensor; one that is gone will be started again and told again.
fn say(to: &mut Option<File>, answer: &Answer) {
    if let (Some(to), Ok(line)) = (to, answer.line()) {
        let _ = to.write_all(&line);
    }
}

/// Reads lines to the end; one that is too long is none.
fn lines(from: &mut dyn BufRead, give: &SyncSender<Vec<u8>>) {
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    loop {
        let mut line = Vec::new();
        match (&mut *from).take(most).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.len() <= 1 => {}
            Ok(_) => {
                if give.send(line).is_err() {
                    return;
                }
            }
        }
    }
}
