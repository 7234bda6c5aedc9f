//! By id, home, limit, deleted, search, counts, permissions; effects are observed and counted.

use std::sync::{Arc, Mutex};

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::kinds::division::DIVISION;
use divvy_core::survey::ById;
use divvy_core::{EntityId, Key};
use divvy_genesys::{Dialect, Reason};
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, json as json_reply, reply, token};
use crate::support::{DIVISIONS, TOKEN, client, client_with, quick};

async fn org(answer: fn(&Request) -> Reply) -> Server {
    Server::start(move |request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => answer(request),
    })
    .await
}

fn one(entity: &Value) -> Reply {
    json_reply(200, &json!({"entities": [entity], "total": 1, "pageCount": 1}))
}

#[tokio::test]
async fn ids_are_asked_for_one_by_one_and_escaped() {
    let server = org(|request| match request.path() {
        "/api/v2/authorization/divisions/id-1" => {
            json_reply(200, &json!({"id": "id-1", "name": "Sales"}))
        }
        _ => reply(404, &[], r#"{"code":"not.found"}"#),
    })
    .await;
    let ids: Vec<EntityId> = ["id-1", "a/b?c#d é", "..", ""].map(EntityId::new).to_vec();
    let answers = client(&server.url).by_ids(&DIVISION, &ids).await.unwrap();
    let ById::Present(entity) = &answers[&ids[0]] else { panic!("{answers:?}") };
    assert_eq!(entity.key, Key::name("Sales"));
    assert!(ids[1..].iter().all(|id| answers[id] == ById::Absent));
    let heard = server.heard();
    let escaped = format!("{DIVISIONS}/a%2Fb%3Fc%23d%20%C3%A9");
    assert!(heard.iter().any(|request| request.target == escaped));
    // The token, and two that can be asked for.
    assert_eq!(heard.len(), 3);
}

#[tokio::test]
async fn a_web_page_with_404_never_means_absent() {
    let server = org(|_| reply(404, &[], "<html>proxy</html>")).await;
    let ids = [EntityId::new("id-1")];
    let error = client(&server.url).by_ids(&DIVISION, &ids).await;
    assert_eq!(error.unwrap_err().reason, Reason::NotJson { is_html: true });
}

#[tokio::test]
async fn home_limit_and_counts_are_read() {
    let server = org(|request| match request.path() {
        "/api/v2/authorization/divisions/home" => {
            json_reply(200, &json!({"id": "h", "name": "Zuhause", "homeDivision": true}))
        }
        "/api/v2/authorization/divisions/limit" => reply(200, &[], "50"),
        _ => one(&json!({"id": "h", "name": "Zuhause", "objectCounts": {"QUEUE": 3, "USER": 0}})),
    })
    .await;
    let client = client(&server.url);
    assert!(client.home(&DIVISION).await.unwrap().unwrap().is_home);
    assert_eq!(client.limit(&DIVISION).await.unwrap(), Some(50));
    let (listing, counts) = client.listing_with_counts(&DIVISION).await.unwrap();
    assert_eq!(counts[&listing.entities[0].id]["QUEUE"], 3);
    let heard = server.heard();
    assert!(heard.iter().any(|r| r.target.contains("objectCount=true")));
}

#[tokio::test]
async fn the_deleted_list_is_optional() {
    let server = org(|_| one(&json!({"id": "d", "name": "Old"}))).await;
    let deleted = client(&server.url).deleted(&DIVISION).await.unwrap();
    assert_eq!(deleted.unwrap()[0].key, Key::name("Old"));

    let server = org(|_| reply(403, &[], r#"{"code":"missing.permissions"}"#)).await;
    assert_eq!(client(&server.url).deleted(&DIVISION).await.unwrap(), None);
}

#[tokio::test]
async fn a_search_escapes_the_name_and_a_slash_is_no_path() {
    let server = org(|_| one(&json!({"id": "1", "name": "EMEA/Sales & co"}))).await;
    let client = client(&server.url);
    let found = client.search(&DIVISION, &Key::name("EMEA/Sales & co=ü")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        server.heard()[1].target,
        format!("{DIVISIONS}?name=EMEA%2FSales+%26+co%3D%C3%BC&pageSize=100&pageNumber=1")
    );
}

#[tokio::test]
async fn divisions_of_a_permission_are_a_bare_list() {
    let server = org(|_| json_reply(200, &json!([{"id": "h", "name": "Home"}]))).await;
    let divisions = client(&server.url)
        .divisions_with_permission(&DIVISION, "authorization:division:add")
        .await
        .unwrap();
    assert_eq!(divisions.len(), 1);
    assert_eq!(
        server.heard()[1].target,
        "/api/v2/authorization/divisionspermitted/me?permission=authorization%3Adivision%3Aadd"
    );
}

#[tokio::test]
async fn a_restore_is_written_down_and_not_sent() {
    let server = org(|_| one(&json!({"id": "d/1", "name": "Old", "description": "x"}))).await;
    let client = client(&server.url);
    let deleted = client.deleted(&DIVISION).await.unwrap().unwrap();
    let before = client.requests();
    let printed = client.restore_request(&deleted[0]);
    assert_eq!(printed.url, format!("{}{DIVISIONS}/d%2F1/restore", server.url));
    assert_eq!(printed.body, json!({"name": "Old", "description": "x"}));
    assert_eq!(client.requests(), before);
}

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn before(&self, effect: &Effect) {
        self.0.lock().unwrap().push(format!("before {effect:?}"));
    }

    fn after(&self, effect: &Effect, outcome: &Outcome) {
        let Effect::Request { method, path, writes } = effect else { panic!("{effect:?}") };
        self.0.lock().unwrap().push(format!(
            "after {method} {path} {writes} {} {:?} {:?}",
            outcome.succeeded, outcome.code, outcome.correlation_id
        ));
    }
}

#[tokio::test]
async fn every_try_is_observed_and_counted() {
    let server = Server::start(|request, before| match (request.path(), before) {
        ("/oauth/token", _) => token(TOKEN),
        (_, 1) => Reply::Bytes(Vec::new()),
        _ => reply(200, &[("ININ-Correlation-Id", "cid-9")], "50"),
    })
    .await;
    let recorder = Arc::new(Recorder::default());
    let client = client_with(&server.url, Dialect::Published, quick(), recorder.clone());
    client.limit(&DIVISION).await.unwrap();
    let limit = DIVISION.limit.unwrap();
    let after: Vec<String> =
        recorder.0.lock().unwrap().iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(
        after,
        [
            "after POST /oauth/token false true Some(200) None".to_owned(),
            format!("after GET {limit} false false None None"),
            format!("after GET {limit} false true Some(200) Some(\"cid-9\")"),
        ]
    );
    assert_eq!(client.requests(), 3);
}

#[tokio::test]
async fn a_try_that_is_dropped_half_way_has_an_end_too() {
    let server = Server::start(|request, _| match request.path() {
        "/oauth/token" => token(TOKEN),
        _ => Reply::Hang,
    })
    .await;
    let recorder = Arc::new(Recorder::default());
    let client = client_with(&server.url, Dialect::Published, quick(), recorder.clone());
    let limit = DIVISION.limit.unwrap();
    let arrival = async {
        while server.count("GET", limit) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = client.limit(&DIVISION) => panic!("nobody answers"),
        () = arrival => {}
    }
    let last = recorder.0.lock().unwrap().last().cloned();
    assert_eq!(last, Some(format!("after GET {limit} false false None None")));
}
