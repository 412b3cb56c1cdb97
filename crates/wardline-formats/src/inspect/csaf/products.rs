//! Tests of the product tree: definitions, references, groups, identification, branches.

use super::{Document, Edition, walk};
use crate::json::{Node, Pointer, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Products with an id, each with its place.
pub(super) fn defined<'n>(tree: &'n Node<'n>) -> Vec<(&'n str, Pointer, &'n Node<'n>)> {
    let mut found = Vec::new();
    walk(tree, &Pointer::of(&["product_tree"]), &mut |pointer, node| {
        if let Some(id) = node.text_of("product_id") {
            found.push((id, pointer.clone(), node));
        }
    });
    found
}

/// Branches with their place, their depth and their ancestors' categories.
fn branches<'n>(tree: &'n Node<'n>) -> Vec<(Pointer, &'n Node<'n>, Vec<&'n str>)> {
    fn descend<'n>(
        node: &'n Node<'n>,
        at: &Pointer,
        above: &[&'n str],
        found: &mut Vec<(Pointer, &'n Node<'n>, Vec<&'n str>)>,
    ) {
        for (index, branch) in node.list_of("branches").iter().enumerate() {
            let pointer = at.member("branches").index(index);
            found.push((pointer.clone(), branch, above.to_vec()));
            let below: Vec<&str> = above.iter().copied().chain(branch.text_of("category")).collect();
            descend(branch, &pointer, &below, found);
        }
    }
    let mut found = Vec::new();
    descend(tree, &Pointer::of(&["product_tree"]), &[], &mut found);
    found
}

pub(super) fn test(document: &mut Document<'_>) {
    let defined = defined(document.tree);
    references(document, &defined);
    twice(document, &defined);
    circles(document);
    groups(document);
    helpers(document, &defined);
    branch_names(document);
    unused(document, &defined);
}

/// Every reference to a product: `product_ids`, `products`, the lists of `product_status`, relationships and paths.
fn referenced<'n>(document: &Document<'n>, member_of_group: &str) -> Vec<(Pointer, &'n str)> {
    let mut found = Vec::new();
    let lists: &[&str] =
        if member_of_group == "group_ids" { &["group_ids"] } else { &["product_ids", "products"] };
    for name in ["document", "product_tree", "vulnerabilities"] {
        walk(document.root.of(name), &Pointer::of(&[name]), &mut |pointer, node| {
            let Value::Map(members) = &node.value else { return };
            for member in members {
                let at = pointer.member(&member.name);
                let name = member.name.as_ref();
                let texts = member.node.list().iter().enumerate();
                if lists.contains(&name) {
                    found.extend(texts.filter_map(|(i, id)| Some((at.index(i), id.text()?))));
                } else if member_of_group != "group_ids" && name == "product_status" {
                    for status in member.node.members() {
                        let at = at.member(&status.name);
                        let texts = status.node.list().iter().enumerate();
                        found.extend(texts.filter_map(|(i, id)| Some((at.index(i), id.text()?))));
                    }
                } else if member_of_group != "group_ids" && name.ends_with("_reference") {
                    found.extend(member.node.text().map(|id| (at, id)));
                }
            }
        });
    }
    found
}

fn references(document: &mut Document<'_>, defined: &[(&str, Pointer, &Node<'_>)]) {
    let known: BTreeSet<&str> = defined.iter().map(|(id, ..)| *id).collect();
    for (place, id) in referenced(document, "product_ids") {
        if !known.contains(id) {
            document.tell("6.1.1", &place, format!("product \"{id}\" is not defined in the product tree"));
        }
    }
    for (place, id) in referenced(document, "group_ids") {
        if !document.groups.contains_key(id) {
            document.tell(
                "6.1.4",
                &place,
                format!("product group \"{id}\" is not defined in the product tree"),
            );
        }
    }
}

