//! Equipment: what a message says of the machine that made it, and when two messages mean the same machine.
//!
//! In: maker, model, serial number and the like, said together. Out: groups that are one machine. What is said
//! less fully joins what is said more fully, when only one group fits.

use crate::clue::Clue;
use crate::identity::binding::read_mac;
use crate::identity::serial;
use crate::knowledge::Knowledge;
use std::collections::{BTreeMap, BTreeSet};
use wardline_model::{Attribute, Mac};

/// Groups among which a machine without serial number, identification or MAC is looked for; with more it could
/// be any of them.
const SEARCH_MAX: usize = 64;

/// What identifies a machine, as far as it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) serial: Option<String>,
    pub(crate) udi: Option<String>,
    pub(crate) mac: Option<Mac>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) ae_title: Option<String>,
}

/// How two identities stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// A number says so.
    Same,
    /// Nothing speaks against it.
    Possible,
    /// Something speaks against it.
    Different,
}

impl Identity {
    /// Reads the identity out of clues that were said together: the surest of each kind.
    pub(crate) fn read(clues: &[Clue<'_>], knowledge: &Knowledge<'_>) -> Self {
        let best = |attribute| {
            let of = clues.iter().filter(|clue| clue.attribute == attribute);
            of.max_by(|a, b| (a.confidence, b.value).cmp(&(b.confidence, a.value))).map(|clue| clue.value)
        };
        let model = best(Attribute::Model);
        Self {
            serial: best(Attribute::Serial).and_then(|text| serial::key(text, model)),
            udi: best(Attribute::Udi).and_then(serial::udi_key),
            mac: best(Attribute::Mac).and_then(read_mac),
            vendor: best(Attribute::Vendor)
                .map(|word| knowledge.maker(knowledge.clinical(word)).to_lowercase()),
            model: model.map(str::to_lowercase),
            name: best(Attribute::Hostname).map(str::to_lowercase),
            ae_title: best(Attribute::AeTitle).map(str::to_owned),
        }
    }

    /// Whether it names one machine, or at least one kind: a maker alone does not.
    pub(crate) fn is_named(&self) -> bool {
        self.has_number() || self.model.is_some() || self.ae_title.is_some()
    }

    /// Whether a number tells this machine from all others.
    pub(crate) fn has_number(&self) -> bool {
        self.serial.is_some() || self.udi.is_some() || self.mac.is_some()
    }

    /// How it stands to another.
    pub(crate) fn relation(&self, other: &Self) -> Relation {
        let both = |a: &Option<String>, b: &Option<String>| Some(a.as_ref()? == b.as_ref()?);
        let maker = fits(self.vendor.as_deref(), other.vendor.as_deref());
        let model = fits(self.model.as_deref(), other.model.as_deref());
        let numbers = [
            both(&self.udi, &other.udi),
            self.mac.zip(other.mac).map(|(a, b)| a == b),
            both(&self.serial, &other.serial).map(|same| same && maker != Some(false)),
        ];
        // A serial number is its maker's, and often its model's: alone it is a number like any other.
        let by_serial_only = numbers[0].is_none() && numbers[1].is_none();
        if numbers.contains(&Some(false)) {
            return Relation::Different;
        }
        if numbers.contains(&Some(true)) {
            let supported = maker == Some(true) || model == Some(true);
            let long = self.serial.as_ref().is_some_and(|serial| serial.len() >= 8);
            let same = !by_serial_only || supported || long && maker.is_none() && model.is_none();
            return if same { Relation::Same } else { Relation::Different };
        }
        let name = both(&self.name, &other.name);
        if maker == Some(false) || model == Some(false) || name == Some(false) {
            Relation::Different
        } else {
            Relation::Possible
        }
    }

    /// Adds what another says of the same machine.
    fn absorb(&mut self, other: Self) {
        self.serial = self.serial.take().or(other.serial);
        self.udi = self.udi.take().or(other.udi);
        self.mac = self.mac.or(other.mac);
        self.vendor = self.vendor.take().or(other.vendor);
        self.model = self.model.take().or(other.model);
        self.name = self.name.take().or(other.name);
        self.ae_title = self.ae_title.take().or(other.ae_title);
    }

    /// How much is said.
    fn fullness(&self) -> (bool, usize) {
        let texts = [&self.serial, &self.udi, &self.vendor, &self.model, &self.name, &self.ae_title];
        let count = texts.iter().filter(|text| text.is_some()).count() + usize::from(self.mac.is_some());
        (self.has_number(), count)
    }
}

/// Whether two names may be one: the words of one are among those of the other (`Force`, `SOMATOM Force`).
fn fits(a: Option<&str>, b: Option<&str>) -> Option<bool> {
    let words = |text: &str| text.split_whitespace().map(serial::compact).collect::<BTreeSet<_>>();
    let (a, b) = (words(a?), words(b?));
    Some(a.is_subset(&b) || b.is_subset(&a))
}

/// Machines, each with the numbers (positions in what was given) of what was said of it.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    /// Identity and members of each.
    pub(crate) machines: Vec<(Identity, Vec<usize>)>,
    /// What names no machine, or could be said of several.
    pub(crate) unassigned: Vec<usize>,
    by_number: BTreeMap<Number, Vec<usize>>,
}

impl Machines {
    /// Groups identities into machines; the result does not depend on their order but for the numbers.
    pub(crate) fn group(identities: &[Identity]) -> Self {
        let mut order: Vec<usize> = (0..identities.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&identities[a], &identities[b]);
            b.fullness().cmp(&a.fullness()).then_with(|| a.cmp(b))
        });
        let mut machines = Self::default();
        for at in order {
            machines.add(at, &identities[at]);
        }
        machines
    }

    fn add(&mut self, at: usize, identity: &Identity) {
        let numbers = numbers(identity);
        let candidates: BTreeSet<usize> = if numbers.is_empty() {
            if self.machines.len() > SEARCH_MAX {
                BTreeSet::new()
            } else {
                (0..self.machines.len()).collect()
            }
        } else {
            numbers.iter().filter_map(|n| self.by_number.get(n)).flatten().copied().collect()
        };
        let fitting: Vec<usize> = candidates
            .into_iter()
            .filter(|&machine| self.machines[machine].0.relation(identity) != Relation::Different)
            .collect();
        let machine = match fitting[..] {
            [one] => one,
            [] if identity.is_named() && (!numbers.is_empty() || self.machines.len() <= SEARCH_MAX) => {
                self.machines.push((Identity::default(), Vec::new()));
                self.machines.len() - 1
            }
            _ => return self.unassigned.push(at),
        };
        let (held, members) = &mut self.machines[machine];
        held.absorb(identity.clone());
        members.push(at);
        for number in numbers {
            let machines = self.by_number.entry(number).or_default();
            if !machines.contains(&machine) {
                machines.push(machine);
            }
        }
    }
}

/// What tells one machine from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Number {
    /// A serial number, in the form that compares.
    Serial(String),
    /// A unique device identification, in the form that compares.
    Udi(String),
    /// A MAC address.
    Mac(Mac),
}

/// The numbers of an identity, for looking up.
pub(crate) fn numbers(identity: &Identity) -> Vec<Number> {
    let serial = identity.serial.clone().map(Number::Serial);
    let udi = identity.udi.clone().map(Number::Udi);
    [serial, udi, identity.mac.map(Number::Mac)].into_iter().flatten().collect()
}
