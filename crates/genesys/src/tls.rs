//! TLS with rustls and ring: whom a connection trusts.
//!
//! Never trusts less or more than the system and the user's own authorities. Invariant: the system's
//! certificates are loaded only where something is reached by https.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::connection::ConnectionError;

/// Makes the settings of TLS; without a need for it nobody is trusted.
pub(crate) fn configuration(
    is_needed: bool,
    own: &[CertificateDer<'static>],
) -> Result<ClientConfig, ConnectionError> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(ring.clone()).with_safe_default_protocol_versions()?;
    let mut tls = if is_needed {
        let verifier = Arc::new(verifier(own, &ring)?);
        // "dangerous" only says that the verifier is not webpki's own; it checks everything.
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    } else {
        builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// Trusts what the system trusts, and the user's own authorities. An empty container has no store of
/// certificates: there Mozilla's, as they were when this was built, are better than none.
fn verifier(
    own: &[CertificateDer<'static>],
    ring: &Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(own.iter().cloned(), Arc::clone(ring)).or_else(|error| {
        tracing::debug!(%error, "the system trusts nobody; the built-in authorities are used");
        let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        Verifier::new_with_extra_roots(built_in, Arc::clone(ring))
    })
}

/// Reads the certificates of a PEM file; `path` is only for messages.
pub(crate) fn certificates(
    pem: &str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, ConnectionError> {
    let malformed = |place: &str| ConnectionError::Malformed {
        path: path.to_owned(),
        expected: "a PEM file with certificates",
        place: place.to_owned(),
    };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| malformed("a PEM section is broken"))?;
    if certificates.is_empty() {
        return Err(malformed("no certificate in it"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let error = certificates("not a certificate", Path::new("ca.pem")).unwrap_err();
        assert!(matches!(error, ConnectionError::Malformed { .. }), "{error}");
    }
}
