//! What a dissector says.

use crate::Side;
use std::net::IpAddr;
use wardline_model::{About, DetailKey, Fact, Mac, Timestamp};

/// Who a statement speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// An end of this flow.
    Side(Side),
    /// A host named by address.
    Address(IpAddr),
    /// A station named by MAC.
    Station(Mac),
}

/// Facts said together about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub who: Who,
    /// The station itself, or the equipment whose data it sends.
    pub about: About,
    /// The facts; never empty.
    pub facts: Vec<Fact>,
}

/// The dissector's answers about a flow, filled call by call; the pipeline empties it. Saying nothing costs
/// nothing. A dissector says a fact once per flow, and again only when it changes.
#[derive(Debug, Default)]
pub struct Notes {
    /// Time of the packet that is being read.
    pub time: Timestamp,
    /// Who sent it, where it has an address.
    pub source: Option<IpAddr>,
    /// Statements.
    pub said: Vec<Said>,
    /// Details of the flow.
    pub details: Vec<(DetailKey, Box<str>)>,
    /// Whether the payload is encrypted, once known.
    pub encrypted: Option<bool>,
    /// Which side asks (the client), once the bytes tell.
    pub requester: Option<Side>,
    /// Set when a `Maybe` has become certain.
    pub confirmed: bool,
    /// Set when what follows, in both directions, is another protocol (TLS after STARTTLS).
    pub handover: bool,
    /// Set together with `handover` when this side only passes on what follows (a proxy): nothing is said of
    /// it any more, because it would be true of another.
    pub relay: Option<Side>,
    /// The flow's protocol by its exact name, one of [`crate::NAMES_WITHIN`], once the bytes tell (`ipp` of
    /// an `http` flow). The first stays.
    pub known_as: Option<&'static str>,
    /// Something in the bytes contradicted the standard; counted.
    pub malformed: bool,
}

impl Notes {
    /// The station on `side` says this of itself. Facts that are `None` are left out.
    pub fn speaker(&mut self, side: Side, facts: impl IntoIterator<Item = Option<Fact>>) {
        self.say(Who::Side(side), About::Speaker, facts);
    }

    /// Data sent by `side` says this of the equipment that made it. The facts belong together.
    pub fn equipment(&mut self, side: Side, facts: impl IntoIterator<Item = Option<Fact>>) {
        self.say(Who::Side(side), About::Equipment, facts);
    }

    /// This is said of the host with that address (a lease, an answer, an announcement by another).
    pub fn address(&mut self, ip: IpAddr, facts: impl IntoIterator<Item = Option<Fact>>) {
        self.say(Who::Address(ip), About::Speaker, facts);
    }

    /// This is said of the station with that MAC.
    pub fn station(&mut self, mac: Mac, facts: impl IntoIterator<Item = Option<Fact>>) {
        self.say(Who::Station(mac), About::Speaker, facts);
    }

    /// Notes a detail of the flow; control characters and excess length are cut as in [`Fact::new`].
    pub fn detail(&mut self, key: DetailKey, value: &str) {
        if let Some(fact) = Fact::new(wardline_model::Attribute::Hostname, value, 0, "") {
            self.details.push((key, fact.value));
        }
    }

    /// Whether nothing was noted since the last time it was emptied.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.said.is_empty()
            && self.details.is_empty()
            && self.encrypted.is_none()
            && self.requester.is_none()
            && self.relay.is_none()
            && self.known_as.is_none()
            && !(self.confirmed || self.handover || self.malformed)
    }

    /// Forgets what was said since the last time it was emptied.
    pub fn clear(&mut self) {
        let (time, source) = (self.time, self.source);
        self.said.clear();
        self.details.clear();
        *self = Self {
            time,
            source,
            said: std::mem::take(&mut self.said),
            details: std::mem::take(&mut self.details),
            ..Self::default()
        };
    }

    /// Takes over what a dissector said before it was certain.
    pub(crate) fn absorb(&mut self, mut earlier: Self) {
        earlier.said.append(&mut self.said);
        self.said = earlier.said;
        earlier.details.append(&mut self.details);
        self.details = earlier.details;
        self.encrypted = earlier.encrypted.or(self.encrypted);
        self.requester = earlier.requester.or(self.requester);
        self.handover |= earlier.handover;
        self.relay = earlier.relay.or(self.relay);
        self.known_as = earlier.known_as.or(self.known_as);
        self.malformed |= earlier.malformed;
    }

    fn say(&mut self, who: Who, about: About, facts: impl IntoIterator<Item = Option<Fact>>) {
        let facts: Vec<Fact> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            self.said.push(Said { who, about, facts });
        }
    }
}
