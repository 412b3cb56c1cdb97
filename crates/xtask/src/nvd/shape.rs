//! The shape of a record of the NVD.
//!
//! The figures were counted over what is at hand of it (57 records of the 2.0 form and 76 corrected configurations,
//! see `docs/performance.md`): status, descriptions, references, scores, configurations, nodes, matches, bounds. Two
//! figures could not be: no rejected record and no `negate` was among them; they are one record of twenty and one
//! joined node of eighty here.

use super::random::Random;
use std::fmt::Write as _;

/// Products that records speak of; a few of them very often.
const PRODUCTS: u64 = 80_000;
/// Products of one vendor, on average.
const PRODUCTS_OF_VENDOR: u64 = 4;

/// 0, 25, 50, 75 of a hundred descriptions are no longer than this, and so on; the last step is the longest twentieth.
const DESCRIPTION: &[u64] = &[79, 105, 128, 165, 202, 225, 250, 276, 430, 700];
/// Links of a record.
const REFERENCES: &[u64] = &[1, 1, 1, 1, 2, 2, 2, 2, 3, 9];

/// Statuses, in 57 records and, for the rejected ones, assumed.
const STATUS: &[(u64, &str)] =
    &[(33, "Analyzed"), (9, "Modified"), (10, "Awaiting Analysis"), (2, "Deferred"), (3, "Rejected")];

/// Configurations of a record that has any; the longest had 47.
const CONFIGURATIONS: &[(u64, u64)] = &[(1_040, 1), (110, 2), (40, 3), (9, 8), (1, 47)];

/// Matches of a node; the longest had dozens.
const MATCHES: &[(u64, u64)] = &[(660, 1), (150, 2), (110, 3), (40, 5), (25, 7), (10, 9), (4, 20), (1, 60)];

/// What stands in the place of the version, and the bounds beside it, over 74 vulnerable matches.
const VULNERABLE: &[(u64, Version)] = &[
    (35, Version::Exact),
    (4, Version::NotApplicable),
    (22, Version::Below),
    (7, Version::Between),
    (3, Version::UpTo),
    (2, Version::FromUpTo),
    (1, Version::After),
];

/// The same over 24 conditions: what something runs on mostly has no version.
const CONDITION: &[(u64, Version)] = &[(2, Version::Exact), (22, Version::NotApplicable)];

#[derive(Clone, Copy)]
enum Version {
    Exact,
    NotApplicable,
    Below,
    Between,
    UpTo,
    FromUpTo,
    After,
}

const SYLLABLES: &[&str] = &[
    "ba", "cor", "dex", "fi", "gra", "hel", "in", "jo", "kal", "lum", "mer", "nov", "or", "pix", "qua",
    "ras", "sol", "tel", "ul", "vex", "wen", "xi", "yo", "zen",
];

const WORDS: &[&str] = &[
    "a", "flaw", "of", "the", "parser", "lets", "remote", "senders", "read", "memory", "beyond", "its",
    "buffer", "when", "requests", "carry", "long", "names", "and", "version", "checks", "are", "missing",
    "in", "service", "local", "users", "may", "gain", "rights", "through", "file", "links",
];

const VECTORS: &[&str] = &[
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
    "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H",
];

/// Writes one record.
pub(super) fn record(text: &mut String, year: u64, number: u64, random: &mut Random) {
    let status = random.weighted(STATUS).unwrap_or("Analyzed");
    let (month, day) = (1 + random.below(12), 1 + random.below(28));
    let _ = write!(
        text,
        "{{\"cve\":{{\"id\":\"CVE-{year}-{:04}\",\"sourceIdentifier\":\"cve@{}.example\",\
         \"published\":\"{year}-{month:02}-{day:02}T10:15:00.000\",\
         \"lastModified\":\"2026-{month:02}-{day:02}T{:02}:{:02}:00.000\",\"vulnStatus\":\"{status}\",\"cveTags\":[],\
         \"descriptions\":[{{\"lang\":\"en\",\"value\":\"",
        number + 1,
        name(random.skewed(400)),
        random.below(24),
        random.below(60),
    );
    if status == "Rejected" {
        text.push_str("Rejected reason: ");
        words(text, 60, random);
        text.push_str("\"}],\"metrics\":{},\"references\":[]}}");
        return;
    }
    words(text, random.between(DESCRIPTION), random);
    text.push_str("\"}");
    if random.permille(825) {
        text.push_str(",{\"lang\":\"es\",\"value\":\"");
        words(text, random.between(DESCRIPTION), random);
        text.push_str("\"}");
    }
    text.push(']');
    metrics(text, random);
    weaknesses(text, random);
    if !matches!(status, "Awaiting Analysis" | "Deferred") {
        configurations(text, random);
    }
    references(text, random);
    text.push_str("}}");
}

