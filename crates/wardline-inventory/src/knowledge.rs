//! What is known of the world, asked once per clue.
//!
//! In: the clues of a capture. Out: [`Conclusions`], a table of what the fingerprints and registries make of
//! each; conclusions about a model are asked a second time (the model tells the class), never a third.

use foldhash::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use wardline_content::{ComponentNames, Conclusion, Content};
use wardline_model::{Attribute, Component, Correction, Observations};
use wardline_product::Makers;

/// Knowledge as the inventory asks for it: content, with its makers by any of their names.
#[derive(Debug)]
pub struct Knowledge<'a> {
    pub(crate) content: &'a Content,
    makers: Makers,
    /// Groups of many businesses, with their medical one.
    groups: BTreeMap<&'a str, &'a str>,
    /// Makers of network equipment.
    networkers: BTreeSet<&'a str>,
    /// Answers about makers: a network of thousands of devices has a few hundred words for them.
    asked: RwLock<HashMap<String, Option<Arc<str>>>>,
    /// What people of the site know better.
    pub(crate) corrections: Vec<Correction>,
    components: HashMap<String, Component>,
    holders: Vec<&'a ComponentNames>,
}

impl<'a> Knowledge<'a> {
    /// Prepares content for asking.
    #[must_use]
    pub fn new(content: &'a Content) -> Self {
        let makers = Makers::new(content.makers.values().map(|maker| (&maker.name, &maker.aliases)));
        let groups = content.makers.values();
        let groups =
            groups.filter_map(|maker| Some((maker.name.as_str(), maker.clinical.as_deref()?))).collect();
        let networkers = content.makers.values().filter(|maker| maker.network);
        let networkers = networkers.map(|maker| maker.name.as_str()).collect();
        let listed = content.components.values();
        let components = listed
            .flat_map(|entry| entry.names.iter().map(move |name| (name.to_lowercase(), entry.component())));
        Self {
            content,
            makers,
            groups,
            networkers,
            asked: RwLock::default(),
            corrections: Vec::new(),
            components: components.collect(),
            holders: content.components.values().filter(|entry| !entry.words.is_empty()).collect(),
        }
    }

    /// The same with what people of the site know better.
    #[must_use]
    pub fn with_corrections(mut self, corrections: Vec<Correction>) -> Self {
        self.corrections = corrections;
        self
    }

    /// Which part of a device a piece of software is.
    pub(crate) fn component(&self, name: &str) -> Component {
        let by_word = || self.holders.iter().find(|entry| entry.holds(name)).map(|entry| entry.component());
        self.components.get(&name.to_lowercase()).copied().or_else(by_word).unwrap_or_default()
    }

    /// Whether a name is a listed maker's.
    pub(crate) fn lists(&self, word: &str) -> bool {
        self.listed(word).is_some()
    }

    /// The name a maker is listed under; the word itself when nobody knows it.
    pub(crate) fn maker(&self, word: &str) -> String {
        self.listed(word).map_or_else(|| word.to_owned(), |maker| (*maker).to_owned())
    }

    /// What a word for a maker means where clinical data carry it: the medical business of a group.
    pub(crate) fn clinical<'w>(&'w self, word: &'w str) -> &'w str {
        if self.groups.is_empty() {
            return word;
        }
        let group = self.listed(word).and_then(|maker| self.groups.get(&*maker).copied());
        group.unwrap_or(word)
    }

    /// Whether a word names a group of many businesses: a network card of one is no evidence of another.
    pub(crate) fn is_group(&self, word: &str) -> bool {
        self.listed(word).is_some_and(|maker| self.groups.contains_key(&*maker))
    }

    /// Whether a word names a maker of network equipment.
    pub(crate) fn is_networker(&self, word: &str) -> bool {
        self.listed(word).is_some_and(|maker| self.networkers.contains(&*maker))
    }

    fn listed(&self, word: &str) -> Option<Arc<str>> {
        if let Some(answer) = self.asked.read().unwrap_or_else(PoisonError::into_inner).get(word) {
            return answer.clone();
        }
        let answer: Option<Arc<str>> = self.makers.resolve(word).map(|maker| maker.canonical.into());
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        asked.insert(word.to_owned(), answer.clone());
        answer
    }
}

/// What is concluded from every clue of a capture.
#[derive(Debug, Default)]
pub(crate) struct Conclusions<'a> {
    by_clue: HashMap<Attribute, HashMap<&'a str, Concluded>>,
    /// What is concluded from models that are themselves conclusions.
    by_model: HashMap<String, Concluded>,
}

/// What is concluded from a clue. Ten thousand addresses have a few hundred makers: equals are kept once.
type Concluded = Arc<[Conclusion]>;

impl<'a> Conclusions<'a> {
    /// Asks about every fact of `observations`, every address of `macs`, and every model concluded from them.
    pub(crate) fn draw(
        knowledge: &Knowledge<'_>,
        observations: &'a Observations,
        macs: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut table = Self::default();
        let mut all: HashSet<Concluded> = HashSet::default();
        let mut kept = |conclusions: Vec<Conclusion>| match all.get(&*conclusions) {
            Some(same) => Arc::clone(same),
            None => {
                let new = Concluded::from(conclusions);
                all.insert(Arc::clone(&new));
                new
            }
        };
        let mut models = Vec::new();
        let facts = observations.keys().flat_map(|statement| &statement.facts);
        let facts = facts.map(|fact| (fact.attribute, &*fact.value));
        for (clue, text) in facts.chain(macs.map(|mac| (Attribute::Mac, mac))) {
            // What no entry reads, most of all names asked for and clocks, needs no place in the table.
            if !knowledge.content.reads(clue) {
                continue;
            }
            let known = table.by_clue.entry(clue).or_default();
            if known.contains_key(text) {
                continue;
            }
            let conclusions = knowledge.content.conclude(clue, text);
            let of_model = |c: &&Conclusion| c.attribute == Attribute::Model && clue != Attribute::Model;
            models.extend(conclusions.iter().filter(of_model).map(|c| c.value.clone()));
            known.insert(text, kept(conclusions));
        }
        for model in models {
            if table.known(Attribute::Model, &model).is_none() {
                let conclusions = knowledge.content.conclude(Attribute::Model, &model);
                table.by_model.insert(model, kept(conclusions));
            }
        }
        table
    }

    /// What a clue says, sorted by the id of the entry.
    pub(crate) fn of(&self, clue: Attribute, text: &str) -> &[Conclusion] {
        self.known(clue, text).map_or(&[], |known| known)
    }

    fn known(&self, clue: Attribute, text: &str) -> Option<&Concluded> {
        let of_model = || self.by_model.get(text).filter(|_| clue == Attribute::Model);
        self.by_clue.get(&clue).and_then(|known| known.get(text)).or_else(of_model)
    }
}
