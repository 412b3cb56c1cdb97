//! Everything known of vulnerabilities, by product, and what it says of a device.
//!
//! In: records, the catalogue of exploited vulnerabilities (KEV), likelihoods of exploitation (EPSS), a site's own
//! statements; then a device. Out: one finding per vulnerability that any source speaks of for that product, sorted
//! by identifier: verdict, chain of reasons, each source's own word, score, fixes. Pure; the caller brings products.

use crate::cvss::Vector;
use crate::judge::{self, Said};
use crate::record::{Claim, Record, Statement, Treatment, Verdict};
use crate::settle::{Word, settle};
use crate::ssvc::{Decision, Points};
use crate::subject::Subject;
use crate::suppress::Suppression;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use wardline_product::{Products, likeness};

/// Where a statement stands: its record and its place in it.
type Place = (u32, u32);

/// All knowledge, indexed by product.
#[derive(Debug, Default)]
pub struct Knowledge {
    records: Vec<Record>,
    by_product: HashMap<Arc<str>, Vec<Place>>,
    exploited: BTreeMap<String, Exploited>,
    likelihood: HashMap<String, Likelihood>,
}

/// An entry of the catalogue of exploited vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exploited {
    /// When it was added.
    pub added: String,
    /// Until when agencies must act.
    pub due: String,
    /// Whether ransomware uses it.
    pub ransomware: bool,
}

/// How likely exploitation is within thirty days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likelihood {
    /// From 0 to 1.
    pub score: f64,
    /// The share of vulnerabilities that are less likely to be.
    pub percentile: f64,
}

/// A vulnerability of a device.
#[derive(Clone, Debug)]
pub struct Matched {
    /// The CVE number, or the advisory's own identifier.
    pub id: String,
    /// What is concluded.
    pub verdict: Verdict,
    /// Why, in order.
    pub reasons: Vec<String>,
    /// Each source's own word: the advisory and its verdict.
    pub sources: Vec<(String, Verdict)>,
    /// The score that counts.
    pub cvss: Option<Vector>,
    /// CISA's points.
    pub ssvc: Option<Points>,
    /// Whether it is known to be exploited.
    pub exploited: Option<Exploited>,
    /// How likely exploitation is.
    pub likelihood: Option<Likelihood>,
    /// Versions said to be free of it.
    pub fixed_in: Vec<String>,
    /// What to do.
    pub treatments: Vec<Treatment>,
    /// The score with this device's environment, where its class sets one.
    pub environmental: Option<Vector>,
    /// What to do how soon, by CISA's tree and what depends on the device.
    pub decision: Option<Decision>,
    /// What depends on the device, in words; empty where no device is judged.
    pub context: String,
    /// The site's statement that settles it, where one does.
    pub suppressed: Option<Suppression>,
}

impl Knowledge {
    /// Adds a record.
    pub fn add(&mut self, mut record: Record, products: &Products) {
        let Ok(number) = u32::try_from(self.records.len()) else { return };
        let mut keys: Vec<(Arc<str>, u32)> = Vec::new();
        for (place, statement) in record.statements.iter_mut().enumerate() {
            statement.claims.iter_mut().for_each(|claim| claim.keys = claim_keys(claim, products));
            let Ok(place) = u32::try_from(place) else { break };
            keys.extend(keys_of(statement).into_iter().map(|key| (key, place)));
        }
        for (key, place) in keys {
            let places = self.by_product.entry(key).or_default();
            if places.last() != Some(&(number, place)) {
                places.push((number, place));
            }
        }
        self.records.push(record);
    }

    /// Adds an entry of the catalogue of exploited vulnerabilities.
    pub fn add_exploited(&mut self, cve: String, entry: Exploited) {
        self.exploited.insert(cve, entry);
    }

    /// Adds a likelihood of exploitation.
    pub fn add_likelihood(&mut self, cve: String, likelihood: Likelihood) {
        self.likelihood.insert(cve, likelihood);
    }

    /// The identifiers of its records.
    #[must_use]
    pub fn advisories(&self) -> HashSet<String> {
        self.records.iter().map(|record| record.advisory.clone()).collect()
    }

    /// Whether a vulnerability is known to be exploited.
    #[must_use]
    pub fn is_exploited(&self, cve: &str) -> bool {
        self.exploited.contains_key(cve)
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many products it speaks of.
    #[must_use]
    pub fn products(&self) -> usize {
        self.by_product.len()
    }

    /// Whether anything is known of the product with that key.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.by_product.contains_key(key)
    }

    /// The keys of a maker's products of which anything is known, in order.
    #[must_use]
    pub fn products_of(&self, maker: &str) -> Vec<String> {
        let of = |key: &&Arc<str>| key.split_once('|').is_some_and(|(own, _)| own == maker);
        let mut keys: Vec<String> = self.by_product.keys().filter(of).map(|key| key.to_string()).collect();
        keys.sort();
        keys
    }

    /// The keys of products alike, with how alike and why, the most alike first.
    #[must_use]
    pub fn alike(&self, key: &str) -> Vec<(&str, f64, String)> {
        let mut alike: Vec<(&str, f64, String)> = self
            .by_product
            .keys()
            .filter_map(|other| likeness(key, other).map(|like| (&**other, like.score, like.why)))
            .collect();
        alike.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        alike
    }

