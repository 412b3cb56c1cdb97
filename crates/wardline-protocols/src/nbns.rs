//! NetBIOS name service (RFC 1002 section 4.2): names that Windows hosts register and answer to.
//!
//! In: datagrams. Out: unique names of the speaker from registrations, refreshes and node status, with the
//! station's MAC from the latter; names of local addresses from answers, with little trust, since spoofing
//! tools answer everything. Refuses: group names (a domain is not a host). Limit: [`NAMES_MAX`].

use crate::dns::message::{self, Message, Name, Record};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact, Mac, is_device_address};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "nbns",
    carriers: &[Carrier::Datagram],
    ports: &[137],
    probe,
    start: |_| Box::new(Nbns::default()),
};

/// Names read of a node status: the field counts to 255, hosts have below 20.
const NAMES_MAX: usize = 64;
/// Record type of names with addresses.
const NAME: u16 = 0x20;
/// Record type of node status.
const STATUS: u16 = 0x21;
/// Flag of a group name.
const GROUP: u16 = 0x8000;

#[derive(Default)]
struct Nbns {
    said: Once,
}

/// A NetBIOS name: 15 characters and what kind of service it names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NetbiosName {
    /// Characters, without the padding.
    pub(crate) text: String,
    /// Kind: 00 workstation, 20 file server, …
    pub(crate) suffix: u8,
}

impl NetbiosName {
    /// From the sixteen bytes; `None` when they are not printable ASCII, whatever code page they are in.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let (&suffix, name) = bytes.split_last()?;
        let text = text::ascii(name)?;
        (text != "*").then(|| Self { text: text.to_owned(), suffix })
    }

    /// From a first label of 32 letters, two for each byte (RFC 1001 section 14.1).
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        Self::from_bytes(decode(label)?)
    }

    /// The facts of a unique name: workstation and server names are the host's own; a domain controller's tells
    /// its part. Others name users or domains.
    pub(crate) fn facts(&self, confidence: u8, rule: &'static str) -> [Option<Fact>; 2] {
        let Self { text, suffix } = self;
        let own = matches!(suffix, 0x00 | 0x20);
        let told = format!("{text}<{suffix:02X}>");
        [
            (own || *suffix == 0x1b)
                .then(|| Fact::new(Attribute::NetbiosName, &told, confidence, rule))
                .flatten(),
            own.then(|| Fact::new(Attribute::Hostname, text, confidence, rule)).flatten(),
        ]
    }
}

fn decode(label: &str) -> Option<[u8; 16]> {
    let (pairs, rest) = label.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 16];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|letter| letter.checked_sub(b'A').filter(|half| *half < 16));
        *byte = (high? << 4) | low?;
    }
    Some(bytes)
}

fn is_encoded(name: &Name) -> bool {
    name.labels.first().is_some_and(|label| decode(label).is_some())
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let Ok(message) = message::read(probe.bytes) else { return Verdict::No };
    let question = message.questions.first().map(|q| (&q.name, q.kind, q.class));
    let first = question.or(message.records.first().map(|r| (&r.name, r.kind, r.class)));
    match first {
        Some((name, NAME | STATUS, 1)) if is_encoded(name) => Verdict::Yes,
        // Negative answers may carry a NULL record.
        Some((name, 0x0a, 1)) if is_encoded(name) && probe.port(137) => Verdict::Yes,
        _ => Verdict::No,
    }
}

impl Dissector for Nbns {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        match message::read(bytes) {
            Ok(message) => self.message(side, &message, notes),
            Err(_) => notes.malformed = true,
        }
        Step::skip(bytes.len())
    }
}

impl Nbns {
    fn message(&mut self, side: Side, message: &Message<'_>, notes: &mut Notes) {
        notes.malformed |= matches!(message.fault, Some(Fault::Malformed(_)));
        let response = message.head.is_response();
        notes.requester.get_or_insert(if response { side.peer() } else { side });
        match (response, message.head.opcode()) {
            // Registration, refresh (both codes in use), multi-homed registration.
            (false, 5 | 8 | 9 | 15) => self.registered(side, message, notes),
            (true, 0) if message.head.rcode() == 0 => {
                for record in message.records.iter().filter(|record| record.section == 1) {
                    match record.kind {
                        NAME => self.answered(record, notes),
                        STATUS if self.status(side, record, notes).is_err() => notes.malformed = true,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn registered(&mut self, side: Side, message: &Message<'_>, notes: &mut Notes) {
        let record = message.records.iter().find(|r| r.section == 3 && r.kind == NAME);
        let Some(mut data) = record.map(|record| Reader::new(record.data)) else { return };
        let name = message.questions.first().and_then(|q| NetbiosName::from_label(q.name.labels.first()?));
        if let (Some(name), Ok(flags)) = (name, data.u16("name flags"))
            && flags & GROUP == 0
            && self.said.is_new((side, &name))
        {
            notes.speaker(side, name.facts(80, "nbns.registration"));
        }
    }

    fn answered(&mut self, record: &Record<'_>, notes: &mut Notes) {
        let Some(name) = record.name.labels.first().and_then(|l| NetbiosName::from_label(l)) else { return };
        let mut data = Reader::new(record.data);
        for _ in 0..NAMES_MAX {
            let (Ok(flags), Ok(ip)) = (data.u16("name flags"), data.array::<4>("name address")) else {
                break;
            };
            let ip = std::net::IpAddr::from(ip);
            if flags & GROUP == 0 && is_device_address(ip) && self.said.is_new((ip, &name)) {
                notes.address(ip, name.facts(40, "nbns.answer"));
            }
        }
    }

    fn status(&mut self, side: Side, record: &Record<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let mut data = Reader::new(record.data);
        let count = usize::from(data.u8("name count")?);
        let mut facts = Vec::new();
        for place in 0..count {
            let name = data.array("node name")?;
            let flags = data.u16("node name flags")?;
            if flags & GROUP == 0 && place < NAMES_MAX {
                facts.extend(NetbiosName::from_bytes(name).map(|n| n.facts(85, "nbns.status")));
            }
        }
        let mut facts: Vec<_> = facts.into_iter().flatten().collect();
        // The statistics begin with the adapter's address; Samba leaves it zero.
        let mac = data.array("node address").map(Mac).ok().filter(|mac| mac.is_station());
        facts.push(mac.and_then(|mac| Fact::new(Attribute::Mac, &mac.to_string(), 85, "nbns.status")));
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
        Ok(())
    }
}
