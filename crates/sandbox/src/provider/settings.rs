//! What the provider block and the environment say together: the block wins, argument by argument.
//!
//! Names and defaults are the official provider's. Reads nothing itself: the environment is handed
//! in. Invariant: the stand-in talks to a gateway on plain HTTP or to nobody, so it can never reach
//! a real org.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use divvy_plugin::Value;

/// A snapshot of the environment.
pub(crate) type Environment = BTreeMap<String, String>;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    /// `access_token`: no token is fetched.
    AccessToken(String),
    /// `oauthclient_id` and `oauthclient_secret`, perhaps empty.
    Client { id: String, secret: String },
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gateway {
    /// `http://127.0.0.1:8080/login`, without the path of the endpoint.
    pub(crate) login: String,
    /// `http://127.0.0.1:8080/api`, without the path of the endpoint.
    pub(crate) api: String,
}

/// One configured provider.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) credentials: Credentials,
    pub(crate) gateway: Gateway,
    pub(crate) token_pool_size: usize,
    pub(crate) retry_timeout: Duration,
}

/// The argument was not usable; the text is the diagnostic's summary.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unusable(pub(crate) String);

const DEFAULT_POOL_SIZE: usize = 10;
const DEFAULT_RETRY_TIMEOUT: Duration = Duration::from_secs(300);

impl Settings {
    /// Joins the evaluated provider block with the environment.
    pub(crate) fn join(block: &Value, environment: &Environment) -> Result<Self, Unusable> {
        let argument = |name: &str, variable: &str| {
            text_of(block.get(name)).or_else(|| variable_of(environment, variable))
        };
        let credentials = match argument("access_token", "GENESYSCLOUD_ACCESS_TOKEN") {
            Some(token) => Credentials::AccessToken(token),
            None => Credentials::Client {
                id: argument("oauthclient_id", "GENESYSCLOUD_OAUTHCLIENT_ID").unwrap_or_default(),
                secret: argument("oauthclient_secret", "GENESYSCLOUD_OAUTHCLIENT_SECRET")
                    .unwrap_or_default(),
            },
        };
        let token_pool_size = match argument("token_pool_size", "GENESYSCLOUD_TOKEN_POOL_SIZE") {
            None => DEFAULT_POOL_SIZE,
            Some(text) => {
                text.parse().ok().filter(|size| (1..=50).contains(size)).ok_or_else(|| {
                    Unusable(format!(
                        "expected token_pool_size to be in the range (1 - 50), got {text}"
                    ))
                })?
            }
        };
        let retry_timeout =
            match argument("custom_retry_timeout", "GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT") {
                None => DEFAULT_RETRY_TIMEOUT,
                Some(text) => go_duration(&text).ok_or_else(|| {
                    Unusable(
                        "expected custom_retry_timeout to be a valid duration string".to_owned(),
                    )
                })?,
            };
        let gateway = gateway_of(block, environment)?;
        Ok(Self { credentials, gateway, token_pool_size, retry_timeout })
    }
}

/// The block's text; a number (`token_pool_size`) is read as its digits, empty text as absent.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn variable_of(environment: &Environment, name: &str) -> Option<String> {
    environment.get(name).filter(|text| !text.is_empty()).cloned()
}

/// A `gateway` block, its gaps filled from the environment; without a block the Go SDK's own
/// configuration file. Variables alone set no gateway.
fn gateway_of(block: &Value, environment: &Environment) -> Result<Gateway, Unusable> {
    let (written, variables) = match block.get("gateway").elements() {
        [gateway, ..] => (gateway.clone(), environment.clone()),
        [] => (from_configuration_file(environment), Environment::new()),
    };
    let part = |name: &str, variable: &str| {
        text_of(written.get(name)).or_else(|| variable_of(&variables, variable))
    };
    let protocol = part("protocol", "GENESYSCLOUD_GATEWAY_PROTOCOL");
    let host = part("host", "GENESYSCLOUD_GATEWAY_HOST");
    let port = part("port", "GENESYSCLOUD_GATEWAY_PORT");
    let (Some("http"), Some(host)) = (protocol.as_deref(), host) else {
        return Err(Unusable(
            "the stand-in provider talks to a gateway on plain http only: add \
             gateway { protocol = \"http\" host = \"127.0.0.1\" port = \"…\" } to the provider block"
                .to_owned(),
        ));
    };
    let port = port.filter(|port| port != "80").map(|port| format!(":{port}")).unwrap_or_default();
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    for parameter in written.get("path_params").elements() {
        if let (Some(name), Some(value)) =
            (text_of(parameter.get("path_name")), text_of(parameter.get("path_value")))
        {
            paths.insert(name, value);
        }
    }
    if let (true, Some(name), Some(value)) = (
        paths.is_empty(),
        variable_of(&variables, "GENESYSCLOUD_GATEWAY_PATH_NAME"),
        variable_of(&variables, "GENESYSCLOUD_GATEWAY_PATH_VALUE"),
    ) {
        paths.insert(name, value);
    }
    let address = |name: &str| {
        let path = paths.get(name).map(|path| path.trim_matches('/')).filter(|p| !p.is_empty());
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        format!("http://{host}{port}{path}")
    };
    Ok(Gateway { login: address("login"), api: address("api") })
}