fn twice(document: &mut Document<'_>, defined: &[(&str, Pointer, &Node<'_>)]) {
    let mut seen = BTreeSet::new();
    for (id, place, _) in defined {
        if !seen.insert(*id) {
            document.tell("6.1.2", &place.member("product_id"), format!("product \"{id}\" is defined twice"));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, group) in document.tree.list_of("product_groups").iter().enumerate() {
        let Some(id) = group.text_of("group_id") else { continue };
        if !seen.insert(id) {
            let place = super::super::at(&["product_tree", "product_groups"], index).member("group_id");
            document.tell("6.1.5", &place, format!("product group \"{id}\" is defined twice"));
        }
    }
}

/// A product that is made of itself, through any number of relationships or paths.
fn circles(document: &mut Document<'_>) {
    let mut made_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut places = Vec::new();
    for list in ["relationships", "product_paths"] {
        for (index, one) in document.tree.list_of(list).iter().enumerate() {
            let Some(id) = one.of("full_product_name").text_of("product_id") else { continue };
            let subpaths =
                one.list_of("subpaths").iter().filter_map(|path| path.text_of("next_product_reference"));
            let direct = ["product_reference", "relates_to_product_reference", "beginning_product_reference"];
            let parts = direct.iter().filter_map(|name| one.text_of(name)).chain(subpaths);
            made_of.entry(id).or_default().extend(parts);
            let place = super::super::at(&["product_tree", list], index);
            places.push((id, place.member("full_product_name").member("product_id")));
        }
    }
    for (id, place) in places {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = made_of.get(id).cloned().unwrap_or_default();
        while let Some(part) = next.pop() {
            if part == id {
                document.tell("6.1.3", &place, format!("product \"{id}\" is made of itself"));
                break;
            }
            if seen.insert(part) {
                next.extend(made_of.get(part).into_iter().flatten().copied());
            }
        }
    }
}

/// 6.1.6: contradicting groups of the product status.
fn groups(document: &mut Document<'_>) {
    const SIDES: [(&str, &[&str]); 5] = [
        ("affected", &super::AFFECTED),
        ("not affected", &["known_not_affected"]),
        ("fixed", &super::FIXED),
        ("under investigation", &["under_investigation"]),
        ("unknown", &["unknown"]),
    ];
    for (place, vulnerability) in document.vulnerabilities() {
        let mut said: BTreeMap<&str, &str> = BTreeMap::new();
        for (side, names) in SIDES {
            for id in super::in_status(vulnerability, names) {
                if let Some(other) = said.insert(id, side) {
                    let why = format!("product \"{id}\" is both {other} and {side}");
                    document.tell("6.1.6", &place.member("product_status"), why);
                }
            }
        }
    }
}

fn helpers(document: &mut Document<'_>, defined: &[(&str, Pointer, &Node<'_>)]) {
    for (_, place, product) in defined {
        let helper = product.of("product_identification_helper");
        let at = place.member("product_identification_helper");
        let purls: Vec<&str> = helper.text_of("purl").into_iter().chain(helper.texts_of("purls")).collect();
        for purl in &purls {
            if let Some(why) = purl_misfit(purl) {
                document.tell("6.1.13", &at.member("purl"), format!("\"{purl}\": {why}"));
            }
        }
        let bare = |purl: &str| purl.split(['?', '#']).next().unwrap_or_default().to_owned();
        if let Some((first, rest)) = purls.split_first()
            && rest.iter().any(|purl| bare(purl) != bare(first))
        {
            document.tell(
                "6.1.42",
                &at.member("purls"),
                "package URLs of one product differ in more than qualifiers",
            );
        }
        for (index, hash) in helper.list_of("hashes").iter().enumerate() {
            let mut seen = BTreeSet::new();
            for (inner, one) in hash.list_of("file_hashes").iter().enumerate() {
                let algorithm = one.text_of("algorithm").unwrap_or_default();
                if !seen.insert(algorithm) {
                    let place = at.member("hashes").index(index).member("file_hashes").index(inner);
                    document.tell(
                        "6.1.25",
                        &place,
                        format!("a second hash by {algorithm} for the same file"),
                    );
                }
            }
        }
        if document.edition == Edition::V21 {
            for (list, test) in
                [("model_numbers", "6.1.43"), ("serial_numbers", "6.1.44"), ("skus", "6.1.61")]
            {
                for (index, text) in helper.list_of(list).iter().enumerate() {
                    if stars(text.text().unwrap_or_default()) > 1 {
                        document.tell(
                            test,
                            &at.member(list).index(index),
                            "more than one star that is not escaped",
                        );
                    }
                }
            }
        }
    }
}

