//! Dissectors: one flow's bytes become observations.
//!
//! In: the two ordered byte streams of a flow (or its datagrams), gaps shown. Out: [`Notes`]: statements with
//! facts, details of the flow, whether it is encrypted. Patient data ends here: a dissector notes *that* it
//! saw some, never what it said. Nothing here reads a clock, a file or the network.
//!
//! To add a protocol: one file with a `pub const PROTOCOL: Protocol` and one line in [`PROTOCOLS`].
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod arp;
mod astm;
mod bacnet;
mod base64;
mod ber;
mod bgp;
mod carescape;
mod cdp;
mod charset;
mod coap;
mod credential;
mod dcerpc;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dissection;
mod dnp3;
mod dns;
mod dtls;
mod eapol;
mod enip;
mod fhir;
mod ftp;
#[cfg(test)]
mod fuzz_smoke;
mod gtp;
mod hl7;
mod http;
mod icmpv6;
mod imap;
mod intellivue;
mod ipp;
mod json;
mod kerberos;
mod ldap;
mod line;
mod lldp;
mod llmnr;
mod mdns;
mod medibus;
mod modbus;
mod mqtt;
mod mssql;
mod mysql;
mod nbdgm;
mod nbns;
mod notes;
mod ntlm;
mod ntp;
mod once;
mod opcua;
mod phd;
mod pjl;
mod poct1a;
mod pop3;
mod postgres;
mod probe;
mod ptp;
mod quic;
mod radius;
mod rdp;
mod redis;
mod rpc;
mod rtcp;
mod rtp;
mod rtsp;
mod s7comm;
mod sasl;
#[cfg(test)]
mod shared_messages;
mod sip;
mod smb;
mod smtp;
mod snmp;
mod soap;
mod ssdp;
mod ssh;
mod stp;
mod stun;
mod syslog;
mod table;
mod telnet;
#[cfg(test)]
mod testing;
mod text;
mod tftp;
mod tls;
mod vendor;
mod vnc;
mod ws_discovery;
mod xml;
mod zpl;

pub use dissection::{Dissection, Trouble};
pub use notes::{Notes, Said, Who};
pub use probe::{Probe, Verdict};
pub use table::{Carrier, NAMES_WITHIN, PROTOCOLS, Protocol};
pub use vendor::note_vendor;

/// One end of a flow, as the transport sees it. Who is client and who is server is what a dissector learns
/// from the bytes ([`Notes::requester`]); in a flow picked up in the middle either side may be either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Sender of the SYN, else the first seen.
    Opener,
    /// The other.
    Accepter,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Opener => Self::Accepter,
            Self::Accepter => Self::Opener,
        }
    }

    /// Picks this side's of a pair kept as `[opener, accepter]`.
    pub const fn of<T>(self, pair: &mut [T; 2]) -> &mut T {
        let [opener, accepter] = pair;
        match self {
            Self::Opener => opener,
            Self::Accepter => accepter,
        }
    }
}

/// What a dissector answers when given bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not enough: come again when at least this many bytes, counted from the start of what was given, are
    /// there. Nothing was consumed. Above [`Step::MORE_MAX`] the dissector is dropped and counted.
    More(usize),
    /// Go on this many bytes after the start of what was given; may be beyond it, then the rest is left out
    /// as it arrives, over gaps too. Must not be 0.
    Skip(u64),
    /// Nothing more to learn from this flow, in either direction: bytes are only counted from here.
    Done,
    /// The claim was wrong: this is not that protocol. Unconfirmed notes are discarded and other protocols
    /// are tried.
    Withdraw,
}

impl Step {
    /// Most bytes a direction may wait for: a DICOM association request of 64 KiB and its head.
    pub const MORE_MAX: usize = 65_536 + 64;

    /// [`Step::Skip`] over `bytes`.
    #[must_use]
    pub fn skip(bytes: usize) -> Self {
        Self::Skip(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}

/// A dissector of one flow. State is small (below 1 KiB idle) and owned.
pub trait Dissector: Send {
    /// Bytes of one direction, in order, starting where the last [`Step`] of that direction left off; never
    /// empty. For datagrams: one whole datagram per call, and what is not skipped of it is dropped.
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step;

    /// Bytes of one direction are missing (`count` of them, where known) outside a skipped range.
    /// Answer `Skip(1)` or so to go on with what follows (find the next message head first), or `Done`.
    fn gap(&mut self, side: Side, count: Option<u64>, notes: &mut Notes) -> Step {
        let _ = (side, count, notes);
        Step::Done
    }

    /// Nothing more will come of this flow: it was closed, fell silent, or the capture ends. The place to say
    /// what waited for more (a greeting without an answer, a message without its end).
    fn end(&mut self, notes: &mut Notes) {
        let _ = notes;
    }
}
