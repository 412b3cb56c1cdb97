//! Clues: facts and what is concluded from them, tied to nodes, borrowed from the sightings.

use crate::knowledge::Conclusions;
use crate::merge::NodeId;
use wardline_content::Conclusion;
use wardline_model::{Attribute, Confidence, Fact, Seen};

/// Source of what a device said itself.
pub(crate) const WIRE: &str = "wire";

/// Rule that reads the maker of a software part (HL7 SFT-1): not the maker of the device it runs on.
const SOFTWARE_MAKER_RULE: &str = "hl7.sft-1";

/// One reason why an attribute may have a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clue<'a> {
    /// The attribute.
    pub(crate) attribute: Attribute,
    /// The value.
    pub(crate) value: &'a str,
    /// Version, for software and systems.
    pub(crate) version: Option<&'a str>,
    /// How sure, in percent.
    pub(crate) confidence: Confidence,
    /// Protocol that carried it.
    pub(crate) protocol: &'static str,
    /// Rule or fingerprint.
    pub(crate) rule: &'a str,
    /// Where the rule's knowledge comes from.
    pub(crate) source: &'a str,
    /// The kind of fact it was read from: clues of one origin and protocol are not independent.
    pub(crate) origin: Attribute,
    /// When it was seen.
    pub(crate) seen: &'a Seen,
    /// Node that said it of another.
    pub(crate) via: Option<NodeId>,
}

impl<'a> Clue<'a> {
    /// The clue that a fact is.
    pub(crate) fn of_fact(fact: &'a Fact, protocol: &'static str, seen: &'a Seen) -> Self {
        Self {
            attribute: fact.attribute,
            value: &fact.value,
            version: fact.version.as_deref(),
            confidence: fact.confidence.min(100),
            protocol,
            rule: &fact.rule,
            source: WIRE,
            origin: fact.attribute,
            seen,
            via: None,
        }
    }

    /// Whether it may name the maker of the device: who made the network card or a software part may be another.
    pub(crate) fn is_of_device(&self) -> bool {
        self.origin != Attribute::Mac && self.rule != SOFTWARE_MAKER_RULE
    }

    /// The clue, and all that is concluded from it; from a concluded model once more.
    pub(crate) fn with_conclusions(self, conclusions: &'a Conclusions) -> Vec<Self> {
        let mut clues = vec![self];
        for first in conclusions.of(self.attribute, self.value) {
            let concluded = self.conclude(first);
            clues.push(concluded);
            if first.attribute == Attribute::Model && self.attribute != Attribute::Model {
                let again = conclusions.of(Attribute::Model, &first.value);
                clues.extend(again.iter().map(|second| concluded.conclude(second)));
            }
        }
        clues
    }

    /// No conclusion is surer than what it is drawn from.
    fn conclude(self, conclusion: &'a Conclusion) -> Self {
        Self {
            attribute: conclusion.attribute,
            value: &conclusion.value,
            version: conclusion.version.as_deref(),
            confidence: conclusion.confidence.min(self.confidence),
            rule: &conclusion.rule,
            source: &conclusion.source,
            ..self
        }
    }
}
