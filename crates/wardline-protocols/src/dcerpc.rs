//! DCE/RPC (C706 chapter 12, MS-RPCE section 2.2): connection-oriented over TCP, connectionless over UDP.
//!
//! In: a stream of fragments, or datagrams, in either byte order. Out: the interfaces that a server accepts or
//! answers or has mapped, names inside NTLM logins, whether calls are encrypted. Calls are stepped over by their length, never
//! read, save the endpoint mapper's answers. Limits: [`CONTEXTS_MAX`], [`WANTED_MAX`].

mod endpoint;
mod interface;

use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, ntlm};
use interface::Uuid;
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "dcerpc",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[135, 34_964],
    probe,
    start: |carrier| Box::new(Dcerpc { stream: carrier == Carrier::Stream, ..Dcerpc::default() }),
};

/// Presentation contexts read of an offer; clients offer below ten.
const CONTEXTS_MAX: usize = 32;
/// Longest negotiation waited for: its login may hold a Kerberos ticket.
const WANTED_MAX: usize = 16_384;
/// Bytes of a fragment's common head.
const HEAD: usize = 16;
/// Bytes of a login's trailer before the token.
const TRAILER: usize = 8;
/// Bytes of a datagram's head.
const DATAGRAM_HEAD: usize = 80;

/// Kinds of fragments.
const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
const BIND_NAK: u8 = 13;
const ALTER: u8 = 14;
const ALTER_ANSWER: u8 = 15;
const AUTH3: u8 = 16;
const ORPHANED: u8 = 19;
/// Protection level: calls are encrypted (MS-RPCE section 2.2.1.1.8).
const PRIVACY: u8 = 6;

/// The head that all fragments share.
struct Head {
    kind: u8,
    little: bool,
    length: usize,
    auth: usize,
}

/// Reads a head; `None` when the bytes are none. Fields that are not there yet are not judged.
fn head(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let fits = |at: usize, fits: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
    let shape = fits(0, &|b| b == 5)
        && fits(1, &|b| b <= 1)
        && fits(2, &|b| matches!(b, REQUEST | RESPONSE | FAULT | BIND..=ORPHANED))
        // Byte order, with ASCII; a floating point format; nothing.
        && fits(4, &|b| b & 0xef == 0)
        && fits(5, &|b| b <= 3)
        && fits(6, &|b| b == 0)
        && fits(7, &|b| b == 0);
    if !shape {
        return Ok(None);
    }
    let mut reader = Reader::new(bytes);
    let [_, _, kind, _, order] = reader.array("fragment head")?;
    reader.skip(3, "formats")?;
    let little = order != 0;
    let length = usize::from(u16_of(&mut reader, little)?);
    let auth = usize::from(u16_of(&mut reader, little)?);
    reader.skip(4, "call id")?;
    let least = match kind {
        REQUEST | RESPONSE | FAULT => 24,
        BIND | ALTER => 28,
        BIND_ACK | ALTER_ANSWER => 26,
        _ => HEAD,
    };
    let login = if auth == 0 { 0 } else { auth.saturating_add(TRAILER) };
    let whole = length >= least && HEAD.saturating_add(login) <= length;
    Ok(whole.then_some(Head { kind, little, length, auth }))
}

fn u16_of(reader: &mut Reader<'_>, little: bool) -> Result<u16, Fault> {
    if little { reader.u16_le("field") } else { reader.u16("field") }
}

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Datagram {
        return if datagram(probe.bytes).is_some() { Verdict::Yes } else { Verdict::No };
    }
    match head(probe.bytes) {
        Ok(Some(_)) => Verdict::Yes,
        Ok(None) => Verdict::No,
        Err(_) => Verdict::More,
    }
}

/// A datagram's kind and interface (C706 section 12.5); `None` when it is none.
fn datagram(bytes: &[u8]) -> Option<(u8, Uuid)> {
    let (&[4, kind, _, more_flags, order, real, 0, _], _) = bytes.split_first_chunk::<8>()? else {
        return None;
    };
    // The flags that are nobody's are zero.
    if kind > 10 || more_flags & 0xfc != 0 || order & 0xef != 0 || real > 3 {
        return None;
    }
    let little = order != 0;
    let mut reader = Reader::new(bytes);
    reader.skip(24, "head and object").ok()?;
    let interface = Uuid::read(&mut reader, little).ok()?;
    reader.skip(34, "activity to hints").ok()?;
    let length = usize::from(u16_of(&mut reader, little).ok()?);
    reader.skip(2, "fragment number").ok()?;
    let [login, _] = reader.array("login and serial").ok()?;
    let whole = DATAGRAM_HEAD.saturating_add(length);
    let fits = if login == 0 { bytes.len() == whole } else { bytes.len() >= whole };
    (fits && !interface.is_nil()).then_some((kind, interface))
}

/// A conversation: of a flow, or inside of named pipes.
#[derive(Default)]
pub(crate) struct Dcerpc {
    stream: bool,
    said: Once,
    /// Interfaces offered, until they are answered.
    offered: Vec<Uuid>,
    /// The endpoint mapper is asked, in calls that can be read.
    mapper: bool,
}

