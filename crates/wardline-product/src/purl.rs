//! Package URLs (ECMA-427): `pkg:type/namespace/name@version?qualifiers#subpath`.
//!
//! In: a text. Out: its parts, percent signs decoded, type in lower case. Limits: [`PURL_BYTES_MAX`].

use thiserror::Error;

/// Longest text read, in bytes.
pub const PURL_BYTES_MAX: usize = 4_096;

/// A package's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purl {
    /// The kind of package: `deb`, `npm`, `generic`.
    pub kind: String,
    /// Whose name it is in, segments joined by `/`.
    pub namespace: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// What tells it apart besides, in order of the keys.
    pub qualifiers: Vec<(String, String)>,
}

/// Why a text is no package URL.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PurlError {
    /// Another scheme.
    #[error("a package URL begins with \"pkg:\"")]
    Beginning,
    /// No type, or one with characters that types do not have.
    #[error("a package URL names a type of letters, digits, dots, plus and minus before its first slash")]
    Kind,
    /// No name.
    #[error("a package URL has a name")]
    Name,
    /// Beyond our limit, or escapes that are none.
    #[error(
        "a package URL has at most {PURL_BYTES_MAX} bytes of UTF-8 with two hexadecimal digits after each percent sign"
    )]
    Text,
}

impl Purl {
    /// Reads a package URL.
    ///
    /// # Errors
    /// Says which part is missing or wrong.
    pub fn read(text: &str) -> Result<Self, PurlError> {
        if text.len() > PURL_BYTES_MAX {
            return Err(PurlError::Text);
        }
        let rest = text.strip_prefix("pkg:").ok_or(PurlError::Beginning)?.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/').ok_or(PurlError::Kind)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
        if kind.is_empty() || !kind.chars().all(allowed) || kind.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(PurlError::Kind);
        }
        // The version's sign is the last one behind the last slash: scopes of npm have one too.
        let name_start = rest.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
        let (namespace, last) = rest.split_at_checked(name_start).ok_or(PurlError::Name)?;
        let (name, version) = match last.rsplit_once('@') {
            Some((name, version)) if !name.is_empty() => (name, Some(decoded(version)?)),
            _ => (last, None),
        };
        let name = decoded(name.trim_end_matches('/'))?;
        if name.is_empty() {
            return Err(PurlError::Name);
        }
        let namespace = decoded(namespace.trim_matches('/'))?;
        Ok(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
            name,
            version: version.filter(|version| !version.is_empty()),
            qualifiers: qualified(qualifiers)?,
        })
    }
}

fn qualified(text: &str) -> Result<Vec<(String, String)>, PurlError> {
    let mut all = Vec::new();
    for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        if !value.is_empty() {
            all.push((key.to_ascii_lowercase(), decoded(value)?));
        }
    }
    all.sort();
    Ok(all)
}

fn decoded(text: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or(PurlError::Text)?, rest.next().ok_or(PurlError::Text)?];
        let digits = std::str::from_utf8(&digits).map_err(|_| PurlError::Text)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| PurlError::Text)?);
    }
    String::from_utf8(bytes).map_err(|_| PurlError::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let purl = Purl::read("pkg:deb/debian/curl@7.50.3-1?distro=jessie&arch=i386#x").unwrap();
        assert_eq!(
            (purl.kind.as_str(), purl.namespace.as_deref(), purl.name.as_str()),
            ("deb", Some("debian"), "curl")
        );
        assert_eq!(purl.version.as_deref(), Some("7.50.3-1"));
        assert_eq!(purl.qualifiers[0], ("arch".to_owned(), "i386".to_owned()));
        let scoped = Purl::read("pkg:npm/%40angular/animation@12.3.1").unwrap();
        assert_eq!((scoped.namespace.as_deref(), scoped.name.as_str()), (Some("@angular"), "animation"));
        let plain = Purl::read("pkg:npm/@angular/animation").unwrap();
        assert_eq!((plain.namespace.as_deref(), plain.version), (Some("@angular"), None));
        assert_eq!(Purl::read("pkg:Generic/openssl").unwrap().kind, "generic");
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, wanted) in [
            ("npm/x", PurlError::Beginning),
            ("pkg:npm", PurlError::Kind),
            ("pkg:n pm/x", PurlError::Kind),
            ("pkg:npm/", PurlError::Name),
            ("pkg:npm/a%2", PurlError::Text),
            ("pkg:npm/a%ff", PurlError::Text),
        ] {
            assert_eq!(Purl::read(text), Err(wanted), "{text}");
        }
        assert_eq!(Purl::read(&format!("pkg:npm/{}", "x".repeat(10_000))), Err(PurlError::Text));
    }
}
