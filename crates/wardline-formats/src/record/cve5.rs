//! CVE records, format 5 (CVE JSON 5.0 to 5.2): the numbering authority's container, and those of others, CISA's
//! with SSVC and CPE among them.

use super::cve::{Affected, Bound, Change, Cve, Score, Ssvc, Standing, Version};
use super::nvd::{english, reference};
use super::{Record, Wrong, cve_id};
use crate::json::Node;

pub(super) fn record(node: &Node<'_>) -> Result<Record, Wrong> {
    let head = node.of("cveMetadata");
    if !head.is_map() {
        return Err(Wrong::new(node, "\"cveMetadata\" is missing"));
    }
    let id = cve_id(head, "cveId")?;
    let containers = node.of("containers");
    let cna = containers.of("cna");
    let others = containers.list_of("adp");
    let all = || std::iter::once(cna).chain(others);
    let state = head.owned("state");
    let rejected = state.eq_ignore_ascii_case("REJECTED");
    let texts = cna.list_of(if rejected { "rejectedReasons" } else { "descriptions" });
    let mut weaknesses: Vec<String> = all().flat_map(cwes).collect();
    weaknesses.sort();
    weaknesses.dedup();
    Ok(Record::Cve(Box::new(Cve {
        standing: if rejected { Standing::Rejected } else { Standing::Analysed },
        status: state,
        published: head.owned("datePublished"),
        modified: head.owned("dateUpdated"),
        title: cna.owned("title"),
        description: english(texts),
        scores: all().flat_map(scores).collect(),
        weaknesses,
        references: all().flat_map(|one| one.list_of("references")).map(reference).collect(),
        affected: all().flat_map(affected).collect(),
        ssvc: others.iter().flat_map(|one| one.list_of("metrics")).find_map(ssvc),
        exploited_since: others.iter().flat_map(|one| one.list_of("metrics")).find_map(kev),
        id,
        ..Cve::default()
    })))
}

/// Who a container is of.
fn by(container: &Node<'_>) -> String {
    container.of("providerMetadata").owned("shortName")
}

fn cwes(container: &Node<'_>) -> Vec<String> {
    let texts = container.list_of("problemTypes").iter().flat_map(|kind| kind.list_of("descriptions"));
    texts.filter_map(|text| text.text_of("cweId")).map(str::to_owned).collect()
}

fn scores(container: &Node<'_>) -> Vec<Score> {
    let metrics = container.list_of("metrics").iter().flat_map(Node::members);
    let vectors = metrics.filter(|member| member.name.starts_with("cvssV"));
    vectors
        .filter_map(|member| {
            Some(Score {
                version: member.node.owned("version"),
                vector: member.node.text_of("vectorString")?.to_owned(),
                base: member.node.of("baseScore").number(),
                by: by(container),
                primary: false,
                products: Vec::new(),
            })
        })
        .collect()
}

fn affected(container: &Node<'_>) -> Vec<Affected> {
    let by = by(container);
    container
        .list_of("affected")
        .iter()
        .map(|one| Affected {
            vendor: one.owned("vendor"),
            product: one.owned("product"),
            package: package(one),
            platforms: one.texts_of("platforms").map(str::to_owned).collect(),
            cpes: one.texts_of("cpes").map(str::to_owned).collect(),
            default_status: one.text_of("defaultStatus").unwrap_or("unknown").to_owned(),
            versions: one.list_of("versions").iter().map(version).collect(),
            by: by.clone(),
        })
        .collect()
}

fn package(one: &Node<'_>) -> String {
    if let Some(purl) = one.text_of("packageURL") {
        return purl.to_owned();
    }
    let name = one.text_of("packageName").unwrap_or_default();
    match one.text_of("collectionURL") {
        Some(collection) if !name.is_empty() => format!("{}/{name}", collection.trim_end_matches('/')),
        _ => name.to_owned(),
    }
}

fn version(one: &Node<'_>) -> Version {
    let to = |name: &str, inclusive| one.text_of(name).map(|v| Bound { version: v.to_owned(), inclusive });
    let change = |change: &Node<'_>| Change { at: change.owned("at"), status: change.owned("status") };
    Version {
        version: one.owned("version"),
        status: one.owned("status"),
        scheme: one.owned("versionType"),
        to: to("lessThan", false).or_else(|| to("lessThanOrEqual", true)),
        changes: one.list_of("changes").iter().map(change).collect(),
    }
}

fn ssvc(metric: &Node<'_>) -> Option<Ssvc> {
    let other = metric.of("other");
    if !other.text_of("type")?.eq_ignore_ascii_case("ssvc") {
        return None;
    }
    let content = other.of("content");
    let option = |name: &str| {
        content
            .list_of("options")
            .iter()
            .find_map(|option| option.text_of(name))
            .unwrap_or_default()
            .to_lowercase()
    };
    Some(Ssvc {
        exploitation: option("Exploitation"),
        automatable: option("Automatable"),
        technical_impact: option("Technical Impact"),
        time: content.owned("timestamp"),
    })
}

fn kev(metric: &Node<'_>) -> Option<String> {
    let other = metric.of("other");
    if !other.text_of("type")?.eq_ignore_ascii_case("kev") {
        return None;
    }
    other.of("content").text_of("dateAdded").map(str::to_owned)
}
