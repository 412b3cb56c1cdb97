//! Kerberos 5 (RFC 4120): whose realm it is, which machines log in, and with what strength.
//!
//! In: datagrams, or a stream of messages behind four bytes of length (section 7.2.2). Out: realm of the key
//! distribution centre, names of machine accounts and the NetBIOS name in a request's addresses, old encryption
//! types that are chosen or alone offered, the centre's clock. Never told: names of users, tickets. Limits:
//! [`WANTED_MAX`], [`PARTS_MAX`], [`LISTED_MAX`].

use crate::ber::{self, INTEGER, OCTETS, SEQUENCE, element, expect, integer};
use crate::once::Once;
use crate::{Carrier, Dissector, Notes, Probe, Protocol, Side, Step, Verdict, text};
use wardline_model::{Attribute, Fact, Timestamp};
use wardline_wire::{Fault, Reader};

/// The table line.
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: "kerberos",
    carriers: &[Carrier::Datagram, Carrier::Stream],
    ports: &[88],
    probe,
    start: |carrier| Box::new(Kerberos { framed: carrier == Carrier::Stream, said: Once::default() }),
};

/// Longest message waited for: tickets with the groups of a user reach some 12 KiB, Windows' bound is 48.
const WANTED_MAX: usize = 49_152;
/// Longest message that is stepped over; more is no Kerberos.
const MESSAGE_MAX: usize = 1 << 20;
/// Bytes of the length before a message in a stream.
const PREFIX: usize = 4;
/// Parts of a principal's name read; hosts have two, services up to three.
const PARTS_MAX: usize = 4;
/// Encryption types or addresses read of a list; clients send below ten.
const LISTED_MAX: usize = 32;

/// Application tags of the messages.
const AS_REQ: u8 = 0x6a;
const AS_REP: u8 = 0x6b;
const TGS_REQ: u8 = 0x6c;
const TGS_REP: u8 = 0x6d;
const AP_REQ: u8 = 0x6e;
const AP_REP: u8 = 0x6f;
const SAFE: u8 = 0x74;
const PRIVATE: u8 = 0x75;
const CREDENTIALS: u8 = 0x76;
const ERROR: u8 = 0x7e;
/// Tag of a ticket.
const TICKET: u8 = 0x61;
/// Tags of texts and times.
const GENERAL_STRING: u8 = 0x1b;
const GENERAL_TIME: u8 = 0x18;
/// Address type: a NetBIOS name (section 7.5.3).
const NETBIOS: u64 = 20;
/// Errors after which the realm named is the answering centre's own: a login failed or must be proven, the
/// answer is too long for a datagram.
const OWN_REALM: [i64; 3] = [24, 25, 52];

const fn is_message(tag: u8) -> bool {
    matches!(
        tag,
        AS_REQ | AS_REP | TGS_REQ | TGS_REP | AP_REQ | AP_REP | SAFE | PRIVATE | CREDENTIALS | ERROR
    )
}

/// Whether a message of `whole` bytes starts here: lengths that agree, version 5, its type once more.
fn starts_message(bytes: &[u8], whole: usize) -> Result<bool, Fault> {
    let mut reader = Reader::new(bytes);
    let (tag, length) = ber::head(&mut reader)?;
    let behind = |reader: &Reader<'_>| bytes.len().saturating_sub(reader.len());
    if !is_message(tag) || behind(&reader).saturating_add(length) != whole {
        return Ok(false);
    }
    let (sequence, length) = ber::head(&mut reader)?;
    if sequence != SEQUENCE || behind(&reader).saturating_add(length) != whole {
        return Ok(false);
    }
    // Requests to the centre number their fields from 1, the others from 0.
    let first = if matches!(tag, AS_REQ | TGS_REQ) { 0xa1 } else { 0xa0 };
    let fields = reader.array::<10>("version and type")?;
    Ok(fields == [first, 3, INTEGER, 1, 5, first.wrapping_add(1), 3, INTEGER, 1, tag & 0x1f])
}

