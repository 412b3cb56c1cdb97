//! Sites and devices.

use crate::*;
use std::collections::BTreeSet;

pub(crate) const SITE: SiteId = SiteId(1);

/// A site to stand on.
pub(crate) async fn with_site(tx: &mut WriteTx) {
    tx.site_insert(&Site { id: SITE, name: "Main".into(), created_us: 1 }).await.unwrap();
}

/// A device about which little is known.
pub(crate) fn device(id: &str, name: &str) -> DeviceRecord {
    DeviceRecord {
        id: id.into(),
        site: SITE,
        department: None,
        life_cycle: LifeCycle::Active,
        name: name.into(),
        maker: None,
        model: None,
        serial: None,
        udi: None,
        class: None,
        class_confidence: 0,
        os_name: None,
        os_version: None,
        location: None,
        roles: "unknown".into(),
        patient_data_in_clear: false,
        first_us: 100,
        last_us: 200,
        values: Vec::new(),
    }
}

fn value(kind: ValueKind, value: &str) -> DeviceValue {
    DeviceValue { kind, value: value.into(), version: String::new() }
}

async fn ids(store: &Store, scope: &Scope, search: &str) -> Vec<String> {
    let filter = DeviceFilter { search: search.into(), ..DeviceFilter::default() };
    let mut tx = store.read().await.unwrap();
    let rows = tx.device_list(scope, &filter, DeviceOrder::Name, &Page::default()).await.unwrap().rows;
    assert_eq!(tx.device_count(scope, &filter).await.unwrap(), i64::try_from(rows.len()).unwrap());
    rows.into_iter().map(|device| device.id).collect()
}

pub(crate) async fn an_upsert_keeps_what_people_decided(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let ward = Department { id: DepartmentId(7), site: SITE, name: "ICU".into(), created_us: 1 };
    tx.department_insert(&ward).await.unwrap();
    let mut pump = device("dev-1", "pump");
    pump.values = vec![value(ValueKind::Ip, "10.0.0.1"), value(ValueKind::Ip, "10.0.0.1")];
    tx.device_upsert(&[pump.clone()]).await.unwrap();
    assert!(tx.device_place(&Scope::ALL, "dev-1", LifeCycle::Stored, Some(ward.id)).await.unwrap());
    assert!(!tx.device_place(&Scope::ALL, "dev-2", LifeCycle::Stored, None).await.unwrap());
    pump.first_us = 150;
    pump.last_us = 190;
    pump.maker = Some("Acme".into());
    pump.values = vec![value(ValueKind::Ip, "10.0.0.2"), value(ValueKind::Mac, "00:00:5e:00:53:01")];
    tx.device_upsert(&[device("dev-1", "older"), pump]).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.read().await.unwrap().device_find(&Scope::ALL, "dev-1").await.unwrap().unwrap();
    assert_eq!((found.life_cycle, found.department), (LifeCycle::Stored, Some(ward.id)));
    assert_eq!((found.first_us, found.last_us, found.maker.as_deref()), (100, 200, Some("Acme")));
    let kept: Vec<&str> = found.values.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(kept, ["10.0.0.1", "10.0.0.2", "00:00:5e:00:53:01"]);
    assert_eq!(found.name, "pump");
}

