//! `wardline match`: what is known of one product, with the reason for every verdict.

mod sbom;

use super::{Outcome, analyze::Format};
use crate::knowledge::{DATA_DEFAULT, Library, STARTER_DATED, candidates, maker_of, products, starter};
use crate::output::verdict::{Verdict, verdict};
use anyhow::Result;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wardline_content::Content;
use wardline_product::{Products, Resolved};
use wardline_risk::knowledge::{Knowledge, Matched};
use wardline_risk::subject::Subject;

/// Products merely alike that are looked into: more are a guess.
const ALIKE_MAX: usize = 5;

/// What is known of one product, with the reason for every verdict.
///
/// Exit code 0, whatever is known; an unknown product gives no verdicts and says why.
#[derive(clap::Args)]
// `--version` is the product's here.
#[command(disable_version_flag = true)]
pub(crate) struct Arguments {
    /// The vendor, by any of its names.
    #[arg(long, value_name = "V", required_unless_present = "sbom")]
    vendor: Option<String>,
    /// The product, by any of its names.
    #[arg(long, value_name = "P", required_unless_present = "sbom")]
    product: Option<String>,
    /// Instead of one product: the components of a bill of materials (CycloneDX, SPDX), each with the way to it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["vendor", "product", "version", "on"])]
    sbom: Option<PathBuf>,
    /// Statements of the maker (CSAF, OpenVEX, CycloneDX VEX) that settle what they speak of.
    #[arg(long, value_name = "FILE", requires = "sbom")]
    vex: Vec<PathBuf>,
    /// Its version; without it a bounded advisory is possible.
    #[arg(long, value_name = "X")]
    version: Option<String>,
    /// What it runs on, by CPE name or in words (Windows 10); may be given several times.
    #[arg(long, value_name = "CPE|NAME")]
    on: Vec<String>,
    /// Folder of imported knowledge; without it what lies in ./wardline-data, else the starter pack.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Statements made for this site (`wardline suppress`) count beside those for every site.
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// A table for people, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Serialize)]
struct Answer<'a> {
    query: Query<'a>,
    resolved: Named,
    verdicts: Vec<Verdict>,
}

#[derive(Serialize)]
struct Query<'a> {
    vendor: &'a str,
    product: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    on: &'a [String],
}

#[derive(Serialize)]
struct Named {
    vendor: String,
    product: String,
    confidence: f64,
    why: String,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    if let Some(file) = &arguments.sbom {
        return sbom::run(arguments, file);
    }
    let [vendor, product] =
        [&arguments.vendor, &arguments.product].map(|name| name.as_deref().unwrap_or_default());
    let products = products(&Content::embedded()?);
    let resolved = products.resolve(vendor, product);
    let mut subject = Subject::new(&resolved, arguments.version.as_deref());
    for platform in &arguments.on {
        subject = subject.on(platform, &products);
    }
    let (named, matched) = find(arguments, &resolved, &subject, &products)?;
    let answer = Answer {
        query: Query { vendor, product, version: arguments.version.as_deref(), on: &arguments.on },
        resolved: named,
        verdicts: matched.iter().map(verdict).collect(),
    };
    let out = &mut BufWriter::new(io::stdout().lock());
    match arguments.format {
        Format::Json => {
            serde_json::to_writer(&mut *out, &answer)?;
            writeln!(out)?;
        }
        Format::Table => words(&answer, out)?,
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Which product it is among those known, and what is known.
fn find(
    arguments: &Arguments,
    resolved: &Resolved,
    subject: &Subject,
    products: &Products,
) -> Result<(Named, Vec<Matched>)> {
    let maker = maker_of(&resolved.key).to_owned();
    let folder = arguments.data.as_deref().unwrap_or_else(|| Path::new(DATA_DEFAULT));
    let library = Library::open(folder)?;
    // Only what was imported counts where a folder was named.
    let (known, said, whole) = match (&library, &arguments.data) {
        (Some(library), _) => (library.products_of(&maker)?, library.words()?, None),
        (None, Some(_)) => (Vec::new(), Default::default(), None),
        (None, None) => {
            let whole = starter(products)?;
            (whole.products_of(&maker), Default::default(), Some(whole))
        }
    };
    let (same, mut alike) = candidates(resolved, &known, &said.0, &said.1);
    alike.truncate(ALIKE_MAX);
    let keys: Vec<&str> =
        if same.is_empty() { alike.iter().map(|one| one.0).collect() } else { same.clone() };
    let knowledge = match (whole, &library) {
        (Some(whole), _) => whole,
        (None, Some(library)) => library.about(&keys, products)?,
        (None, None) => Knowledge::default(),
    };
    let from = if library.is_some() || arguments.data.is_some() {
        String::new()
    } else {
        format!("; known from the starter pack of {}", STARTER_DATED.trim())
    };
    let mut named = Named {
        vendor: resolved.maker.clone(),
        product: resolved.product.clone(),
        confidence: resolved.confidence,
        why: format!("{}{from}", resolved.why),
    };
    if !same.is_empty() {
        let suppressions = match &library {
            Some(library) => library.suppressions(arguments.site.as_deref())?,
            None => Vec::new(),
        };
        let of = |key: &&str| {
            knowledge.judge(&Subject { key: (*key).to_owned(), ..subject.clone() }, products, &suppressions)
        };
        return Ok((named, same.iter().flat_map(of).collect()));
    }
    let Some((first, score, why)) = alike.first() else {
        named.confidence = 0.0;
        named.why = format!(
            "nothing known speaks of {} {}, nor of a name like it{from}",
            resolved.maker, resolved.product
        );
        return Ok((named, Vec::new()));
    };
    named.confidence = *score;
    named.why = format!(
        "nothing known speaks of it by this name; the nearest is {}: {why}; a person has to confirm it{from}",
        first.replace('|', " ")
    );
    let mut matched: Vec<Matched> =
        alike.iter().flat_map(|(key, _, why)| knowledge.judge_alike(subject, key, why, products)).collect();
    matched.sort_by(|a, b| a.id.cmp(&b.id).then(a.verdict.cmp(&b.verdict)));
    matched.dedup_by(|a, b| a.id == b.id);
    Ok((named, matched))
}

fn words(answer: &Answer<'_>, out: &mut impl Write) -> Result<()> {
    let named = &answer.resolved;
    writeln!(
        out,
        "{} {} ({:.0} % sure): {}",
        named.vendor,
        named.product,
        named.confidence * 100.0,
        named.why
    )?;
    for one in &answer.verdicts {
        let score = one
            .cvss
            .as_ref()
            .map_or_else(String::new, |cvss| format!(", CVSS {} {:.1}", cvss.version, cvss.score));
        let kev = if one.kev { ", known to be exploited" } else { "" };
        let epss = one
            .epss
            .map_or_else(String::new, |epss| format!(", {:.1} % likely to be exploited", epss * 100.0));
        writeln!(out, "\n{}: {}{score}{kev}{epss}", one.id, one.verdict)?;
        for reason in &one.reasons {
            writeln!(out, "  - {reason}")?;
        }
        if !one.fixed_in.is_empty() {
            writeln!(out, "  fixed in {}", one.fixed_in.join(", "))?;
        }
        if let Some(suppressed) = &one.suppressed {
            writeln!(
                out,
                "  suppressed by {}: {} ({})",
                suppressed.author, suppressed.reason, suppressed.id
            )?;
        }
        for treatment in &one.treatments {
            writeln!(out, "  {treatment}")?;
        }
    }
    Ok(())
}
