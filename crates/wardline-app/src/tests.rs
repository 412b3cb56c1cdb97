//! The door, on both databases.

use crate::*;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use wardline_store::Scope;

/// A clock that a test moves, and randomness that counts.
struct Fixed {
    now: AtomicI64,
    drawn: AtomicU64,
}

struct Shared(&'static Fixed);

impl Outside for Shared {
    fn now_us(&self) -> i64 {
        self.0.now.load(Ordering::SeqCst)
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let drawn = self.0.drawn.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            *byte = drawn.to_be_bytes()[0] ^ drawn.to_be_bytes()[3];
        }
    }
}

const START: i64 = 1_790_000_000_000_000;
const GOOD: &str = "correct horse battery staple";
const SECOND: i64 = 1_000_000;

struct Bench {
    app: App,
    clock: &'static Fixed,
    address: String,
}

impl Bench {
    fn pass(&self, seconds: i64) {
        self.clock.now.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }

    /// The code that the authenticator of this secret shows now.
    fn code(&self, base32: &str) -> String {
        let mut bits = 0u32;
        let (mut secret, mut word) = (Vec::new(), 0u32);
        for c in base32.bytes() {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap();
            word = word << 5 | u32::try_from(value).unwrap();
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                secret.push(u8::try_from(word >> bits & 255).unwrap());
            }
        }
        let step = self.clock.now.load(Ordering::SeqCst) / SECOND / 30;
        format!("{:06}", totp::code(&secret, step))
    }

    /// The first administrator, with a second factor: session, TOTP secret, recovery codes.
    async fn administrator(&self) -> (String, String, Vec<String>) {
        let link = self.app.first_start().await.unwrap().unwrap();
        let entered = self.app.accept_invitation(&link, GOOD, "10.0.0.9").await.unwrap();
        assert_eq!(entered.stage, Stage::Password);
        let (secret, sealed) = self.app.second_factor_offer(&entered.secret).await.unwrap();
        let code = self.code(&secret);
        let accepted =
            self.app.second_factor_accept(&entered.secret, &sealed, &code, "10.0.0.9").await.unwrap();
        (accepted.0.secret, secret, accepted.1)
    }
}

static TURN: Mutex<()> = Mutex::new(());

fn on_both<F: Future<Output = ()>>(case: fn(Bench) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let mut addresses = vec![format!("sqlite:{}", folder.path().join("w.db").display())];
    match testkit::postgres::database() {
        Ok(address) => addresses.push(address),
        Err(why) => println!("SKIPPED: PostgreSQL is not here: {}", why.lines().next().unwrap_or_default()),
    }
    let _turn = TURN.lock();
    for address in addresses {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&address).await.unwrap();
            let clock: &'static Fixed =
                Box::leak(Box::new(Fixed { now: AtomicI64::new(START), drawn: AtomicU64::new(1) }));
            let seal = Seal::parse(&Seal::new_text(&[7; 32])).unwrap();
            let app = App::new(store.clone(), Box::new(Shared(clock)), seal).unwrap();
            case(Bench { app, clock, address: address.clone() }).await;
            store.close().await;
        });
    }
}

fn sign_in<'a>(name: &'a str, password: &'a str) -> SignIn<'a> {
    SignIn { name, password, address: "10.0.0.9" }
}

