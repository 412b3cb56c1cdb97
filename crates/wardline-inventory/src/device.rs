//! A device out of its clues.

use crate::choose::{self, Choice};
use crate::class;
use crate::clue::Clue;
use crate::identity::serial;
use crate::infer::{self, Signs};
use crate::knowledge::Knowledge;
use crate::{correct, roles, software, usage};
use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use wardline_model::{
    Attribute, Confidence, Device, Evidence, Known, Mac, OperatingSystem, Role, Seen, Service, Timestamp,
    Usage,
};

/// Below this a name is not shown, only its evidence: a wrong name is worse than no name.
pub(crate) const CONFIDENCE_MIN: Confidence = 30;
/// Rule of a registry entry whose holder makes modules that others build in.
pub(crate) const MODULE_RULE: &str = "oui:module";
/// Protocols that carry clinical data: what they call a maker is one of medical devices.
const CLINICAL: &[&str] = &["astm", "dicom", "hl7", "intellivue", "medibus", "poct1a", "sdc"];
/// Protocol of a conversation that nobody recognised.
const UNKNOWN: &str = "unknown";

/// What belongs to one device.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    pub(crate) macs: Few<Mac>,
    pub(crate) ips: Few<IpAddr>,
    pub(crate) clues: Vec<Clue<'a>>,
    pub(crate) services: Few<Service>,
    /// From when to when its nodes were seen.
    pub(crate) seen: Option<(Timestamp, Timestamp)>,
    /// Protocols in which it asked others.
    pub(crate) asks: Few<&'static str>,
    /// Conversations: the protocol, whether it asked, when.
    pub(crate) spoke: Vec<(&'static str, bool, &'a Seen)>,
    /// The end of what was seen of all devices.
    pub(crate) until: Timestamp,
}

impl<'a> Parts<'a> {
    /// It asked in a protocol, or was asked.
    pub(crate) fn spoke(&mut self, protocol: &'static str, asked: bool, seen: &'a Seen) {
        if self.spoke.len() == self.spoke.capacity() {
            self.spoke.reserve_exact(growth(self.spoke.len()));
        }
        self.spoke.push((protocol, asked, seen));
    }
}

/// Half as many again: what has many has room soon, what has one has no more.
const fn growth(len: usize) -> usize {
    len / 2 + 1
}

/// A sorted set of mostly one or two, of which there are several for each of tens of thousands of devices: no more
/// room than they need.
#[derive(Debug)]
pub(crate) struct Few<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Few<T> {
    /// Adds one, unless it is there.
    pub(crate) fn insert(&mut self, one: T) {
        if let Err(at) = self.0.binary_search(&one) {
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(growth(self.0.len()));
            }
            self.0.insert(at, one);
        }
    }
}

impl<T> std::ops::Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// Makes the device; its id and the ids in `via` come later, when all are known.
pub(crate) fn build<'a>(mut parts: Parts<'a>, knowledge: &'a Knowledge<'_>, words: &mut Words<'a>) -> Device {
    let inferred = infer(&parts, knowledge);
    parts.clues.extend(inferred);
    let clues = &parts.clues;
    let of = |attribute: Attribute| clues.iter().copied().filter(move |clue| clue.attribute == attribute);
    let one = |attribute, key: fn(&str) -> String| chosen(choose::rank(of(attribute), key));
    let seen = || clues.iter().map(|clue| (clue.seen.first, clue.seen.last)).chain(parts.seen);
    let model = one(Attribute::Model, str::to_lowercase);
    let numbered = |clue: &Clue<'_>| serial::key(clue.value, model.as_deref()).is_some();
    let class = class::of(of(Attribute::Class));
    let system = choose::rank(of(Attribute::Os), str::to_lowercase).into_iter().next();
    let mut device = Device {
        id: String::new(),
        macs: parts.macs.to_vec(),
        ips: parts.ips.to_vec(),
        hostnames: names(of(Attribute::Hostname).filter(|clue| is_host_name(clue.value)), str::to_lowercase),
        ae_titles: names(of(Attribute::AeTitle), str::to_owned),
        vendor: vendor(clues, knowledge),
        serial: chosen(choose::rank(of(Attribute::Serial).filter(numbered), serial::compact)),
        udi: one(Attribute::Udi, str::to_owned),
        os: system.filter(is_sure).map(|choice| version_of(&choice, of(Attribute::Os))),
        software: software::list(of(Attribute::Software), knowledge),
        changes: software::changes(clues, knowledge),
        usage: Usage::default(),
        name: None,
        vendor_known: Known::Inferred,
        class_known: Known::Inferred,
        roles: roles::of(
            clues,
            class.as_ref().map(|(code, _)| code.as_str()),
            &parts.services,
            !parts.asks.is_empty(),
        ),
        location: one(Attribute::Location, str::to_lowercase),
        first_seen: seen().map(|(first, _)| first).min().unwrap_or(Timestamp(0)),
        last_seen: seen().map(|(_, last)| last).max().unwrap_or(Timestamp(0)),
        patient_data_in_clear: of(Attribute::PatientDataInClear).next().is_some(),
        evidence: evidence(clues, words),
        services: services(&parts.services),
        asks: parts.asks.to_vec(),
        model,
        class,
    };
    correct::apply(&mut device, knowledge);
    let class = device.class.as_ref().map(|(code, _)| code.as_str());
    if device.class_known == Known::Confirmed {
        device.roles = roles::of(clues, class, &parts.services, !parts.asks.is_empty());
    }
    device.usage = usage::of(&parts, class, knowledge.content);
    device
}

