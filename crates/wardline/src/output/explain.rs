//! `--explain`: why a device is what it is said to be, in words and as JSON.
//!
//! In: the word by which somebody calls a device: its id, an address, a MAC, a name, an application entity title, a
//! serial number. Out: the reasoning; or, when no device is called so, those whose names come near.

use super::words::{base_name, device_label, use_sentence, wrapped};
use super::{Report, rfc3339};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};
use wardline_inventory::{Answer, Knowledge, Reason, explain, heard};
use wardline_model::{Attribute, Device, Evidence, Mac};

/// Near matches that are named.
const NEAR_MAX: usize = 8;
/// Reasons printed per candidate; the rest is counted.
const REASONS_MAX: usize = 8;
/// Candidates printed per attribute; the rest is counted.
const CANDIDATES_MAX: usize = 12;
/// Widest line.
const WIDTH: usize = 110;

/// The device that `word` calls.
pub(crate) fn find<'r>(report: &'r Report<'_>, word: &str) -> Result<&'r Device> {
    let wanted = word.trim().to_lowercase();
    let devices = &report.inventory.devices;
    let called: Vec<&Device> =
        devices.iter().filter(|device| names(device).any(|name| is_name(&name, &wanted))).collect();
    match called[..] {
        [one] => Ok(one),
        [] => bail!("{}", nobody(devices, word, &wanted)),
        _ => {
            let list: Vec<String> = called.iter().take(NEAR_MAX).map(|device| introduced(device)).collect();
            bail!("{} devices are called {word}; say which by its id:\n  {}", called.len(), list.join("\n  "))
        }
    }
}

/// Everything that a device is called by, in lower case.
fn names(device: &Device) -> impl Iterator<Item = String> + '_ {
    let numbers = device.serial.iter().chain(&device.udi).cloned();
    let words = device.hostnames.iter().chain(&device.ae_titles).cloned().chain(numbers);
    let addresses = device.ips.iter().map(ToString::to_string).chain(device.macs.iter().map(Mac::to_string));
    std::iter::once(device.id.clone()).chain(words).chain(addresses).map(|name| name.to_lowercase())
}

/// Whether a name is the one wanted: whole, its first part (`ct1` of `ct1.hospital.example`), or a MAC however it
/// is written.
fn is_name(name: &str, wanted: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let is_mac = |text: &str| text.len() == 17 && text.matches(':').count() == 5;
    name == wanted
        || name.split_once('.').is_some_and(|(head, _)| {
            head == wanted && !head.is_empty() && !head.bytes().all(|b| b.is_ascii_digit())
        })
        || is_mac(name) && digits(wanted) == digits(name) && wanted.len() >= 12
}

/// The refusal: who comes near, or how to see who is there.
fn nobody(devices: &[Device], word: &str, wanted: &str) -> String {
    let mut near: Vec<(usize, &Device)> = devices
        .iter()
        .filter_map(|device| {
            let distance = names(device).map(|name| distance(&name, wanted)).min()?;
            (distance <= wanted.len().div_ceil(3).max(2)).then_some((distance, device))
        })
        .collect();
    near.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let mut text = format!("no device is called {word}");
    if near.is_empty() {
        text.push_str(
            "; give an id, an address, a MAC or a name as `wardline analyze` without --explain lists them",
        );
    } else {
        let list: Vec<String> = near.iter().take(NEAR_MAX).map(|(_, device)| introduced(device)).collect();
        let _ = write!(text, "; these come near:\n  {}", list.join("\n  "));
    }
    text
}

/// Changes that make one word of the other; a part of the other is near however long the rest.
fn distance(name: &str, wanted: &str) -> usize {
    if wanted.len() >= 3 && (name.contains(wanted) || wanted.contains(name) && name.len() >= 3) {
        return 1;
    }
    let wanted: Vec<char> = wanted.chars().collect();
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (at, letter) in name.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, other) in wanted.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row[wanted.len()]
}