#[test]
fn from_the_first_link_to_a_full_session_and_out() {
    on_both(|bench| async move {
        let (session, totp, codes) = bench.administrator().await;
        let app = &bench.app;
        assert!(app.first_start().await.unwrap().is_none(), "once there is somebody there is no first start");
        let caller = app.caller(&session, "10.0.0.9").await.unwrap();
        assert_eq!((caller.actor.as_str(), caller.roles.as_slice()), ("admin", &[Role::Administrator][..]));
        app.sign_out(&session, "10.0.0.9").await.unwrap();
        assert!(matches!(app.caller(&session, "").await, Err(AppError::SignIn)));

        let half = app.sign_in(sign_in(" Admin ", GOOD)).await.unwrap();
        assert_eq!(half.stage, Stage::Password);
        assert!(matches!(app.caller(&half.secret, "").await, Err(AppError::SignIn)), "half way is not in");
        let used = bench.code(&totp);
        let again = app.second_factor(&half.secret, &used, "10.0.0.9").await;
        assert!(matches!(again, Err(AppError::Credential)), "the code of this step was used");
        bench.pass(30);
        let full = app.second_factor(&half.secret, &bench.code(&totp), "10.0.0.9").await.unwrap();
        app.caller(&full.secret, "").await.unwrap();
        assert!(
            matches!(app.caller(&half.secret, "").await, Err(AppError::SignIn)),
            "the half session is gone"
        );

        let half = app.sign_in(sign_in("admin", GOOD)).await.unwrap();
        let typed = codes[3].to_lowercase().replace('-', " ");
        app.second_factor(&half.secret, &typed, "10.0.0.9").await.unwrap();
        let half = app.sign_in(sign_in("admin", GOOD)).await.unwrap();
        assert!(
            app.second_factor(&half.secret, &codes[3], "10.0.0.9").await.is_err(),
            "a recovery code works once"
        );
    });
}

#[test]
fn guessing_is_slowed_and_names_stay_secret() {
    on_both(|bench| async move {
        bench.administrator().await;
        for _ in 0..5 {
            let refused = bench.app.sign_in(sign_in("admin", "wrong wrong wrong")).await;
            assert!(matches!(refused, Err(AppError::Credential)));
        }
        let waiting = bench.app.sign_in(sign_in("admin", GOOD)).await;
        assert!(matches!(waiting, Err(AppError::Locked { seconds: 1..=31 })), "even with the right one");
        bench.pass(31);
        assert!(bench.app.sign_in(sign_in("admin", "wrong wrong wrong")).await.is_err());
        let longer = bench.app.sign_in(sign_in("admin", GOOD)).await;
        assert!(matches!(longer, Err(AppError::Locked { seconds: 32..=61 })));
        let nobody = bench.app.sign_in(sign_in("nobody", GOOD)).await;
        assert!(matches!(nobody, Err(AppError::Credential)));
    });
}

#[test]
fn sessions_end_by_themselves_and_closed_accounts_at_once() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let caller = bench.app.caller(&session, "").await.unwrap();
        let new = NewAccount {
            name: "nurse".into(),
            display_name: "N".into(),
            roles: vec![Role::Clinical],
            scope: Scope::nothing(),
        };
        let link = bench.app.account_create(&caller, &new).await.unwrap();
        let weak = bench.app.accept_invitation(&link, "password1234", "").await;
        assert!(matches!(weak, Err(AppError::Input { field: "password", .. })));
        let entered = bench.app.accept_invitation(&link, GOOD, "").await.unwrap();
        assert_eq!(entered.stage, Stage::Full, "no second factor is asked of this role");
        assert!(bench.app.accept_invitation(&link, GOOD, "").await.is_err(), "a link works once");
        let nurse = bench.app.caller(&entered.secret, "").await.unwrap();
        assert_eq!(nurse.scope, Scope::nothing());
        assert!(matches!(bench.app.account_list(&nurse).await, Err(AppError::Hidden)));
        let taken = bench.app.account_create(&caller, &new).await;
        assert!(matches!(taken, Err(AppError::Input { field: "name", .. })));

        assert!(bench.app.emergency_take(&nurse, "short").await.is_err());
        bench.app.emergency_take(&nurse, "ventilator alarm in room 4").await.unwrap();
        let elevated = bench.app.caller(&entered.secret, "").await.unwrap();
        assert!(elevated.emergency && elevated.scope == Scope::ALL);

        bench.app.account_enable(&caller, "nurse", false).await.unwrap();
        assert!(bench.app.caller(&entered.secret, "").await.is_err());
        assert!(bench.app.sign_in(sign_in("nurse", GOOD)).await.is_err());
        bench.pass(16 * 60);
        assert!(bench.app.caller(&session, "").await.is_err(), "left alone for too long");
    });
}

