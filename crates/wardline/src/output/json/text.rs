//! Fast text: a buffer that JSON is written into, without going through `core::fmt` for what comes millions of
//! times: numbers, addresses, moments, names.
//!
//! In: plain values. Out: bytes, the same that `serde_json`, `Display` of the standard library and RFC 3339 in
//! UTC give; the tests hold each against them. A key or an item puts its own comma, by the byte before it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardline_model::{Confidence, Mac, Timestamp};

/// Every number below a hundred in two digits.
const PAIRS: [[u8; 2]; 100] = pairs();
/// Hexadecimal digits.
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Digits of the largest number.
const DIGITS_MAX: usize = 20;
/// Seconds of a day.
const DAY: i64 = 86_400;

const fn pairs() -> [[u8; 2]; 100] {
    let mut table = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
}

/// What follows the backslash, for bytes that stand for themselves in no JSON string; 0 for all others.
const ESCAPES: [u8; 256] = escapes();

const fn escapes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
}

/// JSON under construction.
#[derive(Debug, Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    /// The day written last, as days since 1970 and as text with its `T`: most moments are of the same one.
    day: Option<(i64, [u8; 11])>,
}

impl Text {
    /// What was written.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties it; the room stays.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Text as it stands, without quotes.
    pub(crate) fn plain(&mut self, text: &str) -> &mut Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// An object: `fields` writes what is in it.
    pub(crate) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.bytes.push(b'{');
        fields(self);
        self.bytes.push(b'}');
    }

    /// An array, one call of `write` per item.
    pub(crate) fn array<T>(&mut self, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.bytes.push(b'[');
        for item in items {
            if self.bytes.last() != Some(&b'[') {
                self.bytes.push(b',');
            }
            write(self, item);
        }
        self.bytes.push(b']');
    }

    /// A key of an object, to be followed by its value; keys are names that need no escape.
    pub(crate) fn key(&mut self, name: &str) -> &mut Self {
        if self.bytes.last() != Some(&b'{') {
            self.bytes.push(b',');
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self
    }

    /// A key with a text, where there is one.
    pub(crate) fn some(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(name).string(text);
        }
    }

    /// A text in quotes, escaped.
    pub(crate) fn string(&mut self, text: &str) {
        self.bytes.reserve(text.len() + 2);
        self.bytes.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|&byte| ESCAPES[usize::from(byte)] != 0) {
            self.bytes.extend_from_slice(&rest[..at]);
            self.escape(rest[at]);
            rest = &rest[at + 1..];
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let short = ESCAPES[usize::from(byte)];
        self.bytes.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            self.bytes.extend_from_slice(b"00");
            self.hex(byte);
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, mut number: u64) {
        let mut digits = [0; DIGITS_MAX];
        let mut at = DIGITS_MAX;
        while number >= 100 {
            at -= 2;
            digits[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
            number /= 100;
        }
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[number as usize]);
        at += usize::from(number < 10);
        self.bytes.extend_from_slice(&digits[at..]);
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, flag: bool) {
        self.plain(if flag { "true" } else { "false" });
    }

    /// Percent as a number from 0 to 1, in the fewest digits that say it.
    pub(crate) fn fraction(&mut self, percent: Confidence) {
        self.number(u64::from(percent / 100));
        let [tens, ones] = PAIRS[usize::from(percent % 100)];
        self.bytes.extend_from_slice(&[b'.', tens]);
        if ones != b'0' {
            self.bytes.push(ones);
        }
    }

    /// A moment in quotes: RFC 3339, UTC, with as many digits of a second as it has.
    pub(crate) fn time(&mut self, time: Timestamp) {
        let (second, fraction) = (time.0.div_euclid(Timestamp::SECOND), time.0.rem_euclid(Timestamp::SECOND));
        let (day, second) = (second.div_euclid(DAY), second.rem_euclid(DAY));
        let date = match self.day {
            Some((of, date)) if of == day => date,
            _ => self.day.insert((day, date(day))).1,
        };
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(&date);
        let [h, m, s] = [second / 3_600, second / 60 % 60, second % 60].map(|n| PAIRS[n as usize]);
        self.bytes.extend_from_slice(&[h[0], h[1], b':', m[0], m[1], b':', s[0], s[1]]);
        if fraction > 0 {
            self.fraction_of_second(fraction as u32);
        }
        self.bytes.extend_from_slice(b"Z\"");
    }

    fn fraction_of_second(&mut self, nanoseconds: u32) {
        let pair = |scale: u32| PAIRS[(nanoseconds / scale % 100) as usize];
        let [a, b, c, d] = [pair(10_000_000), pair(100_000), pair(1_000), pair(10)];
        let digits = [b'.', a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1], b'0' + (nanoseconds % 10) as u8];
        let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
        self.bytes.extend_from_slice(&digits[..digits.len() - zeros]);
    }

    /// An address in quotes.
    pub(crate) fn ip(&mut self, ip: IpAddr) {
        self.bytes.push(b'"');
        match ip {
            IpAddr::V4(v4) => self.v4(v4),
            IpAddr::V6(v6) => self.v6(v6),
        }
        self.bytes.push(b'"');
    }

    fn v4(&mut self, ip: Ipv4Addr) {
        for (number, octet) in ip.octets().into_iter().enumerate() {
            if number > 0 {
                self.bytes.push(b'.');
            }
            if octet >= 100 {
                self.bytes.push(b'0' + octet / 100);
            }
            let [tens, ones] = PAIRS[usize::from(octet % 100)];
            if octet >= 10 {
                self.bytes.push(tens);
            }
            self.bytes.push(ones);
        }
    }

    /// RFC 5952: the longest run of zeros is `::`, the first of equals; addresses that map others look like it.
    fn v6(&mut self, ip: Ipv6Addr) {
        if let Some(v4) = ip.to_ipv4_mapped() {
            self.plain("::ffff:").v4(v4);
            return;
        }
        let groups = ip.segments();
        let (start, length) = longest_zeros(&groups);
        if length < 2 {
            return self.groups(&groups);
        }
        self.groups(&groups[..start]);
        self.plain("::");
        self.groups(&groups[start + length..]);
    }

    fn groups(&mut self, groups: &[u16]) {
        for (number, group) in groups.iter().enumerate() {
            if number > 0 {
                self.bytes.push(b':');
            }
            let digits = [group >> 12, group >> 8 & 15, group >> 4 & 15, group & 15];
            let zeros = digits[..3].iter().take_while(|digit| **digit == 0).count();
            self.bytes.extend(digits[zeros..].iter().map(|digit| HEX[usize::from(*digit)]));
        }
    }

    /// A MAC address in quotes.
    pub(crate) fn mac(&mut self, mac: Mac) {
        self.bytes.push(b'"');
        for (number, byte) in mac.0.into_iter().enumerate() {
            if number > 0 {
                self.bytes.push(b':');
            }
            self.hex(byte);
        }
        self.bytes.push(b'"');
    }

    fn hex(&mut self, byte: u8) {
        self.bytes.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

/// Where the longest run of zeros begins and how long it is, the first of equals.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let run = |start: usize| groups[start..].iter().take_while(|group| **group == 0).count();
    let later_is_not_longer = |a: &(usize, usize), b: &(usize, usize)| a.1.cmp(&b.1).then(b.0.cmp(&a.0));
    (0..groups.len()).map(|start| (start, run(start))).max_by(later_is_not_longer).unwrap_or((0, 0))
}

