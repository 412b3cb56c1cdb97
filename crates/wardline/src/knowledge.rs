//! Vulnerability knowledge in a folder's database, or built in: opening, taking in, finding by product.
//!
//! A folder holds `wardline.db`; what was imported lies there as its sources gave it. Without one, the starter pack
//! speaks: facts of public-domain sources, built in, with its date.

mod import;
mod starter;

pub(crate) use import::{Outcome as Imported, import};
pub(crate) use starter::{DATED as STARTER_DATED, starter, starter_into};

use anyhow::{Context, Result};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use tokio::runtime::{Builder, Runtime};
use wardline_content::Content;
use wardline_formats::record::{self, Item, Source};
use wardline_formats::site::Alias;
use wardline_model::Device;
use wardline_product::{Applies, Makers, ProductEntry, Products, Resolved, Scheme, Takeover};
use wardline_risk::advisory::{Part, Reader};
use wardline_risk::exposure::{other_names, parts};
use wardline_risk::knowledge::{Exploited, Knowledge, Likelihood};
use wardline_risk::suppress::Suppression;
use wardline_store::{KNOWLEDGE_BATCH_MAX, KnowledgeAlias, KnowledgeRecord, Store, StoredSuppression};

/// Where knowledge lies when nobody says otherwise.
pub(crate) const DATA_DEFAULT: &str = "wardline-data";
/// The database in a folder.
const DATABASE: &str = "wardline.db";

/// Pairs of keys of products.
pub(crate) type Pairs = Vec<(String, String)>;

/// A folder's knowledge, open.
pub(crate) struct Library {
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
}

impl Library {
    /// Opens a folder's knowledge and makes it when it is not there yet.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Self::open_at(folder)
    }

    /// Opens a folder's knowledge; nothing when there is none.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>> {
        if folder.join(DATABASE).is_file() { Self::open_at(folder).map(Some) } else { Ok(None) }
    }

    fn open_at(folder: &Path) -> Result<Self> {
        Self::at(&format!("sqlite:{}", folder.join(DATABASE).display()))
            .with_context(|| format!("the knowledge in {} cannot be opened", folder.display()))
    }

    /// Opens the knowledge in a database.
    pub(crate) fn at(address: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let store = runtime.block_on(Store::open(address)).context("the database cannot be opened")?;
        Ok(Self { runtime, store })
    }

    /// The keys of a maker's products of which anything is known.
    pub(crate) fn products_of(&self, maker: &str) -> Result<Vec<String>> {
        self.runtime.block_on(async { Ok(self.store.read().await?.knowledge_products_of(maker).await?) })
    }

    /// What people said of names.
    pub(crate) fn aliases(&self) -> Result<Vec<KnowledgeAlias>> {
        Ok(self.runtime.block_on(async { self.store.read().await?.knowledge_aliases().await })?)
    }

    /// What people said of names: pairs that are one product, and pairs that are not.
    pub(crate) fn words(&self) -> Result<(Pairs, Pairs)> {
        let (same, other): (Vec<_>, Vec<_>) = self.aliases()?.into_iter().partition(|alias| alias.same);
        let pairs = |all: Vec<KnowledgeAlias>| all.into_iter().map(|one| (one.product, one.other)).collect();
        Ok((pairs(same), pairs(other)))
    }

    /// The site's statements that nobody ended; `site` is where, and those of other sites stay out.
    pub(crate) fn suppressions(&self, site: Option<&str>) -> Result<Vec<Suppression>> {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let all = self.runtime.block_on(async { self.store.read().await?.suppressions().await })?;
        let here = |one: &StoredSuppression| {
            one.ended_us == 0 && (one.site.is_empty() || Some(one.site.as_str()) == site)
        };
        let read = |one: StoredSuppression| Suppression {
            versions: if one.versions.is_empty() { Applies::all() } else { Applies::read(&one.versions) },
            until: (!one.until.is_empty()).then_some(one.until),
            today: today.clone(),
            id: one.id,
            vulnerability: one.vulnerability,
            vendor: one.vendor,
            product: one.product,
            author: one.author,
            justification: one.justification,
            reason: one.reason,
        };
        Ok(all.into_iter().filter(here).map(read).collect())
    }

    /// What is known of products: their records, and what the lists of exploited and likely vulnerabilities add.
    pub(crate) fn about(&self, keys: &[&str], products: &Products) -> Result<Knowledge> {
        let mut knowledge = Knowledge::default();
        let mut reader = Reader::new(products);
        let mut ids: Vec<String> = Vec::new();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        self.runtime.block_on(async {
            let mut tx = self.store.read().await?;
            for chunk in keys.chunks(KNOWLEDGE_BATCH_MAX) {
                for record in tx.knowledge_of_products(chunk).await? {
                    // A record that speaks of products of two batches is found twice.
                    if !seen.insert((record.source.clone(), record.id.clone())) {
                        continue;
                    }
                    if let Part::Records(records) = read_back(&record, &mut reader)? {
                        for record in records {
                            ids.extend(record.statements.iter().map(|said| said.vulnerability.clone()));
                            knowledge.add(record, products);
                        }
                    }
                }
            }
            ids.sort();
            ids.dedup();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            for chunk in ids.chunks(KNOWLEDGE_BATCH_MAX) {
                for source in [Source::Kev, Source::Epss] {
                    for record in tx.knowledge_of_ids(source.as_str(), chunk).await? {
                        knowledge.add_part(read_back(&record, &mut reader)?, products);
                    }
                }
            }
            anyhow::Ok(())
        })?;
        Ok(knowledge)
    }
}

/// The knowledge by which devices are judged: the starter pack, and what was imported.
pub(crate) struct AtHand {
    pub(crate) knowledge: Knowledge,
    /// Pairs of keys that a person said are one product.
    pub(crate) confirmed: Vec<(String, String)>,
    /// What it is, in words.
    pub(crate) words: String,
}