/// `~/.genesyscloudgo/config` in its JSON form; null if there is none.
fn from_configuration_file(environment: &Environment) -> Value {
    environment
        .get("HOME")
        .and_then(|home| std::fs::read(Path::new(home).join(".genesyscloudgo/config")).ok())
        .and_then(|bytes| Value::from_json_bytes(&bytes).ok())
        .map_or(Value::Null, |file| file.get("gateway").clone())
}

/// Reads a duration as Go does: `0`, `30s`, `1m30s`, `1.5h`, `200ms`.
fn go_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 6] =
        [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let factor = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?.1;
        rest = &rest[letters..];
        seconds += number * factor;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn environment(entries: &[(&str, &str)]) -> Environment {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn block(json: serde_json::Value) -> Value {
        json.into()
    }

    #[test]
    fn the_block_wins_over_the_environment() {
        let gateway = json!([{"protocol": "http", "host": "127.0.0.1", "port": "8080"}]);
        let block = block(json!({
            "oauthclient_id": "block", "token_pool_size": 2, "custom_retry_timeout": "1m30s",
            "gateway": gateway,
        }));
        let settings = Settings::join(
            &block,
            &environment(&[
                ("GENESYSCLOUD_OAUTHCLIENT_ID", "environment"),
                ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "secret"),
                ("GENESYSCLOUD_TOKEN_POOL_SIZE", "7"),
                ("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s"),
            ]),
        )
        .unwrap();
        let Credentials::Client { id, secret } = settings.credentials else {
            panic!("expected a client")
        };
        assert_eq!((id.as_str(), secret.as_str()), ("block", "secret"));
        assert_eq!(settings.token_pool_size, 2);
        assert_eq!(settings.retry_timeout, Duration::from_secs(90));
        assert_eq!(settings.gateway.api, "http://127.0.0.1:8080");
    }

    #[test]
    fn an_empty_gateway_block_is_filled_from_the_environment_but_needs_to_be_there() {
        let variables = environment(&[
            ("GENESYSCLOUD_GATEWAY_PROTOCOL", "http"),
            ("GENESYSCLOUD_GATEWAY_HOST", "localhost"),
            ("GENESYSCLOUD_GATEWAY_PORT", "80"),
            ("GENESYSCLOUD_GATEWAY_PATH_NAME", "login"),
            ("GENESYSCLOUD_GATEWAY_PATH_VALUE", "auth"),
        ]);
        let with = Settings::join(&block(json!({"gateway": [{}]})), &variables).unwrap();
        assert_eq!(with.gateway.login, "http://localhost/auth");
        assert_eq!(with.gateway.api, "http://localhost");
        let without = Settings::join(&block(json!({"gateway": []})), &variables);
        assert!(without.unwrap_err().0.contains("plain http only"));
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let seconds = |text| go_duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("0"), Some(0.0));
        assert_eq!(seconds("0s"), Some(0.0));
        assert_eq!(seconds("1h2m3s"), Some(3723.0));
        assert_eq!(seconds("1.5s"), Some(1.5));
        assert_eq!(seconds("250ms"), Some(0.25));
        for text in ["", "abc", "5", "5 s", "-3s", "s"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_pool_size_out_of_range_is_refused() {
        let refused = Settings::join(&block(json!({"token_pool_size": 51})), &environment(&[]));
        assert!(refused.unwrap_err().0.contains("token_pool_size"));
    }
}