#[test]
fn a_token_gives_at_most_what_its_owner_has_and_ends() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let caller = bench.app.caller(&session, "").await.unwrap();
        let more = bench.app.token_create(&caller, "x", &[Role::Privacy], 1).await;
        assert!(matches!(more, Err(AppError::Input { field: "roles", .. })));
        let secret = bench.app.token_create(&caller, "export", &[Role::Administrator], 1).await.unwrap();
        let by_token = bench.app.caller_of_token(&secret, "").await.unwrap();
        bench.app.account_list(&by_token).await.unwrap();
        for forged in ["", "wardline_", &secret[..secret.len() - 1], &format!("{secret}0")] {
            assert!(matches!(bench.app.caller_of_token(forged, "").await, Err(AppError::SignIn)));
        }
        bench.pass(86_401);
        assert!(bench.app.caller_of_token(&secret, "").await.is_err(), "it has ended");
    });
}

/// The verifier that is built on the Go project's library (`tests/peers/tlog_verify.go`): the whole export holds, and
/// with a flipped byte it does not, at the leaf where ours says so too.
fn a_verifier_of_others_agrees(export: &Path, key: &str) {
    const GO: &str = "/usr/lib/go-1.19/bin/go";
    const LIBRARY: &str = "/usr/share/gocode";
    if !Path::new(GO).exists() || !Path::new(LIBRARY).join("src/golang.org/x/mod/sumdb/tlog").exists() {
        println!(
            "SKIPPED: Go and its x/mod library are not here: the ledger was checked by our verifier only"
        );
        return;
    }
    let built = tempfile::tempdir().unwrap();
    let program = built.path().join("tlog_verify");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/tlog_verify.go");
    let mut build = Command::new(GO);
    build.args(["build", "-o"]).arg(&program).arg(source).env("GO111MODULE", "off").env("GOPATH", LIBRARY);
    assert!(build.env("GOCACHE", built.path().join("cache")).status().unwrap().success());
    let verify = || {
        let output = Command::new(&program).arg(export).arg(key).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(verify(), (true, "303 entries hold\n".to_owned()));
    let path = export.join("tile/entries/001.p/47");
    let sound = fs::read(&path).unwrap();
    let mut flipped = sound.clone();
    flipped[2 + 34 * 20] ^= 1;
    fs::write(&path, flipped).unwrap();
    let (holds, said) = verify();
    assert!(!holds && said.starts_with("leaf 276:"), "{said}");
    fs::write(&path, sound).unwrap();
}

#[test]
fn everything_done_and_refused_is_in_the_ledger_and_a_changed_byte_is_located() {
    on_both(|bench| async move {
        let app = &bench.app;
        let console = Caller::console();
        for _ in 0..300 {
            assert!(
                app.account_list(&Caller { roles: vec![Role::Viewer], ..Caller::console() }).await.is_err()
            );
        }
        bench.administrator().await;
        while app.sequence("one").await.unwrap() > 0 {}
        assert!(app.account_list(&Caller { roles: vec![], ..Caller::console() }).await.is_err());
        assert_eq!(app.sequence("two").await.unwrap(), 0, "another has the lease");
        let report = app.ledger_verify(&console).await.unwrap();
        assert!(report.problems.is_empty(), "{report:?}");
        assert_eq!((report.sequenced, report.tail), (303, 1));
        assert!(
            app.ledger_proof(&console, 5).await.unwrap().starts_with("c2sp.org/tlog-proof@v1\nindex 5\n")
        );
        assert!(app.ledger_proof(&console, 303).await.is_err());

        let folder = tempfile::tempdir().unwrap();
        assert_eq!(app.ledger_export(&console, folder.path()).await.unwrap(), 303);
        assert_eq!(app.ledger_check_export(folder.path()).unwrap(), 303);
        a_verifier_of_others_agrees(folder.path(), &app.ledger_key().unwrap());

        let store = Store::open(&bench.address).await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.tamper("UPDATE audit SET record = replace(record, 'denied', 'done') WHERE position = 123")
            .await
            .unwrap();
        tx.tamper("DELETE FROM audit WHERE position = 302").await.unwrap();
        tx.commit().await.unwrap();
        let report = app.ledger_verify(&console).await.unwrap();
        assert!(report.problems[0].starts_with("leaf 123: its record"), "{report:?}");
        assert!(report.problems[1].starts_with("leaf 302: its row"), "{report:?}");
        store.close().await;
    });
}

#[test]
fn an_audit_past_its_time_loses_its_words_and_the_ledger_still_holds() {
    on_both(|bench| async move {
        let (app, console) = (&bench.app, Caller::console());
        bench.administrator().await;
        while app.sequence("one").await.unwrap() > 0 {}
        assert_eq!(app.retain("one").await.unwrap(), 0);
        bench.pass(86_400 * 365 * 7);
        let erased = app.retain("one").await.unwrap();
        assert!(erased >= 2, "{erased}");
        assert_eq!(app.retain("two").await.unwrap(), 0, "another has the lease");
        while app.sequence("one").await.unwrap() > 0 {}
        let report = app.ledger_verify(&console).await.unwrap();
        assert!(report.problems.is_empty() && report.erased >= 2, "{report:?}");
        let rows = app.audit_list(&console, None, 50).await.unwrap();
        assert!(rows.iter().any(|row| row.action == "data.erase"), "{rows:?}");
    });
}

#[test]
fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    const NEW: &str = "purple kettle orbits seven lanterns";
    on_both(|bench| async move {
        let (session, totp, _) = bench.administrator().await;
        let app = &bench.app;
        bench.pass(30);
        let half = app.sign_in(sign_in("admin", GOOD)).await.unwrap();
        let other = app.second_factor(&half.secret, &bench.code(&totp), "").await.unwrap().secret;
        let caller = app.caller(&session, "").await.unwrap();
        assert!(matches!(app.password_change(&caller, "wrong", NEW).await, Err(AppError::Credential)));
        assert!(matches!(app.password_change(&caller, GOOD, GOOD).await, Err(AppError::Input { .. })));
        assert!(matches!(app.password_change(&caller, GOOD, "short").await, Err(AppError::Input { .. })));
        app.caller(&other, "").await.unwrap();
        app.password_change(&caller, GOOD, NEW).await.unwrap();
        assert!(matches!(app.caller(&other, "").await, Err(AppError::SignIn)), "signed out elsewhere");
        app.caller(&session, "").await.unwrap();
        assert!(app.sign_in(sign_in("admin", GOOD)).await.is_err());
        app.sign_in(sign_in("admin", NEW)).await.unwrap();
        for _ in 0..5 {
            assert!(app.password_change(&caller, "wrong", GOOD).await.is_err());
        }
        let waiting = app.password_change(&caller, NEW, GOOD).await;
        assert!(matches!(waiting, Err(AppError::Locked { .. })), "guessing inside waits as at the door");
    });
}

