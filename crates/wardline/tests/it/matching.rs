//! `wardline feed` and `wardline match`: the keys that programs read, import from files, verdicts.

use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

fn wardline(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_wardline")).args(arguments).current_dir(folder.path()).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn import(data: &Path, path: &Path) -> (Option<i32>, Vec<Value>) {
    let output = wardline(&[
        "feed",
        "import",
        path.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
        "--format=json",
    ]);
    (output.status.code(), lines(&output))
}

/// The verdicts on a product: id and verdict.
fn matched(arguments: &[&str]) -> (Value, Vec<(String, String)>) {
    let all: Vec<&str> = ["match", "--format=json"].iter().chain(arguments).copied().collect();
    let output = wardline(&all);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer = lines(&output).remove(0);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let verdicts = answer["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "id"), text(one, "verdict")))
        .collect();
    (answer, verdicts)
}

/// A page of the NVD with these pumps: number and first fixed version.
fn page(entries: &[(u32, &str)], modified: &str) -> String {
    let one = |(number, below): &(u32, &str)| {
        json!({"cve": {"id": format!("CVE-2024-{number}"), "vulnStatus": "Analyzed", "lastModified": modified, "published": "2024-01-01T00:00:00.000",
            "descriptions": [{"lang": "en", "value": "A pump."}],
            "metrics": {"cvssMetricV31": [{"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "baseScore": 9.8}}]},
            "configurations": [{"operator": "AND", "nodes": [
                {"operator": "OR", "negate": false, "cpeMatch": [{"vulnerable": true, "criteria": "cpe:2.3:o:acme:pump_firmware:*:*:*:*:*:*:*:*", "versionEndExcluding": below, "matchCriteriaId": "A"}]},
                {"operator": "OR", "negate": false, "cpeMatch": [{"vulnerable": false, "criteria": "cpe:2.3:h:acme:pump:-:*:*:*:*:*:*:*", "matchCriteriaId": "B"}]}]}]}})
    };
    json!({"resultsPerPage": entries.len(), "format": "NVD_CVE", "version": "2.0", "timestamp": modified, "vulnerabilities": entries.iter().map(one).collect::<Vec<_>>()}).to_string()
}

#[test]
fn a_feed_is_taken_in_changed_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("nvd.json"));
    let put = |entries: &[(u32, &str)], day: &str| fs::write(&file, page(entries, day)).unwrap();
    let counts =
        |line: &Value| ["records", "added", "changed", "unchanged"].map(|name| line[name].as_u64().unwrap());
    put(&[(1000, "2.0"), (1001, "3.0")], "2024-02-01T00:00:00.000");
    let (code, first) = import(&data, &file);
    assert_eq!((code, counts(&first[0])), (Some(0), [2, 2, 0, 0]));
    assert_eq!((first[0]["kind"].as_str(), first[0]["rejected"].clone()), (Some("nvd"), json!([])));
    assert_eq!(counts(&import(&data, &file).1[0]), [2, 0, 0, 2]);
    put(&[(1000, "2.0"), (1001, "3.1"), (1002, "1.0")], "2024-03-01T00:00:00.000");
    assert_eq!(counts(&import(&data, &file).1[0])[1..3], [1, 2]);
    // What is older than what is known changes nothing.
    put(&[(1001, "9.0")], "2023-03-01T00:00:00.000");
    assert_eq!(counts(&import(&data, &file).1[0]), [1, 0, 0, 1]);
    let data = data.to_str().unwrap();
    let (answer, verdicts) =
        matched(&["--vendor=ACME Inc.", "--product=Acme Pump", "--version=2.5", "--data", data]);
    let own = |id: &str, verdict: &str| (id.to_owned(), verdict.to_owned());
    assert_eq!(
        verdicts,
        [
            own("CVE-2024-1000", "not_affected"),
            own("CVE-2024-1001", "affected"),
            own("CVE-2024-1002", "not_affected")
        ]
    );
    let affected = &answer["verdicts"][1];
    assert_eq!((affected["cvss"]["score"].as_f64(), affected["kev"].as_bool()), (Some(9.8), Some(false)));
    assert_eq!(
        (affected["fixed_in"].clone(), affected["sources"].clone()),
        (json!(["3.1"]), json!([{"advisory": "NVD CVE-2024-1001", "verdict": "affected"}]))
    );
    assert_eq!(answer["query"], json!({"vendor": "ACME Inc.", "product": "Acme Pump", "version": "2.5"}));
    // Other products with like names have no verdicts, or only possible ones.
    let (other, verdicts) = matched(&["--vendor=ACME", "--product=Syringe Driver", "--data", data]);
    assert_eq!((verdicts.len(), other["resolved"]["confidence"].as_f64()), (0, Some(0.0)));
    let status = wardline(&["feed", "status", "--data", data, "--format=json"]);
    let feed = lines(&status).remove(0);
    assert_eq!(
        (feed["source"].as_str(), feed["records"].as_u64(), feed["stale"].as_bool()),
        (Some("nvd"), Some(3), Some(true))
    );
    assert_eq!(status.status.code(), Some(1));
}

#[test]
fn a_broken_record_costs_itself_and_a_broken_file_nothing_that_was() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("nvd.json"));
    let whole = page(&[(1000, "2.0"), (1001, "2.0"), (1002, "2.0")], "2024-02-01T00:00:00.000");
    fs::write(&file, whole.replace("CVE-2024-1001", "CVE-nonsense")).unwrap();
    let (code, report) = import(&data, &file);
    assert_eq!((code, report[0]["added"].as_u64()), (Some(1), Some(2)));
    let rejected = &report[0]["rejected"][0];
    assert!(rejected["where"].as_str().unwrap().contains("/vulnerabilities/1"), "{rejected}");
    assert!(rejected["why"].as_str().unwrap().contains("CVE-nonsense"), "{rejected}");
    // Cut in the middle: what came before is taken, the file is named.
    fs::write(&file, &whole[..whole.len() * 2 / 3]).unwrap();
    let (code, report) = import(&data, &file);
    assert_eq!(code, Some(1), "{report:?}");
    // Hostile: deep, not JSON, empty, a bomb of zeros.
    let mut packed = flate2_bomb();
    for (name, bytes) in [
        ("deep.json", "[".repeat(1 << 20).into_bytes()),
        ("none.json", b"not json".to_vec()),
        ("empty.json", Vec::new()),
        ("bomb.json.gz", std::mem::take(&mut packed)),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (code, report) = import(&data, &path);
        assert_eq!(code, Some(1), "{name}: {report:?}");
        assert!(!report[0]["rejected"].as_array().unwrap().is_empty(), "{name}");
    }
    let (_, verdicts) =
        matched(&["--vendor=acme", "--product=pump", "--version=1.0", "--data", data.to_str().unwrap()]);
    // The two whole ones of the first file; what was broken is not there.
    assert_eq!(verdicts.len(), 2);
}

