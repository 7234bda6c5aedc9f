//! Layers: what each source says about credentials and place, before precedence is applied.
//!
//! Never chooses between sources: that is [`super::Connection`]. Invariant: a value keeps the name
//! of its source, and `Debug` shows no secret.

use divvy_core::ProviderArguments;
use divvy_core::provider_arguments::{Argument, BasicAuth, Gateway, Proxy};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::base::GatewayParts;
use super::{ConnectionError, Environment, Flags, Source};

use crate::profile::Profile;
use crate::proxies::ProxyServer;

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Sourced<T> {
    pub(super) value: T,
    pub(super) from: Source,
}

/// What one source says. `open` holds arguments whose value could not be learnt.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) access_token: Option<Sourced<SecretString>>,
    pub(super) client_id: Option<Sourced<String>>,
    pub(super) client_secret: Option<Sourced<SecretString>>,
    pub(super) region: Option<Sourced<String>>,
    pub(super) open: Vec<Open>,
    /// True if id and secret belong together and must not be mixed with another source's.
    pub(super) is_pair: bool,
}

/// An argument whose value could not be learnt.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) argument: String,
    pub(super) reference: String,
}

impl Open {
    pub(super) fn error(&self) -> ConnectionError {
        ConnectionError::Open { argument: self.argument.clone(), reference: self.reference.clone() }
    }
}

impl Layer {
    /// Returns what the provider itself would see: its block, each argument that is not written
    /// replaced by its variable. A written argument hides its variable even while it is open.
    pub(super) fn of_provider(arguments: &ProviderArguments, environment: &Environment) -> Self {
        let mut open = Vec::new();
        let access_token = secret(
            "access_token",
            &arguments.access_token,
            environment,
            "GENESYSCLOUD_ACCESS_TOKEN",
            &mut open,
        );
        let client_id = text(
            "oauthclient_id",
            &arguments.oauthclient_id,
            environment,
            "GENESYSCLOUD_OAUTHCLIENT_ID",
            &mut open,
        );
        let client_secret = secret(
            "oauthclient_secret",
            &arguments.oauthclient_secret,
            environment,
            "GENESYSCLOUD_OAUTHCLIENT_SECRET",
            &mut open,
        );
        let region = text(
            "aws_region",
            &arguments.aws_region,
            environment,
            "GENESYSCLOUD_REGION",
            &mut open,
        );
        Self { access_token, client_id, client_secret, region, open, is_pair: false }
    }

    /// Returns what flags say.
    pub(super) fn of_flags(flags: &Flags) -> Self {
        let from = Source::Flags;
        Self {
            access_token: sourced(flags.access_token.clone(), &from),
            client_id: sourced(flags.client_id.clone(), &from),
            client_secret: sourced(flags.client_secret.clone(), &from),
            region: sourced(flags.region.clone(), &from),
            open: Vec::new(),
            is_pair: false,
        }
    }

    /// Returns what a profile says.
    pub(super) fn of_profile(profile: &Profile) -> Self {
        let from = Source::Profile(profile.name.clone());
        Self {
            access_token: sourced(profile.access_token.clone(), &from),
            client_id: sourced(profile.client_id.clone(), &from),
            client_secret: sourced(profile.client_secret.clone(), &from),
            region: sourced(profile.environment.clone(), &from),
            open: Vec::new(),
            is_pair: true,
        }
    }

    /// Returns the first open argument with one of these names.
    pub(super) fn open_among(&self, arguments: &[&str]) -> Option<&Open> {
        self.open.iter().find(|open| arguments.contains(&open.argument.as_str()))
    }
}

fn sourced<T>(value: Option<T>, from: &Source) -> Option<Sourced<T>> {
    value.map(|value| Sourced { value, from: from.clone() })
}

/// Resolves one argument against its variable; an open one is noted and stays unresolved.
fn text(
    name: &str,
    argument: &Argument<String>,
    environment: &Environment,
    variable: &str,
    open: &mut Vec<Open>,
) -> Option<Sourced<String>> {
    match argument {
        Argument::Known(value) => (!value.is_empty())
            .then(|| Sourced { value: value.clone(), from: Source::ProviderBlock }),
        Argument::Absent => {
            sourced(environment.get(variable).map(str::to_owned), &Source::Environment)
        }
        Argument::Open(reference) => {
            open.push(Open { argument: name.to_owned(), reference: reference.clone() });
            None
        }
    }
}

/// As [`text`], for a secret.
fn secret(
    name: &str,
    argument: &Argument<SecretString>,
    environment: &Environment,
    variable: &str,
    open: &mut Vec<Open>,
) -> Option<Sourced<SecretString>> {
    let plain = match argument {
        Argument::Known(value) => Argument::Known(value.expose_secret().to_owned()),
        Argument::Absent => Argument::Absent,
        Argument::Open(reference) => Argument::Open(reference.clone()),
    };
    text(name, &plain, environment, variable, open)
        .map(|found| Sourced { value: found.value.into(), from: found.from })
}

