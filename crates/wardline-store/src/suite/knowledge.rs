//! Knowledge of vulnerabilities.

use crate::*;

fn record(source: &str, id: &str, body: &str, products: &[&str]) -> KnowledgeRecord {
    KnowledgeRecord {
        source: source.into(),
        id: id.into(),
        digest: body.as_bytes().to_vec(),
        body: body.as_bytes().to_vec(),
        updated: "2024-01-01".into(),
        file: "feed.json".into(),
        place: "/vulnerabilities/0 (1:1)".into(),
        imported_us: 7,
        products: products.iter().map(|product| ("acme".to_owned(), format!("acme|{product}"))).collect(),
    }
}

async fn ids(store: &Store, product: &str) -> Vec<String> {
    let mut tx = store.read().await.unwrap();
    let found = tx.knowledge_of_products(&[product]).await.unwrap();
    found.into_iter().map(|record| record.id).collect()
}

pub(crate) async fn a_record_is_replaced_with_its_products(store: Store) {
    let mut tx = store.write().await.unwrap();
    let many: Vec<KnowledgeRecord> = (0..1_200)
        .map(|n| record("nvd", &format!("CVE-2024-{n:04}"), "one", &["pump", &format!("p{n}")]))
        .collect();
    tx.knowledge_put(&many).await.unwrap();
    tx.knowledge_put(&[record("csaf", "CVE-2024-0007", "csaf", &["pump"])]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&store, "acme|pump").await.len(), 1_201);
    assert_eq!(ids(&store, "acme|p7").await, ["CVE-2024-0007"]);
    let mut tx = store.write().await.unwrap();
    tx.knowledge_put(&[record("nvd", "CVE-2024-0007", "two", &["monitor", "monitor"])]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&store, "acme|p7").await, [""; 0]);
    assert_eq!(ids(&store, "acme|monitor").await, ["CVE-2024-0007"]);
    assert_eq!(ids(&store, "acme|pump").await.len(), 1_200);
    let mut tx = store.read().await.unwrap();
    let marks = tx.knowledge_marks("nvd", &["CVE-2024-0007", "CVE-1999-0001"]).await.unwrap();
    assert_eq!((marks.len(), marks[0].digest.as_slice()), (1, b"two".as_slice()));
    assert_eq!(tx.knowledge_products_of("acme").await.unwrap().len(), 1_201);
    assert_eq!(tx.knowledge_of_ids("csaf", &["CVE-2024-0007"]).await.unwrap()[0].body, b"csaf");
    let (mut all, mut last) = (0, (String::new(), String::new()));
    loop {
        let batch = tx.knowledge_after(&last.0, &last.1).await.unwrap();
        let Some(end) = batch.last() else { break };
        last = (end.source.clone(), end.id.clone());
        all += batch.len();
    }
    assert_eq!(all, 1_201);
}

pub(crate) async fn a_file_is_known_until_another_changes_it(store: Store) {
    let file = KnowledgeFile {
        digest: vec![1, 2],
        file: "a'\".json".into(),
        kind: "nvd".into(),
        records: 3,
        imported_us: 9,
    };
    let mut tx = store.write().await.unwrap();
    tx.knowledge_file_put(&file).await.unwrap();
    tx.knowledge_file_put(&file).await.unwrap();
    assert_eq!(tx.knowledge_file(&[1, 2]).await.unwrap(), Some(file.clone()));
    assert_eq!(tx.knowledge_file(&[1]).await.unwrap(), None);
    tx.knowledge_file_forget(&file.file).await.unwrap();
    assert_eq!(tx.knowledge_file(&[1, 2]).await.unwrap(), None);
    tx.commit().await.unwrap();
}

pub(crate) async fn a_source_keeps_its_newest_date(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.knowledge_put(&[record("kev", "CVE-2024-0001", "x", &[])]).await.unwrap();
    tx.knowledge_feed_put("kev", "2024-02-01", 5, "").await.unwrap();
    tx.knowledge_feed_put("kev", "2024-01-01", 6, "the server is away").await.unwrap();
    let feeds = tx.knowledge_feeds().await.unwrap();
    let feed = &feeds[0];
    assert_eq!((feed.dated.as_str(), feed.checked_us, feed.records), ("2024-02-01", 6, 1));
    assert_eq!(feed.problem, "the server is away");
}

pub(crate) async fn a_persons_word_is_kept(store: Store) {
    let mut alias = KnowledgeAlias {
        product: "acme|pump".into(),
        other: "acme|pump ii".into(),
        same: true,
        person: "the biomedical department".into(),
        reason: "same article number".into(),
        decided_us: 3,
    };
    let mut tx = store.write().await.unwrap();
    tx.knowledge_alias_put(&alias).await.unwrap();
    alias.same = false;
    tx.knowledge_alias_put(&alias).await.unwrap();
    assert_eq!(tx.knowledge_aliases().await.unwrap(), [alias]);
}

pub(crate) async fn an_import_that_fails_leaves_what_was(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.knowledge_put(&[record("nvd", "CVE-2024-0001", "one", &["pump"])]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.knowledge_put(&[
        record("nvd", "CVE-2024-0001", "two", &[]),
        record("nvd", "CVE-2024-0002", "new", &["pump"]),
    ])
    .await
    .unwrap();
    drop(tx);
    assert_eq!(ids(&store, "acme|pump").await, ["CVE-2024-0001"]);
}

pub(crate) async fn a_source_and_its_files_are_remembered(store: Store) {
    let mut source = KnowledgeSource {
        name: "kev".into(),
        address: "https://feeds.example/kev.json".into(),
        tried_us: 5,
        success_us: 5,
        problem: String::new(),
        reached: "2024-02-01T00:00:00Z".into(),
    };
    let mut fetch = KnowledgeFetch {
        address: source.address.clone(),
        source: "kev".into(),
        etag: "\"a\"".into(),
        digest: vec![7; 32],
        signature: "good".into(),
        fetched_us: 5,
        ..KnowledgeFetch::default()
    };
    let mut tx = store.write().await.unwrap();
    for _ in 0..2 {
        tx.knowledge_source_put(&source).await.unwrap();
        tx.knowledge_fetch_put(&fetch).await.unwrap();
        source.problem = "the server is away".into();
        fetch.etag = "\"b\"".into();
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.knowledge_sources().await.unwrap(), [source.clone()]);
    assert_eq!(tx.knowledge_source("kev").await.unwrap(), Some(source));
    assert_eq!(tx.knowledge_source("nvd").await.unwrap(), None);
    assert_eq!(tx.knowledge_fetch(&fetch.address).await.unwrap(), Some(fetch));
    assert_eq!(tx.knowledge_fetch("https://feeds.example/").await.unwrap(), None);
}
