//! `wardline inspect`: the keys that programs read, exit codes, packed files, folders.

use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

fn inspect(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardline"));
    command.current_dir(folder.path()).arg("inspect").args(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_file_is_a_line_with_the_keys_of_the_contract() {
    let folder = TempDir::new().unwrap();
    let bom = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"m"}]}"#;
    fs::write(folder.path().join("bom.json"), bom).unwrap();
    fs::write(folder.path().join("message.hl7"), "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\r").unwrap();
    let output = inspect(&folder, &["--format=json", "."]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["kind"], "cyclonedx");
    assert_eq!(lines[0]["format_version"], "1.5");
    assert_eq!(lines[0]["valid"], false);
    let problem = json!({"where": "/components/0", "code": "schema", "severity": "error", "why": "\"type\" is missing"});
    assert_eq!(lines[0]["problems"], json!([problem]));
    assert_eq!((&lines[1]["kind"], &lines[1]["valid"]), (&json!("hl7"), &json!(true)));
}

#[test]
fn exit_codes_tell_valid_invalid_and_wrong_use_apart() {
    let folder = TempDir::new().unwrap();
    let epss =
        "#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-0001,0.1,0.2\n";
    fs::write(folder.path().join("epss.csv"), epss).unwrap();
    fs::write(folder.path().join("nothing.txt"), "nothing that is known\n").unwrap();
    assert_eq!(inspect(&folder, &["epss.csv"]).status.code(), Some(0));
    assert_eq!(inspect(&folder, &["nothing.txt"]).status.code(), Some(1));
    assert_eq!(inspect(&folder, &["missing"]).status.code(), Some(2));
    assert_eq!(inspect(&folder, &[]).status.code(), Some(2));
}

#[test]
fn two_versions_of_a_bill_are_compared() {
    let folder = TempDir::new().unwrap();
    let bill = |name: &str, components: &str| {
        let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{components}]}}"#);
        fs::write(folder.path().join(name), text).unwrap();
    };
    let one =
        |name: &str, version: &str| format!(r#"{{"type":"library","name":"{name}","version":"{version}"}}"#);
    bill("old.json", &[one("a", "1"), one("b", "1"), one("c", "1")].join(","));
    bill("new.json", &[one("a", "2"), one("c", "1"), one("d", "1")].join(","));
    let output = inspect(&folder, &["new.json", "--against", "old.json", "--format=json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let want = json!({"before": "old.json", "after": "new.json", "added": [{"name": "d", "version": "1"}],
        "removed": [{"name": "b", "version": "1"}], "changed": [{"name": "a", "before": ["1"], "after": ["2"]}], "same": 1});
    assert_eq!(lines(&output), [want]);
    assert_eq!(inspect(&folder, &["new.json", "old.json", "--against", "old.json"]).status.code(), Some(2));
}
