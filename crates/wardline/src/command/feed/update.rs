//! `wardline feed update`: sources fetched over HTTPS, each file taken in as an import takes one in.
//!
//! Nothing is fetched unless this is called. A file is whole, and believed, before anything of it is taken in; one that
//! is not leaves what was known. What was fetched is remembered by its address with its hash, what its signature says,
//! and what its server needs to tell that it has not changed.

use super::{Format, Outcome, Place};
use crate::knowledge::{Imported, Library, import, products};
use anyhow::{Context, Result, anyhow, bail};
use jiff::{Timestamp, ToSpan, Unit, tz::TimeZone};
use serde::Serialize;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;
use wardline_connect::address::Address;
use wardline_connect::client::{Answer, Client, Request, Settings, Validators};
use wardline_connect::{csaf, nvd};
use wardline_content::{Content, FeedKind, FeedSource};
use wardline_product::Products;
use wardline_store::{KnowledgeFetch, KnowledgeSource};

/// A file of a feed: the whole NVD packed has two hundred megabytes, the largest unpacked one and a half gigabytes.
const FILE_BYTES_MAX: u64 = 4 << 30;
/// Documents of a provider that fail one after the other before the rest is left for another day.
const FAILURES_MAX: usize = 20;
/// Problems that are named of a source; the rest is counted.
const PROBLEMS_MAX: usize = 1_000;

/// What is fetched, and how the outside is reached.
#[derive(clap::Args)]
pub(super) struct What {
    /// Sources by name; the usual ones when none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A file of sources in the form of data/feeds.toml, which adds to the built-in ones or replaces them by name.
    #[arg(long, value_name = "FILE")]
    sources: Vec<PathBuf>,
    /// Another address for a source: a mirror.
    #[arg(long, value_name = "NAME=URL")]
    from: Vec<String>,
    /// Certificates (PEM) of authorities that are trusted beside the public ones: the house's own.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Proxy as http://HOST:PORT; HTTPS_PROXY and NO_PROXY of the environment when absent.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// A file with the key that the NVD gave you; its API answers ten times as often with one.
    #[arg(long, value_name = "FILE")]
    nvd_key: Option<PathBuf>,
    /// Only tell the sources, with their reasons.
    #[arg(long)]
    list: bool,
}

/// What is printed for programs of a source that was fetched.
#[derive(Default, Serialize)]
struct Told {
    feed: String,
    address: String,
    files: u64,
    files_unchanged: u64,
    unsigned: u64,
    records: u64,
    added: u64,
    changed: u64,
    unchanged: u64,
    rejected: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    #[serde(rename = "where")]
    place: String,
    why: String,
}

impl Told {
    fn reject(&mut self, place: impl Into<String>, why: impl Into<String>) {
        if self.rejected.len() < PROBLEMS_MAX {
            let (place, why) = (place.into(), why.into());
            // Most errors name the address themselves.
            let rest = why.strip_prefix(place.as_str()).map_or(why.as_str(), str::trim_start);
            self.rejected.push(Problem { why: rest.to_owned(), place });
        }
    }
}

/// Runs it.
pub(super) fn run(what: &What, place: &Place) -> Result<Outcome> {
    let content = content(what)?;
    let out = &mut BufWriter::new(io::stdout().lock());
    if what.list {
        list(&content, place.format, out)?;
        return Ok(Outcome::Done);
    }
    let chosen = chosen(&content, what)?;
    let read = |path: &PathBuf| fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    let authorities = what.ca.as_ref().map(read).transpose()?;
    let key = what.nvd_key.as_ref().map(read).transpose()?;
    let key = key.map(|key| String::from_utf8_lossy(&key).trim().to_owned());
    let client = Client::new(&Settings { authorities, proxy: what.proxy.clone(), ..Settings::default() })?;
    fs::create_dir_all(&place.data).with_context(|| format!("{} cannot be made", place.data.display()))?;
    let library = place.create()?;
    let products = products(&content);
    let mut outcome = Outcome::Done;
    for source in &chosen {
        let fetching = Fetching {
            client: &client,
            library: &library,
            products: &products,
            now: Timestamp::now(),
            key: key.as_deref(),
            source,
            file: NamedTempFile::new_in(&place.data)?,
            scratch: NamedTempFile::new_in(&place.data)?,
            told: Told { feed: source.name.clone(), address: source.address.clone(), ..Told::default() },
        };
        let told = fetching.run()?;
        if !told.rejected.is_empty() {
            outcome = Outcome::Problems;
        }
        print(&told, place.format, out)?;
        out.flush()?;
    }
    library.runtime.block_on(library.store.close());
    Ok(outcome)
}

