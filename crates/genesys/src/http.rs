//! The HTTP client: proxies, time-outs; no redirects.
//!
//! Never follows a redirect: a token must not travel elsewhere. Invariant: a client uses the proxies of its
//! connection and no others.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::connection::{Connection, ConnectionError};
use crate::proxies::ProxyServer;
use crate::tls;

/// Time to connect; part of the time for one try.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Builds the client of a connection.
pub(crate) fn http_client(
    connection: &Connection,
    try_timeout: Duration,
) -> Result<reqwest::Client, ConnectionError> {
    let needs_tls =
        connection.bases.need_tls() || connection.proxies.iter().any(ProxyServer::is_over_tls);
    let tls = tls::configuration(needs_tls, &connection.authorities)?;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("divvy/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(try_timeout)
        .tcp_keepalive(KEEP_ALIVE)
        .tls_backend_preconfigured(tls);
    for proxy in &connection.proxies {
        builder = builder.proxy(proxy.build().map_err(ConnectionError::Http)?);
    }
    builder.build().map_err(ConnectionError::Http)
}