fn probe(probe: &Probe<'_>) -> Verdict {
    let stream = probe.carrier == Carrier::Stream;
    let (message, whole) = if stream {
        match probe.bytes {
            [0, high, middle, low, message @ ..] => {
                let whole = u32::from_be_bytes([0, *high, *middle, *low]);
                (message, usize::try_from(whole).unwrap_or(usize::MAX))
            }
            [0] | [0, _] | [0, _, _] => return Verdict::More,
            _ => return Verdict::No,
        }
    } else {
        (probe.bytes, probe.bytes.len())
    };
    if whole > MESSAGE_MAX || message.first().is_some_and(|tag| !is_message(*tag)) {
        return Verdict::No;
    }
    match starts_message(message, whole) {
        Ok(true) => Verdict::Yes,
        Err(Fault::Truncated(_)) if stream => Verdict::More,
        _ => Verdict::No,
    }
}

struct Kerberos {
    /// Messages stand behind their length.
    framed: bool,
    said: Once,
}

impl Dissector for Kerberos {
    fn read(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Step {
        if !self.framed {
            notes.malformed |= self.message(side, bytes, notes).is_err();
            return Step::skip(bytes.len());
        }
        let Some((prefix, _)) = bytes.split_first_chunk::<PREFIX>() else { return Step::More(PREFIX) };
        let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if length == 0 || length > MESSAGE_MAX {
            notes.malformed = true;
            return Step::Done;
        }
        let whole = length.saturating_add(PREFIX);
        if whole <= WANTED_MAX {
            let Some(message) = bytes.get(PREFIX..whole) else { return Step::More(whole) };
            notes.malformed |= self.message(side, message, notes).is_err();
        }
        Step::skip(whole)
    }
}

/// What a request or an answer tells of its client.
#[derive(Default)]
struct Client<'a> {
    realm: Option<&'a str>,
    host: Option<&'a str>,
}

impl Kerberos {
    fn message(&mut self, side: Side, bytes: &[u8], notes: &mut Notes) -> Result<(), Fault> {
        let (tag, mut content) = element(&mut Reader::new(bytes))?;
        if !is_message(tag) {
            return Err(Fault::Malformed("Kerberos message"));
        }
        let fields = expect(&mut content, SEQUENCE)?;
        match tag {
            AS_REQ | TGS_REQ => self.request(side, fields, notes),
            AS_REP | TGS_REP => self.reply(side, fields, notes),
            ERROR => self.error(side, fields, notes),
            _ => Ok(()),
        }
    }

    fn request(&mut self, side: Side, fields: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        notes.requester.get_or_insert(side);
        let Some(mut body) = field(fields, 0xa4)? else { return Err(Fault::Malformed("request body")) };
        let mut body = expect(&mut body, SEQUENCE)?;
        let mut client = Client::default();
        let mut weak = None;
        while !body.is_empty() {
            let (tag, content) = element(&mut body)?;
            match tag {
                0xa1 => client.host = machine(content)?,
                0xa2 => client.realm = general_string(content)?,
                0xa8 => weak = weakest_offer(content)?,
                0xa9 => self.addresses(side, content, notes)?,
                _ => {}
            }
        }
        self.tell_client(side, &client, notes);
        self.tell(side, [weak.and_then(|name| weakness(name, "kerberos.offered"))], notes);
        Ok(())
    }

    fn reply(&mut self, side: Side, mut fields: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        notes.requester.get_or_insert(side.peer());
        let mut client = Client::default();
        let mut realm = None;
        let mut weak = None;
        while !fields.is_empty() {
            let (tag, mut content) = element(&mut fields)?;
            match tag {
                0xa3 => client.realm = general_string(content)?,
                0xa4 => client.host = machine(content)?,
                0xa5 => {
                    let mut ticket = expect(&mut content, TICKET)?;
                    let ticket = expect(&mut ticket, SEQUENCE)?;
                    realm = field(ticket, 0xa1)?.map(general_string).transpose()?.flatten();
                    let kind = field(ticket, 0xa3)?.map(encryption).transpose()?;
                    weak = weak.or(kind.and_then(weak_name));
                }
                0xa6 => weak = weak.or(weak_name(encryption(content)?)),
                _ => {}
            }
        }
        self.tell_client(side.peer(), &client, notes);
        // The issuer of a ticket is the centre itself.
        let facts = [
            realm.and_then(|realm| Fact::new(Attribute::Domain, realm, 85, "kerberos.realm")),
            weak.and_then(|name| weakness(name, "kerberos.chosen")),
        ];
        self.tell(side, facts, notes);
        Ok(())
    }

