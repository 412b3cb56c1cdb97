//! Accounts, sessions, links, leases, audit.

use crate::*;

pub(super) fn account(id: i64, name: &str) -> Account {
    Account {
        id: AccountId(id),
        name: name.into(),
        display_name: name.into(),
        roles: "viewer".into(),
        reach: String::new(),
        enabled: true,
        password: None,
        totp: None,
        totp_step: 0,
        failures: 0,
        locked_until_us: 0,
        created_us: 1,
    }
}

pub(crate) async fn what_is_used_once_works_once(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.account_save(&account(1, "ana")).await.unwrap();
    assert!(matches!(tx.account_named("bob").await, Ok(None)));
    assert!(tx.account_step(AccountId(1), 50).await.unwrap());
    assert!(!tx.account_step(AccountId(1), 50).await.unwrap(), "a code works once");
    assert!(!tx.account_step(AccountId(1), 49).await.unwrap(), "nor does one before it");
    tx.invitation_insert(b"link", AccountId(1), 100).await.unwrap();
    tx.invitation_insert(b"old", AccountId(1), 100).await.unwrap();
    assert_eq!(tx.invitation_use(b"link", 99).await.unwrap(), Some(AccountId(1)));
    assert_eq!(tx.invitation_use(b"link", 99).await.unwrap(), None);
    assert_eq!(tx.invitation_use(b"old", 100).await.unwrap(), None);
    tx.recovery_set(AccountId(1), &[b"a".to_vec(), b"b".to_vec()]).await.unwrap();
    assert!(tx.recovery_use(AccountId(1), b"a").await.unwrap());
    assert!(!tx.recovery_use(AccountId(1), b"a").await.unwrap());
    assert_eq!(tx.account_failed(AccountId(1)).await.unwrap(), 1);
    assert_eq!(tx.account_failed(AccountId(1)).await.unwrap(), 2);
}

pub(crate) async fn a_session_is_ended_by_its_owner_only(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.account_save(&account(1, "ana")).await.unwrap();
    tx.account_save(&account(2, "bob")).await.unwrap();
    let session = Session {
        id: 9,
        digest: b"d".to_vec(),
        account: AccountId(1),
        stage: Stage::Full,
        created_us: 1,
        last_us: 1,
        ends_us: 50,
        address: "10.0.0.1".into(),
        elevated_until_us: 0,
    };
    tx.session_insert(&session).await.unwrap();
    assert_eq!(tx.session_find(b"d").await.unwrap(), Some(session));
    assert!(!tx.session_end(AccountId(2), 9).await.unwrap());
    assert!(tx.session_end(AccountId(1), 9).await.unwrap());
    assert_eq!(tx.session_find(b"d").await.unwrap(), None);
    let taken = Elevation {
        id: 4,
        account: AccountId(1),
        reason: "r".into(),
        from_us: 1,
        until_us: 2,
        reviewed_us: None,
    };
    tx.session_elevate(9, &taken).await.unwrap();
    assert!(!tx.elevation_review(4, AccountId(1), 3, "fine").await.unwrap(), "not by oneself");
    assert!(tx.elevation_review(4, AccountId(2), 3, "fine").await.unwrap());
    assert!(tx.elevation_unreviewed().await.unwrap().is_empty());
}

pub(crate) async fn a_lease_has_one_owner_until_it_ends(store: Store) {
    let mut tx = store.write().await.unwrap();
    assert!(tx.lease_take("sequencer", "a", 0, 10).await.unwrap());
    assert!(!tx.lease_take("sequencer", "b", 9, 20).await.unwrap());
    assert!(tx.lease_take("sequencer", "a", 9, 20).await.unwrap());
    assert!(tx.lease_take("sequencer", "b", 20, 30).await.unwrap());
    assert!(!tx.lease_take("sequencer", "a", 21, 31).await.unwrap());
}

pub(crate) async fn the_audit_is_sequenced_once(store: Store) {
    let mut tx = store.write().await.unwrap();
    for id in 1..=3 {
        let row = AuditRow {
            id,
            at_us: id * 10,
            actor: "ana".into(),
            action: "a".into(),
            outcome: "done".into(),
            record: Some("{}".into()),
            digest: vec![0; 32],
            position: None,
        };
        tx.audit_insert(&row).await.unwrap();
    }
    tx.audit_place(1, 0).await.unwrap();
    assert!(tx.audit_place(1, 1).await.is_err());
    assert_eq!(tx.audit_unsequenced(10).await.unwrap().len(), 2);
    assert_eq!(tx.audit_sequenced(0, 10).await.unwrap().len(), 1);
    assert_eq!(tx.audit_list(Some((30, 3)), 10).await.unwrap().len(), 2);
    tx.ledger_insert(&[(0, 0, vec![1; 32]), (0, 1, vec![2; 32])]).await.unwrap();
    assert_eq!(tx.ledger_nodes(0, 1, 9).await.unwrap(), [(1, vec![2; 32])]);
    let told =
        OutboxRow { id: 1, topic: "t".into(), body: "b".into(), created_us: 1, attempts: 0, next_us: 5 };
    tx.outbox_insert(&told).await.unwrap();
    assert!(tx.outbox_due(4, 10).await.unwrap().is_empty());
    assert_eq!(tx.outbox_due(5, 10).await.unwrap(), [told]);
    assert!(tx.outbox_done(1).await.unwrap() && !tx.outbox_done(1).await.unwrap());
}
