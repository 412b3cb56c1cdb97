//! LDAP (RFC 4511) over TCP, and its connectionless form with which Windows looks for domain controllers
//! (MS-ADTS section 6.3).
//!
//! In: a stream of messages, or datagrams of them. Out: what the directory says of itself (root entry, answer
//! to a NETLOGON ping), names inside NTLM logins, passwords that were accepted in clear, whether a security
//! layer encrypts what follows. After StartTLS the rest is handed over. Never read: entries, filters, users.
//! Limits: [`WANTED_MAX`], [`MESSAGE_MAX`].

mod root;

use crate::ber::{self, ENUMERATED, INTEGER, OCTETS, SEQUENCE, element, expect};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, ntlm};
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "ldap",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[389, 3268],
    probe,
    start: |carrier| Box::new(Ldap { stream: carrier == Carrier::Stream, ..Ldap::default() }),
};

/// Longest message read whole: root entries take some 4 KiB, logins with a Kerberos ticket up to 12.
const WANTED_MAX: usize = 16_384;
/// Longest message stepped over; directories refuse larger ones.
const MESSAGE_MAX: usize = 64 << 20;
/// Messages read of one datagram: an entry and the end of the search.
const DATAGRAM_MESSAGES_MAX: usize = 16;
/// Most bytes at a message's start that tell what it is.
const START_MAX: usize = 32;

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const MODIFY: u8 = 0x66;
const MODIFY_RESPONSE: u8 = 0x67;
const ADD: u8 = 0x68;
const ADD_RESPONSE: u8 = 0x69;
const DELETE: u8 = 0x4a;
const DELETE_RESPONSE: u8 = 0x6b;
const RENAME: u8 = 0x6c;
const RENAME_RESPONSE: u8 = 0x6d;
const COMPARE: u8 = 0x6e;
const COMPARE_RESPONSE: u8 = 0x6f;
const ABANDON: u8 = 0x50;
const REFERENCE: u8 = 0x73;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
/// Controls behind an operation.
const CONTROLS: u8 = 0xa0;
/// How a login proves itself: by password, by SASL, by the three steps of Windows before that.
const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xa3;
const SICILY: std::ops::RangeInclusive<u8> = 0x89..=0x8b;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// A message's head: where its operation stands and how long all of it is.
struct Head<'a> {
    whole: usize,
    operation: u8,
    /// What is there of the operation's content.
    content: Reader<'a>,
    length: usize,
    /// Bytes of the message behind the operation.
    behind: usize,
}

fn head(bytes: &[u8]) -> Result<Head<'_>, Fault> {
    let mut reader = Reader::new(bytes);
    let (sequence, length) = ber::head(&mut reader)?;
    if sequence != SEQUENCE {
        return Err(Fault::Malformed("LDAP message"));
    }
    let at = |reader: &Reader<'_>| bytes.len().saturating_sub(reader.len());
    let whole = at(&reader).saturating_add(length);
    let (kind, width) = ber::head(&mut reader)?;
    if kind != INTEGER || !(1..=5).contains(&width) {
        return Err(Fault::Malformed("LDAP message id"));
    }
    let id = reader.take(width, "LDAP message id")?;
    if id.first().is_some_and(|first| *first >= 0x80) {
        return Err(Fault::Malformed("LDAP message id"));
    }
    let (operation, length) = ber::head(&mut reader)?;
    let end = at(&reader).saturating_add(length);
    let behind = whole.checked_sub(end).ok_or(Fault::Malformed("LDAP operation"))?;
    Ok(Head { whole, operation, content: Reader::new(reader.take_up_to(length)), length, behind })
}

