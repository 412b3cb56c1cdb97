//! Neutral records of documents become knowledge.
//!
//! In: what `wardline-formats` read out of CSAF, OpenVEX, CycloneDX VEX, CVE 5, NVD, KEV and EPSS. Out: [`Knowledge`]
//! parts: records with claims and formulas, exploited vulnerabilities, likelihoods. A withdrawn CVE says nothing; what
//! a record's text leaves open stays open.

mod cve;
mod document;
mod fixes;
mod leaf;

pub use fixes::fixes;
pub use leaf::{Leaf, leaf};

use crate::formula::{Bounds, Criteria};
use crate::knowledge::{Exploited, Knowledge, Likelihood};
use crate::record::Record;
use std::collections::HashMap;
use std::sync::Arc;
use wardline_formats::record as read;
use wardline_product::Products;

/// What a record of a document adds to knowledge.
#[derive(Debug)]
pub enum Part {
    /// Records: one per voice that speaks in it.
    Records(Vec<Record>),
    /// A vulnerability known to be exploited.
    Exploited(String, Exploited),
    /// How likely exploitation is.
    Likelihood(String, Likelihood),
    /// Nothing about vulnerabilities of products.
    Nothing,
}

/// Reads records; what they have in common is kept once.
#[derive(Debug)]
pub struct Reader<'a> {
    products: &'a Products,
    /// Matches by their name and bounds: a quarter of those in the NVD are distinct.
    criteria: HashMap<String, Arc<Criteria>>,
    /// Keys by vendor and product of a CPE name.
    keys: HashMap<(String, String), Arc<str>>,
}

/// Matches kept once; beyond, each is its own.
const CRITERIA_MAX: usize = 4_000_000;

impl<'a> Reader<'a> {
    /// A reader that gives products these keys.
    #[must_use]
    pub fn new(products: &'a Products) -> Self {
        Self { products, criteria: HashMap::new(), keys: HashMap::new() }
    }

    /// What a record adds, read from that source.
    #[must_use]
    pub fn part(&mut self, record: &read::Record, source: read::Source) -> Part {
        match record {
            read::Record::Advisory(advisory) => Part::Records(vec![document::record(advisory)]),
            read::Record::Cve(cve) if cve.standing == read::Standing::Rejected => Part::Records(Vec::new()),
            read::Record::Cve(cve) if matches!(source, read::Source::Nvd | read::Source::Nvd1) => {
                Part::Records(vec![cve::nvd(cve, self)])
            }
            read::Record::Cve(cve) => Part::Records(cve::numbered(cve)),
            read::Record::Exploited(one) => Part::Exploited(
                one.cve.clone(),
                Exploited { added: one.added.clone(), due: one.due.clone(), ransomware: one.ransomware },
            ),
            read::Record::Probability(one) => {
                Part::Likelihood(one.cve.clone(), Likelihood { score: one.epss, percentile: one.percentile })
            }
            read::Record::Lifecycle(_) | read::Record::Recall(_) | read::Record::Registered(_) => {
                Part::Nothing
            }
        }
    }

    /// A match, kept once for its name and bounds; nothing for one that leaves vendor or product open.
    fn criteria(&mut self, name: &str, bounds: Bounds<'_>) -> Option<Arc<Criteria>> {
        let texts = [Some(name), bounds.from, bounds.after, bounds.up_to, bounds.below];
        let id = texts.map(Option::unwrap_or_default).join("\u{1f}");
        if let Some(known) = self.criteria.get(&id) {
            return Some(Arc::clone(known));
        }
        let (keys, products) = (&mut self.keys, self.products);
        let read = Criteria::read_with(name, bounds, |vendor, product| {
            let key = keys.entry((vendor.to_owned(), product.to_owned()));
            Arc::clone(key.or_insert_with(|| products.key_of_cpe(vendor, product).into()))
        });
        let criteria = Arc::new(read.ok()?);
        if self.criteria.len() < CRITERIA_MAX {
            self.criteria.insert(id, Arc::clone(&criteria));
        }
        Some(criteria)
    }
}

impl Knowledge {
    /// Adds what a record says.
    pub fn add_part(&mut self, part: Part, products: &Products) {
        match part {
            Part::Records(records) => records.into_iter().for_each(|record| self.add(record, products)),
            Part::Exploited(cve, entry) => self.add_exploited(cve, entry),
            Part::Likelihood(cve, likelihood) => self.add_likelihood(cve, likelihood),
            Part::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests;