/// What the signs of a device say together.
fn infer<'a>(parts: &Parts<'a>, knowledge: &'a Knowledge<'_>) -> Vec<Clue<'a>> {
    let maker = vendor(&parts.clues, knowledge);
    let ports = infer::ports(&parts.services);
    let signs =
        Signs::of(&parts.clues, &parts.services, &ports, parts.asks.iter().copied(), maker.as_deref());
    infer::clues(signs.enough_for(knowledge.content), &parts.clues)
}

fn is_sure(choice: &Choice) -> bool {
    choice.confidence >= CONFIDENCE_MIN
}

/// The first of ranked values, unless the second is as sure and was said in the same days: of two names that
/// speak against each other with equal right neither is shown.
fn chosen(ranked: Vec<Choice>) -> Option<String> {
    let mut ranked = ranked.into_iter().filter(is_sure);
    let best = ranked.next()?;
    let undecided = ranked.next().is_some_and(|second| {
        second.confidence == best.confidence && second.first <= best.last && best.first <= second.last
    });
    (!undecided).then_some(best.value)
}

/// The maker. Who registered the network address made the network card: it names the maker of the device only
/// where nothing else does and it is known as a maker of devices; a maker of modules, or a name nobody has
/// listed as a maker, never.
pub(crate) fn vendor<'a>(all: &[Clue<'a>], knowledge: &'a Knowledge<'_>) -> Option<String> {
    let maker = |word: &str| knowledge.maker(word);
    let meant = |clue: Clue<'a>| maker_meant(clue, knowledge);
    let clues = all.iter().copied().filter(|clue| clue.attribute == Attribute::Vendor);
    let said = choose::rank(clues.clone().filter(Clue::is_of_device).map(meant), maker);
    let ranked = if said.iter().any(is_sure) {
        said
    } else {
        let is_network = LazyCell::new(|| is_network_equipment(all));
        let named = |clue: &Clue<'_>| {
            clue.origin == Attribute::Mac
                && clue.rule != MODULE_RULE
                && knowledge.lists(clue.value)
                && !knowledge.is_group(clue.value)
                && (!knowledge.is_networker(clue.value) || *is_network)
        };
        choose::rank(clues.filter(named), maker)
    };
    chosen(ranked).map(|word| knowledge.maker(&word))
}

/// Whether a station shows that it is network equipment itself, or at least that no router stands in front of it: it
/// forwards, it tells its neighbours of itself, or it has no address at all.
pub(crate) fn is_network_equipment(clues: &[Clue<'_>]) -> bool {
    let neighbourly = |clue: &Clue<'_>| matches!(clue.protocol, "cdp" | "lldp" | "stp");
    let shows = |clue: &Clue<'_>| match clue.attribute {
        Attribute::Role => clue.value == Role::Router.as_str(),
        Attribute::Class => clue.value == "it.net" || clue.value == "it.phone",
        _ => neighbourly(clue),
    };
    clues.iter().any(shows) || !clues.iter().any(|clue| clue.attribute == Attribute::Ip)
}