/// Whether the operation's first fields are those the standard wants.
fn is_operation(head: &Head<'_>) -> Result<bool, Fault> {
    let mut content = head.content;
    let mut tag = || -> Result<(u8, usize), Fault> { ber::head(&mut content) };
    Ok(match head.operation {
        BIND_REQUEST => {
            let start = content.array::<4>("bind version")?;
            matches!(start, [INTEGER, 1, 1..=3, OCTETS])
        }
        BIND_RESPONSE | SEARCH_DONE | MODIFY_RESPONSE | ADD_RESPONSE | DELETE_RESPONSE | RENAME_RESPONSE
        | COMPARE_RESPONSE | EXTENDED_RESPONSE => {
            let start = content.array::<4>("result")?;
            matches!(start, [ENUMERATED, 1, 0..=0x7f, OCTETS])
        }
        SEARCH_REQUEST => {
            let base = expect(&mut content, OCTETS)?;
            let start = content.array::<6>("scope")?;
            base.len() <= WANTED_MAX && matches!(start, [ENUMERATED, 1, 0..=3, ENUMERATED, 1, 0..=3])
        }
        SEARCH_ENTRY | MODIFY | ADD | RENAME | COMPARE => {
            expect(&mut content, OCTETS)?;
            let next = content.u8("entry")?;
            next == if head.operation == RENAME { OCTETS } else { SEQUENCE }
        }
        REFERENCE => tag()?.0 == OCTETS && content.take_up_to(4) == b"ldap",
        EXTENDED_REQUEST => {
            let (kind, length) = tag()?;
            kind == 0x80 && length > 3 && content.u8("object")?.is_ascii_digit()
        }
        INTERMEDIATE => matches!(tag()?.0, 0x80 | 0x81),
        UNBIND => head.length == 0,
        ABANDON => (1..=4).contains(&head.length) && head.behind == 0,
        DELETE => memchr::memchr(b'=', content.take(head.length.min(START_MAX), "name")?).is_some(),
        _ => false,
    })
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let stream = probe.carrier == Carrier::Stream;
    if probe.bytes.first() == Some(&0) && stream && !probe.from_start {
        return signed(probe.bytes);
    }
    if probe.bytes.first() != Some(&SEQUENCE) {
        return Verdict::No;
    }
    let fits = || -> Result<bool, Fault> {
        let head = head(probe.bytes)?;
        if !is_operation(&head)? || head.whole > MESSAGE_MAX {
            return Ok(false);
        }
        let within = head.content.len() == head.length;
        let controls = match probe.bytes.get(head.whole.saturating_sub(head.behind)) {
            _ if head.behind == 0 => true,
            Some(tag) if within => *tag == CONTROLS,
            _ => head.behind > 4,
        };
        Ok(controls && (stream || head.whole <= probe.bytes.len()))
    };
    match fits() {
        Ok(true) => Verdict::Yes,
        Err(Fault::Truncated(_)) if stream => Verdict::More,
        _ => Verdict::No,
    }
}

/// A message inside a Kerberos token that signs and does not encrypt, of a flow picked up in the middle. The
/// checksum stands behind the message, or before it where the token is rotated (RFC 4121 section 4.2.5).
fn signed(bytes: &[u8]) -> Verdict {
    const TOKEN: usize = 16;
    const ROTATED_MAX: usize = 64;
    let fits = |at: usize, fits: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|byte| fits(*byte));
    if !(fits(4, &|b| b == 5) && fits(5, &|b| b == 4) && fits(6, &|b| b & 2 == 0) && fits(7, &|b| b == 0xff))
    {
        return Verdict::No;
    }
    let Some((length, token)) = bytes.split_first_chunk::<4>() else { return Verdict::More };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let Some(rotated) = token.get(6..8).and_then(|count| count.first_chunk::<2>()) else {
        return Verdict::More;
    };
    let start = TOKEN.saturating_add(usize::from(u16::from_be_bytes(*rotated)).min(ROTATED_MAX));
    if token.len() <= start {
        return Verdict::More;
    }
    let message = token.get(start..).unwrap_or_default();
    match head(message).and_then(|head| Ok((head.whole, is_operation(&head)?))) {
        Ok((whole, true)) if whole.saturating_add(start) <= length => Verdict::Yes,
        Err(Fault::Truncated(_)) => Verdict::More,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Ldap {
    stream: bool,
    /// A message was seen outside of any security layer.
    plain: bool,
    said: Once,
    /// Kind of clear password in the login that waits for its answer.
    clear: Option<&'static str>,
    /// A SASL login was begun: a security layer may follow.
    sasl: bool,
    tls_asked: bool,
}

impl Dissector for Ldap {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.stream {
            self.datagram(side, bytes, notes);
            return Step::skip(bytes.len());
        }
        if (self.sasl || !self.plain) && bytes.first() == Some(&0) {
            return security_layer(bytes, notes);
        }
        self.plain = true;
        let head = match head(bytes) {
            Ok(head) if head.whole <= MESSAGE_MAX => head,
            Err(Fault::Truncated(_)) if bytes.len() < START_MAX => {
                return Step::More(bytes.len().saturating_add(1));
            }
            _ => {
                notes.malformed = true;
                return Step::Done;
            }
        };
        if !is_read(&head) || head.whole > WANTED_MAX {
            requester(side, head.operation, notes);
            notes.encrypted.get_or_insert(false);
            return Step::skip(head.whole);
        }
        if head.content.len() < head.length {
            return Step::More(head.whole);
        }
        notes.malformed |= self.message(side, &head, notes).is_err();
        Step::skip(head.whole)
    }
}

/// Whether the content is looked at: logins, extensions, and entries without a name, which are the server's.
fn is_read(head: &Head<'_>) -> bool {
    let wanted = [BIND_REQUEST, BIND_RESPONSE, EXTENDED_REQUEST, EXTENDED_RESPONSE];
    let nameless = matches!(head.content.rest(), [OCTETS, 0, ..] | [OCTETS] | []);
    wanted.contains(&head.operation) || (head.operation == SEARCH_ENTRY && nameless)
}

