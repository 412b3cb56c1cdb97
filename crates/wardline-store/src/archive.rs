//! The archive: all that the database holds as lines of JSON under zstd, the same from either database.
//!
//! Out of one moment of a running database, into an empty one of either kind: the backup, the way from SQLite to
//! PostgreSQL and back, and, because it is read into the schema that it was written from and only then brought up to
//! date, the way into a newer program.
//!
//! ```text
//! {"wardline":"archive","version":1,"schema":4,"made_us":1790000000000000}
//! {"table":"site","columns":[["id","INT"],["name","TEXT"]],"key":["id"]}
//! [1,"Main"]
//! {"table_end":"site","rows":1,"sha256":"…"}
//! {"archive_end":25,"rows":1,"sha256":"…"}
//! ```
//!
//! A row is an array in the order of its columns: INT a number, TEXT a string, BLOB base64, REAL a string that gives
//! the same number back, `null` where nothing is. Rows stand in the order of their key, so that what is in the database
//! after reading is compared by the digest of its lines. The last digest is over every byte before its line. Secrets
//! stand sealed in it as they do in the database: the key file is not part of it.

use crate::migrate;
use crate::table::{Kind, TABLES};
use crate::tx::{Tx, WriteTx};
use crate::value::{Row, Value};
use crate::{Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use thiserror::Error;

/// Longest line: the longest row is an advisory's.
const LINE_BYTES_MAX: usize = 64 << 20;
/// Rows read or written at once, and how much of them.
const ROWS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 8 << 20;
/// Most columns and tables that are believed.
const COLUMNS_MAX: usize = 64;
const VERSION: i64 = 1;
const COMPRESSION: i32 = 3;
/// Order and names of columns come out of a file: bounded to what a name of ours is.
const NAME_BYTES_MAX: usize = 64;

/// Why an archive could not be written or read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The database into which it should go holds something.
    #[error("the database is not empty ({0}): give the address of a new one")]
    NotEmpty(String),
    /// The file cannot be read or written.
    #[error("the archive cannot be read or written")]
    File(#[from] io::Error),
    /// It is no archive, or one that was cut or changed.
    #[error("line {line} of the archive: {why}")]
    Shape {
        /// Counted from 1, after decompression.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// The step of the schema that it was written from.
    pub schema: i64,
    /// When, in microseconds since 1970.
    pub made_us: i64,
    /// Tables in it.
    pub tables: u64,
    /// Rows in it.
    pub rows: u64,
}

/// A table as an archive names it: its columns may be those of an older step.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    name: String,
    columns: Vec<(String, Kind)>,
    key: Vec<String>,
}

/// A value of a row, on its way between database and line.
enum Cell {
    Blob(Option<Vec<u8>>),
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
}

impl Store {
    /// Writes everything of this moment. The database goes on working.
    ///
    /// # Errors
    ///
    /// When the database fails or the file cannot be written; what was written until then is no archive.
    pub async fn archive(&self, made_us: i64, out: impl Write + Send) -> Result<Archived, ArchiveError> {
        let mut lines = Lines { out: zstd::Encoder::new(out, COMPRESSION)?, digest: Sha256::new() };
        let mut tx = self.read().await?;
        let mut archived = Archived { schema: migrate::newest(), made_us, ..Archived::default() };
        let head =
            json!({"wardline": "archive", "version": VERSION, "schema": archived.schema, "made_us": made_us});
        lines.put(&head.to_string())?;
        for table in TABLES {
            let layout = Layout {
                name: table.name.to_owned(),
                columns: table.columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
                key: table.key.iter().map(|name| (*name).to_owned()).collect(),
            };
            let columns: Vec<_> =
                layout.columns.iter().map(|(name, kind)| json!([name, kind.word()])).collect();
            lines.put(&json!({"table": layout.name, "columns": columns, "key": layout.key}).to_string())?;
            let (rows, digest) = dump(&mut tx, &layout, &mut |line| lines.put(line)).await?;
            lines.put(&json!({"table_end": layout.name, "rows": rows, "sha256": digest}).to_string())?;
            archived.tables += 1;
            archived.rows += rows;
        }
        tx.end().await?;
        let whole = hex(lines.digest.clone());
        let end = json!({"archive_end": archived.tables, "rows": archived.rows, "sha256": whole});
        lines.put(&end.to_string())?;
        lines.out.finish()?.flush()?;
        Ok(archived)
    }

    /// Reads an archive into an empty database, compares what is then there with what was written, and brings the schema
    /// up to date. Either everything is there afterwards or nothing.
    ///
    /// # Errors
    ///
    /// When the database is not empty, the archive is not whole, or comes from a newer program.
    pub async fn open_archive(
        address: &str,
        input: impl Read + Send,
    ) -> Result<(Self, Archived), ArchiveError> {
        let mut reader = Reader {
            input: BufReader::new(zstd::Decoder::new(input)?),
            line: 0,
            text: Vec::new(),
            digest: Sha256::new(),
        };
        let head = reader.object()?;
        let number = |name: &str| head[name].as_i64().unwrap_or(-1);
        if head["wardline"] != "archive" || number("version") != VERSION || number("schema") < 1 {
            return Err(reader.wrong("this is no archive of Wardline that this program knows"));
        }
        let schema = number("schema");
        if schema > migrate::newest() {
            return Err(reader.wrong("a newer program wrote it: install that one"));
        }
        let store = Self::connect(address).await?;
        let found = migrate::reached(&store).await?;
        if found > schema {
            return Err(ArchiveError::NotEmpty(format!(
                "its schema is at step {found}, the archive's at {schema}"
            )));
        }
        migrate::run(&store, Some(schema)).await?;
        let mut archived = Archived { schema, made_us: number("made_us"), ..Archived::default() };
        let mut tx = store.write().await?;
        load(&mut tx, &mut reader, &mut archived).await?;
        tx.commit().await?;
        migrate::run(&store, None).await?;
        Ok((store, archived))
    }
}

/// All tables, until the end that says so.
async fn load<R: BufRead>(
    tx: &mut WriteTx,
    reader: &mut Reader<R>,
    archived: &mut Archived,
) -> Result<(), ArchiveError> {
    loop {
        let before = hex(reader.digest.clone());
        let line = reader.object()?;
        if line["archive_end"].is_u64() {
            let told = (line["archive_end"].as_u64(), line["rows"].as_u64(), line["sha256"].as_str());
            if told != (Some(archived.tables), Some(archived.rows), Some(&before)) {
                return Err(reader.wrong("the archive was cut or changed: its digest does not fit"));
            }
            return reader.ended();
        }
        let layout = Layout::read(&line).ok_or_else(|| reader.wrong("neither a table nor the end"))?;
        if !TABLES.iter().any(|table| table.name == layout.name) {
            return Err(reader.wrong(&format!("no table `{}` is known", layout.name)));
        }
        let held = format!("SELECT 1 FROM {} LIMIT 1", layout.name);
        if !tx.rows("look for rows", &held, &[]).await?.is_empty() {
            return Err(ArchiveError::NotEmpty(format!("table {} has rows", layout.name)));
        }
        let end = fill(tx, reader, &layout).await?;
        let (rows, digest) = dump(tx, &layout, &mut |_| Ok(())).await?;
        if (end["rows"].as_u64(), end["sha256"].as_str()) != (Some(rows), Some(&digest)) {
            return Err(reader.wrong(&format!("table {} is not what was written", layout.name)));
        }
        archived.tables += 1;
        archived.rows += rows;
    }
}

/// The rows of a table into the database; the line that ends it.
async fn fill<R: BufRead>(
    tx: &mut WriteTx,
    reader: &mut Reader<R>,
    layout: &Layout,
) -> Result<Json, ArchiveError> {
    let names: Vec<&str> = layout.columns.iter().map(|(name, _)| name.as_str()).collect();
    let head = format!("INSERT INTO {} ({})", layout.name, names.join(", "));
    let (mut cells, mut bytes) = (Vec::new(), 0);
    loop {
        let line = reader.json()?;
        let Json::Array(row) = line else {
            write(tx, &head, layout, &cells).await?;
            return if line["table_end"] == layout.name.as_str() {
                Ok(line)
            } else {
                Err(reader.wrong(&format!("neither a row of {} nor its end", layout.name)))
            };
        };
        if row.len() != layout.columns.len() {
            return Err(reader.wrong(&format!("{} values, {} columns", row.len(), layout.columns.len())));
        }
        for (value, (name, kind)) in row.into_iter().zip(&layout.columns) {
            let cell = Cell::read(value, *kind);
            cells.push(cell.ok_or_else(|| reader.wrong(&format!("`{name}` is not {}", kind.word())))?);
        }
        bytes += reader.text.len();
        if bytes > BYTES_AT_ONCE || cells.len() >= ROWS_AT_ONCE * layout.columns.len() {
            write(tx, &head, layout, &cells).await?;
            cells.clear();
            bytes = 0;
        }
    }
}

async fn write(tx: &mut WriteTx, head: &str, layout: &Layout, cells: &[Cell]) -> Result<(), StoreError> {
    let values: Vec<Value<'_>> = cells.iter().map(Cell::bind).collect();
    tx.bulk("read an archive", head, layout.columns.len(), "", &values).await?;
    Ok(())
}

/// Every row of a table as its line, in the order of its key; how many, and the digest of the lines.
async fn dump(
    tx: &mut Tx,
    layout: &Layout,
    put: &mut (dyn FnMut(&str) -> io::Result<()> + Send),
) -> Result<(u64, String), ArchiveError> {
    let names: Vec<&str> = layout.columns.iter().map(|(name, _)| name.as_str()).collect();
    let key = layout.key.join(", ");
    let from: Vec<String> = (1..=layout.key.len()).map(|at| format!("${at}")).collect();
    let at: Vec<usize> =
        layout.key.iter().filter_map(|key| names.iter().position(|name| name == key)).collect();
    let (mut rows, mut digest, mut last) = (0, Sha256::new(), Vec::<Cell>::new());
    loop {
        let after =
            if last.is_empty() { String::new() } else { format!("WHERE ({key}) > ({})", from.join(", ")) };
        let columns = names.join(", ");
        let sql =
            format!("SELECT {columns} FROM {} {after} ORDER BY {key} LIMIT {ROWS_AT_ONCE}", layout.name);
        let bound: Vec<Value<'_>> = last.iter().map(Cell::bind).collect();
        let page = tx.rows("archive a table", &sql, &bound).await?;
        let full = page.len() == ROWS_AT_ONCE;
        for mut row in page {
            let mut cells = Vec::with_capacity(layout.columns.len());
            for (_, kind) in &layout.columns {
                cells.push(Cell::of(&mut row, *kind)?);
            }
            let line = Json::Array(cells.iter().map(Cell::json).collect()).to_string();
            if line.len() >= LINE_BYTES_MAX {
                return Err(row
                    .damaged(format!("a row of {} is too long for an archive", layout.name))
                    .into());
            }
            digest.update(line.as_bytes());
            digest.update(b"\n");
            put(&line)?;
            rows += 1;
            last = pick(cells, &at);
        }
        if !full {
            return Ok((rows, hex(digest)));
        }
    }
}

/// The values of the key, in its order.
fn pick(cells: Vec<Cell>, at: &[usize]) -> Vec<Cell> {
    let mut cells: Vec<Option<Cell>> = cells.into_iter().map(Some).collect();
    at.iter().filter_map(|at| cells.get_mut(*at).and_then(Option::take)).collect()
}

impl Layout {
    /// Out of a line; `None` when a name is not one of ours in form, so that it can stand in a statement.
    fn read(line: &Json) -> Option<Self> {
        let named = |value: &Json| {
            let name = value.as_str()?;
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            (plain && !name.is_empty() && name.len() <= NAME_BYTES_MAX).then(|| name.to_owned())
        };
        let column = |value: &Json| Some((named(value.get(0)?)?, Kind::parse(value.get(1)?.as_str()?)?));
        let columns: Vec<_> = line["columns"].as_array()?.iter().map(column).collect::<Option<_>>()?;
        let key: Vec<_> = line["key"].as_array()?.iter().map(named).collect::<Option<_>>()?;
        let known = |name: &String| columns.iter().any(|(column, _)| column == name);
        let bounded = (1..=COLUMNS_MAX).contains(&columns.len()) && (1..=columns.len()).contains(&key.len());
        (bounded && key.iter().all(known)).then_some(Self { name: named(&line["table"])?, columns, key })
    }
}

impl Cell {
    fn of(row: &mut Row, kind: Kind) -> Result<Self, StoreError> {
        Ok(match kind {
            Kind::Blob => Self::Blob(row.blob_opt()?),
            Kind::Int => Self::Int(row.int_opt()?),
            Kind::Real => Self::Real(row.real_opt()?),
            Kind::Text => Self::Text(row.text_opt()?),
        })
    }

    fn read(value: Json, kind: Kind) -> Option<Self> {
        let null = value.is_null();
        Some(match (kind, value) {
            (Kind::Blob, Json::String(text)) => Self::Blob(Some(STANDARD.decode(text).ok()?)),
            (Kind::Blob, _) if null => Self::Blob(None),
            (Kind::Int, Json::Number(number)) => Self::Int(Some(number.as_i64()?)),
            (Kind::Int, _) if null => Self::Int(None),
            (Kind::Real, Json::String(text)) => Self::Real(Some(text.parse().ok()?)),
            (Kind::Real, _) if null => Self::Real(None),
            (Kind::Text, Json::String(text)) => Self::Text(Some(text)),
            (Kind::Text, _) if null => Self::Text(None),
            _ => return None,
        })
    }

    fn json(&self) -> Json {
        match self {
            Self::Blob(value) => value.as_ref().map(|bytes| STANDARD.encode(bytes)).into(),
            Self::Int(value) => (*value).into(),
            Self::Real(value) => value.map(|value| value.to_string()).into(),
            Self::Text(value) => value.as_deref().into(),
        }
    }

    fn bind(&self) -> Value<'_> {
        match self {
            Self::Blob(value) => Value::Blob(value.as_deref()),
            Self::Int(value) => Value::Int(*value),
            Self::Real(value) => Value::Real(*value),
            Self::Text(value) => Value::Text(value.as_deref()),
        }
    }
}