fn content(what: &What) -> Result<Content> {
    let mut files = Vec::new();
    for path in &what.sources {
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        files.push((path.display().to_string(), bytes));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Ok(Content::with_overlay(&files)?)
}

/// The sources that were asked for, with the addresses that were asked for.
fn chosen(content: &Content, what: &What) -> Result<Vec<FeedSource>> {
    let known = || content.feeds.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut chosen: Vec<FeedSource> = Vec::new();
    for name in &what.names {
        let source = content.feeds.get(name);
        let source = source.with_context(|| format!("no source is called {name}; there are {}", known()))?;
        if !chosen.contains(source) {
            chosen.push(source.clone());
        }
    }
    if what.names.is_empty() {
        chosen.extend(content.feeds.values().filter(|source| source.usual).cloned());
    }
    for other in &what.from {
        let (name, address) = other.split_once('=').context("--from is NAME=URL")?;
        let source = chosen.iter_mut().find(|source| source.name == name);
        let source = source.with_context(|| format!("--from {name}: that source is not fetched here"))?;
        if source.address.contains("{}") != address.contains("{}") {
            bail!("--from {name}: \"{{}}\" stands where each of its parts goes, and nowhere else");
        }
        address.clone_into(&mut source.address);
    }
    Ok(chosen)
}

/// Fetching one source.
struct Fetching<'a> {
    client: &'a Client,
    library: &'a Library,
    products: &'a Products,
    now: Timestamp,
    key: Option<&'a str>,
    source: &'a FeedSource,
    /// What is taken in.
    file: NamedTempFile,
    /// What only directs.
    scratch: NamedTempFile,
    told: Told,
}

