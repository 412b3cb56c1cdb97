//! Who talks to whom: edges, their sums per day and per hour, and which batches of sensors are in them.
//!
//! An edge's id is the first 63 bits of the SHA-256 of what makes it one, so that a batch is taken over without asking
//! first; among five million edges two share an id with a chance of one in seven hundred thousand.

use crate::site::SiteId;
use crate::tx::{Tx, WriteTx};
use crate::value::Value;
use crate::{Row, StoreError};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What makes an edge one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where.
    pub site: SiteId,
    /// Address of who began.
    pub client: String,
    /// Address of who was addressed.
    pub server: String,
    /// What carries it.
    pub transport: String,
    /// Port; 0 where there is none.
    pub port: u16,
    /// Outermost application.
    pub protocol: String,
    /// Whether the payload is encrypted.
    pub encrypted: bool,
}

/// What passed along an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Earliest.
    pub first_us: i64,
    /// Latest: its day and hour are counted.
    pub last_us: i64,
    /// Flows begun.
    pub flows: i64,
    /// Bytes to the server.
    pub bytes_to_server: i64,
    /// Bytes to the client.
    pub bytes_to_client: i64,
}

/// Why an attribute of a device has a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceRow {
    /// The device.
    pub device: String,
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: String,
    /// Its version; empty without.
    pub version: String,
    /// The rule.
    pub rule: String,
    /// Where the rule's knowledge comes from.
    pub source: String,
    /// Who told, when it was another device; empty otherwise.
    pub via: String,
    /// What carried it.
    pub protocol: String,
    /// How sure, in percent.
    pub confidence: i64,
    /// Earliest sighting.
    pub first_us: i64,
    /// Latest.
    pub last_us: i64,
    /// How many.
    pub seen: i64,
    /// Up to three packets, `source number time`, one a line.
    pub packets: String,
}

/// Day and hour in microseconds.
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
/// Most evidence of one device that is shown.
const EVIDENCE_MAX: u32 = 2_000;

impl Edge {
    fn id(&self) -> i64 {
        let mut digest = Sha256::new();
        digest.update(self.site.0.to_be_bytes());
        for part in [&self.client, &self.server, &self.transport, &self.protocol] {
            digest.update(part);
            digest.update([0]);
        }
        digest.update(self.port.to_be_bytes());
        digest.update([u8::from(self.encrypted)]);
        let digest = digest.finalize();
        digest.iter().take(8).fold(0u64, |id, byte| id << 8 | u64::from(*byte)).cast_signed() & i64::MAX
    }
}

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl Tx {
    /// Evidence of a device, surest first within an attribute.
    pub async fn evidence_list(&mut self, device: &str) -> Result<Vec<EvidenceRow>, StoreError> {
        let sql = format!(
            "SELECT device_id, attribute, value, version, rule, source, via, protocol, confidence, first_us, last_us, \
             seen, packets FROM evidence WHERE device_id = $1 ORDER BY attribute, confidence DESC, value, rule \
             LIMIT {EVIDENCE_MAX}"
        );
        let read = |row: &mut Row| {
            Ok(EvidenceRow {
                device: row.text()?,
                attribute: row.text()?,
                value: row.text()?,
                version: row.text()?,
                rule: row.text()?,
                source: row.text()?,
                via: row.text()?,
                protocol: row.text()?,
                confidence: row.int()?,
                first_us: row.int()?,
                last_us: row.int()?,
                seen: row.int()?,
                packets: row.text()?,
            })
        };
        self.all("list evidence", &sql, &[device.into()], read).await
    }

    /// All that passed: flows, bytes to servers, bytes to clients.
    pub async fn conversation_totals(&mut self) -> Result<(i64, i64, i64), StoreError> {
        let sql = "SELECT CAST(coalesce(sum(flows), 0) AS BIGINT), CAST(coalesce(sum(bytes_to_server), 0) AS BIGINT), \
                   CAST(coalesce(sum(bytes_to_client), 0) AS BIGINT) FROM conversation_day";
        let totals =
            self.one("sum conversations", sql, &[], |row| Ok((row.int()?, row.int()?, row.int()?))).await?;
        Ok(totals.unwrap_or_default())
    }
}

