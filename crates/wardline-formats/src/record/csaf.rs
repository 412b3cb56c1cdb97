//! CSAF 2.0 and 2.1 (OASIS): document, product tree, vulnerabilities, every product leaf with its way to it.
//!
//! Branches are followed to any depth that JSON may have; groups are resolved to products. A document that breaks
//! tests of the standard is read as far as it can be: judging it is `inspect`'s.

use super::advisory::{
    Advisory, Branch, Identification, Note, Product, Relationship, Remedy, State, Statement, Vulnerability,
};
use super::cve::{Reference, Score};
use super::{Record, Wrong, must};
use crate::json::Node;
use std::collections::BTreeMap;

/// Products of one document: the largest has a hundred thousand.
const PRODUCTS_MAX: usize = 1_000_000;

pub(super) fn record(root: &Node<'_>) -> Result<Record, Wrong> {
    let document = root.of("document");
    let tracking = document.of("tracking");
    let publisher = document.of("publisher");
    let tree = root.of("product_tree");
    let groups = groups(tree);
    let distribution = document.of("distribution").of("tlp");
    Ok(Record::Advisory(Box::new(Advisory {
        format: "csaf",
        format_version: document.owned("csaf_version"),
        id: must(if tracking.is_map() { tracking } else { root }, "id")?.to_owned(),
        revision: tracking.owned("version"),
        status: tracking.owned("status"),
        category: document.owned("category"),
        title: document.owned("title"),
        publisher: publisher.owned("name"),
        namespace: publisher.owned("namespace"),
        publisher_category: publisher.owned("category"),
        tlp: distribution.owned("label"),
        released: tracking.owned("initial_release_date"),
        current: tracking.owned("current_release_date"),
        notes: document.list_of("notes").iter().map(note).collect(),
        references: references(document),
        products: products(tree)?,
        vulnerabilities: root
            .list_of("vulnerabilities")
            .iter()
            .map(|one| vulnerability(one, &groups))
            .collect(),
    })))
}

pub(super) fn note(node: &Node<'_>) -> Note {
    Note { category: node.owned("category"), title: node.owned("title"), text: node.owned("text") }
}

fn references(node: &Node<'_>) -> Vec<Reference> {
    let one = |node: &Node<'_>| Reference {
        url: node.owned("url"),
        tags: node.text_of("category").map(str::to_owned).into_iter().collect(),
    };
    node.list_of("references").iter().map(one).collect()
}

type Groups<'n> = BTreeMap<&'n str, Vec<&'n str>>;

fn groups<'n>(tree: &'n Node<'_>) -> Groups<'n> {
    let each = tree.list_of("product_groups").iter();
    each.filter_map(|group| Some((group.text_of("group_id")?, group.texts_of("product_ids").collect())))
        .collect()
}

fn products(tree: &Node<'_>) -> Result<Vec<Product>, Wrong> {
    let mut products = Vec::new();
    for name in tree.list_of("full_product_names") {
        products.extend(product(name, &[]));
    }
    for branch in tree.list_of("branches") {
        descend(branch, &mut Vec::new(), &mut products)?;
    }
    // CSAF 2.1 calls them paths, with a chain of subpaths.
    for relationship in tree.list_of("relationships") {
        products.extend(product(relationship.of("full_product_name"), &[]).map(|product| Product {
            relationship: Some(Relationship {
                category: relationship.owned("category"),
                part: relationship.owned("product_reference"),
                whole: relationship.owned("relates_to_product_reference"),
            }),
            ..product
        }));
    }
    for path in tree.list_of("product_paths") {
        let step = path.list_of("subpaths").first();
        products.extend(product(path.of("full_product_name"), &[]).map(|product| Product {
            relationship: step.map(|step| Relationship {
                category: step.owned("category"),
                part: path.owned("beginning_product_reference"),
                whole: step.owned("next_product_reference"),
            }),
            ..product
        }));
    }
    Ok(products)
}

fn descend(branch: &Node<'_>, path: &mut Vec<Branch>, products: &mut Vec<Product>) -> Result<(), Wrong> {
    if products.len() >= PRODUCTS_MAX {
        return Err(Wrong::new(branch, "more than a million products"));
    }
    path.push(Branch { category: branch.owned("category"), name: branch.owned("name") });
    products.extend(product(branch.of("product"), path));
    for below in branch.list_of("branches") {
        descend(below, path, products)?;
    }
    path.pop();
    Ok(())
}