pub(crate) async fn pages_join_without_gap_or_double(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    // Many share a name and a time: the id tells them apart.
    let mut all: Vec<DeviceRecord> =
        (0..57).map(|n| device(&format!("dev-{n:02}"), ["a", "B", "é"][n % 3])).collect();
    for (n, one) in (0i64..).zip(&mut all) {
        one.last_us = 200 + n / 10;
    }
    tx.device_upsert(&all).await.unwrap();
    tx.commit().await.unwrap();
    for order in [DeviceOrder::Name, DeviceOrder::LastSeen] {
        let mut page = Page::first(10);
        let mut seen = Vec::new();
        loop {
            let mut tx = store.read().await.unwrap();
            let rows = tx.device_list(&Scope::ALL, &DeviceFilter::default(), order, &page).await.unwrap();
            assert!(rows.rows.len() <= 10);
            seen.extend(rows.rows.into_iter().map(|device| (device.name, device.last_us, device.id)));
            match rows.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        let mut sorted = seen.clone();
        match order {
            DeviceOrder::Name => sorted.sort_by(|a, b| (&a.0, &a.2).cmp(&(&b.0, &b.2))),
            DeviceOrder::LastSeen => sorted.sort_by(|a, b| (b.1, &b.2).cmp(&(a.1, &a.2))),
        }
        assert_eq!(seen, sorted, "bytes decide the order, in both databases");
        assert_eq!(seen.iter().map(|one| &one.2).collect::<BTreeSet<_>>().len(), 57);
    }
}

pub(crate) async fn search_finds_words_anywhere(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let mut pump = device("dev-1", "Pump 50% ICU");
    pump.maker = Some("Acme".into());
    pump.values = vec![value(ValueKind::Ip, "10.20.30.40")];
    tx.device_upsert(&[pump, device("dev-2", "Pump 500 ICU")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&store, &Scope::ALL, "ump icu").await.len(), 2);
    assert_eq!(ids(&store, &Scope::ALL, "acme 20.30").await, ["dev-1"]);
    assert_eq!(ids(&store, &Scope::ALL, "50%").await, ["dev-1"], "a sign of LIKE is a sign like others");
    assert_eq!(ids(&store, &Scope::ALL, "p_mp").await.len(), 0);
}

pub(crate) async fn a_scope_hides_from_lists_counts_and_finds(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    tx.site_insert(&Site { id: SiteId(2), name: "Annex".into(), created_us: 1 }).await.unwrap();
    let ward = Department { id: DepartmentId(7), site: SITE, name: "ICU".into(), created_us: 1 };
    tx.department_insert(&ward).await.unwrap();
    let mut there = device("dev-2", "there");
    there.site = SiteId(2);
    let mut made = device("dev-3", "made");
    made.maker = Some("Acme".into());
    tx.device_upsert(&[device("dev-1", "here"), there, made]).await.unwrap();
    tx.device_place(&Scope::ALL, "dev-1", LifeCycle::Active, Some(ward.id)).await.unwrap();
    tx.commit().await.unwrap();
    let only = |id| Scope { sites: Reach::Only(BTreeSet::from([id])), ..Scope::ALL };
    assert_eq!(ids(&store, &only(SITE), "").await, ["dev-1", "dev-3"]);
    assert_eq!(ids(&store, &only(SiteId(2)), "").await, ["dev-2"]);
    assert!(ids(&store, &Scope::nothing(), "").await.is_empty());
    let makers = Scope { makers: Reach::Only(BTreeSet::from(["Acme".to_owned()])), ..Scope::ALL };
    assert_eq!(ids(&store, &makers, "").await, ["dev-3"], "without a maker means outside");
    let wards = Scope { departments: Reach::Only(BTreeSet::from([ward.id])), ..Scope::ALL };
    assert_eq!(ids(&store, &wards, "").await, ["dev-1"]);
    let mut tx = store.write().await.unwrap();
    assert!(tx.device_find(&only(SITE), "dev-2").await.unwrap().is_none());
    assert!(!tx.device_place(&only(SITE), "dev-2", LifeCycle::Retired, None).await.unwrap());
    assert_eq!(tx.site_list(&only(SITE)).await.unwrap().len(), 1);
    assert_eq!(tx.department_list(&only(SiteId(2))).await.unwrap().len(), 0);
}

pub(crate) async fn a_name_is_there_once(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let again = tx.site_insert(&Site { id: SiteId(2), name: "Main".into(), created_us: 1 }).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
}

pub(crate) async fn what_is_not_committed_is_not_there(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    drop(tx);
    let mut tx = store.write().await.unwrap();
    assert!(tx.site_list(&Scope::ALL).await.unwrap().is_empty());
}

pub(crate) async fn a_reader_cannot_write(store: Store) {
    // The type forbids it; the connection does too.
    let mut tx = store.read().await.unwrap();
    let refused =
        tx.rows("try", "INSERT INTO site (id, name, created_us) VALUES (1, 'x', 1) RETURNING id", &[]).await;
    assert!(matches!(refused, Err(StoreError::Sql { .. })));
}

pub(crate) async fn hostile_text_is_only_text(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let name = "'); DROP TABLE device; -- $1 ?1 \u{202e}<script>";
    tx.device_upsert(&[device("dev-1", name)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&store, &Scope::ALL, "drop table").await, ["dev-1"]);
    assert_eq!(ids(&store, &Scope::ALL, "' OR '1'='1").await.len(), 0);
    let found = store.read().await.unwrap().device_find(&Scope::ALL, "dev-1").await.unwrap().unwrap();
    assert_eq!(found.name, name);
}

pub(crate) async fn thousands_at_once(store: Store) {
    let mut tx = store.write().await.unwrap();
    with_site(&mut tx).await;
    let many: Vec<DeviceRecord> = (0..3_001).map(|n| device(&format!("dev-{n}"), "many")).collect();
    tx.device_upsert(&many).await.unwrap();
    tx.device_upsert(&many).await.unwrap();
    assert_eq!(tx.device_count(&Scope::ALL, &DeviceFilter::default()).await.unwrap(), 3_001);
    tx.commit().await.unwrap();
}
