//! Tests of scores: structure, computation and consistency of CVSS objects (6.1.7 to 6.1.10).

use super::{Document, Edition};
use crate::inspect::{Scores, Tools};
use crate::json::shape::Shapes;
use crate::json::{Node, Pointer};
use std::collections::BTreeSet;
use std::sync::LazyLock;

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("../shape/cvss.txt")));

/// A metric: its letters in the vector, its name in the object, and its values as letter and word.
type Metric = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const LEVEL: &[(&str, &str)] = &[("N", "NONE"), ("L", "LOW"), ("H", "HIGH"), ("X", "NOT_DEFINED")];
const REQUIREMENT: &[(&str, &str)] =
    &[("L", "LOW"), ("M", "MEDIUM"), ("H", "HIGH"), ("X", "NOT_DEFINED"), ("ND", "NOT_DEFINED")];
const NETWORK: &[(&str, &str)] = &[
    ("N", "NETWORK"),
    ("A", "ADJACENT_NETWORK"),
    ("A", "ADJACENT"),
    ("L", "LOCAL"),
    ("P", "PHYSICAL"),
    ("X", "NOT_DEFINED"),
];
const PARTIAL: &[(&str, &str)] = &[("N", "NONE"), ("P", "PARTIAL"), ("C", "COMPLETE")];
const SCOPE: &[(&str, &str)] = &[("U", "UNCHANGED"), ("C", "CHANGED"), ("X", "NOT_DEFINED")];
const INTERACTION: &[(&str, &str)] =
    &[("N", "NONE"), ("R", "REQUIRED"), ("P", "PASSIVE"), ("A", "ACTIVE"), ("X", "NOT_DEFINED")];

const V2: &[Metric] = &[
    ("AV", "accessVector", NETWORK),
    ("AC", "accessComplexity", REQUIREMENT),
    ("Au", "authentication", &[("M", "MULTIPLE"), ("S", "SINGLE"), ("N", "NONE")]),
    ("C", "confidentialityImpact", PARTIAL),
    ("I", "integrityImpact", PARTIAL),
    ("A", "availabilityImpact", PARTIAL),
    ("CR", "confidentialityRequirement", REQUIREMENT),
    ("IR", "integrityRequirement", REQUIREMENT),
    ("AR", "availabilityRequirement", REQUIREMENT),
];

const V3: &[Metric] = &[
    ("AV", "attackVector", NETWORK),
    ("AC", "attackComplexity", LEVEL),
    ("PR", "privilegesRequired", LEVEL),
    ("UI", "userInteraction", INTERACTION),
    ("S", "scope", SCOPE),
    ("C", "confidentialityImpact", LEVEL),
    ("I", "integrityImpact", LEVEL),
    ("A", "availabilityImpact", LEVEL),
    ("CR", "confidentialityRequirement", REQUIREMENT),
    ("IR", "integrityRequirement", REQUIREMENT),
    ("AR", "availabilityRequirement", REQUIREMENT),
    ("MAV", "modifiedAttackVector", NETWORK),
    ("MAC", "modifiedAttackComplexity", LEVEL),
    ("MPR", "modifiedPrivilegesRequired", LEVEL),
    ("MUI", "modifiedUserInteraction", INTERACTION),
    ("MS", "modifiedScope", SCOPE),
    ("MC", "modifiedConfidentialityImpact", LEVEL),
    ("MI", "modifiedIntegrityImpact", LEVEL),
    ("MA", "modifiedAvailabilityImpact", LEVEL),
];

const V4: &[Metric] = &[
    ("AV", "attackVector", NETWORK),
    ("AC", "attackComplexity", LEVEL),
    ("AT", "attackRequirements", &[("N", "NONE"), ("P", "PRESENT")]),
    ("PR", "privilegesRequired", LEVEL),
    ("UI", "userInteraction", INTERACTION),
    ("VC", "vulnConfidentialityImpact", LEVEL),
    ("VI", "vulnIntegrityImpact", LEVEL),
    ("VA", "vulnAvailabilityImpact", LEVEL),
    ("SC", "subConfidentialityImpact", LEVEL),
    ("SI", "subIntegrityImpact", LEVEL),
    ("SA", "subAvailabilityImpact", LEVEL),
    (
        "E",
        "exploitMaturity",
        &[("A", "ATTACKED"), ("P", "PROOF_OF_CONCEPT"), ("U", "UNREPORTED"), ("X", "NOT_DEFINED")],
    ),
    ("CR", "confidentialityRequirement", REQUIREMENT),
    ("IR", "integrityRequirement", REQUIREMENT),
    ("AR", "availabilityRequirement", REQUIREMENT),
];

/// The score objects of a vulnerability with their place: the outer item, the object with the CVSS members.
fn scores<'n>(vulnerability: &'n Node<'n>, place: &Pointer) -> Vec<(Pointer, &'n Node<'n>, &'n Node<'n>)> {
    let mut found = Vec::new();
    for (index, score) in vulnerability.list_of("scores").iter().enumerate() {
        found.push((place.member("scores").index(index), score, score));
    }
    for (index, metric) in vulnerability.list_of("metrics").iter().enumerate() {
        found.push((place.member("metrics").index(index).member("content"), metric, metric.of("content")));
    }
    found
}

