//! SIP (RFC 3261): a telephone registers with its call manager over UDP.

use std::net::Ipv4Addr;

/// A telephone's registration under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration<'a> {
    pub(crate) phone: Ipv4Addr,
    pub(crate) manager: Ipv4Addr,
    /// Number of the line.
    pub(crate) line: &'a str,
    pub(crate) agent: &'a str,
    /// Hexadecimal, different for every dialogue.
    pub(crate) tag: &'a str,
    pub(crate) sequence: u64,
}

impl Registration<'_> {
    fn dialogue(&self) -> String {
        let Self { phone, manager, line, tag, sequence, .. } = self;
        format!(
            "Via: SIP/2.0/UDP {phone}:5060;branch=z9hG4bK{tag}\r\nFrom: <sip:{line}@{manager}>;tag={tag}\r\nTo: <sip:{line}@{manager}>\r\nCall-ID: {tag}@{phone}\r\nCSeq: {sequence} REGISTER\r\n"
        )
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let Self { phone, manager, line, agent, .. } = self;
        format!(
            "REGISTER sip:{manager} SIP/2.0\r\n{}Max-Forwards: 70\r\nUser-Agent: {agent}\r\nContact: <sip:{line}@{phone}:5060;transport=udp>\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n",
            self.dialogue()
        )
        .into_bytes()
    }

    pub(crate) fn answer(&self, server: &str) -> Vec<u8> {
        let Self { phone, line, .. } = self;
        format!(
            "SIP/2.0 200 OK\r\n{}Server: {server}\r\nContact: <sip:{line}@{phone}:5060;transport=udp>;expires=3600\r\nContent-Length: 0\r\n\r\n",
            self.dialogue()
        )
        .into_bytes()
    }
}
