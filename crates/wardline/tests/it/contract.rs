//! What other programs rely on: the JSON key by key, the same bytes on every run, exit codes, plain output.

use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Bytes of a pcap file's header, and of the header of each packet.
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

fn run<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardline")).args(arguments).output().unwrap()
}

/// A small generated hospital.
struct Hospital {
    folder: TempDir,
}

impl Hospital {
    fn new() -> Self {
        let hospital = Self { folder: TempDir::new().unwrap() };
        let capture = hospital.path("hospital.pcap");
        let made = run(&["simulate", "--devices=40", "--hours=0.2", "--output", capture.to_str().unwrap()]);
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
        hospital
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `analyze --format json` prints of files in the folder.
    fn analysed(&self, files: &[String], threads: u8) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_wardline"))
            .current_dir(self.folder.path())
            .args(["analyze", "--format=json", &format!("--threads={threads}")])
            .args(files)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The capture cut into so many files between packets.
    fn split(&self, parts: usize) -> Vec<String> {
        let whole = fs::read(self.path("hospital.pcap")).unwrap();
        let mut starts = Vec::new();
        let mut at = FILE_HEADER;
        while at < whole.len() {
            starts.push(at);
            let length: [u8; 4] = whole[at + 8..at + 12].try_into().unwrap();
            at += PACKET_HEADER + usize::try_from(u32::from_le_bytes(length)).unwrap();
        }
        let bound = |part: usize| starts.get(part * starts.len() / parts).copied().unwrap_or(whole.len());
        let write = |part: usize| {
            let name = format!("part-{part:02}.pcap");
            let packets = &whole[bound(part)..bound(part + 1)];
            fs::write(self.path(&name), [&whole[..FILE_HEADER], packets].concat()).unwrap();
            name
        };
        (0..parts).map(write).collect()
    }
}

/// The keys of an object are all of the first and any of the second; what is unknown is absent.
fn keys(object: &Value, always: &[&str], where_known: &[&str]) {
    for key in always {
        assert!(object.get(key).is_some(), "{key} is missing in {object}");
    }
    for (key, value) in object.as_object().unwrap() {
        let optional = where_known.contains(&key.as_str());
        assert!(optional || always.contains(&key.as_str()), "{key} is not in the contract");
        assert!(!value.is_null() && (!optional || value != ""), "{key}: unknown is absent, not {value}");
    }
}

fn texts(object: &Value, keys: &[&str]) {
    assert!(keys.iter().filter_map(|key| object.get(key)).all(Value::is_string), "{keys:?} of {object}");
}

fn counts(object: &Value, keys: &[&str]) {
    assert!(keys.iter().all(|key| object[key].is_u64()), "{keys:?} of {object}");
}

/// RFC 3339 in UTC: `2026-03-02T07:00:00.25Z`.
fn times(object: &Value, keys: &[&str]) {
    for time in keys.iter().filter_map(|key| object.get(key)) {
        let time = time.as_str().unwrap();
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let (whole, rest) = shape.split_at_checked(19).unwrap();
        assert_eq!(whole, "0000-00-00T00:00:00", "{time}");
        let fraction = rest.strip_suffix('Z').unwrap();
        assert!(fraction.is_empty() || fraction.trim_end_matches('0') == ".", "{time}");
    }
}

fn array<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object[key].as_array().unwrap()
}

fn check_confidence(value: &Value) {
    assert!((0.0..=1.0).contains(&value.as_f64().unwrap()), "{value}");
}

fn check_evidence(evidence: &Value) {
    let always = ["attribute", "value", "confidence", "protocol", "rule", "source", "first", "last", "count"];
    keys(evidence, &always, &["file", "frame", "time", "via", "version"]);
    texts(evidence, &["attribute", "value", "protocol", "rule", "source", "file", "via", "version"]);
    counts(evidence, &["count"]);
    times(evidence, &["first", "last", "time"]);
    check_confidence(&evidence["confidence"]);
    assert!(evidence.get("frame").is_none_or(|frame| frame.as_u64() > Some(0)), "frames count from 1");
}

fn check_vulnerability(known: &Value) {
    let always = ["product", "id", "verdict", "reasons", "sources", "kev", "fixed_in", "treatments"];
    keys(known, &always, &["version", "cvss", "epss", "ssvc", "environmental", "suppressed"]);
    texts(known, &["product", "id", "verdict", "version"]);
    assert!(known["kev"].is_boolean(), "{known}");
    assert!(!array(known, "reasons").is_empty() && !array(known, "sources").is_empty(), "{known}");
}

