//! `analyze --witness`: lists beside the capture, reckoned both ways.

use crate::analysis::wardline;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A small hospital and what is true of its analysers.
fn hospital(folder: &TempDir) -> (PathBuf, Value) {
    let (capture, truth) = (folder.path().join("hospital.pcap"), folder.path().join("truth.json"));
    let plan = ["simulate", "--profile=laboratory", "--devices=40", "--hours=0.2", "--seed=3", "--output"];
    let paths = [capture.as_os_str(), OsStr::new("--truth"), truth.as_os_str()];
    wardline(&[&plan.map(OsStr::new)[..], &paths].concat());
    (capture, serde_json::from_slice(&fs::read(truth).unwrap()).unwrap())
}

fn analyse(capture: &Path, list: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
    command.args(["analyze", "--format=json", "--witness"]).arg(list).arg(capture).output().unwrap()
}

#[test]
fn a_list_is_reckoned_both_ways_and_contradicted() {
    let folder = TempDir::new().unwrap();
    let (capture, truth) = hospital(&folder);
    let devices = truth["devices"].as_array().unwrap();
    let told = |device: &&Value, what: &str| device["told"].as_array().unwrap().iter().any(|t| t == what);
    let chosen = devices
        .iter()
        .find(|d| {
            told(d, "serial") && told(d, "software") && d["ips"][0].is_string() && d["class"] == "lab.hem"
        })
        .unwrap();
    let ip = chosen["ips"][0].as_str().unwrap();
    let list = folder.path().join("cmms.csv");
    let text = format!(
        "Asset No,IP Address,Serial Number,Software Version,Room\n\
         A-1,{ip},,99.99,Lab 7\nA-2,10.99.99.99,GHOST-77,,\nA-3,nonsense,SN-12345,,\n"
    );
    fs::write(&list, text).unwrap();
    let output = analyse(&capture, &list);
    assert_eq!(output.status.code(), Some(1), "the list has a wrong row");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("line 4, IP Address"), "{said}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let witness = &json["witnesses"][0];
    assert_eq!((witness["kind"].as_str(), witness["entries"].as_u64()), (Some("cmms"), Some(3)));
    assert_eq!(witness["matched"], 1);
    let unseen: Vec<&str> =
        witness["never_seen"].as_array().unwrap().iter().map(|e| e["label"].as_str().unwrap()).collect();
    assert_eq!(unseen, ["A-2", "A-3"]);
    assert!(witness["not_listed"].as_array().unwrap().len() > 20);
    let found = json["devices"].as_array().unwrap();
    let device = found.iter().find(|d| d["ips"].as_array().unwrap().iter().any(|own| own == ip)).unwrap();
    assert_eq!(device["location"], "Lab 7");
    assert!(!found.iter().any(|d| d["serial"] == "GHOST-77"), "nothing is there because a list says so");
    let evidence = device["evidence"].as_array().unwrap();
    let room = evidence.iter().find(|e| e["attribute"] == "location").unwrap();
    assert_eq!((room["file"].as_str(), room["frame"].as_u64()), (list.to_str(), Some(2)));
    let findings = json["findings"].as_array().unwrap();
    let finding = findings.iter().find(|f| f["rule"] == "witness-contradiction").unwrap();
    assert_eq!(finding["device"], device["id"]);
    assert!(finding["why"].as_str().unwrap().contains("cmms says 99.99; the wire says"), "{finding}");
}

#[test]
fn a_scan_and_leases_are_witnesses_too() {
    let folder = TempDir::new().unwrap();
    let (capture, truth) = hospital(&folder);
    let ip = truth["devices"][5]["ips"][0].as_str().unwrap();
    let scan = folder.path().join("scan.xml");
    let text = format!(
        "<nmaprun><host><status state=\"up\"/><address addr=\"{ip}\" addrtype=\"ipv4\"/>\
         <hostnames><hostname name=\"scanned.hospital.example\"/></hostnames></host></nmaprun>"
    );
    fs::write(&scan, text).unwrap();
    let output = analyse(&capture, &scan);
    assert_eq!(output.status.code(), Some(0));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["witnesses"][0]["kind"], &json["witnesses"][0]["matched"]),
        (&"nmap".into(), &1.into())
    );
    let named = |device: &&Value| {
        device["hostnames"].as_array().unwrap().iter().any(|name| name == "scanned.hospital.example")
    };
    assert_eq!(json["devices"].as_array().unwrap().iter().filter(named).count(), 1);
}

#[test]
fn a_witness_that_is_not_there_is_told_before_anything_is_read() {
    let output = analyse(Path::new("no-capture.pcap"), Path::new("no-list.csv"));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