pub(super) fn test(document: &mut Document<'_>, tools: Tools<'_>) {
    for (place, vulnerability) in document.vulnerabilities() {
        let mut given = BTreeSet::new();
        for (at, outer, content) in scores(vulnerability, &place) {
            for name in ["cvss_v2", "cvss_v3", "cvss_v4"] {
                let Some(cvss) = content.get(name) else { continue };
                let at = at.member(name);
                once(document, &at, outer, cvss, &mut given);
                object(document, &at, name, cvss, tools);
            }
            rating(document, &at, outer, content, &mut given);
        }
    }
}

/// 6.1.7: no product twice in scores of one version (2.1: of one source).
fn once<'n>(
    document: &mut Document<'_>,
    at: &Pointer,
    outer: &'n Node<'n>,
    cvss: &'n Node<'n>,
    given: &mut BTreeSet<(&'n str, String, &'n str)>,
) {
    let version = cvss.text_of("version").unwrap_or_default();
    for product in outer.texts_of("products") {
        let source = outer.text_of("source").unwrap_or_default();
        if !given.insert((product, version.to_owned(), source)) {
            document.tell("6.1.7", at, format!("a second CVSS {version} score for product \"{product}\""));
        }
    }
}

/// 2.1: other metrics once per product and source (6.1.7), and no rating in words beside CVSS (6.1.56).
fn rating<'n>(
    document: &mut Document<'_>,
    at: &Pointer,
    outer: &'n Node<'n>,
    content: &'n Node<'n>,
    given: &mut BTreeSet<(&'n str, String, &'n str)>,
) {
    if document.edition != Edition::V21 {
        return;
    }
    let source = outer.text_of("source").unwrap_or_default();
    for name in ["epss", "ssvc_v2", "qualitative_severity_rating"] {
        if content.get(name).is_none() {
            continue;
        }
        for product in outer.texts_of("products") {
            if !given.insert((product, name.to_owned(), source)) {
                document.tell("6.1.7", at, format!("a second {name} for product \"{product}\""));
            }
        }
    }
    let rated = |product: &str| {
        given.iter().any(|(p, n, s)| *p == product && *s == source && n == "qualitative_severity_rating")
    };
    let scored = |product: &str| {
        given
            .iter()
            .any(|(p, n, s)| *p == product && *s == source && n.starts_with(|c: char| c.is_ascii_digit()))
    };
    for product in outer.texts_of("products") {
        if rated(product) && scored(product) {
            document.tell(
                "6.1.56",
                at,
                format!("product \"{product}\" has a CVSS score and a rating in words"),
            );
        }
    }
}

fn object(document: &mut Document<'_>, at: &Pointer, name: &str, cvss: &Node<'_>, tools: Tools<'_>) {
    let misfits = SHAPES.check_as(name, cvss, at);
    document.report.misfits("6.1.8", misfits);
    let Some(vector) = cvss.text_of("vectorString") else { return };
    let scores = match (tools.score)(vector) {
        Ok(scores) => scores,
        Err(why) => {
            document.tell("6.1.8", &at.member("vectorString"), format!("no CVSS vector: {why}"));
            return;
        }
    };
    let version = cvss.text_of("version").unwrap_or_default();
    let said = vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next()).unwrap_or("2.0");
    if !version.is_empty() && version != said {
        document.tell(
            "6.1.8",
            &at.member("version"),
            format!("the vector is of version {said}, not {version}"),
        );
    }
    computed(document, at, cvss, scores, said);
    consistent(document, at, cvss, vector, said);
}

fn severity(score: f64) -> &'static str {
    match score {
        s if s <= 0.0 => "NONE",
        s if s < 4.0 => "LOW",
        s if s < 7.0 => "MEDIUM",
        s if s < 9.0 => "HIGH",
        _ => "CRITICAL",
    }
}

/// 6.1.9: scores and severities are what the vector comes to.
fn computed(document: &mut Document<'_>, at: &Pointer, cvss: &Node<'_>, scores: Scores, version: &str) {
    // A 4.0 vector with more than base metrics comes to a score of its own, which its members name otherwise.
    let all = [
        ("base", Some(scores.base)),
        ("temporal", Some(scores.temporal.unwrap_or(scores.base))),
        ("environmental", Some(scores.environmental.or(scores.temporal).unwrap_or(scores.base))),
    ];
    for (kind, score) in all {
        let Some(score) = score else { continue };
        let member = format!("{kind}Score");
        if let Some(said) = cvss.of(&member).number()
            && (said - score).abs() > 0.01
        {
            document.tell("6.1.9", &at.member(&member), format!("should be {score:.1}, not {said}"));
        }
        let member = format!("{kind}Severity");
        if let Some(said) = cvss.text_of(&member)
            && version != "2.0"
            && said != severity(score)
        {
            document.tell("6.1.9", &at.member(&member), format!("should be {}, not {said}", severity(score)));
        }
    }
}

/// 6.1.10: members say what the vector says.
fn consistent(document: &mut Document<'_>, at: &Pointer, cvss: &Node<'_>, vector: &str, version: &str) {
    let metrics = match version {
        "2.0" => V2,
        "4.0" => V4,
        _ => V3,
    };
    for (letters, member, values) in metrics {
        let Some(said) = cvss.text_of(member) else { continue };
        let field =
            vector.split('/').find_map(|field| field.split_once(':').filter(|(name, _)| name == letters));
        // What the vector leaves out cannot contradict.
        let Some((_, letter)) = field else { continue };
        let fits = values.iter().any(|(known, word)| *known == letter && *word == said);
        if !fits {
            document.tell(
                "6.1.10",
                &at.member(member),
                format!("says {said}, the vector {letters}:{letter}"),
            );
        }
    }
}
