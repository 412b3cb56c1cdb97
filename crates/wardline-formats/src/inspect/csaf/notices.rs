//! Optional and informative tests that belong to no other group (6.2, 6.3).

use super::{Document, Edition, FIXED, in_status, walk};
use crate::inspect::time::instant;
use crate::json::{Node, Pointer};

pub(super) fn test(document: &mut Document<'_>) {
    dates(document);
    hashes(document);
    distribution(document);
    for (place, vulnerability) in document.vulnerabilities() {
        let scores: Vec<_> = vulnerability.list_of("scores").iter().collect();
        let metrics = vulnerability.list_of("metrics").iter().map(|metric| metric.of("content"));
        for content in scores.into_iter().chain(metrics) {
            if content.get("cvss_v2").is_some()
                && content.get("cvss_v3").is_none()
                && content.get("cvss_v4").is_none()
            {
                document.tell("6.3.1", &place, "scored by CVSS 2.0 only");
            }
            if content.of("cvss_v3").text_of("version") == Some("3.0") {
                document.tell("6.3.2", &place, "scored by CVSS 3.0, not 3.1");
            }
        }
        if vulnerability.get("cve").is_none() {
            document.tell("6.3.3", &place, "no CVE is named");
        }
        for (index, id) in vulnerability.list_of("ids").iter().enumerate() {
            if id.text_of("text").is_some_and(crate::record::is_cve) {
                document.tell("6.2.17", &place.member("ids").index(index), "a CVE belongs into cve");
            }
        }
        let fixed = in_status(vulnerability, &FIXED);
        let lists = vulnerability.list_of("scores").iter().chain(vulnerability.list_of("metrics"));
        for score in lists {
            let content = if document.edition == Edition::V21 { score.of("content") } else { score };
            if score.texts_of("products").any(|product| fixed.contains(product)) && !harmless(content) {
                document.tell("6.2.19", &place, "a score for a fixed product");
            }
            if content.get("qualitative_severity_rating").is_some() {
                document.tell("6.3.18", &place, "a rating in words");
                if score.get("source").is_none() {
                    document.tell(
                        "6.2.47",
                        &place,
                        "whoever publishes the document should score, not rate in words",
                    );
                }
            }
        }
    }
}

/// Whether the environmental metrics say that nothing is left of the harm.
fn harmless(content: &Node<'_>) -> bool {
    const PARTS: [(&str, &str); 6] = [
        ("VC", "VulnConfidentiality"),
        ("VI", "VulnIntegrity"),
        ("VA", "VulnAvailability"),
        ("SC", "SubConfidentiality"),
        ("SI", "SubIntegrity"),
        ("SA", "SubAvailability"),
    ];
    ["cvss_v2", "cvss_v3", "cvss_v4"].iter().filter_map(|name| content.get(name)).all(|cvss| {
        let vector = cvss.text_of("vectorString").unwrap_or_default();
        let has = |metric: &str| vector.split('/').any(|field| field == metric);
        let none = |letters: &str, name: &str| {
            let said = cvss.text_of(&format!("modified{name}Impact"));
            has(&format!("M{letters}:N")) || matches!(said, Some("NONE" | "NEGLIGIBLE"))
        };
        let v3 = [("C", "Confidentiality"), ("I", "Integrity"), ("A", "Availability")];
        let v2 = has("TD:N") || cvss.text_of("targetDistribution") == Some("NONE");
        v2 || v3.iter().all(|(l, n)| none(l, n)) || PARTS.iter().all(|(l, n)| none(l, n))
    })
}

fn dates(document: &mut Document<'_>) {
    let history = document.tracking.list_of("revision_history").iter();
    let times: Vec<i128> = history.filter_map(|item| item.text_of("date").and_then(instant)).collect();
    let of = |name: &str| document.tracking.text_of(name).and_then(instant);
    let (initial, current) = (of("initial_release_date"), of("current_release_date"));
    if initial.zip(times.iter().min().copied()).is_some_and(|(initial, first)| initial < first) {
        let place = Pointer::of(&["document", "tracking", "initial_release_date"]);
        document.tell("6.2.5", &place, "older than the first revision");
    }
    if current.zip(times.iter().max().copied()).is_some_and(|(current, last)| current < last) {
        let place = Pointer::of(&["document", "tracking", "current_release_date"]);
        document.tell("6.2.6", &place, "older than the last revision");
    }
}

fn hashes(document: &mut Document<'_>) {
    let mut told = Vec::new();
    walk(document.tree, &Pointer::of(&["product_tree"]), &mut |place, node| {
        let hashes = node.list_of("file_hashes");
        let only = |name: &str| {
            !hashes.is_empty() && hashes.iter().all(|hash| hash.text_of("algorithm") == Some(name))
        };
        if only("md5") {
            told.push(("6.2.8", place.clone(), "MD5 is the only hash"));
        }
        if only("sha1") {
            told.push(("6.2.9", place.clone(), "SHA-1 is the only hash"));
        }
        if hashes.iter().filter_map(|hash| hash.text_of("value")).any(|value| value.len() < 64) {
            told.push(("6.3.5", place.clone(), "a hash of less than 64 digits"));
        }
    });
    for (test, place, why) in told {
        document.tell(test, &place, why);
    }
}

fn distribution(document: &mut Document<'_>) {
    if document.edition == Edition::V20
        && document.head.of("distribution").of("tlp").text_of("label").is_none()
    {
        document.tell("6.2.10", &Pointer::of(&["document"]), "the traffic light label is missing");
    }
    // The file's name follows from the id (section 5.1).
    let id = document.tracking.text_of("id").unwrap_or_default().to_lowercase();
    let mut name = String::new();
    for letter in id.chars() {
        let kept = letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '+' | '-');
        match (kept, name.ends_with('_')) {
            (true, _) => name.push(letter),
            (false, false) => name.push('_'),
            (false, true) => {}
        }
    }
    let own = format!("{name}.json");
    let references = document.head.list_of("references").iter();
    let canonical = references.filter(|one| one.text_of("category") == Some("self"));
    let found = canonical
        .filter_map(|one| one.text_of("url"))
        .any(|url| url.starts_with("https://") && url.ends_with(&own));
    if !found {
        document.tell(
            "6.2.11",
            &Pointer::of(&["document"]),
            format!("no self reference by HTTPS that ends in {own}"),
        );
    }
}
