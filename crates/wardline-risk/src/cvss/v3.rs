//! CVSS 3.0 and 3.1, section 7 (3.0: section 8): the equations. They differ in how to round up (3.1 appendix A) and in
//! the modified impact of a changed scope.

use super::metric::Group;
use super::{Rating, Score, Vector, Version};

/// Weights of section 7.4; what is not defined leaves a score as it is.
fn weight(metric: &str, value: &str, changed: bool) -> f64 {
    match (metric, value) {
        ("AV", "A") => 0.62,
        ("AV", "L") => 0.55,
        ("AV", "P") => 0.2,
        ("AC", "L") => 0.77,
        ("AC", "H") => 0.44,
        ("PR", "L") => [0.62, 0.68][usize::from(changed)],
        ("PR", "H") => [0.27, 0.5][usize::from(changed)],
        ("AV" | "PR" | "UI", "N") => 0.85,
        ("UI", "R") => 0.62,
        ("C" | "I" | "A", "H") => 0.56,
        ("C" | "I" | "A", "L") => 0.22,
        ("C" | "I" | "A", _) => 0.0,
        ("E", "U") => 0.91,
        ("E", "P") => 0.94,
        ("E" | "RL", "F" | "W") => 0.97,
        ("RL", "O") => 0.95,
        ("RL" | "RC", "T" | "R") => 0.96,
        ("RC", "U") => 0.92,
        ("CR" | "IR" | "AR", "L") => 0.5,
        ("CR" | "IR" | "AR", "H") => 1.5,
        (_, _) => 1.0,
    }
}

/// The smallest tenth that is not below `value`.
fn round_up(value: f64, version: Version) -> Score {
    if version == Version::V30 {
        // Short of this the excess is noise of floating point: the weights have few digits.
        return Score::clamp((value * 10.0 - 1e-9).ceil());
    }
    let hundred_thousandths = (value * 100_000.0).round();
    Score::clamp((hundred_thousandths / 10_000.0).ceil())
}

/// The impact, of the sub score and the scope.
fn impact(sub_score: f64, changed: bool) -> f64 {
    if changed { 7.52 * (sub_score - 0.029) - 3.25 * (sub_score - 0.02).powi(15) } else { 6.42 * sub_score }
}

/// Impact and exploitability to a score.
fn together(impact: f64, exploitability: f64, changed: bool, version: Version) -> Score {
    if impact <= 0.0 {
        return Score::from_tenths(0);
    }
    let factor = if changed { 1.08 } else { 1.0 };
    round_up((factor * (impact + exploitability)).min(10.0), version)
}

pub(super) fn rate(vector: &Vector) -> Rating {
    let version = vector.version();
    let changed = vector.value("S") == "C";
    let of = |metric: &str| weight(metric, vector.value(metric), changed);
    let sub_score = 1.0 - (1.0 - of("C")) * (1.0 - of("I")) * (1.0 - of("A"));
    let exploitability = 8.22 * of("AV") * of("AC") * of("PR") * of("UI");
    let base = together(impact(sub_score, changed), exploitability, changed, version);
    let over_time = of("E") * of("RL") * of("RC");
    let temporal = vector.carries(Group::Threat).then(|| round_up(base.value() * over_time, version));
    let environmental = vector
        .carries(Group::Environmental)
        .then(|| round_up(modified(vector, version).value() * over_time, version));
    Rating { version, base, temporal, environmental }
}

/// The modified base score.
fn modified(vector: &Vector, version: Version) -> Score {
    let changed = vector.modified("S") == "C";
    let of = |metric: &str| weight(metric, vector.modified(metric), changed);
    let required = |impact: &str, requirement: &str| {
        1.0 - of(impact) * weight(requirement, vector.value(requirement), changed)
    };
    let untouched = required("C", "CR") * required("I", "IR") * required("A", "AR");
    let sub_score = (1.0 - untouched).min(0.915);
    let impact = if changed && version == Version::V31 {
        7.52 * (sub_score - 0.029) - 3.25 * (sub_score * 0.9731 - 0.02).powi(13)
    } else {
        impact(sub_score, changed)
    };
    let exploitability = 8.22 * of("AV") * of("AC") * of("PR") * of("UI");
    together(impact, exploitability, changed, version)
}
