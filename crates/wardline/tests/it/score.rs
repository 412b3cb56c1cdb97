//! `wardline score`: the keys that programs read, exit codes, standard input.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn score(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardline"))
        .arg("score")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_version_has_its_keys() {
    let three = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let timed = "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H";
    let four = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let output = score(&["--format=json", three, timed, four], "");
    assert_eq!(output.status.code(), Some(0));
    let want = [
        json!({"vector": three, "version": "3.1", "base": 9.8, "severity": "critical"}),
        json!({"vector": timed, "version": "2.0", "base": 7.8, "temporal": 6.4, "environmental": 9.2, "severity": "high"}),
        json!({"vector": four, "version": "4.0", "score": 9.3, "severity": "critical"}),
    ];
    assert_eq!(lines(&output), want);
}

#[test]
fn what_is_no_vector_is_an_error_beside_the_others() {
    let output = score(&["--format=json"], "CVSS:3.1/AV:N\n\nAV:N/AC:L/Au:N/C:P/I:P/A:P\n");
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        json!({"vector": "CVSS:3.1/AV:N", "error": "mandatory metrics missing: AC, PR, UI, S, C, I, A"})
    );
    assert_eq!(lines[1]["base"], 7.5);
    assert_eq!(score(&[&"x".repeat(5000)], "").status.code(), Some(1));
    assert_eq!(score(&["--nonsense"], "").status.code(), Some(2));
}
