//! Signs of life of a role to the process that watches it, stop signals, and the time.
//!
//! A role that is stuck gives no sign: a sign is given for work that went on, not for a thread that sleeps well. When
//! nobody is there to hear it, whoever watched is gone, and the role ends too.

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wardline_model::Timestamp;

/// How often a sign is given.
const EVERY: Duration = Duration::from_secs(1);

/// The signals that stop a role.
fn stops() -> SigSet {
    [Signal::SIGTERM, Signal::SIGINT].into_iter().collect()
}

/// Has stop signals wait until somebody asks for them; before any thread is started.
pub(super) fn hold_signals() -> Result<SigSet> {
    let signals = stops();
    signals.thread_block().context("signals could not be held back")?;
    Ok(signals)
}

/// A flag that is set by the first stop signal; call after the process was confined.
pub(super) fn stop_flag(signals: SigSet) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    thread::spawn(move || {
        if signals.wait().is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    stop
}

/// Counts work that went on.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives signs on standard output as long as there are beats; sets `stop` when nobody hears them.
    pub(super) fn show(&self, stop: &Arc<AtomicBool>) {
        let (pulse, stop) = (self.clone(), Arc::clone(stop));
        thread::spawn(move || {
            let mut seen = 0;
            loop {
                let now = pulse.0.load(Ordering::Relaxed);
                let mut out = io::stdout().lock();
                if now != seen && (out.write_all(b".").is_err() || out.flush().is_err()) {
                    stop.store(true, Ordering::Relaxed);
                    return;
                }
                seen = now;
                drop(out);
                thread::sleep(EVERY);
            }
        });
    }
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "here the clock is read, for all below")]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
