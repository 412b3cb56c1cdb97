//! Vulnerabilities as findings of devices.
//!
//! In: devices and what is known of their parts. Out: one finding per device and vulnerability that is there or may be;
//! findings of one model and cause have the same title, so that a list can show them as one line. What may merely be
//! there in an operating system counts only where it is known to be exploited: else a build alone would bring hundreds.

use crate::cvss;
use crate::exposure::{Exposure, Exposures, Role};
use crate::knowledge::Matched;
use crate::record::Verdict;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use wardline_model::{Attribute, Device, Evidence, Finding, FindingKind, Severity};

/// The rule of what is there.
pub const KNOWN: &str = "known-vulnerability";
/// The rule of what may be there.
pub const POSSIBLE: &str = "possible-vulnerability";
/// Pieces of evidence listed per finding.
const EVIDENCE_MAX: usize = 8;

/// The findings of devices.
#[must_use]
pub fn findings(devices: &[Device], exposures: &Exposures) -> Vec<Finding> {
    let mut findings = Vec::new();
    for device in devices {
        for exposure in exposures.of_device(&device.id) {
            let counts = exposure.matched.iter().filter(|matched| is_finding(exposure, matched));
            findings.extend(counts.map(|matched| finding(device, exposure, matched)));
        }
    }
    findings
}

/// Whether what is known of a part is told as a finding.
#[must_use]
pub fn is_finding(exposure: &Exposure, matched: &Matched) -> bool {
    if matched.suppressed.is_some() {
        return false;
    }
    match matched.verdict {
        Verdict::Affected => true,
        Verdict::Possible => exposure.part.role != Role::System || matched.exploited.is_some(),
        _ => false,
    }
}

/// How bad: by the score at this device where its class sets one, else by the score alone, one step worse where it is exploited, one step less where it may merely be there.
#[must_use]
pub fn severity(matched: &Matched) -> Severity {
    let vector = matched.environmental.as_ref().or(matched.cvss.as_ref());
    let scored = vector.map(|vector| vector.rating().severity());
    let base: u8 = match scored {
        Some(cvss::Severity::Critical) => 0,
        Some(cvss::Severity::High) => 1,
        Some(cvss::Severity::Medium) | None => 2,
        Some(cvss::Severity::Low | cvss::Severity::None) => 3,
    };
    let base = if matched.exploited.is_some() { base.saturating_sub(1) } else { base };
    let step = if matched.verdict == Verdict::Affected { base } else { base.saturating_add(1) };
    Severity::ALL.get(usize::from(step)).copied().unwrap_or(Severity::Info)
}

fn finding(device: &Device, exposure: &Exposure, matched: &Matched) -> Finding {
    let there = matched.verdict == Verdict::Affected;
    let rule = if there { KNOWN } else { POSSIBLE };
    let perhaps = if there { "" } else { ", perhaps" };
    let part = &exposure.part;
    Finding {
        id: id(&format!("{rule} {} {}", matched.id, part.name()), &device.id),
        kind: FindingKind::Vulnerability,
        rule: rule.to_owned(),
        severity: severity(matched),
        device: device.id.clone(),
        title: format!("{}: {}{perhaps}", part.name(), matched.id),
        why: why(exposure, matched),
        next_step: next_step(matched),
        evidence: evidence(device, exposure),
    }
}

fn why(exposure: &Exposure, matched: &Matched) -> String {
    let part = &exposure.part;
    let version = part.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    let mut text = format!("{}{version}: {}.", part.name(), matched.reasons.join("; "));
    if let Some(vector) = &matched.cvss {
        let score = vector.rating().score();
        let _ = write!(text, " CVSS {} {:.1}.", vector.version().as_str(), score.value());
    }
    if let Some(vector) = &matched.environmental {
        let _ = write!(text, " At this device {:.1}: {}.", vector.rating().score().value(), matched.context);
    }
    if let Some(decision) = matched.decision {
        let _ = write!(text, " SSVC: {}.", decision.as_str().replace('_', " "));
    }
    if let Some(exploited) = &matched.exploited {
        let ransom = if exploited.ransomware { ", by ransomware too" } else { "" };
        let _ = write!(text, " Known to be exploited since {}{ransom}.", exploited.added);
    }
    if let Some(likelihood) = matched.likelihood {
        let _ = write!(text, " Exploitation within thirty days: {:.1} % likely.", likelihood.score * 100.0);
    }
    text
}

/// What the sources say that the owner does; the no-patch path where they name no update.
#[must_use]
pub fn next_step(matched: &Matched) -> String {
    let sources: Vec<&str> = matched.sources.iter().map(|(advisory, _)| advisory.as_str()).collect();
    let from = format!("See {}.", sources.join(", "));
    let confirm = if matched.verdict == Verdict::Affected { "" } else { "Confirm it at the device first. " };
    if !matched.fixed_in.is_empty() {
        return format!("{confirm}Ask the maker for version {}. {from}", matched.fixed_in.join(" or "));
    }
    let told = matched.treatments.iter().any(|one| one.category == "vendor_fix");
    let step = if told {
        "Ask the maker for the update that the advisory names."
    } else {
        "No update is named: keep the device in a segment of its own, let only its partners reach it, and ask the maker in writing."
    };
    format!("{confirm}{step} {from}")
}

/// What shows which product and version it is.
fn evidence(device: &Device, exposure: &Exposure) -> Vec<Evidence> {
    let wanted: &[Attribute] = match exposure.part.role {
        Role::Device => &[Attribute::Vendor, Attribute::Model, Attribute::Software],
        Role::Software => &[Attribute::Software],
        Role::System => &[Attribute::Os],
    };
    let version = exposure.part.version.as_deref();
    let shows = |one: &&Evidence| {
        wanted.contains(&one.attribute)
            && (one.attribute != Attribute::Software
                || version.is_none()
                || one.version.as_deref() == version)
    };
    device.evidence.iter().filter(shows).take(EVIDENCE_MAX).cloned().collect()
}

/// Stable for the same rule, cause and device.
fn id(cause: &str, device: &str) -> String {
    let digest = Sha256::digest(format!("{cause}\n{device}").as_bytes());
    digest.iter().take(8).fold("find-".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
