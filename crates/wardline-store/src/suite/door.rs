//! Passkeys, ceremonies, rules of roles.

use super::account::account;
use crate::*;

fn passkey(id: i64, owner: i64, counter: i64) -> PasskeyRow {
    PasskeyRow {
        id,
        account: AccountId(owner),
        credential: vec![u8::try_from(id).unwrap(); 16],
        name: "badge".into(),
        content: "{}".into(),
        counter,
        created_us: 1,
        last_us: 0,
    }
}

pub(crate) async fn a_passkey_counts_forward_and_is_removed_by_its_owner(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.account_save(&account(1, "ana")).await.unwrap();
    tx.account_save(&account(2, "bob")).await.unwrap();
    for one in [passkey(7, 1, 5), passkey(8, 1, 0)] {
        tx.passkey_insert(&one).await.unwrap();
    }
    assert!(!tx.passkey_used(7, "{}", 5, 10).await.unwrap(), "the same count is a copy");
    assert!(!tx.passkey_used(7, "{}", 0, 10).await.unwrap(), "so is none");
    assert!(tx.passkey_used(7, "{1}", 6, 10).await.unwrap());
    assert!(tx.passkey_used(8, "{}", 0, 10).await.unwrap(), "not every authenticator counts");
    let found = tx.passkey_find(&[7; 16]).await.unwrap().unwrap();
    assert_eq!((found.counter, found.last_us, found.content.as_str()), (6, 10, "{1}"));
    assert!(!tx.passkey_end(AccountId(2), 7).await.unwrap());
    assert!(tx.passkey_end(AccountId(1), 7).await.unwrap());
    assert_eq!(tx.passkey_list(AccountId(1)).await.unwrap().len(), 1);
    assert_eq!(tx.passkey_end_all(AccountId(1)).await.unwrap(), 1);
}

pub(crate) async fn a_credential_is_one_persons(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.account_save(&account(1, "ana")).await.unwrap();
    tx.account_save(&account(2, "bob")).await.unwrap();
    tx.passkey_insert(&passkey(7, 1, 0)).await.unwrap();
    let stolen = PasskeyRow { id: 9, ..passkey(7, 2, 0) };
    assert!(matches!(tx.passkey_insert(&stolen).await, Err(StoreError::Conflict { .. })));
}

pub(crate) async fn what_was_asked_is_answered_once_and_in_time(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.account_save(&account(1, "ana")).await.unwrap();
    let asked = |name: &[u8], account| Ceremony {
        digest: name.to_vec(),
        kind: "passkey".into(),
        account,
        state: vec![1, 2],
        expires_us: 100,
    };
    for name in [&b"a"[..], b"b", b"c"] {
        tx.ceremony_insert(&asked(name, None), 1).await.unwrap();
    }
    let mine = asked(b"d", Some(AccountId(1)));
    tx.ceremony_insert(&mine, 1).await.unwrap();
    assert_eq!(tx.ceremony_use(b"d", "passkey", 99).await.unwrap(), Some(mine));
    assert_eq!(tx.ceremony_use(b"d", "passkey", 99).await.unwrap(), None, "once");
    assert_eq!(tx.ceremony_use(b"a", "other", 99).await.unwrap(), None, "for what it was asked");
    assert_eq!(tx.ceremony_use(b"a", "passkey", 99).await.unwrap(), None, "and gone all the same");
    assert_eq!(tx.ceremony_use(b"b", "passkey", 100).await.unwrap(), None, "in time");
    tx.ceremony_insert(&Ceremony { expires_us: 300, ..asked(b"e", None) }, 200).await.unwrap();
    assert_eq!(tx.ceremony_use(b"c", "passkey", 50).await.unwrap(), None, "swept");
}

pub(crate) async fn a_rule_of_a_role_is_set_anew(store: Store) {
    let mut tx = store.write().await.unwrap();
    tx.role_rule_set("viewer", true).await.unwrap();
    tx.role_rule_set("viewer", false).await.unwrap();
    assert_eq!(tx.role_rules().await.unwrap(), [("viewer".to_owned(), false)]);
}
