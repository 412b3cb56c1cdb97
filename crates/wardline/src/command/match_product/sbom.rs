//! `wardline match --sbom FILE`: what is known of the components of a device, each with the way that leads to it.
//!
//! A component is found by its CPE names, else by supplier and name; a package URL names no vendor of vulnerability
//! feeds, so what it leads to is never more than possible. Statements of the maker (`--vex`, and those in the bill
//! itself) settle what they speak of; what was concluded before stays in the reasons.

use super::{Arguments, Format, Outcome, Verdict, verdict};
use crate::command::inspect::{bill, document};
use crate::knowledge::{DATA_DEFAULT, Library, products, starter};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use wardline_content::Content;
use wardline_formats::record::{self, Advisory, Item, Record, State};
use wardline_formats::sbom::{Component, Sbom};
use wardline_product::{Attribute, Cpe, Products, Purl, Resolved};
use wardline_risk::knowledge::Knowledge;
use wardline_risk::subject::Subject;

#[derive(Serialize)]
struct Line<'a> {
    component: Named<'a>,
    /// Names with versions, from the device to the component.
    path: Vec<String>,
    r#where: &'a str,
    resolved: By,
    verdicts: Vec<Verdict>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    supplier: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    purl: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    cpe: &'a [String],
}

#[derive(Serialize)]
struct By {
    product: String,
    why: String,
}

