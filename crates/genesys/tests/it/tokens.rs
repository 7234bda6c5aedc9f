//! The token: one a run, shared, renewed once, and what a refusal is called.

use divvy_core::EntityId;
use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::ById;
use divvy_genesys::{
    Client, Connection, Dialect, Environment, Fallback, Flags, NetworkFailure, Reason,
};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Server, reply, token};
use crate::support::{TOKEN, client, impatient_client, quick};

const LOGIN: &str = "/oauth/token";

fn ids(count: usize) -> Vec<EntityId> {
    (0..count).map(|n| EntityId::new(format!("id-{n}"))).collect()
}

#[tokio::test]
async fn many_first_users_share_one_token() {
    let server = Server::start(|request, _| match request.path() {
        LOGIN => token(TOKEN),
        _ => reply(404, &[], ""),
    })
    .await;
    let answers = client(&server.url).by_ids(&DIVISION, &ids(30)).await.unwrap();
    assert_eq!(answers.len(), 30);
    assert!(answers.values().all(|answer| *answer == ById::Absent));
    assert_eq!(server.count("POST", LOGIN), 1);
}

#[tokio::test]
async fn wrong_credentials_are_tried_once_however_many_wait() {
    let server = Server::start(|_, _| {
        reply(400, &[], r#"{"error":"invalid_client","description":"authentication failed"}"#)
    })
    .await;
    let client = client(&server.url);
    let ids = ids(5);
    let all = ids.iter().map(|id| client.by_ids(&DIVISION, [id]));
    for answer in join_all(all).await {
        let error = answer.unwrap_err();
        assert_eq!(error.reason, Reason::WrongCredentials);
        assert_eq!(error.exchange.code.as_deref(), Some("invalid_client"));
        assert!(error.to_string().contains("authentication failed"));
    }
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_everybody() {
    let server = Server::start(|request, before| match request.path() {
        LOGIN if before == 0 => token("old"),
        LOGIN => token("new"),
        _ if request.head.contains("Bearer new") => reply(404, &[], ""),
        _ => reply(401, &[], r#"{"code":"credentials.expired"}"#),
    })
    .await;
    let answers = client(&server.url).by_ids(&DIVISION, &ids(8)).await;
    assert_eq!(answers.unwrap().len(), 8);
    assert_eq!(server.count("POST", LOGIN), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_rejected_means_wrong_credentials() {
    let server = Server::start(|request, _| match request.path() {
        LOGIN => token(TOKEN),
        _ => reply(401, &[], r#"{"code":"bad.credentials"}"#),
    })
    .await;
    let error = client(&server.url).limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::WrongCredentials);
    assert_eq!(server.heard().len(), 4);
}

#[tokio::test]
async fn an_access_token_is_sent_as_it_is_and_never_renewed() {
    let server = Server::start(|request, _| match request.path() {
        LOGIN => token("other"),
        _ if request.head.contains("Bearer given") => reply(401, &[], ""),
        _ => reply(200, &[], "50"),
    })
    .await;
    let given = Fallback {
        flags: Flags {
            access_token: Some("given".into()),
            api_url: Some(server.url.clone()),
            ..Flags::default()
        },
        profile: None,
    };
    let connection =
        Connection::from_flags(&given, &Environment::default(), Dialect::Published).unwrap();
    assert_eq!(connection.credentials_from(), "flags");
    assert_eq!(connection.client_id(), None);
    let client = Client::new(
        connection,
        quick(),
        std::sync::Arc::new(divvy_core::effect::Unobserved),
        CancellationToken::new(),
    )
    .unwrap();
    let error = client.limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::WrongCredentials);
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn troubles_of_the_login_service_pass_or_are_told() {
    let passing: [fn() -> Reply; 3] = [
        || reply(400, &[], r#"{"error":"invalid_request (rate limit exceeded; 5)"}"#),
        || reply(503, &[], ""),
        || Reply::Bytes(Vec::new()),
    ];
    for trouble in passing {
        let server = Server::start(move |request, before| match request.path() {
            LOGIN if before == 0 => trouble(),
            LOGIN => token(TOKEN),
            _ => reply(200, &[], "50"),
        })
        .await;
        assert_eq!(client(&server.url).limit(&DIVISION).await.unwrap(), Some(50));
    }
    let staying: [(fn() -> Reply, Reason); 4] = [
        (|| reply(200, &[], "<html>sign on</html>"), Reason::NotJson { is_html: true }),
        (|| reply(401, &[], ""), Reason::WrongCredentials),
        (|| reply(200, &[], r#"{"token":1}"#), Reason::UnexpectedJson),
        (
            || reply(400, &[], r#"{"error":"invalid_request (rate limit exceeded; 5)"}"#),
            Reason::RateLimited { retry_after: None },
        ),
    ];
    for (trouble, reason) in staying {
        let server = Server::start(move |_, _| trouble()).await;
        let error = client(&server.url).limit(&DIVISION).await.unwrap_err();
        assert_eq!(error.reason, reason);
        assert_eq!(error.exchange.path, LOGIN);
    }
}

#[tokio::test]
async fn a_login_service_that_does_not_answer_is_told() {
    let server = Server::start(|_, _| Reply::Hang).await;
    let error = impatient_client(&server.url).limit(&DIVISION).await.unwrap_err();
    assert_eq!(error.reason, Reason::Network(NetworkFailure::TimedOut));
    assert_eq!(error.exchange.path, LOGIN);
}

#[tokio::test]
async fn a_client_can_log_in_before_it_asks_anything_and_reads_the_clock_meanwhile() {
    let server = Server::start(|_, _| {
        let body = r#"{"access_token":"t0ken-of-the-test"}"#;
        reply(200, &[("Date", "Sun, 06 Nov 1994 08:49:37 GMT")], body)
    })
    .await;
    let client = client(&server.url);
    assert_eq!(client.clock_skew(), None);
    client.authenticate().await.unwrap();
    client.authenticate().await.unwrap();
    assert_eq!(server.count("POST", LOGIN), 1);
    let years = client.clock_skew().unwrap() / (365 * 24 * 3600);
    assert!(years >= 31, "{years} years ahead of 1994");
}

#[tokio::test]
async fn an_undated_answer_tells_no_clock() {
    let server = Server::start(|_, _| token(TOKEN)).await;
    let client = client(&server.url);
    client.authenticate().await.unwrap();
    assert_eq!(client.clock_skew(), None);
}