#[test]
fn a_token_makes_no_token_and_is_ended_by_its_owner() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let app = &bench.app;
        let caller = app.caller(&session, "").await.unwrap();
        let secret = app.token_create(&caller, "export", &[Role::Administrator], 1).await.unwrap();
        let program = app.caller_of_token(&secret, "").await.unwrap();
        let more = app.token_create(&program, "for ever", &[Role::Administrator], 366).await;
        assert!(matches!(more, Err(AppError::Hidden)));
        assert!(matches!(app.token_list(&program).await, Err(AppError::Hidden)));
        assert!(matches!(app.password_change(&program, GOOD, GOOD).await, Err(AppError::Hidden)));
        let [token] = &app.token_list(&caller).await.unwrap()[..] else { panic!("one token") };
        assert!(token.last_us > 0, "its use is noted");
        assert!(matches!(app.token_end(&caller, token.id + 1).await, Err(AppError::Hidden)));
        app.token_end(&caller, token.id).await.unwrap();
        assert!(matches!(app.caller_of_token(&secret, "").await, Err(AppError::SignIn)));
    });
}

#[test]
fn a_house_says_which_roles_need_a_second_factor() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let app = &bench.app;
        let caller = app.caller(&session, "").await.unwrap();
        let new = NewAccount {
            name: "nurse".into(),
            display_name: "N".into(),
            roles: vec![Role::Clinical],
            scope: Scope::ALL,
        };
        let link = app.account_create(&caller, &new).await.unwrap();
        let nurse = app.accept_invitation(&link, GOOD, "").await.unwrap();
        assert_eq!(nurse.stage, Stage::Full);
        let nurse = app.caller(&nurse.secret, "").await.unwrap();
        assert!(matches!(app.role_rules_set(&nurse, &[]).await, Err(AppError::Hidden)));
        app.role_rules_set(&caller, &[Role::Clinical]).await.unwrap();
        let rules = app.role_rules(&caller).await.unwrap();
        let needing: Vec<Role> = rules.iter().filter(|one| one.second_factor).map(|one| one.role).collect();
        assert_eq!(
            needing,
            [Role::Administrator, Role::Clinical],
            "who keeps the rules cannot lift their own"
        );
        let half = app.sign_in(sign_in("nurse", GOOD)).await.unwrap();
        assert_eq!(half.stage, Stage::Password);
        assert_eq!(app.second_step(&half.secret).await.unwrap(), SecondStep::SetUp);
    });
}

