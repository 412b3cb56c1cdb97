//! Products by any of their names.
//!
//! In: makers with their names, who took over whom, and curated products with their aliases, CPE names and version
//! schemes (from `data/`, handed over by the caller). Then a vendor and a product as an advisory, a record or a
//! device writes them. Out: one key for one product. Two texts with one key are the same product: they are names of
//! one curated entry, or equal but for case, accents, punctuation, the maker's name in front and `firmware` behind.
//! Whatever is merely alike has another key; [`likeness`] says how alike, in words, for a person to decide.

mod likeness;

pub use likeness::{Likeness, likeness};

use crate::cpe::{Attribute, Cpe};
use crate::maker::Makers;
use crate::name::{full_forms, short_forms};
use crate::version::Scheme;
use std::collections::BTreeMap;

/// How many takeovers are followed from one maker to the next: more are a circle.
const TAKEOVERS_MAX: usize = 8;

/// A curated product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductEntry {
    /// Who makes it now, by canonical name.
    pub maker: String,
    /// What it is called.
    pub name: String,
    /// Other names it goes by.
    pub aliases: Vec<String>,
    /// Other vendors under whose name it was sold or written of, misspelt ones included.
    pub vendors: Vec<String>,
    /// Its names in CPE, `vendor:product`.
    pub cpe: Vec<String>,
    /// How its versions are read.
    pub scheme: Scheme,
    /// Whether the name alone means this product, whoever makes the device that says it.
    pub alone: bool,
    /// Whether updates leave the version that a device shows as it was.
    pub in_place: bool,
    /// Builds by which an operating system says that it may be this one.
    pub builds: Vec<String>,
}

/// One maker's name for another: former names and takeovers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// The former maker.
    pub from: String,
    /// Who answers for its products now.
    pub to: String,
}

/// Which product a name means.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Equal for equal products.
    pub key: String,
    /// The maker as we show it, where it is known.
    pub maker: String,
    /// The product as we show it.
    pub product: String,
    /// How its versions are read.
    pub scheme: Scheme,
    /// Whether updates leave the version that a device shows as it was.
    pub in_place: bool,
    /// How sure the name is: 1 where it is a listed name.
    pub confidence: f64,
    /// Why, in words.
    pub why: String,
}

/// All curated products.
#[derive(Clone, Debug, Default)]
pub struct Products {
    makers: Makers,
    successors: BTreeMap<String, String>,
    entries: Vec<ProductEntry>,
    by_name: BTreeMap<String, usize>,
    by_cpe: BTreeMap<(String, String), usize>,
    by_name_alone: BTreeMap<String, usize>,
}

impl Products {
    /// The products of a list, with the makers and takeovers that give vendors one name.
    #[must_use]
    pub fn new(makers: Makers, takeovers: Vec<Takeover>, entries: Vec<ProductEntry>) -> Self {
        let mut all = Self { makers, ..Self::default() };
        for takeover in takeovers {
            let from = all.vendor(&takeover.from).1;
            let to = all.vendor(&takeover.to).1;
            all.successors.insert(from, to);
        }
        for (index, entry) in entries.iter().enumerate() {
            for vendor in std::iter::once(&entry.maker).chain(&entry.vendors) {
                for name in std::iter::once(&entry.name).chain(&entry.aliases) {
                    all.by_name.entry(all.plain_key(vendor, name)).or_insert(index);
                }
            }
            for name in std::iter::once(&entry.name).chain(&entry.aliases).filter(|_| entry.alone) {
                all.by_name_alone.entry(all.product_words("", name).join(" ")).or_insert(index);
            }
            for (vendor, product) in entry.cpe.iter().filter_map(|cpe| cpe.split_once(':')) {
                all.by_cpe.entry((vendor.to_lowercase(), product.to_lowercase())).or_insert(index);
            }
        }
        all.entries = entries;
        all
    }

    /// Which product the two names mean. Every name means one; whether anything is known of it is another question.
    #[must_use]
    pub fn resolve(&self, vendor: &str, product: &str) -> Resolved {
        let key = self.plain_key(vendor, product);
        match self.by_name.get(&key).and_then(|index| self.entries.get(*index)) {
            Some(entry) => self.curated(entry, &format!("{vendor} {product} is a listed name")),
            None => Resolved {
                key,
                maker: self.vendor(vendor).0,
                product: product.trim().to_owned(),
                scheme: Scheme::default(),
                in_place: false,
                confidence: 0.95,
                why: "the names are taken as they are: no entry lists others for this product".to_owned(),
            },
        }
    }

    /// The product that a name means without its maker; nothing when the name could be anybody's.
    #[must_use]
    pub fn resolve_alone(&self, name: &str) -> Option<Resolved> {
        let entry = self.by_name_alone.get(&self.product_words("", name).join(" "));
        let entry = entry.and_then(|index| self.entries.get(*index))?;
        Some(self.curated(entry, &format!("{name} is a name by itself")))
    }

    /// The operating systems that say they are of that build.
    #[must_use]
    pub fn of_build(&self, build: &str) -> Vec<Resolved> {
        let of = |entry: &&ProductEntry| entry.builds.iter().any(|own| own == build);
        let why = format!("{build} is a build");
        self.entries.iter().filter(of).map(|entry| self.curated(entry, &why)).collect()
    }

