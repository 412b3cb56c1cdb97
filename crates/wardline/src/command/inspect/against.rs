//! `wardline inspect FILE --against OLDER`: what changed between two bills of materials of one product.

use super::Format;
use crate::command::Outcome;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use wardline_formats::open::{OpenError, each_part};
use wardline_formats::record::DOCUMENT_BYTES_MAX;
use wardline_formats::sbom::{self, Sbom, compare};

#[derive(Serialize)]
struct Line<'a> {
    before: String,
    after: String,
    added: Vec<Named<'a>>,
    removed: Vec<Named<'a>>,
    changed: Vec<Changed<'a>>,
    same: usize,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Changed<'a> {
    name: &'a str,
    before: &'a [String],
    after: &'a [String],
}

/// Compares two files.
pub(super) fn run(file: &Path, older: &Path, format: Format, out: &mut impl Write) -> Result<Outcome> {
    let difference = compare::compare(&bill(older)?, &bill(file)?);
    let (added, removed) = (&difference.added, &difference.removed);
    match format {
        Format::Json => {
            let line = Line {
                before: older.display().to_string(),
                after: file.display().to_string(),
                added: added.iter().map(|(name, version)| Named { name, version }).collect(),
                removed: removed.iter().map(|(name, version)| Named { name, version }).collect(),
                changed: difference
                    .changed
                    .iter()
                    .map(|one| Changed { name: &one.name, before: &one.before, after: &one.after })
                    .collect(),
                same: difference.same,
            };
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        }
        Format::Table => {
            for (name, version) in removed {
                writeln!(out, "removed  {name} {version}")?;
            }
            for (name, version) in added {
                writeln!(out, "added    {name} {version}")?;
            }
            for one in &difference.changed {
                writeln!(out, "changed  {} {} to {}", one.name, one.before.join(", "), one.after.join(", "))?;
            }
            writeln!(
                out,
                "{} added, {} removed, {} changed, {} the same",
                added.len(),
                removed.len(),
                difference.changed.len(),
                difference.same
            )?;
        }
    }
    Ok(Outcome::Done)
}

/// The one bill of materials in a file, unpacked where it is packed.
pub(crate) fn bill(path: &Path) -> Result<Sbom> {
    let name = path.display();
    sbom::read(&document(path)?).with_context(|| format!("{name} is no bill of materials that can be read"))
}

/// The text of the one document in a file.
pub(crate) fn document(path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
    let mut documents: Vec<Vec<u8>> = Vec::new();
    each_part::<OpenError>(Box::new(file), &mut |_, stream| {
        let mut bytes = Vec::new();
        stream.take(DOCUMENT_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > DOCUMENT_BYTES_MAX {
            return Err(OpenError::TooLarge("a document of more than 128 MiB"));
        }
        if !documents.is_empty() {
            return Err(OpenError::Io(io::Error::other("an archive of several documents; name one")));
        }
        documents.push(bytes);
        Ok(())
    })
    .with_context(|| format!("{name} cannot be opened"))?;
    ensure!(!documents.is_empty(), "{name} is an archive without a document");
    Ok(documents.swap_remove(0))
}
