//! Addresses: `https` only, and what a reference in a document means beside the address of that document.
//!
//! RFC 3986, of which only what feeds use: no user information (it would be a secret in a log), no fragment.

use crate::ConnectError;
use std::fmt;

/// Longest address: more than any feed has.
const BYTES_MAX: usize = 4096;
const SCHEME: &str = "https://";

/// An absolute `https` address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// When it is not an `https` address that can be fetched.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let wrong = |why| ConnectError::Address { address: text.chars().take(200).collect(), why };
        if text.len() > BYTES_MAX {
            return Err(wrong("it is too long"));
        }
        if text.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte)) {
            return Err(wrong("it has characters that no address has; write them with %"));
        }
        let (text, _) = text.split_once('#').unwrap_or((text, ""));
        let has_scheme = text.get(..SCHEME.len()).is_some_and(|head| head.eq_ignore_ascii_case(SCHEME));
        let rest = text
            .get(SCHEME.len()..)
            .filter(|_| has_scheme)
            .ok_or_else(|| wrong("only https:// is fetched"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        if host.is_empty() || host.starts_with(':') {
            return Err(wrong("the host is missing"));
        }
        if host.contains('@') {
            return Err(wrong("a name or password does not belong into an address"));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self(format!("{SCHEME}{}{slash}{path}", host.to_ascii_lowercase())))
    }

    /// What a reference in the document at this address means (RFC 3986 section 5.2).
    ///
    /// # Errors
    /// When that is not an `https` address.
    pub fn join(&self, reference: &str) -> Result<Self, ConnectError> {
        let reference = reference.trim();
        let scheme = reference.split(['/', '?', '#']).next().unwrap_or_default();
        if scheme.contains(':') {
            return Self::parse(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{SCHEME}{rest}"));
        }
        let (root, path) = self.0.split_at(SCHEME.len().saturating_add(self.host().len()));
        let path = path.split('?').next().unwrap_or_default();
        let (own, query) = match reference.find('?') {
            Some(at) => reference.split_at(at),
            None => (reference, ""),
        };
        let joined = if own.starts_with('/') {
            own.to_owned()
        } else if own.is_empty() {
            path.to_owned()
        } else {
            let folder = path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("/");
            format!("{folder}{own}")
        };
        Self::parse(&format!("{root}{}{query}", without_dots(&joined)))
    }

    /// The host, with its port where one is written.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.get(SCHEME.len()..).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default()
    }

    /// The folder of this address: it ends in a slash.
    #[must_use]
    pub fn as_folder(&self) -> Self {
        if self.0.ends_with('/') { self.clone() } else { Self(format!("{}/", self.0)) }
    }

    /// The address with something at its end: the name of a hash or signature file.
    ///
    /// # Errors
    /// When that is none.
    pub fn with_ending(&self, ending: &str) -> Result<Self, ConnectError> {
        Self::parse(&format!("{}{ending}", self.0))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 3986 section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn only_https_without_secrets_is_fetched() {
        for bad in [
            "http://a.example/",
            "ftp://a",
            "https://",
            "https://u:p@a.example/x",
            "https://a.example/\nx",
            "",
            "https://:1/",
            "file:///etc/passwd",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Address::parse("HTTPS://A.example?x=1#y").unwrap().as_str(), "https://a.example/?x=1");
        assert!(Address::parse(&format!("https://a.example/{}", "x".repeat(5000))).is_err());
    }

    #[test]
    fn references_are_joined_as_the_standard_says() {
        let base = Address::parse("https://a.example:8443/csaf/v2/feed.json?x").unwrap();
        for (reference, joined) in [
            ("g", "https://a.example:8443/csaf/v2/g"),
            ("./g/", "https://a.example:8443/csaf/v2/g/"),
            ("../g", "https://a.example:8443/csaf/g"),
            ("../../../g", "https://a.example:8443/g"),
            ("/g?y#z", "https://a.example:8443/g?y"),
            ("//b.example/g", "https://b.example/g"),
            ("https://b.example", "https://b.example/"),
            ("?y", "https://a.example:8443/csaf/v2/feed.json?y"),
            ("2024/a%20b.json", "https://a.example:8443/csaf/v2/2024/a%20b.json"),
        ] {
            assert_eq!(base.join(reference).unwrap().as_str(), joined, "{reference}");
        }
        assert!(base.join("http://a.example/").is_err());
        assert!(base.join("javascript:alert(1)").is_err());
    }
}
