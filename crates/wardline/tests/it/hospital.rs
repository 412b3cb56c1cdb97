//! Generated hospitals against their own truth: nothing of patients comes out, and names are right.

use crate::analysis::wardline;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use tempfile::TempDir;
use wardline_content::Content;
use wardline_product::Makers;

/// A hospital, analysed: everything that was said and written, and the truth.
struct Hospital {
    said: Vec<(String, String)>,
    analysis: Value,
    truth: Value,
}

impl Hospital {
    fn new(seed: u32) -> Self {
        Self::of(60, seed)
    }

    fn of(devices: u32, seed: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).into_os_string();
        let (capture, truth, report) = (path("hospital.pcap"), path("truth.json"), path("report"));
        let seed = seed.to_string();
        let devices = format!("--devices={devices}");
        let plan = ["simulate", &devices, "--hours=0.5", "--seed", &seed, "--output"].map(OsStr::new);
        let simulated = wardline(&[&plan[..], &[&capture, OsStr::new("--truth"), &truth]].concat());
        let json = ["analyze", "--format=json", "--output"].map(OsStr::new);
        let analysed = wardline(&[&json[..], &[&report, &capture]].concat());
        let table = wardline(&[OsStr::new("analyze"), &capture]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let analysis = serde_json::from_slice(&analysed.stdout).unwrap();
        let mut said = vec![
            ("the JSON".to_owned(), text(analysed.stdout)),
            ("the table".to_owned(), text(table.stdout)),
            ("standard error".to_owned(), text([simulated.stderr, analysed.stderr, table.stderr].concat())),
        ];
        for entry in fs::read_dir(&report).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            said.push((name, fs::read_to_string(entry.path()).unwrap()));
        }
        Self { said, analysis, truth: serde_json::from_slice(&fs::read(&truth).unwrap()).unwrap() }
    }
}

impl Hospital {
    fn devices(&self) -> &[Value] {
        self.analysis["devices"].as_array().unwrap()
    }

    /// Devices that do not exist: none of the true ones, no router of a distant building.
    fn invented(&self) -> Vec<&Value> {
        let truth = self.truth["devices"].as_array().unwrap();
        let far = self.truth["distant_routers"].as_array().unwrap();
        let is_far = |device: &Value| device["macs"].as_array().unwrap().iter().any(|mac| far.contains(mac));
        let exists = |device: &&Value| {
            truth.iter().any(|t| found(std::slice::from_ref(*device), t).is_some()) || is_far(device)
        };
        self.devices().iter().filter(|device| !exists(device)).collect()
    }
}

/// Words of letters and digits, as a text holds them.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[test]
fn no_patient_of_a_whole_hospital_is_in_any_output() {
    let hospital = Hospital::new(1);
    let patients = hospital.truth["patients"].as_array().unwrap();
    assert!(patients.len() >= 30);
    assert!(
        hospital.said.iter().filter(|(_, text)| !text.is_empty()).count() >= 7,
        "all outputs are looked at"
    );
    for (name, text) in &hospital.said {
        let said: BTreeSet<String> = words(text).collect();
        for patient in patients {
            for key in ["family", "given", "id", "birth_date"] {
                let secret = patient[key].as_str().unwrap();
                // Whole, in any case; and each of its words.
                assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{key} {secret} in {name}");
                for word in words(secret).filter(|word| word.len() > 2) {
                    assert!(!said.contains(&word), "{word} of {key} {secret} in {name}");
                }
            }
        }
    }
}

/// How often an attribute was named rightly, wrongly, and not at all.
#[derive(Default)]
struct Score {
    right: u32,
    wrong: u32,
    missing: u32,
}

impl Score {
    fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong + self.missing).max(1))
    }
}