impl AtHand {
    /// What there is about the products of these devices.
    pub(crate) fn of(
        library: Option<&Library>,
        devices: &[Device],
        products: &Products,
        said: &[Alias],
    ) -> Result<Self> {
        let confirmed: Pairs =
            said.iter().filter(|alias| alias.same).map(|alias| alias_keys(alias, products)).collect();
        let dated = STARTER_DATED.trim();
        let Some(library) = library else {
            let knowledge = starter(products)?;
            return Ok(Self { knowledge, confirmed, words: format!("the starter pack of {dated}") });
        };
        let confirmed: Pairs = library.words()?.0.into_iter().chain(confirmed).collect();
        let mut keys: Vec<String> = Vec::new();
        for part in devices.iter().flat_map(|device| parts(device, products)) {
            keys.extend(part.products.into_iter().map(|one| one.key));
        }
        keys.sort();
        keys.dedup();
        let others: Vec<String> =
            keys.iter().flat_map(|key| other_names(key, &confirmed)).map(str::to_owned).collect();
        keys.extend(others);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut knowledge = library.about(&keys, products)?;
        starter_into(&mut knowledge, products)?;
        let words = format!("imported knowledge and the starter pack of {dated}");
        Ok(Self { knowledge, confirmed, words })
    }
}

/// Reads a kept record again.
fn read_back(record: &KnowledgeRecord, reader: &mut Reader<'_>) -> Result<Part> {
    let body = zstd::decode_all(record.body.as_slice()).with_context(|| {
        format!("the record {} of {} is damaged; import it again", record.id, record.source)
    })?;
    if let Some(part) = short(&record.source, &record.id, &body) {
        return Ok(part);
    }
    let mut found = Part::Nothing;
    let mut read = None;
    let ended = record::read(&mut body.as_slice(), &mut |item| {
        if let Item::Record { record, .. } = item {
            read = Some(record);
        }
        ControlFlow::Continue(())
    })?;
    if let (Some(read), Some(source)) = (read, ended.source) {
        found = reader.part(&read, source);
    }
    Ok(found)
}

/// Rows of lists, kept as a line of fields.
fn short(source: &str, id: &str, body: &[u8]) -> Option<Part> {
    let text = std::str::from_utf8(body).ok()?;
    let mut fields = text.split('\u{1f}');
    let mut next = || fields.next().unwrap_or_default();
    if source == Source::Kev.as_str() {
        let entry = Exploited { added: next().to_owned(), due: next().to_owned(), ransomware: next() == "1" };
        return Some(Part::Exploited(id.to_owned(), entry));
    }
    if source == Source::Epss.as_str() {
        let likelihood = Likelihood { score: next().parse().ok()?, percentile: next().parse().ok()? };
        return Some(Part::Likelihood(id.to_owned(), likelihood));
    }
    None
}

/// The products of our content.
pub(crate) fn products(content: &Content) -> Products {
    let makers = Makers::new(content.makers.values().map(|maker| (&maker.name, &maker.aliases)));
    let takeovers = content.successions.values();
    let takeovers = takeovers.map(|one| Takeover { from: one.from.clone(), to: one.to.clone() }).collect();
    let entries = content.products.values().map(|entry| ProductEntry {
        maker: entry.maker.clone(),
        name: entry.name.clone(),
        aliases: entry.aliases.clone(),
        vendors: entry.vendors.clone(),
        cpe: entry.cpe.clone(),
        scheme: entry.scheme.as_deref().and_then(Scheme::by_name).unwrap_or_default(),
        alone: entry.alone,
        in_place: entry.in_place,
        builds: entry.builds.clone(),
    });
    Products::new(makers, takeovers, entries.collect())
}

/// The keys of two names.
pub(crate) fn alias_keys(alias: &Alias, products: &Products) -> (String, String) {
    (products.key(&alias.vendor, &alias.product), products.key(&alias.other_vendor, &alias.other))
}

/// The part of a key that a maker's products share.
pub(crate) fn maker_of(key: &str) -> &str {
    key.split_once('|').map_or(key, |(maker, _)| maker)
}

/// The keys under which a product may be known: its own, those a person confirmed, and those merely alike with how
/// alike and why, but for those that a person rejected.
pub(crate) fn candidates<'a>(
    resolved: &Resolved,
    known: &'a [String],
    confirmed: &[(String, String)],
    rejected: &[(String, String)],
) -> (Vec<&'a str>, Vec<(&'a str, f64, String)>) {
    let is_among = |pairs: &[(String, String)], key: &str| {
        pairs.iter().any(|(a, b)| (a == key && *b == resolved.key) || (b == key && *a == resolved.key))
    };
    let same: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|key| *key == resolved.key || is_among(confirmed, key))
        .collect();
    let mut alike: Vec<(&str, f64, String)> = known
        .iter()
        .filter(|key| !same.contains(&key.as_str()) && !is_among(rejected, key))
        .filter_map(|key| {
            wardline_product::likeness(&resolved.key, key).map(|like| (key.as_str(), like.score, like.why))
        })
        .collect();
    alike.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    (same, alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_of_our_content_is_known() {
        let content = Content::embedded().unwrap();
        for entry in content.products.values() {
            if let Some(scheme) = &entry.scheme {
                assert!(Scheme::by_name(scheme).is_some(), "{} {}: {scheme}", entry.maker, entry.name);
            }
        }
        let products = products(&content);
        for entry in content.products.values() {
            let key = products.key(&entry.maker, &entry.name);
            for alias in &entry.aliases {
                assert_eq!(products.key(&entry.maker, alias), key, "{} {alias}", entry.maker);
            }
        }
    }
}
