//! The tasks of the house: `cargo xtask <verb>`.
//!
//! In: a verb. Out: what was done, minutes per stage, and an exit code that fails when anything failed.
//! Nothing here is part of the product; no product crate depends on it.
#![expect(clippy::print_stdout, reason = "a task speaks to the person who started it")]

mod accuracy;
mod bench;
mod captures;
mod ci;
mod deps;
mod floor;
mod fuzz;
mod nvd;
mod peers;
mod replicate;
mod run;
mod starter;
mod suite;
mod tidy;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of the house", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Holds the tree to its rules: layers, lints, documents, words. `cargo test` runs the same checks
    Tidy,
    /// Checks licences, bans and sources of the dependencies
    Deps,
    /// Finds or installs the peers, then runs every test
    Test {
        /// The long sizes of the same tests
        #[arg(long)]
        full: bool,
    },
    /// Analyses every capture of a folder, each in a process of its own with limits
    Captures {
        /// Folder to search
        #[arg(default_value = "../shared/data/pcap")]
        folder: PathBuf,
        /// Seconds one capture may take
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Megabytes of anonymous memory one analysis may hold
        #[arg(long, default_value_t = 300)]
        megabytes: u64,
        /// Processes at once
        #[arg(long, default_value_t = 2)]
        jobs: usize,
        /// Program to run instead of one built for release
        #[arg(long)]
        binary: Option<PathBuf>,
    },
    /// Runs mutated captures and streams through the entry points, with a time budget
    FuzzSmoke {
        /// Seconds for each of the tests
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Holds the names of flows against labels that another engine made: precision, recall, floors
    Accuracy(accuracy::Options),
    /// Measures `analyze` beside other engines on two captures made for it
    Bench(bench::Options),
    /// Writes a capture of a wanted size out of a folder of captures
    Replicate {
        /// Folder to search
        folder: PathBuf,
        /// File to write
        output: PathBuf,
        /// Megabytes wanted
        #[arg(long, default_value_t = 1000)]
        size_mb: u64,
        /// Flows wanted: files of large frames are replicated more often than the others, until the size is there
        #[arg(long)]
        flows: Option<u64>,
    },
    /// The least work that a flow list can cost: the yardstick of the bench
    Floor {
        /// Classic pcap with Ethernet frames
        file: PathBuf,
    },
    /// Writes feeds as large as the National Vulnerability Database and of its shape, all invented
    Nvd(nvd::Options),
    /// Makes the built-in pack of vulnerability knowledge from public-domain sources
    Starter {
        /// Folder with CISA's advisories, KEV and CVE records
        #[arg(default_value = "../shared/data/vuln")]
        folder: PathBuf,
    },
    /// Format, clippy, dependencies, tests, fuzz smoke: what `.ci/run` runs
    Ci,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Tidy => tidy::run(),
        Verb::Deps => deps::run(),
        Verb::Test { full } => suite::run(full),
        Verb::Captures { folder, seconds, megabytes, jobs, binary } => {
            captures::run(&folder, &captures::Limits { seconds, megabytes, jobs }, binary)
        }
        Verb::FuzzSmoke { seconds } => fuzz::smoke(seconds),
        Verb::Accuracy(options) => accuracy::run(&options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Replicate { folder, output, size_mb, flows } => {
            replicate::run(&folder, &output, replicate::Wanted { size_mb, flows })
        }
        Verb::Floor { file } => floor::run(&file),
        Verb::Nvd(options) => nvd::run(&options),
        Verb::Starter { folder } => starter::run(&folder),
        Verb::Ci => ci::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
