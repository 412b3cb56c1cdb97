//! The schema is what the list of tables says, and every step to it keeps the data.

use crate::migrate::{self, MIGRATIONS};
use crate::*;
use std::collections::BTreeMap;

/// What a database of each step holds before the next step comes: statements for both databases.
const DATA: &[(i64, &str)] = &[
    (
        1,
        "INSERT INTO site (id, name, created_us) VALUES (1, 'Main', 1);
         INSERT INTO device (id, site_id, life_cycle, name, class_confidence, roles, patient_data_in_clear, first_us,
           last_us, search) VALUES ('dev-1', 1, 'active', 'pump', 0, 'unknown', 0, 1, 2, 'pump')",
    ),
    (
        2,
        "INSERT INTO account (id, name, display_name, roles, reach, enabled, totp_step, failures, locked_until_us,
           created_us) VALUES (7, 'ana', 'Ana', 'viewer', '', 1, 0, 0, 0, 1);
         INSERT INTO elevation (id, account_id, reason, from_us, until_us) VALUES (8, 7, 'no other nurse', 1, 2)",
    ),
    (
        3,
        "INSERT INTO evidence (device_id, attribute, value, version, rule, source, via, protocol, confidence, first_us,
           last_us, seen, packets) VALUES ('dev-1', 'serial', 'A1', '', 'r', 's', '', 'dicom', 90, 1, 2, 3, '');
         INSERT INTO conversation (id, site_id, client, server, transport, port, protocol, encrypted, first_us, last_us)
           VALUES (5, 1, '10.0.0.1', '10.0.0.2', 'tcp', 104, 'dicom', 0, 1, 2);
         INSERT INTO conversation_day (conversation_id, day_us, flows, bytes_to_server, bytes_to_client)
           VALUES (5, 0, 4, 400, 4000)",
    ),
    (
        4,
        "INSERT INTO knowledge_alias (product, other, same, person, reason, decided_us)
           VALUES ('a|b', 'a|c', 1, 'ana', 'same label', 9)",
    ),
    (
        6,
        "INSERT INTO knowledge_source (name, address, tried_us, success_us, problem, reached)
           VALUES ('kev', 'https://feeds.example/kev.json', 2, 1, 'away', '')",
    ),
];

pub(crate) async fn tables_are_as_listed(store: Store) {
    let sql = match store.dialect() {
        Dialect::Postgres => {
            "SELECT table_name::text, column_name::text, CASE data_type WHEN 'bigint' THEN 'INT' \
             WHEN 'double precision' THEN 'REAL' WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' \
             ELSE data_type END FROM information_schema.columns WHERE table_schema = 'public' \
             ORDER BY table_name, ordinal_position"
        }
        Dialect::Sqlite => {
            "SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' ORDER BY m.name, c.cid"
        }
    };
    let read = |row: &mut Row| Ok((row.text()?, row.text()?, row.text()?));
    let mut tx = store.read().await.unwrap();
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (table, column, kind) in tx.all("read the schema", sql, &[], read).await.unwrap() {
        found.entry(table).or_default().push((column, kind));
    }
    found.remove("migration");
    for table in TABLES {
        let listed: Vec<(String, String)> =
            table.columns.iter().map(|(name, kind)| ((*name).to_owned(), kind.word().to_owned())).collect();
        assert_eq!(found.remove(table.name).unwrap_or_default(), listed, "columns of {}", table.name);
    }
    assert!(found.is_empty(), "not in TABLES: {found:?}");
}

pub(crate) async fn every_step_keeps_the_data(store: Store) {
    // The store given is up to date; one is needed at each step, and SQLite and PostgreSQL make it differently.
    let address = match store.dialect() {
        Dialect::Postgres => testkit::postgres::database().unwrap(),
        Dialect::Sqlite => {
            let folder = tempfile::tempdir().unwrap().keep();
            format!("sqlite:{}", folder.join("old.db").display())
        }
    };
    let old = Store::connect(&address).await.unwrap();
    for migration in MIGRATIONS {
        migrate::run(&old, Some(migration.number)).await.unwrap();
        let mut tx = old.write().await.unwrap();
        for (_, statements) in DATA.iter().filter(|(number, _)| *number == migration.number) {
            for statement in statements.split(';') {
                tx.define("data of a step", statement.to_owned()).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
    old.close().await;
    let now = Store::open(&address).await.unwrap();
    let mut tx = now.read().await.unwrap();
    assert_eq!(tx.device_find(&Scope::ALL, "dev-1").await.unwrap().unwrap().name, "pump");
    assert_eq!(tx.account_named("ana").await.unwrap().unwrap().id, AccountId(7));
    assert_eq!(tx.elevation_unreviewed().await.unwrap()[0].reason, "no other nurse");
    assert_eq!(tx.conversation_totals().await.unwrap(), (4, 400, 4_000));
    for held in [
        "evidence WHERE value = 'A1'",
        "knowledge_alias WHERE reason = 'same label'",
        "knowledge_source WHERE problem = 'away'",
    ] {
        assert_eq!(tx.rows("look", &format!("SELECT 1 FROM {held}"), &[]).await.unwrap().len(), 1, "{held}");
    }
    drop(tx);
    now.close().await;
    if let Some(file) = address.strip_prefix("sqlite:") {
        let _ = std::fs::remove_dir_all(std::path::Path::new(file).parent().unwrap());
    }
}

pub(crate) async fn a_newer_schema_is_refused(store: Store) {
    let mut tx = store.write().await.unwrap();
    let sql = "INSERT INTO migration (number, title, digest) VALUES ($1, $2, $3)";
    tx.change("pretend", sql, &[9999i64.into(), "from the future".into(), Value::from(&b"x"[..])])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let refused = migrate::run(&store, None).await;
    assert!(matches!(refused, Err(StoreError::Schema { .. })), "{refused:?}");
}
