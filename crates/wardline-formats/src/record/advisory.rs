//! An advisory in neutral form: what CSAF, OpenVEX and CycloneDX VEX have in common.

use super::cve::{Reference, Score};

/// A document about products and their vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisory {
    /// `csaf`, `openvex`, `cyclonedx-vex`.
    pub format: &'static str,
    /// Version of the format.
    pub format_version: String,
    /// Id within its publisher.
    pub id: String,
    /// Revision of the document.
    pub revision: String,
    /// `draft`, `interim`, `final`; empty where the format has none.
    pub status: String,
    /// CSAF's category of the document (`csaf_security_advisory`, `csaf_vex`…).
    pub category: String,
    /// Title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// The publisher's name space.
    pub namespace: String,
    /// CSAF's category of the publisher (`vendor`, `coordinator`…).
    pub publisher_category: String,
    /// Traffic light label.
    pub tlp: String,
    /// First release, as written.
    pub released: String,
    /// Current release, as written.
    pub current: String,
    /// Notes of the document.
    pub notes: Vec<Note>,
    /// Where more is said.
    pub references: Vec<Reference>,
    /// Every product that has an id, the leaves of all branches and what relationships make of them.
    pub products: Vec<Product>,
    /// Its vulnerabilities.
    pub vulnerabilities: Vec<Vulnerability>,
}

/// A text with what it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Category.
    pub category: String,
    /// Title.
    pub title: String,
    /// Text.
    pub text: String,
}

/// A product that statements name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// Its id in the document.
    pub id: String,
    /// Its full name.
    pub name: String,
    /// The branches from the root to it: vendor, family, product name, version or range.
    pub path: Vec<Branch>,
    /// What helps to find it.
    pub identification: Identification,
    /// What it is made of, when it is a product on, in or with another.
    pub relationship: Option<Relationship>,
}

impl Product {
    /// The name of the innermost branch of a category.
    #[must_use]
    pub fn branch(&self, category: &str) -> Option<&str> {
        self.path.iter().rev().find(|branch| branch.category == category).map(|branch| branch.name.as_str())
    }
}

/// One branch of a product tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// `vendor`, `product_name`, `product_version`, `product_version_range`…
    pub category: String,
    /// Its name.
    pub name: String,
}

/// What helps to find a product (CSAF `product_identification_helper`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identification {
    /// CPE name.
    pub cpe: String,
    /// Package URLs.
    pub purls: Vec<String>,
    /// Model numbers, `*` and `?` stand for anything.
    pub models: Vec<String>,
    /// Serial numbers, `*` and `?` stand for anything.
    pub serials: Vec<String>,
    /// Stock keeping units.
    pub skus: Vec<String>,
    /// Hashes of files: algorithm and value.
    pub hashes: Vec<(String, String)>,
}

/// How a product is part of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relationship {
    /// `installed_on`, `default_component_of`, `external_component_of`…
    pub category: String,
    /// The product that is part.
    pub part: String,
    /// What it is part of, or stands on.
    pub whole: String,
}

/// A vulnerability with what is said of products.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vulnerability {
    /// Its CVE; empty where it has none.
    pub cve: String,
    /// Other ids: system and text.
    pub ids: Vec<(String, String)>,
    /// Title.
    pub title: String,
    /// CWE ids.
    pub weaknesses: Vec<String>,
    /// Notes.
    pub notes: Vec<Note>,
    /// What holds for which product; product groups are resolved.
    pub statements: Vec<Statement>,
    /// What can be done.
    pub remedies: Vec<Remedy>,
    /// CVSS vectors with the products they are for.
    pub scores: Vec<Score>,
    /// Where more is said.
    pub references: Vec<Reference>,
}

/// What holds for a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Id of the product.
    pub product: String,
    /// What holds.
    pub state: State,
    /// Why it is not affected: one of the labels that VEX knows.
    pub justification: String,
    /// What was added in words: impact or action.
    pub words: String,
    /// When it was said, as written.
    pub time: String,
}

/// What an advisory says of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Affected (CSAF `known_affected`).
    Affected,
    /// The first affected version.
    FirstAffected,
    /// The first fixed version.
    FirstFixed,
    /// Fixed.
    Fixed,
    /// Affected; the last version that is.
    LastAffected,
    /// Not affected (CSAF `known_not_affected`).
    NotAffected,
    /// The recommended version.
    Recommended,
    /// Being looked into.
    UnderInvestigation,
    /// Said to be unknown (CSAF 2.1).
    Unknown,
}

/// What can be done about a vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// `vendor_fix`, `workaround`, `mitigation`, `no_fix_planned`, `none_available`…
    pub category: String,
    /// What to do.
    pub details: String,
    /// Where.
    pub url: String,
    /// Since when, as written.
    pub date: String,
    /// For which products; empty: for all.
    pub products: Vec<String>,
}