    /// Which product a CPE name means; nothing when it leaves vendor or product open.
    #[must_use]
    pub fn resolve_cpe(&self, cpe: &Cpe) -> Option<Resolved> {
        let (vendor, product) = (cpe.text(Attribute::Vendor)?, cpe.text(Attribute::Product)?);
        let named = self.by_cpe.get(&(vendor.to_owned(), product.to_owned()));
        if let Some(entry) = named.and_then(|index| self.entries.get(*index)) {
            return Some(self.curated(entry, &format!("{vendor}:{product} is a listed CPE name")));
        }
        Some(self.resolve(&spaced(vendor), &spaced(product)))
    }

    /// The key of a CPE name's vendor and product.
    #[must_use]
    pub fn key_of_cpe(&self, vendor: &str, product: &str) -> String {
        match self
            .by_cpe
            .get(&(vendor.to_owned(), product.to_owned()))
            .and_then(|index| self.entries.get(*index))
        {
            Some(entry) => self.entry_key(entry),
            None => self.key(&spaced(vendor), &spaced(product)),
        }
    }

    /// The key of a vendor's product.
    #[must_use]
    pub fn key(&self, vendor: &str, product: &str) -> String {
        let key = self.plain_key(vendor, product);
        match self.by_name.get(&key).and_then(|index| self.entries.get(*index)) {
            Some(entry) => self.entry_key(entry),
            None => key,
        }
    }

    /// The part of keys that all products of one maker share.
    #[must_use]
    pub fn maker_key(&self, vendor: &str) -> String {
        let mut key = self.vendor(vendor).1;
        for _ in 0..TAKEOVERS_MAX {
            match self.successors.get(&key) {
                Some(next) => key.clone_from(next),
                None => break,
            }
        }
        key
    }

    /// The makers known.
    #[must_use]
    pub fn makers(&self) -> &Makers {
        &self.makers
    }

    /// The curated entries.
    #[must_use]
    pub fn entries(&self) -> &[ProductEntry] {
        &self.entries
    }

    /// The CPE names of the product with that key, `vendor` and `product`.
    pub fn cpe_names<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.by_cpe
            .iter()
            .filter(move |(_, index)| {
                self.entries.get(**index).is_some_and(|entry| self.entry_key(entry) == key)
            })
            .map(|((vendor, product), _)| (vendor.as_str(), product.as_str()))
    }

    fn curated(&self, entry: &ProductEntry, why: &str) -> Resolved {
        Resolved {
            key: self.entry_key(entry),
            maker: entry.maker.clone(),
            product: entry.name.clone(),
            scheme: entry.scheme,
            in_place: entry.in_place,
            confidence: 1.0,
            why: format!("{why} of {} {}", entry.maker, entry.name),
        }
    }

    fn entry_key(&self, entry: &ProductEntry) -> String {
        self.plain_key(&entry.maker, &entry.name)
    }

    fn plain_key(&self, vendor: &str, product: &str) -> String {
        let maker = self.maker_key(vendor);
        let name = self.product_words(vendor, product).join(" ");
        format!("{maker}|{name}")
    }

    /// The words of a product's name without the maker's in front and `firmware` behind.
    fn product_words(&self, vendor: &str, product: &str) -> Vec<String> {
        let plain: String = product.chars().filter(|c| !matches!(c, '™' | '®' | '©')).collect();
        let form = full_forms(&plain).into_iter().next().unwrap_or_default();
        let mut words: Vec<String> =
            form.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let (shown, _) = self.vendor(vendor);
        // A maker's name may stand there twice ("Baxter Baxter Connex").
        loop {
            let length = [vendor, shown.as_str()]
                .iter()
                .flat_map(|name| vendor_forms(name))
                .map(|form| form.split(' ').map(str::to_owned).collect::<Vec<_>>())
                .filter(|form| words.len() > form.len() && words.starts_with(form))
                .map(|form| form.len())
                .max();
            match length {
                Some(length) => drop(words.drain(..length)),
                None => break,
            }
        }
        if words.len() > 1 && words.last().is_some_and(|word| word == "firmware") {
            words.pop();
        }
        words
    }

    /// The maker's name as we show it, and in the form that compares.
    fn vendor(&self, vendor: &str) -> (String, String) {
        for part in vendor_parts(vendor) {
            if let Some(maker) = self.makers.resolve(&part) {
                let key = short_forms(maker.canonical).into_iter().next().unwrap_or_default();
                return (maker.canonical.to_owned(), key);
            }
        }
        let key = short_forms(vendor).into_iter().next().unwrap_or_else(|| vendor.trim().to_lowercase());
        (vendor.trim().to_owned(), key)
    }
}

/// A vendor's text whole, without brackets, and what the brackets hold.
fn vendor_parts(vendor: &str) -> Vec<String> {
    let mut parts = vec![vendor.to_owned()];
    if let Some((before, rest)) = vendor.split_once('(') {
        let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
        parts.push(format!("{before}{after}"));
        parts.push(inside.to_owned());
    }
    parts
}

fn vendor_forms(vendor: &str) -> Vec<String> {
    let mut forms: Vec<String> = vendor_parts(vendor)
        .iter()
        .flat_map(|part| [full_forms(part), short_forms(part)])
        .flatten()
        .collect();
    forms.retain(|form| !form.is_empty());
    forms
}

fn spaced(text: &str) -> String {
    text.replace('_', " ")
}

#[cfg(test)]
mod tests;
