//! `wardline user`: let people in from the machine itself, and let them in again.

use super::Outcome;
use crate::house::{House, wait};
use anyhow::{Context, Result};
use std::io::{self, Write};
use wardline_app::{Caller, NewAccount, Role, Scope};

/// Manage accounts from the machine itself.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Let somebody in; prints a one-time link.
    Add {
        /// What is typed to sign in.
        name: String,
        /// Role; may be given several times.
        #[arg(long, value_name = "ROLE", required = true)]
        role: Vec<String>,
        #[command(flatten)]
        house: House,
    },
    /// Close an account; its sessions end.
    Close {
        /// Whose.
        name: String,
        #[command(flatten)]
        house: House,
    },
    /// Show accounts.
    List {
        #[command(flatten)]
        house: House,
    },
    /// Open a closed account.
    Open {
        /// Whose.
        name: String,
        #[command(flatten)]
        house: House,
    },
    /// Take password and second factor away; prints a one-time link.
    Reset {
        /// Whose.
        name: String,
        #[command(flatten)]
        house: House,
    },
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let caller = Caller::console();
    let mut out = io::stdout().lock();
    match &arguments.verb {
        Verb::Add { name, role, house } => {
            let known = || Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
            let roles: Option<Vec<Role>> = role.iter().map(|word| Role::parse(word)).collect();
            let roles = roles.with_context(|| format!("roles are {}", known()))?;
            let new = NewAccount { name: name.clone(), display_name: name.clone(), roles, scope: Scope::ALL };
            let link = wait(async { Ok(house.open().await?.account_create(&caller, &new).await?) })?;
            writeln!(out, "within a day, once: https://YOUR-CONSOLE/welcome/{link}")?;
        }
        Verb::Close { name, house } => {
            wait(async { Ok(house.open().await?.account_enable(&caller, name, false).await?) })?;
        }
        Verb::List { house } => {
            for person in wait(async { Ok(house.open().await?.account_list(&caller).await?) })? {
                let roles: Vec<&str> = person.roles.iter().map(|role| role.as_str()).collect();
                let state = if person.enabled { "open" } else { "closed" };
                let second = if person.second_factor { "two steps" } else { "password" };
                writeln!(out, "{}\t{}\t{state}\t{second}", person.name, roles.join(","))?;
            }
        }
        Verb::Open { name, house } => {
            wait(async { Ok(house.open().await?.account_enable(&caller, name, true).await?) })?;
        }
        Verb::Reset { name, house } => {
            let link = wait(async { Ok(house.open().await?.account_reset(&caller, name).await?) })?;
            writeln!(out, "within a day, once: https://YOUR-CONSOLE/welcome/{link}")?;
        }
    }
    Ok(Outcome::Done)
}