fn check_device(device: &Value) {
    let lists = [
        "macs",
        "ips",
        "hostnames",
        "ae_titles",
        "roles",
        "software",
        "services",
        "vulnerabilities",
        "evidence",
    ];
    let rest = ["id", "first_seen", "last_seen", "patient_data_in_clear", "version_changes", "use"];
    let always = [&lists[..], &rest].concat();
    let known =
        ["vendor", "vendor_known", "model", "serial", "udi", "class", "class_confidence", "class_known"];
    keys(device, &always, &[&known[..], &["os", "location", "name"]].concat());
    array(device, "vulnerabilities").iter().for_each(check_vulnerability);
    texts(device, &["id", "vendor", "model", "serial", "udi", "class", "location"]);
    times(device, &["first_seen", "last_seen"]);
    assert_eq!(device.get("class").is_some(), device.get("class_confidence").is_some());
    device.get("class_confidence").into_iter().for_each(check_confidence);
    assert!(device["patient_data_in_clear"].is_boolean());
    for software in array(device, "software").iter().chain(device.get("os")) {
        let known = ["version", "normal", "component", "witness", "first_seen", "last_confirmed"];
        keys(software, &["name"], &known);
        texts(software, &["name", "version", "normal", "component", "witness"]);
        times(software, &["first_seen", "last_confirmed"]);
    }
    for service in array(device, "services") {
        keys(service, &["transport", "port", "protocol", "encrypted"], &[]);
        assert!(service["encrypted"].is_boolean() && service["port"].as_u64() <= Some(65_535));
    }
    for list in ["macs", "ips", "hostnames", "ae_titles", "roles"] {
        let said: Vec<&str> = array(device, list).iter().map(|v| v.as_str().unwrap()).collect();
        let unique: BTreeSet<&str> = said.iter().copied().collect();
        assert_eq!(unique.len(), said.len(), "{list} of {device}");
        assert!(list == "ips" || said.is_sorted(), "{list} of {device}");
    }
    assert!(!array(device, "roles").is_empty() && !array(device, "evidence").is_empty());
    array(device, "evidence").iter().for_each(check_evidence);
}

fn check_flow(flow: &Value) {
    let numbers = ["packets_to_server", "packets_to_client", "bytes_to_server", "bytes_to_client"];
    let rest = ["start", "end", "client", "server", "vlan", "transport", "protocol", "encrypted", "details"];
    keys(flow, &[&numbers[..], &rest].concat(), &[]);
    counts(flow, &numbers);
    times(flow, &["start", "end"]);
    for end in ["client", "server"] {
        keys(&flow[end], &[], &["ip", "port", "mac"]);
        texts(&flow[end], &["ip", "mac"]);
    }
    assert!(flow["encrypted"].is_boolean() && array(flow, "vlan").iter().all(Value::is_u64));
    let contract = "sni alpn ja3 ja4 tls_version cipher certificate_subject certificate_issuer http_host user_agent \
        server ssh_client ssh_server host_key calling_ae called_ae implementation_uid implementation_version \
        sending_application receiving_application message_types community hostname user application tunnel rejected";
    for key in flow["details"].as_object().unwrap().keys() {
        assert!(contract.split_whitespace().any(|k| k == key), "details.{key} is not in the contract");
    }
}

fn check_finding(finding: &Value, devices: &BTreeSet<&str>) {
    let text = ["id", "kind", "rule", "severity", "device", "title", "why", "next_step"];
    keys(finding, &[&text[..], &["evidence"]].concat(), &[]);
    texts(finding, &text);
    let one_of = |key: &str, words: &str| words.split(' ').any(|word| finding[key] == word);
    assert!(one_of("severity", "critical high medium low info"), "{finding}");
    assert!(one_of("kind", "weakness vulnerability violation alert change"), "{finding}");
    assert!(devices.contains(finding["device"].as_str().unwrap()), "{finding} names no device");
    assert!(!array(finding, "evidence").is_empty(), "{finding} shows nothing");
    array(finding, "evidence").iter().for_each(check_evidence);
}

#[test]
fn every_key_of_the_contract_is_there_with_its_type() {
    let hospital = Hospital::new();
    let text = hospital.analysed(&["hospital.pcap".to_owned()], 1);
    let json: Value = serde_json::from_str(&text).unwrap();
    keys(&json, &["capture", "devices", "flows", "findings"], &[]);
    let capture = &json["capture"];
    let numbers = ["packets", "bytes", "undecoded_packets", "shed"];
    keys(capture, &[&numbers[..], &["files", "first", "last", "counters"]].concat(), &[]);
    counts(capture, &numbers);
    times(capture, &["first", "last"]);
    for file in array(capture, "files") {
        keys(file, &["name", "packets", "bytes", "first", "last", "truncated"], &["problem", "dropped"]);
        assert!(file["truncated"].is_boolean() && file["name"] == "hospital.pcap");
    }
    assert!(array(&json, "devices").len() >= 35 && array(&json, "flows").len() > 100);
    array(&json, "devices").iter().for_each(check_device);
    array(&json, "flows").iter().for_each(check_flow);
    let ids: Vec<&str> = array(&json, "devices").iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]), "sorted, each id once");
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    assert!(!array(&json, "findings").is_empty());
    array(&json, "findings").iter().for_each(|finding| check_finding(finding, &ids));
}