impl Fetching<'_> {
    fn run(mut self) -> Result<Told> {
        let name = &self.source.name;
        let before = self
            .library
            .runtime
            .block_on(async { self.library.store.read().await?.knowledge_source(name).await })?;
        let before = before.unwrap_or_default();
        let fetched = match self.source.kind {
            FeedKind::File => self.files().map(|()| String::new()),
            FeedKind::Csaf => self.provider().map(|()| String::new()),
            FeedKind::NvdApi => self.nvd(&before.reached),
        };
        let reached = match fetched {
            Ok(reached) => reached,
            Err(error) => {
                self.told.reject(self.source.address.clone(), format!("{error:#}"));
                before.reached
            }
        };
        let first = self.told.rejected.first();
        let problem = first.map_or_else(String::new, |first| match self.told.rejected.len() {
            1 => format!("{}: {}", first.place, first.why),
            count => format!("{count} problems, the first: {}: {}", first.place, first.why),
        });
        let tried_us = self.now.as_microsecond();
        let success_us = if problem.is_empty() { tried_us } else { before.success_us };
        let source = KnowledgeSource {
            name: name.clone(),
            address: self.source.address.clone(),
            tried_us,
            success_us,
            problem,
            reached,
        };
        self.library.runtime.block_on(async {
            let mut tx = self.library.store.write().await?;
            tx.knowledge_source_put(&source).await?;
            tx.commit().await
        })?;
        Ok(self.told)
    }

    /// What was fetched from an address before.
    fn known(&self, address: &Address) -> Result<KnowledgeFetch> {
        let store = &self.library.store;
        let known = async { store.read().await?.knowledge_fetch(address.as_str()).await };
        Ok(self.library.runtime.block_on(known)?.unwrap_or_default())
    }

    fn files(&mut self) -> Result<()> {
        let parts = parts(&self.source.parts, self.now);
        for part in &parts {
            let address = self.source.address.replace("{}", part);
            if let Err(error) = self.one_file(&address) {
                self.told.reject(address, format!("{error:#}"));
            }
        }
        Ok(())
    }

    fn one_file(&mut self, address: &str) -> Result<()> {
        let address = Address::parse(address)?;
        let known = self.known(&address)?;
        let known = Validators { etag: known.etag, modified: known.modified };
        let request = Request { known, ..Request::new(&address, FILE_BYTES_MAX) };
        match self.client.fetch(&request, self.file.as_file_mut())? {
            Answer::Unchanged => self.told.files_unchanged += 1,
            Answer::Fetched { validators, digest, .. } => {
                self.take(&address, validators, digest, ("", ""))?;
            }
        }
        Ok(())
    }

    /// Takes in what was fetched, and remembers it when all of it could be read.
    fn take(
        &mut self,
        address: &Address,
        validators: Validators,
        digest: [u8; 32],
        (listed, signature): (&str, &str),
    ) -> Result<()> {
        let now_us = self.now.as_microsecond();
        let done = import((self.file.path(), address.as_str()), self.library, self.products, now_us)?;
        let Imported { kind, records, added, changed, unchanged, rejected } = done;
        if kind.is_none() {
            bail!("it is no document of vulnerability knowledge");
        }
        self.told.files += 1;
        self.told.records += records;
        self.told.added += added;
        self.told.changed += changed;
        self.told.unchanged += unchanged;
        let whole = rejected.is_empty();
        for one in rejected {
            self.told.reject(format!("{address} {}", one.place), one.why);
        }
        // What could not be read in full is fetched again the next time.
        let Validators { etag, modified } = if whole { validators } else { Validators::default() };
        let fetch = KnowledgeFetch {
            address: address.to_string(),
            source: self.source.name.clone(),
            etag,
            modified,
            listed: if whole { listed.to_owned() } else { String::new() },
            digest: digest.to_vec(),
            signature: signature.to_owned(),
            fetched_us: now_us,
        };
        self.library.runtime.block_on(async {
            let mut tx = self.library.store.write().await?;
            tx.knowledge_fetch_put(&fetch).await?;
            tx.commit().await
        })?;
        Ok(())
    }

    fn provider(&mut self) -> Result<()> {
        let scratch = self.scratch.as_file_mut();
        let provider = csaf::discover(self.client, &self.source.address, scratch)?;
        let (documents, problems) = csaf::list(self.client, &provider, scratch)?;
        for problem in provider.problems.iter().chain(&problems) {
            self.told.reject(provider.address.as_str(), problem.as_str());
        }
        let mut failures = 0;
        for document in &documents {
            match self.document(&provider, document) {
                Ok(()) => failures = 0,
                Err(error) => {
                    self.told.reject(document.address.as_str(), format!("{error:#}"));
                    failures += 1;
                }
            }
            if failures >= FAILURES_MAX {
                bail!(
                    "{FAILURES_MAX} documents failed one after the other; the rest is left for the next time"
                );
            }
        }
        Ok(())
    }

    fn document(&mut self, provider: &csaf::Provider, document: &csaf::Listed) -> Result<()> {
        let known = self.known(&document.address)?;
        if !document.updated.is_empty() && known.listed == document.updated {
            self.told.files_unchanged += 1;
            return Ok(());
        }
        let known = Validators { etag: known.etag, modified: known.modified };
        let files = (self.file.as_file_mut(), self.scratch.as_file_mut());
        let now = u64::try_from(self.now.as_second())?;
        match csaf::fetch(self.client, provider, document, known, files, now)? {
            csaf::Fetched::Unchanged => self.told.files_unchanged += 1,
            csaf::Fetched::Refused(why) => return Err(anyhow!("not taken in: {why}")),
            csaf::Fetched::New { validators, digest, proof } => {
                let hash = if proof.hashed { "good" } else { "missing" };
                let signature = format!("signature {}, hash {hash}", proof.signature);
                self.take(&document.address, validators, digest, (&document.updated, &signature))?;
                self.told.unsigned +=
                    u64::from(proof.signature != wardline_connect::signature::Verdict::Good);
            }
        }
        Ok(())
    }

    /// The pages of the NVD: all of them, or what changed since. Until when they are here then.
    fn nvd(&mut self, reached: &str) -> Result<String> {
        let base = Address::parse(&self.source.address)?;
        if reached.is_empty() {
            self.pages(&base, None)?;
        }
        let mut from: Option<Timestamp> = if reached.is_empty() {
            None
        } else {
            Some(reached.parse().context("the time reached is damaged")?)
        };
        while let Some(start) = from.filter(|start| *start < self.now) {
            let until = start.checked_add((nvd::SPAN_DAYS_MAX * 24).hours())?.min(self.now);
            self.pages(&base, Some((&time(start), &time(until))))?;
            from = Some(until);
        }
        Ok(time(self.now))
    }

    fn pages(&mut self, base: &Address, changed: Option<(&str, &str)>) -> Result<()> {
        let (mut next, mut asked) = (Some(0), 0);
        while let Some(start) = next {
            asked += 1;
            if asked > nvd::PAGES_MAX {
                bail!("more than {} pages", nvd::PAGES_MAX);
            }
            if asked > 1 {
                std::thread::sleep(nvd::pause(self.key.is_some()));
            }
            let address = nvd::page(base, start, changed)?;
            let secret = self.key.map(|key| (nvd::KEY_HEADER, key));
            let request = Request { secret, ..Request::new(&address, nvd::PAGE_BYTES_MAX) };
            let Answer::Fetched { validators, digest, .. } =
                self.client.fetch(&request, self.file.as_file_mut())?
            else {
                bail!("{address} says that it did not change, without having been told what is known");
            };
            let page = fs::read(self.file.path())?;
            next = nvd::next(&address, &page)?;
            if start > 0 || next.is_some() || memchr::memmem::find(&page, b"\"cve\"").is_some() {
                self.take(&address, validators, digest, ("", ""))?;
            }
        }
        Ok(())
    }
}

