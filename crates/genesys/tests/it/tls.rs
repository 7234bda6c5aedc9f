//! TLS that comes about: a certificate authority of the test, and a server that it vouches for.

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::DIVISION;
use divvy_genesys::{Client, Dialect, Reason};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, reply, token};
use crate::support::{TOKEN, connection, quick};

/// Puts TLS in front of a server. Returns the address, and the authority's certificate as a file.
async fn tls_before(server: &Server) -> (String, NamedTempFile) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    let text = STANDARD.encode(authority_certificate.der());
    write!(file, "-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").unwrap();

    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = server.url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, plain) = (acceptor.clone(), plain.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(plain).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    (format!("https://{address}"), file)
}

#[tokio::test]
async fn a_certificate_is_trusted_if_the_ca_file_vouches_for_it_and_refused_if_not() {
    let server = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => reply(200, &[], "50"),
    })
    .await;
    let (url, authority) = tls_before(&server).await;
    let unknown = connection(&url, Dialect::Published);
    let known = unknown
        .clone()
        .with_authorities(&std::fs::read_to_string(authority.path()).unwrap(), authority.path())
        .unwrap();
    let client = |connection| {
        Client::new(connection, quick(), Arc::new(Unobserved), CancellationToken::new()).unwrap()
    };

    let error = client(unknown).limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Tls, "{error:?}");
    assert!(server.heard().is_empty(), "nothing is sent to whom nobody vouches for");
    assert_eq!(client(known).limit(&DIVISION).await.unwrap(), Some(50));
    assert_eq!(server.count("POST", "/oauth/token"), 1);
}