/// A product that a component may be.
struct Candidate {
    resolved: Resolved,
    version: String,
    /// Why it may be that one, where it is merely likely.
    guess: Option<String>,
    why: String,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, file: &Path) -> Result<Outcome> {
    let products = products(&Content::embedded()?);
    let sbom = bill(file)?;
    let mut said = advisories(&document(file)?)?;
    for vex in &arguments.vex {
        said.extend(advisories(&document(vex)?)?);
    }
    let candidates: Vec<Vec<Candidate>> =
        sbom.components.iter().map(|one| candidates(one, &products)).collect();
    let knowledge = knowledge(arguments, &candidates, &products)?;
    let ways = sbom.ways();
    let out = &mut BufWriter::new(io::stdout().lock());
    let (mut known, mut open) = (0_usize, 0_usize);
    for (index, one) in sbom.components.iter().enumerate() {
        let list = candidates.get(index).map_or(&[][..], Vec::as_slice);
        let Some(by) = list.iter().find(|by| knowledge.knows(&by.resolved.key)) else { continue };
        let subject =
            Subject::new(&by.resolved, Some(by.version.as_str()).filter(|version| !version.is_empty()));
        let matched = match &by.guess {
            None => knowledge.judge(&subject, &products, &[]),
            Some(why) => knowledge.judge_alike(&subject, &by.resolved.key, why, &products),
        };
        let mut verdicts: Vec<Verdict> = matched.iter().map(verdict).collect();
        verdicts.iter_mut().for_each(|one_of| settle(one_of, one, &sbom, &said));
        known = known.saturating_add(1);
        open = open.saturating_add(
            verdicts.iter().filter(|one| matches!(one.verdict, "affected" | "possible")).count(),
        );
        let line = Line {
            component: Named {
                name: &one.name,
                version: &one.version,
                supplier: &one.supplier,
                purl: &one.purl,
                cpe: &one.cpes,
            },
            path: ways.to(index).into_iter().filter_map(|at| sbom.components.get(at)).map(called).collect(),
            r#where: &one.place,
            resolved: By { product: by.resolved.key.replace('|', " "), why: by.why.clone() },
            verdicts,
        };
        write(&line, arguments.format, out)?;
    }
    if arguments.format == Format::Table {
        let all = sbom.components.len();
        writeln!(
            out,
            "{all} components; something is known of {known}: {open} verdicts of affected or possible"
        )?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn called(component: &Component) -> String {
    format!("{} {}", component.name, component.version).trim_end().to_owned()
}

/// What a component may be, the surest first.
fn candidates(one: &Component, products: &Products) -> Vec<Candidate> {
    let mut list = Vec::new();
    for text in &one.cpes {
        if let Ok(cpe) = Cpe::read(text)
            && let Some(resolved) = products.resolve_cpe(&cpe)
        {
            let version = cpe
                .text(Attribute::Version)
                .map_or_else(|| one.version.clone(), |version| version.replace('\\', ""));
            list.push(Candidate { resolved, version, guess: None, why: format!("by its CPE name {text}") });
        }
    }
    let name = one.name.rsplit('/').next().unwrap_or(&one.name);
    if !one.supplier.is_empty() {
        let resolved = products.resolve(&one.supplier, name);
        let why = format!("by its supplier {} and its name", one.supplier);
        list.push(Candidate { resolved, version: one.version.clone(), guess: None, why });
    }
    let purl = Purl::read(&one.purl).ok();
    let package = purl.as_ref().map_or(name, |purl| purl.name.as_str());
    let version = purl.as_ref().and_then(|purl| purl.version.clone()).unwrap_or_else(|| one.version.clone());
    let space = purl.as_ref().and_then(|purl| purl.namespace.as_deref()).unwrap_or_default();
    // org.apache.logging.log4j: apache; github.com/acme: acme; else makers of one thing bear its name.
    let vendor = space.split(['.', '/']).nth(1).or_else(|| Some(space).filter(|space| !space.is_empty()));
    for vendor in vendor.into_iter().chain([package]) {
        let why = format!("only by the name {package}, with {vendor} taken for its vendor");
        let resolved = products.resolve(vendor, package);
        list.push(Candidate { resolved, version: version.clone(), guess: Some(why.clone()), why });
    }
    list
}

/// What is known of all that the components may be.
fn knowledge(arguments: &Arguments, candidates: &[Vec<Candidate>], products: &Products) -> Result<Knowledge> {
    let folder = arguments.data.as_deref().unwrap_or_else(|| Path::new(DATA_DEFAULT));
    match (Library::open(folder)?, &arguments.data) {
        (Some(library), _) => {
            let keys: BTreeSet<&str> =
                candidates.iter().flatten().map(|one| one.resolved.key.as_str()).collect();
            library.about(&keys.into_iter().collect::<Vec<_>>(), products)
        }
        (None, Some(_)) => Ok(Knowledge::default()),
        (None, None) => starter(products),
    }
}

/// The statements in a document; none where it makes none.
fn advisories(bytes: &[u8]) -> Result<Vec<Advisory>> {
    let mut found = Vec::new();
    record::read(&mut &*bytes, &mut |item| {
        if let Item::Record { record: Record::Advisory(advisory), .. } = item {
            found.push(*advisory);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Lets the maker's statements settle a verdict.
fn settle(verdict: &mut Verdict, component: &Component, sbom: &Sbom, said: &[Advisory]) {
    for advisory in said {
        let about = advisory
            .vulnerabilities
            .iter()
            .filter(|one| one.cve == verdict.id || one.ids.iter().any(|(_, id)| *id == verdict.id));
        for statement in about.flat_map(|one| &one.statements) {
            let subject = sbom.subject.and_then(|subject| sbom.components.get(subject));
            let product = advisory.products.iter().find(|product| product.id == statement.product);
            let speaks = |of: &Component| {
                let named = names(&statement.product, of, &sbom.serial);
                named
                    || product.is_some_and(|product| {
                        let helper = &product.identification;
                        (!of.purl.is_empty() && helper.purls.contains(&of.purl))
                            || (!helper.cpe.is_empty() && of.cpes.contains(&helper.cpe))
                    })
            };
            if !speaks(component) && !subject.is_some_and(speaks) {
                continue;
            }
            let now = match statement.state {
                State::NotAffected => "not_affected",
                State::Fixed => "fixed",
                State::Affected => "affected",
                State::UnderInvestigation => "under_investigation",
                _ => continue,
            };
            let why = [statement.justification.as_str(), statement.words.as_str()].join(" ");
            let maker = if advisory.publisher.is_empty() { "the maker" } else { &advisory.publisher };
            verdict.reasons.push(format!(
                "{maker} states {}{}; {} without that statement",
                now.replace('_', " "),
                if why.trim().is_empty() { String::new() } else { format!(": {}", why.trim()) },
                verdict.verdict.replace('_', " "),
            ));
            verdict.verdict = now;
        }
    }
}

/// Whether a statement names a component: by its reference, by a link into this bill (`urn:cdx:serial/1#reference`),
/// or by its package URL.
fn names(product: &str, component: &Component, serial: &str) -> bool {
    let link = product.rsplit_once('#').filter(|(document, _)| {
        let serial = serial.trim_start_matches("urn:uuid:");
        !serial.is_empty() && document.contains(serial)
    });
    let named = |text: &str, by: &str| !by.is_empty() && text == by;
    named(product, &component.reference)
        || named(product, &component.purl)
        || link.is_some_and(|(_, reference)| named(reference, &component.reference))
}

fn write(line: &Line<'_>, format: Format, out: &mut impl Write) -> Result<()> {
    if format == Format::Json {
        serde_json::to_writer(&mut *out, line)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "{}\n  {}", line.path.join(" > "), line.resolved.why)?;
    for one in &line.verdicts {
        let score = one.cvss.as_ref().map_or_else(String::new, |cvss| format!(", CVSS {:.1}", cvss.score));
        let kev = if one.kev { ", known to be exploited" } else { "" };
        writeln!(out, "  {}: {}{score}{kev}", one.id, one.verdict)?;
    }
    Ok(())
}
