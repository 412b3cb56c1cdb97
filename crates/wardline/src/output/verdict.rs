//! A verdict as every output writes it: `match`, devices, findings.

use serde::Serialize;
use wardline_risk::exposure::Exposure;
use wardline_risk::knowledge::Matched;
use wardline_risk::ssvc::{Decision, Exploitation};

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
    /// What CISA says of it, and what to do how soon where a device is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ssvc: Option<Urgency>,
    /// The score at this device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environmental: Option<Environmental>,
    /// The site's own statement that settles it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suppressed: Option<Suppressed>,
}

/// CISA's points, and the decision by them.
#[derive(Serialize)]
pub(crate) struct Urgency {
    exploitation: &'static str,
    automatable: bool,
    technical_impact: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
}

/// The score with the device's environment, and why it is that.
#[derive(Serialize)]
pub(crate) struct Environmental {
    vector: String,
    score: f64,
    because: String,
}

/// A statement of the site.
#[derive(Serialize)]
pub(crate) struct Suppressed {
    pub(crate) id: String,
    pub(crate) author: String,
    justification: String,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
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
        ssvc: matched.ssvc.map(|points| Urgency {
            exploitation: match points.exploitation {
                Exploitation::None => "none",
                Exploitation::ProofOfConcept => "poc",
                Exploitation::Active => "active",
            },
            automatable: points.automatable,
            technical_impact: if points.total { "total" } else { "partial" },
            decision: matched.decision.map(Decision::as_str),
        }),
        environmental: matched.environmental.as_ref().map(|vector| Environmental {
            vector: vector.to_string(),
            score: vector.rating().score().value(),
            because: matched.context.clone(),
        }),
        suppressed: matched.suppressed.as_ref().map(|one| Suppressed {
            id: one.id.clone(),
            author: one.author.clone(),
            justification: one.justification.clone(),
            reason: one.reason.clone(),
            until: one.until.clone(),
        }),
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
