//! Content put together: built-in files first, a site's files over them, all of it checked.

use crate::document::Document;
use crate::embedded::FILES;
use crate::error::{ContentError, Problem};
use crate::kind::class::DeviceClass;
use crate::kind::component::ComponentNames;
use crate::kind::detection::{RawWeakness, Weakness};
use crate::kind::enterprise::Enterprise;
use crate::kind::feed::FeedSource;
use crate::kind::fingerprint::{Conclusion, Defaults, Fingerprint, Fingerprints, RawFingerprint};
use crate::kind::inference::{Advice, Inference, RawAdvice, RawInference};
use crate::kind::maker::MakerEntry;
use crate::kind::os_lifecycle::{OsLifecycle, RawOsRelease};
use crate::kind::oui::{OuiTable, RawOuiFlag};
use crate::kind::product::{ProductNames, Succession};
use crate::kind::recog;
use crate::kind::usage::{RawUsage, UsageRule};
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Mac};

/// How sure a vendor is that only a registered address or number names.
const REGISTRY_CONFIDENCE: u8 = 50;
/// The same for makers of network modules: the module is theirs, the device hardly ever.
const MODULE_CONFIDENCE: u8 = 10;

/// All content, checked.
#[derive(Debug, Default)]
pub struct Content {
    /// What clues say about devices.
    pub fingerprints: Fingerprints,
    /// Who registered network addresses.
    pub oui: OuiTable,
    /// Who registered enterprise numbers.
    pub enterprises: BTreeMap<u32, Enterprise>,
    /// Manufacturers by canonical name.
    pub makers: BTreeMap<String, MakerEntry>,
    /// Products by maker and name.
    pub products: BTreeMap<String, ProductNames>,
    /// Who answers for the products of another, by the former maker.
    pub successions: BTreeMap<String, Succession>,
    /// Sources of vulnerability knowledge, by name.
    pub feeds: BTreeMap<String, FeedSource>,
    /// What several signs together say, by id.
    pub inferences: BTreeMap<String, Inference>,
    /// What to observe next, the best first.
    pub advice: Vec<Advice>,
    /// Which part of a device software is, by entry.
    pub components: BTreeMap<String, ComponentNames>,
    /// What shows that a device is in use, by id.
    pub usages: BTreeMap<String, UsageRule>,
    /// Device classes by code.
    pub classes: BTreeMap<String, DeviceClass>,
    /// Rules of the finding catalogue by id.
    pub weaknesses: BTreeMap<String, Weakness>,
    /// Until when operating systems are supported.
    pub os_lifecycle: OsLifecycle,
    /// What of a site's files was left out without harm to the rest: patterns of other engines, other files.
    pub left_out: Vec<Problem>,
}

impl Content {
    /// The built-in content.
    ///
    /// # Errors
    /// When a built-in entry is wrong: a test keeps that from being released.
    pub fn embedded() -> Result<Self, ContentError> {
        Self::with_overlay(&[])
    }

    /// The built-in content with a site's files over it: name and bytes, in the order in which they count; a
    /// later entry of the same id replaces an earlier one. `.toml` in our own form, `.tsv` registry tables,
    /// `.xml` in Recog's form.
    ///
    /// # Errors
    /// Every wrong entry, by file and id.
    pub fn with_overlay(files: &[(&str, &[u8])]) -> Result<Self, ContentError> {
        let mut gathered = Gathered { oui: OuiTable::embedded(), ..Gathered::default() };
        for (name, bytes) in FILES {
            gathered.add_file(Layer::BuiltIn, name, bytes);
        }
        for (name, bytes) in files {
            gathered.add_file(Layer::Site, name, bytes);
        }
        gathered.check()
    }

    /// Whether anything is known to say something of such a clue.
    #[must_use]
    pub fn reads(&self, clue: Attribute) -> bool {
        matches!(clue, Attribute::SnmpObjectId | Attribute::Mac) || self.fingerprints.reads(clue)
    }

    /// What a clue says: fingerprints, and for object identifiers and MAC addresses their registries.
    #[must_use]
    pub fn conclude(&self, clue: Attribute, text: &str) -> Vec<Conclusion> {
        let mut conclusions = self.fingerprints.read(clue, text);
        match clue {
            Attribute::SnmpObjectId => conclusions.extend(self.conclude_enterprise(text)),
            Attribute::Mac => conclusions.extend(self.conclude_oui(text)),
            _ => {}
        }
        conclusions
    }

    fn conclude_enterprise(&self, object_id: &str) -> Option<Conclusion> {
        let enterprise = self.enterprises.get(&Enterprise::number_of(object_id)?)?;
        let (attribute, value) = match (&enterprise.vendor, &enterprise.software) {
            (Some(vendor), _) => (Attribute::Vendor, vendor),
            (None, Some(software)) => (Attribute::Software, software),
            (None, None) => return None,
        };
        Some(Conclusion {
            attribute,
            value: value.clone(),
            version: None,
            confidence: REGISTRY_CONFIDENCE,
            rule: format!("enterprise:{}", enterprise.number),
            source: "IANA private enterprise numbers".to_owned(),
        })
    }