#[expect(clippy::missing_errors_doc, reason = "each fails when the database does, and says so")]
impl WriteTx {
    /// Notes a batch of a sensor's run: `false` when it, or a later one, was taken over before.
    pub async fn batch_take(
        &mut self,
        sensor: &str,
        run: u64,
        sequence: i64,
        now_us: i64,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO sensor_run (sensor, run, sequence, last_us) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (sensor, run) DO UPDATE SET sequence = excluded.sequence, last_us = excluded.last_us \
                   WHERE sensor_run.sequence < excluded.sequence";
        let values = [sensor.into(), run.cast_signed().into(), sequence.into(), now_us.into()];
        Ok(self.change("take a batch", sql, &values).await? == 1)
    }

    /// Takes over evidence: what is told is how it stands now, not what was added.
    pub async fn evidence_upsert(&mut self, rows: &[EvidenceRow]) -> Result<(), StoreError> {
        let mut latest: BTreeMap<[&str; 7], &EvidenceRow> = BTreeMap::new();
        for row in rows {
            let key =
                [&row.device, &row.attribute, &row.value, &row.version, &row.rule, &row.source, &row.via];
            latest.insert(key.map(String::as_str), row);
        }
        let mut values = Vec::with_capacity(latest.len() * 13);
        for (key, row) in &latest {
            values.extend(key.iter().map(|part| Value::from(*part)));
            values.extend([
                Value::from(&row.protocol),
                row.confidence.into(),
                row.first_us.into(),
                row.last_us.into(),
                row.seen.into(),
                Value::from(&row.packets),
            ]);
        }
        let head = "INSERT INTO evidence (device_id, attribute, value, version, rule, source, via, protocol, confidence, \
                    first_us, last_us, seen, packets)";
        let (least, greatest) = (self.dialect().least(), self.dialect().greatest());
        let tail = format!(
            "ON CONFLICT (device_id, attribute, value, version, rule, source, via) DO UPDATE SET \
             protocol = excluded.protocol, confidence = excluded.confidence, \
             first_us = {least}(evidence.first_us, excluded.first_us), \
             last_us = {greatest}(evidence.last_us, excluded.last_us), \
             seen = {greatest}(evidence.seen, excluded.seen), packets = excluded.packets"
        );
        self.bulk("keep evidence", head, 13, &tail, &values).await.map(drop)
    }

    /// Adds what passed along edges.
    pub async fn conversation_add(&mut self, passed: &BTreeMap<Edge, Passed>) -> Result<(), StoreError> {
        let ids: Vec<i64> = passed.keys().map(Edge::id).collect();
        let mut values = Vec::with_capacity(ids.len() * 10);
        for (id, (edge, passed)) in ids.iter().zip(passed) {
            values.extend([
                (*id).into(),
                edge.site.0.into(),
                Value::from(&edge.client),
                Value::from(&edge.server),
                Value::from(&edge.transport),
                edge.port.into(),
                Value::from(&edge.protocol),
                edge.encrypted.into(),
                passed.first_us.into(),
                passed.last_us.into(),
            ]);
        }
        let (least, greatest) = (self.dialect().least(), self.dialect().greatest());
        let head = "INSERT INTO conversation (id, site_id, client, server, transport, port, protocol, encrypted, \
                    first_us, last_us)";
        let tail = format!(
            "ON CONFLICT (id) DO UPDATE SET first_us = {least}(conversation.first_us, excluded.first_us), \
             last_us = {greatest}(conversation.last_us, excluded.last_us)"
        );
        self.bulk("keep conversations", head, 10, &tail, &values).await?;
        for (table, column, unit) in
            [("conversation_day", "day_us", DAY_US), ("conversation_hour", "hour_us", HOUR_US)]
        {
            let mut values = Vec::with_capacity(ids.len() * 5);
            for (id, passed) in ids.iter().zip(passed.values()) {
                values.extend([
                    Value::from(*id),
                    (passed.last_us.div_euclid(unit) * unit).into(),
                    passed.flows.into(),
                    passed.bytes_to_server.into(),
                    passed.bytes_to_client.into(),
                ]);
            }
            let head = format!(
                "INSERT INTO {table} (conversation_id, {column}, flows, bytes_to_server, bytes_to_client)"
            );
            let tail = format!(
                "ON CONFLICT (conversation_id, {column}) DO UPDATE SET flows = {table}.flows + excluded.flows, \
                 bytes_to_server = {table}.bytes_to_server + excluded.bytes_to_server, \
                 bytes_to_client = {table}.bytes_to_client + excluded.bytes_to_client"
            );
            self.bulk("add to conversations", &head, 5, &tail, &values).await?;
        }
        Ok(())
    }
}
