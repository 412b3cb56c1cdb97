//! What is past its time goes, and nothing else.

use super::device::{device, with_site};
use crate::*;

const DAY_US: i64 = 86_400 * 1_000_000;
const NOW: i64 = 3_000 * DAY_US;

fn audit(id: i64, days_ago: i64) -> AuditRow {
    AuditRow {
        id,
        at_us: NOW - days_ago * DAY_US,
        actor: "ana".into(),
        action: "audit.read".into(),
        outcome: "done".into(),
        record: Some(format!("record {id}")),
        digest: vec![u8::try_from(id).unwrap()],
        position: None,
    }
}

pub(crate) async fn what_is_past_its_time_goes_and_nothing_else(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    tx.device_upsert(&[device("dev-1", "pump")]).await.unwrap();
    for (id, days_ago) in [(1, 2_193), (2, 2_191), (3, 0), (4, 2_300)] {
        tx.audit_insert(&audit(id, days_ago)).await.unwrap();
    }
    for (id, position) in [(1, 0), (2, 1), (3, 2)] {
        tx.audit_place(id, position).await.unwrap();
    }
    for run in 0..1_000 {
        assert!(tx.batch_take("ward", run, 1, NOW - i64::try_from(run).unwrap() * DAY_US / 5).await.unwrap());
    }
    tx.commit().await.unwrap();
    let (mut erased, mut rounds) = (0, 0);
    loop {
        let mut tx = store.write().await.unwrap();
        let round = tx.retain(NOW, 200).await.unwrap();
        tx.commit().await.unwrap();
        erased += round;
        if round == 0 {
            break;
        }
        rounds += 1;
    }
    // Runs are kept 90 days: 0 to 450 of them stay. One audit row lost its words; one is not in the ledger yet.
    assert_eq!((erased, rounds), (549 + 1, 3));
    let mut tx = store.read().await.unwrap();
    let rows = tx.audit_sequenced(0, 10).await.unwrap();
    let held: Vec<_> = rows.iter().map(|row| (row.id, row.record.is_some(), row.actor.as_str())).collect();
    assert_eq!(held, [(1, false, ""), (2, true, "ana"), (3, true, "ana")]);
    assert_eq!(rows[0].digest, [1], "its digest stays");
    assert_eq!(
        tx.audit_unsequenced(10).await.unwrap().len(),
        1,
        "what the ledger does not hold yet stays whole"
    );
    assert!(tx.device_find(&Scope::ALL, "dev-1").await.unwrap().is_some());
}
