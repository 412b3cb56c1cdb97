//! DNS (RFC 1035, RFC 2136 updates) over UDP and TCP: what a host asks for, which local address has which name.
//!
//! In: datagrams, or a stream of messages behind two bytes of length. Out: names asked for, names of local
//! addresses from answers and updates. Refuses: data of other records. Limit: [`QUERIES_MAX`] per flow.

pub(crate) mod message;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict};
use message::{Message, Name, Record};
use std::net::IpAddr;
use wardline_model::{Attribute, Fact, is_device_address};
use wardline_wire::Fault;

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dns",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[53],
    probe,
    start: |_| Box::new(Dns::default()),
};

/// Different names noted of one flow: a resolver's single flow could name the whole Internet.
const QUERIES_MAX: u8 = 32;
/// Opcode of an update, whose authority section holds what is registered.
const UPDATE: u16 = 5;

/// How messages are set apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Datagram,
    Length,
}

#[derive(Default)]
struct Dns {
    framing: Option<Framing>,
    said: Once,
    queries: u8,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    // The name service of NetBIOS has the same head; a broken message of it is no DNS.
    if probe.port(137) && !probe.port(53) {
        return Verdict::No;
    }
    if is_message(probe.bytes, probe.port(53)) {
        return Verdict::Yes;
    }
    probe_framed(probe, probe.port(53))
}

/// Whether a stream, or datagrams cut like one, begin with a message behind two bytes of length.
pub(crate) fn probe_framed(probe: &Probe<'_>, usual_port: bool) -> Verdict {
    let Some((&[a, b], rest)) = probe.bytes.split_first_chunk::<2>() else { return Verdict::More };
    let length = usize::from(u16::from_be_bytes([a, b]));
    // Shorter than a head with a question, or longer than what can be kept to look at.
    if length < 17 || (length > 4096 && !usual_port) {
        return Verdict::No;
    }
    let message = rest.get(..length.min(rest.len())).unwrap_or(rest);
    match is_plausible(message) {
        Ok(_) if message.len() == length || usual_port => Verdict::Yes,
        Ok(_) | Err(Fault::Truncated(_)) if message.len() < length => Verdict::More,
        _ => Verdict::No,
    }
}

/// Whether these bytes are one whole DNS message, or at its port a plausible start of one.
pub(crate) fn is_message(bytes: &[u8], usual_port: bool) -> bool {
    is_plausible(bytes).is_ok_and(|message| usual_port || (message.fault.is_none() && message.left == 0))
}

/// Reads a message whose head and first question are as DNS writes them.
fn is_plausible(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let head = message::head(bytes)?;
    let [questions, answers, authorities, additionals] = head.counts;
    let reserved = head.flags & 0x0040 != 0;
    let opcode = matches!(head.opcode(), 0 | 2 | 4 | UPDATE);
    // A query brings nothing but its question, an IXFR's or NOTIFY's SOA, EDNS and a signature.
    let asks = head.is_response() || head.opcode() == UPDATE || (answers <= 1 && authorities <= 1);
    let small = additionals <= 64 && answers <= 4096 && authorities <= 256;
    if reserved || !opcode || !asks || !small || questions != 1 || (!head.is_response() && head.rcode() != 0)
    {
        return Err(Fault::Malformed("DNS head"));
    }
    let message = message::read(bytes)?;
    let known = message.questions.iter().all(|question| {
        let kind = matches!(question.kind, 1..=300 | 32768 | 32769 | 65280..);
        kind && matches!(question.class, 1 | 3 | 4 | 254 | 255)
    });
    known.then_some(message).ok_or(Fault::Malformed("DNS question"))
}

impl Dissector for Dns {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        let datagram = || if is_message(bytes, true) { Framing::Datagram } else { Framing::Length };
        if *self.framing.get_or_insert_with(datagram) == Framing::Datagram {
            self.message(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        let Some((&[a, b], rest)) = bytes.split_first_chunk::<2>() else { return Step::More(2) };
        let length = usize::from(u16::from_be_bytes([a, b]));
        let whole = length.saturating_add(2);
        let Some(message) = rest.get(..length) else { return Step::More(whole) };
        if length < 12 {
            notes.malformed = true;
            return Step::Done;
        }
        self.message(side, message, notes);
        Step::skip(whole)
    }
}

impl Dns {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let Ok(message) = message::read(bytes) else {
            notes.malformed = true;
            return;
        };
        notes.malformed |= matches!(message.fault, Some(Fault::Malformed(_)));
        let response = message.head.is_response();
        let client = if response { side.peer() } else { side };
        notes.requester.get_or_insert(client);
        if message.head.opcode() == UPDATE {
            if !response {
                self.answers(&message, 2, ("dns.update", 70), notes);
            }
            return;
        }
        let asked = message.questions.first().filter(|_| message.head.opcode() == 0);
        if let Some(name) = asked.map(|question| &question.name).filter(|name| !name.ends_with(&["arpa"])) {
            self.query(client, name, notes);
        }
        if response && message.head.rcode() == 0 {
            self.answers(&message, 1, ("dns.answer", 50), notes);
        }
    }

    fn query(&mut self, client: Side, name: &Name, notes: &mut Notes) {
        let Some(name) = name.dotted() else { return };
        if self.queries < QUERIES_MAX && self.said.is_new((client, &name)) {
            self.queries = self.queries.saturating_add(1);
            notes.speaker(client, [Fact::new(Attribute::DnsQuery, &name, 90, "dns.query")]);
        }
    }

    /// Names of local addresses in one section.
    fn answers(&mut self, message: &Message<'_>, section: u8, rule: (&'static str, u8), notes: &mut Notes) {
        for record in message.records.iter().filter(|r| r.section == section && r.class == 1) {
            let Some((ip, name)) = binding(record) else { continue };
            if is_device_address(ip) && name.is_host() && self.said.is_new((ip, &name)) {
                let text = name.dotted().unwrap_or_default();
                notes.address(ip, [Fact::new(Attribute::Hostname, &text, rule.1, rule.0)]);
            }
        }
    }
}

/// The address and name that an A, AAAA or reverse PTR record ties together.
fn binding(record: &Record<'_>) -> Option<(IpAddr, Name)> {
    match record.kind {
        12 => Some((record.name.reversed_address()?, record.name_in_data(0)?)),
        _ => Some((record.address()?, record.name.clone())),
    }
}
