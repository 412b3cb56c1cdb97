//! `--output DIR`: the same results as files, and a page for people.

use super::{Report, json, report};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Makes the folder and tries to write in it, so that who named a wrong one learns it at once.
///
/// # Errors
/// When the folder cannot be made or written; the message says what to do.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    let shown = folder.display();
    fs::create_dir_all(folder)
        .with_context(|| format!("{shown}: no such folder can be made; name another with --output"))?;
    tempfile::tempfile_in(folder).with_context(|| {
        format!("{shown}: nothing can be written there; name another folder with --output")
    })?;
    Ok(())
}

/// Writes devices.json, flows.jsonl, observations.jsonl, findings.jsonl and report.html.
///
/// # Errors
/// When the folder or a file cannot be written.
pub(crate) fn write(results: &mut Report<'_>, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    file(folder, "devices.json", |out| json::write_devices(results, out))?;
    file(folder, "observations.jsonl", |out| json::write_observations(results, out))?;
    file(folder, "findings.jsonl", |out| json::write_findings(results, out))?;
    file(folder, "flows.jsonl", |out| json::write_flows(results, out))?;
    if !results.corrections.is_empty() || !results.aliases.is_empty() {
        let text = wardline_formats::site::write(&results.corrections, &results.aliases);
        file(folder, "knowledge.toml", |out| out.write_all(text.as_bytes()))?;
    }
    file(folder, "report.html", |out| report::write(results, out))
}

fn file(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(folder.join(name))?);
    write(&mut out)?;
    out.flush()
}
