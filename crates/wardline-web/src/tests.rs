//! The server as others meet it: curl over TLS, with the certificate of the first start.

use crate::{ROUTES, Server, make_certificate};
use std::process::Command;
use wardline_app::{App, Caller, Need, NewAccount, Role, Scope, Seal, Store, System};

const GOOD: &str = "correct horse battery staple";

struct House {
    _folder: tempfile::TempDir,
    app: App,
    at: String,
    certificate: std::path::PathBuf,
    runtime: tokio::runtime::Runtime,
}

#[expect(clippy::disallowed_methods, reason = "a real server in real time")]
fn now_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// A server on a port of its own, or nothing where curl is not.
fn house() -> Option<House> {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("SKIPPED: curl is not here: the server was not spoken to");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let made = make_certificate(&["localhost".to_owned()]).unwrap();
    let certificate = folder.path().join("cert.pem");
    std::fs::write(&certificate, &made.chain).unwrap();
    let address = format!("sqlite:{}", folder.path().join("w.db").display());
    let (app, at) = runtime.block_on(async {
        let store = Store::open(&address).await.unwrap();
        let seal = Seal::parse(&Seal::new_text(&[5; 32])).unwrap();
        let app = App::new(store, Box::new(System { clock: now_us }), seal).unwrap();
        let server = Server::bind("127.0.0.1:0", &made, app.clone()).await.unwrap();
        let at = format!("https://localhost:{}", server.address().unwrap().port());
        tokio::spawn(server.run(std::future::pending()));
        (app, at)
    });
    Some(House { _folder: folder, app, at, certificate, runtime })
}

impl House {
    /// Status, head and body of a request with these arguments of curl.
    fn curl(&self, path: &str, arguments: &[&str]) -> (u16, String, String) {
        let done = Command::new("curl")
            .args(["-s", "-i", "--path-as-is", "--http1.1", "--max-time", "30", "--cacert"])
            .arg(&self.certificate)
            .args(arguments)
            .arg(format!("{}{path}", self.at))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, head.to_lowercase(), body.to_owned())
    }

    fn post(&self, path: &str, form: &str, cookie: &str) -> (u16, String, String) {
        let origin = format!("Origin: {}", self.at);
        let cookie = format!("Cookie: __Host-wardline={cookie}");
        self.curl(path, &["-H", &origin, "-H", &cookie, "-d", form])
    }

    fn get(&self, path: &str, cookie: &str) -> (u16, String, String) {
        self.curl(path, &["-H", &format!("Cookie: __Host-wardline={cookie}")])
    }

    /// Lets somebody in through the pages; the cookie of a full session.
    fn enter(&self, name: &str, role: Role) -> String {
        let new =
            NewAccount { name: name.into(), display_name: name.into(), roles: vec![role], scope: Scope::ALL };
        let link = self.runtime.block_on(self.app.account_create(&Caller::console(), &new)).unwrap();
        let form = format!("password={0}&again={0}", GOOD.replace(' ', "+"));
        let (status, head, _) = self.post(&format!("/welcome/{link}"), &form, "");
        assert_eq!(status, 303, "{head}");
        cookie(&head)
    }
}

fn cookie(head: &str) -> String {
    let line = head.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
    assert!(
        line.contains("secure") && line.contains("httponly") && line.contains("samesite=strict"),
        "{line}"
    );
    line.split_once("wardline=").unwrap().1.split(';').next().unwrap().to_owned()
}

#[test]
fn nobody_gets_anything_that_is_not_for_anybody() {
    let Some(house) = house() else { return };
    for route in ROUTES {
        let path = ["{id}", "{link}", "{session}", "{passkey}", "{token}"]
            .iter()
            .fold(route.path.to_owned(), |path, part| path.replace(part, "1"));
        for forged in ["", "0000", &"a".repeat(64), "' OR 1=1 --"] {
            let (status, head, body) = match route.method.as_str() {
                "GET" => house.get(&path, forged),
                _ => house.post(&path, "name=x&password=y", forged),
            };
            let refused =
                status == 401 || status == 404 || (status == 303 && head.contains("location: /sign-in"));
            match route.need {
                Need::Anybody => assert!(status < 500, "{path}: {status}"),
                _ => assert!(refused && !head.contains("set-cookie"), "{path}: {status} {body}"),
            }
            assert!(head.contains("content-security-policy: default-src 'none'"), "{path}");
        }
    }
}

