//! Network addresses as lists write them: `00:1B:21:…`, `00-1b-…`, `001b.21bb.2002`, `001B21BB2002`.

use std::net::IpAddr;

/// The usual form of a MAC address, `00:1b:21:bb:20:02`; `None` for anything else.
pub(crate) fn read_mac(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let others = text.chars().filter(|c| !c.is_ascii_hexdigit());
    if digits.len() != 12 || others.into_iter().any(|c| !matches!(c, ':' | '-' | '.' | ' ')) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let pairs: Vec<String> =
        digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    Some(pairs.join(":"))
}

/// An address, a prefix length or zone after it left out; `None` for anything else.
pub(crate) fn read_ip(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.split(['/', '%']).next()?;
    text.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast())
}