fn metrics(text: &mut String, random: &mut Random) {
    text.push_str(",\"metrics\":{");
    let scores = random.weighted(&[(3, 0), (34, 1), (20, 2)]).unwrap_or(1);
    for place in 0..scores {
        let (kind, by) =
            if place == 0 { ("Primary", "nvd@nist.gov") } else { ("Secondary", "cna@example.org") };
        let vector = VECTORS.get(usize::try_from(random.below(4)).unwrap_or(0)).unwrap_or(&"");
        text.push_str(if place == 0 { "\"cvssMetricV31\":[" } else { "," });
        let _ = write!(
            text,
            "{{\"source\":\"{by}\",\"type\":\"{kind}\",\"cvssData\":{{\"version\":\"3.1\",\"vectorString\":\"{vector}\",\
             \"baseScore\":{}.{},\"baseSeverity\":\"HIGH\",\"attackVector\":\"NETWORK\",\"attackComplexity\":\"LOW\",\
             \"privilegesRequired\":\"NONE\",\"userInteraction\":\"NONE\",\"scope\":\"UNCHANGED\",\
             \"confidentialityImpact\":\"HIGH\",\"integrityImpact\":\"HIGH\",\"availabilityImpact\":\"HIGH\"}},\
             \"exploitabilityScore\":3.9,\"impactScore\":5.9}}",
            4 + random.below(6),
            random.below(10)
        );
    }
    text.push_str(if scores == 0 { "}" } else { "]}" });
}

fn weaknesses(text: &mut String, random: &mut Random) {
    text.push_str(",\"weaknesses\":[");
    for place in 0..random.weighted(&[(4, 0), (37, 1), (16, 2)]).unwrap_or(1) {
        let _ = write!(
            text,
            "{}{{\"source\":\"nvd@nist.gov\",\"type\":\"Primary\",\"description\":[{{\"lang\":\"en\",\"value\":\"CWE-{}\"}}]}}",
            if place == 0 { "" } else { "," },
            20 + random.skewed(1_300)
        );
    }
    text.push(']');
}

fn references(text: &mut String, random: &mut Random) {
    text.push_str(",\"references\":[");
    for place in 0..random.between(REFERENCES) {
        let _ = write!(
            text,
            "{}{{\"url\":\"https://{}.example/advisories/{:016x}\",\"source\":\"nvd@nist.gov\",\
             \"tags\":[\"Third Party Advisory\"]}}",
            if place == 0 { "" } else { "," },
            name(random.skewed(2_000)),
            random.next()
        );
    }
    text.push(']');
}

/// 37 of 50 configurations are one node; the others join two, rarely more, by AND, all but the first of which say
/// what it runs on.
fn configurations(text: &mut String, random: &mut Random) {
    text.push_str(",\"configurations\":[");
    let product = random.skewed(PRODUCTS);
    for place in 0..random.weighted(CONFIGURATIONS).unwrap_or(1) {
        text.push_str(if place == 0 { "{" } else { ",{" });
        let nodes = if random.permille(260) {
            text.push_str("\"operator\":\"AND\",");
            random.weighted(&[(27, 2), (8, 3), (2, 7)]).unwrap_or(2)
        } else {
            1
        };
        text.push_str("\"nodes\":[");
        for node in 0..nodes {
            let comma = if node == 0 { "" } else { "," };
            // A condition that is turned round stands beside what is vulnerable, never alone.
            let negate = node > 0 && random.permille(12);
            let _ = write!(text, "{comma}{{\"operator\":\"OR\",\"negate\":{negate},\"cpeMatch\":[");
            let matches = random.weighted(MATCHES).unwrap_or(1);
            for found in 0..matches {
                text.push_str(if found == 0 { "" } else { "," });
                // The matches of a node are lines of one product mostly.
                let own = if found == 0 || random.permille(700) { product } else { random.skewed(PRODUCTS) };
                let of = if node == 0 { own } else { random.skewed(PRODUCTS) };
                one_match(text, of, node == 0 || random.permille(150), random);
            }
            text.push_str("]}");
        }
        text.push_str("]}");
    }
    text.push(']');
}

