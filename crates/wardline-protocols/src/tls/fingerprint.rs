//! Fingerprints of a TLS client: JA3 (Salesforce, 2017) and JA4 (FoxIO, the TLS client part).

use super::client::Over;
use super::hello::{ClientHello, is_grease};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::{Display, Write};

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
/// Part of a JA4 that stands for an empty list.
const NOTHING: &str = "000000000000";

/// MD5 over `version,ciphers,extensions,groups,point formats`, decimal, without GREASE.
pub(super) fn ja3(hello: &ClientHello<'_>) -> String {
    let text = format!(
        "{},{},{},{},{}",
        hello.version,
        join(without_grease(&hello.ciphers), "-"),
        join(without_grease(&hello.extensions), "-"),
        join(without_grease(&hello.groups), "-"),
        join(hello.point_formats.iter(), "-"),
    );
    hex(&Md5::digest(text.as_bytes()))
}

/// Transport, version, server name, counts and protocol; then digests of the sorted ciphers and extensions.
pub(super) fn ja4(hello: &ClientHello<'_>, over: Over) -> String {
    let mut ciphers: Vec<String> = without_grease(&hello.ciphers).map(hex16).collect();
    let all_extensions = without_grease(&hello.extensions).count();
    let mut extensions: Vec<String> = without_grease(&hello.extensions)
        .filter(|kind| ![SERVER_NAME, ALPN].contains(kind))
        .map(hex16)
        .collect();
    let destination = if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let head = format!(
        "{}{}{destination}{:02}{:02}{}",
        over.letter(),
        version(hello.newest()),
        ciphers.len().min(99),
        all_extensions.min(99),
        ends(hello.alpn.first().copied().unwrap_or_default()),
    );
    ciphers.sort_unstable();
    extensions.sort_unstable();
    let mut tail = join(extensions.iter(), ",");
    let algorithms = join(without_grease(&hello.signature_algorithms).map(hex16), ",");
    if !algorithms.is_empty() {
        tail.push('_');
        tail.push_str(&algorithms);
    }
    let ciphers = digest(&join(ciphers.iter(), ","));
    let extensions = if all_extensions == 0 { NOTHING.into() } else { digest(&tail) };
    format!("{head}_{ciphers}_{extensions}")
}

const fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xFEFF => "d1",
        0xFEFD => "d2",
        0xFEFC => "d3",
        _ => "00",
    }
}

/// First and last letter of a protocol name, or first and last hexadecimal digit when either is no letter.
fn ends(protocol: &[u8]) -> String {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else { return "00".into() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)].iter().collect();
    }
    let (first, last) = (format!("{first:02x}"), format!("{last:02x}"));
    first.chars().take(1).chain(last.chars().skip(1)).collect()
}

fn digest(text: &str) -> String {
    if text.is_empty() {
        return NOTHING.into();
    }
    hex(&Sha256::digest(text.as_bytes())).chars().take(12).collect()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hex16(value: u16) -> String {
    format!("{value:04x}")
}

fn without_grease(values: &[u16]) -> impl Iterator<Item = u16> {
    values.iter().copied().filter(|value| !is_grease(*value))
}

fn join(values: impl Iterator<Item = impl Display>, separator: &str) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(separator);
        }
        let _ = write!(text, "{value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ja4_is_that_of_the_published_example() {
        // The worked example of the JA4 technical description (FoxIO, technical_details/JA4.md).
        let ciphers = "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035";
        let extensions = "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015";
        let algorithms = "0403 0804 0401 0503 0805 0501 0806 0601";
        let list = |text: &str| -> Vec<u16> {
            text.split(' ').map(|word| u16::from_str_radix(word, 16).unwrap()).collect()
        };
        let hello = ClientHello {
            version: 0x0303,
            ciphers: list(ciphers),
            extensions: list(extensions),
            signature_algorithms: list(algorithms),
            versions: vec![0x0A0A, 0x0304, 0x0303],
            alpn: vec![b"h2", b"http/1.1"],
            ..ClientHello::default()
        };
        assert_eq!(ja4(&hello, Over::Stream), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn nothing_offered_is_zeros_and_odd_protocols_are_hexadecimal() {
        let hello = ClientHello { version: 0x0301, ..ClientHello::default() };
        assert_eq!(ja4(&hello, Over::Stream), "t10i000000_000000000000_000000000000");
        assert_eq!(ends(b"h2"), "h2");
        assert_eq!(ends(b"\xab"), "ab");
        assert_eq!(ends(b"0\xab"), "3b");
        assert_eq!(ends(b"x"), "xx");
    }
}
