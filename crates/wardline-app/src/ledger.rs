//! The ledger over the audit: one sequencer appends, anybody with the right verifies and exports.
//!
//! A leaf's entry is the digest of a record, so that a record can be erased after its time and its leaf still proves
//! that it was there. The sequencer holds a lease; a second server waits. Each round is one transaction: positions,
//! nodes and the signed checkpoint are all there or none is.

use crate::App;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::AppError;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use wardline_authority::Action;
use wardline_ledger::note::{Checkpoint, Signer, Verifier};
use wardline_ledger::tree::{Nodes, STEP, WIDTH};
use wardline_ledger::{export, tile, tree};
use wardline_store::Tx;

/// Rows sequenced in one transaction.
const ROUND_ROWS: u32 = 500;
/// Rows verified at a time.
const VERIFY_ROWS: u32 = 1_000;
/// How long a sequencer that died keeps others waiting.
const LEASE_US: i64 = 10_000_000;
/// Name of the log and of its key.
const ORIGIN: &str = "wardline/audit";

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Leaves that the signed checkpoint covers.
    pub sequenced: u64,
    /// Rows not yet in the ledger: nothing protects them until the next round.
    pub tail: u64,
    /// Records that were erased; their leaves hold.
    pub erased: u64,
    /// What does not hold, with its place.
    pub problems: Vec<String>,
}

fn hash32(bytes: &[u8]) -> Result<[u8; 32], AppError> {
    bytes.try_into().map_err(|_| AppError::Inside("a digest in the database has not 32 bytes".to_owned()))
}

fn wrong(error: impl std::fmt::Display) -> AppError {
    AppError::Inside(format!("ledger: {error}"))
}

impl App {
    fn signer(&self) -> Result<Signer, AppError> {
        Signer::new(ORIGIN, self.inner.seal.ledger_seed()).map_err(wrong)
    }

    /// The key that checks the ledger's checkpoints, as one word.
    ///
    /// # Errors
    ///
    /// When the key file gives none.
    pub fn ledger_key(&self) -> Result<String, AppError> {
        Ok(self.signer()?.verifier().to_text())
    }