    fn error(&mut self, side: Side, mut fields: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        notes.requester.get_or_insert(side.peer());
        let (mut time, mut code, mut realm) = (None, 0, None);
        while !fields.is_empty() {
            let (tag, mut content) = element(&mut fields)?;
            match tag {
                0xa4 => time = seconds(expect(&mut content, GENERAL_TIME)?.rest()),
                0xa6 => code = ber::signed(expect(&mut content, INTEGER)?)?,
                0xa9 => realm = general_string(content)?,
                _ => {}
            }
        }
        let realm = realm.filter(|_| OWN_REALM.contains(&code));
        let offset = time.and_then(|time| ahead(time, notes.time));
        let facts = [
            realm.and_then(|realm| Fact::new(Attribute::Domain, realm, 80, "kerberos.error-realm")),
            offset.and_then(|o| Fact::new(Attribute::ClockOffset, &o.to_string(), 85, "kerberos.error-time")),
        ];
        self.tell(side, facts, notes);
        Ok(())
    }

    /// A request may name the addresses from which the ticket will be used: Windows puts its own name there.
    fn addresses(&mut self, side: Side, mut content: Reader<'_>, notes: &mut Notes) -> Result<(), Fault> {
        let mut list = expect(&mut content, SEQUENCE)?;
        for _ in 0..LISTED_MAX {
            if list.is_empty() {
                break;
            }
            let address = expect(&mut list, SEQUENCE)?;
            let kind = field(address, 0xa0)?.map(|mut kind| integer(&mut kind)).transpose()?;
            if kind != Some(NETBIOS) {
                continue;
            }
            let Some(mut value) = field(address, 0xa1)? else { continue };
            let name = expect(&mut value, OCTETS)?.rest();
            let name = name.first_chunk::<15>().and_then(|name| text::ascii(name));
            let fact = name.filter(|name| text::is_host_name(name));
            let fact = fact.and_then(|name| Fact::new(Attribute::Hostname, name, 80, "kerberos.address"));
            self.tell(side, [fact], notes);
        }
        Ok(())
    }

    /// A machine's account names the machine and the realm it has joined; a user's tells nothing of either.
    fn tell_client(&mut self, side: Side, client: &Client<'_>, notes: &mut Notes) {
        let Some(host) = client.host else { return };
        let facts = [
            Fact::new(Attribute::Hostname, host, 80, "kerberos.machine-account"),
            client.realm.and_then(|realm| Fact::new(Attribute::Domain, realm, 80, "kerberos.client-realm")),
        ];
        self.tell(side, facts, notes);
    }

    fn tell<const N: usize>(&mut self, side: Side, facts: [Option<Fact>; N], notes: &mut Notes) {
        if self.said.is_new((side, &facts)) {
            notes.speaker(side, facts);
        }
    }
}

fn weakness(name: &str, rule: &'static str) -> Option<Fact> {
    Fact::new(Attribute::Weakness, name, 90, rule)
}

/// The content of the field with that tag, where there is one.
fn field<'a>(mut fields: Reader<'a>, wanted: u8) -> Result<Option<Reader<'a>>, Fault> {
    while !fields.is_empty() {
        let (tag, content) = element(&mut fields)?;
        if tag == wanted {
            return Ok(Some(content));
        }
    }
    Ok(None)
}

fn general_string<'a>(mut content: Reader<'a>) -> Result<Option<&'a str>, Fault> {
    Ok(text::ascii(expect(&mut content, GENERAL_STRING)?.rest()).filter(|realm| text::is_host_name(realm)))
}

