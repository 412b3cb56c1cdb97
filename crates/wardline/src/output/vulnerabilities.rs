//! Vulnerabilities for people: one line per model and cause, with the devices behind it.

use super::Report;
use super::table::Style;
use super::words::{cell, count};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};
use wardline_model::Severity;
use wardline_risk::exposure::Exposure;
use wardline_risk::finding::{is_finding, severity};
use wardline_risk::knowledge::Matched;
use wardline_risk::record::Verdict;

/// Lines printed; the rest is counted and stands in the JSON.
const LINES_MAX: usize = 60;
/// Longest names of a product, and of what to do.
const COLUMN_MAX: usize = 40;

/// A model and a cause.
pub(super) struct Line<'a> {
    pub(super) severity: Severity,
    pub(super) exposure: &'a Exposure,
    pub(super) matched: &'a Matched,
    /// Devices that have it, by id.
    pub(super) devices: Vec<&'a str>,
}

impl Line<'_> {
    /// The verdict in words.
    pub(super) fn verdict(&self) -> &'static str {
        if self.matched.verdict == Verdict::Affected { "affected" } else { "perhaps" }
    }

    /// The product with the version that was seen.
    pub(super) fn product(&self) -> String {
        let version = self.exposure.part.version.as_deref().unwrap_or("(version not seen)");
        format!("{} {version}", self.exposure.part.name())
    }

    /// Score, known exploitation, likelihood.
    pub(super) fn marks(&self) -> String {
        let mut marks = Vec::new();
        if let Some(vector) = &self.matched.cvss {
            let here = self.matched.environmental.as_ref().map(|here| here.rating().score().value());
            let here = here.map_or_else(String::new, |score| format!(", here {score:.1}"));
            marks.push(format!("CVSS {:.1}{here}", vector.rating().score().value()));
        }
        if let Some(decision) = self.matched.decision {
            marks.push(decision.as_str().replace('_', " "));
        }
        if self.matched.exploited.is_some() {
            marks.push("exploited".to_owned());
        }
        if let Some(likelihood) = self.matched.likelihood {
            marks.push(format!("EPSS {:.1} %", likelihood.score * 100.0));
        }
        marks.join(", ")
    }

    /// What repairs it, and who says so.
    pub(super) fn repair(&self) -> String {
        let sources: Vec<&str> = self.matched.sources.iter().map(|(advisory, _)| advisory.as_str()).collect();
        let fixed = match self.matched.fixed_in.as_slice() {
            [] => "no repaired version named".to_owned(),
            versions => format!("fixed in {}", versions.join(" or ")),
        };
        format!("{fixed}; {}", sources.join(", "))
    }
}

/// Every model and cause that is a finding, the worst and most widespread first.
pub(super) fn lines<'a>(report: &'a Report<'_>) -> Vec<Line<'a>> {
    let mut devices: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for device in &report.inventory.devices {
        for place in report.exposures.places(&device.id) {
            devices.entry(*place).or_default().push(&device.id);
        }
    }
    let mut lines: BTreeMap<(String, String, &str), Line<'a>> = BTreeMap::new();
    for (place, exposure) in report.exposures.all.iter().enumerate() {
        let of = devices.get(&place).cloned().unwrap_or_default();
        for matched in exposure.matched.iter().filter(|matched| is_finding(exposure, matched)) {
            add(&mut lines, Line { severity: severity(matched), exposure, matched, devices: of.clone() });
        }
    }
    let mut lines: Vec<Line<'a>> = lines.into_values().collect();
    lines.sort_by_cached_key(|line| {
        let rank = (line.severity, usize::MAX - line.devices.len());
        (rank, line.exposure.part.name(), line.matched.id.clone())
    });
    lines
}

/// One model of several classes, or on several systems, is one line still: the worst of them.
fn add<'a>(lines: &mut BTreeMap<(String, String, &'static str), Line<'a>>, mut line: Line<'a>) {
    match lines.entry((line.product(), line.matched.id.clone(), line.verdict())) {
        Entry::Vacant(place) => _ = place.insert(line),
        Entry::Occupied(mut other) => {
            let other = other.get_mut();
            if line.severity < other.severity {
                std::mem::swap(other, &mut line);
            }
            other.devices.append(&mut line.devices);
        }
    }
}

/// The section of the table.
pub(super) fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let lines = lines(report);
    if report.judged_by.is_empty() {
        return Ok(());
    }
    let title = style.paint("1", "VULNERABILITIES");
    writeln!(out, "\n{title}  {}  {}", lines.len(), style.paint("2", &report.judged_by))?;
    let cells = |line: &Line<'_>| {
        let number = count(u64::try_from(line.devices.len()).unwrap_or(u64::MAX), "device");
        [
            line.matched.id.clone(),
            line.verdict().to_owned(),
            cell(&line.product(), COLUMN_MAX),
            number,
            line.marks(),
        ]
    };
    let rows: Vec<[String; 5]> = lines.iter().take(LINES_MAX).map(cells).collect();
    let mut widths = [0_usize; 5];
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    for (line, row) in lines.iter().zip(&rows) {
        let lead = style.severity(line.severity, &format!("{:<8}", line.severity.as_str()));
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        writeln!(out, "  {lead}  {}  {}", cells.join("  "), cell(&line.repair(), COLUMN_MAX * 2))?;
    }
    if lines.len() > rows.len() {
        writeln!(out, "  … and {} more: see --format json or --output", lines.len() - rows.len())?;
    }
    Ok(())
}
