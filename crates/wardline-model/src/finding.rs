//! Findings: what is wrong with a device.

use crate::Evidence;

/// How bad, before risk is judged. Ordered: the worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Act today.
    Critical,
    /// Act this week.
    High,
    /// Plan.
    Medium,
    /// Note.
    Low,
    /// Good to know.
    Info,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: &[Self] = &[Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The name in documents and in `data/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// What sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A state that makes harm easier: clear text, old system, shared key.
    Weakness,
    /// A known vulnerability of a product.
    Vulnerability,
    /// A breach of policy.
    Violation,
    /// Something is happening.
    Alert,
    /// Something became different.
    Change,
}

impl FindingKind {
    /// The name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weakness => "weakness",
            Self::Vulnerability => "vulnerability",
            Self::Violation => "violation",
            Self::Alert => "alert",
            Self::Change => "change",
        }
    }
}

/// One thing wrong, with its evidence and what to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable for the same rule and device.
    pub id: String,
    /// What sort.
    pub kind: FindingKind,
    /// Rule of the published catalogue (`data/detections`).
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// Device concerned.
    pub device: String,
    /// One line.
    pub title: String,
    /// Why it matters, in words a nurse understands.
    pub why: String,
    /// What to do next.
    pub next_step: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}