/// A clue with the maker that it means: in clinical data the name of a group is that of its medical business.
pub(crate) fn maker_meant<'m>(clue: Clue<'m>, knowledge: &'m Knowledge<'_>) -> Clue<'m> {
    let clinical = CLINICAL.contains(&clue.protocol);
    Clue { value: if clinical { knowledge.clinical(clue.value) } else { clue.value }, ..clue }
}

/// The services; a conversation in which nothing was recognised adds nothing where another was.
fn services(seen: &[Service]) -> Vec<Service> {
    let known: BTreeSet<(&str, u16)> =
        seen.iter().filter(|s| s.protocol != UNKNOWN).map(|s| (s.transport, s.port)).collect();
    let adds = |s: &Service| s.protocol != UNKNOWN || !known.contains(&(s.transport, s.port));
    let mut services: Vec<Service> = seen.iter().filter(|s| adds(s)).cloned().collect();
    services.shrink_to_fit();
    services
}

fn names<'a>(clues: impl Iterator<Item = Clue<'a>>, key: fn(&str) -> String) -> Vec<String> {
    let mut names: Vec<String> =
        choose::list(clues, key).into_iter().filter(is_sure).map(|choice| choice.value).collect();
    names.sort();
    names
}

/// Whether a word can name one host: an address, a number, or what every host calls itself cannot.
fn is_host_name(word: &str) -> bool {
    let head = word.split('.').next().unwrap_or_default();
    let number = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let nobody = ["localhost", "(none)"].iter().any(|name| head.eq_ignore_ascii_case(name));
    !number && !nobody && word.parse::<IpAddr>().is_err()
}

/// The chosen system with the version that was said of it most surely, then last.
fn version_of<'a>(choice: &Choice, clues: impl Iterator<Item = Clue<'a>>) -> OperatingSystem {
    let version = clues
        .filter(|clue| clue.value.eq_ignore_ascii_case(&choice.value))
        .filter_map(|clue| Some((clue.confidence, clue.seen.last, clue.version?)))
        .max();
    OperatingSystem { name: choice.value.clone(), version: version.map(|(.., version)| version.to_owned()) }
}

/// Names of rules and their sources: a few hundred words, told once and shared by all evidence.
#[derive(Debug, Default)]
pub(crate) struct Words<'a>(HashMap<&'a str, Arc<str>>);

impl<'a> Words<'a> {
    fn shared(&mut self, word: &'a str) -> Arc<str> {
        Arc::clone(self.0.entry(word).or_insert_with(|| word.into()))
    }
}

/// Clues of equal word and rule as one piece of evidence.
fn evidence<'a>(clues: &[Clue<'a>], words: &mut Words<'a>) -> Vec<Evidence> {
    let key = |clue: &Clue<'a>| {
        let told = (clue.protocol, clue.rule, clue.source, clue.via, clue.origin);
        (clue.attribute, clue.value, clue.version, told)
    };
    let mut sorted: Vec<&Clue<'a>> = clues.iter().collect();
    sorted.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    let one = |same: &[&Clue<'a>]| {
        let (first, rest) = same.split_first()?;
        let mut seen = first.seen.clone();
        rest.iter().for_each(|clue| seen.merge(clue.seen));
        Some(Evidence {
            attribute: first.attribute,
            value: first.value.to_owned(),
            version: first.version.map(str::to_owned),
            confidence: same.iter().map(|clue| clue.confidence).max()?,
            protocol: first.protocol,
            rule: words.shared(first.rule),
            source: words.shared(first.source),
            origin: first.origin,
            seen,
            via: first.via.map(|node| node.to_string().into()),
        })
    };
    let mut evidence: Vec<Evidence> = sorted.chunk_by(|a, b| key(a) == key(b)).filter_map(one).collect();
    // Most of what a device takes is its evidence, and it stays.
    evidence.shrink_to_fit();
    evidence
}
