//! What an X.509 certificate (RFC 5280) says of the host that presents it.
//!
//! In: one DER certificate of at most 16 KiB, given to a maintained parser. Out: subject, issuer, key
//! fingerprint, expiry, host name. A client's certificate made out to a person (a smart card: an e-mail address
//! or a user principal name) says nothing: the person moves, the host stays.

use super::fingerprint::hex;
use crate::{Notes, Side};
use sha2::{Digest, Sha256};
use wardline_model::{Attribute, DetailKey, Fact, Timestamp};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// Names in a certificate above which it belongs to a service that many hosts share, not to a host.
const HOST_NAMES_MAX: usize = 2;

/// Key purposes of IEEE 11073-20701 participants (section 9.3): service provider and service consumer.
const SDC_PURPOSES: &str = "1.2.840.10004.20701.1.";

/// The extended key usages that are not of RFC 5280.
fn purposes(certificate: &X509Certificate<'_>) -> impl Iterator<Item = String> {
    let usage = certificate.extended_key_usage().ok().flatten();
    usage.into_iter().flat_map(|usage| usage.value.other.iter().map(|oid| oid.to_id_string()))
}

/// Notes what `der`, presented by `side`, says. `false` when it is no certificate.
pub(super) fn note(der: &[u8], side: Side, is_server: bool, notes: &mut Notes) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let names = Names::of(&certificate);
    if names.of_a_person && !is_server {
        return true;
    }
    if purposes(&certificate).any(|oid| oid.starts_with(SDC_PURPOSES)) {
        notes.detail(DetailKey::Application, "sdc");
    }
    let key = hex(&Sha256::digest(certificate.public_key().raw));
    let (subject, issuer) = (certificate.subject().to_string(), certificate.issuer().to_string());
    let mut facts = vec![
        Fact::new(Attribute::HostKey, &format!("sha256:{key}"), 95, "tls.certificate.key"),
        Fact::new(Attribute::CertificateSubject, &subject, 90, "tls.certificate.subject"),
        Fact::new(Attribute::CertificateIssuer, &issuer, 90, "tls.certificate.issuer"),
    ];
    if is_server {
        notes.detail(DetailKey::CertificateSubject, &subject);
        notes.detail(DetailKey::CertificateIssuer, &issuer);
        let host = names.host.as_deref().unwrap_or_default();
        facts.push(Fact::new(Attribute::Hostname, host, 70, "tls.certificate.name"));
    }
    if certificate.subject().as_raw() == certificate.issuer().as_raw() {
        facts.push(weakness("self-signed-certificate"));
    }
    let seconds = notes.time.0.checked_div(Timestamp::SECOND).unwrap_or_default();
    if certificate.validity().not_after.timestamp() < seconds {
        facts.push(weakness("expired-certificate"));
    }
    notes.speaker(side, facts);
    true
}

fn weakness(name: &str) -> Option<Fact> {
    Fact::new(Attribute::Weakness, name, 90, "tls.certificate")
}

struct Names {
    host: Option<String>,
    of_a_person: bool,
}

impl Names {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut dns: Vec<String> = Vec::new();
        let mut of_a_person = certificate.subject().iter_email().next().is_some();
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        for name in alternatives.iter().flat_map(|a| &a.value.general_names) {
            match name {
                GeneralName::DNSName(name) => dns.push(name.to_ascii_lowercase()),
                GeneralName::RFC822Name(_) => of_a_person = true,
                // The user principal name of a Windows logon certificate.
                GeneralName::OtherName(oid, _) => {
                    of_a_person |= oid.to_id_string() == "1.3.6.1.4.1.311.20.2.3";
                }
                _ => {}
            }
        }
        let common = certificate.subject().iter_common_name().next().and_then(|c| c.as_str().ok());
        let common = common.map(str::to_ascii_lowercase).filter(|name| is_host(name));
        dns.sort_unstable();
        dns.dedup();
        let host = if dns.len() > HOST_NAMES_MAX {
            None
        } else {
            common.or_else(|| dns.into_iter().find(|name| is_host(name)))
        };
        Self { host, of_a_person }
    }
}

/// Whether a name is that of a host in a domain: labels of letters, digits and hyphens, the last alphabetic,
/// no wildcard, none of the names that examples and default certificates carry.
fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some((rest, last)) = name.rsplit_once('.') else { return false };
    let default = name.starts_with("localhost.")
        || matches!(last, "example" | "invalid" | "test" | "localhost")
        || rest.rsplit('.').next() == Some("example");
    name.len() <= 253
        && rest.split('.').all(label)
        && last.len() >= 2
        && label(last)
        && last.bytes().all(|b| b.is_ascii_alphabetic())
        && !default
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn only_names_of_hosts_in_a_domain_are_host_names() {
        for host in ["pacs01.hospital.lan", "a.b", "x-1.ward3.clinic.org"].map(|h| h.replace("a.b", "a.bc")) {
            assert!(is_host(&host), "{host}");
        }
        let others = [
            "*.hospital.org",
            "localhost.localdomain",
            "www.example.com",
            "10.1.2.3",
            "Lantronix",
            "a..bc",
            "acme gmbh.de",
            "-a.org",
            "",
        ];
        for other in others {
            assert!(!is_host(other), "{other}");
        }
    }
}
