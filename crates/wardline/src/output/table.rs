//! The table for people: grouped by what devices are for, aligned, readable in a log and on a terminal.

use super::Report;
use super::words::{
    ClassGroup, cell, count, device_name, grouped, period, plain_counter, roles_text, software_text,
    use_text, wrapped,
};
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use wardline_model::{Device, Finding, FindingKind, Severity};

/// Widest text of a column; the whole stands in the JSON.
const COLUMN_MAX: usize = 34;
/// Narrowest a column gets on a small terminal.
const COLUMN_MIN: usize = 8;
/// Narrowest the column of addresses gets: an IPv4 address and how many more.
const ADDRESS_MIN: usize = 17;
/// Devices of one group printed in full; the rest is counted.
const ROWS_MAX: usize = 200;
/// Under the first word of a finding.
const INDENT: &str = "            ";
/// Names listed of what another document has and the capture has not, and the other way.
const WITNESS_NAMES_MAX: usize = 10;
/// Devices named under a finding.
const NAMED_MAX: usize = 4;

/// Whether to colour, and how wide lines may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
    /// Columns of the terminal; none in a pipe, where lines are as long as they are.
    width: Option<usize>,
}

impl Style {
    /// Colours on a terminal that wants them (`NO_COLOR`), none in a pipe.
    pub(crate) fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let size = terminal_size::terminal_size_of(io::stdout());
        let width = size.map(|(terminal_size::Width(columns), _)| usize::from(columns)).filter(|w| *w > 0);
        Self { colour: wanted && io::stdout().is_terminal(), width }
    }

    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Text in lines that fit beside the indent of a finding.
    fn lines(self, text: &str) -> Vec<String> {
        let room = self.width.map_or(usize::MAX, |w| w.saturating_sub(INDENT.len()).max(20));
        wrapped(text, room)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;37;41",
            Severity::High => "1;31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Info => "2",
        };
        self.paint(code, text)
    }
}

/// Writes it all.
pub(crate) fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    write_head(report, style, out)?;
    for (group, devices) in grouped(&report.inventory.devices) {
        write_group(group, &devices, report, style, out)?;
    }
    write_findings(report, style, out)?;
    super::vulnerabilities::write(report, style, out)?;
    write_witnesses(report, style, out)?;
    write_counters(report, style, out)
}

fn write_head(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let analysis = &report.analysis;
    let files = match analysis.files.as_slice() {
        [one] if one.name == "-" => "standard input".to_owned(),
        [one] => one.name.clone(),
        many => format!("{} files", many.len()),
    };
    writeln!(out, "{}  {files}", style.paint("1", "Wardline"))?;
    writeln!(
        out,
        "{}, {}{}",
        count(analysis.totals.packets, "packet"),
        count(analysis.flows.len(), "flow"),
        period(analysis.first, analysis.last).map(|p| format!(", {p}")).unwrap_or_default()
    )?;
    let devices = u64::try_from(report.inventory.devices.len()).unwrap_or(u64::MAX);
    let clear = report.inventory.devices.iter().filter(|d| d.patient_data_in_clear).count();
    let findings = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    writeln!(
        out,
        "{}, {} with patient data in clear text, {}",
        count(devices, "device"),
        clear,
        count(findings, "finding")
    )
}

