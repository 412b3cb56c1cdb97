//! The server loop: accept, handshake, serve, stop with grace.

use crate::route;
use crate::tls::{self, Certificate};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use wardline_app::App;

/// Connections at once: each costs some tens of kilobytes.
const CONNECTIONS_MAX: usize = 1_024;
/// Time for the TLS handshake, and for the head of a request: a slow client holds a connection no longer.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
const HEAD_WAIT: Duration = Duration::from_secs(10);
/// Time that requests in flight have when the server stops.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum WebError {
    /// The certificate or its key cannot be used.
    #[error("the certificate or its key cannot be used: {0}")]
    Certificate(String),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    app: App,
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// When it is taken or not ours, or the certificate cannot be used.
    pub async fn bind(address: &str, certificate: &Certificate, app: App) -> Result<Self, WebError> {
        let acceptor = TlsAcceptor::from(tls::config(certificate)?);
        let listening = TcpListener::bind(address).await;
        let listener =
            listening.map_err(|source| WebError::Listen { address: address.to_owned(), source })?;
        Ok(Self { listener, acceptor, app })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the machine does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done; then takes no more connections and lets what is in flight end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let router = route::router(self.app);
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    // Out of file descriptors, or gone before it was taken: others may do better a little later.
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
            let (acceptor, watcher) = (self.acceptor.clone(), graceful.watcher());
            let service = TowerToHyperService::new(router.clone().layer(axum::Extension(peer)));
            tokio::spawn(async move {
                let _permit = permit;
                let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await
                else {
                    return;
                };
                let mut builder = Builder::new(TokioExecutor::new());
                builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
                builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEAD_WAIT));
                let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                // A connection that ends badly costs itself.
                let _ = watcher.watch(connection).await;
            });
        }
        let _ = tokio::time::timeout(STOP_WAIT, graceful.shutdown()).await;
    }
}
