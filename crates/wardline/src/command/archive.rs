//! `wardline backup` and `wardline restore`: everything into one file, and back into a database of either kind.

use super::Outcome;
use crate::house::{House, wait};
use anyhow::{Context, Result, bail};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use wardline_app::{Archived, Caller};

/// Write everything of this moment into one file, while Wardline runs.
///
/// The file holds the whole database, SQLite or PostgreSQL, as lines of JSON under zstd; `wardline restore` reads it into
/// either. Keep the data folder's wardline.key too, and apart from it: without the key, second factors stay closed.
#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The file to make; there must be none of that name.
    file: PathBuf,
    #[command(flatten)]
    house: House,
}

/// Read a file of `wardline backup` into an empty database.
///
/// What is then there is compared with what was written before anything of it counts; an archive of an older program is
/// brought up to date. Sessions end. The ledger is verified afterwards: exit code 1 when it does not hold.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The file.
    file: PathBuf,
    /// The old wardline.key is lost: make a new one. People then need `wardline user reset`, and the ledger a new
    /// signature.
    #[arg(long)]
    without_key: bool,
    #[command(flatten)]
    house: House,
}

/// Runs `backup`.
pub(crate) fn backup(arguments: &Backup) -> Result<Outcome> {
    let (file, house) = (&arguments.file, &arguments.house);
    if file.exists() {
        bail!("{} is there already: give another name", file.display());
    }
    let part = PathBuf::from(format!("{}.part", file.display()));
    let cannot = || format!("{} cannot be written", part.display());
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let made = write(house, opened.with_context(cannot)?);
    let archived = match made {
        Ok(archived) => archived,
        Err(error) => {
            // Half an archive is none; that it cannot be removed is not what went wrong.
            let _ = fs::remove_file(&part);
            return Err(error.context(cannot()));
        }
    };
    fs::rename(&part, file).with_context(|| format!("{} cannot be written", file.display()))?;
    flush_folder(file)?;
    writeln!(io::stdout(), "{} rows of {} tables in {}", archived.rows, archived.tables, file.display())?;
    eprintln!("keep {} too, and apart from it", house.key_path().display());
    Ok(Outcome::Done)
}

fn write(house: &House, file: File) -> Result<Archived> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let archived = wait(async { Ok(house.open().await?.backup(&Caller::console(), &mut out).await?) })?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(archived)
}

/// The name is as durable as what it names.
fn flush_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flushed = File::open(folder).and_then(|folder| folder.sync_all());
    flushed.with_context(|| format!("{} cannot be flushed", folder.display()))
}

/// Runs `restore`.
pub(crate) fn restore(arguments: &Restore) -> Result<Outcome> {
    let (file, house) = (&arguments.file, &arguments.house);
    let key = house.key_path();
    if !key.exists() && !arguments.without_key {
        bail!(
            "{} is not there: put the old one there first, or say --without-key when it is lost",
            key.display()
        );
    }
    let input = File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let (archived, report) = wait(async {
        let caller = Caller::console();
        let (app, archived) =
            house.open_archive(input).await.with_context(|| format!("{}", file.display()))?;
        app.restored(&caller, archived).await?;
        Ok((archived, app.ledger_verify(&caller).await?))
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{} rows of {} tables are as they were written", archived.rows, archived.tables)?;
    for problem in &report.problems {
        writeln!(out, "the ledger does not hold: {problem}")?;
    }
    writeln!(out, "{} entries in the ledger, {} not yet", report.sequenced, report.tail)?;
    Ok(if report.problems.is_empty() { Outcome::Done } else { Outcome::Problems })
}