/// A gzip of very many blanks in front of nothing.
fn flate2_bomb() -> Vec<u8> {
    let mut child = Command::new("gzip")
        .arg("-9c")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let blanks = vec![b' '; 1 << 20];
        (0..64).try_for_each(|_| input.write_all(&blanks)).ok();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}

#[test]
fn the_starter_pack_speaks_until_something_is_imported() {
    let (answer, verdicts) =
        matched(&["--vendor=Becton Dickinson", "--product=Alaris 8015 PC unit", "--version=9.7"]);
    assert!(verdicts.iter().any(|(_, verdict)| verdict == "affected"), "{answer}");
    assert_eq!(answer["resolved"]["vendor"].as_str(), Some("BD"));
    assert!(answer["resolved"]["why"].as_str().unwrap().contains("starter pack"));
    // The other model has its own advisory, and nothing of this one's.
    let (other, _) = matched(&["--vendor=BD", "--product=Alaris 8000 PC unit", "--version=9.7"]);
    let sources = |answer: &Value| {
        answer["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["sources"].to_string())
            .collect::<String>()
    };
    assert!(
        sources(&answer).contains("ICSMA-17-017-02") && !sources(&other).contains("ICSMA-17-017-02"),
        "{other}"
    );
    let empty = tempfile::tempdir().unwrap();
    let (_, nothing) =
        matched(&["--vendor=BD", "--product=Alaris 8015 PC unit", "--data", empty.path().to_str().unwrap()]);
    assert_eq!(nothing, []);
}

#[test]
fn wrong_use_is_told_apart() {
    assert_eq!(wardline(&["match", "--vendor=x"]).status.code(), Some(2));
    assert_eq!(wardline(&["feed", "import"]).status.code(), Some(2));
    assert_eq!(wardline(&["feed", "import", "/nonexistent.json"]).status.code(), Some(2));
}

#[test]
fn everything_published_is_taken_in() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vuln");
    if !shared.is_dir() {
        return println!("SKIPPED: the published knowledge is not beside the checkout");
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_, report) = import(&data, &shared);
    let broken: Vec<&Value> = report.iter().filter(|line| line["rejected"] != json!([])).collect();
    println!("{} files, broken: {broken:?}", report.len());
    assert!(report.len() > 1_400);
    let kinds: std::collections::BTreeSet<&str> =
        report.iter().filter_map(|line| line["kind"].as_str()).collect();
    for kind in ["csaf", "cve", "epss", "kev", "nvd", "eol"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    let (_, again) = import(&data, &shared);
    assert_eq!(again.len(), report.len(), "every file is reported the second time too");
    assert!(again.iter().all(|line| line["added"] == json!(0)));
}

#[test]
fn a_file_without_records_is_refused_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("empty.json"));
    fs::write(&file, page(&[], "2024-02-01T00:00:00.000")).unwrap();
    for _ in 0..2 {
        let arguments = ["feed", "import", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let refused = wardline(&arguments);
        let said = [refused.stdout, refused.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!refused.status.success() && said.contains("has no records"), "{said}");
    }
}

