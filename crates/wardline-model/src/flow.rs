//! Flows: who talked to whom, in what protocol.

use crate::{Mac, Timestamp};
use std::net::IpAddr;

/// One end of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Network address; link-layer protocols have none.
    pub ip: Option<IpAddr>,
    /// TCP or UDP port.
    pub port: Option<u16>,
    /// MAC of the frames that came from this end, where the link has any.
    pub mac: Option<Mac>,
}

/// What carries a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A link-layer protocol (ARP, LLDP, CDP, …).
    Link,
    /// ICMP or ICMPv6.
    Icmp,
    /// IGMP.
    Igmp,
    /// Another IP protocol, by number.
    Ip(u8),
    /// Stream.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Transport {
    /// The name in documents: `tcp`, `udp`, `icmp`, `igmp`, `link`, or `ip-<number>`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Link => "link".into(),
            Self::Icmp => "icmp".into(),
            Self::Igmp => "igmp".into(),
            Self::Ip(number) => format!("ip-{number}"),
            Self::Tcp => "tcp".into(),
            Self::Udp => "udp".into(),
        }
    }
}

macro_rules! detail_keys {
    ($($name:ident = $text:literal,)*) => {
        /// A detail of a flow: keys of `flows[].details` of `analyze --format json`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each key is named by its text, the contract of DESIGN section 4")]
        pub enum DetailKey { $($name,)* }

        impl DetailKey {
            /// Every key, in the order of their texts.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The key in documents.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

detail_keys! {
    Alpn = "alpn",
    Application = "application",
    CalledAe = "called_ae",
    CallingAe = "calling_ae",
    CertificateIssuer = "certificate_issuer",
    CertificateSubject = "certificate_subject",
    Cipher = "cipher",
    Community = "community",
    HostKey = "host_key",
    Hostname = "hostname",
    HttpHost = "http_host",
    ImplementationUid = "implementation_uid",
    ImplementationVersion = "implementation_version",
    Ja3 = "ja3",
    Ja4 = "ja4",
    MessageTypes = "message_types",
    ReceivingApplication = "receiving_application",
    Rejected = "rejected",
    SendingApplication = "sending_application",
    Server = "server",
    Sni = "sni",
    SshClient = "ssh_client",
    SshServer = "ssh_server",
    TlsVersion = "tls_version",
    Tunnel = "tunnel",
    User = "user",
    UserAgent = "user_agent",
}

/// A finished flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowRecord {
    /// Earliest packet.
    pub start: Timestamp,
    /// Latest packet.
    pub end: Timestamp,
    /// Sender of the SYN, else of the first request, else the first seen.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// What carries it.
    pub transport: Transport,
    /// VLAN ids seen, sorted.
    pub vlan: Vec<u16>,
    /// Outermost application recognised by its own bytes; `unknown` otherwise.
    pub protocol: &'static str,
    /// Whether the payload is encrypted after negotiation.
    pub encrypted: bool,
    /// Packets from client to server.
    pub packets_to_server: u64,
    /// Packets from server to client.
    pub packets_to_client: u64,
    /// IP bytes from client to server.
    pub bytes_to_server: u64,
    /// IP bytes from server to client.
    pub bytes_to_client: u64,
    /// Known details; several values of a key are separated by `, `.
    pub details: Vec<(DetailKey, Box<str>)>,
}
