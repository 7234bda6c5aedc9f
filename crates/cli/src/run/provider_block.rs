//! From the provider block that Terraform evaluated for Configure to the arguments that name an org.
//!
//! Never logs a value. Invariant: what is unknown during plan is open, never absent.

use divvy_core::ProviderArguments;
use divvy_core::provider_arguments::{Argument, BasicAuth, Gateway, Proxy};
use divvy_plugin::Value;
use secrecy::SecretString;

/// Reads the arguments out of an evaluated block.
pub(crate) fn arguments(block: &Value) -> ProviderArguments {
    ProviderArguments {
        access_token: secret(block, "access_token"),
        oauthclient_id: text(block, "oauthclient_id"),
        oauthclient_secret: secret(block, "oauthclient_secret"),
        aws_region: text(block, "aws_region"),
        gateway: first(block, "gateway").map(|gateway| Gateway {
            protocol: text(gateway, "protocol"),
            host: text(gateway, "host"),
            port: text(gateway, "port"),
            path_params: gateway
                .get("path_params")
                .elements()
                .iter()
                .map(|pair| (text(pair, "path_name"), text(pair, "path_value")))
                .collect(),
            auth: auth(gateway),
        }),
        proxy: first(block, "proxy").map(|proxy| Proxy {
            protocol: text(proxy, "protocol"),
            host: text(proxy, "host"),
            port: text(proxy, "port"),
            auth: auth(proxy),
        }),
    }
}

/// Nested blocks travel as lists or sets of objects.
fn first<'v>(block: &'v Value, name: &str) -> Option<&'v Value> {
    block.get(name).elements().first()
}

fn auth(block: &Value) -> Option<BasicAuth> {
    first(block, "auth").map(|auth| BasicAuth {
        username: text(auth, "username"),
        password: secret(auth, "password"),
    })
}

fn text(block: &Value, name: &str) -> Argument<String> {
    match block.get(name) {
        Value::Null => Argument::Absent,
        Value::Text(text) => Argument::Known(text.clone()),
        Value::Number(number) => Argument::Known(number.to_string()),
        Value::Bool(flag) => Argument::Known(flag.to_string()),
        Value::Unknown | Value::List(_) | Value::Map(_) | Value::Other(_) => {
            Argument::Open(name.to_owned())
        }
    }
}

fn secret(block: &Value, name: &str) -> Argument<SecretString> {
    match text(block, name) {
        Argument::Absent => Argument::Absent,
        Argument::Known(value) => Argument::Known(SecretString::from(value)),
        Argument::Open(shown) => Argument::Open(shown),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_blocks_and_unknown_values_are_read() {
        let mut block = Value::from(json!({
            "oauthclient_id": "id", "oauthclient_secret": "hush", "aws_region": null,
            "gateway": [{ "host": "h", "port": "1", "path_params": [{ "path_name": "api", "path_value": "/x" }], "auth": [] }],
            "proxy": [],
        }));
        block.set("access_token", Value::Unknown);
        let arguments = arguments(&block);
        assert_eq!(arguments.oauthclient_id.known().map(String::as_str), Some("id"));
        assert!(arguments.aws_region.is_absent());
        assert!(matches!(&arguments.access_token, Argument::Open(name) if name == "access_token"));
        let gateway = arguments.gateway.as_ref().unwrap();
        assert_eq!(gateway.host.known().map(String::as_str), Some("h"));
        assert_eq!(gateway.path_params.len(), 1);
        assert!(arguments.proxy.is_none());
        assert!(!format!("{arguments:?}").contains("hush"));
    }
}
