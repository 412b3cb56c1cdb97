//! Link-local multicast name resolution (RFC 4795): names that hosts answer to.
//!
//! In: datagrams, or a stream of messages behind two bytes of length. Out: the name of a local address from an answer, with little trust, since spoofing tools
//! answer everything. Refuses: names asked for, which are others'. Limit: those of the DNS message.

use crate::dns::{is_message, message, probe_framed};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use wardline_model::{Attribute, Fact, is_device_address};
use wardline_wire::Fault;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "llmnr",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[5355],
    probe,
    start: |carrier| Box::new(Llmnr { stream: carrier == Carrier::Stream, ..Llmnr::default() }),
};

#[derive(Default)]
struct Llmnr {
    stream: bool,
    said: Once,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    // The format is that of DNS: only the port tells them apart.
    if !probe.port(5355) {
        return Verdict::No;
    }
    if probe.carrier == Carrier::Stream {
        return probe_framed(probe, true);
    }
    if is_message(probe.bytes, true) { Verdict::Yes } else { Verdict::No }
}

impl Dissector for Llmnr {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.stream {
            self.message(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        let Some((&[a, b], rest)) = bytes.split_first_chunk::<2>() else { return Step::More(2) };
        let length = usize::from(u16::from_be_bytes([a, b]));
        let whole = length.saturating_add(2);
        let Some(message) = rest.get(..length) else { return Step::More(whole) };
        self.message(side, message, notes);
        Step::skip(whole)
    }
}

impl Llmnr {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        if let Ok(message) = message::read(bytes) {
            notes.malformed |= matches!(message.fault, Some(Fault::Malformed(_)));
            let response = message.head.is_response();
            notes.requester.get_or_insert(if response { side.peer() } else { side });
            let answers = message.records.iter().filter(|r| response && r.section == 1 && r.class == 1);
            for record in answers {
                let Some(ip) = record.address().filter(|ip| is_device_address(*ip)) else { continue };
                let name = record.name.labels.first().filter(|_| record.name.is_host());
                let fact = name.and_then(|name| Fact::new(Attribute::Hostname, name, 40, "llmnr.answer"));
                if self.said.is_new((ip, &fact)) {
                    notes.address(ip, [fact]);
                }
            }
        } else {
            notes.malformed = true;
        }
    }
}
