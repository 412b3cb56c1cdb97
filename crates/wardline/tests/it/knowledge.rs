//! What people of a site know better, from the command line.

use crate::analysis::wardline;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const SITE: &str = r#"version = 1

[[correction]]
id = "core"
about = { hostname = "core-rt-01" }
name = "Main router"
class = "it.net"
reason = "walked there"
author = "network"
date = "2026-11-30"
"#;

#[test]
fn what_people_say_stands_and_a_wrong_file_is_refused_with_its_line() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string();
    let (capture, site, report) = (path("h.pcap"), path("site.toml"), path("report"));
    let plan = ["simulate", "--devices=24", "--hours=0.1", "--output"].map(OsStr::new);
    wardline(&[&plan[..], &[&capture]].concat());
    fs::write(&site, SITE).unwrap();
    let analyse = |more: &[&OsStr]| {
        let plain = [OsStr::new("analyze"), &capture, OsStr::new("--knowledge"), &site];
        wardline(&[&plain[..], more].concat())
    };
    let output = analyse(&[OsStr::new("--format=json"), OsStr::new("--output"), &report]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let devices = result["devices"].as_array().unwrap();
    let named: Vec<&Value> = devices.iter().filter(|device| device["name"] == "Main router").collect();
    assert_eq!(named.len(), 1);
    assert_eq!((&named[0]["class_known"], &named[0]["class"]), (&"confirmed".into(), &"it.net".into()));
    assert!(devices.iter().all(|device| device["use"]["state"].is_string()));
    let written = fs::read_to_string(folder.path().join("report/knowledge.toml")).unwrap();
    assert!(written.contains("walked there"), "{written}");

    fs::write(&site, SITE.replace("it.net", "it.nut")).unwrap();
    let refused = [OsStr::new("analyze"), &capture, OsStr::new("--knowledge"), &site];
    let output = Command::new(env!("CARGO_BIN_EXE_wardline")).args(refused).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 3: `core`: `it.nut` is not a device class"), "{said}");
}
