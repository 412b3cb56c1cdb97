//! A batch as JSON.

use super::parts::{EndPart, HostPart, MacPart, SeenPart, StatementPart};
use super::words::word;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use wardline_inventory::{
    BatchId, Conversation, Domain, Exchange, SensorBatch, SensorHealth, ServiceSeen, Sightings, SourceHealth,
    Spoken,
};
use wardline_model::{DetailKey, Timestamp, Transport};

/// Longest name of a sensor or a source.
const NAME_BYTES_MAX: usize = 4_096;

/// The kind of line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Batch,
}

/// A batch.
#[derive(Serialize, Deserialize)]
pub(crate) struct BatchLine<'a> {
    wardline: Kind,
    pub(super) version: u32,
    #[serde(borrow)]
    sensor: Cow<'a, str>,
    run: u64,
    sequence: u64,
    from: i64,
    until: i64,
    #[serde(borrow)]
    sources: Vec<(u32, Cow<'a, str>)>,
    #[serde(borrow)]
    statements: Vec<StatementPart<'a>>,
    hosts: Vec<HostPart>,
    stations: Vec<(MacPart, SeenPart)>,
    domains: Vec<(MacPart, u32, u16)>,
    #[serde(borrow)]
    services: Vec<ServicePart<'a>>,
    #[serde(borrow)]
    exchanges: Vec<ExchangePart<'a>>,
    #[serde(borrow)]
    conversations: Vec<ConversationPart<'a>>,
    #[serde(borrow)]
    health: HealthPart<'a>,
}

#[derive(Serialize, Deserialize)]
struct ServicePart<'a> {
    server: EndPart,
    udp: bool,
    port: u16,
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    encrypted: bool,
    seen: SeenPart,
}

#[derive(Serialize, Deserialize)]
struct ExchangePart<'a> {
    client: EndPart,
    server: EndPart,
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    seen: SeenPart,
}

#[derive(Serialize, Deserialize)]
struct ConversationPart<'a> {
    client: EndPart,
    server: EndPart,
    #[serde(borrow)]
    transport: Cow<'a, str>,
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    encrypted: bool,
    first: i64,
    last: i64,
    begun: u64,
    ended: u64,
    packets: (u64, u64),
    bytes: (u64, u64),
    vlan: Vec<u16>,
    #[serde(borrow)]
    details: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

#[derive(Serialize, Deserialize)]
struct HealthPart<'a> {
    packets: u64,
    bytes: u64,
    #[serde(borrow)]
    counters: Vec<(Cow<'a, str>, u64)>,
    #[serde(borrow)]
    sources: Vec<SourcePart<'a>>,
}

#[derive(Serialize, Deserialize)]
struct SourcePart<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    packets: u64,
    bytes: u64,
    dropped: u64,
    full: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    problem: Option<Cow<'a, str>>,
}

impl<'a> BatchLine<'a> {
    pub(super) fn of(batch: &'a SensorBatch, version: u32) -> Self {
        let Sightings { observations, hosts, stations, domains, services, exchanges } = &batch.sightings;
        Self {
            wardline: Kind::Batch,
            version,
            sensor: Cow::Borrowed(&batch.id.sensor),
            run: batch.id.run,
            sequence: batch.id.sequence,
            from: batch.from.0,
            until: batch.until.0,
            sources: batch.sources.iter().map(|(file, name)| (*file, Cow::Borrowed(&**name))).collect(),
            statements: observations.iter().map(|(said, seen)| StatementPart::of(said, seen)).collect(),
            hosts: hosts.iter().map(|(host, seen)| HostPart::of(host, seen)).collect(),
            stations: stations.iter().map(|(mac, seen)| (MacPart(*mac), SeenPart::of(seen))).collect(),
            domains: domains.keys().map(|(mac, domain)| (MacPart(*mac), domain.file, domain.vlan)).collect(),
            services: services
                .iter()
                .map(|(service, seen)| ServicePart {
                    server: EndPart::of_host(&service.server),
                    udp: service.transport == "udp",
                    port: service.port,
                    protocol: service.protocol.into(),
                    encrypted: service.encrypted,
                    seen: SeenPart::of(seen),
                })
                .collect(),
            exchanges: exchanges
                .iter()
                .map(|(exchange, seen)| ExchangePart {
                    client: EndPart::of_host(&exchange.client),
                    server: EndPart::of_host(&exchange.server),
                    protocol: exchange.protocol.into(),
                    seen: SeenPart::of(seen),
                })
                .collect(),
            conversations: batch
                .conversations
                .iter()
                .map(|(of, spoken)| ConversationPart::of(of, spoken))
                .collect(),
            health: HealthPart::of(&batch.health),
        }
    }

