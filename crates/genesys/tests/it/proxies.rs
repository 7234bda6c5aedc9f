//! Proxies: of the provider block, of the environment, and what their refusals are called.

use std::sync::Arc;

use divvy_core::ProviderArguments;
use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::DIVISION;
use divvy_core::provider_arguments::{Argument, BasicAuth, Gateway, Proxy};
use divvy_genesys::{Client, Connection, Environment, NetworkFailure, Reason};
use tokio_util::sync::CancellationToken;

use crate::server::{Server, reply, token};
use crate::support::{SECRET, TOKEN, quick};

fn known(text: &str) -> Argument<String> {
    Argument::Known(text.to_owned())
}

/// A provider configuration whose gateway is `protocol://api.test` and whose proxy is `proxy`.
fn arguments(protocol: &str, proxy: Option<&Server>) -> ProviderArguments {
    ProviderArguments {
        oauthclient_id: known("client-1"),
        oauthclient_secret: Argument::Known(SECRET.into()),
        gateway: Some(Gateway {
            protocol: known(protocol),
            host: known("api.test"),
            ..Gateway::default()
        }),
        proxy: proxy.map(|proxy| {
            let (host, port) = proxy.url["http://".len()..].split_once(':').unwrap();
            Proxy {
                protocol: known("http"),
                host: known(host),
                port: known(port),
                auth: Some(BasicAuth {
                    username: known("user"),
                    password: Argument::Known("pw".into()),
                }),
            }
        }),
        ..ProviderArguments::default()
    }
}

fn client(arguments: &ProviderArguments, environment: &Environment) -> Client {
    let connection = Connection::from_arguments(arguments, environment, None).unwrap();
    let interrupt = CancellationToken::new();
    Client::new(connection, quick(), Arc::new(Unobserved), interrupt).unwrap()
}

#[tokio::test]
async fn the_block_s_proxy_gets_whole_urls_and_its_own_password() {
    let proxy = Server::start(|request, _| match request.target.as_str() {
        "http://api.test/oauth/token" => token(TOKEN),
        _ => reply(200, &[], "50"),
    })
    .await;
    let client = client(&arguments("http", Some(&proxy)), &Environment::default());
    assert_eq!(client.limit(&DIVISION).await.unwrap(), Some(50));
    let heard = proxy.heard();
    assert_eq!(heard.len(), 2);
    // Base64 of user:pw.
    let head = heard[1].head.to_lowercase();
    assert!(head.contains("proxy-authorization: basic dxnlcjpwdw=="), "{head}");
}

#[tokio::test]
async fn the_environment_s_proxy_counts_where_the_block_has_none() {
    let proxy = Server::start(|request, _| match request.target.as_str() {
        "http://api.test/oauth/token" => token(TOKEN),
        _ => reply(200, &[], "50"),
    })
    .await;
    let environment: Environment = [("http_proxy", proxy.url.as_str())].into_iter().collect();
    let client = client(&arguments("http", None), &environment);
    assert_eq!(client.limit(&DIVISION).await.unwrap(), Some(50));
}

#[tokio::test]
async fn loopback_is_never_reached_through_the_environment_s_proxy() {
    let proxy = Server::start(|_, _| reply(500, &[], "")).await;
    let api = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => reply(200, &[], "50"),
    })
    .await;
    let variables = [("HTTP_PROXY", proxy.url.as_str()), ("NO_PROXY", "internal.test")];
    let environment: Environment = variables.into_iter().collect();
    let mut arguments = arguments("http", None);
    let (host, port) = api.url["http://".len()..].split_once(':').unwrap();
    arguments.gateway = Some(Gateway {
        protocol: known("http"),
        host: known(host),
        port: known(port),
        ..Gateway::default()
    });
    let client = client(&arguments, &environment);
    assert_eq!(client.limit(&DIVISION).await.unwrap(), Some(50));
    assert!(proxy.heard().is_empty());
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_or_refuses_the_tunnel_is_named() {
    let proxy = Server::start(|_, _| reply(407, &[], "<html>")).await;
    for protocol in ["http", "https"] {
        let client = client(&arguments(protocol, Some(&proxy)), &Environment::default());
        let error = client.limit(&DIVISION).await.unwrap_err();
        assert_eq!(error.reason, Reason::Proxy, "{protocol}: {error:?}");
        assert_eq!(error.exchange.attempts, 1, "{protocol}");
    }
    assert!(proxy.heard().iter().any(|request| request.method == "CONNECT"));
}

#[tokio::test]
async fn nobody_on_loopback_is_no_fault_of_the_environment_s_proxy() {
    let environment: Environment = [("HTTP_PROXY", "http://127.0.0.1:1")].into_iter().collect();
    let mut arguments = arguments("http", None);
    arguments.gateway = Some(Gateway {
        protocol: known("http"),
        host: known("127.0.0.1"),
        port: known("1"),
        ..Gateway::default()
    });
    let error = client(&arguments, &environment).limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Network(NetworkFailure::Refused));
}

#[tokio::test]
async fn a_password_of_any_characters_reaches_the_environment_s_proxy() {
    use base64::Engine as _;

    let proxy = Server::start(|request, _| match request.target.as_str() {
        "http://api.test/oauth/token" => token(TOKEN),
        _ => reply(200, &[], "50"),
    })
    .await;
    let host = &proxy.url["http://".len()..];
    for user in ["DOMAIN\\user:p#s@s:w/d?\\", "DOMAIN%5Cuser:p%23s%40s:w%2Fd?%5C"] {
        let written = format!("http://{user}@{host}");
        let environment: Environment = [("HTTP_PROXY", written.as_str())].into_iter().collect();
        let client = client(&arguments("http", None), &environment);
        assert_eq!(client.limit(&DIVISION).await.unwrap(), Some(50), "{user}");
        let head = proxy.heard().pop().unwrap().head;
        let sent = base64::engine::general_purpose::STANDARD.encode("DOMAIN\\user:p#s@s:w/d?\\");
        assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
        assert!(head.contains(&sent), "{user}: {head}");
    }
}
