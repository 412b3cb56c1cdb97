//! Batches, edges, evidence.

use super::device::{SITE, device, with_site};
use crate::*;
use std::collections::BTreeMap;

fn edge(port: u16) -> Edge {
    Edge {
        site: SITE,
        client: "10.0.0.1".into(),
        server: "10.0.0.2".into(),
        transport: "tcp".into(),
        port,
        protocol: "dicom".into(),
        encrypted: false,
    }
}

pub(crate) async fn a_batch_counts_once(store: Store) {
    let mut tx = store.write().await.unwrap();
    assert!(tx.batch_take("ward", u64::MAX, 1, 5).await.unwrap());
    assert!(!tx.batch_take("ward", u64::MAX, 1, 6).await.unwrap());
    assert!(tx.batch_take("ward", u64::MAX, 3, 7).await.unwrap());
    assert!(!tx.batch_take("ward", u64::MAX, 2, 8).await.unwrap());
    assert!(tx.batch_take("ward", 1, 1, 9).await.unwrap());
}

pub(crate) async fn edges_add_up(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let passed = Passed {
        first_us: 10,
        last_us: 3_600_000_001,
        flows: 2,
        bytes_to_server: 100,
        bytes_to_client: 1_000,
    };
    let both = BTreeMap::from([(edge(104), passed), (edge(11_112), passed)]);
    tx.conversation_add(&both).await.unwrap();
    tx.conversation_add(&both).await.unwrap();
    assert_eq!(tx.conversation_totals().await.unwrap(), (8, 400, 4_000));
    let read = |row: &mut Row| Ok((row.int()?, row.int()?));
    let hours = tx.all("read", "SELECT hour_us, flows FROM conversation_hour", &[], read).await.unwrap();
    assert_eq!(hours, [(3_600_000_000, 4), (3_600_000_000, 4)]);
}

pub(crate) async fn evidence_stands_as_told(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    tx.device_upsert(&[device("dev-1", "pump")]).await.unwrap();
    let mut row = EvidenceRow {
        device: "dev-1".into(),
        attribute: "model".into(),
        value: "P1".into(),
        version: String::new(),
        rule: "r".into(),
        source: "wire".into(),
        via: String::new(),
        protocol: "dicom".into(),
        confidence: 90,
        first_us: 5,
        last_us: 9,
        seen: 2,
        packets: "eth1 7 5".into(),
    };
    tx.evidence_upsert(&[row.clone(), row.clone()]).await.unwrap();
    row.last_us = 20;
    row.seen = 3;
    tx.evidence_upsert(std::slice::from_ref(&row)).await.unwrap();
    assert_eq!(tx.evidence_list("dev-1").await.unwrap(), [row]);
}
