//! What people said of vulnerabilities.

use crate::{KnowledgeRecord, Store, StoredSuppression};

fn statement() -> StoredSuppression {
    StoredSuppression {
        id: "sup-1".into(),
        vulnerability: "CVE-2024-0001".into(),
        vendor: "Acme".into(),
        product: "Pump".into(),
        versions: "<= 1.1".into(),
        site: "north".into(),
        justification: "vulnerable_code_not_in_execute_path".into(),
        reason: "the web page is switched off; 'quoted', über".into(),
        author: "the biomedical department".into(),
        until: "2027-06-30".into(),
        made_us: 5,
        ..StoredSuppression::default()
    }
}

pub(crate) async fn a_statement_outlives_feeds(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.suppression_put(&statement()).await.unwrap();
    tx.commit().await.unwrap();
    for digest in [1_u8, 2] {
        let mut tx = store.write().await.unwrap();
        let record = KnowledgeRecord {
            source: "nvd".into(),
            id: "CVE-2024-0001".into(),
            digest: vec![digest],
            body: vec![digest],
            updated: String::new(),
            file: "f".into(),
            place: String::new(),
            imported_us: i64::from(digest),
            products: vec![("acme".into(), "acme|pump".into())],
        };
        tx.knowledge_put(&[record]).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(store.read().await.unwrap().suppressions().await.unwrap(), [statement()]);
}

pub(crate) async fn a_statement_ends_once_and_stays(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.suppression_put(&statement()).await.unwrap();
    assert!(tx.suppression_end("sup-1", "a technician", "the page is on again", 9).await.unwrap());
    assert!(!tx.suppression_end("sup-1", "another", "again", 10).await.unwrap());
    assert!(!tx.suppression_end("sup-2", "another", "unknown", 10).await.unwrap());
    let ended = StoredSuppression {
        ended_us: 9,
        ended_by: "a technician".into(),
        ended_why: "the page is on again".into(),
        ..statement()
    };
    assert_eq!(tx.suppressions().await.unwrap(), [ended]);
}
