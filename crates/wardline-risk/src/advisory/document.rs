//! Advisories with a product tree and statements: CSAF, OpenVEX, CycloneDX VEX.

use super::fixes::fixes;
use super::leaf::{Leaf, leaf};
use crate::record::{Case, Claim, Otherwise, Platform, Record, Source, Statement, Treatment, Verdict};
use std::collections::BTreeMap;
use wardline_formats::record::{Advisory, Product, Remedy, State, Vulnerability};
use wardline_product::{Applies, Cpe, Purl, Scheme};

/// Most bytes of a remedy's words that are kept.
const DETAILS_BYTES_MAX: usize = 2_000;

pub(super) fn record(advisory: &Advisory) -> Record {
    let products: BTreeMap<&str, &Product> =
        advisory.products.iter().map(|product| (product.id.as_str(), product)).collect();
    let statements = advisory.vulnerabilities.iter().map(|one| statement(one, advisory, &products)).collect();
    let source = match advisory.publisher_category.as_str() {
        "vendor" => Source::Maker,
        "coordinator" => Source::Coordinator,
        _ => Source::Other,
    };
    Record { advisory: advisory.id.clone(), source, updated: stamp(&advisory.current), statements }
}

fn stamp(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn statement(one: &Vulnerability, advisory: &Advisory, products: &BTreeMap<&str, &Product>) -> Statement {
    let id = if one.cve.is_empty() {
        one.ids.first().map_or_else(|| advisory.id.clone(), |(_, text)| text.clone())
    } else {
        one.cve.clone()
    };
    // Statements on one product of the tree with several versions belong together: fixes are told against all.
    let mut claims: Vec<Claim> = Vec::new();
    for said in &one.statements {
        let Some(verdict) = verdict(said.state) else { continue };
        let remedies: Vec<&Remedy> = (one.remedies.iter())
            .filter(|remedy| remedy.products.is_empty() || remedy.products.contains(&said.product))
            .collect();
        let claim = match products.get(said.product.as_str()) {
            Some(product) => claims_of(product, products, said.state, verdict, &remedies),
            None => bare(&said.product, verdict).into_iter().collect(),
        };
        claims.extend(claim);
    }
    let vectors = one.scores.iter().map(|score| score.vector.clone()).collect::<Vec<_>>();
    Statement { vulnerability: id, claims, vectors: without_doubles(vectors), ..Statement::default() }
}

pub(super) fn without_doubles(all: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

const fn verdict(state: State) -> Option<Verdict> {
    match state {
        State::Affected | State::FirstAffected | State::LastAffected => Some(Verdict::Affected),
        State::Fixed | State::FirstFixed => Some(Verdict::Fixed),
        State::NotAffected => Some(Verdict::NotAffected),
        State::UnderInvestigation => Some(Verdict::UnderInvestigation),
        // What is recommended is not said to be free of anything.
        State::Recommended | State::Unknown => None,
    }
}

fn claims_of(
    product: &Product,
    products: &BTreeMap<&str, &Product>,
    state: State,
    verdict: Verdict,
    remedies: &[&Remedy],
) -> Vec<Claim> {
    let Some(relationship) = &product.relationship else {
        return if product.path.is_empty() {
            bare_product(product, verdict)
        } else {
            vec![claim(product, state, verdict, remedies)]
        };
    };
    let (Some(part), Some(whole)) =
        (products.get(relationship.part.as_str()), products.get(relationship.whole.as_str()))
    else {
        return bare_product(product, verdict);
    };
    let requires = |other: &Product| {
        let other = leaf(other);
        Platform {
            name: format!("{} {}", other.vendor, other.product).trim().to_owned(),
            applies: other.applies,
        }
    };
    let mut of_part = claim(part, state, verdict, remedies);
    of_part.platforms.push(requires(whole));
    let mut of_whole = claim(whole, state, verdict, remedies);
    of_whole.platforms.push(requires(part));
    // A component that is always there needs no stating.
    if relationship.category == "default_component_of" {
        of_whole.platforms.clear();
    }
    vec![of_part, of_whole]
}

fn claim(product: &Product, state: State, verdict: Verdict, remedies: &[&Remedy]) -> Claim {
    let Leaf { vendor, product: name, applies, words } = leaf(product);
    let applies = match (state, applies.spans.as_slice()) {
        // Only the first or last version is told: what lies before or after is not.
        (State::FirstFixed, [wardline_product::Span::One(version)]) => {
            Applies { spans: vec![wardline_product::Span::from(version.clone())], ..applies.clone() }
        }
        _ => applies,
    };
    let affected: Vec<&Applies> = std::iter::once(&applies).chain(&words).collect();
    let treatments = remedies.iter().map(|remedy| treatment(remedy, &affected)).collect();
    let case = Case { applies: applies.clone(), words: words.clone(), verdict, semantic: false };
    let id = &product.identification;
    let cpes = if id.cpe.is_empty() { Vec::new() } else { vec![id.cpe.clone()] };
    Claim {
        vendor,
        product: name,
        cpes,
        keys: Vec::new(),
        cases: vec![case],
        otherwise: Otherwise::Silent,
        platforms: Vec::new(),
        treatments,
    }
}

fn treatment(remedy: &Remedy, affected: &[&Applies]) -> Treatment {
    let fixed_in = if remedy.category == "vendor_fix" {
        fixes(&remedy.details, affected, Scheme::Revision)
    } else {
        Vec::new()
    };
    let mut end = remedy.details.len().min(DETAILS_BYTES_MAX);
    while !remedy.details.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    Treatment {
        category: remedy.category.clone(),
        details: remedy.details.get(..end).unwrap_or_default().trim().to_owned(),
        url: (!remedy.url.is_empty()).then(|| remedy.url.clone()),
        fixed_in,
    }
}

/// A product outside of the tree: its CPE or package URL says what it is.
fn bare_product(product: &Product, verdict: Verdict) -> Vec<Claim> {
    let id = &product.identification;
    let texts = std::iter::once(&id.cpe).chain(&id.purls).chain([&product.id, &product.name]);
    let mut claims: Vec<Claim> = texts.filter_map(|text| bare(text, verdict)).collect();
    claims.truncate(1);
    if claims.is_empty() {
        claims.push(of_names("", &product.name, Applies::all(), verdict));
    }
    claims
}

fn bare(id: &str, verdict: Verdict) -> Option<Claim> {
    if let Ok(cpe) = Cpe::read(id) {
        use wardline_product::Attribute::{Product, Vendor, Version};
        let spaced = |text: &str| text.replace('_', " ");
        let applies = cpe.text(Version).map_or_else(Applies::all, Applies::read);
        let mut claim = of_names(&spaced(cpe.text(Vendor)?), &spaced(cpe.text(Product)?), applies, verdict);
        claim.cpes = vec![id.to_owned()];
        return Some(claim);
    }
    let purl = Purl::read(id).ok()?;
    let applies = purl.version.as_deref().map_or_else(Applies::all, Applies::read);
    Some(of_names(purl.namespace.as_deref().unwrap_or(&purl.kind), &purl.name, applies, verdict))
}

fn of_names(vendor: &str, product: &str, applies: Applies, verdict: Verdict) -> Claim {
    Claim {
        vendor: vendor.to_owned(),
        product: product.to_owned(),
        cpes: Vec::new(),
        keys: Vec::new(),
        cases: vec![Case::new(applies, verdict)],
        otherwise: Otherwise::Silent,
        platforms: Vec::new(),
        treatments: Vec::new(),
    }
}
