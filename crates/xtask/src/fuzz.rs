//! The bounded fuzz gate on the stable toolchain.
//!
//! Crates hold tests named `fuzz_smoke_…`: they mutate their own corpus and feed it through the entry points
//! for `WARDLINE_FUZZ_SECONDS` seconds each. The unbounded, coverage-guided run is described in `fuzz/README.md`.

use crate::{run, suite, tidy};
use anyhow::{Context, Result, bail};

/// Runs the fuzz smoke tests for this many seconds each.
pub(crate) fn smoke(seconds: u64) -> Result<()> {
    let mut command = run::cargo_command();
    command
        .args(["test", "--workspace", "--locked", "--", "fuzz_smoke_", "--test-threads=1", "--show-output"])
        .env("WARDLINE_FUZZ_SECONDS", seconds.to_string());
    let report = suite::follow(command)?;
    println!("fuzz smoke: {} tests, {seconds} s each at most", report.passed + report.failed);
    if report.passed + report.failed == 0 {
        bail!("no fuzz smoke test ran: the gate has nothing to hold");
    }
    report.verdict()
}

/// Whether the coverage-guided targets still compile. They are a workspace of their own.
pub(crate) fn check() -> Result<()> {
    let mut command = run::cargo_command();
    command.current_dir(tidy::root().join("fuzz")).args(["check", "--quiet", "--locked"]);
    let status = command.env("CARGO_TARGET_DIR", run::target().join("fuzz")).status();
    if !status.context("start cargo in fuzz/")?.success() {
        bail!("the fuzz targets do not compile");
    }
    Ok(())
}