/// The device of an analysis that a true device is: by address, MAC, or the serial number that others told of it.
fn found<'a>(devices: &'a [Value], true_device: &Value) -> Option<&'a Value> {
    let has = |device: &Value, key: &str| {
        let list = device[key].as_array().unwrap();
        true_device[key].as_array().unwrap().iter().any(|own| list.contains(own))
    };
    let at = devices.iter().find(|d| has(d, "ips") || has(d, "macs"));
    at.or_else(|| devices.iter().find(|d| d["serial"].is_string() && d["serial"] == true_device["serial"]))
}

/// An operating system's name as one of those that share its version: `Windows 10 / Server 2019`.
fn is_system(said: &str, truth: &str) -> bool {
    said == truth || said.split(" / ").any(|one| truth == one || truth == format!("Windows {one}"))
}

/// A coarser or finer name of the same system: all words of one stand in the other.
fn is_family(said: &str, truth: &str) -> bool {
    let (said, truth): (Vec<String>, Vec<String>) = (words(said).collect(), words(truth).collect());
    said.iter().all(|word| truth.contains(word)) || truth.iter().all(|word| said.contains(word))
}

/// Scores of the attributes that were told, and of those that were named without being told. The class is never
/// told, it is concluded. What the truth leaves open (the maker of a virtual machine) is not judged.
fn scores(hospital: &Hospital, makers: &Makers) -> BTreeMap<&'static str, Score> {
    let maker = |name: &str| makers.resolve(name).map_or(name.to_owned(), |m| m.canonical.to_owned());
    let mut scores: BTreeMap<&'static str, Score> = BTreeMap::new();
    for truth in hospital.truth["devices"].as_array().unwrap() {
        let device = found(hospital.devices(), truth).unwrap_or(&Value::Null);
        for attribute in ["class", "model", "os", "serial", "vendor"] {
            let of = |device: &Value| match attribute {
                "os" => device["os"]["name"].as_str().map(str::to_owned),
                "vendor" => device["vendor"].as_str().map(maker),
                _ => device[attribute].as_str().map(str::to_owned),
            };
            let Some(truly) = of(truth) else { continue };
            let told =
                attribute == "class" || truth["told"].as_array().unwrap().iter().any(|t| t == attribute);
            let score = scores.entry(attribute).or_default();
            match of(device) {
                None => score.missing += u32::from(told),
                Some(said) if said == truly => score.right += 1,
                Some(said) if attribute == "os" && is_system(&said, &truly) => score.right += 1,
                Some(said) if attribute == "os" && !told && is_family(&said, &truly) => score.right += 1,
                Some(said) => {
                    eprintln!("{attribute}: {said:?} is {truly:?}: {}", truth["id"]);
                    score.wrong += 1;
                }
            }
        }
    }
    scores
}

/// Floors a little below what was measured: precision, then recall.
const FLOORS: [(&str, f64, f64); 5] = [
    ("class", 0.98, 0.88),
    ("model", 0.98, 0.94),
    ("os", 0.98, 0.97),
    ("serial", 0.98, 0.97),
    ("vendor", 0.98, 0.97),
];

#[test]
fn what_was_told_is_named_rightly() {
    let content = Content::embedded().unwrap();
    let makers = Makers::new(content.makers.values().map(|maker| (&maker.name, &maker.aliases)));
    let mut total: BTreeMap<&'static str, Score> = BTreeMap::new();
    for seed in 1..=3 {
        let hospital = Hospital::new(seed);
        assert_eq!(hospital.invented(), Vec::<&Value>::new(), "no device is invented");
        for (attribute, score) in scores(&hospital, &makers) {
            let sum = total.entry(attribute).or_default();
            sum.right += score.right;
            sum.wrong += score.wrong;
            sum.missing += score.missing;
        }
    }
    for (attribute, score) in &total {
        let (precision, recall) = (score.precision(), score.recall());
        let Score { right, wrong, missing } = score;
        eprintln!(
            "{attribute}: precision {precision:.3}, recall {recall:.3}: {right} right, {wrong} wrong, {missing} missing"
        );
    }
    for (attribute, precision, recall) in FLOORS {
        let score = &total[attribute];
        assert!(score.precision() >= precision, "{attribute}: precision {:.3}", score.precision());
        assert!(score.recall() >= recall, "{attribute}: recall {:.3}", score.recall());
    }
}

