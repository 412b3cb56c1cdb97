//! Feeds fetched from a real server (nginx), advisories signed by a real OpenPGP program (GnuPG).

mod provider;
mod server;
mod transfer;
