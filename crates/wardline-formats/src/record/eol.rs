//! endoflife.date: until when releases of a product are supported. The project's own files (Markdown with a YAML
//! head), the older JSON of its API (an array of cycles, without the product's name) and the newer (`result`).

use super::{Item, Record, Rejected, Sink, Wrong};
use crate::json::Node;
use crate::yaml;
use std::io::{self, Read};

/// Largest file of one product.
const BYTES_MAX: u64 = 8 << 20;

/// A product with its releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// The project's short name of it, or its title; empty where the document does not say.
    pub product: String,
    /// Its title.
    pub title: String,
    /// Identifiers: purl, CPE, repology.
    pub identifiers: Vec<(String, String)>,
    /// Its releases, newest first.
    pub cycles: Vec<Cycle>,
}

/// One release line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// Its name: `10.0`, `22.04`.
    pub name: String,
    /// Its label with words, where it has one.
    pub label: String,
    /// First day.
    pub released: String,
    /// Last day with security updates, as a date; `true`: over, `false`: not yet; empty: not said.
    pub end: String,
    /// Last day of active support, in the same way.
    pub support_end: String,
    /// Last day of paid support, in the same way.
    pub extended_end: String,
    /// The newest version.
    pub latest: String,
    /// Whether it is supported for long.
    pub long_term: bool,
}

pub(super) fn read_markdown(input: &mut dyn Read, sink: &mut Sink<'_>) -> io::Result<bool> {
    let mut bytes = Vec::new();
    input.take(BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let rejected = |place: String, why: String| Item::Rejected(Rejected { place, why });
    let head =
        text.trim_start().strip_prefix("---").and_then(|rest| rest.split_once("\n---")).map(|(head, _)| head);
    let Some(head) = head else {
        let _ = sink(rejected(
            "1:1".to_owned(),
            "the head between two lines of three dashes is missing".to_owned(),
        ));
        return Ok(true);
    };
    match yaml::parse(head) {
        Err(fault) => {
            let _ = sink(rejected(format!("{}:1", fault.line), fault.why));
        }
        Ok(node) => {
            let record = Record::Lifecycle(lifecycle(&node, node.list_of("releases")));
            let _ = sink(Item::Record { record, place: "1:1".to_owned(), bytes: head.as_bytes() });
        }
    }
    Ok(false)
}

pub(super) fn record(root: &Node<'_>) -> Result<Record, Wrong> {
    if root.is_list() {
        return Ok(Record::Lifecycle(lifecycle(root, root.list())));
    }
    let result = root.of("result");
    let releases = result.get("releases").filter(|releases| releases.is_list());
    let releases = releases.ok_or_else(|| Wrong::new(root, "\"releases\" is missing"))?;
    Ok(Record::Lifecycle(lifecycle(result, releases.list())))
}

fn lifecycle(node: &Node<'_>, releases: &[Node<'_>]) -> Lifecycle {
    let name = node.text_of("name").map(str::to_owned);
    let link = node.text_of("permalink").map(|link| link.trim_start_matches('/').to_owned());
    let title = node.text_of("title").or_else(|| node.text_of("label")).unwrap_or_default().to_owned();
    let mut identifiers = Vec::new();
    for one in node.list_of("identifiers") {
        match (one.text_of("type"), one.text_of("id")) {
            (Some(kind), Some(id)) => identifiers.push((kind.to_owned(), id.to_owned())),
            _ => identifiers.extend(
                one.members().iter().filter_map(|m| Some((m.name.to_string(), m.node.text()?.to_owned()))),
            ),
        }
    }
    Lifecycle {
        product: name.or(link).unwrap_or_else(|| title.clone()),
        title,
        identifiers,
        cycles: releases.iter().map(cycle).collect(),
    }
}

/// A date, or yes or no.
fn date(node: &Node<'_>, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| node.get(name));
    found.map_or_else(String::new, |value| match value.truth() {
        Some(truth) => truth.to_string(),
        None => value.scalar().unwrap_or_default().to_owned(),
    })
}

fn cycle(node: &Node<'_>) -> Cycle {
    let latest = node.of("latest");
    let first =
        |names: &[&str]| names.iter().find_map(|name| node.of(name).scalar()).unwrap_or_default().to_owned();
    Cycle {
        name: first(&["releaseCycle", "cycle", "name"]),
        label: first(&["releaseLabel", "label"]),
        released: first(&["releaseDate"]),
        end: date(node, &["eol", "eolFrom", "isEol"]),
        support_end: date(node, &["eoas", "support", "eoasFrom", "isEoas"]),
        extended_end: date(node, &["eoes", "extendedSupport", "eoesFrom", "isEoes"]),
        latest: latest.scalar().or_else(|| latest.of("name").scalar()).unwrap_or_default().to_owned(),
        long_term: node.of("lts").truth().unwrap_or_else(|| node.of("isLts").truth().unwrap_or(false)),
    }
}