/// Stars that no backslash escapes.
fn stars(text: &str) -> usize {
    let (mut count, mut escaped) = (0_usize, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '*' => count = count.saturating_add(1),
            _ => {}
        }
    }
    count
}

/// What is wrong with a package URL, by its specification: `pkg:type/namespace/name@version?qualifiers#subpath`.
fn purl_misfit(purl: &str) -> Option<&'static str> {
    let Some(rest) = purl.strip_prefix("pkg:") else { return Some("a package URL begins with pkg:") };
    let path = rest.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let Some((kind, path)) = path.split_once('/') else { return Some("the name is missing") };
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    if kind.is_empty() || !kind.chars().all(letters) || kind.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("the type is none");
    }
    // The version begins at the last @ of the last segment.
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    let namespace = path.rsplit_once('/').map_or("", |(namespace, _)| namespace);
    let needs = ["maven", "github", "bitbucket", "golang", "composer", "deb", "rpm", "alpm", "apk", "swift"];
    let unneeded = ["pypi", "cran", "gem", "nuget", "cargo", "bitnami", "oci"];
    if name.is_empty() {
        Some("the name is missing")
    } else if namespace.is_empty() && needs.iter().take(2).any(|known| kind.eq_ignore_ascii_case(known)) {
        Some("packages of this type have a namespace")
    } else if !namespace.is_empty() && unneeded.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        Some("packages of this type have no namespace")
    } else {
        None
    }
}

/// Words that make a version a range (6.1.31).
const RANGE_WORDS: [&str; 14] = [
    "<", "<=", ">", ">=", "after", "all", "before", "earlier", "later", "prior", "versions", "until",
    "since", "below",
];

fn branch_names(document: &mut Document<'_>) {
    for (place, branch, above) in branches(document.tree) {
        let (category, name) =
            (branch.text_of("category").unwrap_or_default(), branch.text_of("name").unwrap_or_default());
        let at = place.member("name");
        if category == "product_version" {
            let lower = name.to_lowercase();
            let parts = ['<', '>'];
            let words = lower.split(|c: char| c.is_whitespace());
            if lower.contains(parts)
                || words.into_iter().any(|word| RANGE_WORDS.iter().take(11).any(|w| *w == word))
            {
                document.tell(
                    "6.1.31",
                    &at,
                    format!("\"{name}\" is a range; use the category product_version_range"),
                );
            }
        }
        if document.edition == Edition::V21 {
            edition_2_1(document, &at, branch, category, name, &above);
        }
        if category == "vendor"
            && name.to_lowercase().replace([' ', '-', '_'], "").eq("opensource")
            && document.edition == Edition::V21
        {
            document.tell("6.2.48", &at, "open source is no vendor");
        }
        if branch.get("product").is_some() {
            let path: Vec<&str> = above.iter().copied().chain([category]).collect();
            let found = |names: &[&str]| path.iter().position(|one| names.contains(one));
            let order = [
                found(&["vendor"]),
                found(&["product_name"]),
                found(&["product_version", "product_version_range"]),
            ];
            if order.contains(&None) || !order.is_sorted() {
                document.tell(
                    "6.3.9",
                    &place,
                    "the branches to it are not vendor, product_name and product_version",
                );
            }
        }
        if category == "product_version_range" {
            if !name.starts_with("vers:") {
                document.tell("6.2.18", &at, "the range is not in the form of vers");
            }
            document.tell("6.3.10", &place.member("category"), "a range, where versions could be listed");
        }
        let v = name
            .strip_prefix(['v', 'V'])
            .or_else(|| name.to_lowercase().starts_with("version").then_some("0"));
        let counts = v.and_then(|rest| rest.trim_start().chars().next()).is_some_and(|c| c.is_ascii_digit());
        if category == "product_version" && counts {
            document.tell("6.3.11", &at, "the v before the version is no part of it");
        }
    }
}

