//! What is known of the world, asked once per clue.
//!
//! In: the clues of a capture. Out: [`Conclusions`], a table of what the fingerprints and registries make of
//! each; conclusions about a model are asked a second time (the model tells the class), never a third.

use std::collections::BTreeMap;
use wardline_model::{Attribute, Confidence, Mac, Observations};

/// What a fingerprint or a registry concludes from a clue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conclusion {
    /// What is concluded.
    pub attribute: Attribute,
    /// The value.
    pub value: String,
    /// The version, for systems and software.
    pub version: Option<String>,
    /// How sure, in percent.
    pub confidence: Confidence,
    /// Id of the entry.
    pub rule: String,
    /// Where the knowledge comes from.
    pub source: String,
}

/// Knowledge as the inventory asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Knowledge;

impl Knowledge {
    fn conclude(self, _clue: Attribute, _text: &str) -> Vec<Conclusion> {
        Vec::new()
    }

    /// The name a maker is listed under; the word itself when nobody knows it.
    pub(crate) fn maker(self, word: &str) -> String {
        word.to_owned()
    }
}

/// What is concluded from every clue of a capture.
#[derive(Debug, Default)]
pub(crate) struct Conclusions {
    by_clue: BTreeMap<Attribute, BTreeMap<String, Vec<Conclusion>>>,
}

impl Conclusions {
    /// Asks about every fact of `observations`, every address of `macs`, and every model concluded from them.
    pub(crate) fn draw<'a>(
        knowledge: &Knowledge,
        observations: &Observations,
        macs: impl Iterator<Item = &'a Mac>,
    ) -> Self {
        let mut table = Self::default();
        let mut models = Vec::new();
        for fact in observations.keys().flat_map(|statement| &statement.facts) {
            table.ask(knowledge, fact.attribute, &fact.value, &mut models);
        }
        for mac in macs {
            table.ask(knowledge, Attribute::Mac, &mac.to_string(), &mut models);
        }
        for model in models {
            table.ask(knowledge, Attribute::Model, &model, &mut Vec::new());
        }
        table
    }

    fn ask(&mut self, knowledge: &Knowledge, clue: Attribute, text: &str, models: &mut Vec<String>) {
        let known = self.by_clue.entry(clue).or_default();
        if known.contains_key(text) {
            return;
        }
        let conclusions = knowledge.conclude(clue, text);
        let of_model = |c: &&Conclusion| c.attribute == Attribute::Model && clue != Attribute::Model;
        models.extend(conclusions.iter().filter(of_model).map(|c| c.value.clone()));
        known.insert(text.to_owned(), conclusions);
    }

    /// What a clue says, sorted by the id of the entry.
    pub(crate) fn of(&self, clue: Attribute, text: &str) -> &[Conclusion] {
        self.by_clue.get(&clue).and_then(|known| known.get(text)).map_or(&[], Vec::as_slice)
    }
}
