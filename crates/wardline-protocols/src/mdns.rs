//! Multicast DNS and service discovery (RFC 6762, RFC 6763): names, services and models that hosts announce.
//!
//! In: datagrams. Out: name of each announced address, services of the host they are said of, models and
//! makers of printers and the like, kinds of service asked for. A reflector repeats others' announcements: what stands
//! in a message with the address of its host is said of that address, and only the rest of the speaker.
//! Limits: [`QUERIES_MAX`], [`PAIRS_MAX`].

use crate::dns::message::{self, Message, Name, Record};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use std::net::IpAddr;
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "mdns",
    carriers: &[Carrier::Datagram],
    ports: &[5353],
    probe,
    start: |_| Box::new(Mdns::default()),
};

/// Kinds of service asked for that are noted of one flow.
const QUERIES_MAX: u8 = 32;
/// Text pairs read of one record: printers announce some twenty.
const PAIRS_MAX: usize = 64;

#[derive(Default)]
struct Mdns {
    said: Once,
    queries: u8,
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let usual = probe.port(5353);
    let Ok(message) = message::read(probe.bytes) else { return Verdict::No };
    let head = message.head;
    // RFC 6762 section 18: opcode and response code are zero, and so is the id of what is multicast.
    let shape = head.opcode() == 0 && head.rcode() == 0 && head.flags & 0x0070 == 0;
    let filled = !message.questions.is_empty() || !message.records.is_empty();
    let whole = message.fault.is_none() && message.left == 0;
    let mut names = message.questions.iter().map(|q| &q.name).chain(message.records.iter().map(|r| &r.name));
    let local = names.any(|name| name.ends_with(&["local"]));
    if shape && filled && ((usual && (whole || local)) || (whole && local && head.id == 0)) {
        Verdict::Yes
    } else {
        Verdict::No
    }
}