/// `2026-03-02T` of days since 1970-01-01, by counting in years that begin in March (the leap day comes last)
/// and in spans of 400 years. Moments of 64 bits of nanoseconds are between 1677 and 2262.
fn date(day: i64) -> [u8; 11] {
    let day = day + 719_468;
    let (span, of_span) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_span = (of_span - of_span / 1_460 + of_span / 36_524 - of_span / 146_096) / 365;
    let of_year = of_span - (365 * year_of_span + year_of_span / 4 - year_of_span / 100);
    let march_month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = span * 400 + year_of_span + i64::from(month <= 2);
    let [c, y, m, d] = [year / 100, year % 100, month, of_month].map(|n| PAIRS[n as usize]);
    [c[0], c[1], y[0], y[1], b'-', m[0], m[1], b'-', d[0], d[1], b'T']
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Text)) -> String {
        let mut text = Text::default();
        write(&mut text);
        String::from_utf8(text.bytes).unwrap()
    }

    /// Numbers of every length, the same in every run.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 7_u64;
        (0..20_000).map(move |round| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> (round % 64)
        })
    }

    #[test]
    fn numbers_are_as_usual() {
        for number in numbers().chain([0, 9, 10, 99, 100, u64::MAX]) {
            assert_eq!(written(|text| text.number(number)), number.to_string());
        }
    }

    #[test]
    fn fractions_are_as_a_float_says_them() {
        for percent in 0..=u8::MAX {
            let expected = serde_json::to_string(&(f64::from(percent) / 100.0)).unwrap();
            assert_eq!(written(|text| text.fraction(percent)), expected);
        }
    }

    #[test]
    fn strings_are_escaped_as_json_asks() {
        let every: String = (0..0x300).filter_map(char::from_u32).collect();
        let singles = every.chars().map(String::from);
        for text in singles.chain([String::new(), every.clone(), "a\"b\\c\u{1}\u{1f600}".repeat(3)]) {
            assert_eq!(written(|out| out.string(&text)), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn moments_are_rfc_3339() {
        let near = [0, 1, -1, 951_782_400, 951_868_800, 4_107_542_399].map(|s| s * Timestamp::SECOND);
        let random = numbers().map(u64::cast_signed);
        let coarse = numbers().map(|n| (n >> 1).cast_signed() / 1_000_000 * 1_000_000);
        let mut text = Text::default();
        for time in near.into_iter().chain(random).chain(coarse).chain([i64::MIN, i64::MAX]) {
            text.clear();
            text.time(Timestamp(time));
            let expected = format!("\"{}\"", super::super::super::rfc3339(Timestamp(time)));
            assert_eq!(String::from_utf8_lossy(text.bytes()), expected);
        }
    }

    #[test]
    fn addresses_are_as_usual() {
        let quoted = |ip: IpAddr| format!("\"{ip}\"");
        for number in numbers() {
            let v4 = IpAddr::from(Ipv4Addr::from_bits(number as u32));
            assert_eq!(written(|text| text.ip(v4)), quoted(v4));
            // Each bit of the mask empties a group.
            let groups: [u16; 8] =
                std::array::from_fn(|at| if number >> at & 1 == 0 { 0 } else { (number >> (at * 6)) as u16 });
            let v6 = IpAddr::from(groups);
            assert_eq!(written(|text| text.ip(v6)), quoted(v6));
        }
        for ip in ["::", "::1", "1::", "::ffff:10.1.2.3", "::10.1.2.3", "1:0:0:2:0:0:3:4", "1:0:2:3:4:5:6:7"]
        {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(written(|text| text.ip(ip)), quoted(ip));
        }
        let mac = Mac([0, 0x1b, 0xff, 0xa0, 9, 0x7e]);
        assert_eq!(written(|text| text.mac(mac)), format!("\"{mac}\""));
    }

    #[test]
    fn commas_stand_between() {
        let text = written(|text| {
            text.object(|text| {
                text.some("none", None);
                text.key("a").array([1, 2], Text::number);
                text.key("b").array([0; 0], Text::number);
                text.key("c").object(|_| {});
            });
        });
        assert_eq!(text, r#"{"a":[1,2],"b":[],"c":{}}"#);
    }
}