    fn conclude_oui(&self, mac: &str) -> Option<Conclusion> {
        let oui = self.oui.lookup(read_mac(mac)?)?;
        if oui.flags.virtual_machine {
            return None;
        }
        Some(Conclusion {
            attribute: Attribute::Vendor,
            value: oui.maker.to_owned(),
            version: None,
            confidence: if oui.flags.module { MODULE_CONFIDENCE } else { REGISTRY_CONFIDENCE },
            rule: if oui.flags.module { "oui:module".to_owned() } else { "oui".to_owned() },
            source: "IEEE registration authority public listing".to_owned(),
        })
    }
}

fn read_mac(text: &str) -> Option<Mac> {
    let mut bytes = [0_u8; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(bytes))
}

/// Which files: an id is unique within its layer and replaces the layer below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    BuiltIn,
    Site,
}

/// An entry as written, with where it stands.
struct Placed<T> {
    layer: Layer,
    file: String,
    entry: T,
}

/// Entries by id, as written.
type Shelf<K, T> = BTreeMap<K, Placed<T>>;

/// Everything read, not yet checked.
#[derive(Default)]
struct Gathered {
    fingerprints: Shelf<String, (Defaults, RawFingerprint)>,
    /// Entries of Recog files, which are checked as they are read.
    foreign: Vec<Fingerprint>,
    classes: Shelf<String, DeviceClass>,
    inferences: Shelf<String, (Defaults, RawInference)>,
    advice: Shelf<String, RawAdvice>,
    components: Shelf<String, ComponentNames>,
    usages: Shelf<String, RawUsage>,
    makers: Shelf<String, MakerEntry>,
    products: Shelf<String, ProductNames>,
    successions: Shelf<String, Succession>,
    feeds: Shelf<String, FeedSource>,
    enterprises: Shelf<u32, Enterprise>,
    oui_flags: Shelf<String, RawOuiFlag>,
    releases: Shelf<String, (Option<String>, RawOsRelease)>,
    weaknesses: Shelf<String, RawWeakness>,
    oui: OuiTable,
    problems: Vec<Problem>,
    left_out: Vec<Problem>,
}