fn product(node: &Node<'_>, path: &[Branch]) -> Option<Product> {
    let helper = node.of("product_identification_helper");
    let texts = |name: &str| helper.texts_of(name).map(str::to_owned).collect::<Vec<_>>();
    let one_purl = helper.text_of("purl").map(str::to_owned);
    let hashes = helper.list_of("hashes").iter().flat_map(|hash| hash.list_of("file_hashes"));
    Some(Product {
        id: node.text_of("product_id")?.to_owned(),
        name: node.owned("name"),
        path: path.to_vec(),
        identification: Identification {
            cpe: helper.owned("cpe"),
            purls: one_purl.into_iter().chain(texts("purls")).collect(),
            models: texts("model_numbers"),
            serials: texts("serial_numbers"),
            skus: texts("skus"),
            hashes: hashes.map(|hash| (hash.owned("algorithm"), hash.owned("value"))).collect(),
        },
        relationship: None,
    })
}

/// Products named directly and through groups.
fn named(node: &Node<'_>, groups: &Groups<'_>) -> Vec<String> {
    let through = node.texts_of("group_ids").filter_map(|id| groups.get(id)).flatten().copied();
    let mut all: Vec<String> = node.texts_of("product_ids").chain(through).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all
}

const STATES: [(&str, State); 9] = [
    ("known_affected", State::Affected),
    ("first_affected", State::FirstAffected),
    ("last_affected", State::LastAffected),
    ("known_not_affected", State::NotAffected),
    ("fixed", State::Fixed),
    ("first_fixed", State::FirstFixed),
    ("recommended", State::Recommended),
    ("under_investigation", State::UnderInvestigation),
    ("unknown", State::Unknown),
];

fn vulnerability(node: &Node<'_>, groups: &Groups<'_>) -> Vulnerability {
    let mut flags = BTreeMap::new();
    for flag in node.list_of("flags") {
        for product in named(flag, groups) {
            flags.insert(product, (flag.owned("label"), flag.owned("date")));
        }
    }
    let mut impacts = BTreeMap::new();
    for threat in node.list_of("threats").iter().filter(|threat| threat.text_of("category") == Some("impact"))
    {
        for product in named(threat, groups) {
            impacts.insert(product, threat.owned("details"));
        }
    }
    let status = node.of("product_status");
    let mut statements = Vec::new();
    for (name, state) in STATES {
        for product in status.texts_of(name) {
            let not = state == State::NotAffected;
            let (justification, time) = flags.get(product).filter(|_| not).cloned().unwrap_or_default();
            let words = impacts.get(product).filter(|_| not).cloned().unwrap_or_default();
            statements.push(Statement { product: product.to_owned(), state, justification, words, time });
        }
    }
    let cwes = node.get("cwe").into_iter().chain(node.list_of("cwes"));
    let remedy = |one: &Node<'_>| Remedy {
        category: one.owned("category"),
        details: one.owned("details"),
        url: one.owned("url"),
        date: one.owned("date"),
        products: named(one, groups),
    };
    Vulnerability {
        cve: node.owned("cve"),
        ids: node.list_of("ids").iter().map(|id| (id.owned("system_name"), id.owned("text"))).collect(),
        title: node.owned("title"),
        weaknesses: cwes.filter_map(|cwe| cwe.text_of("id")).map(str::to_owned).collect(),
        notes: node.list_of("notes").iter().map(note).collect(),
        statements,
        remedies: node.list_of("remediations").iter().map(remedy).collect(),
        scores: scores(node, groups),
        references: references(node),
    }
}

/// 2.0: `scores`; 2.1: `metrics` with `content`.
fn scores(node: &Node<'_>, groups: &Groups<'_>) -> Vec<Score> {
    let old = node.list_of("scores").iter().map(|score| (score, score, "products"));
    let new = node.list_of("metrics").iter().map(|metric| (metric, metric.of("content"), "products"));
    let mut scores = Vec::new();
    for (outer, content, products) in old.chain(new) {
        for (name, version) in [("cvss_v2", "2.0"), ("cvss_v3", "3.1"), ("cvss_v4", "4.0")] {
            let cvss = content.of(name);
            let Some(vector) = cvss.text_of("vectorString") else { continue };
            let mut for_products: Vec<String> = outer.texts_of(products).map(str::to_owned).collect();
            for_products.extend(named(outer, groups));
            scores.push(Score {
                version: cvss.text_of("version").unwrap_or(version).to_owned(),
                vector: vector.to_owned(),
                base: cvss.of("baseScore").number(),
                by: outer.owned("source"),
                primary: true,
                products: for_products,
            });
        }
    }
    scores
}
