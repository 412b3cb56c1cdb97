//! `wardline suppress`: the site's own word that a vulnerability does not count here, in the manner of VEX.

use super::{Outcome, analyze::Format, place::Place};
use anyhow::{Result, bail, ensure};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, BufWriter, Write};
use wardline_product::Applies;
use wardline_risk::suppress::JUSTIFICATIONS;
use wardline_store::StoredSuppression;

/// Longest text of a field.
const TEXT_MAX: usize = 1_000;

/// Say that a vulnerability does not count here, and why; it holds for the versions it was written for, until its day.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Make a statement. Feeds and new revisions of the record leave it as it is; a version outside of it is not meant.
    Add(Box<New>),
    /// The statements that hold.
    List {
        /// Those that ended too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// End a statement before its day.
    End {
        /// Its id, as `list` prints it.
        id: String,
        /// Who ends it.
        #[arg(long)]
        author: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct New {
    /// The vulnerability: its CVE number, or the advisory's own id.
    #[arg(long, value_name = "ID")]
    vulnerability: String,
    /// The vendor, by any of its names.
    #[arg(long, value_name = "V")]
    vendor: String,
    /// The product, by any of its names.
    #[arg(long, value_name = "P")]
    product: String,
    /// The versions it is said of, as an advisory writes them (`9.33.1`, `>= 9 | <= 12.1`); every version without it.
    #[arg(long, value_name = "TEXT")]
    versions: Option<String>,
    /// The site it is said of; every site without it.
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Why, by the justifications of OpenVEX.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(JUSTIFICATIONS))]
    justification: String,
    /// Why, in words, for whoever reads this in five years.
    #[arg(long)]
    reason: String,
    /// Who says so.
    #[arg(long)]
    author: String,
    /// The last day it holds (2027-06-30).
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// What is printed for programs.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    vulnerability: &'a str,
    vendor: &'a str,
    product: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    versions: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    site: &'a str,
    justification: &'a str,
    reason: &'a str,
    author: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    until: &'a str,
    made: String,
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended<'a>>,
}

#[derive(Serialize)]
struct Ended<'a> {
    at: String,
    by: &'a str,
    why: &'a str,
}

/// Runs it.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let now = Timestamp::now();
    let out = &mut BufWriter::new(io::stdout().lock());
    match &arguments.verb {
        Verb::Add(new) => {
            let made = new.statement(now)?;
            let library = new.place.create()?;
            library.runtime.block_on(async {
                let mut tx = library.store.write().await?;
                tx.suppression_put(&made).await?;
                tx.commit().await
            })?;
            print(&made, now, new.place.format, out)?;
        }
        Verb::List { all, place } => {
            let library = place.create()?;
            let every =
                library.runtime.block_on(async { library.store.read().await?.suppressions().await })?;
            for one in every.iter().filter(|one| *all || holds(one, now)) {
                print(one, now, place.format, out)?;
            }
        }
        Verb::End { id, author, reason, place } => {
            check("author", author)?;
            check("reason", reason)?;
            let library = place.create()?;
            let ended = library.runtime.block_on(async {
                let mut tx = library.store.write().await?;
                let ended = tx.suppression_end(id, author, reason, now.as_microsecond()).await?;
                tx.commit().await?;
                anyhow::Ok(ended)
            })?;
            if !ended {
                bail!("no statement `{id}` holds; `wardline suppress list --all` has all of them");
            }
            if place.format == Format::Table {
                writeln!(out, "{id} ended; the vulnerability counts again")?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

impl New {
    fn statement(&self, now: Timestamp) -> Result<StoredSuppression> {
        for (name, text) in [
            ("vulnerability", &self.vulnerability),
            ("vendor", &self.vendor),
            ("product", &self.product),
            ("reason", &self.reason),
            ("author", &self.author),
        ] {
            check(name, text)?;
        }
        if let Some(text) = &self.versions {
            let read = Applies::read(text);
            ensure!(
                read.is_decided() && read.conditions.is_empty(),
                "--versions: not understood: {}; write it like an advisory does, for example `9.33.1` or `>= 9 | <= 12.1`",
                read.unread.iter().chain(&read.conditions).map(String::as_str).collect::<Vec<_>>().join(", ")
            );
        }
        if let Some(text) = &self.until {
            let Ok(day) = text.parse::<Date>() else {
                bail!("--until: `{text}` is not a date; write it as 2027-06-30");
            };
            ensure!(day >= today(now), "--until: {text} has passed");
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut made = StoredSuppression {
            id: String::new(),
            vulnerability: self.vulnerability.trim().to_owned(),
            vendor: self.vendor.clone(),
            product: self.product.clone(),
            versions: text(&self.versions),
            site: text(&self.site),
            justification: self.justification.clone(),
            reason: self.reason.clone(),
            author: self.author.clone(),
            until: text(&self.until),
            made_us: now.as_microsecond(),
            ..StoredSuppression::default()
        };
        let digest = Sha256::digest(format!("{made:?}").as_bytes());
        let digits: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        made.id = format!("sup-{digits}");
        Ok(made)
    }
}

fn check(name: &str, text: &str) -> Result<()> {
    ensure!(!text.trim().is_empty(), "--{name} is empty; say it, for whoever reads this in five years");
    ensure!(text.len() <= TEXT_MAX, "--{name} is longer than {TEXT_MAX} bytes");
    Ok(())
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

fn holds(one: &StoredSuppression, now: Timestamp) -> bool {
    one.ended_us == 0 && (one.until.is_empty() || one.until >= today(now).to_string())
}

fn moment(us: i64) -> String {
    Timestamp::from_microsecond(us).unwrap_or_default().to_string()
}

fn print(one: &StoredSuppression, now: Timestamp, format: Format, out: &mut impl Write) -> Result<()> {
    let ended = (one.ended_us != 0).then(|| Ended {
        at: moment(one.ended_us),
        by: &one.ended_by,
        why: &one.ended_why,
    });
    if format == Format::Json {
        let line = Line {
            id: &one.id,
            vulnerability: &one.vulnerability,
            vendor: &one.vendor,
            product: &one.product,
            versions: &one.versions,
            site: &one.site,
            justification: &one.justification,
            reason: &one.reason,
            author: &one.author,
            until: &one.until,
            made: moment(one.made_us),
            holds: holds(one, now),
            ended,
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
        return Ok(());
    }
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    writeln!(
        out,
        "{}  {}  {} {}, {}, {}, {}",
        one.id,
        one.vulnerability,
        one.vendor,
        one.product,
        or(&one.versions, "every version"),
        or(&one.site, "every site"),
        if one.until.is_empty() { "without end".to_owned() } else { format!("until {}", one.until) }
    )?;
    writeln!(out, "  {}: {} ({})", one.justification, one.reason, one.author)?;
    if let Some(ended) = ended {
        writeln!(out, "  ended {} by {}: {}", ended.at, ended.by, ended.why)?;
    }
    Ok(())
}