fn edition_2_1(
    document: &mut Document<'_>,
    at: &Pointer,
    branch: &Node<'_>,
    category: &str,
    name: &str,
    above: &[&str],
) {
    if branch.get("product").is_some() && above.len() >= 30 {
        document.tell("6.1.34", at, "more than 30 branches in each other");
    }
    if above.contains(&category) && category != "product_family" && category != "specification" {
        document.tell("6.1.57", at, format!("a branch of category {category} lies within another"));
    }
    if category == "product_version_range" {
        if let Some(why) = range_misfit(name) {
            document.tell("6.1.50", at, format!("\"{name}\" {why}"));
        } else if !name
            .strip_prefix("vers:")
            .map_or(name, |v| v.split_once('/').map_or(v, |(_, c)| c))
            .contains(['|', '<', '>', '*', '!'])
        {
            document.tell("6.1.59", at, "the range has a single version; use the category product_version");
        }
    }
}

/// 2.1 section 3.1.2.3.2: vers, or a comparator with a version.
fn range_misfit(name: &str) -> Option<&'static str> {
    if let Some(rest) = name.strip_prefix("vers:") {
        let (scheme, constraints) = rest.split_once('/').unwrap_or((rest, ""));
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        if scheme.is_empty() || !scheme.chars().all(letters) || constraints.is_empty() {
            return Some("is no range in the form of vers");
        }
        if scheme == "all" && constraints != "*" {
            return Some("is no range in the form of vers: vers:all has a star only");
        }
        let bad = |constraint: &str| constraint.is_empty() || constraint.contains(' ');
        return constraints.split('|').any(bad).then_some("is no range in the form of vers");
    }
    // Comparators with versions, each without blanks.
    let bad = |constraint: &str| {
        let version = constraint.trim_start_matches(['<', '>', '=', '!']);
        version.is_empty() || version.contains(char::is_whitespace)
    };
    name.split('|')
        .any(bad)
        .then_some("is neither in the form of vers nor a list of comparators with versions")
}

fn unused(document: &mut Document<'_>, defined: &[(&str, Pointer, &Node<'_>)]) {
    if document.category() == "csaf_informational_advisory" {
        return;
    }
    let used: BTreeSet<&str> = referenced(document, "product_ids").into_iter().map(|(_, id)| id).collect();
    for (id, place, product) in defined {
        if !used.contains(id) {
            document.tell(
                "6.2.1",
                &place.member("product_id"),
                format!("product \"{id}\" is defined and never used"),
            );
        }
        if product.get("product_identification_helper").is_none() {
            document.tell("6.2.16", place, "nothing helps to identify the product");
        }
    }
    if document.edition == Edition::V21 {
        shared_identification(document, defined);
    }
}

/// 2.1: what identifies a product identifies no other (6.2.32), and paths do not build on paths (6.3.22).
fn shared_identification(document: &mut Document<'_>, defined: &[(&str, Pointer, &Node<'_>)]) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (id, place, product) in defined {
        let helper = product.of("product_identification_helper");
        let lists = ["purls", "model_numbers", "serial_numbers", "skus", "sbom_urls"];
        let many = lists.iter().flat_map(|list| helper.texts_of(list).map(move |text| (*list, text)));
        for (kind, text) in helper.text_of("cpe").map(|cpe| ("cpe", cpe)).into_iter().chain(many) {
            if seen.insert((kind, text), id).is_some_and(|other| other != *id) {
                let why = format!("\"{text}\" identifies another product too");
                document.tell("6.2.32", &place.member("product_identification_helper"), why);
            }
        }
    }
    let paths = document.tree.list_of("product_paths");
    let made: BTreeSet<&str> =
        paths.iter().filter_map(|p| p.of("full_product_name").text_of("product_id")).collect();
    for (index, path) in paths.iter().enumerate() {
        let next = path.list_of("subpaths").iter().filter_map(|step| step.text_of("next_product_reference"));
        if path.text_of("beginning_product_reference").into_iter().chain(next).any(|id| made.contains(id)) {
            let place = super::super::at(&["product_tree", "product_paths"], index);
            document.tell("6.3.22", &place, "the path builds on another path");
        }
    }
}