/// A device in one line.
fn introduced(device: &Device) -> String {
    let address = device.ips.first().map(ToString::to_string).or(device.macs.first().map(Mac::to_string));
    let what = device.model.clone().or(device.vendor.clone()).unwrap_or_default();
    let mut line = format!("{}  {}", device.id, device_label(device));
    for word in [address.unwrap_or_default(), what].iter().filter(|word| !word.is_empty()) {
        let _ = write!(line, "  {word}");
    }
    line
}

/// Writes the reasoning for people.
pub(crate) fn write_text(
    report: &Report<'_>,
    device: &Device,
    knowledge: &Knowledge<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}", introduced(device))?;
    let heard = heard(device);
    let protocols: Vec<&str> = heard.keys().copied().collect();
    lines(out, "", &format!("Heard by: {}.", protocols.join(", ")))?;
    lines(out, "", &format!("Now: {}.", use_sentence(device)))?;
    for change in &device.changes {
        lines(out, "", &format!("At {}: {change} ({}).", rfc3339(change.at), change.witness))?;
    }
    for answer in explain(device, knowledge) {
        writeln!(out)?;
        write_answer(report, &answer, out)?;
    }
    Ok(())
}

fn write_answer(report: &Report<'_>, answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let is_class = answer.attribute == Attribute::Class;
    let worded = |value: &String| match report.class_name(value) {
        name if is_class && name != value => format!("{value}: {name}"),
        _ => value.clone(),
    };
    let said: Vec<String> = answer.values.iter().map(worded).collect();
    let what = if said.is_empty() { "unknown".to_owned() } else { said.join("; ") };
    let sure = answer.confidence.map(|percent| format!("  ({percent} % sure)")).unwrap_or_default();
    writeln!(out, "{}: {what}{sure}", heading(answer.attribute))?;
    if let Some(remark) = &answer.remark {
        lines(out, "  ", &if said.is_empty() { format!("Because {remark}.") } else { sentence(remark) })?;
    }
    for candidate in answer.candidates.iter().take(CANDIDATES_MAX) {
        let class = if is_class { report.class_name(&candidate.value) } else { &candidate.value };
        writeln!(
            out,
            "  for {} ({} %):",
            if class.is_empty() { &candidate.value } else { class },
            candidate.confidence
        )?;
        for reason in candidate.reasons.iter().take(REASONS_MAX) {
            lines(out, "    - ", &reason_text(report, reason))?;
        }
        if let Some(more) = candidate.reasons.len().checked_sub(REASONS_MAX).filter(|more| *more > 0) {
            writeln!(out, "    - and {more} more")?;
        }
    }
    if let Some(more) = answer.candidates.len().checked_sub(CANDIDATES_MAX).filter(|more| *more > 0) {
        writeln!(out, "  and {more} more that something speaks for")?;
    }
    for aside in &answer.set_aside {
        let text = format!("set aside: {}: {}", told(report, aside.evidence), aside.why);
        lines(out, "  ", &text)?;
    }
    match &answer.next {
        Some(next) => lines(out, "  ", &format!("Next: {next}")),
        None => Ok(()),
    }
}

