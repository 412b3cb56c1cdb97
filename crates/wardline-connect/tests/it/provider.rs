//! CSAF providers: a tree as a maker publishes one, signed by GnuPG, and what goes wrong with such trees.

use crate::server::{Server, have, run};
use crate::transfer::client;
use sha2::{Digest, Sha256, Sha512};
use std::fs;
use wardline_connect::client::{Client, Validators};
use wardline_connect::csaf::{Fetched, Listed, Provider, Role, discover, fetch, list};
use wardline_connect::signature::Verdict;

/// Long after the keys were made: 2100.
const LATER: u64 = 4_102_444_800;

fn now() -> u64 {
    let out = run("date", &["+%s"], std::path::Path::new("/")).unwrap();
    String::from_utf8(out).unwrap().trim().parse().unwrap()
}

fn ready(what: &str) -> bool {
    have(&["nginx", "openssl", "gpg"], what)
}

/// A provider whose key is `maker`, with a stranger's key beside it.
struct Maker {
    server: Server,
    fingerprint: String,
}

impl Maker {
    fn new(role: &str, rolie: bool) -> Self {
        let server = Server::start("location = /moved { return 302 /moved; }");
        let home = server.path("gpg");
        fs::create_dir(&home).unwrap();
        run("chmod", &["700", "."], &home);
        let gpg = |line: &str| run("gpg", &line.split(' ').collect::<Vec<_>>(), &home).unwrap();
        for (name, life) in
            [("maker@acme.example", "1y"), ("stranger@evil.example", "1y"), ("old@acme.example", "1d")]
        {
            gpg(&format!(
                "--batch --pinentry-mode loopback --passphrase= --quick-generate-key {name} ed25519 sign {life}"
            ));
        }
        let listed = String::from_utf8(gpg("--with-colons --list-keys maker@acme.example")).unwrap();
        let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
        let fingerprint = fingerprint.trim_end_matches(':').to_owned();
        let maker = Self { server, fingerprint };
        maker.server.put("keys/maker.asc", &gpg("--armor --export maker@acme.example"));
        maker.server.put("keys/old.asc", &gpg("--armor --export old@acme.example"));
        maker.metadata(role, rolie, "");
        maker
    }

    fn metadata(&self, role: &str, rolie: bool, more_keys: &str) {
        let distribution = if rolie {
            r#"{"rolie":{"feeds":[{"tlp_label":"WHITE","url":"feed.json"},{"tlp_label":"AMBER","url":"secret.json"}]}}"#
        } else {
            r#"{"directory_url":"white"}"#
        };
        let text = format!(
            r#"{{"canonical_url":"{}","distributions":[{distribution}],"metadata_version":"2.0","role":"{role}",
            "publisher":{{"category":"vendor","name":"Acme","namespace":"https://acme.example"}},
            "public_openpgp_keys":[{{"fingerprint":"{}","url":"keys/maker.asc"}}{more_keys}]}}"#,
            self.server.url("provider-metadata.json"),
            self.fingerprint
        );
        self.server.put("provider-metadata.json", text.as_bytes());
    }

    fn put(&self, name: &str, bytes: &[u8], by: &str) {
        self.server.put(name, bytes);
        let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.server
            .put(&format!("{name}.sha256"), format!("{}  {name}\n", hex(&Sha256::digest(bytes))).as_bytes());
        self.server.put(&format!("{name}.sha512"), hex(&Sha512::digest(bytes)).as_bytes());
        if !by.is_empty() {
            let path = self.server.path("www").join(name);
            let arguments =
                ["--batch", "--yes", "--armor", "--local-user", by, "--detach-sign", path.to_str().unwrap()];
            run("gpg", &arguments, &self.server.path("gpg")).unwrap();
        }
    }

    fn provider(&self, client: &Client) -> Provider {
        let mut scratch = tempfile::tempfile().unwrap();
        discover(client, &self.server.url("provider-metadata.json"), &mut scratch).unwrap()
    }

    fn listed(&self, client: &Client, provider: &Provider) -> (Vec<Listed>, Vec<String>) {
        list(client, provider, &mut tempfile::tempfile().unwrap()).unwrap()
    }

    /// What becomes of a document, at a time.
    fn judged(&self, provider: &Provider, client: &Client, name: &str, now: u64) -> Result<Verdict, String> {
        let (listed, _) = self.listed(client, provider);
        let one = listed.iter().find(|one| one.address.as_str().ends_with(name)).unwrap();
        let (mut into, mut scratch) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        match fetch(client, provider, one, Validators::default(), (&mut into, &mut scratch), now).unwrap() {
            Fetched::New { proof, .. } => Ok(proof.signature),
            Fetched::Refused(why) => Err(why),
            Fetched::Unchanged => panic!("nothing was known"),
        }
    }
}

