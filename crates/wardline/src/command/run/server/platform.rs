//! The part of the server that remembers and serves: database, console, ledger.
//!
//! There while `--listen` or `--database` is given. Batches are written before they are acknowledged; devices follow
//! with the next renewal. The console answers on its own threads, and stops with grace.

use super::super::settings::Settings;
use crate::house::House;
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wardline_app::{App, Caller, SiteId, Watch};
use wardline_content::Content;
use wardline_inventory::SensorBatch;
use wardline_web::Server;

/// How often waiting audit rows get their place in the ledger.
const SEQUENCE_EVERY: Duration = Duration::from_millis(500);
/// When old data is erased: not while everything starts, and then daily.
const RETAIN_FIRST: Duration = Duration::from_secs(60);
const RETAIN_EVERY: Duration = Duration::from_secs(86_400);
/// The site of a house that named none.
const SITE: &str = "Main site";

/// What runs beside the loop over batches.
pub(super) struct Platform {
    runtime: Runtime,
    app: App,
    watch: Watch,
    site: SiteId,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Platform {
    /// Opens the database, and the console when there is an address for it. Prints the link of the first start.
    pub(super) fn start(settings: &Settings) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let house = House { data: settings.data.clone(), database: settings.database.clone() };
        let (stop, stopped) = watch::channel(false);
        let (app, site, tasks) = runtime.block_on(async {
            let app = house.open().await?;
            let site = app.site_ensure(&Caller::console(), SITE).await?;
            let mut tasks = vec![
                tokio::spawn(sequence(app.clone(), stopped.clone())),
                tokio::spawn(retain(app.clone(), stopped.clone())),
            ];
            if let Some(listen) = &settings.listen {
                let host = listen.rsplit_once(':').map_or(listen.as_str(), |(host, _)| host);
                let seen = settings.address.as_deref().and_then(host_of);
                let names: Vec<String> = ["localhost", host]
                    .into_iter()
                    .chain(seen)
                    .map(|name| name.trim_matches(['[', ']']).to_owned())
                    .collect();
                let server = Server::bind(listen, &house.certificate(&names)?, app.clone()).await?;
                let address = server.address().context("the console's address")?;
                eprintln!("wardline server: console at https://{address}");
                seen_at(&app, settings.address.as_deref(), host, address.port())?;
                if let Some(link) = app.first_start().await? {
                    eprintln!(
                        "wardline server: first sign-in, once, within a day: https://{address}/welcome/{link}"
                    );
                }
                tasks.push(tokio::spawn(server.run(done(stopped))));
            }
            anyhow::Ok((app, site, tasks))
        })?;
        Ok(Self { runtime, app, watch: Watch::default(), site, stop, tasks })
    }

    /// Writes a batch; only then may it be acknowledged.
    pub(super) fn take(&mut self, batch: SensorBatch) -> Result<()> {
        let caller = Caller::sensor(&batch.id.sensor);
        self.runtime.block_on(self.app.ingest(&caller, &mut self.watch, self.site, batch))?;
        Ok(())
    }

    /// Devices out of what was taken.
    pub(super) fn conclude(&mut self, content: &Content) -> Result<()> {
        self.runtime.block_on(self.app.conclude(&mut self.watch, self.site, content))?;
        Ok(())
    }

    /// Lets requests in flight end.
    pub(super) fn stop(self) {
        let _ = self.stop.send(true);
        self.runtime.block_on(async {
            for task in self.tasks {
                let _ = task.await;
            }
        });
    }
}

/// The host in an address such as `https://wardline.example:8443`.
fn host_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    let end = rest.find(['/', ':']).unwrap_or(rest.len());
    rest.get(..end).filter(|host| !host.is_empty())
}

/// Says how browsers see the console: as the configuration has it, by a name it listens at, or on this machine.
fn seen_at(app: &App, address: Option<&str>, host: &str, port: u16) -> Result<()> {
    if let Some(address) = address {
        return app.seen_at(address).context("console.address");
    }
    let bare = host.trim_matches(['[', ']']);
    let here = bare.parse::<std::net::IpAddr>().map(|ip| ip.is_loopback());
    match here {
        Ok(true) => app.seen_at(&format!("https://localhost:{port}"))?,
        Ok(false) => eprintln!(
            "wardline server: no passkeys until the configuration says console.address, a name that browsers use"
        ),
        Err(_) => app.seen_at(&format!("https://{bare}:{port}"))?,
    }
    Ok(())
}

/// Gives audit rows their places until it is time to stop, and then once more.
async fn sequence(app: App, mut stopped: watch::Receiver<bool>) {
    let owner = format!("process {}", std::process::id());
    loop {
        match app.sequence(&owner).await {
            Ok(rows) if rows > 0 => continue,
            Ok(_) => {}
            Err(error) => eprintln!("wardline server: the ledger waits: {:#}", anyhow::Error::new(error)),
        }
        if *stopped.borrow() {
            return;
        }
        let _ = tokio::time::timeout(SEQUENCE_EVERY, stopped.changed()).await;
    }
}

/// Erases what is past its time: soon after the start, then daily.
async fn retain(app: App, mut stopped: watch::Receiver<bool>) {
    let owner = format!("process {}", std::process::id());
    let mut wait = RETAIN_FIRST;
    while !*stopped.borrow() {
        match tokio::time::timeout(wait, stopped.changed()).await {
            Ok(Ok(())) => continue,
            Ok(Err(_)) => return,
            Err(_) => {}
        }
        wait = RETAIN_EVERY;
        if let Err(error) = app.retain(&owner).await {
            eprintln!("wardline server: old data waits to be erased: {:#}", anyhow::Error::new(error));
        }
    }
}

async fn done(mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if stopped.changed().await.is_err() {
            return;
        }
    }
}
