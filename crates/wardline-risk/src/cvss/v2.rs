//! CVSS 2.0, section 3: the equations with their weights. Every step that the guide rounds is rounded.

use super::metric::Group;
use super::{Rating, Score, Vector, Version};

/// Weights of sections 3.2.1 to 3.2.3; what is not defined leaves a score as it is.
fn weight(metric: &str, value: &str) -> f64 {
    match (metric, value) {
        ("AV", "L") => 0.395,
        ("AV", "A") => 0.646,
        ("AC", "H") => 0.35,
        ("AC", "M") => 0.61,
        ("AC", "L") => 0.71,
        ("Au", "M") => 0.45,
        ("Au", "S") => 0.56,
        ("Au", "N") => 0.704,
        ("C" | "I" | "A", "P") => 0.275,
        ("C" | "I" | "A", "C") => 0.660,
        ("E", "U") => 0.85,
        ("E", "POC") | ("RC", "UC") | ("RL", "TF") => 0.9,
        ("E", "F") | ("RL", "W") | ("RC", "UR") => 0.95,
        ("RL", "OF") => 0.87,
        ("CDP", "L") => 0.1,
        ("CDP", "LM") => 0.3,
        ("CDP", "MH") => 0.4,
        ("CDP", "H") => 0.5,
        ("TD", "L") => 0.25,
        ("TD", "M") => 0.75,
        ("CR" | "IR" | "AR", "L") => 0.5,
        ("CR" | "IR" | "AR", "H") => 1.51,
        ("C" | "I" | "A" | "TD", "N") | ("CDP", _) => 0.0,
        (_, _) => 1.0,
    }
}

pub(super) fn rate(vector: &Vector) -> Rating {
    let of = |metric: &str| weight(metric, vector.value(metric));
    let exploitability = 20.0 * of("AV") * of("AC") * of("Au");
    let over_time = of("E") * of("RL") * of("RC");
    let base_of = |impact: f64| {
        let f = if impact == 0.0 { 0.0 } else { 1.176 };
        Score::nearest((0.6 * impact + 0.4 * exploitability - 1.5) * f)
    };
    let temporal_of = |base: Score| Score::nearest(base.value() * over_time);
    let untouched = |c: f64, i: f64, a: f64| (1.0 - c) * (1.0 - i) * (1.0 - a);

    let base = base_of(10.41 * (1.0 - untouched(of("C"), of("I"), of("A"))));
    let temporal = vector.carries(Group::Threat).then(|| temporal_of(base));
    let environmental = vector.carries(Group::Environmental).then(|| {
        let required = untouched(of("C") * of("CR"), of("I") * of("IR"), of("A") * of("AR"));
        let adjusted = temporal_of(base_of((10.41 * (1.0 - required)).min(10.0))).value();
        Score::nearest((adjusted + (10.0 - adjusted) * of("CDP")) * of("TD"))
    });
    Rating { version: Version::V2, base, temporal, environmental }
}
