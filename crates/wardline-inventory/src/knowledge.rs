//! What is known of the world, asked once per clue.
//!
//! In: the clues of a capture. Out: [`Conclusions`], a table of what the fingerprints and registries make of
//! each; conclusions about a model are asked a second time (the model tells the class), never a third.

use std::collections::BTreeMap;
use wardline_content::{Conclusion, Content};
use wardline_model::{Attribute, Mac, Observations};
use wardline_product::Makers;

/// Knowledge as the inventory asks for it: content, with its makers by any of their names.
#[derive(Debug)]
pub struct Knowledge<'a> {
    pub(crate) content: &'a Content,
    makers: Makers,
}

impl<'a> Knowledge<'a> {
    /// Prepares content for asking.
    #[must_use]
    pub fn new(content: &'a Content) -> Self {
        let makers = Makers::new(content.makers.values().map(|maker| (&maker.name, &maker.aliases)));
        Self { content, makers }
    }

    /// Whether a name is a listed maker's.
    pub(crate) fn lists(&self, word: &str) -> bool {
        self.makers.resolve(word).is_some()
    }

    /// The name a maker is listed under; the word itself when nobody knows it.
    pub(crate) fn maker(&self, word: &str) -> String {
        self.makers.resolve(word).map_or(word, |maker| maker.canonical).to_owned()
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
        knowledge: &Knowledge<'_>,
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

    fn ask(&mut self, knowledge: &Knowledge<'_>, clue: Attribute, text: &str, models: &mut Vec<String>) {
        let known = self.by_clue.entry(clue).or_default();
        if known.contains_key(text) {
            return;
        }
        let conclusions = knowledge.content.conclude(clue, text);
        let of_model = |c: &&Conclusion| c.attribute == Attribute::Model && clue != Attribute::Model;
        models.extend(conclusions.iter().filter(of_model).map(|c| c.value.clone()));
        known.insert(text.to_owned(), conclusions);
    }

    /// What a clue says, sorted by the id of the entry.
    pub(crate) fn of(&self, clue: Attribute, text: &str) -> &[Conclusion] {
        self.by_clue.get(&clue).and_then(|known| known.get(text)).map_or(&[], Vec::as_slice)
    }
}
