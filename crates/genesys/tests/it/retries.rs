//! What is sent again, what never is, and what the failure is called in the end.

use std::sync::Arc;
use std::time::Duration;

use divvy_core::effect::Unobserved;
use divvy_core::kinds::division::DIVISION;
use divvy_genesys::{Client, Dialect, Error, NetworkFailure, Reason, Settings};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Server, json as json_reply, reply, token};
use crate::support::{DIVISIONS, TOKEN, client, client_with, connection, impatient_client, quick};

const LIMIT: &str = "/api/v2/authorization/divisions/limit";

/// A server that answers the token, then `first` to the first request, then 50.
async fn troubled(first: fn() -> Reply) -> Server {
    Server::start(move |_, before| match before {
        0 => token(TOKEN),
        1 => first(),
        _ => reply(200, &[], "50"),
    })
    .await
}

async fn always(answer: fn() -> Reply) -> (Server, Error) {
    let server = Server::start(move |request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => answer(),
    })
    .await;
    let error = client(&server.url).limit(&DIVISION).await.unwrap_err();
    (server, error)
}

#[tokio::test]
async fn a_read_is_sent_again_after_every_trouble_that_can_pass() {
    let troubles: [fn() -> Reply; 6] = [
        || reply(500, &[], ""),
        || reply(503, &[("Content-Type", "text/html")], "<html>"),
        || reply(429, &[("Retry-After", "0")], ""),
        || reply(429, &[("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")], ""),
        || Reply::Bytes(Vec::new()),
        || Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n5".to_vec()),
    ];
    for (index, trouble) in troubles.into_iter().enumerate() {
        let server = troubled(trouble).await;
        let limit = client(&server.url).limit(&DIVISION).await;
        assert_eq!(limit.unwrap(), Some(50), "trouble {index}");
        assert_eq!(server.count("GET", LIMIT), 2, "trouble {index}");
    }
}

#[tokio::test]
async fn a_read_without_answer_in_time_is_sent_again() {
    let server = troubled(|| Reply::Hang).await;
    let limit = impatient_client(&server.url).limit(&DIVISION).await;
    assert_eq!(limit.unwrap(), Some(50));
    assert!(server.count("GET", LIMIT) >= 2);
}

#[tokio::test]
async fn a_trouble_that_stays_is_told_after_the_last_try() {
    let (server, error) = always(|| {
        reply(
            503,
            &[("ININ-Correlation-Id", "cid-1")],
            r#"{"code":"service.unavailable","message":"later","contextId":"other"}"#,
        )
    })
    .await;
    assert_eq!(error.reason, Reason::Unavailable);
    assert_eq!(server.count("GET", LIMIT), 4);
    assert_eq!(error.exchange.attempts, 4);
    assert_eq!(error.exchange.correlation_id.as_deref(), Some("cid-1"));
    let host = server.url.strip_prefix("http://").unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}{LIMIT}: the service is not available; the API said 503 \
             service.unavailable later (correlation id cid-1, 4 tries)"
        )
    );
}

#[tokio::test]
async fn clear_answers_are_told_at_once() {
    let clear: [(fn() -> Reply, Reason); 7] = [
        (|| reply(404, &[], ""), Reason::NotFound),
        (|| reply(501, &[], ""), Reason::Unavailable),
        (|| reply(200, &[], "<html>"), Reason::NotJson { is_html: true }),
        (|| reply(200, &[], "fifty"), Reason::NotJson { is_html: false }),
        (|| reply(200, &[], "{}"), Reason::UnexpectedJson),
        (
            || reply(302, &[("Location", "https://sso.test/in?token=x")], ""),
            Reason::Redirect { location: Some("https://sso.test/in".into()) },
        ),
        (
            || reply(429, &[("Retry-After", "200")], ""),
            Reason::RateLimited { retry_after: Some(Duration::from_secs(200)) },
        ),
    ];
    for (answer, reason) in clear {
        let (server, error) = always(answer).await;
        assert_eq!(error.reason, reason);
        assert_eq!(server.count("GET", LIMIT), 1, "{reason:?}");
        assert!(!error.hints().is_empty(), "{reason:?}");
    }
}