/// Runs a verb on a folder; its lines.
fn said(folder: &Path, verb: &[&str], rest: &[&str]) -> Vec<Value> {
    let place = ["--data", folder.to_str().unwrap(), "--format=json"];
    let output = wardline(&[verb, rest, &place[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    lines(&output)
}

/// The only verdict on a version of the pump.
fn pump(data: &Path, product: &str, version: &str, more: &[&str]) -> Value {
    let (product, version) = (format!("--product={product}"), format!("--version={version}"));
    let query = ["--vendor=Acme", &product, &version, "--data", data.to_str().unwrap()];
    let (answer, verdicts) = matched(&[&query[..], more].concat());
    assert_eq!(verdicts.len(), 1, "{answer}");
    answer["verdicts"][0].clone()
}

#[test]
fn a_suppression_holds_for_its_scope_and_outlives_feeds() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("page.json"));
    fs::write(&file, page(&[(1001, "2.0")], "2024-01-01T00:00:00.000")).unwrap();
    import(&data, &file);
    assert!(pump(&data, "Pump", "1.5", &[])["suppressed"].is_null());
    let statement = [
        "--vulnerability=CVE-2024-1001",
        "--vendor=ACME",
        "--product=pump",
        "--versions=<= 1.5",
        "--justification=inline_mitigations_already_exist",
        "--reason=the gateway refuses that request",
        "--author=the biomedical department",
    ];
    let north = [&statement[..], &["--site=north"]].concat();
    said(&data, &["suppress", "add"], &north);
    assert!(pump(&data, "Pump", "1.5", &[])["suppressed"].is_null(), "made for another site");
    assert!(!pump(&data, "Pump", "1.5", &["--site=north"])["suppressed"].is_null());
    let made = said(&data, &["suppress", "add"], &statement).remove(0);
    let settled = pump(&data, "Pump", "1.5", &[]);
    assert_eq!((&settled["suppressed"]["id"], settled["verdict"].as_str()), (&made["id"], Some("affected")));
    let outside = pump(&data, "Pump", "1.6", &[]);
    assert!(outside["suppressed"].is_null() && outside["reasons"].to_string().contains("no longer holds"));
    // A new revision of the record changes nothing of what people said.
    fs::write(&file, page(&[(1001, "3.0")], "2024-06-01T00:00:00.000")).unwrap();
    import(&data, &file);
    let revised = pump(&data, "Pump", "1.5", &[]);
    assert_eq!((&revised["suppressed"]["id"], &revised["fixed_in"]), (&made["id"], &json!(["3.0"])));
    let id = made["id"].as_str().unwrap();
    said(&data, &["suppress", "end"], &[id, "--author=a technician", "--reason=the gateway is gone"]);
    assert!(pump(&data, "Pump", "1.5", &[])["suppressed"].is_null());
    assert_eq!(said(&data, &["suppress", "list"], &[]).len(), 1);
    let all = said(&data, &["suppress", "list"], &["--all"]);
    assert_eq!(all.iter().filter(|one| one["ended"]["by"] == "a technician").count(), 1, "{all:?}");
    for (from, to) in [("<= 1.5", "the purple ones"), ("the biomedical department", " ")] {
        let wrong: Vec<String> = statement.iter().map(|text| text.replace(from, to)).collect();
        let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
        let place = ["--data", data.to_str().unwrap()];
        assert_eq!(wardline(&[&["suppress", "add"], &wrong[..], &place].concat()).status.code(), Some(2));
    }
    let late =
        [&["suppress", "add"], &statement[..], &["--until=2020-01-01", "--data", data.to_str().unwrap()]];
    assert_eq!(wardline(&late.concat()).status.code(), Some(2));
}

#[test]
fn a_likeness_is_possible_until_a_person_confirms_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let file = folder.path().join("page.json");
    let text = page(&[(1001, "2.0")], "2024-01-01T00:00:00.000").replace("acme:pump", "acme:infusor");
    fs::write(&file, text).unwrap();
    for place in [&data, &other] {
        import(place, &file);
        assert_eq!(pump(place, "Infusor Classic", "1.5", &[])["verdict"], "possible");
    }
    let names = [
        "--vendor=Acme",
        "--product=Infusor Classic",
        "--other=Infusor",
        "--author=the biomedical department",
        "--reason=one article number",
    ];
    said(&data, &["alias", "confirm"], &names);
    assert_eq!(pump(&data, "Infusor Classic", "1.5", &[])["verdict"], "affected");
    // The next hospital takes the word over as site knowledge.
    let exported = wardline(&["alias", "export", "--data", data.to_str().unwrap()]);
    let knowledge = folder.path().join("site.toml");
    fs::write(&knowledge, &exported.stdout).unwrap();
    said(&other, &["alias", "import", knowledge.to_str().unwrap()], &[]);
    assert_eq!(pump(&other, "Infusor Classic", "1.5", &[])["verdict"], "affected");
    assert_eq!(wardline(&["alias", "export", "--data", other.to_str().unwrap()]).stdout, exported.stdout);
    said(&other, &["alias", "reject"], &names);
    let (_, verdicts) =
        matched(&["--vendor=Acme", "--product=Infusor Classic", "--data", other.to_str().unwrap()]);
    assert_eq!(verdicts, [], "a likeness that was rejected is not told again");
}

