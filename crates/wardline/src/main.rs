//! Wardline: medical-device cybersecurity for hospitals and clinical laboratories.
//!
//! This crate only composes: it reads flags, opens files, wires the crates together and prints.
//! Standard output is only the result; diagnostics go to standard error.

mod command;
mod envelope;
mod house;
mod knowledge;
mod output;
mod witness;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Captures are full of small texts that come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Know every device on the network, passively, with evidence.
#[derive(Parser)]
#[command(name = "wardline", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Alias(command::alias::Arguments),
    Analyze(command::analyze::Arguments),
    Backup(command::archive::Backup),
    Demo(command::demo::Arguments),
    Ledger(command::ledger::Arguments),
    Run(Box<command::run::Arguments>),
    Inspect(command::inspect::Arguments),
    Feed(command::feed::Arguments),
    Match(command::match_product::Arguments),
    Restore(command::archive::Restore),
    Score(command::score::Arguments),
    Simulate(command::simulate::Arguments),
    Suppress(command::suppress::Arguments),
    User(command::user::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Alias(arguments) => command::alias::run(&arguments),
        Command::Analyze(arguments) => command::analyze::run(&arguments),
        Command::Backup(arguments) => command::archive::backup(&arguments),
        Command::Demo(arguments) => command::demo::run(&arguments),
        Command::Ledger(arguments) => command::ledger::run(&arguments),
        Command::Run(arguments) => command::run::run(&arguments),
        Command::Inspect(arguments) => command::inspect::run(&arguments),
        Command::Feed(arguments) => command::feed::run(&arguments),
        Command::Match(arguments) => command::match_product::run(&arguments),
        Command::Restore(arguments) => command::archive::restore(&arguments),
        Command::Score(arguments) => command::score::run(&arguments),
        Command::Simulate(arguments) => command::simulate::run(&arguments),
        Command::Suppress(arguments) => command::suppress::run(&arguments),
        Command::User(arguments) => command::user::run(&arguments),
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wardline: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whoever read our output has had enough (`wardline … | head`): that is no failure.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(broken)
            || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)
                == Some(std::io::ErrorKind::BrokenPipe)
    })
}