impl Dissector for Dcerpc {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.stream {
            self.datagram(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        let head = match head(bytes) {
            Ok(Some(head)) => head,
            Ok(None) => {
                notes.malformed = true;
                return Step::Done;
            }
            Err(_) => return Step::More(HEAD),
        };
        let asks = matches!(head.kind, REQUEST | BIND | ALTER | AUTH3 | 18 | ORPHANED);
        notes.requester.get_or_insert(if asks { side } else { side.peer() });
        if !matches!(head.kind, BIND..=AUTH3) || head.kind == BIND_NAK || head.length > WANTED_MAX {
            // Calls before any login travel in clear.
            if matches!(head.kind, REQUEST | RESPONSE) {
                notes.encrypted.get_or_insert(false);
            }
            if self.mapper && head.kind == RESPONSE && head.length <= endpoint::ANSWER_MAX {
                let Some(answer) = bytes.get(..head.length) else { return Step::More(head.length) };
                self.mapped(side, answer, notes);
            }
            return Step::skip(head.length);
        }
        let Some(fragment) = bytes.get(..head.length) else { return Step::More(head.length) };
        notes.malformed |= self.negotiation(side, &head, fragment, notes).is_err();
        Step::skip(head.length)
    }
}

impl Dcerpc {
    /// What a named pipe carries: a fragment as it was written or read at once.
    pub(crate) fn pipe(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let Ok(Some(head)) = head(bytes) else { return };
        if matches!(head.kind, BIND | BIND_ACK | ALTER | ALTER_ANSWER | AUTH3)
            && let Some(fragment) = bytes.get(..head.length)
        {
            notes.malformed |= self.negotiation(side, &head, fragment, notes).is_err();
        }
    }

    fn datagram(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let Some((kind, interface)) = datagram(bytes) else {
            notes.malformed = true;
            return;
        };
        match kind {
            REQUEST => _ = notes.requester.get_or_insert(side),
            RESPONSE | FAULT | 4 => {
                notes.requester.get_or_insert(side.peer());
                self.offers(side, &interface, "dcerpc.answer", notes);
            }
            _ => {}
        }
    }

    fn negotiation(&mut self, side: Side, head: &Head, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        if head.auth > 0 {
            let start = bytes.len().saturating_sub(head.auth.saturating_add(TRAILER));
            let login = bytes.get(start..).unwrap_or_default();
            if let Some(level) = login.get(1).filter(|_| self.stream) {
                notes.encrypted = Some(*level == PRIVACY || notes.encrypted == Some(true));
            }
            if let Some(message) = ntlm::find(login) {
                self.tell(side, message.facts(notes.time), notes);
            }
        }
        match head.kind {
            BIND | ALTER => self.offered = offer(bytes, head.little)?,
            BIND_ACK | ALTER_ANSWER => {
                let offered = std::mem::take(&mut self.offered);
                for interface in accepted(bytes, head.little, &offered)? {
                    self.mapper |= interface.is_mapper() && head.little;
                    self.offers(side, interface, "dcerpc.bind", notes);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Interfaces in an answer of the endpoint mapper: those of the host itself.
    fn mapped(&mut self, side: Side, answer: &[u8], notes: &mut Notes) {
        for interface in endpoint::towers(answer).unwrap_or_default() {
            let fact = Fact::new(Attribute::DcerpcInterface, &interface.name(), 90, "dcerpc.endpoint");
            self.tell(side, [fact], notes);
        }
    }

    fn offers(&mut self, side: Side, interface: &Uuid, rule: &'static str, notes: &mut Notes) {
        let fact = Fact::new(Attribute::DcerpcInterface, &interface.name(), 95, rule);
        self.tell(side, [fact], notes);
    }

    fn tell<const N: usize>(&mut self, side: Side, facts: [Option<Fact>; N], notes: &mut Notes) {
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

/// The interfaces of an offer, in order.
fn offer(bytes: &[u8], little: bool) -> Result<Vec<Uuid>, Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(HEAD.saturating_add(8), "sizes and group")?;
    let count = usize::from(reader.u8("context count")?);
    reader.skip(3, "reserved")?;
    let mut offered = Vec::new();
    for _ in 0..count.min(CONTEXTS_MAX) {
        reader.skip(2, "context id")?;
        let syntaxes = usize::from(reader.u8("syntax count")?);
        reader.skip(1, "reserved")?;
        offered.push(Uuid::read(&mut reader, little)?);
        reader.skip(4, "interface version")?;
        reader.skip(syntaxes.saturating_mul(20), "transfer syntaxes")?;
    }
    Ok(offered)
}

/// Those of the offered interfaces that the answer accepts.
fn accepted<'a>(bytes: &[u8], little: bool, offered: &'a [Uuid]) -> Result<Vec<&'a Uuid>, Fault> {
    let mut reader = Reader::new(bytes);
    reader.skip(HEAD.saturating_add(8), "sizes and group")?;
    let address = usize::from(u16_of(&mut reader, little)?);
    reader.skip(address, "secondary address")?;
    let read = bytes.len().saturating_sub(reader.len());
    let padding = read.next_multiple_of(4).saturating_sub(read);
    reader.skip(padding, "padding")?;
    let count = usize::from(reader.u8("result count")?);
    reader.skip(3, "reserved")?;
    let mut accepted = Vec::new();
    for interface in offered.iter().take(count) {
        let result = u16_of(&mut reader, little)?;
        reader.skip(22, "reason and syntax")?;
        if result == 0 {
            accepted.push(interface);
        }
    }
    Ok(accepted)
}
