//! CVE records of format 5, and the NVD's.

use super::Reader;
use super::document::without_doubles;
use crate::formula::{Bounds, Match, Node};
use crate::record::{Case, Claim, Otherwise, Platform, Record, Source, Statement, Verdict};
use crate::ssvc::Points;
use wardline_formats::record::{Affected, Bound, CpeMatch, Cve, Formula, Version as Listed};
use wardline_product::{self as product, Applies, Span, Version};

/// The NVD's word: formulas.
pub(super) fn nvd(cve: &Cve, reader: &mut Reader<'_>) -> Record {
    let children: Vec<Node> = cve.configurations.iter().map(|formula| node(formula, reader)).collect();
    let formula = (!children.is_empty()).then(|| Node { children, ..Node::default() });
    let statement = Statement { formula, ..common(cve) };
    record(format!("NVD {}", cve.id), Source::Nvd, cve, vec![statement])
}

/// The CVE record's words: the numberer's, and CISA's additions.
pub(super) fn numbered(cve: &Cve) -> Vec<Record> {
    let additions = |one: &&Affected| one.by.eq_ignore_ascii_case("CISA-ADP");
    let of = |source: Source, advisory: String, claims: Vec<Claim>| {
        record(advisory, source, cve, vec![Statement { claims, ..common(cve) }])
    };
    let own = cve.affected.iter().filter(|one| !additions(one)).map(claim).collect();
    let added: Vec<Claim> = cve.affected.iter().filter(additions).map(claim).collect();
    let mut records = vec![of(Source::Numberer, cve.id.clone(), own)];
    if !added.is_empty() {
        records.push(of(Source::Additions, format!("CISA {}", cve.id), added));
    }
    records
}

fn record(advisory: String, source: Source, cve: &Cve, statements: Vec<Statement>) -> Record {
    let updated = (!cve.modified.is_empty()).then(|| cve.modified.clone());
    Record { advisory, source, updated, statements }
}

fn common(cve: &Cve) -> Statement {
    let mut scores: Vec<_> = cve.scores.iter().collect();
    scores.sort_by_key(|score| !score.primary);
    let ssvc = cve.ssvc.as_ref();
    Statement {
        vulnerability: cve.id.clone(),
        vectors: without_doubles(scores.into_iter().map(|score| score.vector.clone()).collect()),
        ssvc: ssvc.and_then(|one| Points::read(&one.exploitation, &one.automatable, &one.technical_impact)),
        ..Statement::default()
    }
}

fn node(formula: &Formula, reader: &mut Reader<'_>) -> Node {
    match formula {
        Formula::All(below) => group(true, below, reader),
        Formula::Any(below) => group(false, below, reader),
        Formula::Not(below) => Node { negate: true, children: vec![node(below, reader)], ..Node::default() },
        Formula::Match(found) => {
            Node { matches: matched(found, reader).into_iter().collect(), ..Node::default() }
        }
    }
}

fn group(all: bool, below: &[Formula], reader: &mut Reader<'_>) -> Node {
    let mut group = Node { all, ..Node::default() };
    for part in below {
        match part {
            Formula::Match(found) => group.matches.extend(matched(found, reader)),
            other => group.children.push(node(other, reader)),
        }
    }
    group
}

/// A match; one that leaves vendor or product open would mean everything, and is left out.
fn matched(found: &CpeMatch, reader: &mut Reader<'_>) -> Option<Match> {
    let end = |bound: Option<&Bound>, inclusive: bool| {
        bound.filter(|bound| bound.inclusive == inclusive).map(|bound| bound.version.clone())
    };
    let (from, after) = (end(found.from.as_ref(), true), end(found.from.as_ref(), false));
    let (up_to, below) = (end(found.to.as_ref(), true), end(found.to.as_ref(), false));
    let bounds = Bounds {
        from: from.as_deref(),
        after: after.as_deref(),
        up_to: up_to.as_deref(),
        below: below.as_deref(),
    };
    let criteria = reader.criteria(&found.cpe, bounds)?;
    Some(Match { vulnerable: found.vulnerable, criteria })
}

