//! NVD 2.0 (schema `cve_api_json_2.0`): pages of the API, yearly feeds and dumps, single records.
//!
//! A record is `{"cve": {…}}` or the inner object. Configurations are alternatives; within one, `operator` joins the
//! nodes, a node's `operator` its matches, and `negate` turns either round.

use super::cve::{Bound, CpeMatch, Cve, Formula, Reference, Score, Standing};
use super::{Record, Wrong, cve_id};
use crate::json::Node;

pub(super) fn record(node: &Node<'_>) -> Result<Record, Wrong> {
    let cve = node.get("cve").unwrap_or(node);
    // Corrections that others publish for the NVD carry the id beside the record.
    let annotation = node.of("_annotation");
    let id = if annotation.is_map() { cve_id(annotation, "cve_id")? } else { cve_id(cve, "id")? };
    let status = cve.owned("vulnStatus");
    let configurations = cve.list_of("configurations").iter().map(configuration).collect::<Result<_, _>>()?;
    Ok(Record::Cve(Box::new(Cve {
        standing: standing(&status),
        status,
        published: cve.owned("published"),
        modified: cve.owned("lastModified"),
        title: cve.owned("cisaVulnerabilityName"),
        description: english(cve.list_of("descriptions")),
        scores: scores(cve.of("metrics")),
        weaknesses: weaknesses(cve.list_of("weaknesses")),
        references: cve.list_of("references").iter().map(reference).collect(),
        configurations,
        exploited_since: cve.text_of("cisaExploitAdd").map(str::to_owned),
        id,
        ..Cve::default()
    })))
}

fn standing(status: &str) -> Standing {
    match status.to_ascii_lowercase().as_str() {
        "rejected" | "reject" => Standing::Rejected,
        "deferred" => Standing::Deferred,
        "received" | "awaiting analysis" | "undergoing analysis" | "awaiting enrichment" => {
            Standing::Awaiting
        }
        _ => Standing::Analysed,
    }
}

/// The English text of a list of translations, else the first.
pub(super) fn english(list: &[Node<'_>]) -> String {
    let english = list.iter().find(|text| text.text_of("lang").is_some_and(|lang| lang.starts_with("en")));
    english.or(list.first()).map(|text| text.owned("value")).unwrap_or_default()
}

fn scores(metrics: &Node<'_>) -> Vec<Score> {
    let each = metrics.members().iter().flat_map(|member| member.node.list());
    each.filter_map(|metric| {
        let data = metric.of("cvssData");
        Some(Score {
            version: data.owned("version"),
            vector: data.text_of("vectorString")?.to_owned(),
            base: data.of("baseScore").number(),
            by: metric.owned("source"),
            primary: metric.text_of("type") == Some("Primary"),
            products: Vec::new(),
        })
    })
    .collect()
}

fn weaknesses(list: &[Node<'_>]) -> Vec<String> {
    let texts = list.iter().flat_map(|weakness| weakness.list_of("description"));
    let mut ids: Vec<String> = texts
        .filter_map(|text| text.text_of("value"))
        .filter(|id| id.starts_with("CWE-"))
        .map(str::to_owned)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

pub(super) fn reference(node: &Node<'_>) -> Reference {
    Reference { url: node.owned("url"), tags: node.texts_of("tags").map(str::to_owned).collect() }
}

fn configuration(node: &Node<'_>) -> Result<Formula, Wrong> {
    let below = node.list_of("nodes").iter().map(one_node).collect::<Result<_, _>>()?;
    joined(node, below)
}

fn one_node(node: &Node<'_>) -> Result<Formula, Wrong> {
    joined(node, node.list_of("cpeMatch").iter().map(one_match).collect::<Result<_, _>>()?)
}

/// What a node's `operator` and `negate` make of what is below it.
pub(super) fn joined(node: &Node<'_>, below: Vec<Formula>) -> Result<Formula, Wrong> {
    let formula = match node.text_of("operator") {
        Some("AND") => Formula::All(below),
        Some("OR") | None => Formula::Any(below),
        Some(_) => return Err(Wrong::new(node.of("operator"), "\"operator\" is neither AND nor OR")),
    };
    let negate = node.of("negate").truth().unwrap_or(false);
    Ok(if negate { Formula::Not(Box::new(formula)) } else { formula })
}

fn one_match(node: &Node<'_>) -> Result<Formula, Wrong> {
    matched(node, "criteria", "matchCriteriaId")
}

/// A match whose CPE and id have these names.
pub(super) fn matched(node: &Node<'_>, cpe: &str, id: &str) -> Result<Formula, Wrong> {
    let name = super::must(node, cpe)?;
    if !name.starts_with("cpe:2.3:") {
        return Err(Wrong::new(node.of(cpe), format!("\"{}\" is no CPE 2.3 name", super::cut(name))));
    }
    let vulnerable = node.of("vulnerable").truth();
    let vulnerable =
        vulnerable.ok_or_else(|| Wrong::new(node, "\"vulnerable\" is missing or not true or false"))?;
    let bound = |including: &str, excluding: &str| {
        let of =
            |name: &str, inclusive| node.text_of(name).map(|v| Bound { version: v.to_owned(), inclusive });
        of(including, true).or_else(|| of(excluding, false))
    };
    Ok(Formula::Match(Box::new(CpeMatch {
        vulnerable,
        cpe: name.to_owned(),
        from: bound("versionStartIncluding", "versionStartExcluding"),
        to: bound("versionEndIncluding", "versionEndExcluding"),
        criteria_id: node.owned(id),
    })))
}
