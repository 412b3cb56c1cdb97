//! One file over HTTPS: conditional, resumed where it broke off, bounded in size, time and attempts.
//!
//! RFC 9110: `ETag` and `Last-Modified` go back as `If-None-Match` and `If-Modified-Since` (section 13), a transfer that
//! broke off goes on by `Range` with `If-Range` (section 14) when the server gave a strong validator. Redirections are
//! followed to `https` only, at most [`REDIRECTS_MAX`]; a key goes to the host it was meant for and to no other.

use crate::ConnectError;
use crate::address::Address;
use rustls::crypto::aws_lc_rs;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy};

/// Redirections of one request.
pub const REDIRECTS_MAX: usize = 5;
/// Attempts that bring nothing before it is given up.
pub const ATTEMPTS_MAX: u32 = 4;
/// Attempts altogether: a server that gives a little each time is given up as well.
const RESUMES_MAX: u32 = 50;
/// An attempt that brought less did not bring anything.
const PROGRESS_BYTES: u64 = 64 << 10;
/// Longest wait that a server may ask for.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Headers of an answer.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Longest validator that is remembered.
const VALIDATOR_BYTES_MAX: usize = 512;
/// Documents that direct: metadata, feeds, lists, keys, hashes.
pub const DIRECTING_BYTES_MAX: u64 = 64 << 20;

/// How the outside is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Certificates in PEM of authorities that the house trusts beside the public ones.
    pub authorities: Option<Vec<u8>>,
    /// Proxy as `http://HOST:PORT`; what the environment says (`HTTPS_PROXY`, `NO_PROXY`) when none is given.
    pub proxy: Option<String>,
    /// Longest silence: to connect, to begin an answer, between two pieces of it.
    pub idle: Duration,
    /// Longest time for one attempt; the next goes on where it ended.
    pub attempt: Duration,
    /// Wait before the second attempt; it doubles.
    pub pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authorities: None,
            proxy: None,
            idle: Duration::from_secs(30),
            attempt: Duration::from_secs(900),
            pause: Duration::from_secs(2),
        }
    }
}

/// What identifies a state of a file to its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, as sent; empty when none.
    pub etag: String,
    /// `Last-Modified`, as sent; empty when none.
    pub modified: String,
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            if value.len() > VALIDATOR_BYTES_MAX { String::new() } else { value.to_owned() }
        };
        Self { etag: text("etag"), modified: text("last-modified") }
    }

    /// What `If-Range` may say: a strong tag, or else a date.
    fn for_range(&self) -> Option<&str> {
        if self.etag.starts_with('"') {
            return Some(&self.etag);
        }
        Some(self.modified.as_str()).filter(|modified| self.etag.is_empty() && !modified.is_empty())
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Where.
    pub address: &'a Address,
    /// What is known of it already.
    pub known: Validators,
    /// Most bytes.
    pub limit: u64,
    /// A header for that host alone: name and value (a key).
    pub secret: Option<(&'a str, &'a str)>,
}

impl<'a> Request<'a> {
    /// Nothing known, no key.
    #[must_use]
    pub fn new(address: &'a Address, limit: u64) -> Self {
        Self { address, known: Validators::default(), limit, secret: None }
    }
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is as it was (304).
    Unchanged,
    /// It is in the file, whole.
    Fetched {
        /// What identifies this state.
        validators: Validators,
        /// SHA-256 of it.
        digest: [u8; 32],
        /// Its length.
        bytes: u64,
        /// How often the transfer broke off and went on.
        resumed: u32,
    },
}

/// Asks for files.
pub struct Client {
    agent: Agent,
    pause: Duration,
}

/// How an attempt ended that did not bring everything.
enum Failed {
    /// Trying again is of no use.
    Finally(ConnectError),
    /// Try again, after at least that time.
    ForNow(String, Option<Duration>),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Finally(error.into())
    }
}

