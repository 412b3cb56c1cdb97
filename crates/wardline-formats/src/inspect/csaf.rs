//! CSAF 2.0 and 2.1 (OASIS): structure by section 3, then the tests of section 6 by their ids: mandatory (6.1) as
//! errors, optional or recommended (6.2) as warnings, informative (6.3) as information.
//!
//! Not run: tests that need the network (6.3.6, 6.3.7) or a dictionary (6.3.8). Names of weaknesses (6.1.11) are
//! judged as far as the table in `csaf/cwe.txt` goes.

mod cvss;
mod notices;
mod products;
mod profile;
mod sharing;
mod tracking;
mod vulnerability;

use super::{Report, Severity, Tools};
use crate::json::shape::Shapes;
use crate::json::{Node, Pointer, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static SHAPES_2_0: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("shape/csaf-2.0.txt")));
static SHAPES_2_1: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(include_str!("shape/csaf-2.1.txt")));

/// Which version's tests apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    V20,
    V21,
}

/// A document with what many tests ask for.
struct Document<'n> {
    root: &'n Node<'n>,
    head: &'n Node<'n>,
    tracking: &'n Node<'n>,
    tree: &'n Node<'n>,
    edition: Edition,
    groups: BTreeMap<&'n str, BTreeSet<&'n str>>,
    report: Report,
}

impl<'n> Document<'n> {
    /// Adds what a test found; the severity follows the test's section.
    fn tell(&mut self, test: &str, place: &Pointer, why: impl Into<String>) {
        let severity = match test.get(..3) {
            Some("6.2") => Severity::Warning,
            Some("6.3") => Severity::Info,
            _ => Severity::Error,
        };
        self.report.tell(severity, test, place, why);
    }

    fn vulnerabilities(&self) -> impl Iterator<Item = (Pointer, &'n Node<'n>)> + use<'n> {
        let list = self.root.list_of("vulnerabilities");
        list.iter().enumerate().map(|(index, node)| (super::at(&["vulnerabilities"], index), node))
    }

    /// Products named directly and through groups.
    fn named(&self, node: &'n Node<'n>) -> BTreeSet<&'n str> {
        let groups = node.texts_of("group_ids").filter_map(|id| self.groups.get(id)).flatten().copied();
        node.texts_of("product_ids").chain(groups).collect()
    }

    /// Whether anything is named, defined or not.
    fn names_any(node: &Node<'_>) -> bool {
        !node.list_of("product_ids").is_empty() || !node.list_of("group_ids").is_empty()
    }

    fn category(&self) -> &'n str {
        self.head.text_of("category").unwrap_or_default()
    }

    fn status(&self) -> &'n str {
        self.tracking.text_of("status").unwrap_or_default()
    }
}

/// Products in some groups of a status.
fn in_status<'n>(vulnerability: &'n Node<'n>, names: &[&str]) -> BTreeSet<&'n str> {
    let status = vulnerability.of("product_status");
    names.iter().flat_map(|name| status.texts_of(name)).collect()
}

const AFFECTED: [&str; 3] = ["first_affected", "known_affected", "last_affected"];
const FIXED: [&str; 2] = ["first_fixed", "fixed"];

/// Every node with its pointer, the outermost first.
fn walk<'n>(node: &'n Node<'n>, at: &Pointer, visit: &mut dyn FnMut(&Pointer, &'n Node<'n>)) {
    visit(at, node);
    match &node.value {
        Value::Map(members) => {
            members.iter().for_each(|member| walk(&member.node, &at.member(&member.name), visit));
        }
        Value::List(list) => {
            list.iter().enumerate().for_each(|(index, one)| walk(one, &at.index(index), visit));
        }
        _ => {}
    }
}

/// Judges a document.
pub(super) fn inspect(root: &Node<'_>, tools: Tools<'_>) -> Report {
    let head = root.of("document");
    let version = head.text_of("csaf_version");
    let edition = if version == Some("2.1") { Edition::V21 } else { Edition::V20 };
    let tree = root.of("product_tree");
    let groups = tree.list_of("product_groups").iter();
    let mut document = Document {
        root,
        head,
        tracking: head.of("tracking"),
        tree,
        edition,
        groups: groups
            .filter_map(|g| Some((g.text_of("group_id")?, g.texts_of("product_ids").collect())))
            .collect(),
        report: Report::new("csaf"),
    };
    document.report.format_version = version.map(str::to_owned);
    summary(&mut document);
    let shapes = if edition == Edition::V21 { &*SHAPES_2_1 } else { &*SHAPES_2_0 };
    document.report.misfits("schema", shapes.check(root));
    if edition == Edition::V20 {
        for misfit in SHAPES_2_0.extras(root).into_iter().filter(|misfit| misfit.pointer != "/$schema") {
            document.report.tell(Severity::Warning, "6.2.20", misfit.pointer, misfit.why);
        }
    }
    products::test(&mut document);
    cvss::test(&mut document, tools);
    tracking::test(&mut document);
    vulnerability::test(&mut document);
    profile::test(&mut document);
    sharing::test(&mut document);
    notices::test(&mut document);
    let mut report = document.report;
    report.problems.sort_by(|a, b| (a.severity, &a.code, &a.place).cmp(&(b.severity, &b.code, &b.place)));
    report.problems.dedup();
    report
}

fn summary(document: &mut Document<'_>) {
    let (head, tracking) = (document.head, document.tracking);
    let products = products::defined(document.tree).len();
    let report = &mut document.report;
    report.text("title", head.text_of("title"));
    report.text("id", tracking.text_of("id"));
    report.text("revision", tracking.text_of("version"));
    report.text("status", tracking.text_of("status"));
    report.text("category", head.text_of("category"));
    report.text("publisher", head.of("publisher").text_of("name"));
    report.text("released", tracking.text_of("current_release_date"));
    report.count("products", products);
    report.count("vulnerabilities", document.root.list_of("vulnerabilities").len());
}