impl Dissector for Mdns {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match message::read(bytes) {
            Ok(message) => {
                notes.malformed |= matches!(message.fault, Some(Fault::Malformed(_)));
                if message.head.is_response() {
                    self.announcement(side, &message, notes);
                } else {
                    self.question(side, &message, notes);
                }
            }
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Mdns {
    fn question(&mut self, side: Side, message: &Message<'_>, notes: &mut Notes) {
        notes.requester.get_or_insert(side);
        // Only kinds of service: other questions are for the names of people's machines.
        let types = message.questions.iter().filter(|question| service(&question.name).is_some());
        let types = types.map(|question| &question.name).filter(|name| is_type(name));
        for name in types.filter_map(Name::dotted) {
            if self.queries >= QUERIES_MAX || !self.said.is_new((side, &name)) {
                continue;
            }
            self.queries = self.queries.saturating_add(1);
            notes.speaker(side, [Fact::new(Attribute::DnsQuery, &name, 90, "mdns.query")]);
        }
    }

    fn announcement(&mut self, side: Side, message: &Message<'_>, notes: &mut Notes) {
        let said = Announced::of(message);
        for (name, ip) in &said.addresses {
            let label = name.labels.first().filter(|_| name.is_host() && name.labels.len() == 2);
            let fact = label.and_then(|label| Fact::new(Attribute::Hostname, label, 85, "mdns.address"));
            if self.said.is_new((ip, &fact)) {
                notes.address(*ip, [fact]);
            }
        }
        for record in &said.records {
            let (facts, host) = match record.kind {
                12 => {
                    let instance = record.name_in_data(0);
                    (vec![instance.as_ref().and_then(service)], said.host_of(instance.as_ref()))
                }
                16 => (described(record), said.host_of(Some(&record.name))),
                33 => (vec![service(&record.name)], said.host_of(Some(&record.name))),
                _ => continue,
            };
            if !self.said.is_new((side, host, &facts)) {
                continue;
            }
            match host {
                Some(ip) => notes.address(ip, facts),
                None => notes.speaker(side, facts),
            }
        }
    }
}

/// The records of a message that are said of living hosts.
struct Announced<'a> {
    records: Vec<&'a Record<'a>>,
    addresses: Vec<(&'a Name, IpAddr)>,
    /// Service instances and the host each runs on.
    instances: Vec<(&'a Name, Name)>,
}

impl<'a> Announced<'a> {
    fn of(message: &'a Message<'_>) -> Self {
        // Time to live 0 takes an announcement back (RFC 6762 section 10.1).
        let records: Vec<_> = message
            .records
            .iter()
            .filter(|r| r.ttl != 0 && r.class & 0x7fff == 1 && r.section != 2)
            .collect();
        let unicast = |ip: &IpAddr| !ip.is_multicast() && !ip.is_loopback() && !ip.is_unspecified();
        let addresses =
            records.iter().filter_map(|r| Some((&r.name, r.address().filter(unicast)?))).collect();
        let instances = records.iter().filter(|r| r.kind == 33);
        let instances = instances.filter_map(|r| Some((&r.name, r.name_in_data(6)?))).collect();
        Self { records, addresses, instances }
    }

    /// Address of the host that a service instance runs on, when the message tells it.
    fn host_of(&self, instance: Option<&Name>) -> Option<IpAddr> {
        let host = self.instances.iter().find(|(name, _)| Some(*name) == instance).map(|(_, host)| host);
        let addresses = &self.addresses;
        match host {
            Some(host) => addresses.iter().find(|(name, _)| *name == host).map(|(_, ip)| *ip),
            // No SRV record, but one host only in the message: it is that one's.
            None => {
                let (first, ip) = addresses.first()?;
                addresses.iter().all(|(name, _)| name == first).then_some(*ip)
            }
        }
    }
}

/// The service type in an instance's or a type's name: `_ipp._tcp` in `Ward 3._ipp._tcp.local`.
fn service(name: &Name) -> Option<Fact> {
    let [.., service, transport, local] = name.labels.as_slice() else { return None };
    let fits = service.len() > 1 && service.starts_with('_') && local.eq_ignore_ascii_case("local");
    let transport = transport.to_ascii_lowercase();
    // `_services._dns-sd._udp` asks for types and `_device-info` is a description: neither is a service.
    if !fits
        || !matches!(transport.as_str(), "_tcp" | "_udp")
        || service == "_dns-sd"
        || service == "_device-info"
    {
        return None;
    }
    let value = format!("{}.{transport}", service.to_ascii_lowercase());
    Fact::new(Attribute::DnsSdService, &value, 85, "mdns.service")
}

/// Whether a name is a service type, with or without a subtype, not an instance.
fn is_type(name: &Name) -> bool {
    name.labels.first().is_some_and(|label| label.starts_with('_'))
}

/// What a text record tells of the device that offers the service.
fn described(record: &Record<'_>) -> Vec<Option<Fact>> {
    let [.., service, _, _] = record.name.labels.as_slice() else { return Vec::new() };
    let service = service.to_ascii_lowercase();
    let prints = matches!(
        service.as_str(),
        "_ipp" | "_ipps" | "_printer" | "_pdl-datastream" | "_uscan" | "_uscans" | "_scanner"
    );
    let mut facts = Vec::new();
    let mut data = Reader::new(record.data);
    for _ in 0..PAIRS_MAX {
        let Ok(length) = data.u8("text length") else { break };
        let Ok(pair) = data.take(usize::from(length), "text") else { break };
        let Some((key, value)) = text::utf8(pair).and_then(|pair| pair.split_once('=')) else { continue };
        let (attribute, confidence, rule) = match (service.as_str(), key.to_ascii_lowercase().as_str()) {
            ("_device-info", "model") => (Attribute::MdnsModel, 90, "mdns.device-info"),
            (_, "usb_mfg" | "mfg") if prints => (Attribute::Vendor, 85, "mdns.printer-maker"),
            (_, "usb_mdl" | "mdl") if prints => (Attribute::Model, 85, "mdns.printer-model"),
            (_, "ty") if prints => (Attribute::Model, 80, "mdns.printer-type"),
            (_, "product") if prints => (Attribute::Model, 75, "mdns.printer-product"),
            (_, "note") if prints => (Attribute::Location, 70, "mdns.printer-note"),
            _ => continue,
        };
        let value = value.strip_prefix('(').and_then(|v| v.strip_suffix(')')).unwrap_or(value);
        facts.push(Fact::new(attribute, value, confidence, rule));
    }
    facts
}