impl Gathered {
    fn add_file(&mut self, layer: Layer, name: &str, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.problems.push(Problem::new(name, "", "is not UTF-8 text"));
            return;
        };
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("toml") => match Document::parse(text) {
                Ok(document) => self.add_document(layer, name, document),
                Err(what) => self.problems.push(Problem::new(name, "", what)),
            },
            Some("tsv") => {
                for (line, what) in self.oui.add(text) {
                    self.problems.push(Problem::new(name, &format!("line {line}"), what));
                }
            }
            Some("xml") => match recog::read(name, text) {
                Ok(file) => {
                    self.foreign.extend(file.fingerprints);
                    self.left_out.extend(file.left_out);
                }
                Err(what) => self.problems.push(Problem::new(name, "", what)),
            },
            Some("md") => {}
            _ => self.left_out.push(Problem::new(name, "", "is of no kind known here")),
        }
    }

    fn add_document(&mut self, layer: Layer, file: &str, document: Document) {
        let problems = &mut self.problems;
        let defaults = document.default;
        for entry in document.fingerprint {
            let id = entry.id.clone();
            place(&mut self.fingerprints, id, layer, file, (defaults.clone(), entry), problems);
        }
        for entry in document.class {
            place(&mut self.classes, entry.code.clone(), layer, file, entry, problems);
        }
        for entry in document.inference {
            let id = entry.id.clone();
            place(&mut self.inferences, id, layer, file, (defaults.clone(), entry), problems);
        }
        for entry in document.advice {
            place(&mut self.advice, entry.id.clone(), layer, file, entry, problems);
        }
        for entry in document.component {
            place(&mut self.components, entry.id.clone(), layer, file, entry, problems);
        }
        for entry in document.usage {
            place(&mut self.usages, entry.id.clone(), layer, file, entry, problems);
        }
        for entry in document.maker {
            place(&mut self.makers, entry.name.clone(), layer, file, entry, problems);
        }
        for entry in document.product {
            let id = format!("{} {}", entry.maker, entry.name);
            place(&mut self.products, id, layer, file, entry, problems);
        }
        for entry in document.feed {
            place(&mut self.feeds, entry.name.clone(), layer, file, entry, problems);
        }
        for entry in document.succession {
            place(&mut self.successions, entry.from.clone(), layer, file, entry, problems);
        }
        for entry in document.enterprise {
            place(&mut self.enterprises, entry.number, layer, file, entry, problems);
        }
        for entry in document.oui_flag {
            place(&mut self.oui_flags, entry.id.clone(), layer, file, entry, problems);
        }
        for entry in document.os {
            let id = entry.id.clone();
            place(&mut self.releases, id, layer, file, (defaults.source.clone(), entry), problems);
        }
        for entry in document.weakness {
            place(&mut self.weaknesses, entry.id.clone(), layer, file, entry, problems);
        }
    }

    fn check(mut self) -> Result<Content, ContentError> {
        let mut problems = std::mem::take(&mut self.problems);
        let classes = check_shelf(self.classes, &mut problems, |_, class| class.check().map(|()| class));
        let codes: BTreeSet<String> = classes.keys().cloned().collect();
        let ids: BTreeSet<String> = self.fingerprints.keys().cloned().collect();
        let fingerprints = check_shelf(self.fingerprints, &mut problems, |layer, (defaults, raw)| {
            let entry = raw.check(&defaults, &codes, layer == Layer::BuiltIn)?;
            if let Some(unknown) = entry.supersedes.iter().find(|id| !ids.contains(*id)) {
                return Err(format!("supersedes `{unknown}`, which does not exist"));
            }
            Ok(entry)
        });
        let inferences = check_shelf(self.inferences, &mut problems, |layer, (defaults, raw)| {
            raw.check(&defaults, &codes, layer == Layer::BuiltIn)
        });
        let advice = check_shelf(self.advice, &mut problems, |layer, raw| raw.check(layer == Layer::BuiltIn));
        let mut advice: Vec<Advice> = advice.into_values().collect();
        advice.sort_by(|a, b| (a.rank, &a.id).cmp(&(b.rank, &b.id)));
        let components =
            check_shelf(self.components, &mut problems, |_, entry| entry.check().map(|()| entry));
        let usages = check_shelf(self.usages, &mut problems, |layer, raw| raw.check(layer == Layer::BuiltIn));
        let makers = check_shelf(self.makers, &mut problems, |_, maker| maker.check().map(|()| maker));
        for maker in makers.values() {
            if let Some(unknown) = maker.clinical.as_ref().filter(|name| !makers.contains_key(*name)) {
                problems.push(Problem::new("", &maker.name, format!("`{unknown}` is not a listed maker")));
            }
        }
        let is_maker = |name: &str| makers.contains_key(name);
        let products =
            check_shelf(self.products, &mut problems, |_, entry| entry.check(is_maker).map(|()| entry));
        let successions =
            check_shelf(self.successions, &mut problems, |_, entry| entry.check(is_maker).map(|()| entry));
        let feeds = check_shelf(self.feeds, &mut problems, |_, feed| feed.check().map(|()| feed));
        let enterprises = check_shelf(self.enterprises, &mut problems, |_, e| e.check().map(|()| e));
        let weaknesses = check_shelf(self.weaknesses, &mut problems, |_, raw| raw.check());
        let releases = check_shelf(self.releases, &mut problems, |layer, (source, raw)| {
            raw.check(source.as_deref(), layer == Layer::BuiltIn)
        });
        for (id, placed) in self.oui_flags {
            for name in self.oui.flag(placed.entry.flag, &placed.entry.names) {
                problems.push(Problem::new(&placed.file, &id, format!("no registrant is called `{name}`")));
            }
        }
        if !problems.is_empty() {
            return Err(ContentError { problems });
        }
        Ok(Content {
            fingerprints: Fingerprints::new(fingerprints.into_values().chain(self.foreign)),
            oui: self.oui,
            inferences,
            advice,
            components,
            usages,
            enterprises,
            makers,
            products,
            successions,
            feeds,
            classes,
            weaknesses,
            os_lifecycle: OsLifecycle::new(releases.into_values().collect()),
            left_out: self.left_out,
        })
    }
}

fn place<K: Ord + ToString, T>(
    shelf: &mut Shelf<K, T>,
    id: K,
    layer: Layer,
    file: &str,
    entry: T,
    problems: &mut Vec<Problem>,
) {
    if let Some(other) = shelf.get(&id).filter(|other| other.layer == layer && layer == Layer::BuiltIn) {
        problems.push(Problem::new(file, &id.to_string(), format!("stands in {} too", other.file)));
    }
    shelf.insert(id, Placed { layer, file: file.to_owned(), entry });
}

fn check_shelf<K: Ord + ToString, T, C>(
    shelf: Shelf<K, T>,
    problems: &mut Vec<Problem>,
    check: impl Fn(Layer, T) -> Result<C, String>,
) -> BTreeMap<K, C> {
    let mut checked = BTreeMap::new();
    for (id, Placed { layer, file, entry }) in shelf {
        match check(layer, entry) {
            Ok(entry) => {
                checked.insert(id, entry);
            }
            Err(what) => problems.push(Problem::new(&file, &id.to_string(), what)),
        }
    }
    checked
}
