//! `cargo xtask starter FOLDER`: the pack of vulnerability knowledge that is built into the binary.
//!
//! In: a folder with CISA's CSAF advisories, its KEV catalogue and CVE records of its Vulnrichment (all public domain
//! or CC0). Out: `crates/wardline/starter/knowledge.jsonl.zst`, one document a line in the form of its source, and the
//! newest date in it. Facts only: identifiers, names of products, versions, statuses, vectors, categories of remedies,
//! fixed versions as the remedy's one word, dates. No describing text is taken over.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Where the pack stands.
const PACK: &str = "crates/wardline/starter/knowledge.jsonl.zst";
/// Where its date stands.
const DATED: &str = "crates/wardline/starter/dated.txt";
/// Members of a product tree that are facts.
const TREE: &[&str] = &[
    "branches",
    "category",
    "name",
    "product",
    "product_id",
    "product_identification_helper",
    "cpe",
    "purl",
    "model_numbers",
    "relationships",
    "full_product_name",
    "product_reference",
    "relates_to_product_reference",
    "full_product_names",
    "product_groups",
    "group_id",
    "product_ids",
];

/// Makes the pack.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let root = crate::tidy::root();
    let mut files = Vec::new();
    gather(folder, &mut files)?;
    files.sort();
    let mut lines: Vec<String> = Vec::new();
    let mut dated = String::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let Ok(document) = serde_json::from_slice::<Value>(&std::fs::read(file)?) else { continue };
        let trimmed = if document["document"]["csaf_version"].is_string() {
            csaf(&document)
        } else if document["dataType"] == "CVE_RECORD" {
            cve(&document)
        } else if document["catalogVersion"].is_string() {
            kev(&document)
        } else {
            None
        };
        let Some((document, date)) = trimmed else { continue };
        if date.as_str() > dated.as_str() {
            dated = date;
        }
        lines.push(document.to_string());
    }
    ensure!(!lines.is_empty(), "no document of CISA below {}", folder.display());
    lines.sort();
    lines.dedup();
    let text = lines.join("\n") + "\n";
    let packed = zstd::encode_all(text.as_bytes(), 19).context("packing")?;
    std::fs::create_dir_all(root.join("crates/wardline/starter"))?;
    std::fs::write(root.join(PACK), &packed)?;
    std::fs::write(root.join(DATED), format!("{}\n", dated.get(..10).unwrap_or_default()))?;
    println!("{} documents, {} bytes, {} packed, dated {dated}", lines.len(), text.len(), packed.len());
    Ok(())
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() { gather(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// An advisory of CISA.
fn csaf(document: &Value) -> Option<(Value, String)> {
    let head = &document["document"];
    let tracking = &head["tracking"];
    let id = tracking["id"].as_str()?;
    // Advisories republished from a vendor's own documents are long and not about devices.
    let medical = id.starts_with("ICSMA-") || document.to_string().contains("Healthcare and Public Health");
    if !medical || head["publisher"]["namespace"] != "https://www.cisa.gov/" {
        return None;
    }
    let date = tracking["current_release_date"].as_str()?.to_owned();
    let vulnerabilities: Vec<Value> =
        document["vulnerabilities"].as_array()?.iter().map(vulnerability).collect();
    let publisher = pick(&head["publisher"], &["category", "name", "namespace"]);
    let slim = json!({
        "document": {
            "csaf_version": head["csaf_version"], "publisher": publisher,
            "tracking": pick(tracking, &["id", "version", "status", "current_release_date"]),
        },
        "product_tree": keep(&document["product_tree"]),
        "vulnerabilities": vulnerabilities,
    });
    Some((slim, date))
}

fn vulnerability(one: &Value) -> Value {
    let scores: Vec<Value> = list(&one["scores"])
        .map(|score| {
            let mut slim = pick(score, &["products"]);
            for version in ["cvss_v2", "cvss_v3"] {
                if score[version].is_object() {
                    slim[version] = pick(&score[version], &["version", "vectorString", "baseScore"]);
                }
            }
            slim
        })
        .collect();
    let remedies: Vec<Value> = list(&one["remediations"])
        .filter_map(|remedy| {
            let mut slim = pick(remedy, &["category", "product_ids", "group_ids"]);
            slim["details"] = Value::String(offered(remedy["details"].as_str()?)?);
            Some(slim)
        })
        .collect();
    let mut slim = pick(one, &["cve", "ids", "product_status"]);
    slim["scores"] = scores.into();
    slim["remediations"] = remedies.into();
    slim
}

/// The version that a remedy offers, as a fact: `Update to 1.2.3`. Sentences on plans offer none.
fn offered(details: &str) -> Option<String> {
    let sentence = details.split(['\n']).flat_map(|line| line.split(". ")).find(|sentence| {
        let lower = sentence.to_lowercase();
        let offers =
            ["update", "upgrade", "released", "release", "version "].iter().any(|word| lower.contains(word));
        let plans = ["plan", "will ", "expect", "upcoming", "schedule", "less than", "prior", "earlier"]
            .iter()
            .any(|word| lower.contains(word));
        offers && !plans && !lower.contains("://")
    })?;
    let mut words = sentence.split([' ', ',', '(', ')']).map(|word| word.trim_end_matches(['.', ':']));
    let version = words.find(|word| {
        let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
        let parts: Vec<&str> = bare.split('.').collect();
        parts.len() >= 2
            && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
            && bare.starts_with(|c: char| c.is_ascii_digit())
    })?;
    Some(format!("Update to version {version}"))
}

/// A CVE record: what is affected, vectors, decision points.
fn cve(document: &Value) -> Option<(Value, String)> {
    let head = &document["cveMetadata"];
    let affected = |container: &Value| -> Value {
        list(&container["affected"])
            .map(|one| pick(one, &["vendor", "product", "cpes", "versions", "defaultStatus", "platforms"]))
            .filter(is_device)
            .collect()
    };
    let cna = &document["containers"]["cna"];
    let own = affected(cna);
    if own.as_array()?.is_empty() {
        return None;
    }
    let others: Vec<Value> = list(&document["containers"]["adp"])
        .map(|one| json!({"providerMetadata": pick(&one["providerMetadata"], &["shortName"]), "affected": affected(one), "metrics": metrics(one)}))
        .collect();
    let slim = json!({
        "dataType": "CVE_RECORD", "dataVersion": document["dataVersion"],
        "cveMetadata": pick(head, &["cveId", "state", "dateUpdated", "datePublished"]),
        "containers": {"cna": {"providerMetadata": pick(&cna["providerMetadata"], &["shortName"]), "affected": own, "metrics": metrics(cna)}, "adp": others},
    });
    Some((slim, String::new()))
}

/// Whether an entry is on something that stands in a hospital.
fn is_device(one: &Value) -> bool {
    const MAKERS: &[&str] = &[
        "philips",
        "baxter",
        "hillrom",
        "medtronic",
        "becton",
        "b. braun",
        "siemens healthineers",
        "ge healthcare",
        "draeger",
        "dräger",
        "illumina",
        "santesoft",
        "orthanc",
        "merative",
        "offis",
        "contec",
        "fresenius",
        "abbott",
        "roche",
        "boston scientific",
        "smiths medical",
        "icu medical",
        "welch allyn",
        "masimo",
        "omnicell",
        "swisslog",
        "softneta",
        "medixant",
        "microdicom",
    ];
    let vendor = one["vendor"].as_str().unwrap_or_default().to_lowercase();
    MAKERS.iter().any(|maker| vendor.contains(maker))
}

fn metrics(container: &Value) -> Value {
    list(&container["metrics"])
        .map(|metric| {
            let mut slim = Map::new();
            for name in ["cvssV2_0", "cvssV3_0", "cvssV3_1", "cvssV4_0"] {
                if metric[name].is_object() {
                    slim.insert(
                        name.to_owned(),
                        pick(&metric[name], &["version", "vectorString", "baseScore"]),
                    );
                }
            }
            if metric["other"]["type"] == "ssvc" {
                slim.insert("other".to_owned(), metric["other"].clone());
            }
            Value::Object(slim)
        })
        .filter(|metric| metric.as_object().is_some_and(|metric| !metric.is_empty()))
        .collect()
}

/// The catalogue of exploited vulnerabilities.
fn kev(document: &Value) -> Option<(Value, String)> {
    let entries: Vec<Value> = list(&document["vulnerabilities"])
        .map(|one| {
            pick(
                one,
                &["cveID", "vendorProject", "product", "dateAdded", "dueDate", "knownRansomwareCampaignUse"],
            )
        })
        .collect();
    let date = document["dateReleased"].as_str()?.to_owned();
    let slim = json!({"catalogVersion": document["catalogVersion"], "dateReleased": date, "vulnerabilities": entries});
    Some((slim, date))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pick(value: &Value, names: &[&str]) -> Value {
    let mut slim = Map::new();
    for name in names {
        if let Some(member) = value.get(name) {
            slim.insert((*name).to_owned(), member.clone());
        }
    }
    Value::Object(slim)
}

/// A product tree with its facts alone.
fn keep(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(keep).collect(),
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| TREE.contains(&name.as_str()));
            Value::Object(kept.map(|(name, member)| (name.clone(), short(keep(member)))).collect())
        }
        other => other.clone(),
    }
}

/// A name is a name: sentences in its place are cut off.
fn short(value: Value) -> Value {
    const NAME_CHARS_MAX: usize = 160;
    match value {
        Value::String(text) if text.chars().count() > NAME_CHARS_MAX => {
            Value::String(text.chars().take(NAME_CHARS_MAX).collect())
        }
        other => other,
    }
}