    /// Appends what is waiting, as `owner` of the sequencer's lease. Gives how many rows; 0 while another has it.
    ///
    /// # Errors
    ///
    /// When the database fails, or its nodes and checkpoint do not fit each other.
    pub async fn sequence(&self, owner: &str) -> Result<usize, AppError> {
        let now = self.now();
        let mut tx = self.store().write().await?;
        if !tx.lease_take("sequencer", owner, now, now + LEASE_US).await? {
            return Ok(0);
        }
        let rows = tx.audit_unsequenced(ROUND_ROWS).await?;
        if rows.is_empty() {
            tx.commit().await?;
            return Ok(0);
        }
        let size = match tx.ledger_checkpoint().await? {
            Some((size, _)) => size,
            None => 0,
        };
        let first = u64::try_from(size).map_err(wrong)?;
        let mut nodes =
            load(&mut tx, tree::frontier(first).into_iter().chain(tree::needed_for_root(first))).await?;
        let mut made = Vec::new();
        let mut position = size;
        for row in &rows {
            let leaf = tree::leaf(&row.digest);
            for ((level, number), hash) in
                nodes.append(u64::try_from(position).map_err(wrong)?, leaf).map_err(wrong)?
            {
                made.push((level, i64::try_from(number).map_err(wrong)?, hash.to_vec()));
            }
            tx.audit_place(row.id, position).await?;
            position += 1;
        }
        let size = u64::try_from(position).map_err(wrong)?;
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size, root: nodes.root(size).map_err(wrong)? };
        tx.ledger_insert(&made).await?;
        tx.ledger_sign(position, now, &self.signer()?.sign(&checkpoint)).await?;
        tx.commit().await?;
        Ok(rows.len())
    }

    /// Goes through all of it: every record against its digest, every digest against its leaf, the leaves against the
    /// signed root. Gives everything that does not hold.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not; when the database fails.
    pub async fn ledger_verify(&self, caller: &Caller) -> Result<LedgerReport, AppError> {
        self.authorise(caller, Action::AuditVerify, "").await?;
        let mut tx = self.store().read().await?;
        let mut report = LedgerReport::default();
        let (signed, checkpoint) = match tx.ledger_checkpoint().await? {
            None => (0, None),
            Some((size, note)) => match self.signer()?.verifier().open(&note) {
                Ok(checkpoint) if i64::try_from(checkpoint.size) == Ok(size) => {
                    (checkpoint.size, Some(checkpoint))
                }
                Ok(_) => return Ok(problem(report, format!("checkpoint {size}: signed for another size"))),
                Err(error) => return Ok(problem(report, format!("checkpoint {size}: {error}"))),
            },
        };
        report.sequenced = signed;
        let mut nodes = Nodes::default();
        let mut next = 0u64;
        while next < signed {
            let from = i64::try_from(next).map_err(wrong)?;
            let rows = tx.audit_sequenced(from, VERIFY_ROWS).await?;
            let kept: BTreeMap<i64, Vec<u8>> =
                tx.ledger_nodes(0, from, VERIFY_ROWS).await?.into_iter().collect();
            if rows.is_empty() {
                report.problems.push(format!("leaf {next}: its row and all after it are gone"));
                break;
            }
            for row in rows {
                let position =
                    row.position.and_then(|position| u64::try_from(position).ok()).unwrap_or(u64::MAX);
                if position != next {
                    report.problems.push(format!("leaf {next}: its row is gone"));
                    return Ok(report);
                }
                match &row.record {
                    None => report.erased += 1,
                    Some(record) if Sha256::digest(record.as_bytes())[..] == row.digest[..] => {}
                    Some(_) => {
                        report.problems.push(format!("leaf {next}: its record (id {}) was changed", row.id));
                    }
                }
                let leaf = tree::leaf(&row.digest);
                if row.position.and_then(|position| kept.get(&position)).map(Vec::as_slice) != Some(&leaf[..])
                {
                    report
                        .problems
                        .push(format!("leaf {next}: its digest (id {}) or its node was changed", row.id));
                }
                nodes.append(next, leaf).map_err(wrong)?;
                next += 1;
            }
        }
        if let Some(checkpoint) = checkpoint
            && next >= signed
            && nodes.root(signed).map_err(wrong)? != checkpoint.root
        {
            report.problems.push(format!("the {signed} leaves do not give the root that was signed"));
        }
        report.tail = u64::try_from(tx.audit_unsequenced(ROUND_ROWS).await?.len()).unwrap_or(u64::MAX);
        tx.end().await?;
        Ok(report)
    }

    /// The proof that a record is in the ledger: leaf position, tree size, hashes from the leaf up, as text.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not, and for a position that is not there.
    pub async fn ledger_proof(&self, caller: &Caller, position: u64) -> Result<String, AppError> {
        self.authorise(caller, Action::AuditVerify, "").await?;
        let mut tx = self.store().read().await?;
        let (_, note) = tx.ledger_checkpoint().await?.ok_or(AppError::Hidden)?;
        let size = self.signer()?.verifier().open(&note).map_err(wrong)?.size;
        if position >= size {
            return Err(AppError::Hidden);
        }
        let nodes = load(&mut tx, tree::needed_for_inclusion(position, size).into_iter()).await?;
        let mut text = format!("index {position}\n");
        for hash in nodes.inclusion(position, size).map_err(wrong)? {
            text.push_str(&wardline_ledger::base64::encode(&hash));
            text.push('\n');
        }
        tx.end().await?;
        Ok(format!("c2sp.org/tlog-proof@v1\n{text}\n{note}"))
    }

    /// Writes the ledger as a folder that `wardline-verify` and others check. Audited.
    ///
    /// # Errors
    ///
    /// [`AppError::Hidden`] for who may not; when a file cannot be written.
    pub async fn ledger_export(&self, caller: &Caller, folder: &Path) -> Result<u64, AppError> {
        self.authorise(caller, Action::AuditVerify, "").await?;
        self.audit_alone(Event::by(caller, Action::AuditVerify).detail("export")).await?;
        let mut tx = self.store().read().await?;
        let Some((_, note)) = tx.ledger_checkpoint().await? else { return Err(AppError::Hidden) };
        let size = self.signer()?.verifier().open(&note).map_err(wrong)?.size;
        let file = |error: io::Error| AppError::Inside(format!("{}: {error}", folder.display()));
        put(folder, "checkpoint", note.as_bytes()).map_err(file)?;
        let mut records = io::BufWriter::new(fs::File::create(folder.join("records.jsonl")).map_err(file)?);
        for (number, width) in tile::tiles(size) {
            let from = i64::try_from(number * WIDTH).map_err(wrong)?;
            let rows = tx.audit_sequenced(from, u32::try_from(width).map_err(wrong)?).await?;
            let bundle = tile::bundle(rows.iter().map(|row| row.digest.as_slice()));
            let bundle = bundle.ok_or_else(|| wrong("an entry is too long"))?;
            put(folder, &tile::entries_path(number, width), &bundle).map_err(file)?;
            for row in &rows {
                let position =
                    row.position.and_then(|position| u64::try_from(position).ok()).unwrap_or_default();
                writeln!(records, "{}", export::line(position, row.record.as_deref())).map_err(file)?;
            }
        }
        records.flush().map_err(file)?;
        for level in 0..=tree::LEVEL_MAX {
            for (number, width) in tile::tiles(size >> (STEP * level)) {
                let from = i64::try_from(number * WIDTH).map_err(wrong)?;
                let nodes = tx.ledger_nodes(level, from, u32::try_from(width).map_err(wrong)?).await?;
                let bytes: Vec<u8> = nodes.into_iter().flat_map(|(_, hash)| hash).collect();
                put(folder, &tile::tile_path(level, number, width), &bytes).map_err(file)?;
            }
        }
        tx.end().await?;
        Ok(size)
    }

    /// Checks an exported folder with this ledger's key.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn ledger_check_export(&self, folder: &Path) -> Result<u64, AppError> {
        let verifier: Verifier = self.signer()?.verifier();
        Ok(export::check(folder, &verifier).map_err(wrong)?.checkpoint.size)
    }
}

fn problem(mut report: LedgerReport, text: String) -> LedgerReport {
    report.problems.push(text);
    report
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// The nodes at these places, a tile at a time.
async fn load(tx: &mut Tx, places: impl Iterator<Item = tree::Place>) -> Result<Nodes, AppError> {
    let mut nodes = Nodes::default();
    let mut tiles: Vec<(u32, u64)> = places.map(|(level, number)| (level, number / WIDTH)).collect();
    tiles.sort_unstable();
    tiles.dedup();
    for (level, tile) in tiles {
        let from = i64::try_from(tile * WIDTH).map_err(wrong)?;
        for (number, hash) in tx.ledger_nodes(level, from, 256).await? {
            nodes.insert((level, u64::try_from(number).map_err(wrong)?), hash32(&hash)?);
        }
    }
    Ok(nodes)
}
