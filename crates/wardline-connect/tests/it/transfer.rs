//! Transfers: unchanged, resumed, too large, too slow, sent round in circles, by an authority nobody knows.

use crate::server::{Server, have};
use std::fs::File;
use std::io::Read;
use std::time::Duration;
use wardline_connect::ConnectError;
use wardline_connect::address::Address;
use wardline_connect::client::{Answer, Client, Request, Settings, Validators};

const LIMIT: u64 = 8 << 20;

pub(crate) fn client(server: &Server) -> Client {
    Client::new(&Settings {
        authorities: Some(server.authority()),
        pause: Duration::from_millis(10),
        idle: Duration::from_secs(5),
        ..Settings::default()
    })
    .unwrap()
}

fn fetch(client: &Client, url: &str, known: Validators) -> (Result<Answer, ConnectError>, Vec<u8>) {
    let address = Address::parse(url).unwrap();
    let mut file: File = tempfile::tempfile().unwrap();
    let answer = client.fetch(&Request { known, ..Request::new(&address, LIMIT) }, &mut file);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    (answer, bytes)
}

fn ready(what: &str) -> bool {
    have(&["nginx", "openssl"], what)
}

/// Bytes that differ everywhere.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    if !ready("a feed that did not change") {
        return;
    }
    let server = Server::start("");
    server.put("feed.json", b"{\"a\":1}");
    let client = client(&server);
    let (answer, bytes) = fetch(&client, &server.url("feed.json"), Validators::default());
    let Ok(Answer::Fetched { validators, bytes: length, resumed: 0, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((bytes.as_slice(), length), (b"{\"a\":1}".as_slice(), 7));
    assert!(validators.etag.starts_with('"') && !validators.modified.is_empty(), "{validators:?}");
    let (answer, _) = fetch(&client, &server.url("feed.json"), validators.clone());
    assert_eq!(answer.unwrap(), Answer::Unchanged);
    let only_time = Validators { etag: String::new(), ..validators.clone() };
    assert_eq!(fetch(&client, &server.url("feed.json"), only_time).0.unwrap(), Answer::Unchanged);
    server.put("feed.json", b"{\"a\":22}");
    let (answer, bytes) = fetch(&client, &server.url("feed.json"), validators);
    assert!(matches!(answer, Ok(Answer::Fetched { .. })), "{answer:?}");
    assert_eq!(bytes, b"{\"a\":22}");
}

#[test]
fn a_slow_server_is_left_and_the_transfer_goes_on_where_it_was() {
    if !ready("an interrupted transfer") {
        return;
    }
    // 400 kB each second after the first megabyte; an attempt lasts one second.
    let server = Server::start("limit_rate_after 400k; limit_rate 400k;");
    let sent = noise(1_500_000);
    server.put("feed.bin", &sent);
    let client = Client::new(&Settings {
        authorities: Some(server.authority()),
        pause: Duration::from_millis(10),
        attempt: Duration::from_millis(1_200),
        ..Settings::default()
    })
    .unwrap();
    let (answer, bytes) = fetch(&client, &server.url("feed.bin"), Validators::default());
    let Ok(Answer::Fetched { resumed, .. }) = answer else { panic!("{answer:?}") };
    assert!(resumed > 0);
    assert_eq!(bytes.len(), sent.len());
    assert!(bytes == sent);
    let asked = server.asked();
    assert!(asked.iter().any(|line| line.starts_with("206 /feed.bin bytes=")), "{asked:?}");
}

#[test]
fn a_silent_server_is_given_up() {
    if !ready("a server that never answers") {
        return;
    }
    let server = Server::start("limit_rate 1;");
    server.put("feed.bin", &noise(100_000));
    let client = Client::new(&Settings {
        authorities: Some(server.authority()),
        pause: Duration::from_millis(10),
        idle: Duration::from_millis(300),
        attempt: Duration::from_millis(300),
        ..Settings::default()
    })
    .unwrap();
    let (answer, _) = fetch(&client, &server.url("feed.bin"), Validators::default());
    assert!(matches!(answer, Err(ConnectError::Transfer { attempts: 4, .. })), "{answer:?}");
}

#[test]
fn what_is_too_large_is_not_fetched() {
    if !ready("a body without end") {
        return;
    }
    let server = Server::start("location /chunked { chunked_transfer_encoding on; ssi on; ssi_types *; }");
    server.put("feed.bin", &noise(9 << 20));
    server.put("chunked/feed.bin", &noise(9 << 20));
    let client = client(&server);
    for name in ["feed.bin", "chunked/feed.bin"] {
        let (answer, _) = fetch(&client, &server.url(name), Validators::default());
        assert!(matches!(answer, Err(ConnectError::TooLarge { limit: LIMIT, .. })), "{answer:?}");
    }
}

#[test]
fn circles_and_ways_out_of_tls_end() {
    if !ready("redirections") {
        return;
    }
    let server = Server::start(
        "location = /a { return 302 /b; } location = /b { return 301 /a; } location = /plain { return 302 http://localhost/; }
         location = /one { return 307 /feed.json; } location = /busy { return 503; } location = /secret { return 302 https://127.0.0.1:$server_port/feed.json; }",
    );
    server.put("feed.json", b"{}");
    let client = client(&server);
    let error = |name: &str| fetch(&client, &server.url(name), Validators::default()).0.unwrap_err();
    assert!(matches!(error("a"), ConnectError::Redirect { .. }));
    assert!(matches!(error("plain"), ConnectError::Redirect { .. }));
    assert!(matches!(error("none"), ConnectError::Status { status: 404, .. }));
    assert!(matches!(error("busy"), ConnectError::Transfer { attempts: 4, .. }));
    assert_eq!(fetch(&client, &server.url("one"), Validators::default()).1, b"{}");
    // A key goes to the host it was meant for, not to where that one sends.
    let address = Address::parse(&server.url("secret")).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let request = Request { secret: Some(("apiKey", "opensesame")), ..Request::new(&address, LIMIT) };
    client.fetch(&request, &mut file).unwrap();
    let asked = server.asked();
    let last = &asked[asked.len() - 2..];
    assert!(last[0].ends_with("opensesame") && !last[1].contains("opensesame"), "{last:?}");
}

#[test]
fn an_authority_nobody_knows_is_refused_at_once() {
    if !ready("an unknown authority") {
        return;
    }
    let server = Server::start("");
    server.put("feed.json", b"{}");
    let stranger =
        Client::new(&Settings { pause: Duration::from_millis(10), ..Settings::default() }).unwrap();
    let (answer, _) = fetch(&stranger, &server.url("feed.json"), Validators::default());
    let Err(ConnectError::Transfer { attempts: 1, why, .. }) = answer else { panic!("{answer:?}") };
    assert!(why.contains("--ca"), "{why}");
    for bad in [b"".as_slice(), b"nonsense", b"-----BEGIN CERTIFICATE-----\nAA==\n"] {
        assert!(Client::new(&Settings { authorities: Some(bad.to_vec()), ..Settings::default() }).is_err());
    }
}
