//! What a directory says of itself: attributes of its root entry (RFC 4512 section 5.1, RFC 3045) and answers
//! to a NETLOGON ping (MS-ADTS section 6.3.1).
//!
//! Limits: [`ATTRIBUTES_MAX`], [`LABELS_MAX`], [`FILTERS_MAX`].

use crate::ber::{OCTETS, SEQUENCE, element, expect};
use crate::text;
use wardline_model::{Attribute, Fact};
use wardline_wire::{Fault, Reader};

/// Attributes read of an entry; root entries have below 40.
const ATTRIBUTES_MAX: usize = 128;
/// Labels of a compressed name, pointers included: every step of a loop ends here.
const LABELS_MAX: usize = 64;
/// Conditions read of a ping's filter; Windows sends five.
const FILTERS_MAX: usize = 16;
/// A SET of values.
const SET: u8 = 0x31;
/// A filter: all of, and one that compares.
const ALL_OF: u8 = 0xa0;
const EQUAL: u8 = 0xa3;

/// First words of a ping's answer: with all names in the style of DNS, for a user who is known or not.
const PING_ANSWERS: [u16; 2] = [23, 25];

/// Facts of an entry without a name.
pub(super) fn entry(mut content: Reader<'_>) -> Result<Vec<Option<Fact>>, Fault> {
    let mut facts = Vec::new();
    if !expect(&mut content, OCTETS)?.is_empty() {
        return Ok(facts);
    }
    let mut attributes = expect(&mut content, SEQUENCE)?;
    for _ in 0..ATTRIBUTES_MAX {
        if attributes.is_empty() {
            break;
        }
        let mut attribute = expect(&mut attributes, SEQUENCE)?;
        let name = expect(&mut attribute, OCTETS)?.rest().to_ascii_lowercase();
        let mut values = expect(&mut attribute, SET)?;
        if values.is_empty() {
            continue;
        }
        let value = expect(&mut values, OCTETS)?.rest();
        match name.as_slice() {
            b"dnshostname" => {
                let host = text::utf8(value).filter(|host| text::is_host_name(host));
                facts.push(host.and_then(|h| Fact::new(Attribute::Hostname, h, 90, "ldap.dns-host-name")));
            }
            b"defaultnamingcontext" => {
                let domain = text::utf8(value).and_then(domain);
                facts.push(domain.and_then(|d| Fact::new(Attribute::Domain, &d, 90, "ldap.naming-context")));
            }
            b"netlogon" => facts.extend(ping_answer(value).unwrap_or_default()),
            b"vendorversion" => facts.push(text::utf8(value).and_then(software)),
            _ => {}
        }
    }
    Ok(facts)
}

/// `DC=clinic,DC=example` as a domain's name; other names of contexts tell none.
fn domain(context: &str) -> Option<String> {
    let mut labels = Vec::new();
    for part in context.split(',') {
        let (kind, label) = part.trim().split_once('=')?;
        if !kind.eq_ignore_ascii_case("dc") {
            return None;
        }
        labels.push(label);
    }
    let domain = labels.join(".");
    text::is_host_name(&domain).then_some(domain)
}

/// The directory's own software, where its version names it: `389-Directory/1.4.3.39 B2024.1` (RFC 3045).
fn software(version: &str) -> Option<Fact> {
    let (name, version) = version.split_once('/')?;
    let version = version.split_whitespace().next()?;
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Fact::new(Attribute::Software, name, 85, "ldap.vendor-version").map(|fact| fact.with_version(version))
}

/// The host named in the filter of a ping: the one that asks.
pub(super) fn asking_host<'a>(mut content: Reader<'a>) -> Result<Option<&'a str>, Fault> {
    expect(&mut content, OCTETS)?;
    for _ in 0..5 {
        element(&mut content)?;
    }
    let (kind, mut filter) = element(&mut content)?;
    if kind != ALL_OF {
        return Ok(None);
    }
    let (mut host, mut ping) = (None, false);
    for _ in 0..FILTERS_MAX {
        if filter.is_empty() {
            break;
        }
        let (kind, mut condition) = element(&mut filter)?;
        if kind != EQUAL {
            continue;
        }
        let name = expect(&mut condition, OCTETS)?.rest();
        let value = expect(&mut condition, OCTETS)?.rest();
        ping |= name.eq_ignore_ascii_case(b"ntver");
        if name.eq_ignore_ascii_case(b"host") {
            host = text::ascii(value).filter(|host| text::is_host_name(host));
        }
    }
    Ok(host.filter(|_| ping))
}

/// Names in a ping's answer: forest, domain, host, NetBIOS domain, NetBIOS host; the user's, which is next, is
/// not read.
fn ping_answer(value: &[u8]) -> Option<Vec<Option<Fact>>> {
    let mut reader = Reader::new(value);
    if !PING_ANSWERS.contains(&reader.u16_le("ping answer").ok()?) {
        return None;
    }
    reader.skip(22, "flags and domain id").ok()?;
    let mut at = value.len().saturating_sub(reader.len());
    let mut names = [const { String::new() }; 5];
    for name in &mut names {
        *name = compressed_name(value, &mut at)?;
    }
    let [_, domain, host, _, netbios] = &names;
    let fact = |attribute, name: &str, confidence, rule| {
        text::is_host_name(name).then(|| Fact::new(attribute, name, confidence, rule)).flatten()
    };
    Some(vec![
        fact(Attribute::Domain, domain, 90, "ldap.ping-domain"),
        fact(Attribute::Hostname, host, 90, "ldap.ping-dns-host"),
        fact(Attribute::Hostname, netbios, 85, "ldap.ping-netbios-host"),
    ])
}

/// A name of labels as in DNS (RFC 1035 section 4.1.4), pointers counted from the start of `value`.
fn compressed_name(value: &[u8], at: &mut usize) -> Option<String> {
    let mut name = String::new();
    let mut from = *at;
    let mut jumped = false;
    for _ in 0..LABELS_MAX {
        let length = *value.get(from)?;
        let next = from.checked_add(1)?;
        if length & 0xc0 == 0xc0 {
            let low = *value.get(next)?;
            if !jumped {
                *at = next.checked_add(1)?;
            }
            jumped = true;
            from = usize::from(u16::from_be_bytes([length & 0x3f, low]));
            continue;
        }
        let end = next.checked_add(usize::from(length))?;
        if !jumped {
            *at = end;
        }
        if length == 0 {
            return Some(name);
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(std::str::from_utf8(value.get(next..end)?).ok()?);
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_of_other_kinds_are_no_domain() {
        assert_eq!(domain("DC=clinic,DC=example").as_deref(), Some("clinic.example"));
        assert_eq!(domain("o=clinic"), None);
        assert_eq!(domain("ou=people,dc=clinic"), None);
    }

    #[test]
    fn pointers_that_loop_end() {
        assert_eq!(compressed_name(&[0xc0, 0], &mut 0), None);
        let mut at = 4;
        assert_eq!(
            compressed_name(&[2, b'a', b'b', 0, 1, b'c', 0xc0, 0, 9], &mut at).as_deref(),
            Some("c.ab")
        );
        assert_eq!(at, 8);
    }
}
