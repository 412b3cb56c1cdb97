//! `wardline ledger`: check what was done, prove it, hand it out.

use super::Outcome;
use crate::house::{House, wait};
use anyhow::Result;
use std::io::{self, Write};
use std::path::PathBuf;
use wardline_app::Caller;

/// Check and export the ledger over the audit.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Write it into a folder that `wardline-verify` and other verifiers of C2SP tlog-tiles check.
    Export {
        /// The folder.
        folder: PathBuf,
        #[command(flatten)]
        house: House,
    },
    /// Print the key that checks its signature.
    Key {
        #[command(flatten)]
        house: House,
    },
    /// Print the proof that the record at a position is in it.
    Proof {
        /// The position.
        position: u64,
        #[command(flatten)]
        house: House,
    },
    /// Go through all of it, and say what does not hold.
    Verify {
        #[command(flatten)]
        house: House,
    },
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let caller = Caller::console();
    let mut out = io::stdout().lock();
    match &arguments.verb {
        Verb::Export { folder, house } => {
            let size = wait(async { Ok(house.open().await?.ledger_export(&caller, folder).await?) })?;
            writeln!(out, "{size} entries written into {}", folder.display())?;
        }
        Verb::Key { house } => {
            writeln!(out, "{}", wait(async { Ok(house.open().await?.ledger_key()?) })?)?;
        }
        Verb::Proof { position, house } => {
            let proof = wait(async { Ok(house.open().await?.ledger_proof(&caller, *position).await?) })?;
            write!(out, "{proof}")?;
        }
        Verb::Verify { house } => {
            let report = wait(async { Ok(house.open().await?.ledger_verify(&caller).await?) })?;
            for problem in &report.problems {
                writeln!(out, "does not hold: {problem}")?;
            }
            let (sequenced, tail, erased) = (report.sequenced, report.tail, report.erased);
            writeln!(out, "{sequenced} entries, {erased} of them erased; {tail} not yet in the ledger")?;
            if !report.problems.is_empty() {
                return Ok(Outcome::Problems);
            }
        }
    }
    Ok(Outcome::Done)
}
