//! TLS: a provided certificate, or one of our own made at the first start.

use crate::serve::WebError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use std::sync::Arc;

/// A chain and its key, as PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The chain, leaf first.
    pub chain: String,
    /// The key.
    pub key: String,
}

/// Makes a certificate for these names and addresses, signed by itself: browsers will ask, once.
///
/// # Errors
///
/// When a name cannot be one.
pub fn make_certificate(names: &[String]) -> Result<Certificate, WebError> {
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| WebError::Certificate(error.to_string()))?;
    Ok(Certificate { chain: made.cert.pem(), key: made.signing_key.serialize_pem() })
}

/// The configuration of the server: TLS 1.2 and 1.3, HTTP/2 and 1.1.
pub(crate) fn config(certificate: &Certificate) -> Result<Arc<ServerConfig>, WebError> {
    let wrong = |error: &dyn std::fmt::Display| WebError::Certificate(error.to_string());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&error))?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).map_err(|error| wrong(&error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
