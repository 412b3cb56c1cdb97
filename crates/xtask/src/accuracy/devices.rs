//! Names of devices held against what the captures demonstrably hold: right, wrong, missed, per attribute.
//!
//! In: `tests/accuracy/devices.txt`, written by hand from what another tool shows in the captures, never from our own
//! output: `== capture`, then a line per device, `KEY attribute=value | attribute=value`. The key is an address, a MAC or
//! `serial:…` of a device known through another. `attribute=-` says that naming any would be wrong: what looks like a
//! name there is a toolkit's, a router's or a part's. A value with `*` at its end is met by what begins so. Out: the
//! counts, the wrong ones first, and a failure below the floors in `tests/accuracy/device-floors.txt`.

use super::floors::Floors;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is labelled, in the order of the table.
const ATTRIBUTES: &[&str] =
    &["vendor", "model", "serial", "software", "os", "class", "role", "hostname", "ae_title", "location"];

/// One labelled device.
#[derive(Debug, PartialEq, Eq)]
struct Label {
    line: usize,
    key: String,
    values: Vec<(String, String)>,
}

/// Labels by capture.
fn read(text: &str) -> Result<BTreeMap<String, Vec<Label>>> {
    let mut labels: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    let mut capture = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("== ") {
            capture = Some(labels.entry(name.to_owned()).or_default());
            continue;
        }
        let (key, rest) = line.split_once(' ').with_context(|| format!("line {}: no values", number + 1))?;
        let values = rest.split(" | ").map(|pair| {
            let (attribute, value) =
                pair.split_once('=').with_context(|| format!("line {}: `{pair}`", number + 1))?;
            if !ATTRIBUTES.contains(&attribute.trim()) {
                bail!("line {}: `{attribute}` is not one of {}", number + 1, ATTRIBUTES.join(", "));
            }
            Ok((attribute.trim().to_owned(), value.trim().to_owned()))
        });
        let values = values.collect::<Result<_>>()?;
        let of = capture.as_mut().with_context(|| format!("line {}: before any capture", number + 1))?;
        of.push(Label { line: number + 1, key: key.to_owned(), values });
    }
    Ok(labels)
}

/// What one attribute came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    right: u64,
    wrong: u64,
    missed: u64,
}

/// Measures all labelled captures below `folder`.
pub(super) fn measure(binary: &Path, folder: &Path, home: &Path, lock: bool) -> Result<()> {
    let path = home.join("devices.txt");
    let labels = read(&fs::read_to_string(&path).with_context(|| path.display().to_string())?)?;
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut remarks: Vec<String> = Vec::new();
    for (capture, devices) in &labels {
        let file = folder.join(capture);
        let output = Command::new(binary).arg("analyze").arg(&file).args(["--format", "json"]).output();
        let output = output.with_context(|| format!("start {}", binary.display()))?;
        let said: Value =
            serde_json::from_slice(&output.stdout).with_context(|| file.display().to_string())?;
        for label in devices {
            judge(
                capture,
                label,
                said["devices"].as_array().map_or(&[], Vec::as_slice),
                &mut counts,
                &mut remarks,
            );
        }
    }
    remarks.sort();
    println!("\ndevices: {} labelled", labels.values().map(Vec::len).sum::<usize>());
    remarks.iter().for_each(|remark| println!("  {remark}"));
    println!("{:<14}{:>8}{:>8}{:>8}", "attribute", "right", "wrong", "missed");
    for (attribute, Counts { right, wrong, missed }) in &counts {
        println!("{attribute:<14}{right:>8}{wrong:>8}{missed:>8}");
    }
    let share = |a: u64, b: u64| (a + b > 0).then(|| a as f64 / (a + b) as f64);
    let rates: BTreeMap<String, (Option<f64>, Option<f64>)> = counts
        .iter()
        .map(|(name, c)| ((*name).to_owned(), (share(c.right, c.wrong), share(c.right, c.missed))))
        .collect();
    let path = home.join("device-floors.txt");
    let floors = Floors::read(&path)?;
    if lock {
        fs::write(&path, floors.raised(&rates).to_string())?;
        println!("floors raised where more was measured: {}", path.display());
    }
    let below = floors.below(&rates);
    if !below.is_empty() {
        bail!("devices below the floors:\n  {}", below.join("\n  "));
    }
    Ok(())
}

