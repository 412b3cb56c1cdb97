//! Doors out: every byte that leaves the house on purpose, with a limit for its time and its size, over TLS.
//!
//! In: an address, what is remembered of it, the time. Out: a file that is whole or nothing, with its digest; for
//! advisories also what their publisher's hash and signature say of them. Nothing is kept here and nothing is sent that
//! nobody asked for; what is sent is the request, the program's name and version, and a key where the source wants one.
//!
//! Standards: RFC 9110 (conditional requests, ranges, redirection), CSAF 2.0 section 7 (ISO/IEC 20153), RFC 9580
//! (OpenPGP), RFC 9116 (security.txt), ROLIE (RFC 8322, as CSAF uses it).

pub mod address;
pub mod client;
pub mod csaf;
pub mod nvd;
pub mod signature;

use std::io;
use thiserror::Error;

/// Why nothing was fetched.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Not an address that is fetched.
    #[error("{address} is not an address to fetch: {why}")]
    Address {
        /// As written.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The settings cannot be used.
    #[error("{what} cannot be used: {why}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The server answers, but not with what was asked for.
    #[error("{address} answers {status}{hint}")]
    Status {
        /// What was asked for.
        address: String,
        /// The HTTP status.
        status: u16,
        /// What to do about it.
        hint: &'static str,
    },
    /// No answer, or none that is whole.
    #[error("{address} cannot be fetched after {attempts} attempts: {why}")]
    Transfer {
        /// What was asked for.
        address: String,
        /// How often it was tried.
        attempts: u32,
        /// The last reason.
        why: String,
    },
    /// Longer than this kind of document may be.
    #[error("{address} is larger than {limit} bytes: not fetched")]
    TooLarge {
        /// What was asked for.
        address: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// It sends elsewhere again and again, or to an address that is not fetched.
    #[error("{address} sends elsewhere: {why}")]
    Redirect {
        /// What was asked for first.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// A document that directs (metadata, feed, list) breaks its format.
    #[error("{address} is not as its format wants it: {why}")]
    Document {
        /// Which document.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The disk.
    #[error("what was fetched cannot be kept")]
    Io(#[from] io::Error),
}