fn requester(side: Side, operation: u8, notes: &mut Notes) {
    let asks = match operation {
        BIND_REQUEST | UNBIND | SEARCH_REQUEST | MODIFY | ADD | DELETE | RENAME | COMPARE | ABANDON
        | EXTENDED_REQUEST => side,
        _ => side.peer(),
    };
    notes.requester.get_or_insert(asks);
}

/// The security layer of a SASL login: what its token shows of encryption (RFC 4121 section 4.2.6.2, RFC 1964
/// section 1.2.2, MS-NLMP section 2.2.2.9). Only its length is known of the rest.
fn security_layer(bytes: &[u8], notes: &mut Notes) -> Step {
    const TOKEN: usize = 40;
    const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x02\x01";
    let Some((length, token)) = bytes.split_first_chunk::<4>() else { return Step::More(4) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > MESSAGE_MAX {
        notes.malformed = true;
        return Step::Done;
    }
    if token.len() < length.min(TOKEN) {
        return Step::More(length.min(TOKEN).saturating_add(4));
    }
    let sealed = match token {
        [5, 4, flags, 0xff, ..] => Some(flags & 2 != 0),
        [0x60, rest @ ..] => memchr::memmem::find(rest, KERBEROS).and_then(|at| {
            let algorithms = rest.get(at.saturating_add(KERBEROS.len())..)?;
            algorithms.get(2..4).map(|seal| seal != [0xff, 0xff])
        }),
        [1, 0, 0, 0, rest @ ..] => rest.get(12).map(|first| *first != SEQUENCE),
        [SEQUENCE, ..] => Some(false),
        _ => None,
    };
    notes.encrypted = sealed.or(notes.encrypted);
    Step::Done
}

impl Ldap {
    fn datagram(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        let mut rest = bytes;
        for _ in 0..DATAGRAM_MESSAGES_MAX {
            let Ok(head) = head(rest) else { break };
            let Some(after) = rest.get(head.whole..) else { break };
            notes.malformed |= self.message(side, &head, notes).is_err();
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
        notes.malformed = true;
    }

    fn message(&mut self, side: Side, head: &Head<'_>, notes: &mut Notes) -> Result<(), Fault> {
        requester(side, head.operation, notes);
        notes.encrypted.get_or_insert(false);
        let content = head.content;
        match head.operation {
            BIND_REQUEST => self.bind(side, content, notes),
            BIND_RESPONSE => self.bound(side, content, notes),
            SEARCH_ENTRY => {
                let facts = root::entry(content)?;
                self.tell(side, facts, notes);
                Ok(())
            }
            SEARCH_REQUEST if !self.stream => {
                let host = root::asking_host(content)?;
                let host = host.and_then(|host| Fact::new(Attribute::Hostname, host, 80, "ldap.ping-host"));
                self.tell(side, [host], notes);
                Ok(())
            }
            EXTENDED_REQUEST => {
                let mut content = content;
                self.tls_asked = expect(&mut content, 0x80)?.rest() == START_TLS;
                Ok(())
            }
            EXTENDED_RESPONSE => {
                let mut content = content;
                let code = ber::signed(expect(&mut content, ENUMERATED)?)?;
                if std::mem::take(&mut self.tls_asked) && code == 0 && self.stream {
                    notes.handover = true;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn bind(&mut self, side: Side, mut content: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let whole = content.rest();
        expect(&mut content, INTEGER)?;
        let named = !expect(&mut content, OCTETS)?.is_empty();
        let (method, mut proof) = element(&mut content)?;
        self.clear = None;
        match method {
            // A name without a password, or none of either, is no login (RFC 4513 section 5.1).
            SIMPLE if named && !proof.is_empty() => self.clear = Some("LDAP simple bind"),
            SASL => {
                let mechanism = expect(&mut proof, OCTETS)?.rest();
                self.sasl = true;
                self.clear = match mechanism {
                    b"PLAIN" => Some("LDAP SASL PLAIN"),
                    b"LOGIN" => Some("LDAP SASL LOGIN"),
                    _ => None,
                };
            }
            method if SICILY.contains(&method) => self.sasl = true,
            _ => {}
        }
        self.ntlm(side, whole, notes);
        Ok(())
    }

    fn bound(&mut self, side: Side, mut content: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        self.ntlm(side, content.rest(), notes);
        let code = ber::signed(expect(&mut content, ENUMERATED)?)?;
        if let Some(how) = self.clear.take().filter(|_| code == 0) {
            self.tell(side, [Fact::new(Attribute::ClearCredential, how, 95, "ldap.bind")], notes);
        }
        Ok(())
    }

    fn ntlm(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) {
        if let Some(message) = ntlm::find(bytes) {
            self.tell(side, message.facts(notes.time), notes);
        }
    }

    fn tell(&mut self, side: Side, facts: impl Into<Vec<Option<Fact>>>, notes: &mut Notes) {
        let facts = facts.into();
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}
