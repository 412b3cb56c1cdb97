//! The data folder: the key file, the certificate, the database's address, and the use cases over them.
//!
//! `wardline.key` holds the keys that seal secrets (and, from the oldest, the ledger's signature), readable by its
//! owner alone; `tls/cert.pem` and `tls/key.pem` the certificate, made at the first start when none is there. Whoever
//! holds the folder holds everything: see docs/security/threats.md.

use anyhow::{Context, Result};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use wardline_app::{App, Archived, Outside, Seal, Store, System};
use wardline_web::{Certificate, make_certificate};

/// Where everything is kept.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct House {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = "wardline-data")]
    pub(crate) data: PathBuf,
    /// Database to use: sqlite:FILE or postgres://USER@HOST/NAME; a file in the data folder when absent.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

impl House {
    /// The use cases, with the schema up to date.
    pub(crate) async fn open(&self) -> Result<App> {
        fs::create_dir_all(&self.data)
            .with_context(|| format!("{}: the data folder cannot be made", self.data.display()))?;
        let store = Store::open(&self.address()).await?;
        self.over(store)
    }

    /// The use cases over what an archive holds, read into a database that is empty.
    pub(crate) async fn open_archive(&self, input: impl Read + Send) -> Result<(App, Archived)> {
        fs::create_dir_all(&self.data)
            .with_context(|| format!("{}: the data folder cannot be made", self.data.display()))?;
        let (store, archived) = Store::open_archive(&self.address(), input).await?;
        Ok((self.over(store)?, archived))
    }

    fn over(&self, store: Store) -> Result<App> {
        let seal =
            Seal::parse(&self.key_text()?).with_context(|| format!("{}", self.key_path().display()))?;
        Ok(App::new(store, Box::new(System { clock: now_us }), seal)?)
    }

    fn address(&self) -> String {
        let usual = || format!("sqlite:{}", self.data.join("wardline.db").display());
        self.database.clone().unwrap_or_else(usual)
    }

    /// The file of the keys.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.data.join("wardline.key")
    }

    fn key_text(&self) -> Result<String> {
        let path = self.key_path();
        if path.exists() {
            return fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()));
        }
        let mut random = [0; 32];
        System { clock: now_us }.random(&mut random);
        let text = Seal::new_text(&random);
        write_secret(&path, &text)?;
        Ok(text)
    }

    /// The certificate of the console: the one in the folder, or a new one for these names.
    pub(crate) fn certificate(&self, names: &[String]) -> Result<Certificate> {
        let folder = self.data.join("tls");
        let (chain, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        if chain.exists() && key.exists() {
            let read = |path: &Path| {
                fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
            };
            return Ok(Certificate { chain: read(&chain)?, key: read(&key)? });
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let made = make_certificate(names)?;
        write_secret(&key, &made.key)?;
        fs::write(&chain, &made.chain).with_context(|| format!("{} cannot be written", chain.display()))?;
        Ok(made)
    }
}

fn write_secret(path: &Path, text: &str) -> Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
    file.sync_all().with_context(|| format!("{} cannot be written", path.display()))
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "here the clock is read, for all below")]
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Something that waits, run to its end.
pub(crate) fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(work)
}