fn write_group(
    group: ClassGroup,
    devices: &[&Device],
    report: &Report<'_>,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "\n{}  {}", style.paint("1", &group.title().to_uppercase()), devices.len())?;
    let head = ["Device", "Address", "Maker and model", "Software", "What it is", "Use", "Offers"];
    let rows: Vec<[String; 7]> = devices.iter().take(ROWS_MAX).map(|d| row(d, report)).collect();
    let mut widths = head.map(|h| h.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    fit(&mut widths, style.width);
    writeln!(out, "  {}", style.paint("2", align(&head, &widths).trim_end()))?;
    for row in &rows {
        writeln!(out, "  {}", align(row, &widths).trim_end())?;
    }
    if devices.len() > ROWS_MAX {
        writeln!(out, "  … and {} more: see --format json or --output", devices.len() - ROWS_MAX)?;
    }
    Ok(())
}

fn align<T: AsRef<str>>(cells: &[T; 7], widths: &[usize; 7]) -> String {
    cells.iter().zip(widths).fold(String::new(), |mut line, (text, width)| {
        let _ = write!(line, "{:width$}  ", cell(text.as_ref(), *width));
        line
    })
}

/// Takes from the widest columns until a line fits the terminal.
fn fit(widths: &mut [usize; 7], terminal: Option<usize>) {
    let Some(terminal) = terminal else { return };
    while widths.iter().sum::<usize>() + 2 * widths.len() > terminal {
        // An address that is cut is no address.
        let cut =
            |(at, width): &(usize, &mut usize)| **width > if *at == 1 { ADDRESS_MIN } else { COLUMN_MIN };
        match widths.iter_mut().enumerate().filter(cut).max_by_key(|(_, width)| **width) {
            Some((_, widest)) => *widest -= 1,
            None => return,
        }
    }
}

fn row(device: &Device, report: &Report<'_>) -> [String; 7] {
    let address = match (device.ips.first(), device.macs.first()) {
        (Some(ip), _) if device.ips.len() > 1 => format!("{ip} +{}", device.ips.len() - 1),
        (Some(ip), _) => ip.to_string(),
        (None, Some(mac)) => mac.to_string(),
        (None, None) => report.via(device).map_or_else(|| "-".into(), |name| format!("behind {name}")),
    };
    let model: Vec<&str> =
        [&device.vendor, &device.model].into_iter().flatten().map(String::as_str).collect();
    let what = device
        .class
        .as_ref()
        .map_or_else(|| roles_text(device), |(code, _)| report.class_name(code).to_owned());
    let mut talks: Vec<&str> =
        device.services.iter().map(|s| s.protocol).filter(|p| *p != "unknown").collect();
    talks.dedup();
    talks.sort_unstable();
    talks.dedup();
    let cells = [
        device_name(device).unwrap_or("-").to_owned(),
        address,
        model.join(" "),
        software_text(device),
        what,
        use_text(device).to_owned(),
        talks.join(" "),
    ];
    cells.map(|text| cell(&text, COLUMN_MAX))
}

fn write_findings(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let together = by_rule(&report.findings);
    if together.is_empty() {
        return writeln!(out, "\nNo findings.");
    }
    let number: usize = together.iter().map(Vec::len).sum();
    writeln!(out, "\n{}  {number}", style.paint("1", "FINDINGS"))?;
    for same in together {
        let [first, ..] = same.as_slice() else { continue };
        let names: Vec<String> =
            same.iter().map(|f| cell(&report.label(&f.device), COLUMN_MAX)).take(NAMED_MAX).collect();
        let more = same.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let severity = format!("{:<8}", first.severity.as_str());
        let devices = count(u64::try_from(same.len()).unwrap_or(0), "device");
        let what = format!("{} - {devices}: {}{more}", first.title, names.join(", "));
        for (number, line) in style.lines(&what).iter().enumerate() {
            let lead = if number == 0 { style.severity(first.severity, &severity) } else { " ".repeat(8) };
            writeln!(out, "  {lead}  {line}")?;
        }
        for line in style.lines(&shown_in(first, report)) {
            writeln!(out, "{INDENT}{}", style.paint("2", &line))?;
        }
        for line in style.lines(&format!("Next: {}", first.next_step)) {
            writeln!(out, "{INDENT}{line}")?;
        }
    }
    Ok(())
}

/// Findings of one rule and severity together but for vulnerabilities, which have lists of their own, the worst first, the most frequent of equally bad ones before.
pub(crate) fn by_rule(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut together: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.kind != FindingKind::Vulnerability) {
        let same = |group: &&mut Vec<&Finding>| {
            group.first().is_some_and(|f| f.rule == finding.rule && f.severity == finding.severity)
        };
        match together.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => together.push(vec![finding]),
        }
    }
    together.sort_by_cached_key(|group| {
        group.first().map(|f| (f.severity, Reverse(group.len()), f.rule.clone()))
    });
    together
}

fn shown_in(finding: &Finding, report: &Report<'_>) -> String {
    let packet = finding.evidence.iter().find_map(|e| e.seen.exemplars.first());
    packet.map_or_else(String::new, |p| {
        format!(
            "for example {} in frame {} of {}",
            cell(&report.label(&finding.device), COLUMN_MAX),
            p.frame(),
            report.file_name(p.file())
        )
    })
}

/// How other documents fit what was seen, both ways.
fn write_witnesses(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    for witness in &report.witnesses {
        let head = format!("\n{}: {}", witness.kind.words().to_uppercase(), witness.name);
        writeln!(out, "{}", style.paint("1", &head))?;
        writeln!(out, "  {} of {} entries are devices seen here", witness.matched, witness.entries)?;
        let mut list = |what: &str, names: Vec<String>| {
            let shown: Vec<&str> = names.iter().take(WITNESS_NAMES_MAX).map(String::as_str).collect();
            let more = match names.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more (all stand in the JSON)"),
            };
            if shown.is_empty() { Ok(()) } else { writeln!(out, "  {what}: {}{more}", shown.join(", ")) }
        };
        let unseen = witness
            .never_seen
            .iter()
            .map(|(line, label)| format!("{} (line {line})", cell(label, COLUMN_MAX)));
        list("listed and never seen", unseen.collect())?;
        let missing = witness.not_listed.iter().map(|id| cell(&report.label(id), COLUMN_MAX));
        list("seen and not listed", missing.collect())?;
    }
    Ok(())
}

fn write_counters(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let named = report.analysis.totals.named();
    let told = |(name, number): &(&str, u64)| *number > 0 && *name != "packets" && *name != "bytes";
    let mut counters = named.into_iter().filter(told).peekable();
    if counters.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.paint("1", "COUNTED WHILE READING"))?;
    for (name, number) in counters {
        writeln!(out, "  {}", style.paint("2", &format!("{number:>8}  {}", plain_counter(name))))?;
    }
    Ok(())
}
