//! Detection: what is wrong with a device, by rules that are data.
//!
//! In: devices with their evidence, the catalogue (`data/detections`) and the day of the capture. Out: one
//! [`Finding`] per rule and device, with the evidence that shows it; never a secret, as evidence holds none.
//! Pure and in stable order. What another device says of a device is no evidence of its weakness.
//!
//! A rule is data; only what needs more than one device or more than one table is code: one file each in
//! `special/`.

mod matcher;
mod special;

use sha2::{Digest, Sha256};
use std::fmt::Write;
use wardline_content::{Condition, Content, Special, Weakness};
use wardline_model::{Device, Evidence, Finding, Timestamp};

/// Pieces of evidence listed per finding: enough to check it, not to fill a page with one device.
pub const EVIDENCE_MAX: usize = 16;

/// The findings about `devices` at the time `at` (the last packet of a capture, or now), sorted by severity,
/// rule and device.
#[must_use]
pub fn findings(devices: &[Device], content: &Content, at: Timestamp) -> Vec<Finding> {
    let keys = special::host_key::Shared::among(devices);
    let clocks = special::clock::Clocks::among(devices);
    let rivals = special::dhcp::Rivals::among(devices);
    let told: Vec<matcher::Told> = devices.iter().map(matcher::Told::by).collect();
    let mut findings = Vec::new();
    for rule in content.weaknesses.values() {
        let wanted = matcher::Told::wanted_by(&rule.when);
        for (device, told) in devices.iter().zip(&told) {
            if !wanted.meets(*told) {
                continue;
            }
            let mut shows = Shows::default();
            for condition in &rule.when {
                match condition {
                    Condition::Special(Special::ClockWrong) => shows.add(clocks.look(device)),
                    Condition::Special(Special::EndOfLifeOs) => {
                        shows.add(special::end_of_life::look(device, &content.os_lifecycle, at));
                    }
                    Condition::Special(Special::SharedHostKey) => {
                        shows.add(keys.look(device));
                    }
                    Condition::Special(Special::KnownVulnerability) => {}
                    Condition::Special(Special::RivalDhcpServers) => shows.add(rivals.look(device)),
                    Condition::Special(Special::WitnessContradiction) => {
                        shows.add(special::witness::look(device));
                    }
                    other => shows.add(matcher::look(device, other)),
                }
            }
            if shows.met {
                findings.push(finding(rule, device, content, shows));
            }
        }
    }
    findings.sort_by(|a, b| (a.severity, &a.rule, &a.device).cmp(&(b.severity, &b.rule, &b.device)));
    findings
}

/// What a condition found.
#[derive(Debug, Default)]
pub(crate) struct Shows<'a> {
    /// Whether the condition holds.
    pub(crate) met: bool,
    /// The evidence for it.
    pub(crate) evidence: Vec<&'a Evidence>,
    /// A sentence about this device in particular.
    pub(crate) remark: Option<String>,
}

impl<'a> Shows<'a> {
    fn add(&mut self, other: Self) {
        self.met |= other.met;
        for evidence in other.evidence {
            if !self.evidence.iter().any(|held| std::ptr::eq(*held, evidence)) {
                self.evidence.push(evidence);
            }
        }
        if let Some(remark) = other.remark {
            let held = self.remark.get_or_insert_default();
            if !held.is_empty() {
                held.push(' ');
            }
            held.push_str(&remark);
        }
    }

    /// Holds when there is evidence.
    pub(crate) fn of(evidence: Vec<&'a Evidence>) -> Self {
        Self { met: !evidence.is_empty(), evidence, remark: None }
    }
}

fn finding(rule: &Weakness, device: &Device, content: &Content, shows: Shows<'_>) -> Finding {
    let class = device.class.as_ref().and_then(|(code, _)| content.classes.get(code));
    let mut why = rule.why.clone();
    let count = shows.evidence.len();
    let told =
        (count > EVIDENCE_MAX).then(|| format!("{EVIDENCE_MAX} of {count} pieces of evidence are listed."));
    for sentence in shows.remark.iter().chain(&told) {
        let _ = write!(why, " {sentence}");
    }
    Finding {
        id: id(&rule.id, &device.id),
        kind: rule.kind,
        rule: rule.id.clone(),
        severity: rule.severity_at(class.and_then(|class| class.criticality)),
        device: device.id.clone(),
        title: rule.title.clone(),
        why,
        next_step: rule.next_step.clone(),
        evidence: shows.evidence.into_iter().take(EVIDENCE_MAX).cloned().collect(),
    }
}

/// Stable for the same rule and device: `find-` and 16 hexadecimal digits of the SHA-256 of both.
fn id(rule: &str, device: &str) -> String {
    let digest = Sha256::digest(format!("{rule}\n{device}").as_bytes());
    digest.iter().take(8).fold("find-".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
