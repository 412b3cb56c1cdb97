//! Pages and a first API over TLS. Everything goes through `wardline-app`; nothing here knows the store.
//!
//! In: requests of browsers and programs. Out: pages that work without script, JSON under `/api`, and problems as
//! `application/problem+json` (RFC 9457) where JSON was asked for. [`ROUTES`] is the table of all of them, each with
//! what it needs; the router is made from it, so that there is no route without.
//!
//! Limits, each with its reason beside it: connections at once, time for the handshake, for the head and for the body
//! of a request, bytes of a body, sign-in attempts per address.

mod guard;
mod page;
mod route;
mod serve;
#[cfg(test)]
mod tests;
mod tls;

pub use route::ROUTES;
pub use serve::{Server, WebError};
pub use tls::{Certificate, make_certificate};
