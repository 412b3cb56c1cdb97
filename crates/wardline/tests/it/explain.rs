//! `analyze --explain`: one device by any of its names, in words and as JSON.

use crate::analysis::{Analysis, wardline};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn hospital(folder: &TempDir) -> PathBuf {
    let capture = folder.path().join("hospital.pcap");
    let plan = ["simulate", "--devices=40", "--hours=0.1", "--seed=9", "--output"].map(OsStr::new);
    wardline(&[&plan[..], &[capture.as_os_str()]].concat());
    capture
}

fn explained(capture: &Path, word: &str, format: &str) -> String {
    let output = wardline(&["analyze", capture.to_str().unwrap(), "--explain", word, "--format", format]);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_device_is_explained_by_any_of_its_names() {
    let folder = TempDir::new().unwrap();
    let capture = hospital(&folder);
    let analysis = Analysis::of(&capture);
    let named = |device: &&Value| {
        device["class"].is_string()
            && !device["hostnames"].as_array().unwrap().is_empty()
            && !device["macs"].as_array().unwrap().is_empty()
    };
    let device = analysis.devices().iter().find(named).unwrap();
    let words = [&device["id"], &device["hostnames"][0], &device["ips"][0], &device["macs"][0]];
    let texts: Vec<String> =
        words.iter().map(|word| explained(&capture, word.as_str().unwrap(), "table")).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    assert!(texts[0].contains(device["class"].as_str().unwrap()), "{}", texts[0]);
    assert!(texts[0].contains("frame "), "{}", texts[0]);
}

#[test]
fn the_explanation_concludes_what_the_analysis_says() {
    let folder = TempDir::new().unwrap();
    let capture = hospital(&folder);
    let analysis = Analysis::of(&capture);
    for device in analysis.devices().iter().step_by(4) {
        let text = explained(&capture, device["id"].as_str().unwrap(), "json");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["device"], device["id"]);
        let answers = document["answers"].as_array().unwrap();
        for key in ["class", "vendor", "model", "serial"] {
            let answer = answers.iter().find(|answer| answer["attribute"] == key).unwrap();
            let best = &answer["candidates"][0]["value"];
            match device[key].as_str() {
                Some(said) => assert_eq!(best, said, "{key}: {text}"),
                None => assert!(answer["remark"].is_string(), "{key}: {text}"),
            }
        }
        let class = answers.iter().find(|answer| answer["attribute"] == "class").unwrap();
        assert_eq!(class["confidence"], device["class_confidence"], "{text}");
    }
}

#[test]
fn a_name_that_nobody_has_is_answered_with_those_that_come_near() {
    let folder = TempDir::new().unwrap();
    let capture = hospital(&folder);
    for (word, said) in [("pacs-1", "pacs-01"), ("zzzzzzzz", "without --explain")] {
        let output = Command::new(env!("CARGO_BIN_EXE_wardline"))
            .args(["analyze", capture.to_str().unwrap(), "--explain", word])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains(said), "{error}");
        assert!(output.stdout.is_empty());
    }
}