/// Devices that treat, examine or measure patients and their samples: the families of their class codes that are
/// not of the building and the office.
fn is_medical(class: &str) -> bool {
    !["bms", "it", "phys", "ser"].contains(&class.split('.').next().unwrap_or_default())
}

#[test]
fn of_a_thousand_devices_the_medical_ones_have_their_class_and_maker() {
    let content = Content::embedded().unwrap();
    let makers = Makers::new(content.makers.values().map(|maker| (&maker.name, &maker.aliases)));
    let maker = |name: &str| makers.resolve(name).map_or(name.to_owned(), |m| m.canonical.to_owned());
    let hospital = Hospital::of(1000, 4);
    let (mut both, mut all) = (0_u32, 0_u32);
    let mut wrong = Vec::new();
    for truth in hospital.truth["devices"].as_array().unwrap() {
        let class = truth["class"].as_str().unwrap();
        if !is_medical(class) {
            continue;
        }
        let device = found(hospital.devices(), truth).unwrap_or(&Value::Null);
        let said = [device["class"].as_str().map(str::to_owned), device["vendor"].as_str().map(maker)];
        let truly = [Some(class.to_owned()), truth["vendor"].as_str().map(maker)];
        // The maker of a virtual machine is left open: nothing said of it is wrong or missing.
        let judged = said.iter().zip(&truly).filter(|(_, truly)| truly.is_some());
        all += 1;
        both += u32::from(judged.clone().all(|(said, truly)| said == truly));
        if judged.clone().any(|(said, truly)| said.is_some() && said != truly) {
            wrong.push(format!("{said:?} is {truly:?}: {}", truth["id"]));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let share = f64::from(both) / f64::from(all);
    eprintln!("class and maker of {both} of {all} medical devices: {share:.3}");
    assert!(share >= 0.94, "{share:.3}");
}

#[test]
fn seeded_vulnerabilities_are_found_and_no_others() {
    let (mut found_ones, mut spared) = (BTreeSet::new(), BTreeSet::new());
    for seed in [1, 7] {
        let hospital = Hospital::of(120, seed);
        let findings = hospital.analysis["findings"].as_array().unwrap();
        for truth in hospital.truth["devices"].as_array().unwrap() {
            let told = |name: &str| truth["told"].as_array().unwrap().iter().any(|one| one == name);
            let Some(device) = found(hospital.devices(), truth).filter(|_| told("software")) else {
                continue;
            };
            let has = |id: &Value, rule: &str| {
                let of = |finding: &&Value| finding["device"] == device["id"] && finding["rule"] == rule;
                let title =
                    |finding: &Value| finding["title"].as_str().unwrap().contains(id.as_str().unwrap());
                findings.iter().filter(of).any(title)
            };
            for id in truth["vulnerable"].as_array().unwrap() {
                assert!(has(id, "known-vulnerability"), "{id} of {truth} in {device}");
                found_ones.insert((truth["model"].to_string(), id.to_string()));
            }
            for id in truth["not_vulnerable"].as_array().unwrap() {
                let any = ["known-vulnerability", "possible-vulnerability"].iter().any(|rule| has(id, rule));
                assert!(!any, "{id} of {truth} in {device}");
                spared.insert((truth["software"].to_string(), id.to_string()));
            }
        }
        // What is told of one device is told with its reasons, product and version.
        let all = hospital.devices().iter().flat_map(|one| one["vulnerabilities"].as_array().unwrap());
        for one in all {
            assert!(
                one["product"].is_string() && one["reasons"].as_array().is_some_and(|all| !all.is_empty()),
                "{one}"
            );
        }
    }
    assert!(found_ones.len() >= 8 && spared.len() >= 10, "{found_ones:?} {spared:?}");
}