#[test]
fn runs_threads_and_split_files_give_the_same() {
    let hospital = Hospital::new();
    let whole = ["hospital.pcap".to_owned()];
    let first = hospital.analysed(&whole, 1);
    assert!(first == hospital.analysed(&whole, 1), "a second run gives other bytes");
    assert!(first == hospital.analysed(&whole, 8), "eight threads give other bytes than one");
    let split = hospital.analysed(&hospital.split(10), 3);
    let [one, ten] = [&first, &split].map(|text| without_places(serde_json::from_str(text).unwrap()));
    for (key, value) in one.as_object().unwrap() {
        assert!(*value == ten[key], "{key} differ between one file and ten");
    }
}

/// Without file names and frame numbers, which are all that may differ.
fn without_places(mut value: Value) -> Value {
    value["capture"].as_object_mut().unwrap().remove("files");
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.contains_key("frame") {
                object.retain(|key, _| key != "file" && key != "frame");
            }
            object.values_mut().for_each(strip);
        }
        Value::Array(array) => array.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn exit_codes_and_messages_say_what_where_and_what_to_do() {
    let hospital = Hospital::new();
    let path = |name: &str| hospital.path(name).to_str().unwrap().to_owned();
    let (capture, cut, letter) = (path("hospital.pcap"), path("cut.pcap"), path("letter.txt"));
    let (never, inside) = (path("never.pcap"), path("letter.txt/inside"));
    fs::write(&cut, &fs::read(&capture).unwrap()[..50_001]).unwrap();
    fs::write(&letter, "Dear colleague, the capture is attached.").unwrap();
    let expected: &[(&[&str], i32, &[&str])] = &[
        (&["analyze", &capture], 0, &[]),
        (&["analyze", &cut], 1, &["cut.pcap", "what was there before has been read"]),
        (&["analyze", &never], 2, &["never.pcap", "check the name"]),
        (&["analyze", &letter], 1, &["letter.txt", "not a capture", "pcapng"]),
        (&["analyze", &capture, "--output", &letter], 2, &["letter.txt", "--output"]),
        (&["analyze", &capture, "--output", &inside], 2, &["inside", "--output"]),
        (&["analyze"], 2, &["<FILE>"]),
        (&["analyze", &capture, "--format", "xml"], 2, &["table", "json"]),
        (&["analyze", &capture, "--threads", "0"], 2, &["--threads"]),
        (&["simulate", "--devices", "3", "--output", &never], 2, &["16"]),
        (&["simulate", "--hours", "0", "--output", &never], 2, &["--hours"]),
        (&["simulate", "--profile", "zoo", "--output", &never], 2, &["hospital"]),
        (&["simulate", "--attack", "flood", "--output", &never], 2, &["ransomware-spread", "scan"]),
        (&["simulate", "--attack", "scan", "--hours", "0.01", "--output", &never], 2, &["scan begins"]),
        (&["--help"], 0, &[]),
    ];
    for (arguments, code, words) in expected {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert_eq!(said.is_empty(), *code == 0, "{arguments:?}: {said}");
    }
    assert!(!Path::new(&never).exists(), "wrong use leaves no file behind");
}

#[test]
fn a_pipe_gets_no_colours_and_the_page_no_script() {
    let hospital = Hospital::new();
    let report = hospital.path("report");
    let capture = hospital.path("hospital.pcap");
    let table =
        run(&[OsStr::new("analyze"), capture.as_os_str(), OsStr::new("--output"), report.as_os_str()]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(!table.contains('\u{1b}') && table.contains("FINDINGS") && table.contains("IMAGING"));
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    for never in ["<script", "javascript:", "src=", "url(", "@import", " style=", " onclick"] {
        assert!(!page.contains(never), "{never} on the page");
    }
    assert!(page.contains("default-src 'none'") && page.matches("<h1").count() == 1);
    assert_eq!(
        page.matches("<table").count(),
        page.matches("<caption").count(),
        "every table says what it is"
    );
    assert!(!page.contains("<th>"), "every head says what it is the head of");
}