    /// What is known of a device.
    #[must_use]
    pub fn judge(
        &self,
        subject: &Subject,
        products: &Products,
        suppressions: &[Suppression],
    ) -> Vec<Matched> {
        let places = self.by_product.get(subject.key.as_str()).map_or(&[][..], Vec::as_slice);
        self.judge_places(subject, products, suppressions, places)
    }

    /// What is known of a product that is only alike: never more than possible.
    #[must_use]
    pub fn judge_alike(
        &self,
        subject: &Subject,
        other: &str,
        why: &str,
        products: &Products,
    ) -> Vec<Matched> {
        let places = self.by_product.get(other).map_or(&[][..], Vec::as_slice);
        let as_other = Subject { key: other.to_owned(), ..subject.clone() };
        let mut matched = self.judge_places(&as_other, products, &[], places);
        let shown = other.replace('|', " ");
        for one in &mut matched {
            one.reasons.insert(
                0,
                format!(
                    "the sources speak of {shown}: {why}; a person has to confirm that it is this product"
                ),
            );
            one.verdict = match one.verdict {
                Verdict::Affected | Verdict::Possible => Verdict::Possible,
                _ => Verdict::Unknown,
            };
        }
        matched
    }

    fn judge_places(
        &self,
        subject: &Subject,
        products: &Products,
        suppressions: &[Suppression],
        places: &[Place],
    ) -> Vec<Matched> {
        let mut by_id: BTreeMap<&str, Vec<(&Record, &Statement, Said)>> = BTreeMap::new();
        for (record, statement) in places.iter().filter_map(|place| self.at(*place)) {
            if let Some(said) = judge::judge(statement, subject) {
                by_id.entry(&statement.vulnerability).or_default().push((record, statement, said));
            }
        }
        let found = by_id.into_iter().filter_map(|(id, heard)| self.matched(id, heard, subject));
        found.map(|matched| crate::suppress::apply(matched, subject, products, suppressions)).collect()
    }

    fn at(&self, (record, statement): Place) -> Option<(&Record, &Statement)> {
        let record = self.records.get(usize::try_from(record).ok()?)?;
        Some((record, record.statements.get(usize::try_from(statement).ok()?)?))
    }

    fn matched(
        &self,
        id: &str,
        heard: Vec<(&Record, &Statement, Said)>,
        subject: &Subject,
    ) -> Option<Matched> {
        let mut vectors: Vec<(crate::record::Source, Vector)> = Vec::new();
        let mut treatments = Vec::new();
        let mut ssvc = None;
        let mut words = Vec::with_capacity(heard.len());
        let mut fixed_in: Vec<String> = Vec::new();
        for (record, statement, said) in heard {
            vectors.extend(
                statement.vectors.iter().filter_map(|text| Some((record.source, Vector::parse(text).ok()?))),
            );
            let own = statement.claims.iter().filter(|claim| claim.is_of(subject));
            for treatment in own.flat_map(|claim| &claim.treatments) {
                if !treatments.contains(treatment) {
                    treatments.push(treatment.clone());
                }
            }
            ssvc = ssvc.or(statement.ssvc);
            for version in &said.fixed_in {
                if !fixed_in.contains(version) {
                    fixed_in.push(version.clone());
                }
            }
            words.push(Word {
                advisory: record.advisory.clone(),
                source: record.source,
                updated: record.updated.clone(),
                said,
            });
        }
        let settled = settle(&mut words)?;
        // The nearest source's newest version of the standard.
        vectors.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.version().cmp(&a.1.version())));
        Some(Matched {
            id: id.to_owned(),
            verdict: settled.verdict,
            reasons: settled.reasons,
            sources: words.into_iter().map(|word| (word.advisory, word.said.verdict)).collect(),
            cvss: vectors.into_iter().next().map(|(_, vector)| vector),
            ssvc,
            exploited: self.exploited.get(id).cloned(),
            likelihood: self.likelihood.get(id).copied(),
            fixed_in,
            treatments,
            environmental: None,
            decision: None,
            context: String::new(),
            suppressed: None,
        })
    }
}

/// The keys of a claim's product.
fn claim_keys(claim: &Claim, products: &Products) -> Vec<Arc<str>> {
    let own = products.key(&claim.vendor, &claim.product);
    let listed = claim.cpes.iter().filter_map(|cpe| judge::cpe_key(cpe, products));
    let mut keys: Vec<Arc<str>> = std::iter::once(own).chain(listed).map(Arc::from).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The keys of the products that a record speaks of as vulnerable or claimed: what finds it again.
#[must_use]
pub fn record_keys(record: &Record, products: &Products) -> Vec<Arc<str>> {
    let claims = record.statements.iter().flat_map(|statement| &statement.claims);
    let mut keys: Vec<Arc<str>> = claims.flat_map(|claim| claim_keys(claim, products)).collect();
    keys.extend(record.statements.iter().flat_map(keys_of));
    keys.sort();
    keys.dedup();
    keys
}

fn keys_of(statement: &Statement) -> Vec<Arc<str>> {
    let mut keys: Vec<Arc<str>> = statement.claims.iter().flat_map(|claim| claim.keys.clone()).collect();
    if let Some(formula) = &statement.formula {
        formula.each_match(&mut |found| {
            if found.vulnerable {
                keys.push(Arc::clone(&found.criteria.key));
            }
        });
    }
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests;
