//! A client for a raw server, and the facts that several tests share.

use std::sync::Arc;
use std::time::Duration;

use divvy_core::effect::{Observer, Unobserved};
use divvy_genesys::{Client, Connection, Dialect, Environment, Fallback, Flags, Settings};
use tokio_util::sync::CancellationToken;

pub(crate) const SECRET: &str = "s3cr3t-of-the-test";
pub(crate) const TOKEN: &str = "t0ken-of-the-test";
pub(crate) const DIVISIONS: &str = "/api/v2/authorization/divisions";

/// Short waits, so that a test of retries takes milliseconds; long time-outs, so that a busy
/// machine is no failure.
pub(crate) fn quick() -> Settings {
    Settings {
        try_timeout: Duration::from_secs(20),
        first_wait: Duration::from_millis(1),
        attempts: 4,
        ..Settings::default()
    }
}

pub(crate) fn connection(url: &str, dialect: Dialect) -> Connection {
    let given = Fallback {
        flags: Flags {
            client_id: Some("client-1".into()),
            client_secret: Some(SECRET.into()),
            api_url: Some(url.into()),
            ..Flags::default()
        },
        profile: None,
    };
    Connection::from_flags(&given, &Environment::default(), dialect).unwrap()
}

pub(crate) fn client(url: &str) -> Client {
    client_with(url, Dialect::Published, quick(), Arc::new(Unobserved))
}

/// A client for servers that do not answer.
pub(crate) fn impatient_client(url: &str) -> Client {
    let settings = Settings { try_timeout: Duration::from_millis(300), ..quick() };
    client_with(url, Dialect::Published, settings, Arc::new(Unobserved))
}

pub(crate) fn client_with(
    url: &str,
    dialect: Dialect,
    settings: Settings,
    observer: Arc<dyn Observer>,
) -> Client {
    let interrupt = CancellationToken::new();
    Client::new(connection(url, dialect), settings, observer, interrupt).unwrap()
}
