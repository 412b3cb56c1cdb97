//! CycloneDX VEX: the `vulnerabilities` of a bill of materials (1.4 and later), with the analysis of its author.

use super::advisory::{
    Advisory, Branch, Identification, Note, Product, Remedy, State, Statement, Vulnerability,
};
use super::cve::{Reference, Score};
use super::{Record, Wrong, is_cve};
use crate::json::Node;
use std::collections::BTreeMap;

pub(super) fn record(root: &Node<'_>) -> Result<Record, Wrong> {
    let metadata = root.of("metadata");
    let subject = metadata.of("component");
    let mut products = BTreeMap::new();
    component(subject, &mut products);
    for one in root.list_of("components") {
        component(one, &mut products);
    }
    let vulnerabilities: Vec<Vulnerability> =
        root.list_of("vulnerabilities").iter().map(vulnerability).collect();
    for named in vulnerabilities.iter().flat_map(|one| &one.statements) {
        let id = named.product.split(" @ ").next().unwrap_or_default();
        products.entry(named.product.clone()).or_insert_with(|| Product {
            id: named.product.clone(),
            name: id.to_owned(),
            ..Product::default()
        });
    }
    let supplier =
        metadata.of("supplier").text_of("name").or_else(|| metadata.of("manufacture").text_of("name"));
    Ok(Record::Advisory(Box::new(Advisory {
        format: "cyclonedx-vex",
        format_version: root.owned("specVersion"),
        id: root.owned("serialNumber"),
        revision: root.of("version").scalar().unwrap_or_default().to_owned(),
        title: subject.owned("name"),
        publisher: supplier.unwrap_or_default().to_owned(),
        released: metadata.owned("timestamp"),
        current: metadata.owned("timestamp"),
        products: products.into_values().collect(),
        vulnerabilities,
        ..Advisory::default()
    })))
}

fn component(node: &Node<'_>, products: &mut BTreeMap<String, Product>) {
    if let Some(id) = node.text_of("bom-ref").or_else(|| node.text_of("purl")) {
        let vendor = node.text_of("publisher").or_else(|| node.of("supplier").text_of("name"));
        let branch = |category: &str, name: Option<&str>| {
            name.map(|name| Branch { category: category.to_owned(), name: name.to_owned() })
        };
        let path = [
            branch("vendor", vendor),
            branch("product_name", node.text_of("name")),
            branch("product_version", node.text_of("version")),
        ];
        let product = Product {
            id: id.to_owned(),
            name: node.owned("name"),
            path: path.into_iter().flatten().collect(),
            identification: Identification {
                cpe: node.owned("cpe"),
                purls: node.text_of("purl").map(str::to_owned).into_iter().collect(),
                hashes: node
                    .list_of("hashes")
                    .iter()
                    .map(|hash| (hash.owned("alg"), hash.owned("content")))
                    .collect(),
                ..Identification::default()
            },
            relationship: None,
        };
        products.insert(id.to_owned(), product);
    }
    for part in node.list_of("components") {
        component(part, products);
    }
}

fn state(analysis: &Node<'_>) -> State {
    match analysis.text_of("state") {
        Some("resolved" | "resolved_with_pedigree") => State::Fixed,
        Some("exploitable") => State::Affected,
        Some("in_triage") => State::UnderInvestigation,
        Some("false_positive" | "not_affected") => State::NotAffected,
        _ => State::Unknown,
    }
}

fn vulnerability(node: &Node<'_>) -> Vulnerability {
    let id = node.owned("id");
    let analysis = node.of("analysis");
    let mut statements = Vec::new();
    for affected in node.list_of("affects") {
        let product = affected.owned("ref");
        let of = |product: String, state: State| Statement {
            product,
            state,
            justification: analysis.owned("justification"),
            words: analysis.owned("detail"),
            time: analysis
                .text_of("lastUpdated")
                .or_else(|| node.text_of("updated"))
                .unwrap_or_default()
                .to_owned(),
        };
        let versions = affected.list_of("versions");
        for version in versions {
            let said = version.text_of("version").or_else(|| version.text_of("range")).unwrap_or_default();
            let state = match version.text_of("status") {
                Some("unaffected") => State::NotAffected,
                Some("unknown") => State::Unknown,
                _ => State::Affected,
            };
            statements.push(of(format!("{product} @ {said}"), state));
        }
        if versions.is_empty() || analysis.is_map() {
            statements.push(of(product, state(analysis)));
        }
    }
    let (cve, ids) = if is_cve(&id) {
        (id, Vec::new())
    } else {
        (String::new(), vec![(node.of("source").owned("name"), id)])
    };
    let remedies = node
        .texts_of("recommendation")
        .map(str::to_owned)
        .chain(node.text_of("recommendation").map(str::to_owned));
    let more = |advisory: &Node<'_>| Reference { url: advisory.owned("url"), tags: Vec::new() };
    Vulnerability {
        cve,
        ids,
        weaknesses: node
            .list_of("cwes")
            .iter()
            .filter_map(Node::scalar)
            .map(|cwe| format!("CWE-{cwe}"))
            .collect(),
        notes: vec![Note {
            category: "description".to_owned(),
            title: String::new(),
            text: node.owned("description"),
        }],
        statements,
        remedies: remedies
            .map(|details| Remedy { category: "vendor_fix".to_owned(), details, ..Remedy::default() })
            .collect(),
        scores: node.list_of("ratings").iter().filter_map(score).collect(),
        references: node.list_of("advisories").iter().map(more).collect(),
        ..Vulnerability::default()
    }
}

fn score(rating: &Node<'_>) -> Option<Score> {
    let version = match rating.text_of("method")? {
        "CVSSv2" => "2.0",
        "CVSSv3" => "3.0",
        "CVSSv31" => "3.1",
        "CVSSv4" => "4.0",
        _ => return None,
    };
    Some(Score {
        version: version.to_owned(),
        vector: rating.text_of("vector")?.to_owned(),
        base: rating.of("score").number(),
        by: rating.of("source").owned("name"),
        primary: true,
        products: Vec::new(),
    })
}