/// Lines out, and the digest of all of them.
struct Lines<'a, W: Write> {
    out: zstd::Encoder<'a, W>,
    digest: Sha256,
}

impl<W: Write> Lines<'_, W> {
    fn put(&mut self, line: &str) -> io::Result<()> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.digest.update(bytes);
            self.out.write_all(bytes)?;
        }
        Ok(())
    }
}

/// Lines in, each bounded, and the digest of all of them.
struct Reader<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
    digest: Sha256,
}

impl<R: BufRead> Reader<R> {
    fn json(&mut self) -> Result<Json, ArchiveError> {
        self.text.clear();
        self.line += 1;
        let bound = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        self.input.by_ref().take(bound).read_until(b'\n', &mut self.text)?;
        if self.text.last() != Some(&b'\n') {
            return Err(self.wrong("it ends here, or the line is too long: the archive was cut or is none"));
        }
        self.digest.update(&self.text);
        serde_json::from_slice(&self.text).map_err(|error| self.wrong(&error.to_string()))
    }

    fn object(&mut self) -> Result<Json, ArchiveError> {
        let line = self.json()?;
        if line.is_object() { Ok(line) } else { Err(self.wrong("no object stands here")) }
    }

    /// Nothing may follow the end.
    fn ended(&mut self) -> Result<(), ArchiveError> {
        self.line += 1;
        if self.input.fill_buf()?.is_empty() { Ok(()) } else { Err(self.wrong("something follows the end")) }
    }

    fn wrong(&self, why: &str) -> ArchiveError {
        ArchiveError::Shape { line: self.line, why: why.to_owned() }
    }
}

fn hex(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