impl Client {
    /// A client.
    ///
    /// # Errors
    /// When the certificates or the proxy cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let mut roots: Vec<Certificate<'static>> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect();
        roots.extend(authorities(settings.authorities.as_deref())?);
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let proxy = match &settings.proxy {
            Some(proxy) => Some(Proxy::new(proxy).map_err(|error| ConnectError::Setting {
                what: "the proxy",
                why: format!("{error}; write it as http://HOST:PORT"),
            })?),
            None => Proxy::try_from_env(),
        };
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADER_BYTES_MAX)
            .user_agent(concat!("wardline/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(settings.idle))
            .timeout_connect(Some(settings.idle))
            .timeout_recv_response(Some(settings.idle))
            .timeout_per_read(Some(settings.idle))
            .timeout_recv_body(Some(settings.attempt))
            .build();
        Ok(Self { agent: Agent::new_with_config(config), pause: settings.pause })
    }

    /// Fetches into a file, which is emptied first and holds everything or is of no use.
    ///
    /// # Errors
    /// When it is not there, does not come whole, is too large, or sends elsewhere without end.
    pub fn fetch(&self, request: &Request<'_>, into: &mut File) -> Result<Answer, ConnectError> {
        into.set_len(0)?;
        let mut state = Partial { into, length: 0, validators: Validators::default(), resumed: 0 };
        let (mut idle, mut attempts) = (0, 0);
        loop {
            let before = state.length;
            attempts += 1;
            let (why, wait) = match self.attempt(request, &mut state) {
                Ok(answer) => return Ok(answer),
                Err(Failed::Finally(error)) => return Err(error),
                Err(Failed::ForNow(why, wait)) => (why, wait),
            };
            let progress = state.length.saturating_sub(before) >= PROGRESS_BYTES;
            idle = if progress { 0 } else { idle + 1 };
            if idle >= ATTEMPTS_MAX || attempts >= RESUMES_MAX {
                return Err(ConnectError::Transfer { address: request.address.to_string(), attempts, why });
            }
            let pause = self.pause.saturating_mul(1 << idle.saturating_sub(1).min(5));
            thread::sleep(wait.map_or(pause, |wait| wait.max(pause)).min(WAIT_MAX));
        }
    }

    /// A document that directs, as bytes.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub fn directing(
        &self,
        address: &Address,
        limit: u64,
        scratch: &mut File,
    ) -> Result<Vec<u8>, ConnectError> {
        self.fetch(&Request::new(address, limit.min(DIRECTING_BYTES_MAX)), scratch)?;
        let mut bytes = Vec::new();
        scratch.seek(SeekFrom::Start(0))?;
        scratch.take(DIRECTING_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The same; nothing when the server says that there is none (404, 410).
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub fn directing_if_there(
        &self,
        address: &Address,
        limit: u64,
        scratch: &mut File,
    ) -> Result<Option<Vec<u8>>, ConnectError> {
        match self.directing(address, limit, scratch) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ConnectError::Status { status: 404 | 410, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn attempt(&self, request: &Request<'_>, state: &mut Partial<'_>) -> Result<Answer, Failed> {
        if state.validators.for_range().is_none() {
            state.restart()?;
        }
        let response = self.ask(request, state)?;
        match response.status().as_u16() {
            304 if state.length == 0 && request.known != Validators::default() => {
                return Ok(Answer::Unchanged);
            }
            206 if state.length > 0 && state.goes_on(response.headers()) => state.resumed += 1,
            200 => {
                state.restart()?;
                state.validators = Validators::of(response.headers());
            }
            206 | 416 => {
                state.restart()?;
                return Err(Failed::ForNow("the rest that came is not of the same file".to_owned(), None));
            }
            status @ (408 | 429 | 500 | 502 | 503 | 504) => {
                return Err(Failed::ForNow(format!("it answers {status}"), asked_wait(response.headers())));
            }
            status => return Err(Failed::Finally(refused(request.address, status))),
        }
        state.receive(response, request)?;
        Ok(state.whole()?)
    }

    /// Asks, and follows where it is sent to.
    fn ask(&self, request: &Request<'_>, state: &Partial<'_>) -> Result<Response<Body>, Failed> {
        let redirect = |why: String| {
            Failed::Finally(ConnectError::Redirect { address: request.address.to_string(), why })
        };
        let mut at = request.address.clone();
        for _ in 0..=REDIRECTS_MAX {
            let mut asked = self.agent.get(at.as_str());
            if let Some((name, value)) = request.secret.filter(|_| at.host() == request.address.host()) {
                asked = asked.header(name, value);
            }
            match state.validators.for_range().filter(|_| state.length > 0) {
                Some(validator) => {
                    asked = asked
                        .header("Range", format!("bytes={}-", state.length))
                        .header("If-Range", validator);
                }
                None if !request.known.etag.is_empty() => {
                    asked = asked.header("If-None-Match", &request.known.etag);
                }
                None if !request.known.modified.is_empty() => {
                    asked = asked.header("If-Modified-Since", &request.known.modified);
                }
                None => {}
            }
            let response = asked.call().map_err(|error| failed(request.address, error))?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let target = response.headers().get("location").and_then(|target| target.to_str().ok());
            let target = target.ok_or_else(|| redirect(format!("{at} does not say where to")))?;
            at = at.join(target).map_err(|error| redirect(error.to_string()))?;
        }
        Err(redirect(format!("more than {REDIRECTS_MAX} times, last to {at}")))
    }
}

/// What of a file is here.
struct Partial<'f> {
    into: &'f mut File,
    length: u64,
    validators: Validators,
    resumed: u32,
}

impl Partial<'_> {
    fn restart(&mut self) -> io::Result<()> {
        self.length = 0;
        self.validators = Validators::default();
        self.into.set_len(0)
    }

    /// Whether a partial answer begins where ours ends, and is of the same file.
    fn goes_on(&self, headers: &HeaderMap) -> bool {
        let range = headers.get("content-range").and_then(|range| range.to_str().ok()).unwrap_or_default();
        let first = range.strip_prefix("bytes ").and_then(|range| range.split('-').next());
        let same = Validators::of(headers);
        first.and_then(|first| first.parse().ok()) == Some(self.length)
            && (same.etag.is_empty() || same.etag == self.validators.etag)
    }

    fn receive(&mut self, response: Response<Body>, request: &Request<'_>) -> Result<(), Failed> {
        let too_large = || {
            Failed::Finally(ConnectError::TooLarge {
                address: request.address.to_string(),
                limit: request.limit,
            })
        };
        let promised =
            response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        let end = promised.map(|promised: u64| self.length.saturating_add(promised));
        if end.is_some_and(|end| end > request.limit) {
            return Err(too_large());
        }
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        self.into.seek(SeekFrom::Start(self.length))?;
        let mut chunk = vec![0; 64 << 10];
        loop {
            let count = match body.read(&mut chunk) {
                Ok(count) => count,
                Err(error) => {
                    return Err(Failed::ForNow(
                        format!("it breaks off after {} bytes: {error}", self.length),
                        None,
                    ));
                }
            };
            let piece = chunk.get(..count).unwrap_or_default();
            let length = self.length.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            if length > request.limit {
                return Err(too_large());
            }
            if count == 0 {
                break;
            }
            self.into.write_all(piece)?;
            self.length = length;
        }
        match end {
            Some(end) if end != self.length => {
                Err(Failed::ForNow(format!("it stops after {} of {end} bytes", self.length), None))
            }
            _ => Ok(()),
        }
    }

    fn whole(&mut self) -> io::Result<Answer> {
        self.into.flush()?;
        self.into.seek(SeekFrom::Start(0))?;
        let digest = sha256(self.into)?;
        self.into.seek(SeekFrom::Start(0))?;
        let validators = std::mem::take(&mut self.validators);
        Ok(Answer::Fetched { validators, digest, bytes: self.length, resumed: self.resumed })
    }
}

fn sha256(input: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = input.read(&mut chunk)?;
        if count == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(chunk.get(..count).unwrap_or_default());
    }
}

