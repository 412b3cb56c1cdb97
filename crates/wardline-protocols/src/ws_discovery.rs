//! WS-Discovery 1.1 (OASIS 2009) and 1.0 (2005), SOAP over UDP: who offers web services on this link.
//!
//! In: datagrams, multicast searches and announcements as well as answers to one. Out: types, place and names
//! of what is announced: printers, cameras (ONVIF), Windows computers, medical devices (IEEE 11073-20702),
//! and whether the latter offer their services without TLS. What is searched for is not told.

use crate::once::Once;
use crate::soap::{self, Envelope, Kind, Service};
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use memchr::memmem;
use wardline_model::{Attribute, Fact};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ws-discovery",
    carriers: &[Carrier::Datagram],
    ports: &[3702],
    probe,
    start: |_| Box::new(WsDiscovery::default()),
};

/// Bytes in which an envelope binds the namespace of its header.
const HEAD_MAX: usize = 4_096;

#[derive(Default)]
struct WsDiscovery {
    said: Once,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(probe.bytes).trim_ascii_start();
    if bytes.first() != Some(&b'<') {
        return Verdict::No;
    }
    let head = bytes.get(..HEAD_MAX).unwrap_or(bytes);
    let has = |text: &[u8]| memmem::find(head, text).is_some();
    let discovery = has(b"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01")
        || has(b"http://schemas.xmlsoap.org/ws/2005/04/discovery");
    if discovery && has(b"Envelope") { Verdict::Yes } else { Verdict::No }
}

impl Dissector for WsDiscovery {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let envelope = soap::read(bytes);
        notes.malformed |= !envelope.is_soap;
        match envelope.kind {
            Kind::Matches => notes.requester = Some(side.peer()),
            Kind::Hello | Kind::Bye | Kind::Search => notes.requester = Some(side),
            Kind::Other => {}
        }
        announced(side, envelope, &mut self.said, notes);
        Step::skip(bytes.len())
    }
}

/// Says what is announced: of the sender when it is one service, of their addresses when they are several (a
/// discovery proxy answers for others).
pub(crate) fn announced(side: Side, envelope: Envelope, said: &mut Once, notes: &mut Notes) {
    let several = envelope.services.len() > 1;
    for service in envelope.services {
        let Service { facts, plain, medical, address } = service;
        let weak = plain && medical;
        let weakness = Fact::new(Attribute::Weakness, "sdc-without-tls", 90, "sdc.address").filter(|_| weak);
        let facts: Vec<Option<Fact>> = facts.into_iter().map(Some).chain([weakness]).collect();
        if !said.is_new((side, &facts, address.filter(|_| several))) {
            continue;
        }
        match (several, address) {
            (false, _) => notes.speaker(side, facts),
            (true, Some(address)) => notes.address(address, facts),
            (true, None) => {}
        }
    }
}