/// Resolves a `gateway` block; only with a block does the provider read the variables.
/// A block that names no host, not even by variable, is no gateway.
pub(super) fn gateway(
    block: &Gateway,
    environment: &Environment,
) -> Result<Option<Sourced<GatewayParts>>, ConnectionError> {
    let part = |name: &str, argument, variable| {
        let mut open = Vec::new();
        let found = text(name, argument, environment, variable, &mut open);
        open.first().map_or(Ok(found), |open| Err(open.error()))
    };
    let host = part("gateway.host", &block.host, "GENESYSCLOUD_GATEWAY_HOST")?;
    let Some(Sourced { value: host, from }) = host else {
        return Ok(None);
    };
    let mut parts = GatewayParts {
        protocol: part("gateway.protocol", &block.protocol, "GENESYSCLOUD_GATEWAY_PROTOCOL")?
            .map(|found| found.value),
        host,
        port: part("gateway.port", &block.port, "GENESYSCLOUD_GATEWAY_PORT")?
            .map(|found| found.value),
        ..GatewayParts::default()
    };
    for (name, value) in &block.path_params {
        let name = part("gateway.path_params.path_name", name, "GENESYSCLOUD_GATEWAY_PATH_NAME")?;
        let value =
            part("gateway.path_params.path_value", value, "GENESYSCLOUD_GATEWAY_PATH_VALUE")?
                .map(|found| found.value);
        match name.map(|found| found.value).as_deref() {
            Some("login") => parts.login_path = value,
            Some("api") => parts.api_path = value,
            _ => {}
        }
    }
    Ok(Some(Sourced { value: parts, from }))
}

/// Resolves the `proxy` block, or the provider's variables where there is none.
pub(super) fn proxy(
    block: Option<&Proxy>,
    environment: &Environment,
) -> Result<Option<ProxyServer>, ConnectionError> {
    let empty = Proxy::default();
    let block = block.unwrap_or(&empty);
    let no_auth = BasicAuth::default();
    let auth = block.auth.as_ref().unwrap_or(&no_auth);
    let mut open = Vec::new();
    let mut part =
        |name, argument, variable| text(name, argument, environment, variable, &mut open);
    let protocol = part("proxy.protocol", &block.protocol, "GENESYSCLOUD_PROXY_PROTOCOL");
    let host = part("proxy.host", &block.host, "GENESYSCLOUD_PROXY_HOST");
    let port = part("proxy.port", &block.port, "GENESYSCLOUD_PROXY_PORT");
    let username = part("proxy.auth.username", &auth.username, "GENESYSCLOUD_PROXY_AUTH_USERNAME");
    let password = secret(
        "proxy.auth.password",
        &auth.password,
        environment,
        "GENESYSCLOUD_PROXY_AUTH_PASSWORD",
        &mut open,
    );
    if let Some(open) = open.first() {
        return Err(open.error());
    }
    let Some(host) = host else { return Ok(None) };
    let protocol = protocol.map_or("http".to_owned(), |found| found.value);
    let port = port.map(|found| found.value);
    let password = password.map_or_else(SecretString::default, |found| found.value);
    let auth = username.map(|found| (found.value, password));
    ProxyServer::for_everything(&protocol, &host.value, port.as_deref(), auth).map(Some)
}

/// The part of `~/.genesyscloudgo/config` that the provider does not overwrite.
#[derive(Deserialize)]
struct SdkConfiguration {
    gateway: Option<SdkGateway>,
}

#[derive(Deserialize)]
struct SdkGateway {
    protocol: Option<String>,
    host: Option<String>,
    port: Option<serde_json::Value>,
    #[serde(alias = "path-params-login")]
    path_params_login: Option<String>,
    #[serde(alias = "path-params-api")]
    path_params_api: Option<String>,
}

/// Reads the gateway out of the JSON form of `~/.genesyscloudgo/config`, which the vendor's SDK
/// loads for every client. Its INI form holds no usable gateway (the SDK panics on it), so what
/// is not JSON counts as nothing.
pub(super) fn sdk_gateway(
    environment: &Environment,
) -> Result<Option<Sourced<GatewayParts>>, ConnectionError> {
    let Some(home) = environment.home() else {
        return Ok(None);
    };
    let path = home.join(".genesyscloudgo").join("config");
    let text = match environment.text_of(&path, "JSON") {
        Ok(Some(text)) => text,
        Ok(None) | Err(ConnectionError::Malformed { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(SdkConfiguration { gateway }) = serde_json::from_str(&text) else {
        return Ok(None);
    };
    let Some(gateway) = gateway else {
        return Ok(None);
    };
    let host = gateway.host.filter(|host| !host.is_empty());
    Ok(host.map(|host| Sourced {
        value: GatewayParts {
            protocol: gateway.protocol.filter(|protocol| !protocol.is_empty()),
            host,
            port: gateway.port.and_then(|port| match port {
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            }),
            login_path: gateway.path_params_login,
            api_path: gateway.path_params_api,
        },
        from: Source::SdkConfiguration,
    }))
}