fn authorities(pem: Option<&[u8]>) -> Result<Vec<Certificate<'static>>, ConnectError> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let wrong = |why: String| ConnectError::Setting { what: "the file of the house's authorities", why };
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(wrong("it has no certificate in PEM".to_owned())) } else { Ok(found) }
}

/// Which failures pass.
fn failed(address: &Address, error: ureq::Error) -> Failed {
    match error {
        ureq::Error::Rustls(error) => {
            let address = address.to_string();
            let why = format!("{error}; an authority of the house is named with --ca");
            Failed::Finally(ConnectError::Transfer { address, attempts: 1, why })
        }
        ureq::Error::LargeResponseHeader(..) => {
            let limit = u64::try_from(HEADER_BYTES_MAX).unwrap_or(u64::MAX);
            Failed::Finally(ConnectError::TooLarge { address: address.to_string(), limit })
        }
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            let address = address.to_string();
            let why = format!("{error}; an authority of the house is named with --ca");
            Failed::Finally(ConnectError::Transfer { address, attempts: 1, why })
        }
        error => Failed::ForNow(error.to_string(), None),
    }
}

fn refused(address: &Address, status: u16) -> ConnectError {
    let hint = match status {
        401 | 403 => ": it wants a key, or refuses whoever asks too often",
        404 | 410 => ": it is not there; the address may have changed",
        407 => ": the proxy wants a name and password",
        _ => "",
    };
    ConnectError::Status { address: address.to_string(), status, hint }
}

/// `Retry-After` in seconds.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
