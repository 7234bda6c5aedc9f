//! The HTTP client: TLS with rustls and ring, proxies, time-outs; no redirects.
//!
//! Never reads the environment and never follows a redirect (a token must not travel elsewhere).
//! Invariant: the system's certificates are loaded only where something is reached by https.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{NoProxy, Url};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use secrecy::{ExposeSecret, SecretString};

use crate::connection::{Connection, ConnectionError, Environment};
use crate::proxy;

/// Hosts that no proxy of the environment is used for, as in the provider's language.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What a proxy of the provider is called in messages.
const BLOCK: &str = "the provider's proxy (`proxy` block, GENESYSCLOUD_PROXY_HOST and _PORT)";

/// Time to connect; part of the time for one try.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// One HTTP proxy.
#[derive(Clone)]
pub(crate) struct ProxyServer {
    /// Protocol, host and port; never a user name.
    url: String,
    auth: Option<(String, SecretString)>,
    scope: Scope,
    exceptions: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Scope {
    Everything,
    Http,
    Https,
}

impl ProxyServer {
    /// Makes a proxy for all requests, loopback included (the `proxy` block).
    pub(crate) fn for_everything(
        protocol: &str,
        host: &str,
        port: Option<&str>,
        auth: Option<(String, SecretString)>,
    ) -> Result<Self, ConnectionError> {
        let bad = |problem| ConnectionError::BadProxy { variable: BLOCK.to_owned(), problem };
        let address = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        if !matches!(protocol, "http" | "https") || !proxy::is_host(protocol, &address) {
            return Err(bad(
                "it needs protocol http or https, a plain host name and a port number",
            ));
        }
        let url = format!("{protocol}://{address}");
        let proxy = Self { url, auth, scope: Scope::Everything, exceptions: None };
        proxy.build().map(|_| proxy).map_err(|_| bad("it leads to no host"))
    }

    /// Makes a proxy of what a variable says.
    fn of_variable(
        variable: &str,
        text: &str,
        scope: Scope,
        exceptions: &str,
    ) -> Result<Self, ConnectionError> {
        let bad = |problem| ConnectionError::BadProxy { variable: variable.to_owned(), problem };
        let proxy::Address { url, auth } = proxy::parse(text).map_err(bad)?;
        let proxy = Self { url, auth, scope, exceptions: Some(exceptions.to_owned()) };
        proxy.build().map(|_| proxy).map_err(|_| bad("it leads to no host"))
    }

    fn build(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        let mut proxy = match self.scope {
            Scope::Everything => reqwest::Proxy::all(&self.url),
            Scope::Http => reqwest::Proxy::http(&self.url),
            Scope::Https => reqwest::Proxy::https(&self.url),
        }?;
        if let Some((username, password)) = &self.auth {
            proxy = proxy.basic_auth(username, password.expose_secret());
        }
        Ok(proxy.no_proxy(self.exceptions.as_deref().and_then(NoProxy::from_string)))
    }

    /// Returns whether it is used for every request.
    pub(crate) fn has_no_exceptions(&self) -> bool {
        self.exceptions.is_none()
    }

    /// Returns protocol, host and port.
    pub(crate) fn address(&self) -> Option<String> {
        let url = Url::parse(&self.url).ok()?;
        let port = url.port_or_known_default().map_or(String::new(), |port| format!(":{port}"));
        Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
    }

    /// Returns the password, so that it can be kept out of every text.
    pub(crate) fn password(&self) -> Option<SecretString> {
        self.auth.as_ref().map(|(_, password)| password.clone())
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyServer")
            .field("url", &self.url)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Reads the usual proxy variables out of a snapshot, lower-case spellings too.
pub(crate) fn system_proxies(
    environment: &Environment,
) -> Result<Vec<ProxyServer>, ConnectionError> {
    let get = |upper: &str| {
        let spellings = [upper.to_owned(), upper.to_lowercase()];
        spellings.into_iter().find_map(|name| Some((environment.get(&name)?.to_owned(), name)))
    };
    let exceptions =
        get("NO_PROXY").map_or(LOOPBACK.to_owned(), |(no, _)| format!("{no},{LOOPBACK}"));
    [("HTTP_PROXY", Scope::Http), ("HTTPS_PROXY", Scope::Https), ("ALL_PROXY", Scope::Everything)]
        .into_iter()
        .filter_map(|(variable, scope)| Some((get(variable)?, scope)))
        .map(|((text, variable), scope)| {
            ProxyServer::of_variable(&variable, &text, scope, &exceptions)
        })
        .collect()
}

/// Builds the client of a connection.
pub(crate) fn http_client(
    connection: &Connection,
    try_timeout: Duration,
) -> Result<reqwest::Client, ConnectionError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("divvy/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(try_timeout)
        .tcp_keepalive(KEEP_ALIVE)
        .tls_backend_preconfigured(tls(connection)?);
    for proxy in &connection.proxies {
        builder = builder.proxy(proxy.build().map_err(ConnectionError::Http)?);
    }
    builder.build().map_err(ConnectionError::Http)
}

fn tls(connection: &Connection) -> Result<ClientConfig, ConnectionError> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(ring.clone()).with_safe_default_protocol_versions()?;
    let over_tls = |proxy: &ProxyServer| proxy.url.starts_with("https:");
    let mut tls = if connection.bases.need_tls() || connection.proxies.iter().any(over_tls) {
        let verifier = Arc::new(verifier(&connection.authorities, &ring)?);
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
    fn proxies_come_from_the_snapshot_and_hide_their_password() {
        let environment: Environment =
            [("https_proxy", "http://user:hush@proxy.test:3128"), ("NO_PROXY", "internal.test")]
                .into_iter()
                .collect();
        let proxies = system_proxies(&environment).unwrap();
        assert_eq!(proxies.len(), 1);
        let shown = format!("{proxies:?}");
        assert!(shown.contains("proxy.test") && !shown.contains("hush"), "{shown}");
        assert_eq!(proxies[0].address().unwrap(), "http://proxy.test:3128");
        assert_eq!(proxies[0].password().unwrap().expose_secret(), "hush");
    }

    #[test]
    fn an_error_names_the_variable_and_what_to_write_and_shows_no_password() {
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
            let text = "http://DOMAIN/user:hush@proxy.test:3128";
            let environment: Environment = [(variable, text)].into_iter().collect();
            let error = system_proxies(&environment).unwrap_err();
            let hints: Vec<String> = error.hints().iter().map(ToString::to_string).collect();
            let told = format!("{error}\n{}", hints.join("\n"));
            assert!(told.starts_with(variable), "{told}");
            assert!(told.contains("%23 for #") && told.contains("%5C for \\"), "{told}");
            assert!(!told.contains("hush") && !told.contains("mypurecloud"), "{told}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let error = certificates("not a certificate", Path::new("ca.pem")).unwrap_err();
        assert!(matches!(error, ConnectionError::Malformed { .. }), "{error}");
    }
}
