//! Which products a device is made of, and what is known of each.
//!
//! In: devices with what was seen of them. Out: per device its parts (the device itself by maker and model, software
//! on it, its operating system), each resolved to a product, and what knowledge says of that part. Equal parts are judged
//! once, however many devices have them. What the wire cannot show makes a verdict possible at most: whether an update
//! is installed that leaves the version as it was, and which of several products a build is.

use crate::context::Context;
use crate::knowledge::{Knowledge, Matched};
use crate::record::Verdict;
use crate::subject::Subject;
use crate::suppress::Suppression;
use std::collections::{BTreeMap, HashMap};
use wardline_content::Content;
use wardline_model::{Attribute, Component, Confidence, Device, Software};
use wardline_product::{Products, Resolved};

/// An operating system that is less sure than this rules no other one out.
const SYSTEM_SURE: Confidence = 80;
/// Names of software that say no more than that it is the device's own.
const OWN_NAMES: &[&str] = &["software", "firmware"];
/// Systems whose makers repair software without changing the version that it shows.
const BACKPORTING: &[&str] = &["ubuntu", "debian", "red hat", "centos", "rocky", "alma", "suse", "fedora"];

/// What a part is to its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The device itself, by maker and model.
    Device,
    /// Software on it.
    Software,
    /// Its operating system.
    System,
}

/// A product on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is to the device.
    pub role: Role,
    /// The products that it may be: one, or those that share a build.
    pub products: Vec<Resolved>,
    /// Its version, as seen.
    pub version: Option<String>,
    /// The operating system it runs on, where that is sure.
    pub on: Option<String>,
    /// Why a version does not prove that an update is missing.
    pub doubt: Option<&'static str>,
    /// What depends on the device.
    pub context: Context,
}

/// By what devices are judged.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// What is known of vulnerabilities.
    pub knowledge: &'a Knowledge,
    /// Products by their names.
    pub products: &'a Products,
    /// Classes of devices.
    pub content: &'a Content,
    /// Pairs of keys that a person said are one product.
    pub confirmed: &'a [(String, String)],
    /// The site's own statements.
    pub suppressions: &'a [Suppression],
}

/// A part and what is known of it.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The part.
    pub part: Part,
    /// What is known, by identifier.
    pub matched: Vec<Matched>,
}

/// What is known of all devices.
#[derive(Clone, Debug, Default)]
pub struct Exposures {
    /// Every part of which something is known, once.
    pub all: Vec<Exposure>,
    /// By device: which of them it has.
    of: HashMap<String, Vec<usize>>,
}

impl Part {
    /// Its name as it is shown: maker and product.
    #[must_use]
    pub fn name(&self) -> String {
        let names = self.products.iter().map(|one| match one.product.strip_prefix(&one.maker) {
            Some(_) => one.product.clone(),
            None => format!("{} {}", one.maker, one.product).trim().to_owned(),
        });
        names.collect::<Vec<_>>().join(" or ")
    }

    /// What tells apart parts that are judged alike.
    fn id(&self) -> (Role, Vec<&str>, Option<&str>, Option<&str>, bool, Context) {
        let keys = self.products.iter().map(|one| one.key.as_str()).collect();
        (self.role, keys, self.version.as_deref(), self.on.as_deref(), self.doubt.is_some(), self.context)
    }
}

/// The products that a device is made of.
#[must_use]
pub fn parts(device: &Device, products: &Products) -> Vec<Part> {
    let mut parts = Vec::new();
    let on = stated_system(device);
    if let (Some(vendor), Some(model)) = (&device.vendor, &device.model) {
        let resolved = products.resolve(vendor, model);
        parts.push(Part {
            role: Role::Device,
            version: own_version(device, model),
            doubt: resolved.in_place.then_some(IN_PLACE),
            products: vec![resolved],
            on: on.clone(),
            context: Context::default(),
        });
    }
    for software in device.software.iter().filter(|one| !is_own(one, device.model.as_deref())) {
        let Some(resolved) = software_product(device, software, products) else { continue };
        let doubt =
            if resolved.in_place { Some(IN_PLACE) } else { is_backported(device).then_some(BACKPORTED) };
        parts.push(Part {
            role: Role::Software,
            products: vec![resolved],
            version: software.version.clone(),
            on: on.clone(),
            doubt,
            context: Context::default(),
        });
    }
    parts.extend(system(device, products));
    parts
}