#[test]
fn emergency_access_ends_and_is_judged_by_somebody_else() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let app = &bench.app;
        let admin = app.caller(&session, "").await.unwrap();
        let new = NewAccount {
            name: "nurse".into(),
            display_name: "N".into(),
            roles: vec![Role::Clinical, Role::Privacy],
            scope: Scope::nothing(),
        };
        let link = app.account_create(&admin, &new).await.unwrap();
        app.role_rules_set(&admin, &[]).await.unwrap();
        let nurse = app.accept_invitation(&link, GOOD, "").await.unwrap().secret;
        let caller = app.caller(&nurse, "").await.unwrap();
        app.emergency_take(&caller, "ventilator alarm in room 4").await.unwrap();
        let [taken] = &app.emergency_list(&caller).await.unwrap()[..] else { panic!("one") };
        assert!(taken.own && taken.name == "nurse");
        assert!(matches!(app.emergency_review(&caller, taken.id, "all well").await, Err(AppError::Hidden)));
        assert!(matches!(app.emergency_review(&admin, taken.id, "").await, Err(AppError::Input { .. })));
        app.emergency_review(&admin, taken.id, "patient was in danger").await.unwrap();
        assert!(app.emergency_list(&admin).await.unwrap().is_empty());
        for _ in 0..5 {
            bench.pass(13 * 60);
            let Ok(caller) = app.caller(&nurse, "").await else { panic!("still in") };
            if !caller.emergency {
                assert_eq!(caller.scope, Scope::nothing());
                return;
            }
        }
        panic!("emergency access does not end");
    });
}

#[test]
fn a_passkey_question_is_for_its_asker_once_and_in_time() {
    on_both(|bench| async move {
        let (session, ..) = bench.administrator().await;
        let app = &bench.app;
        let caller = app.caller(&session, "").await.unwrap();
        assert!(matches!(app.passkey_ask().await, Err(AppError::Hidden)), "no name, no passkeys");
        assert!(matches!(app.seen_at("https://10.0.0.1"), Err(AppError::Input { .. })));
        app.seen_at("https://wardline.example").unwrap();
        assert!(matches!(app.passkey_add(&caller, "wrong").await, Err(AppError::Credential)));
        let asked = app.passkey_add(&caller, GOOD).await.unwrap();
        let kept = app.passkey_keep(&caller, &asked.ticket, "key", "{}").await;
        assert!(matches!(kept, Err(AppError::Input { field: "passkey", .. })));
        let again = app.passkey_keep(&caller, &asked.ticket, "key", "{}").await;
        assert!(again.unwrap_err().to_string().contains("answered before"), "a question is used up");
        let asked = app.passkey_ask().await.unwrap();
        bench.pass(301);
        let late = app.passkey_enter(&asked.ticket, "{}", "10.0.0.9").await;
        assert!(matches!(late, Err(AppError::Credential)));
        let rows = app.audit_list(&app.caller(&session, "").await.unwrap(), None, 5).await.unwrap();
        assert!(rows.iter().any(|row| row.record.as_ref().is_some_and(|text| text.contains("too late"))));
    });
}
