//! The API of the NVD, 2.0: pages of at most 2,000 records, whole or by the time of their last change.
//!
//! Published interface: <https://nvd.nist.gov/developers/vulnerabilities>. A span of change is at most 120 days; five
//! requests in thirty seconds are answered without a key, fifty with one, so a wait lies between two of them.

use crate::ConnectError;
use crate::address::Address;
use std::time::Duration;
use wardline_formats::json::parse;

/// Longest span of changes that is answered.
pub const SPAN_DAYS_MAX: i64 = 120;
/// Bytes of a page: two thousand records of ten kilobytes are twenty megabytes.
pub const PAGE_BYTES_MAX: u64 = 256 << 20;
/// Pages of one run: the whole has some hundred and sixty.
pub const PAGES_MAX: u64 = 5_000;
/// Header of the key.
pub const KEY_HEADER: &str = "apiKey";

/// Wait between two requests.
#[must_use]
pub const fn pause(keyed: bool) -> Duration {
    if keyed { Duration::from_millis(700) } else { Duration::from_secs(6) }
}

/// The address of a page: from a record's number, of changes between two times (`2024-01-01T00:00:00.000Z`).
///
/// # Errors
/// When that is no address.
pub fn page(base: &Address, start: u64, changed: Option<(&str, &str)>) -> Result<Address, ConnectError> {
    let sign = if base.as_str().contains('?') { '&' } else { '?' };
    let mut text = format!("{base}{sign}startIndex={start}");
    if let Some((from, until)) = changed {
        text.push_str(&format!("&lastModStartDate={}&lastModEndDate={}", escaped(from), escaped(until)));
    }
    Address::parse(&text)
}

fn escaped(time: &str) -> String {
    time.replace('+', "%2B")
}

/// Where the next page begins; nothing when this was the last.
///
/// # Errors
/// When the page does not say what it holds.
pub fn next(address: &Address, page: &[u8]) -> Result<Option<u64>, ConnectError> {
    let wrong = |why: &str| ConnectError::Document { address: address.to_string(), why: why.to_owned() };
    let tree = parse(page).map_err(|fault| wrong(fault.why))?;
    let number = |name: &str| tree.root.get(name).and_then(|node| node.scalar()?.parse::<u64>().ok());
    let (Some(start), Some(total)) = (number("startIndex"), number("totalResults")) else {
        return Err(wrong("\"startIndex\" or \"totalResults\" is missing: no page of the NVD"));
    };
    let here = u64::try_from(tree.root.list_of("vulnerabilities").len()).unwrap_or(u64::MAX);
    let next = start.saturating_add(here);
    match () {
        () if next >= total => Ok(None),
        () if here == 0 => Err(wrong("an empty page before the last")),
        () => Ok(Some(next)),
    }
}

#[cfg(test)]
mod tests {
    use super::{next, page};
    use crate::address::Address;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let base = Address::parse("https://nvd.example/rest/json/cves/2.0").unwrap();
        let first =
            page(&base, 0, Some(("2024-01-01T00:00:00.000+02:00", "2024-02-01T00:00:00.000Z"))).unwrap();
        assert_eq!(
            first.as_str(),
            "https://nvd.example/rest/json/cves/2.0?startIndex=0&lastModStartDate=2024-01-01T00:00:00.000%2B02:00&lastModEndDate=2024-02-01T00:00:00.000Z"
        );
        let said = |text: &str| next(&first, text.as_bytes());
        assert_eq!(said(r#"{"startIndex":0,"totalResults":3,"vulnerabilities":[1,2]}"#).unwrap(), Some(2));
        assert_eq!(said(r#"{"startIndex":2,"totalResults":3,"vulnerabilities":[1]}"#).unwrap(), None);
        assert_eq!(said(r#"{"startIndex":0,"totalResults":0,"vulnerabilities":[]}"#).unwrap(), None);
        for bad in [
            r#"{"startIndex":0,"totalResults":3,"vulnerabilities":[]}"#,
            "{}",
            "<html>",
            r#"{"startIndex":-1,"totalResults":1}"#,
        ] {
            assert!(said(bad).is_err(), "{bad}");
        }
    }
}
