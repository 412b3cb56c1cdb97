//! The flags of every command that works on the knowledge of a site.

use super::analyze::Format;
use crate::knowledge::{DATA_DEFAULT, Library};
use anyhow::Result;
use std::path::PathBuf;

/// Where the knowledge is, and how the answer is written.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Folder of the knowledge.
    #[arg(long, value_name = "DIR", default_value = DATA_DEFAULT)]
    pub(crate) data: PathBuf,
    /// Database to use: sqlite:FILE or postgres://USER@HOST/NAME; a file in the folder when absent.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// A table for people, or JSON for programs, one object a line.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

impl Place {
    /// The knowledge, made when it is not there yet.
    pub(crate) fn create(&self) -> Result<Library> {
        self.database.as_deref().map_or_else(|| Library::create(&self.data), Library::at)
    }

    /// The knowledge; nothing when there is none.
    pub(crate) fn open(&self) -> Result<Option<Library>> {
        match &self.database {
            Some(address) => Library::at(address).map(Some),
            None => Library::open(&self.data),
        }
    }
}