fn judge(
    capture: &str,
    label: &Label,
    devices: &[Value],
    counts: &mut BTreeMap<&str, Counts>,
    remarks: &mut Vec<String>,
) {
    let device = devices.iter().find(|device| is(device, &label.key)).unwrap_or(&Value::Null);
    for (attribute, truth) in &label.values {
        let Some(name) = ATTRIBUTES.iter().find(|known| *known == attribute) else { continue };
        let said = said(device, name);
        let count = counts.entry(name).or_default();
        let place = || format!("{capture} {} (line {})", label.key, label.line);
        match verdict(&said, truth) {
            Verdict::Right => count.right += 1,
            Verdict::Missed => {
                count.missed += 1;
                remarks.push(format!("missed {name}: {truth}: {}", place()));
            }
            Verdict::Wrong => {
                count.wrong += 1;
                remarks.insert(0, format!("WRONG {name}: {} is {truth}: {}", said.join(", "), place()));
            }
            Verdict::Silent => {}
        }
    }
}

/// Whether a device is the one of that key.
fn is(device: &Value, key: &str) -> bool {
    if let Some(serial) = key.strip_prefix("serial:") {
        return device["serial"] == serial;
    }
    ["ips", "macs"]
        .iter()
        .any(|list| device[*list].as_array().is_some_and(|all| all.iter().any(|own| own == key)))
}

/// What was said of an attribute.
fn said(device: &Value, attribute: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let versioned = |value: &Value| {
        let name = text(&value["name"])?;
        Some(text(&value["version"]).map_or_else(|| name.clone(), |version| format!("{name} {version}")))
    };
    let list = |name: &str, of: &dyn Fn(&Value) -> Option<String>| {
        device[name].as_array().into_iter().flatten().filter_map(of).collect()
    };
    match attribute {
        "software" => list("software", &versioned),
        "os" => versioned(&device["os"]).into_iter().collect(),
        "role" => list("roles", &text),
        "hostname" => list("hostnames", &text),
        "ae_title" => list("ae_titles", &text),
        one => text(&device[one]).into_iter().collect(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Missed,
    /// Nothing was to be said, and nothing was.
    Silent,
}

fn verdict(said: &[String], truth: &str) -> Verdict {
    let said: Vec<&String> = said.iter().filter(|word| *word != "unknown").collect();
    if truth == "-" {
        return if said.is_empty() { Verdict::Silent } else { Verdict::Wrong };
    }
    let meets = |word: &&String| match truth.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => word.as_str() == truth,
    };
    match (said.iter().any(meets), said.is_empty()) {
        (true, _) => Verdict::Right,
        (false, true) => Verdict::Missed,
        (false, false) => Verdict::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_wrong_ones_are_told_by_line() {
        let text = "# head\n== lab/a.pcap\n10.0.0.1 vendor=GE HealthCare | model=B40\nserial:A7 class=-\n";
        let labels = read(text).unwrap();
        assert_eq!(labels["lab/a.pcap"].len(), 2);
        assert_eq!(labels["lab/a.pcap"][0].values[0], ("vendor".to_owned(), "GE HealthCare".to_owned()));
        for (text, line) in
            [("10.0.0.1 vendor=x", "line 1"), ("== a\n10.0.0.1", "line 2"), ("== a\nx maker=y", "line 2")]
        {
            assert!(read(text).unwrap_err().to_string().contains(line), "{text}");
        }
    }

    #[test]
    fn a_name_where_none_is_due_is_wrong() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(verdict(&words(&["Cisco"]), "-"), Verdict::Wrong);
        assert_eq!(verdict(&[], "-"), Verdict::Silent);
        assert_eq!(verdict(&[], "Cisco"), Verdict::Missed);
        assert_eq!(verdict(&words(&["unknown"]), "server"), Verdict::Missed);
        assert_eq!(verdict(&words(&["client"]), "server"), Verdict::Wrong);
        assert_eq!(verdict(&words(&["DCMTK 3.6.7"]), "DCMTK*"), Verdict::Right);
    }
}