/// The host's name when the principal is a machine: `NAME$` or `host/NAME`.
fn machine<'a>(mut content: Reader<'a>) -> Result<Option<&'a str>, Fault> {
    let name = expect(&mut content, SEQUENCE)?;
    let Some(mut parts) = field(name, 0xa1)? else { return Ok(None) };
    let mut parts = expect(&mut parts, SEQUENCE)?;
    let (mut first, mut second, mut count) = (None, None, 0_usize);
    while !parts.is_empty() && count < PARTS_MAX {
        let part = text::ascii(expect(&mut parts, GENERAL_STRING)?.rest());
        match count {
            0 => first = part,
            1 => second = part,
            _ => {}
        }
        count = count.saturating_add(1);
    }
    let host = match (first, second, count) {
        (Some(account), _, 1) => account.strip_suffix('$'),
        (Some("host"), host, 2) => host,
        _ => None,
    };
    Ok(host.filter(|host| text::is_host_name(host)))
}

/// The encryption type of an encrypted part.
fn encryption(mut content: Reader<'_>) -> Result<i64, Fault> {
    let part = expect(&mut content, SEQUENCE)?;
    let Some(mut kind) = field(part, 0xa0)? else { return Err(Fault::Malformed("encryption type")) };
    ber::signed(expect(&mut kind, INTEGER)?)
}

/// DES with its checksums, and RC4 (RFC 6649, RFC 8429).
const fn weak_name(kind: i64) -> Option<&'static str> {
    match kind {
        1..=3 => Some("kerberos-des"),
        23 | 24 => Some("kerberos-rc4"),
        _ => None,
    }
}

/// The name of what is offered when none of the types is better; private numbers are left out.
fn weakest_offer(mut content: Reader<'_>) -> Result<Option<&'static str>, Fault> {
    let mut list = expect(&mut content, SEQUENCE)?;
    let (mut rc4, mut des) = (false, false);
    for _ in 0..LISTED_MAX {
        if list.is_empty() {
            break;
        }
        match ber::signed(expect(&mut list, INTEGER)?)? {
            kind if weak_name(kind) == Some("kerberos-rc4") => rc4 = true,
            kind if weak_name(kind).is_some() => des = true,
            kind if kind < 0 => {}
            _ => return Ok(None),
        }
    }
    Ok(if rc4 {
        Some("kerberos-rc4")
    } else if des {
        Some("kerberos-des")
    } else {
        None
    })
}

/// Whole seconds by which `time` is ahead of `now`, when plausible for a clock.
fn ahead(time: i64, now: Timestamp) -> Option<i64> {
    const PLAUSIBLE_SECONDS_MAX: i64 = 10 * 365 * 86_400;
    let offset = time.checked_sub(now.0.checked_div(Timestamp::SECOND)?)?;
    (offset.abs() < PLAUSIBLE_SECONDS_MAX).then_some(offset)
}

/// Seconds since 1970 of `YYYYMMDDHHMMSSZ` (section 5.2.3).
fn seconds(time: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i64>().ok());
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the civil calendar, years counted from March so that the leap day comes last.
    let (year, month) =
        if month > 2 { (year, month.checked_sub(3)?) } else { (year.checked_sub(1)?, month.checked_add(9)?) };
    let leaps =
        year.checked_div(4)?.checked_sub(year.checked_div(100)?)?.checked_add(year.checked_div(400)?)?;
    let months = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?;
    let days = year.checked_mul(365)?.checked_add(leaps)?.checked_add(months)?.checked_add(day)?;
    let days = days.checked_sub(719_469)?;
    let of_day = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    days.checked_mul(86_400)?.checked_add(of_day)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_count_from_1970() {
        assert_eq!(seconds(b"19700101000000Z"), Some(0));
        assert_eq!(seconds(b"20000301000001Z"), Some(951_868_801));
        assert_eq!(seconds(b"20260101000030Z"), Some(1_767_225_630));
        assert_eq!(seconds(b"2026010100003Z"), None);
        assert_eq!(seconds(b"20261301000030Z"), None);
    }
}