fn claim(one: &Affected) -> Claim {
    let cases: Vec<Case> = one.versions.iter().flat_map(cases).collect();
    let otherwise = match one.default_status.as_str() {
        "affected" => Otherwise::Said(Verdict::Affected),
        "unaffected" => Otherwise::Said(Verdict::NotAffected),
        _ => Otherwise::Silent,
    };
    let platforms = if one.platforms.is_empty() || one.platforms.iter().any(|name| is_open(name)) {
        Vec::new()
    } else {
        let platform = |name: &String| Platform { name: name.clone(), applies: Applies::default() };
        // One of several is enough, and which one is not told: with several nothing is required.
        if one.platforms.len() == 1 { one.platforms.iter().map(platform).collect() } else { Vec::new() }
    };
    let purl = product::Purl::read(&one.package).ok();
    let vendor = if is_open(&one.vendor) {
        purl.as_ref().and_then(|purl| purl.namespace.clone()).unwrap_or_default()
    } else {
        one.vendor.clone()
    };
    let name = if is_open(&one.product) {
        purl.map(|purl| purl.name).unwrap_or_default()
    } else {
        one.product.clone()
    };
    Claim {
        vendor,
        product: name,
        cpes: one.cpes.clone(),
        keys: Vec::new(),
        cases,
        otherwise,
        platforms,
        treatments: Vec::new(),
    }
}

/// Words that say nothing.
fn is_open(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "n/a"
            | "unknown"
            | "unspecified"
            | "*"
            | "-"
            | "x86"
            | "x64-based systems"
            | "32-bit systems"
            | "arm64-based systems"
    )
}

fn status(text: &str) -> Option<Verdict> {
    match text {
        "affected" => Some(Verdict::Affected),
        "unaffected" => Some(Verdict::NotAffected),
        _ => None,
    }
}

/// A listed version or range, with the status changes within it (CVE schema 5.1, `versions`).
fn cases(listed: &Listed) -> Vec<Case> {
    let Some(first) = status(&listed.status) else { return Vec::new() };
    let semantic = listed.scheme.eq_ignore_ascii_case("semver");
    let case = |applies: Applies, verdict: Verdict| Case { applies, words: None, verdict, semantic };
    let Some(end) = &listed.to else {
        let text = listed.version.trim();
        let applies = if is_open(text) && text != "*" {
            Applies { unread: vec![text.to_owned()], ..Applies::default() }
        } else {
            Applies::read(text)
        };
        return vec![case(applies, first)];
    };
    let Some((low, high)) = ends(listed, end) else {
        let unread = vec![format!("{} to {}", listed.version, end.version)];
        return vec![case(Applies { unread, ..Applies::default() }, first)];
    };
    let mut all = Vec::new();
    let (mut low, mut verdict) = (low, Some(first));
    for change in &listed.changes {
        let Some(at) = Version::new(&change.at) else { continue };
        let until = Some(product::Bound { version: at.clone(), inclusive: false });
        if let Some(verdict) = verdict {
            all.push(case(span(low, until), verdict));
        }
        low = Some(product::Bound { version: at, inclusive: true });
        verdict = status(&change.status);
    }
    all.extend(verdict.map(|verdict| case(span(low, high), verdict)));
    all
}

type End = Option<product::Bound>;

fn span(low: End, high: End) -> Applies {
    let span = if low.is_none() && high.is_none() { Span::All } else { Span::Range { low, high } };
    Applies { spans: vec![span], ..Applies::default() }
}

/// Both ends; `0` and `*` are open, words that are no version (`publication`) are none.
fn ends(listed: &Listed, end: &Bound) -> Option<(End, End)> {
    let numbered = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let low = match listed.version.trim() {
        "0" | "*" | "unspecified" | "n/a" | "-" | "" => None,
        text if numbered(text) && text.split(' ').count() <= 3 => {
            Some(product::Bound { version: Version::new(text)?, inclusive: true })
        }
        _ => return None,
    };
    let high = match end.version.trim() {
        "*" => None,
        text if numbered(text) => {
            Some(product::Bound { version: Version::new(text)?, inclusive: end.inclusive })
        }
        _ => return None,
    };
    Some((low, high))
}
