//! Taking a file into a folder's knowledge: one transaction a file, so that a failure leaves what was.
//!
//! A file of the same bytes as one that was taken in whole is passed over. A record that did not change is left alone;
//! one that is older than what is known is, too. A broken record costs that record, which is named with its place.

use super::Library;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use wardline_formats::open::{OpenError, each_part};
use wardline_formats::record::{self, Item, Record, Rejected, Source};
use wardline_product::Products;
use wardline_risk::advisory::{Part, Reader};
use wardline_risk::knowledge::record_keys;
use wardline_store::{KNOWLEDGE_BATCH_MAX, KnowledgeFile, KnowledgeRecord, WriteTx};

/// Broken records named of one file; the rest is counted.
const REJECTED_MAX: usize = 1_000;
/// Effort of packing: the fastest gives four fifths of what the best does.
const PACK_LEVEL: i32 = 1;
/// Bytes read at once for the digest.
const CHUNK_BYTES: usize = 1 << 20;

/// What became of a file.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The kind of document; nothing when it is none of knowledge.
    pub(crate) kind: Option<&'static str>,
    /// Records read.
    pub(crate) records: u64,
    /// Of these, new ones.
    pub(crate) added: u64,
    /// Of these, ones that changed.
    pub(crate) changed: u64,
    /// Of these, ones known already.
    pub(crate) unchanged: u64,
    /// What could not be read.
    pub(crate) rejected: Vec<Rejected>,
}

/// Takes a file in, under a name: its path, or the address from which it was fetched.
pub(crate) fn import(
    (path, name): (&Path, &str),
    library: &Library,
    products: &Products,
    now_us: i64,
) -> Result<Outcome> {
    // A transaction that is left to itself gives its connection back, which needs the runtime.
    let _context = library.runtime.enter();
    let digest = digest(path).with_context(|| format!("{name} cannot be read"))?;
    let known =
        library.runtime.block_on(async { library.store.read().await?.knowledge_file(&digest).await })?;
    if let Some(known) = known {
        return unchanged(&known, library, now_us);
    }
    let tx = library.runtime.block_on(library.store.write())?;
    let mut intake = Intake {
        library,
        products,
        reader: Reader::new(products),
        tx,
        name: name.to_owned(),
        now_us,
        batch: Vec::new(),
        outcome: Outcome::default(),
        dated: BTreeMap::new(),
        changed_files: BTreeSet::new(),
        failed: None,
        cut: false,
    };
    let file = File::open(path)?;
    each_part(Box::new(file), &mut |member, stream| intake.part(member, stream))
        .map_err(|stop| match stop {
            Stop::Open(error) => anyhow::Error::new(error),
            Stop::Failed(error) => error,
        })
        .with_context(|| format!("{name} was not taken in; what was known stays"))?;
    intake.finish(digest)
}

fn unchanged(known: &KnowledgeFile, library: &Library, now_us: i64) -> Result<Outcome> {
    let records = u64::try_from(known.records)?;
    library.runtime.block_on(async {
        let mut tx = library.store.write().await?;
        tx.knowledge_feed_put(&known.kind, "", now_us, "").await?;
        tx.commit().await
    })?;
    let kind = KINDS.iter().find(|kind| **kind == known.kind).copied();
    Ok(Outcome { kind, records, unchanged: records, ..Outcome::default() })
}

/// The kinds of knowledge, as output names them.
const KINDS: &[&str] = &[
    "csaf",
    "cve",
    "cyclonedx-vex",
    "eol",
    "epss",
    "kev",
    "nvd",
    "openvex",
    "openfda-recall",
    "openfda-udi",
];

fn digest(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(hash.finalize().to_vec());
        }
        hash.update(chunk.get(..count).unwrap_or_default());
    }
}

/// Why taking in stops.
enum Stop {
    Open(OpenError),
    Failed(anyhow::Error),
}

impl From<OpenError> for Stop {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

struct Intake<'a> {
    library: &'a Library,
    products: &'a Products,
    reader: Reader<'a>,
    tx: WriteTx,
    name: String,
    now_us: i64,
    batch: Vec<KnowledgeRecord>,
    outcome: Outcome,
    /// The newest date of each source.
    dated: BTreeMap<&'static str, String>,
    /// Files whose records this one changed.
    changed_files: BTreeSet<String>,
    failed: Option<anyhow::Error>,
    cut: bool,
}

