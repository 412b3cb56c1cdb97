//! NVD 1.1 (schema `nvd_cve_feed_json_1.1`): the older yearly feeds.

use super::cve::{Cve, Formula, Score, Standing};
use super::nvd::{english, joined, matched, reference};
use super::{Record, Wrong, cve_id};
use crate::json::{DEPTH_MAX, Node};

pub(super) fn record(node: &Node<'_>) -> Result<Record, Wrong> {
    let cve = node.of("cve");
    let id = cve_id(cve.of("CVE_data_meta"), "ID")
        .map_err(|wrong| if wrong.at == 0 { Wrong::new(node, wrong.why) } else { wrong })?;
    let description = english(cve.of("description").list_of("description_data"));
    let rejected = description.trim_start_matches('*').trim_start().starts_with("REJECT");
    let nodes = node.of("configurations").list_of("nodes");
    Ok(Record::Cve(Box::new(Cve {
        standing: if rejected { Standing::Rejected } else { Standing::Analysed },
        status: if rejected { "Rejected".to_owned() } else { String::new() },
        published: node.owned("publishedDate"),
        modified: node.owned("lastModifiedDate"),
        scores: scores(node.of("impact")),
        weaknesses: weaknesses(cve.of("problemtype")),
        references: cve.of("references").list_of("reference_data").iter().map(reference).collect(),
        configurations: nodes.iter().map(|node| formula(node, 0)).collect::<Result<_, _>>()?,
        description,
        id,
        ..Cve::default()
    })))
}

fn scores(impact: &Node<'_>) -> Vec<Score> {
    let of = |metric: &str, data: &str| {
        let data = impact.of(metric).of(data);
        Some(Score {
            version: data.owned("version"),
            vector: data.text_of("vectorString")?.to_owned(),
            base: data.of("baseScore").number(),
            by: "nvd@nist.gov".to_owned(),
            primary: true,
            products: Vec::new(),
        })
    };
    of("baseMetricV3", "cvssV3").into_iter().chain(of("baseMetricV2", "cvssV2")).collect()
}

fn weaknesses(problem: &Node<'_>) -> Vec<String> {
    let texts = problem.list_of("problemtype_data").iter().flat_map(|data| data.list_of("description"));
    texts
        .filter_map(|text| text.text_of("value"))
        .filter(|id| id.starts_with("CWE-"))
        .map(str::to_owned)
        .collect()
}

/// A node with matches, children, or both.
fn formula(node: &Node<'_>, depth: usize) -> Result<Formula, Wrong> {
    if depth > DEPTH_MAX {
        return Err(Wrong::new(node, "nodes lie too deep in each other"));
    }
    let children = node.list_of("children").iter().map(|child| formula(child, depth.saturating_add(1)));
    let matches = node.list_of("cpe_match").iter().map(|found| matched(found, "cpe23Uri", ""));
    joined(node, children.chain(matches).collect::<Result<_, _>>()?)
}