#[test]
fn somebody_comes_in_looks_and_goes_out() {
    let Some(house) = house() else { return };
    let session = house.enter("viewer", Role::Viewer);
    let (status, head, body) = house.get("/devices", &session);
    assert_eq!(status, 200);
    assert!(head.contains("cache-control: no-store") && body.contains("No devices here yet"));
    assert!(!body.contains("<script") && !body.contains(" style="));
    assert_eq!(house.get("/audit", &session).0, 404, "not for this role");
    assert_eq!(house.get("/devices/dev-1", &session).0, 404);
    assert_eq!(house.get("/api/devices", &session).0, 200);
    assert_eq!(house.post("/devices/dev-1/place", "life=stored", &session).0, 404);
    assert_eq!(house.post("/sign-out", "", &session).0, 303);
    assert_eq!(house.get("/devices", &session).0, 303, "out is out");
    let (status, head, _) =
        house.post("/sign-in", &format!("name=viewer&password={}", GOOD.replace(' ', "+")), "");
    assert_eq!((status, head.contains("location: /devices")), (303, true));
    assert_eq!(house.post("/sign-in", "name=viewer&password=wrong", "").0, 401);

    let half = house.enter("boss", Role::Administrator);
    assert_eq!(house.get("/devices", &half).0, 303, "the second step is missing");
    let (status, _, body) = house.get("/sign-in/code", &half);
    assert!(status == 200 && body.contains("Set up your second step"));
}

#[test]
fn what_is_bent_is_refused_with_words() {
    let Some(house) = house() else { return };
    let session = house.enter("viewer", Role::Viewer);
    let cookie = format!("Cookie: __Host-wardline={session}");
    for strange in [
        &["-d", "x=1"][..],
        &["-H", "Origin: https://evil.example", "-d", "x=1"],
        &["-H", "Sec-Fetch-Site: cross-site", "-d", "x=1"],
    ] {
        let (status, _, body) = house.curl("/sign-out", &[strange, &["-H", &cookie]].concat());
        assert_eq!((status, body.contains("does not come from a page of Wardline")), (400, true));
    }
    assert_eq!(house.get("/devices", &session).0, 200, "no effect");
    let (status, _, body) = house.post("/sign-in", &format!("name={}", "x".repeat(70_000)), "");
    assert!(status == 400 && body.contains("too large"), "{status} {body}");
    for path in ["/../etc/passwd", "/devices/..%2f..%2fetc%2fpasswd", "/style.css/..", "/%00", "/api/nothing"]
    {
        let (status, ..) = house.get(path, &session);
        assert_eq!(status, 404, "{path}");
    }
    let (status, head, body) = house.curl("/api/devices", &["-H", "Authorization: Bearer wardline_forged"]);
    assert_eq!(status, 401);
    assert!(head.contains("application/problem+json") && body.contains("\"detail\":\"sign in first\""));
    assert_eq!(
        house.curl("/devices", &["-X", "DELETE", "-H", &cookie, "-H", &format!("Origin: {}", house.at)]).0,
        404
    );
    // Thirty-one in one minute of the clock, wherever in a minute this begins. Signing out counts and costs no hash.
    let refused = (0..200).any(|_| house.post("/sign-out", "", "").0 == 429);
    assert!(refused, "an address may try without end");
    assert_eq!(house.get("/health/ready", "").0, 200);
}

/// The program of a browser and of what drives it, or nothing where one is not.
fn browser() -> Option<&'static str> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let program = ["chromium", "google-chrome"].into_iter().find(|program| there(program));
    if program.is_none() || !there("node") {
        println!("SKIPPED: chromium or node is not here: passkeys were not tried in a browser");
        return None;
    }
    program
}

#[test]
fn passkeys_work_in_a_browser_and_are_refused_for_every_reason() {
    let (Some(program), Some(house)) = (browser(), house()) else { return };
    house.app.seen_at(&house.at).unwrap();
    let new = NewAccount {
        name: "viewer".into(),
        display_name: "Viewer".into(),
        roles: vec![Role::Viewer],
        scope: Scope::ALL,
    };
    let (link, other) = house.runtime.block_on(async {
        let link = house.app.account_create(&Caller::console(), &new).await.unwrap();
        // The same house at a second port: another origin.
        let made = make_certificate(&["localhost".to_owned()]).unwrap();
        let second = Server::bind("127.0.0.1:0", &made, house.app.clone()).await.unwrap();
        let other = format!("https://localhost:{}", second.address().unwrap().port());
        tokio::spawn(second.run(std::future::pending()));
        (link, other)
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/browser/passkey.mjs");
    let profile = tempfile::tempdir().unwrap();
    let done = Command::new("node")
        .args([script, program, &house.at, &other, &format!("{}/welcome/{link}", house.at)])
        .arg(profile.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("a removed passkey is refused"), "{said}");
    let rows = house.runtime.block_on(async {
        let reader = Caller { roles: vec![Role::Privacy], ..Caller::console() };
        house.app.audit_list(&reader, None, 500).await.unwrap()
    });
    let told =
        |words: &str| rows.iter().any(|row| row.record.as_ref().is_some_and(|text| text.contains(words)));
    for words in
        ["passkey added", "passkey removed", "there may be a copy", "not of that account", "answered before"]
    {
        assert!(told(words), "not in the audit: {words}");
    }
}
