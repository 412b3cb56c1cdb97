//! One file a verb. Each parses its flags, does the work and says how it ended.

pub(crate) mod alias;
pub(crate) mod analyze;
pub(crate) mod archive;
pub(crate) mod demo;
pub(crate) mod feed;
pub(crate) mod inspect;
pub(crate) mod ledger;
pub(crate) mod match_product;
pub(crate) mod place;
pub(crate) mod run;
pub(crate) mod score;
pub(crate) mod simulate;
pub(crate) mod suppress;
pub(crate) mod user;

use std::process::ExitCode;

/// How a command ended when it did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All well.
    Done,
    /// Done, with problems that were printed.
    Problems,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Problems => Self::from(1),
        }
    }
}
