//! The built program, run on captures, and its JSON taken apart.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the built program; it must end well.
pub(crate) fn wardline<A: AsRef<OsStr>>(arguments: &[A]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_wardline")).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "wardline ended with {}: {said}", output.status);
    output
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What `analyze --format json` said of one capture.
pub(crate) struct Analysis {
    /// As it was printed.
    pub(crate) text: String,
    json: Value,
}

impl Analysis {
    /// Analyses a capture.
    pub(crate) fn of(capture: &Path) -> Self {
        let output = wardline(&[OsStr::new("analyze"), OsStr::new("--format=json"), capture.as_os_str()]);
        let text = String::from_utf8(output.stdout).unwrap();
        let json = serde_json::from_str(&text).unwrap();
        Self { text, json }
    }

    /// Every device.
    pub(crate) fn devices(&self) -> &[Value] {
        self.json["devices"].as_array().unwrap()
    }

    /// The one device with this address.
    pub(crate) fn at(&self, ip: &str) -> Device<'_> {
        self.one(&format!("address {ip}"), |device| has(&device["ips"], ip))
    }

    /// The one device with this model.
    pub(crate) fn model(&self, model: &str) -> Device<'_> {
        self.one(&format!("model {model}"), |device| device["model"] == model)
    }

    fn one(&self, what: &str, is: impl Fn(&Value) -> bool) -> Device<'_> {
        let found: Vec<&Value> = self.devices().iter().filter(|device| is(device)).collect();
        assert_eq!(found.len(), 1, "devices with {what} in {}", self.text);
        Device(found[0])
    }

    /// Flows of this protocol to this port.
    pub(crate) fn flows(&self, protocol: &str, port: u16) -> Vec<&Value> {
        let flows = self.json["flows"].as_array().unwrap();
        flows.iter().filter(|f| f["protocol"] == protocol && f["server"]["port"] == port).collect()
    }

    /// Flows of this protocol to whatever port.
    pub(crate) fn flows_of(&self, protocol: &str) -> Vec<&Value> {
        let flows = self.json["flows"].as_array().unwrap();
        flows.iter().filter(|flow| flow["protocol"] == protocol).collect()
    }

    /// Rules of the findings about a device, sorted.
    pub(crate) fn findings(&self, device: &Device<'_>) -> Vec<&str> {
        let findings = self.json["findings"].as_array().unwrap().iter();
        let mut rules: Vec<&str> =
            findings.filter(|f| f["device"] == device.0["id"]).filter_map(|f| f["rule"].as_str()).collect();
        rules.sort_unstable();
        rules
    }

    /// None of these words stands anywhere in the output, whatever its case.
    pub(crate) fn never_says(&self, words: &[&str]) {
        let text = self.text.to_lowercase();
        for word in words {
            assert!(!text.contains(&word.to_lowercase()), "{word:?} stands in the output: {}", self.text);
        }
    }
}

/// One device of an analysis.
pub(crate) struct Device<'a>(pub(crate) &'a Value);

impl Device<'_> {
    /// A text of the device: `vendor`, `model`, `serial`, `class`, `location`.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0[key].as_str()
    }

    /// Whether a list of the device (`roles`, `ae_titles`) holds a text.
    pub(crate) fn lists(&self, key: &str, text: &str) -> bool {
        has(&self.0[key], text)
    }

    /// Whether software of this name and version runs on it.
    pub(crate) fn runs(&self, name: &str, version: &str) -> bool {
        let software = self.0["software"].as_array().unwrap();
        software.iter().any(|s| s["name"] == name && s["version"] == version)
    }

    /// Whether some evidence gives this value for this attribute.
    pub(crate) fn shows(&self, attribute: &str, value: &str) -> bool {
        let evidence = self.0["evidence"].as_array().unwrap();
        evidence.iter().any(|e| e["attribute"] == attribute && e["value"] == value)
    }

    /// Whether patient data to or from it was seen in clear.
    pub(crate) fn patient_data_in_clear(&self) -> bool {
        self.0["patient_data_in_clear"] == true
    }
}

fn has(list: &Value, text: &str) -> bool {
    list.as_array().unwrap().iter().any(|item| item == text)
}