/// A bill of a pump with what it needs, nested by dependency.
const BILL: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"device","bom-ref":"pump","name":"Pump","version":"7"}},
 "components":[{"type":"framework","bom-ref":"web","name":"web","version":"2"},
  {"type":"library","bom-ref":"a","name":"core","version":"1.5","cpe":"cpe:2.3:o:acme:pump_firmware:1.5:*:*:*:*:*:*:*"},
  {"type":"library","bom-ref":"b","name":"pump_firmware","version":"1.5","purl":"pkg:generic/acme/pump_firmware@1.5"},
  {"type":"library","bom-ref":"c","name":"nobody","version":"1"}],
 "dependencies":[{"ref":"pump","dependsOn":["web"]},{"ref":"web","dependsOn":["a","b"]},{"ref":"a","dependsOn":["web"]}]}"#;

#[test]
fn components_of_a_bill_are_matched_with_the_way_to_them_and_the_maker_settles() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("nvd.json"), page(&[(1000, "2.0"), (1001, "1.0")], "2024-02-01T00:00:00.000")).unwrap();
    assert_eq!(import(&at("data"), &at("nvd.json")).0, Some(0));
    fs::write(at("bill.json"), BILL).unwrap();
    let vex = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex", "author": "Acme", "timestamp": "2024-03-01T00:00:00Z", "version": 1,
        "statements": [{"vulnerability": {"name": "CVE-2024-1000"}, "products": [{"@id": "pkg:generic/acme/pump_firmware@1.5"}], "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}]});
    fs::write(at("vex.json"), vex.to_string()).unwrap();
    let run = |more: &[&str]| {
        let (bill, data) = (at("bill.json"), at("data"));
        let arguments =
            ["match", "--format=json", "--sbom", bill.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let output = wardline(&arguments.iter().chain(more).copied().collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        lines(&output)
    };
    let verdicts = |line: &Value| -> Vec<String> {
        let list = line["verdicts"].as_array().unwrap();
        list.iter()
            .map(|one| format!("{} {}", one["id"].as_str().unwrap(), one["verdict"].as_str().unwrap()))
            .collect()
    };
    let plain = run(&[]);
    assert_eq!(plain.len(), 2, "{plain:#?}");
    assert_eq!(plain[0]["path"], json!(["Pump 7", "web 2", "core 1.5"]));
    assert_eq!(plain[0]["where"], "/components/1");
    // A CPE name is the feed's own; a package URL names no vendor of the feed.
    assert!(verdicts(&plain[0]).contains(&"CVE-2024-1000 affected".to_owned()), "{plain:#?}");
    assert!(verdicts(&plain[1]).contains(&"CVE-2024-1000 possible".to_owned()), "{plain:#?}");
    let settled = run(&["--vex", at("vex.json").to_str().unwrap()]);
    assert!(
        verdicts(&settled[0]).contains(&"CVE-2024-1000 affected".to_owned()),
        "it speaks of another component"
    );
    assert!(verdicts(&settled[1]).contains(&"CVE-2024-1000 not_affected".to_owned()), "{settled:#?}");
    assert_eq!(wardline(&["match", "--sbom", "x", "--vendor", "y"]).status.code(), Some(2));
    assert_eq!(wardline(&["match", "--vendor", "y"]).status.code(), Some(2));
}
