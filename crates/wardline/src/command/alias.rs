//! `wardline alias`: a person's word that two product names are one product, or are not.
//!
//! A name that is merely like another one is possible at most until somebody confirms it. What was said is kept, given
//! out as site knowledge (`[[alias]]` entries, docs/operate/analyze.md, section 9), and taken in from others.

use super::{Outcome, analyze::Format, place::Place};
use crate::knowledge::{alias_keys, products};
use anyhow::{Context, Result, ensure};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use wardline_content::Content;
use wardline_formats::site::{self, Alias};
use wardline_product::Products;
use wardline_store::KnowledgeAlias;

/// Largest file taken in.
const FILE_MAX: u64 = 16 << 20;

/// Say that two names are one product, or are not; hand what was said on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// The two names are one product: what is known of one holds for the other.
    Confirm(Names),
    /// The two names are two products: the likeness is not told again.
    Reject(Names),
    /// What was said.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Write what was said as site knowledge (TOML), to standard output.
    Export {
        #[command(flatten)]
        place: Place,
    },
    /// Take in the aliases of a file of site knowledge.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct Names {
    /// The vendor of the first name.
    #[arg(long, value_name = "V")]
    vendor: String,
    /// The first name, as the device is called here.
    #[arg(long, value_name = "P")]
    product: String,
    /// The vendor of the other name; the same without it.
    #[arg(long, value_name = "V")]
    other_vendor: Option<String>,
    /// The other name, as the sources call it.
    #[arg(long, value_name = "P")]
    other: String,
    /// Who says so.
    #[arg(long)]
    author: String,
    /// Why, for whoever reads this in five years.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

/// What is printed for programs.
#[derive(Serialize)]
struct Line<'a> {
    product: &'a str,
    other: &'a str,
    same: bool,
    author: &'a str,
    reason: &'a str,
    decided: String,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let products = products(&Content::embedded()?);
    let now_us = Timestamp::now().as_microsecond();
    let out = &mut BufWriter::new(io::stdout().lock());
    match &arguments.verb {
        Verb::Confirm(names) => keep(&[names.said(true)?], &names.place, &products, now_us, out)?,
        Verb::Reject(names) => keep(&[names.said(false)?], &names.place, &products, now_us, out)?,
        Verb::List { place } => {
            for one in &place.create()?.aliases()? {
                print(one, place.format, out)?;
            }
        }
        Verb::Export { place } => {
            let said: Vec<Alias> = place.create()?.aliases()?.iter().map(outward).collect();
            out.write_all(site::write(&[], &said).as_bytes())?;
        }
        Verb::Import { file, place } => keep(&read(file)?, place, &products, now_us, out)?,
    }
    out.flush()?;
    Ok(Outcome::Done)
}

impl Names {
    fn said(&self, same: bool) -> Result<Alias> {
        for (name, text) in [
            ("vendor", &self.vendor),
            ("product", &self.product),
            ("other", &self.other),
            ("author", &self.author),
            ("reason", &self.reason),
        ] {
            ensure!(
                !text.trim().is_empty(),
                "--{name} is empty; say it, for whoever reads this in five years"
            );
        }
        Ok(Alias {
            vendor: self.vendor.clone(),
            product: self.product.clone(),
            other_vendor: self.other_vendor.clone().unwrap_or_else(|| self.vendor.clone()),
            other: self.other.clone(),
            same,
            reason: self.reason.clone(),
            author: self.author.clone(),
            date: String::new(),
        })
    }
}

fn read(file: &Path) -> Result<Vec<Alias>> {
    let shown = file.display();
    let size = std::fs::metadata(file).with_context(|| format!("{shown} cannot be read"))?.len();
    ensure!(size <= FILE_MAX, "{shown} is larger than 16 MiB; split it");
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let content = Content::embedded()?;
    let site = site::read(&text, |code| content.classes.contains_key(code)).map_err(|problems| {
        let lines = problems.iter().map(|problem| format!("{shown}: line {}: {}", problem.line, problem.why));
        anyhow::anyhow!("nothing is taken in:\n  {}", lines.collect::<Vec<_>>().join("\n  "))
    })?;
    Ok(site.aliases)
}

/// Keeps what was said, all of it or nothing.
fn keep(said: &[Alias], place: &Place, products: &Products, now_us: i64, out: &mut impl Write) -> Result<()> {
    let mut kept = Vec::new();
    for one in said {
        let (product, other) = alias_keys(one, products);
        ensure!(
            product != other,
            "{} {} and {} {} are one product already: no word is needed",
            one.vendor,
            one.product,
            one.other_vendor,
            one.other
        );
        kept.push(KnowledgeAlias {
            product,
            other,
            same: one.same,
            person: one.author.clone(),
            reason: one.reason.clone(),
            decided_us: day_us(&one.date).unwrap_or(now_us),
        });
    }
    let library = place.create()?;
    library.runtime.block_on(async {
        let mut tx = library.store.write().await?;
        for one in &kept {
            tx.knowledge_alias_put(one).await?;
        }
        tx.commit().await
    })?;
    kept.iter().try_for_each(|one| print(one, place.format, out))
}

/// The beginning of a day, in microseconds since 1970.
fn day_us(date: &str) -> Option<i64> {
    let day: jiff::civil::Date = date.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

fn moment(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or_default()
}

/// What was said, as a file gives it to others: by the names' own words.
fn outward(one: &KnowledgeAlias) -> Alias {
    let halves = |key: &str| {
        key.split_once('|').map_or((String::new(), key.to_owned()), |(a, b)| (a.to_owned(), b.to_owned()))
    };
    let ((vendor, product), (other_vendor, other)) = (halves(&one.product), halves(&one.other));
    Alias {
        vendor,
        product,
        other_vendor,
        other,
        same: one.same,
        reason: one.reason.clone(),
        author: one.person.clone(),
        date: moment(one.decided_us).to_zoned(TimeZone::UTC).date().to_string(),
    }
}

fn print(one: &KnowledgeAlias, format: Format, out: &mut impl Write) -> Result<()> {
    let line = Line {
        product: &one.product,
        other: &one.other,
        same: one.same,
        author: &one.person,
        reason: &one.reason,
        decided: moment(one.decided_us).to_string(),
    };
    if format == Format::Json {
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
        return Ok(());
    }
    let word = if one.same { "is" } else { "is not" };
    let shown = |key: &str| key.replacen('|', " ", 1);
    writeln!(out, "{} {word} {}: {} ({})", shown(line.product), shown(line.other), line.reason, line.author)?;
    Ok(())
}
