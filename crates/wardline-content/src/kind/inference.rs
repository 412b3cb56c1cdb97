//! Inferences: what several signs together say of a device, when none of them says it alone; and advice: what to
//! observe next where something is not known.
//!
//! An inference is drawn only from signs that are true of real devices by a source that it names. Its confidence
//! is that of all signs together. Its examples are signs, `key: text`, that must and must not be enough.

use super::fingerprint::Defaults;
use super::sign::{RawSign, SignRule};
use serde::Deserialize;
use std::collections::BTreeSet;
use wardline_model::{Attribute, Confidence, Role};

/// What is inferred: these attributes and no other.
const INFERRED: &[Attribute] = &[Attribute::Class, Attribute::Role, Attribute::Vendor];
/// What advice can be about.
const ADVISED: &[Attribute] =
    &[Attribute::Class, Attribute::Model, Attribute::Serial, Attribute::Software, Attribute::Vendor];

/// A conclusion from several signs.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Unique name.
    pub id: String,
    /// How sure all signs together make it, in percent.
    pub confidence: Confidence,
    /// The reason in plain words: `It asks an archive for studies and makes none itself.`
    pub because: String,
    /// Where the knowledge comes from.
    pub source: String,
    /// What is concluded: class, role, vendor.
    pub sets: Vec<(Attribute, String)>,
    /// The signs.
    pub rule: SignRule,
    examples: Vec<Vec<String>>,
    counter_examples: Vec<Vec<String>>,
}

/// What to observe next.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Unique name; advice is tried in the order of its rank, then of its name.
    pub id: String,
    /// Lower comes first.
    pub rank: u8,
    /// What would be learnt.
    pub about: Attribute,
    /// What to do, in plain words.
    pub text: String,
    /// For which devices.
    pub rule: SignRule,
}

/// An inference as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInference {
    pub(crate) id: String,
    confidence: u8,
    because: String,
    source: Option<String>,
    sets: RawSets,
    all: Vec<RawSign>,
    #[serde(default)]
    none: Vec<RawSign>,
    examples: Vec<Vec<String>>,
    counter_examples: Vec<Vec<String>>,
}

/// What an inference sets, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSets {
    class: Option<String>,
    role: Option<String>,
    vendor: Option<String>,
}

/// Advice as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAdvice {
    pub(crate) id: String,
    rank: u8,
    about: String,
    text: String,
    #[serde(default)]
    all: Vec<RawSign>,
    #[serde(default)]
    none: Vec<RawSign>,
}

impl RawInference {
    /// The entry, checked. A `trusted` entry's examples are not run: [`Inference::verify`] does that.
    pub(crate) fn check(
        self,
        defaults: &Defaults,
        classes: &BTreeSet<String>,
        trusted: bool,
    ) -> Result<Inference, String> {
        let source = self.source.or_else(|| defaults.source.clone()).ok_or("names no source")?;
        if !(1..=100).contains(&self.confidence) {
            return Err(format!("confidence {} is not between 1 and 100 percent", self.confidence));
        }
        if self.because.trim().is_empty() {
            return Err("gives no reason".to_owned());
        }
        if self.examples.is_empty() || self.counter_examples.is_empty() {
            return Err("has no example or no counter-example".to_owned());
        }
        let values = [self.sets.class, self.sets.role, self.sets.vendor];
        let sets: Vec<(Attribute, String)> = INFERRED
            .iter()
            .copied()
            .zip(values)
            .filter_map(|(attribute, value)| Some((attribute, value?)))
            .collect();
        if sets.is_empty() {
            return Err("concludes nothing".to_owned());
        }
        for (attribute, value) in &sets {
            if *attribute == Attribute::Class && !classes.contains(value) {
                return Err(format!("`{value}` is not a device class"));
            }
            if *attribute == Attribute::Role && Role::parse(value).is_none() {
                return Err(format!("`{value}` is not a role"));
            }
        }
        if self.all.is_empty() {
            return Err("asks for no sign".to_owned());
        }
        let rule = RawSign::rule(self.all, self.none, trusted)?;
        let inference = Inference {
            id: self.id,
            confidence: self.confidence,
            because: self.because,
            source,
            sets,
            rule,
            examples: self.examples,
            counter_examples: self.counter_examples,
        };
        if !trusted {
            inference.verify()?;
        }
        Ok(inference)
    }
}

impl Inference {
    /// Runs the entry's own examples and counter-examples; says the first that fails.
    ///
    /// # Errors
    /// The example that does not come out as it should.
    pub fn verify(&self) -> Result<(), String> {
        for (examples, enough) in [(&self.examples, true), (&self.counter_examples, false)] {
            for example in examples {
                if self.rule.holds_for(example)? != enough {
                    let what = if enough { "is not enough" } else { "is a counter-example and enough" };
                    return Err(format!("{example:?} {what}"));
                }
            }
        }
        Ok(())
    }
}

impl RawAdvice {
    pub(crate) fn check(self, trusted: bool) -> Result<Advice, String> {
        let about = Attribute::parse(&self.about).filter(|about| ADVISED.contains(about));
        let about = about.ok_or_else(|| format!("`{}` is nothing that advice is about", self.about))?;
        if self.text.trim().is_empty() {
            return Err("says nothing".to_owned());
        }
        let rule = RawSign::rule(self.all, self.none, trusted)?;
        Ok(Advice { id: self.id, rank: self.rank, about, text: self.text, rule })
    }
}
