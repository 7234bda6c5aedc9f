//! TLS for the connections of plugins, with certificates made for this one process.
//!
//! Each end trusts exactly the certificate that the other has shown before: the provider's in its
//! handshake line, ours in the environment of a provider that we start. As a server Terraform's own
//! certificate is not asked for: who may connect is known by the socket. Never reads a store of
//! certificates.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use divvy_os::sockets::Stream;
use rcgen::{CertifiedKey, KeyPair};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::error::Error;

/// The name that go-plugin's certificates have.
const NAME: &str = "localhost";

/// A fresh identity of a provider: what accepts connections, and the text for the handshake line.
pub(crate) fn fresh_identity() -> Result<(TlsAcceptor, String), Error> {
    let (certificate, key) = self_signed()?;
    let text = STANDARD_NO_PAD.encode(&certificate);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(|error| failed(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), text))
}

/// Who we are to a provider that we start.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Makes a new one.
    pub(crate) fn fresh() -> Result<Self, Error> {
        let (certificate, key) = self_signed()?;
        Ok(Self { certificate, key })
    }

    /// Returns the certificate as PEM, for the environment of the provider.
    pub(crate) fn certificate(&self) -> String {
        let text = STANDARD.encode(&self.certificate);
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let lines: String = lines.flat_map(|line| [line.into_owned(), "\n".to_owned()]).collect();
        format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
    }

    /// Talks to whoever has `certificate`, which is DER in Base64, and to nobody else.
    pub(crate) async fn talk_to(&self, certificate: &str, stream: Stream) -> Result<Stream, Error> {
        let text = certificate.trim_end_matches('=');
        let expected = STANDARD_NO_PAD.decode(text).map_err(|error| failed(&error))?;
        if expected.is_empty() {
            return Err(failed(&"the provider was asked for TLS, and speaks none"));
        }
        let verifier = Pinned { expected: expected.into(), provider: provider() };
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
                    .with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key())
            })
            .map_err(|error| failed(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from(NAME).map_err(|error| failed(&error))?;
        let talked = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        Ok(Box::new(talked.map_err(|error| failed(&error))?))
    }
}

/// Trusts one certificate, and lets it prove that it is there.
#[derive(Debug)]
struct Pinned {
    expected: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    /// Returns the algorithms that can check a signature of this scheme: Go makes certificates of
    /// P-521, which ring does not know.
    fn algorithms(&self, scheme: SignatureScheme) -> WebPkiSupportedAlgorithms {
        match divvy_os::tls::MORE_ALGORITHMS {
            Some(more) if more.mapping.iter().any(|(known, _)| *known == scheme) => more,
            _ => self.provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.expected {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General(
                "this is another certificate than the provider's".to_owned(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms(signed.scheme))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms(signed.scheme))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let more = divvy_os::tls::MORE_ALGORITHMS.map(|more| more.supported_schemes());
        let known = self.provider.signature_verification_algorithms.supported_schemes();
        more.into_iter().flatten().chain(known).collect()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn self_signed() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), Error> {
    // Terraform expects the name that go-plugin always uses.
    let made: CertifiedKey<KeyPair> =
        rcgen::generate_simple_self_signed([NAME.to_owned()]).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Ok((made.cert.der().clone(), key))
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::Tls(error.to_string())
}
