//! Inference: what several signs together say, when none of them says it alone.
//!
//! In: the clues of one device, the services it offers and asks for, its maker as far as that is known. Out: a
//! clue for each attribute that an [`Inference`] of the content concludes, with the packets of the first fact
//! among its signs. All inferences look at the same signs: none is drawn from another.

use crate::clue::Clue;
use wardline_content::{Content, Inference, Sign, SignKey, SignRule};
use wardline_model::Service;

/// The signs of one device.
#[derive(Debug)]
pub(crate) struct Signs<'a> {
    /// Each sign, sorted and once.
    list: Vec<Sign<'a>>,
    /// Bits of their keys.
    keys: u128,
}

impl<'a> Signs<'a> {
    /// Everything a device shows; `ports` is its services as [`ports`] writes them.
    pub(crate) fn of(
        clues: &[Clue<'a>],
        services: &[Service],
        ports: &'a [String],
        asks: impl Iterator<Item = &'static str>,
        maker: Option<&'a str>,
    ) -> Self {
        let facts = clues.iter().map(|clue| (SignKey::Of(clue.attribute), clue.value));
        let served = services.iter().map(|service| (SignKey::Serves, service.protocol));
        let ports = ports.iter().map(|port| (SignKey::Port, port.as_str()));
        let asked = asks.map(|protocol| (SignKey::Asks, protocol));
        let made = maker.map(|maker| (SignKey::Maker, maker));
        let mut list: Vec<Sign<'a>> = facts.chain(served).chain(ports).chain(asked).chain(made).collect();
        list.sort_unstable();
        list.dedup();
        let keys = list.iter().fold(0, |keys, (key, _)| keys | key.bit());
        Self { list, keys }
    }

    /// Whether a rule over signs holds.
    pub(crate) fn meet(&self, rule: &SignRule) -> bool {
        rule.holds(self.keys, &self.list)
    }

    /// The inferences that these signs are enough for.
    pub(crate) fn enough_for<'c>(&self, content: &'c Content) -> impl Iterator<Item = &'c Inference> {
        content.inferences.values().filter(|inference| inference.rule.holds(self.keys, &self.list))
    }
}

/// The ports of services as signs write them: `tcp/104`.
pub(crate) fn ports(services: &[Service]) -> Vec<String> {
    services.iter().map(|service| format!("{}/{}", service.transport, service.port)).collect()
}

/// What `inferences` conclude, as clues: each is as sure as its signs are together, and is seen where the first
/// fact among its signs was.
pub(crate) fn clues<'a>(
    inferences: impl Iterator<Item = &'a Inference>,
    clues: &[Clue<'a>],
) -> Vec<Clue<'a>> {
    let mut inferred = Vec::new();
    for inference in inferences {
        // The first condition that a fact meets says of which witness the inference is.
        let meeting = inference.rule.all.iter().find_map(|condition| {
            let meets = |clue: &&Clue<'_>| condition.is_met_by((SignKey::Of(clue.attribute), clue.value));
            let first = clues.iter().filter(meets);
            first.min_by_key(|clue| (clue.seen.exemplars.first(), clue.attribute, clue.value))
        });
        // Signs without a fact (a service, a maker alone) have no packet of their own: the link's stands for them.
        let Some(told) = meeting.or_else(|| clues.first()) else { continue };
        inferred.extend(inference.sets.iter().map(|(attribute, value)| Clue {
            attribute: *attribute,
            value,
            version: None,
            confidence: inference.confidence,
            rule: &inference.id,
            source: &inference.source,
            ..*told
        }));
    }
    inferred
}
