//! Everything that must hold before a change lands, in the order in which it fails fastest.

use crate::{deps, fuzz, run, suite};
use anyhow::Result;

/// Seconds of each fuzz smoke test: all of CI fits in an hour on two cores.
const FUZZ_SECONDS: u64 = 20;

/// `cargo xtask ci`.
pub(crate) fn run() -> Result<()> {
    let mut minutes = Vec::new();
    run::stage(&mut minutes, "format", || run::cargo(&["fmt", "--all", "--check"]))?;
    run::stage(&mut minutes, "clippy", || {
        run::cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    })?;
    run::stage(&mut minutes, "dependencies", deps::run)?;
    run::stage(&mut minutes, "fuzz smoke", || fuzz::smoke(FUZZ_SECONDS))?;
    let tested = run::stage(&mut minutes, "test", || suite::run_all(false));
    run::print_minutes(&minutes);
    tested?.print_closing();
    Ok(())
}
