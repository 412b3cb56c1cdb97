//! What every request passes: who it is from, whether it may come from where it comes, and the headers of every answer.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, header};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

/// The cookie of a session: for this host alone, over TLS alone, unseen by script.
pub(crate) const COOKIE: &str = "__Host-wardline";
/// Longest body of a request: the forms of today are a few hundred bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// Time for the body of a request.
pub(crate) const BODY_WAIT: Duration = Duration::from_secs(15);
/// Attempts to come in that an address has a minute; a ward shares one.
const ATTEMPTS_MAX: u32 = 30;
/// Addresses counted at once; beyond that all share one count.
const ADDRESSES_MAX: usize = 10_000;

/// Nothing but our own style sheet and script files; no script in pages, no frame, no form to elsewhere.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
    ),
];

/// Puts the headers of every answer on one.
pub(crate) fn protect<B>(response: &mut Response<B>) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// The secret of the session that the browser sent.
pub(crate) fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// The token that a program sent (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether a request that changes something comes from our own pages: the browser says so by `Sec-Fetch-Site`, or by
/// `Origin`. One that says neither is not believed. Where a page was asked for stands in `Host`, over HTTP/2 in the
/// address itself.
pub(crate) fn from_ourselves(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    if method == Method::GET || method == Method::HEAD {
        return true;
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => match (text(header::ORIGIN), text(header::HOST).or(uri.authority().map(Authority::as_str))) {
            (Some(origin), Some(host)) => origin.strip_prefix("https://") == Some(host),
            _ => false,
        },
    }
}

/// Attempts to come in, by address and minute.
#[derive(Default)]
pub(crate) struct Attempts {
    counted: Mutex<(i64, HashMap<Option<IpAddr>, u32>)>,
}

impl Attempts {
    /// Counts one; `false` when that address had enough in this minute.
    pub(crate) fn may(&self, address: IpAddr, minute: i64) -> bool {
        let Ok(mut counted) = self.counted.lock() else { return false };
        if counted.0 != minute {
            *counted = (minute, HashMap::new());
        }
        let full = counted.1.len() >= ADDRESSES_MAX && !counted.1.contains_key(&Some(address));
        let count = counted.1.entry((!full).then_some(address)).or_default();
        *count = count.saturating_add(1);
        *count <= ATTEMPTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        let bare = Uri::from_static("/sign-in");
        let post =
            |pairs: &[(&'static str, &'static str)]| from_ourselves(&Method::POST, &bare, &headers(pairs));
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        assert!(post(&[("origin", "https://w.example:8443"), ("host", "w.example:8443")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!post(&[("sec-fetch-site", site), ("origin", "https://w"), ("host", "w")]), "{site}");
        }
        assert!(
            !post(&[])
                && !post(&[("origin", "null"), ("host", "w")])
                && !post(&[("origin", "http://w"), ("host", "w")])
        );
        assert!(from_ourselves(&Method::GET, &bare, &headers(&[("sec-fetch-site", "cross-site")])));
        let second = Uri::from_static("https://w.example:8443/sign-in");
        let post_over_2 = |origin| from_ourselves(&Method::POST, &second, &headers(&[("origin", origin)]));
        assert!(post_over_2("https://w.example:8443") && !post_over_2("https://evil.example"));
    }

    #[test]
    fn attempts_are_counted_by_address_and_minute() {
        let attempts = Attempts::default();
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert!((0..ATTEMPTS_MAX).all(|_| attempts.may(a, 1)));
        assert!(!attempts.may(a, 1) && attempts.may(b, 1) && attempts.may(a, 2));
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        assert_eq!(session(&headers(&[("cookie", "a=1; __Host-wardline=abc; b=2")])).as_deref(), Some("abc"));
        assert_eq!(session(&headers(&[("cookie", "wardline=abc")])), None);
    }
}