const fn heading(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Class => "What it is for (class)",
        Attribute::Vendor => "Maker",
        Attribute::Model => "Model",
        Attribute::Serial => "Serial number",
        Attribute::Os => "Operating system",
        Attribute::Software => "Software",
        _ => "Roles",
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn reason_text(report: &Report<'_>, reason: &Reason<'_>) -> String {
    let mut text = told(report, reason.evidence);
    if let Some(because) = &reason.because {
        let _ = write!(text, ". {because}");
    }
    if !reason.counts {
        text.push_str(" [adds nothing: the same witness is counted above]");
    }
    text
}

/// A piece of evidence in a line: what, how sure, by what, in which packet.
fn told(report: &Report<'_>, evidence: &Evidence) -> String {
    let version = evidence.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let mut text = format!("{}{version}, {} %, by {}", evidence.value, evidence.confidence, evidence.rule);
    if evidence.origin != evidence.attribute {
        let _ = write!(text, " from {} in {}", evidence.origin.as_str(), evidence.protocol);
    } else {
        let _ = write!(text, " in {}", evidence.protocol);
    }
    if let Some(via) = &evidence.via {
        let _ = write!(text, ", told by {}", report.label(via));
    }
    if let Some(packet) = evidence.seen.exemplars.first() {
        let unit = if evidence.is_testimony() { "line" } else { "frame" };
        let _ = write!(text, " ({} {unit} {})", base_name(report.file_name(packet.file())), packet.frame());
    }
    if &*evidence.source != "wire" {
        let _ = write!(text, "; source: {}", evidence.source);
    }
    text
}

fn lines(out: &mut impl Write, indent: &str, text: &str) -> io::Result<()> {
    let rest = " ".repeat(indent.chars().count());
    for (number, line) in wrapped(text, WIDTH - rest.len()).iter().enumerate() {
        writeln!(out, "{}{line}", if number == 0 { indent } else { &rest })?;
    }
    Ok(())
}

/// Writes the reasoning for programs: one object.
pub(crate) fn write_json(
    report: &Report<'_>,
    device: &Device,
    knowledge: &Knowledge<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let answers: Vec<Value> =
        explain(device, knowledge).iter().map(|answer| answer_json(report, answer)).collect();
    let document = json!({ "device": device.id, "name": device_label(device), "answers": answers });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn answer_json(report: &Report<'_>, answer: &Answer<'_>) -> Value {
    let candidates: Vec<Value> = answer
        .candidates
        .iter()
        .map(|candidate| {
            let reasons: Vec<Value> = candidate
                .reasons
                .iter()
                .map(|reason| {
                    let mut told = evidence_json(report, reason.evidence);
                    told["counts"] = json!(reason.counts);
                    if let Some(because) = &reason.because {
                        told["because"] = json!(because);
                    }
                    told
                })
                .collect();
            json!({ "value": candidate.value, "confidence": share(candidate.confidence), "reasons": reasons })
        })
        .collect();
    let aside: Vec<Value> = answer
        .set_aside
        .iter()
        .map(|aside| {
            let mut told = evidence_json(report, aside.evidence);
            told["why"] = json!(aside.why);
            told
        })
        .collect();
    let mut document = json!({
        "attribute": answer.attribute.as_str(),
        "values": answer.values,
        "candidates": candidates,
        "set_aside": aside,
    });
    if let Some(confidence) = answer.confidence {
        document["confidence"] = json!(share(confidence));
    }
    for (key, text) in [("remark", &answer.remark), ("next", &answer.next)] {
        if let Some(text) = text {
            document[key] = json!(text);
        }
    }
    document
}

fn evidence_json(report: &Report<'_>, evidence: &Evidence) -> Value {
    let mut told = json!({
        "value": evidence.value,
        "confidence": share(evidence.confidence),
        "rule": &*evidence.rule,
        "source": &*evidence.source,
        "protocol": evidence.protocol,
        "read_from": evidence.origin.as_str(),
    });
    if let Some(version) = &evidence.version {
        told["version"] = json!(version);
    }
    if let Some(packet) = evidence.seen.exemplars.first() {
        told["file"] = json!(report.file_name(packet.file()));
        told["frame"] = json!(packet.frame());
        told["time"] = json!(rfc3339(packet.time));
    }
    told
}

fn share(percent: u8) -> f64 {
    f64::from(percent) / 100.0
}

#[cfg(test)]
mod tests {
    use super::{distance, is_name};

    #[test]
    fn a_device_is_called_by_any_of_its_names() {
        assert!(is_name("ct1.hospital.example", "ct1"));
        assert!(is_name("00:1b:21:bb:20:02", "001b.21bb.2002"));
        assert!(is_name("00:1b:21:bb:20:02", "00-1b-21-bb-20-02"));
        assert!(!is_name("10.20.30.40", "10"));
        assert!(!is_name("ct10", "ct1"));
        assert!(!is_name("", "ct1"));
    }

    #[test]
    fn near_is_a_few_changes_or_a_part() {
        assert_eq!(distance("pacs01", "pacs01"), 1);
        assert_eq!(distance("pacs01", "pasc01"), 2);
        assert_eq!(distance("ctawp01.hospital", "ctawp"), 1);
        assert!(distance("monitor", "ct") > 2);
    }
}
