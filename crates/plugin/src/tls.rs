//! TLS for the connection that Terraform opens, with a certificate made for this one process.
//!
//! Terraform trusts exactly the certificate in the handshake line. Its own certificate is not
//! asked for: it is a P-521 one, which the ring backend cannot check, and the socket lies in a
//! directory that only its owner can enter, so whoever reaches it may as well read our memory.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::error::Error;

/// A fresh identity: what accepts connections, and the text for the handshake line.
pub(crate) fn fresh_identity() -> Result<(TlsAcceptor, String), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Certificate(error.to_string());
    // Terraform expects the name that go-plugin always uses.
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .map_err(|error| failed(&error))?;
    let certificate = identity.cert.der().clone();
    let text = STANDARD_NO_PAD.encode(&certificate);
    let key = PrivateKeyDer::Pkcs8(identity.signing_key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(|error| failed(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), text))
}