#[test]
fn a_signed_document_is_believed_and_a_changed_one_is_not() {
    if !ready("signed advisories") {
        return;
    }
    let maker = Maker::new("csaf_trusted_provider", false);
    for (name, by) in [
        ("good", "maker@acme.example"),
        ("changed", "maker@acme.example"),
        ("hash", "maker@acme.example"),
        ("stranger", "stranger@evil.example"),
        ("unsigned", ""),
        ("nohash", "maker@acme.example"),
        ("nonsense", ""),
    ] {
        maker.put(&format!("white/2024/{name}.json"), format!("{{\"id\":\"{name}\"}}").as_bytes(), by);
    }
    // Changed after it was signed, hashes made anew: only the signature tells.
    let signature = fs::read(maker.server.path("www/white/2024/changed.json.asc")).unwrap();
    maker.put("white/2024/changed.json", b"{\"id\":\"other\"}", "");
    maker.server.put("white/2024/changed.json.asc", &signature);
    maker.server.put("white/2024/hash.json.sha512", "0".repeat(128).as_bytes());
    maker.server.put("white/2024/nonsense.json.asc", b"no signature at all");
    for ending in ["sha256", "sha512"] {
        fs::remove_file(maker.server.path(&format!("www/white/2024/nohash.json.{ending}"))).unwrap();
    }
    let names = ["good", "changed", "hash", "stranger", "unsigned", "nohash", "nonsense"];
    let index: String = names.iter().map(|name| format!("2024/{name}.json\n")).collect();
    maker
        .server
        .put("white/index.txt", (index + "../../escape.json\nhttps://evil.example/x.json\n").as_bytes());
    let client = client(&maker.server);
    let provider = maker.provider(&client);
    assert_eq!((provider.role, provider.name.as_str()), (Role::TrustedProvider, "Acme"));
    assert_eq!(provider.problems, [""; 0]);
    let (listed, problems) = maker.listed(&client, &provider);
    assert_eq!((listed.len(), problems.len()), (names.len(), 2), "{problems:?}");
    let judged = |name: &str| maker.judged(&provider, &client, &format!("/{name}.json"), now());
    assert_eq!(judged("good"), Ok(Verdict::Good));
    let refused = |name: &str, word: &str| {
        let why = judged(name).unwrap_err();
        assert!(why.contains(word), "{name}: {why}");
    };
    refused("changed", "not good: wrong");
    refused("hash", "hash does not fit");
    refused("stranger", "unknown key");
    refused("unsigned", "signature is missing");
    refused("nohash", "hash is missing");
    refused("nonsense", "not good: wrong");
    // The key has a year.
    let why = maker.judged(&provider, &client, "/good.json", LATER).unwrap_err();
    assert!(why.contains("expired"), "{why}");
}

