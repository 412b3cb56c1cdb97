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

use crate::knowledge::{Exploited, Knowledge, Likelihood};
use crate::record::Record;
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

/// What a record adds, read from that source.
#[must_use]
pub fn part(record: &read::Record, source: read::Source, products: &Products) -> Part {
    match record {
        read::Record::Advisory(advisory) => Part::Records(vec![document::record(advisory)]),
        read::Record::Cve(cve) if cve.standing == read::Standing::Rejected => Part::Records(Vec::new()),
        read::Record::Cve(cve) if matches!(source, read::Source::Nvd | read::Source::Nvd1) => {
            Part::Records(vec![cve::nvd(cve, products)])
        }
        read::Record::Cve(cve) => Part::Records(cve::numbered(cve)),
        read::Record::Exploited(one) => Part::Exploited(
            one.cve.clone(),
            Exploited { added: one.added.clone(), due: one.due.clone(), ransomware: one.ransomware },
        ),
        read::Record::Probability(one) => {
            Part::Likelihood(one.cve.clone(), Likelihood { score: one.epss, percentile: one.percentile })
        }
        read::Record::Lifecycle(_) | read::Record::Recall(_) | read::Record::Registered(_) => Part::Nothing,
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