fn one_match(text: &mut String, product: u64, vulnerable: bool, random: &mut Random) {
    let part = random.weighted(&[(58, 'a'), (38, 'o'), (2, 'h')]).unwrap_or('a');
    let part = if vulnerable && part == 'h' { 'o' } else { part };
    let table = if vulnerable { VULNERABLE } else { CONDITION };
    let kind = random.weighted(table).unwrap_or(Version::Exact);
    let low = (random.below(12), random.below(10));
    let high = (low.0 + random.below(3), low.1 + 1 + random.below(20), random.below(30));
    let version = match kind {
        Version::Exact => format!("{}.{}", low.0, low.1),
        Version::NotApplicable => "-".to_owned(),
        _ => "*".to_owned(),
    };
    let more = if random.permille(80) { ":*:*:*:wordpress:*:*" } else { ":*:*:*:*:*:*" };
    let _ = write!(
        text,
        "{{\"vulnerable\":{vulnerable},\"criteria\":\"cpe:2.3:{part}:{}:{}:{version}:*{more}\"",
        vendor_of(product),
        product_name(product),
    );
    let low = format!("{}.{}", low.0, low.1);
    let high = format!("{}.{}.{}", high.0, high.1, high.2);
    let _ = match kind {
        Version::Exact | Version::NotApplicable => Ok(()),
        Version::Below => write!(text, ",\"versionEndExcluding\":\"{high}\""),
        Version::Between => {
            write!(text, ",\"versionStartIncluding\":\"{low}\",\"versionEndExcluding\":\"{high}\"")
        }
        Version::UpTo => write!(text, ",\"versionEndIncluding\":\"{high}\""),
        Version::FromUpTo => {
            write!(text, ",\"versionStartIncluding\":\"{low}\",\"versionEndIncluding\":\"{high}\"")
        }
        Version::After => {
            write!(text, ",\"versionStartExcluding\":\"{low}\",\"versionEndExcluding\":\"{high}\"")
        }
    };
    let id = random.next();
    let _ = write!(
        text,
        ",\"matchCriteriaId\":\"{:08X}-{:04X}-{:04X}-{:04X}-{:012X}\"}}",
        id >> 32,
        (id >> 16) & 0xffff,
        id & 0xffff,
        random.below(0x1_0000),
        random.below(1 << 48)
    );
}

/// Vendors have some products each.
fn vendor_of(product: u64) -> String {
    name(1_000_003 + product / PRODUCTS_OF_VENDOR)
}

fn product_name(product: u64) -> String {
    format!("{}_{}", name(product), name(product / 7 + 11))
}

/// A name out of syllables; different numbers have different names.
fn name(number: u64) -> String {
    let base = u64::try_from(SYLLABLES.len()).unwrap_or(1);
    let mut name = String::new();
    let mut rest = number;
    loop {
        let place = usize::try_from(rest % base).unwrap_or(0);
        name.push_str(SYLLABLES.get(place).unwrap_or(&""));
        rest /= base;
        if rest == 0 {
            return name;
        }
    }
}

fn words(text: &mut String, length: u64, random: &mut Random) {
    let mut written = 0;
    while written < length {
        let place = usize::try_from(random.below(u64::try_from(WORDS.len()).unwrap_or(1))).unwrap_or(0);
        let word = WORDS.get(place).unwrap_or(&"");
        text.push_str(word);
        text.push(' ');
        written += u64::try_from(word.len()).unwrap_or(0) + 1;
    }
}
