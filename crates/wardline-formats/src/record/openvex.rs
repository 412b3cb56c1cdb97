//! OpenVEX 0.0.1 to 0.2.0: statements of one author. A product is what its id, purl or CPE says.

use super::advisory::{Advisory, Identification, Product, Relationship, State, Statement, Vulnerability};
use super::{Record, Wrong, cut, is_cve};
use crate::json::Node;
use std::collections::BTreeMap;

pub(super) fn record(root: &Node<'_>) -> Result<Record, Wrong> {
    let mut products = BTreeMap::new();
    let mut vulnerabilities: BTreeMap<String, Vulnerability> = BTreeMap::new();
    for node in root.list_of("statements") {
        let (cve, ids) = vulnerability(node);
        let key = if cve.is_empty() { ids.first().cloned().unwrap_or_default() } else { cve.clone() };
        if key.is_empty() {
            return Err(Wrong::new(node, "a statement without a vulnerability"));
        }
        let time = node.text_of("timestamp").or_else(|| root.text_of("timestamp")).unwrap_or_default();
        let state = state(node)?;
        let into = vulnerabilities.entry(key).or_insert_with(|| Vulnerability {
            cve,
            ids: ids.into_iter().map(|id| (String::new(), id)).collect(),
            ..Vulnerability::default()
        });
        for named in node.list_of("products") {
            for product in product(named, &mut products) {
                into.statements.push(Statement {
                    product,
                    state,
                    justification: node.owned("justification"),
                    words: node
                        .text_of("impact_statement")
                        .or_else(|| node.text_of("action_statement"))
                        .unwrap_or_default()
                        .to_owned(),
                    time: time.to_owned(),
                });
            }
        }
    }
    let version = root.of("version");
    let context = root.text_of("@context").unwrap_or_default();
    Ok(Record::Advisory(Box::new(Advisory {
        format: "openvex",
        format_version: context.rsplit('/').next().unwrap_or_default().trim_start_matches('v').to_owned(),
        id: root.owned("@id"),
        revision: version.scalar().unwrap_or_default().to_owned(),
        publisher: root.owned("author"),
        released: root.owned("timestamp"),
        current: root
            .text_of("last_updated")
            .unwrap_or(root.text_of("timestamp").unwrap_or_default())
            .to_owned(),
        products: products.into_values().collect(),
        vulnerabilities: vulnerabilities.into_values().collect(),
        ..Advisory::default()
    })))
}

/// The CVE and the other ids of a statement's vulnerability.
fn vulnerability(statement: &Node<'_>) -> (String, Vec<String>) {
    let node = statement.of("vulnerability");
    let name = node.text().or_else(|| node.text_of("name")).or_else(|| node.text_of("@id"));
    let all = name.into_iter().chain(node.texts_of("aliases"));
    let (cves, ids): (Vec<&str>, Vec<&str>) = all.partition(|id| is_cve(id));
    (cves.first().copied().unwrap_or_default().to_owned(), ids.into_iter().map(str::to_owned).collect())
}

fn state(statement: &Node<'_>) -> Result<State, Wrong> {
    match statement.text_of("status") {
        Some("affected") => Ok(State::Affected),
        Some("not_affected") => Ok(State::NotAffected),
        Some("fixed") => Ok(State::Fixed),
        Some("under_investigation") => Ok(State::UnderInvestigation),
        Some(other) => {
            Err(Wrong::new(statement.of("status"), format!("there is no status \"{}\"", cut(other))))
        }
        None => Err(Wrong::new(statement, "a statement without status")),
    }
}

/// Takes a product with its parts, and says which ids the statement is about: the parts, where it names some.
fn product(node: &Node<'_>, products: &mut BTreeMap<String, Product>) -> Vec<String> {
    let Some(whole) = one(node, None, products) else { return Vec::new() };
    let parts: Vec<String> = node
        .list_of("subcomponents")
        .iter()
        .filter_map(|part| {
            let link = Relationship {
                category: "default_component_of".to_owned(),
                part: id(part)?,
                whole: whole.clone(),
            };
            one(part, Some(link), products)
        })
        .collect();
    if parts.is_empty() { vec![whole] } else { parts }
}

fn id(node: &Node<'_>) -> Option<String> {
    let ids = node.of("identifiers");
    let named = node.text().or_else(|| node.text_of("@id"));
    named
        .or_else(|| ids.text_of("purl"))
        .or_else(|| ids.text_of("cpe23"))
        .or_else(|| ids.text_of("cpe22"))
        .map(str::to_owned)
}

fn one(
    node: &Node<'_>,
    relationship: Option<Relationship>,
    products: &mut BTreeMap<String, Product>,
) -> Option<String> {
    let own = id(node)?;
    let key = relationship.as_ref().map_or_else(|| own.clone(), |link| format!("{own} in {}", link.whole));
    let ids = node.of("identifiers");
    let purl = ids.text_of("purl").or_else(|| Some(own.as_str()).filter(|id| id.starts_with("pkg:")));
    products.entry(key.clone()).or_insert_with(|| Product {
        id: key.clone(),
        name: own.clone(),
        identification: Identification {
            cpe: ids.text_of("cpe23").or_else(|| ids.text_of("cpe22")).unwrap_or_default().to_owned(),
            purls: purl.map(str::to_owned).into_iter().collect(),
            hashes: node
                .of("hashes")
                .members()
                .iter()
                .filter_map(|m| Some((m.name.to_string(), m.node.text()?.to_owned())))
                .collect(),
            ..Identification::default()
        },
        relationship,
        ..Product::default()
    });
    Some(key)
}