const IN_PLACE: &str = "updates of it leave the version that is seen as it was: look up which are installed";
const BACKPORTED: &str =
    "its system's maker repairs software without changing the version: look up the package's revision";

fn is_backported(device: &Device) -> bool {
    let name = device.os.as_ref().map(|os| os.name.to_lowercase()).unwrap_or_default();
    BACKPORTING.iter().any(|system| name.contains(system))
}

/// Whether software is only another word for the device: `software`, `XN-550 software`, the model.
fn is_own(software: &Software, model: Option<&str>) -> bool {
    let name = software.name.to_lowercase();
    let Some(model) = model.map(str::to_lowercase) else { return OWN_NAMES.contains(&name.as_str()) };
    let rest = name.strip_prefix(&model).unwrap_or(&name).trim();
    rest.is_empty() || OWN_NAMES.contains(&rest)
}

/// The version of the device itself: of what is named like it, else of its software, else of its firmware.
fn own_version(device: &Device, model: &str) -> Option<String> {
    let rank = |software: &Software| match software.name.to_lowercase().as_str() {
        "firmware" => 2,
        "software" => 1,
        _ => 0,
    };
    let own = device.software.iter().filter(|one| one.version.is_some() && is_own(one, Some(model)));
    let version = own.min_by_key(|one| rank(one))?.version.clone()?;
    // Some write the model in front of it: `M-Turbo 51.80`.
    let bare = version.strip_prefix(model).map(str::trim).filter(|rest| !rest.is_empty());
    Some(bare.map_or_else(|| version.clone(), str::to_owned))
}

/// Software that names itself, or the device maker's own; a toolkit's maker is not the device's.
fn software_product(device: &Device, software: &Software, products: &Products) -> Option<Resolved> {
    if let Some(resolved) = products.resolve_alone(&software.name) {
        return Some(resolved);
    }
    let own = matches!(software.component, Component::Application | Component::Firmware)
        && !OWN_NAMES.contains(&software.name.to_lowercase().as_str());
    let vendor = device.vendor.as_deref().filter(|_| own)?;
    Some(products.resolve(vendor, &software.name))
}

/// The operating system: by its build, or by a name that stands for itself.
fn system(device: &Device, products: &Products) -> Option<Part> {
    let os = device.os.as_ref()?;
    let windows = os.name.to_lowercase().contains("windows");
    let mut found = match &os.version {
        Some(version) if windows => products.of_build(&build(version)),
        _ => Vec::new(),
    };
    // A name that leaves the server out, or names it alone, decides between those of one build.
    let server = os.name.contains("Server");
    if windows && server != os.name.contains('/') {
        found.retain(|one| one.product.contains("Server") == server);
    }
    if found.is_empty() {
        found.extend(products.resolve_alone(&os.name));
    }
    let doubt = found.iter().any(|one| one.in_place).then_some(IN_PLACE);
    (!found.is_empty()).then(|| Part {
        role: Role::System,
        products: found,
        version: os.version.clone(),
        on: None,
        doubt: doubt.filter(|_| !has_update_level(os.version.as_deref())),
        context: Context::default(),
    })
}

/// `10.0.17763` of `10.0.17763.6293`.
fn build(version: &str) -> String {
    version.split('.').take(3).collect::<Vec<_>>().join(".")
}

/// Whether a version of Windows tells its update too: `10.0.17763.6293`.
fn has_update_level(version: Option<&str>) -> bool {
    version.is_some_and(|version| version.starts_with("10.") && version.split('.').count() > 3)
}

/// The system by a name that is one system's and sure enough to rule others out.
fn stated_system(device: &Device) -> Option<String> {
    let os = device.os.as_ref().filter(|os| !os.name.contains('/'))?;
    let sure = device.evidence.iter().any(|evidence| {
        evidence.attribute == Attribute::Os && evidence.value == os.name && evidence.confidence >= SYSTEM_SURE
    });
    sure.then(|| os.name.clone())
}

