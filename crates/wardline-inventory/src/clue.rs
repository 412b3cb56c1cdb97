//! Clues: facts and what is concluded from them, tied to nodes, borrowed from the sightings.

use crate::knowledge::Conclusions;
use crate::merge::{Groups, NodeId};
use foldhash::HashMap;
use wardline_content::Conclusion;
use wardline_model::{Attribute, Confidence, Fact, Seen};

/// Source of what a device said itself.
pub(crate) const WIRE: &str = "wire";

/// Rule that reads the maker of a software part (HL7 SFT-1): not the maker of the device it runs on.
pub(crate) const SOFTWARE_MAKER_RULE: &str = "hl7.sft-1";

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
            rule: fact.rule,
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

    /// Takes the clue, and all that is concluded from it; from a concluded model once more.
    pub(crate) fn with_conclusions(self, conclusions: &'a Conclusions<'a>, mut take: impl FnMut(Self)) {
        take(self);
        for first in conclusions.of(self.attribute, self.value) {
            let concluded = self.conclude(first);
            take(concluded);
            if first.attribute == Attribute::Model && self.attribute != Attribute::Model {
                for second in conclusions.of(Attribute::Model, &first.value) {
                    take(concluded.conclude(second));
                }
            }
        }
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

/// All clues of a capture. There are hundreds of thousands: they stay where they were put, and what is sorted is
/// their numbers.
#[derive(Debug, Default)]
pub(crate) struct Clues<'a> {
    placed: Vec<Placed<'a>>,
    /// The ways in which they were told, each once.
    ways: Vec<Way<'a>>,
    numbers: HashMap<Way<'a>, usize>,
    /// The root of each clue's group when they were sorted last, and the clue's number.
    order: Vec<(NodeId, usize)>,
}

/// A clue about a node, as it is kept.
#[derive(Clone, Copy, Debug)]
struct Placed<'a> {
    node: NodeId,
    value: &'a str,
    seen: &'a Seen,
    via: Option<NodeId>,
    way: usize,
    attribute: Attribute,
    confidence: Confidence,
    origin: Attribute,
}

/// How a clue was told: there are a few thousand ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Way<'a> {
    version: Option<&'a str>,
    protocol: &'static str,
    rule: &'a str,
    source: &'a str,
}

impl<'a> Clues<'a> {
    /// None yet, with room for so many: a list of this size is not to be moved while it grows.
    pub(crate) fn with_room(count: usize) -> Self {
        Self { placed: Vec::with_capacity(count), ..Self::default() }
    }

    /// Adds a clue about a node.
    pub(crate) fn put(&mut self, node: NodeId, clue: Clue<'a>) {
        let Clue { attribute, value, version, confidence, protocol, rule, source, origin, seen, via } = clue;
        let told = Way { version, protocol, rule, source };
        let way = *self.numbers.entry(told).or_insert_with(|| {
            self.ways.push(told);
            self.ways.len() - 1
        });
        self.placed.push(Placed { node, value, seen, via, way, attribute, confidence, origin });
    }

    fn whole(&self, placed: &Placed<'a>) -> Clue<'a> {
        let Placed { value, seen, via, way, attribute, confidence, origin, .. } = *placed;
        let Way { version, protocol, rule, source } = self.ways[way];
        Clue { attribute, value, version, confidence, protocol, rule, source, origin, seen, via }
    }

    /// Every clue with its node.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeId, Clue<'a>)> {
        self.placed.iter().map(|placed| (placed.node, self.whole(placed)))
    }

    /// Puts the clues of each group together, in the order in which they came.
    pub(crate) fn sort(&mut self, groups: &mut Groups) {
        self.order.clear();
        let numbered = self.placed.iter().enumerate();
        self.order.extend(numbered.map(|(number, placed)| (groups.root(placed.node), number)));
        self.order.sort_unstable();
    }

    /// The groups as they were when sorted, by their roots, each with its clues.
    pub(crate) fn by_group(&self) -> impl Iterator<Item = (NodeId, impl Iterator<Item = Clue<'a>> + '_)> {
        let together = self.order.chunk_by(|a, b| a.0 == b.0);
        together.filter_map(|group| Some((group.first()?.0, self.numbered(group))))
    }

    /// The clues of a group as it was when sorted.
    pub(crate) fn of(&self, root: NodeId) -> impl Iterator<Item = Clue<'a>> + '_ {
        let start = self.order.partition_point(|(other, _)| *other < root);
        let after = self.order[start..].partition_point(|(other, _)| *other == root);
        self.numbered(&self.order[start..start + after])
    }

    fn numbered(&self, order: &[(NodeId, usize)]) -> impl Iterator<Item = Clue<'a>> {
        order.iter().map(|(_, at)| self.whole(&self.placed[*at]))
    }
}