    pub(super) fn batch(&self) -> Result<SensorBatch> {
        let mut sightings = Sightings::default();
        for part in &self.statements {
            let (statement, seen) = part.statement()?;
            sightings.observations.insert(statement, seen);
        }
        sightings.hosts = self.hosts.iter().map(HostPart::host).collect::<Result<_>>()?;
        sightings.stations = self.stations.iter().map(|(mac, seen)| (mac.0, seen.seen())).collect();
        let domain =
            |(mac, file, vlan): &(MacPart, u32, u16)| ((mac.0, Domain { file: *file, vlan: *vlan }), ());
        sightings.domains = self.domains.iter().map(domain).collect();
        for part in &self.services {
            let service = ServiceSeen {
                server: part.server.host()?,
                transport: if part.udp { "udp" } else { "tcp" },
                port: part.port,
                protocol: word(&part.protocol)?,
                encrypted: part.encrypted,
            };
            sightings.services.insert(service, part.seen.seen());
        }
        for part in &self.exchanges {
            let (client, server) = (part.client.host()?, part.server.host()?);
            let exchange = Exchange { client, server, protocol: word(&part.protocol)? };
            sightings.exchanges.insert(exchange, part.seen.seen());
        }
        Ok(SensorBatch {
            id: BatchId { sensor: name(&self.sensor)?, run: self.run, sequence: self.sequence },
            from: Timestamp(self.from),
            until: Timestamp(self.until),
            sources: self.sources.iter().map(|(file, of)| Ok((*file, name(of)?))).collect::<Result<_>>()?,
            sightings,
            conversations: self.conversations.iter().map(ConversationPart::spoken).collect::<Result<_>>()?,
            health: self.health.health()?,
        })
    }
}

/// A name as it may be shown.
fn name(text: &str) -> Result<Box<str>> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
        bail!("no name: {text:?}");
    }
    Ok(text.into())
}

impl<'a> ConversationPart<'a> {
    fn of(conversation: &'a Conversation, spoken: &'a Spoken) -> Self {
        Self {
            client: EndPart::of_end(&conversation.client),
            server: EndPart::of_end(&conversation.server),
            transport: conversation.transport.name().into(),
            protocol: conversation.protocol.into(),
            encrypted: conversation.encrypted,
            first: spoken.first.0,
            last: spoken.last.0,
            begun: spoken.begun,
            ended: spoken.ended,
            packets: (spoken.packets_to_server, spoken.packets_to_client),
            bytes: (spoken.bytes_to_server, spoken.bytes_to_client),
            vlan: spoken.vlan.clone(),
            details: spoken
                .details
                .iter()
                .map(|(key, value)| (key.as_str().into(), Cow::Borrowed(&**value)))
                .collect(),
        }
    }

    fn spoken(&self) -> Result<(Conversation, Spoken)> {
        let detail = |(key, value): &(Cow<'_, str>, Cow<'_, str>)| {
            let found = DetailKey::ALL.iter().find(|known| known.as_str() == key);
            Ok((*found.with_context(|| format!("no detail: {key:?}"))?, name(value)?))
        };
        let mut details = self.details.iter().map(detail).collect::<Result<Vec<_>>>()?;
        details.sort_unstable();
        let mut vlan = self.vlan.clone();
        vlan.sort_unstable();
        vlan.truncate(Spoken::VLANS_MAX);
        let conversation = Conversation {
            client: self.client.end(),
            server: self.server.end(),
            transport: transport(&self.transport)?,
            protocol: word(&self.protocol)?,
            encrypted: self.encrypted,
        };
        let spoken = Spoken {
            first: Timestamp(self.first),
            last: Timestamp(self.last),
            begun: self.begun,
            ended: self.ended,
            packets_to_server: self.packets.0,
            packets_to_client: self.packets.1,
            bytes_to_server: self.bytes.0,
            bytes_to_client: self.bytes.1,
            vlan,
            details,
        };
        Ok((conversation, spoken))
    }
}

fn transport(text: &str) -> Result<Transport> {
    let plain = [Transport::Link, Transport::Icmp, Transport::Igmp, Transport::Tcp, Transport::Udp];
    let found = plain.into_iter().find(|transport| transport.name() == text);
    let numbered = || Some(Transport::Ip(text.strip_prefix("ip-")?.parse().ok()?));
    found.or_else(numbered).with_context(|| format!("no transport: {text:?}"))
}

impl<'a> HealthPart<'a> {
    fn of(health: &'a SensorHealth) -> Self {
        let source = |name: &'a str, source: &'a SourceHealth| SourcePart {
            name: Cow::Borrowed(name),
            packets: source.packets,
            bytes: source.bytes,
            dropped: source.dropped,
            full: source.full,
            problem: source.problem.as_deref().map(Cow::Borrowed),
        };
        Self {
            packets: health.packets,
            bytes: health.bytes,
            counters: health.counters.iter().map(|(name, count)| (Cow::Borrowed(*name), *count)).collect(),
            sources: health.sources.iter().map(|(name, health)| source(name, health)).collect(),
        }
    }

    fn health(&self) -> Result<SensorHealth> {
        let counter = |(name, count): &(Cow<'_, str>, u64)| Ok((word(name)?, *count));
        let source = |part: &SourcePart<'_>| {
            let problem = part.problem.as_deref().map(name).transpose()?;
            let (packets, bytes, dropped, full) = (part.packets, part.bytes, part.dropped, part.full);
            Ok((name(&part.name)?, SourceHealth { packets, bytes, dropped, full, problem }))
        };
        Ok(SensorHealth {
            packets: self.packets,
            bytes: self.bytes,
            counters: self.counters.iter().map(counter).collect::<Result<BTreeMap<_, _>>>()?,
            sources: self.sources.iter().map(source).collect::<Result<_>>()?,
        })
    }
}