#[tokio::test]
async fn json_that_ends_too_early_is_asked_for_again_and_then_told() {
    let (server, error) = always(|| reply(200, &[], "")).await;
    assert_eq!(error.reason, Reason::TruncatedJson);
    assert_eq!(server.count("GET", LIMIT), 4);
}

#[tokio::test]
async fn nobody_listening_is_told_as_such_and_nothing_counts_as_unknown() {
    let gone = Server::start(|_, _| Reply::Hang).await.url.clone();
    // The server is dropped, its port closed once its task has ended.
    while tokio::net::TcpStream::connect(gone.strip_prefix("http://").unwrap()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let error = client(&gone).limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Network(NetworkFailure::Refused));
    assert_eq!(error.exchange.attempts, 3);
    assert!(error.hints()[0].to_string().contains(gone.strip_prefix("http://").unwrap()));
}

#[tokio::test]
async fn a_host_without_address_is_told_as_such() {
    let client = client("http://no-such-host.invalid");
    let error = client.limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Network(NetworkFailure::Dns));
}

#[tokio::test]
async fn a_plain_server_behind_https_is_a_tls_failure_and_not_repeated() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let client = client(&server.url.replacen("http:", "https:", 1));
    let error = client.limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Tls, "{error:?}");
    assert_eq!(error.exchange.attempts, 1);
}

#[tokio::test]
async fn one_retry_after_makes_all_requests_wait_together() {
    let server = Server::start(|request, before| match (request.path(), before) {
        ("/oauth/token", _) => token(TOKEN),
        (_, 1) => reply(429, &[("Retry-After", "1")], ""),
        _ => reply(200, &[], "50"),
    })
    .await;
    // One at a time, so that the others have not gone out when the first is told to wait.
    let one_at_a_time = Settings { concurrency: 1, ..quick() };
    let client = client_with(&server.url, Dialect::Published, one_at_a_time, Arc::new(Unobserved));
    let (one, other) = tokio::join!(client.limit(&DIVISION), client.limit(&DIVISION));
    assert_eq!((one.unwrap(), other.unwrap()), (Some(50), Some(50)));
    let heard = server.heard();
    assert_eq!(heard.len(), 4);
    for later in &heard[2..] {
        assert!(later.at - heard[1].at >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_service_that_says_when_it_is_back_is_asked_again_then() {
    let server = troubled(|| reply(503, &[("Retry-After", "1")], "")).await;
    let limit = client(&server.url).limit(&DIVISION).await;
    assert_eq!(limit.unwrap(), Some(50));
    let heard = server.heard();
    assert!(heard[2].at - heard[1].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_interrupt_ends_a_wait_at_once() {
    let server = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => Reply::Hang,
    })
    .await;
    let interrupt = CancellationToken::new();
    let client = Client::new(
        connection(&server.url, Dialect::Published),
        quick(),
        Arc::new(Unobserved),
        interrupt.clone(),
    )
    .unwrap();
    let stop = async {
        while server.count("GET", DIVISIONS) == 0 {
            tokio::task::yield_now().await;
        }
        interrupt.cancel();
    };
    let (listing, ()) = tokio::join!(client.listing(&DIVISION), stop);
    assert_eq!(listing.unwrap_err().reason, Reason::Interrupted);
}

#[tokio::test]
async fn an_interrupt_waits_for_the_answer_to_a_change_under_way() {
    let interrupt = CancellationToken::new();
    let stop = interrupt.clone();
    let server = Server::start(move |request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => {
            stop.cancel();
            json_reply(200, &json!({"id": "1", "name": "Sales"}))
        }
    })
    .await;
    let client = Client::new(
        connection(&server.url, Dialect::Published),
        quick(),
        Arc::new(Unobserved),
        interrupt,
    )
    .unwrap();
    let new = divvy_genesys::NewEntity::new("Sales");
    let consent = divvy_core::Consent::given(divvy_core::consent::Source::Flag);
    let created = client.create(&DIVISION, &new, &consent).await.unwrap();
    assert_eq!(created.id.as_str(), "1");
}
