//! The proxies that requests go through: the provider's own, or those of the environment.
//!
//! Never reads the environment itself, never shows a password. Invariant: a proxy that is held leads to a
//! host.

use std::fmt;

use reqwest::{NoProxy, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::connection::{ConnectionError, Environment};
use crate::proxy;

/// Hosts that no proxy of the environment is used for, as in the provider's language.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// What a proxy of the provider is called in messages.
const BLOCK: &str = "the provider's proxy (`proxy` block, GENESYSCLOUD_PROXY_HOST and _PORT)";

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

    pub(crate) fn build(&self) -> Result<reqwest::Proxy, reqwest::Error> {
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

    /// Returns whether it is reached over TLS itself.
    pub(crate) fn is_over_tls(&self) -> bool {
        self.url.starts_with("https:")
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
}
