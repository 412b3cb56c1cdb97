//! Parts of a batch as JSON: addresses as text, sightings as lists.

use super::words::word;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::IpAddr;
use wardline_inventory::{Host, HostSeen};
use wardline_model::{
    About, Attribute, Endpoint, Exemplars, Fact, Mac, PacketRef, Seen, Statement, Subject, Timestamp,
};

/// Facts of one statement: a message says some tens of things of a device.
const FACTS_MAX: usize = 512;

/// First, last, count, and packets as (file, frame, time).
#[derive(Serialize, Deserialize)]
pub(super) struct SeenPart(i64, i64, u64, Vec<(u32, u64, i64)>);

impl SeenPart {
    pub(super) fn of(seen: &Seen) -> Self {
        let packets = seen.exemplars.iter().map(|p| (p.file(), p.frame(), p.time.0));
        Self(seen.first.0, seen.last.0, seen.count, packets.collect())
    }

    pub(super) fn seen(&self) -> Seen {
        let mut exemplars = Exemplars::default();
        for &(file, frame, time) in self.3.iter().take(Exemplars::MAX) {
            exemplars.add(PacketRef::new(file, frame, Timestamp(time)));
        }
        Seen { first: Timestamp(self.0), last: Timestamp(self.1), count: self.2, exemplars }
    }
}

/// A MAC as text.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "Cow<'_, str>")]
pub(super) struct MacPart(pub(super) Mac);

impl From<MacPart> for String {
    fn from(MacPart(mac): MacPart) -> Self {
        let [a, b, c, d, e, f] = mac.0;
        format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl TryFrom<Cow<'_, str>> for MacPart {
    type Error = anyhow::Error;

    fn try_from(text: Cow<'_, str>) -> Result<Self> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().context("a MAC has six parts")?;
            *byte = u8::from_str_radix(part, 16).context("a MAC is hexadecimal")?;
        }
        Ok(Self(Mac(bytes)))
    }
}

/// One end: what is known of it.
#[derive(Serialize, Deserialize)]
pub(super) struct EndPart {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    mac: Option<MacPart>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    port: Option<u16>,
}

impl EndPart {
    pub(super) fn of_host(host: &Host) -> Self {
        Self { ip: Some(host.ip), mac: host.mac.map(MacPart), port: None }
    }

    pub(super) fn of_end(end: &Endpoint) -> Self {
        Self { ip: end.ip, mac: end.mac.map(MacPart), port: end.port }
    }

    pub(super) fn host(&self) -> Result<Host> {
        Ok(Host { ip: self.ip.context("a host without an address")?, mac: self.mac.map(|mac| mac.0) })
    }

    pub(super) fn end(&self) -> Endpoint {
        Endpoint { ip: self.ip, port: self.port, mac: self.mac.map(|mac| mac.0) }
    }
}

/// Attribute, value, version, confidence, rule.
#[derive(Serialize, Deserialize)]
struct FactPart<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Option<Cow<'a, str>>,
    u8,
    #[serde(borrow)] Cow<'a, str>,
);

/// What somebody said.
#[derive(Serialize, Deserialize)]
pub(super) struct StatementPart<'a> {
    /// The subject: a host (`ip`), a station (`mac` alone), or somebody named by others.
    #[serde(flatten)]
    end: EndPart,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    named: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    equipment: bool,
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    #[serde(borrow)]
    facts: Vec<FactPart<'a>>,
    seen: SeenPart,
}

impl<'a> StatementPart<'a> {
    pub(super) fn of(statement: &'a Statement, seen: &Seen) -> Self {
        let (ip, mac, named) = match statement.subject {
            Subject::Mac(mac) => (None, Some(mac), false),
            Subject::Host { ip, mac } => (Some(ip), mac, false),
            Subject::Named(ip) => (Some(ip), None, true),
        };
        let fact = |fact: &'a Fact| {
            FactPart(
                fact.attribute.as_str().into(),
                Cow::Borrowed(&*fact.value),
                fact.version.as_deref().map(Cow::Borrowed),
                fact.confidence,
                fact.rule.into(),
            )
        };
        Self {
            end: EndPart { ip, mac: mac.map(MacPart), port: None },
            named,
            equipment: statement.about == About::Equipment,
            protocol: statement.protocol.into(),
            facts: statement.facts.iter().map(fact).collect(),
            seen: SeenPart::of(seen),
        }
    }

    pub(super) fn statement(&self) -> Result<(Statement, Seen)> {
        let mac = self.end.mac.map(|mac| mac.0);
        let subject = match (self.end.ip, mac, self.named) {
            (Some(ip), _, true) => Subject::Named(ip),
            (Some(ip), mac, false) => Subject::Host { ip, mac },
            (None, Some(mac), _) => Subject::Mac(mac),
            (None, None, _) => anyhow::bail!("a statement about nobody"),
        };
        anyhow::ensure!(self.facts.len() <= FACTS_MAX, "a statement of {} facts", self.facts.len());
        let about = if self.equipment { About::Equipment } else { About::Speaker };
        let mut facts = self.facts.iter().map(FactPart::fact).collect::<Result<Vec<_>>>()?;
        facts.sort();
        Ok((Statement { subject, about, protocol: word(&self.protocol)?, facts }, self.seen.seen()))
    }
}

impl FactPart<'_> {
    fn fact(&self) -> Result<Fact> {
        let Self(attribute, value, version, confidence, rule) = self;
        let attribute =
            Attribute::parse(attribute).with_context(|| format!("no attribute: {attribute:?}"))?;
        let fact =
            Fact::new(attribute, value, (*confidence).min(100), word(rule)?).context("an empty fact")?;
        Ok(match version {
            Some(version) => fact.with_version(version),
            None => fact,
        })
    }
}

/// A sender, with its lowest and highest time to live.
#[derive(Serialize, Deserialize)]
pub(super) struct HostPart {
    #[serde(flatten)]
    end: EndPart,
    ttl: (u8, u8),
    seen: SeenPart,
}

impl HostPart {
    pub(super) fn of(host: &Host, seen: &HostSeen) -> Self {
        Self {
            end: EndPart::of_host(host),
            ttl: (seen.ttl_min, seen.ttl_max),
            seen: SeenPart::of(&seen.seen),
        }
    }

    pub(super) fn host(&self) -> Result<(Host, HostSeen)> {
        let (ttl_min, ttl_max) = self.ttl;
        Ok((self.end.host()?, HostSeen { seen: self.seen.seen(), ttl_min, ttl_max }))
    }
}
