//! A verdict as every output writes it: `match`, devices, findings.

use serde::Serialize;
use wardline_risk::exposure::Exposure;
use wardline_risk::knowledge::Matched;

/// What is known of one product and one vulnerability.
#[derive(Serialize)]
pub(crate) struct Verdict {
    pub(crate) id: String,
    pub(crate) verdict: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) sources: Vec<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cvss: Option<Score>,
    pub(crate) kev: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epss: Option<f64>,
    pub(crate) fixed_in: Vec<String>,
    pub(crate) treatments: Vec<String>,
}

/// A source's own word.
#[derive(Serialize)]
pub(crate) struct Source {
    pub(crate) advisory: String,
    pub(crate) verdict: &'static str,
}

/// The score that counts.
#[derive(Serialize)]
pub(crate) struct Score {
    pub(crate) version: &'static str,
    pub(crate) vector: String,
    pub(crate) score: f64,
}

/// A verdict with the product of a device that it is about.
#[derive(Serialize)]
struct OfPart<'a> {
    product: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(flatten)]
    verdict: Verdict,
}

/// A verdict for output.
pub(crate) fn verdict(matched: &Matched) -> Verdict {
    let treatment = |one: &wardline_risk::record::Treatment| {
        let details = if one.details.is_empty() { one.fixed_in.join(", ") } else { one.details.clone() };
        format!("{}: {details}", one.category).trim_end_matches([':', ' ']).to_owned()
    };
    let mut treatments: Vec<String> = matched.treatments.iter().map(treatment).collect();
    treatments.sort();
    treatments.dedup();
    let source = |(advisory, verdict): &(String, wardline_risk::record::Verdict)| Source {
        advisory: advisory.clone(),
        verdict: verdict.as_str(),
    };
    Verdict {
        id: matched.id.clone(),
        verdict: matched.verdict.as_str(),
        reasons: matched.reasons.clone(),
        sources: matched.sources.iter().map(source).collect(),
        cvss: matched.cvss.as_ref().map(|vector| Score {
            version: vector.version().as_str(),
            vector: vector.to_string(),
            score: vector.rating().base.value(),
        }),
        kev: matched.exploited.is_some(),
        epss: matched.likelihood.map(|likelihood| likelihood.score),
        fixed_in: matched.fixed_in.clone(),
        treatments,
    }
}

/// What is known of a part of a device, a JSON object each, with commas between them.
pub(crate) fn of_part(exposure: &Exposure) -> String {
    let one = |matched: &Matched| {
        let of = OfPart {
            product: exposure.part.name(),
            version: exposure.part.version.as_deref(),
            verdict: verdict(matched),
        };
        // Texts and numbers: nothing that cannot be written.
        serde_json::to_string(&of).unwrap_or_default()
    };
    exposure.matched.iter().map(one).collect::<Vec<_>>().join(",")
}