#[test]
fn feeds_say_where_hashes_and_signatures_lie() {
    if !ready("ROLIE feeds") {
        return;
    }
    let maker = Maker::new("csaf_provider", true);
    maker.put("docs/a.json", b"{\"id\":\"a\"}", "maker@acme.example");
    maker.put("docs/b.json", b"{\"id\":\"b\"}", "");
    let link = |relation: &str, name: &str| format!(r#"{{"rel":"{relation}","href":"{name}"}}"#);
    let entry = |name: &str, signed: bool| {
        let mut links = vec![link("self", name), link("hash", &format!("{name}.sha256"))];
        links.extend(signed.then(|| link("signature", &format!("{name}.asc"))));
        format!(
            r#"{{"id":"{name}","updated":"2024-01-01T00:00:00Z","link":[{}],"content":{{"src":"{name}"}}}}"#,
            links.join(",")
        )
    };
    let feed = format!(
        r#"{{"feed":{{"id":"f","entry":[{},{},{},{{"id":"empty"}}]}}}}"#,
        entry("docs/a.json", true),
        entry("docs/b.json", false),
        entry("docs/a.json", true)
    );
    maker.server.put("feed.json", feed.as_bytes());
    let client = client(&maker.server);
    let provider = maker.provider(&client);
    let (listed, problems) = maker.listed(&client, &provider);
    assert_eq!((listed.len(), problems.len()), (2, 1), "{problems:?}");
    assert_eq!(listed[0].updated, "2024-01-01T00:00:00Z");
    assert_eq!(maker.judged(&provider, &client, "a.json", now()), Ok(Verdict::Good));
    // Not promised: told, and taken.
    assert_eq!(maker.judged(&provider, &client, "b.json", now()), Ok(Verdict::Missing));
    let asked = maker.server.asked();
    assert!(!asked.iter().any(|line| line.contains("secret.json")), "what is not free is not asked for");
}

#[test]
fn a_revoked_key_and_one_of_another_fingerprint_prove_nothing() {
    if !ready("revoked keys") {
        return;
    }
    let maker = Maker::new("csaf_provider", false);
    maker.put("white/a.json", b"{\"id\":\"a\"}", "maker@acme.example");
    maker.server.put("white/changes.csv", b"\"a.json\",\"2024-01-01T00:00:00Z\"\n");
    let client = client(&maker.server);
    assert_eq!(maker.judged(&maker.provider(&client), &client, "a.json", now()), Ok(Verdict::Good));
    let home = maker.server.path("gpg");
    // GnuPG writes a revocation with every key, its first line disarmed by a colon.
    let written =
        fs::read_to_string(home.join("openpgp-revocs.d").join(format!("{}.rev", maker.fingerprint))).unwrap();
    fs::write(home.join("revoke.asc"), written.replace(":-----BEGIN", "-----BEGIN")).unwrap();
    run("gpg", &["--batch", "--import", "revoke.asc"], &home).unwrap();
    let key = run("gpg", &["--armor", "--export", "maker@acme.example"], &home).unwrap();
    maker.server.put("keys/maker.asc", &key);
    let why = maker.judged(&maker.provider(&client), &client, "a.json", now()).unwrap_err();
    assert!(why.contains("revoked"), "{why}");
    // The old key under the maker's fingerprint is not the maker's.
    let old = fs::read(maker.server.path("www/keys/old.asc")).unwrap();
    maker.server.put("keys/maker.asc", &old);
    let provider = maker.provider(&client);
    assert!(provider.problems[0].contains("fingerprint"), "{:?}", provider.problems);
    assert!(maker.judged(&provider, &client, "a.json", now()).unwrap_err().contains("unknown key"));
}

#[test]
fn a_provider_is_found_by_its_domain() {
    if !ready("a provider's domain") {
        return;
    }
    let maker = Maker::new("csaf_provider", false);
    let domain = format!("localhost:{}", maker.server.port);
    let client = client(&maker.server);
    let find = || discover(&client, &domain, &mut tempfile::tempfile().unwrap());
    maker.server.put(
        ".well-known/security.txt",
        format!(
            "# us\nContact: mailto:a@acme.example\nCSAF: {}\n",
            maker.server.url("provider-metadata.json")
        )
        .as_bytes(),
    );
    let found = find().unwrap();
    assert_eq!(found.address.as_str(), maker.server.url("provider-metadata.json"));
    let metadata = fs::read(maker.server.path("www/provider-metadata.json")).unwrap();
    maker.server.put(".well-known/csaf/provider-metadata.json", &metadata);
    assert!(find().unwrap().address.as_str().contains("/.well-known/csaf/"));
    maker.server.put(".well-known/csaf/provider-metadata.json", b"<html>");
    // Broken where it belongs: the next place is looked at.
    assert_eq!(find().unwrap().address.as_str(), maker.server.url("provider-metadata.json"));
}
