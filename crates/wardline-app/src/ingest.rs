//! What sensors hand over becomes devices, evidence and conversations.
//!
//! In: batches ([`SensorBatch`]), each applied once whoever delivers it how often. Out: rows in the store, in one
//! transaction a batch, and a [`Watch`] that holds what all sensors of a site saw, from which devices are concluded.
//! Conversations are counted by the batch's own transaction. Devices are concluded again from everything seen since
//! the program started, and laid over what is kept: nothing that was known is forgotten by a restart, and sums of
//! evidence never shrink.
//!
//! Limits: those of the sensors, which bound what they tell.

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use std::collections::BTreeMap;
use wardline_authority::Action;
use wardline_content::Content;
use wardline_inventory::{Knowledge, SensorBatch, Sightings};
use wardline_model::{Device, Endpoint, Evidence, Timestamp};
use wardline_store::{DeviceRecord, DeviceValue, Edge, EvidenceRow, LifeCycle, Passed, SiteId, ValueKind};

/// Everything that the sensors of a site saw since the program started.
#[derive(Default)]
pub struct Watch {
    sightings: Sightings,
    sources: BTreeMap<u32, Box<str>>,
    dirty: bool,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngestReport {
    /// It was taken over before.
    Known,
    /// It was taken over.
    Taken,
}

const fn us(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl App {
    /// Takes a batch over, once. Devices come out of the next [`App::conclude`].
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who is no sensor; when the database fails nothing of the batch was taken over.
    pub async fn ingest(
        &self,
        caller: &Caller,
        watch: &mut Watch,
        site: SiteId,
        batch: SensorBatch,
    ) -> Result<IngestReport, AppError> {
        self.authorise(caller, Action::SensorDeliver, &batch.id.sensor).await?;
        let mut edges: BTreeMap<Edge, Passed> = BTreeMap::new();
        for (conversation, spoken) in &batch.conversations {
            let edge = Edge {
                site,
                client: address(&conversation.client),
                server: address(&conversation.server),
                transport: conversation.transport.name(),
                port: conversation.server.port.unwrap_or(0),
                protocol: conversation.protocol.to_owned(),
                encrypted: conversation.encrypted,
            };
            let passed = Passed {
                first_us: us(spoken.first),
                last_us: us(spoken.last),
                flows: count(spoken.begun),
                bytes_to_server: count(spoken.bytes_to_server),
                bytes_to_client: count(spoken.bytes_to_client),
            };
            let sum = edges.entry(edge).or_insert(Passed {
                flows: 0,
                bytes_to_server: 0,
                bytes_to_client: 0,
                ..passed
            });
            sum.first_us = sum.first_us.min(passed.first_us);
            sum.last_us = sum.last_us.max(passed.last_us);
            sum.flows = sum.flows.saturating_add(passed.flows);
            sum.bytes_to_server = sum.bytes_to_server.saturating_add(passed.bytes_to_server);
            sum.bytes_to_client = sum.bytes_to_client.saturating_add(passed.bytes_to_client);
        }
        let mut tx = self.store().write().await?;
        let id = &batch.id;
        if !tx.batch_take(&id.sensor, id.run, count(id.sequence), self.now()).await? {
            return Ok(IngestReport::Known);
        }
        tx.conversation_add(&edges).await?;
        tx.commit().await?;
        watch.sources.extend(batch.sources);
        watch.sightings.merge(batch.sightings);
        watch.dirty = true;
        Ok(IngestReport::Taken)
    }

    /// Concludes devices from everything seen, and keeps them. Gives how many; 0 when nothing is new.
    ///
    /// # Errors
    ///
    /// When the database fails; it is tried again the next time.
    pub async fn conclude(
        &self,
        watch: &mut Watch,
        site: SiteId,
        content: &Content,
    ) -> Result<usize, AppError> {
        if !watch.dirty {
            return Ok(0);
        }
        let inventory = wardline_inventory::devices(&watch.sightings, &Knowledge::new(content), 1);
        let records: Vec<DeviceRecord> =
            inventory.devices.iter().map(|device| record(device, site)).collect();
        let evidence: Vec<EvidenceRow> = inventory
            .devices
            .iter()
            .flat_map(|device| {
                device.evidence.iter().map(|one| evidence_row(&device.id, one, &watch.sources))
            })
            .collect();
        let mut tx = self.store().write().await?;
        tx.device_upsert(&records).await?;
        tx.evidence_upsert(&evidence).await?;
        tx.commit().await?;
        watch.dirty = false;
        Ok(records.len())
    }
}

fn address(endpoint: &Endpoint) -> String {
    match (endpoint.ip, endpoint.mac) {
        (Some(ip), _) => ip.to_string(),
        (None, Some(mac)) => mac.to_string(),
        (None, None) => "unknown".to_owned(),
    }
}

fn record(device: &Device, site: SiteId) -> DeviceRecord {
    let mut values = Vec::new();
    let mut add = |kind, value: String, version: Option<&str>| {
        values.push(DeviceValue { kind, value, version: version.unwrap_or_default().to_owned() });
    };
    device.macs.iter().for_each(|mac| add(ValueKind::Mac, mac.to_string(), None));
    device.ips.iter().for_each(|ip| add(ValueKind::Ip, ip.to_string(), None));
    device.hostnames.iter().for_each(|name| add(ValueKind::Hostname, name.clone(), None));
    device.ae_titles.iter().for_each(|title| add(ValueKind::AeTitle, title.clone(), None));
    device.asks.iter().for_each(|protocol| add(ValueKind::Asks, (*protocol).to_owned(), None));
    device.software.iter().for_each(|one| add(ValueKind::Software, one.name.clone(), one.version.as_deref()));
    for service in &device.services {
        let text = format!("{}/{} {}", service.transport, service.port, service.protocol);
        add(ValueKind::Service, text, service.encrypted.then_some("encrypted"));
    }
    let name = device.hostnames.first().or_else(|| device.ae_titles.first()).cloned();
    let made = [device.vendor.as_deref(), device.model.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let address = || {
        device.ips.first().map(ToString::to_string).or_else(|| device.macs.first().map(ToString::to_string))
    };
    let name = name.or_else(|| (!made.is_empty()).then_some(made)).or_else(address);
    DeviceRecord {
        id: device.id.clone(),
        site,
        department: None,
        life_cycle: LifeCycle::Active,
        name: name.unwrap_or_else(|| device.id.clone()),
        maker: device.vendor.clone(),
        model: device.model.clone(),
        serial: device.serial.clone(),
        udi: device.udi.clone(),
        class: device.class.as_ref().map(|(class, _)| class.clone()),
        class_confidence: device.class.as_ref().map_or(0, |(_, confidence)| i64::from(*confidence)),
        os_name: device.os.as_ref().map(|os| os.name.clone()),
        os_version: device.os.as_ref().and_then(|os| os.version.clone()),
        location: device.location.clone(),
        roles: device.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" "),
        patient_data_in_clear: device.patient_data_in_clear,
        first_us: us(device.first_seen),
        last_us: us(device.last_seen),
        values,
    }
}

fn evidence_row(device: &str, evidence: &Evidence, sources: &BTreeMap<u32, Box<str>>) -> EvidenceRow {
    let packets: Vec<String> = evidence
        .seen
        .exemplars
        .iter()
        .map(|packet| {
            let source = sources.get(&packet.file()).map_or("unknown", AsRef::as_ref);
            format!("{source} {} {}", packet.frame(), us(packet.time))
        })
        .collect();
    EvidenceRow {
        device: device.to_owned(),
        attribute: evidence.attribute.as_str().to_owned(),
        value: evidence.value.clone(),
        version: evidence.version.clone().unwrap_or_default(),
        rule: evidence.rule.to_string(),
        source: evidence.source.to_string(),
        via: evidence.via.as_deref().unwrap_or_default().to_owned(),
        protocol: evidence.protocol.to_owned(),
        confidence: i64::from(evidence.confidence),
        first_us: us(evidence.seen.first),
        last_us: us(evidence.seen.last),
        seen: count(evidence.seen.count),
        packets: packets.join("\n"),
    }
}