impl Exposures {
    /// What is known of devices.
    #[must_use]
    pub fn of(devices: &[Device], basis: Basis<'_>) -> Self {
        let mut all = Self::default();
        // Where a part stands in `all`; nothing is known of some.
        let mut judged: Vec<(Part, Option<usize>)> = Vec::new();
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for device in devices {
            let context = Context::of(device, basis.content);
            for part in parts(device, basis.products) {
                let part = Part { context, ..part };
                let first = part.products.first().map(|one| one.key.clone()).unwrap_or_default();
                let places = by_key.entry(first).or_default();
                let known =
                    places.iter().find_map(|at| judged.get(*at).filter(|one| one.0.id() == part.id()));
                let place = if let Some((_, place)) = known {
                    *place
                } else {
                    let matched = judge(&part, basis);
                    let place = (!matched.is_empty()).then_some(all.all.len());
                    places.push(judged.len());
                    judged.push((part.clone(), place));
                    if place.is_some() {
                        all.all.push(Exposure { part, matched });
                    }
                    place
                };
                if let Some(place) = place {
                    let own = all.of.entry(device.id.clone()).or_default();
                    if !own.contains(&place) {
                        own.push(place);
                    }
                }
            }
        }
        all
    }

    /// What is known of a device.
    pub fn of_device(&self, id: &str) -> impl Iterator<Item = &Exposure> {
        let places = self.of.get(id).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.all.get(*place))
    }

    /// The places in [`Exposures::all`] of what is known of a device.
    #[must_use]
    pub fn places(&self, id: &str) -> &[usize] {
        self.of.get(id).map_or(&[], Vec::as_slice)
    }
}

/// What is known of a part. Where it may be one of several products, what they do not share is possible at most.
fn judge(part: &Part, basis: Basis<'_>) -> Vec<Matched> {
    let Basis { knowledge, products, confirmed, suppressions, .. } = basis;
    let mut by_id: BTreeMap<String, (usize, Matched)> = BTreeMap::new();
    for resolved in &part.products {
        let mut subject = Subject::new(resolved, part.version.as_deref());
        if let Some(system) = &part.on {
            subject = subject.on(system, products);
        }
        let names = std::iter::once(resolved.key.as_str()).chain(other_names(&resolved.key, confirmed));
        for key in names {
            let subject = Subject { key: key.to_owned(), ..subject.clone() };
            for matched in knowledge.judge(&subject, products, suppressions) {
                match by_id.get_mut(&matched.id) {
                    Some((times, held)) => {
                        *times = times.saturating_add(1);
                        if matched.verdict < held.verdict {
                            *held = matched;
                        }
                    }
                    None => drop(by_id.insert(matched.id.clone(), (1, matched))),
                }
            }
        }
    }
    let several = part.products.len() > 1;
    let settle = |(times, mut matched): (usize, Matched)| {
        if matched.verdict == Verdict::Affected {
            let unsure = (several && times < part.products.len())
                .then(|| format!("it may be {}, and not each of them is named", part.name()));
            for doubt in part.doubt.map(str::to_owned).into_iter().chain(unsure) {
                matched.verdict = Verdict::Possible;
                matched.reasons.push(doubt);
            }
        }
        matched.environmental = matched.cvss.as_ref().and_then(|vector| part.context.environment(vector));
        matched.decision = part.context.decide(matched.ssvc, matched.exploited.as_ref());
        matched.context = part.context.words();
        matched
    };
    by_id.into_values().map(settle).collect()
}

/// The other keys that a person said are the same product.
pub fn other_names<'a>(key: &'a str, confirmed: &'a [(String, String)]) -> impl Iterator<Item = &'a str> {
    confirmed.iter().filter_map(move |(one, other)| {
        if one == key {
            Some(other.as_str())
        } else if other == key {
            Some(one.as_str())
        } else {
            None
        }
    })
}