impl Intake<'_> {
    fn part(&mut self, member: Option<&str>, stream: &mut dyn Read) -> Result<(), Stop> {
        let within = member.map_or_else(String::new, |member| format!("{member}: "));
        let ended = record::read(stream, &mut |item| {
            match item {
                Item::Head { name, value } => self.head(name, value),
                Item::Record { record, place, bytes } => {
                    self.take(&record, format!("{within}{place}"), bytes);
                }
                Item::Rejected(rejected) => {
                    self.reject(Rejected { place: format!("{within}{}", rejected.place), ..rejected });
                }
            }
            if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(error) = self.failed.take() {
            return Err(Stop::Failed(error));
        }
        match ended {
            Ok(ended) => {
                self.outcome.kind = self.outcome.kind.or(ended.source.map(Source::as_str));
                if ended.cut && ended.source.is_some() {
                    self.cut = true;
                    self.reject(Rejected {
                        place: within,
                        why: "the file stops in the middle; get it again".to_owned(),
                    });
                }
                Ok(())
            }
            Err(error) => Err(Stop::Failed(anyhow::Error::new(error).context("cannot be read on"))),
        }
    }

    fn head(&mut self, name: &str, value: &str) {
        let source = match name {
            "score_date" => Source::Epss,
            "dateReleased" => Source::Kev,
            "timestamp" => Source::Nvd,
            _ => return,
        };
        self.date(source.as_str(), value);
    }

    fn date(&mut self, source: &'static str, value: &str) {
        let newest = self.dated.entry(source).or_default();
        if value > newest.as_str() {
            value.clone_into(newest);
        }
    }

    fn reject(&mut self, rejected: Rejected) {
        if self.outcome.rejected.len() < REJECTED_MAX {
            self.outcome.rejected.push(rejected);
        }
    }

    fn take(&mut self, record: &Record, place: String, bytes: &[u8]) {
        self.outcome.records += 1;
        let source = source_of(record, bytes);
        let kept = kept(record, source, bytes);
        let products = match self.reader.part(record, source) {
            Part::Records(records) => {
                let mut keys: Vec<_> =
                    records.iter().flat_map(|one| record_keys(one, self.products)).collect();
                keys.sort();
                keys.dedup();
                keys.iter().map(|key| (super::maker_of(key).to_owned(), key.to_string())).collect()
            }
            _ => Vec::new(),
        };
        let updated = updated(record).to_owned();
        self.date(source.as_str(), &updated);
        let body = match zstd::bulk::compress(&kept, PACK_LEVEL) {
            Ok(body) => body,
            Err(error) => return self.failed = Some(error.into()),
        };
        self.batch.push(KnowledgeRecord {
            source: source.as_str().to_owned(),
            id: id_of(record),
            digest: Sha256::digest(&kept).to_vec(),
            body,
            updated,
            file: self.name.clone(),
            place,
            imported_us: self.now_us,
            products,
        });
        if self.batch.len() >= KNOWLEDGE_BATCH_MAX
            && let Err(error) = self.flush()
        {
            self.failed = Some(error);
        }
    }

    /// Writes what is gathered: what is new, and what changed and is not older.
    fn flush(&mut self) -> Result<()> {
        let mut by_id: BTreeMap<(String, String), KnowledgeRecord> = BTreeMap::new();
        for record in self.batch.drain(..) {
            let twice = by_id.insert((record.source.clone(), record.id.clone()), record);
            self.outcome.unchanged += u64::from(twice.is_some());
        }
        let mut by_source: BTreeMap<String, Vec<KnowledgeRecord>> = BTreeMap::new();
        for ((source, _), record) in by_id {
            by_source.entry(source).or_default().push(record);
        }
        for (source, mut records) in by_source {
            let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
            let marks = self.library.runtime.block_on(self.tx.knowledge_marks(&source, &ids))?;
            let marks: BTreeMap<&str, _> = marks.iter().map(|mark| (mark.id.as_str(), mark)).collect();
            let outcome = &mut self.outcome;
            let changed_files = &mut self.changed_files;
            let name = &self.name;
            records.retain(|record| match marks.get(record.id.as_str()) {
                None => {
                    outcome.added += 1;
                    true
                }
                Some(mark) if mark.digest == record.digest || mark.updated > record.updated => {
                    outcome.unchanged += 1;
                    false
                }
                Some(mark) => {
                    outcome.changed += 1;
                    if mark.file != *name {
                        changed_files.insert(mark.file.clone());
                    }
                    true
                }
            });
            self.library.runtime.block_on(self.tx.knowledge_put(&records))?;
        }
        Ok(())
    }

    fn finish(mut self, digest: Vec<u8>) -> Result<Outcome> {
        self.flush()?;
        let Some(kind) = self.outcome.kind else { return Ok(self.outcome) };
        if self.outcome.records == 0 && self.outcome.rejected.is_empty() {
            // Nothing of it is remembered: the same file is refused again.
            bail!("{} has no records", self.name);
        }
        let records = i64::try_from(self.outcome.records)?;
        let whole = !self.cut && self.outcome.rejected.is_empty();
        let file = KnowledgeFile {
            digest,
            file: self.name,
            kind: kind.to_owned(),
            records,
            imported_us: self.now_us,
        };
        let mut tx = self.tx;
        self.dated.entry(kind).or_default();
        self.library.runtime.block_on(async {
            for (source, dated) in &self.dated {
                let rejected = self.outcome.rejected.len();
                let problem = if rejected == 0 {
                    String::new()
                } else {
                    format!("{rejected} records of {} could not be read", file.file)
                };
                tx.knowledge_feed_put(source, dated, self.now_us, &problem).await?;
            }
            for changed in &self.changed_files {
                tx.knowledge_file_forget(changed).await?;
            }
            if whole {
                tx.knowledge_file_put(&file).await?;
            }
            tx.commit().await
        })?;
        Ok(self.outcome)
    }
}

/// The source of a record: its own text tells.
fn source_of(record: &Record, bytes: &[u8]) -> Source {
    let says = |word: &[u8]| memchr::memmem::find(bytes, word).is_some();
    match record {
        Record::Advisory(advisory) => match advisory.format {
            "openvex" => Source::OpenVex,
            "cyclonedx-vex" => Source::CycloneDxVex,
            _ => Source::Csaf,
        },
        Record::Cve(_) if says(b"\"cveMetadata\"") => Source::Cve5,
        Record::Cve(_) if says(b"\"CVE_data_meta\"") => Source::Nvd1,
        Record::Cve(_) => Source::Nvd,
        Record::Exploited(_) => Source::Kev,
        Record::Lifecycle(_) => Source::EolJson,
        Record::Probability(_) => Source::Epss,
        Record::Recall(_) => Source::Recall,
        Record::Registered(_) => Source::Registered,
    }
}

/// An advisory's id counts within its publisher only.
fn id_of(record: &Record) -> String {
    match record {
        Record::Advisory(advisory) => format!("{}|{}", advisory.namespace, advisory.id),
        _ => record.id().to_owned(),
    }
}

fn updated(record: &Record) -> &str {
    match record {
        Record::Advisory(advisory) => &advisory.current,
        Record::Cve(cve) => &cve.modified,
        Record::Exploited(one) => &one.added,
        _ => "",
    }
}

/// The text that is kept: rows of lists as a line of fields, the rest as a document that is read again.
fn kept(record: &Record, source: Source, bytes: &[u8]) -> Vec<u8> {
    match record {
        Record::Exploited(one) => {
            format!("{}\u{1f}{}\u{1f}{}", one.added, one.due, u8::from(one.ransomware)).into_bytes()
        }
        Record::Probability(one) => format!("{}\u{1f}{}", one.epss, one.percentile).into_bytes(),
        _ if source == Source::Nvd1 => {
            [b"{\"CVE_data_type\":\"CVE\",\"CVE_Items\":[".as_slice(), bytes, b"]}"].concat()
        }
        _ => bytes.to_vec(),
    }
}