/// What stands at `{}`: every year from `2002..`, everything else as it is; one empty part for a single file.
fn parts(parts: &[String], now: Timestamp) -> Vec<String> {
    if parts.is_empty() {
        return vec![String::new()];
    }
    let this_year = now.to_zoned(TimeZone::UTC).year();
    let mut all = Vec::new();
    for part in parts {
        match part.strip_suffix("..").and_then(|year| year.parse::<i16>().ok()).filter(|year| *year > 1990) {
            Some(first) => all.extend((first..=this_year).map(|year| year.to_string())),
            None => all.push(part.clone()),
        }
    }
    all
}

/// A time as the NVD wants it.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn print(told: &Told, format: Format, out: &mut impl Write) -> Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer(&mut *out, told)?;
            writeln!(out)?;
        }
        Format::Table => {
            let Told { feed, files, files_unchanged, records, added, changed, .. } = told;
            writeln!(
                out,
                "{feed}: {files} files fetched, {files_unchanged} unchanged, {records} records, {added} added, {changed} changed"
            )?;
            if told.unsigned > 0 {
                writeln!(
                    out,
                    "  {} documents have no signature; their publisher promises none",
                    told.unsigned
                )?;
            }
            for one in &told.rejected {
                writeln!(out, "  {} {}", one.place, one.why)?;
            }
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Source<'a> {
    feed: &'a str,
    address: &'a str,
    usual: bool,
    why: &'a str,
}

fn list(content: &Content, format: Format, out: &mut impl Write) -> Result<()> {
    for FeedSource { name, address, usual, why, .. } in content.feeds.values() {
        match format {
            Format::Json => {
                serde_json::to_writer(&mut *out, &Source { feed: name, address, usual: *usual, why })?;
                writeln!(out)?;
            }
            Format::Table => {
                let usual = if *usual { " (usual)" } else { "" };
                writeln!(out, "{name}{usual}: {address}\n  {why}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

/// What is printed for programs of how fetching went.
#[derive(Serialize)]
struct Went<'a> {
    feed: &'a str,
    address: &'a str,
    tried: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
    stale: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    problem: &'a str,
}

/// How fetching went, source by source; whether anything is stale or failed.
pub(super) fn status(
    library: &Library,
    now: Timestamp,
    format: Format,
    out: &mut impl Write,
) -> Result<bool> {
    let sources =
        library.runtime.block_on(async { library.store.read().await?.knowledge_sources().await })?;
    let content = Content::embedded()?;
    let mut wrong = false;
    for source in &sources {
        let success =
            (source.success_us > 0).then(|| Timestamp::from_microsecond(source.success_us)).transpose()?;
        let age = success.map(|success| now.since(success)?.total(Unit::Hour)).transpose()?;
        let age_days = age.map(|hours| (hours / 24.0).max(0.0) as i64);
        let allowed =
            content.feeds.get(&source.name).map_or(super::STALE_DAYS, |feed| i64::from(feed.stale_days));
        let stale = age_days.is_none_or(|days| days > allowed);
        wrong |= stale || !source.problem.is_empty();
        let went = Went {
            feed: &source.name,
            address: &source.address,
            tried: Timestamp::from_microsecond(source.tried_us)?.to_string(),
            success: success.map(|success| success.to_string()),
            age_days,
            stale,
            problem: &source.problem,
        };
        match format {
            Format::Json => {
                serde_json::to_writer(&mut *out, &went)?;
                writeln!(out)?;
            }
            Format::Table => {
                let last = went.success.as_deref().unwrap_or("never");
                let stale = if stale { ", STALE" } else { "" };
                let problem =
                    if source.problem.is_empty() { String::new() } else { format!(", {}", source.problem) };
                writeln!(
                    out,
                    "feed {}: last whole {last}{stale}, tried {}{problem}",
                    source.name, went.tried
                )?;
            }
        }
    }
    Ok(wrong)
}
